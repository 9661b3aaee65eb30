package web

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/tepin/tepin"
)

// PageTokenLife is how long a page token opens (S17).
const PageTokenLife = 24 * time.Hour

// maxPageToken bounds what is decoded: a cursor with a folder and a name at their
// limits, twice over.
const maxPageToken = 16 << 10

// PageTokens seals the place in a list into an opaque token: bound to environment,
// actor and route, readable by every node that has the key. The token carries the
// whole [tepin.List], so that the next page has the order and the filters of the
// first.
type PageTokens struct {
	Key []byte // 32 bytes, derived for this purpose alone
	Now func() time.Time
}

// sealedList is what a token holds.
type sealedList struct {
	At   int64 // Unix seconds
	List tepin.List
}

// Seal returns the token of a list whose After says where the next page begins.
func (p PageTokens) Seal(env tepin.EnvironmentID, actor tepin.Actor, route string, list tepin.List) string {
	plain, err := json.Marshal(sealedList{At: p.now().Unix(), List: list})
	if err != nil {
		panic(err) // a struct of strings and numbers always marshals
	}
	nonce := make([]byte, 12, 12+len(plain)+16)
	rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(p.aead().Seal(nonce, nonce, plain, pageContext(env, actor, route)))
}

// Open returns the list of a token. Invalid: not a token for this caller and route;
// Gone: older than [PageTokenLife].
func (p PageTokens) Open(token string, env tepin.EnvironmentID, actor tepin.Actor, route string) (tepin.List, error) {
	invalid := &tepin.Error{Kind: tepin.Invalid, Path: "nextPageToken", Message: "this is not a page token of this list; take it from links.nextPage of the page before, or leave it out to start again"}
	if len(token) > maxPageToken {
		return tepin.List{}, invalid
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(sealed) < 12+16 {
		return tepin.List{}, invalid
	}
	plain, err := p.aead().Open(nil, sealed[:12], sealed[12:], pageContext(env, actor, route))
	if err != nil {
		return tepin.List{}, invalid
	}
	var s sealedList
	if err := json.Unmarshal(plain, &s); err != nil || s.List.After == nil {
		return tepin.List{}, invalid
	}
	if p.now().Sub(time.Unix(s.At, 0)) > PageTokenLife {
		return tepin.List{}, &tepin.Error{Kind: tepin.Gone, Path: "nextPageToken", Message: "this page token is older than 24 hours; start again from the first page"}
	}
	return s.List, nil
}

func (p PageTokens) aead() cipher.AEAD {
	block, err := aes.NewCipher(p.Key)
	if err != nil {
		panic(err) // the wiring gave a key of a wrong length
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the block size of GCM
	}
	return gcm
}

func (p PageTokens) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

// pageContext is the associated data: each part with its length before it, so that
// no two contexts have the same bytes.
func pageContext(env tepin.EnvironmentID, actor tepin.Actor, route string) []byte {
	var b []byte
	for _, part := range []string{"page token 1", string(env), string(actor.Kind), actor.ID, route} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return b
}
