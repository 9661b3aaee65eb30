package outbound

import (
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// Request is what is asked of a foreign host.
type Request struct {
	URL      string
	AlsoHTTP bool          // take http:// URLs too
	Header   http.Header   // all but Accept is for the first host alone
	Timeout  time.Duration // 0 = [Timeout]
	MaxBody  int64         // 0 = [MaxBody]
}

// Answer is what a foreign host answered with status 200.
type Answer struct {
	Header http.Header
	Body   []byte // inflated
}

// Get fetches a document. It fails with Invalid when the URL cannot be called, with
// Forbidden when it leads where it may not, with Unprocessable when the answer is broken or
// too long, and with Unavailable when there is none of status 200. No error quotes the
// answer, or the URL beyond its host.
func (c *Client) Get(ctx context.Context, r Request) (Answer, error) {
	u, err := CheckURL(r.URL, r.AlsoHTTP)
	if err != nil {
		return Answer{}, err
	}
	if r.Timeout == 0 {
		r.Timeout = Timeout
	}
	if r.MaxBody == 0 {
		r.MaxBody = MaxBody
	}
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Answer{}, err
	}
	if r.Header != nil {
		req.Header = r.Header.Clone()
	}
	req.Header.Set("User-Agent", "Tepin")
	req.Header.Set("Accept-Encoding", "gzip")
	client := http.Client{Transport: c.transport, CheckRedirect: follow(r.AlsoHTTP)}
	res, err := client.Do(req)
	if err != nil {
		return Answer{}, explain(u.Host, err)
	}
	defer res.Body.Close()
	host := res.Request.URL.Host
	if res.StatusCode != http.StatusOK {
		return Answer{}, tepin.Errorf(tepin.Unavailable, "the host %s answered with status %d, not 200; check the URL", host, res.StatusCode)
	}
	body, err := readBody(res, r.MaxBody)
	if err != nil {
		return Answer{}, explain(host, err)
	}
	return Answer{Header: res.Header, Body: body}, nil
}

// everywhere are the headers that a host hears to which another has led.
var everywhere = []string{"Accept", "Accept-Encoding", "User-Agent"}

// follow judges where a host leads to. Once it has led to another, no credentials go
// along, not even back to the first.
func follow(alsoHTTP bool) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		first, last := via[0].URL, via[len(via)-1].URL
		if len(via) > MaxRedirects {
			return tepin.Errorf(tepin.Unavailable, "the host %s redirects more than %d times in a row; name the URL where that ends", first.Host, MaxRedirects)
		}
		if _, err := CheckURL(req.URL.String(), alsoHTTP && last.Scheme == "http"); err != nil {
			return &tepin.Error{Kind: tepin.Forbidden, Cause: err,
				Message: "the host " + last.Host + " redirects to a URL that is not called; name one that does not redirect"}
		}
		req.Header.Del("Referer") // the address before may hold a secret
		left := func(r *http.Request) bool { return r.URL.Scheme != first.Scheme || r.URL.Host != first.Host }
		if left(req) || slices.ContainsFunc(via, left) {
			for name := range req.Header {
				if !slices.Contains(everywhere, name) {
					delete(req.Header, name)
				}
			}
		}
		return nil
	}
}

// readBody reads an answer, inflated, if it has at most max bytes, before and after.
func readBody(res *http.Response, max int64) ([]byte, error) {
	broken := func(cause error) error {
		return &tepin.Error{Kind: tepin.Unprocessable, Cause: cause,
			Message: fmt.Sprintf("the host %s sent an answer of more than %d bytes, or one that is broken or in another encoding than gzip", res.Request.URL.Host, max)}
	}
	body := io.LimitReader(res.Body, max+1)
	switch strings.ToLower(res.Header.Get("Content-Encoding")) {
	case "", "identity":
	case "gzip":
		inflated, err := gzip.NewReader(body)
		if err != nil {
			return nil, cmp.Or(res.Request.Context().Err(), broken(err))
		}
		body = io.LimitReader(inflated, max+1)
	default:
		return nil, broken(nil)
	}
	raw, err := io.ReadAll(body)
	if int64(len(raw)) > max || err != nil && res.Request.Context().Err() == nil {
		return nil, broken(err)
	}
	return raw, err
}

// explain gives an exchange that failed its kind and words. What the standard library says
// may quote addresses and what the host sent: it is for the log, and not at length.
func explain(host string, err error) error {
	if e, ok := errors.AsType[*tepin.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the URL, whose query may be a secret
	}
	e := &tepin.Error{Kind: tepin.Unavailable, RetryAfter: 10 * time.Second, Cause: errors.New(tepin.Shorten(err.Error(), 300)),
		Message: "the host " + host + " cannot be reached, or did not answer in time; check the URL, and that this server may reach that host"}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		e.Message = "the certificate of the host " + host + " is not trusted here; if its authority is private, the operator names it in outbound_ca"
	}
	return e
}
