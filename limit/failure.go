package limit

import (
	"slices"
	"sync"
	"time"
)

// Failures counts the different wrong things that somebody tried: so many in a window
// of time. The same wrong thing again costs nothing, because clients try one secret in
// several ways. They are safe for concurrent use.
type Failures struct {
	most   int
	window time.Duration

	mu    sync.Mutex
	known recent[Digest, *failed]
}

// failed is what somebody tried since a time.
type failed struct {
	since time.Time
	what  []Digest
}

// NewFailures allows most failures in each window, and remembers about size of those
// who tried.
func NewFailures(most int, window time.Duration, size int) *Failures {
	return &Failures{most: most, window: window, known: newRecent[Digest, *failed](size)}
}

// Count notes that who tried what, and it was wrong. It returns 0 while that is within
// the budget, or how long it is until the budget is full again.
func (f *Failures) Count(who, what Digest, now time.Time) (wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.known.get(who)
	if !ok || now.Before(c.since) || now.Sub(c.since) >= f.window {
		c = &failed{since: now}
		f.known.put(who, c)
	}
	if slices.Contains(c.what, what) {
		return 0
	}
	if len(c.what) >= f.most {
		return c.since.Add(f.window).Sub(now)
	}
	c.what = append(c.what, what)
	return 0
}
