package access_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

func TestBearer(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	c := r.login(in, "tpn_one")
	reads := tepin.MustScopes(tepin.ReadOnlyScopes...)
	raw := r.token(c, func(cl *token.Claims) { cl.Scopes = reads })
	for range 2 { // the second time from the cache
		a, err := r.Bearer(raw, access.Presenter{})
		if err != nil {
			t.Fatal(err)
		}
		if a.Kind != tepin.ActorIntegration || a.ID != string(in.ID) || a.Name != "one" || a.EnvironmentID != r.env.ID ||
			a.ClientID != in.ClientID || a.Scopes != reads || a.TokenID == "" || a.Administrator {
			t.Errorf("actor %+v", a)
		}
	}
}

func TestBearerRefuses(t *testing.T) {
	r := newRig(t)
	c := r.login(r.integration("one"), "tpn_one")
	other := r.login(r.integration("two"), "tpn_two")
	now := r.clock.Now()
	for name, change := range map[string]func(*token.Claims){
		"another issuer":            func(c *token.Claims) { c.Issuer = "https://tepin.example" },
		"another audience":          func(c *token.Claims) { c.Audience = []string{"https://chiligrafx.com"} },
		"expired":                   func(c *token.Claims) { c.IssuedAt, c.ExpiresAt = now.Add(-time.Hour), now },
		"from the future":           func(c *token.Claims) { c.IssuedAt, c.ExpiresAt = now.Add(2*time.Minute), now.Add(time.Hour) },
		"a life too long":           func(c *token.Claims) { c.ExpiresAt = now.Add(25 * time.Hour) },
		"another subject":           func(c *token.Claims) { c.Subject = "somebody" },
		"another environment":       func(c *token.Claims) { c.Environment = "0192f0c1-0000-7000-8000-000000000001" },
		"no environment":            func(c *token.Claims) { c.Environment = "" },
		"an unknown client":         func(c *token.Claims) { c.ClientID, c.Subject = "int_nobody", "int_nobody" },
		"another client's secret":   func(c *token.Claims) { c.Credential = other.Credential },
		"no secret":                 func(c *token.Claims) { c.Credential = "" },
		"an epoch that has passed":  func(c *token.Claims) { c.Epoch-- },
		"an epoch that is to come":  func(c *token.Claims) { c.Epoch++ },
		"no client, subject my own": func(c *token.Claims) { c.ClientID = "" },
	} {
		raw := r.token(c, change)
		_, err := r.Bearer(raw, access.Presenter{})
		accesstest.WantKind(t, name, err, tepin.Unauthorized)
		_, err = r.Bearer(raw, access.Presenter{})
		accesstest.WantKind(t, name+", again", err, tepin.Unauthorized)
	}
	_, err := r.Bearer(strings.Repeat("x", 1<<20), access.Presenter{})
	accesstest.WantKind(t, "a megabyte", err, tepin.Unauthorized)
}

// S1: remove secret A after its token was replaced: both of A's tokens die, B's lives.
func TestRemovedSecretTakesItsTokens(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	a := r.login(in, "tpn_one")
	r.rotate(in, "tpn_next", 24*time.Hour)
	b := r.login(in, "tpn_next")
	first, second, third := r.token(a, nil), r.token(a, nil), r.token(b, nil)
	for _, raw := range []string{first, second, third} {
		if _, err := r.Bearer(raw, access.Presenter{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.store.DeleteSecret(t.Context(), admin, in.EnvironmentID, in.ID, a.Credential); err != nil {
		t.Fatal(err)
	}
	r.refresh()
	for _, raw := range []string{first, second} {
		_, err := r.Bearer(raw, access.Presenter{})
		accesstest.WantKind(t, "token of the removed secret", err, tepin.Unauthorized)
	}
	if _, err := r.Bearer(third, access.Presenter{}); err != nil {
		t.Errorf("token of the other secret: %v", err)
	}
}

// Each way of revoking bites on the next request of this node, and after one poll on
// the others (P5).
func TestRevocation(t *testing.T) {
	reads := tepin.MustScopes(tepin.ReadOnlyScopes...)
	for name, revoke := range map[string]func(*rig, tepin.Integration, string){
		"disable": func(r *rig, in tepin.Integration, _ string) {
			r.update(in, tepin.IntegrationUpdate{Enabled: ptr(false)})
		},
		"disable and enable": func(r *rig, in tepin.Integration, _ string) {
			r.update(in, tepin.IntegrationUpdate{Enabled: ptr(false)})
			r.update(in, tepin.IntegrationUpdate{Enabled: ptr(true)})
		},
		"cut the scopes": func(r *rig, in tepin.Integration, _ string) {
			r.update(in, tepin.IntegrationUpdate{Scopes: &reads})
		},
		"delete": func(r *rig, in tepin.Integration, _ string) {
			if err := r.store.DeleteIntegration(r.t.Context(), admin, in.EnvironmentID, in.ID); err != nil {
				r.t.Fatal(err)
			}
			r.refresh()
		},
		"rotate away": func(r *rig, in tepin.Integration, _ string) { r.rotate(in, "tpn_next", 0) },
		"deny the token": func(r *rig, in tepin.Integration, raw string) {
			_, claims, err := r.keys.Open(raw)
			if err == nil {
				err = r.store.DenyToken(r.t.Context(), admin, in.EnvironmentID, store.DeniedToken{TokenID: claims.ID, ExpiresAt: claims.ExpiresAt})
			}
			if err != nil {
				r.t.Fatal(err)
			}
			r.refresh()
		},
		"deny the key": func(r *rig, in tepin.Integration, raw string) {
			if err := r.store.DenyKey(r.t.Context(), admin, r.keys.Signer(token.ES256, start).ID); err != nil {
				r.t.Fatal(err)
			}
			r.refresh()
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			in := r.integration("one")
			other := r.node()
			raw := r.token(r.login(in, "tpn_one"), nil)
			for _, d := range []interface {
				Bearer(string, access.Presenter) (tepin.Actor, error)
			}{r, other} {
				if _, err := d.Bearer(raw, access.Presenter{}); err != nil {
					t.Fatal(err)
				}
			}
			revoke(r, in, raw)
			_, err := r.Bearer(raw, access.Presenter{})
			accesstest.WantKind(t, "on this node", err, tepin.Unauthorized)
			if err := other.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, err = other.Bearer(raw, access.Presenter{})
			accesstest.WantKind(t, "on the other node", err, tepin.Unauthorized)
		})
	}
}

// More scopes do not end a token; it keeps those that it was made with.
func TestAddedScopesKeepTokens(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	reads, all := tepin.MustScopes(tepin.ReadOnlyScopes...), in.Scopes
	r.update(in, tepin.IntegrationUpdate{Scopes: &reads})
	raw := r.token(r.login(in, "tpn_one"), nil)
	r.update(in, tepin.IntegrationUpdate{Scopes: &all})
	a, err := r.Bearer(raw, access.Presenter{})
	if err != nil || a.Scopes != reads {
		t.Errorf("scopes %q, %v, want %q", a.Scopes, err, reads)
	}
}

func TestSecretsEndBitesWithoutAPoll(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	raw := r.token(r.login(in, "tpn_one"), nil)
	r.rotate(in, "tpn_next", 2*time.Second)
	r.clock.Advance(2*time.Second - time.Microsecond)
	if _, err := r.Bearer(raw, access.Presenter{}); err != nil {
		t.Errorf("before the secret's end: %v", err)
	}
	r.clock.Advance(time.Microsecond)
	_, err := r.Bearer(raw, access.Presenter{})
	accesstest.WantKind(t, "at the secret's end", err, tepin.Unauthorized)
}

// A token whose signature is remembered, and others.
func BenchmarkBearer(b *testing.B) {
	r := newRig(b)
	client := r.login(r.integration("one"), "tpn_one")
	many := make([]string, 20_000) // more than are remembered
	for i := range many {
		many[i] = r.token(client, nil)
	}
	for name, tokens := range map[string][]string{"seen": many[:1], "unseen": many} {
		next := 0
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			before := processorTime(b)
			for ; b.Loop(); next++ {
				if _, err := r.Bearer(tokens[next%len(tokens)], access.Presenter{From: home}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op") // a busy machine adds to ns/op
		})
	}
}

// processorTime is that of this process.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkAuthenticate(b *testing.B) {
	r := newRig(b)
	in := r.integration("one")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Authenticate(b.Context(), in.ClientID, "tpn_one", home); err != nil {
			b.Fatal(err)
		}
	}
}
