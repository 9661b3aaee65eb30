package accesstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
)

// Prover holds a key and makes DPoP proofs with it, as a client does.
type Prover struct {
	Alg string
	Key any              // the private key, as go-jose takes it
	Now func() time.Time // nil = time.Now
}

// ed25519Alg is a name of EdDSA that go-jose does not know (RFC 9864 §2.2).
const ed25519Alg = "Ed25519"

// rsaKey is made once for all provers: RSA keys take long.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// NewProver returns one with a key for the algorithm, which for those of RSA is the
// same each time.
func NewProver(t testing.TB, alg string) Prover {
	t.Helper()
	var key any
	var err error
	switch jose.SignatureAlgorithm(alg) {
	case jose.ES256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA, ed25519Alg:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case jose.PS256, jose.RS256:
		key, err = rsaKey()
	default:
		t.Fatalf("no prover for %s", alg)
	}
	if err != nil {
		t.Fatal(err)
	}
	return Prover{Alg: alg, Key: key}
}

// Public is the JWK of the public half.
func (p Prover) Public() jose.JSONWebKey {
	if k, ok := p.Key.(crypto.Signer); ok {
		return jose.JSONWebKey{Key: k.Public()}
	}
	return jose.JSONWebKey{Key: p.Key}
}

// Thumbprint names the key as tokens do that are bound to it.
func (p Prover) Thumbprint() string {
	k := p.Public()
	sum, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// Proof returns a proof for a request; without a token or a nonce it names none.
func (p Prover) Proof(method, url, nonce, token string) string {
	return p.Sign(nil, p.Claims(method, url, nonce, token))
}

// Claims returns what [Prover.Proof] signs.
func (p Prover) Claims(method, url, nonce, token string) map[string]any {
	now := time.Now
	if p.Now != nil {
		now = p.Now
	}
	claims := map[string]any{"jti": tepin.NewID[string](), "htm": method, "htu": url, "iat": now().Unix()}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return claims
}

// Sign returns the JWT of the claims, under the header of a proof with what header has
// instead; nil there leaves something out.
func (p Prover) Sign(header, claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return p.SignRaw(header, payload)
}

// SignRaw is Sign for claims that may not be JSON.
func (p Prover) SignRaw(header map[string]any, payload []byte) string {
	all := map[string]any{"typ": "dpop+jwt", "jwk": p.Public()}
	for k, v := range header {
		all[k] = v
	}
	if p.Alg == ed25519Alg {
		return p.signEd25519(all, payload)
	}
	o := &jose.SignerOptions{}
	for k, v := range all {
		if v != nil {
			o.WithHeader(jose.HeaderKey(k), v)
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(p.Alg), Key: p.Key}, o)
	if err != nil {
		panic(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return raw
}

func (p Prover) signEd25519(header map[string]any, payload []byte) string {
	header["alg"] = ed25519Alg
	maps.DeleteFunc(header, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(header)
	if err != nil {
		panic(err)
	}
	signed := base64.RawURLEncoding.EncodeToString(text) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature := ed25519.Sign(p.Key.(ed25519.PrivateKey), []byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}
