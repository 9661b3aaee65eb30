package web

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// exchange is what the stack knows of one request while it is being answered. It is also
// the request's context, in which it is found.
type exchange struct {
	context.Context

	id     string
	start  time.Time
	method string
	route  string
	query  string
	scheme string   // "https" or "http", as the client used it
	base   string   // for absolute links
	self   string   // scheme and host as the client used them
	url    *url.URL // as the client sent it, slashes collapsed
	addr   netip.Addr
	cert   []string           // what a trusted proxy says of the client's certificate
	dpop   bool               // an access token came under the scheme DPoP
	actor  tepin.Actor        // for the log
	caller Caller             // as the guard let it through
	guard  tepin.BrowserGuard // what the browser guard did (S22); "" = it saw nothing
	err    error              // for the log event
	quotas []tepin.Standing   // how they stand, for the answer

	conn    http.ResponseController
	w       writer
	body    body
	problem bool // a problem body has been written completely
}

type exchangeKey struct{}

// Value finds the exchange in itself.
func (x *exchange) Value(key any) any {
	if key == (exchangeKey{}) {
		return x
	}
	return x.Context.Value(key)
}

// withExchange returns the request's exchange, and the request that carries it:
// a handler may stand without a [Stack] around it.
func withExchange(r *http.Request) (*exchange, *http.Request) {
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		return x, r
	}
	x := &exchange{Context: r.Context(), id: tepin.NewID[string]()}
	return x, r.WithContext(x)
}

// exchangeOf returns the request's exchange; a fresh one where there is none.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{Context: ctx, id: tepin.NewID[string]()}
}

// RequestID returns the id under which the request is logged; it is the traceId of
// problem bodies and the X-Request-Id header.
func RequestID(r *http.Request) string { return exchangeOf(r.Context()).id }

// SetActor names who makes the request, for its log event.
func SetActor(r *http.Request, a tepin.Actor) { exchangeOf(r.Context()).actor = a }

// Started is when the request came, by the clock of the [Stack].
func Started(r *http.Request) time.Time {
	if x := exchangeOf(r.Context()); !x.start.IsZero() {
		return x.start
	}
	return time.Now()
}

// LogError records err in the request's log event. [WriteProblem] does it by
// itself; doors that write errors in a form of their own call this.
func LogError(r *http.Request, err error) { exchangeOf(r.Context()).err = err }

// BaseURL returns the beginning of absolute links, without a slash at the end: the
// configured public URL, else the scheme and host that the client used (S18).
func BaseURL(r *http.Request) string {
	if x := exchangeOf(r.Context()); x.base != "" {
		return x.base
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// askedURL is the scheme and host that the client used, whatever the public URL is.
func askedURL(r *http.Request) string {
	if x := exchangeOf(r.Context()); x.self != "" {
		return x.self
	}
	return BaseURL(r)
}

// ClientAddr returns the address of the client, behind trusted proxies the one they
// report. It is the zero Addr when the listener does not know.
func ClientAddr(r *http.Request) netip.Addr {
	if x := exchangeOf(r.Context()); x.addr.IsValid() {
		return x.addr
	}
	return remoteAddr(r)
}

// LimitBody changes how many bytes of the request's body may be read. Beyond it
// reading fails with [tepin.TooLarge].
func LimitBody(r *http.Request, bytes int64) {
	if x := exchangeOf(r.Context()); x.body.ReadCloser != nil {
		x.body.limit = bytes
	} else if r.Body != nil && r.Body != http.NoBody {
		r.Body = &body{ReadCloser: r.Body, limit: bytes}
	}
}

// meter moves a deadline along with the bytes that pass: a peer has [TransferGrace]
// and then must keep up [MinRate].
type meter struct {
	conn  *http.ResponseController
	set   func(*http.ResponseController, time.Time) error // nil = no deadline
	count int64
	start time.Time
	last  time.Time
}

// before is called ahead of each read or write.
func (m *meter) before() {
	if m.set == nil {
		return
	}
	if m.start.IsZero() {
		m.start = time.Now()
	}
	deadline := m.start.Add(TransferGrace + time.Duration(m.count/MinRate)*time.Second)
	if deadline.Sub(m.last) >= time.Second {
		m.last = deadline
		if m.set(m.conn, deadline) != nil {
			m.set = nil // not a network connection
		}
	}
}

// done takes the deadline away.
func (m *meter) done() {
	if m.set != nil && !m.last.IsZero() {
		_ = m.set(m.conn, time.Time{}) // the connection may be gone; the read or write tells
		m.last = time.Time{}
	}
}

// body bounds a request's body in size and time. Its errors are the client's doing
// and say so.
type body struct {
	io.ReadCloser
	meter
	limit int64
}

func (b *body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if b.count > b.limit {
		return 0, tooLarge(b.limit)
	}
	if left := b.limit - b.count + 1; int64(len(p)) > left {
		p = p[:left]
	}
	b.before()
	n, err := b.ReadCloser.Read(p)
	b.count += int64(n)
	if err != nil {
		b.done()
	}
	switch {
	case b.count > b.limit:
		return 0, tooLarge(b.limit)
	case err != nil && err != io.EOF:
		err = bodyError(err)
	}
	return n, err
}

func (b *body) Close() error {
	b.done()
	return b.ReadCloser.Close()
}

func tooLarge(limit int64) error {
	size := fmt.Sprintf("%d bytes", limit)
	if limit >= 1<<20 {
		size = fmt.Sprintf("%d MB", limit>>20)
	}
	return tepin.Errorf(tepin.TooLarge, "the request body is larger than %s, which is the limit here", size)
}

// writer counts and times what is sent.
type writer struct {
	http.ResponseWriter
	meter
	status int
}

// WriteHeader remembers the status.
func (w *writer) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (w *writer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.before()
	n, err := w.ResponseWriter.Write(p)
	w.count += int64(n)
	return n, err
}

// Files go out in pieces of at least sendPiece bytes, and at most maxPiece: no larger than
// what has gone already, so that a peer that keeps up [MinRate] has time for each.
const (
	sendPiece = 64 << 10
	maxPiece  = 4 << 20
)

// ReadFrom sends all of r, and counts it. Of a file, the kernel sends it.
func (w *writer) ReadFrom(r io.Reader) (sent int64, err error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	left := int64(math.MaxInt64)
	if l, ok := r.(*io.LimitedReader); ok {
		r, left = l.R, l.N
		defer func() { l.N -= sent }()
	}
	for left > 0 {
		w.before()
		piece := min(max(w.count, sendPiece), maxPiece, left)
		n, err := io.Copy(w.ResponseWriter, &io.LimitedReader{R: r, N: piece})
		sent += n
		left -= n
		w.count += n
		if err != nil || n < piece {
			return sent, err
		}
	}
	return sent, nil
}

// Unwrap is for [http.ResponseController].
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// queryKeys are the query parameters whose presence is logged; their values only
// when they are one short plain word. Everything else may hold a secret (S13).
var queryKeys = []string{"limit", "sortBy", "sortOrder", "groupBy", "top", "startDate", "endDate", "nextPageToken", "search", "folder", "previewType", "outputType"}

// loggedQuery returns the part of the query that may be logged.
func loggedQuery(u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	values := u.Query()
	var b strings.Builder
	for _, key := range queryKeys {
		if !values.Has(key) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(key)
		if v := values.Get(key); v != "" && len(v) <= 12 && !slices.Contains([]string{"nextPageToken", "search", "folder"}, key) && isWord(v) {
			b.WriteString("=" + v)
		}
	}
	return b.String()
}

// isWord reports whether s has only ASCII letters, digits and dashes.
func isWord(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}
