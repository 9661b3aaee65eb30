package grant_test

import (
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/token"
)

func (r *rig) keyring() *access.Keyring {
	return &access.Keyring{Store: r.store, Access: r.access, Every: 90 * 24 * time.Hour, Now: r.clock.Now,
		Seal: func(private []byte, _ string) ([]byte, error) { return private, nil }}
}

// kid names the key that signed a token.
func (r *rig) kid(raw string) string {
	r.t.Helper()
	kid, _, err := r.access.Keys().Open(raw)
	if err != nil {
		r.t.Fatal(err)
	}
	return kid
}

// Over the change of keys a client keeps its token, byte for byte, also from a node that
// has never signed it; who is new, or is due, gets one of the new key. Clocks that jump
// in the meantime change none of it.
func TestTokensOverARotation(t *testing.T) {
	for _, jump := range []time.Duration{0, 2 * time.Hour, -2 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			r := newRig(t)
			k := r.keyring()
			keep := func() {
				t.Helper()
				r.refresh()
				if err := k.Keep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			in, late := r.integration("one"), r.integration("two")
			r.clock.Advance(k.Every - 5*time.Hour)
			keep()
			first := r.current(in, "tpn_one")
			old := r.kid(first.Token)
			r.clock.Advance(jump) // the next key may be made now, or waits
			keep()
			r.clock.Advance(-jump)
			keep()
			r.clock.Advance(6 * time.Hour)
			keep()
			r.clock.Advance(2 * time.Hour) // whenever it was made, it signs
			keep()
			cold := r.start(r.store)
			if got := cold.current(in, "tpn_one"); got.Token != first.Token || r.current(in, "tpn_one").Token != first.Token {
				t.Error("a token that lives is exchanged when the key changes")
			}
			fresh := r.current(late, "tpn_two")
			if r.kid(fresh.Token) == old {
				t.Error("a new token is signed by the old key")
			}
			r.clock.Advance(jump)
			keep()
			if _, err := r.access.Bearer(r.current(in, "tpn_one").Token, access.Presenter{From: home}); err != nil {
				t.Errorf("during a jump: %v", err)
			}
			r.clock.Advance(-jump)
			keep()
			r.clock.Advance(15*time.Hour + 30*time.Minute) // first has half an hour left
			keep()
			next := r.current(in, "tpn_one")
			if next.Token == first.Token || r.kid(next.Token) == old {
				t.Error("due, and not from the new key")
			}
			if _, err := r.access.Bearer(first.Token, access.Presenter{From: home}); err != nil {
				t.Errorf("to its end: %v", err)
			}
		})
	}
}

// A token whose key was denied is not handed out again, by no node, nor is one whose key
// is gone.
func TestTokensOfDeniedKeys(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	cold := r.start(r.store)
	first := r.current(in, "tpn_one")
	if err := r.keyring().Compromised(t.Context(), admin, r.kid(first.Token)); err != nil {
		t.Fatal(err)
	}
	if err := cold.access.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := r.current(in, "tpn_one")
	if second.Token == first.Token || cold.current(in, "tpn_one").Token != second.Token {
		t.Error("a token of a compromised key, or two different ones")
	}
	if _, err := r.access.Bearer(second.Token, access.Presenter{From: home}); err != nil {
		t.Error(err)
	}
}

// A server that was recovered in this very second issues nothing that it would refuse.
func TestNoTokensFromBeforeARecovery(t *testing.T) {
	r := newRig(t)
	if err := r.store.CreateInstance(t.Context(), tepin.Instance{ID: "i"}); err != nil {
		t.Fatal(err)
	}
	in := r.integration("one")
	first := r.current(in, "tpn_one")
	r.clock.Advance(700 * time.Millisecond)
	if _, err := r.store.Recover(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	accesstest.AddKey(t, r.store, token.ES256)
	r.refresh()
	_, err := r.Current(t.Context(), request(r.login(in, "tpn_one")))
	accesstest.WantKind(t, "within the second", err, tepin.Unavailable)
	r.clock.Advance(300 * time.Millisecond)
	r.refresh()
	next := r.current(in, "tpn_one")
	if _, err := r.access.Bearer(next.Token, access.Presenter{From: home}); err != nil || next.Token == first.Token {
		t.Errorf("in the next: %v", err)
	}
	if _, err := r.access.Bearer(first.Token, access.Presenter{From: home}); tepin.KindOf(err) != tepin.Unauthorized {
		t.Errorf("a token from before: %v", err)
	}
}
