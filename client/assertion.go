package client

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"time"
)

// Assert proves who a client is without a secret: it returns a client assertion
// (RFC 7523 §2.2) for an audience, the server's issuer. It is called for each request
// for a token.
type Assert func(ctx context.Context, clientID, audience string) (string, error)

// assertionLife is how long a signed assertion is good. It is used at once, and once.
const assertionLife = time.Minute

// maxAssertionFile is the size of the largest file that [AssertFile] reads.
const maxAssertionFile = 8 << 10

// AssertKey signs assertions with a private key whose public half is registered with the
// integration: EdDSA with an Ed25519 key, ES256 with one on P-256, PS256 with RSA. key
// may be one of crypto/* or of a key service. keyID is the kid of the registered key; ""
// names none.
func AssertKey(key crypto.Signer, keyID string) (Assert, error) {
	s, err := newSigner(key)
	if err != nil {
		return nil, err
	}
	header, err := json.Marshal(struct {
		Alg string `json:"alg"`
		Typ string `json:"typ"`
		Kid string `json:"kid,omitempty"`
	}{s.alg, "JWT", keyID})
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, clientID, audience string) (string, error) {
		now := time.Now()
		claims, err := json.Marshal(map[string]any{
			"iss": clientID, "sub": clientID, "aud": audience, "jti": rand.Text(),
			"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
		})
		if err != nil {
			return "", err
		}
		signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
		signature, err := s.sign([]byte(signed))
		if err != nil {
			return "", fmt.Errorf("client: sign the assertion: %w", err)
		}
		return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
	}, nil
}

// AssertFile reads the assertion from a file, anew for each request: the token that a
// platform, such as Kubernetes, gives to a program and renews in place, and whose issuer
// the integration trusts.
func AssertFile(name string) Assert {
	return func(context.Context, string, string) (string, error) {
		raw, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("client: read the assertion: %w", err)
		}
		raw = bytes.TrimSpace(raw)
		if len(raw) == 0 || len(raw) > maxAssertionFile {
			return "", fmt.Errorf("client: %s holds no assertion", name)
		}
		return string(raw), nil
	}
}

// signer signs as JWS has it (RFC 7518 §3, RFC 8037 §3.1).
type signer struct {
	key  crypto.Signer
	alg  string
	opts crypto.SignerOpts
}

func newSigner(key crypto.Signer) (signer, error) {
	if key == nil {
		return signer{}, errors.New("client: the key is missing")
	}
	switch public := key.Public().(type) {
	case ed25519.PublicKey:
		return signer{key, "EdDSA", crypto.Hash(0)}, nil
	case *ecdsa.PublicKey:
		if public.Curve == elliptic.P256() {
			return signer{key, "ES256", crypto.SHA256}, nil
		}
	case *rsa.PublicKey:
		return signer{key, "PS256", &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}}, nil
	}
	return signer{}, errors.New("client: the key must be Ed25519, ECDSA on P-256, or RSA")
}

func (s signer) sign(message []byte) ([]byte, error) {
	if s.alg != "EdDSA" {
		digest := sha256.Sum256(message)
		message = digest[:]
	}
	signature, err := s.key.Sign(rand.Reader, message, s.opts)
	if err != nil || s.alg != "ES256" {
		return signature, err
	}
	var pair struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &pair); err != nil || len(rest) > 0 || pair.R.BitLen() > 256 || pair.S.BitLen() > 256 {
		return nil, errors.New("the key gives no ECDSA signature")
	}
	fixed := make([]byte, 64) // RFC 7518 §3.4
	pair.R.FillBytes(fixed[:32])
	pair.S.FillBytes(fixed[32:])
	return fixed, nil
}
