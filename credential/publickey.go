package credential

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"github.com/tepin/tepin"
)

// Limits of public keys.
const (
	MaxPublicKeys  = 10         // of one trust
	maxForeignKeys = 100        // of a set that a foreign host publishes
	maxKeysText    = 128 << 10  // bytes
	maxKeyID       = 255        // bytes
	minRSA, maxRSA = 2048, 8192 // bits
)

// Ed25519 is the newer name of EdDSA with such a key (RFC 9864 §2.2).
const Ed25519 jose.SignatureAlgorithm = "Ed25519"

// Algorithms are those of client assertions and of other issuers' tokens.
var Algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA, Ed25519}

// Fits reports whether a key may verify signatures of the algorithm.
func Fits(k jose.JSONWebKey, alg jose.SignatureAlgorithm) bool {
	own := jose.SignatureAlgorithm(k.Algorithm)
	switch k.Key.(type) {
	case *rsa.PublicKey:
		return (alg == jose.RS256 || alg == jose.PS256) && (own == "" || own == alg)
	case *ecdsa.PublicKey:
		return alg == jose.ES256 && (own == "" || own == alg)
	case ed25519.PublicKey: // whichever name either has
		return (alg == jose.EdDSA || alg == Ed25519) && (own == "" || own == jose.EdDSA || own == Ed25519)
	}
	return false
}

// ReadKeySet returns the keys of a JWK set (RFC 7517 §5) that may verify. Those that are
// of another kind, too weak, for encryption or private are left out. It fails when
// the text is none, or has too many.
func ReadKeySet(text []byte) ([]jose.JSONWebKey, error) {
	raw, err := splitKeySet(text)
	if err != nil {
		return nil, err
	}
	if len(raw) > maxForeignKeys {
		return nil, fmt.Errorf("a key set of %d keys", len(raw))
	}
	var keys []jose.JSONWebKey
	for _, each := range raw {
		if k, err := readKey(each); err == nil {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// cleanKeys returns the JWK set, public members only, of the keys that somebody
// registers: a JWK set, one JWK, or public keys and certificates in PEM form. Where
// ReadKeySet leaves a key out, it refuses.
func cleanKeys(text string) (string, error) {
	keys, err := readRegistered(strings.TrimSpace(text))
	switch {
	case err != nil:
		return "", err
	case len(keys) == 0:
		return "", refuse("keys", "has no key; give a JWK set, a JWK, or a public key in PEM form")
	case len(keys) > MaxPublicKeys:
		return "", refuse("keys", fmt.Sprintf("has %d keys; at most %d are possible", len(keys), MaxPublicKeys))
	}
	seen := map[string]bool{}
	for i, k := range keys {
		sum, err := k.Thumbprint(crypto.SHA256)
		if err != nil {
			return "", refuse("keys", "has a key that cannot be read")
		}
		if seen[string(sum)] {
			return "", refuse("keys", "has the same key twice")
		}
		seen[string(sum)] = true
		keys[i] = jose.JSONWebKey{Key: k.Key, KeyID: k.KeyID, Algorithm: k.Algorithm, Use: "sig"}
	}
	clean, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		return "", err
	}
	if again, err := ReadKeySet(clean); err != nil || len(again) != len(keys) { // one in PEM form may be weak in ways that only a JWK is refused for
		return "", refuse("keys", "has a key that cannot be read, or is weak")
	}
	return string(clean), nil
}

func readRegistered(text string) ([]jose.JSONWebKey, error) {
	if len(text) > maxKeysText {
		return nil, refuse("keys", fmt.Sprintf("is longer than %d bytes", maxKeysText))
	}
	switch {
	case strings.Contains(text, "PRIVATE KEY-----"):
		return nil, errLeaked()
	case strings.Contains(text, "-----BEGIN "):
		return readPEM([]byte(text))
	}
	raw, err := splitKeySet([]byte(text))
	if err != nil {
		return nil, refuse("keys", "is neither a JWK set, nor a JWK, nor a public key in PEM form")
	}
	var keys []jose.JSONWebKey
	for _, each := range raw {
		k, err := readKey(each)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// splitKeySet returns the keys of a set, or the one of a JWK, as they are written.
func splitKeySet(text []byte) ([]json.RawMessage, error) {
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
		Kind string             `json:"kty"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	switch {
	case set.Keys != nil:
		return *set.Keys, nil
	case set.Kind != "":
		return []json.RawMessage{text}, nil
	}
	return nil, errors.New("no JWK set")
}

// errLeaked is the refusal of a private key. Nothing of it is kept.
func errLeaked() error {
	return refuse("keys", "has a private or a secret key, which must never leave the machine that signs with it. Consider it leaked: make a new pair, and give its public half")
}

// privateMembers are those of private and symmetric keys (RFC 7518 §6, RFC 8037 §2).
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

func readKey(raw json.RawMessage) (jose.JSONWebKey, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return jose.JSONWebKey{}, refuse("keys", "has something in it that is no JWK")
	}
	for _, name := range privateMembers {
		if _, found := members[name]; found {
			return jose.JSONWebKey{}, errLeaked()
		}
	}
	var k jose.JSONWebKey
	if err := k.UnmarshalJSON(raw); err != nil {
		return k, refuse("keys", "has a key that cannot be read, or of a kind that is not taken; "+takenKeys)
	}
	return k, checkKey(k)
}

const takenKeys = "RSA of 2048 to 8192 bits, EC on P-256 and Ed25519 are"

// checkKey refuses keys that may not verify.
func checkKey(k jose.JSONWebKey) error {
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSA || bits > maxRSA || key.E < 3 || key.E%2 == 0 {
			return refuse("keys", fmt.Sprintf("has an RSA key of %d bits, or of an unsafe exponent; %s", bits, takenKeys))
		}
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return refuse("keys", "has an EC key on another curve than P-256; "+takenKeys)
		}
	case ed25519.PublicKey:
	default:
		return refuse("keys", "has a key of a kind that is not taken; "+takenKeys)
	}
	if k.Use != "" && k.Use != "sig" {
		return refuse("keys", `has a key that is not for signatures; its "use" must be "sig", or left out`)
	}
	if len(k.KeyID) > maxKeyID {
		return refuse("keys", fmt.Sprintf("has a kid of more than %d bytes", maxKeyID))
	}
	for _, alg := range Algorithms {
		if Fits(k, alg) {
			return nil
		}
	}
	return refuse("keys", `has a key whose "alg" does not fit it, or is not taken; RS256, PS256, ES256, EdDSA and Ed25519 are`)
}

// readPEM reads public keys and certificates.
func readPEM(text []byte) ([]jose.JSONWebKey, error) {
	var keys []jose.JSONWebKey
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		key, err := publicKey(block)
		if err != nil {
			return nil, err
		}
		k := jose.JSONWebKey{Key: key}
		if err := checkKey(k); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(bytes.TrimSpace(text)) > 0 {
		return nil, refuse("keys", "has text beside keys in PEM form that is none")
	}
	return keys, nil
}

func publicKey(block *pem.Block) (key any, err error) {
	switch {
	case block.Type == "CERTIFICATE":
		var c *x509.Certificate
		if c, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = c.PublicKey
		}
	case block.Type == "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case block.Type == "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	default:
		return nil, refuse("keys", "has a PEM block that is neither PUBLIC KEY nor CERTIFICATE")
	}
	if err != nil {
		return nil, &tepin.Error{Kind: tepin.Invalid, Path: "keys", Message: "has a key in PEM form that cannot be read", Cause: err}
	}
	return key, nil
}
