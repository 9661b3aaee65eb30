package oauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
)

// foreignRoots is the authority of every [httptest.Server] with TLS.
var foreignRoots = sync.OnceValue(func() *x509.CertPool {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
})

// foreign is another host, which publishes keys and calls itself an issuer.
type foreign struct {
	*httptest.Server
	fetched atomic.Int64 // its key set

	mu     sync.Mutex
	answer http.HandlerFunc // to who fetches its key set
	issuer string           // what it calls itself; "" = its URL
}

func newForeign(t testing.TB, keys ...jose.JSONWebKey) *foreign {
	t.Helper()
	f := &foreign{}
	f.publish(keys...)
	f.Server = httptest.NewTLSServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *foreign) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	answer, issuer := f.answer, f.issuer
	f.mu.Unlock()
	if issuer == "" {
		issuer = f.URL
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": issuer, "jwks_uri": f.URL + "/jwks"})
	case "/jwks":
		f.fetched.Add(1)
		answer(w, r)
	default:
		http.NotFound(w, r)
	}
}

// does has it answer so from now on.
func (f *foreign) does(answer http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

// publish has it publish the public halves of keys.
func (f *foreign) publish(keys ...jose.JSONWebKey) { f.publishFor("", keys...) }

func (f *foreign) publishFor(cacheControl string, keys ...jose.JSONWebKey) {
	var set jose.JSONWebKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, k.Public())
	}
	f.does(func(w http.ResponseWriter, _ *http.Request) {
		if cacheControl != "" {
			w.Header().Set("Cache-Control", cacheControl)
		}
		_ = json.NewEncoder(w).Encode(set)
	})
}

// pairs are private keys for each algorithm, made once, whose kid is the algorithm.
var pairs = sync.OnceValue(func() map[jose.SignatureAlgorithm]jose.JSONWebKey {
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	out := map[jose.SignatureAlgorithm]jose.JSONWebKey{}
	for alg, key := range map[jose.SignatureAlgorithm]crypto.Signer{jose.RS256: rsaKey, jose.PS256: rsaKey, jose.ES256: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), jose.EdDSA: ed} {
		out[alg] = jose.JSONWebKey{Key: key, KeyID: string(alg), Algorithm: string(alg)}
	}
	return out
})

// newPair is another private key for ES256.
func newPair(id string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), KeyID: id}
}

// registered is the public half of a key as somebody registers it.
func registered(k jose.JSONWebKey) string { return string(must(json.Marshal(k.Public()))) }

// claims are those of a JWT.
type claims map[string]any

// sign signs claims in compact form, with the key's kid.
func sign(t testing.TB, k jose.JSONWebKey, alg jose.SignatureAlgorithm, c claims) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: k}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(must(json.Marshal(c)))
	if err != nil {
		t.Fatal(err)
	}
	return must(signed.CompactSerialize())
}

// signText signs whatever header and claims there are by ES256.
func signText(k jose.JSONWebKey, header, claims string) string {
	message := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	sum := sha256.Sum256([]byte(message))
	r, s, err := ecdsa.Sign(rand.Reader, k.Key.(*ecdsa.PrivateKey), sum[:])
	if err != nil {
		panic(err)
	}
	return message + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// text is claims in JSON.
func text(c claims) string { return string(must(json.Marshal(c))) }

// ownClaims are those that a client says of itself.
func (r *rig) ownClaims(id tepin.ClientID) claims {
	now := r.now().Unix()
	return claims{"iss": id, "sub": id, "aud": publicURL + "/", "iat": now, "nbf": now, "exp": now + 60, "jti": tepin.RandomBase62(20)}
}

// trusts gives an integration a trust.
func (r *rig) trusts(in tepin.Integration, v tepin.Trust) tepin.Trust {
	r.t.Helper()
	v.EnvironmentID, v.IntegrationID = in.EnvironmentID, in.ID
	return must(r.Credential.CreateTrust(r.t.Context(), admin, v, false))
}

const assertionForm = "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="

// assert sends an assertion to the token endpoint, with further parameters.
func (r *rig) assert(assertion string, more ...string) response {
	r.t.Helper()
	body := assertionForm + url.QueryEscape(assertion)
	if len(more) > 0 {
		body += "&" + strings.Join(more, "&")
	}
	return r.form(body)
}

// refused fails the test unless an assertion was refused so.
func refused(t testing.TB, what string, got response, status int, code, why string) {
	t.Helper()
	if got.StatusCode != status || got.code != code || !strings.Contains(got.why, why) || got.token != "" {
		t.Errorf("%s: %d %s, want %d %s with %q", what, got.StatusCode, got.body, status, code, why)
	}
}

// accepted fails the test unless an assertion got a token, which it returns.
func accepted(t testing.TB, what string, got response) string {
	t.Helper()
	if got.StatusCode != http.StatusOK || got.token == "" {
		t.Errorf("%s: %d %s", what, got.StatusCode, got.body)
	}
	return got.token
}

const day = 24 * time.Hour
