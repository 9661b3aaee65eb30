package outbound_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/outbound"
)

func hello(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-From", r.Host)
	_, _ = io.WriteString(w, "hello")
}

// What is not public is called only when the operator lists it.
func TestListed(t *testing.T) {
	url, port := serve(t, hello)
	resolver := newNames(t, map[string][]string{"keys.internal": {"127.0.0.1"}, "metadata.internal": {"169.254.169.254"}})
	for name, c := range map[string]struct {
		url   string
		allow []string
		says  string // empty: it is called
	}{
		"nothing listed":            {url, nil, "127.0.0.1 leads to a loopback address"},
		"name, nothing listed":      {"http://keys.internal:" + port, nil, "keys.internal leads to a loopback address"},
		"address listed":            {url, []string{"127.0.0.1"}, ""},
		"network listed":            {url, []string{"127.0.0.0/8"}, ""},
		"address and port listed":   {url, []string{"127.0.0.1:" + port}, ""},
		"another port listed":       {url, []string{"127.0.0.1:1"}, "loopback"},
		"another network listed":    {url, []string{"10.0.0.0/8", "::/0"}, "loopback"},
		"name listed":               {"http://keys.internal:" + port, []string{"keys.internal"}, ""},
		"name listed, any case":     {"http://KEYS.Internal.:" + port, []string{"Keys.INTERNAL."}, ""},
		"name and port listed":      {"http://keys.internal:" + port, []string{"keys.internal:" + port}, ""},
		"name on another port":      {"http://keys.internal:" + port, []string{"keys.internal:1"}, "loopback"},
		"another name listed":       {"http://keys.internal:" + port, []string{"internal", "eys.internal"}, "loopback"},
		"name listed, not the IP":   {url, []string{"keys.internal"}, "loopback"},
		"name's address listed":     {"http://keys.internal:" + port, []string{"127.0.0.1"}, ""},
		"a name opens no metadata":  {"http://metadata.internal", []string{"metadata.internal"}, "a cloud's metadata address"},
		"mapped form of an address": {"http://[::ffff:127.0.0.1]:" + port, nil, "loopback"},
		"mapped form, listed":       {"http://[::ffff:127.0.0.1]:" + port, []string{"127.0.0.1"}, ""},
		"unspecified":               {"http://0.0.0.0:" + port, []string{"127.0.0.0/8"}, "unspecified"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := get(t, outbound.Options{Allow: rules(t, c.allow...), Resolver: resolver}, outbound.Request{URL: c.url, AlsoHTTP: true})
			if c.says == "" {
				if err != nil || string(a.Body) != "hello" || a.Header.Get("X-From") == "" {
					t.Errorf("%q %v", a.Body, err)
				}
				return
			}
			want(t, err, tepin.Forbidden, c.says)
			want(t, err, tepin.Forbidden, "outbound_allow")
		})
	}
}

// The server's own ports are not called, whatever is listed.
func TestOwnListeners(t *testing.T) {
	url, port := serve(t, hello)
	for _, own := range []string{"127.0.0.1:", "0.0.0.0:", "[::]:", "[::ffff:127.0.0.1]:"} {
		o := outbound.Options{Allow: rules(t, "127.0.0.0/8", "0.0.0.0/8"), Own: []netip.AddrPort{netip.MustParseAddrPort(own + port)}}
		for _, u := range []string{url, "http://0.0.0.0:" + port} {
			_, err := get(t, o, outbound.Request{URL: u, AlsoHTTP: true})
			want(t, err, tepin.Forbidden, "this server itself")
		}
	}
	for _, own := range []string{"127.0.0.1:1", "127.0.0.2:" + port} {
		o := outbound.Options{Allow: rules(t, "127.0.0.0/8"), Own: []netip.AddrPort{netip.MustParseAddrPort(own)}}
		if _, err := get(t, o, outbound.Request{URL: url, AlsoHTTP: true}); err != nil {
			t.Error(own, err)
		}
	}
}

// A refusal shows nobody what a name of the inner network resolves to; the log has it.
func TestRefusalKeepsTheAddress(t *testing.T) {
	resolver := newNames(t, map[string][]string{"db.internal": {"10.20.30.40"}})
	_, err := get(t, outbound.Options{Resolver: resolver}, outbound.Request{URL: "https://db.internal/?token=geheim"})
	want(t, err, tepin.Forbidden, "db.internal leads to a private address")
	if e := err.(*tepin.Error); strings.Contains(e.Message, "10.20") || e.Cause == nil || !strings.Contains(e.Cause.Error(), "10.20.30.40:443") || strings.Contains(err.Error(), "geheim") {
		t.Errorf("%v, cause %v", e, e.Cause)
	}
}

// A name that leads elsewhere the second time is judged the second time.
func TestRebinding(t *testing.T) {
	_, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		hello(w, r)
	})
	c := outbound.New(outbound.Options{Allow: rules(t, "127.0.0.1"),
		Resolver: newNames(t, map[string][]string{"evil.example": {"127.0.0.1", "127.0.0.2"}})})
	request := outbound.Request{URL: "http://evil.example:" + port, AlsoHTTP: true}
	if _, err := c.Get(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	_, err := c.Get(t.Context(), request)
	want(t, err, tepin.Forbidden, "loopback")
}

func TestRedirects(t *testing.T) {
	var inner atomic.Int64
	_, innerPort := serve(t, func(w http.ResponseWriter, r *http.Request) { inner.Add(1); hello(w, r) })
	var to string // where the first host leads
	_, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			hello(w, r)
			return
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	})
	resolver := newNames(t, map[string][]string{"keys.example": {"127.0.0.1"}})
	for name, c := range map[string]struct {
		to   string
		kind tepin.Kind
		says string
	}{
		"same host":      {"/end", 0, ""},
		"in circles":     {"/", tepin.Unavailable, "keys.example:" + port + " redirects more than 3 times"},
		"to loopback":    {"http://127.0.0.1:" + innerPort, tepin.Forbidden, "loopback"},
		"to metadata":    {"http://169.254.169.254/latest", tepin.Forbidden, "metadata"},
		"another scheme": {"file:///etc/passwd", tepin.Forbidden, "redirects to a URL that is not called"},
		"credentials":    {"http://a:b@keys.example:" + port + "/end", tepin.Forbidden, "redirects to a URL"},
		"old address":    {"http://2130706433:" + innerPort, tepin.Forbidden, "redirects to a URL"},
		"broken":         {"http://%zz/", tepin.Unavailable, "did not answer"},
		"nowhere":        {"", tepin.Unavailable, "status 302"},
	} {
		t.Run(name, func(t *testing.T) {
			to = c.to
			_, err := get(t, outbound.Options{Allow: rules(t, "keys.example"), Resolver: resolver}, outbound.Request{URL: "http://keys.example:" + port, AlsoHTTP: true})
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			want(t, err, c.kind, c.says)
		})
	}
	if inner.Load() > 0 {
		t.Error("the inner host was called")
	}
}

// Three redirects are followed, the fourth is not.
func TestRedirectCount(t *testing.T) {
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var left int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &left); err != nil || left == 0 {
			hello(w, r)
			return
		}
		http.Redirect(w, r, fmt.Sprintf("/%d", left-1), http.StatusTemporaryRedirect)
	})
	o := outbound.Options{Allow: rules(t, "127.0.0.1")}
	if _, err := get(t, o, outbound.Request{URL: url + "/3", AlsoHTTP: true}); err != nil {
		t.Error(err)
	}
	_, err := get(t, o, outbound.Request{URL: url + "/4", AlsoHTTP: true})
	want(t, err, tepin.Unavailable, "more than 3 times")
}

// Credentials stay with the host that they were meant for, and with nobody once another
// has been asked.
func TestCredentialsAndRedirects(t *testing.T) {
	heard := map[string]http.Header{}
	var first, second string
	second, _ = serve(t, func(w http.ResponseWriter, r *http.Request) {
		heard["second"] = r.Header
		http.Redirect(w, r, first+"/back", http.StatusFound)
	})
	first, _ = serve(t, func(w http.ResponseWriter, r *http.Request) {
		heard[r.URL.Path] = r.Header
		switch r.URL.Path {
		case "/":
			http.Redirect(w, r, "/same?secret=1", http.StatusFound)
		case "/same":
			http.Redirect(w, r, second, http.StatusFound)
		default:
			hello(w, r)
		}
	})
	secret := http.Header{"Authorization": {"Bearer x"}, "Cookie": {"a=b"}, "Dpop": {"x"}, "X-Api-Key": {"x"}, "Accept": {"application/json"}}
	if _, err := get(t, outbound.Options{Allow: rules(t, "127.0.0.1")}, outbound.Request{URL: first, AlsoHTTP: true, Header: secret}); err != nil {
		t.Fatal(err)
	}
	for where, sent := range map[string]bool{"/": true, "/same": true, "second": false, "/back": false} {
		h := heard[where]
		for name := range secret {
			if got := h.Get(name) != ""; got != (sent || name == "Accept") {
				t.Errorf("%s hears %s: %v", where, name, got)
			}
		}
		if h.Get("Referer") != "" || h.Get("User-Agent") != "Tepin" {
			t.Errorf("%s hears Referer %q, User-Agent %q", where, h.Get("Referer"), h.Get("User-Agent"))
		}
	}
	if len(secret) != 5 || secret.Get("Authorization") == "" {
		t.Error("the caller's header was changed")
	}
}

func TestHTTPS(t *testing.T) {
	plain, plainPort := serve(t, hello)
	to := ""
	port, roots := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		if to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		hello(w, r)
	})
	resolver := newNames(t, map[string][]string{"example.com": {"127.0.0.1"}, "other.test": {"127.0.0.1"}})
	o := outbound.Options{Allow: rules(t, "127.0.0.1"), Resolver: resolver, Roots: roots}
	if a, err := get(t, o, outbound.Request{URL: "https://example.com:" + port}); err != nil || string(a.Body) != "hello" {
		t.Errorf("%q %v", a.Body, err)
	}
	_, err := get(t, o, outbound.Request{URL: plain})
	want(t, err, tepin.Invalid, "must begin with https://")
	_, err = get(t, o, outbound.Request{URL: "https://other.test:" + port})
	want(t, err, tepin.Unavailable, "certificate of the host other.test:"+port+" is not trusted")
	_, err = get(t, o, outbound.Request{URL: "https://example.com:" + plainPort})
	want(t, err, tepin.Unavailable, "cannot be reached")
	o.Roots = nil
	_, err = get(t, o, outbound.Request{URL: "https://example.com:" + port})
	want(t, err, tepin.Unavailable, "outbound_ca")
	o.Roots, to = roots, plain
	_, err = get(t, o, outbound.Request{URL: "https://example.com:" + port, AlsoHTTP: true})
	want(t, err, tepin.Forbidden, "redirects to a URL that is not called")
}

// Answers that are too long, too slow, inflate without end or are not there.
func TestHostileAnswers(t *testing.T) {
	const max = 10_000
	zip := func(n int) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	answer := func(encoding string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if encoding != "" {
				w.Header().Set("Content-Encoding", encoding)
			}
			_, _ = w.Write(body)
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		kind    tepin.Kind
		says    string
	}{
		"as long as may be":         {answer("", make([]byte, max)), 0, ""},
		"one byte too long":         {answer("", make([]byte, max+1)), tepin.Unprocessable, "more than 10000 bytes"},
		"inflates to what may be":   {answer("gzip", zip(max)), 0, ""},
		"inflates to a byte more":   {answer("GZIP", zip(max+1)), tepin.Unprocessable, "more than 10000 bytes"},
		"inflates to 100 MB":        {answer("gzip", zip(100<<20)), tepin.Unprocessable, "more than 10000 bytes"},
		"inflates to nothing, long": {answer("gzip", bytes.Repeat(zip(0), max)), tepin.Unprocessable, "more than 10000 bytes"},
		"broken gzip":               {answer("gzip", []byte("hello")), tepin.Unprocessable, "broken"},
		"gzip cut off":              {answer("gzip", zip(500)[:20]), tepin.Unprocessable, "broken"},
		"another encoding":          {answer("br", []byte("hello")), tepin.Unprocessable, "another encoding"},
		"two encodings":             {answer("gzip, gzip", zip(1)), tepin.Unprocessable, "another encoding"},
		"not found": {func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "canary", http.StatusNotFound)
		}, tepin.Unavailable, "status 404"},
		"header of 1 MB": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X", strings.Repeat("canary", 1<<20/6))
		}, tepin.Unavailable, "cannot be reached"},
		"closed": {func(w http.ResponseWriter, r *http.Request) {
			panic(http.ErrAbortHandler)
		}, tepin.Unavailable, "cannot be reached"},
		"no HTTP": {func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, strings.Repeat("canary ", 1000)+"\r\n\r\n")
				err = conn.Close()
			}
			if err != nil {
				t.Error(err)
			}
		}, tepin.Unavailable, "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := serve(t, c.handler)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := get(t, outbound.Options{Allow: rules(t, "127.0.0.1")}, outbound.Request{URL: url, AlsoHTTP: true, MaxBody: max})
			if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 8<<20 {
				t.Errorf("took %d bytes", after.TotalAlloc-before.TotalAlloc)
			}
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			want(t, err, c.kind, c.says)
			if len(err.Error()) > 700 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestSlowAnswers(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"no header": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"slow body": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "x")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		},
		"slow gzip": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte{0x1f, 0x8b, 8})
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := serve(t, h)
			began := time.Now()
			_, err := get(t, outbound.Options{Allow: rules(t, "127.0.0.1")}, outbound.Request{URL: url, AlsoHTTP: true, Timeout: 200 * time.Millisecond})
			want(t, err, tepin.Unavailable, "did not answer in time")
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// A caller who no longer waits ends the request.
func TestCancelled(t *testing.T) {
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := outbound.New(outbound.Options{Allow: rules(t, "127.0.0.1")}).Get(ctx, outbound.Request{URL: url, AlsoHTTP: true})
	want(t, err, tepin.Unavailable, "did not answer")
}

// Proxies of the environment see nothing: [TestMain] names one that does not answer.
func TestProxyVariables(t *testing.T) {
	_, port := serve(t, hello)
	u := "http://keys.example:" + port
	req, err := http.NewRequest(http.MethodGet, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	if proxy, err := http.ProxyFromEnvironment(req); err != nil || proxy == nil {
		t.Fatalf("the environment names no proxy: %v %v", proxy, err)
	}
	o := outbound.Options{Allow: rules(t, "127.0.0.1"), Resolver: newNames(t, map[string][]string{"keys.example": {"127.0.0.1"}})}
	if _, err := get(t, o, outbound.Request{URL: u, AlsoHTTP: true}); err != nil {
		t.Error(err)
	}
}

func TestUnreachable(t *testing.T) {
	_, err := get(t, outbound.Options{Allow: rules(t, "127.0.0.1")}, outbound.Request{URL: "https://127.0.0.1:1/?token=geheim"})
	want(t, err, tepin.Unavailable, "the host 127.0.0.1:1 cannot be reached")
	if strings.Contains(err.Error(), "geheim") {
		t.Error(err)
	}
	_, err = get(t, outbound.Options{Resolver: newNames(t, nil)}, outbound.Request{URL: "https://nobody.example"})
	want(t, err, tepin.Unavailable, "the host nobody.example cannot be reached")
}
