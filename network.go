package tepin

import (
	"encoding/binary"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Limits of the lists of an integration.
const (
	MaxNetworks = 50
	MaxOrigins  = 20
	maxOrigin   = 255 // bytes
)

// Networks is a list of networks in CIDR form.
type Networks []netip.Prefix

// ParseNetworks reads networks separated by white space or commas: "192.0.2.0/24" or
// a single address. Bits behind the prefix are cleared.
func ParseNetworks(text string) (Networks, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' || r == '\r' || r == '\t' })
	if len(words) > MaxNetworks {
		return nil, Errorf(Invalid, "there are %d networks; at most %d are possible", len(words), MaxNetworks)
	}
	var list Networks
	for _, word := range words {
		p, err := netip.ParsePrefix(word)
		if a, errAddr := netip.ParseAddr(word); errAddr == nil && a.Zone() == "" {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return nil, Errorf(Invalid, "%s is no network; write one as 192.0.2.0/24 or 2001:db8::/48, or a single address", quote(word))
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if p = p.Masked(); !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list, nil
}

// Allow reports whether the address is in one of the networks, or there are none.
func (n Networks) Allow(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return len(n) == 0 || slices.ContainsFunc(n, func(p netip.Prefix) bool { return p.Contains(a) })
}

// String returns the networks, separated by spaces.
func (n Networks) String() string {
	words := make([]string, len(n))
	for i, p := range n {
		words[i] = p.String()
	}
	return strings.Join(words, " ")
}

// Place is where somebody is, as far as limits and lists of last uses tell places
// apart: an IPv4 address, or the /64 of an IPv6 one, which one customer of a provider
// has whole. The zero Place is nowhere known.
type Place struct {
	family uint64 // 4, 6, or 0 for nowhere known
	number uint64 // the address, or the first half of it
}

// PlaceOf returns the place of an address.
func PlaceOf(a netip.Addr) Place {
	switch a = a.Unmap(); {
	case a.Is4():
		b := a.As4()
		return Place{4, uint64(binary.BigEndian.Uint32(b[:]))}
	case a.Is6():
		b := a.As16()
		return Place{6, binary.BigEndian.Uint64(b[:8])}
	}
	return Place{}
}

// String returns "192.0.2.7", "2001:db8::/64", or "" for nowhere known.
func (p Place) String() string {
	switch p.family {
	case 4:
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(p.number)))).String()
	case 6:
		return netip.AddrFrom16([16]byte(binary.BigEndian.AppendUint64(make([]byte, 0, 16), p.number)[:16])).String() + "/64"
	}
	return ""
}

// Origins is a list of web origins as browsers send them: "https://shop.example".
type Origins []string

// ParseOrigins reads origins separated by white space or commas, in the form in which
// browsers send them (RFC 6454 §6.2). Only https can be bound, and http on loopback
// where insecure is true (S23).
func ParseOrigins(text string, insecure bool) (Origins, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' || r == '\r' || r == '\t' })
	if len(words) > MaxOrigins {
		return nil, Errorf(Invalid, "there are %d origins; at most %d are possible", len(words), MaxOrigins)
	}
	var list Origins
	for _, word := range words {
		o, err := ParseOrigin(word, insecure)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	return list, nil
}

// ParseOrigin reads one origin; see [ParseOrigins].
func ParseOrigin(word string, insecure bool) (string, error) {
	u, err := url.Parse(word)
	if err != nil || len(word) > maxOrigin || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" || u.Path != "" && u.Path != "/" {
		return "", Errorf(Invalid, "%s is no origin; write one as https://shop.example, without a path", quote(word))
	}
	host, loopback, ok := originHost(u.Hostname())
	if !ok {
		return "", Errorf(Invalid, "the host of %s is not as browsers send it; write a name of ASCII letters, in the form that begins with xn-- where it has others, or an address", quote(word))
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback && insecure) {
		return "", Errorf(Invalid, "%s is not https; only https origins can be bound, and http on loopback in environments that are not for production", quote(word))
	}
	if text := u.Port(); text != "" {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return "", Errorf(Invalid, "the port of %s is larger than ports are", quote(word))
		}
		if u.Scheme == "https" && port != 443 || u.Scheme == "http" && port != 80 {
			host += ":" + strconv.FormatUint(port, 10)
		}
	}
	return u.Scheme + "://" + host, nil
}

// originHost returns a host as browsers write it in an origin, and whether it can only
// mean the machine itself; ok is false where no browser writes it so.
func originHost(name string) (host string, loopback, ok bool) {
	if addr, err := netip.ParseAddr(name); err == nil {
		host = addr.String()
		if addr.Is6() {
			host = "[" + host + "]"
		}
		return host, addr.IsLoopback(), addr.Zone() == ""
	}
	host = strings.ToLower(name)
	if strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return "", false, false
	}
	return host, host == "localhost" || strings.HasSuffix(host, ".localhost"), true
}

// String returns the origins, separated by spaces.
func (o Origins) String() string { return strings.Join(o, " ") }
