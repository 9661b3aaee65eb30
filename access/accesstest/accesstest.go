// Package accesstest sets up whole installations for tests: a real database, keys,
// the directory, and the services that make credentials and tokens.
package accesstest

import (
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/quota"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/token"
)

// PublicURL is where the installations are reached unless a test says otherwise.
const PublicURL = "http://localhost:8080"

// Home is the address that clients of the tests come from.
var Home = netip.MustParseAddr("192.0.2.1")

// Options of an installation. The zero value will do.
type Options struct {
	PublicURL string           // "" = [PublicURL]
	Audiences []string         // aliases of it, for people's tokens
	Directory string           // for tepin.db; "" = a temporary one
	Log       *slog.Logger     // nil = none
	Now       func() time.Time // nil = time.Now

	CheckTrust func(context.Context, tepin.Trust) error // see credential.Options
}

// Installation is all that stands behind a door.
type Installation struct {
	Store      *store.Store
	Keys       *credential.Keys
	Access     *access.Directory
	Credential *credential.Service
	Grants     *grant.Service
	People     *grant.People
	Quota      *quota.Counter

	t         testing.TB
	publicURL string
	audiences []string
}

// New sets up an empty installation, which ends with the test.
func New(t testing.TB, o Options) *Installation {
	t.Helper()
	if o.PublicURL == "" {
		o.PublicURL = PublicURL
	}
	if o.Directory == "" {
		o.Directory = t.TempDir()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	in := &Installation{t: t, publicURL: o.PublicURL, audiences: o.Audiences}
	var err error
	in.Keys, err = credential.ReadKeys(t.TempDir(), func(string) string { return "" })
	in.check(err)
	in.Store = storetest.Open(t, store.Options{URL: "sqlite:" + filepath.Join(o.Directory, "tepin.db"), AuditKey: in.Keys.Seal.Derive("audit chain", 32), Now: o.Now})
	_, err = in.Keys.Bind(t.Context(), in.Store, o.PublicURL+"/", o.Now())
	in.check(err)
	in.addSigningKeys()
	in.Access, err = access.New(t.Context(), access.Options{
		Store: in.Store, Issuer: o.PublicURL + "/", PublicURL: o.PublicURL, Log: o.Log, Now: o.Now,
		MAC: in.Keys.Pepper.MAC, PepperID: in.Keys.Pepper.ID(), CheckForm: credential.CheckForm, OpenKey: in.Keys.OpenSigningKey, NonceKey: in.Keys.Seal.Derive("dpop nonces", 32),
	})
	in.check(err)
	in.Credential = credential.New(credential.Options{Store: in.Store, Access: in.Access, Keys: in.Keys, Log: o.Log, Now: o.Now, CheckTrust: o.CheckTrust})
	in.Grants = &grant.Service{Store: in.Store, Access: in.Access, Now: o.Now}
	in.People = grant.NewPeople(grant.PeopleOptions{Store: in.Store, Access: in.Access, PublicURL: o.PublicURL, Audiences: o.Audiences,
		CodeKey: in.Keys.Seal.Derive("device user codes", 32), Now: o.Now})
	in.Quota, err = quota.New(t.Context(), quota.Options{Store: in.Store, Access: in.Access, Log: o.Log, Now: o.Now})
	in.check(err)
	return in
}

// signingKeys are made once for all installations: RSA keys take long.
var signingKeys = sync.OnceValues(func() (keys []*token.Key, err error) {
	for _, kind := range []struct {
		purpose tepin.KeyPurpose
		alg     string
	}{{tepin.AccessTokens, token.ES256}, {tepin.AccessTokens, token.RS256}, {tepin.IDTokens, token.RS256}, {tepin.AuditHeads, token.ES256}} {
		k, err := token.GenerateKey(kind.alg)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k.For(kind.purpose))
	}
	return keys, nil
})

func (in *Installation) addSigningKeys() {
	in.t.Helper()
	keys, err := signingKeys()
	in.check(err)
	for _, k := range keys {
		private, err := k.Private()
		in.check(err)
		public, err := k.Public()
		in.check(err)
		sealed, err := in.Keys.SealSigningKey(private, k.ID)
		in.check(err)
		in.check(in.Store.AddSigningKey(in.t.Context(), tepin.System, tepin.SigningKey{
			ID: k.ID, Purpose: k.Purpose, Alg: k.Alg, Public: public, Sealed: sealed, UsableAt: time.Unix(0, 0).UTC(),
		}))
	}
}

func (in *Installation) check(err error) {
	in.t.Helper()
	if err != nil {
		in.t.Fatal(err)
	}
}

// Subscription makes one.
func (in *Installation) Subscription(name string) tepin.Subscription {
	in.t.Helper()
	s, err := in.Store.CreateSubscription(in.t.Context(), tepin.System, tepin.Subscription{Name: name})
	in.check(err)
	return s
}

// Environment makes one with that technical name; people call it the same in capitals.
func (in *Installation) Environment(s tepin.Subscription, name string, kind tepin.EnvironmentType) tepin.Environment {
	in.t.Helper()
	e, err := in.Credential.CreateEnvironment(in.t.Context(), tepin.System, tepin.Environment{
		SubscriptionID: s.ID, Name: strings.ToUpper(name), TechnicalName: name, Type: kind,
	})
	in.check(err)
	return e
}

// Integration makes one and returns it with its secret.
func (in *Installation) Integration(env tepin.Environment, scopes ...tepin.Scope) (tepin.Integration, string) {
	in.t.Helper()
	i, secret, err := in.Credential.CreateIntegration(context.Background(), tepin.System, tepin.Integration{
		EnvironmentID: env.ID, Name: tepin.RandomBase62(10), Scopes: tepin.MustScopes(scopes...),
	})
	in.check(err)
	return i, secret
}

// Token signs a client in and returns its token with all that it may.
func (in *Installation) Token(id tepin.ClientID, secret string) (string, error) {
	ctx := context.Background()
	client, err := in.Access.Authenticate(ctx, id, secret, Home)
	if err != nil {
		return "", err
	}
	audience, err := grant.NewAudience(in.publicURL)
	if err != nil {
		return "", err
	}
	issued, err := in.Grants.Current(ctx, grant.Request{Client: client, Scopes: client.Integration.Scopes, Audience: audience})
	return issued.Token, err
}

// NewToken returns the token of a new integration.
func (in *Installation) NewToken(env tepin.Environment, scopes ...tepin.Scope) string {
	in.t.Helper()
	i, secret := in.Integration(env, scopes...)
	raw, err := in.Token(i.ClientID, secret)
	in.check(err)
	return raw
}

// PageToken returns the token of a new integration, bound to a page as if it had been
// exchanged.
func (in *Installation) PageToken(env tepin.Environment, page string, scopes ...tepin.Scope) string {
	in.t.Helper()
	ctx := context.Background()
	i, secret := in.Integration(env, scopes...)
	_, err := in.Credential.UpdateIntegration(ctx, tepin.System, env.ID, i.ID, tepin.IntegrationUpdate{Origins: &tepin.Origins{page}})
	in.check(err)
	client, err := in.Access.Authenticate(ctx, i.ClientID, secret, Home)
	in.check(err)
	audience, err := grant.NewAudience(in.publicURL)
	in.check(err)
	issued, err := in.Grants.Current(ctx, grant.Request{Client: client, Scopes: client.Integration.Scopes, Audience: audience,
		Special: grant.Special{Act: string(i.ClientID), Parent: tepin.NewID[string](), Origin: page}})
	in.check(err)
	return issued.Token
}
