package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// fonts makes styles, each named "Family Style".
func (w *world) fonts(names ...string) (made []tepin.FontStyle) {
	var files []tepin.FontUpload
	for _, name := range names {
		family, style, _ := strings.Cut(name, " ")
		files = append(files, w.upload(family, style))
	}
	batch := tepin.NewID[tepin.FontBatchID]()
	w.must(w.CreateFontBatch(w.ctx, w.alice, w.env, batch, files))
	made, err := w.ConfirmFontBatch(w.ctx, w.alice, w.env, batch)
	w.must(err)
	return made
}

// fontNames are all fonts, "Family Style" each.
func (w *world) fontNames() string {
	page, err := w.AllFonts(w.ctx, w.env, tepin.List{})
	w.must(err)
	var names []string
	for _, f := range page.Items {
		names = append(names, f.FamilyName+" "+f.Name)
	}
	return strings.Join(names, ", ")
}

func fontChanges(w *world) {
	made := w.fonts("Sans Regular", "Sans Bold", "Serif Regular")
	sans, serif := made[0], made[2]
	family, err := w.FontFamily(w.ctx, w.env, sans.FamilyID)
	w.must(err)
	style, err := w.FontStyle(w.ctx, w.env, sans.ID)
	w.must(err)
	equal(w, style.Version, int64(1))
	renamed, err := w.RenameFontFamily(w.ctx, w.alice, w.env, sans.FamilyID, "Grotesk", &family.Version)
	w.must(err)
	equal(w, renamed.StyleCount, 2)
	equal(w, renamed.Version, family.Version+1)
	style, err = w.FontStyle(w.ctx, w.env, sans.ID)
	w.must(err)
	equal(w, style.FamilyName, "Grotesk")
	equal(w, style.Version, int64(2))
	_, err = w.RenameFontFamily(w.ctx, w.alice, w.env, sans.FamilyID, "x", &family.Version)
	w.is(tepin.Stale, err)
	_, err = w.RenameFontFamily(w.ctx, w.alice, w.env, sans.FamilyID, "SERIF", nil)
	w.is(tepin.Conflict, err)
	_, err = w.RenameFontFamily(w.ctx, w.alice, w.other, sans.FamilyID, "x", nil)
	w.is(tepin.NotFound, err)

	style, err = w.RenameFontStyle(w.ctx, w.alice, w.env, sans.ID, "Book", &style.Version)
	w.must(err)
	equal(w, style.Name, "Book")
	_, err = w.RenameFontStyle(w.ctx, w.alice, w.env, sans.ID, "bold", nil)
	w.is(tepin.Conflict, err)
	_, err = w.RenameFontStyle(w.ctx, w.alice, w.env, sans.ID, "x", &made[0].Version)
	w.is(tepin.Stale, err)
	_, err = w.RenameFontStyle(w.ctx, w.alice, w.other, sans.ID, "x", nil)
	w.is(tepin.NotFound, err)
	equal(w, w.fontNames(), "Grotesk Bold, Grotesk Book, Serif Regular")

	found, err := w.AllFonts(w.ctx, w.env, tepin.List{Search: "boo"})
	w.must(err)
	equal(w, len(found.Items), 1)
	w.is(tepin.NotFound, w.DeleteFontFamilies(w.ctx, w.alice, w.env, []tepin.FontFamilyID{sans.FamilyID, tepin.NewID[tepin.FontFamilyID]()}))
	w.is(tepin.NotFound, w.DeleteFontFamilies(w.ctx, w.alice, w.other, []tepin.FontFamilyID{sans.FamilyID}))
	equal(w, w.fontNames(), "Grotesk Bold, Grotesk Book, Serif Regular")
	w.must(w.DeleteFontFamilies(w.ctx, w.alice, w.env, []tepin.FontFamilyID{sans.FamilyID}))
	equal(w, w.fontNames(), "Serif Regular")
	_, err = w.FontStyle(w.ctx, w.env, serif.ID)
	w.must(err)
}

func fontRestore(w *world) {
	made := w.fonts("Sans Regular", "Sans Bold", "Sans Black")
	id := made[0].FamilyID
	w.must(w.DeleteFontStyles(w.ctx, w.alice, w.env, []tepin.FontStyleID{made[2].ID}))
	w.clock.Advance(time.Second)
	w.must(w.DeleteFontFamilies(w.ctx, w.alice, w.env, []tepin.FontFamilyID{id}))
	_, err := w.RestoreFontFamily(w.ctx, w.alice, w.other, id)
	w.is(tepin.NotFound, err)
	_, err = w.RestoreFontStyle(w.ctx, w.alice, w.other, made[0].ID)
	w.is(tepin.NotFound, err)
	family, err := w.RestoreFontFamily(w.ctx, w.alice, w.env, id)
	w.must(err)
	equal(w, family.StyleCount, 2) // not what was deleted before
	equal(w, family.ID, id)
	_, err = w.RestoreFontFamily(w.ctx, w.alice, w.env, id)
	w.is(tepin.NotFound, err)
	_, err = w.RestoreFontStyle(w.ctx, w.alice, w.env, made[2].ID)
	w.must(err)
	equal(w, w.fontNames(), "Sans Black, Sans Bold, Sans Regular")

	// The last style goes with its family, and comes back into another that has the name.
	w.must(w.DeleteFontFamilies(w.ctx, w.alice, w.env, []tepin.FontFamilyID{id}))
	again := w.fonts("sans Regular")
	_, err = w.RestoreFontStyle(w.ctx, w.alice, w.env, made[0].ID)
	w.is(tepin.Conflict, err)
	back, err := w.RestoreFontStyle(w.ctx, w.alice, w.env, made[1].ID)
	w.must(err)
	equal(w, back.FamilyID, again[0].FamilyID)
	found, err := w.FontFamilies(w.ctx, w.env, tepin.List{Search: "sans"})
	w.must(err)
	equal(w, len(found.Items), 1)
	equal(w, found.Items[0].StyleCount, 2)

	w.clock.Advance(tepin.RestoreTime)
	_, err = w.RestoreFontStyle(w.ctx, w.alice, w.env, made[2].ID)
	w.is(tepin.Gone, err)
}

func fontsByWeight(w *world) {
	var files []tepin.FontUpload
	for i := range 9 {
		u := w.upload("Sans", fmt.Sprint("Style ", i))
		u.Weight, u.Italic = 100*(9-i/2), i%2 == 0
		files = append(files, u)
	}
	w.must(w.CreateFontBatch(w.ctx, w.alice, w.env, "batch", files))
	made, err := w.ConfirmFontBatch(w.ctx, w.alice, w.env, "batch")
	w.must(err)
	for _, p := range []tepin.List{{Limit: 2}, {Limit: 4, Desc: true}, {Limit: 50}} {
		var got []string
		for {
			page, err := w.FontStyles(w.ctx, w.env, made[0].FamilyID, p)
			w.must(err)
			for _, f := range page.Items {
				got = append(got, fmt.Sprint(f.Weight, " ", f.Italic))
			}
			if p.After = page.Next; page.Next == nil {
				break
			}
		}
		want := []string{"500 true", "600 false", "600 true", "700 false", "700 true", "800 false", "800 true", "900 false", "900 true"}
		if p.Desc {
			for i := range 4 {
				want[i], want[8-i] = want[8-i], want[i]
			}
		}
		equal(w, got, want)
	}
	page, err := w.FontStyles(w.ctx, w.env, made[0].FamilyID, tepin.List{SortBy: tepin.SortName, Search: "style"})
	w.must(err)
	equal(w, page.Items[0].Name, "Style 0")
}
