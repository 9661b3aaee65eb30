package oauth

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// The error codes of RFC 6749 §5.2, RFC 8707 §2, and two of RFC 6749 §4.1.2.1 for
// what is our fault.
const (
	invalidRequest         = "invalid_request"
	invalidClient          = "invalid_client"
	invalidGrant           = "invalid_grant"
	unauthorizedClient     = "unauthorized_client"
	invalidScope           = "invalid_scope"
	invalidTarget          = "invalid_target"
	unsupportedGrantType   = "unsupported_grant_type"
	serverError            = "server_error"
	temporarilyUnavailable = "temporarily_unavailable"
)

// failure is a refusal in the words of RFC 6749 §5.2. Its description never repeats
// what the client sent: that may be a secret in the wrong place (S13).
type failure struct {
	status      int // 0 = 400
	code        string
	description string
}

func (f *failure) Error() string { return f.code + ": " + f.description }

// bad is the refusal of a request that is not as it must be.
func bad(description string) error {
	return &failure{code: invalidRequest, description: description}
}

// unauthenticated is the refusal of a client that has not proved who it is.
func unauthenticated(description string) error {
	return &failure{status: http.StatusUnauthorized, code: invalidClient, description: description}
}

// refuse answers with err and records it for the request's log event.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	web.LogError(r, err)
	f := translate(r, err)
	h := w.Header()
	noStore(h)
	h["Content-Type"] = inJSON
	switch f.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="Tepin", charset="UTF-8", error="`+f.code+`", error_description="`+f.description+`"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInsufficientStorage:
		h.Set("Retry-After", retryAfter(err))
	}
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(struct { // the client may be gone
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{f.code, f.description})
}

// translate gives any error its code and status.
func translate(r *http.Request, err error) failure {
	if f, ok := errors.AsType[*failure](err); ok {
		known := *f
		if known.status == 0 {
			known.status = http.StatusBadRequest
		}
		known.description = plain(f.description)
		return known
	}
	f := failure{status: web.Status(err)}
	switch {
	case f.status == http.StatusUnauthorized:
		f.code = invalidClient
	case f.status == http.StatusTooManyRequests || f.status == http.StatusServiceUnavailable || f.status == http.StatusInsufficientStorage:
		f.code = temporarilyUnavailable
	case f.status < 500:
		f.code = invalidRequest
	default:
		f.status, f.code = http.StatusInternalServerError, serverError
		f.description = "something went wrong on our side; the operator finds the cause in the log under " + web.RequestID(r)
		return f
	}
	f.description = plain(shown(err))
	return f
}

// shown is what may be shown of an error that the client can act on.
func shown(err error) string {
	if e, ok := errors.AsType[*tepin.Error](err); ok {
		return e.Message
	}
	return err.Error()
}

func retryAfter(err error) string {
	if e, ok := errors.AsType[*tepin.Error](err); ok && e.RetryAfter > 0 {
		return strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds())))
	}
	return "1"
}

// plain keeps the characters that RFC 6749 §5.2 allows in error_description.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '\''
		}
		return r
	}, s)
}

// Values of headers, shared by all answers.
var (
	inJSON    = []string{"application/json"}
	notStored = []string{"no-store"}
	notCached = []string{"no-cache"}
)

// noStore keeps answers out of every cache (RFC 6749 §5.1).
func noStore(h http.Header) {
	h["Cache-Control"], h["Pragma"] = notStored, notCached
}
