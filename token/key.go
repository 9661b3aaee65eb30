package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/tepin/tepin"
)

// The signature algorithms (RFC 7518 §3.1). RFC 9068 §2.1 requires RS256;
// ES256 signs thirty times as fast and is the default.
const (
	ES256 = "ES256"
	RS256 = "RS256"
)

const rsaBits = 2048

// b64 is the encoding of RFC 7515 §2, refusing stray bits at the end.
var b64 = base64.RawURLEncoding.Strict()

// Key is one signing key, of one of two kinds: there is no seam for foreign signers,
// because only these are known to sign deterministically.
type Key struct {
	ID       string           // kid: the RFC 7638 thumbprint
	Purpose  tepin.KeyPurpose // what it signs: set by [Key.For]
	Alg      string           // ES256 or RS256
	UsableAt time.Time        // signing begins here; verification does not wait

	jwk    jwk
	header string // first segment of everything under this key, with its dot
	ec     *ecdsa.PrivateKey
	rsa    *rsa.PrivateKey
	public crypto.PublicKey
}

// types are the values of the header "typ", which tells what was signed for one purpose
// from what was signed for another (RFC 8725 §3.11).
var types = map[tepin.KeyPurpose]string{
	tepin.AccessTokens: "at+jwt", // RFC 9068 §2.1
	tepin.IDTokens:     "JWT",
	tepin.AuditHeads:   "tepin-audit-head+jwt",
}

// GenerateKey makes a fresh key for the algorithm, which signs access tokens.
func GenerateKey(alg string) (*Key, error) {
	switch alg {
	case ES256:
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		return newKey(alg, k)
	case RS256:
		k, err := rsa.GenerateKey(rand.Reader, rsaBits)
		if err != nil {
			return nil, err
		}
		return newKey(alg, k)
	}
	return nil, fmt.Errorf("token: unknown algorithm %q", alg)
}

// ParseKey reads a private key in PKCS #8 and binds it to the algorithm. It signs access
// tokens.
func ParseKey(alg string, pkcs8 []byte) (*Key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, fmt.Errorf("token: private key: %w", err)
	}
	return newKey(alg, parsed)
}

func newKey(alg string, private any) (*Key, error) {
	var k *Key
	var err error
	switch p := private.(type) {
	case *ecdsa.PrivateKey:
		if k, err = publicKey(alg, &p.PublicKey); err == nil {
			k.ec = p
		}
	case *rsa.PrivateKey:
		if k, err = publicKey(alg, &p.PublicKey); err == nil {
			k.rsa = p
		}
	default:
		err = fmt.Errorf("token: a %T cannot sign %s", private, alg)
	}
	return k, err
}

// ParsePublicKey reads a public key in PKIX and binds it to the algorithm. It verifies
// what was signed, and signs nothing.
func ParsePublicKey(alg string, pkix []byte) (*Key, error) {
	parsed, err := x509.ParsePKIXPublicKey(pkix)
	if err != nil {
		return nil, fmt.Errorf("token: public key: %w", err)
	}
	return publicKey(alg, parsed)
}

func publicKey(alg string, public crypto.PublicKey) (*Key, error) {
	k := &Key{Alg: alg, public: public}
	var err error
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		if alg != ES256 || p.Curve != elliptic.P256() {
			return nil, fmt.Errorf("token: an EC key of curve %s cannot sign %s", p.Curve.Params().Name, alg)
		}
		k.jwk, err = ecJWK(p)
	case *rsa.PublicKey:
		if alg != RS256 || p.N.BitLen() < rsaBits {
			return nil, fmt.Errorf("token: an RSA key of %d bits cannot sign %s", p.N.BitLen(), alg)
		}
		k.jwk = rsaJWK(p)
	default:
		err = fmt.Errorf("token: a %T cannot sign %s", public, alg)
	}
	if err != nil {
		return nil, err
	}
	k.ID = k.jwk.KeyID
	return k.For(tepin.AccessTokens), nil
}

// For returns the key as one that signs for another purpose. What a key has signed for
// one purpose is never accepted for another: the headers differ.
func (k *Key) For(purpose tepin.KeyPurpose) *Key {
	other := *k
	other.Purpose = purpose
	other.header = b64.EncodeToString([]byte(`{"alg":"`+k.Alg+`","typ":"`+types[purpose]+`","kid":"`+k.ID+`"}`)) + "."
	return &other
}

// Private returns the private key as PKCS #8, for sealing.
func (k *Key) Private() ([]byte, error) {
	switch {
	case k.ec != nil:
		return x509.MarshalPKCS8PrivateKey(k.ec)
	case k.rsa != nil:
		return x509.MarshalPKCS8PrivateKey(k.rsa)
	}
	return nil, errors.New("token: key " + k.ID + " has no private half")
}

// Public returns the public key as PKIX.
func (k *Key) Public() ([]byte, error) { return x509.MarshalPKIXPublicKey(k.public) }

// Sign returns the access token of the claims: the same bytes each time.
func (k *Key) Sign(c Claims) (string, error) {
	if k.Purpose != tepin.AccessTokens {
		return "", fmt.Errorf("token: a key for %q signs no access tokens", k.Purpose)
	}
	payload, err := c.JSON()
	if err != nil {
		return "", fmt.Errorf("token: claims: %w", err)
	}
	return k.sign(payload)
}

// SignJSON signs a JSON object that is no access token: the claims of an id_token, or
// the heads of the audit log.
func (k *Key) SignJSON(payload []byte) (string, error) {
	if k.Purpose == tepin.AccessTokens {
		return "", errors.New("token: access tokens are signed by Sign alone")
	}
	return k.sign(payload)
}

// sign makes the JWS of a payload in its compact form (RFC 7515 §7.1).
func (k *Key) sign(payload []byte) (string, error) {
	const signatureSize = 342 // of RS256, the larger, in base64
	out := make([]byte, 0, len(k.header)+b64.EncodedLen(len(payload))+1+signatureSize)
	out = append(out, k.header...)
	out = b64.AppendEncode(out, payload)
	signature, err := k.signature(sha256.Sum256(out))
	if err != nil {
		return "", err
	}
	out = append(out, '.')
	return string(b64.AppendEncode(out, signature)), nil
}

func (k *Key) signature(digest [32]byte) ([]byte, error) {
	if k.rsa != nil {
		return rsa.SignPKCS1v15(nil, k.rsa, crypto.SHA256, digest[:])
	}
	if k.ec == nil {
		return nil, errors.New("token: key " + k.ID + " has no private half")
	}
	// Only this call is deterministic (RFC 6979): ecdsa.SignASN1 is random even
	// with a nil reader.
	der, err := k.ec.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("token: sign: %w", err)
	}
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &rs); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("token: signature is not two integers: %w", err)
	}
	raw := make([]byte, 64) // RFC 7518 §3.4: both halves padded to 32 bytes
	rs.R.FillBytes(raw[:32])
	rs.S.FillBytes(raw[32:])
	return raw, nil
}

// verify reports whether the signature over the digest is this key's.
func (k *Key) verify(digest [32]byte, signature []byte) bool {
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
	case *ecdsa.PublicKey:
		if len(signature) != 64 {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(public, digest[:], r, s)
	}
	return false
}

// Check signs twice and verifies once. A server calls it for each key when it
// starts: a key that signs at random would hand out a new token each time.
func (k *Key) Check() error {
	probe := []byte(`{"iss":"check","jti":"` + k.ID + `"}`)
	first, err := k.sign(probe)
	if err != nil {
		return err
	}
	second, err := k.sign(probe)
	if err != nil {
		return err
	}
	if first != second {
		return errors.New("token: signing with " + k.Alg + " is not deterministic on this machine")
	}
	if _, err := k.openJSON(first); err != nil {
		return fmt.Errorf("token: key %s cannot verify its own signature: %w", k.ID, err)
	}
	return nil
}
