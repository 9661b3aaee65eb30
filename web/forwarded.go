package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// hopHeaders may be set by a trusted proxy alone (S19).
var hopHeaders = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"}

// foreignHeaders are never read and never passed on: other spellings of the same,
// and certificates, which have a listener of their own.
var foreignHeaders = []string{
	"Forwarded", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Real-Ip", "True-Client-Ip",
	"X-Original-Url", "X-Rewrite-Url", "X-Original-Host", "X-Host",
	"X-Forwarded-Client-Cert", "X-Client-Cert", "X-Ssl-Client-Cert", "Ssl-Client-Cert", "X-Ssl-Cert", "Client-Cert",
}

// forwarded fills scheme and address of x and returns the host that the client
// asked for, walking the forwarded headers from right to left as far as the hops
// are trusted. What is left of those headers is removed.
func (s *Stack) forwarded(r *http.Request, x *exchange) (host string) {
	x.addr, x.scheme, host = remoteAddr(r), "http", r.Host
	if r.TLS != nil {
		x.scheme = "https"
	}
	if s.trusted(x.addr) {
		chain := listed(r.Header, "X-Forwarded-For")
		hops := 0
		for hops < len(chain) && s.trusted(x.addr) {
			addr, err := netip.ParseAddr(chain[len(chain)-1-hops])
			if err != nil {
				break
			}
			x.addr = addr.Unmap().WithZone("")
			hops++
		}
		if proto := hopValue(listed(r.Header, "X-Forwarded-Proto"), hops); proto == "https" || proto == "http" {
			x.scheme = proto
		}
		if h := hopValue(listed(r.Header, "X-Forwarded-Host"), hops); isHost(h) {
			host = h
		}
	}
	for _, name := range hopHeaders {
		r.Header.Del(name)
	}
	for _, name := range foreignHeaders {
		r.Header.Del(name)
	}
	return host
}

// trusted reports whether addr is one of the configured proxies.
func (s *Stack) trusted(addr netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// hopValue returns the entry that the last of the trusted hops appended; with fewer
// entries than hops the leftmost, which then is a trusted one's too.
func hopValue(list []string, hops int) string {
	if len(list) == 0 {
		return ""
	}
	return strings.ToLower(list[max(0, len(list)-max(hops, 1))])
}

// listed splits all lines of a comma-separated header.
func listed(h http.Header, name string) []string {
	var list []string
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
	}
	return list
}

// isHost reports whether h is shaped like host[:port].
func isHost(h string) bool {
	return h != "" && len(h) <= 255 && !strings.ContainsAny(h, "/\\@?# \t\"'<>%")
}

// remoteAddr is the peer of the connection.
func remoteAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}
