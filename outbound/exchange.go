package outbound

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// MaxExchangeURL is the longest URL of an [Exchange] in bytes: signed ones are long.
const MaxExchangeURL = 8192

// CheckExchangeURL reads the URL of an [Exchange], as [CheckURL].
func CheckExchangeURL(raw string) (*url.URL, error) { return checkURL(raw, MaxExchangeURL, true) }

// Exchange is a request of any method to a foreign host. Over http:// it reaches only
// addresses that the operator listed.
type Exchange struct {
	Method  string
	URL     string
	Header  http.Header   // none of it goes to another host that this one redirects to, but what is in [everywhere]
	Body    io.Reader     // nil = none
	Size    int64         // of Body; -1 = unknown
	Timeout time.Duration // until the answer's body has been read; 0 = [Timeout]
	MaxBody int64         // bytes of the answer, before and after inflating; 0 = [MaxBody]
	// Admit judges each URL before it is called, those of redirects too; nil = all may be.
	Admit func(*url.URL) error
	// Manual hands out redirects instead of following them.
	Manual bool
}

// Reply is what a foreign host answered, whatever its status.
type Reply struct {
	Status     int
	Header     http.Header // without Content-Encoding and Content-Length where the body was inflated
	URL        string      // the last that was called
	Redirected bool
	Size       int64         // of Body; -1 = unknown
	Body       io.ReadCloser // inflated; reading beyond the limit fails with Unprocessable
}

// Do makes an exchange. Its errors are those of [Client.Get]; the caller closes the body.
func (c *Client) Do(ctx context.Context, e Exchange) (*Reply, error) {
	u, err := CheckExchangeURL(e.URL)
	if err == nil && e.Admit != nil {
		err = e.Admit(u)
	}
	if err != nil {
		return nil, err
	}
	if e.Timeout == 0 {
		e.Timeout = Timeout
	}
	if e.MaxBody == 0 {
		e.MaxBody = MaxBody
	}
	ctx, cancel := context.WithTimeout(ctx, e.Timeout)
	res, err := c.send(ctx, e, u)
	if err != nil {
		cancel()
		return nil, err
	}
	if res.StatusCode < http.StatusOK || res.StatusCode > 599 {
		cancel()
		_ = res.Body.Close() // the refusal says more
		return nil, tepin.Errorf(tepin.Unprocessable, "the host %s answered with the status %d, which no answer has", res.Request.URL.Host, res.StatusCode)
	}
	reply := &Reply{Status: res.StatusCode, Header: res.Header, URL: res.Request.URL.String(), Redirected: res.Request.Response != nil, Size: res.ContentLength}
	body := &body{host: res.Request.URL.Host, raw: res.Body, left: e.MaxBody, max: e.MaxBody, cancel: cancel}
	body.from = body.counted()
	if err := body.inflate(reply); err != nil {
		_ = body.Close() // the refusal says more
		return nil, err
	}
	reply.Body = body
	return reply, nil
}

func (c *Client) send(ctx context.Context, e Exchange, u *url.URL) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, e.Method, u.String(), e.Body)
	if err != nil {
		return nil, tepin.Errorf(tepin.Invalid, "this is no method of HTTP")
	}
	if e.Body != nil && e.Size >= 0 {
		req.ContentLength = e.Size
	}
	if e.Header != nil {
		req.Header = e.Header.Clone()
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "Tepin")
	}
	req.Header.Set("Accept-Encoding", "gzip")
	if req.Header.Get("Range") != "" {
		req.Header.Set("Accept-Encoding", "identity")
	}
	judge := follow(true)
	client := http.Client{Transport: byScheme{c}, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if e.Manual {
			return http.ErrUseLastResponse
		}
		// From https:// back to http:// leads nowhere; a listed http:// host may go to either.
		if err := judge(next, via); err != nil {
			return err
		}
		if via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme != "https" {
			return tepin.Errorf(tepin.Forbidden, "the host %s redirects from https:// to http://, which is not followed", via[len(via)-1].URL.Host)
		}
		if e.Admit != nil {
			return e.Admit(next.URL)
		}
		return nil
	}}
	res, err := client.Do(req)
	if err != nil {
		return nil, explain(u.Host, err)
	}
	return res, nil
}

// byScheme sends https:// to public and listed addresses, and http:// to listed ones.
type byScheme struct{ c *Client }

// RoundTrip is that of [http.RoundTripper].
func (t byScheme) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return t.c.transport.RoundTrip(r)
	}
	return t.c.listed.RoundTrip(r)
}

// body is the body of a reply: counted before and after inflating.
type body struct {
	host   string
	raw    io.ReadCloser
	from   io.Reader
	left   int64 // that may still come out
	max    int64
	cancel context.CancelFunc
}

// errTooLong is what reading too much of the raw body fails with.
var errTooLong = errors.New("the answer is too long")

// counted is the raw body, up to the limit.
func (b *body) counted() io.Reader {
	left := b.max
	return readerFunc(func(p []byte) (int, error) {
		n, err := b.raw.Read(p[:min(int64(len(p)), left+1)])
		if left -= int64(n); left < 0 {
			return 0, errTooLong
		}
		return n, err
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// inflate reads gzip from here on, where that is what came.
func (b *body) inflate(r *Reply) error {
	switch coding := strings.ToLower(r.Header.Get("Content-Encoding")); {
	case coding == "" || coding == "identity", r.Size == 0, r.Status == http.StatusNotModified, r.Status == http.StatusNoContent:
		return nil
	case coding == "gzip":
		inflated, err := gzip.NewReader(b.from)
		if err == io.EOF { // an answer to HEAD
			return nil
		}
		if err != nil {
			return b.broken(err)
		}
		b.from, r.Size = inflated, -1
		r.Header.Del("Content-Encoding")
		r.Header.Del("Content-Length")
		return nil
	}
	return b.broken(nil)
}

// Read is that of [io.Reader]. What fails is explained.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, b.broken(errTooLong)
	}
	if err != nil && err != io.EOF {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			return n, explain(b.host, err)
		}
		return n, b.broken(err)
	}
	return n, err
}

// Close ends the exchange.
func (b *body) Close() error {
	err := b.raw.Close()
	b.cancel()
	return err
}

func (b *body) broken(cause error) error {
	return &tepin.Error{Kind: tepin.Unprocessable, Cause: cause,
		Message: fmt.Sprintf("the host %s sent an answer of more than %d bytes, or one that is broken or in another encoding than gzip", b.host, b.max)}
}
