package outbound

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// Rule opens what is closed by default: an address, a network or a host name, on one
// port or on all.
type Rule struct {
	prefix netip.Prefix
	name   string // lower case; empty = prefix
	port   uint16 // 0 = all
}

// ParseRule reads 10.1.0.0/16, 10.1.2.3, 10.1.2.3:8443, [fd00::1]:8443, keys.internal
// or keys.internal:8443.
//
// A name opens the private and loopback addresses that it leads to, not those of links,
// multicast and cloud metadata: they must be listed themselves.
func ParseRule(s string) (Rule, error) {
	if p, err := netip.ParsePrefix(s); err == nil && !p.Addr().Is4In6() {
		return Rule{prefix: p.Masked()}, nil
	}
	at, err := netip.ParseAddrPort(s)
	if err != nil {
		if a, errAddr := netip.ParseAddr(s); errAddr == nil {
			at, err = netip.AddrPortFrom(a, 0), nil
		}
	} else if at.Port() == 0 {
		return Rule{}, errRule(s)
	}
	if err == nil {
		p, err := at.Addr().Prefix(at.Addr().BitLen())
		if err != nil || at.Addr().Zone() != "" || at.Addr().Is4In6() {
			return Rule{}, errRule(s)
		}
		return Rule{prefix: p, port: at.Port()}, nil
	}
	name, port, found := strings.Cut(s, ":")
	r := Rule{name: canonical(name)}
	if found {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return Rule{}, errRule(s)
		}
		r.port = uint16(n)
	}
	if !hostName(r.name) {
		return Rule{}, errRule(s)
	}
	return r, nil
}

func errRule(s string) error {
	return tepin.Errorf(tepin.Invalid, "%q is no address, network or host name, such as 10.1.2.3, 10.1.0.0/16, [fd00::1]:8443 or keys.internal:8443", tepin.Shorten(s, 100))
}

// opens reports whether the rule opens an address that host, in canonical form, leads to.
func (r Rule) opens(host string, at netip.AddrPort, s special) bool {
	if r.port != 0 && r.port != at.Port() {
		return false
	}
	if r.name != "" {
		return r.name == host && !s.never
	}
	return r.prefix.Contains(at.Addr())
}

// canonical is the one form in which host names are compared.
func canonical(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// hostName reports whether a name in canonical form is one of the DNS (RFC 1123 §2.1),
// in ASCII. Underscores are let through, since they are in use. A last label that is a
// number would be taken for an address in one of its old forms, such as 127.1.
func hostName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
		last = label
	}
	digits := strings.Trim(last, "0123456789") == ""
	return !digits && !strings.HasPrefix(last, "0x")
}
