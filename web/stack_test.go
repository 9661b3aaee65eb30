package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
)

// record is one log event.
type record map[string]any

// serve sends r through the stack to h and returns the answer and what was logged.
func serve(t *testing.T, s Stack, h http.Handler, r *http.Request) (*httptest.ResponseRecorder, []record) {
	t.Helper()
	var log bytes.Buffer
	s.Log = slog.New(slog.NewJSONHandler(&log, nil))
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				t.Fatalf("panic left the stack: %v", p)
			}
		}()
		s.Wrap(h).ServeHTTP(w, r)
	}()
	var events []record
	for line := range strings.Lines(log.String()) {
		var e record
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	if len(events) != 1 {
		t.Errorf("%d log events for one request: %s", len(events), log.String())
	}
	return w, events
}

// request is a request as a server sees it.
func request(method, target string, body io.Reader) *http.Request {
	r := httptest.NewRequest(method, target, body)
	r.Host = "localhost:8080"
	r.RemoteAddr = "192.0.2.7:4711"
	return r
}

func problemOf(t *testing.T, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("not a problem: %s", w.Body)
	}
	if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type %q", ct)
	}
	if p.Status != w.Code {
		t.Errorf("status %d in the body of a %d", p.Status, w.Code)
	}
	return p
}

func TestOneEventForEachRequest(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("GET /things/{id}", Handler(func(w http.ResponseWriter, r *http.Request) error {
		SetActor(r, tepin.Actor{Kind: tepin.ActorIntegration, ID: "abc"})
		_, err := io.WriteString(w, "12345")
		return err
	}))
	r := request("GET", "/things/s3cret-in-path?limit=10&search=s3cret&nextPageToken=s3cret&sortBy=s3cret_value&client_secret=s3cret&folder=", nil)
	r.Header.Set("Authorization", "Bearer s3cret")
	w, events := serve(t, Stack{}, mux, r)
	e := events[0]
	for key, want := range map[string]any{
		"route": "GET /things/{id}", "status": 200.0, "bytes": 5.0, "method": "GET", "actor": "integration:abc",
		"client": "192.0.2.7", "query": "limit=10&sortBy&nextPageToken&search&folder", "msg": "request",
	} {
		if e[key] != want {
			t.Errorf("%s = %v, want %v", key, e[key], want)
		}
	}
	if e["id"] != w.Header().Get("X-Request-Id") || e["id"] == "" {
		t.Errorf("id %v, header %q", e["id"], w.Header().Get("X-Request-Id"))
	}
	if raw, _ := json.Marshal(e); strings.Contains(string(raw), "s3cret") {
		t.Errorf("a secret reached the log: %s", raw)
	}
}

func TestRecover(t *testing.T) {
	w, events := serve(t, Stack{}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret insides") }), request("GET", "/", nil))
	p := problemOf(t, w)
	if w.Code != 500 || strings.Contains(w.Body.String(), "insides") || p.TraceID != events[0]["id"] {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if events[0]["error"] != "panic: secret insides" || events[0]["level"] != "ERROR" || events[0]["stack"] == nil {
		t.Errorf("event %v", events[0])
	}
}

// Alerts look for what is the server's fault: a failed task, which the wire's contract
// answers with 500, is none. Each event names the environment that it was about.
func TestLevelAndEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		level  string
		status int
	}{
		"ours":       {errors.New("disk torn out"), "ERROR", 500},
		"task":       {&Problem{Type: "OutputFailed", Title: "The output could not be made", Status: 500}, "WARN", 500},
		"theirs":     {tepin.Errorf(tepin.Invalid, "no"), "INFO", 400},
		"overloaded": {tepin.Errorf(tepin.Unavailable, "later"), "ERROR", 503},
	} {
		t.Run(name, func(t *testing.T) {
			h := Handler(func(_ http.ResponseWriter, r *http.Request) error {
				exchangeOf(r.Context()).caller.Environment.ID = "e1"
				SetActor(r, tepin.Actor{Kind: tepin.ActorIntegration, ID: "i1", EnvironmentID: "e2"})
				return c.err
			})
			w, events := serve(t, Stack{}, h, request("GET", "/", nil))
			if w.Code != c.status || events[0]["level"] != c.level || events[0]["environment"] != "e1" {
				t.Errorf("%d, event %v", w.Code, events[0])
			}
		})
	}
	_, events := serve(t, Stack{}, Handler(func(_ http.ResponseWriter, r *http.Request) error {
		SetActor(r, tepin.Actor{Kind: tepin.ActorIntegration, ID: "i1", EnvironmentID: "e2"})
		return nil
	}), request("POST", "/oauth/token", nil))
	if events[0]["environment"] != "e2" {
		t.Errorf("a token request: %v", events[0])
	}
}

// A handler that fails when half of its answer is out must not look successful.
// Clients that hang up raise no alarm; what fails by itself does, also when it is called so.
func TestHungUp(t *testing.T) {
	for name, c := range map[string]struct {
		hungUp bool
		err    error
		level  string
	}{
		"hung up":          {true, fmt.Errorf("wait: %w", context.Canceled), "INFO"},
		"a fault, too":     {true, errors.New("broken"), "ERROR"},
		"our own canceled": {false, context.Canceled, "ERROR"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		h := Handler(func(http.ResponseWriter, *http.Request) error {
			if c.hungUp {
				cancel()
			}
			return c.err
		})
		_, events := serve(t, Stack{}, h, request("GET", "/", nil).WithContext(ctx))
		if events[0]["level"] != c.level {
			t.Errorf("%s: %v", name, events[0])
		}
		cancel()
	}
}

func TestFailureAfterTheAnswerBegan(t *testing.T) {
	var log bytes.Buffer
	s := Stack{Log: slog.New(slog.NewTextHandler(&log, nil))}
	server := httptest.NewServer(s.Wrap(Handler(func(w http.ResponseWriter, r *http.Request) error {
		w.Write([]byte("half"))
		if err := http.NewResponseController(w).Flush(); err != nil {
			return err
		}
		return errors.New("disk torn out")
	})))
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("the answer looks whole: %q", got)
	}
	server.Close()
	if !strings.Contains(log.String(), "disk torn out") {
		t.Errorf("not logged: %s", log.String())
	}
}

func TestHost(t *testing.T) {
	for _, c := range []struct {
		name, public string
		allowed      []string
		host, path   string
		want         int
	}{
		{"loopback without a public URL", "", nil, "127.0.0.1:8080", "/", 200},
		{"localhost", "", nil, "LocalHost", "/", 200},
		{"IPv6 loopback", "", nil, "[::1]:8080", "/", 200},
		{"foreign name without a public URL", "", nil, "evil.example", "/", 421},
		{"rebinding to loopback", "", nil, "127.0.0.1.evil.example", "/", 421},
		{"public name", "https://tepin.example/", nil, "tepin.example", "/", 200},
		{"public name in another case with a port", "https://tepin.example", nil, "Tepin.Example:443", "/", 200},
		{"public name with a dot", "https://tepin.example", nil, "tepin.example.", "/", 200},
		{"loopback beside a public name", "https://tepin.example", nil, "localhost", "/", 421},
		{"loopback names are one", "http://127.0.0.1:8080", nil, "localhost:8080", "/", 200},
		{"allowed beside", "https://tepin.example", []string{"inside.example"}, "inside.example:8080", "/", 200},
		{"health by address", "https://tepin.example", nil, "10.1.2.3", "/healthz", 200},
		{"no host", "", nil, "", "/", 421},
		{"a port that is more", "", nil, "127.0.0.1:80,evil.example", "/", 421},
		{"a port that is none", "", nil, "localhost:x", "/", 421},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request("GET", c.path, nil)
			r.Host = c.host
			w, _ := serve(t, Stack{PublicURL: c.public, AllowedHosts: c.allowed}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), r)
			if w.Code != c.want {
				t.Errorf("%d, want %d: %s", w.Code, c.want, w.Body)
			}
		})
	}
}

func TestSlashes(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /a/{x}/b", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "x="+r.PathValue("x")) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "root") })
	for _, c := range []struct {
		path, body string
		code       int
	}{
		{"/a/1/b", "x=1", 200},
		{"//a///1//b", "x=1", 200},
		{"/a/1%2F2/b", "x=1/2", 200},
		{"//a/%2f1/b", "x=/1", 200},
		{"/a/%E2%82%AC//b", "x=€", 200},
		{"/a/1/b/", "x=1", 200},
		{"/a//1/b//", "x=1", 200},
		{"/a/1%2F/b/", "x=1/", 200},
		{"/a/1/b%2F", "", 404},
		{"/", "root", 200},
		{"//", "root", 200},
		{"/a/../a/1/b", "", 404},
		{"/a/%2e%2e/b", "", 404},
		{"/a/./1/b", "", 404},
	} {
		t.Run(c.path, func(t *testing.T) {
			r := request("GET", "/", nil)
			u, err := url.Parse("http://localhost" + c.path)
			if err != nil {
				t.Fatal(err)
			}
			r.URL = u
			w, _ := serve(t, Stack{}, mux, r)
			if w.Code != c.code || c.body != "" && w.Body.String() != c.body || w.Header().Get("Location") != "" {
				t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
			}
		})
	}
}

func TestForwarded(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer string
		header     http.Header
		addr, base string
	}{
		{"no proxy", "192.0.2.7:1", nil, "192.0.2.7", "http://localhost:8080"},
		{"headers of a stranger", "192.0.2.7:1", http.Header{"X-Forwarded-For": {"1.2.3.4"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil.example"}}, "192.0.2.7", "http://localhost:8080"},
		{"one proxy", "10.0.0.1:1", http.Header{"X-Forwarded-For": {"1.2.3.4"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"localhost"}}, "1.2.3.4", "https://localhost"},
		{"spoofed on the left", "10.0.0.1:1", http.Header{"X-Forwarded-For": {"6.6.6.6, 1.2.3.4"}, "X-Forwarded-Host": {"evil.example, localhost"}}, "1.2.3.4", "http://localhost"},
		{"two proxies, two lines", "10.0.0.1:1", http.Header{"X-Forwarded-For": {"1.2.3.4", "10.0.0.2"}, "X-Forwarded-Proto": {"https, http"}}, "1.2.3.4", "https://localhost:8080"},
		{"two proxies, one protocol", "10.0.0.1:1", http.Header{"X-Forwarded-For": {"1.2.3.4, 10.0.0.2"}, "X-Forwarded-Proto": {"https"}}, "1.2.3.4", "https://localhost:8080"},
		{"nonsense", "10.0.0.1:1", http.Header{"X-Forwarded-For": {"1.2.3.4, unknown"}, "X-Forwarded-Proto": {"gopher"}, "X-Forwarded-Host": {"a/b@c"}}, "10.0.0.1", "http://localhost:8080"},
		{"IPv6, mapped", "[::ffff:10.0.0.1]:1", http.Header{"X-Forwarded-For": {"2001:db8::1"}}, "2001:db8::1", "http://localhost:8080"},
		{"with the port, as Azure's gateway has it", "10.0.0.1:1", http.Header{"X-Forwarded-For": {"6.6.6.6, 1.2.3.4:5678"}}, "1.2.3.4", "http://localhost:8080"},
		{"IPv6, with the port", "10.0.0.1:1", http.Header{"X-Forwarded-For": {"[2001:db8::1]:5678"}}, "2001:db8::1", "http://localhost:8080"},
		{"only proxies", "10.0.0.1:1", http.Header{"X-Forwarded-For": {"10.0.0.3, 10.0.0.2"}}, "10.0.0.3", "http://localhost:8080"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request("GET", "/", nil)
			r.RemoteAddr = c.peer
			for k, v := range c.header {
				r.Header[k] = v
			}
			r.Header.Set("Forwarded", "for=6.6.6.6;proto=https")
			r.Header.Set("X-Forwarded-Client-Cert", "By=me")
			w, _ := serve(t, Stack{TrustedProxies: proxies}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for name := range r.Header {
					if strings.HasPrefix(name, "X-Forwarded") || name == "Forwarded" {
						t.Errorf("%s got through", name)
					}
				}
				io.WriteString(w, ClientAddr(r).String()+" "+BaseURL(r))
			}), r)
			if got, want := w.Body.String(), c.addr+" "+c.base; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestBaseURLIsThePublicOne(t *testing.T) {
	w, _ := serve(t, Stack{PublicURL: "https://tepin.example:8443/", AllowedHosts: []string{"localhost"}}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, BaseURL(r))
	}), request("GET", "/", nil))
	if w.Body.String() != "https://tepin.example:8443" {
		t.Errorf("got %s", w.Body)
	}
}

func TestCORS(t *testing.T) {
	reached := false
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })
	preflight := request("OPTIONS", "/grafx/api/v1/environment/x/templates", nil)
	preflight.Header.Set("Origin", "https://shop.example")
	preflight.Header.Set("Access-Control-Request-Method", "PUT")
	preflight.Header.Set("Access-Control-Request-Headers", "authorization, X-GraFx-Proxy-Anything, x-csrf-token, x-grafx-proxy-\"bad")
	w, _ := serve(t, Stack{}, h, preflight)
	allowed := strings.ToLower(w.Header().Get("Access-Control-Allow-Headers"))
	for _, name := range []string{"authorization", "content-type", "if-none-match", "if-match", "auth0-client", "dpop", "x-grafx-proxy-exclude-headers", "x-grafx-proxy-anything"} {
		if !strings.Contains(allowed, name) {
			t.Errorf("%s is not allowed in %s", name, allowed)
		}
	}
	if reached || w.Code != 204 || strings.Contains(allowed, "csrf") || strings.Contains(allowed, "bad") || w.Header().Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("reached %v, %d, %v", reached, w.Code, w.Header())
	}

	// A connector's script in a page gives its calls any headers; other routes take none.
	asked := "x-api-version, api_key, x-csrf-token, bad\"name, a b, " + strings.Repeat("x", 65)
	for path, proxy := range map[string]bool{
		"/grafx/api/v1/environment/x/connectors/y/proxy":           true,
		"/grafx/api/experimental/environment/x/connectors/y/proxy": true,
		"/grafx/api/v1/environment/x/connectors/proxy":             false,
		"/grafx/api/v1/environment/x/connectors/y/stage":           false,
		"/api/v1/x/connectors/y/proxy":                             false,
		"/connectors/y/proxy":                                      false,
	} {
		preflight := request("OPTIONS", path, nil)
		preflight.Header.Set("Origin", "https://shop.example")
		preflight.Header.Set("Access-Control-Request-Method", "POST")
		preflight.Header.Add("Access-Control-Request-Headers", asked)
		preflight.Header.Add("Access-Control-Request-Headers", "accept-language")
		w, _ := serve(t, Stack{}, h, preflight)
		allowed := w.Header().Get("Access-Control-Allow-Headers")
		if strings.HasSuffix(allowed, ", x-api-version, api_key, x-csrf-token, accept-language") != proxy || strings.Contains(allowed, "api_key") != proxy || strings.Contains(allowed, "bad") || strings.Contains(allowed, "xxx") {
			t.Errorf("%s allows %s", path, allowed)
		}
	}
	many := request("OPTIONS", "/grafx/api/v1/environment/x/connectors/y/proxy", nil)
	many.Header.Set("Access-Control-Request-Method", "GET")
	many.Header.Set("Access-Control-Request-Headers", strings.Repeat("x-name,", 2000))
	if w, _ := serve(t, Stack{}, h, many); len(w.Header().Get("Access-Control-Allow-Headers")) > len(corsHeaders)+maxAskedHeaders || w.Header().Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%d bytes of headers are allowed", len(w.Header().Get("Access-Control-Allow-Headers")))
	}

	get := request("GET", "/api/v1/environments", nil)
	get.Header.Set("Origin", "https://shop.example")
	w, _ = serve(t, Stack{}, h, get)
	exposed := w.Header().Get("Access-Control-Expose-Headers")
	for _, name := range []string{"ETag", "Content-Disposition", "X-GRAFX-UNAUTHORIZED", "Location", "Retry-After", "WWW-Authenticate", "DPoP-Nonce"} {
		if !strings.Contains(exposed, name) {
			t.Errorf("%s is not exposed in %s", name, exposed)
		}
	}
	if w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Cache-Control") != "private, no-cache" || w.Header().Get("Vary") != "Authorization, Origin" {
		t.Errorf("headers %v", w.Header())
	}

	page := request("GET", "/environments", nil)
	page.Header.Set("Origin", "https://shop.example")
	if w, _ = serve(t, Stack{}, h, page); w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("the console sends CORS headers")
	}
}

func TestBodyLimit(t *testing.T) {
	read := Handler(func(_ http.ResponseWriter, r *http.Request) error {
		_, err := io.Copy(io.Discard, r.Body)
		return err
	})
	large := Handler(func(w http.ResponseWriter, r *http.Request) error {
		LimitBody(r, 100)
		return read(w, r)
	})
	for _, c := range []struct {
		name string
		h    http.Handler
		size int
		want int
	}{
		{"at the limit", read, 10, 200}, {"beyond", read, 11, 413},
		{"at a route's limit", large, 100, 200}, {"beyond a route's limit", large, 101, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request("POST", "/", strings.NewReader(strings.Repeat("x", c.size)))
			r.ContentLength = -1
			w, _ := serve(t, Stack{MaxBody: 10}, c.h, r)
			if w.Code != c.want {
				t.Errorf("%d, want %d: %s", w.Code, c.want, w.Body)
			}
		})
	}
}

// A peer that sends nothing is cut off; one that has sent all of it may wait for its
// answer as long as that takes.
func TestMeter(t *testing.T) {
	var set []time.Time
	m := meter{set: func(_ *http.ResponseController, d time.Time) error { set = append(set, d); return nil }}
	start := time.Now()
	m.before()
	m.count = 100 * MinRate
	m.before()
	m.before()
	m.done()
	if len(set) != 3 || set[0].Sub(start) < TransferGrace || set[1].Sub(set[0]) != 100*time.Second || !set[2].IsZero() {
		t.Errorf("deadlines %v after %v", set, start)
	}
}

// What goes wrong with the client's sending is told as that.
func TestBrokenBody(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{{timeout{}, 408}, {io.ErrUnexpectedEOF, 400}, {errors.New("connection reset"), 400}} {
		b := &body{ReadCloser: io.NopCloser(broken{c.err}), limit: 10}
		if _, err := io.ReadAll(b); Status(err) != c.want {
			t.Errorf("%v: %v", c.err, err)
		}
	}
}

// A body far beyond the limit is refused while it is still being sent, and the client
// gets to see why.
func TestHugeBody(t *testing.T) {
	s := Stack{Log: slog.New(slog.DiscardHandler)}
	server := httptest.NewServer(s.Wrap(Handler(func(_ http.ResponseWriter, r *http.Request) error {
		_, err := ReadJSON(r, MaxBody)
		return err
	})))
	defer server.Close()
	for name, length := range map[string]int64{"announced": 80 << 20, "not announced": -1} {
		req, err := http.NewRequest("POST", server.URL, io.LimitReader(zeros{}, 80<<20))
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// However a path is spelled, what routes it has no empty and no dot segment, and
// collapsing it again changes nothing.
func FuzzCollapse(f *testing.F) {
	for _, seed := range []string{"/", "//", "/a//b", "/%2F//%2f", "/a/../b", "/%2e./x", "/%", "", "/a%2f%2fb//"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI("/" + path)
		if err != nil {
			return
		}
		escaped := strings.Count(strings.ToUpper(u.EscapedPath()), "%2F")
		if collapse(u) != nil {
			return
		}
		once := u.EscapedPath()
		if strings.Contains(once, "//") || strings.Count(strings.ToUpper(once), "%2F") != escaped {
			t.Errorf("%q became %q", path, once)
		}
		if err := collapse(u); err != nil || u.EscapedPath() != once {
			t.Errorf("%q, then %q: %v", once, u.EscapedPath(), err)
		}
	})
}

// broken fails like a connection.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

type timeout struct{}

func (timeout) Error() string   { return "i/o timeout" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }
