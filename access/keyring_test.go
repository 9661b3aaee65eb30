package access_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/token"
)

const quarter = 90 * 24 * time.Hour

// states returns the states of the ES256 keys of access tokens, in the order in which
// they sign.
func states(t *testing.T, k *access.Keyring) string {
	t.Helper()
	list, err := k.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(list, func(a, b access.KeyInfo) int { return a.UsableAt.Compare(b.UsableAt) })
	var words []string
	for _, k := range list {
		if k.Purpose == tepin.AccessTokens && k.Alg == token.ES256 {
			words = append(words, string(k.State))
		}
	}
	return strings.Join(words, " ")
}

func keep(t *testing.T, k *access.Keyring) {
	t.Helper()
	if err := k.Access.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := k.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// published returns the kids in the key set.
func published(t *testing.T, d *access.Directory) []string {
	t.Helper()
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal(d.Keys().JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, k := range set.Keys {
		ids = append(ids, k.Kid)
	}
	return ids
}

// A key's whole life by schedule: published ahead, signing, kept until the last token
// under the one before has ended, and then gone from rows, set and memory.
func TestKeysFollowOneAnother(t *testing.T) {
	r := newRig(t)
	k := r.keyring(quarter)
	if err := k.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := r.integration("one")
	sign := func() (kid, raw string) {
		t.Helper()
		r.refresh()
		key := r.Keys().Signer(token.ES256, r.now())
		c := r.login(in, "tpn_one")
		raw, err := key.Sign(token.Claims{Issuer: publicURL + "/", Subject: string(in.ClientID), ClientID: in.ClientID, Audience: []string{publicURL},
			IssuedAt: r.now(), ExpiresAt: r.now().Add(24 * time.Hour), ID: tepin.NewID[string](), Scopes: c.Integration.Scopes,
			Environment: r.env.ID, Epoch: c.Integration.Epoch, Credential: c.Credential})
		if err != nil {
			t.Fatal(err)
		}
		return key.ID, raw
	}
	at := func(since time.Duration) { r.clock.Set(start.Add(since)); keep(t, k) }
	first, _ := sign()

	at(quarter - access.PublishAhead - time.Second)
	if got := states(t, k); got != "signing" {
		t.Fatalf("before its time: %s", got)
	}
	at(quarter - access.PublishAhead)
	if got := states(t, k); got != "signing ahead" {
		t.Fatalf("when the next is due: %s", got)
	}
	keep(t, k) // there is one waiting
	if got := states(t, k); got != "signing ahead" {
		t.Fatalf("a minute later: %s", got)
	}
	ids := published(t, r.Directory)
	if len(ids) != 8 { // the four places, each with its next
		t.Errorf("%d keys are published", len(ids))
	}
	at(quarter - time.Second)
	kid, last := sign()
	if kid != first {
		t.Error("the next key signs before it has been published for long enough")
	}
	at(quarter)
	if kid, _ = sign(); kid == first || !slices.Contains(ids, kid) {
		t.Errorf("%s signs, published were %s", kid, ids)
	}
	if got := states(t, k); got != "kept signing" {
		t.Errorf("after the change: %s", got)
	}

	at(quarter + 24*time.Hour - 2*time.Second)
	if _, err := r.Bearer(last, access.Presenter{From: home}); err != nil {
		t.Errorf("the last token of the old key, in its last second: %v", err)
	}
	list, err := k.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone := list[0].RetireAt
	if gone.Before(start.Add(quarter+24*time.Hour)) || gone.After(start.Add(quarter+30*time.Hour)) {
		t.Errorf("retired at %s", gone)
	}
	at(gone.Sub(start) - time.Second)
	if got := states(t, k); got != "kept signing" {
		t.Errorf("until then: %s", got)
	}
	at(gone.Sub(start))
	if got := states(t, k); got != "signing" {
		t.Errorf("after that: %s", got)
	}
	if ids := published(t, r.Directory); len(ids) != 4 || slices.Contains(ids, first) || r.Keys().Key(first) != nil {
		t.Errorf("published are %s", ids)
	}
}

// By no schedule a key signs on; a server that was off for a year goes on at once.
func TestKeysWithoutSchedule(t *testing.T) {
	r := newRig(t)
	k := r.keyring(0)
	r.clock.Advance(10 * 365 * 24 * time.Hour)
	keep(t, k)
	if got := states(t, k); got != "signing" {
		t.Errorf("ten years later: %s", got)
	}
	k = r.keyring(quarter)
	keep(t, k)
	if got := states(t, k); got != "signing ahead" {
		t.Errorf("with a schedule that is long overdue: %s", got)
	}
}

// One node of many rotates, however many try at once; and one whose clock is wrong, or
// that knows nothing, does not.
func TestOneNodeRotates(t *testing.T) {
	r := newRig(t)
	if err := r.keyring(quarter).Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(quarter)
	if err := r.keyring(quarter).Keep(t.Context()); err != nil || states(t, r.keyring(quarter)) != "signing" {
		t.Errorf("a node that knows nothing rotates: %s, %v", states(t, r.keyring(quarter)), err)
	}
	errs := make(chan error)
	for range 4 {
		k := r.keyring(quarter)
		k.Access = r.node()
		go func() { errs <- k.Keep(context.Background()) }()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if got := states(t, r.keyring(quarter)); got != "signing ahead" {
		t.Errorf("%s", got)
	}
}

// The clock of the server is set two hours forward or back at every stage of a
// rotation: nothing that lives is refused, and somebody always signs.
func TestKeysUnderClockJumps(t *testing.T) {
	for _, jump := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		for name, stage := range map[string]time.Duration{
			"before the next is published": -access.PublishAhead - time.Second,
			"while it waits":               -access.PublishAhead / 2,
			"before it signs":              -time.Second,
			"when it signs":                0,
			"while the old one is kept":    23 * time.Hour,
		} {
			t.Run(fmt.Sprint(jump, " ", name), func(t *testing.T) {
				r := newRig(t)
				k := r.keyring(quarter)
				if err := k.Ensure(t.Context()); err != nil {
					t.Fatal(err)
				}
				in := r.integration("one")
				live := map[string]time.Time{} // to their ends
				step := func(at time.Duration) {
					t.Helper()
					r.clock.Set(start.Add(quarter + at))
					keep(t, k)
					key := r.Keys().Signer(token.ES256, r.now())
					if key == nil {
						t.Fatalf("at %s nobody signs", at)
					}
					r.keys = token.NewKeys(key)
					live[r.token(r.login(in, "tpn_one"), nil)] = r.now().Add(24 * time.Hour)
				}
				for at := -access.PublishAhead - time.Minute; at < stage; at += 40 * time.Minute {
					step(at)
				}
				step(stage)
				r.clock.Advance(jump)
				keep(t, k)
				during := r.Keys().Signer(token.ES256, r.now())
				if during == nil {
					t.Fatal("nobody signs after the jump")
				}
				step(stage + time.Second)
				for raw, end := range live {
					if _, err := r.Bearer(raw, access.Presenter{From: home}); err != nil && r.now().Before(end) {
						t.Errorf("a token that lives to %s, at %s: %v", end, r.now(), err)
					}
				}
			})
		}
	}
}

// An operator's new key waits like one by schedule, and one waits at a time.
func TestRotateNow(t *testing.T) {
	r := newRig(t)
	k := r.keyring(0)
	if err := k.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	made, err := k.Rotate(t.Context(), admin, tepin.IDTokens)
	if err != nil || len(made) != 1 || made[0].Purpose != tepin.IDTokens || made[0].State != access.KeyAhead || !made[0].UsableAt.Equal(start.Add(access.PublishAhead)) {
		t.Fatalf("%+v, %v", made, err)
	}
	if !slices.Contains(published(t, r.Directory), made[0].ID) {
		t.Error("it is not published at once")
	}
	_, err = k.Rotate(t.Context(), admin, tepin.IDTokens)
	accesstest.WantKind(t, "a second one", err, tepin.Conflict)
	made, err = k.Rotate(t.Context(), admin, "")
	if err != nil || len(made) != 3 {
		t.Errorf("the other places: %d, %v", len(made), err)
	}
	_, err = k.Rotate(t.Context(), admin, "nonsense")
	accesstest.WantKind(t, "no purpose", err, tepin.Invalid)
}

// S9: a compromised key is denied, another signs at once, and every token of its purpose
// is withdrawn, also those that a good key has signed.
func TestCompromised(t *testing.T) {
	r := newRig(t)
	k := r.keyring(0)
	in := r.integration("one")
	raw := r.token(r.login(in, "tpn_one"), nil)
	bad := r.keys.Signer(token.ES256, start)
	accesstest.WantKind(t, "a key that is not there", k.Compromised(t.Context(), admin, "nobody"), tepin.NotFound)
	if err := k.Compromised(t.Context(), admin, bad.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Bearer(raw, access.Presenter{From: home}); tepin.KindOf(err) != tepin.Unauthorized {
		t.Errorf("a token of the compromised key: %v", err)
	}
	fresh := r.Keys().Signer(token.ES256, r.now())
	if fresh == nil || fresh.ID == bad.ID || slices.Contains(published(t, r.Directory), bad.ID) {
		t.Fatalf("%+v signs, published are %s", fresh, published(t, r.Directory))
	}
	c := r.login(in, "tpn_one")
	if c.Integration.Epoch != in.Epoch+1 {
		t.Errorf("epoch %d, was %d", c.Integration.Epoch, in.Epoch)
	}
	r.keys = token.NewKeys(bad)
	forged := r.token(c, nil) // by whoever has the key, with all that is so now
	if _, err := r.Bearer(forged, access.Presenter{From: home}); tepin.KindOf(err) != tepin.Unauthorized {
		t.Errorf("a forged token: %v", err)
	}
	if err := k.Compromised(t.Context(), admin, bad.ID); err != nil { // again, as after a crash in the middle
		t.Fatal(err)
	}
	if got := states(t, k); got != "denied signing" {
		t.Errorf("called twice: %s", got)
	}
	r.keys = token.NewKeys(fresh)
	if _, err := r.Bearer(r.token(r.login(in, "tpn_one"), nil), access.Presenter{From: home}); err != nil {
		t.Errorf("a token of the new key: %v", err)
	}
}

// Only the key that signs needs one in its place; epochs are of access tokens alone.
func TestCompromisedOthers(t *testing.T) {
	r := newRig(t)
	k := r.keyring(0)
	if err := k.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := r.integration("one")
	made, err := k.Rotate(t.Context(), admin, tepin.AccessTokens)
	if err != nil {
		t.Fatal(err)
	}
	old, ahead := r.Keys().Signer(token.ES256, r.now()), made[slices.IndexFunc(made, func(k access.KeyInfo) bool { return k.Alg == token.ES256 })]
	if err := k.Compromised(t.Context(), admin, ahead.ID); err != nil {
		t.Fatal(err)
	}
	if got := states(t, k); got != "signing denied" || r.Keys().Signer(token.ES256, r.now()) != old {
		t.Errorf("one that waited: %s", got)
	}
	r.clock.Advance(time.Second)
	r.refresh()
	if _, err := k.Rotate(t.Context(), admin, tepin.AccessTokens); err != nil { // the other waits
		t.Fatal(err)
	}
	r.clock.Advance(2 * access.PublishAhead)
	r.refresh()
	if got := states(t, k); got != "kept denied signing" {
		t.Fatal(got)
	}
	if err := k.Compromised(t.Context(), admin, old.ID); err != nil {
		t.Fatal(err)
	}
	if got := states(t, k); got != "denied denied signing" {
		t.Errorf("one that was kept: %s", got)
	}
	epoch := r.login(in, "tpn_one").Integration.Epoch
	id := r.Keys().SignerFor(tepin.IDTokens, token.RS256, r.now())
	if err := k.Compromised(t.Context(), admin, id.ID); err != nil {
		t.Fatal(err)
	}
	if next := r.Keys().SignerFor(tepin.IDTokens, token.RS256, r.now()); next == nil || next == id {
		t.Errorf("for id_tokens %v signs", next)
	}
	if got := r.login(in, "tpn_one").Integration.Epoch; got != epoch {
		t.Errorf("epoch %d, was %d: no access token is at stake", got, epoch)
	}
}

// Where every key was denied and nobody made another, as by a crash in the middle, the
// next look makes one.
func TestKeepMakesWhatIsMissing(t *testing.T) {
	r := newRig(t)
	k := r.keyring(quarter)
	if err := r.store.DenyKey(t.Context(), admin, r.keys.Signer(token.ES256, start).ID); err != nil {
		t.Fatal(err)
	}
	keep(t, k)
	if r.Keys().Signer(token.ES256, r.now()) == nil || r.Keys().SignerFor(tepin.IDTokens, token.RS256, r.now()) == nil {
		t.Errorf("nobody signs: %s", states(t, k))
	}
}

// S9: after a recovery no token from before is taken, whatever it says.
func TestNotBefore(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	if err := r.store.CreateInstance(t.Context(), tepin.Instance{ID: "i"}); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(500 * time.Millisecond)
	at, err := r.store.Recover(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	key := accesstest.AddKey(t, r.store, token.ES256) // the attacker has it, too
	r.refresh()
	if !r.NotBefore().Equal(at) {
		t.Errorf("not before %s, want %s", r.NotBefore(), at)
	}
	r.keys = token.NewKeys(key)
	r.clock.Advance(time.Minute)
	r.refresh()
	c := r.login(in, "tpn_one")
	for issued, ok := range map[time.Time]bool{at.Add(-time.Second): false, at: true} {
		_, err := r.Bearer(r.token(c, func(c *token.Claims) { c.IssuedAt, c.ExpiresAt = issued, issued.Add(time.Hour) }), access.Presenter{From: home})
		if (err == nil) != ok {
			t.Errorf("issued at %s: %v", issued, err)
		}
	}
}
