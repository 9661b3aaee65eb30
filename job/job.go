// Package job does background work: it claims jobs from the store under a lease,
// keeps the lease while they run, hands them out again after a crash, and runs the
// sweeps. What a job does is its handler's.
package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// Handler does one job and records its end, good or bad, in the store itself. An
// error means that it could not: the job is tried again if it has attempts left.
// A cancelled ctx means that the lease was lost or the server stops.
type Handler struct {
	Do   func(context.Context, tepin.Job) error
	Bury func(context.Context, tepin.Job) error // records the end of a job that used up its attempts
}

// Sweep is housekeeping done once at start and then every so often.
type Sweep struct {
	Name  string
	Every time.Duration
	Do    func(context.Context) error
}

// Runner works on jobs until its context ends.
type Runner struct {
	Store    *store.Store
	Log      *slog.Logger
	Handlers map[string]Handler // by job kind
	Sweeps   []Sweep
	Workers  int           // jobs at once on this node; half as many more for environments that they do not work for
	Lease    time.Duration // a job whose node died is free again after this
	Poll     time.Duration // how often an idle node looks
	Retry    time.Duration // how long a job that failed waits for its next attempt
	Drain    time.Duration // how long running jobs may go on when the context has ended

	wake chan struct{}

	mu   sync.Mutex
	at   map[tepin.EnvironmentID]int // how many jobs of each are worked on here
	busy int                         // all of them
}

// NewRunner fills in the usual times: a lease of 30 s, looking each 500 ms, 5 s to drain.
func NewRunner(s *store.Store, log *slog.Logger, workers int) *Runner {
	return &Runner{
		Store: s, Log: log, Workers: workers,
		Handlers: map[string]Handler{},
		Lease:    30 * time.Second, Poll: 500 * time.Millisecond, Retry: time.Second, Drain: 5 * time.Second,
		wake: make(chan struct{}, 1),
	}
}

// Wake makes an idle runner look for work at once.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // it will look already
	}
}

// Run works until ctx ends, then lets running jobs finish for up to Drain. Jobs that
// do not finish go back to the queue.
func (r *Runner) Run(ctx context.Context) {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var wg sync.WaitGroup
	for range r.Workers {
		wg.Go(func() { r.worker(ctx, work) })
	}
	for range (r.Workers + 1) / 2 {
		wg.Go(func() { r.relief(ctx, work) })
	}
	for _, s := range r.Sweeps {
		wg.Go(func() { r.sweep(ctx, s) })
	}
	wg.Go(func() { r.sweep(ctx, Sweep{Name: "bury dead jobs", Every: r.Lease / 2, Do: r.bury}) })
	<-ctx.Done()
	timer := time.AfterFunc(r.Drain, stop)
	defer timer.Stop()
	wg.Wait()
}

func (r *Runner) kinds() []string { return slices.Collect(maps.Keys(r.Handlers)) }

// worker claims and does one job after another; work outlives ctx by the drain.
func (r *Runner) worker(ctx, work context.Context) {
	kinds := r.kinds()
	failing := false // said once, not at each look
	for ctx.Err() == nil {
		j, err := r.Store.ClaimJob(ctx, kinds, r.Lease)
		failed := err != nil && tepin.KindOf(err) != tepin.NotFound && ctx.Err() == nil
		switch {
		case failed && !failing:
			r.Log.Error("jobs cannot be claimed", "error", err)
		case failing && !failed:
			r.Log.Info("jobs can be claimed again")
		}
		failing = failed
		if err == nil {
			r.Wake() // there may be more: let an idle worker look, too
			r.do(work, j)
			continue
		}
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-time.After(r.Poll):
		}
	}
}

// relief works when all workers do, for environments that none of them works for: so that
// long jobs of one, however many, keep nobody else waiting.
func (r *Runner) relief(ctx, work context.Context) {
	kinds := r.kinds()
	for ctx.Err() == nil {
		if at, needed := r.atWork(); needed {
			if j, err := r.Store.ClaimJob(ctx, kinds, r.Lease, at...); err == nil {
				r.do(work, j)
				continue
			} // that none can be claimed is the workers' to tell
		}
		select {
		case <-ctx.Done():
		case <-time.After(r.Poll):
		}
	}
}

// atWork returns whose jobs are worked on, and whether that is all that the workers can do.
func (r *Runner) atWork() ([]tepin.EnvironmentID, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.at)), r.busy >= r.Workers
}

// count notes that n more jobs of an environment are worked on.
func (r *Runner) count(env tepin.EnvironmentID, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		r.at = map[tepin.EnvironmentID]int{}
	}
	r.busy += n
	if r.at[env] += n; r.at[env] == 0 {
		delete(r.at, env)
	}
}

// do runs one claimed job under its lease.
func (r *Runner) do(ctx context.Context, j tepin.Job) {
	r.count(j.EnvironmentID, 1)
	defer r.count(j.EnvironmentID, -1)
	start := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go r.keep(ctx, cancel, j)
	err := r.guarded(ctx, j)
	log := r.Log.With("job", j.ID, "kind", j.Kind, "environment", j.EnvironmentID, "attempt", j.Attempt, "duration", time.Since(start))
	if err == nil {
		log.Info("job done")
		return
	}
	log.Error("job not done", "error", err)
	if err := r.giveBack(ctx, j); err != nil && tepin.KindOf(err) != tepin.Conflict {
		log.Error("give a job back", "error", err)
	}
}

// giveBack returns a job to the queue: at once and uncounted when the server stops,
// else soon and as an attempt used up.
func (r *Runner) giveBack(ctx context.Context, j tepin.Job) error {
	stopping := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if stopping {
		return r.Store.ReleaseJob(ctx, j.ID, j.Attempt)
	}
	return r.Store.ExtendJob(ctx, j.ID, j.Attempt, r.Retry)
}

// guarded turns a panic of a handler into an error.
func (r *Runner) guarded(ctx context.Context, j tepin.Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return r.Handlers[j.Kind].Do(ctx, j)
}

// keep extends the lease of a running job, and ends the job when the lease is lost.
func (r *Runner) keep(ctx context.Context, cancel context.CancelFunc, j tepin.Job) {
	tick := time.NewTicker(r.Lease / 3)
	defer tick.Stop()
	good := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			err := r.Store.ExtendJob(ctx, j.ID, j.Attempt, r.Lease)
			switch {
			case err == nil:
				good = now
			case tepin.KindOf(err) == tepin.Conflict || now.Sub(good) > r.Lease:
				r.Log.Warn("job lost its lease", "job", j.ID, "error", err)
				cancel()
				return
			}
		}
	}
}

// bury ends the jobs that have no attempts left.
func (r *Runner) bury(ctx context.Context) error {
	dead, err := r.Store.DeadJobs(ctx, 100)
	for _, j := range dead {
		if h, ok := r.Handlers[j.Kind]; ok && h.Bury != nil {
			err = errors.Join(err, h.Bury(ctx, j))
		}
	}
	return err
}

func (r *Runner) sweep(ctx context.Context, s Sweep) {
	tick := time.NewTicker(s.Every)
	defer tick.Stop()
	for {
		if err := s.Do(ctx); err != nil && ctx.Err() == nil {
			r.Log.Error("sweep", "name", s.Name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
