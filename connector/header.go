package connector

import (
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// withheld are headers of a call that never go to an upstream: what belongs to one
// connection, what says who calls us, what the page or the proxies before this server
// added, and what is made anew (S32). Names that end in "-" stand for all that begin so.
var withheld = []string{
	"Connection", "Keep-Alive", "Proxy-", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings", "Expect", // RFC 9110 §7.6.1
	"Authorization", "Cookie", "Cookie2", "Dpop", "X-Csrf-Token", "X-Grafx-",
	"Host", "Content-Length", "Accept-Encoding", "User-Agent",
	"Origin", "Referer", "Sec-", "Access-Control-",
	"Forwarded", "X-Forwarded-", "X-Real-Ip", "X-Client-", "X-Original-", "True-Client-Ip", "Via", "Cf-", "X-Amzn-", "X-Envoy-", "X-Ssl-", "Ssl-", "Client-Cert", "Client-Cert-Chain",
}

// returned are the headers of an upstream's answer that reach script and page (S32).
var returned = []string{
	"Content-Type", "Content-Language", "Content-Range", "Content-Disposition", "Accept-Ranges", "Etag", "Last-Modified", "Link", "Retry-After",
	"X-Total", "X-Total-", "X-Count", "X-Page", "X-Page-", "X-Per-Page", "X-Next-", "X-Prev-", "X-Pagination", "X-Pagination-", "X-Ratelimit-", "Ratelimit", "Ratelimit-",
}

func listed(list []string, name string) bool {
	return slices.ContainsFunc(list, func(each string) bool {
		return each == name || strings.HasSuffix(each, "-") && strings.HasPrefix(name, each)
	})
}

// canonical are the headers with their names in the one form in which they are looked for.
func canonical(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		name = textproto.CanonicalMIMEHeaderKey(name)
		out[name] = append(out[name], values...)
	}
	return out
}

// outgoing are the headers of a call that go along, before a credential is put in.
func (c Call) outgoing() http.Header {
	connection := map[string]bool{}
	for _, name := range names(c.Header.Values("Connection")) {
		connection[name] = true
	}
	h := http.Header{}
	for name, values := range c.Header {
		if !listed(withheld, name) && !connection[name] {
			h[name] = values
		}
	}
	if agent := c.Header.Get(HeaderUserAgent); agent != "" {
		h.Set("User-Agent", agent)
	}
	if c.Connector.ForwardedHeaders {
		if c.From.IsValid() {
			h.Set("X-Forwarded-For", c.From.String())
		}
		if u, err := url.Parse(c.PublicURL); err == nil && u.Host != "" {
			h.Set("X-Forwarded-Host", u.Host)
			h.Set("X-Forwarded-Proto", u.Scheme)
		}
	}
	return h
}

// exclude removes what the call does not want to go along.
func (c Call) exclude(h http.Header) {
	for _, name := range names(c.Header.Values(HeaderExclude)) {
		h.Del(name)
	}
}

// names are the canonical names in lists of header names.
func names(lists []string) (out []string) {
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				out = append(out, textproto.CanonicalMIMEHeaderKey(name))
			}
		}
	}
	return out
}

// incoming are the headers of an answer that are passed on.
func incoming(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		if listed(returned, name) {
			out[name] = values
		}
	}
	return out
}
