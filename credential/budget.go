package credential

import (
	"container/list"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

// Attempts at a password. Each budget begins full, one attempt takes one, success
// puts it back, and it fills up again by one each interval: so that guessing is slow,
// and the wait for somebody who shares the budget with a guesser is never longer
// than one interval.
const (
	accountAttempts = 10 // per account and network, or per account and known device
	accountInterval = 30 * time.Second
	networkAttempts = 60 // per network, over all accounts
	networkInterval = 5 * time.Second

	maxBudgets = 20_000 // the least recently used are forgotten
)

// budgets is a bounded set of budgets. Keys are hashed under a random key, so that
// what strangers submit is kept nowhere.
type budgets struct {
	key []byte

	mu    sync.Mutex
	byKey map[[sha256.Size]byte]*list.Element
	order *list.List // of *budget, most recently used first
}

type budget struct {
	id   [sha256.Size]byte
	left float64
	at   time.Time
}

func newBudgets() *budgets {
	key := make([]byte, 32)
	rand.Read(key)
	return &budgets{key: key, byKey: map[[sha256.Size]byte]*list.Element{}, order: list.New()}
}

// take takes one attempt from the budget of name, or says how long it is until there
// is one.
func (b *budgets) take(name string, size int, interval time.Duration, now time.Time) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.find(name, size, now)
	if passed := now.Sub(g.at); passed > 0 {
		g.left = min(float64(size), g.left+float64(passed)/float64(interval))
		g.at = now
	}
	if g.left < 1 {
		return time.Duration((1 - g.left) * float64(interval))
	}
	g.left--
	return 0
}

// giveBack undoes a take.
func (b *budgets) giveBack(name string, size int, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.find(name, size, now)
	g.left = min(float64(size), g.left+1)
}

func (b *budgets) find(name string, size int, now time.Time) *budget {
	mac := hmac.New(sha256.New, b.key)
	mac.Write([]byte(name))
	id := [sha256.Size]byte(mac.Sum(nil))
	if e, ok := b.byKey[id]; ok {
		b.order.MoveToFront(e)
		return e.Value.(*budget)
	}
	if b.order.Len() >= maxBudgets {
		oldest := b.order.Back()
		delete(b.byKey, oldest.Value.(*budget).id)
		b.order.Remove(oldest)
	}
	g := &budget{id: id, left: float64(size), at: now}
	b.byKey[id] = b.order.PushFront(g)
	return g
}

// network is what counts as one place: an IPv4 address, or the /64 of an IPv6 one.
func network(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, err := a.Prefix(64)
		if err == nil {
			return p.String()
		}
	}
	return a.String()
}
