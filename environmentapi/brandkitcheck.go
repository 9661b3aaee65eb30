package environmentapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// Limits of a brand kit beside its size, as in docs/limits.md.
const (
	maxKitFonts  = 200
	maxKitList   = 1000 // of colours, of styles of a kind, of media
	maxKitThemes = 100
	maxKitText   = 255 // characters
	maxAssetID   = 2000
)

// kitMembers are the members of a kit that are lists, and so are never absent.
var (
	kitLists     = []string{"fonts", "colors", "characterStyles", "paragraphStyles", "media", "themes"}
	themeLists   = []string{"colors", "characterStyles", "paragraphStyles", "media"}
	kitMembers   = append([]string{"id", "name", "dateCreated", "lastModifiedDate"}, kitLists...)
	themeMembers = append([]string{"id", "name", "inheritsFrom", "dateCreated", "lastModifiedDate"}, themeLists...)
)

// exactly refuses members that are spelled like a known one but for the case: they would
// be kept and mean nothing.
func exactly(o object, known []string) error {
	for member := range o {
		for _, k := range known {
			if member != k && strings.EqualFold(member, k) {
				return invalid(k, "the member is spelled %s, in exactly these letters", k)
			}
		}
	}
	return nil
}

// decodeKit reads what is known of a kit.
func decodeKit(o object, into any) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return web.DecodeJSON(raw, into)
}

// kitCheck checks one kit.
type kitCheck struct {
	has func(kind, id string) error // NotFound if the environment does not have it
	now time.Time

	known  map[string]bool // what the kit referred to before, and need not exist any more
	colors map[string]bool // guids
	fonts  map[string]KitFont
}

// inEnvironment looks up what a kit refers to.
func (a *API) inEnvironment(ctx context.Context, env tepin.EnvironmentID) func(kind, id string) error {
	return func(kind, id string) (err error) {
		switch kind {
		case "font":
			_, err = a.Store.FontFamily(ctx, env, tepin.FontFamilyID(id))
		case "font style":
			_, err = a.Store.FontStyle(ctx, env, tepin.FontStyleID(id))
		case "media":
			_, err = a.Store.MediaItem(ctx, env, tepin.MediaID(id))
		}
		return err
	}
}

// remember notes what a kit refers to: a kit that was good can be sent back.
func (k *kitCheck) remember(old BrandKit) {
	k.known = map[string]bool{}
	for _, f := range old.Fonts {
		k.known["font "+f.FontFamilyID] = true
	}
	k.rememberStyles(old.KitStyles)
	for _, t := range old.Themes {
		k.rememberStyles(t.KitStyles)
	}
}

func (k *kitCheck) rememberStyles(s KitStyles) {
	for _, m := range s.Media {
		k.known["media "+m.id()] = true
	}
	for _, style := range s.styles() {
		for _, ref := range style.refs() {
			k.known[ref.kind+" "+ref.to] = true
		}
	}
}

// styles are the styles of both kinds as character styles.
func (s KitStyles) styles() []KitCharacterStyle {
	list := slices.Clone(s.CharacterStyles)
	for _, p := range s.ParagraphStyles {
		list = append(list, p.KitCharacterStyle)
	}
	return list
}

// kitRef is what a style refers to.
type kitRef struct{ kind, member, to string }

func (s KitCharacterStyle) refs() (list []kitRef) {
	for _, r := range []struct {
		kind, member string
		to           *string
	}{{"colour", "brandKitColorGuid", s.BrandKitColorGUID}, {"colour", "textStrokeColorGuid", s.TextStrokeColorGUID},
		{"font of the kit", "brandKitFontFamilyGuid", s.BrandKitFontFamilyGUID}, {"font style", "fontStyleId", s.FontStyleID}} {
		if r.to != nil && *r.to != "" {
			list = append(list, kitRef{r.kind, r.member, *r.to})
		}
	}
	return list
}

func (m KitMedia) id() string {
	if m.MediaID != "" {
		return m.MediaID
	}
	return m.AssetID
}

// own reports whether a connector is the environment's own: its fonts and media are
// looked up.
func own(connectors ...*string) bool {
	for _, c := range connectors {
		if c != nil && *c != "" && !slices.Contains([]string{"grafx-media", "grafx-font", "grafx-fonts"}, *c) {
			return false
		}
	}
	return true
}

// kit checks a kit and completes it: lists that were left out, ids, the times of themes.
// What the kit before referred to need not exist.
func (k *kitCheck) kit(content, before object) error {
	var old BrandKit
	if err := decodeKit(before, &old); err != nil {
		return err
	}
	k.remember(old)
	if err := complete(content, kitLists, map[string]string{"fonts": "fontFamilyBrandKitGuid", "colors": "guid"}); err != nil {
		return err
	}
	if err := k.themes(content, before); err != nil {
		return err
	}
	var kit BrandKit
	if err := decodeKit(content, &kit); err != nil {
		return err
	}
	if n := len(kit.Fonts); n > maxKitFonts {
		return invalid("fonts", "a kit has at most %d fonts; this one has %d", maxKitFonts, n)
	}
	k.colors, k.fonts = map[string]bool{}, map[string]KitFont{}
	for i, f := range kit.Fonts {
		if err := k.font(fmt.Sprintf("fonts[%d]", i), f); err != nil {
			return err
		}
	}
	if err := k.collect("", kit.KitStyles); err != nil {
		return err
	}
	if err := k.check("", kit.KitStyles); err != nil {
		return err
	}
	return k.checkThemes(kit)
}

// complete makes lists of what is absent or null, and gives an id to the items that have
// none.
func complete(o object, lists []string, ids map[string]string) error {
	for _, name := range lists {
		raw := o[name]
		if raw == nil || string(raw) == "null" {
			o[name] = json.RawMessage("[]")
			continue
		}
		member := ids[name]
		if member == "" {
			continue
		}
		var items []object
		if json.Unmarshal(raw, &items) != nil {
			continue // refused where it is read
		}
		changed := false
		for _, item := range items {
			if item != nil && missing(item[member]) {
				item[member], _ = json.Marshal(tepin.NewID[string]()) // a string
				changed = true
			}
		}
		if changed {
			var err error
			if o[name], err = json.Marshal(items); err != nil {
				return err
			}
		}
	}
	return nil
}

// missing reports whether a member says nothing.
func missing(raw json.RawMessage) bool {
	return slices.Contains([]string{"", "null", `""`}, string(bytes.TrimSpace(raw)))
}

func (k *kitCheck) font(at string, f KitFont) error {
	err := errors.Join(short(at+".fontFamilyId", f.FontFamilyID, maxKitText), short(at+".fontFamilyBrandKitGuid", f.FontFamilyBrandKitGUID, maxKitText),
		short(at+".fontConnectorId", valueOf(f.FontConnectorID), maxKitText))
	if err != nil {
		return err
	}
	if _, twice := k.fonts[f.FontFamilyBrandKitGUID]; twice {
		return invalid(at+".fontFamilyBrandKitGuid", "another font of the kit has this")
	}
	k.fonts[f.FontFamilyBrandKitGUID] = f
	if !own(f.FontConnectorID) {
		return nil
	}
	return k.exists(at+".fontFamilyId", "font", f.FontFamilyID)
}

// exists refuses a reference to what the environment does not have, unless the kit had
// it before.
func (k *kitCheck) exists(at, kind, to string) error {
	if k.known[kind+" "+to] {
		return nil
	}
	err := tepin.Errorf(tepin.NotFound, "")
	if id := strings.ToLower(to); tepin.IsID(id) {
		err = k.has(kind, id)
	}
	if tepin.KindOf(err) == tepin.NotFound {
		return invalid(at, "the environment has no such %s", kind)
	}
	return err
}

// collect notes the colours, which all have a guid of their own.
func (k *kitCheck) collect(at string, s KitStyles) error {
	seen := map[string]bool{} // a theme's colours have the guids of those they stand for
	for i, c := range s.Colors {
		where := fmt.Sprintf("%scolors[%d]", at, i)
		if seen[c.GUID] {
			return invalid(where+".guid", "another colour has this")
		}
		seen[c.GUID], k.colors[c.GUID] = true, true
	}
	return nil
}
