package credential

import (
	"encoding/binary"
	"hash/crc32"
	"strings"

	"github.com/tepin/tepin"
)

// Form of a client secret: prefix, random characters, checksum.
const (
	LivePrefix = "tpn_live_"
	TestPrefix = "tpn_test_" // of environments that are not for production

	secretRandom   = 30 // base62, 178 bits
	secretChecksum = 6  // base62, CRC-32
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewSecret returns a fresh client secret for an environment of type t.
func NewSecret(t tepin.EnvironmentType) string {
	prefix := TestPrefix
	if t == tepin.Production {
		prefix = LivePrefix
	}
	s := prefix + tepin.RandomBase62(secretRandom)
	sum := checksum(s)
	return s + string(sum[:])
}

// CheckForm reports whether s has the form of a client secret and its checksum
// fits: it refuses typing errors before any lookup, and says nothing about whether
// the secret exists.
func CheckForm(s string) bool {
	body, ok := strings.CutPrefix(s, LivePrefix)
	if !ok {
		body, ok = strings.CutPrefix(s, TestPrefix)
	}
	if !ok || len(body) != secretRandom+secretChecksum {
		return false
	}
	for _, c := range []byte(body) {
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	end := len(s) - secretChecksum
	sum := checksum(s[:end])
	return s[end:] == string(sum[:])
}

// checksum is the CRC-32 (IEEE) of s, prefix included, as six digits of base62.
func checksum(s string) (digits [secretChecksum]byte) {
	n := ^uint32(0)
	for i := range len(s) { // crc32.ChecksumIEEE takes bytes on the heap
		n = crc32.IEEETable[byte(n)^s[i]] ^ n>>8
	}
	n = ^n
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = base62[n%62]
		n /= 62
	}
	return digits
}

// MAC returns what is stored of a client secret: HMAC-SHA-256 under the pepper named
// pepperID over the length-prefixed environment, client, secret id and secret. A
// pepper that is not here gives nil, which equals no stored value.
func (p *Pepper) MAC(pepperID string, env tepin.EnvironmentID, client tepin.ClientID, id tepin.CredentialID, secret string) []byte {
	key, ok := p.keys[pepperID]
	if !ok {
		return nil
	}
	message := make([]byte, 0, 256) // more than ids and a secret have
	for _, field := range []string{string(env), string(client), string(id), secret} {
		message = binary.BigEndian.AppendUint64(message, uint64(len(field)))
		message = append(message, field...)
	}
	return key.mac(message)
}
