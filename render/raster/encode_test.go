package raster_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"testing"

	"github.com/tepin/tepin/render/raster"
)

// A PNG gives back what went in, opaque or not, and says its resolution.
func TestEncodePNG(t *testing.T) {
	soft := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range soft.Pix {
		soft.Pix[i] = uint8(i / 64)
		if i%4 != 3 {
			soft.Pix[i] = soft.Pix[i] / 2
		}
	}
	for name, img := range map[string]*image.RGBA{"opaque": photo(123, 77), "one pixel": photo(1, 1), "soft": soft, "empty": image.NewRGBA(image.Rect(0, 0, 5, 5))} {
		file := encoded(t, func(w io.Writer) error { return raster.EncodePNG(w, img, 300) })
		back, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for y := range img.Rect.Dy() {
			for x := range img.Rect.Dx() {
				want, got := img.RGBAAt(x, y), color.RGBAModel.Convert(back.At(x, y)).(color.RGBA)
				if absDiff(want.R, got.R) > 1 || absDiff(want.G, got.G) > 1 || absDiff(want.B, got.B) > 1 || want.A != got.A {
					t.Fatalf("%s: pixel %d,%d is %v, want %v", name, x, y, got, want)
				}
			}
		}
		i := bytes.Index(file, []byte("pHYs"))
		if i < 0 || binary.BigEndian.Uint32(file[i+4:]) != 11811 || file[i+12] != 1 {
			t.Errorf("%s: no resolution of 300 dpi", name)
		}
	}
}

func TestEncodeJPG(t *testing.T) {
	img := photo(64, 48)
	img.SetRGBA(0, 0, color.RGBA{})
	file := encoded(t, func(w io.Writer) error { return raster.EncodeJPG(w, img, 90, 150) })
	if string(file[6:11]) != "JFIF\x00" || file[13] != 1 || binary.BigEndian.Uint16(file[14:]) != 150 {
		t.Errorf("the file begins with % x", file[:20])
	}
	back, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil || back.Bounds() != img.Rect {
		t.Fatal(err)
	}
	better := encoded(t, func(w io.Writer) error { return raster.EncodeJPG(w, img, 1000, math.NaN()) })
	worse := encoded(t, func(w io.Writer) error { return raster.EncodeJPG(w, img, -5, -1) })
	if len(better) <= len(file) || len(worse) >= len(file) {
		t.Errorf("qualities give %d, %d, %d bytes", len(worse), len(file), len(better))
	}
	white := image.NewRGBA(image.Rect(0, 0, 8, 8))
	back, err = jpeg.Decode(bytes.NewReader(encoded(t, func(w io.Writer) error { return raster.EncodeJPG(w, white, 90, 72) })))
	if err != nil || !like(at(back, 4, 4), color.RGBA{255, 255, 255, 255}) {
		t.Errorf("what is transparent became %v, %v", at(back, 4, 4), err)
	}
}

// A full disk is told, wherever it fills.
func TestEncodeTellsErrors(t *testing.T) {
	img := photo(300, 200)
	for room := range 200 {
		if err := raster.EncodePNG(&full{room: room * 37}, img, 72); err != errDisk && room < 20 {
			t.Fatalf("PNG with room for %d bytes: %v", room*37, err)
		}
		if err := raster.EncodeJPG(&full{room: room}, img, 80, 72); err != errDisk {
			t.Fatalf("JPEG with room for %d bytes: %v", room, err)
		}
	}
}

type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errDisk
	}
	f.room -= len(p)
	return len(p), nil
}
