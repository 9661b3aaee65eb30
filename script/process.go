package script

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/tepin/tepin/sandbox"
)

// childLimits are a worker's. Those of a call are kept within it; these are the wall
// around it.
var childLimits = sandbox.Limits{
	Memory: 256 << 20, // the script's values, a message with them, and its parts
	CPU:    10 * time.Minute,
	Wall:   workerTime + 10*time.Minute,
	Output: 16 << 30, // of all calls; a message has its own limit
}

// process is the side of the server: a worker, which serves one call at a time.
type process struct {
	Options
	key     Key
	child   *sandbox.Process
	started time.Time
	calls   int
	timer   *time.Timer // while it is idle
	broken  bool        // it is to be replaced
	reason  string      // why

	mu sync.Mutex // of what is written to the child
}

func startWorker(key Key, program Program, o Options) (*process, error) {
	child, err := sandbox.Start(context.Background(), Child, childLimits)
	if err != nil {
		return nil, err
	}
	w := &process{Options: o, key: key, child: child, started: time.Now()}
	if err := w.tell(down{Load: &program}); err != nil {
		w.end()
		return nil, fmt.Errorf("script: start a worker: %w", err)
	}
	return w, nil
}

func (w *process) tell(d down) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return writeFrame(w.child.In, d)
}

// end ends the child.
func (w *process) end() {
	_ = w.child.In.Close() // it may have ended by itself
	w.child.Kill()
	_ = w.child.Wait() // it was killed: there is nothing to tell
}

// call makes one call. Afterwards the worker is in order, or w.broken.
func (w *process) call(ctx context.Context, c Call) (json.RawMessage, error) {
	w.calls++
	over := make(chan struct{})
	defer close(over)
	go w.watch(ctx, over)
	fetching, cancel := context.WithTimeout(ctx, w.Waiting)
	defer cancel() // ends the fetches for whose answers the script did not wait
	var fetches sync.WaitGroup
	defer fetches.Wait()

	value, err := w.converse(fetching, c, &fetches)
	cancel()
	if err == nil {
		return value, nil
	}
	f := failureOf(err)
	if f.Kind == Crashed && fetching.Err() == context.DeadlineExceeded {
		f = &Failure{Kind: OutOfTime}
	}
	if f.misbehaved() {
		w.broken, w.reason = true, f.Error()+" "+f.Message
		w.child.Kill()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, f
}

// watch ends the child when a call does not come to its end: in time, or soon after
// nobody waits for it any more.
func (w *process) watch(ctx context.Context, over chan struct{}) {
	end := time.NewTimer(w.Waiting + settleTime)
	defer end.Stop()
	select {
	case <-over:
		return
	case <-ctx.Done():
		end.Reset(settleTime)
	case <-end.C:
		w.child.Kill()
		return
	}
	select {
	case <-over:
	case <-end.C:
		w.child.Kill()
	}
}

// converse tells the worker what to call, and does what it asks for until it is done.
func (w *process) converse(ctx context.Context, c Call, fetches *sync.WaitGroup) (json.RawMessage, error) {
	o := order{Computing: w.Computing, Waiting: w.Waiting, Method: c.Method, Args: []json.RawMessage{}}
	for _, a := range c.Args {
		raw, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		o.Args = append(o.Args, raw)
	}
	if err := w.tell(down{Call: &o}); err != nil {
		return nil, err
	}
	atOnce := make(chan struct{}, MaxAtOnce)
	for asked, said := 0, 0; ; {
		var u up
		if err := readFrame(w.child.Out, &u); err != nil {
			return nil, err
		}
		switch {
		case u.Done != nil && u.Done.Failure != nil:
			return nil, u.Done.Failure
		case u.Done != nil && len(u.Done.Value) <= MaxResult:
			return u.Done.Value, nil
		case u.Fetch != nil && asked < MaxFetches && len(u.Fetch.Value) > 0:
			asked++
			fetches.Go(func() { w.fetch(ctx, c, *u.Fetch, atOnce) })
		case u.Log != "" && said < maxLines && len(u.Log) <= 2*maxLine:
			if said++; c.Log != nil {
				c.Log(u.Log)
			}
		default:
			return nil, &Failure{Kind: Crashed, Message: "it spoke out of turn"}
		}
	}
}

// fetch makes a request of the script's and hands the answer in.
func (w *process) fetch(ctx context.Context, c Call, f fetch, atOnce chan struct{}) {
	a := reply{ID: f.ID}
	select {
	case atOnce <- struct{}{}:
		value, err := c.Fetch(ctx, f.Value)
		<-atOnce
		if a.Value = value; err != nil {
			a.Value, a.Error = nil, err.Error()
		}
	case <-ctx.Done():
		a.Error = "the call took too long"
	}
	_ = w.tell(down{Answer: &a}) // if the child is gone, the call knows
}
