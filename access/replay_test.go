package access

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/token"
)

// When the memory is full, nothing that it holds is taken again, and nothing new is
// taken; with time it has room again.
func TestReplaysAreBounded(t *testing.T) {
	const most = 100
	r := replays{max: most}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	proof := func(i int) token.Proof { return token.Proof{KeyThumbprint: "key", ID: strconv.Itoa(i)} }
	for i := range most {
		if err := r.spend(proof(i), now); err != nil {
			t.Fatal(err)
		}
	}
	for _, after := range []time.Duration{0, time.Minute} {
		err := r.spend(proof(most), now.Add(after))
		e, ok := errors.AsType[*tepin.Error](err)
		if !ok || e.Kind != tepin.Unavailable || e.RetryAfter <= 0 || e.RetryAfter > replayKept {
			t.Errorf("one too many after %s: %v", after, err)
		}
		for i := range most {
			if err := r.spend(proof(i), now.Add(after)); !errors.Is(err, ErrProof) {
				t.Fatalf("proof %d again after %s: %v", i, after, err)
			}
		}
	}
	for round := range 5 {
		now = now.Add(replayKept)
		for i := range most {
			if err := r.spend(proof(1000*(round+1)+i), now); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.spend(proof(1000*(round+1)), now.Add(replayKept-time.Nanosecond)); !errors.Is(err, ErrProof) {
			t.Errorf("round %d: %v", round, err)
		}
		if n := len(r.young) + len(r.old); n > 2*most {
			t.Errorf("%d remembered", n)
		}
	}
}

// What URLs are compared as is made of nothing that could stand for another host or path,
// and is its own normal form.
func FuzzNormalURL(f *testing.F) {
	for _, s := range []string{"", "https://tepin.example/oauth/token", "HTTP://[::1]:80//a/%2e%2E/%2F?x#y", "https://a@b/", "https://h:/", "//x", "https://h/%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		n, ok := normalURL(raw)
		if !ok {
			return
		}
		if again, ok := normalURL(n); !ok || again != n {
			t.Errorf("%q is %q, which is %q, %t", raw, n, again, ok)
		}
	})
}

// No string but one that was made with the key is a nonce.
func FuzzNonce(f *testing.F) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	ours := nonces{make([]byte, 32)}
	f.Add("")
	f.Add(ours.make(now))
	f.Add(nonces{[]byte("another key")}.make(now))
	f.Fuzz(func(t *testing.T, s string) {
		if good := ours.good(s, now); good {
			for d := -4 * time.Minute; d <= 4*time.Minute; d += time.Second {
				if s == ours.make(now.Add(d)) {
					return
				}
			}
			t.Errorf("%q is taken", s)
		}
		if (nonces{}).good(nonces{}.make(now), now) {
			t.Error("without a key a nonce is taken")
		}
	})
}
