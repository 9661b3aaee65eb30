package render_test

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/text"
)

func fonts(t testing.TB) text.Fonts {
	t.Helper()
	data, err := os.ReadFile("../sample/font/NotoSans-Regular.ttf")
	if err != nil {
		t.Fatal(err)
	}
	f, err := text.ParseFont(data)
	if err != nil {
		t.Fatal(err)
	}
	return text.Fonts{ByKey: map[string]*text.Font{"sans": f}, Fallback: []*text.Font{f}}
}

func page(frames ...render.Frame) render.Page {
	return render.Page{ID: "p", Width: 200, Height: 100, Frames: frames}
}

func textFrame(s string) render.Frame {
	return render.Frame{ID: "t", Width: 100, Height: 50, Opacity: 1, Text: &text.Frame{Paragraphs: []text.Paragraph{{
		Runs: []text.Run{{Text: s, Font: "sans", Size: 10, Color: color.Black}},
	}}}}
}

// bounds returns the least rectangle around a path's points.
func bounds(p render.Path) (x0, y0, x1, y1 float64) {
	x0, y0, x1, y1 = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, q := range p.Points {
		x0, y0, x1, y1 = min(x0, q.X), min(y0, q.Y), max(x1, q.X), max(y1, q.Y)
	}
	return x0, y0, x1, y1
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

func TestBackgroundReachesIntoTheBleed(t *testing.T) {
	p := page()
	p.Background, p.Bleed = &color.White, render.Edges{Top: 1, Right: 2, Bottom: 3, Left: 4}
	list, issues := render.Build(p, render.Assets{})
	if len(list.Ops) != 1 || len(issues) != 0 {
		t.Fatalf("%+v, %v", list.Ops, issues)
	}
	if x0, y0, x1, y1 := bounds(list.Ops[0].Path.Path); x0 != -4 || y0 != -1 || x1 != 202 || y1 != 103 {
		t.Errorf("background from %v,%v to %v,%v", x0, y0, x1, y1)
	}
}

func TestShapes(t *testing.T) {
	fill := color.FromRGB8(1, 2, 3)
	for _, tt := range []struct {
		name  string
		shape render.Shape
		verbs int
	}{
		{"rectangle", render.Shape{}, 5},
		{"rounded", render.Shape{Radii: [4]float64{5, 10, 0, 3}}, 10},
		{"radii larger than the sides", render.Shape{Radii: [4]float64{1000, 1000, 1000, 1000}}, 10},
		{"radii that are no numbers", render.Shape{Radii: [4]float64{math.NaN(), -4, math.Inf(-1), 0}}, 5},
		{"ellipse", render.Shape{Outline: render.Ellipse}, 10},
		{"triangle", render.Shape{Outline: render.Polygon, Sides: 3}, 4},
		{"too few sides", render.Shape{Outline: render.Polygon, Sides: -1}, 4},
		{"too many sides", render.Shape{Outline: render.Polygon, Sides: math.MaxInt}, render.MaxSides + 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.shape.Fill = &fill
			list, _ := render.Build(page(render.Frame{X: 10, Y: 20, Width: 60, Height: 40, Opacity: 1, Shape: &tt.shape}), render.Assets{})
			if len(list.Ops) != 3 || list.Ops[0].Push == nil || !list.Ops[2].Pop {
				t.Fatalf("%+v", list.Ops)
			}
			path := list.Ops[1].Path.Path
			if len(path.Verbs) != tt.verbs {
				t.Errorf("%d steps, want %d", len(path.Verbs), tt.verbs)
			}
			if x0, y0, x1, y1 := bounds(path); !near(x0, 0) || !near(y0, 0) || !near(x1, 60) || !near(y1, 40) {
				t.Errorf("from %v,%v to %v,%v", x0, y0, x1, y1)
			}
			if m := list.Ops[0].Push.Matrix; m != render.Translate(10, 20) {
				t.Errorf("matrix %+v", m)
			}
		})
	}
}

func TestRotationIsAboutTheCentre(t *testing.T) {
	fill := color.Black
	for _, degrees := range []float64{0, 90, 180, 270, 33, -400} {
		list, _ := render.Build(page(render.Frame{X: 10, Y: 20, Width: 60, Height: 40, Rotation: degrees, Opacity: 1, Shape: &render.Shape{Fill: &fill}}), render.Assets{})
		if c := list.Ops[0].Push.Matrix.Apply(render.Point{X: 30, Y: 20}); !near(c.X, 40) || !near(c.Y, 40) {
			t.Errorf("%v degrees: the centre went to %v", degrees, c)
		}
	}
	list, _ := render.Build(page(render.Frame{Width: 60, Height: 40, Rotation: 90, Opacity: 1, Shape: &render.Shape{Fill: &fill}}), render.Assets{})
	if c := list.Ops[0].Push.Matrix.Apply(render.Point{}); c != (render.Point{X: 50, Y: -10}) {
		t.Errorf("a quarter turn clockwise brings the corner to %v", c)
	}
}

func TestImagePlaces(t *testing.T) {
	assets := render.Assets{Images: map[string]render.ImageInfo{"wide": {Width: 400, Height: 100}}}
	for _, tt := range []struct {
		name  string
		image render.Image
		want  render.Matrix
	}{
		{"fill, centred", render.Image{AlignX: 0.5, AlignY: 0.5}, render.Matrix{A: 160, D: 40, E: -50}},
		{"fill, left", render.Image{}, render.Matrix{A: 160, D: 40}},
		{"fill, right", render.Image{AlignX: 1}, render.Matrix{A: 160, D: 40, E: -100}},
		{"fit, centred", render.Image{Fit: render.FitFit, AlignX: 0.5, AlignY: 0.5}, render.Matrix{A: 60, D: 15, F: 12.5}},
		{"fit, at the bottom", render.Image{Fit: render.FitFit, AlignY: 1}, render.Matrix{A: 60, D: 15, F: 25}},
		{"crop", render.Image{Fit: render.FitCrop, Crop: render.Crop{X: -10, Y: 5, Width: 80, Height: 20}}, render.Matrix{A: 80, D: 20, E: -10, F: 5}},
		{"crop, turned", render.Image{Fit: render.FitCrop, Crop: render.Crop{Width: 80, Height: 20, Rotation: 180}}, render.Matrix{A: -80, D: -20, E: 80, F: 20}},
		{"crop without a size fills", render.Image{Fit: render.FitCrop}, render.Matrix{A: 160, D: 40}},
		{"odd alignment", render.Image{AlignX: math.NaN(), AlignY: 7}, render.Matrix{A: 160, D: 40}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.image.Key = "wide"
			list, issues := render.Build(page(render.Frame{Width: 60, Height: 40, Opacity: 1, Image: &tt.image}), assets)
			if len(issues) > 0 || len(list.Ops) != 5 || list.Ops[1].Push.Clip == nil {
				t.Fatalf("%+v, %v", list.Ops, issues)
			}
			if got := list.Ops[2].Image.Matrix; got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestImageIssues(t *testing.T) {
	border := color.Black
	empty := render.Frame{ID: "e", Width: 60, Height: 40, Opacity: 1, Image: &render.Image{Shape: render.Shape{Stroke: &border, StrokeWidth: 1}}}
	lost := empty
	lost.ID, lost.Image = "l", &render.Image{Key: "lost"}
	list, issues := render.Build(page(empty, lost), render.Assets{})
	if len(list.Ops) != 3 || list.Ops[1].Path.Width != 1 {
		t.Errorf("an empty frame draws its border alone: %+v", list.Ops)
	}
	if len(issues) != 1 || issues[0].Type != "ImageLoadFailed" || issues[0].FrameID != "l" || !strings.Contains(issues[0].Details, "lost") {
		t.Errorf("%+v", issues)
	}
}

func TestText(t *testing.T) {
	f := textFrame("some text")
	yellow := color.FromRGB8(255, 255, 0)
	run := &f.Text.Paragraphs[0].Runs[0]
	run.Underline, run.LineThrough, run.Background = true, true, &yellow
	f.Text.Clip = true
	list, issues := render.Build(page(f), render.Assets{Fonts: fonts(t)})
	var order []string
	for _, op := range list.Ops {
		switch {
		case op.Push != nil && op.Push.Clip != nil:
			order = append(order, "clip")
		case op.Path != nil && op.Path.Color == yellow:
			order = append(order, "background")
		case op.Path != nil:
			order = append(order, "bar")
		case op.Glyphs != nil:
			order = append(order, op.Glyphs.Text)
		}
	}
	if got := strings.Join(order, ","); got != "clip,background,bar,some text,bar" || len(issues) != 0 {
		t.Errorf("drawn: %s; issues %v", got, issues)
	}
}

func TestTextIssues(t *testing.T) {
	long := textFrame(strings.Repeat("word ", 500))
	odd := textFrame("\U0001F600")
	odd.Text.Paragraphs[0].Runs[0].Font = "nowhere"
	endless := textFrame(strings.Repeat("x", text.MaxCharacters+1))
	_, issues := render.Build(page(long, odd, endless), render.Assets{Fonts: fonts(t)})
	var kinds []string
	for _, i := range issues {
		kinds = append(kinds, i.Type)
	}
	if got := strings.Join(kinds, " "); got != "TextOverflow FontLoadFailed MissingCharacter TextOverflow" {
		t.Errorf("%v", issues)
	}
	many := make([]render.Frame, 10)
	for i := range many {
		many[i] = textFrame(strings.Repeat("x", render.MaxPageCharacters/8))
	}
	_, issues = render.Build(page(many...), render.Assets{Fonts: fonts(t)})
	if last := issues[len(issues)-1]; !strings.Contains(last.Details, "the page has more than") {
		t.Errorf("a page full of text: %+v", last)
	}
}

func TestUnseenFramesDrawNothing(t *testing.T) {
	shape := &render.Shape{Fill: &color.Black}
	for _, f := range []render.Frame{
		{Width: 10, Height: 10, Shape: shape},
		{Width: 10, Height: 10, Opacity: math.NaN(), Shape: shape},
		{Width: -10, Height: 10, Opacity: 1, Shape: shape},
		{Width: math.Inf(1), Height: 10, Opacity: 1, Shape: shape},
		{X: math.NaN(), Width: 10, Height: 10, Opacity: 1, Shape: shape},
		{Width: 10, Height: 10, Rotation: math.Inf(-1), Opacity: 1, Shape: shape},
		{Width: 10, Height: 10, Opacity: 1, Shape: &render.Shape{Fill: &color.Color{}}},
		{Width: 10, Height: 10, Opacity: 1},
	} {
		if list, _ := render.Build(page(f), render.Assets{}); len(list.Ops) != 0 {
			t.Errorf("%+v draws %+v", f, list.Ops)
		}
	}
}

func TestTooManyFrames(t *testing.T) {
	many := make([]render.Frame, render.MaxFrames+5)
	for i := range many {
		many[i] = render.Frame{Width: 1, Height: 1, Opacity: 1, Shape: &render.Shape{Fill: &color.Black}}
	}
	list, issues := render.Build(page(many...), render.Assets{})
	if len(list.Ops) != 3*render.MaxFrames || len(issues) != 1 {
		t.Errorf("%d operations, %d issues", len(list.Ops), len(issues))
	}
}

func TestWatermark(t *testing.T) {
	for _, size := range [][2]float64{{595, 842}, {842, 595}, {10, 10}, {5000, 20}, {0.1, 0.1}, {100_000, 90_000}, {3e6, 3e6}} {
		l := render.List{Width: size[0], Height: size[1]}
		render.Watermark(&l, "SANDBOX", fonts(t))
		if len(l.Ops) != 3 || l.Ops[0].Push.Opacity >= 1 || l.Ops[1].Glyphs.Text != "SANDBOX" {
			t.Fatalf("%v: %+v", size, l.Ops)
		}
		first, last := l.Ops[1].Glyphs.Glyphs[0], l.Ops[1].Glyphs.Glyphs[6]
		a := l.Ops[0].Push.Matrix.Apply(render.Point{X: first.X, Y: first.Y})
		b := l.Ops[0].Push.Matrix.Apply(render.Point{X: last.X + last.Advance, Y: last.Y})
		if !(a.X < size[0]/2 && b.X > size[0]/2 && a.Y > b.Y) {
			t.Errorf("%v: from %v to %v", size, a, b)
		}
		if share := math.Hypot(b.X-a.X, b.Y-a.Y) / math.Hypot(size[0], size[1]); size[0]/size[1] > 0.4 && size[0]/size[1] < 2.5 && share < 0.6 {
			t.Errorf("%v: the mark has only %.2f of the diagonal", size, share)
		}
	}
	l := render.List{Width: 100, Height: 100}
	render.Watermark(&l, "SANDBOX", text.Fonts{})
	render.Watermark(&l, "", fonts(t))
	if len(l.Ops) != 0 {
		t.Errorf("%+v", l.Ops)
	}
}

func TestMatrix(t *testing.T) {
	m := render.Translate(3, 4).Mul(render.Rotate(30)).Mul(render.Scale(2, 5))
	back, ok := m.Inverse()
	p := back.Apply(m.Apply(render.Point{X: 7, Y: 9}))
	if !ok || !near(p.X, 7) || !near(p.Y, 9) {
		t.Errorf("there and back: %v", p)
	}
	if _, ok := render.Scale(0, 1).Inverse(); ok {
		t.Error("a flat map has no inverse")
	}
}
