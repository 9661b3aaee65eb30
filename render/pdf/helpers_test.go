package pdf_test

import (
	"bytes"
	"fmt"
	"image"
	gocolor "image/color"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/harfbuzz"
	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/pdf"
	"github.com/tepin/tepin/render/text"
)

// loadFont reads one of the sample's fonts.
func loadFont(t testing.TB, name string) *text.Font {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "sample", "font", name))
	if err != nil {
		t.Fatal(err)
	}
	return parseFont(t, data)
}

func parseFont(t testing.TB, data []byte) *text.Font {
	t.Helper()
	f, err := text.ParseFont(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// shape sets one line of text at a place, in one font and direction.
func shape(t testing.TB, f *text.Font, s string, size, x, y float64) render.Op {
	t.Helper()
	face, err := font.ParseTTF(bytes.NewReader(f.Data()))
	if err != nil {
		t.Fatal(err)
	}
	runes := []rune(s)
	offsets := make([]int, 0, len(runes)) // of each rune, in bytes
	for i := range s {
		offsets = append(offsets, i)
	}
	buf := harfbuzz.NewBuffer()
	buf.AddRunes(runes, 0, len(runes))
	buf.GuessSegmentProperties()
	buf.Shape(harfbuzz.NewFont(face), nil)
	op := &render.GlyphsOp{Font: f, Size: size, Color: color.Black, Text: s}
	scale := size / f.UnitsPerEm()
	for i, info := range buf.Info {
		p := buf.Pos[i]
		op.Glyphs = append(op.Glyphs, text.Glyph{
			ID: uint32(info.Glyph), Cluster: offsets[info.Cluster], Advance: float64(p.XAdvance) * scale,
			X: x + float64(p.XOffset)*scale, Y: y - float64(p.YOffset)*scale,
		})
		x += float64(p.XAdvance) * scale
	}
	return render.Op{Glyphs: op}
}

func push(opacity float64) render.Op {
	return render.Op{Push: &render.Push{Matrix: render.Identity, Opacity: opacity}}
}

func box(x, y, w, h float64) render.Path {
	return render.Path{
		Verbs:  []render.Verb{render.MoveTo, render.LineTo, render.LineTo, render.LineTo, render.Close},
		Points: []render.Point{{X: x, Y: y}, {X: x + w, Y: y}, {X: x + w, Y: y + h}, {X: x, Y: y + h}},
	}
}

func fill(p render.Path, k color.Color) render.Op {
	return render.Op{Path: &render.PathOp{Path: p, Color: k}}
}

// place draws the image of a key upright in a box.
func place(key string, x, y, w, h float64) render.Op {
	return render.Op{Image: &render.ImageOp{Key: key, Matrix: render.Matrix{A: w, D: h, E: x, F: y}}}
}

func page(ops ...render.Op) render.List {
	return render.List{Width: 300, Height: 200, Ops: ops}
}

// photograph is a picture that does not compress to nothing; red at the top left,
// green at the top right, blue below.
func photograph(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			noise := uint8((x*7919 + y*104729) % 13)
			c := gocolor.RGBA{noise, noise, 240 - noise, 255}
			if y < h/2 {
				c = gocolor.RGBA{240 - noise, noise, noise, 255}
				if x >= w/2 {
					c = gocolor.RGBA{noise, 200 - noise, noise, 255}
				}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func encodeJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decoded(img image.Image) pdf.Image {
	return pdf.Image{
		Decoded: func() (image.Image, error) { return img, nil },
		Width:   img.Bounds().Dx(), Height: img.Bounds().Dy(),
	}
}

// written writes a file, has it checked, and returns its path.
func written(t testing.TB, o pdf.Options, pages ...render.List) string {
	t.Helper()
	if o.Created.IsZero() {
		o.Created = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	}
	var b bytes.Buffer
	if err := pdf.Write(&b, pages, o); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "out.pdf")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, "qpdf", "--check", name)
	api.DisableConfigDir() // the library would write to the home directory
	c := model.NewDefaultConfiguration()
	c.ValidationMode = model.ValidationStrict
	if err := api.Validate(bytes.NewReader(b.Bytes()), c); err != nil {
		t.Fatalf("pdfcpu: %v", err)
	}
	return name
}

// tool runs a program that reads PDF and returns its output.
func tool(t testing.TB, program string, args ...string) string {
	t.Helper()
	packages := map[string]string{"qpdf": "qpdf"}
	if _, err := exec.LookPath(program); err != nil {
		debian := packages[program]
		if debian == "" {
			debian = "poppler-utils"
		}
		t.Fatalf("the tests of PDF need the program %s: install Debian's package %s", program, debian)
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

// expanded is a file in qpdf's readable form, without compression.
func expanded(t testing.TB, name string) string {
	t.Helper()
	out := name + ".qdf"
	tool(t, "qpdf", "--qdf", "--normalize-content=n", "--object-streams=disable", name, out)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// pixels renders the first page; dpi 72 gives one pixel a point.
func pixels(t testing.TB, name string, dpi int) *image.RGBA {
	t.Helper()
	tool(t, "pdftoppm", "-singlefile", "-r", fmt.Sprint(dpi), name, name)
	data, err := os.ReadFile(name + ".ppm")
	if err != nil {
		t.Fatal(err)
	}
	var w, h int
	if _, err := fmt.Fscanf(bytes.NewReader(data), "P6\n%d %d\n255\n", &w, &h); err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	samples := data[len(data)-3*w*h:]
	for i := range w * h {
		copy(img.Pix[4*i:], samples[3*i:][:3])
		img.Pix[4*i+3] = 255
	}
	return img
}
