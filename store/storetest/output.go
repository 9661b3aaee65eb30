package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

func outputSettings(w *world) {
	list, err := w.OutputSettings(w.ctx, w.env)
	w.must(err)
	equal(w, len(list), len(tepin.Formats))
	for _, f := range tepin.Formats {
		o, err := w.DefaultOutputSettings(w.ctx, w.env, f)
		w.must(err)
		equal(w, o.Format, f)
		equal(w, o.Default, true)
		equal(w, o.Scaling, 1.0)
		byID, err := w.OutputSettingsByID(w.ctx, w.env, o.ID)
		w.must(err)
		equal(w, byID, o)
		_, err = w.OutputSettingsByID(w.ctx, w.other, o.ID)
		w.is(tepin.NotFound, err)
	}
	_, err = w.DefaultOutputSettings(w.ctx, w.env, "bmp")
	w.is(tepin.NotFound, err)
}

// outputSettingsLife makes, replaces and deletes settings: of each format one is the
// default throughout.
func outputSettingsLife(w *world) {
	first, err := w.DefaultOutputSettings(w.ctx, w.env, tepin.PDF)
	w.must(err)
	want := tepin.NewOutputSettings(tepin.PDF)
	want.EnvironmentID, want.Name, want.Description, want.Default, want.Watermark, want.WatermarkText, want.Bleed = w.env, "Print", "for the press", true, true, "Proof", true
	want.OutputOptions = tepin.OutputOptions{MaxFileSize: 9, Continue: true, DataSource: true, OutlineText: true, CropMarks: &tepin.CropMarks{Offset: 9, Weight: 0.25}, PDFVersion: "1.6"}
	made, err := w.CreateOutputSettings(w.ctx, w.admin, want)
	w.must(err)
	got, err := w.OutputSettingsByID(w.ctx, w.env, made.ID)
	w.must(err)
	want.ID, want.Version, want.CreatedAt = made.ID, 1, made.CreatedAt
	equal(w, got, want)
	equal(w, got, made)
	was, err := w.OutputSettingsByID(w.ctx, w.env, first.ID)
	w.must(err)
	equal(w, was.Default, false)
	equal(w, was.Version, first.Version+1)

	change := tepin.OutputSettingsUpdate{OutputSettings: tepin.NewOutputSettings(tepin.PNG), IfVersion: &made.Version}
	change.Name, change.Default = "Proofs", true
	changed, err := w.UpdateOutputSettings(w.ctx, w.admin, w.env, made.ID, change)
	w.must(err)
	equal(w, changed.Format, tepin.PDF) // stays
	equal(w, changed.Version, 2)
	equal(w, changed.CropMarks == nil, true)
	_, err = w.UpdateOutputSettings(w.ctx, w.admin, w.env, made.ID, change)
	w.is(tepin.Stale, err)
	change.IfVersion, change.Default = nil, false
	_, err = w.UpdateOutputSettings(w.ctx, w.admin, w.env, made.ID, change)
	w.is(tepin.Conflict, err) // nothing would be the default
	_, err = w.UpdateOutputSettings(w.ctx, w.admin, w.other, made.ID, change)
	w.is(tepin.NotFound, err)

	w.is(tepin.Conflict, w.DeleteOutputSettings(w.ctx, w.admin, w.env, []tepin.OutputSettingsID{first.ID, made.ID}, nil))
	_, err = w.OutputSettingsByID(w.ctx, w.env, first.ID)
	w.must(err) // all or none
	w.is(tepin.NotFound, w.DeleteOutputSettings(w.ctx, w.admin, w.other, []tepin.OutputSettingsID{first.ID}, nil))
	w.is(tepin.Stale, w.DeleteOutputSettings(w.ctx, w.admin, w.env, []tepin.OutputSettingsID{first.ID}, &first.Version))
	w.must(w.DeleteOutputSettings(w.ctx, w.admin, w.env, []tepin.OutputSettingsID{first.ID, first.ID}, nil))
	_, err = w.OutputSettingsByID(w.ctx, w.env, first.ID)
	w.is(tepin.NotFound, err)
}

// outputSettingsAtOnce has several want to be the default, and beyond the limit.
func outputSettingsAtOnce(w *world) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			o := tepin.NewOutputSettings(tepin.GIF)
			o.EnvironmentID, o.Name, o.Default = w.env, fmt.Sprint(i), true
			if _, err := w.CreateOutputSettings(w.ctx, w.admin, o); err != nil {
				w.Error(err)
			}
		})
	}
	wg.Wait()
	list, err := w.OutputSettings(w.ctx, w.env)
	w.must(err)
	defaults := 0
	for _, o := range list {
		if o.Format == tepin.GIF && o.Default {
			defaults++
		}
	}
	equal(w, defaults, 1)
	var refused atomic.Int64
	for range store.MaxOutputSettings - len(list) + 2 {
		o := tepin.NewOutputSettings(tepin.PNG)
		o.EnvironmentID, o.Name = w.env, "many"
		if _, err := w.CreateOutputSettings(w.ctx, w.admin, o); err != nil {
			w.is(tepin.Conflict, err)
			refused.Add(1)
		}
	}
	equal(w, refused.Load(), 2)
}

// deletedTasks are gone with their bytes and jobs, whoever is at work on them.
func deletedTasks(w *world) {
	a, b := w.task(w.alice, "a"), w.task(w.alice, "b")
	w.is(tepin.NotFound, w.DeleteTask(w.ctx, w.bob, w.env, a.ID))
	w.is(tepin.NotFound, w.DeleteTask(w.ctx, w.alice, w.other, a.ID))
	job := w.claim()
	equal(w, job.Payload, string(a.ID))
	w.must(w.StartTask(w.ctx, w.env, a.ID))
	w.must(w.DeleteTask(w.ctx, w.alice, w.env, a.ID))
	w.is(tepin.NotFound, w.DeleteTask(w.ctx, w.alice, w.env, a.ID))
	done := a
	done.Result, done.Renders, done.Successful = w.blob(w.env), 1, 1
	w.is(tepin.NotFound, w.FinishTask(w.ctx, w.env, job.ID, done)) // who works on it is too late
	w.is(tepin.Conflict, w.ExtendJob(w.ctx, job.ID, job.Attempt, 0))

	job = w.claim()
	b.Result, b.Renders, b.Successful = w.blob(w.env), 1, 1
	w.must(w.FinishTask(w.ctx, w.env, job.ID, b))
	designer := tepin.Actor{Kind: tepin.ActorUser, ID: "d", EnvironmentID: w.env, Roles: tepin.Designers}
	got, err := w.Task(w.ctx, w.env, designer, b.ID)
	w.must(err)
	equal(w, got.Successful, 1)
	user := designer
	user.Roles = tepin.NewRoles(tepin.EndUser)
	_, err = w.Task(w.ctx, w.env, user, b.ID)
	w.is(tepin.NotFound, err)
	w.is(tepin.NotFound, w.DeleteTask(w.ctx, user, w.env, b.ID))
	w.must(w.DeleteTask(w.ctx, designer, w.env, b.ID))
}

// filteredTasks are those that a list asks for.
func filteredTasks(w *world) {
	w.task(w.alice, "waits")
	w.task(w.bob, "ends")
	first := w.claim()
	w.must(w.FailTask(w.ctx, w.env, first.ID, tepin.TaskID(first.Payload), "t", "d", ""))
	for _, c := range []struct {
		by   tepin.Actor
		f    tepin.TaskFilter
		want int
	}{
		{w.admin, tepin.TaskFilter{}, 2},
		{w.admin, tepin.TaskFilter{State: tepin.TaskFailed}, 1},
		{w.admin, tepin.TaskFilter{State: tepin.TaskPending, Format: tepin.PDF, Source: "template"}, 1},
		{w.admin, tepin.TaskFilter{Format: tepin.PNG}, 0},
		{w.admin, tepin.TaskFilter{Source: "project"}, 0},
		{w.admin, tepin.TaskFilter{Owner: w.bob.ID}, 1},
		{w.alice, tepin.TaskFilter{Owner: w.bob.ID}, 0},
		{w.alice, tepin.TaskFilter{Owner: w.alice.ID}, 1},
	} {
		page, err := w.Tasks(w.ctx, w.env, c.by, tepin.List{Tasks: c.f})
		w.must(err)
		equal(w, len(page.Items), c.want)
	}
}
