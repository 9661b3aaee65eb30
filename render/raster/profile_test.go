package raster_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"github.com/tepin/tepin/render/raster"
)

// wide is an ICC profile of more than a screen's greens (Adobe RGB), and linear that
// of grey in linear light.
var wide, linear = func() ([]byte, []byte) {
	xyz := func(v ...float64) []byte {
		b := append([]byte("XYZ "), 0, 0, 0, 0)
		for _, x := range v {
			b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(x*65536))))
		}
		return b
	}
	gamma := func(v float64) []byte {
		return binary.BigEndian.AppendUint16(append([]byte("curv"), 0, 0, 0, 0, 0, 0, 0, 1), uint16(v*256))
	}
	make := func(space string, names []string, tags ...[]byte) []byte {
		b := make([]byte, 128)
		copy(b[16:], space)
		copy(b[20:], "XYZ ")
		copy(b[36:], "acsp")
		b = binary.BigEndian.AppendUint32(b, uint32(len(names)))
		at := len(b) + 12*len(names)
		for i, name := range names {
			b = binary.BigEndian.AppendUint32(append(b, name...), uint32(at))
			b = binary.BigEndian.AppendUint32(b, uint32(len(tags[i])))
			at += len(tags[i])
		}
		return append(b, bytes.Join(tags, nil)...)
	}
	g := gamma(2.19921875)
	return make("RGB ", []string{"rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"},
			xyz(0.60974, 0.31111, 0.01947), xyz(0.20528, 0.62567, 0.06087), xyz(0.14919, 0.06322, 0.74457), g, g, g),
		make("GRAY", []string{"kTRC"}, gamma(1))
}()

// withPNGProfile puts a profile behind the header of a PNG.
func withPNGProfile(t testing.TB, file, profile []byte) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	if _, err := w.Write(profile); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	body := append([]byte("iCCPwide\x00\x00"), z.Bytes()...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	chunk = append(chunk, body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body))
	const header = 8 + 25
	return append(append(append([]byte{}, file[:header]...), chunk...), file[header:]...)
}

// withJPEGProfile puts a profile in two parts, the second first, into a JPEG.
func withJPEGProfile(file, profile []byte) []byte {
	out := []byte{0xFF, 0xD8}
	half := len(profile) / 2
	for i, part := range [][]byte{profile[half:], profile[:half]} {
		s := append([]byte("ICC_PROFILE\x00"), byte(2-i), 2)
		s = append(s, part...)
		out = append(binary.BigEndian.AppendUint16(append(out, 0xFF, 0xE2), uint16(len(s)+2)), s...)
	}
	return append(out, file[2:]...)
}

// withTIFFProfile puts a profile into a TIFF.
func withTIFFProfile(file, profile []byte) []byte {
	entry := binary.LittleEndian.AppendUint16(nil, 34675)
	entry = binary.LittleEndian.AppendUint16(entry, 7)
	entry = binary.LittleEndian.AppendUint32(entry, uint32(len(profile)))
	entry = binary.LittleEndian.AppendUint32(entry, uint32(len(file)))
	return withTIFFEntry(append(append([]byte{}, file...), profile...), entry)
}

// withTIFFEntry gives a TIFF a new directory, with one more entry.
func withTIFFEntry(file, entry []byte) []byte {
	at := binary.LittleEndian.Uint32(file[4:])
	n := binary.LittleEndian.Uint16(file[at:])
	out := append([]byte{}, file...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)))
	out = binary.LittleEndian.AppendUint16(out, n+1)
	directory := file[at+2 : at+2+12*uint32(n)]
	place := 0 // the entries are sorted by their tags
	for place < len(directory) && binary.LittleEndian.Uint16(directory[place:]) < binary.LittleEndian.Uint16(entry) {
		place += 12
	}
	out = append(append(append(out, directory[:place]...), entry...), directory[place:]...)
	return append(out, 0, 0, 0, 0)
}

func TestFitProfiles(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 32, 32))
	for i := 0; i < len(img.Pix); i += 4 {
		copy(img.Pix[i:], []byte{200, 100, 50, 255})
	}
	gray := image.NewGray(image.Rect(0, 0, 32, 32))
	for i := range gray.Pix {
		gray.Pix[i] = 55
	}
	var b bytes.Buffer
	if err := tiff.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	soft := image.NewNRGBA(img.Rect)
	copy(soft.Pix, img.Pix)
	for i := 3; i < len(soft.Pix); i += 4 {
		soft.Pix[i] = 128
	}
	seen, as := color.NRGBA{227, 100, 42, 255}, color.NRGBA{200, 100, 50, 255}
	for name, c := range map[string]struct {
		data []byte
		want color.NRGBA
	}{
		"PNG":                  {withPNGProfile(t, pngFile(t, img), wide), seen},
		"PNG, transparent":     {withPNGProfile(t, pngFile(t, soft), wide), color.NRGBA{227, 100, 42, 128}},
		"PNG, grey":            {withPNGProfile(t, pngFile(t, gray), linear), color.NRGBA{128, 128, 128, 255}},
		"JPEG":                 {withJPEGProfile(jpegFile(t, img), wide), seen},
		"TIFF":                 {withTIFFProfile(b.Bytes(), wide), seen},
		"none":                 {pngFile(t, img), as},
		"of grey, for colours": {withPNGProfile(t, pngFile(t, img), linear), as},
		"nonsense":             {withPNGProfile(t, pngFile(t, img), []byte("nonsense")), as},
		"of lights, for inks":  {withJPEGProfile(cmykFile(t, [4]uint8{255, 0, 0, 0}), wide), color.NRGBA{0, 159, 227, 255}},
	} {
		small, err := raster.Fit(c.data, 8)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := color.NRGBAModel.Convert(small.At(4, 4)); !alike(got, c.want, 4) {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
		whole, err := raster.DecodeImage(c.data, 0)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, inks := whole.(*image.CMYK); inks {
			continue // converted when they are drawn
		}
		if got := color.NRGBAModel.Convert(whole.At(4, 4)); !alike(got, c.want, 4) {
			t.Errorf("%s, whole: %v, not %v", name, got, c.want)
		}
	}
}

// Every kind of pixel is converted; what has no profile stays as it is, byte for byte.
func TestDecodeImageConverts(t *testing.T) {
	const side = 8
	area := image.Rect(0, 0, side, side)
	as, seen := color.NRGBA{200, 100, 50, 255}, color.NRGBA{227, 100, 42, 255}
	kinds := map[string]draw.Image{
		"palette":            image.NewPaletted(area, color.Palette{color.Black, as}),
		"16 bits":            image.NewNRGBA64(area),
		"opaque":             image.NewRGBA(area),
		"grey":               image.NewGray(area),
		"grey, 16 bits":      image.NewGray16(area),
		"grey, for lights":   image.NewGray(area),
		"transparent, 8 bit": image.NewNRGBA(area),
	}
	for name, img := range kinds {
		from, to, profile := as, seen, wide
		if strings.HasPrefix(name, "grey") {
			from, to, profile = color.NRGBA{55, 55, 55, 255}, color.NRGBA{128, 128, 128, 255}, linear
		}
		switch name {
		case "grey, for lights":
			to, profile = color.NRGBA{54, 54, 54, 255}, wide
		case "transparent, 8 bit":
			from.A, to.A = 40, 40
		}
		draw.Draw(img, area, image.NewUniform(from), image.Point{}, draw.Src)
		plain, err := raster.DecodeImage(pngFile(t, img), 0)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := png.Decode(bytes.NewReader(pngFile(t, img)))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(plain, raw) {
			t.Errorf("%s: without a profile it is another picture", name)
		}
		got, err := raster.DecodeImage(withPNGProfile(t, pngFile(t, img), profile), 0)
		if err != nil {
			t.Fatal(err)
		}
		if c := color.NRGBAModel.Convert(got.At(3, 5)); !alike(c, to, 2) {
			t.Errorf("%s: %v, not %v", name, c, to)
		}
	}
	for name, has := range map[string]bool{"wide": true, "linear": true, "nonsense": false} {
		profile := map[string][]byte{"wide": wide, "linear": linear, "nonsense": []byte("nonsense")}[name]
		if got := raster.Profile(withPNGProfile(t, pngFile(t, kinds["opaque"]), profile)); has != bytes.Equal(got, profile) {
			t.Errorf("%s: the profile is %d bytes", name, len(got))
		}
	}
}

// withWebPExif is the quarters as a WebP with EXIF data behind the picture, as
// the format has it (RFC 9649 §2.7).
func withWebPExif(t *testing.T, exif []byte) []byte {
	file, err := os.ReadFile("testdata/quarters.webp")
	if err != nil {
		t.Fatal(err)
	}
	if string(file[12:16]) != "VP8X" {
		t.Fatal("the file is none of the extended form")
	}
	file[20] |= 8 // it has EXIF data
	file = append(binary.LittleEndian.AppendUint32(append(file, "EXIF"...), uint32(len(exif))), exif...)
	file = append(file, make([]byte, len(exif)%2)...)
	binary.LittleEndian.PutUint32(file[4:], uint32(len(file)-8))
	return file
}

// Other files than JPEG say how they are to be turned, too.
func TestFitOtherOrientations(t *testing.T) {
	var b bytes.Buffer
	if err := tiff.Encode(&b, quarters(), nil); err != nil {
		t.Fatal(err)
	}
	exif := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00")
	file := pngFile(t, quarters())
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(exif))), "eXIf"...)
	chunk = binary.BigEndian.AppendUint32(append(chunk, exif...), crc32.ChecksumIEEE(append([]byte("eXIf"), exif...)))
	last := len(file) - 12
	want, err := raster.Fit(withOrientation(jpegFile(t, quarters()), binary.BigEndian, 6), 100)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"TIFF": withTIFFEntry(b.Bytes(), append([]byte{0x12, 0x01, 3, 0, 1, 0, 0, 0}, 6, 0, 0, 0)),
		"PNG":  append(append(append([]byte{}, file[:last]...), chunk...), file[last:]...),
		"WebP": withWebPExif(t, exif),
	} {
		small, err := raster.Fit(data, 100)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := raster.DecodeImage(data, 0)
		if err != nil {
			t.Fatal(err)
		}
		info, err := raster.Probe(data)
		if err != nil || info.Width != want.Rect.Dx() || info.Height != want.Rect.Dy() {
			t.Errorf("%s: probed as %+v, %v", name, info, err)
		}
		for _, img := range []image.Image{small, whole} {
			if img.Bounds() != want.Rect || !alike(img.At(5, 5), want.At(5, 5), 12) || !alike(img.At(5, 40), want.At(5, 40), 12) {
				t.Errorf("%s: %v", name, img.Bounds())
			}
		}
	}
}

// No file makes the reader of profiles in files panic, or a picture larger than asked.
func FuzzFit(f *testing.F) {
	img := quarters()
	f.Add(withPNGProfile(f, pngFile(f, img), wide))
	f.Add(withJPEGProfile(withOrientation(jpegFile(f, img), binary.BigEndian, 6), wide))
	var b bytes.Buffer
	if err := tiff.Encode(&b, img, nil); err != nil {
		f.Fatal(err)
	}
	f.Add(withTIFFProfile(b.Bytes(), wide))
	f.Fuzz(func(t *testing.T, data []byte) {
		if info, err := raster.Probe(data); err == nil && info.Width*info.Height > 1<<18 {
			return // large pictures take long
		}
		if small, err := raster.Fit(data, 16); err == nil && (small.Rect.Dx() > 16 || small.Rect.Dy() > 16 || small.Rect.Empty()) {
			t.Errorf("%v", small.Rect)
		}
	})
}
