package credential_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/store"
)

var (
	home  = netip.MustParseAddr("192.0.2.7")
	admin = tepin.Actor{Kind: tepin.ActorUser, ID: "admin", Name: "Ada", Administrator: true}
)

// rig is the service of an installation, with one sandbox environment.
type rig struct {
	*credential.Service
	t      testing.TB
	clock  *accesstest.Clock
	store  *store.Store
	access *access.Directory
	env    tepin.Environment
}

func newRig(t testing.TB) *rig {
	t.Helper()
	c := accesstest.NewClock()
	in := accesstest.New(t, accesstest.Options{PublicURL: "https://tepin.example", Now: c.Now})
	env := in.Environment(in.Subscription("Main"), "demo", tepin.Sandbox)
	return &rig{Service: in.Credential, t: t, clock: c, store: in.Store, access: in.Access, env: env}
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
