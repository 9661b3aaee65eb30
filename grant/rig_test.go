package grant_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/pem"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

const publicURL = "https://tepin.example"

var (
	start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	home  = netip.MustParseAddr("192.0.2.7")
	admin = tepin.Actor{Kind: tepin.ActorUser, ID: "admin", Name: "Ada", Administrator: true}
)

// clock is a wall clock that tests set.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(start.UnixNano())
	return c
}

func (c *clock) Now() time.Time          { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) Advance(d time.Duration) { c.ns.Add(int64(d)) }

// mac stands for package credential, which access may not import.
func mac(pepper string, env tepin.EnvironmentID, client tepin.ClientID, id tepin.SecretID, plain string) []byte {
	if pepper != "pepper" {
		return nil
	}
	h := hmac.New(sha256.New, []byte("a pepper for the tests"))
	h.Write([]byte(strings.Join([]string{string(env), string(client), string(id), plain}, "\x00")))
	return h.Sum(nil)
}

func checkForm(plain string) bool { return strings.HasPrefix(plain, "tpn_") }

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
	clock *clock
	store *store.Store
	env   tepin.Environment
}

func newRig(t testing.TB) *rig {
	return rigOver(t, "sqlite:"+filepath.Join(t.TempDir(), "tepin.db"))
}

func rigOver(t testing.TB, url string) *rig {
	t.Helper()
	r := &rig{t: t, clock: newClock()}
	r.store = r.open(url)
	r.addKey(token.ES256)
	r.addKey(token.RS256)
	sub, err := r.store.CreateSubscription(t.Context(), admin, tepin.Subscription{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	r.env = r.environment(sub.ID, "first")
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

func (r *rig) environment(sub tepin.SubscriptionID, name string) tepin.Environment {
	r.t.Helper()
	e, err := r.store.CreateEnvironment(r.t.Context(), admin, tepin.Environment{SubscriptionID: sub, Name: name, TechnicalName: name,
		Type: tepin.Production, TokenLifetime: 24 * time.Hour, SigningAlg: token.ES256})
	if err != nil {
		r.t.Fatal(err)
	}
	return e
}

// addKey stores the key of token's testdata: making RSA keys is slow.
func (r *rig) addKey(alg string) *token.Key {
	r.t.Helper()
	text, err := os.ReadFile("../token/testdata/" + strings.ToLower(alg) + ".pem")
	if err != nil {
		r.t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	k, err := token.ParseKey(alg, block.Bytes)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.store.AddSigningKey(r.t.Context(), tepin.System, tepin.SigningKey{ID: k.ID, Alg: alg, Sealed: block.Bytes}); err != nil {
		r.t.Fatal(err)
	}
	return k
}

// start starts a node over a store of the rig's database.
func (r *rig) start(st *store.Store) *node {
	r.t.Helper()
	d, err := access.New(r.t.Context(), access.Options{Store: st, Issuer: publicURL + "/", PublicURL: publicURL,
		MAC: mac, PepperID: "pepper", CheckForm: checkForm, Now: r.clock.Now,
		OpenKey: func(sealed []byte, _ string) ([]byte, error) { return sealed, nil }})
	if err != nil {
		r.t.Fatal(err)
	}
	return &node{Service: &grant.Service{Store: st, Access: d, Now: r.clock.Now}, access: d, t: r.t}
}

// integration makes one with all scopes and the secret "tpn_" + name, and refreshes.
func (r *rig) integration(name string) tepin.Integration {
	r.t.Helper()
	in := tepin.Integration{ID: tepin.NewID[tepin.IntegrationID](), EnvironmentID: r.env.ID, ClientID: tepin.NewClientID(), Name: name,
		Scopes: tepin.MustScopes(tepin.AllScopes...), Enabled: true}
	in, err := r.store.CreateIntegration(r.t.Context(), admin, in, secretOf(in, "tpn_"+name))
	if err != nil {
		r.t.Fatal(err)
	}
	r.refresh()
	return in
}

func secretOf(in tepin.Integration, plain string) tepin.Secret {
	id := tepin.NewID[tepin.SecretID]()
	return tepin.Secret{ID: id, EnvironmentID: in.EnvironmentID, IntegrationID: in.ID, PepperID: "pepper",
		MAC: mac("pepper", in.EnvironmentID, in.ClientID, id, plain), LastFour: plain[len(plain)-4:]}
}

// rotate adds a secret; the others end after overlap.
func (r *rig) rotate(in tepin.Integration, plain string, overlap time.Duration) tepin.Secret {
	r.t.Helper()
	end := r.clock.Now().Add(overlap)
	s, err := r.store.CreateSecret(r.t.Context(), admin, secretOf(in, plain), &end)
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
	return grant.Request{Client: c, Scopes: c.Integration.Scopes, Audiences: []string{publicURL}}
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

func wantKind(t testing.TB, what string, err error, want tepin.Kind) {
	t.Helper()
	if err == nil || tepin.KindOf(err) != want {
		t.Errorf("%s: error %v, want kind %d", what, err, want)
	}
}
