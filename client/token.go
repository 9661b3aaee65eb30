package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/oauth2"
)

// When a token is renewed, and what happens when that fails.
const (
	reuseMargin = time.Hour        // with less left, the server gives a new token
	lastMoment  = 10 * time.Second // with less left, a token is not used
	askAgain    = 10 * time.Second // at least, after the server gave the same token again

	firstPause = time.Second // after a failure; doubled with each further one
	maxPause   = 30 * time.Second
	maxAfter   = time.Hour // longer is not believed of a Retry-After
	maxTries   = 4         // in one call of Token
	maxWait    = 10 * time.Second
)

// held is a token, and how long it serves.
type held struct {
	token   *oauth2.Token
	renewAt time.Time // from then on a new one is asked for
	until   time.Time // from then on it is not used
}

// flight is one request for a token, and all that wait for it.
type flight struct {
	done  chan struct{} // closed when token and err are set
	token *oauth2.Token
	err   error
}

// refused is the last token that an API called invalid.
type refused struct {
	token string
	at    time.Time
}

// Token returns a token that is good for at least a few seconds. Mostly it is at hand.
// If not, Token waits for the server, and where that is unavailable or asks for
// patience, tries again for a short while. A refusal is an [Error]. Whoever must not
// wait gives ctx a deadline; the request itself goes on for those who wait longer.
//
// The token must not be changed.
func (c *Client) Token(ctx context.Context) (*oauth2.Token, error) {
	for try := 1; ; try++ {
		t, err := c.get(ctx)
		if err == nil {
			return t, nil
		}
		wait, worthwhile := c.wait(ctx, err)
		if !worthwhile || try == maxTries {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (%w)", err, ctx.Err())
		case <-time.After(wait):
		}
	}
}

// TokenSource returns a source of the client's tokens for golang.org/x/oauth2. ctx ends
// the waiting of [Client.Token], as there.
//
// [oauth2.Transport] asks the source for each request, as it should. [oauth2.NewClient]
// and [oauth2.ReuseTokenSource] keep a token until just before its end, whatever
// becomes of it; [Client.HTTPClient] is better.
func (c *Client) TokenSource(ctx context.Context) oauth2.TokenSource {
	return source{ctx, c}
}

type source struct {
	ctx    context.Context
	client *Client
}

func (s source) Token() (*oauth2.Token, error) { return s.client.Token(s.ctx) }

// get returns the token at hand, or the next one, or why there is none.
func (c *Client) get(ctx context.Context) (*oauth2.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("client: no token: %w", err)
	}
	c.mu.Lock()
	now := time.Now()
	h := c.held
	usable := h != nil && before(now, h.until)
	paused := now.Before(c.pausing)
	if usable && (paused || before(now, h.renewAt)) {
		c.mu.Unlock()
		return h.token, nil
	}
	if paused {
		defer c.mu.Unlock()
		return nil, c.failure
	}
	f := c.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		c.flight = f
		go c.fly(context.WithoutCancel(ctx), f)
	}
	c.mu.Unlock()
	if usable {
		return h.token, nil
	}
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("client: no token: %w", ctx.Err())
	}
}

// fly makes the request, for all who wait for it.
func (c *Client) fly(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	f.token, f.err = c.request(ctx)
	c.mu.Lock()
	c.settle(f, time.Now())
	c.flight = nil
	c.mu.Unlock()
	close(f.done)
}

// settle keeps what a request brought.
func (c *Client) settle(f *flight, now time.Time) {
	if f.err != nil {
		c.failure = f.err
		c.pausing = now.Add(pauseAfter(f.err, c.failed))
		c.failed++
		return
	}
	c.failure, c.failed, c.pausing = nil, 0, time.Time{}
	left := f.token.Expiry.Sub(now)
	next := &held{token: f.token, until: f.token.Expiry.Add(-min(lastMoment, left/4)), renewAt: now.Add(renewIn(left))}
	if c.held != nil && c.held.token.AccessToken == f.token.AccessToken {
		next.renewAt = now.Add(max(askAgain, left/8)) // asked too early: the clocks differ
	}
	c.held = next
}

// renewIn is how long a token with so much left is used before a new one is asked for:
// no earlier than the server would give one, and not at the same moment everywhere.
func renewIn(left time.Duration) time.Duration {
	if left > reuseMargin {
		return left - reuseMargin + between(time.Minute, reuseMargin/4)
	}
	return between(left*3/4, left*7/8)
}

// pauseAfter is how long the server is left alone after a failure that so many others
// came before. A program that is refused asks no more often than one that is not answered.
func pauseAfter(err error, before int) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok && e.RetryAfter > 0 {
		after := min(e.RetryAfter, maxAfter)
		return after + between(0, after/10)
	}
	pause := min(firstPause<<min(before, 10), maxPause)
	return between(pause*3/4, pause)
}

// between is a random time from low to high.
func between(low, high time.Duration) time.Duration {
	return low + rand.N(high-low+1)
}

// before reports whether t lies ahead by both clocks: the one that people set, and the
// one that stands still while the machine sleeps.
func before(now, t time.Time) bool {
	return now.Before(t) && now.Round(0).Before(t.Round(0))
}

// wait is how long to wait until another try, and whether that is worth it.
func (c *Client) wait(ctx context.Context, err error) (time.Duration, bool) {
	if !temporary(err) || ctx.Err() != nil {
		return 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	wait := time.Until(c.pausing)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return 0, false
	}
	return wait, wait <= maxWait
}

// renew returns another token than old, which an API has called invalid, or old itself
// if the server stands by it. It asks about the same token once in askAgain, so that an
// API that refuses everything does not make as many requests for tokens.
func (c *Client) renew(ctx context.Context, old string) (*oauth2.Token, error) {
	c.mu.Lock()
	if h := c.held; h != nil && h.token.AccessToken == old {
		now := time.Now()
		if c.refused.token == old && now.Sub(c.refused.at) < askAgain {
			c.mu.Unlock()
			return h.token, nil
		}
		c.refused = refused{old, now}
		c.held = nil
	}
	c.mu.Unlock()
	return c.Token(ctx)
}
