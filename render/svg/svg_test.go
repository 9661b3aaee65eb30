package svg_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/svg"
	"github.com/tepin/tepin/render/text"
	"github.com/tepin/tepin/sample"
)

// What a document says stays text, and the whole is well-formed.
func TestNothingBecomesMarkup(t *testing.T) {
	font, err := text.ParseFont(sample.Fallback()[0])
	if err != nil {
		t.Fatal(err)
	}
	evil := "\"><script>alert(1)</script>\x00\xff"
	clip := render.Path{Verbs: []render.Verb{render.MoveTo, render.LineTo, render.Close}, Points: []render.Point{{X: 1}, {Y: math.NaN()}}}
	l := render.List{Width: 10, Height: 10, Ops: []render.Op{
		{Push: &render.Push{Frame: evil, Matrix: render.Translate(1, 2), Opacity: 0.5, Clip: &clip}},
		{Glyphs: &render.GlyphsOp{Font: font, Size: 10, Color: color.Black, Glyphs: []text.Glyph{{ID: 40}}, Text: evil}},
		{Image: &render.ImageOp{Key: evil, Matrix: render.Scale(math.Inf(1), 1)}},
		{Path: &render.PathOp{Path: clip, Color: color.Black, Width: 2}},
		{Pop: true}, {Pop: true},
		{Push: &render.Push{Matrix: render.Identity, Opacity: 1}}, // never ended
	}}
	var b bytes.Buffer
	svg.Write(&b, l, svg.Options{ID: "a", Picture: func(string) string { return "images/1.png" }, Class: func(string) string { return "m1" }})
	if strings.Contains(b.String(), "<script") || strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
		t.Errorf("%s", b.Bytes())
	}
	names := map[string]int{}
	for d := xml.NewDecoder(&b); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			names[start.Name.Local]++
		}
	}
	if names["path"] != 3 || names["image"] != 1 || names["clipPath"] != 1 || names["svg"] != 1 {
		t.Errorf("%v", names)
	}
}
