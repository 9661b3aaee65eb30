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
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/limit"
	"github.com/tepin/tepin/oauth"
	"github.com/tepin/tepin/outbound"
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
	*accesstest.Installation
	t      testing.TB
	dir    string // with the database
	skip   atomic.Int64
	frozen atomic.Pointer[time.Time]
	log    logged
	env    tepin.Environment
	mux    *http.ServeMux
	routes []web.Route
	server *httptest.Server
	sets   *oauth.KeySets
}

func newRig(t testing.TB) *rig {
	t.Helper()
	return rigWithin(t, plenty, plenty)
}

// plenty is a rate that no test reaches.
var plenty = limit.Rate{Burst: 1 << 30, Interval: time.Nanosecond}

// rigWithin is a rig with limits for each integration and each address.
func rigWithin(t testing.TB, clients, places limit.Rate) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), mux: http.NewServeMux()}
	log := slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.sets = oauth.NewKeySets(outbound.New(outbound.Options{Allow: []outbound.Rule{must(outbound.ParseRule("127.0.0.1"))}, Roots: foreignRoots()}), log, r.now)
	r.Installation = accesstest.New(t, accesstest.Options{PublicURL: publicURL, Audiences: []string{alias}, Directory: r.dir, Log: log, Now: r.now, CheckTrust: r.sets.Check})
	r.env = r.Environment(r.Subscription("test"), "first", tepin.Production)
	r.routes = oauth.Handler{Access: r.Access, Credential: r.Credential, Grants: r.Grants, People: r.People, Issuer: publicURL + "/", PublicURL: publicURL, Audiences: []string{alias}, KeySets: r.sets, Now: r.now,
		Limits: oauth.Limits{Clients: limit.NewBuckets[tepin.IntegrationID](clients, 10_000), Places: limit.NewBuckets[tepin.Place](places, 10_000), Quota: r.Quota.Take}}.Routes()
	web.Guard{Directory: r.Access}.Mount(r.mux, r.routes)
	stack := web.Stack{Log: log, Now: r.now}
	r.server = httptest.NewServer(stack.Wrap(r.mux))
	t.Cleanup(r.server.Close)
	return r
}

// now is the real time and what the test has skipped, or when the clock was stopped.
func (r *rig) now() time.Time {
	if t := r.frozen.Load(); t != nil {
		return *t
	}
	return time.Now().Add(time.Duration(r.skip.Load()))
}

// freeze stops the clock: what the directory knows stays fresh without a poll.
func (r *rig) freeze() {
	now := r.now()
	r.frozen.Store(&now)
}

// quietly is the server's handler without a log.
func (r *rig) quietly() http.Handler {
	return (&web.Stack{Log: slog.New(slog.DiscardHandler), Now: r.now}).Wrap(r.mux)
}

func (r *rig) advance(d time.Duration) {
	r.skip.Add(int64(d))
	if err := r.Access.Refresh(context.Background()); err != nil {
		r.t.Fatal(err)
	}
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
