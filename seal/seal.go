// Package seal keeps values secret under the master key. What is sealed for one
// purpose and place cannot be opened for another: each purpose has a key of its own,
// and the place is authenticated with the value (S12).
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/tepin/tepin"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

// version is the first byte of every sealed value: AES-256-GCM with a random nonce.
const version = 1

// Key is a master key.
type Key struct {
	master []byte
}

// NewKey returns the master key with the given 32 bytes.
func NewKey(master []byte) (*Key, error) {
	if len(master) != KeySize {
		return nil, tepin.Errorf(tepin.Invalid, "the master key has %d bytes; it must have %d", len(master), KeySize)
	}
	return &Key{append([]byte(nil), master...)}, nil
}

// ID names the key without revealing it: 16 letters.
func (k *Key) ID() string {
	return base64.RawURLEncoding.EncodeToString(k.Derive("key id", 12))
}

// Check returns a value that the database keeps, so that a wrong key is found at the
// start (S11).
func (k *Key) Check() []byte { return k.Derive("key check", 32) }

// Derive returns n bytes for a purpose: HKDF-SHA-256 (RFC 5869), at most 8,160.
func (k *Key) Derive(purpose string, n int) []byte {
	b, err := hkdf.Key(sha256.New, k.master, nil, "tepin/"+purpose, n)
	if err != nil {
		panic(err) // n is a constant of the program
	}
	return b
}

// Seal encrypts and authenticates plain for a purpose and a context: what the value
// is and where it stands, such as instance, table, row, column and environment.
func (k *Key) Seal(purpose string, context []string, plain []byte) ([]byte, error) {
	aead, err := k.aead(purpose)
	if err != nil {
		return nil, err
	}
	sealed := append(make([]byte, 0, 1+aead.NonceSize()+len(plain)+aead.Overhead()), version)
	sealed = sealed[:1+aead.NonceSize()]
	rand.Read(sealed[1:]) // never fails
	return aead.Seal(sealed, sealed[1:], plain, k.additional(context)), nil
}

// Open returns what was sealed for the same purpose and context under the same key,
// and an error for anything else.
func (k *Key) Open(purpose string, context []string, sealed []byte) ([]byte, error) {
	aead, err := k.aead(purpose)
	if err != nil {
		return nil, err
	}
	if len(sealed) < 1+aead.NonceSize()+aead.Overhead() || sealed[0] != version {
		return nil, fmt.Errorf("seal: not a sealed value")
	}
	nonce, text := sealed[1:1+aead.NonceSize()], sealed[1+aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, text, k.additional(context))
	if err != nil {
		return nil, fmt.Errorf("seal: the value was sealed under another key or for another place, or altered")
	}
	return plain, nil
}

func (k *Key) aead(purpose string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Derive("seal/"+purpose, KeySize))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// additional is the associated data: the key's id and the context, length-prefixed,
// so that no two contexts share it.
func (k *Key) additional(context []string) []byte {
	var b []byte
	for _, field := range append([]string{k.ID()}, context...) {
		b = binary.BigEndian.AppendUint64(b, uint64(len(field)))
		b = append(b, field...)
	}
	return b
}
