package credential_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

var (
	start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	home  = netip.MustParseAddr("192.0.2.7")
	admin = tepin.Actor{Kind: tepin.ActorUser, ID: "admin", Name: "Ada", Administrator: true}
)

// clock is a wall clock that tests set.
type clock struct{ ns atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) Advance(d time.Duration) { c.ns.Add(int64(d)) }

// rig is the service on a database of its own, with one sandbox environment.
type rig struct {
	*credential.Service
	t      testing.TB
	clock  *clock
	store  *store.Store
	access *access.Directory
	env    tepin.Environment
}

func newRig(t testing.TB) *rig {
	t.Helper()
	ctx := context.Background()
	r := &rig{t: t, clock: &clock{}}
	r.clock.ns.Store(start.UnixNano())
	r.store = storetest.Open(t, store.Options{URL: "sqlite:" + t.TempDir() + "/tepin.db", Now: r.clock.Now})
	keys, err := credential.ReadKeys(t.TempDir(), nothing)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Bind(ctx, r.store, "https://tepin.example/", start); err != nil {
		t.Fatal(err)
	}
	r.access, err = access.New(ctx, access.Options{
		Store: r.store, Issuer: "https://tepin.example/", PublicURL: "https://tepin.example", Now: r.clock.Now,
		MAC: keys.Pepper.MAC, PepperID: keys.Pepper.ID(), CheckForm: credential.CheckForm,
		OpenKey: func([]byte, string) ([]byte, error) { return nil, fmt.Errorf("no signing keys here") },
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Service = credential.New(credential.Options{Store: r.store, Access: r.access, Keys: keys, Log: slog.New(slog.DiscardHandler), Now: r.clock.Now})
	sub, err := r.store.CreateSubscription(ctx, tepin.System, tepin.Subscription{Name: "Main"})
	if err != nil {
		t.Fatal(err)
	}
	r.env, err = r.CreateEnvironment(ctx, admin, tepin.Environment{SubscriptionID: sub.ID, Name: "Demo", TechnicalName: "demo", Type: tepin.Sandbox})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// nothing is an environment without variables.
func nothing(string) string { return "" }

// integration makes an integration with all permissions.
func (r *rig) integration(name string) (tepin.Integration, string) {
	r.t.Helper()
	in, secret, err := r.CreateIntegration(context.Background(), admin, tepin.Integration{
		EnvironmentID: r.env.ID, Name: name, Scopes: tepin.MustScopes(tepin.AllScopes...),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return in, secret
}

// works reports whether client id and secret are accepted.
func (r *rig) works(in tepin.Integration, secret string) bool {
	r.t.Helper()
	if err := r.access.Refresh(context.Background()); err != nil {
		r.t.Fatal(err)
	}
	_, err := r.access.Authenticate(context.Background(), in.ClientID, secret, home)
	if err != nil && tepin.KindOf(err) != tepin.Unauthorized {
		r.t.Fatal(err)
	}
	return err == nil
}

// wantKind fails the test unless err is of the given kind.
func wantKind(t testing.TB, err error, kind tepin.Kind) {
	t.Helper()
	if err == nil || tepin.KindOf(err) != kind {
		t.Errorf("error %v, want one of kind %d", err, kind)
	}
}
