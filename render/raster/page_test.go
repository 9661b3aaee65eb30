package raster_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/tepin/tepin/render"
	ink "github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/raster"
	"github.com/tepin/tepin/render/text"
)

var update = flag.Bool("update", false, "write the golden pictures")

const fontDir = "../../sample/font"

// fonts reads the committed fonts; keys are "regular", "bold", "italic" and "serif".
func fonts(t testing.TB) text.Fonts {
	t.Helper()
	read := func(name string) *text.Font {
		data, err := os.ReadFile(filepath.Join(fontDir, name+".ttf"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := text.ParseFont(data)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	regular := read("NotoSans-Regular")
	return text.Fonts{
		ByKey: map[string]*text.Font{
			"regular": regular, "bold": read("NotoSans-Bold"), "italic": read("NotoSans-Italic"), "serif": read("NotoSerifDisplay-Regular"),
		},
		Fallback: []*text.Font{regular, read("NotoNaskhArabic-Regular"), read("NotoSansDevanagari-Regular")},
	}
}

// photo draws a picture with soft light, edges and fine lines.
func photo(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			fx, fy := float64(x)/float64(width), float64(y)/float64(height)
			c := color.RGBA{uint8(90 + 150*fy), uint8(140 + 60*fx), uint8(230 - 120*fy), 255}
			if hill := 0.6 + 0.15*math.Sin(fx*7); fy > hill {
				c = color.RGBA{uint8(40 + 60*fx), uint8(90 - 40*(fy-hill)), 60, 255}
			}
			if dx, dy := fx-0.7, (fy-0.3)*float64(height)/float64(width); dx*dx+dy*dy < 0.01 {
				c = color.RGBA{255, 220, 120, 255}
			}
			if x%(width/20+1) == 0 || y%(width/20+1) == 0 {
				c.R, c.G, c.B = c.R/2, c.G/2, c.B/2
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// stamp is a picture with soft transparency.
func stamp(size int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			dx, dy := float64(x)/float64(size)-0.5, float64(y)/float64(size)-0.5
			a := 1 - 2*math.Sqrt(dx*dx+dy*dy)
			img.SetNRGBA(x, y, color.NRGBA{220, uint8(40 + x*180/size), 90, uint8(255 * max(0, a))})
		}
	}
	return img
}

const (
	lorem = "Typography is what language looks like: AVATAR, Tōkyō, “Ångström” – fi, fl, ffi. Καλημέρα κόσμε, η τυπογραφία είναι τέχνη· " +
		"и вот кириллица: съешь ещё этих мягких французских булок, да выпей чаю. The quick brown fox jumps over the lazy dog, and 1,234.50 € " +
		"is a price that well-known shops ask in 2026. Flüsse, Straßen und Größe; ça va, garçon? Łódź, Žižkov, İstanbul."
	arabic = "أهلاً بالعالم! في عام 2026 كتبنا Tepin بلغة Go، وهو محرك طباعة ١٢٣ جيّد."
	hindi  = "नमस्ते दुनिया! यह हिन्दी में एक परीक्षण है: क्षत्रिय, श्रीमान्, कर्म।"
)

func paragraph(p text.Paragraph, runs ...text.Run) text.Paragraph {
	if p.LineHeight == 0 {
		p.LineHeight = 1.4
	}
	p.Runs = runs
	return p
}

func run(s, font string, size float64, c ink.Color) text.Run {
	return text.Run{Text: s, Font: font, Size: size, Color: c}
}

func frame(id string, x, y, w, h float64) render.Frame {
	return render.Frame{ID: id, X: x, Y: y, Width: w, Height: h, Opacity: 1}
}

// testPage is an A4 page with something of everything.
func testPage() render.Page {
	navy, red, teal := ink.FromCMYK(1, 0.75, 0.02, 0.18), ink.FromRGB8(210, 40, 50), ink.FromRGB8(0, 140, 130)
	paper := ink.FromRGB8(252, 250, 244)
	p := render.Page{ID: "1", Width: 595.276, Height: 841.89, Background: &paper, Bleed: render.Edges{Top: 8.5, Right: 8.5, Bottom: 8.5, Left: 8.5}}
	add := func(f render.Frame) { p.Frames = append(p.Frames, f) }

	f := frame("heading", 40, 30, 515, 60)
	f.Text = &text.Frame{Vertical: text.Middle, Paragraphs: []text.Paragraph{paragraph(text.Paragraph{LineHeight: 1.1},
		run("Sphinx of black quartz, ", "bold", 26, navy), run("judge", "serif", 34, red), run(" AVATA.", "bold", 26, navy))}}
	add(f)

	f = frame("columns", 40, 100, 515, 118)
	f.Text = &text.Frame{Columns: 2, ColumnGap: 15, Paragraphs: []text.Paragraph{
		paragraph(text.Paragraph{Align: text.Justify}, run(lorem, "regular", 10, ink.Black)),
		paragraph(text.Paragraph{Align: text.Justify, SpaceBefore: 4, IndentFirst: 12}, run(lorem, "serif", 10, ink.Black)),
	}}
	add(f)

	f = frame("arabic", 40, 240, 250, 60)
	f.Text = &text.Frame{Paragraphs: []text.Paragraph{paragraph(text.Paragraph{Align: text.Right}, run(arabic, "regular", 15, ink.Black))}}
	add(f)
	f = frame("hindi", 305, 240, 250, 60)
	f.Text = &text.Frame{Paragraphs: []text.Paragraph{paragraph(text.Paragraph{}, run(hindi, "regular", 15, ink.Black))}}
	add(f)

	shape := func(id string, x, y, w, h float64, s render.Shape) *render.Frame {
		f := frame(id, x, y, w, h)
		f.Shape = &s
		add(f)
		return &p.Frames[len(p.Frames)-1]
	}
	shape("rounded", 40, 400, 100, 70, render.Shape{Radii: [4]float64{30, 0, 20, 200}, Fill: &teal, Stroke: &navy, StrokeWidth: 3})
	shape("turned", 100, 420, 100, 60, render.Shape{Fill: &red, Stroke: &navy, StrokeWidth: 6}).Rotation = 25
	p.Frames[len(p.Frames)-1].Opacity = 0.5
	shape("ellipse", 215, 400, 90, 70, render.Shape{Outline: render.Ellipse, Fill: &navy, Stroke: &red, StrokeWidth: 2})
	shape("triangle", 320, 400, 70, 70, render.Shape{Outline: render.Polygon, Sides: 3, Stroke: &navy, StrokeWidth: 8})
	shape("star", 405, 400, 70, 70, render.Shape{Outline: render.Polygon, Sides: 6, Fill: &teal, Stroke: &red, StrokeWidth: 1})
	shape("hairline", 490, 400, 65, 70, render.Shape{Stroke: &ink.Color{Alpha: 1}, StrokeWidth: 0.25})

	picture := func(id, key string, x float64, im render.Image) *render.Frame {
		f := frame(id, x, 490, 95, 95)
		im.Key = key
		im.Shape.Stroke, im.Shape.StrokeWidth = &ink.Color{Alpha: 1}, 0.5
		f.Image = &im
		add(f)
		return &p.Frames[len(p.Frames)-1]
	}
	picture("fill", "photo", 40, render.Image{AlignX: 0.5, AlignY: 0.5, Shape: render.Shape{Radii: [4]float64{15, 15, 15, 15}}})
	picture("fit", "photo", 145, render.Image{Fit: render.FitFit, AlignX: 0.5, AlignY: 1, Shape: render.Shape{Fill: &ink.White}})
	picture("crop", "photo", 250, render.Image{Fit: render.FitCrop, Crop: render.Crop{X: -40, Y: -30, Width: 240, Height: 180, Rotation: 15}, Shape: render.Shape{Outline: render.Ellipse}})
	picture("turned picture", "photo", 355, render.Image{AlignX: 1}).Rotation = -20
	picture("stamp", "stamp", 460, render.Image{Fit: render.FitFit})

	styles := frame("styles", 40, 605, 250, 200)
	yellow := ink.FromRGB8(255, 240, 120)
	under, through, marked, tracked, raised := run("underlined", "regular", 12, red), run("struck", "regular", 12, ink.Black), run("marked words", "italic", 12, ink.Black), run("TRACKED", "bold", 9, navy), run("2", "regular", 7, ink.Black)
	under.Underline, through.LineThrough, marked.Background, tracked.Tracking, raised.BaselineShift = true, true, &yellow, 200, 5
	black := func(s string) text.Run { return run(s, "regular", 12, ink.Black) }
	styles.Text = &text.Frame{Padding: text.Padding{Left: 6, Right: 6, Top: 6}, Paragraphs: []text.Paragraph{
		paragraph(text.Paragraph{}, black("Some "), under, black(" and "), through, black(" and "), marked, black(", "), tracked, black(" E = mc"), raised),
		paragraph(text.Paragraph{Align: text.Center}, black("centred\u2028over two lines")),
		paragraph(text.Paragraph{Align: text.Right, SpaceAfter: 4}, black("to the right")),
		paragraph(text.Paragraph{IndentStart: 18, IndentFirst: -18, Marker: []text.Run{black("•")}}, black("a list entry that is long enough to need a second line")),
		paragraph(text.Paragraph{IndentStart: 18, Marker: []text.Run{black("12.")}}, black("a numbered one, its marker set before it, with two lines as well")),
		paragraph(text.Paragraph{Align: text.Justify, AlignLast: text.Center}, black("Justified with the last line centred, which needs a few words.")),
	}}
	add(styles)
	shape("styles frame", 40, 605, 250, 200, render.Shape{Stroke: &navy, StrokeWidth: 0.5})

	f = frame("copyfit", 305, 605, 120, 90)
	f.Text = &text.Frame{CopyfitMin: 20, CopyfitMax: 300, Vertical: text.JustifyVertically, Paragraphs: []text.Paragraph{paragraph(text.Paragraph{LineHeight: 1}, run("Fits its frame, however long it is", "bold", 12, navy))}}
	add(f)
	shape("copyfit frame", 305, 605, 120, 90, render.Shape{Stroke: &red, StrokeWidth: 0.5})
	f = frame("turned text", 440, 610, 110, 80)
	f.Rotation = -30
	f.Text = &text.Frame{Vertical: text.Bottom, Paragraphs: []text.Paragraph{paragraph(text.Paragraph{}, run("Turned text keeps its letters clear", "serif", 16, teal))}}
	add(f)
	f = frame("rtl list", 305, 710, 250, 95)
	f.Text = &text.Frame{Direction: text.RightToLeft, Paragraphs: []text.Paragraph{
		paragraph(text.Paragraph{Align: text.Justify, IndentStart: 20, IndentFirst: -20, Marker: []text.Run{black("•")}}, run(arabic+" "+arabic, "regular", 12, ink.Black))}}
	add(f)
	return p
}

func testImages() (map[string]image.Image, map[string]render.ImageInfo) {
	images := map[string]image.Image{"photo": photo(800, 600), "stamp": stamp(300)}
	infos := map[string]render.ImageInfo{}
	for key, img := range images {
		infos[key] = render.ImageInfo{Width: img.Bounds().Dx(), Height: img.Bounds().Dy()}
	}
	return images, infos
}

func TestPage(t *testing.T) {
	images, infos := testImages()
	list, issues := render.Build(testPage(), render.Assets{Fonts: fonts(t), Images: infos})
	for _, issue := range issues {
		t.Errorf("%+v", issue)
	}
	got, err := raster.Draw(list, images, raster.Options{Scale: 110.0 / 72})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "page.png", got)
	exact(t, "page.sha256", got)
}

// exact compares a picture's bytes with the committed hash. It is the same on amd64 and
// in WebAssembly: run this test with GOOS=js GOARCH=wasm too. Elsewhere fused
// multiplication may differ in the last bit.
func exact(t *testing.T, name string, got *image.RGBA) {
	t.Helper()
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "wasm" {
		return
	}
	name = filepath.Join("testdata", name)
	hash := fmt.Sprintf("%x\n", sha256.Sum256(got.Pix))
	if *update {
		if err := os.WriteFile(name, []byte(hash), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if hash != string(want) {
		t.Errorf("the pixels' hash is %s, want %s", hash, want)
	}
}

func TestWatermark(t *testing.T) {
	images, infos := testImages()
	page := testPage()
	page.Frames = page.Frames[:2]
	list, _ := render.Build(page, render.Assets{Fonts: fonts(t), Images: infos})
	render.Watermark(&list, "SANDBOX", fonts(t))
	got, err := raster.Draw(list, images, raster.Options{Scale: 0.5, Bleed: true})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "watermark.png", got)
}

// golden compares a picture with the committed one: the same but for traces of other
// arithmetic.
func golden(t *testing.T, name string, got *image.RGBA) {
	t.Helper()
	name = filepath.Join("testdata", name)
	var encoded bytes.Buffer
	if err := raster.EncodePNG(&encoded, got, 72); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(name, encoded.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if want.Bounds() != got.Bounds() {
		t.Fatalf("%s: %v, want %v", name, got.Bounds(), want.Bounds())
	}
	differ := 0
	for y := range got.Rect.Dy() {
		for x := range got.Rect.Dx() {
			r1, g1, b1, a1 := got.At(x, y).RGBA()
			r2, g2, b2, a2 := want.At(x, y).RGBA()
			for _, d := range [4]int{int(r1) - int(r2), int(g1) - int(g2), int(b1) - int(b2), int(a1) - int(a2)} {
				if d < -4*257 || d > 4*257 {
					differ++
					break
				}
			}
		}
	}
	if limit := got.Rect.Dx() * got.Rect.Dy() / 5000; differ > limit {
		bad := filepath.Join(t.ArtifactDir(), filepath.Base(name))
		_ = os.WriteFile(bad, encoded.Bytes(), 0o644)
		t.Errorf("%s: %d pixels differ, %d may; see %s, and -update when it is right", name, differ, limit, bad)
	}
}
