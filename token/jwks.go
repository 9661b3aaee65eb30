package token

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/tepin/tepin"
)

// jwk is a public key as RFC 7517 §4 has it. Its members stand in the order that
// RFC 7638 §3 hashes, followed by those that it leaves out.
type jwk struct {
	Curve    string `json:"crv,omitempty"`
	Exponent string `json:"e,omitempty"`
	Type     string `json:"kty"`
	Modulus  string `json:"n,omitempty"`
	X        string `json:"x,omitempty"`
	Y        string `json:"y,omitempty"`
	Alg      string `json:"alg,omitempty"`
	Use      string `json:"use,omitempty"`
	KeyID    string `json:"kid,omitempty"`
}

func ecJWK(k *ecdsa.PublicKey) (jwk, error) {
	point, err := k.Bytes() // SEC 1: 4, x, y
	if err != nil || len(point) != 65 {
		return jwk{}, fmt.Errorf("token: public key of %d bytes: %w", len(point), err)
	}
	return named(jwk{Curve: "P-256", Type: "EC", X: b64.EncodeToString(point[1:33]), Y: b64.EncodeToString(point[33:])}, ES256), nil
}

func rsaJWK(k *rsa.PublicKey) jwk {
	return named(jwk{Type: "RSA", Modulus: b64.EncodeToString(k.N.Bytes()),
		Exponent: b64.EncodeToString(big.NewInt(int64(k.E)).Bytes())}, RS256)
}

// named completes a bare key with its use and its thumbprint (RFC 7638 §3).
func named(k jwk, alg string) jwk {
	bare, err := json.Marshal(k)
	if err != nil {
		panic(err) // a struct of strings
	}
	sum := sha256.Sum256(bare)
	k.KeyID, k.Alg, k.Use = b64.EncodeToString(sum[:]), alg, "sig"
	return k
}

// Keys is an immutable set of signing keys.
type Keys struct {
	list     []*Key
	byHeader map[string]*Key
	jwks     []byte
}

// order is how the key set lists the purposes: clients that look at nothing but the
// first key find one of access tokens.
var order = []tepin.KeyPurpose{tepin.AccessTokens, tepin.IDTokens, tepin.AuditHeads}

// NewKeys returns the set of the given keys.
func NewKeys(keys ...*Key) *Keys {
	s := &Keys{list: slices.Clone(keys), byHeader: make(map[string]*Key, len(keys))}
	slices.SortStableFunc(s.list, func(a, b *Key) int {
		return cmp.Or(slices.Index(order, a.Purpose)-slices.Index(order, b.Purpose), b.UsableAt.Compare(a.UsableAt))
	})
	public := struct {
		Keys []jwk `json:"keys"`
	}{Keys: make([]jwk, 0, len(keys))}
	for _, k := range s.list {
		s.byHeader[k.header] = k
		public.Keys = append(public.Keys, k.jwk)
	}
	var err error
	if s.jwks, err = json.Marshal(public); err != nil {
		panic(err) // structs of strings
	}
	return s
}

// JWKS returns the public keys as a JWK set (RFC 7517 §5). Do not alter it.
func (s *Keys) JWKS() []byte { return s.jwks }

// Key returns the key with this kid, or nil.
func (s *Keys) Key(kid string) *Key {
	for _, k := range s.list {
		if k.ID == kid {
			return k
		}
	}
	return nil
}

// Signer returns the newest key of the algorithm that may sign access tokens at t, or
// nil.
func (s *Keys) Signer(alg string, t time.Time) *Key {
	return s.SignerFor(tepin.AccessTokens, alg, t)
}

// SignerFor returns the newest key of the algorithm that may sign at t for the purpose,
// or nil.
func (s *Keys) SignerFor(purpose tepin.KeyPurpose, alg string, t time.Time) *Key {
	for _, k := range s.list {
		if k.Purpose == purpose && k.Alg == alg && !t.Before(k.UsableAt) {
			return k
		}
	}
	return nil
}
