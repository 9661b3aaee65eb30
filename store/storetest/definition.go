package storetest

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
)

func (w *world) definition(kind tepin.DefinitionKind, name string) tepin.Definition {
	w.Helper()
	v, err := w.CreateDefinition(w.ctx, w.admin, tepin.Definition{EnvironmentID: w.env, Kind: kind, Name: name, Content: json.RawMessage(`{"a": 1}`)})
	w.must(err)
	return v
}

func definitions(w *world) {
	v := w.definition(tepin.BrandKit, "House style")
	got, err := w.Definition(w.ctx, w.env, tepin.BrandKit, v.ID)
	w.must(err)
	equal(w, got, v)
	_, err = w.Definition(w.ctx, w.other, tepin.BrandKit, v.ID)
	w.is(tepin.NotFound, err)
	_, err = w.Definition(w.ctx, w.env, tepin.UserInterface, v.ID)
	w.is(tepin.NotFound, err)
	got, err = w.DefinitionByName(w.ctx, w.env, tepin.BrandKit, "HOUSE STYLE")
	w.must(err)
	equal(w, got.ID, v.ID)
	_, err = w.DefinitionByName(w.ctx, w.other, tepin.BrandKit, "House style")
	w.is(tepin.NotFound, err)

	_, err = w.CreateDefinition(w.ctx, w.admin, tepin.Definition{EnvironmentID: w.env, Kind: tepin.BrandKit, Name: "house STYLE", Content: json.RawMessage(`{}`)})
	w.is(tepin.Conflict, err)
	for _, bad := range []tepin.Definition{{Name: "a\x00"}, {Name: "a", Content: json.RawMessage("\"\xff\"")}} {
		bad.EnvironmentID, bad.Kind = w.env, tepin.BrandKit
		_, err = w.CreateDefinition(w.ctx, w.admin, bad)
		w.is(tepin.Invalid, err)
	}
	_, err = w.CreateDefinition(w.ctx, w.admin, tepin.Definition{EnvironmentID: "absent", Kind: tepin.BrandKit, Name: "x"})
	w.is(tepin.NotFound, err)
	w.definition(tepin.SubjectType, "House style") // another kind
	second := w.definition(tepin.BrandKit, "Autumn")

	w.clock.Advance(time.Minute)
	u, err := w.UpdateDefinition(w.ctx, w.admin, w.env, tepin.BrandKit, v.ID, tepin.DefinitionUpdate{Name: ptr("Winter"), Content: json.RawMessage(`{"b":2}`), IfVersion: ptr(int64(1))})
	w.must(err)
	equal(w, u.UpdatedAt, w.clock.Now())
	got, err = w.Definition(w.ctx, w.env, tepin.BrandKit, v.ID)
	w.must(err)
	equal(w, got, u)
	_, err = w.UpdateDefinition(w.ctx, w.admin, w.env, tepin.BrandKit, v.ID, tepin.DefinitionUpdate{IfVersion: ptr(int64(1))})
	w.is(tepin.Stale, err)
	_, err = w.UpdateDefinition(w.ctx, w.admin, w.env, tepin.BrandKit, second.ID, tepin.DefinitionUpdate{Name: ptr("winter")})
	w.is(tepin.Conflict, err)
	_, err = w.UpdateDefinition(w.ctx, w.admin, w.other, tepin.BrandKit, v.ID, tepin.DefinitionUpdate{Name: ptr("x")})
	w.is(tepin.NotFound, err)
	page, err := w.Definitions(w.ctx, w.env, tepin.BrandKit, tepin.List{Search: "wint"})
	w.must(err)
	equal(w, len(page.Items), 1)
	page, err = w.Definitions(w.ctx, w.env, tepin.BrandKit, tepin.List{})
	w.must(err)
	equal(w, page.Items[0].Name+" "+page.Items[1].Name, "Autumn Winter")

	w.is(tepin.NotFound, w.DeleteDefinition(w.ctx, w.admin, w.other, tepin.BrandKit, v.ID, nil))
	w.is(tepin.Stale, w.DeleteDefinition(w.ctx, w.admin, w.env, tepin.BrandKit, v.ID, ptr(int64(1))))
	w.must(w.DeleteDefinition(w.ctx, w.admin, w.env, tepin.BrandKit, v.ID, &u.Version))
	w.is(tepin.NotFound, w.DeleteDefinition(w.ctx, w.admin, w.env, tepin.BrandKit, v.ID, nil))
	page, err = w.Definitions(w.ctx, w.env, tepin.BrandKit, tepin.List{Search: "wint"})
	w.must(err)
	equal(w, len(page.Items), 0)
}

// standard is the environment's default user interface; there is exactly one.
func (w *world) standard() tepin.Definition {
	w.Helper()
	page, err := w.Definitions(w.ctx, w.env, tepin.UserInterface, tepin.List{})
	w.must(err)
	var found []tepin.Definition
	for _, v := range page.Items {
		if v.Default {
			found = append(found, v)
		}
	}
	if len(found) != 1 {
		w.Fatalf("%d user interfaces are the default", len(found))
	}
	return found[0]
}

func definitionsDefault(w *world) {
	first := w.standard()
	equal(w, first.Name, "Default")
	w.is(tepin.Conflict, w.DeleteDefinition(w.ctx, w.admin, w.env, tepin.UserInterface, first.ID, nil))
	_, err := w.UpdateDefinition(w.ctx, w.admin, w.env, tepin.UserInterface, first.ID, tepin.DefinitionUpdate{Default: ptr(false)})
	w.is(tepin.Conflict, err)
	other := w.definition(tepin.UserInterface, "Shop")
	_, err = w.UpdateDefinition(w.ctx, w.admin, w.env, tepin.UserInterface, other.ID, tepin.DefinitionUpdate{Default: ptr(true)})
	w.must(err)
	equal(w, w.standard().ID, other.ID)
	changed, err := w.Definition(w.ctx, w.env, tepin.UserInterface, first.ID)
	w.must(err)
	equal(w, changed.Version, first.Version+1) // a reader's copy of it is old now
	third, err := w.CreateDefinition(w.ctx, w.admin, tepin.Definition{EnvironmentID: w.env, Kind: tepin.UserInterface, Name: "Third", Default: true, Content: json.RawMessage(`{}`)})
	w.must(err)
	equal(w, w.standard().ID, third.ID)

	// Whoever comes together, one is the default, and none is ever missing.
	ids := []tepin.DefinitionID{first.ID, other.ID, third.ID}
	together(9, func(n int) {
		if _, err := w.UpdateDefinition(w.ctx, w.admin, w.env, tepin.UserInterface, ids[n%3], tepin.DefinitionUpdate{Default: ptr(true)}); err != nil {
			w.Error(err)
		}
	})
	w.standard()
}

func definitionsLimited(w *world) {
	for n := range tepin.MaxDefinitions - 2 {
		w.definition(tepin.SubjectType, fmt.Sprint(n))
	}
	var refused atomic.Int64
	together(5, func(n int) {
		_, err := w.CreateDefinition(w.ctx, w.admin, tepin.Definition{EnvironmentID: w.env, Kind: tepin.SubjectType, Name: fmt.Sprint("late ", n), Content: json.RawMessage(`{}`)})
		switch {
		case tepin.KindOf(err) == tepin.Conflict:
			refused.Add(1)
		case err != nil:
			w.Error(err)
		}
	})
	equal(w, refused.Load(), 3)
	w.definition(tepin.BrandKit, "another kind has room")
}

// What pointed at a user interface that is deleted goes back to the default.
func interfaceInUse(w *world) {
	ui := w.definition(tepin.UserInterface, "Shop")
	make := func(id tepin.DefinitionID) (tepin.Project, error) {
		return w.CreateProject(w.ctx, w.alice, tepin.Project{EnvironmentID: w.env, Name: "p", UserInterfaceID: id, Document: w.blob(w.env)})
	}
	_, err := make(w.definition(tepin.BrandKit, "Not a user interface").ID)
	w.is(tepin.NotFound, err)
	p, err := make(ui.ID)
	w.must(err)
	free, err := make("")
	w.must(err)
	_, err = w.UpdateProject(w.ctx, w.alice, w.env, free.ID, tepin.ProjectUpdate{UserInterfaceID: ptr(tepin.NewID[tepin.DefinitionID]())})
	w.is(tepin.NotFound, err)
	free, err = w.UpdateProject(w.ctx, w.alice, w.env, free.ID, tepin.ProjectUpdate{UserInterfaceID: &ui.ID})
	w.must(err)
	equal(w, free.UserInterfaceID, ui.ID)
	w.must(w.DeleteDefinition(w.ctx, w.admin, w.env, tepin.UserInterface, ui.ID, nil))
	for _, v := range []tepin.Project{p, free} {
		got, err := w.Project(w.ctx, w.env, w.alice, v.ID)
		w.must(err)
		equal(w, got.UserInterfaceID, "")
		equal(w, got.Version, v.Version+1)
	}

	// A project that is made while its user interface goes does not keep it.
	for range 10 {
		ui := w.definition(tepin.UserInterface, "Brief")
		var made tepin.Project
		together(2, func(n int) {
			if n == 0 {
				if err := w.DeleteDefinition(w.ctx, w.admin, w.env, tepin.UserInterface, ui.ID, nil); err != nil {
					w.Error(err)
				}
			} else if v, err := make(ui.ID); err == nil {
				made = v
			} else if tepin.KindOf(err) != tepin.NotFound {
				w.Error(err)
			}
		})
		if made.ID != "" {
			got, err := w.Project(w.ctx, w.env, w.alice, made.ID)
			w.must(err)
			equal(w, got.UserInterfaceID, "")
		}
	}
}

func settings(w *world) {
	v, err := w.EnvironmentSettings(w.ctx, w.env)
	w.must(err)
	equal(w, v, tepin.EnvironmentSettings{EnvironmentID: w.env, SDKVersion: "latest", Version: 1})
	u, err := w.UpdateEnvironmentSettings(w.ctx, w.admin, w.env, tepin.EnvironmentSettingsUpdate{SDKVersion: ptr("1.44"), BrandKitSync: ptr(true), IfVersion: &v.Version})
	w.must(err)
	_, err = w.UpdateEnvironmentSettings(w.ctx, w.admin, w.env, tepin.EnvironmentSettingsUpdate{SDKVersion: ptr("latest"), IfVersion: &v.Version})
	w.is(tepin.Stale, err)
	v, err = w.EnvironmentSettings(w.ctx, w.env)
	w.must(err)
	equal(w, v, u)
	equal(w, v, tepin.EnvironmentSettings{EnvironmentID: w.env, SDKVersion: "1.44", BrandKitSync: true, Version: 2})
	v, err = w.EnvironmentSettings(w.ctx, w.other)
	w.must(err)
	equal(w, v.SDKVersion, "latest")
	_, err = w.UpdateEnvironmentSettings(w.ctx, w.admin, "absent", tepin.EnvironmentSettingsUpdate{})
	w.is(tepin.NotFound, err)
}
