package preview

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/tepin/tepin"
)

// maxWaiting is how many previews of media and fonts of one environment may wait.
const maxWaiting = 500

// makeTime bounds the making of one preview, all told.
const makeTime = 5 * time.Minute

// line is where previews wait for their turn: few at once on this node, the
// environments in turn, and each preview once, however many ask for it.
type line struct {
	mu      sync.Mutex
	calls   map[string]*call // by environment and key
	waiting map[tepin.EnvironmentID][]*call
	turn    []tepin.EnvironmentID // those that have something waiting
	running int
	of      map[tepin.EnvironmentID]int // how many of them are each environment's
	failed  func(error)                 // told of each call that made no preview; may be nil
}

// call is one preview in the line.
type call struct {
	env     tepin.EnvironmentID
	id      string
	work    func(context.Context) (tepin.Preview, error)
	done    chan struct{}
	preview tepin.Preview
	err     error
}

// atOnce is how many previews are made at once: each takes a processor.
func atOnce() int { return max(2, runtime.GOMAXPROCS(0)) }

// join returns the call that makes the preview with the key: the one that is in the
// line already, or a new one. TooMany when maxWaiting of the environment wait.
func (l *line) join(env tepin.EnvironmentID, key string, work func(context.Context) (tepin.Preview, error)) (*call, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := string(env) + "/" + key
	if c := l.calls[id]; c != nil {
		return c, nil
	}
	if len(l.waiting[env]) >= maxWaiting {
		return nil, &tepin.Error{Kind: tepin.TooMany, RetryAfter: 5 * time.Second,
			Message: fmt.Sprintf("%d previews of this environment are waiting already; ask again when some are done", maxWaiting)}
	}
	if l.calls == nil {
		l.calls, l.waiting, l.of = map[string]*call{}, map[tepin.EnvironmentID][]*call{}, map[tepin.EnvironmentID]int{}
	}
	c := &call{env: env, id: id, work: work, done: make(chan struct{})}
	l.calls[id] = c
	if len(l.waiting[env]) == 0 {
		l.turn = append(l.turn, env)
	}
	l.waiting[env] = append(l.waiting[env], c)
	l.next()
	return c, nil
}

// next starts calls while there is room. The lock is held.
func (l *line) next() {
	for {
		at := slices.IndexFunc(l.turn, l.room)
		if at < 0 {
			return
		}
		env := l.turn[at]
		l.turn = slices.Delete(l.turn, at, at+1)
		c := l.waiting[env][0]
		if l.waiting[env] = l.waiting[env][1:]; len(l.waiting[env]) > 0 {
			l.turn = append(l.turn, env)
		} else {
			delete(l.waiting, env)
		}
		l.running++
		l.of[env]++
		go l.run(c)
	}
}

// room reports whether a call of the environment can begin. One that has nothing at work
// need not wait for the files of others, which may take minutes: for those there is as much
// room again.
func (l *line) room(env tepin.EnvironmentID) bool {
	return l.running < atOnce() || l.of[env] == 0 && l.running < 2*atOnce()
}

// run does a call. It goes on when nobody waits any more: what it makes is kept.
func (l *line) run(c *call) {
	defer func() {
		if p := recover(); p != nil {
			c.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		if c.err != nil && l.failed != nil {
			l.failed(c.err)
		}
		l.mu.Lock()
		delete(l.calls, c.id)
		l.running--
		if l.of[c.env]--; l.of[c.env] == 0 {
			delete(l.of, c.env)
		}
		l.next()
		l.mu.Unlock()
		close(c.done)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), makeTime)
	defer cancel()
	c.preview, c.err = c.work(ctx)
}
