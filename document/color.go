package document

import (
	"math"
	"strconv"
	"strings"

	"github.com/tepin/tepin/render/color"
)

// usage is a colour where it is used: its own, or one of the brand kit's.
type usage struct {
	local   *color.Color
	kitID   string // of a brand kit colour; empty = local
	opacity float64
	applied bool
}

func (v value) usage() *usage {
	if !v.present() {
		return nil
	}
	u := &usage{opacity: fraction(v.get("opacity").number(1)), applied: v.get("isApplied").bool(true)}
	switch kind := v.get("type", "usageType").string(); strings.ToLower(kind) {
	case "brandkit", "stylekit":
		u.kitID = v.needID("id")
	default:
		u.local = v.get("color").color()
	}
	return u
}

// fraction reads an opacity, which some documents state in percent.
func fraction(f float64) float64 {
	if f > 1 {
		f /= 100
	}
	return clamp(f)
}

func clamp(f float64) float64 { return min(max(f, 0), 1) }

// color reads a colour in one of its spaces; nil when it is absent.
func (v value) color() *color.Color {
	if !v.present() {
		return nil
	}
	n := func(name string, scale float64) float64 { return clamp(v.get(name).number(0) / scale) }
	switch kind := v.get("type", "colorType").string(); strings.ToLower(kind) {
	case "rgb":
		return &color.Color{Space: color.RGB, V: [4]float64{n("r", 255), n("g", 255), n("b", 255)}, Alpha: 1}
	case "hex":
		return v.get("value").hexColor()
	case "cmyk":
		return &color.Color{Space: color.CMYK, V: [4]float64{n("c", 1), n("m", 1), n("y", 1), n("k", 1)}, Alpha: 1}
	case "gray", "grey":
		scale := 1.0
		if v.get("g").number(0) > 1 {
			scale = 255
		}
		return &color.Color{Space: color.Gray, V: [4]float64{n("g", scale)}, Alpha: 1}
	case "hsl":
		return v.hsl()
	case "spot", "spotcmyk":
		return v.spot([4]float64{n("c", 1), n("m", 1), n("y", 1), n("k", 1)})
	case "spotrgb":
		return v.spot(inks([4]float64{n("r", 255), n("g", 255), n("b", 255)}))
	case "spothex":
		return v.spot(inks(v.get("value").hexColor().V))
	default:
		v.failf("expected a colour of type rgb, hex, cmyk, gray, hsl or spot, found %q", kind)
		return nil
	}
}

func (v value) spot(alike [4]float64) *color.Color {
	name := v.get("spotName", "name").string()
	if name == "" {
		v.failf("a spot colour needs a spotName")
	}
	return &color.Color{Space: color.Spot, V: alike, Name: name, Alpha: 1}
}

// inks is the plain conversion of red, green and blue to CMYK, for the look-alike of
// a spot colour.
func inks(rgb [4]float64) [4]float64 {
	k := 1 - max(rgb[0], rgb[1], rgb[2])
	if k >= 1 {
		return [4]float64{0, 0, 0, 1}
	}
	return [4]float64{(1 - rgb[0] - k) / (1 - k), (1 - rgb[1] - k) / (1 - k), (1 - rgb[2] - k) / (1 - k), k}
}

// hexColor reads #rgb, #rrggbb or #rrggbbaa, the number sign being optional. A text
// that is none of them is an error and black.
func (v value) hexColor() *color.Color {
	text := v.string()
	digits := strings.TrimPrefix(text, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	if len(digits) == 6 {
		digits += "ff"
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || len(digits) != 8 {
		if v.present() {
			v.failf("expected a colour such as \"#1b2a41\", found %q", text)
		}
		return &color.Color{Space: color.RGB, Alpha: 1}
	}
	c := color.FromRGB8(float64(n>>24), float64(n>>16&255), float64(n>>8&255))
	c.Alpha = float64(n&255) / 255
	return &c
}

// hsl reads hue in degrees, saturation and lightness as fractions or percent.
func (v value) hsl() *color.Color {
	h := math.Mod(v.get("h").number(0), 360)
	if h < 0 {
		h += 360
	}
	s, l := fraction(v.get("s").number(0)), fraction(v.get("l").number(0))
	channel := func(n float64) float64 {
		k := math.Mod(n+h/30, 12)
		return l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))
	}
	return &color.Color{Space: color.RGB, V: [4]float64{channel(0), channel(8), channel(4)}, Alpha: 1}
}

// ink is the colour that a usage comes to; nil when there is none or it is not
// applied. An unknown brand kit colour is black, as the format's default is.
func (k *kit) ink(u *usage) *color.Color {
	if u == nil || !u.applied {
		return nil
	}
	c := color.Black
	if u.kitID != "" {
		if found, ok := k.colors[u.kitID]; ok {
			c = found
		}
	} else if u.local != nil {
		c = *u.local
	}
	c.Alpha *= u.opacity
	return &c
}
