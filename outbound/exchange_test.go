package outbound_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/outbound"
)

// exchange makes one, and reads the body.
func exchange(t *testing.T, c *outbound.Client, e outbound.Exchange) (*outbound.Reply, string, error) {
	t.Helper()
	if e.Method == "" {
		e.Method = http.MethodGet
	}
	r, err := c.Do(t.Context(), e)
	if err != nil {
		return nil, "", err
	}
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	return r, string(raw), err
}

func TestExchange(t *testing.T) {
	u, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Asked", r.Method+" "+string(body)+" "+r.Header.Get("X-One")+" "+r.Header.Get("Accept-Encoding"))
		switch r.URL.Path {
		case "/zip":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write([]byte("inflated"))
			_ = z.Close()
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 10<<20))
			_ = z.Close()
		case "/long":
			_, _ = w.Write(make([]byte, 2<<20))
		case "/brotli":
			w.Header().Set("Content-Encoding", "br")
			_, _ = io.WriteString(w, "x")
		case "/cut":
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "x")
		case "/slow":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/404":
			w.WriteHeader(404)
		case "/304":
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(304)
		case "/away":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		default:
			_, _ = io.WriteString(w, "end")
		}
	})
	c := outbound.New(outbound.Options{Allow: rules(t, "127.0.0.1")})
	h := http.Header{"X-One": {"1"}}
	r, body, err := exchange(t, c, outbound.Exchange{Method: "PUT", URL: u + "/zip", Header: h, Body: strings.NewReader("in"), Size: 2})
	if err != nil || body != "inflated" || r.Header.Get("X-Asked") != "PUT in 1 gzip" || r.Header.Get("Content-Encoding") != "" || r.Size != -1 {
		t.Errorf("%v %q %v", r, body, err)
	}
	h.Set("Range", "bytes=0-1")
	if r, _, err = exchange(t, c, outbound.Exchange{URL: u + "/end", Header: h}); err != nil || r.Header.Get("X-Asked") != "GET  1 identity" {
		t.Errorf("%v %v", r, err)
	}
	for path, status := range map[string]int{"/404": 404, "/304": 304, "/zip": 200} {
		method := "GET"
		if path == "/zip" {
			method = "HEAD"
		}
		if r, body, err := exchange(t, c, outbound.Exchange{Method: method, URL: u + path}); err != nil || r.Status != status || body != "" {
			t.Errorf("%s: %v %q %v", path, r, body, err)
		}
	}
	// A body that can be sent again follows a redirect; one that cannot is answered with it.
	if r, body, err := exchange(t, c, outbound.Exchange{Method: "POST", URL: u + "/away", Body: bytes.NewReader([]byte("in")), Size: 2}); err != nil || body != "end" || !r.Redirected || r.URL != u+"/end" || r.Header.Get("X-Asked") != "POST in  gzip" {
		t.Errorf("%+v %q %v", r, body, err)
	}
	if r, _, err := exchange(t, c, outbound.Exchange{Method: "POST", URL: u + "/away", Body: io.MultiReader(strings.NewReader("in")), Size: 2}); err != nil || r.Status != 307 {
		t.Errorf("%+v %v", r, err)
	}
	if r, _, err := exchange(t, c, outbound.Exchange{URL: u + "/away", Manual: true}); err != nil || r.Status != 307 || r.Redirected {
		t.Errorf("%+v %v", r, err)
	}
	for path, kind := range map[string]tepin.Kind{"/bomb": tepin.Unprocessable, "/long": tepin.Unprocessable, "/brotli": tepin.Unprocessable, "/cut": tepin.Unprocessable} {
		_, body, err := exchange(t, c, outbound.Exchange{URL: u + path})
		want(t, err, kind, "127.0.0.1")
		if len(body) > 1<<20 {
			t.Errorf("%s: %d bytes came out", path, len(body))
		}
	}
	began := time.Now()
	_, _, err = exchange(t, c, outbound.Exchange{URL: u + "/slow", Timeout: 100 * time.Millisecond})
	want(t, err, tepin.Unavailable, "did not answer in time")
	if time.Since(began) > 5*time.Second {
		t.Error("it took too long")
	}
	_, _, err = exchange(t, c, outbound.Exchange{Method: "A B", URL: u})
	want(t, err, tepin.Invalid, "method")
}

// http:// reaches listed addresses alone; https:// public ones too. A name is judged each
// time that it is resolved, and each redirect is admitted anew.
// A status that no answer has is no answer: whoever passes it on would change protocols, or
// stumble.
func TestExchangeStatus(t *testing.T) {
	u, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 "+r.URL.Path[1:]+" Odd\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n")
	})
	c := outbound.New(outbound.Options{Allow: rules(t, "127.0.0.1")})
	for _, status := range []string{"000", "099", "101"} {
		_, _, err := exchange(t, c, outbound.Exchange{URL: u + "/" + status})
		want(t, err, tepin.Unprocessable, "no answer has")
	}
	for _, status := range []string{"200", "451", "599"} {
		if r, _, err := exchange(t, c, outbound.Exchange{URL: u + "/" + status}); err != nil || strconv.Itoa(r.Status) != status {
			t.Errorf("%s: %v %v", status, r, err)
		}
	}
}

func TestExchangeGuard(t *testing.T) {
	var to string
	u, port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		if to != "" {
			http.Redirect(w, r, to, http.StatusFound)
		}
	})
	tlsPort, roots := serveTLS(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
	resolver := newNames(t, map[string][]string{
		"evil.example": {"127.0.0.1", "127.0.0.2"}, "public.example": {"93.184.216.34"}, "example.com": {"127.0.0.1"}, "listed.example": {"127.0.0.1"},
	})
	c := outbound.New(outbound.Options{Allow: rules(t, "127.0.0.1"), Resolver: resolver, Roots: roots})
	do := func(u string) error { _, _, err := exchange(t, c, outbound.Exchange{URL: u}); return err }
	if err := do("http://evil.example:" + port); err != nil {
		t.Error(err)
	}
	want(t, do("http://evil.example:"+port), tepin.Forbidden, "loopback")
	want(t, do("http://public.example"), tepin.Forbidden, "only called by https://")
	to = "http://listed.example:" + port
	want(t, do("https://example.com:"+tlsPort), tepin.Forbidden, "redirects")
	for _, to = range []string{"http://public.example/", "http://127.0.0.2/", "http://[::ffff:127.0.0.2]/", "http://169.254.169.254/", "http://a:b@127.0.0.1:" + port, "file:///etc/passwd"} {
		if err := do(u); tepin.KindOf(err) != tepin.Forbidden {
			t.Errorf("%s: %v", to, err)
		}
	}
	to = "http://listed.example:" + port + "/next"
	refused := errors.New("not this one")
	_, _, err := exchange(t, c, outbound.Exchange{URL: u, Admit: func(u *url.URL) error {
		if u.Path == "/next" {
			return tepin.Errorf(tepin.Forbidden, "%v", refused)
		}
		return nil
	}})
	want(t, err, tepin.Forbidden, "not this one")
}
