package grant

import (
	"context"
	"errors"
	"sync"

	"github.com/tepin/tepin"
)

// flight lets one request at a time make the token of a key; the others wait for it.
type flight struct {
	mu    sync.Mutex
	calls map[tepin.GrantKey]*call
}

type call struct {
	done chan struct{}
	t    signed
	err  error
}

// do returns what mint returns: of this request, or (joined) of one that was at it
// already. A client that goes away does not spoil it for those who wait.
func (f *flight) do(ctx context.Context, key tepin.GrantKey, mint func(context.Context) (signed, error)) (t signed, joined bool, err error) {
	f.mu.Lock()
	if c := f.calls[key]; c != nil {
		f.mu.Unlock()
		select {
		case <-c.done:
			return c.t, true, c.err
		case <-ctx.Done():
			return signed{}, true, unknowable(ctx.Err())
		}
	}
	c := &call{done: make(chan struct{}), err: errors.New("grant: the request that made the token has crashed")}
	if f.calls == nil {
		f.calls = map[tepin.GrantKey]*call{}
	}
	f.calls[key] = c
	f.mu.Unlock()

	defer func() {
		f.mu.Lock()
		delete(f.calls, key)
		f.mu.Unlock()
		close(c.done)
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	c.t, c.err = mint(ctx)
	if errors.Is(c.err, context.DeadlineExceeded) {
		c.err = unknowable(c.err)
	}
	return c.t, false, c.err
}
