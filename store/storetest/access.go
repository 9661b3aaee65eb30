package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

func environments(w *world) {
	e, err := w.Environment(w.ctx, w.env)
	w.must(err)
	equal(w, e.Version, 1)
	equal(w, e.TokenLifetime, 24*time.Hour)
	equal(w, e.SigningAlg, "ES256")
	equal(w, e.Type, tepin.Production)
	equal(w, e.BrowserGuard, tepin.GuardReport)

	_, err = w.CreateEnvironment(w.ctx, w.admin, tepin.Environment{SubscriptionID: e.SubscriptionID, Name: "Copy", TechnicalName: e.TechnicalName})
	w.is(tepin.Conflict, err)
	_, err = w.CreateEnvironment(w.ctx, w.admin, tepin.Environment{SubscriptionID: "absent", Name: "x", TechnicalName: "x"})
	w.is(tepin.NotFound, err)
	for _, name := range []string{"", "Upper", "settings", "-a", "a_b"} {
		_, err = w.CreateEnvironment(w.ctx, w.admin, tepin.Environment{SubscriptionID: e.SubscriptionID, TechnicalName: name})
		w.is(tepin.Invalid, err)
	}

	w.clock.Advance(time.Second)
	u, err := w.UpdateEnvironment(w.ctx, w.admin, e.ID, tepin.EnvironmentUpdate{Name: ptr("Été"), TokenLifetime: ptr(5 * time.Minute), IfVersion: ptr(int64(1))})
	w.must(err)
	equal(w, u.Version, 2)
	equal(w, u.UpdatedAt, e.UpdatedAt.Add(time.Second))
	again, err := w.Environment(w.ctx, e.ID)
	w.must(err)
	equal(w, again, u)
	_, err = w.UpdateEnvironment(w.ctx, w.admin, e.ID, tepin.EnvironmentUpdate{Name: ptr("x"), IfVersion: ptr(int64(1))})
	w.is(tepin.Stale, err)
	_, err = w.UpdateEnvironment(w.ctx, w.admin, "absent", tepin.EnvironmentUpdate{})
	w.is(tepin.NotFound, err)
	_, err = w.Environment(w.ctx, "absent")
	w.is(tepin.NotFound, err)

	page, err := w.Environments(w.ctx, tepin.List{Search: "ÉTÉ"})
	w.must(err)
	equal(w, len(page.Items), 1)
	subs, err := w.Subscriptions(w.ctx)
	w.must(err)
	equal(w, len(subs), 1)
}

func integrations(w *world) {
	i, _ := w.integration(w.env, "Straße")
	equal(w, i.Epoch, 1)
	_, err := w.CreateIntegration(w.ctx, w.admin, tepin.Integration{EnvironmentID: w.env, Name: "STRASSE"}, tepin.Secret{})
	w.is(tepin.Conflict, err)
	_, err = w.CreateIntegration(w.ctx, w.admin, tepin.Integration{EnvironmentID: "absent", Name: "x"}, tepin.Secret{})
	w.is(tepin.NotFound, err)
	w.integration(w.other, "Straße") // another environment's name is free
	second, _ := w.integration(w.env, "second")

	got, err := w.Integration(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, got, i)
	_, err = w.UpdateIntegration(w.ctx, w.admin, w.env, second.ID, tepin.IntegrationUpdate{Name: ptr("straße")})
	w.is(tepin.Conflict, err)

	less := tepin.MustScopes(tepin.FontRead)
	more := tepin.MustScopes(tepin.FontRead, tepin.FontList)
	for _, step := range []struct {
		name   string
		update tepin.IntegrationUpdate
		epoch  int64
	}{
		{"a new name", tepin.IntegrationUpdate{Name: ptr("renamed"), Description: ptr("")}, 1},
		{"scopes cut", tepin.IntegrationUpdate{Scopes: &less}, 2},
		{"scopes added", tepin.IntegrationUpdate{Scopes: &more}, 2},
		{"disabled", tepin.IntegrationUpdate{Enabled: ptr(false)}, 3},
		{"disabled again", tepin.IntegrationUpdate{Enabled: ptr(false)}, 3},
		{"enabled", tepin.IntegrationUpdate{Enabled: ptr(true)}, 3},
	} {
		before, err := w.ChangeCounter(w.ctx)
		w.must(err)
		u, err := w.UpdateIntegration(w.ctx, w.admin, w.env, i.ID, step.update)
		w.must(err)
		if u.Epoch != step.epoch {
			w.Errorf("%s: epoch %d, want %d", step.name, u.Epoch, step.epoch)
		}
		after, err := w.ChangeCounter(w.ctx)
		w.must(err)
		equal(w, after, before+1)
	}
	_, err = w.UpdateIntegration(w.ctx, w.admin, w.env, i.ID, tepin.IntegrationUpdate{IfVersion: ptr(int64(1))})
	w.is(tepin.Stale, err)

	networks, err := tepin.ParseNetworks("192.0.2.0/24 2001:db8::/48")
	w.must(err)
	limited, err := w.UpdateIntegration(w.ctx, w.admin, w.env, i.ID, tepin.IntegrationUpdate{
		TokenNetworks: &networks, UseNetworks: ptr(networks[:1]), Origins: &tepin.Origins{"https://shop.example"}, Introspects: ptr(true), RequireBound: ptr(true),
		Quota: &tepin.Quota{Mode: tepin.QuotaEnforce, Renders: tepin.Allowance{PerHour: 10, PerDay: 100}},
	})
	w.must(err)
	got, err = w.Integration(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, got, limited)
	equal(w, got.RequireBound, true)
	equal(w, got.Quota.Of(tepin.UseRenders).PerDay, 100)

	page, err := w.Integrations(w.ctx, w.env, tepin.List{})
	w.must(err)
	equal(w, len(page.Items), 2)
	w.must(w.DeleteIntegration(w.ctx, w.admin, w.env, i.ID))
	w.is(tepin.NotFound, w.DeleteIntegration(w.ctx, w.admin, w.env, i.ID))
	_, err = w.Integration(w.ctx, w.env, i.ID)
	w.is(tepin.NotFound, err)
	_, err = w.Secrets(w.ctx, w.env, i.ID)
	w.is(tepin.NotFound, err)
	w.integration(w.env, "renamed") // its name is free again
}

func secrets(w *world) {
	i, first := w.integration(w.env, "one")
	equal(w, first.CreatedBy, w.admin.Name)
	add := func(r tepin.Rotation) (tepin.Secret, error) {
		w.clock.Advance(time.Second)
		return w.CreateSecret(w.ctx, w.admin, tepin.Secret{EnvironmentID: w.env, IntegrationID: i.ID, Label: "more", MAC: []byte{1}, LastFour: "wxyz"}, r)
	}
	for range tepin.MaxLiveSecrets - 1 {
		_, err := add(tepin.Rotation{})
		w.must(err)
	}
	_, err := add(tepin.Rotation{})
	w.is(tepin.Conflict, err)
	soon := w.clock.Now().Add(time.Hour)
	_, err = add(tepin.Rotation{PreviousEnd: soon}) // the others still live
	w.is(tepin.Conflict, err)
	list, err := w.Secrets(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, list[0].ExpiresAt, first.ExpiresAt) // and what was refused left nothing

	now := w.clock.Now()
	last, err := add(tepin.Rotation{PreviousEnd: now})
	w.must(err)
	list, err = w.Secrets(w.ctx, w.env, i.ID)
	w.must(err)
	live := slices.DeleteFunc(list, func(s tepin.Secret) bool { return !s.LiveAt(w.clock.Now()) })
	equal(w, len(live), 1)
	equal(w, live[0].ID, last.ID)

	w.must(w.TouchSecrets(w.ctx, nil))
	w.must(w.TouchSecrets(w.ctx, []store.SecretUse{{ID: last.ID, At: w.clock.Now(), From: "192.0.2.1"}, {ID: "absent", At: w.clock.Now()}, {ID: last.ID, At: now, From: "older"}}))
	list, err = w.Secrets(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, list[len(list)-1].LastUsedFrom, "192.0.2.1")
	equal(w, list[len(list)-1].LastUsedAt, w.clock.Now())

	elsewhere, _ := w.integration(w.other, "one")
	w.is(tepin.NotFound, w.DeleteSecret(w.ctx, w.admin, w.other, elsewhere.ID, last.ID))
	w.is(tepin.NotFound, w.DeleteSecret(w.ctx, w.admin, w.other, i.ID, last.ID))
	w.must(w.DeleteSecret(w.ctx, w.admin, w.env, i.ID, last.ID))
	w.is(tepin.NotFound, w.DeleteSecret(w.ctx, w.admin, w.env, i.ID, last.ID))
	_, err = w.CreateSecret(w.ctx, w.admin, tepin.Secret{EnvironmentID: w.other, IntegrationID: i.ID}, tepin.Rotation{})
	w.is(tepin.NotFound, err)
}

// One snapshot holds all that decides who may come in; and secrets that are made at
// once, by several people, end with at most the allowed number.
func directory(w *world) {
	i, secret := w.integration(w.env, "one")
	gone, _ := w.integration(w.env, "gone")
	w.must(w.DeleteIntegration(w.ctx, w.admin, w.env, gone.ID))
	w.must(w.DenyToken(w.ctx, w.admin, w.env, store.DeniedToken{TokenID: "jti", ExpiresAt: w.clock.Now().Add(time.Hour)}))

	d, err := w.Directory(w.ctx)
	w.must(err)
	counter, err := w.ChangeCounter(w.ctx)
	w.must(err)
	equal(w, d.Counter, counter)
	equal(w, len(d.Environments), 2)
	equal(w, len(d.Integrations), 1)
	equal(w, d.Integrations[0], i)
	equal(w, len(d.Secrets), 1)
	equal(w, d.Secrets[0].ID, secret.ID)
	equal(w, string(d.Secrets[0].MAC), string(secret.MAC))
	equal(w, len(d.Denied), 1)
	equal(w, d.Denied[0].TokenID, "jti")

	var live atomic.Int64
	together(12, func(int) {
		_, err := w.CreateSecret(w.ctx, w.admin, tepin.Secret{EnvironmentID: w.env, IntegrationID: i.ID, MAC: []byte{1}}, tepin.Rotation{})
		if err == nil {
			live.Add(1)
		} else if tepin.KindOf(err) != tepin.Conflict {
			w.Error(err)
		}
	})
	equal(w, live.Load(), tepin.MaxLiveSecrets-1)
	w.clock.Advance(11 * 24 * time.Hour)
	d, err = w.Directory(w.ctx)
	w.must(err)
	equal(w, len(d.Secrets), tepin.MaxLiveSecrets-1) // the first has ended
	equal(w, len(d.Denied), 0)
}

// A reader that sees the counter at n sees every change up to n (S2).
func counterIsCommits(w *world) {
	start, err := w.ChangeCounter(w.ctx)
	w.must(err)
	i, _ := w.integration(w.env, "base")
	const changes = 40
	done := make(chan struct{})
	go func() {
		defer close(done)
		together(4, func(n int) {
			for c := range changes / 4 {
				_, err := w.UpdateIntegration(w.ctx, w.admin, w.env, i.ID, tepin.IntegrationUpdate{Description: ptr(fmt.Sprint(n, c))})
				if err != nil {
					w.Error(err)
				}
			}
		})
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		d, err := w.Directory(w.ctx)
		w.must(err)
		// The one integration's version counts the same commits.
		equal(w, d.Counter-start, d.Integrations[0].Version)
	}
	end, err := w.ChangeCounter(w.ctx)
	w.must(err)
	equal(w, end, start+1+changes)
}

func signingKeys(w *world) {
	var won atomic.Int64
	together(8, func(n int) {
		err := w.AddSigningKey(w.ctx, tepin.System, tepin.SigningKey{ID: fmt.Sprint("key", n), Alg: "ES256", Public: []byte{1}, Sealed: []byte{2}, UsableAt: w.clock.Now()})
		if err == nil {
			won.Add(1)
		} else if tepin.KindOf(err) != tepin.Conflict {
			w.Error(err)
		}
	})
	equal(w, won.Load(), 1)
	w.must(w.AddSigningKey(w.ctx, tepin.System, tepin.SigningKey{ID: "rsa", Alg: "RS256", Public: []byte{3}, Sealed: []byte{4}}))
	keys, err := w.SigningKeys(w.ctx)
	w.must(err)
	equal(w, len(keys), 2)
	equal(w, keys[0].CreatedAt, w.clock.Now())
}

// grant is a fresh grant for the integration; audience makes it one of its own.
func (w *world) grant(i tepin.Integration, secret tepin.Secret, audience string) tepin.Grant {
	now := w.clock.Now().Truncate(time.Second)
	return tepin.Grant{
		Key: tepin.GrantKey{EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, SecretID: secret.ID, Audience: audience,
			Scopes: i.Scopes, Alg: "ES256", Lifetime: 24 * time.Hour, Format: 1},
		KeyID: "kid", Issuer: "https://tepin.example/", TokenID: tepin.NewID[string](), Epoch: i.Epoch, IssuedAt: now, ExpiresAt: now.Add(24 * time.Hour),
	}
}

func grants(w *world) {
	i, secret := w.integration(w.env, "one")
	fresh := w.grant(i, secret, "x")
	_, err := w.Grant(w.ctx, fresh.Key)
	w.is(tepin.NotFound, err)
	stands, err := w.PutGrant(w.ctx, fresh, w.clock.Now().Add(time.Hour))
	w.must(err)
	equal(w, stands, fresh)
	read, err := w.Grant(w.ctx, fresh.Key)
	w.must(err)
	equal(w, read, fresh)

	w.clock.Advance(22 * time.Hour)
	second, err := w.PutGrant(w.ctx, w.grant(i, secret, "x"), w.clock.Now().Add(time.Hour))
	w.must(err)
	equal(w, second, fresh) // two hours are left: the old one stands
	w.clock.Advance(time.Hour)
	next := w.grant(i, secret, "x")
	third, err := w.PutGrant(w.ctx, next, w.clock.Now().Add(time.Hour))
	w.must(err)
	equal(w, third, next)

	// Every field of the key makes another grant.
	for name, change := range map[string]func(*tepin.GrantKey){
		"audience": func(k *tepin.GrantKey) { k.Audience = "y" },
		"scopes":   func(k *tepin.GrantKey) { k.Scopes = tepin.MustScopes(tepin.FontRead) },
		"alg":      func(k *tepin.GrantKey) { k.Alg = "RS256" },
		"lifetime": func(k *tepin.GrantKey) { k.Lifetime -= time.Second },
		"format":   func(k *tepin.GrantKey) { k.Format++ },
	} {
		other := w.grant(i, secret, "x")
		change(&other.Key)
		stands, err := w.PutGrant(w.ctx, other, w.clock.Now().Add(time.Hour))
		w.must(err)
		if stands != other {
			w.Errorf("%s does not tell grants apart", name)
		}
	}
	// Denying a token takes away the grant that would hand it out again.
	w.must(w.DenyToken(w.ctx, w.admin, w.env, store.DeniedToken{TokenID: next.TokenID, ExpiresAt: next.ExpiresAt}))
	_, err = w.Grant(w.ctx, next.Key)
	w.is(tepin.NotFound, err)
}

func grantsStale(w *world) {
	i, secret := w.integration(w.env, "one")
	put := func(g tepin.Grant) error {
		_, err := w.PutGrant(w.ctx, g, w.clock.Now().Add(time.Hour))
		return err
	}
	for name, change := range map[string]func(*tepin.Grant){
		"epoch":                   func(g *tepin.Grant) { g.Epoch++ },
		"secret of nobody":        func(g *tepin.Grant) { g.Key.SecretID = "absent" },
		"integration of nobody":   func(g *tepin.Grant) { g.Key.IntegrationID = "absent" },
		"other environment":       func(g *tepin.Grant) { g.Key.EnvironmentID = w.other },
		"outliving its secret":    func(g *tepin.Grant) { g.ExpiresAt = secret.ExpiresAt.Add(time.Second) },
		"scopes not granted here": func(g *tepin.Grant) { g.Key.Scopes = 1 << 30 },
	} {
		g := w.grant(i, secret, name)
		change(&g)
		if err := put(g); tepin.KindOf(err) != tepin.Stale {
			w.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.UpdateIntegration(w.ctx, w.admin, w.env, i.ID, tepin.IntegrationUpdate{Enabled: ptr(false)})
	w.must(err)
	i.Epoch++
	w.is(tepin.Stale, put(w.grant(i, secret, "disabled")))
	_, err = w.UpdateIntegration(w.ctx, w.admin, w.env, i.ID, tepin.IntegrationUpdate{Enabled: ptr(true)})
	w.must(err)
	w.must(put(w.grant(i, secret, "x")))

	w.must(w.DeleteSecret(w.ctx, w.admin, w.env, i.ID, secret.ID))
	w.is(tepin.Stale, put(w.grant(i, secret, "y")))
	_, err = w.Grant(w.ctx, w.grant(i, secret, "x").Key)
	w.is(tepin.NotFound, err)
	later, err := w.CreateSecret(w.ctx, w.admin, tepin.Secret{EnvironmentID: w.env, IntegrationID: i.ID, MAC: []byte{1}, NotBefore: w.clock.Now().Add(time.Hour)}, tepin.Rotation{})
	w.must(err)
	w.is(tepin.Stale, put(w.grant(i, later, "early")))
	w.clock.Advance(time.Hour)
	w.must(put(w.grant(i, later, "early")))
	w.must(w.DeleteIntegration(w.ctx, w.admin, w.env, i.ID))
	w.is(tepin.Stale, put(w.grant(i, later, "late")))
}

func grantsReplaced(w *world) {
	i, secret := w.integration(w.env, "one")
	put := func(g tepin.Grant) tepin.Grant {
		stands, err := w.PutGrant(w.ctx, g, w.clock.Now().Add(time.Hour))
		w.must(err)
		return stands
	}
	future := w.grant(i, secret, "x")
	future.IssuedAt = future.IssuedAt.Add(time.Minute)
	put(future)
	fresh := w.grant(i, secret, "x")
	equal(w, put(fresh), fresh) // issued ahead of now
	otherKey := w.grant(i, secret, "x")
	otherKey.KeyID = "kid2"
	equal(w, put(otherKey), otherKey) // the first is not known

	// After a rotation the old key goes on signing what it has signed, until it is gone.
	w.must(w.AddSigningKey(w.ctx, w.admin, tepin.SigningKey{ID: "kid2", Alg: "ES256", Sealed: []byte{1}}))
	w.must(w.AddSigningKey(w.ctx, w.admin, tepin.SigningKey{ID: "kid3", Alg: "ES256", Sealed: []byte{1}, UsableAt: w.clock.Now()}, "kid2"))
	rotated := w.grant(i, secret, "x")
	rotated.KeyID = "kid3"
	equal(w, put(rotated), otherKey)
	w.must(w.RetireSigningKeys(w.ctx, w.admin, w.clock.Now()))
	equal(w, put(rotated), rotated)
	otherIssuer := w.grant(i, secret, "x")
	otherIssuer.KeyID, otherIssuer.Issuer = "kid2", "https://new.example/"
	equal(w, put(otherIssuer), otherIssuer)

	// Rotation with an overlap takes grants that would outlive their secret.
	end := w.clock.Now().Add(time.Hour)
	_, err := w.CreateSecret(w.ctx, w.admin, tepin.Secret{EnvironmentID: w.env, IntegrationID: i.ID, MAC: []byte{1}}, tepin.Rotation{PreviousEnd: end})
	w.must(err)
	_, err = w.Grant(w.ctx, fresh.Key)
	w.is(tepin.NotFound, err)
}

func grantsConcurrent(w *world) {
	i, secret := w.integration(w.env, "one")
	var results [48]tepin.Grant
	together(len(results), func(n int) {
		g, err := w.PutGrant(w.ctx, w.grant(i, secret, "x"), w.clock.Now().Add(time.Hour))
		if err != nil {
			w.Error(err)
		}
		results[n] = g
	})
	for _, g := range results {
		equal(w, g, results[0])
	}
	read, err := w.Grant(w.ctx, results[0].Key)
	w.must(err)
	equal(w, read, results[0])

	// Nothing is handed out after the epoch went up, however it interleaves.
	var cut atomic.Bool
	together(16, func(n int) {
		if n == 0 {
			if _, err := w.UpdateIntegration(w.ctx, w.admin, w.env, i.ID, tepin.IntegrationUpdate{Scopes: ptr(tepin.MustScopes(tepin.FontRead))}); err != nil {
				w.Error(err)
			}
			cut.Store(true)
			return
		}
		after := cut.Load()
		_, err := w.PutGrant(w.ctx, w.grant(i, secret, fmt.Sprint(n)), w.clock.Now().Add(time.Hour))
		if after && tepin.KindOf(err) != tepin.Stale {
			w.Errorf("a grant of the old epoch after the cut: %v", err)
		}
	})
}

func grantsLimited(w *world) {
	i, secret := w.integration(w.env, "one")
	const extra = 5
	var keys []tepin.GrantKey
	for n := range store.MaxGrants + extra {
		w.clock.Advance(time.Microsecond)
		g := w.grant(i, secret, fmt.Sprint(n))
		_, err := w.PutGrant(w.ctx, g, w.clock.Now().Add(time.Hour))
		w.must(err)
		keys = append(keys, g.Key)
	}
	for n, k := range keys {
		_, err := w.Grant(w.ctx, k)
		switch {
		case n < extra:
			w.is(tepin.NotFound, err)
		case err != nil:
			w.Error(errors.Join(fmt.Errorf("grant %d", n), err))
		}
	}
}
