package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// hopHeaders are never passed on, by their canonical names (S19). The first three may
// be set by a trusted proxy, and so may the one in which it hands over certificates, if
// it does. The others are never read: they are other spellings of the same.
var hopHeaders = map[string]bool{
	"X-Forwarded-For": true, "X-Forwarded-Proto": true, "X-Forwarded-Host": true,

	"Forwarded": true, "X-Forwarded-Port": true, "X-Forwarded-Prefix": true, "X-Forwarded-Server": true, "X-Forwarded-Ssl": true,
	"X-Real-Ip": true, "True-Client-Ip": true, "X-Original-Url": true, "X-Rewrite-Url": true, "X-Original-Host": true, "X-Host": true,
	"X-Forwarded-Client-Cert": true, "X-Client-Cert": true, "X-Ssl-Client-Cert": true, "Ssl-Client-Cert": true, "X-Ssl-Cert": true, "Client-Cert": true,
}

// forwarded fills scheme and address of x and returns the host that the client
// asked for, walking the forwarded headers from right to left as far as the hops
// are trusted. Of certificates the proxy speaks that holds the connection, and no other.
// All those headers are removed.
func (s *Stack) forwarded(r *http.Request, x *exchange) (host string) {
	x.addr, x.scheme, host = remoteAddr(r), "http", r.Host
	if r.TLS != nil {
		x.scheme = "https"
	}
	if s.trusted(x.addr) {
		chain := listed(r.Header, "X-Forwarded-For")
		hops := 0
		for hops < len(chain) && s.trusted(x.addr) {
			addr, ok := hopAddr(chain[len(chain)-1-hops])
			if !ok {
				break
			}
			x.addr = addr
			hops++
		}
		if proto := hopValue(listed(r.Header, "X-Forwarded-Proto"), hops); proto == "https" || proto == "http" {
			x.scheme = proto
		}
		if h := hopValue(listed(r.Header, "X-Forwarded-Host"), hops); isHost(h) {
			host = h
		}
		x.cert = r.Header[s.CertificateHeader]
	}
	for name := range r.Header {
		if hopHeaders[name] || name == s.CertificateHeader {
			delete(r.Header, name)
		}
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

// hopAddr reads an address as proxies write it: some add its port. If that were not read,
// all clients would count as the proxy, and be where it is.
func hopAddr(entry string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(entry)
	if err != nil {
		var with netip.AddrPort
		with, err = netip.ParseAddrPort(entry)
		addr = with.Addr()
	}
	return addr.Unmap().WithZone(""), err == nil
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
