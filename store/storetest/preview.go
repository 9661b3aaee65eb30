package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// preview is one of a media file, made and not stored yet.
func (w *world) preview(m tepin.Media, key string) tepin.Preview {
	return tepin.Preview{EnvironmentID: m.EnvironmentID, Kind: tepin.PreviewOfMedia, SubjectID: string(m.ID), Slot: "medium", Key: key,
		State: tepin.TaskFinished, Blob: w.blob(m.EnvironmentID), ContentType: "image/png"}
}

func previews(w *world) {
	m := w.picture("a")
	lines := len(w.entries(string(w.env)))
	made, err := w.KeepPreview(w.ctx, w.preview(m, "k"))
	w.must(err)
	got, err := w.PreviewByKey(w.ctx, w.env, "k")
	w.must(err)
	equal(w, got, made)
	_, err = w.PreviewByKey(w.ctx, w.other, "k")
	w.is(tepin.NotFound, err)
	_, err = w.Preview(w.ctx, w.other, made.ID)
	w.is(tepin.NotFound, err)
	_, err = w.KeepPreview(w.ctx, w.preview(m, "k"))
	w.is(tepin.Conflict, err)

	// The same key in another environment is another preview.
	abroad := w.preview(m, "k")
	abroad.EnvironmentID, abroad.Blob = w.other, w.blob(w.other)
	_, err = w.KeepPreview(w.ctx, abroad)
	w.must(err)

	// A failure gives way to whatever comes after it.
	failed := w.preview(m, "f")
	failed.State, failed.Blob, failed.ErrorDetail = tepin.TaskFailed, tepin.BlobRef{}, "broken"
	first, err := w.KeepPreview(w.ctx, failed)
	w.must(err)
	_, err = w.KeepPreview(w.ctx, w.preview(m, "f"))
	w.must(err)
	_, err = w.Preview(w.ctx, w.env, first.ID)
	w.is(tepin.NotFound, err)
	equal(w, len(w.entries(string(w.env))), lines) // a cache is not content
}

// wanted is a preview of a template, to be drawn.
func (w *world) wanted(tpl tepin.Template, key string) tepin.Preview {
	return tepin.Preview{EnvironmentID: w.env, Kind: tepin.PreviewOfTemplate, SubjectID: string(tpl.ID), Slot: "medium", Key: key, Request: "{}"}
}

func previewJobs(w *world) {
	tpl := w.template(w.env, "/", "t")
	p, err := w.RequestPreview(w.ctx, w.wanted(tpl, "k"), "")
	w.must(err)
	again, err := w.RequestPreview(w.ctx, w.wanted(tpl, "k"), "")
	w.must(err)
	equal(w, again, p)
	equal(w, p.State, tepin.TaskPending)
	job, err := w.ClaimJob(w.ctx, []string{"preview"}, time.Minute)
	w.must(err)
	equal(w, job.Payload, string(p.ID))
	p.Blob, p.ContentType, p.Uses = w.blob(w.env), "image/png", "[]"
	w.is(tepin.NotFound, w.FinishPreview(w.ctx, w.other, job.ID, p))
	w.must(w.FinishPreview(w.ctx, w.env, job.ID, p))
	w.is(tepin.Conflict, w.FinishPreview(w.ctx, w.env, job.ID, p))
	w.is(tepin.Conflict, w.FailPreview(w.ctx, w.env, job.ID, p))
	done, err := w.Preview(w.ctx, w.env, p.ID)
	w.must(err)
	equal(w, done.State, tepin.TaskFinished)
	equal(w, done.Blob, p.Blob)

	// One that is no longer good is replaced, whatever asks at once.
	stale := done.ID
	var ids sync.Map
	together(8, func(int) {
		v, err := w.RequestPreview(w.ctx, w.wanted(tpl, "k"), stale)
		if err != nil {
			w.Error(err)
		}
		ids.Store(v.ID, true)
	})
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	equal(w, n, 1)
	equal(w, w.swept()[p.Blob.Key], true)
	job, err = w.ClaimJob(w.ctx, []string{"preview"}, time.Minute)
	w.must(err)
	newer := tepin.Preview{ID: tepin.PreviewID(job.Payload), ErrorType: "E", ErrorDetail: "d", Report: "[]"}
	w.must(w.FailPreview(w.ctx, w.env, job.ID, newer))
	failed, err := w.Preview(w.ctx, w.env, newer.ID)
	w.must(err)
	equal(w, failed.ErrorType+failed.ErrorDetail+failed.Report, "Ed[]")
	_, err = w.ClaimJob(w.ctx, []string{"preview"}, time.Minute)
	w.is(tepin.NotFound, err)

	// The queue is bounded, and beside that of outputs.
	for i := range store.MaxQueuedPreviews {
		_, err := w.RequestPreview(w.ctx, w.wanted(tpl, fmt.Sprint("q", i)), "")
		w.must(err)
	}
	_, err = w.RequestPreview(w.ctx, w.wanted(tpl, "one too many"), "")
	w.is(tepin.TooMany, err)
	w.task(w.alice, "an output")
}

func previewSweeps(w *world) {
	past := func(d time.Duration) store.PreviewLife {
		now := w.clock.Now()
		return store.PreviewLife{Unused: now.Add(-30 * 24 * time.Hour), Failed: now.Add(-d), Superseded: now.Add(-d), Most: 1 << 30}
	}
	gone := func(l store.PreviewLife) int {
		n, err := w.SweepPreviews(w.ctx, l)
		w.must(err)
		return n
	}
	m, kept := w.picture("a"), w.picture("b")
	used, err := w.KeepPreview(w.ctx, w.preview(m, "used"))
	w.must(err)
	unused, err := w.KeepPreview(w.ctx, w.preview(kept, "unused"))
	w.must(err)
	equal(w, gone(past(time.Hour)), 0)
	w.clock.Advance(29 * 24 * time.Hour)
	w.must(w.TouchPreviews(w.ctx, []tepin.PreviewID{used.ID, tepin.NewID[tepin.PreviewID]()}))
	w.clock.Advance(2 * 24 * time.Hour)
	equal(w, gone(past(time.Hour)), 1)
	_, err = w.Preview(w.ctx, w.env, unused.ID)
	w.is(tepin.NotFound, err)
	equal(w, w.swept()[unused.Blob.Key], true)

	// What it was of is gone for good.
	_, err = w.DeleteMedia(w.ctx, w.alice, w.env, m.ID, nil)
	w.must(err)
	equal(w, gone(past(time.Hour)), 0)
	w.purge()
	equal(w, gone(past(time.Hour)), 1)

	// A newer one took its place.
	tpl := w.template(w.env, "/", "t")
	for _, key := range []string{"old", "new"} {
		p, err := w.RequestPreview(w.ctx, w.wanted(tpl, key), "")
		w.must(err)
		job, err := w.ClaimJob(w.ctx, []string{"preview"}, time.Minute)
		w.must(err)
		p.Blob = w.blob(w.env)
		w.must(w.FinishPreview(w.ctx, w.env, job.ID, p))
		w.clock.Advance(time.Minute)
	}
	equal(w, gone(past(time.Hour)), 0)
	w.clock.Advance(time.Hour)
	equal(w, gone(past(time.Hour)), 1)
	_, err = w.PreviewByKey(w.ctx, w.env, "new")
	w.must(err)

	// Beyond the cap, those used least lately go.
	for i := range 4 {
		p := w.preview(kept, fmt.Sprint(i))
		p.Blob.Size = 100
		_, err := w.KeepPreview(w.ctx, p)
		w.must(err)
		w.clock.Advance(time.Minute)
	}
	l := past(time.Hour)
	l.Most = 250
	equal(w, gone(l), 3) // "new", of 3 bytes, is the oldest
	for i, there := range []bool{false, false, true, true} {
		_, err := w.PreviewByKey(w.ctx, w.env, fmt.Sprint(i))
		if there != (err == nil) {
			w.Errorf("%d: %v", i, err)
		}
	}
}
