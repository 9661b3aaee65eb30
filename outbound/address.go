package outbound

import "net/netip"

// special is a range of addresses that are not public.
type special struct {
	prefix netip.Prefix
	what   string
	never  bool // a listed host name does not open it: only the address itself, listed
}

// specials are IANA's registries of special-purpose addresses (RFC 6890), and the
// addresses at which clouds hand a machine its credentials. The first that contains
// an address names it.
var specials = []special{
	{netip.MustParsePrefix("169.254.169.254/32"), "a cloud's metadata address", true},
	{netip.MustParsePrefix("169.254.170.0/24"), "a cloud's metadata address", true},   // containers
	{netip.MustParsePrefix("100.100.100.200/32"), "a cloud's metadata address", true}, // inside 100.64.0.0/10
	{netip.MustParsePrefix("168.63.129.16/32"), "a cloud's metadata address", true},   // a public address by its number
	{netip.MustParsePrefix("192.0.0.192/32"), "a cloud's metadata address", true},
	{netip.MustParsePrefix("fd00:ec2::/32"), "a cloud's metadata address", true},
	{netip.MustParsePrefix("fd20:ce::254/128"), "a cloud's metadata address", true},

	{netip.MustParsePrefix("0.0.0.0/8"), "an unspecified address", true},
	{netip.MustParsePrefix("10.0.0.0/8"), "a private address", false},      // RFC 1918
	{netip.MustParsePrefix("100.64.0.0/10"), "a carrier's address", false}, // RFC 6598
	{netip.MustParsePrefix("127.0.0.0/8"), "a loopback address", false},
	{netip.MustParsePrefix("169.254.0.0/16"), "a link-local address", true}, // RFC 3927
	{netip.MustParsePrefix("172.16.0.0/12"), "a private address", false},
	{netip.MustParsePrefix("192.0.0.0/24"), "a reserved address", true},        // RFC 6890
	{netip.MustParsePrefix("192.0.2.0/24"), "a documentation address", true},   // RFC 5737
	{netip.MustParsePrefix("192.88.99.0/24"), "a translation's address", true}, // 6to4 relays, RFC 7526
	{netip.MustParsePrefix("192.168.0.0/16"), "a private address", false},
	{netip.MustParsePrefix("198.18.0.0/15"), "a benchmark's address", true}, // RFC 2544
	{netip.MustParsePrefix("198.51.100.0/24"), "a documentation address", true},
	{netip.MustParsePrefix("203.0.113.0/24"), "a documentation address", true},
	{netip.MustParsePrefix("224.0.0.0/4"), "a multicast address", true},
	{netip.MustParsePrefix("255.255.255.255/32"), "the broadcast address", true},
	{netip.MustParsePrefix("240.0.0.0/4"), "a reserved address", true}, // RFC 1112

	{netip.MustParsePrefix("::/128"), "an unspecified address", true},
	{netip.MustParsePrefix("::1/128"), "a loopback address", false},
	{netip.MustParsePrefix("::/96"), "a translation's address", true},          // IPv4-compatible, RFC 4291
	{netip.MustParsePrefix("64:ff9b:1::/48"), "a translation's address", true}, // local NAT64, RFC 8215
	{netip.MustParsePrefix("2001::/32"), "a translation's address", true},      // Teredo, RFC 4380
	{netip.MustParsePrefix("2001:2::/48"), "a benchmark's address", true},      // RFC 5180
	{netip.MustParsePrefix("2001::/23"), "a reserved address", true},           // RFC 2928
	{netip.MustParsePrefix("2001:db8::/32"), "a documentation address", true},  // RFC 3849
	{netip.MustParsePrefix("2002::/16"), "a translation's address", true},      // 6to4, RFC 3056
	{netip.MustParsePrefix("3fff::/20"), "a documentation address", true},      // RFC 9637
	{netip.MustParsePrefix("fc00::/7"), "a private address", false},            // unique local, RFC 4193
	{netip.MustParsePrefix("fe80::/10"), "a link-local address", true},
	{netip.MustParsePrefix("fec0::/10"), "a private address", false}, // site-local, RFC 3879
	{netip.MustParsePrefix("ff00::/8"), "a multicast address", true},
}

var (
	nat64         = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	globalUnicast = netip.MustParsePrefix("2000::/3")     // all of IPv6 that is given out, RFC 4291
	elsewhere     = special{what: "a reserved address", never: true}
)

// plain returns the address that a stands for: an IPv4 address that is written as an
// IPv6 one, or that a translator (NAT64) reaches, is that IPv4 address.
func plain(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		b := a.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

// classify returns the range that makes a [plain] address not public.
func classify(a netip.Addr) (special, bool) {
	for _, s := range specials {
		if s.prefix.Contains(a) {
			return s, true
		}
	}
	if !a.Is4() && !globalUnicast.Contains(a) {
		return elsewhere, true
	}
	return special{}, false
}
