package token

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// Limits of what ParseProof takes.
const (
	MaxProof   = 8 << 10 // bytes of a proof
	MaxProofID = 256     // bytes of its jti
	minRSA     = 2048    // bits; the library takes at most 4096
)

// ed25519Alg is the newer name of EdDSA with such a key (RFC 9864 §2.2).
const ed25519Alg = "Ed25519"

// ProofAlgs are the algorithms that a DPoP proof may be signed with (RFC 9449 §5.1).
var ProofAlgs = []string{ES256, string(jose.PS256), RS256, string(jose.EdDSA), ed25519Alg}

var proofAlgs = []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.RS256, jose.EdDSA, ed25519Alg}

// Proof is a DPoP proof whose signature is good (RFC 9449 §4.2). Nothing else about it
// has been judged.
type Proof struct {
	KeyThumbprint string // of the key that signed it, RFC 7638, base64url
	ID            string // jti
	Method        string // htm
	URL           string // htu
	IssuedAt      time.Time
	NotBefore     time.Time // zero = it names none
	ExpiresAt     time.Time // zero = it names none
	Nonce         string
	TokenHash     string // ath
}

// proofClaims is the JSON of a proof, whose names count in their case and once each.
type proofClaims struct {
	ID        *string  `json:"jti"`
	Method    *string  `json:"htm"`
	URL       *string  `json:"htu"`
	IssuedAt  *float64 `json:"iat"`
	NotBefore *float64 `json:"nbf"`
	ExpiresAt *float64 `json:"exp"`
	Nonce     string   `json:"nonce"`
	TokenHash string   `json:"ath"`
}

// ParseProof reads the value of a DPoP header: a JWT of the type dpop+jwt that carries
// the public key that signed it (RFC 9449 §4.3, points 2 to 7). Its errors name the
// point and repeat nothing of the proof.
func ParseProof(raw string) (Proof, error) {
	if len(raw) > MaxProof {
		return Proof{}, fmt.Errorf("it is longer than %d bytes", MaxProof)
	}
	if strings.Trim(raw, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != "" { // white space, which the library passes over
		return Proof{}, errors.New("it is no compact JWT")
	}
	jws, err := jose.ParseSignedCompact(raw, proofAlgs)
	if _, other := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); other {
		return Proof{}, errors.New("its alg is none of " + strings.Join(ProofAlgs, ", "))
	}
	if err != nil {
		return Proof{}, errors.New("it is no JWT whose header has a public key as jwk")
	}
	key, err := proofKey(jws.Signatures[0].Protected)
	if err != nil {
		return Proof{}, err
	}
	payload, ok := verifyProof(raw, jws, key)
	if !ok {
		return Proof{}, errors.New("its signature is not by the key of its jwk")
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return Proof{}, errors.New("its jwk has no thumbprint")
	}
	p, err := parseProofClaims(payload)
	p.KeyThumbprint = b64.EncodeToString(thumbprint)
	return p, err
}

// verifyProof returns what the key has signed. The library does not know Ed25519 by its
// own name.
func verifyProof(raw string, jws *jose.JSONWebSignature, key *jose.JSONWebKey) (payload []byte, ok bool) {
	if jws.Signatures[0].Protected.Algorithm != ed25519Alg {
		payload, err := jws.Verify(key)
		return payload, err == nil
	}
	k, ok := key.Key.(ed25519.PublicKey)
	input := raw[:strings.LastIndexByte(raw, '.')]
	return jws.UnsafePayloadWithoutVerification(), ok && ed25519.Verify(k, []byte(input), jws.Signatures[0].Signature)
}

// proofKey returns the key of a proof's header. Private and symmetric keys have been
// refused before it.
func proofKey(h jose.Header) (*jose.JSONWebKey, error) {
	_, critical := h.ExtraHeaders["crit"]
	switch {
	case h.ExtraHeaders[jose.HeaderType] != "dpop+jwt":
		return nil, errors.New("its typ is not dpop+jwt")
	case critical:
		return nil, errors.New("its header has crit, of which this server knows nothing")
	case h.JSONWebKey == nil:
		return nil, errors.New("its header has no jwk")
	}
	if k, ok := h.JSONWebKey.Key.(*rsa.PublicKey); ok && k.N.BitLen() < minRSA {
		return nil, fmt.Errorf("its RSA key is shorter than %d bits", minRSA)
	}
	return h.JSONWebKey, nil
}

func parseProofClaims(payload []byte) (Proof, error) {
	var c proofClaims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Proof{}, errors.New("its claims are not one JSON object with strings as jti, htm, htu, nonce and ath, and a number as iat")
	}
	switch {
	case c.ID == nil || *c.ID == "" || len(*c.ID) > MaxProofID:
		return Proof{}, fmt.Errorf("it needs a jti of 1 to %d bytes", MaxProofID)
	case c.Method == nil || c.URL == nil:
		return Proof{}, errors.New("it needs htm and htu, the method and the URL of the request")
	case c.IssuedAt == nil:
		return Proof{}, errors.New("it needs an iat")
	}
	p := Proof{ID: *c.ID, Method: *c.Method, URL: *c.URL, Nonce: c.Nonce, TokenHash: c.TokenHash}
	for _, date := range []struct {
		to   *time.Time
		from *float64
	}{{&p.IssuedAt, c.IssuedAt}, {&p.NotBefore, c.NotBefore}, {&p.ExpiresAt, c.ExpiresAt}} {
		if date.from == nil {
			continue
		}
		if math.Abs(*date.from) > 1e11 {
			return Proof{}, errors.New("one of its times is out of the world; they count seconds since 1970")
		}
		*date.to = time.UnixMilli(int64(*date.from * 1000)).UTC()
	}
	return p, nil
}
