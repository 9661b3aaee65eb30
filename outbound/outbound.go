// Package outbound makes the requests to foreign hosts, and is the only one that does
// (S31). Whoever may name a URL could otherwise have the server fetch what only the
// server can reach: a cloud's metadata, a database's port, its own console.
//
// Addresses are judged when a socket is about to connect, after names were resolved and
// for each redirect anew, so that no name and no redirect leads elsewhere than it was
// looked at. Only public addresses are called, and what the operator lists. Proxies
// of the environment are not used: they would resolve names where nobody judges.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/tepin/tepin"
)

// Limits of a request.
const (
	MaxRedirects = 3
	MaxHeader    = 32 << 10         // bytes of an answer's header
	MaxBody      = 1 << 20          // bytes of an answer, before and after inflating, unless a request says otherwise
	Timeout      = 10 * time.Second // for the whole exchange, unless a request says otherwise

	connectTime = 5 * time.Second
	idleTime    = 30 * time.Second
	idleHosts   = 100
)

// Options of a [Client].
type Options struct {
	Allow    []Rule           // addresses that are not public, and may be called all the same
	Own      []netip.AddrPort // where this server listens: never called, whatever Allow says
	Roots    *x509.CertPool   // nil = the system's
	Resolver *net.Resolver    // nil = the system's
}

// Client makes requests to foreign hosts. It is safe for concurrent use.
type Client struct {
	o         Options
	transport *http.Transport
	listed    *http.Transport // for http:// in an [Exchange]: it connects to listed addresses alone
}

// New returns a client.
func New(o Options) *Client {
	c := &Client{o: o}
	c.transport, c.listed = c.newTransport(false), c.newTransport(true)
	return c
}

// newTransport returns a transport; one that is for listed addresses connects to no others.
func (c *Client) newTransport(listed bool) *http.Transport {
	return &http.Transport{
		Proxy: nil,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return c.dial(ctx, network, address, listed)
		},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.o.Roots},
		TLSHandshakeTimeout:    connectTime,
		DisableCompression:     true, // inflated here, where it is counted
		MaxResponseHeaderBytes: MaxHeader,
		MaxIdleConns:           idleHosts,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        idleTime,
	}
}

// dial connects to an address that a name leads to, if that may be called, and, where only
// listed ones may, is listed.
func (c *Client) dial(ctx context.Context, network, address string, listed bool) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	host = canonical(host)
	d := net.Dialer{
		Timeout:  connectTime,
		Resolver: c.o.Resolver,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			return c.permit(host, at, listed)
		},
	}
	return d.DialContext(ctx, network, address)
}

// permit refuses an address that host, in canonical form, leads to, unless it is public
// or listed. Which address it was is for the log: names of an inner network would
// otherwise be resolved for whoever asks.
func (c *Client) permit(host string, at netip.AddrPort, listed bool) error {
	at = netip.AddrPortFrom(plain(at.Addr()), at.Port())
	if c.own(at) {
		return refused(host, at, "this server itself", "")
	}
	s, found := classify(at.Addr())
	if !found && !listed {
		return nil
	}
	for _, r := range c.o.Allow {
		if r.opens(host, at, s) {
			return nil
		}
	}
	if !found {
		return &tepin.Error{Kind: tepin.Forbidden, Cause: errors.New("the address is " + at.String()),
			Message: "the host " + host + " is only called by https://: over http:// anybody between could answer, and read what is sent"}
	}
	mend := "; if it is meant to be called, the operator lists the host in outbound_allow"
	if s.never {
		mend = "; if it is meant to be called, the operator lists the address in outbound_allow"
	}
	return refused(host, at, s.what, mend)
}

func refused(host string, at netip.AddrPort, what, mend string) error {
	return &tepin.Error{Kind: tepin.Forbidden, Cause: errors.New("the address is " + at.String()),
		Message: "the host " + host + " leads to " + what + ", which is not called" + mend}
}

// own reports whether this server itself listens at an address.
func (c *Client) own(at netip.AddrPort) bool {
	for _, o := range c.o.Own {
		if o.Port() != at.Port() {
			continue
		}
		switch own := o.Addr().Unmap(); {
		case own == at.Addr() || at.Addr().IsUnspecified(): // unspecified connects to this machine
			return true
		case own.IsUnspecified() && (at.Addr().IsLoopback() || local(at.Addr())):
			return true
		}
	}
	return false
}

// local reports whether an address is one of this machine's, and, where that cannot be
// known, that it is.
func local(a netip.Addr) bool {
	list, err := net.InterfaceAddrs()
	for _, each := range list {
		if p, err := netip.ParsePrefix(each.String()); err == nil && p.Addr().Unmap() == a {
			return true
		}
	}
	return err != nil
}
