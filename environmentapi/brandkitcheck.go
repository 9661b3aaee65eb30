package environmentapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
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

// check checks what a kit and its themes have alike.
func (k *kitCheck) check(at string, s KitStyles) error {
	for name, n := range map[string]int{"colors": len(s.Colors), "characterStyles": len(s.CharacterStyles), "paragraphStyles": len(s.ParagraphStyles), "media": len(s.Media)} {
		if n > maxKitList {
			return invalid(at+name, "at most %d; these are %d", maxKitList, n)
		}
	}
	for i, c := range s.Colors {
		if err := checkColor(fmt.Sprintf("%scolors[%d]", at, i), c); err != nil {
			return err
		}
	}
	names := map[string]bool{}
	for i, style := range s.CharacterStyles {
		if err := k.style(fmt.Sprintf("%scharacterStyles[%d]", at, i), style, names); err != nil {
			return err
		}
	}
	names = map[string]bool{}
	for i, style := range s.ParagraphStyles {
		where := fmt.Sprintf("%sparagraphStyles[%d]", at, i)
		if err := k.style(where, style.KitCharacterStyle, names); err != nil {
			return err
		}
		if err := oneOf(where+".textAlign", style.TextAlign, "left", "center", "right", "justify"); err != nil {
			return err
		}
	}
	names = map[string]bool{}
	for i, m := range s.Media {
		if err := k.media(fmt.Sprintf("%smedia[%d]", at, i), m, names); err != nil {
			return err
		}
	}
	return nil
}

// named refuses an item without a name, or with another's.
func named(at, name string, names map[string]bool) error {
	if strings.TrimSpace(name) == "" {
		return invalid(at+".name", "this needs a name")
	}
	if names[name] {
		return invalid(at+".name", "another one has this name")
	}
	names[name] = true
	return short(at+".name", name, maxKitText)
}

func oneOf(at string, value *string, allowed ...string) error {
	if value == nil || slices.Contains(allowed, *value) {
		return nil
	}
	return invalid(at, "expected one of %s", strings.Join(allowed, ", "))
}

func (k *kitCheck) style(at string, s KitCharacterStyle, names map[string]bool) error {
	if err := named(at, s.Name, names); err != nil {
		return err
	}
	if err := oneOf(at+".typographicCase", s.TypographicCase, "normal", "lowercase", "uppercase"); err != nil {
		return err
	}
	if err := oneOf(at+".subSuperScript", s.SubSuperScript, "normal", "superscript", "subscript"); err != nil {
		return err
	}
	for member, n := range map[string]*float64{"fontSize": s.FontSize, "lineHeight": s.LineHeight, "textStrokeWidth": s.TextStrokeWidth} {
		if n != nil && (*n < 0 || *n > 1e6) {
			return invalid(at+"."+member, "expected a number from 0 to 1,000,000")
		}
	}
	for member, n := range map[string]*float64{"trackingLeft": s.TrackingLeft, "trackingRight": s.TrackingRight} {
		if n != nil && math.Abs(*n) > 1e6 {
			return invalid(at+"."+member, "expected a number from -1,000,000 to 1,000,000")
		}
	}
	for _, ref := range s.refs() {
		if err := short(at+"."+ref.member, ref.to, maxKitText); err != nil {
			return err
		}
		if k.known[ref.kind+" "+ref.to] {
			continue
		}
		if err := k.reference(at+"."+ref.member, ref, s); err != nil {
			return err
		}
	}
	return nil
}

func (k *kitCheck) reference(at string, ref kitRef, s KitCharacterStyle) error {
	switch ref.kind {
	case "colour":
		if !k.colors[ref.to] {
			return invalid(at, "no colour of the kit has this guid")
		}
	case "font of the kit":
		if _, ok := k.fonts[ref.to]; !ok {
			return invalid(at, "no font of the kit has this fontFamilyBrandKitGuid")
		}
	default:
		if s.BrandKitFontFamilyGUID == nil {
			return nil // of a font that the paragraph has
		}
		if f, ok := k.fonts[*s.BrandKitFontFamilyGUID]; !ok || !own(f.FontConnectorID) {
			return nil
		}
		return k.exists(at, ref.kind, ref.to)
	}
	return nil
}

func (k *kitCheck) media(at string, m KitMedia, names map[string]bool) error {
	if err := named(at, m.Name, names); err != nil {
		return err
	}
	err := errors.Join(short(at+".mediaId", m.MediaID, maxAssetID), short(at+".assetId", m.AssetID, maxAssetID),
		short(at+".mediaConnectorId", valueOf(m.MediaConnectorID), maxKitText), short(at+".remoteConnectorId", valueOf(m.RemoteConnectorID), maxKitText))
	if err == nil && m.id() == "" {
		err = invalid(at+".mediaId", "this needs the id of a picture")
	}
	if err != nil || !own(m.MediaConnectorID, m.RemoteConnectorID) {
		return err
	}
	return k.exists(at+".mediaId", "media", m.id())
}

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

var hexColor = regexp.MustCompile(`^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$`)

func checkColor(at string, c KitColor) error {
	for member, text := range map[string]string{"guid": c.GUID, "name": c.Name} {
		if err := short(at+"."+member, text, maxKitText); err != nil {
			return err
		}
	}
	if c.Name == "" {
		return invalid(at+".name", "a colour needs a name")
	}
	shown, spot := strings.CutPrefix(c.Type, "spot")
	if !spot {
		return checkColorValue(at+".value", c.Type, c.Value)
	}
	if text, isText := c.Value.(string); c.Value != nil && (!isText || short("", text, maxKitText) != nil) {
		return invalid(at+".value", "expected the name of the spot colour")
	}
	return checkColorValue(at+".displayValue", strings.ToLower(shown), c.DisplayValue)
}

// checkColorValue checks the value of a colour; null is none yet.
func checkColorValue(at, kind string, v any) error {
	parts, most := map[string][]string{"rgb": {"r", "g", "b"}, "cmyk": {"c", "m", "y", "k"}}[kind], 255.0
	if kind == "cmyk" {
		most = 100
	}
	switch {
	case kind != "rgb" && kind != "cmyk" && kind != "hex":
		return invalid(strings.TrimSuffix(strings.TrimSuffix(at, ".displayValue"), ".value")+".type", "expected one of rgb, cmyk, hex, spotRgb, spotCmyk, spotHex")
	case v == nil:
		return nil
	case kind == "hex":
		if text, ok := v.(string); !ok || !hexColor.MatchString(text) {
			return invalid(at, "expected a colour such as #d64541")
		}
		return nil
	}
	o, ok := v.(map[string]any)
	if !ok {
		return invalid(at, "expected an object with the numbers %s", strings.Join(parts, ", "))
	}
	for _, p := range parts {
		if n, ok := o[p].(float64); !ok || math.IsNaN(n) || n < 0 || n > most {
			return invalid(at+"."+p, "expected a number from 0 to %g", most)
		}
	}
	return nil
}
