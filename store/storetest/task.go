package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

func (w *world) task(by tepin.Actor, name string) tepin.Task {
	w.Helper()
	v, err := w.CreateTask(w.ctx, by, tepin.Task{EnvironmentID: w.env, Format: tepin.PDF, Name: name, Source: "template", Request: w.blob(w.env)})
	w.must(err)
	return v
}

func (w *world) claim() tepin.Job {
	w.Helper()
	j, err := w.ClaimJob(w.ctx, []string{"other", "output"}, time.Minute)
	w.must(err)
	return j
}

func tasks(w *world) {
	a, b := w.task(w.alice, "a"), w.task(w.bob, "b")
	equal(w, a.State, tepin.TaskPending)
	got, err := w.Task(w.ctx, w.env, w.alice, a.ID)
	w.must(err)
	equal(w, got, a)
	_, err = w.Task(w.ctx, w.env, w.alice, b.ID)
	w.is(tepin.NotFound, err)
	_, err = w.Task(w.ctx, w.other, w.alice, a.ID)
	w.is(tepin.NotFound, err)
	for by, n := range map[*tepin.Actor]int{&w.alice: 1, &w.bob: 1, &w.admin: 2} {
		page, err := w.Tasks(w.ctx, w.env, *by, tepin.List{})
		w.must(err)
		equal(w, len(page.Items), n)
	}
	var newestFirst []tepin.TaskID
	for _, name := range []string{"c", "d", "e", "f"} {
		newestFirst = append([]tepin.TaskID{w.task(w.alice, name).ID}, newestFirst...)
	}
	newestFirst = append(newestFirst, a.ID)
	var listed []tepin.TaskID
	for l := (tepin.List{Limit: 2}); ; {
		page, err := w.Tasks(w.ctx, w.env, w.alice, l)
		w.must(err)
		for _, task := range page.Items {
			listed = append(listed, task.ID)
		}
		if l.After = page.Next; l.After == nil {
			break
		}
	}
	equal(w, slices.Equal(listed, newestFirst), true)
	page, err := w.Tasks(w.ctx, w.env, w.alice, tepin.List{SortBy: tepin.SortID})
	w.must(err)
	equal(w, page.Items[0].ID, a.ID)
	w.must(w.StartTask(w.ctx, w.env, a.ID))
	w.must(w.StartTask(w.ctx, w.env, a.ID)) // a second attempt
	w.is(tepin.NotFound, w.StartTask(w.ctx, w.other, a.ID))
	w.is(tepin.NotFound, w.CountRecords(w.ctx, w.other, a.ID, 7))
	w.must(w.CountRecords(w.ctx, w.env, a.ID, 7))
	counted, err := w.Task(w.ctx, w.env, w.admin, a.ID)
	w.must(err)
	equal(w, counted.Records, 7)
	a.Records = 7
	got, err = w.Task(w.ctx, w.env, w.alice, a.ID)
	w.must(err)
	equal(w, got.State, tepin.TaskProcessing)
}

func taskOutcome(w *world) {
	a, b, c := w.task(w.alice, "a"), w.task(w.alice, "b"), w.task(w.alice, "c")
	jobs := map[tepin.TaskID]tepin.JobID{}
	for range 3 {
		j := w.claim()
		jobs[tepin.TaskID(j.Payload)] = j.ID
	}
	a.Result, a.ContentType, a.FileName, a.Renders = w.blob(w.env), "application/pdf", "a.pdf", 2
	w.is(tepin.NotFound, w.FinishTask(w.ctx, w.other, jobs[a.ID], a))
	w.is(tepin.Conflict, w.FinishTask(w.ctx, w.env, jobs[b.ID], a)) // another task's job
	w.must(w.FinishTask(w.ctx, w.env, jobs[a.ID], a))
	w.is(tepin.Conflict, w.CountRecords(w.ctx, w.env, a.ID, 8))
	again := a
	again.Result = w.blob(w.env)
	w.is(tepin.Conflict, w.FinishTask(w.ctx, w.env, jobs[a.ID], again))
	w.is(tepin.Conflict, w.FailTask(w.ctx, w.env, jobs[a.ID], a.ID, "x", "y", ""))
	w.is(tepin.Conflict, w.StartTask(w.ctx, w.env, a.ID))
	got, err := w.Task(w.ctx, w.env, w.alice, a.ID)
	w.must(err)
	equal(w, got.State, tepin.TaskFinished)
	equal(w, got.Result, a.Result)
	equal(w, got.ProcessedAt, w.clock.Now())

	b.Result, b.Watermarked = w.blob(w.env), true
	w.must(w.FinishTask(w.ctx, w.env, jobs[b.ID], b))
	w.must(w.FailTask(w.ctx, w.env, jobs[c.ID], c.ID, "MissingFont", "no such font", "[]"))
	got, err = w.Task(w.ctx, w.env, w.alice, c.ID)
	w.must(err)
	equal(w, got.State, tepin.TaskFailed)
	equal(w, got.ErrorType+got.ErrorDetail+got.Report, "MissingFontno such font[]")
	listed, err := w.Tasks(w.ctx, w.env, w.alice, tepin.List{Search: string(c.ID)})
	w.must(err)
	equal(w, listed.Items[0].ErrorDetail+listed.Items[0].Report, "no such font") // a thousand reports would be too many

	day := w.clock.Now().Truncate(24 * time.Hour)
	counts, err := w.RenderCounts(w.ctx, w.env, day, day.Add(24*time.Hour))
	w.must(err)
	equal(w, fmt.Sprint(counts), fmt.Sprint([]tepin.RenderCount{{EnvironmentID: w.env, Day: day, Format: tepin.PDF, Renders: 2, Watermarked: 1}}))
	counts, err = w.RenderCounts(w.ctx, w.env, day.Add(24*time.Hour), day.Add(48*time.Hour))
	w.must(err)
	equal(w, len(counts), 0)
	_, err = w.ClaimJob(w.ctx, []string{"output"}, time.Minute)
	w.is(tepin.NotFound, err)
}

func taskSweeps(w *world) {
	a, b := w.task(w.alice, "a"), w.task(w.alice, "b")
	for range 2 {
		j := w.claim()
		v := tepin.Task{ID: tepin.TaskID(j.Payload), Result: w.blob(w.env), FileName: "x.pdf"}
		w.must(w.FinishTask(w.ctx, w.env, j.ID, v))
	}
	n, err := w.ExpireOutputs(w.ctx, w.clock.Now())
	w.must(err)
	equal(w, n, 0)
	n, err = w.ExpireOutputs(w.ctx, w.clock.Now().Add(time.Second))
	w.must(err)
	equal(w, n, 2)
	got, err := w.Task(w.ctx, w.env, w.alice, a.ID)
	w.must(err)
	equal(w, got.State, tepin.TaskFinished)
	equal(w, got.Result.Key, "")
	equal(w, got.FileName, "x.pdf")
	equal(w, len(w.swept()), 2)

	n, err = w.DeleteTasks(w.ctx, w.clock.Now().Add(time.Second))
	w.must(err)
	equal(w, n, 2)
	_, err = w.Task(w.ctx, w.env, w.alice, b.ID)
	w.is(tepin.NotFound, err)
	equal(w, len(w.swept()), 2)

	unfinished := w.task(w.alice, "c") // is deleted too, and its job with it
	w.clock.Advance(time.Second)
	n, err = w.DeleteTasks(w.ctx, w.clock.Now())
	w.must(err)
	equal(w, n, 1)
	_, err = w.ClaimJob(w.ctx, []string{"output"}, time.Minute)
	w.is(tepin.NotFound, err)
	w.is(tepin.NotFound, w.StartTask(w.ctx, w.env, unfinished.ID))
}

func jobs(w *world) {
	v := w.task(w.alice, "a")
	_, err := w.ClaimJob(w.ctx, []string{"other"}, time.Minute)
	w.is(tepin.NotFound, err)
	j := w.claim()
	equal(w, j.Payload, string(v.ID))
	equal(w, j.Attempt, 1)
	equal(w, j.MaxAttempts, 2)
	equal(w, j.LeaseUntil, w.clock.Now().Add(time.Minute))
	_, err = w.ClaimJob(w.ctx, []string{"output"}, time.Minute)
	w.is(tepin.NotFound, err)

	// A lease that is extended holds on; one that ends is handed out again.
	w.clock.Advance(50 * time.Second)
	w.must(w.ExtendJob(w.ctx, j.ID, j.Attempt, time.Minute))
	w.clock.Advance(50 * time.Second)
	_, err = w.ClaimJob(w.ctx, []string{"output"}, time.Minute)
	w.is(tepin.NotFound, err)
	w.clock.Advance(10 * time.Second)
	second := w.claim()
	equal(w, second.ID, j.ID)
	equal(w, second.Attempt, 2)
	w.is(tepin.Conflict, w.ExtendJob(w.ctx, j.ID, j.Attempt, time.Minute))
	w.is(tepin.Conflict, w.ReleaseJob(w.ctx, j.ID, j.Attempt))

	// A node that stops gives its job back, and loses no attempt.
	w.must(w.ReleaseJob(w.ctx, j.ID, second.Attempt))
	third := w.claim()
	equal(w, third.Attempt, 2)

	dead, err := w.DeadJobs(w.ctx, 10)
	w.must(err)
	equal(w, len(dead), 0)
	w.clock.Advance(time.Minute)
	_, err = w.ClaimJob(w.ctx, []string{"output"}, time.Minute)
	w.is(tepin.NotFound, err)
	dead, err = w.DeadJobs(w.ctx, 10)
	w.must(err)
	equal(w, len(dead), 1)
	again, err := w.DeadJobs(w.ctx, 10)
	w.must(err)
	equal(w, len(again), 0)
	w.clock.Advance(time.Minute) // whoever got it died as well
	again, err = w.DeadJobs(w.ctx, 10)
	w.must(err)
	equal(w, len(again), 1)
	w.must(w.FailTask(w.ctx, w.env, dead[0].ID, v.ID, "Crashed", "", ""))
	w.clock.Advance(time.Hour)
	again, err = w.DeadJobs(w.ctx, 10)
	w.must(err)
	equal(w, len(again), 0)

	w.task(w.alice, "b")
	last := w.claim()
	w.is(tepin.Conflict, w.FinishJob(w.ctx, last.ID, last.Attempt+1))
	w.must(w.FinishJob(w.ctx, last.ID, last.Attempt))
	w.is(tepin.Conflict, w.FinishJob(w.ctx, last.ID, last.Attempt))
}

// A queue of one environment does not keep the others waiting, whichever came first.
func jobsInTurn(w *world) {
	for _, by := range []tepin.EnvironmentID{w.env, w.env, w.env, w.other, w.env, w.other} {
		_, err := w.CreateTask(w.ctx, w.alice, tepin.Task{EnvironmentID: by, Format: tepin.PDF, Name: "n", Source: "document", Request: w.blob(by)})
		w.must(err)
	}
	var served []bool
	for range 6 {
		served = append(served, w.claim().EnvironmentID == w.other)
	}
	first := served[0]
	equal(w, fmt.Sprint(served[:4]), fmt.Sprint([]bool{first, !first, first, !first}))
	equal(w, fmt.Sprint(served[4:]), "[false false]")

	// Whoever asks for the others' jobs alone gets those.
	w.task(w.alice, "one more")
	_, err := w.ClaimJob(w.ctx, []string{"output"}, time.Minute, w.env)
	w.is(tepin.NotFound, err)
	j, err := w.ClaimJob(w.ctx, []string{"output"}, time.Minute, w.other, tepin.NewID[tepin.EnvironmentID]())
	w.must(err)
	equal(w, j.EnvironmentID, w.env)
}

// The queue of an environment has an end, and others do not feel it.
func jobsLimited(w *world) {
	order := func(env tepin.EnvironmentID) error {
		_, err := w.CreateTask(w.ctx, w.alice, tepin.Task{EnvironmentID: env, Format: tepin.PDF, Name: "n", Source: "document", Request: w.blob(env)})
		return err
	}
	for range store.MaxQueued {
		w.must(order(w.env))
	}
	if err := order(w.env); tepin.KindOf(err) != tepin.TooMany {
		w.Errorf("one more than %d: %v", store.MaxQueued, err)
	}
	w.must(order(w.other))
}

func jobsConcurrent(w *world) {
	const n = 24
	for i := range n {
		w.task(w.alice, fmt.Sprint(i))
	}
	var mu sync.Mutex
	seen := map[tepin.JobID]int{}
	var empty atomic.Int64
	together(8, func(int) {
		for {
			j, err := w.ClaimJob(w.ctx, []string{"output"}, time.Minute)
			if tepin.KindOf(err) == tepin.NotFound {
				empty.Add(1)
				return
			}
			if err != nil {
				w.Error(err)
				return
			}
			mu.Lock()
			seen[j.ID]++
			mu.Unlock()
		}
	})
	equal(w, len(seen), n)
	for id, times := range seen {
		if times != 1 {
			w.Errorf("job %s was handed out %d times", id, times)
		}
	}
	w.clock.Advance(time.Hour)
	for range n {
		w.claim()
	}
	w.clock.Advance(time.Hour)
	var reported atomic.Int64
	together(4, func(int) {
		for range n {
			list, err := w.DeadJobs(w.ctx, 3)
			if err != nil {
				w.Error(err)
			}
			reported.Add(int64(len(list)))
		}
	})
	equal(w, reported.Load(), n)
}
