package connector

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/outbound"
)

// callTime is how long a call may take, until its answer has been read.
const callTime = 5 * time.Minute

// Methods are those that a connector can list.
var Methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// DefaultMethods are those of connectors that list none. Connectors that were written for the
// original send their searches, and what people upload, by POST, and cannot list anything.
var DefaultMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost}

// Proxy makes the requests of connectors.
type Proxy struct {
	Outbound *outbound.Client
}

// Do makes a call, if the connector may make it: an enabled one, by a method that it lists,
// to a host of its allowedDomains, at each redirect anew. Of the headers none goes along that
// is the caller's own, such as Authorization and Cookie, nor what the call excludes.
//
// It fails with Invalid when the URL cannot be called, Forbidden when the connector may not
// call it or it leads where nothing is called (S31), Conflict when the connector is disabled,
// Unprocessable when the answer is broken, and Unavailable when there is none.
func (p *Proxy) Do(ctx context.Context, c Call) (*Answer, error) {
	c.Method = strings.ToUpper(cmp.Or(c.Method, http.MethodGet))
	if err := c.permitted(); err != nil {
		return nil, err
	}
	h := c.outgoing()
	c.exclude(h)
	reply, err := p.Outbound.Do(ctx, outbound.Exchange{
		Method: c.Method, URL: ascii(c.URL), Header: h, Body: c.Body, Size: c.Size,
		Timeout: callTime, MaxBody: cmp.Or(c.MaxAnswer, MaxAnswer), Manual: c.Manual,
		Admit: func(u *url.URL) error { return c.admit(u) },
	})
	if err != nil {
		return nil, err
	}
	return &Answer{Status: reply.Status, Header: incoming(reply.Header), URL: reply.URL, Redirected: reply.Redirected, Size: reply.Size, Body: reply.Body}, nil
}

func (c Call) permitted() error {
	methods := c.Connector.AllowedMethods
	if len(methods) == 0 {
		methods = DefaultMethods
	}
	switch {
	case !c.Connector.Enabled:
		return tepin.Errorf(tepin.Conflict, "the connector is disabled; enable it to use it")
	case c.Connector.ScriptSource != tepin.ExternalScript:
		return tepin.Errorf(tepin.Forbidden, "this connector is built in and calls no other hosts")
	case !slices.Contains(methods, c.Method):
		return tepin.Errorf(tepin.Forbidden, "the connector may use %s; others have to be in its proxyOptions.allowedMethods", strings.Join(methods, ", "))
	}
	return nil
}

// admit refuses hosts that the connector may not ask.
func (c Call) admit(u *url.URL) error {
	if matches(c.Connector.AllowedDomains, u) {
		return nil
	}
	return tepin.Errorf(tepin.Forbidden, "the host %s is not in the connector's allowedDomains; publish the connector with it", u.Host)
}

// ascii escapes what scripts leave as it is and browsers escape: spaces and characters
// outside ASCII, in path and query.
func ascii(raw string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(strings.TrimSpace(raw)) {
		if c == ' ' || c >= 0x80 {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
