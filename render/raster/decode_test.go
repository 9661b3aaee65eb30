package raster_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/raster"
)

var quarterColors = [4]color.RGBA{{220, 30, 30, 255}, {30, 200, 30, 255}, {30, 30, 220, 255}, {250, 250, 250, 255}}

// quarters is red, green, blue and white, from the top left by rows; 48 × 32 pixels.
func quarters() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 48, 32))
	for y := range 32 {
		for x := range 48 {
			img.SetRGBA(x, y, quarterColors[y/16*2+x/24])
		}
	}
	return img
}

func encoded(t testing.TB, encode func(w io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegFile(t testing.TB, img image.Image) []byte {
	return encoded(t, func(w io.Writer) error { return jpeg.Encode(w, img, &jpeg.Options{Quality: 95}) })
}

func pngFile(t testing.TB, img image.Image) []byte {
	return encoded(t, func(w io.Writer) error { return png.Encode(w, img) })
}

// withOrientation puts EXIF data into a JPEG.
func withOrientation(file []byte, order binary.AppendByteOrder, orientation uint16) []byte {
	exif := []byte("Exif\x00\x00MM\x00*")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		exif = []byte("Exif\x00\x00II*\x00")
	}
	exif = order.AppendUint32(exif, 8)
	exif = order.AppendUint16(exif, 2)
	exif = append(order.AppendUint32(order.AppendUint16(order.AppendUint16(exif, 0x0100), 4), 1), 0, 0, 0, 9)
	exif = order.AppendUint32(order.AppendUint16(order.AppendUint16(exif, 0x0112), 3), 1)
	exif = append(order.AppendUint16(exif, orientation), 0, 0)
	segment := binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(exif)+2))
	return append(append(append([]byte{0xFF, 0xD8}, segment...), exif...), file[2:]...)
}

// cmykFile makes a JPEG of four inks: Go's encoder makes a grey picture of each, whose
// scans are then those of one file (without interleaving, T.81 A.2).
func cmykFile(t testing.TB, inks [4]uint8) []byte {
	t.Helper()
	out := append([]byte{0xFF, 0xD8, 0xFF, 0xEE, 0, 14}, "Adobe\x00\x64\x00\x00\x00\x00\x00"...) // inverted, no transform
	var scans []byte
	for i, ink := range inks {
		plane := image.NewGray(image.Rect(0, 0, 16, 16))
		for j := range plane.Pix {
			plane.Pix[j] = 255 - ink
		}
		file := jpegFile(t, plane)
		at := 2
		for file[at+1] != 0xDA {
			size := 2 + int(binary.BigEndian.Uint16(file[at+2:]))
			switch segment := file[at : at+size]; {
			case i > 0:
			case segment[1] == 0xC0:
				frame := append([]byte{0xFF, 0xC0, 0, 8 + 3*4}, segment[4:9]...)
				out = append(out, append(frame, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0)...)
			default:
				out = append(out, segment...)
			}
			at += size
		}
		scans = append(scans, 0xFF, 0xDA, 0, 8, 1, byte(i+1), 0, 0, 63, 0)
		scans = append(scans, file[at+10:len(file)-2]...)
	}
	return append(append(out, scans...), 0xFF, 0xD9)
}

func at(img image.Image, x, y int) color.RGBA {
	b := img.Bounds()
	return color.RGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.RGBA)
}

func like(a, b color.RGBA) bool {
	return absDiff(a.R, b.R) < 12 && absDiff(a.G, b.G) < 12 && absDiff(a.B, b.B) < 12 && a.A == b.A
}

// paletted is quarters in its own four colours.
func paletted() *image.Paletted {
	var palette color.Palette
	for _, c := range quarterColors {
		palette = append(palette, c)
	}
	img := image.NewPaletted(image.Rect(0, 0, 48, 32), palette)
	draw.Draw(img, img.Rect, quarters(), image.Point{}, draw.Src)
	return img
}

func TestDecodeFormats(t *testing.T) {
	webp, err := os.ReadFile("testdata/quarters.webp")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind, extension string
		data            []byte
	}{
		{"image/png", "png", pngFile(t, quarters())},
		{"image/jpeg", "jpg", jpegFile(t, quarters())},
		{"image/gif", "gif", encoded(t, func(w io.Writer) error { return gif.Encode(w, paletted(), nil) })},
		{"image/webp", "webp", webp},
		{"image/tiff", "tiff", encoded(t, func(w io.Writer) error {
			return tiff.Encode(w, quarters(), &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		})},
	} {
		t.Run(tt.extension, func(t *testing.T) {
			img, err := raster.DecodeImage(tt.data, 0)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range quarterColors {
				if got := at(img, 12+i%2*24, 8+i/2*16); !like(got, want) {
					t.Errorf("quarter %d is %v, want %v", i, got, want)
				}
			}
			info, err := raster.Probe(tt.data)
			if want := (raster.Info{Type: tt.kind, Extension: tt.extension, Width: 48, Height: 32}); err != nil || info != want {
				t.Errorf("probe: %+v, %v", info, err)
			}
		})
	}
}

func TestOrientation(t *testing.T) {
	// The quarter of the file that stands at the top left, and at the top right, of the
	// upright picture.
	corners := [9][2]int{1: {0, 1}, 2: {1, 0}, 3: {3, 2}, 4: {2, 3}, 5: {0, 2}, 6: {2, 0}, 7: {3, 1}, 8: {1, 3}}
	plain := jpegFile(t, quarters())
	for o := 1; o <= 8; o++ {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			file := withOrientation(plain, order, uint16(o))
			img, err := raster.DecodeImage(file, 0)
			if err != nil {
				t.Fatal(err)
			}
			w, h := img.Bounds().Dx(), img.Bounds().Dy()
			if left, right := at(img, w/4, h/4), at(img, 3*w/4, h/4); !like(left, quarterColors[corners[o][0]]) || !like(right, quarterColors[corners[o][1]]) {
				t.Errorf("orientation %d: %v and %v", o, left, right)
			}
			if info, err := raster.Probe(file); err != nil || info.Width != w || info.Height != h {
				t.Errorf("orientation %d: probe %+v, %v; the picture has %d × %d", o, info, err, w, h)
			}
		}
	}
	for _, odd := range []uint16{0, 9, math.MaxUint16} {
		if img, err := raster.DecodeImage(withOrientation(plain, binary.BigEndian, odd), 0); err != nil || img.Bounds().Dx() != 48 {
			t.Errorf("orientation %d: %v", odd, err)
		}
	}
}

func TestCMYKJpeg(t *testing.T) {
	img, err := raster.DecodeImage(cmykFile(t, [4]uint8{255, 0, 0, 0}), 0)
	if err != nil {
		t.Fatal(err)
	}
	l := render.List{Width: 8, Height: 8, Ops: []render.Op{{Image: &render.ImageOp{Key: "p", Matrix: render.Scale(8, 8)}}}}
	drawn, err := raster.Draw(l, map[string]image.Image{"p": img}, raster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := drawn.RGBAAt(4, 4); !like(got, color.RGBA{0, 159, 227, 255}) {
		t.Errorf("cyan ink looks %v", got)
	}
}

// huge returns a PNG whose header promises more than there is.
func huge(width, height uint32) []byte {
	file := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0DIHDR")
	file = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(file, width), height)
	file = append(file, 8, 6, 0, 0, 0)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(file[12:]))
}

func TestPicturesThatCannotBeUsed(t *testing.T) {
	good := pngFile(t, quarters())
	for _, tt := range []struct {
		name string
		data []byte
		kind tepin.Kind
		want string
	}{
		{"empty", nil, tepin.Unprocessable, "not a picture"},
		{"text", []byte("some words"), tepin.Unprocessable, "not a picture"},
		{"SVG", []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), tepin.Unprocessable, "not a picture"},
		{"half", good[:len(good)/2], tepin.Unprocessable, "damaged"},
		{"header only", good[:20], tepin.Unprocessable, "damaged"},
		{"30,000 × 30,000", huge(30_000, 30_000), tepin.TooLarge, "30000 × 30000"},
		{"too wide", huge(40_000, 1), tepin.TooLarge, "40000 × 1"},
		{"sides that multiply to little", huge(1<<31-1, 1<<31-1), tepin.Unprocessable, ""},
		{"no size", huge(0, 10), tepin.Unprocessable, ""},
		{"TIFF of nothing", []byte("II*\x00\x08\x00\x00\x00\x00\x00"), tepin.Unprocessable, "damaged"},
		{"WebP of nothing", []byte("RIFF\x04\x00\x00\x00WEBP"), tepin.Unprocessable, "damaged"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := raster.DecodeImage(tt.data, 0)
			if kind := tepin.KindOf(err); kind != tt.kind && kind != tepin.TooLarge || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("decoding: %v", err)
			}
			if _, err := raster.Probe(tt.data); err == nil && tt.name != "half" {
				t.Error("Probe takes it")
			}
		})
	}
	if _, err := raster.DecodeImage(good, 48*32-1); tepin.KindOf(err) != tepin.TooLarge {
		t.Errorf("a limit of one pixel less: %v", err)
	}
	if _, err := raster.DecodeImage(good, 48*32); err != nil {
		t.Error(err)
	}
}

var errDisk = errors.New("disk on fire")

// Any bytes either are refused or give a picture of the size that Probe tells.
func FuzzDecodeImage(f *testing.F) {
	webp, err := os.ReadFile("testdata/quarters.webp")
	if err != nil {
		f.Fatal(err)
	}
	jpg := jpegFile(f, quarters())
	for _, seed := range [][]byte{
		pngFile(f, quarters()), jpg, withOrientation(jpg, binary.LittleEndian, 6), cmykFile(f, [4]uint8{1, 2, 3, 4}), webp, huge(9, 9),
		encoded(f, func(w io.Writer) error { return gif.Encode(w, paletted(), nil) }),
		encoded(f, func(w io.Writer) error { return tiff.Encode(w, quarters(), nil) }),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 20
		info, probeErr := raster.Probe(data)
		if probeErr != nil && tepin.KindOf(probeErr) == tepin.Internal {
			t.Fatalf("an error without a kind: %v", probeErr)
		}
		if probeErr == nil && (info.Width < 1 || info.Height < 1 || info.Width > tepin.MaxImageSide || info.Height > tepin.MaxImageSide || info.Width*info.Height > tepin.MaxImagePixels) {
			t.Fatalf("%+v is beyond the limits", info)
		}
		img, err := raster.DecodeImage(data, limit)
		if err != nil {
			if tepin.KindOf(err) == tepin.Internal {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		b := img.Bounds()
		if b.Dx()*b.Dy() > limit {
			t.Fatalf("%v is beyond the limit", b)
		}
		if probeErr != nil || b.Dx() > max(info.Width, info.Height) || b.Dy() > max(info.Width, info.Height) {
			t.Fatalf("the picture is %v, its header says %+v, %v", b, info, probeErr)
		}
		l := render.List{Width: 9, Height: 9, Ops: []render.Op{{Image: &render.ImageOp{Key: "p", Matrix: render.Scale(9, 9)}}}}
		if _, err := raster.Draw(l, map[string]image.Image{"p": img}, raster.Options{}); err != nil {
			t.Fatal(err)
		}
	})
}
