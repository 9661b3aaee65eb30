package access_test

import (
	"context"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

const publicURL = accesstest.BareURL

var (
	start = accesstest.Start
	home  = netip.MustParseAddr("192.0.2.7")
	admin = tepin.Actor{Kind: tepin.ActorUser, ID: "admin", Name: "Ada", Administrator: true}
)

// rig is one node over a database of its own.
type rig struct {
	*access.Directory
	t     testing.TB
	clock *accesstest.Clock // of newRig
	now   func() time.Time
	store *store.Store
	env   tepin.Environment
	keys  *token.Keys // those in the database, as the test knows them
}

func newRig(t testing.TB) *rig {
	t.Helper()
	c := accesstest.NewClock()
	r := rigOver(t, storeAt(t, c.Now), c.Now)
	r.clock = c
	return r
}

// storeAt opens an empty database whose time is now.
func storeAt(t testing.TB, now func() time.Time) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "tepin.db"), AuditKey: make([]byte, 32), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func rigOver(t testing.TB, st *store.Store, now func() time.Time) *rig {
	t.Helper()
	r := &rig{t: t, now: now, store: st}
	r.keys = token.NewKeys(accesstest.AddKey(t, st, token.ES256), accesstest.AddKey(t, st, token.RS256))
	sub, err := st.CreateSubscription(t.Context(), admin, tepin.Subscription{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	r.env = accesstest.AddEnvironment(t, st, sub.ID, "first")
	r.Directory = r.node()
	return r
}

// node starts another node over the same database.
func (r *rig) node() *access.Directory {
	r.t.Helper()
	return accesstest.Bare(r.t, r.store, r.now)
}

// keyring works on the rig's keys, which follow one another so often.
func (r *rig) keyring(every time.Duration) *access.Keyring {
	return &access.Keyring{Store: r.store, Access: r.Directory, Every: every, Now: r.now,
		Seal: func(private []byte, _ string) ([]byte, error) { return private, nil }}
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
	end := r.now().Add(overlap)
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
	if r.Directory == nil {
		return
	}
	if err := r.Refresh(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

// login authenticates with the secret and fails the test if that is refused.
func (r *rig) login(in tepin.Integration, plain string) access.Client {
	r.t.Helper()
	c, err := r.Authenticate(r.t.Context(), in.ClientID, plain, home)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// token signs an access token for the client, as package grant does, after change.
func (r *rig) token(c access.Client, change func(*token.Claims)) string {
	r.t.Helper()
	now := r.now()
	claims := token.Claims{Issuer: publicURL + "/", Subject: string(c.Integration.ClientID), ClientID: c.Integration.ClientID,
		Audience: []string{publicURL}, IssuedAt: now, ExpiresAt: now.Add(24 * time.Hour), ID: tepin.NewID[string](),
		Scopes: c.Integration.Scopes, Environment: c.Environment.ID, Epoch: c.Integration.Epoch, Credential: c.Credential}
	if change != nil {
		change(&claims)
	}
	raw, err := r.keys.Signer(token.ES256, now).Sign(claims)
	if err != nil {
		r.t.Fatal(err)
	}
	return raw
}

func ptr[T any](v T) *T { return &v }
