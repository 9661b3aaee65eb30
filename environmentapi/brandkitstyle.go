package environmentapi

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

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
