package access

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/token"
)

// How long spent proofs are remembered, and how many. A nonce from a node whose clock is
// ahead is good for a minute after it was first shown.
const (
	replayKept = time.Minute + time.Second
	replayMax  = 1 << 19 // of one generation, about 18 MB; only holders of live credentials fill it
)

// replays remembers the proofs that this node has taken, so that none counts twice
// here; by their nonces none counts anywhere for long (S36). It keeps two generations:
// the older one goes when the younger has lasted as long as proofs are remembered.
type replays struct {
	max int

	mu         sync.Mutex
	since      time.Time // of the younger
	young, old map[[16]byte]struct{}
}

// spend refuses a proof that was spent before, and remembers it. When too many are
// remembered it refuses all of them rather than forget one.
func (r *replays) spend(p token.Proof, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	id, err := r.fresh(p, now)
	if err == nil {
		r.young[id] = struct{}{}
	}
	return err
}

// check refuses what spend would refuse.
func (r *replays) check(p token.Proof, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.fresh(p, now)
	return err
}

func (r *replays) fresh(p token.Proof, now time.Time) (id [16]byte, err error) {
	sum := sha256.Sum256([]byte(p.KeyThumbprint + " " + p.ID)) // a thumbprint has no space
	copy(id[:], sum[:])
	if now.Sub(r.since) >= replayKept {
		r.young, r.old, r.since = map[[16]byte]struct{}{}, r.young, now
	}
	_, young := r.young[id]
	_, old := r.old[id]
	switch {
	case young || old:
		return id, badProof("its jti was sent before; make a new proof, with a new jti, for each request")
	case len(r.young) >= r.max:
		return id, &tepin.Error{Kind: tepin.Unavailable, RetryAfter: replayKept - now.Sub(r.since),
			Message: "this server has taken as many DPoP proofs as it can remember; try again later"}
	}
	return id, nil
}
