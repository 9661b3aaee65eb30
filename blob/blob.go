// Package blob says what a store of bytes does: documents, media, fonts and output
// lie in one, each under a key that begins with its environment (S16). Package store
// keeps the records that point at them.
package blob

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// Store keeps bytes under keys. It is safe for concurrent use. Every method refuses
// a key that [CheckKey] refuses. A full disk is [tepin.Full].
type Store interface {
	// Put writes all of r under the key, in place of what is there. When it returns
	// without an error, the bytes survive the loss of power; when it returns one,
	// what was there before is unchanged. Nobody ever sees a part.
	Put(ctx context.Context, key string, r io.Reader) (size int64, sha256hex string, err error)

	// Open reads length bytes from offset on, to the end where length is negative,
	// and fewer where there are not so many. The bytes are those of one Put, also
	// when another one or a Delete comes in between. NotFound if there are none.
	Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)

	// Delete removes what is under the key. An absent key is no error.
	Delete(ctx context.Context, key string) error

	// List calls each for every key that begins with prefix, in no order, until each
	// returns an error, which it returns.
	List(ctx context.Context, prefix string, each func(key string, size int64, modified time.Time) error) error
}

// NewKey returns a fresh key in an environment.
func NewKey(env tepin.EnvironmentID) string {
	return string(env) + "/" + tepin.NewID[string]()
}

// CheckKey refuses what is no key: environment id "/" uuid, both of them lower-case
// UUIDs. So a key is never a path that leads elsewhere.
func CheckKey(key string) error {
	env, id, ok := strings.Cut(key, "/")
	if !ok || !tepin.IsID(env) || !tepin.IsID(id) {
		return tepin.Errorf(tepin.Invalid, "this is no key of stored bytes: it must be two UUIDs with a slash between them")
	}
	return nil
}
