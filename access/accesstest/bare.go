package accesstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/pem"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

// This file serves the tests of the packages that stand below package credential: they
// choose their secrets themselves, and set the clock.

// BareURL is the public URL of directories that [Bare] makes; with a slash at its end,
// it is their issuer.
const BareURL = "https://tepin.example"

// Start is when the clocks of tests start.
var Start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// Clock is a wall clock that tests set.
type Clock struct{ ns atomic.Int64 }

// NewClock returns a clock that stands at [Start].
func NewClock() *Clock {
	c := &Clock{}
	c.Set(Start)
	return c
}

// Now returns what the clock shows.
func (c *Clock) Now() time.Time { return time.Unix(0, c.ns.Load()).UTC() }

// Set sets the clock.
func (c *Clock) Set(t time.Time) { c.ns.Store(t.UnixNano()) }

// Advance sets the clock forward, or back.
func (c *Clock) Advance(d time.Duration) { c.ns.Add(int64(d)) }

// MAC stands for the pepper of package credential. It knows one, "pepper".
func MAC(pepper string, env tepin.EnvironmentID, client tepin.ClientID, id tepin.CredentialID, plain string) []byte {
	if pepper != "pepper" {
		return nil
	}
	h := hmac.New(sha256.New, []byte("a pepper for the tests"))
	h.Write([]byte(strings.Join([]string{string(env), string(client), string(id), plain}, "\x00")))
	return h.Sum(nil)
}

// CheckForm stands for the form of client secrets.
func CheckForm(plain string) bool { return strings.HasPrefix(plain, "tpn_") }

// Bare returns a directory over st that takes secrets made by [SecretOf].
func Bare(t testing.TB, st *store.Store, now func() time.Time) *access.Directory {
	t.Helper()
	d, err := access.New(t.Context(), access.Options{Store: st, Issuer: BareURL + "/", PublicURL: BareURL,
		MAC: MAC, PepperID: "pepper", CheckForm: CheckForm, NonceKey: make([]byte, 32), Now: now,
		OpenKey: func(sealed []byte, _ string) ([]byte, error) { return sealed, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// AddKey stores, unsealed, the key of token's testdata for the algorithm.
func AddKey(t testing.TB, st *store.Store, alg string) *token.Key {
	t.Helper()
	text, err := os.ReadFile("../token/testdata/" + strings.ToLower(alg) + ".pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	k, err := token.ParseKey(alg, block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.AddSigningKey(t.Context(), tepin.System, tepin.SigningKey{ID: k.ID, Alg: alg, Sealed: block.Bytes}); err != nil {
		t.Fatal(err)
	}
	return k
}

// AddEnvironment stores a production environment.
func AddEnvironment(t testing.TB, st *store.Store, sub tepin.SubscriptionID, name string) tepin.Environment {
	t.Helper()
	e, err := st.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{SubscriptionID: sub, Name: name, TechnicalName: name,
		Type: tepin.Production, TokenLifetime: 24 * time.Hour, SigningAlg: token.ES256})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// NewIntegration returns one with all scopes, not stored yet.
func NewIntegration(env tepin.EnvironmentID, name string) tepin.Integration {
	return tepin.Integration{ID: tepin.NewID[tepin.IntegrationID](), EnvironmentID: env, ClientID: tepin.NewClientID(), Name: name,
		Scopes: tepin.MustScopes(tepin.AllScopes...), Enabled: true}
}

// SecretOf returns a secret of the integration, not stored yet, whose text is plain.
func SecretOf(in tepin.Integration, plain string) tepin.Secret {
	id := tepin.NewID[tepin.CredentialID]()
	return tepin.Secret{ID: id, EnvironmentID: in.EnvironmentID, IntegrationID: in.ID, PepperID: "pepper",
		MAC: MAC("pepper", in.EnvironmentID, in.ClientID, id, plain), LastFour: plain[len(plain)-4:]}
}

// WantKind fails the test unless err is an error of the kind.
func WantKind(t testing.TB, what string, err error, want tepin.Kind) {
	t.Helper()
	if err == nil || tepin.KindOf(err) != want {
		t.Errorf("%s: error %v, want kind %d", what, err, want)
	}
}
