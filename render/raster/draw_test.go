package raster_test

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	ink "github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/raster"
	"github.com/tepin/tepin/render/text"
)

// path makes a closed polygon.
func path(points ...float64) render.Path {
	var p render.Path
	for i := 0; i < len(points); i += 2 {
		v := render.LineTo
		if i == 0 {
			v = render.MoveTo
		}
		p.Verbs = append(p.Verbs, v)
		p.Points = append(p.Points, render.Point{X: points[i], Y: points[i+1]})
	}
	p.Verbs = append(p.Verbs, render.Close)
	return p
}

func rect(x0, y0, x1, y1 float64) render.Path { return path(x0, y0, x1, y0, x1, y1, x0, y1) }

func fill(p render.Path, c ink.Color) render.Op {
	return render.Op{Path: &render.PathOp{Path: p, Color: c}}
}

func paint(t *testing.T, size float64, ops ...render.Op) *image.RGBA {
	t.Helper()
	img, err := raster.Draw(render.List{Width: size, Height: size, Ops: ops}, nil, raster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// covered sums the alpha of a picture, in pixels.
func covered(img *image.RGBA) float64 {
	sum := 0
	for i := 3; i < len(img.Pix); i += 4 {
		sum += int(img.Pix[i])
	}
	return float64(sum) / 255
}

func TestCoverage(t *testing.T) {
	for _, tt := range []struct {
		name string
		op   render.Op
		want float64
	}{
		{"whole pixels", fill(rect(2, 3, 12, 8), ink.Black), 50},
		{"parts of pixels", fill(rect(2.25, 3.5, 12.75, 8), ink.Black), 10.5 * 4.5},
		{"within one pixel", fill(rect(2.25, 3.25, 2.75, 3.75), ink.Black), 0.25},
		{"triangle", fill(path(0, 0, 10, 0, 0, 10), ink.Black), 50},
		{"beyond the page", fill(rect(-1e9, -1e9, 1e9, 10), ink.Black), 200},
		{"triangle beyond the page", fill(path(-1000, -1000, 1000, -1000, -1000, 1000), ink.Black), 0},
		{"half of a diagonal", fill(path(-100, -100, 120, -100, -100, 120), ink.Black), 200},
		{"two overlapping, one way", fill(join(rect(0, 0, 10, 10), rect(5, 0, 15, 10)), ink.Black), 150},
		{"a hole", fill(join(rect(0, 0, 10, 10), path(2, 2, 2, 8, 8, 8, 8, 2)), ink.Black), 64},
		{"frame", render.Op{Path: &render.PathOp{Path: rect(5, 5, 15, 15), Color: ink.Black, Width: 2}}, 12*12 - 8*8},
		{"open line", render.Op{Path: &render.PathOp{Path: line(5, 5, 15, 5), Color: ink.Black, Width: 2}}, 20},
		{"corner with a mitre", render.Op{Path: &render.PathOp{Path: line(5, 15, 5, 5, 15, 5), Color: ink.Black, Width: 2}}, 20 + 20 + 1 - 1},
		{"line of no length", render.Op{Path: &render.PathOp{Path: line(5, 5, 5, 5), Color: ink.Black, Width: 2}}, 0},
		{"no path", fill(render.Path{}, ink.Black), 0},
		{"not a number", fill(rect(math.NaN(), 0, 10, 10), ink.Black), 0},
		{"steps without points", fill(render.Path{Verbs: []render.Verb{render.CubeTo, render.Close, render.LineTo}}, ink.Black), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := covered(paint(t, 20, tt.op)); math.Abs(got-tt.want) > 0.6 {
				t.Errorf("covers %v pixels, want %v", got, tt.want)
			}
		})
	}
}

func join(a, b render.Path) render.Path {
	return render.Path{Verbs: append(a.Verbs, b.Verbs...), Points: append(a.Points, b.Points...)}
}

func line(points ...float64) render.Path {
	p := path(points...)
	p.Verbs = p.Verbs[:len(p.Verbs)-1]
	return p
}

func TestCircleArea(t *testing.T) {
	shape := render.Shape{Outline: render.Ellipse, Fill: &ink.Black}
	list, _ := render.Build(render.Page{Width: 100, Height: 100, Frames: []render.Frame{{X: 10.3, Y: 9.7, Width: 80, Height: 80, Opacity: 1, Shape: &shape}}}, render.Assets{})
	img, err := raster.Draw(list, nil, raster.Options{Scale: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := covered(img), math.Pi*80*80; math.Abs(got-want) > want/1000 {
		t.Errorf("a circle covers %v pixels, want %v", got, want)
	}
}

func TestOpacityGroups(t *testing.T) {
	group := func(opacity float64, ops ...render.Op) []render.Op {
		return append(append([]render.Op{{Push: &render.Push{Matrix: render.Identity, Opacity: opacity}}}, ops...), render.Op{Pop: true})
	}
	two := []render.Op{fill(rect(0, 0, 10, 10), ink.Black), fill(rect(5, 0, 15, 10), ink.Black)}
	for _, tt := range []struct {
		name string
		ops  []render.Op
		at   image.Point
		want uint8
	}{
		{"overlap of a group", group(0.5, two...), image.Pt(7, 5), 128},
		{"overlap without a group", append(group(0.5, two[0]), group(0.5, two[1])...), image.Pt(7, 5), 192},
		{"one path", group(0.25, two[0]), image.Pt(2, 2), 64},
		{"within a group", group(0.5, group(0.5, two...)...), image.Pt(7, 5), 64},
		{"opaque", group(1, two...), image.Pt(7, 5), 255},
		{"invisible", group(0, two...), image.Pt(7, 5), 0},
		{"never ended", group(0.5, two...)[:3], image.Pt(7, 5), 128},
		{"ended twice", append(group(0.5, two...), render.Op{Pop: true}), image.Pt(7, 5), 128},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := paint(t, 20, tt.ops...).RGBAAt(tt.at.X, tt.at.Y).A; absDiff(got, tt.want) > 1 {
				t.Errorf("alpha %d, want %d", got, tt.want)
			}
		})
	}
}

func absDiff(a, b uint8) int {
	if a > b {
		return int(a - b)
	}
	return int(b - a)
}

func TestClips(t *testing.T) {
	all := fill(rect(-50, -50, 50, 50), ink.Black)
	clip := func(opacity float64, p render.Path, ops ...render.Op) []render.Op {
		return append(append([]render.Op{{Push: &render.Push{Matrix: render.Identity, Clip: &p, Opacity: opacity}}}, ops...), render.Op{Pop: true})
	}
	triangle := path(0, 0, 20, 0, 0, 20)
	for _, tt := range []struct {
		name string
		ops  []render.Op
		want float64
	}{
		{"rectangle", clip(1, rect(2, 2, 12, 7), all), 50},
		{"parts of pixels", clip(1, rect(2.5, 2.5, 12, 7.5), all), 9.5 * 5},
		{"triangle", clip(1, triangle, all), 200},
		{"one in another", clip(1, triangle, clip(1, rect(0, 0, 20, 10), all)...), 150},
		{"triangle in rectangle", clip(1, rect(0, 0, 20, 10), clip(1, triangle, all)...), 150},
		{"group", clip(0.5, triangle, all, all), 100},
		{"nothing left", clip(1, rect(0, 0, 5, 5), clip(1, rect(6, 6, 9, 9), all)...), 0},
		{"ends", append(clip(1, rect(0, 0, 5, 5)), all), 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := covered(paint(t, 20, tt.ops...)); math.Abs(got-tt.want) > 1 {
				t.Errorf("covers %v pixels, want %v", got, tt.want)
			}
		})
	}
}

func TestColoursArrive(t *testing.T) {
	half := ink.FromRGB8(200, 100, 50)
	half.Alpha = 0.5
	img := paint(t, 20, fill(rect(0, 0, 20, 20), ink.White), fill(rect(0, 0, 10, 20), half))
	if got := img.RGBAAt(5, 5); absDiff(got.R, 228) > 1 || absDiff(got.G, 178) > 1 || absDiff(got.B, 153) > 1 || got.A != 255 {
		t.Errorf("half of it over white is %v", got)
	}
	img, err := raster.Draw(render.List{Width: 5, Height: 5}, nil, raster.Options{Background: ink.FromRGB8(1, 2, 3)})
	if err != nil || img.RGBAAt(4, 4) != (color.RGBA{1, 2, 3, 255}) {
		t.Errorf("background %v, %v", img.RGBAAt(4, 4), err)
	}
}

func TestBleedAndSize(t *testing.T) {
	l := render.List{Width: 100, Height: 50, Bleed: render.Edges{Top: 1, Right: 2, Bottom: 3, Left: 4}, Ops: []render.Op{fill(rect(0, 0, 10, 10), ink.Black)}}
	img, err := raster.Draw(l, nil, raster.Options{Scale: 2, Bleed: true})
	if err != nil || img.Rect != image.Rect(0, 0, 212, 108) || img.RGBAAt(8, 2).A != 255 || img.RGBAAt(7, 2).A != 0 {
		t.Errorf("%v, %v", img.Rect, err)
	}
	for _, tt := range []struct {
		width, height, scale float64
		kind                 tepin.Kind
	}{
		{33_000, 1, 1, tepin.TooLarge},
		{20_000, 20_000, 1, tepin.TooLarge},
		{100, 100, 1e9, tepin.TooLarge},
		{math.NaN(), 100, 1, tepin.Invalid},
		{-5, 100, 1, tepin.Invalid},
		{100, 100, -1, tepin.Invalid},
		{100, 100, math.NaN(), tepin.Invalid},
		{math.Inf(1), 100, 1, tepin.TooLarge},
	} {
		_, err := raster.Draw(render.List{Width: tt.width, Height: tt.height}, nil, raster.Options{Scale: tt.scale})
		if tepin.KindOf(err) != tt.kind {
			t.Errorf("%v × %v at %v: %v", tt.width, tt.height, tt.scale, err)
		}
	}
	if w, h, err := raster.Size(render.List{}, raster.Options{}); w != 1 || h != 1 || err != nil {
		t.Errorf("an empty page has %d × %d pixels, %v", w, h, err)
	}
}

// Odd matrices and numbers neither panic nor hang, in every operation.
func TestOddNumbers(t *testing.T) {
	f := fonts(t)
	images := map[string]image.Image{"p": photo(40, 30)}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e300, 1e-300, 0, 1e7, -1} {
		for _, m := range []render.Matrix{{A: v, D: v}, {A: 1, D: 1, E: v, F: v}, {A: v, B: v, C: v, D: v, E: v, F: v}, {A: 1, B: v, D: 1}} {
			clip := path(0, 0, v, 5, 20, v)
			ops := []render.Op{
				{Push: &render.Push{Matrix: m, Clip: &clip, Opacity: 0.5}},
				fill(rect(0, v, 10, 10), ink.Black),
				{Path: &render.PathOp{Path: path(0, 0, 10, v, v, 10), Color: ink.Black, Width: v}},
				{Path: &render.PathOp{Path: path(0, 0, 10, 3, 3, 10), Color: ink.Color{Alpha: v, V: [4]float64{v}}, Width: 3}},
				{Image: &render.ImageOp{Key: "p", Matrix: render.Matrix{A: v, B: 1, C: v, D: 10, E: v}}},
				{Image: &render.ImageOp{Key: "p", Matrix: render.Matrix{A: v, D: v}}},
				{Image: &render.ImageOp{Key: "absent", Matrix: render.Identity}},
				{Glyphs: &render.GlyphsOp{Font: f.Fallback[0], Size: v, Color: ink.Black, Glyphs: []text.Glyph{{ID: 40, X: v, Y: 5}}}},
				{Glyphs: &render.GlyphsOp{Font: f.Fallback[0], Size: 10, Color: ink.Black, Glyphs: []text.Glyph{{ID: 40, X: v, Y: v}, {ID: 1 << 30}}}},
				{Pop: true},
			}
			draw := func(ops ...render.Op) {
				if _, err := raster.Draw(render.List{Width: 20, Height: 20, Ops: ops}, images, raster.Options{}); err != nil {
					t.Fatal(err)
				}
			}
			draw(ops...)
			draw(ops[1 : len(ops)-1]...)
		}
	}
}

// Small and large glyphs, cached and drawn as paths, are the same letters.
func TestGlyphSizes(t *testing.T) {
	f := fonts(t)
	area := func(size float64) float64 {
		set, err := text.Layout(text.Frame{Paragraphs: []text.Paragraph{{Runs: []text.Run{{Text: "Rag", Font: "regular", Size: size, Color: ink.Black}}}}}, 1000, 1000, f)
		if err != nil {
			t.Fatal(err)
		}
		s := set.Lines[0].Spans[0]
		op := render.Op{Glyphs: &render.GlyphsOp{Font: s.Font, Size: s.Size, Color: s.Color, Glyphs: s.Glyphs, Text: s.Text}}
		return covered(paint(t, 600, op)) / size / size
	}
	want := area(95) // the largest that is cached
	for _, size := range []float64{12, 40, 110, 250} {
		if got := area(size); math.Abs(got-want) > want/25 {
			t.Errorf("at %v points letters cover %v em², want %v", size, got, want)
		}
	}
}

// A cache changes nothing, and drawing twice gives the same bytes.
func TestCacheChangesNothing(t *testing.T) {
	images, infos := testImages()
	list, _ := render.Build(testPage(), render.Assets{Fonts: fonts(t), Images: infos})
	o := raster.Options{Scale: 0.7}
	plain, err := raster.Draw(list, images, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Cache = &raster.Cache{}
	for range 2 {
		got, err := raster.Draw(list, images, o)
		if err != nil {
			t.Fatal(err)
		}
		if string(got.Pix) != string(plain.Pix) {
			t.Error("a cached drawing differs")
		}
	}
}
