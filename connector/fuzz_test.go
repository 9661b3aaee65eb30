package connector

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/outbound"
)

// Whatever is listed as a host, it has one form, which only its own hosts fit; a wildcard
// never opens more than one label under a name that somebody has registered.
func FuzzDomains(f *testing.F) {
	for _, seed := range [][2]string{{"*.example.com", "a.example.com"}, {"example.com:8443", "example.com:8443"}, {"[2001:db8::1]:443", "[2001:db8::1]"}, {"127.0.0.1", "127.0.0.1:80"},
		{"*.co.uk", "x.co.uk"}, {"EXAMPLE.com.", "example.com."}, {"*.github.io", "x.github.io"}, {"a_b.example", "a_b.example"}, {"::1", "[::1]"}, {"*.example.com:1", "b.a.example.com:1"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, domain, host string) {
		d, err := checkDomain(domain)
		if err != nil {
			return
		}
		if again, err := checkDomain(d); err != nil || again != d || strings.ContainsAny(d, " \t\n") {
			t.Fatalf("%q is %q, then %q, %v", domain, d, again, err)
		}
		u, err := outbound.CheckExchangeURL("https://" + host)
		if err != nil || !matches([]string{d}, u) {
			return
		}
		name := strings.TrimSuffix(u.Hostname(), ".")
		fixed, wild := strings.CutPrefix(d, "*.")
		if i := strings.LastIndexByte(fixed, ':'); i >= 0 && !strings.HasSuffix(fixed, "]") {
			fixed = fixed[:i]
		}
		fixed = strings.Trim(fixed, "[]")
		if !wild && fixed != name {
			t.Errorf("%q opens %q", d, host)
		}
		if wild {
			label, rest, _ := strings.Cut(name, ".")
			if _, err := publicsuffix.EffectiveTLDPlusOne(fixed); err != nil || label == "" || rest != fixed {
				t.Errorf("%q opens %q", d, host)
			}
		}
	})
}

// Whatever a token endpoint answers, it is a token that fits into a header, or a refusal
// that repeats nothing of it.
func FuzzTokenAnswer(f *testing.F) {
	for _, seed := range []string{`{"access_token":"a","expires_in":3600,"token_type":"Bearer"}`, `{"access_token":"a","expires_in":"60"}`, `{"error":"invalid_client"}`, `[]`, `{"access_token":"a\nb"}`,
		`{"access_token":"a","expires_in":-1}`, `{"access_token":"a","expires_in":1e99}`, `{"access_token":"a","expires_in":"NaN"}`} {
		f.Add(200, []byte(seed))
		f.Add(400, []byte(seed))
	}
	p := &Proxy{}
	f.Fuzz(func(t *testing.T, status int, raw []byte) {
		got, err := p.read(&outbound.Reply{Status: status, URL: "https://login.example/token", Header: http.Header{}}, raw)
		if err != nil {
			if _, ok := err.(*refusal); !ok && tepin.KindOf(err) != tepin.Unavailable {
				t.Errorf("%v", err)
			}
			return
		}
		if life := got.Ends.Sub(p.now()); got.Access == "" || strings.ContainsAny(got.Access, "\r\n \x00") || life > longestLife || life < -longestLife || got.Renew.After(got.Ends) {
			t.Errorf("%+v of %q", got, raw)
		}
	})
}
