package client

import (
	"io"
	"net/http"
	"regexp"

	"golang.org/x/oauth2"
)

// HTTPClient returns a client whose requests to the server have the token; see
// [Client.Transport]. It is otherwise like the configuration's.
func (c *Client) HTTPClient() *http.Client {
	with := *c.config.HTTPClient
	with.Transport = c.Transport(with.Transport)
	return &with
}

// Transport returns a transport that puts the token on requests to the server, and sends
// them by base; nil means [http.DefaultTransport]. Requests to other hosts, also those
// to which the server redirects, and requests that have an Authorization header pass
// as they are.
//
// If the server answers that the token is no longer good (401, invalid_token: RFC 6750
// §3.1), the transport gets another one and sends the request again, once. A request
// whose body cannot be sent again, because it has no GetBody, is answered with the 401;
// the next one has a new token.
func (c *Client) Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{c, base}
}

type transport struct {
	client *Client
	base   http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.client.ours(req.URL) || req.Header.Get("Authorization") != "" {
		return t.base.RoundTrip(req)
	}
	token, err := t.client.Token(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // as every RoundTripper does; it was not read
		}
		return nil, err
	}
	res, err := t.base.RoundTrip(withToken(req, token))
	if err != nil || !invalidToken(res) {
		return res, err
	}
	return t.again(req, res, token)
}

// again sends the request with another token, if there is one.
func (t *transport) again(req *http.Request, res *http.Response, old *oauth2.Token) (*http.Response, error) {
	next, err := t.client.renew(req.Context(), old.AccessToken)
	if err == nil && next.AccessToken == old.AccessToken {
		return res, nil
	}
	if err == nil && req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		return res, nil
	}
	// The connection can be used again once the answer has been read.
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	repeated := withToken(req, next)
	if req.GetBody != nil {
		if repeated.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return t.base.RoundTrip(repeated)
}

// withToken is a copy: a transport must not change the request.
func withToken(req *http.Request, t *oauth2.Token) *http.Request {
	with := req.Clone(req.Context())
	t.SetAuthHeader(with)
	return with
}

var challenge = regexp.MustCompile(`(?i)\bBearer\b.*\berror="?invalid_token\b`)

// invalidToken reports whether the answer says that the token is no longer good.
func invalidToken(res *http.Response) bool {
	if res.StatusCode != http.StatusUnauthorized {
		return false
	}
	for _, header := range res.Header.Values("WWW-Authenticate") {
		if challenge.MatchString(header) {
			return true
		}
	}
	return false
}
