package oauth_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/oauth"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/web"
)

const (
	publicURL = "https://tepin.example"
	alias     = "https://chiligrafx.com"
)

var admin = tepin.Actor{Kind: tepin.ActorUser, ID: "admin", Name: "Ada", Administrator: true}

// logged is what the server has logged.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// rig is a server with one environment, the whole stack included.
type rig struct {
	t      testing.TB
	dir    string // with the database
	skip   atomic.Int64
	log    logged
	store  *store.Store
	access *access.Directory
	creds  *credential.Service
	env    tepin.Environment
	server *httptest.Server
}

func newRig(t testing.TB) *rig {
	t.Helper()
	ctx := t.Context()
	r := &rig{t: t, dir: t.TempDir()}
	log := slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	keys := must(credential.ReadKeys(t.TempDir(), func(string) string { return "" }))
	r.store = must(store.Open(ctx, store.Options{URL: "sqlite:" + filepath.Join(r.dir, "tepin.db"), AuditKey: keys.Seal.Derive("audit chain", 32), Now: r.now}))
	t.Cleanup(func() { r.store.Close() })
	must(keys.Bind(ctx, r.store, publicURL+"/", r.now()))
	seal := func(private []byte, kid string) ([]byte, error) {
		return keys.Seal.Seal("signing key", []string{kid}, private)
	}
	if err := access.EnsureSigningKeys(ctx, r.store, seal, r.now()); err != nil {
		t.Fatal(err)
	}
	r.access = must(access.New(ctx, access.Options{Store: r.store, Issuer: publicURL + "/", PublicURL: publicURL, Log: log, Now: r.now,
		MAC: keys.Pepper.MAC, PepperID: keys.Pepper.ID(), CheckForm: credential.CheckForm,
		OpenKey: func(sealed []byte, kid string) ([]byte, error) {
			return keys.Seal.Open("signing key", []string{kid}, sealed)
		}}))
	r.creds = credential.New(credential.Options{Store: r.store, Access: r.access, Keys: keys, Log: log, Now: r.now})
	sub := must(r.store.CreateSubscription(ctx, admin, tepin.Subscription{Name: "test"}))
	r.env = must(r.creds.CreateEnvironment(ctx, admin, tepin.Environment{SubscriptionID: sub.ID, Name: "First", TechnicalName: "first", Type: tepin.Production}))
	mux := http.NewServeMux()
	web.Mount(mux, oauth.Handler{Access: r.access, Grants: &grant.Service{Store: r.store, Access: r.access, Now: r.now},
		Issuer: publicURL + "/", PublicURL: publicURL, Audiences: []string{alias}}.Routes())
	stack := web.Stack{Log: log, Now: r.now}
	r.server = httptest.NewServer(stack.Wrap(mux))
	t.Cleanup(r.server.Close)
	return r
}

// now is the real time and what the test has skipped.
func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.skip.Load())) }

func (r *rig) advance(d time.Duration) {
	r.skip.Add(int64(d))
	if err := r.access.Refresh(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) integration(name string, scopes ...tepin.Scope) (tepin.Integration, string) {
	r.t.Helper()
	in, secret, err := r.creds.CreateIntegration(r.t.Context(), admin, tepin.Integration{EnvironmentID: r.env.ID, Name: name, Scopes: tepin.MustScopes(scopes...)})
	if err != nil {
		r.t.Fatal(err)
	}
	return in, secret
}

// response is an answer, read.
type response struct {
	*http.Response
	body  string
	token string
	left  int
	scope string
	code  string // error
	why   string // error_description
}

func (r *rig) do(req *http.Request) response {
	r.t.Helper()
	res, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	out := response{Response: res, body: string(body)}
	var v struct {
		Token string `json:"access_token"`
		Left  int    `json:"expires_in"`
		Scope string `json:"scope"`
		Code  string `json:"error"`
		Why   string `json:"error_description"`
	}
	if json.Unmarshal(body, &v) == nil {
		out.token, out.left, out.scope, out.code, out.why = v.Token, v.Left, v.Scope, v.Code, v.Why
	}
	return out
}

// form posts a form to the token endpoint.
func (r *rig) form(body string) response {
	r.t.Helper()
	req := must(http.NewRequest("POST", r.server.URL+"/oauth/token", strings.NewReader(body)))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r.do(req)
}

func credentialsForm(in tepin.Integration, secret string) string {
	return "grant_type=client_credentials&client_id=" + string(in.ClientID) + "&client_secret=" + secret
}

func basic(id, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte(id + ":" + secret))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
