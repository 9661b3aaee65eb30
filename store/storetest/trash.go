package storetest

import (
	"time"

	"github.com/tepin/tepin"
)

// purge lets the time pass in which what was deleted can be restored.
func (w *world) purge() {
	w.clock.Advance(tepin.RestoreTime + time.Hour)
	_, err := w.PurgeDeleted(w.ctx, w.clock.Now().Add(-tepin.RestoreTime), 100)
	w.must(err)
}

// What was deleted comes back whole, for a while, to whom it belonged.
func trash(w *world) {
	tpl := w.template(w.env, "/a", "Summer poster")
	_, err := w.RestoreTemplate(w.ctx, w.alice, w.env, tpl.ID)
	w.is(tepin.NotFound, err) // it is not deleted
	_, err = w.DeleteTemplate(w.ctx, w.alice, w.env, tpl.ID, false)
	w.must(err)
	_, err = w.RestoreTemplate(w.ctx, w.alice, w.other, tpl.ID)
	w.is(tepin.NotFound, err)
	list, err := w.Deleted(w.ctx, w.alice, w.env)
	w.must(err)
	equal(w, list, []tepin.Deleted{{Kind: "template", ID: string(tpl.ID), Name: tpl.Name, DeletedAt: list[0].DeletedAt}})
	list, err = w.Deleted(w.ctx, w.alice, w.other)
	w.must(err)
	equal(w, len(list), 0)
	w.clock.Advance(tepin.RestoreTime - time.Minute)
	n, err := w.PurgeDeleted(w.ctx, w.clock.Now().Add(-tepin.RestoreTime), 100)
	w.must(err)
	equal(w, n, 0)
	back, err := w.RestoreTemplate(w.ctx, w.alice, w.env, tpl.ID)
	w.must(err)
	equal(w, back.Version, tpl.Version+1)
	back.Version, back.UpdatedAt = tpl.Version, tpl.UpdatedAt
	equal(w, back, tpl)
	found, err := w.Templates(w.ctx, w.env, tepin.List{Search: "poster"})
	w.must(err)
	equal(w, len(found.Items), 1)
	equal(w, len(w.swept()), 0)

	project, err := w.CreateProject(w.ctx, w.alice, tepin.Project{EnvironmentID: w.env, Name: "p", TemplateID: tpl.ID, Document: w.blob(w.env)})
	w.must(err)
	_, err = w.DeleteProject(w.ctx, w.alice, w.env, project.ID)
	w.must(err)
	_, err = w.RestoreProject(w.ctx, w.bob, w.env, project.ID)
	w.is(tepin.NotFound, err)
	list, err = w.Deleted(w.ctx, w.bob, w.env)
	w.must(err)
	equal(w, len(list), 0) // it is not bob's
	w.clock.Advance(tepin.RestoreTime + time.Second)
	_, err = w.RestoreProject(w.ctx, w.alice, w.env, project.ID)
	w.is(tepin.Gone, err) // the sweep has not been there yet
	w.purge()
	_, err = w.RestoreProject(w.ctx, w.alice, w.env, project.ID)
	w.is(tepin.NotFound, err)
	equal(w, w.swept()[project.Document.Key], true)
}
