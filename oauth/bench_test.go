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
	a.answer.status, a.answer.size = http.StatusOK, 0
	a.handler.ServeHTTP(&a.answer, a.request)
	return a.answer.status
}

// sink is a response that keeps its status and its size, and a connection without
// deadlines.
type sink struct {
	header http.Header
	status int
	size   int
}

func (s *sink) Header() http.Header                { return s.header }
func (s *sink) WriteHeader(status int)             { s.status = status }
func (s *sink) Write(p []byte) (int, error)        { s.size += len(p); return len(p), nil }
func (s *sink) SetReadDeadline(time.Time) error    { return nil }
func (s *sink) SetWriteDeadline(t time.Time) error { return nil }

// repeats returns an asker for a token that has been made already. The database is
// closed: what it answers, it answers without SQL.
func repeats(t testing.TB) *asker {
	t.Helper()
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.AllScopes...)
	a := newAsker(r.quietly(), credentialsForm(in, secret)+"&audience="+url.QueryEscape(alias))
	if status := a.ask(); status != http.StatusOK {
		t.Fatalf("the first request: %d", status)
	}
	if err := r.Store.Close(); err != nil {
		t.Fatal(err)
	}
	r.freeze()
	return a
}

// constants returns an asker for an answer of the same size from the same stack.
func constants(t testing.TB, size int) *asker {
	t.Helper()
	answer := make([]byte, size)
	mux := http.NewServeMux()
	web.Mount(mux, []web.Route{{Method: "POST", Path: "/oauth/token", Access: web.Access{Public: true}, Handler: func(w http.ResponseWriter, r *http.Request) error {
		_, err := w.Write(answer)
		return err
	}}})
	return newAsker((&web.Stack{Log: slog.New(slog.DiscardHandler)}).Wrap(mux), "grant_type=client_credentials")
}

func BenchmarkRepeatedToken(b *testing.B) {
	bench(b, repeats(b))
}

func BenchmarkConstant(b *testing.B) {
	bench(b, constants(b, 1000))
}

func bench(b *testing.B, a *asker) {
	b.ReportAllocs()
	for b.Loop() {
		if status := a.ask(); status != http.StatusOK {
			b.Fatal(status)
		}
	}
}
