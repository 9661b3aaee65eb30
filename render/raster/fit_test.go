package raster_test

import (
	"encoding/binary"
	"image"
	"image/color"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render/raster"
)

// A small picture is the whole one, upright, in every orientation.
func TestFitUpright(t *testing.T) {
	file := jpegFile(t, quarters())
	for o := uint16(1); o <= 8; o++ {
		data := withOrientation(file, binary.BigEndian, o)
		whole, err := raster.DecodeImage(data, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, side := range []int{24, 48, 4096} { // never enlarged
			small, err := raster.Fit(data, side)
			if err != nil {
				t.Fatal(err)
			}
			want := image.Pt(min(side, 48), min(side, 48)*2/3)
			if o >= 5 {
				want = image.Pt(want.Y, want.X)
			}
			if small.Rect.Size() != want {
				t.Errorf("orientation %d in %d: %v, not %v", o, side, small.Rect.Size(), want)
			}
			for _, at := range [][2]int{{1, 1}, {3, 1}, {1, 3}, {3, 3}} { // the middle of each quarter
				a := whole.At(at[0]*whole.Bounds().Dx()/4, at[1]*whole.Bounds().Dy()/4)
				b := small.At(at[0]*want.X/4, at[1]*want.Y/4)
				if !alike(a, b, 12) {
					t.Errorf("orientation %d in %d at %v: %v, not %v", o, side, at, b, a)
				}
			}
		}
	}
}

func alike(a, b color.Color, tolerance int) bool {
	ar, ag, ab, aa := a.RGBA()
	br, bg, bb, ba := b.RGBA()
	for _, d := range []int{int(ar>>8) - int(br>>8), int(ag>>8) - int(bg>>8), int(ab>>8) - int(bb>>8), int(aa>>8) - int(ba>>8)} {
		if d < -tolerance || d > tolerance {
			return false
		}
	}
	return true
}

// Lines that are thinner than a pixel become a shade, and neither vanish nor stay as
// they are.
func TestFitThinLines(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 1600, 1200))
	for i := range img.Pix {
		if img.Pix[i] = 255; i%1600%8 == 3 {
			img.Pix[i] = 0
		}
	}
	small, err := raster.Fit(pngFile(t, img), 200)
	if err != nil {
		t.Fatal(err)
	}
	for x := 2; x < 198; x++ {
		if v := small.RGBAAt(x, 75).R; v < 215 || v > 231 { // 7/8 of white
			t.Fatalf("column %d is %d", x, v)
		}
	}
}

// What shines through does not darken the edges of what does not.
func TestFitTransparent(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 100, 50)) // transparent black
	for y := range 50 {
		for x := range 49 {
			img.SetNRGBA(x, y, color.NRGBA{255, 200, 100, 255})
		}
	}
	small, err := raster.Fit(pngFile(t, img), 25)
	if err != nil {
		t.Fatal(err)
	}
	for x := range 25 {
		c := color.NRGBAModel.Convert(small.At(x, 5)).(color.NRGBA)
		if c.A > 40 && (c.R < 245 || c.G < 190) {
			t.Errorf("column %d is %v", x, c)
		}
	}
	if small.RGBAAt(24, 5).A != 0 || small.RGBAAt(0, 5).A != 255 {
		t.Errorf("%v … %v", small.At(0, 5), small.At(24, 5))
	}
}

func TestFitInks(t *testing.T) {
	small, err := raster.Fit(cmykFile(t, [4]uint8{255, 0, 0, 0}), 8)
	if err != nil {
		t.Fatal(err)
	}
	if !alike(small.At(4, 4), color.RGBA{0, 159, 227, 255}, 6) {
		t.Errorf("cyan is %v", small.At(4, 4))
	}
}

func TestFitRefuses(t *testing.T) {
	for name, data := range map[string][]byte{"nothing": nil, "text": []byte("hello"), "half": pngFile(t, quarters())[:60]} {
		if _, err := raster.Fit(data, 10); tepin.KindOf(err) != tepin.Unprocessable {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := raster.Fit(huge(40_000, 10), 10); tepin.KindOf(err) != tepin.TooLarge {
		t.Errorf("a huge picture: %v", err)
	}
}
