package access_test

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

// rig is one node over a database of its own.
type rig struct {
	*access.Directory
	t     testing.TB
	clock *clock // of newRig
	now   func() time.Time
	store *store.Store
	env   tepin.Environment
	keys  *token.Keys // those in the database, as the test knows them
}

func newRig(t testing.TB) *rig {
	t.Helper()
	c := newClock()
	st, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "tepin.db"), AuditKey: make([]byte, 32), Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	r := rigOver(t, st, c.Now)
	r.clock = c
	return r
}

func rigOver(t testing.TB, st *store.Store, now func() time.Time) *rig {
	t.Helper()
	r := &rig{t: t, now: now, store: st}
	r.keys = token.NewKeys(r.addKey(token.ES256), r.addKey(token.RS256))
	sub, err := st.CreateSubscription(t.Context(), admin, tepin.Subscription{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	r.env = r.environment(sub.ID, "first")
	r.Directory = r.node()
	return r
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

// node starts another node over the same database.
func (r *rig) node() *access.Directory {
	r.t.Helper()
	d, err := access.New(r.t.Context(), access.Options{Store: r.store, Issuer: publicURL + "/", PublicURL: publicURL,
		MAC: mac, PepperID: "pepper", CheckForm: checkForm, Now: r.now,
		OpenKey: func(sealed []byte, _ string) ([]byte, error) { return sealed, nil }})
	if err != nil {
		r.t.Fatal(err)
	}
	return d
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
	end := r.now().Add(overlap)
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
		Scopes: c.Integration.Scopes, Environment: c.Environment.ID, Epoch: c.Integration.Epoch, Credential: c.SecretID}
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

func wantKind(t testing.TB, what string, err error, want tepin.Kind) {
	t.Helper()
	if err == nil || tepin.KindOf(err) != want {
		t.Errorf("%s: error %v, want kind %d", what, err, want)
	}
}
