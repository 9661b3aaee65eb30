package connector

import (
	"context"
	"sync"
	"time"

	"github.com/tepin/tepin"
)

// cache holds the tokens of upstreams, in memory alone. A credential that is changed has
// another id, so that on no node a token outlives it.
type cache struct {
	mu   sync.Mutex
	list map[tepin.ConnectorCredentialID]*entry
}

// entry is the token of one credential. Whoever holds turn may ask for another.
type entry struct {
	turn   chan struct{}
	mu     sync.Mutex
	token  upstreamToken
	failed error
	until  time.Time // for so long failed is the answer
}

const (
	maxCached  = 10_000
	failedTime = 5 * time.Second // for so long a token endpoint that failed is left alone
)

// of returns the entry of a credential.
func (c *cache) of(id tepin.ConnectorCredentialID, now time.Time) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.list[id]; e != nil {
		return e
	}
	if len(c.list) >= maxCached {
		for id, e := range c.list {
			if e.mu.TryLock() {
				over := now.After(e.token.Ends)
				e.mu.Unlock()
				if !over && len(c.list) < 2*maxCached {
					continue
				}
			}
			delete(c.list, id)
		}
	}
	if c.list == nil {
		c.list = map[tepin.ConnectorCredentialID]*entry{}
	}
	e := &entry{turn: make(chan struct{}, 1)}
	c.list[id] = e
	return e
}

// get returns the token, one that fetch gets where there is none: of many that want it, one
// fetches. fresh says that it was fetched just now.
func (e *entry) get(ctx context.Context, now func() time.Time, fetch func(context.Context) (upstreamToken, error)) (t upstreamToken, fresh bool, err error) {
	if t, err, ok := e.known(now()); ok {
		return t, false, err
	}
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return upstreamToken{}, false, context.Cause(ctx)
	}
	if t, err, ok := e.known(now()); ok {
		return t, false, err
	}
	t, err = fetch(ctx)
	if ctx.Err() != nil { // it says nothing about the endpoint
		return t, true, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.failed, e.until = err, now().Add(failedTime)
		return t, true, err
	}
	e.token, e.failed = t, nil
	return t, true, nil
}

func (e *entry) known(now time.Time) (upstreamToken, error, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.token.Access != "" && now.Before(e.token.Renew):
		return e.token, nil, true
	case e.failed != nil && now.Before(e.until):
		return upstreamToken{}, e.failed, true
	}
	return upstreamToken{}, nil, false
}

// drop forgets a token that an upstream has refused.
func (e *entry) drop(t upstreamToken) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.token.Access == t.Access {
		e.token = upstreamToken{}
	}
}
