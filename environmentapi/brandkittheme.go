package environmentapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// themes completes the themes of a kit, and says of each when it last changed.
func (k *kitCheck) themes(content, before object) error {
	var themes, old []object
	if err := json.Unmarshal(content["themes"], &themes); err != nil {
		return invalid("themes", "expected a list of themes")
	}
	if before["themes"] != nil {
		old, _ = themesOf(before, "")
	}
	for i, t := range themes {
		if t == nil {
			return invalid(fmt.Sprintf("themes[%d]", i), "expected an object")
		}
		if err := exactly(t, themeMembers); err != nil {
			return within(fmt.Sprintf("themes[%d]", i), err)
		}
		if missing(t["id"]) {
			t["id"], _ = json.Marshal(tepin.NewID[string]()) // a string
		}
		if err := complete(t, themeLists, map[string]string{"colors": "guid"}); err != nil {
			return err
		}
		if t["inheritsFrom"] == nil {
			t["inheritsFrom"] = json.RawMessage("null")
		}
		now, _ := json.Marshal(k.now) // a time
		t["dateCreated"], t["lastModifiedDate"] = now, now
		for _, o := range old {
			if textOf(o["id"]) != textOf(t["id"]) {
				continue
			}
			t["dateCreated"], t["lastModifiedDate"] = o["dateCreated"], o["lastModifiedDate"]
			if !sameJSON(t, o) {
				t["lastModifiedDate"] = now
			}
		}
	}
	if themes == nil {
		themes = []object{}
	}
	var err error
	content["themes"], err = json.Marshal(themes)
	return err
}

// sameJSON reports whether two objects are written alike but for white space.
func sameJSON(a, b object) bool {
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && bytes.Equal(x, y)
}

func (k *kitCheck) checkThemes(kit BrandKit) error {
	if n := len(kit.Themes); n > maxKitThemes {
		return invalid("themes", "a kit has at most %d themes; this one has %d", maxKitThemes, n)
	}
	ids, names, from := map[string]bool{}, map[string]bool{}, map[string]string{}
	for i, t := range kit.Themes {
		at := fmt.Sprintf("themes[%d]", i)
		if err := named(at, t.Name, names); err != nil {
			return err
		}
		if err := errors.Join(short(at+".id", t.ID, maxKitText), short(at+".inheritsFrom", valueOf(t.InheritsFrom), maxKitText)); err != nil {
			return err
		}
		if ids[t.ID] {
			return invalid(at+".id", "another theme has this id")
		}
		ids[t.ID] = true
		if t.InheritsFrom != nil {
			from[t.ID] = *t.InheritsFrom
			if other := themeNamed(kit.Themes, *t.InheritsFrom); other != "" {
				from[t.ID] = other
			}
		}
		if err := k.collect(at+".", t.KitStyles); err != nil {
			return err
		}
		if err := k.check(at+".", t.KitStyles); err != nil {
			return err
		}
	}
	for i, t := range kit.Themes {
		next := from[t.ID]
		for range kit.Themes {
			if next == t.ID {
				return invalid(fmt.Sprintf("themes[%d].inheritsFrom", i), "the themes inherit from each other in a circle")
			}
			next = from[next]
		}
	}
	return nil
}

// themeNamed is the id of the theme of that name.
func themeNamed(themes []KitTheme, name string) string {
	for _, t := range themes {
		if t.Name == name {
			return t.ID
		}
	}
	return ""
}

// readTheme reads the body of a call that takes a theme.
func readTheme(r *http.Request) (object, error) {
	o, err := readObject(r)
	if err == nil {
		err = decodeKit(o, &KitTheme{}) // what it has that is not kept, as its id, is of its type too
	}
	return o, err
}

// themesOf returns a kit's themes, and the place of the one that is asked for, by id or
// name; -1 = there is none.
func themesOf(kit object, asked string) (themes []object, at int) {
	if err := json.Unmarshal(kit["themes"], &themes); err != nil {
		panic(err) // checked when it came
	}
	return themes, slices.IndexFunc(themes, func(t object) bool {
		return asked != "" && (textOf(t["id"]) == asked || strings.EqualFold(textOf(t["name"]), asked))
	})
}

// textOf is a member that is a string; anything else is "".
func textOf(raw json.RawMessage) (s string) {
	_ = json.Unmarshal(raw, &s) // then it is no string
	return s
}

func noTheme() error { return tepin.Errorf(tepin.NotFound, "there is no such theme in the brand kit") }

func (a *API) listThemes(w http.ResponseWriter, r *http.Request) error {
	v, err := a.definition(r.Context(), web.CallerOf(r.Context()), tepin.BrandKit, r.PathValue("id"))
	if err != nil {
		return err
	}
	if notModified(w, r, v.Version) {
		return nil
	}
	themes, _ := themesOf(contentOf[object](v), "")
	total := int64(len(themes))
	return writeVersion(w, http.StatusOK, v.Version, Page[object]{PageSize: maxKitThemes, Data: themes, Total: &total})
}

func (a *API) getTheme(w http.ResponseWriter, r *http.Request) error {
	v, err := a.definition(r.Context(), web.CallerOf(r.Context()), tepin.BrandKit, r.PathValue("id"))
	if err != nil {
		return err
	}
	if notModified(w, r, v.Version) {
		return nil
	}
	return answerTheme(w, http.StatusOK, v, r.PathValue("theme"))
}

func answerTheme(w http.ResponseWriter, status int, v tepin.Definition, asked string) error {
	themes, at := themesOf(contentOf[object](v), asked)
	if at < 0 {
		return noTheme()
	}
	return writeVersion(w, status, v.Version, themes[at])
}

// putThemes changes a kit's themes.
func (a *API) putThemes(r *http.Request, asked string, change func(themes []object, at int) ([]object, error)) (tepin.Definition, error) {
	return a.changeKit(r, func(kit object) (object, error) {
		themes, err := change(themesOf(kit, asked))
		if err != nil {
			return nil, err
		}
		kit["themes"], err = json.Marshal(themes)
		return kit, err
	})
}

func (a *API) createTheme(w http.ResponseWriter, r *http.Request) error {
	theme, err := readTheme(r)
	if err != nil {
		return err
	}
	name := strings.TrimSpace(textOf(theme["name"]))
	v, err := a.putThemes(r, name, func(themes []object, at int) ([]object, error) {
		if at >= 0 {
			return nil, tepin.Errorf(tepin.Conflict, "the brand kit has a theme of that name; choose another")
		}
		delete(theme, "id")
		return append(themes, theme), nil
	})
	if err != nil {
		return err
	}
	return answerTheme(w, http.StatusCreated, v, name)
}

func (a *API) replaceTheme(w http.ResponseWriter, r *http.Request) error {
	theme, err := readTheme(r)
	if err != nil {
		return err
	}
	asked := r.PathValue("theme")
	v, err := a.putThemes(r, asked, func(themes []object, at int) ([]object, error) {
		if at < 0 {
			return nil, noTheme()
		}
		theme["id"] = themes[at]["id"]
		asked = textOf(theme["id"])
		themes[at] = theme
		return themes, nil
	})
	if err != nil {
		return err
	}
	return answerTheme(w, http.StatusOK, v, asked)
}

func (a *API) deleteTheme(w http.ResponseWriter, r *http.Request) error {
	_, err := a.putThemes(r, r.PathValue("theme"), func(themes []object, at int) ([]object, error) {
		if at < 0 {
			return nil, noTheme()
		}
		gone := themes[at]
		themes = slices.Delete(themes, at, at+1)
		for _, t := range themes { // what it inherited from the theme, it has from the kit now
			if from := textOf(t["inheritsFrom"]); from != "" && (from == textOf(gone["id"]) || from == textOf(gone["name"])) {
				t["inheritsFrom"] = json.RawMessage("null")
			}
		}
		return themes, nil
	})
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}
