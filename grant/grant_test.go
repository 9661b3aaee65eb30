package grant_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

// The whole life of a token: the same bytes, a shrinking remainder, and a new one
// exactly an hour before the end, while the old one stays valid.
func TestReuse(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	at := func(d time.Duration) grant.Issued {
		t.Helper()
		r.clock.Set(start.Add(d))
		r.refresh()
		return r.current(in, "tpn_one")
	}
	first := at(0)
	if first.Reused || first.ExpiresIn != 24*time.Hour || first.ExpiresAt != start.Add(24*time.Hour) || first.Scopes != in.Scopes {
		t.Errorf("first: %+v", first)
	}
	for _, d := range []time.Duration{time.Nanosecond, time.Second, 2 * time.Second, 12 * time.Hour, 23*time.Hour - time.Second, 23*time.Hour - time.Nanosecond} {
		again := at(d)
		left := 24*time.Hour - d.Truncate(time.Second)
		if again.Token != first.Token || !again.Reused || again.ExpiresIn != left {
			t.Errorf("after %s: same %t, reused %t, expires in %s, want %s", d, again.Token == first.Token, again.Reused, again.ExpiresIn, left)
		}
	}
	next := at(23 * time.Hour)
	if next.Token == first.Token || next.Reused || next.ExpiresIn != 24*time.Hour {
		t.Errorf("an hour before the end: %+v", next)
	}
	r.clock.Advance(time.Hour - time.Second)
	r.refresh()
	for what, raw := range map[string]string{"old": first.Token, "new": next.Token} {
		if _, err := r.access.Bearer(raw, access.Presenter{}); err != nil {
			t.Errorf("%s token a second before the old one's end: %v", what, err)
		}
	}
}

// P9: a repeated request does no SQL: the database may be gone.
func TestRepeatedRequestDoesNoSQL(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	first := r.current(in, "tpn_one")
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if again := r.current(in, "tpn_one"); again.Token != first.Token {
			t.Fatal("another token")
		}
	}
}

// A node that has forgotten the token signs it again from its row (S6).
func TestAnotherNodeSignsTheSameBytes(t *testing.T) {
	for _, alg := range []string{token.ES256, token.RS256} {
		r := newRig(t)
		if _, err := r.store.UpdateEnvironment(t.Context(), admin, r.env.ID, tepin.EnvironmentUpdate{SigningAlg: &alg}); err != nil {
			t.Fatal(err)
		}
		in := r.integration("one")
		first := r.current(in, "tpn_one")
		r.clock.Advance(3 * time.Second)
		r.refresh()
		other := r.start(r.store)
		again := other.current(in, "tpn_one")
		if again.Token != first.Token || !again.Reused || again.ExpiresIn != 24*time.Hour-3*time.Second {
			t.Errorf("%s: same %t, reused %t, expires in %s", alg, again.Token == first.Token, again.Reused, again.ExpiresIn)
		}
	}
}

// 200 concurrent first requests, over two nodes, give one token.
func TestConcurrentFirstRequests(t *testing.T) {
	r := newRig(t)
	concurrentFirstRequests(t, r, r.start(r.store))
}

func concurrentFirstRequests(t *testing.T, r *rig, other *node) {
	t.Helper()
	in := r.integration("one")
	if err := other.access.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	nodes := []*node{r.node, other}
	clients := []grant.Request{request(r.login(in, "tpn_one")), request(other.login(in, "tpn_one"))}
	var mu sync.Mutex
	tokens, fresh := map[string]int{}, 0
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			got, err := nodes[i%2].Current(context.Background(), clients[i%2])
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			tokens[got.Token]++
			if !got.Reused {
				fresh++
			}
		})
	}
	wg.Wait()
	if len(tokens) != 1 {
		t.Errorf("%d different tokens, want 1", len(tokens))
	}
	if fresh > 2 {
		t.Errorf("%d requests say that their token is new", fresh)
	}
}

// Everything that changes the token's bytes is in the key.
func TestWhatMakesAnotherToken(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	r.rotate(in, "tpn_next", 48*time.Hour)
	base := request(r.login(in, "tpn_one"))
	first, err := r.Current(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*grant.Request){
		"fewer scopes":      func(q *grant.Request) { q.Scopes = tepin.MustScopes(tepin.TemplateRead) },
		"another audience":  func(q *grant.Request) { q.Audience = audience(publicURL, "https://chiligrafx.com") },
		"the other secret":  func(q *grant.Request) { q.Client = r.login(in, "tpn_next") },
		"another algorithm": func(q *grant.Request) { q.Client.Environment.SigningAlg = token.RS256 },
		"another lifetime":  func(q *grant.Request) { q.Client.Environment.TokenLifetime = 12 * time.Hour },
	} {
		q, environment := base, *base.Client.Environment
		q.Client.Environment = &environment // a copy: the directory's own stays as it is
		change(&q)
		got, err := r.Current(t.Context(), q)
		if err != nil || got.Token == first.Token || got.Reused {
			t.Errorf("%s: same %t, reused %t, %v", name, got.Token == first.Token, got.Reused, err)
		}
		again, err := r.Current(t.Context(), q)
		if err != nil || again.Token != got.Token {
			t.Errorf("%s, again: same %t, %v", name, again.Token == got.Token, err)
		}
	}
	reordered := base
	reordered.Audience = audience(publicURL, publicURL)
	if got, err := r.Current(t.Context(), reordered); err != nil || got.Token != first.Token {
		t.Errorf("the same audience twice: same %t, %v", got.Token == first.Token, err)
	}
}

// A lifetime of an hour or less is never reused, and makes no row.
func TestShortLifetimes(t *testing.T) {
	for _, tc := range []struct {
		lifetime time.Duration
		reused   bool
	}{
		{5 * time.Minute, false},
		{time.Hour, false},
		{time.Hour + time.Second, true},
	} {
		r := newRig(t)
		if _, err := r.store.UpdateEnvironment(t.Context(), admin, r.env.ID, tepin.EnvironmentUpdate{TokenLifetime: &tc.lifetime}); err != nil {
			t.Fatal(err)
		}
		in := r.integration("one")
		a, b := r.current(in, "tpn_one"), r.current(in, "tpn_one")
		if (a.Token == b.Token) != tc.reused || b.Reused != tc.reused || b.ExpiresIn != tc.lifetime {
			t.Errorf("%s: same %t, reused %t, expires in %s", tc.lifetime, a.Token == b.Token, b.Reused, b.ExpiresIn)
		}
		if tc.reused {
			continue
		}
		if err := r.store.Close(); err != nil { // not even a fresh one needs the database
			t.Fatal(err)
		}
		r.current(in, "tpn_one")
	}
}

// S5: a token never outlives its secret, also when the secret's end comes later than
// the token.
func TestSecretsEnd(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	first := r.current(in, "tpn_one")
	r.rotate(in, "tpn_next", 3*time.Hour+time.Second/2)
	second := r.current(in, "tpn_one")
	if second.Token == first.Token || second.ExpiresIn != 3*time.Hour {
		t.Errorf("with three hours and a half second left: same %t, expires in %s", second.Token == first.Token, second.ExpiresIn)
	}
	if again := r.current(in, "tpn_one"); again.Token != second.Token {
		t.Error("more than an hour to live, but not reused")
	}
	r.clock.Advance(2 * time.Hour)
	r.refresh()
	third, fourth := r.current(in, "tpn_one"), r.current(in, "tpn_one")
	if third.ExpiresIn != time.Hour || third.Token == fourth.Token {
		t.Errorf("with an hour left: expires in %s, reused %t", third.ExpiresIn, third.Token == fourth.Token)
	}
	r.clock.Advance(time.Hour)
	r.refresh()
	_, err := r.Current(t.Context(), request(r.login(in, "tpn_one")))
	accesstest.WantKind(t, "with half a second left", err, tepin.Unauthorized)
}

// Wrong clocks never hand out a token that does not work (§7.2 of the OAuth notes).
func TestClockJumps(t *testing.T) {
	for _, jump := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			r := newRig(t)
			in := r.integration("one")
			first := r.current(in, "tpn_one")
			r.clock.Advance(jump)
			r.refresh()
			after := r.current(in, "tpn_one")
			if _, err := r.access.Bearer(after.Token, access.Presenter{}); err != nil {
				t.Errorf("the token after the jump: %v", err)
			}
			if after.ExpiresIn > 24*time.Hour || after.ExpiresIn <= grant.ReuseMargin {
				t.Errorf("expires in %s", after.ExpiresIn)
			}
			if same := after.Token == first.Token; same != (jump > 0) {
				t.Errorf("same token %t", same)
			}
			fresh := r.start(r.store) // and another node agrees, from the row
			if got := fresh.current(in, "tpn_one"); got.Token != after.Token {
				t.Error("another node hands out another token")
			}
			r.clock.Advance(-jump)
			r.refresh()
			if _, err := r.access.Bearer(r.current(in, "tpn_one").Token, access.Presenter{}); err != nil {
				t.Errorf("after jumping back: %v", err)
			}
		})
	}
}

// A revoked token is never handed out again.
func TestRevokedTokensAreNotReused(t *testing.T) {
	reads := tepin.MustScopes(tepin.ReadOnlyScopes...)
	for name, revoke := range map[string]func(*rig, tepin.Integration, string){
		"epoch": func(r *rig, in tepin.Integration, _ string) {
			r.update(in, tepin.IntegrationUpdate{Enabled: ptr(false)})
			r.update(in, tepin.IntegrationUpdate{Enabled: ptr(true)})
		},
		"scopes": func(r *rig, in tepin.Integration, _ string) { r.update(in, tepin.IntegrationUpdate{Scopes: &reads}) },
		"jti": func(r *rig, in tepin.Integration, raw string) {
			a, err := r.access.Bearer(raw, access.Presenter{})
			if err == nil {
				err = r.store.DenyToken(r.t.Context(), admin, in.EnvironmentID, store.DeniedToken{TokenID: a.TokenID, ExpiresAt: start.Add(24 * time.Hour)})
			}
			if err != nil {
				r.t.Fatal(err)
			}
			r.refresh()
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			in := r.integration("one")
			other := r.start(r.store)
			first := r.current(in, "tpn_one")
			if got := other.current(in, "tpn_one"); got.Token != first.Token {
				t.Fatal("two nodes, two tokens")
			}
			revoke(r, in, first.Token)
			next := r.current(in, "tpn_one")
			if next.Token == first.Token {
				t.Error("the revoked token again")
			}
			if _, err := r.access.Bearer(next.Token, access.Presenter{}); err != nil {
				t.Errorf("the new token: %v", err)
			}
			if err := other.access.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := other.current(in, "tpn_one"); got.Token != next.Token {
				t.Error("the other node hands out another token after its poll")
			}
		})
	}
}

// S3: the database has the last word. A node that has not yet heard of a change
// learns of it while it makes the token.
func TestStaleNode(t *testing.T) {
	reads := tepin.MustScopes(tepin.ReadOnlyScopes...)
	r := newRig(t)
	in := r.integration("one")
	other := r.start(r.store)

	old := request(other.login(in, "tpn_one"))
	r.update(in, tepin.IntegrationUpdate{Scopes: &reads})
	got, err := other.Current(t.Context(), old)
	if err != nil || got.Scopes != reads {
		t.Errorf("after a cut: scopes %q, %v, want %q", got.Scopes, err, reads)
	}
	if a, err := other.access.Bearer(got.Token, access.Presenter{}); err != nil || a.Scopes != reads {
		t.Errorf("its token: %+v, %v", a, err)
	}

	old = request(other.login(in, "tpn_one"))
	old.Audience = audience(publicURL, "https://chiligrafx.com")
	r.update(in, tepin.IntegrationUpdate{Enabled: ptr(false)})
	_, err = other.Current(t.Context(), old)
	accesstest.WantKind(t, "after disabling", err, tepin.Unauthorized)
}

// Beyond 32 tokens of one client memory forgets the oldest; the row still has it.
func TestMemoryIsBounded(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	q := request(r.login(in, "tpn_one"))
	var first grant.Issued
	for n := range 40 {
		q.Audience = audience(publicURL, fmt.Sprintf("https://alias%d.example", n))
		got, err := r.Current(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if n == 10 {
			first = got
		}
		r.clock.Advance(time.Second)
		r.refresh()
	}
	q.Audience = audience(publicURL, "https://alias10.example")
	if got, err := r.Current(t.Context(), q); err != nil || got.Token != first.Token {
		t.Errorf("a token whose row stands: same %t, %v", got.Token == first.Token, err)
	}
	q.Audience = audience(publicURL, "https://alias0.example")
	if got, err := r.Current(t.Context(), q); err != nil || got.Reused {
		t.Errorf("a token whose row has gone: reused %t, %v", got.Reused, err)
	}
}

// A client that goes away does not spoil the token of those who wait for it.
func TestCancelledRequest(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := r.Current(ctx, request(r.login(in, "tpn_one")))
	if err != nil || got.Token == "" {
		t.Errorf("the request that makes the token: %v", err)
	}
}

func BenchmarkCurrent(b *testing.B) {
	for name, lifetime := range map[string]time.Duration{"cached": 24 * time.Hour, "fresh": time.Hour} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b)
			if _, err := r.store.UpdateEnvironment(b.Context(), admin, r.env.ID, tepin.EnvironmentUpdate{TokenLifetime: &lifetime}); err != nil {
				b.Fatal(err)
			}
			q := request(r.login(r.integration("one"), "tpn_one"))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Current(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
