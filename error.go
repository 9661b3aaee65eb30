package tepin

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classifies an error by what the caller can do about it. Each front door
// translates a kind once; an error without a kind is internal.
type Kind int

const (
	Internal      Kind = iota // ours; logged with the request id, never shown
	Invalid                   // 400: the request is wrong; the message says how to mend it
	Unauthorized              // 401: no, expired or revoked credentials
	Forbidden                 // 403: known, but lacking a scope or role
	NotFound                  // 404: absent, or another tenant's
	Conflict                  // 409: contradicts the present state
	Gone                      // 410: was here, is no longer
	Stale                     // 412: If-Match names an older version
	TooLarge                  // 413: beyond a limit of docs/limits.md
	Unsupported               // 415: a media type that we do not take
	Unprocessable             // 422: well-formed, but the bytes cannot be worked with
	TooMany                   // 429: try again after RetryAfter
	Unavailable               // 503: cannot know at the moment; try again after RetryAfter
	Full                      // 507: no room on the disk
)

// Error is a refusal that a person can act on.
type Error struct {
	Kind       Kind
	Message    string        // says what was wrong and how to mend it; safe to show
	Path       string        // JSON path or parameter at fault, if there is one
	RetryAfter time.Duration // with TooMany and Unavailable
	Cause      error         // for the log only, never shown
}

func (e *Error) Error() string {
	s := e.Message
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an error of the given kind. Its text is shown to the caller.
func Errorf(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of the first [Error] in err's chain, or [Internal].
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Shorten cuts a text that may quote what somebody sent to about so many bytes, at a
// whole character, and shows that it did.
func Shorten(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	return strings.ToValidUTF8(s[:bytes], "") + "…"
}
