package oauth_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// asker sends one request through the whole stack, again and again, without the network
// and without allocating anything itself.
type asker struct {
	handler http.Handler
	request *http.Request
	body    *strings.Reader
	answer  sink
}

func newAsker(h http.Handler, body string) *asker {
	a := &asker{handler: h, body: strings.NewReader(body), answer: sink{header: http.Header{}}}
	a.request = httptest.NewRequest("POST", "http://localhost/oauth/token", a.body)
	a.request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return a
}

// ask returns the status of the answer.
func (a *asker) ask() int {
	if _, err := a.body.Seek(0, io.SeekStart); err != nil {
		panic(err)
	}
	clear(a.answer.header)
	a.answer.status, a.answer.body = http.StatusOK, a.answer.body[:0]
	a.handler.ServeHTTP(&a.answer, a.request)
	return a.answer.status
}

// sink is a response that is kept, and a connection without deadlines.
type sink struct {
	header http.Header
	status int
	body   []byte
}

func (s *sink) Header() http.Header              { return s.header }
func (s *sink) WriteHeader(status int)           { s.status = status }
func (s *sink) Write(p []byte) (int, error)      { s.body = append(s.body, p...); return len(p), nil }
func (s *sink) SetReadDeadline(time.Time) error  { return nil }
func (s *sink) SetWriteDeadline(time.Time) error { return nil }

// repeats returns an asker for a token that has been made already, at a server whose
// clock stands still.
func (r *rig) repeats() *asker {
	r.t.Helper()
	in, secret := r.Integration(r.env, tepin.AllScopes...)
	r.freeze()
	a := newAsker(r.quietly(), credentialsForm(in, secret)+"&audience="+url.QueryEscape(alias))
	if status := a.ask(); status != http.StatusOK {
		r.t.Fatalf("the first request: %d", status)
	}
	return a
}

// withoutDatabase closes it: what is answered now is answered without SQL.
func (r *rig) withoutDatabase() {
	r.t.Helper()
	if err := r.Store.Close(); err != nil {
		r.t.Fatal(err)
	}
}

// constants returns an asker for an answer of the same size from the same stack.
func constants(size int) *asker {
	answer := make([]byte, size)
	mux := http.NewServeMux()
	web.Mount(mux, []web.Route{{Method: "POST", Path: "/oauth/token", Access: web.Access{Public: true}, Handler: func(w http.ResponseWriter, r *http.Request) error {
		_, err := w.Write(answer)
		return err
	}}})
	return newAsker((&web.Stack{Log: slog.New(slog.DiscardHandler)}).Wrap(mux), "grant_type=client_credentials")
}

func BenchmarkRepeatedToken(b *testing.B) {
	r := newRig(b)
	a := r.repeats()
	r.withoutDatabase()
	bench(b, a)
}

func BenchmarkConstant(b *testing.B) {
	bench(b, constants(1000))
}

func bench(b *testing.B, a *asker) {
	b.ReportAllocs()
	for b.Loop() {
		if status := a.ask(); status != http.StatusOK {
			b.Fatal(status)
		}
	}
}
