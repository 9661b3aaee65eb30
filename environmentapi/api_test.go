package environmentapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/blob/disk"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/environmentapi"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/render/text"
	"github.com/tepin/tepin/sandbox"
	"github.com/tepin/tepin/script"
	"github.com/tepin/tepin/web"
)

func TestMain(m *testing.M) {
	children := output.Children()
	maps.Copy(children, preview.Children())
	maps.Copy(children, asset.Children(asset.Probes{
		Font: func(data []byte) (asset.FontInfo, error) {
			i, err := text.Probe(data)
			return asset.FontInfo{Family: i.Family, Style: i.Style, Weight: i.Weight, Italic: i.Italic, Embedding: i.Embedding}, err
		},
	}))
	maps.Copy(children, script.Children())
	sandbox.Main(children)
	os.Exit(m.Run())
}

const publicURL = accesstest.PublicURL

// server is the real API over a real database and a real disk, with a clock that the
// test moves.
type server struct {
	*accesstest.Installation
	t         *testing.T
	asset     *asset.Service
	output    *output.Service
	preview   *preview.Service
	connector *connector.Proxy
	runner    *connector.Runner
	api       *environmentapi.API
	http      *httptest.Server
	blobs     string // directory
	ahead     time.Duration
	env       tepin.Environment // sandbox "demo"
	other     tepin.Environment // production "other"
	all       string            // token of an integration of env with every scope
}

func (s *server) now() time.Time { return time.Now().Add(s.ahead) }

func newServer(t *testing.T) *server {
	t.Helper()
	ctx := t.Context()
	s := &server{Installation: accesstest.New(t, accesstest.Options{}), t: t, blobs: t.TempDir()}
	blobs, err := disk.Open(s.blobs)
	check(t, err)
	s.asset = &asset.Service{Store: s.Store, Blob: blobs, Now: s.now}
	s.output = &output.Service{Store: s.Store, Asset: s.asset, Now: s.now}
	s.preview = preview.New(preview.Options{Store: s.Store, Asset: s.asset, Output: s.output, Now: s.now, Log: slog.New(slog.DiscardHandler)})

	sub := s.Subscription("Ours")
	s.env, s.other = s.Environment(sub, "demo", tepin.Sandbox), s.Environment(sub, "other", tepin.Production)
	s.connector = newConnectors(t, s)
	polling, stop := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() { stopped <- s.Access.Run(polling) }()
	t.Cleanup(func() { stop(); <-stopped })
	pages := web.PageTokens{Key: bytes.Repeat([]byte{7}, 32), Now: s.now}
	pool := script.NewPool(script.Options{Workers: 2, Computing: 2 * time.Second})
	t.Cleanup(pool.Close)
	s.runner = &connector.Runner{Store: s.Store, Proxy: s.connector, Pool: pool, Own: environmentapi.Own(s.asset, s.preview, pages),
		Log: slog.New(slog.DiscardHandler), Version: tepin.SDKVersion}
	s.output.Connectors = environmentapi.OutputConnectors(s.runner)
	s.api = environmentapi.New(environmentapi.Options{
		Guard: web.Guard{Directory: s.Access, Quota: s.Quota.Take}, Store: s.Store, Asset: s.asset, Output: s.output, Preview: s.preview,
		Pages: pages, Version: "test", Now: s.now,
		Connector: s.connector, Runner: s.runner, Session: s.session,
	})
	stack := web.Stack{Log: slog.New(slog.DiscardHandler), PublicURL: publicURL, AllowedHosts: []string{"127.0.0.1"}}
	s.http = httptest.NewServer(stack.Wrap(s.api))
	t.Cleanup(s.http.Close)
	s.all = s.NewToken(s.env, tepin.AllScopes...)
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reply is an answer, read whole.
type reply struct {
	*http.Response
	body []byte
}

// call is one request of a test.
type call struct {
	token  string // empty = that of the integration with every scope; "-" = none
	header map[string]string
	body   any // string, []byte, io.Reader, or anything to be JSON
}

// do sends a request. A path that begins with /templates or the like lies below the
// environment demo.
func (s *server) do(method, path string, c call) reply {
	s.t.Helper()
	r, err := s.try(method, path, c)
	check(s.t, err)
	return r
}

func (s *server) try(method, path string, c call) (reply, error) {
	var body io.Reader
	json_ := false
	switch b := c.body.(type) {
	case nil:
	case string:
		body, json_ = strings.NewReader(b), true
	case []byte:
		body, json_ = bytes.NewReader(b), true
	case io.Reader:
		body = b
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return reply{}, err
		}
		body, json_ = bytes.NewReader(raw), true
	}
	if !strings.HasPrefix(path, "/grafx") && !strings.HasPrefix(path, "http") {
		path = "/grafx/api/v1/environment/demo" + path
	}
	path = s.http.URL + strings.TrimPrefix(path, publicURL)
	req, err := http.NewRequestWithContext(context.Background(), method, path, body)
	if err != nil {
		return reply{}, err
	}
	if json_ {
		req.Header.Set("Content-Type", "application/json")
	}
	switch c.token {
	case "":
		req.Header.Set("Authorization", "Bearer "+s.all)
	case "-":
	default:
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	res, err := s.http.Client().Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return reply{res, raw}, err
}

// want fails the test unless the answer has the status, and reads its JSON into into,
// if that is not nil.
func (r reply) want(t *testing.T, status int, into any) reply {
	t.Helper()
	if r.StatusCode != status {
		t.Fatalf("%s %s: %d, not %d: %s", r.Request.Method, r.Request.URL, r.StatusCode, status, r.body)
	}
	if into != nil {
		if err := json.Unmarshal(r.body, into); err != nil {
			t.Fatalf("%s %s: %v: %s", r.Request.Method, r.Request.URL, err, r.body)
		}
	}
	return r
}

// says fails the test unless the answer is a problem of the status whose detail holds
// every word.
func (r reply) says(t *testing.T, status int, words ...string) reply {
	t.Helper()
	var p web.Problem
	r.want(t, status, &p)
	if p.Status != status || p.Title == "" || p.Type == "" || r.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s: not a problem body: %s", r.Request.Method, r.Request.URL, r.body)
	}
	for _, w := range words {
		if !strings.Contains(p.Detail, w) {
			t.Errorf("%s %s: detail %q does not say %q", r.Request.Method, r.Request.URL, p.Detail, w)
		}
	}
	return r
}

// tenant fails the test unless the answer left as bytes of a tenant do (S14).
func (r reply) tenant(t *testing.T) reply {
	t.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
		"Cache-Control": "private, no-cache", "Vary": "Authorization, Origin",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %s is %q, not %q", r.Request.URL, name, got, want)
		}
	}
	kind := r.Header.Get("Content-Type")
	disposition := r.Header.Get("Content-Disposition")
	if strings.HasPrefix(kind, "text/") || strings.Contains(kind, "svg") || !strings.HasPrefix(disposition, "attachment") && !strings.HasPrefix(kind, "image/") {
		t.Errorf("%s: %s, %s", r.Request.URL, kind, disposition)
	}
	return r
}

// files counts the files that lie in the blob directory.
func (s *server) files() int {
	s.t.Helper()
	n := 0
	check(s.t, filepath.WalkDir(s.blobs, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	}))
	return n
}

func unmarshal(t *testing.T, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%v: %.300s", err, raw)
	}
}
