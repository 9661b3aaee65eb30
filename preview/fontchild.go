package preview

import (
	"io"
	"math"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/raster"
	"github.com/tepin/tepin/render/text"
	"github.com/tepin/tepin/sample"
)

// fontOrder is the line that the child reads before the font.
type fontOrder struct {
	Line bool   `json:"line"`
	Side int    `json:"side"` // of the square, pixels
	Name string `json:"name"` // that the line shows, where the font can
}

// The line's picture: as wide as its text, within bounds.
const (
	lineHeight = 128
	lineInk    = 88   // what is drawn is at most so high
	lineSize   = 72   // pixels of an em, where that fits
	lineWidth  = 1600 // at most
	lineMargin = 24
)

// fontChild draws a font.
func fontChild(in io.Reader, out io.Writer) error {
	var o fontOrder
	body, err := readOrder(in, &o)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(body, tepin.MaxFont+1))
	if err != nil {
		return err
	}
	font, err := text.ParseFont(data)
	if err != nil {
		return err
	}
	words := o.Name
	if !o.Line || !shows(font, words) {
		words = specimen(font)
	}
	fonts := text.Fonts{ByKey: map[string]*text.Font{"font": font}}
	if words == "" { // it has no characters at all: its name, in another font
		words = o.Name
		for _, data := range sample.Fallback() {
			fallback, err := text.ParseFont(data)
			if err != nil {
				return err
			}
			fonts.Fallback = append(fonts.Fallback, fallback)
		}
	}
	list, err := drawWords(words, fonts, o)
	if err != nil {
		return err
	}
	img, err := raster.Draw(list, nil, raster.Options{Background: color.White})
	if err != nil {
		return err
	}
	return encodePNG(out, img)
}

// shows reports whether a font has every character of a text.
func shows(f *text.Font, words string) bool {
	for _, r := range words {
		if r != ' ' && !f.Has(r) {
			return false
		}
	}
	return words != ""
}

// specimens are letters that tell a font's character, script by script.
var specimens = []string{
	"Aa", "Αα", "Аа", "永あ", "永", "あア", "가나", "أبج", "אב", "अआ", "অআ", "ਅਆ", "અઆ", "அஆ", "అఆ", "ಅಆ", "അആ", "අආ",
	"กข", "ກຂ", "ကခ", "កខ", "აბ", "Աա", "አበ", "ཀཁ", "ᎠᎡ", "12",
}

// specimen returns two letters that a font has: of the first script that it writes, or
// whatever comes first; "" where it has no characters.
func specimen(f *text.Font) string {
	for _, s := range specimens {
		if shows(f, s) {
			return s
		}
	}
	var found []rune
	for r := rune(0x21); r <= 0xFFFF && len(found) < 2; r++ {
		if (r < 0x7F || r > 0xA0) && (r < 0xD800 || r > 0xDFFF) && f.Has(r) {
			found = append(found, r)
		}
	}
	return string(found)
}

// drawWords sets a text in one line and brings what is seen of it to its place.
func drawWords(words string, fonts text.Fonts, o fontOrder) (render.List, error) {
	const room = 20_000 // points: nothing is to break
	set, err := text.Layout(text.Frame{Paragraphs: []text.Paragraph{{Align: text.Left, Runs: []text.Run{{Text: words, Font: "font", Size: lineSize, Color: color.Black, NoBreak: true}}}}}, room, room, fonts)
	if err != nil {
		return render.List{}, err
	}
	ink, ops := bounds{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}, []render.Op(nil)
	for _, l := range set.Lines[:min(len(set.Lines), 1)] {
		for _, s := range l.Spans {
			ops = append(ops, render.Op{Glyphs: &render.GlyphsOp{Font: s.Font, Size: s.Size, Color: s.Color, Glyphs: s.Glyphs, Text: s.Text}})
			for _, g := range s.Glyphs {
				ink.glyph(s.Font, s.Size, g)
			}
		}
	}
	if !(ink.right > ink.left && ink.bottom > ink.top) { // nothing to be seen: an empty picture
		ink, ops = bounds{0, 0, 1, 1}, nil
	}
	list := render.List{Width: float64(o.Side), Height: float64(o.Side)}
	scale := 0.62 * float64(o.Side) / max(ink.right-ink.left, ink.bottom-ink.top)
	if o.Line {
		scale = min(1, lineInk/(ink.bottom-ink.top), (lineWidth-2*lineMargin)/(ink.right-ink.left))
		list.Width, list.Height = math.Ceil((ink.right-ink.left)*scale)+2*lineMargin, lineHeight
	}
	m := render.Translate(list.Width/2, list.Height/2).Mul(render.Scale(scale, scale)).Mul(render.Translate(-(ink.left+ink.right)/2, -(ink.top+ink.bottom)/2))
	list.Ops = append(list.Ops, render.Op{Push: &render.Push{Matrix: m, Opacity: 1}})
	list.Ops = append(append(list.Ops, ops...), render.Op{Pop: true})
	return list, nil
}

// bounds is what is inked of a text.
type bounds struct{ left, top, right, bottom float64 }

// glyph widens the bounds by a glyph's outline; the points of its curves lie beside
// the ink, if at all, but little.
func (b *bounds) glyph(f *text.Font, size float64, g text.Glyph) {
	unit := size / f.UnitsPerEm()
	for _, s := range f.Outline(g.ID) {
		for _, p := range s.ArgsSlice() {
			x, y := g.X+float64(p.X)*unit, g.Y-float64(p.Y)*unit
			if math.Abs(x) > 1e5 || math.Abs(y) > 1e5 {
				continue // a font that lies
			}
			b.left, b.right = min(b.left, x), max(b.right, x)
			b.top, b.bottom = min(b.top, y), max(b.bottom, y)
		}
	}
}
