package console_test

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/blob/disk"
	"github.com/tepin/tepin/console"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/job"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/render/text"
	"github.com/tepin/tepin/sandbox"
	"github.com/tepin/tepin/web"
)

const (
	email     = "ada@example.com"
	password  = "a sentence is good"
	suggested = "admin@example.com"
)

// TestMain does the work of children that read and draw pictures.
func TestMain(m *testing.M) {
	children := output.Children()
	maps.Copy(children, preview.Children())
	maps.Copy(children, asset.Children(asset.Probes{
		Font: func(data []byte) (asset.FontInfo, error) {
			i, err := text.Probe(data)
			return asset.FontInfo{Family: i.Family, Style: i.Style, Weight: i.Weight, Italic: i.Italic}, err
		},
	}))
	sandbox.Main(children)
	os.Exit(m.Run())
}

// rig is a console on a database of its own, behind the real stack and listener.
type rig struct {
	*accesstest.Installation
	t       testing.TB
	console *console.Console
	assets  *asset.Service
	server  *httptest.Server
	log     *buffer
	admin   tepin.Actor
	env     tepin.Environment
	skip    atomic.Int64 // by how far the test has set the clock ahead, in nanoseconds
}

// now is the real time and what the test has skipped.
func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.skip.Load())) }

func (r *rig) advance(d time.Duration) {
	r.t.Helper()
	r.skip.Add(int64(d))
	if err := r.Access.Refresh(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// newRig starts a console with one administrator and one sandbox environment.
func newRig(t testing.TB) *rig {
	t.Helper()
	r := emptyRig(t, "")
	u, err := r.Credential.CreateAdministrator(t.Context(), tepin.System, email, "Ada", password)
	if err != nil {
		t.Fatal(err)
	}
	r.admin = credential.ActorOf(u)
	r.env = r.environment("Demo", "demo", tepin.Sandbox)
	return r
}

// emptyRig starts a console on an empty installation. publicURL may be empty.
func emptyRig(t testing.TB, publicURL string) *rig {
	t.Helper()
	r := &rig{t: t, log: &buffer{}}
	log := slog.New(slog.NewTextHandler(r.log, nil))
	r.Installation = accesstest.New(t, accesstest.Options{Log: log, Now: r.now})
	files, err := disk.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r.assets = &asset.Service{Store: r.Store, Blob: files, Now: r.now}
	outputs := &output.Service{Store: r.Store, Asset: r.assets}
	previews := preview.New(preview.Options{Store: r.Store, Asset: r.assets, Output: outputs, Now: r.now, Log: log})
	jobs := job.NewRunner(r.Store, log, 1)
	jobs.Handlers["preview"] = job.Handler{Do: previews.Run, Bury: previews.Bury}
	r.console = console.New(console.Options{Store: r.Store, Access: r.Access, Credential: r.Credential, People: r.People, Asset: r.assets, Output: outputs,
		Preview: previews, Pages: web.PageTokens{Key: make([]byte, 32), Now: r.now}, Suggested: suggested, Now: r.now})
	polling, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- r.Access.Run(polling) }()
	worked := make(chan struct{})
	go func() { jobs.Run(polling); close(worked) }()
	t.Cleanup(func() { stop(); <-stopped; <-worked })
	r.server = httptest.NewServer((&web.Stack{Log: log, PublicURL: publicURL}).Wrap(r.console))
	t.Cleanup(r.server.Close)
	return r
}

func (r *rig) environment(name, technical string, kind tepin.EnvironmentType) tepin.Environment {
	r.t.Helper()
	subscriptions, err := r.Store.Subscriptions(r.t.Context())
	if err == nil && len(subscriptions) == 0 {
		var s tepin.Subscription
		s, err = r.Store.CreateSubscription(r.t.Context(), tepin.System, tepin.Subscription{Name: "Main"})
		subscriptions = append(subscriptions, s)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	e, err := r.Credential.CreateEnvironment(r.t.Context(), tepin.System, tepin.Environment{
		SubscriptionID: subscriptions[0].ID, Name: name, TechnicalName: technical, Type: kind,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return e
}

func (r *rig) integration(name string, scopes ...tepin.Scope) (tepin.Integration, string) {
	r.t.Helper()
	in, secret, err := r.Credential.CreateIntegration(r.t.Context(), r.admin, tepin.Integration{
		EnvironmentID: r.env.ID, Name: name, Description: "What it does", Scopes: tepin.MustScopes(scopes...),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return in, secret
}

// task adds an output task, which failed when there is a reason.
func (r *rig) task(name string, f tepin.Format, reason string) {
	r.t.Helper()
	ctx := r.t.Context()
	key := string(r.env.ID) + "/" + tepin.NewID[string]()
	if err := r.Store.ReserveBlob(ctx, r.env.ID, key); err != nil {
		r.t.Fatal(err)
	}
	made, err := r.Store.CreateTask(ctx, r.admin, tepin.Task{EnvironmentID: r.env.ID, Format: f, Name: name, Source: "project", Request: tepin.BlobRef{Key: key, Size: 2}})
	if err == nil && reason != "" {
		var j tepin.Job
		for string(made.ID) != j.Payload && err == nil {
			j, err = r.Store.ClaimJob(ctx, []string{"output"}, time.Minute)
		}
		if err == nil {
			err = r.Store.FailTask(ctx, r.env.ID, j.ID, made.ID, "MissingFont", reason, "")
		}
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// find returns the integration of that name.
func (r *rig) find(name string) tepin.Integration {
	r.t.Helper()
	list, err := r.Store.Integrations(r.t.Context(), r.env.ID, tepin.List{})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, in := range list.Items {
		if in.Name == name {
			return in
		}
	}
	r.t.Fatalf("there is no integration %q", name)
	return tepin.Integration{}
}

// browser keeps cookies as a browser does: also Secure ones, on loopback, which Go's
// own cookie jar would not send over HTTP.
type browser struct {
	t       testing.TB
	base    string
	cookies map[string]*http.Cookie
	header  http.Header // sent with every request
}

func (r *rig) browser() *browser {
	return &browser{t: r.t, base: r.server.URL, cookies: map[string]*http.Cookie{}, header: http.Header{"Sec-Fetch-Site": {"same-origin"}}}
}

// signedIn returns a browser in which the administrator has signed in.
func (r *rig) signedIn() *browser {
	r.t.Helper()
	b := r.browser()
	b.get("/login")
	p := b.post("/login", url.Values{"email": {email}, "password": {password}})
	if p.status != http.StatusSeeOther {
		r.t.Fatalf("sign-in: status %d\n%s", p.status, p.body)
	}
	b.get("/")
	return b
}

// answer is what the server said.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *browser) get(path string) answer { return b.do(http.MethodGet, path, nil) }

// post sends a form with the token of the page that was shown last.
func (b *browser) post(path string, form url.Values) answer {
	if !form.Has("csrf") {
		form.Set("csrf", b.csrf())
	}
	return b.do(http.MethodPost, path, form)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func (b *browser) csrf() string {
	b.t.Helper()
	path := "/"
	if b.cookie("tepin") == nil {
		path = "/login"
	}
	m := csrfField.FindStringSubmatch(b.get(path).body)
	if m == nil {
		b.t.Fatalf("no token on %s", path)
	}
	return m[1]
}

func (b *browser) cookie(name string) *http.Cookie {
	if c := b.cookies["__Host-"+name]; c != nil {
		return c
	}
	return b.cookies[name]
}

func (b *browser) do(method, path string, form url.Values) answer {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, values := range b.header {
		req.Header[name] = values
	}
	if host := b.header.Get("Host"); host != "" {
		req.Host = host
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range b.cookies {
		req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return answer{status: res.StatusCode, header: res.Header, body: string(data)}
}

// buffer gathers the log.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
