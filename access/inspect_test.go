package access_test

import (
	"sync"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

// Who asks about a token need not be able to use it.
func TestInspect(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	networks, err := tepin.ParseNetworks("198.51.100.0/24")
	if err != nil {
		t.Fatal(err)
	}
	r.update(in, tepin.IntegrationUpdate{UseNetworks: &networks})
	raw := r.token(r.login(in, "tpn_one"), func(c *token.Claims) { c.Confirm.KeyThumbprint = "jkt" })
	_, err = r.Bearer(raw, access.Presenter{From: home})
	accesstest.WantKind(t, "presented without the key", err, tepin.Unauthorized)
	_, err = r.Bearer(raw, access.Presenter{From: home, Held: tepin.Confirmation{KeyThumbprint: "jkt"}})
	accesstest.WantKind(t, "presented from another network", err, tepin.Forbidden)
	got, err := r.Inspect(raw)
	if err != nil || got.Claims.Confirm.KeyThumbprint != "jkt" || got.Actor.ID != string(in.ID) || got.Actor.Scopes != in.Scopes || got.Actor.TokenID != got.Claims.ID {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = r.Inspect("garbage")
	accesstest.WantKind(t, "garbage", err, tepin.Unauthorized)

	disabled := r.token(r.login(in, "tpn_one"), nil)
	r.update(in, tepin.IntegrationUpdate{Enabled: ptr(false)})
	_, err = r.Inspect(disabled)
	accesstest.WantKind(t, "of a disabled integration", err, tepin.Unauthorized)
	r.clock.Advance(5 * time.Second)
	_, err = r.Inspect(disabled)
	accesstest.WantKind(t, "on a node that cannot know", err, tepin.Unavailable)
	_, err = r.Open(disabled)
	accesstest.WantKind(t, "opened on a node that cannot know", err, tepin.Unavailable)
}

// Open reads what is ours and in time, also of an epoch that this node has not heard of.
func TestOpen(t *testing.T) {
	r := newRig(t)
	c := r.login(r.integration("one"), "tpn_one")
	raw := r.token(c, func(c *token.Claims) { c.Epoch++ })
	if claims, err := r.Open(raw); err != nil || claims.ClientID != c.Integration.ClientID {
		t.Errorf("an epoch that is to come: %+v, %v", claims, err)
	}
	_, err := r.Inspect(raw)
	accesstest.WantKind(t, "the same, inspected", err, tepin.Unauthorized)
	_, err = r.Open(raw[:len(raw)-1])
	accesstest.WantKind(t, "a token that was cut", err, tepin.Unauthorized)
	_, err = r.Open(r.token(c, func(c *token.Claims) { c.Issuer = "https://other.example/" }))
	accesstest.WantKind(t, "another issuer", err, tepin.Unauthorized)
	r.clock.Advance(24 * time.Hour)
	r.refresh()
	_, err = r.Open(raw)
	accesstest.WantKind(t, "an expired token", err, tepin.Unauthorized)
}

// An exchanged token dies with its parent, with either credential, and with its page's
// place on the list.
func TestExchangedTokenDies(t *testing.T) {
	const page = "https://shop.example"
	for name, end := range map[string]func(r *rig, in tepin.Integration, parent token.Claims, own access.Client) error{
		"parent revoked": func(r *rig, in tepin.Integration, parent token.Claims, _ access.Client) error {
			return r.store.DenyToken(t.Context(), admin, in.EnvironmentID, store.DeniedToken{TokenID: parent.ID, ExpiresAt: parent.ExpiresAt})
		},
		"parent's secret removed": func(r *rig, in tepin.Integration, parent token.Claims, _ access.Client) error {
			return r.store.DeleteSecret(t.Context(), admin, in.EnvironmentID, in.ID, parent.Credential)
		},
		"own secret removed": func(r *rig, in tepin.Integration, _ token.Claims, own access.Client) error {
			return r.store.DeleteSecret(t.Context(), admin, in.EnvironmentID, in.ID, own.Credential)
		},
		"page taken off the list": func(r *rig, in tepin.Integration, _ token.Claims, _ access.Client) error {
			_, err := r.store.UpdateIntegration(t.Context(), admin, in.EnvironmentID, in.ID, tepin.IntegrationUpdate{Origins: &tepin.Origins{page + ":8443"}})
			return err
		},
		"epoch": func(r *rig, in tepin.Integration, _ token.Claims, _ access.Client) error {
			_, err := r.store.UpdateIntegration(t.Context(), admin, in.EnvironmentID, in.ID, tepin.IntegrationUpdate{Scopes: ptr(tepin.MustScopes(tepin.FontRead))})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			in := r.integration("one")
			r.update(in, tepin.IntegrationUpdate{Origins: &tepin.Origins{page}})
			first := r.login(in, "tpn_one")
			r.rotate(in, "tpn_next", 24*time.Hour)
			own := r.login(in, "tpn_next")
			parent, err := r.Open(r.token(first, nil))
			if err != nil {
				t.Fatal(err)
			}
			child := r.token(own, func(c *token.Claims) {
				c.Parent, c.ParentCredential, c.Act, c.Origin = parent.ID, parent.Credential, string(in.ClientID), page
			})
			a, err := r.Bearer(child, access.Presenter{})
			if err != nil || a.ParentID != parent.ID || a.Origin != page {
				t.Fatalf("%+v, %v", a, err)
			}
			if err := end(r, in, parent, own); err != nil {
				t.Fatal(err)
			}
			r.refresh()
			_, err = r.Bearer(child, access.Presenter{})
			accesstest.WantKind(t, "the exchanged token", err, tepin.Unauthorized)
		})
	}
}

// A revoked token stays dead when the clock goes ahead by two hours, past its end, and
// back again, whatever the directory loads meanwhile.
func TestRevokedTokenAndClockJumps(t *testing.T) {
	for _, jump := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		r := newRig(t)
		in := r.integration("one")
		deny := func(id string) {
			t.Helper()
			v := store.DeniedToken{TokenID: id, IntegrationID: in.ID, ExpiresAt: r.clock.Now().Add(30 * time.Minute)}
			if err := r.store.DenyToken(t.Context(), admin, in.EnvironmentID, v); err != nil {
				t.Fatal(err)
			}
			r.refresh()
		}
		raw := r.token(r.login(in, "tpn_one"), func(c *token.Claims) { c.ID, c.ExpiresAt = "revoked", c.IssuedAt.Add(30*time.Minute) })
		deny("revoked")
		for _, step := range []time.Duration{jump, -jump} {
			r.clock.Advance(step)
			deny("another, at " + r.clock.Now().String()) // loads anew, and clears up
			_, err := r.Bearer(raw, access.Presenter{})
			accesstest.WantKind(t, "after a jump of "+step.String(), err, tepin.Unauthorized)
		}
		if !r.Denied("revoked") {
			t.Errorf("%s and back: the denial is forgotten", jump)
		}
	}
}

// A node that could not learn of its own revocation answers nobody until it knows.
func TestDoubt(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	raw := r.token(r.login(in, "tpn_one"), nil)
	r.Doubt()
	_, err := r.Bearer(raw, access.Presenter{})
	accesstest.WantKind(t, "a token in doubt", err, tepin.Unavailable)
	_, err = r.Authenticate(t.Context(), in.ClientID, "tpn_one", home)
	accesstest.WantKind(t, "a secret in doubt", err, tepin.Unavailable)
	r.refresh()
	if _, err := r.Bearer(raw, access.Presenter{}); err != nil {
		t.Errorf("after a good poll: %v", err)
	}
}

// Many refreshes at once are few polls, and each sees the write before it.
func TestRefreshesShare(t *testing.T) {
	now := time.Now
	st := storeAt(t, now)
	r := rigOver(t, st, now)
	in := r.integration("one")
	var wg sync.WaitGroup
	for n := range 40 {
		wg.Go(func() {
			text := string(rune('a' + n))
			u, err := r.store.UpdateIntegration(t.Context(), admin, in.EnvironmentID, in.ID, tepin.IntegrationUpdate{Description: &text})
			if err == nil {
				err = r.Refresh(t.Context())
			}
			if err != nil {
				t.Error(err)
				return
			}
			c, err := r.Authenticate(t.Context(), in.ClientID, "tpn_one", home)
			if err != nil || c.Integration.Version < u.Version {
				t.Errorf("version %d is known, %d was written before: %v", c.Integration.Version, u.Version, err)
			}
		})
	}
	wg.Wait()
}
