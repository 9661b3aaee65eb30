package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Error is a request for a token that the server refused or could not answer. Other
// failures, of the network for one, come as errors of net/http.
type Error struct {
	StatusCode  int           // of HTTP
	Code        string        // of RFC 6749 §5.2, such as "invalid_client"; "" if the answer had none
	Description string        // what to do about it, for people; never has the secret
	RetryAfter  time.Duration // how long the server wants to be left alone; 0 = it did not say
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "client: no token: %d", e.StatusCode)
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	} else if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	if e.Description != "" {
		b.WriteString(": " + e.Description)
	}
	return b.String()
}

// Temporary reports whether the same request may succeed later.
func (e *Error) Temporary() bool {
	return e.StatusCode == http.StatusTooManyRequests || e.StatusCode >= 500
}

// temporary reports whether the same request may succeed later: a network may come
// back, a certificate that is not trusted will not be, nor will a wrong address be right.
func temporary(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Temporary()
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	_, network := errors.AsType[*url.Error](err)
	return network
}
