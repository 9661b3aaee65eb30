package job_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/job"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

// bench is a store with an environment, and a runner on it that looks often.
func bench(t *testing.T) (*store.Store, tepin.Environment, *job.Runner) {
	t.Helper()
	db := storetest.SQLite(t)
	sub, err := db.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	env, err := db.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{
		SubscriptionID: sub.ID, Name: "e", TechnicalName: "e", Type: tepin.Production, TokenLifetime: time.Hour, SigningAlg: "ES256",
	})
	if err != nil {
		t.Fatal(err)
	}
	r := job.NewRunner(db, slog.New(slog.DiscardHandler), 2)
	r.Poll, r.Retry, r.Lease, r.Drain = 5*time.Millisecond, time.Millisecond, 300*time.Millisecond, 50*time.Millisecond
	return db, env, r
}

// enqueue makes a task and its job.
func enqueue(t *testing.T, db *store.Store, env tepin.EnvironmentID) tepin.TaskID {
	t.Helper()
	key := string(env) + "/" + tepin.NewID[string]()
	if err := db.ReserveBlob(t.Context(), env, key); err != nil {
		t.Fatal(err)
	}
	task, err := db.CreateTask(t.Context(), tepin.System, tepin.Task{
		EnvironmentID: env, OwnerKind: tepin.ActorSystem, OwnerID: "system", Format: tepin.PDF, Name: "n", Source: "document",
		Request: tepin.BlobRef{Key: key, Size: 1, SHA256: "00"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return task.ID
}

// run starts the runner and stops it at the end of the test.
func run(t *testing.T, r *job.Runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { r.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s: not within 10 s", what)
}

func state(t *testing.T, db *store.Store, env tepin.EnvironmentID, id tepin.TaskID) tepin.Task {
	t.Helper()
	task, err := db.Task(t.Context(), env, tepin.System, id)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// failer ends the job's task as failed, with the attempt in its detail.
func failer(db *store.Store, detail string) func(context.Context, tepin.Job) error {
	return func(ctx context.Context, j tepin.Job) error {
		return db.FailTask(ctx, j.EnvironmentID, j.ID, tepin.TaskID(j.Payload), "X", detail, "")
	}
}

func TestEachJobOnce(t *testing.T) {
	db, env, r := bench(t)
	var mu sync.Mutex
	seen := map[string]int{}
	r.Handlers["output"] = job.Handler{Do: func(ctx context.Context, j tepin.Job) error {
		mu.Lock()
		seen[j.Payload]++
		mu.Unlock()
		return failer(db, "done")(ctx, j)
	}}
	var ids []tepin.TaskID
	for range 20 {
		ids = append(ids, enqueue(t, db, env.ID))
	}
	run(t, r)
	for _, id := range ids {
		eventually(t, "task done", func() bool { return state(t, db, env.ID, id).State == tepin.TaskFailed })
	}
	mu.Lock()
	defer mu.Unlock()
	for id, n := range seen {
		if n != 1 {
			t.Errorf("task %s was worked on %d times", id, n)
		}
	}
}

// An error, or a panic, is tried once more, and then the task ends with a reason.
// Jobs of one environment that take long keep no other one waiting, and leave no more
// than the workers at work for it.
func TestLongJobs(t *testing.T) {
	db, env, r := bench(t)
	other, err := db.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{
		SubscriptionID: env.SubscriptionID, Name: "o", TechnicalName: "o", Type: tepin.Production, TokenLifetime: time.Hour, SigningAlg: "ES256",
	})
	if err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	var begun atomic.Int32
	r.Handlers["output"] = job.Handler{Do: func(ctx context.Context, j tepin.Job) error {
		if j.EnvironmentID == env.ID {
			begun.Add(1)
			<-hold
		}
		return failer(db, "done")(ctx, j)
	}}
	var long []tepin.TaskID
	for range 3 * r.Workers {
		long = append(long, enqueue(t, db, env.ID))
	}
	run(t, r)
	eventually(t, "the workers are busy", func() bool { return int(begun.Load()) == r.Workers })
	for range 3 {
		quick := enqueue(t, db, other.ID)
		eventually(t, "the other's job is done", func() bool { return state(t, db, other.ID, quick).State == tepin.TaskFailed })
	}
	if n := int(begun.Load()); n != r.Workers {
		t.Errorf("%d jobs of one environment at once", n)
	}
	close(hold)
	for _, id := range long {
		eventually(t, "task done", func() bool { return state(t, db, env.ID, id).State == tepin.TaskFailed })
	}
}

func TestRetriedOnce(t *testing.T) {
	for name, breaks := range map[string]func() error{
		"error": func() error { return errors.New("no database") },
		"panic": func() error { panic("bug") },
	} {
		t.Run(name, func(t *testing.T) {
			db, env, r := bench(t)
			var mu sync.Mutex
			var attempts []int
			r.Handlers["output"] = job.Handler{
				Do: func(_ context.Context, j tepin.Job) error {
					mu.Lock()
					attempts = append(attempts, j.Attempt)
					mu.Unlock()
					return breaks()
				},
				Bury: failer(db, "buried"),
			}
			id := enqueue(t, db, env.ID)
			run(t, r)
			eventually(t, "buried", func() bool { return state(t, db, env.ID, id).ErrorDetail == "buried" })
			mu.Lock()
			defer mu.Unlock()
			if len(attempts) != 2 || attempts[0] != 1 || attempts[1] != 2 {
				t.Errorf("attempts %v, want 1 and 2", attempts)
			}
		})
	}
}

// A long job keeps its lease: nobody else gets it.
func TestLeaseIsKept(t *testing.T) {
	db, env, r := bench(t)
	var mu sync.Mutex
	n := 0
	r.Handlers["output"] = job.Handler{Do: func(ctx context.Context, j tepin.Job) error {
		mu.Lock()
		n++
		mu.Unlock()
		time.Sleep(3 * r.Lease)
		return failer(db, "done")(ctx, j)
	}}
	id := enqueue(t, db, env.ID)
	run(t, r)
	eventually(t, "task done", func() bool { return state(t, db, env.ID, id).State == tepin.TaskFailed })
	mu.Lock()
	defer mu.Unlock()
	if n != 1 {
		t.Errorf("worked on %d times", n)
	}
}

// A server that stops gives its job back at once, and the next one does it as if
// for the first time.
func TestStopGivesBack(t *testing.T) {
	db, env, r := bench(t)
	started := make(chan struct{})
	r.Lease = time.Minute
	r.Handlers["output"] = job.Handler{Do: func(ctx context.Context, _ tepin.Job) error {
		close(started)
		<-ctx.Done()
		return ctx.Err()
	}}
	id := enqueue(t, db, env.ID)
	stop := run(t, r)
	<-started
	stop()
	next := job.NewRunner(db, slog.New(slog.DiscardHandler), 1)
	next.Poll = 5 * time.Millisecond
	attempt := make(chan int, 1)
	next.Handlers["output"] = job.Handler{Do: func(ctx context.Context, j tepin.Job) error {
		attempt <- j.Attempt
		return failer(db, "done")(ctx, j)
	}}
	run(t, next)
	if got := <-attempt; got != 1 {
		t.Errorf("attempt %d, want 1: stopping is not failing", got)
	}
	eventually(t, "task done", func() bool { return state(t, db, env.ID, id).State == tepin.TaskFailed })
}

func TestSweeps(t *testing.T) {
	_, _, r := bench(t)
	swept := make(chan struct{}, 10)
	r.Sweeps = []job.Sweep{{Name: "s", Every: time.Millisecond, Do: func(context.Context) error {
		select {
		case swept <- struct{}{}:
		default:
		}
		return errors.New("logged, and done again")
	}}}
	run(t, r)
	for range 3 {
		<-swept
	}
}
