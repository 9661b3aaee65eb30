package connector_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
)

func TestCheckDomains(t *testing.T) {
	got, err := connector.CheckDomains([]string{"API.Example.COM.", "*.example.com", "api.example.com", "127.0.0.1:8080", "[2001:DB8::1]:443", "[2001:db8::1]", "localhost:3000", "*.example.co.uk:8443"})
	want := []string{"api.example.com", "*.example.com", "127.0.0.1:8080", "[2001:db8::1]:443", "[2001:db8::1]", "localhost:3000", "*.example.co.uk:8443"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for s, says := range map[string]string{
		"*": "host name", "*.com": "public suffix", "*.co.uk": "public suffix", "*.github.io": "public suffix", "*.*.example.com": "host name",
		"a*.example.com": "host name", "a.*.example.com": "host name", "https://example.com": "no scheme", "example.com/a": "no scheme",
		"user@example.com": "no scheme", "": "host name", ".": "host name", "127.1": "host name", "0x7f.1": "host name", "2130706433": "host name",
		"2001:db8::1": "brackets", "[fe80::1%25eth0]": "no scheme", "[::1": "brackets", "example.com:0": "port", "example.com:99999": "port", "exämple.com": "xn--",
		"*.127.0.0.1": "host name", "a..b": "host name",
	} {
		_, err := connector.CheckDomains([]string{"ok.example", s})
		if tepin.KindOf(err) != tepin.Invalid || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "allowedDomains[1]") {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, err := connector.CheckDomains(make([]string, tepin.MaxAllowedDomains+1)); err == nil {
		t.Error("too many are taken")
	}
}
