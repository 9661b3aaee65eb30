package credential

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
)

// pairs are private keys of every kind, made once.
var pairs = sync.OnceValue(func() map[string]any {
	must := func(k any, err error) any {
		if err != nil {
			panic(err)
		}
		return k
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	return map[string]any{
		"RSA 1024": must(rsa.GenerateKey(rand.Reader, 1024)),
		"RSA 2048": must(rsa.GenerateKey(rand.Reader, 2048)),
		"P-256":    must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"P-384":    must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		"Ed25519":  must(ed, err),
	}
})

func public(t testing.TB, kind string) any {
	t.Helper()
	signer, ok := pairs()[kind].(interface{ Public() any })
	if ok {
		return signer.Public()
	}
	k := jose.JSONWebKey{Key: pairs()[kind]}
	return k.Public().Key
}

func jwk(t testing.TB, k jose.JSONWebKey) string {
	t.Helper()
	b, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func pemOf(t testing.TB, kind string, der []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func certificateOf(t testing.TB, kind string) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public(t, kind), pairs()[kind])
	return pemOf(t, "CERTIFICATE", der, err)
}

func TestCleanKeys(t *testing.T) {
	rsaDER, errRSA := x509.MarshalPKIXPublicKey(public(t, "RSA 2048"))
	edDER, errEd := x509.MarshalPKIXPublicKey(public(t, "Ed25519"))
	ec := jwk(t, jose.JSONWebKey{Key: public(t, "P-256"), KeyID: "one", Algorithm: "ES256"})
	for name, c := range map[string]struct {
		text string
		keys int
	}{
		"a JWK":                     {ec, 1},
		"a JWK set":                 {`{"keys":[` + ec + `]}`, 1},
		"a set with other things":   {` {"keys":[` + jwk(t, jose.JSONWebKey{Key: public(t, "Ed25519"), Use: "sig"}) + `,` + ec + `],"note":1} `, 2},
		"Ed25519 by its newer name": {jwk(t, jose.JSONWebKey{Key: public(t, "Ed25519"), Algorithm: "Ed25519"}), 1},
		"RSA for PS256":             {jwk(t, jose.JSONWebKey{Key: public(t, "RSA 2048"), Algorithm: "PS256"}), 1},
		"public keys as PEM":        {pemOf(t, "PUBLIC KEY", rsaDER, errRSA) + "\n" + pemOf(t, "PUBLIC KEY", edDER, errEd), 2},
		"RSA of PKCS #1":            {pemOf(t, "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(public(t, "RSA 2048").(*rsa.PublicKey)), nil), 1},
		"a certificate":             {"subject=CN = client\n" + certificateOf(t, "P-256"), 1},
	} {
		clean, err := cleanKeys(c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		keys, err := ReadKeySet([]byte(clean))
		if err != nil || len(keys) != c.keys {
			t.Errorf("%s: %d keys, %v", name, len(keys), err)
		}
		if again, err := cleanKeys(clean); err != nil || again != clean {
			t.Errorf("%s: %s becomes %s, %v", name, clean, again, err)
		}
	}
	clean, err := cleanKeys(`{"keys":[` + strings.Replace(ec, "{", `{"x5u":"https://evil.example","note":"canary",`, 1) + `]}`)
	if err != nil || strings.Contains(clean, "evil") || strings.Contains(clean, "canary") || !strings.Contains(clean, `"kid":"one"`) || !strings.Contains(clean, `"alg":"ES256"`) {
		t.Errorf("%s %v", clean, err)
	}
}

// What may not verify is refused when it is registered, and left out where it is
// fetched. Nothing of a private key is repeated.
func TestKeysThatMayNotVerify(t *testing.T) {
	private := func(kind string) string { return jwk(t, jose.JSONWebKey{Key: pairs()[kind]}) }
	pkcs8, errPKCS8 := x509.MarshalPKCS8PrivateKey(pairs()["P-256"])
	sec1, errSEC1 := x509.MarshalECPrivateKey(pairs()["P-256"].(*ecdsa.PrivateKey))
	good := jwk(t, jose.JSONWebKey{Key: public(t, "P-256")})
	other := func(member string) string { return strings.Replace(good, "{", "{"+member+",", 1) }
	for name, c := range map[string]struct{ text, says string }{
		"private RSA":            {private("RSA 2048"), "Consider it leaked"},
		"private EC":             {private("P-256"), "Consider it leaked"},
		"private Ed25519":        {private("Ed25519"), "Consider it leaked"},
		"private in a set":       {`{"keys":[` + good + `,` + private("P-256") + `]}`, "Consider it leaked"},
		"private, null":          {other(`"d":null`), "Consider it leaked"},
		"symmetric":              {`{"kty":"oct","k":"` + base64.RawURLEncoding.EncodeToString([]byte("geheim geheim geheim geheim")) + `"}`, "Consider it leaked"},
		"private PEM":            {pemOf(t, "PRIVATE KEY", pkcs8, errPKCS8), "Consider it leaked"},
		"private EC PEM":         {"key:\n" + pemOf(t, "EC PRIVATE KEY", sec1, errSEC1), "Consider it leaked"},
		"private behind public":  {certificateOf(t, "P-256") + pemOf(t, "PRIVATE KEY", pkcs8, errPKCS8), "Consider it leaked"},
		"RSA of 1024 bits":       {jwk(t, jose.JSONWebKey{Key: public(t, "RSA 1024")}), "RSA key of 1024 bits"},
		"RSA of 1024 bits, PEM":  {certificateOf(t, "RSA 1024"), "RSA key of 1024 bits"},
		"RSA of exponent 2":      {pemOf(t, "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: public(t, "RSA 2048").(*rsa.PublicKey).N, E: 2}), nil), "exponent"},
		"RSA of 16384 bits":      {pemOf(t, "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 16383, 1), E: 65537}), nil), "RSA key of 16384 bits"},
		"JWK of 16384 bits":      {`{"kty":"RSA","e":"AQAB","n":"` + base64.RawURLEncoding.EncodeToString(append([]byte{255}, make([]byte, 2047)...)) + `"}`, "cannot be read"},
		"EC on P-384":            {jwk(t, jose.JSONWebKey{Key: public(t, "P-384")}), "another curve"},
		"EC not on its curve":    {`{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}`, "cannot be read"},
		"X25519":                 {`{"kty":"OKP","crv":"X25519","x":"AAAA"}`, "a kind that is not taken"},
		"an unknown kind":        {`{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"}`, "a kind that is not taken"},
		"for encryption":         {other(`"use":"enc"`), "not for signatures"},
		"an alg that is another": {other(`"alg":"RS256"`), "does not fit"},
		"an alg not taken":       {other(`"alg":"ES384"`), "does not fit"},
		"a long kid":             {other(`"kid":"` + strings.Repeat("k", 256) + `"`), "kid"},
		"members twice":          {other(`"kty":"EC"`), "neither a JWK set"},
		"a string in the set":    {`{"keys":["geheim"]}`, "no JWK"},
	} {
		clean, err := cleanKeys(c.text)
		if clean != "" || tepin.KindOf(err) != tepin.Invalid || !strings.Contains(err.Error(), c.says) || Refusals(err)["keys"] == "" {
			t.Errorf("%s: %q %v", name, clean, err)
		}
		if err != nil && (strings.Contains(err.Error(), "geheim") || len(err.Error()) > 400) {
			t.Errorf("%s: the refusal repeats it: %v", name, err)
		}
		if keys, err := ReadKeySet([]byte(c.text)); len(keys) > 1 || len(keys) == 1 && !strings.Contains(name, "in a set") {
			t.Errorf("%s: %d keys are taken from a set, %v", name, len(keys), err)
		}
	}
	weak, errWeak := x509.MarshalPKIXPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	for name, text := range map[string]string{
		"nothing": "", "a text": "geheim", "an SSH key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH geheim", "a list": "[]", "a number": "1",
		"no keys": `{"keys":[]}`, "keys that are none": `{"keys":null}`, "another object": `{"a":1}`, "something behind": good + "x",
		"the same key twice": `{"keys":[` + good + `,` + other(`"kid":"two"`) + `]}`,
		"a weak key as PEM":  pemOf(t, "PUBLIC KEY", weak, errWeak),
		"a request as PEM":   pemOf(t, "CERTIFICATE REQUEST", []byte{1}, nil),
		"a broken PEM":       pemOf(t, "PUBLIC KEY", []byte{1}, nil),
		"text behind PEM":    certificateOf(t, "P-256") + "geheim",
		"a cut PEM":          "-----BEGIN PUBLIC KEY-----\ngeheim",
		"a long text":        `{"keys":[` + good + strings.Repeat(" ", maxKeysText) + `]}`,
		"eleven keys":        elevenKeys(t),
	} {
		if clean, err := cleanKeys(text); tepin.KindOf(err) != tepin.Invalid || Refusals(err)["keys"] == "" || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %q %v", name, clean, err)
		}
	}
	if _, err := ReadKeySet([]byte(`{"keys":[` + strings.Repeat(good+",", 100) + good + `]}`)); err == nil {
		t.Error("101 keys are taken")
	}
}

func elevenKeys(t *testing.T) string {
	t.Helper()
	var list []string
	for i := range MaxPublicKeys + 1 {
		pub, _, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, jwk(t, jose.JSONWebKey{Key: pub, KeyID: fmt.Sprint(i)}))
	}
	return `{"keys":[` + strings.Join(list, ",") + `]}`
}

// What is taken has one form, in which nothing is private, and is taken again.
func FuzzCleanKeys(f *testing.F) {
	der, err := x509.MarshalPKIXPublicKey(public(f, "Ed25519"))
	for _, s := range []string{"", "{}", `{"keys":[]}`, `{"kty":"oct","k":"AA"}`, jwk(f, jose.JSONWebKey{Key: public(f, "P-256"), KeyID: "k"}), `{"keys":[` + jwk(f, jose.JSONWebKey{Key: public(f, "Ed25519")}) + `]}`,
		pemOf(f, "PUBLIC KEY", der, err), jwk(f, jose.JSONWebKey{Key: pairs()["Ed25519"]})} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean, err := cleanKeys(text)
		if err != nil {
			if tepin.KindOf(err) != tepin.Invalid {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		for _, name := range privateMembers {
			if strings.Contains(clean, `"`+name+`":`) {
				t.Errorf("%q becomes %q", text, clean)
			}
		}
		if again, err := cleanKeys(clean); err != nil || again != clean {
			t.Errorf("%q becomes %q, then %q, %v", text, clean, again, err)
		}
	})
}
