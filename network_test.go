package tepin_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

func TestNetworks(t *testing.T) {
	n, err := tepin.ParseNetworks("192.0.2.7/24, 2001:db8::/48\n::ffff:198.51.100.0/120 203.0.113.9 192.0.2.0/24")
	if err != nil || n.String() != "192.0.2.0/24 2001:db8::/48 198.51.100.0/24 203.0.113.9/32" {
		t.Fatalf("%s, %v", n, err)
	}
	for addr, want := range map[string]bool{
		"192.0.2.255": true, "192.0.3.0": false, "::ffff:192.0.2.1": true, "2001:db8:0:1::1%eth0": true, "2001:db8:1::": false, "198.51.100.9": true,
		"203.0.113.9": true, "203.0.113.10": false,
	} {
		if got := n.Allow(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %t", addr, got)
		}
	}
	if n.Allow(netip.Addr{}) || !tepin.Networks(nil).Allow(netip.Addr{}) {
		t.Error("an unknown address is in a list, or refused without one")
	}
	for _, bad := range []string{"192.0.2.0/33", "example.com", "fe80::1%eth0", "1.2.3", strings.Repeat("10.0.0.0/8 ", 51)} {
		if _, err := tepin.ParseNetworks(bad); tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestOrigins(t *testing.T) {
	for in, want := range map[string]string{
		"https://Shop.Example": "https://shop.example", "https://a.example:443/": "https://a.example", "https://a.example:8443": "https://a.example:8443",
		"https://xn--bcher-kva.example": "https://xn--bcher-kva.example", "http://localhost:3000": "http://localhost:3000", "http://[::1]:80": "http://[::1]",
		"https://[2001:DB8:0:0::1]:8443": "https://[2001:db8::1]:8443", "https://a.example:0443": "https://a.example", "http://127.0.0.1": "http://127.0.0.1",
	} {
		if got, err := tepin.ParseOrigin(in, true); err != nil || got != want {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	for _, bad := range []string{"", "null", "*", "shop.example", "http://shop.example", "https://*.example", "https://a.example/x", "https://a.example?x", "https://u@a.example",
		"https://", "ftp://a.example", "https://bücher.example", "https://[fe80::1%25eth0]", "https://a%20b", "https://a.example:65536", "https://" + strings.Repeat("a", 300)} {
		if o, err := tepin.ParseOrigin(bad, true); tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%q is the origin %q, %v", bad, o, err)
		}
	}
	if _, err := tepin.ParseOrigin("http://localhost", false); tepin.KindOf(err) != tepin.Invalid {
		t.Errorf("http is bound in production: %v", err)
	}
}

func TestPlaces(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "::1": "::/64",
	} {
		if got := tepin.PlaceOf(netip.MustParseAddr(addr)).String(); got != want {
			t.Errorf("%s is at %s, want %s", addr, got, want)
		}
	}
	same := func(a, b string) bool {
		return tepin.PlaceOf(netip.MustParseAddr(a)) == tepin.PlaceOf(netip.MustParseAddr(b))
	}
	if !same("2001:db8::1", "2001:db8::ffff:1") || same("2001:db8::1", "2001:db8:0:1::1") || !same("192.0.2.7", "::ffff:192.0.2.7") || same("192.0.2.7", "192.0.2.8") {
		t.Error("places are told apart in the wrong way")
	}
	if tepin.PlaceOf(netip.Addr{}) != (tepin.Place{}) || (tepin.Place{}).String() != "" {
		t.Error("nowhere known is somewhere")
	}
}

func FuzzParseNetworks(f *testing.F) {
	for _, s := range []string{"", "192.0.2.0/24", "2001:db8::/48, ::ffff:198.51.100.0/120", "::ffff:0:0/95", "10.0.0.1 10.0.0.1/32", "1.2.3.4/-1", "0/0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := tepin.ParseNetworks(s)
		if err != nil {
			if tepin.KindOf(err) != tepin.Invalid {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		again, err := tepin.ParseNetworks(n.String())
		if err != nil || again.String() != n.String() || len(n) > tepin.MaxNetworks {
			t.Errorf("%q is stored as %q and read as %q, %v", s, n, again, err)
		}
		for _, p := range n {
			if !n.Allow(p.Addr()) || p.Addr().Is4In6() || p != p.Masked() {
				t.Errorf("%q: the network %s is not as it is compared", s, p)
			}
		}
	})
}

// An accepted origin is one word in the form in which it is accepted again, and over
// TLS or on loopback.
func FuzzOrigin(f *testing.F) {
	for _, s := range []string{"https://shop.example", "HTTPS://A.B:443/", "http://[::1]:80", "http://localhost", "https://a%20b", "https://a.example:", "https://[::1%25eth0]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, word string) {
		o, err := tepin.ParseOrigin(word, true)
		if err != nil {
			return
		}
		again, err := tepin.ParseOrigin(o, true)
		if err != nil || again != o || strings.ContainsAny(o, " ,*@?#%") || len(strings.Fields(o)) != 1 {
			t.Errorf("%q is %q, and that is %q, %v", word, o, again, err)
		}
		if !strings.HasPrefix(o, "https://") && !strings.HasPrefix(o, "http://localhost") && !strings.HasPrefix(o, "http://127.") && !strings.HasPrefix(o, "http://[::1]") && !strings.Contains(o, ".localhost") {
			t.Errorf("%q is bound without TLS: %q", word, o)
		}
	})
}
