package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config says which server gives the tokens, and to whom.
type Config struct {
	// BaseURL is the server's public URL, such as https://tepin.example.
	BaseURL string

	// ClientID and ClientSecret are those of the integration.
	ClientID     string
	ClientSecret string

	// Assert stands in the place of ClientSecret where the integration has a public key
	// or trusts another issuer.
	Assert Assert

	// Scopes are asked for; none means all that the integration has.
	Scopes []string

	// Audience is asked for beside the server itself, for which every token is good;
	// "" asks for no other. The server's setting audiences lists what there is.
	Audience string

	// HTTPClient sends the requests for tokens, and is what [Client.HTTPClient] adds
	// the tokens to; nil means one of the package's own.
	HTTPClient *http.Client

	// AllowHTTP lets the secret travel without TLS to another machine, where something
	// else keeps it from others.
	AllowHTTP bool
}

// Client has the token of one integration. It is safe for concurrent use.
type Client struct {
	config Config
	base   *url.URL
	http   *http.Client // for tokens

	mu      sync.Mutex
	held    *held     // the token in use; nil = none
	flight  *flight   // the request that is on its way; nil = none
	pausing time.Time // no request before
	failure error     // of the last request; nil = it succeeded
	failed  int       // requests in a row
	refused refused
}

// New checks the settings. It sends nothing.
func New(c Config) (*Client, error) {
	base, err := parseBase(c)
	if err != nil {
		return nil, err
	}
	switch {
	case c.ClientID == "":
		return nil, errors.New("client: ClientID is missing; the console shows it beside the integration")
	case c.ClientSecret == "" && c.Assert == nil:
		return nil, errors.New("client: ClientSecret is missing; the console shows a secret once, when it is made")
	case c.ClientSecret != "" && c.Assert != nil:
		return nil, errors.New("client: ClientSecret and Assert are two ways to prove who the client is; give one")
	}
	c.Scopes = slices.Clone(c.Scopes)
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{}
	}
	forTokens := *c.HTTPClient
	forTokens.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the secret goes nowhere else
	return &Client{config: c, base: base, http: &forTokens}, nil
}

// parseBase reads BaseURL.
func parseBase(c Config) (*url.URL, error) {
	base, err := url.Parse(strings.TrimRight(c.BaseURL, "/"))
	if err != nil || (base.Scheme != "https" && base.Scheme != "http") || base.Host == "" || base.Path != "" ||
		base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		return nil, errors.New("client: BaseURL must be the server's public URL without a path, such as https://tepin.example")
	}
	if base.Scheme == "http" && !c.AllowHTTP && !loopback(base.Hostname()) {
		return nil, fmt.Errorf("client: BaseURL has no TLS, and %s is another machine: use https, or set AllowHTTP where the way there is safe", base.Hostname())
	}
	base.Host = strings.ToLower(base.Host) // as the issuer has it
	return base, nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// ours reports whether u is an address of the server, to which tokens may be sent.
func (c *Client) ours(u *url.URL) bool {
	return u.Scheme == c.base.Scheme && strings.EqualFold(u.Hostname(), c.base.Hostname()) && port(u) == port(c.base)
}

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "http":
		return "80"
	default:
		return "443"
	}
}
