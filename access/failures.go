package access

import (
	"net/netip"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/limit"
)

// The failure budget: this many different wrong credentials for one client id from one
// network in this time (S10).
const (
	maxFailures   = 10
	failureWindow = 5 * time.Minute
)

// failures counts what was wrong that clients, or strangers, proved themselves with:
// secrets, and whatever else there is.
type failures struct {
	blind limit.Blind
	known *limit.Failures
}

func newFailures() failures {
	return failures{blind: limit.NewBlind(), known: limit.NewFailures(maxFailures, failureWindow, budgetSize)}
}

// Wrong counts a proof of a client that was wrong, and was checked elsewhere. It returns
// what to answer: the refusal, or TooMany when the budget is spent.
func (d *Directory) Wrong(id tepin.ClientID, proof string, from netip.Addr, refusal error) error {
	return d.failures.refuse(id, proof, from, d.o.Now(), refusal)
}

// refuse counts a wrong proof and returns what to answer: the refusal, or TooMany when
// the budget is spent. A client that does not exist has a budget like any other.
func (f failures) refuse(id tepin.ClientID, proof string, from netip.Addr, now time.Time, refusal error) error {
	who := f.blind.Digest(string(id), tepin.PlaceOf(from).String())
	if wait := f.known.Count(who, f.blind.Digest(proof), now); wait > 0 {
		return &tepin.Error{Kind: tepin.TooMany, RetryAfter: wait,
			Message: "too many wrong credentials for this client from this network; the right ones are still accepted"}
	}
	return refusal
}
