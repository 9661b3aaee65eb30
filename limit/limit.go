// Package limit says when somebody does something too often. All of it is in memory,
// for this process alone, and in bounded space: who was not seen for long is
// forgotten, and begins again with a full budget.
package limit

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"
)

// Digest stands for something that a stranger submitted.
type Digest [16]byte

// Blind makes digests: HMACs under a key that lives as long as the process, so that
// nothing that was submitted is kept, and nobody can choose what collides (S35).
type Blind struct{ hashers *sync.Pool } // of *hasher

// hasher is an HMAC that is keyed already: keying costs as much as a short text.
type hasher struct {
	hash.Hash
	text []byte
	sum  [sha256.Size]byte
}

// NewBlind returns one with a key of its own.
func NewBlind() Blind {
	key := []byte(rand.Text())
	return Blind{&sync.Pool{New: func() any { return &hasher{Hash: hmac.New(sha256.New, key)} }}}
}

// Digest returns the digest of the parts. Other parts, or the same text cut in
// another place, give another one.
func (b Blind) Digest(parts ...string) Digest {
	h := b.hashers.Get().(*hasher)
	defer b.hashers.Put(h)
	h.text = h.text[:0]
	for _, p := range parts {
		h.text = append(binary.BigEndian.AppendUint32(h.text, uint32(len(p))), p...)
	}
	h.Reset()
	h.Write(h.text)
	clear(h.text)
	return Digest(h.Sum(h.sum[:0])[:len(Digest{})])
}

// recent is a bounded map that forgets what has not been used for long. It keeps two
// generations of at most half its size each; when the younger is full, the older goes.
type recent[K comparable, V any] struct {
	half       int
	young, old map[K]V
}

func newRecent[K comparable, V any](size int) recent[K, V] { return recent[K, V]{half: max(1, size/2)} }

// get returns the value of k and keeps it for two generations from now.
func (r *recent[K, V]) get(k K) (V, bool) {
	v, ok := r.young[k]
	if !ok {
		if v, ok = r.old[k]; ok {
			r.put(k, v)
		}
	}
	return v, ok
}

func (r *recent[K, V]) put(k K, v V) {
	if _, there := r.young[k]; !there && len(r.young) >= r.half {
		r.old, r.young = r.young, nil
	}
	if r.young == nil {
		r.young = map[K]V{}
	}
	r.young[k] = v
}
