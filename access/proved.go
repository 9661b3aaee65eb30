package access

import (
	"github.com/tepin/tepin"
	"github.com/tepin/tepin/limit"
)

// macs are what a presented secret is compared by: what the MAC of each of the client's
// secrets would be if that were the one, and dummies to fill up.
type macs [tepin.MaxLiveSecrets][]byte

// proved remembers the MACs of secrets that were right, so that a client that comes back
// costs one HMAC instead of five. No verdict is remembered: the MACs are compared with the
// present ones each time, and what fits is judged anew. Secrets that are wrong are never
// remembered, so that they cost the same whenever they come.
type proved struct {
	blind limit.Blind
	known *cache[limit.Digest, *proof]
}

type proof struct {
	counter int64 // of the snapshot whose secrets the MACs are for
	macs    macs
}

func newProved() proved {
	return proved{blind: limit.NewBlind(), known: newCache[limit.Digest, *proof](provedSize)}
}

func (p proved) digest(id tepin.ClientID, plain string) limit.Digest {
	return p.blind.Digest(string(id), plain)
}

// get returns the MACs that are remembered for the secrets of this snapshot.
func (p proved) get(d limit.Digest, counter int64) (macs, bool) {
	known, ok := p.known.get(d)
	if !ok || known.counter != counter {
		return macs{}, false
	}
	return known.macs, true
}

func (p proved) put(d limit.Digest, counter int64, m macs) {
	p.known.put(d, &proof{counter, m})
}
