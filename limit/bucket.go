package limit

import (
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tepin/tepin"
)

// Rate is how often something may happen: Burst times at once, and once more each
// Interval. The zero Rate is no limit.
type Rate struct {
	Burst    int
	Interval time.Duration
}

// maxRate bounds both numbers of a written rate.
const maxRate = 1_000_000

// ParseRate reads a rate as settings have it: "50/200" is 50 each second, and up to
// 200 at once; "0" is no limit.
func ParseRate(text string) (Rate, error) {
	if text == "0" {
		return Rate{}, nil
	}
	second, burst, ok := strings.Cut(text, "/")
	perSecond, errSecond := strconv.ParseUint(second, 10, 32)
	atOnce, errBurst := strconv.ParseUint(burst, 10, 32)
	if !ok || errSecond != nil || errBurst != nil || perSecond < 1 || perSecond > maxRate || atOnce < 1 || atOnce > maxRate {
		return Rate{}, fmt.Errorf("%q is no rate; write 50/200 for 50 each second and up to 200 at once, both at most %d, or 0 for no limit", tepin.Shorten(text, 40), maxRate)
	}
	return Rate{Burst: int(atOnce), Interval: time.Second / time.Duration(perSecond)}, nil
}

// shards is how many locks the buckets of one kind are spread over.
const shards = 64

// Buckets are token buckets of one rate, one for each key. They are safe for
// concurrent use, and taking allocates nothing for a key that is known. A nil
// *Buckets is never empty.
type Buckets[K comparable] struct {
	rate   Rate
	seed   maphash.Seed
	shards [shards]shard[K]
}

// shard holds, for each key, when its bucket will be full again, in Unix nanoseconds:
// that is all there is to know of a bucket (GCRA). Full ones may be forgotten.
type shard[K comparable] struct {
	mu   sync.Mutex
	full recent[K, *int64]
}

// NewBuckets returns buckets that are full, of which about size are remembered; nil
// for the zero rate.
func NewBuckets[K comparable](r Rate, size int) *Buckets[K] {
	if r == (Rate{}) {
		return nil
	}
	b := &Buckets[K]{rate: r, seed: maphash.MakeSeed()}
	for i := range b.shards {
		b.shards[i].full = newRecent[K, *int64](size / shards)
	}
	return b
}

// Take takes one from the bucket of k, or says how long it is until there is one.
func (b *Buckets[K]) Take(k K, now time.Time) (wait time.Duration) {
	if b == nil {
		return 0
	}
	s := b.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	t, room := now.UnixNano(), int64(b.rate.Interval)*int64(b.rate.Burst)
	full := b.fullAt(s, k, t)
	after := *full + int64(b.rate.Interval)
	if after > t+room {
		return time.Duration(after - t - room)
	}
	*full = after
	return 0
}

// Return puts back what a Take took.
func (b *Buckets[K]) Return(k K, now time.Time) {
	if b == nil {
		return
	}
	s := b.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	*b.fullAt(s, k, now.UnixNano()) -= int64(b.rate.Interval)
}

// fullAt is when the bucket of k will be full: at t, if it is. So it is too when its
// time lies further ahead than an empty bucket's: then the clock was set back.
func (b *Buckets[K]) fullAt(s *shard[K], k K, t int64) *int64 {
	full, ok := s.full.get(k)
	if !ok {
		full = new(int64)
		s.full.put(k, full)
	}
	if room := int64(b.rate.Interval) * int64(b.rate.Burst); *full < t || *full > t+room {
		*full = t
	}
	return full
}

func (b *Buckets[K]) shard(k K) *shard[K] {
	return &b.shards[maphash.Comparable(b.seed, k)%shards]
}
