package web

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
)

// Problem is the body of every refusal (RFC 9457, with the members that clients of
// the original know).
type Problem struct {
	Type             string            `json:"type" doc:"A URI that names the kind of problem."`
	Title            string            `json:"title" doc:"The kind of problem in words."`
	Status           int               `json:"status" doc:"The HTTP status code."`
	Detail           string            `json:"detail,omitempty" doc:"What was wrong and how to mend it."`
	TraceID          string            `json:"traceId,omitempty" doc:"The id under which the server logged the request."`
	Errors           []Violation       `json:"errors,omitempty" doc:"Each thing that was wrong with the input."`
	ExceptionDetails []ExceptionDetail `json:"exceptionDetails,omitempty" doc:"With a body that is not JSON: where it stops being so."`

	header http.Header
}

// Violation is one thing that is wrong with the input. It never repeats the value.
type Violation struct {
	Location string `json:"location,omitempty" doc:"Where, for example body.name or query.limit."`
	Message  string `json:"message" doc:"What is wrong there."`
}

// ExceptionDetail says why a body could not be read.
type ExceptionDetail struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// Error makes a Problem an error, for huma.
func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// GetStatus is the HTTP status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are the headers that go with the problem, for huma.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType is the media type of problems, for huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// MissingScope is the refusal of a token that lacks a scope. Integrations are given
// scopes; people have those of their roles, less what they kept from the application.
func MissingScope(by tepin.Actor, s tepin.Scope) error {
	way := "tick it on the Permissions tab of the integration, then ask for a new token"
	if by.Kind == tepin.ActorUser {
		way = "it belongs to the roles of a person who is " + tepin.RolesWith(s).String() + ": ask an administrator for one"
		if by.Roles.Scopes().Has(s) {
			way = "the sign-in was for fewer scopes than your roles allow: sign in to the application again, for this one too"
		}
	}
	return &tepin.Error{Kind: tepin.Forbidden, Message: "this call needs the scope " + string(s) + ", which the token does not have; " + way, Cause: &scopeError{s}}
}

// missingOpenID is the refusal of a person's token that may not say who it is.
func missingOpenID() error {
	return &tepin.Error{Kind: tepin.Forbidden, Cause: &scopeError{"openid"},
		Message: "this call needs the scope openid, which the token does not have; sign in with it"}
}

// scopeError carries the missing scope to the WWW-Authenticate header.
type scopeError struct{ scope tepin.Scope }

func (e *scopeError) Error() string { return "insufficient_scope " + string(e.scope) }

// errNoToken marks a 401 of a request that carried no token at all.
var errNoToken = errors.New("no bearer token")

// malformed is the cause of an error about a body that is not JSON.
type malformed struct{ message string }

func (e *malformed) Error() string { return e.message }

// statusError is a refusal that only the transport makes: no [tepin.Kind] has it.
type statusError struct {
	status int
	detail string
	header http.Header
}

func (e *statusError) Error() string { return e.detail }

// Refuse is a refusal with a status and headers of its own: of another host, say, whose
// words are passed on.
func Refuse(status int, detail string, header http.Header) error {
	return &statusError{status: status, detail: detail, header: header}
}

// statuses translates kinds.
var statuses = map[tepin.Kind]int{
	tepin.Internal:      http.StatusInternalServerError,
	tepin.Invalid:       http.StatusBadRequest,
	tepin.Unauthorized:  http.StatusUnauthorized,
	tepin.Forbidden:     http.StatusForbidden,
	tepin.NotFound:      http.StatusNotFound,
	tepin.Conflict:      http.StatusConflict,
	tepin.Gone:          http.StatusGone,
	tepin.Stale:         http.StatusPreconditionFailed,
	tepin.TooLarge:      http.StatusRequestEntityTooLarge,
	tepin.Unsupported:   http.StatusUnsupportedMediaType,
	tepin.Unprocessable: http.StatusUnprocessableEntity,
	tepin.TooMany:       http.StatusTooManyRequests,
	tepin.Unavailable:   http.StatusServiceUnavailable,
	tepin.Full:          http.StatusInsufficientStorage,
}

// types are the problem types: the section that defines the status.
var types = map[int]string{
	400: "https://tools.ietf.org/html/rfc7231#section-6.5.1",
	404: "https://tools.ietf.org/html/rfc7231#section-6.5.4",
	405: "https://tools.ietf.org/html/rfc7231#section-6.5.5",
	409: "https://tools.ietf.org/html/rfc7231#section-6.5.8",
	410: "https://tools.ietf.org/html/rfc7231#section-6.5.9",
	412: "https://tools.ietf.org/html/rfc7232#section-4.2",
	413: "https://tools.ietf.org/html/rfc7231#section-6.5.11",
	415: "https://tools.ietf.org/html/rfc7231#section-6.5.13",
	500: "https://tools.ietf.org/html/rfc7231#section-6.6.1",
	503: "https://tools.ietf.org/html/rfc7231#section-6.6.4",
}

// Status returns the HTTP status that answers err.
func Status(err error) int {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Status
	}
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.status
	}
	return statuses[tepin.KindOf(err)]
}

// WriteProblem answers the request with err. The texts of errors of the vocabulary
// are shown; any other error is logged with the request id and answered with a 500
// that says no more. When an answer has already begun, the connection is cut.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r.Context())
	p := problem(x, err)
	setQuotas(w.Header(), x, exceeded(err))
	if x.w.status != 0 {
		panic(http.ErrAbortHandler) // logged by the stack; the client sees a broken answer, not a whole one
	}
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Del("ETag")
	w.Header().Del("Content-Disposition")
	w.Header().Del("Content-Length")
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(p) // the client is gone; there is nobody to tell
	}
	x.problem = true
}

// problem describes err to the client, and remembers it for the log.
func problem(x *exchange, err error) *Problem {
	x.err = err
	if p, ok := errors.AsType[*Problem](err); ok {
		p.TraceID = x.id
		return p
	}
	status := Status(err)
	p := newProblem(status)
	p.TraceID = x.id
	p.Detail = detail(x, err)
	if e, ok := errors.AsType[*statusError](err); ok {
		p.header = e.header.Clone()
		if p.header == nil {
			p.header = http.Header{}
		}
	}
	if all := violations(err); len(all) > 1 {
		p.Errors = all
	}
	if m, ok := errors.AsType[*malformed](err); ok {
		p.ExceptionDetails = []ExceptionDetail{{Type: "MalformedJson", Message: m.message}}
	}
	switch status {
	case http.StatusUnauthorized:
		p.header["Www-Authenticate"] = challenges(x, err, p.Detail)
	case http.StatusForbidden:
		if s, ok := errors.AsType[*scopeError](err); ok {
			p.header.Set("WWW-Authenticate", challenge(x, "insufficient_scope", p.Detail)+`, scope="`+string(s.scope)+`"`)
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		seconds := 1
		if e, ok := errors.AsType[*tepin.Error](err); ok && e.RetryAfter > 0 {
			seconds = int(math.Ceil(e.RetryAfter.Seconds()))
		}
		p.header.Set("Retry-After", strconv.Itoa(seconds))
	}
	return p
}

// violations returns the errors that were joined into err, as far as they may be
// shown: a door that checks several fields reports them at once.
func violations(err error) []Violation {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var all []Violation
	for _, e := range joined.Unwrap() {
		if more := violations(e); more != nil {
			all = append(all, more...)
		} else if e, ok := errors.AsType[*tepin.Error](e); ok && e.Kind == tepin.Invalid {
			all = append(all, Violation{Location: e.Path, Message: e.Message})
		}
	}
	return all
}

// newProblem returns a problem of the given status without a detail.
func newProblem(status int) *Problem {
	p := &Problem{Type: types[status], Title: http.StatusText(status), Status: status, header: http.Header{}}
	if p.Type == "" {
		p.Type = "https://httpstatuses.io/" + strconv.Itoa(status)
	}
	return p
}

// detail is the text that the client may see.
func detail(x *exchange, err error) string {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.detail
	}
	e, ok := errors.AsType[*tepin.Error](err)
	if !ok || e.Kind == tepin.Internal {
		return "something went wrong on our side; the operator finds the cause in the log under " + x.id
	}
	if e.Path != "" {
		return tepin.Shorten(e.Path+": "+e.Message, maxDetail)
	}
	return tepin.Shorten(e.Message, maxDetail)
}

// maxDetail bounds the text of a refusal, in bytes: it may quote a document.
const maxDetail = 4 << 10

// challenges are the WWW-Authenticate headers of a 401: what was wrong is said under the
// scheme that the client used, and nothing when it sent no token (RFC 6750 §3). Who did
// not use DPoP learns of it; who did is not sent back to Bearer (RFC 9449 §7.1).
func challenges(x *exchange, err error, detail string) []string {
	code := "invalid_token"
	for _, cause := range []error{access.ErrProof, access.ErrNonce} {
		if errors.Is(err, cause) {
			code = cause.Error()
		}
	}
	switch {
	case x.dpop:
		return []string{challenge(x, code, detail)}
	case errors.Is(err, errNoToken):
		return []string{`Bearer realm="Tepin"`, `DPoP ` + proofAlgs}
	}
	return []string{challenge(x, code, detail), `DPoP ` + proofAlgs}
}

// challenge is one challenge under the scheme that the client used.
func challenge(x *exchange, code, detail string) string {
	said := `realm="Tepin", error="` + code + `", error_description="` + quotable(detail) + `"`
	if x.dpop {
		return `DPoP ` + said + `, ` + proofAlgs
	}
	return `Bearer ` + said
}

var proofAlgs = `algs="` + strings.Join(access.ProofAlgs, " ") + `"`

// quotable keeps the characters that RFC 6750 §3 allows in error_description.
func quotable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '\''
		}
		return r
	}, s)
}
