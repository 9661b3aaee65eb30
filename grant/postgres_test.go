package grant_test

import (
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/token"
)

// Two nodes with connections of their own over one PostgreSQL.
func TestTwoNodesOverPostgres(t *testing.T) {
	url := storetest.Postgres(t)
	r := rigOver(t, url)
	other := r.start(r.open(url))

	t.Run("concurrent first requests", func(t *testing.T) {
		r := *r
		r.t = t
		concurrentFirstRequests(t, &r, other)
	})
	t.Run("the same bytes for hours, and one new token at the boundary", func(t *testing.T) {
		in := r.integration("hours")
		first := r.current(in, "tpn_hours")
		for _, step := range []time.Duration{0, 5 * time.Hour, 18*time.Hour - time.Second} {
			r.clock.Advance(step)
			r.refresh()
			if err := other.access.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := other.current(in, "tpn_hours"); got.Token != first.Token {
				t.Errorf("after another %s: another token", step)
			}
		}
		r.clock.Advance(time.Second)
		r.refresh()
		if err := other.access.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		next := other.current(in, "tpn_hours")
		if next.Token == first.Token || r.current(in, "tpn_hours").Token != next.Token {
			t.Error("an hour before the end: not one new token for both nodes")
		}
	})
	t.Run("a cut on one node, a token on the other that has not heard", func(t *testing.T) {
		reads := tepin.MustScopes(tepin.ReadOnlyScopes...)
		in := r.integration("cut")
		old := request(other.login(in, "tpn_cut"))
		r.update(in, tepin.IntegrationUpdate{Scopes: &reads})
		got, err := other.Current(t.Context(), old)
		if err != nil || got.Scopes != reads {
			t.Errorf("scopes %q, %v, want %q", got.Scopes, err, reads)
		}
	})
	t.Run("RS256", func(t *testing.T) {
		alg := token.RS256
		if _, err := r.store.UpdateEnvironment(t.Context(), admin, r.env.ID, tepin.EnvironmentUpdate{SigningAlg: &alg}); err != nil {
			t.Fatal(err)
		}
		in := r.integration("rs256")
		if err := other.access.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a, b := r.current(in, "tpn_rs256"), other.current(in, "tpn_rs256"); a.Token != b.Token {
			t.Error("two nodes, two tokens")
		}
	})
}
