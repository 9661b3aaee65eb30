package outbound

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

// Both ends of every range, and the addresses beside them.
func TestAddresses(t *testing.T) {
	for _, c := range []struct{ addresses, what string }{
		{"8.8.8.8 1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0", ""},
		{"172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255", ""},
		{"2000:: 2001:200:: 2606:4700::1111 2a00:1450::1 3ffe:ffff:: 2001:db7:ffff:: 2001:db9:: 2003::", ""},
		{"::ffff:8.8.8.8 64:ff9b::8.8.8.8", ""},
		{"169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254 fd20:ce::254 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe", "a cloud's metadata address"},
		{"0.0.0.0 0.255.255.255 :: ::ffff:0.0.0.0 64:ff9b::", "an unspecified address"},
		{"10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 ::ffff:10.0.0.1 64:ff9b::10.0.0.1", "a private address"},
		{"fc00:: fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fec0:: feff::", "a private address"},
		{"100.64.0.0 100.127.255.255", "a carrier's address"},
		{"127.0.0.0 127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1", "a loopback address"},
		{"169.254.0.0 169.254.255.255 fe80:: febf::1 fe80::1%eth0", "a link-local address"},
		{"192.0.2.0 192.0.2.255 198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255 2001:db8:: 2001:db8:ffff:: 3fff:: 3fff:fff::", "a documentation address"},
		{"198.18.0.0 198.19.255.255 2001:2::", "a benchmark's address"},
		{"224.0.0.0 239.255.255.255 ff00:: ff02::1 ffff::", "a multicast address"},
		{"255.255.255.255", "the broadcast address"},
		{"192.0.0.0 192.0.0.255 240.0.0.0 255.255.255.254 2001:1:: 2001:1ff:: 100:: 1fff:: 4000:: 5f00:: 64:ff9a:: fbff::", "a reserved address"},
		{"::2 ::127.0.0.1 ::8.8.8.8 64:ff9b:1:: 64:ff9b:1::7f00:1 2001:: 2001:0:7f00:1:: 2002:: 2002:7f00:1:: 192.88.99.1", "a translation's address"},
	} {
		for each := range strings.FieldsSeq(c.addresses) {
			if s, found := classify(plain(netip.MustParseAddr(each))); s.what != c.what || found != (c.what != "") {
				t.Errorf("%s is %q, want %q", each, s.what, c.what)
			}
		}
	}
}

func TestParseRule(t *testing.T) {
	for s, want := range map[string]Rule{
		"10.1.2.3":             {prefix: netip.MustParsePrefix("10.1.2.3/32")},
		"10.1.2.3:8443":        {prefix: netip.MustParsePrefix("10.1.2.3/32"), port: 8443},
		"10.1.2.3/8":           {prefix: netip.MustParsePrefix("10.0.0.0/8")},
		"fd00::1":              {prefix: netip.MustParsePrefix("fd00::1/128")},
		"[fd00::1]:443":        {prefix: netip.MustParsePrefix("fd00::1/128"), port: 443},
		"fd00::/8":             {prefix: netip.MustParsePrefix("fd00::/8")},
		"Keys.Internal.":       {name: "keys.internal"},
		"keys_1.internal:8443": {name: "keys_1.internal", port: 8443},
		"localhost":            {name: "localhost"},
	} {
		if got, err := ParseRule(s); err != nil || got != want {
			t.Errorf("%s: %+v %v", s, got, err)
		}
	}
	for _, s := range []string{"", ".", "127.1", "0x7f.1", "10", "10.0.0.0/33", "10.1.2.3:0", "10.1.2.3:99999", "keys.internal:", "keys.internal:0", "keys.internal:x", "a:1:2",
		"fe80::1%eth0", "[fe80::1%eth0]:1", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "[::1]", "https://a.example", "a.example/x", "*.example", "-a.example", "a..b", "käse.example",
		strings.Repeat("a", 64), strings.Repeat("a.", 130)} {
		if r, err := ParseRule(s); tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%q: %+v %v", s, r, err)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for raw, want := range map[string]string{
		"https://Keys.Example":                      "https://keys.example",
		"https://keys.example./a?b=c#d":             "https://keys.example/a?b=c",
		"https://keys.example:0443/":                "https://keys.example:443/",
		"https://10.1.2.3/":                         "https://10.1.2.3/",
		"https://[FD00::0001]:8443/x":               "https://[fd00::1]:8443/x",
		"https://[::ffff:10.0.0.1]/":                "https://[::ffff:10.0.0.1]/",
		"https://keys.example:/x":                   "https://keys.example/x",
		"HTTPS://xn--kse-qla.example/%2e%2e/?x=%zz": "https://xn--kse-qla.example/%2e%2e/?x=%zz",
	} {
		if u, err := CheckURL(raw, false); err != nil || u.String() != want {
			t.Errorf("%s: %v %v", raw, u, err)
		}
	}
	for raw, says := range map[string]string{
		"":                                       "must begin with https://",
		"keys.example":                           "must begin with https://",
		"//keys.example":                         "must begin with https://",
		"http://keys.example":                    "over http://",
		"ftp://keys.example":                     "must begin with https://",
		"javascript:alert(1)":                    "no URL",
		"https:keys.example":                     "no URL",
		"https:///path":                          "no host",
		"https://:443":                           "no host",
		"https://u:p@keys.example":               "user name or a password",
		"https://@keys.example":                  "user name or a password",
		"https://keys.example:0":                 "port",
		"https://keys.example:65536":             "port",
		"https://keys.example:x":                 "no URL",
		"https://127.1":                          "whole address",
		"https://2130706433":                     "whole address",
		"https://0x7f000001":                     "whole address",
		"https://0177.0.0.1":                     "whole address",
		"https://127.0.0.1.":                     "",
		"https://[fe80::1%25eth0]/":              "whole address",
		"https://käse.example":                   "ASCII",
		"https://k%C3%A4se.example":              "xn--",
		"https://keys.example/\r\nHost: a":       "no URL",
		"https://keys.example/a b":               "no URL",
		"https://keys.example\\@127.0.0.1/":      "no URL",
		"https://a_b-.example":                   "no host",
		"https://" + strings.Repeat("a", MaxURL): "longer than 2048 bytes",
	} {
		u, err := CheckURL(raw, false)
		if says == "" {
			if err != nil {
				t.Errorf("%q: %v", raw, err)
			}
			continue
		}
		if tepin.KindOf(err) != tepin.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v %v", raw, u, err)
		}
	}
	if u, err := CheckURL("http://keys.example", true); err != nil || u.Scheme != "http" {
		t.Errorf("%v %v", u, err)
	}
}

// Whatever address there is: its other forms are judged as it is, and what the standard
// library knows to be special is never public.
func FuzzClassify(f *testing.F) {
	for _, s := range []string{"8.8.8.8", "::1", "64:ff9b::1", "2002:7f00:1::", "::ffff:10.0.0.1"} {
		f.Add(netip.MustParseAddr(s).AsSlice())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		s, found := classify(plain(a))
		if known := a.Unmap(); !found && (!known.IsGlobalUnicast() || known.IsPrivate() || known.IsLoopback() || known.IsLinkLocalUnicast()) {
			t.Errorf("%s is public", a)
		}
		if found && s.what == "" {
			t.Errorf("%s is refused without a word", a)
		}
		if a.Is4() {
			b := a.As4()
			mapped, translated := netip.AddrFrom16(a.As16()), netip.MustParseAddr("64:ff9b::").As16()
			copy(translated[12:], b[:])
			for _, other := range []netip.Addr{mapped, netip.AddrFrom16(translated)} {
				if o, _ := classify(plain(other)); o != s {
					t.Errorf("%s is %q, %s is %q", a, s.what, other, o.what)
				}
			}
		}
	})
}

// What passes is an absolute URL without credentials whose host is a name or an address,
// and passes again unchanged.
func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://keys.example:8443/a?b#c", "http://[::1]:1", "https://a@b:1/", "https://127.1/", "https://a%2fb/", "https://a.:0001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := CheckURL(raw, true)
		if err != nil {
			if tepin.KindOf(err) != tepin.Invalid {
				t.Error(err)
			}
			return
		}
		_, errAddr := netip.ParseAddr(u.Hostname())
		if u.User != nil || u.Fragment != "" || u.Opaque != "" || errAddr != nil && !hostName(u.Hostname()) {
			t.Errorf("%q passed as %q", raw, u)
		}
		again, err := CheckURL(u.String(), true)
		if err != nil || again.String() != u.String() {
			t.Errorf("%q is %q, then %v %v", raw, u, again, err)
		}
	})
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"10.0.0.0/8", "[fd00::1]:443", "keys.internal:8443"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRule(s)
		if err == nil && (r.name == "") != r.prefix.IsValid() || err == nil && r.name != "" && !hostName(r.name) {
			t.Errorf("%q is %+v", s, r)
		}
	})
}
