package script

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/tepin/tepin"
)

// How workers are kept.
const (
	idleTime    = time.Minute      // until a worker that nobody calls is ended
	workerCalls = 1000             // until a worker is replaced by a fresh one
	workerTime  = 30 * time.Minute // likewise
	queueTime   = 10 * time.Second // that a call waits for a worker
	queueLength = 256              // calls that wait, of all environments
	queueShare  = 64               // of one
	settleTime  = 2 * time.Second  // that a call may take to end when nobody waits for it
)

// Key names what a worker serves: one program of one environment (S29).
type Key struct {
	Environment tepin.EnvironmentID
	Program     string // id and version
}

// Call is one call of a method.
type Call struct {
	Key    Key
	Load   func(context.Context) (Program, error) // of the key's program; called where no worker has it
	Method string
	Args   []any
	// Fetch makes a request of the script: what the script said of it in, the object that
	// it gets out. An error's text reaches the script as an exception. It is called by
	// several goroutines at once, with a context that ends when nobody waits for the call.
	Fetch func(ctx context.Context, request json.RawMessage) (json.RawMessage, error)
	Log   func(line string) // nil = nobody listens
}

// Options are what a pool works with.
type Options struct {
	Workers int // at most, of all environments; 0 = by the machine's processors
	Log     *slog.Logger

	Computing time.Duration // that a call may take; 0 = MaxTime
	Waiting   time.Duration // that it may take in all; 0 = MaxCall
}

// Pool keeps the workers of all environments.
type Pool struct {
	Options
	busy chan struct{} // a place for each worker that is at work

	mu      sync.Mutex
	closed  bool
	idle    []*process // the longest idle first
	live    int
	waiting int
	of      map[tepin.EnvironmentID]*share
}

// share is what one environment has of a pool.
type share struct {
	calls int           // that are here: at work or waiting
	busy  chan struct{} // a place for each of its workers at work: half of all
}

// NewPool returns a pool without workers. [Pool.Close] ends it.
func NewPool(o Options) *Pool {
	o.Workers = cmp.Or(o.Workers, min(max(2*runtime.NumCPU(), 4), 32))
	o.Computing, o.Waiting = cmp.Or(o.Computing, MaxTime), cmp.Or(o.Waiting, MaxCall)
	return &Pool{Options: o, busy: make(chan struct{}, o.Workers), of: map[tepin.EnvironmentID]*share{}}
}

// Call calls a method and returns its answer as JSON. It fails with a [*Failure] when the
// script gives none, TooMany when too many calls of the environment wait, Unavailable when
// too many of all do, and what Load fails with.
func (p *Pool) Call(ctx context.Context, c Call) (json.RawMessage, error) {
	s, err := p.enter(c.Key.Environment)
	if err != nil {
		return nil, err
	}
	leave, err := p.queue(ctx, s)
	if err != nil {
		p.leave(c.Key.Environment, s)
		return nil, err
	}
	free := func() {
		leave()
		p.leave(c.Key.Environment, s)
	}
	w, err := p.worker(ctx, c)
	if err != nil {
		free()
		return nil, err
	}
	type answer struct {
		value json.RawMessage
		err   error
	}
	done := make(chan answer, 1)
	go func() { // goes on when nobody waits any more, so that the worker is left in order
		value, err := w.call(ctx, c)
		p.put(w)
		free()
		done <- answer{value, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// enter counts a call in, or refuses it.
func (p *Pool) enter(env tepin.EnvironmentID) (*share, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.of[env]
	if s == nil {
		s = &share{busy: make(chan struct{}, max(p.Options.Workers/2, 1))}
		p.of[env] = s
	}
	switch {
	case p.closed:
		return nil, &tepin.Error{Kind: tepin.Unavailable, Message: "the server is stopping", RetryAfter: time.Second}
	case s.calls >= queueShare:
		return nil, &tepin.Error{Kind: tepin.TooMany, Message: "too many calls of this environment's connectors are waiting; ask again later", RetryAfter: 2 * time.Second}
	case p.waiting >= queueLength:
		return nil, overloaded()
	}
	s.calls++
	p.waiting++
	return s, nil
}

func overloaded() error {
	return &tepin.Error{Kind: tepin.Unavailable, Message: "too many calls of connectors are waiting on this server; ask again later", RetryAfter: 5 * time.Second}
}

func (p *Pool) leave(env tepin.EnvironmentID, s *share) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.calls--; s.calls == 0 {
		delete(p.of, env)
	}
}

// queue waits for a place at work, of the environment's and of all.
func (p *Pool) queue(ctx context.Context, s *share) (leave func(), err error) {
	defer func() {
		p.mu.Lock()
		p.waiting--
		p.mu.Unlock()
	}()
	timer := time.NewTimer(queueTime)
	defer timer.Stop()
	var got []chan struct{}
	leave = func() {
		for _, c := range got {
			<-c
		}
	}
	for _, c := range []chan struct{}{s.busy, p.busy} {
		select {
		case c <- struct{}{}:
			got = append(got, c)
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-timer.C:
			err = overloaded()
		}
		leave()
		return nil, err
	}
	return leave, nil
}

// worker takes an idle worker of the key, or starts one. The caller has a place at work.
func (p *Pool) worker(ctx context.Context, c Call) (*process, error) {
	if w := p.take(c.Key); w != nil {
		return w, nil
	}
	program, err := c.Load(ctx)
	var w *process
	if err == nil {
		w, err = startWorker(c.Key, program, p.Options)
	}
	if err != nil {
		p.mu.Lock()
		p.live--
		p.mu.Unlock()
		return nil, err
	}
	return w, nil
}

// take finds an idle worker of the key. Where there is none, nil, and there is room for
// another: the longest idle of all is ended for it.
func (p *Pool) take(key Key) *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.idle) - 1; i >= 0; i-- {
		if w := p.idle[i]; w.key == key {
			p.remove(i)
			return w
		}
	}
	if p.live >= p.Options.Workers && len(p.idle) > 0 {
		w := p.idle[0]
		p.remove(0)
		p.live--
		go w.end()
	}
	p.live++
	return nil
}

// remove takes the idle worker at i out of the list.
func (p *Pool) remove(i int) {
	p.idle[i].timer.Stop()
	p.idle = append(p.idle[:i], p.idle[i+1:]...)
}

// put takes a worker back after its call, or ends it.
func (p *Pool) put(w *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || w.broken || w.calls >= workerCalls || time.Since(w.started) > workerTime {
		if w.broken && p.Log != nil {
			p.Log.Warn("a connector's script misbehaved; its worker is replaced", "environment", w.key.Environment, "program", w.key.Program, "reason", w.reason)
		}
		p.live--
		go w.end()
		return
	}
	w.timer = time.AfterFunc(idleTime, func() { p.retire(w) })
	p.idle = append(p.idle, w)
}

// retire ends a worker that has been idle for long.
func (p *Pool) retire(w *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, each := range p.idle {
		if each == w {
			p.remove(i)
			p.live--
			go w.end()
			return
		}
	}
}

// Workers returns how many live, and how many of them are idle.
func (p *Pool) Workers() (live, idle int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live, len(p.idle)
}

// Close ends the workers. Calls at work come to their end; further ones are refused.
func (p *Pool) Close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.live -= len(idle)
	p.mu.Unlock()
	var all sync.WaitGroup
	for _, w := range idle {
		w.timer.Stop()
		all.Go(w.end)
	}
	all.Wait()
}

// failureOf returns the failure that an error is, or that the worker crashed. What a
// child says may be anything: its words are kept short.
func failureOf(err error) *Failure {
	f, ok := errors.AsType[*Failure](err)
	if !ok || !f.Kind.known() {
		f = &Failure{Kind: Crashed, Message: err.Error()}
	}
	return &Failure{Kind: f.Kind, Name: tepin.Shorten(f.Name, 100), Message: tepin.Shorten(f.Message, maxLine), Status: f.Status, Line: f.Line}
}
