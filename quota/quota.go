// Package quota counts what integrations use, and says when an allowance of theirs, or
// of their environment, is exhausted.
//
// Each node counts in memory, so that a request costs no query, and once a second tells
// the database what it has counted and learns what the others have. Until it has
// learned, it may let through what they have used up: beyond an enforced allowance goes
// at most what all nodes answer in about a second. A node that is killed forgets what
// it counted in its last second. Outputs are counted by package store, exactly.
package quota

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/store"
)

const (
	// FlushInterval is how often a node tells what it has counted.
	FlushInterval = time.Second
	// Kept is for how long the count of a quota that nobody uses any more is kept.
	Kept = 48 * time.Hour

	flushTimeout = 5 * time.Second
	atOnce       = 500 // counts in one transaction
)

// Options of a [Counter]. Store and Access are required.
type Options struct {
	Store  *store.Store
	Access *access.Directory // knows the quotas
	Log    *slog.Logger      // nil = nowhere
	Now    func() time.Time  // nil = time.Now
}

// Counter counts. It is safe for concurrent use.
type Counter struct {
	o    Options
	turn chan struct{} // held while telling

	mu      sync.RWMutex
	tallies map[subject]*tally
}

// subject is whose quota it is: an integration's or, without its id, an environment's.
type subject struct {
	environment tepin.EnvironmentID
	integration tepin.IntegrationID
}

// tally is what a subject has used, in the present hour and day.
type tally struct {
	mu     sync.Mutex
	counts map[allowance]*count
}

type allowance struct {
	use    tepin.Use
	period time.Duration
}

// count is what was used of one allowance in one period.
type count struct {
	start time.Time
	known int64 // by all nodes, as the database told last
	fresh int64 // here, since
}

// New returns a counter that knows what has been counted so far. Call [Counter.Run] to
// have it tell what it counts.
func New(ctx context.Context, o Options) (*Counter, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Counter{o: o, turn: make(chan struct{}, 1), tallies: map[subject]*tally{}}
	list, err := o.Store.Uses(ctx, o.Now().Add(-Kept))
	for _, v := range list {
		c.tally(subject{v.EnvironmentID, v.IntegrationID}).counts[allowance{v.Use, v.Period}] = &count{start: v.Start, known: v.Used}
	}
	return c, err
}

// Take counts one use by the actor, for the integration's quota and the environment's,
// and returns how the allowances stand. It refuses with TooMany, and counts nothing,
// when one of them is exhausted. People and the server itself have no quota.
func (c *Counter) Take(by tepin.Actor, use tepin.Use) ([]tepin.Standing, error) {
	if by.Kind != tepin.ActorIntegration {
		return nil, nil
	}
	ofEnvironment, ofIntegration := c.o.Access.Quotas(by.ClientID)
	var parts []part
	if ofEnvironment.Mode != tepin.QuotaOff {
		parts = append(parts, part{c.tally(subject{by.EnvironmentID, ""}), ofEnvironment, ""})
	}
	if id := tepin.IntegrationID(by.ID); ofIntegration.Mode != tepin.QuotaOff {
		parts = append(parts, part{c.tally(subject{by.EnvironmentID, id}), ofIntegration, id})
	}
	if len(parts) == 0 {
		return nil, nil
	}
	now := c.o.Now()
	var list []tepin.Standing
	var counts []*count
	for _, p := range parts {
		p.tally.mu.Lock() // all of them, in this order, until the use is counted
		defer p.tally.mu.Unlock()
		for _, period := range tepin.QuotaPeriods {
			n := p.tally.at(allowance{use, period}, now)
			counts = append(counts, n)
			list = append(list, tepin.Standing{IntegrationID: p.id, Use: use, Period: period, Start: n.start,
				Limit: p.quota.Of(use).In(period), Used: n.known + n.fresh, Enforced: p.quota.Mode == tepin.QuotaEnforce})
		}
	}
	if err := tepin.CheckQuotas(list, now); err != nil {
		return list, err
	}
	for i := range counts {
		counts[i].fresh++
		list[i].Used++
	}
	return list, nil
}

// part is one of the quotas that a use counts for.
type part struct {
	tally *tally
	quota tepin.Quota
	id    tepin.IntegrationID // "" = it is the environment's
}

// find returns the tally of a subject, or nil.
func (c *Counter) find(s subject) *tally {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.tallies[s]
}

// tally returns the tally of a subject, an empty one if there was none.
func (c *Counter) tally(s subject) *tally {
	if t := c.find(s); t != nil {
		return t
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tallies[s]
	if t == nil {
		t = &tally{counts: map[allowance]*count{}}
		c.tallies[s] = t
	}
	return t
}

// at returns the count of the period that now lies in, or of the one after it if another
// node has begun that already. A period that is further ahead was begun by a clock that
// was wrong.
func (t *tally) at(a allowance, now time.Time) *count {
	start := tepin.PeriodStart(now, a.period)
	n := t.counts[a]
	if n == nil || n.start.Before(start) || n.start.Sub(start) > a.period {
		n = &count{start: start}
		t.counts[a] = n
	}
	return n
}

// Standings returns an integration's quota, or without its id the environment's, and
// how all of its allowances stand: with what this node has not told yet.
func (c *Counter) Standings(ctx context.Context, env tepin.EnvironmentID, id tepin.IntegrationID) (tepin.Quota, []tepin.Standing, error) {
	quota, list, err := c.o.Store.Standings(ctx, env, id)
	if err != nil || quota.Mode == tepin.QuotaOff {
		return quota, list, err
	}
	t := c.find(subject{env, id})
	if t == nil {
		return quota, list, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range list {
		if n := t.counts[allowance{list[i].Use, list[i].Period}]; n != nil && n.start.Equal(list[i].Start) {
			list[i].Used += n.fresh
		}
	}
	return quota, list, nil
}

// Run tells the database once a second until ctx ends, and at the end.
func (c *Counter) Run(ctx context.Context) error {
	tick := time.NewTicker(FlushInterval)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return c.Flush(context.WithoutCancel(ctx))
		case <-tick.C:
			err := c.Flush(ctx)
			if failed := err != nil && ctx.Err() == nil; failed != failing {
				failing = failed
				if failed {
					c.o.Log.ErrorContext(ctx, "what quotas count is not written; each node counts for itself while this lasts", "error", err)
				} else {
					c.o.Log.InfoContext(ctx, "what quotas count is written again")
				}
			}
		}
	}
}

// Flush tells the database what was counted since the last time. What could not be told
// is told the next time.
func (c *Counter) Flush(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	for part := range slices.Chunk(c.fresh(), atOnce) {
		totals, err := c.o.Store.AddUses(ctx, part)
		if err != nil {
			return err
		}
		c.settle(part, totals)
	}
	return nil
}

// fresh returns what has not been told, and forgets who has used nothing for long.
func (c *Counter) fresh() (list []store.QuotaUse) {
	since := c.o.Now().Add(-Kept)
	c.mu.Lock()
	defer c.mu.Unlock()
	for s, t := range c.tallies {
		t.mu.Lock()
		idle := len(t.counts) > 0 // else it is just being made
		for a, n := range t.counts {
			idle = idle && n.start.Before(since)
			if n.fresh > 0 {
				list = append(list, store.QuotaUse{EnvironmentID: s.environment, IntegrationID: s.integration, Use: a.use, Period: a.period, Start: n.start, Used: n.fresh})
			}
		}
		t.mu.Unlock()
		if idle {
			delete(c.tallies, s)
		}
	}
	return list
}

// settle takes note that told is in the database now, and of the totals there. A subject
// whose total is missing has no quota any more.
func (c *Counter) settle(told, totals []store.QuotaUse) {
	type key struct {
		subject
		allowance
	}
	keyOf := func(v store.QuotaUse) key {
		return key{subject{v.EnvironmentID, v.IntegrationID}, allowance{v.Use, v.Period}}
	}
	total := make(map[key]store.QuotaUse, len(totals))
	for _, v := range totals {
		total[keyOf(v)] = v
	}
	for _, v := range told {
		k := keyOf(v)
		now, ok := total[k]
		if !ok {
			c.mu.Lock()
			delete(c.tallies, k.subject)
			c.mu.Unlock()
		} else if t := c.find(k.subject); t != nil {
			t.settle(v, now)
		}
	}
}

// settle takes what the database knows now off what it does not. The total may be of the
// next period, begun elsewhere; and what was told may be of one that has passed here.
func (t *tally) settle(told, total store.QuotaUse) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.counts[allowance{told.Use, told.Period}]
	if n == nil || n.start.After(total.Start) {
		return
	}
	if n.start.Equal(told.Start) {
		n.fresh -= told.Used
	}
	n.start, n.known = total.Start, total.Used
}
