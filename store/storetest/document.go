package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
)

func blobs(w *world) {
	if err := w.ReserveBlob(w.ctx, w.env, string(w.other)+"/x"); err == nil {
		w.Error("a key of another environment was reserved")
	}
	pending := w.blob(w.env)
	live := w.template(w.env, "/", "a")
	dead := w.template(w.env, "/", "b")
	_, err := w.DeleteTemplate(w.ctx, w.alice, w.env, dead.ID, false)
	w.must(err)
	w.purge()
	w.clock.Advance(time.Hour)
	young := w.blob(w.env)

	n, err := w.SweepBlobs(w.ctx, w.clock.Now().Add(-time.Minute), 10, func(context.Context, string) error { return errors.New("the disk is away") })
	if err == nil || n != 0 {
		w.Fatalf("%d blobs were deleted, %v", n, err)
	}
	_, err = w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: w.env, Name: "late", Document: pending})
	w.is(tepin.Conflict, err) // the sweep has it already
	var keys []string
	n, err = w.SweepBlobs(w.ctx, w.clock.Now().Add(-time.Minute), 10, func(_ context.Context, key string) error {
		keys = append(keys, key)
		return nil
	})
	w.must(err)
	equal(w, n, 2)
	for _, key := range keys {
		if key != pending.Key && key != dead.Document.Key {
			w.Errorf("%s was swept; pending %s, dead %s, live %s, young %s", key, pending.Key, dead.Document.Key, live.Document.Key, young.Key)
		}
	}
	n, err = w.SweepBlobs(w.ctx, w.clock.Now().Add(-time.Minute), 10, func(context.Context, string) error { return nil })
	w.must(err)
	equal(w, n, 0)

	// Bytes are claimed once, by their own environment.
	_, err = w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: w.env, Name: "again", Document: live.Document})
	w.is(tepin.Conflict, err)
	_, err = w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: w.other, Name: "stolen", Document: young})
	w.is(tepin.Conflict, err)
	_, err = w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: w.env, Name: "absent", Document: tepin.BlobRef{Key: "x"}})
	w.is(tepin.Conflict, err)
	list, err := w.Templates(w.ctx, w.env, tepin.List{})
	w.must(err)
	equal(w, len(list.Items), 1) // what was refused left nothing
}

// Of a record's writer and the sweep, one gets the bytes, never both.
func blobRace(w *world) {
	const n = 24
	var refs [n]tepin.BlobRef
	for i := range refs {
		refs[i] = w.blob(w.env)
	}
	w.clock.Advance(time.Hour)
	var claimed [n]atomic.Bool
	sweptKeys := map[string]bool{}
	together(2, func(side int) {
		if side == 0 {
			for range n {
				_, err := w.SweepBlobs(w.ctx, w.clock.Now(), 1, func(_ context.Context, key string) error {
					sweptKeys[key] = true
					return nil
				})
				if err != nil {
					w.Error(err)
				}
			}
			return
		}
		for i := n - 1; i >= 0; i-- {
			_, err := w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: w.env, Name: "t", Document: refs[i]})
			claimed[i].Store(err == nil)
		}
	})
	for i, ref := range refs {
		if claimed[i].Load() == sweptKeys[ref.Key] {
			w.Errorf("blob %d: claimed %v, swept %v", i, claimed[i].Load(), sweptKeys[ref.Key])
		}
	}
}

func templates(w *world) {
	v := w.template(w.env, "a//b/", "Poster")
	equal(w, v.Folder, "/a/b")
	got, err := w.Template(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, got, v)

	w.clock.Advance(time.Minute)
	fresh := w.blob(w.env)
	u, err := w.UpdateTemplate(w.ctx, w.alice, w.env, v.ID, tepin.TemplateUpdate{Document: &fresh, IfVersion: ptr(int64(1))})
	w.must(err)
	equal(w, u.Version, 2)
	equal(w, u.ContentAt, w.clock.Now())
	w.clock.Advance(time.Minute)
	u, err = w.UpdateTemplate(w.ctx, w.alice, w.env, v.ID, tepin.TemplateUpdate{Name: ptr("Flyer"), Folder: ptr("/")})
	w.must(err)
	equal(w, u.ContentAt, w.clock.Now().Add(-time.Minute))
	equal(w, u.Folder, "/")
	_, err = w.UpdateTemplate(w.ctx, w.alice, w.env, v.ID, tepin.TemplateUpdate{Name: ptr("x"), IfVersion: ptr(int64(2))})
	w.is(tepin.Stale, err)
	got, err = w.Template(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, got, u)
	equal(w, fmt.Sprint(w.swept()), fmt.Sprint(map[string]bool{v.Document.Key: true})) // the replaced bytes alone

	for search, n := range map[string]int{"poster": 0, "fly": 1} {
		page, err := w.Templates(w.ctx, w.env, tepin.List{Search: search})
		w.must(err)
		equal(w, len(page.Items), n)
	}
	gone, err := w.DeleteTemplate(w.ctx, w.alice, w.env, v.ID, false)
	w.must(err)
	equal(w, gone, u)
	_, err = w.DeleteTemplate(w.ctx, w.alice, w.env, v.ID, false)
	w.is(tepin.NotFound, err)
	_, err = w.UpdateTemplate(w.ctx, w.alice, w.env, v.ID, tepin.TemplateUpdate{})
	w.is(tepin.NotFound, err)
	page, err := w.Templates(w.ctx, w.env, tepin.List{Search: "fly"})
	w.must(err)
	equal(w, len(page.Items), 0)
}

// Two saves at once both succeed, the last whole one wins; with IfVersion one of
// them is stale.
func savesAtOnce(w *world) {
	const savers = 8
	v := w.template(w.env, "/", "a")
	var refs [savers]tepin.BlobRef
	for i := range refs {
		refs[i] = w.blob(w.env)
	}
	together(savers, func(i int) {
		if _, err := w.UpdateTemplate(w.ctx, w.alice, w.env, v.ID, tepin.TemplateUpdate{Document: &refs[i]}); err != nil {
			w.Error(err)
		}
	})
	got, err := w.Template(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, got.Version, 1+savers)
	equal(w, len(w.swept()), savers) // all bytes but the last ones'

	var won atomic.Int64
	for i := range refs {
		refs[i] = w.blob(w.env)
	}
	together(savers, func(i int) {
		_, err := w.UpdateTemplate(w.ctx, w.alice, w.env, v.ID, tepin.TemplateUpdate{Document: &refs[i], IfVersion: &got.Version})
		switch {
		case err == nil:
			won.Add(1)
		case tepin.KindOf(err) != tepin.Stale:
			w.Error(err)
		}
	})
	equal(w, won.Load(), 1)
}

func projects(w *world) {
	t := w.template(w.env, "/", "Poster")
	foreign := w.template(w.other, "/", "Foreign")
	_, err := w.CreateProject(w.ctx, w.alice, tepin.Project{EnvironmentID: w.env, Name: "p", TemplateID: foreign.ID, Document: w.blob(w.env)})
	w.is(tepin.NotFound, err)
	make := func(by tepin.Actor, name string) tepin.Project {
		p, err := w.CreateProject(w.ctx, by, tepin.Project{EnvironmentID: w.env, Name: name, TemplateID: t.ID, Document: w.blob(w.env)})
		w.must(err)
		return p
	}
	a, b := make(w.alice, "Alice's"), make(w.bob, "Bob's")

	// Rows of another owner are as if they were not there.
	_, err = w.Project(w.ctx, w.env, w.alice, b.ID)
	w.is(tepin.NotFound, err)
	_, err = w.UpdateProject(w.ctx, w.alice, w.env, b.ID, tepin.ProjectUpdate{Name: ptr("mine")})
	w.is(tepin.NotFound, err)
	_, err = w.DeleteProject(w.ctx, w.alice, w.env, b.ID)
	w.is(tepin.NotFound, err)
	sameID := w.alice
	sameID.Kind = tepin.ActorUser
	_, err = w.Project(w.ctx, w.env, sameID, a.ID)
	w.is(tepin.NotFound, err)
	for _, c := range []struct {
		by     tepin.Actor
		search string
		n      int
	}{{w.alice, "", 1}, {w.alice, "bob", 0}, {w.bob, "bob", 1}, {w.alice, string(b.ID), 0}, {w.admin, "", 2}, {tepin.System, "", 2}, {sameID, "", 0}} {
		page, err := w.Projects(w.ctx, w.env, c.by, tepin.List{Search: c.search})
		w.must(err)
		if len(page.Items) != c.n {
			w.Errorf("%s sees %d projects for %q, want %d", c.by.ID, len(page.Items), c.search, c.n)
		}
	}

	doc := w.blob(w.env)
	u, err := w.UpdateProject(w.ctx, w.alice, w.env, a.ID, tepin.ProjectUpdate{Name: ptr("new"), Document: &doc, IfVersion: &a.Version})
	w.must(err)
	_, err = w.UpdateProject(w.ctx, w.alice, w.env, a.ID, tepin.ProjectUpdate{IfVersion: &a.Version})
	w.is(tepin.Stale, err)
	got, err := w.Project(w.ctx, w.env, w.admin, a.ID)
	w.must(err)
	equal(w, got.Access, tepin.ProjectAdministrator)
	got.Access = u.Access
	equal(w, got, u)
	gone, err := w.DeleteProject(w.ctx, w.alice, w.env, a.ID)
	w.must(err)
	equal(w, gone, u)
	_, err = w.Project(w.ctx, w.env, w.alice, a.ID)
	w.is(tepin.NotFound, err)
	w.purge()
	equal(w, len(w.swept()), 3) // two documents, and the one that found no project
}

func media(w *world) {
	m, err := w.CreateMedia(w.ctx, w.alice, tepin.Media{EnvironmentID: w.env, Name: "Photo", Extension: "jpg", Folder: "/Upload", ContentType: "image/jpeg", Width: 640, Height: 480, Pages: 1,
		Facts: map[string]string{"colorSpace": "CMYK"}, Own: map[string]string{"photographer": "Ada \u00c5"}, Blob: w.blob(w.env)})
	w.must(err)
	got, err := w.MediaItem(w.ctx, w.env, m.ID)
	w.must(err)
	equal(w, got, m)
	page, err := w.MediaList(w.ctx, w.env, tepin.List{Folder: "/upload"})
	w.must(err)
	equal(w, len(page.Items), 1)
	byName, err := w.MediaByName(w.ctx, w.env, "PHOTO")
	w.must(err)
	equal(w, byName, m)
	_, err = w.MediaByName(w.ctx, w.other, "Photo")
	w.is(tepin.NotFound, err)
	gone, err := w.DeleteMedia(w.ctx, w.alice, w.env, m.ID, nil)
	w.must(err)
	equal(w, gone, m)
	_, err = w.MediaItem(w.ctx, w.env, m.ID)
	w.is(tepin.NotFound, err)
	_, err = w.DeleteMedia(w.ctx, w.alice, w.env, m.ID, nil)
	w.is(tepin.NotFound, err)
	equal(w, w.swept()[m.Blob.Key], false)
	w.purge()
	equal(w, w.swept()[m.Blob.Key], true)
}

// upload is a font file that is not yet confirmed.
func (w *world) upload(family, style string) tepin.FontUpload {
	return tepin.FontUpload{FamilyName: family, Name: style, Weight: 400, Extension: "ttf", FileName: family + ".ttf", Blob: w.blob(w.env)}
}

func fonts(w *world) {
	w.must(w.CreateFontBatch(w.ctx, w.alice, w.env, "batch", []tepin.FontUpload{w.upload("Noto Sans", "Regular"), w.upload("NOTO SANS", "Bold"), w.upload("Serif", "Regular")}))
	list, err := w.FontBatch(w.ctx, w.env, "batch")
	w.must(err)
	equal(w, len(list), 3)
	equal(w, len(list[0].Problems), 0)
	_, err = w.FontBatch(w.ctx, w.other, "batch")
	w.is(tepin.NotFound, err)
	_, err = w.ConfirmFontBatch(w.ctx, w.alice, w.other, "batch")
	w.is(tepin.NotFound, err)
	w.is(tepin.NotFound, w.UpdateFontUpload(w.ctx, w.alice, w.other, "batch", list[0].ID, "x", "y"))

	made, err := w.ConfirmFontBatch(w.ctx, w.alice, w.env, "batch")
	w.must(err)
	equal(w, len(made), 3)
	_, err = w.ConfirmFontBatch(w.ctx, w.alice, w.env, "batch")
	w.is(tepin.NotFound, err)
	families, err := w.FontFamilies(w.ctx, w.env, tepin.List{})
	w.must(err)
	equal(w, len(families.Items), 2)
	noto := families.Items[0]
	equal(w, noto.Name, "Noto Sans")
	equal(w, noto.StyleCount, 2)
	equal(w, fmt.Sprint(noto.Extensions), "[ttf]")
	one, err := w.FontFamily(w.ctx, w.env, noto.ID)
	w.must(err)
	equal(w, one.StyleCount, 2)
	found, err := w.FontFamilies(w.ctx, w.env, tepin.List{Search: "ser"})
	w.must(err)
	equal(w, len(found.Items), 1)

	styles, err := w.FontStyles(w.ctx, w.env, noto.ID, tepin.List{})
	w.must(err)
	equal(w, len(styles.Items), 2)
	equal(w, styles.Items[0].Name, "Bold") // of the same weight
	equal(w, styles.Items[0].FamilyName, "Noto Sans")
	_, err = w.FontStyles(w.ctx, w.other, noto.ID, tepin.List{})
	w.is(tepin.NotFound, err)
	everything, err := w.AllFontStyles(w.ctx, w.env)
	w.must(err)
	equal(w, len(everything), 3)
	style, err := w.FontStyle(w.ctx, w.env, made[0].ID)
	w.must(err)
	equal(w, style, made[0])

	equal(w, len(w.swept()), 0)
	w.is(tepin.NotFound, w.DeleteFontStyles(w.ctx, w.alice, w.env, []tepin.FontStyleID{made[0].ID, "absent"}))
	w.must(w.DeleteFontStyles(w.ctx, w.alice, w.env, []tepin.FontStyleID{made[0].ID, made[1].ID}))
	_, err = w.FontFamily(w.ctx, w.env, noto.ID)
	w.is(tepin.NotFound, err) // no style is left
	_, err = w.FontStyle(w.ctx, w.env, made[0].ID)
	w.is(tepin.NotFound, err)
	equal(w, len(w.swept()), 0) // they can be restored
	w.purge()
	equal(w, len(w.swept()), 2)
	_, err = w.RestoreFontStyle(w.ctx, w.alice, w.env, made[0].ID)
	w.is(tepin.NotFound, err)
	_, err = w.RestoreFontFamily(w.ctx, w.alice, w.env, noto.ID)
	w.is(tepin.NotFound, err)
	w.must(w.DeleteFontStyles(w.ctx, w.alice, w.env, nil))
}

func fontProblems(w *world) {
	w.must(w.CreateFontBatch(w.ctx, w.alice, w.env, "first", []tepin.FontUpload{w.upload("Sans", "Regular")}))
	_, err := w.ConfirmFontBatch(w.ctx, w.alice, w.env, "first")
	w.must(err)
	bad := w.upload("Mono", "Regular")
	bad.Problems = []string{"a variable font"}
	w.must(w.CreateFontBatch(w.ctx, w.alice, w.env, "second", []tepin.FontUpload{w.upload("sans", "regular"), w.upload("New", "A"), w.upload("new", "a")}))
	list, err := w.FontBatch(w.ctx, w.env, "second")
	w.must(err)
	for i, n := range []int{1, 0, 1} { // exists already; fine; twice in the batch
		equal(w, len(list[i].Problems), n)
	}
	_, err = w.ConfirmFontBatch(w.ctx, w.alice, w.env, "second")
	w.is(tepin.Conflict, err)
	w.must(w.UpdateFontUpload(w.ctx, w.alice, w.env, "second", list[0].ID, "Sans", "Italic"))
	w.must(w.UpdateFontUpload(w.ctx, w.alice, w.env, "second", list[2].ID, "New", "B"))
	made, err := w.ConfirmFontBatch(w.ctx, w.alice, w.env, "second")
	w.must(err)
	equal(w, len(made), 3)

	w.must(w.CreateFontBatch(w.ctx, w.alice, w.env, "third", []tepin.FontUpload{bad}))
	_, err = w.ConfirmFontBatch(w.ctx, w.alice, w.env, "third")
	w.is(tepin.Conflict, err)
}

func fontExpiry(w *world) {
	w.must(w.CreateFontBatch(w.ctx, w.alice, w.env, "batch", []tepin.FontUpload{w.upload("Sans", "Regular")}))
	n, err := w.ExpireFontBatches(w.ctx, w.clock.Now())
	w.must(err)
	equal(w, n, 0)
	n, err = w.ExpireFontBatches(w.ctx, w.clock.Now().Add(time.Second))
	w.must(err)
	equal(w, n, 1)
	_, err = w.FontBatch(w.ctx, w.env, "batch")
	w.is(tepin.NotFound, err)
	equal(w, len(w.swept()), 1)
}
