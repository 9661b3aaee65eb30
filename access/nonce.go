package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// NonceLife is for how long a nonce is taken: by clocks that are as far apart as nodes'
// may be, never for more than a minute (S36).
const NonceLife = time.Minute - 2*MaxSkew

const nonceMAC = 16 // bytes

// nonces makes the nonces of DPoP proofs (RFC 9449 §8) and knows them again: the second
// in which one was made, with a MAC. All nodes have the key, so that each takes what
// another gave, and none keeps any.
type nonces struct{ key []byte }

func (n nonces) make(now time.Time) string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8+nonceMAC), uint64(now.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, n.mac(b)...))
}

// good reports whether the nonce was made with the key, and lately. Without a key none is.
func (n nonces) good(nonce string, now time.Time) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(nonce)
	if err != nil || len(n.key) == 0 || len(b) != 8+nonceMAC || !hmac.Equal(b[8:], n.mac(b[:8])) {
		return false
	}
	age := now.Sub(time.Unix(int64(binary.BigEndian.Uint64(b)), 0))
	return age >= -2*MaxSkew && age <= NonceLife
}

func (n nonces) mac(b []byte) []byte {
	h := hmac.New(sha256.New, n.key)
	h.Write(b)
	return h.Sum(nil)[:nonceMAC]
}

// Nonce returns what DPoP proofs are to have as their nonce from now on.
func (d *Directory) Nonce() string { return d.nonces.make(d.o.Now()) }
