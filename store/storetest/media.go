package storetest

import (
	"fmt"
	"sync"

	"github.com/tepin/tepin"
)

func (w *world) picture(name string) tepin.Media {
	m, err := w.CreateMedia(w.ctx, w.alice, tepin.Media{EnvironmentID: w.env, Name: name, Extension: "jpg", Folder: "/", ContentType: "image/jpeg", Width: 640, Height: 480, Pages: 1, Blob: w.blob(w.env)})
	w.must(err)
	return m
}

func mediaChanges(w *world) {
	m := w.picture("Photo")
	text := func(s string) *string { return &s }
	got, err := w.UpdateMedia(w.ctx, w.alice, w.env, m.ID, tepin.MediaUpdate{Name: text("Sea"), Folder: text("/x"), Own: map[string]*string{"a": text("1"), "b": text("2")}})
	w.must(err)
	stored, err := w.MediaItem(w.ctx, w.env, m.ID)
	w.must(err)
	equal(w, got, stored)
	equal(w, stored.Version, int64(2))
	_, err = w.UpdateMedia(w.ctx, w.alice, w.env, m.ID, tepin.MediaUpdate{IfVersion: &m.Version})
	w.is(tepin.Stale, err)
	_, err = w.UpdateMedia(w.ctx, w.alice, w.other, m.ID, tepin.MediaUpdate{Name: text("x")})
	w.is(tepin.NotFound, err)

	// Two that add a text at once: both are there.
	var both sync.WaitGroup
	for i := range 2 {
		both.Go(func() {
			_, err := w.UpdateMedia(w.ctx, w.alice, w.env, m.ID, tepin.MediaUpdate{Own: map[string]*string{fmt.Sprint(i): text("x"), "b": nil}})
			if err != nil {
				w.Error(err)
			}
		})
	}
	both.Wait()
	stored, err = w.MediaItem(w.ctx, w.env, m.ID)
	w.must(err)
	equal(w, stored.Own, map[string]string{"a": "1", "0": "x", "1": "x"})
	many := map[string]*string{}
	for i := range tepin.MaxOwn {
		many[fmt.Sprint("n", i)] = text("x")
	}
	_, err = w.UpdateMedia(w.ctx, w.alice, w.env, m.ID, tepin.MediaUpdate{Own: many})
	w.is(tepin.Invalid, err)

	// Other bytes: the old ones go to the sweep.
	fresh := tepin.Media{Extension: "svg", ContentType: tepin.TypeSVG, Pages: 1, Blob: w.blob(w.env)}
	got, err = w.UpdateMedia(w.ctx, w.alice, w.env, m.ID, tepin.MediaUpdate{Bytes: &fresh})
	w.must(err)
	equal(w, got.Blob, fresh.Blob)
	equal(w, got.Width, 0)
	equal(w, w.swept()[m.Blob.Key], true)

	// All or none.
	other := w.picture("Other")
	w.is(tepin.NotFound, w.DeleteMediaItems(w.ctx, w.alice, w.env, []tepin.MediaID{other.ID, tepin.NewID[tepin.MediaID]()}))
	w.is(tepin.NotFound, w.DeleteMediaItems(w.ctx, w.alice, w.other, []tepin.MediaID{other.ID}))
	w.must(w.DeleteMediaItems(w.ctx, w.alice, w.env, []tepin.MediaID{other.ID, m.ID, other.ID}))
	_, err = w.MediaItem(w.ctx, w.env, m.ID)
	w.is(tepin.NotFound, err)
}

func visions(w *world) {
	m := w.picture("Photo")
	of := tepin.Pictured{Media: m.ID}
	subject := func(name string) tepin.DefinitionID {
		d, err := w.CreateDefinition(w.ctx, w.alice, tepin.Definition{EnvironmentID: w.env, Kind: tepin.SubjectType, Name: name, Content: []byte("{}")})
		w.must(err)
		return d.ID
	}
	person, dog := subject("Person"), subject("Dog")
	crop := &tepin.Crop{PointOfInterest: &tepin.Point{X: 0.25, Y: 1}}
	v, err := w.SetCrop(w.ctx, w.alice, w.env, of, "", crop, nil)
	w.must(err)
	equal(w, v.Version, int64(2))
	_, err = w.SetCrop(w.ctx, w.alice, w.env, of, person, crop, &v.Version)
	w.must(err)
	_, err = w.SetCrop(w.ctx, w.alice, w.env, of, person, crop, &v.Version)
	w.is(tepin.Stale, err)
	_, err = w.SetCrop(w.ctx, w.alice, w.env, of, tepin.NewID[tepin.DefinitionID](), crop, nil)
	w.is(tepin.NotFound, err)
	_, err = w.SetCrop(w.ctx, w.alice, w.other, of, "", crop, nil)
	w.is(tepin.NotFound, err)

	// A subject without a place; one that stays keeps its own.
	_, err = w.UpdateMedia(w.ctx, w.alice, w.env, m.ID, tepin.MediaUpdate{SubjectTypes: []tepin.DefinitionID{dog, person, dog}})
	w.must(err)
	v, err = w.Vision(w.ctx, w.env, of)
	w.must(err)
	equal(w, v.Crops, []tepin.SubjectCrop{{Crop: crop}, {SubjectType: dog, Name: "Dog"}, {SubjectType: person, Name: "Person", Crop: crop}})
	_, err = w.UpdateMedia(w.ctx, w.alice, w.env, m.ID, tepin.MediaUpdate{SubjectTypes: []tepin.DefinitionID{tepin.NewID[tepin.DefinitionID]()}})
	w.is(tepin.Invalid, err)
	w.must(w.DeleteDefinition(w.ctx, w.alice, w.env, tepin.SubjectType, person, nil))
	_, err = w.SetCrop(w.ctx, w.alice, w.env, of, "", nil, nil)
	w.must(err)
	v, err = w.Vision(w.ctx, w.env, of)
	w.must(err)
	equal(w, v.Crops, []tepin.SubjectCrop{{SubjectType: dog, Name: "Dog"}})
	_, err = w.Vision(w.ctx, w.other, of)
	w.is(tepin.NotFound, err)

	// A picture of another system is there when it has been registered.
	elsewhere := tepin.Pictured{External: "ab"}
	_, err = w.SetCrop(w.ctx, w.alice, w.env, elsewhere, "", crop, nil)
	w.is(tepin.NotFound, err)
	for range 2 {
		v, err = w.PutExternalMedia(w.ctx, w.alice, tepin.ExternalMedia{ID: "ab", EnvironmentID: w.env, ContentType: "image/png", Width: 1, Height: 2})
		w.must(err)
	}
	equal(w, v.Version, int64(2))
	v, err = w.SetCrop(w.ctx, w.alice, w.env, elsewhere, dog, crop, &v.Version)
	w.must(err)
	equal(w, v.Of(dog), crop)
	_, err = w.Vision(w.ctx, w.other, elsewhere)
	w.is(tepin.NotFound, err)

	// What is purged takes along what was said of it.
	_, err = w.DeleteMedia(w.ctx, w.alice, w.env, m.ID, nil)
	w.must(err)
	w.purge()
}
