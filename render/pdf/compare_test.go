package pdf_test

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/pdf"
	"github.com/tepin/tepin/render/raster"
	"github.com/tepin/tepin/render/text"
)

// scene is a page with something of everything.
func scene(t testing.TB) (render.List, map[string]image.Image) {
	t.Helper()
	fonts := text.Fonts{
		ByKey:    map[string]*text.Font{"display": loadFont(t, "NotoSerifDisplay-Italic.ttf"), "body": loadFont(t, "Manrope-Regular.ttf")},
		Fallback: []*text.Font{loadFont(t, latin), loadFont(t, arabic), loadFont(t, devanagari)},
	}
	rgb := func(r, g, b float64) *color.Color {
		k := color.FromRGB8(r, g, b)
		return &k
	}
	run := func(font string, size float64, s string, k *color.Color) text.Run {
		return text.Run{Font: font, Size: size, Text: s, Color: *k}
	}
	paragraph := func(align text.Align, runs ...text.Run) text.Paragraph {
		return text.Paragraph{Align: align, LineHeight: 1.35, Runs: runs}
	}
	ink := rgb(30, 30, 60)
	long := "Every frame of a template is drawn twice from one list: as pixels for the screen and as paths for the press. " +
		"Οι γραμμές και τα σχήματα μένουν ίδια. Линии и формы остаются теми же. Žluťoučký kůň, façade, naïve, Ångström. "
	p := render.Page{
		Width: 420, Height: 560, Background: rgb(250, 247, 240),
		Bleed: render.Edges{Top: 9, Right: 9, Bottom: 9, Left: 9},
		Frames: []render.Frame{
			{ID: "band", X: -9, Y: -9, Width: 438, Height: 190, Opacity: 1, Shape: &render.Shape{Fill: rgb(24, 60, 92)}},
			{ID: "photo", X: 220, Y: 40, Width: 160, Height: 160, Rotation: 6, Opacity: 1, Image: &render.Image{Key: "photo", Fit: render.FitFill, AlignX: 0.5, AlignY: 0.5,
				Shape: render.Shape{Radii: [4]float64{24, 24, 24, 24}, Stroke: rgb(255, 255, 255), StrokeWidth: 4}}},
			{ID: "title", X: 30, Y: 40, Width: 180, Height: 130, Opacity: 1, Text: &text.Frame{Columns: 1, Paragraphs: []text.Paragraph{
				paragraph(text.Left, run("display", 30, "Printed as it was seen", rgb(255, 255, 255)))}}},
			{ID: "body", X: 30, Y: 225, Width: 360, Height: 150, Opacity: 1, Text: &text.Frame{Columns: 2, ColumnGap: 18, Paragraphs: []text.Paragraph{
				paragraph(text.Justify, run("body", 9, long+long, ink))}}},
			{ID: "scripts", X: 30, Y: 390, Width: 360, Height: 70, Opacity: 1, Text: &text.Frame{Columns: 1, Paragraphs: []text.Paragraph{
				paragraph(text.Right, run("body", 18, "مرحبا بالعالم 2026", ink)), paragraph(text.Left, run("body", 18, "नमस्ते दुनिया, हिन्दी", ink))}}},
			{ID: "disc", X: 60, Y: 470, Width: 70, Height: 70, Opacity: 0.6, Shape: &render.Shape{Outline: render.Ellipse, Fill: rgb(220, 60, 40), Stroke: rgb(24, 60, 92), StrokeWidth: 6}},
			{ID: "hexagon", X: 110, Y: 470, Width: 70, Height: 70, Rotation: 15, Opacity: 0.5, Shape: &render.Shape{Outline: render.Polygon, Sides: 6, Fill: rgb(40, 160, 120)}},
			{ID: "logo", X: 250, Y: 470, Width: 120, Height: 70, Opacity: 0.8, Image: &render.Image{Key: "logo", Fit: render.FitFit, AlignX: 0.5, AlignY: 0.5}},
		},
	}
	images := map[string]image.Image{"photo": photograph(400, 300), "logo": logo()}
	assets := render.Assets{Fonts: fonts, Images: map[string]render.ImageInfo{"photo": {Width: 400, Height: 300}, "logo": {Width: 90, Height: 60}}}
	list, issues := render.Build(p, assets)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	render.Watermark(&list, "SAMPLE", fonts)
	return list, images
}

// logo is a disc with soft edges.
func logo() image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, 90, 60))
	for y := range 60 {
		for x := range 90 {
			d := (x-45)*(x-45)/2 + (y-30)*(y-30)
			img.Pix[img.PixOffset(x, y)] = uint8(2 * x)
			img.Pix[img.PixOffset(x, y)+2] = 200
			img.Pix[img.PixOffset(x, y)+3] = uint8(min(255, max(0, (800-d)/2)))
		}
	}
	return img
}

func pictures(t testing.TB, images map[string]image.Image) map[string]pdf.Image {
	out := map[string]pdf.Image{"logo": decoded(images["logo"])}
	out["photo"] = pdf.Image{Data: encodeJPEG(t, images["photo"]), Width: 400, Height: 300}
	return out
}

// The file looks as the pixels that are made of the same list.
func TestLooksAsTheRaster(t *testing.T) {
	list, images := scene(t)
	name := written(t, pdf.Options{Title: "Scene", Bleed: true, Images: pictures(t, images)}, list)
	const finer = 4 // pdftoppm puts glyphs at whole pixels
	got := reduced(pixels(t, name, finer*144), finer)
	want, err := raster.Draw(list, images, raster.Options{Scale: 2, Bleed: true, Background: color.White})
	if err != nil {
		t.Fatal(err)
	}
	if got.Rect != want.Rect {
		t.Fatalf("the page has %v pixels, want %v", got.Rect, want.Rect)
	}
	if mean, far := difference(got, want); mean > 1.6 || far > 0.006 {
		t.Errorf("mean difference %.3f of 255, %.3f %% of the pixels far off", mean, far*100)
	}
}

// A font with PostScript outlines looks as its pixels too. The font is the Go
// project's own test font.
func TestPostScriptOutlines(t *testing.T) {
	module := tool(t, "go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/image")
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(module), "font", "testdata", "CFFTest.otf"))
	if err != nil {
		t.Fatal(err)
	}
	f := parseFont(t, data)
	if !f.IsCFF() {
		t.Fatal("the font has no PostScript outlines")
	}
	list := page(shape(t, f, "01Q", 90, 20, 120))
	name := written(t, pdf.Options{}, list)
	if fonts := tool(t, "pdffonts", name); !strings.Contains(fonts, "CID Type 0C") {
		t.Error(fonts)
	}
	if got := tool(t, "pdftotext", name, "-"); strings.TrimSpace(got) != "01Q" {
		t.Errorf("it says %q", got)
	}
	want, err := raster.Draw(list, nil, raster.Options{Scale: 1, Background: color.White})
	if err != nil {
		t.Fatal(err)
	}
	mean, far := difference(reduced(pixels(t, name, 4*72), 4), want)
	if blank, _ := difference(want, white(want.Rect)); blank < 5 {
		t.Errorf("the raster has only %.2f of ink", blank)
	}
	if mean > 1 || far > 0.005 {
		t.Errorf("mean difference %.3f of 255, %.3f %% of the pixels far off", mean, far*100)
	}
}

func white(r image.Rectangle) *image.RGBA {
	img := image.NewRGBA(r)
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	return img
}

// reduced is img with each square of n × n pixels made one, their mean.
func reduced(source *image.RGBA, n int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, source.Rect.Dx()/n, source.Rect.Dy()/n))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			for k := range 4 {
				sum := 0
				for j := range n * n {
					sum += int(source.Pix[source.PixOffset(x*n+j%n, y*n+j/n)+k])
				}
				out.Pix[out.PixOffset(x, y)+k] = uint8(sum / n / n)
			}
		}
	}
	return out
}

// difference compares two pictures: the mean over all components, and the share of
// pixels of which one differs by more than a quarter.
func difference(a, b *image.RGBA) (mean, far float64) {
	n := float64(len(a.Pix) / 4)
	for i := 0; i < len(a.Pix); i += 4 {
		worst := 0
		for k := range 3 {
			d := int(a.Pix[i+k]) - int(b.Pix[i+k])
			d = max(d, -d)
			mean += float64(d)
			worst = max(worst, d)
		}
		if worst > 64 {
			far++
		}
	}
	return mean / n / 3, far / n
}
