package oauth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
)

// What readForm accepts, the standard library reads the same way, with no name twice.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"", "a=b", "grant_type=client_credentials&client_id=x&client_secret=y", "a=1&a=2", "resource=a&resource=b", "%zz=1", "a=%00+%20", "a;b=c", "=x&=y", "&&&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if !utf8.ValidString(body) {
			return
		}
		p, err := readForm(body)
		if err != nil {
			return
		}
		checkParameters(t, p)
		if strings.Contains(body, ";") {
			return // which the standard library refuses altogether
		}
		values, err := url.ParseQuery(body)
		if err != nil {
			t.Fatalf("%q is accepted, but the standard library says %v", body, err)
		}
		for _, each := range p {
			if each.name != "resource" && values.Get(each.name) != each.value {
				t.Errorf("%q: %q is %q, the standard library has %q", body, each.name, each.value, values.Get(each.name))
			}
		}
	})
}

// What readJSON accepts is JSON, and its strings are those of the standard library.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{"", "{}", `{"a":"b"}`, `{"grant_type":"client_credentials","client_id":"x","client_secret":"y","audience":null}`,
		`{"scope":1}`, `{"resource":["a","b"]}`, `{"resource":[[]]}`, `{"a":1,"a":2}`, `{"scope":"x"} {}`, `{"x":[[[[{"a":[]}]]]],"scope":"s"}`, `[]`, `{"a":1e999}`, `{"scope":"\ud800"}`, `{"a" 1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := readJSON(string(body))
		if err != nil {
			return
		}
		checkParameters(t, p)
		var members map[string]json.RawMessage
		if err := json.Unmarshal(body, &members); err != nil {
			t.Fatalf("%q is accepted, but the standard library says %v", body, err)
		}
		for _, each := range p {
			var want string
			if each.name == "resource" {
				continue
			}
			if err := json.Unmarshal(members[each.name], &want); err != nil || want != each.value {
				t.Errorf("%q: %q is %q, the standard library has %q, %v", body, each.name, each.value, want, err)
			}
		}
	})
}

func checkParameters(t *testing.T, p parameters) {
	t.Helper()
	seen := map[string]bool{}
	for _, each := range p {
		if each.value == "" || seen[each.name] && each.name != "resource" {
			t.Errorf("parameters %q: one is empty or there twice", p)
		}
		seen[each.name] = true
	}
	if len(p) > 2*MaxParameters {
		t.Errorf("%d parameters", len(p))
	}
}

// Both halves of what parseBasic accepts are UTF-8 and not empty.
func FuzzBasic(f *testing.F) {
	for _, s := range []string{"", "Basic", "Basic YTpi", "basic  YTpi ", "Basic YSVmZjpi", "Basic Og==", "Bearer x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, err := parseBasic(header)
		if err == nil && (id == "" || secret == "" || !utf8.ValidString(id) || !utf8.ValidString(secret)) {
			t.Errorf("%q gives %q and %q", header, id, secret)
		}
	})
}

// Whatever is read as an assertion is one signature in compact form, by a public key, with
// the claims that each must have; and nothing that is read was believed.
func FuzzAssertion(f *testing.F) {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for _, header := range []string{`{"alg":"ES256"}`, `{"alg":"none"}`, `{"alg":"RS256","kid":"k","typ":"JWT"}`, `{"alg":"EdDSA","jwk":{"kty":"OKP"}}`, `{"alg":"PS256","crit":["b64"],"b64":false}`} {
		for _, claims := range []string{`{"iss":"a","sub":"a","aud":"https://tepin.example/","exp":1,"jti":"j"}`, `{"iss":"a","sub":"b","aud":["x","y"],"exp":1e18}`, `[]`} {
			f.Add(part(header)+"."+part(claims)+"."+part("signature"), time.Now().Unix())
		}
	}
	f.Fuzz(func(t *testing.T, raw string, unix int64) {
		a, err := readAssertion(raw)
		if err != nil {
			if tepin.KindOf(err) != tepin.Unauthorized || len(err.Error()) > 300 {
				t.Errorf("%q: %v", raw, err)
			}
			return
		}
		if strings.Count(raw, ".") != 2 || len(raw) > MaxAssertion || !slices.Contains(credential.Algorithms, a.alg) || a.signed.Signatures[0].Protected.JSONWebKey != nil {
			t.Errorf("%q is read", raw)
		}
		if c := a.claims; c.Issuer == "" || c.Subject == "" || len(c.Audience) != 1 || c.Expiry == nil {
			t.Errorf("%q: claims %+v", raw, c)
		}
		now := time.Unix(unix, 0)
		if exp := a.claims.Expiry.Time(); a.inTime(now) == nil && (exp.Before(now.Add(-ClockLeeway)) || exp.After(now.Add(WorkloadLife+ClockLeeway))) {
			t.Errorf("%q: at %s, its end %s is fine", raw, now, exp)
		}
		tries := maxTries
		if a.signedByOne(fuzzKeys, &tries) {
			t.Errorf("%q is signed by a key that nobody has", raw)
		}
		once := a.proof("client", tepin.Trust{}).Once
		if len(once) != 32 || bytes.Equal(once, a.proof("client2", tepin.Trust{}).Once) {
			t.Errorf("%q: %x", raw, once)
		}
	})
}

// fuzzKeys are public keys whose private halves are gone.
var fuzzKeys = func() []jose.JSONWebKey {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return []jose.JSONWebKey{{Key: &ec.PublicKey}, {Key: ed}}
}()
