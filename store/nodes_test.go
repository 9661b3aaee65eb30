package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

// Two nodes on one PostgreSQL: the first requests for a token, at once on both, get
// one grant, and what one node changes the other sees.
func TestTwoNodes(t *testing.T) {
	url := storetest.Postgres(t)
	nodes := []*store.Store{storetest.Open(t, store.Options{URL: url}), storetest.Open(t, store.Options{URL: url})}
	ctx := t.Context()
	sub, err := nodes[0].CreateSubscription(ctx, tepin.System, tepin.Subscription{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	env, err := nodes[0].CreateEnvironment(ctx, tepin.System, tepin.Environment{SubscriptionID: sub.ID, Name: "e", TechnicalName: "e"})
	if err != nil {
		t.Fatal(err)
	}
	secret := tepin.Secret{ID: "secret", MAC: []byte{1}}
	i, err := nodes[0].CreateIntegration(ctx, tepin.System, tepin.Integration{EnvironmentID: env.ID, Name: "i", Enabled: true}, secret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Second)
	var mu sync.Mutex
	got := map[tepin.Grant]int{}
	var wg sync.WaitGroup
	for n := range 40 {
		wg.Go(func() {
			g, err := nodes[n%2].PutGrant(ctx, tepin.Grant{
				Key:   tepin.GrantKey{EnvironmentID: env.ID, IntegrationID: i.ID, SecretID: "secret", Audience: "a", Alg: "ES256", Lifetime: 24 * time.Hour},
				KeyID: "kid", Issuer: "iss", TokenID: tepin.NewID[string](), Epoch: i.Epoch, IssuedAt: now, ExpiresAt: now.Add(24 * time.Hour),
			}, now.Add(time.Hour))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			got[g]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if len(got) != 1 {
		t.Errorf("%d different grants were handed out", len(got))
	}

	before, err := nodes[1].ChangeCounter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := nodes[0].DeleteIntegration(ctx, tepin.System, env.ID, i.ID); err != nil {
		t.Fatal(err)
	}
	d, err := nodes[1].Directory(ctx)
	if err != nil || d.Counter != before+1 || len(d.Integrations) != 0 {
		t.Errorf("the other node sees %+v, %v", d, err)
	}
}

// Nodes that start for the first time at once make one subscription.
func TestFirstSubscription(t *testing.T) {
	for _, s := range []*store.Store{storetest.SQLite(t), storetest.Open(t, store.Options{URL: storetest.Postgres(t)})} {
		var wg sync.WaitGroup
		got := make([]tepin.Subscription, 8)
		for n := range got {
			wg.Go(func() {
				var err error
				if got[n], err = s.FirstSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "first"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		all, err := s.Subscriptions(t.Context())
		if err != nil || len(all) != 1 {
			t.Errorf("%s: %d subscriptions, %v", s.Dialect(), len(all), err)
		}
		for _, v := range got {
			if v.ID != got[0].ID || v.Name != "first" {
				t.Errorf("%s: %+v beside %+v", s.Dialect(), v, got[0])
			}
		}
	}
}
