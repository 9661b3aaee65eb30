package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/tepin/tepin"
)

// The failure budget: this many different wrong secrets for one client id from one
// network in this time. The same wrong secret again costs nothing, because clients
// try one secret in several ways.
const (
	maxFailures   = 10
	failureWindow = 5 * time.Minute
)

// failures counts distinct wrong secrets. Its keys are HMACs under a key that lives
// as long as the process, so that nothing that was submitted is kept.
type failures struct {
	key []byte

	mu     sync.Mutex
	counts *cache[[16]byte, *failed]
}

// failed are the wrong secrets of one (client id, network), by their HMAC.
type failed struct {
	since   time.Time
	secrets [][16]byte
}

func newFailures(key string) *failures {
	return &failures{key: []byte(key), counts: newCache[[16]byte, *failed](budgetSize)}
}

// refuse counts a wrong secret and returns what to answer: the one refusal, or
// TooMany when the budget is spent.
func (f *failures) refuse(id tepin.ClientID, secret string, from netip.Addr, now time.Time) error {
	who, what := f.hash(string(id), network(from)), f.hash(string(id), secret)
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.counts.get(who)
	if age := now.Sub(timeOf(c)); !ok || age < 0 || age >= failureWindow {
		c = &failed{since: now}
		f.counts.put(who, c)
	}
	if slices.Contains(c.secrets, what) {
		return errRefused
	}
	if len(c.secrets) >= maxFailures {
		return &tepin.Error{Kind: tepin.TooMany, RetryAfter: c.since.Add(failureWindow).Sub(now),
			Message: "too many wrong client secrets for this client from this network; the right one is still accepted"}
	}
	c.secrets = append(c.secrets, what)
	return errRefused
}

func timeOf(c *failed) time.Time {
	if c == nil {
		return time.Time{}
	}
	return c.since
}

func (f *failures) hash(a, b string) [16]byte {
	mac := hmac.New(sha256.New, f.key)
	mac.Write([]byte{byte(len(a) >> 8), byte(len(a))})
	mac.Write([]byte(a))
	mac.Write([]byte(b))
	return [16]byte(mac.Sum(nil)[:16])
}
