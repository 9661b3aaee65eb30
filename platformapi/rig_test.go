package platformapi

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/web"
)

const publicURL = "http://localhost:8080"

// rig is a whole instance with two environments of one subscription and one of
// another, an administrator who is signed in, and the API before it all.
type rig struct {
	t            *testing.T
	store        *store.Store
	access       *access.Directory
	credential   *credential.Service
	grants       *grant.Service
	api          *API
	handler      http.Handler
	subscription tepin.Subscription
	elsewhere    tepin.Subscription
	own, other   tepin.Environment
	cookie, csrf string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	ctx := t.Context()
	keys, err := credential.ReadKeys(t.TempDir(), func(string) string { return "" })
	must(t, err)
	db := storetest.Open(t, store.Options{URL: "sqlite:" + t.TempDir() + "/tepin.db", AuditKey: keys.Seal.Derive("audit chain", 32)})
	_, err = keys.Bind(ctx, db, publicURL+"/", time.Now())
	must(t, err)
	must(t, access.EnsureSigningKeys(ctx, db, func(private []byte, kid string) ([]byte, error) {
		return keys.Seal.Seal("signing key", []string{kid}, private)
	}, time.Now().Add(-time.Hour)))
	dir, err := access.New(ctx, access.Options{
		Store: db, Issuer: publicURL + "/", PublicURL: publicURL,
		MAC: keys.Pepper.MAC, PepperID: keys.Pepper.ID(), CheckForm: credential.CheckForm,
		OpenKey: func(sealed []byte, kid string) ([]byte, error) {
			return keys.Seal.Open("signing key", []string{kid}, sealed)
		},
	})
	must(t, err)
	r := &rig{t: t, store: db, access: dir, grants: &grant.Service{Store: db, Access: dir}}
	r.credential = credential.New(credential.Options{Store: db, Access: dir, Keys: keys, Log: slog.New(slog.DiscardHandler)})
	r.api = New(Options{Store: db, Access: dir, Credential: r.credential, Version: "1.2.3", Session: func(req *http.Request) (tepin.User, string, error) {
		c, err := req.Cookie("tepin")
		if err != nil {
			return tepin.User{}, "", tepin.Errorf(tepin.Unauthorized, "sign in")
		}
		return r.credential.Session(req.Context(), c.Value)
	}})
	r.handler = (&web.Stack{Log: slog.New(slog.DiscardHandler)}).Wrap(r.api)

	r.subscription, err = db.CreateSubscription(ctx, tepin.System, tepin.Subscription{Name: "First"})
	must(t, err)
	r.elsewhere, err = db.CreateSubscription(ctx, tepin.System, tepin.Subscription{Name: "Second"})
	must(t, err)
	r.own = r.environment(r.subscription, "own", tepin.Production)
	r.other = r.environment(r.elsewhere, "other", tepin.Sandbox)
	r.signIn()
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *rig) environment(s tepin.Subscription, name string, kind tepin.EnvironmentType) tepin.Environment {
	r.t.Helper()
	e, err := r.credential.CreateEnvironment(context.Background(), tepin.System,
		tepin.Environment{SubscriptionID: s.ID, Name: strings.ToUpper(name), TechnicalName: name, Type: kind})
	must(r.t, err)
	return e
}

// signIn makes an administrator and a session.
func (r *rig) signIn() {
	r.t.Helper()
	ctx := context.Background()
	const email, password = "ann@example.org", "correct horse battery staple"
	_, err := r.credential.CreateAdministrator(ctx, tepin.System, email, "Ann", password)
	must(r.t, err)
	in, err := r.credential.SignIn(ctx, credential.Attempt{Email: email, Password: password, From: netip.MustParseAddr("192.0.2.1")})
	must(r.t, err)
	_, r.csrf, err = r.credential.Session(ctx, in.Cookie)
	must(r.t, err)
	r.cookie = in.Cookie
}

// integration makes an integration and returns it with its secret.
func (r *rig) integration(env tepin.Environment, scopes ...tepin.Scope) (tepin.Integration, string) {
	r.t.Helper()
	i, secret, err := r.credential.CreateIntegration(context.Background(), tepin.System,
		tepin.Integration{EnvironmentID: env.ID, Name: tepin.RandomBase62(10), Scopes: tepin.MustScopes(scopes...)})
	must(r.t, err)
	return i, secret
}

// token signs in a client.
func (r *rig) token(id tepin.ClientID, secret string) (string, error) {
	ctx := context.Background()
	client, err := r.access.Authenticate(ctx, id, secret, netip.MustParseAddr("192.0.2.1"))
	if err != nil {
		return "", err
	}
	issued, err := r.grants.Current(ctx, grant.Request{Client: client, Scopes: client.Integration.Scopes, Audiences: []string{publicURL}})
	return issued.Token, err
}

// newToken returns the token of a fresh integration.
func (r *rig) newToken(env tepin.Environment, scopes ...tepin.Scope) string {
	r.t.Helper()
	i, secret := r.integration(env, scopes...)
	token, err := r.token(i.ClientID, secret)
	must(r.t, err)
	return token
}

// bearer calls with a token; the empty one sends none.
func (r *rig) bearer(token, method, path, body string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return r.send(req)
}

// admin calls as the signed-in administrator's page does.
func (r *rig) admin(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.AddCookie(&http.Cookie{Name: "tepin", Value: r.cookie})
	req.Header.Set("X-CSRF-Token", r.csrf)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return r.send(req)
}

func (r *rig) send(req *http.Request) *httptest.ResponseRecorder {
	req.Host = "localhost:8080"
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	return w
}

// read decodes an answer that must have the status.
func read[T any](t *testing.T, w *httptest.ResponseRecorder, status int) T {
	t.Helper()
	var v T
	if w.Code != status {
		t.Fatalf("%d, want %d: %s", w.Code, status, w.Body)
	}
	if err := json.NewDecoder(w.Body).Decode(&v); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return v
}
