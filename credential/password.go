package credential

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/tepin/tepin"
)

// Limits of passwords.
const (
	MinPassword = 10   // characters
	MaxPassword = 1024 // bytes
)

// Cost of a new password hash: the least that OWASP's password storage cheat sheet
// names for argon2id. Hashes of other cost are read as they say, up to these bounds.
const (
	argonMemory  = 19 * 1024 // KiB
	argonPasses  = 2
	argonThreads = 1
	argonSalt    = 16
	argonKey     = 32

	maxArgonMemory = 256 * 1024 // KiB
	maxArgonPasses = 16
)

// At most hashSlots passwords are hashed at once, which bounds the memory; a request
// waits up to hashWait for its turn.
const (
	hashSlots = 2
	hashWait  = 5 * time.Second
)

// HashPassword returns the argon2id hash of a password as a PHC string. It checks no
// rules: see [Service.SetPassword].
func (s *Service) HashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	var key []byte
	err := s.hash(ctx, func() {
		key = argon2.IDKey(passwordBytes(password), salt, argonPasses, argonMemory, argonThreads, argonKey)
	})
	if err != nil {
		return "", err
	}
	return phc(argonMemory, argonPasses, argonThreads, salt, key), nil
}

// CheckPassword reports whether password has the given hash. With an empty hash, for
// a person who is unknown or has no password, it works as long and reports false.
func (s *Service) CheckPassword(ctx context.Context, password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		hash = phc(argonMemory, argonPasses, argonThreads, make([]byte, argonSalt), make([]byte, argonKey))
	}
	h, err := parsePHC(hash)
	if err != nil {
		return false, err
	}
	if len(password) > MaxPassword {
		return false, nil
	}
	var same bool
	err = s.hash(ctx, func() {
		key := argon2.IDKey(passwordBytes(password), h.salt, h.passes, h.memory, h.threads, uint32(len(h.key)))
		same = subtle.ConstantTimeCompare(key, h.key) == 1
	})
	return same && known, err
}

// hash runs work in one of the slots for argon2id.
func (s *Service) hash(ctx context.Context, work func()) error {
	wait, cancel := context.WithTimeout(ctx, hashWait)
	defer cancel()
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
		work()
		return nil
	case <-wait.Done():
		if err := ctx.Err(); err != nil {
			return err
		}
		return &tepin.Error{Kind: tepin.Unavailable, Message: "too many people are signing in at this moment; try again", RetryAfter: time.Second}
	}
}

// passwordBytes is what is hashed: NFC, so that the same typing on two systems is the
// same password (RFC 8265 §4.2).
func passwordBytes(password string) []byte { return norm.NFC.Bytes([]byte(password)) }

// checkPassword holds the rules for a new password.
func checkPassword(password, email string) error {
	switch {
	case !utf8.ValidString(password):
		return refuse("password", "contains bytes that are not UTF-8 text")
	case utf8.RuneCountInString(password) < MinPassword:
		return refuse("password", fmt.Sprintf("must have at least %d characters", MinPassword))
	case len(password) > MaxPassword:
		return refuse("password", fmt.Sprintf("must have at most %d bytes", MaxPassword))
	case email != "" && strings.EqualFold(strings.TrimSpace(password), email):
		return refuse("password", "must not be the e-mail address")
	}
	return nil
}

// passwordLetters are 32, none of which is taken for another: 5 bits each.
const passwordLetters = "abcdefghjkmnpqrstuvwxyz023456789"

// GeneratePassword returns a random password of 80 bits that can be read out and
// typed: "k7mp-x2qd-9hwe-4ntr".
func GeneratePassword() string {
	var b [16]byte
	rand.Read(b[:])
	var out strings.Builder
	for i, c := range b {
		if i > 0 && i%4 == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(passwordLetters[c%32])
	}
	return out.String()
}

// passwordHash is a PHC string taken apart.
type passwordHash struct {
	memory, passes uint32
	threads        uint8
	salt, key      []byte
}

func phc(memory, passes uint32, threads uint8, salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// parsePHC reads what phc writes. A hash that cannot be read is a broken row: an
// internal error that does not quote it.
func parsePHC(s string) (passwordHash, error) {
	broken := fmt.Errorf("credential: a stored password hash cannot be read")
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return passwordHash{}, broken
	}
	var h passwordHash
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.passes, &h.threads); err != nil {
		return passwordHash{}, broken
	}
	var errSalt, errKey error
	h.salt, errSalt = base64.RawStdEncoding.DecodeString(parts[4])
	h.key, errKey = base64.RawStdEncoding.DecodeString(parts[5])
	bounded := h.memory >= 8 && h.memory <= maxArgonMemory && h.passes >= 1 && h.passes <= maxArgonPasses && h.threads >= 1 && h.threads <= 16
	if errSalt != nil || errKey != nil || !bounded || len(h.salt) < 8 || len(h.key) < 16 || len(h.key) > 64 {
		return passwordHash{}, broken
	}
	return h, nil
}
