package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

func (w *world) collection(env tepin.EnvironmentID, name string) tepin.Collection {
	w.Helper()
	v, err := w.CreateCollection(w.ctx, w.alice, tepin.Collection{EnvironmentID: env, Name: name, Description: "d"})
	w.must(err)
	return v
}

// entryNames reads a collection page by page.
func (w *world) entryNames(id tepin.CollectionID, limit int) string {
	w.Helper()
	var names []string
	for p := (tepin.List{Limit: limit}); ; {
		page, err := w.CollectionEntries(w.ctx, w.env, id, p)
		w.must(err)
		for _, e := range page.Items {
			names = append(names, e.Name)
		}
		if p.After = page.Next; page.Next == nil {
			return strings.Join(names, " ")
		}
	}
}

func collections(w *world) {
	v := w.collection(w.env, "Sommer")
	got, err := w.Collection(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, got, v)
	_, err = w.CreateCollection(w.ctx, w.alice, tepin.Collection{EnvironmentID: w.env, Name: "SOMMER"})
	w.is(tepin.Invalid, err)
	w.collection(w.other, "Sommer")
	_, err = w.CreateCollection(w.ctx, w.alice, tepin.Collection{EnvironmentID: w.env, Name: "x", UserInterfaceID: "absent"})
	w.is(tepin.NotFound, err)

	ui, err := w.CreateDefinition(w.ctx, w.admin, tepin.Definition{EnvironmentID: w.env, Kind: tepin.UserInterface, Name: "Shop", Content: []byte(`{}`)})
	w.must(err)
	w.clock.Advance(time.Minute)
	cover, second := w.blob(w.env), w.blob(w.env)
	v, err = w.UpdateCollection(w.ctx, w.alice, w.env, v.ID, tepin.CollectionUpdate{Name: ptr("Herbst"), UserInterfaceID: &ui.ID, Cover: &cover, CoverType: "image/png", IfVersion: ptr(int64(1))})
	w.must(err)
	got, err = w.Collection(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, got, v)
	equal(w, words(v.Name, v.Description, v.UserInterfaceID == ui.ID, v.Cover == cover, v.CoverType, v.Version), "Herbst d true true image/png 2")
	_, err = w.UpdateCollection(w.ctx, w.alice, w.env, v.ID, tepin.CollectionUpdate{IfVersion: ptr(int64(1))})
	w.is(tepin.Stale, err)
	other := w.collection(w.env, "Winter")
	_, err = w.UpdateCollection(w.ctx, w.alice, w.env, other.ID, tepin.CollectionUpdate{Name: ptr("herbst")})
	w.is(tepin.Invalid, err)
	_, err = w.UpdateCollection(w.ctx, w.alice, w.env, v.ID, tepin.CollectionUpdate{Cover: &second, CoverType: "image/jpeg"})
	w.must(err)
	equal(w, len(w.swept()), 1) // the first cover
	v, err = w.UpdateCollection(w.ctx, w.alice, w.env, v.ID, tepin.CollectionUpdate{Cover: &tepin.BlobRef{}})
	w.must(err)
	equal(w, words(v.Cover.Key, w.swept()[second.Key]), " true")
	w.must(w.DeleteDefinition(w.ctx, w.admin, w.env, tepin.UserInterface, ui.ID, nil))
	v, err = w.Collection(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, v.UserInterfaceID, "") // it falls back to the default

	found, err := w.Collections(w.ctx, w.env, tepin.List{Search: "herb"})
	w.must(err)
	equal(w, len(found.Items), 1)
	_, err = w.DeleteCollection(w.ctx, w.alice, w.env, v.ID, ptr(int64(1)))
	w.is(tepin.Stale, err)
	_, err = w.DeleteCollection(w.ctx, w.alice, w.env, v.ID, nil)
	w.must(err)
	_, err = w.Collection(w.ctx, w.env, v.ID)
	w.is(tepin.NotFound, err)
	taken := w.collection(w.env, "Herbst")
	_, err = w.RestoreCollection(w.ctx, w.alice, w.env, v.ID)
	w.is(tepin.Conflict, err)
	_, err = w.DeleteCollection(w.ctx, w.alice, w.env, taken.ID, nil)
	w.must(err)
	back, err := w.RestoreCollection(w.ctx, w.alice, w.env, v.ID)
	w.must(err)
	equal(w, back.Name, "Herbst")
	w.purge()
	_, err = w.RestoreCollection(w.ctx, w.alice, w.env, taken.ID)
	w.is(tepin.NotFound, err)
}

func collectionEntries(w *world) {
	c := w.collection(w.env, "c")
	foreign := w.template(w.other, "/", "foreign")
	var made []tepin.Template
	for _, name := range []string{"z", "a", "m"} {
		t := w.template(w.env, "/", name)
		made = append(made, t)
		e, err := w.AddEntry(w.ctx, w.alice, w.env, c.ID, t.ID, "", nil)
		w.must(err)
		equal(w, e, tepin.CollectionEntry{TemplateID: t.ID, Name: name, AddedAt: w.clock.Now()})
	}
	for limit := 1; limit < 5; limit++ {
		equal(w, w.entryNames(c.ID, limit), "z a m") // as they were added
	}
	v, err := w.Collection(w.ctx, w.env, c.ID)
	w.must(err)
	equal(w, v.Version, 4)
	for want, err := range map[tepin.Kind]error{
		tepin.Conflict: second(w.AddEntry(w.ctx, w.alice, w.env, c.ID, made[0].ID, "again", nil)),
		tepin.NotFound: second(w.AddEntry(w.ctx, w.alice, w.env, c.ID, foreign.ID, "", nil)),
		tepin.Stale:    second(w.AddEntry(w.ctx, w.alice, w.env, c.ID, made[0].ID, "", ptr(int64(1)))),
	} {
		w.is(want, err)
	}
	for name, err := range map[string]error{
		"foreign collection": second(w.AddEntry(w.ctx, w.alice, w.other, c.ID, foreign.ID, "", nil)),
		"foreign entries":    second(w.CollectionEntries(w.ctx, w.other, c.ID, tepin.List{})),
		"foreign entry":      second(w.CollectionEntry(w.ctx, w.other, c.ID, made[0].ID)),
		"not in it":          second(w.CollectionEntry(w.ctx, w.env, c.ID, foreign.ID)),
		"rename of nothing":  second(w.RenameEntry(w.ctx, w.alice, w.env, c.ID, foreign.ID, "x", nil)),
		"removal of nothing": w.RemoveEntry(w.ctx, w.alice, w.env, c.ID, foreign.ID, nil),
	} {
		if tepin.KindOf(err) != tepin.NotFound {
			w.Errorf("%s: %v", name, err)
		}
	}

	e, err := w.RenameEntry(w.ctx, w.alice, w.env, c.ID, made[1].ID, "Anders", nil)
	w.must(err)
	equal(w, words(e.Name, e.Renamed), "Anders true")
	_, err = w.UpdateTemplate(w.ctx, w.alice, w.env, made[0].ID, tepin.TemplateUpdate{Name: ptr("zz")})
	w.must(err)
	equal(w, w.entryNames(c.ID, 2), "zz Anders m")
	original, err := w.Template(w.ctx, w.env, made[1].ID)
	w.must(err)
	equal(w, original, made[1]) // untouched

	// A template in a collection goes only with force, and comes back into it.
	_, err = w.DeleteTemplate(w.ctx, w.alice, w.env, made[1].ID, false)
	w.is(tepin.Conflict, err)
	_, err = w.DeleteTemplate(w.ctx, w.alice, w.env, made[1].ID, true)
	w.must(err)
	equal(w, w.entryNames(c.ID, 1), "zz m")
	_, err = w.CollectionEntry(w.ctx, w.env, c.ID, made[1].ID)
	w.is(tepin.NotFound, err)
	_, err = w.RestoreTemplate(w.ctx, w.alice, w.env, made[1].ID)
	w.must(err)
	equal(w, w.entryNames(c.ID, 2), "zz Anders m")
	w.must(w.RemoveEntry(w.ctx, w.alice, w.env, c.ID, made[1].ID, nil))
	equal(w, w.entryNames(c.ID, 2), "zz m")
	_, err = w.DeleteCollection(w.ctx, w.alice, w.env, c.ID, nil)
	w.must(err)
	_, err = w.DeleteTemplate(w.ctx, w.alice, w.env, made[0].ID, false)
	w.must(err) // the collection is gone
	w.purge()
	_, err = w.Template(w.ctx, w.env, made[2].ID)
	w.must(err)
}

func tags(w *world) {
	make := func(name string) tepin.Tag {
		w.Helper()
		v, err := w.CreateTag(w.ctx, w.admin, w.env, name)
		w.must(err)
		return v
	}
	red, blue := make("red"), make("Blue sea")
	got, err := w.Tag(w.ctx, w.env, red.ID)
	w.must(err)
	equal(w, got, red)
	_, err = w.CreateTag(w.ctx, w.admin, w.env, "RED")
	w.is(tepin.Conflict, err)
	foreign, err := w.CreateTag(w.ctx, w.admin, w.other, "red")
	w.must(err)
	a, b := w.template(w.env, "/", "alpha one"), w.template(w.env, "/x", "beta one")
	set := func(t tepin.TemplateID, ids ...tepin.TagID) tepin.Template {
		w.Helper()
		v, err := w.SetTemplateTags(w.ctx, w.alice, w.env, t, ids, nil)
		w.must(err)
		return v
	}
	v := set(a.ID, red.ID, blue.ID, red.ID)
	equal(w, words(v.Version, v.Tags), words(2, []tepin.TagRef{{ID: blue.ID, Name: "Blue sea"}, {ID: red.ID, Name: "red"}}))
	read, err := w.Template(w.ctx, w.env, a.ID)
	w.must(err)
	equal(w, read, v)
	set(b.ID, red.ID)
	for want, p := range map[string]tepin.List{
		"[alpha one beta one]": {Tags: []string{"Red"}},
		"[alpha one]":          {Tags: []string{string(red.ID), "blue SEA"}},
		"[beta one]":           {Tags: []string{"red"}, Search: "bet one"},
		"[]":                   {Tags: []string{"red", "green"}},
		"[alpha one ]":         {Tags: []string{"red"}, Folder: "/"},
	} {
		equal(w, fmt.Sprint(w.templateList(p, nameOf)), strings.Replace(want, " ]", "]", 1))
	}
	equal(w, len(w.templateList(tepin.List{Tags: []string{"red"}, Search: string(b.ID)}, nameOf)), 1)
	equal(w, len(w.templateList(tepin.List{Tags: []string{"blue sea"}, Search: string(b.ID)}, nameOf)), 0)
	dir, err := w.TemplateDirectory(w.ctx, w.env, tepin.List{Folder: "/", Tags: []string{"red"}})
	w.must(err)
	equal(w, len(dir.Items), 2) // the folder x, and alpha
	equal(w, len(dir.Items[1].Item.Tags), 2)
	page, err := w.Templates(w.ctx, w.env, tepin.List{})
	w.must(err)
	equal(w, words(len(page.Items[0].Tags), len(page.Items[1].Tags)), "2 1")

	_, err = w.SetTemplateTags(w.ctx, w.alice, w.env, a.ID, []tepin.TagID{foreign.ID}, nil)
	w.is(tepin.NotFound, err)
	_, err = w.SetTemplateTags(w.ctx, w.alice, w.env, a.ID, nil, ptr(int64(1)))
	w.is(tepin.Stale, err)
	read, err = w.Template(w.ctx, w.env, a.ID)
	w.must(err)
	equal(w, read, v) // what was refused changed nothing

	// What a template shows of its tags changes its version.
	_, err = w.RenameTag(w.ctx, w.admin, w.env, red.ID, "Blue SEA", nil)
	w.is(tepin.Conflict, err)
	_, err = w.RenameTag(w.ctx, w.admin, w.env, red.ID, "x", ptr(int64(7)))
	w.is(tepin.Stale, err)
	renamed, err := w.RenameTag(w.ctx, w.admin, w.env, red.ID, "Rot", nil)
	w.must(err)
	equal(w, renamed.Version, 2)
	read, err = w.Template(w.ctx, w.env, a.ID)
	w.must(err)
	equal(w, words(read.Version, read.Tags[1].Name), "3 Rot")
	w.must(w.DeleteTag(w.ctx, w.admin, w.env, red.ID, &renamed.Version))
	w.is(tepin.NotFound, w.DeleteTag(w.ctx, w.admin, w.env, red.ID, nil))
	read, err = w.Template(w.ctx, w.env, a.ID)
	w.must(err)
	equal(w, words(read.Version, len(read.Tags)), "4 1")
	list, err := w.Tags(w.ctx, w.env, tepin.List{Search: "blu"})
	w.must(err)
	equal(w, len(list.Items), 1)
	_, err = w.DeleteTemplate(w.ctx, w.alice, w.env, a.ID, false)
	w.must(err)
	back, err := w.RestoreTemplate(w.ctx, w.alice, w.env, a.ID)
	w.must(err)
	equal(w, len(back.Tags), 1)
	_, err = w.DeleteTemplate(w.ctx, w.alice, w.env, a.ID, false)
	w.must(err)
	w.purge()
	w.must(w.DeleteTag(w.ctx, w.admin, w.env, blue.ID, nil))

	many := []tepin.TagID{}
	for i := range tepin.MaxTemplateTags + 1 {
		many = append(many, make(fmt.Sprint(i)).ID)
	}
	_, err = w.SetTemplateTags(w.ctx, w.alice, w.env, b.ID, many, nil)
	w.is(tepin.Invalid, err)
	set(b.ID, many[1:]...)
}

func components(w *world) {
	size := tepin.Dimensions{Width: 90.5, Height: 55, Unit: "mm"}
	v, err := w.CreateComponent(w.ctx, w.alice, tepin.Component{EnvironmentID: w.env, Name: "Card", Size: size, Document: w.blob(w.env)})
	w.must(err)
	got, err := w.Component(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, got, v)
	_, err = w.Component(w.ctx, w.other, v.ID)
	w.is(tepin.NotFound, err)
	w.clock.Advance(time.Minute)
	u, err := w.UpdateComponent(w.ctx, w.alice, w.env, v.ID, tepin.ComponentUpdate{Name: ptr("Visitenkarte"), IfVersion: &v.Version})
	w.must(err)
	equal(w, words(u.Version, u.ContentAt.Equal(v.ContentAt), u.Size), words(2, true, size))
	fresh := w.blob(w.env)
	u, err = w.UpdateComponent(w.ctx, w.alice, w.env, v.ID, tepin.ComponentUpdate{Document: &fresh, Size: &tepin.Dimensions{Width: 1, Height: 2, Unit: "px"}})
	w.must(err)
	got, err = w.Component(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, got, u)
	equal(w, u.ContentAt, w.clock.Now())
	_, err = w.UpdateComponent(w.ctx, w.alice, w.env, v.ID, tepin.ComponentUpdate{Name: ptr("x"), IfVersion: &v.Version})
	w.is(tepin.Stale, err)
	equal(w, fmt.Sprint(w.swept()), fmt.Sprint(map[string]bool{v.Document.Key: true}))
	for search, n := range map[string]int{"card": 0, "vis": 1, "": 1} {
		page, err := w.Components(w.ctx, w.env, tepin.List{Search: search})
		w.must(err)
		equal(w, len(page.Items), n)
	}
	_, err = w.DeleteComponent(w.ctx, w.alice, w.env, v.ID, &v.Version)
	w.is(tepin.Stale, err)
	_, err = w.DeleteComponent(w.ctx, w.alice, w.env, v.ID, nil)
	w.must(err)
	_, err = w.DeleteComponent(w.ctx, w.alice, w.env, v.ID, nil)
	w.is(tepin.NotFound, err)
	_, err = w.RestoreComponent(w.ctx, w.alice, w.other, v.ID)
	w.is(tepin.NotFound, err)
	back, err := w.RestoreComponent(w.ctx, w.alice, w.env, v.ID)
	w.must(err)
	equal(w, back.Name, "Visitenkarte")
	_, err = w.DeleteComponent(w.ctx, w.alice, w.env, v.ID, nil)
	w.must(err)
	w.purge()
	equal(w, w.swept()[fresh.Key], true)
}

// words writes values with spaces between them.
func words(list ...any) string { return strings.TrimSuffix(fmt.Sprintln(list...), "\n") }
