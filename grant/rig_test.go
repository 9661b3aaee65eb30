package grant_test

import (
	"context"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

const publicURL = accesstest.BareURL

var (
	start = accesstest.Start
	home  = netip.MustParseAddr("192.0.2.7")
	admin = tepin.Actor{Kind: tepin.ActorUser, ID: "admin", Name: "Ada", Administrator: true}
)

// node is one server process: its directory and its grants.
type node struct {
	*grant.Service
	access *access.Directory
	t      testing.TB
}

// rig is a database with one environment, and the first node over it.
type rig struct {
	*node
	t     testing.TB
	clock *accesstest.Clock
	store *store.Store
	env   tepin.Environment
}

func newRig(t testing.TB) *rig {
	return rigOver(t, "sqlite:"+filepath.Join(t.TempDir(), "tepin.db"))
}

func rigOver(t testing.TB, url string) *rig {
	t.Helper()
	r := &rig{t: t, clock: accesstest.NewClock()}
	r.store = r.open(url)
	accesstest.AddKey(t, r.store, token.ES256)
	accesstest.AddKey(t, r.store, token.RS256)
	sub, err := r.store.CreateSubscription(t.Context(), admin, tepin.Subscription{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	r.env = accesstest.AddEnvironment(t, r.store, sub.ID, "first")
	r.node = r.start(r.store)
	return r
}

func (r *rig) open(url string) *store.Store {
	r.t.Helper()
	st, err := store.Open(r.t.Context(), store.Options{URL: url, AuditKey: make([]byte, 32), Now: r.clock.Now})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { st.Close() })
	return st
}

// start starts a node over a store of the rig's database.
func (r *rig) start(st *store.Store) *node {
	r.t.Helper()
	d := accesstest.Bare(r.t, st, r.clock.Now)
	return &node{Service: &grant.Service{Store: st, Access: d, Now: r.clock.Now}, access: d, t: r.t}
}

// integration makes one with all scopes and the secret "tpn_" + name, and refreshes.
func (r *rig) integration(name string) tepin.Integration {
	r.t.Helper()
	in := accesstest.NewIntegration(r.env.ID, name)
	in, err := r.store.CreateIntegration(r.t.Context(), admin, in, accesstest.SecretOf(in, "tpn_"+name))
	if err != nil {
		r.t.Fatal(err)
	}
	r.refresh()
	return in
}

// rotate adds a secret; the others end after overlap.
func (r *rig) rotate(in tepin.Integration, plain string, overlap time.Duration) tepin.Secret {
	r.t.Helper()
	end := r.clock.Now().Add(overlap)
	s, err := r.store.CreateSecret(r.t.Context(), admin, accesstest.SecretOf(in, plain), tepin.Rotation{PreviousEnd: end})
	if err != nil {
		r.t.Fatal(err)
	}
	r.refresh()
	return s
}

func (r *rig) update(in tepin.Integration, u tepin.IntegrationUpdate) {
	r.t.Helper()
	if _, err := r.store.UpdateIntegration(r.t.Context(), admin, in.EnvironmentID, in.ID, u); err != nil {
		r.t.Fatal(err)
	}
	r.refresh()
}

func (r *rig) refresh() {
	r.t.Helper()
	if err := r.access.Refresh(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

// login authenticates at this node and fails the test if that is refused.
func (n *node) login(in tepin.Integration, plain string) access.Client {
	n.t.Helper()
	c, err := n.access.Authenticate(n.t.Context(), in.ClientID, plain, home)
	if err != nil {
		n.t.Fatal(err)
	}
	return c
}

// request asks for a token with all that the client has.
func request(c access.Client) grant.Request {
	return grant.Request{Client: c, Scopes: c.Integration.Scopes, Audience: audience(publicURL)}
}

func audience(urls ...string) grant.Audience {
	a, err := grant.NewAudience(urls...)
	if err != nil {
		panic(err)
	}
	return a
}

// current is Current for a client of the node, and must work.
func (n *node) current(in tepin.Integration, plain string) grant.Issued {
	n.t.Helper()
	t, err := n.Current(n.t.Context(), request(n.login(in, plain)))
	if err != nil {
		n.t.Fatal(err)
	}
	return t
}

func ptr[T any](v T) *T { return &v }
