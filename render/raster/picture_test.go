package raster_test

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/raster"
)

func drawPicture(t *testing.T, src image.Image, size float64, m render.Matrix) *image.RGBA {
	t.Helper()
	l := render.List{Width: size, Height: size, Ops: []render.Op{{Image: &render.ImageOp{Key: "p", Matrix: m}}}}
	img, err := raster.Draw(l, map[string]image.Image{"p": src}, raster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// A picture drawn at its own size is itself.
func TestPictureAtItsOwnSize(t *testing.T) {
	src := photo(60, 60)
	if got := drawPicture(t, src, 60, render.Scale(60, 60)); string(got.Pix) != string(src.Pix) {
		t.Error("it changed")
	}
}

// A plain picture stays plain at every size, place and turn.
func TestPlainPictureStaysPlain(t *testing.T) {
	plain := color.NRGBA{200, 100, 50, 255}
	src := image.NewNRGBA(image.Rect(5, 7, 205, 157))
	for y := 7; y < 157; y++ {
		for x := 5; x < 205; x++ {
			src.SetNRGBA(x, y, plain)
		}
	}
	for _, m := range []render.Matrix{
		render.Scale(50, 50), render.Scale(13, 7), render.Scale(1000, 900), render.Translate(-300.3, -200.7).Mul(render.Scale(777, 555)),
		render.Translate(25, 25).Mul(render.Rotate(30)).Mul(render.Translate(-50, -50)).Mul(render.Scale(100, 100)),
		render.Translate(50, 0).Mul(render.Scale(-50, 50)), {B: 50, C: 50},
	} {
		got := drawPicture(t, src, 50, m)
		for y := 1; y < 6; y++ {
			for x := 1; x < 12; x++ {
				if c := got.RGBAAt(x, y); absDiff(c.R, 200) > 1 || absDiff(c.G, 100) > 1 || absDiff(c.B, 50) > 1 || c.A != 255 {
					t.Fatalf("%+v: pixel %d,%d is %v", m, x, y, c)
				}
			}
		}
	}
}

// Shrinking keeps the mean, also where blocks are averaged first.
func TestShrinkingKeepsTheMean(t *testing.T) {
	src := photo(1003, 777)
	mean := func(img *image.RGBA, r image.Rectangle) (sum [3]float64) {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				c := img.RGBAAt(x, y)
				sum[0] += float64(c.R)
				sum[1] += float64(c.G)
				sum[2] += float64(c.B)
			}
		}
		for i := range sum {
			sum[i] /= float64(r.Dx() * r.Dy())
		}
		return sum
	}
	want := mean(src, src.Rect)
	for _, size := range []float64{7, 40, 150, 300, 600} {
		got := mean(drawPicture(t, src, size, render.Scale(size, size)), image.Rect(0, 0, int(size), int(size)))
		for i := range got {
			if math.Abs(got[i]-want[i]) > 2.5 {
				t.Errorf("at %v pixels the mean is %v, want %v", size, got, want)
			}
		}
	}
}

// Each kind of picture in memory gives the same colours.
func TestPictureKinds(t *testing.T) {
	want := color.RGBA{180, 90, 40, 255}
	r := image.Rect(0, 0, 16, 16)
	fillWith := func(img interface {
		image.Image
		Set(x, y int, c color.Color)
	}) image.Image {
		for y := range 16 {
			for x := range 16 {
				img.Set(x, y, want)
			}
		}
		return img
	}
	yy, cb, cr := color.RGBToYCbCr(want.R, want.G, want.B)
	ycbcr := image.NewYCbCr(r, image.YCbCrSubsampleRatio420)
	for i := range ycbcr.Y {
		ycbcr.Y[i] = yy
	}
	for i := range ycbcr.Cb {
		ycbcr.Cb[i], ycbcr.Cr[i] = cb, cr
	}
	for _, img := range []image.Image{
		fillWith(image.NewRGBA(r)), fillWith(image.NewNRGBA(r)), fillWith(image.NewRGBA64(r)), fillWith(image.NewNRGBA64(r)),
		fillWith(image.NewPaletted(r, color.Palette{want, color.Black})), ycbcr,
	} {
		got := drawPicture(t, img, 8, render.Scale(8, 8)).RGBAAt(4, 4)
		if absDiff(got.R, want.R) > 2 || absDiff(got.G, want.G) > 2 || absDiff(got.B, want.B) > 2 || got.A != 255 {
			t.Errorf("%T gives %v", img, got)
		}
	}
	cmyk := image.NewCMYK(r)
	for i := 0; i < len(cmyk.Pix); i += 4 {
		cmyk.Pix[i] = 255
	}
	if got := drawPicture(t, cmyk, 8, render.Scale(8, 8)).RGBAAt(4, 4); absDiff(got.G, 159) > 2 || absDiff(got.B, 227) > 2 {
		t.Errorf("cyan ink gives %v", got)
	}
	gray := image.NewGray(r)
	if got := drawPicture(t, gray, 8, render.Scale(8, 8)).RGBAAt(4, 4); got != (color.RGBA{0, 0, 0, 255}) {
		t.Errorf("black grey gives %v", got)
	}
}

// A chroma-subsampled picture that begins at an odd column keeps its colours in place.
func TestSubsampledColumns(t *testing.T) {
	full := image.NewYCbCr(image.Rect(0, 0, 40, 40), image.YCbCrSubsampleRatio420)
	for i := range full.Y {
		full.Y[i] = 128
	}
	for i := range full.Cb {
		full.Cb[i], full.Cr[i] = uint8(i%20*12), uint8(255-i%20*12)
	}
	part := full.SubImage(image.Rect(3, 5, 35, 37))
	got := drawPicture(t, part, 32, render.Scale(32, 32))
	for x := range 32 {
		c := got.RGBAAt(x, 10)
		r, g, b, _ := part.At(x+3, 15).RGBA()
		if absDiff(c.R, uint8(r>>8)) > 1 || absDiff(c.G, uint8(g>>8)) > 1 || absDiff(c.B, uint8(b>>8)) > 1 {
			t.Fatalf("column %d is %v, want %d %d %d", x, c, r>>8, g>>8, b>>8)
		}
	}
}
