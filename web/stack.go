package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// Limits of the listener. Bodies are bounded by [MaxBody] unless a route says
// otherwise with [LimitBody].
const (
	MaxHeader           = 64 << 10         // bytes of request line and headers
	HeaderTimeout       = 10 * time.Second // to send them
	IdleTimeout         = 2 * time.Minute  // of a kept-alive connection
	MaxBody       int64 = 20 << 20         // bytes of a request body (S30)
	TransferGrace       = 30 * time.Second // of a body, either way, before MinRate counts
	MinRate             = 4 << 10          // bytes a second that a peer must keep up
)

// Handler answers a request or returns the error that [WriteProblem] answers.
type Handler func(w http.ResponseWriter, r *http.Request) error

// ServeHTTP calls h and writes the problem if there is one.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		WriteProblem(w, r, err)
	}
}

// Stack is what stands around every door of one listener.
type Stack struct {
	Log            *slog.Logger
	PublicURL      string         // "https://tepin.example", no slash at the end; empty = links follow the request's host, and only loopback names pass
	MTLSURL        string         // where clients come with certificates, if anywhere; links of answers there stay there
	AllowedHosts   []string       // further host names that may be asked for
	TrustedProxies []netip.Prefix // the only sources of X-Forwarded-* and of CertificateHeader
	MaxBody        int64          // 0 = [MaxBody]
	Now            func() time.Time

	// CertificateHeader is in which header a trusted proxy hands over the certificate of
	// its client, at MTLSURL if that is set: one certificate, as escaped PEM or as RFC 9440
	// §2 has it. "" = in none.
	CertificateHeader string
}

// NewServer returns a server for h with the limits of this package.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		MaxHeaderBytes:    MaxHeader,
		ReadHeaderTimeout: HeaderTimeout,
		IdleTimeout:       IdleTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// Wrap returns next with the stack around it: a request id, one log event at the
// end, recovered panics, forwarded headers (S19), the host check and collapsed
// slashes (S18), limits, and CORS on API paths.
func (s *Stack) Wrap(next http.Handler) http.Handler {
	filled := *s
	s = &filled
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.MaxBody == 0 {
		s.MaxBody = MaxBody
	}
	s.CertificateHeader = http.CanonicalHeaderKey(s.CertificateHeader)
	hosts := s.hosts()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{Context: r.Context(), id: tepin.NewID[string](), start: s.Now(), method: r.Method, conn: *http.NewResponseController(w)}
		x.w = writer{ResponseWriter: w, meter: meter{conn: &x.conn, set: (*http.ResponseController).SetWriteDeadline}}
		r = r.WithContext(x)
		if r.Body != nil && r.Body != http.NoBody {
			x.body = body{ReadCloser: r.Body, limit: s.MaxBody, meter: meter{conn: &x.conn, set: (*http.ResponseController).SetReadDeadline}}
			r.Body = &x.body
		}
		x.query = loggedQuery(r.URL)
		host := s.forwarded(r, x)
		x.self, x.url = x.scheme+"://"+host, r.URL
		x.base = s.base(host, x.self)
		if s.MTLSURL != "" && x.base != s.MTLSURL {
			x.cert = nil // a proxy may pass on there what a client has made up
		}
		w.Header().Set("X-Request-Id", x.id)
		w.Header()["X-Content-Type-Options"] = nosniff

		defer func() {
			p := recover()
			s.finish(x, r, p)
			if p == http.ErrAbortHandler || p != nil && !x.problem {
				panic(http.ErrAbortHandler) // the answer is half out: only cutting the connection tells so
			}
		}()
		switch err := s.admit(r, host, hosts); {
		case err != nil:
			WriteProblem(&x.w, r, err)
		case isAPI(r.URL.Path) && preflight(&x.w, r):
		default:
			next.ServeHTTP(&x.w, r)
		}
	})
}

// Values of headers that many answers have. They are shared: a header is set to another,
// never altered in place.
var (
	nosniff    = []string{"nosniff"}
	apiCaching = []string{"private, no-cache"}
	apiVary    = []string{"Authorization, Origin"}
)

// admit refuses requests for hosts that are not ours and for paths that are not in
// their shortest form, and collapses repeated slashes.
func (s *Stack) admit(r *http.Request, host string, hosts map[string]bool) error {
	if name := hostName(host); !isPort(host) || !hosts[name] && !(hosts["localhost"] && isLoopback(name)) && r.URL.Path != "/healthz" && r.URL.Path != "/readyz" {
		return &statusError{status: http.StatusMisdirectedRequest,
			detail: "this server does not answer for the host of the request; the operator names it in public_url or allowed_hosts"}
	}
	return collapse(r.URL)
}

// base is where absolute links of answers begin that were asked for at host, which the
// client called self.
func (s *Stack) base(host, self string) string {
	if _, mtls, ok := strings.Cut(s.MTLSURL, "://"); ok && strings.EqualFold(strings.TrimSuffix(host, ":443"), strings.TrimSuffix(mtls, ":443")) {
		return s.MTLSURL
	}
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/")
	}
	return self
}

// hosts returns the names that may be asked for. "localhost" stands for every
// loopback name.
func (s *Stack) hosts() map[string]bool {
	hosts := make(map[string]bool)
	for _, base := range []string{s.PublicURL, s.MTLSURL} {
		if u, err := url.Parse(base); err == nil && base != "" {
			hosts[strings.ToLower(u.Hostname())] = true
		}
	}
	for _, h := range s.AllowedHosts {
		hosts[hostName(h)] = true
	}
	for h := range hosts {
		if isLoopback(h) {
			hosts["localhost"] = true
		}
	}
	if len(hosts) == 0 {
		hosts["localhost"] = true
	}
	return hosts
}

// finish turns a panic into an answer and writes the request's only log event.
func (s *Stack) finish(x *exchange, r *http.Request, p any) {
	if p == nil && x.w.status < 500 && !s.Log.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	attrs := make([]slog.Attr, 0, 13)
	if p != nil && p != http.ErrAbortHandler {
		x.err = fmt.Errorf("panic: %v", p)
		attrs = append(attrs, slog.String("stack", string(debug.Stack())))
		if x.w.status == 0 {
			WriteProblem(&x.w, r, x.err)
		}
	}
	status := x.w.status
	if status == 0 {
		status = http.StatusOK // net/http sends it for us
	}
	route := x.route
	if route == "" {
		route = r.Pattern
	}
	attrs = append(attrs,
		slog.String("id", x.id), slog.String("method", logMethod(x.method)), slog.String("route", route),
		slog.Int("status", status), slog.Duration("took", s.Now().Sub(x.start)), slog.Int64("bytes", x.w.count),
		slog.String("client", x.addr.String()))
	if x.actor.ID != "" {
		attrs = append(attrs, slog.String("actor", string(x.actor.Kind)+":"+x.actor.ID))
	}
	if env := cmp.Or(x.caller.Environment.ID, x.actor.EnvironmentID); env != "" {
		attrs = append(attrs, slog.String("environment", string(env)))
	}
	if x.query != "" {
		attrs = append(attrs, slog.String("query", x.query))
	}
	if x.guard != "" {
		attrs = append(attrs, slog.String("guard", string(x.guard)))
	}
	level := slog.LevelInfo
	if x.err != nil {
		attrs = append(attrs, slog.String("error", tepin.Shorten(x.err.Error(), maxDetail)))
	}
	if _, meant := errors.AsType[*Problem](x.err); status >= 500 && meant {
		level = slog.LevelWarn // a handler's answer by the wire's contract: a task that failed
	} else if status >= 500 && (p != nil || !errors.Is(x.err, context.Canceled) || r.Context().Err() == nil) {
		level = slog.LevelError
	} // else the client has hung up, which is no fault of the server, however many do
	s.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// hostName strips the port and the case from a Host header.
func hostName(host string) string {
	if strings.Contains(host, ":") {
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
}

// isPort reports whether what follows the last colon of a Host header, if anything
// does, is a number: it goes into links.
func isPort(host string) bool {
	if !strings.Contains(host, ":") {
		return true
	}
	_, port, err := net.SplitHostPort(host)
	return err != nil || strings.Trim(port, "0123456789") == ""
}

// isLoopback reports whether a host name without port can only mean this machine.
func isLoopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

// logMethod keeps invented methods out of the log.
func logMethod(m string) string {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT":
		return m
	}
	return "other"
}

// collapse removes repeated slashes and one at the end from the path, escaped slashes
// untouched: what is routed and authorized is the path without them. Paths
// with dot segments, however spelled, are refused: no client of ours sends them, and
// a router would answer them with a redirect.
func collapse(u *url.URL) error {
	if u.RawPath == "" && strings.HasPrefix(u.Path, "/") && !strings.Contains(u.Path, "/.") && !strings.Contains(u.Path, "//") && !strings.HasSuffix(u.Path, "/") {
		return nil // as most are
	}
	path := u.EscapedPath()
	for segment := range strings.SplitSeq(path, "/") {
		if dots, err := url.PathUnescape(segment); err != nil || dots == "." || dots == ".." {
			return tepin.Errorf(tepin.NotFound, "there is nothing at this path; it contains a dot segment")
		}
	}
	if !strings.Contains(path, "//") && (len(path) < 2 || path[len(path)-1] != '/') {
		return nil
	}
	var b strings.Builder
	b.Grow(len(path))
	for i := range len(path) {
		if path[i] != '/' || i == 0 || path[i-1] != '/' {
			b.WriteByte(path[i])
		}
	}
	short := b.String()
	if len(short) > 1 {
		short = strings.TrimSuffix(short, "/")
	}
	return setPath(u, short)
}

// setPath gives u an escaped path.
func setPath(u *url.URL, escaped string) error {
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return tepin.Errorf(tepin.Invalid, "the path is not correctly percent-encoded")
	}
	u.Path, u.RawPath = plain, escaped
	return nil
}
