package credential

import (
	"time"

	"github.com/tepin/tepin/limit"
)

// Attempts at a password. Each budget begins full, one attempt takes one, success
// puts it back, and it fills up again by one each interval: so that guessing is slow,
// and the wait for somebody who shares the budget with a guesser is never longer
// than one interval.
var (
	accountRate = limit.Rate{Burst: 10, Interval: 30 * time.Second} // per account and network, or per account and known device
	networkRate = limit.Rate{Burst: 60, Interval: 5 * time.Second}  // per network, over all accounts
)

const maxBudgets = 20_000 // of each kind; the least recently used are forgotten

// budgets are those of all who try.
type budgets struct {
	blind    limit.Blind
	accounts *limit.Buckets[limit.Digest]
	networks *limit.Buckets[limit.Digest]
}

func newBudgets() budgets {
	return budgets{
		blind:    limit.NewBlind(),
		accounts: limit.NewBuckets[limit.Digest](accountRate, maxBudgets),
		networks: limit.NewBuckets[limit.Digest](networkRate, maxBudgets),
	}
}

// budget names the two that an attempt takes from: the account's at its place, which
// is a network or a known device, and the place's own.
type budget struct{ account, place limit.Digest }

func (b budgets) of(account, place string) budget {
	return budget{account: b.blind.Digest(account, place), place: b.blind.Digest(place)}
}

// take takes one attempt from both, or says how long it is until there is one.
func (b budgets) take(from budget, now time.Time) (wait time.Duration) {
	if wait := b.accounts.Take(from.account, now); wait > 0 {
		return wait
	}
	if wait := b.networks.Take(from.place, now); wait > 0 {
		b.accounts.Return(from.account, now)
		return wait
	}
	return 0
}

// giveBack undoes a take.
func (b budgets) giveBack(to budget, now time.Time) {
	b.accounts.Return(to.account, now)
	b.networks.Return(to.place, now)
}
