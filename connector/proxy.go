package connector

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/outbound"
	"github.com/tepin/tepin/store"
)

// callTime is how long a call may take, until its answer has been read.
const callTime = 5 * time.Minute

// Methods are those that a connector can list.
var Methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// DefaultMethods are those of connectors that list none, and all that a token which is bound
// to a page may use. Connectors that were written for the
// original send their searches, and what people upload, by POST, and cannot list anything.
var DefaultMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost}

// Proxy makes the requests of connectors, and keeps their credentials.
type Proxy struct {
	Store    *store.Store
	Outbound *outbound.Client
	Instance string // id of the installation
	Seal     func(tepin.SealedPlace, []byte) ([]byte, error)
	Open     func(tepin.SealedPlace, []byte) ([]byte, error)
	SealedBy string           // id of the master key that Seal uses
	Now      func() time.Time // nil = time.Now

	tokens cache
}

func (p *Proxy) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

// Do makes a call, if the connector may make it: an enabled one, by a method that it lists,
// to a host of its allowedDomains, at each redirect anew. Of the headers none goes along
// that is the caller's own, such as Authorization and Cookie, nor what the call excludes.
// The credential of the call's usage is put in where the host is one that it was given for;
// when a redirect leads to another host, it stays behind.
//
// An upstream that does not take the credential is an answer of status 401 with
// [HeaderUnauthorized]. Do fails with Invalid when the URL cannot be called, Forbidden when
// the connector may not call it or it leads where nothing is called (S31), Conflict when the
// connector is disabled, Unprocessable when the answer is broken, and Unavailable when there
// is none.
func (p *Proxy) Do(ctx context.Context, c Call) (*Answer, error) {
	c.Method, c.Header = strings.ToUpper(cmp.Or(c.Method, http.MethodGet)), canonical(c.Header)
	u, err := c.permitted()
	if err != nil {
		return nil, err
	}
	auth, err := p.auth(ctx, c.Connector, c.Usage)
	if err != nil {
		return nil, err
	}
	if auth != nil && !matches(auth.Domains, u) {
		auth = nil
	}
	answer, used, err := p.try(ctx, c, auth, upstreamToken{})
	if err == nil && answer.Status == http.StatusUnauthorized && used.Access != "" && rewind(c.Body) {
		// The token may have been taken back before its time: another is worth one try.
		if err := answer.Body.Close(); err != nil {
			return nil, err
		}
		answer, _, err = p.try(ctx, c, auth, used)
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		answer, err = unauthorized(refused.Error()), nil
	}
	if err == nil && answer.Status == http.StatusUnauthorized {
		answer.Header.Set(HeaderUnauthorized, Unauthorized(c.Connector, c.Usage))
	}
	return answer, err
}

// Unauthorized is the value of [HeaderUnauthorized] for a connector.
func Unauthorized(c tepin.Connector, u tepin.AuthUsage) string {
	return words[c.AuthFor(u)] + ", " + string(c.ID)
}

// words are the kinds as [HeaderUnauthorized] has them.
var words = map[tepin.AuthKind]string{
	tepin.AuthNone: "None", tepin.AuthStaticKey: "Static", tepin.AuthClientCredentials: "OAuthClientCredentials", tepin.AuthPassword: "OAuthResourceOwnerPassword",
	tepin.AuthCode: "OAuthAuthorizationCode", tepin.AuthJWTBearer: "OAuthJwtBearer",
}

// try makes the call once. It returns the token that was used where another could be got in
// place of it; instead is one that an upstream has refused.
func (p *Proxy) try(ctx context.Context, c Call, auth *credential, instead upstreamToken) (*Answer, upstreamToken, error) {
	h := c.outgoing()
	var used upstreamToken
	switch {
	case auth == nil:
	case auth.Kind == tepin.AuthStaticKey:
		h.Set(auth.Header, auth.Value)
	default:
		t, fresh, err := p.token(ctx, c, auth, instead)
		if err != nil {
			return nil, used, err
		}
		if !fresh {
			used = t
		}
		h.Set("Authorization", "Bearer "+t.Access)
	}
	c.exclude(h)
	reply, err := p.Outbound.Do(ctx, outbound.Exchange{
		Method: c.Method, URL: ascii(c.URL), Header: h, Body: c.Body, Size: c.Size,
		Timeout: callTime, MaxBody: cmp.Or(c.MaxAnswer, MaxAnswer), Manual: c.Manual, Admit: c.admit,
	})
	if err != nil {
		return nil, used, err
	}
	return &Answer{Status: reply.Status, Header: incoming(reply.Header), URL: reply.URL, Redirected: reply.Redirected, Size: reply.Size, Body: reply.Body}, used, nil
}

// token returns the token that goes along, another one than instead.
func (p *Proxy) token(ctx context.Context, c Call, auth *credential, instead upstreamToken) (upstreamToken, bool, error) {
	if auth.Kind == tepin.AuthCode {
		return p.personToken(ctx, c, auth, instead)
	}
	e := p.tokens.of(auth.id, p.now())
	if instead.Access != "" {
		e.drop(instead)
	}
	return e.get(ctx, p.now, func(ctx context.Context) (upstreamToken, error) { return p.fetch(ctx, auth.Auth) })
}

// rewind goes back to the beginning of a body, where that is possible.
func rewind(body io.Reader) bool {
	if body == nil {
		return true
	}
	s, ok := body.(io.Seeker)
	if !ok {
		return false
	}
	_, err := s.Seek(0, io.SeekStart)
	return err == nil
}

// unauthorized is the answer where no upstream was asked.
func unauthorized(detail string) *Answer {
	raw, err := json.Marshal(map[string]any{"title": http.StatusText(http.StatusUnauthorized), "status": http.StatusUnauthorized, "detail": detail})
	if err != nil {
		panic(err) // strings and a number
	}
	return &Answer{Status: http.StatusUnauthorized, Header: http.Header{"Content-Type": {"application/json"}}, Size: int64(len(raw)), Body: io.NopCloser(strings.NewReader(string(raw)))}
}

func (c Call) permitted() (*url.URL, error) {
	methods := c.Connector.AllowedMethods
	if len(methods) == 0 {
		methods = DefaultMethods
	}
	if c.By.Origin != "" { // its visitors all have the token, which is for looking (S24)
		methods = slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return !slices.Contains(DefaultMethods, m) })
	}
	switch {
	case !c.Connector.Enabled:
		return nil, tepin.Errorf(tepin.Conflict, "the connector is disabled; enable it to use it")
	case c.Connector.ScriptSource != tepin.ExternalScript:
		return nil, tepin.Errorf(tepin.Forbidden, "this connector is built in and calls no other hosts")
	case !slices.Contains(methods, c.Method):
		return nil, tepin.Errorf(tepin.Forbidden, "the connector may use %s; other methods have to be in its proxyOptions.allowedMethods", strings.Join(methods, ", "))
	}
	if err := c.checkHeader(methods); err != nil {
		return nil, err
	}
	u, err := outbound.CheckExchangeURL(ascii(c.URL))
	if err != nil {
		return nil, err
	}
	return u, c.admit(u)
}

// overrides are headers by which upstreams take another method than that of the request.
var overrides = []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"}

// checkHeader refuses headers that no request has, and those that would have an upstream do
// what the connector may not.
func (c Call) checkHeader(methods []string) error {
	for name, values := range c.Header {
		for _, v := range values {
			if strings.ContainsAny(v, "\r\n\x00") {
				return tepin.Errorf(tepin.Invalid, "a header has a line break in it")
			}
			if slices.Contains(overrides, name) && !slices.Contains(methods, strings.ToUpper(strings.TrimSpace(v))) {
				return tepin.Errorf(tepin.Forbidden, "the connector may use %s, by %s too; other methods have to be in its proxyOptions.allowedMethods", strings.Join(methods, ", "), name)
			}
		}
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
