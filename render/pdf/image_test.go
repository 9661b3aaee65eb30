package pdf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	gocolor "image/color"
	"image/color/palette"
	"image/draw"
	"io"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/pdf"
)

// turned is img as a camera stores it that held it in the way of an EXIF orientation.
func turned(img *image.RGBA, orientation int) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			// where the stored pixel is seen (EXIF 2.32, §4.6.4, tag Orientation)
			at := map[int]image.Point{
				1: {X: x, Y: y}, 2: {X: w - 1 - x, Y: y}, 3: {X: w - 1 - x, Y: h - 1 - y}, 4: {X: x, Y: h - 1 - y},
				5: {X: y, Y: x}, 6: {X: w - 1 - y, Y: x}, 7: {X: w - 1 - y, Y: h - 1 - x}, 8: {X: y, Y: h - 1 - x},
			}[orientation]
			out.SetRGBA(x, y, img.RGBAAt(at.X, at.Y))
		}
	}
	return out
}

// segment is a JPEG marker segment.
func segment(marker byte, body string) string {
	return string([]byte{0xFF, marker}) + string(binary.BigEndian.AppendUint16(nil, uint16(2+len(body)))) + body
}

// withSegments puts segments behind a JPEG's start.
func withSegments(data []byte, segments ...string) []byte {
	return []byte(string(data[:2]) + strings.Join(segments, "") + string(data[2:]))
}

func exif(orientation int) string {
	entry := fmt.Sprintf("\x01\x12\x00\x03\x00\x00\x00\x01\x00%c\x00\x00", orientation)
	return segment(0xE1, "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x02\x01\x0F\x00\x02\x00\x00\x00\x05\x00\x00\x00\x50"+entry+"made in Belgium")
}

// jpegImage is an image of JPEG bytes that must not be decoded.
func jpegImage(t *testing.T, data []byte, w, h int) pdf.Image {
	return pdf.Image{Data: data, Width: w, Height: h, Decoded: func() (image.Image, error) {
		t.Error("the JPEG was decoded")
		return nil, errors.New("decoded")
	}}
}

// near tells whether a pixel has about a colour.
func near(img image.Image, x, y int, want gocolor.Color) bool {
	r, g, b, _ := img.At(x, y).RGBA()
	wr, wg, wb, _ := want.RGBA()
	for _, d := range []int{int(r) - int(wr), int(g) - int(wg), int(b) - int(wb)} {
		if max(d, -d) > 24<<8 {
			return false
		}
	}
	return true
}

var (
	red   = gocolor.RGBA{234, 6, 6, 255}
	green = gocolor.RGBA{6, 194, 6, 255}
	blue  = gocolor.RGBA{6, 6, 234, 255}
)

// checkPhotograph looks for the photograph in the box (50, 20) to (250, 180).
func checkPhotograph(t *testing.T, got image.Image) {
	t.Helper()
	for _, p := range []struct {
		x, y int
		want gocolor.Color
	}{{100, 60, red}, {200, 60, green}, {100, 140, blue}, {200, 140, blue}, {53, 23, red}, {247, 23, green}, {20, 100, gocolor.White}} {
		if !near(got, p.x, p.y, p.want) {
			t.Errorf("at %d, %d there is %v, want about %v", p.x, p.y, got.At(p.x, p.y), p.want)
		}
	}
}

func TestJPEGPassesThrough(t *testing.T) {
	photo := photograph(100, 80)
	for orientation := 1; orientation <= 8; orientation++ {
		t.Run(fmt.Sprint("orientation ", orientation), func(t *testing.T) {
			data := withSegments(encodeJPEG(t, turned(photo, orientation)), exif(orientation), segment(0xFE, "a comment"))
			name := written(t, pdf.Options{Images: map[string]pdf.Image{"a": jpegImage(t, data, 100, 80)}}, page(place("a", 50, 20, 200, 160)))
			if list := tool(t, "pdfimages", "-list", name); !strings.Contains(list, " jpeg ") {
				t.Errorf("no JPEG in the file:\n%s", list)
			}
			checkPhotograph(t, pixels(t, name, 72))
			if file := expanded(t, name); strings.Contains(file, "Belgium") || strings.Contains(file, "a comment") {
				t.Error("the file tells where the picture was taken")
			}
		})
	}
}

// profile is an ICC profile with curves of a gamma: of Adobe RGB's lights, or of grey.
func profile(space string, gamma float64) []byte {
	number := func(x float64) string { return string(binary.BigEndian.AppendUint32(nil, uint32(int32(x*65536)))) }
	curve := "curv\x00\x00\x00\x00\x00\x00\x00\x01" + string(binary.BigEndian.AppendUint16(nil, uint16(gamma*256))) + "\x00\x00"
	tags := [][2]string{{"wtpt", "XYZ \x00\x00\x00\x00" + number(0.9642) + number(1) + number(0.8249)}}
	if space == "GRAY" {
		tags = append(tags, [2]string{"kTRC", curve})
	} else {
		for i, xyz := range [][3]float64{{0.60974, 0.31111, 0.01947}, {0.20528, 0.62567, 0.06087}, {0.14919, 0.06322, 0.74457}} {
			tags = append(tags, [2]string{"rgb"[i:i+1] + "XYZ", "XYZ \x00\x00\x00\x00" + number(xyz[0]) + number(xyz[1]) + number(xyz[2])}, [2]string{"rgb"[i:i+1] + "TRC", curve})
		}
	}
	table, data := string(binary.BigEndian.AppendUint32(nil, uint32(len(tags)))), ""
	for _, tag := range tags {
		at := 128 + 4 + 12*len(tags) + len(data)
		table += tag[0] + string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(at)), uint32(len(tag[1]))))
		data += tag[1]
	}
	head := make([]byte, 128)
	binary.BigEndian.PutUint32(head, uint32(128+len(table)+len(data)))
	copy(head[8:], "\x02\x10\x00\x00mntr"+space+"XYZ ")
	copy(head[36:], "acsp")
	copy(head[68:], number(0.9642)+number(1)+number(0.8249))
	return append(head, table+data...)
}

// A JPEG keeps its bytes and brings its profile along, once for all pictures that have it;
// where the profile is for something else, the colours are converted, or are what they are.
func TestJPEGProfiles(t *testing.T) {
	fill := func(c gocolor.Color) image.Image {
		img := image.NewRGBA(image.Rect(0, 0, 16, 16))
		draw.Draw(img, img.Rect, image.NewUniform(c), image.Point{}, draw.Src)
		return img
	}
	lights, linear := profile("RGB ", 2.2), profile("GRAY", 1)
	as, seen := gocolor.RGBA{200, 100, 50, 255}, gocolor.RGBA{227, 100, 42, 255}
	colours, grey := encodeJPEG(t, fill(as)), encodeJPEG(t, gray(55))
	for _, tt := range []struct {
		name      string
		data      []byte
		profile   []byte
		converted image.Image // nil = it is not decoded
		want      gocolor.Color
		space     string // as pdfimages calls it
	}{
		{"of lights", colours, lights, nil, seen, " icc "},
		{"of grey", grey, linear, nil, gocolor.Gray{128}, " icc "},
		{"of grey, for colours", colours, linear, nil, as, " rgb "},
		{"of lights, for grey", grey, lights, fill(gocolor.Gray{54}), gocolor.Gray{54}, " rgb "},
		{"nonsense", colours, []byte("nonsense"), nil, as, " rgb "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			img := jpegImage(t, tt.data, 16, 16)
			if tt.converted != nil {
				img.Decoded = func() (image.Image, error) { return tt.converted, nil }
			}
			img.Profile = tt.profile
			name := written(t, pdf.Options{Images: map[string]pdf.Image{"a": img, "b": img}}, page(place("a", 0, 0, 300, 100), place("b", 0, 100, 300, 100)))
			if list := tool(t, "pdfimages", "-list", name); strings.Count(list, tt.space) != 2 {
				t.Errorf("not%s:\n%s", tt.space, list)
			}
			got := pixels(t, name, 72)
			for _, y := range []int{50, 150} {
				r, g, b, _ := got.At(150, y).RGBA()
				wr, wg, wb, _ := tt.want.RGBA()
				if max(abs(int(r)-int(wr)), abs(int(g)-int(wg)), abs(int(b)-int(wb))) > 5<<8 {
					t.Errorf("it looks like %v, not %v", got.At(150, y), tt.want)
				}
			}
			if n := strings.Count(expanded(t, name), "acsp"); n > 1 || n == 1 != (tt.space == " icc ") {
				t.Errorf("the profile is in the file %d times", n)
			}
		})
	}
}

func abs(x int) int { return max(x, -x) }

// scans makes a JPEG of several components out of grey ones of one size and quality:
// each component in a scan of its own.
func scans(t *testing.T, names string, planes ...image.Image) []byte {
	t.Helper()
	first := encodeJPEG(t, planes[0])
	frame := bytes.Index(first, []byte{0xFF, 0xC0})
	size := first[frame+5 : frame+9]
	start := bytes.Index(first, []byte{0xFF, 0xDA})
	out := append([]byte{}, first[:frame]...)
	body := "\x08" + string(size) + string(rune(len(planes)))
	for i := range planes {
		body += string([]byte{names[i], 0x11, 0})
	}
	out = append(out, segment(0xC0, body)...)
	length := 2 + int(binary.BigEndian.Uint16(first[frame+2:]))
	out = append(out, first[frame+length:start]...) // Huffman tables
	for i, p := range planes {
		data := encodeJPEG(t, p)
		start := bytes.Index(data, []byte{0xFF, 0xDA})
		out = append(out, segment(0xDA, "\x01"+string([]byte{names[i], 0, 0, 63, 0}))...)
		out = append(out, data[start+10:len(data)-2]...)
	}
	return append(out, 0xFF, 0xD9)
}

func gray(v uint8) image.Image {
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	draw.Draw(img, img.Rect, image.NewUniform(gocolor.Gray{v}), image.Point{}, draw.Src)
	return img
}

func TestJPEGColours(t *testing.T) {
	adobe := segment(0xEE, "Adobe\x00\x64\x00\x00\x00\x00\x00")
	tests := []struct {
		name  string
		data  []byte
		space string
		want  gocolor.Color
	}{
		{"gray", encodeJPEG(t, gray(90)), "gray", gocolor.Gray{90}},
		{"ycc", scans(t, "\x01\x02\x03", gray(128), gray(128), gray(255)), "rgb", gocolor.RGBA{255, 37, 128, 255}},
		{"plain rgb", scans(t, "RGB", gray(200), gray(10), gray(60)), "rgb", gocolor.RGBA{200, 10, 60, 255}},
		{"cmyk", scans(t, "\x01\x02\x03\x04", gray(0), gray(0), gray(0), gray(128)), "cmyk", gocolor.Gray{142}},
		{"adobe cmyk", withSegments(scans(t, "\x01\x02\x03\x04", gray(255), gray(255), gray(255), gray(128)), adobe), "cmyk", gocolor.Gray{142}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := written(t, pdf.Options{Images: map[string]pdf.Image{"a": jpegImage(t, tt.data, 16, 16)}}, page(place("a", 0, 0, 300, 200)))
			if list := tool(t, "pdfimages", "-list", name); !strings.Contains(list, " jpeg ") || !strings.Contains(list, " "+tt.space+" ") {
				t.Errorf("not a JPEG in %s:\n%s", tt.space, list)
			}
			if got := pixels(t, name, 72); !near(got, 150, 100, tt.want) {
				t.Errorf("it looks like %v, want about %v", got.At(150, 100), tt.want)
			}
		})
	}
}

// What a reader may not know how to decode is decoded here.
func TestOtherJPEGs(t *testing.T) {
	good := encodeJPEG(t, photograph(100, 80))
	changed := func(marker byte, at int, v byte) []byte {
		data := bytes.Clone(good)
		data[bytes.Index(data, []byte{0xFF, marker})+at] = v
		return data
	}
	tests := []struct {
		name          string
		data          []byte
		width, height int
	}{
		{"arithmetic", changed(0xC0, 1, 0xC9), 100, 80},
		{"lossless", changed(0xC0, 1, 0xC3), 100, 80},
		{"12 bits", changed(0xC0, 4, 12), 100, 80},
		{"two components", changed(0xC0, 9, 2), 100, 80},
		{"another size", good, 99, 80},
		{"no size", changed(0xC0, 5, 0), 100, 0},
		{"no scan", good[:bytes.Index(good, []byte{0xFF, 0xDA})], 100, 80},
		{"cut off in a segment", good[:30], 100, 80},
		{"not a JPEG", []byte("\x89PNG"), 100, 80},
		{"nothing", nil, 100, 80},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			img := decoded(photograph(100, 80))
			img.Data, img.Width, img.Height = tt.data, tt.width, tt.height
			s, err := pdf.Prepare(img)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(s.Dict, "/FlateDecode") {
				t.Errorf("it went into the file: %s", s.Dict)
			}
		})
	}
}

func TestDecodedPictures(t *testing.T) {
	photo := photograph(100, 80)
	as := func(dst draw.Image) image.Image {
		draw.Draw(dst, dst.Bounds(), photo, image.Point{}, draw.Src)
		return dst
	}
	b := photo.Rect
	tests := []struct {
		name string
		img  image.Image
	}{
		{"RGBA", photo},
		{"NRGBA", as(image.NewNRGBA(b))},
		{"16 bits", as(image.NewRGBA64(b))},
		{"palette", as(image.NewPaletted(b, palette.Plan9))},
		{"part of a picture", as(image.NewNRGBA(image.Rect(0, 0, 120, 90))).(*image.NRGBA).SubImage(b)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := written(t, pdf.Options{Images: map[string]pdf.Image{"a": decoded(tt.img)}}, page(place("a", 50, 20, 200, 160)))
			checkPhotograph(t, pixels(t, name, 72))
			if strings.Contains(expanded(t, name), "/SMask") {
				t.Error("an opaque picture has a mask")
			}
		})
	}
	t.Run("gray", func(t *testing.T) {
		name := written(t, pdf.Options{Images: map[string]pdf.Image{"a": decoded(gray(90))}}, page(place("a", 0, 0, 300, 200)))
		if got := pixels(t, name, 72); !near(got, 9, 9, gocolor.Gray{90}) {
			t.Errorf("it looks like %v", got.At(9, 9))
		}
	})
	t.Run("CMYK", func(t *testing.T) {
		img := image.NewCMYK(image.Rect(0, 0, 4, 4))
		draw.Draw(img, img.Rect, image.NewUniform(gocolor.CMYK{0, 0, 0, 127}), image.Point{}, draw.Src)
		name := written(t, pdf.Options{Images: map[string]pdf.Image{"a": decoded(img)}}, page(place("a", 0, 0, 300, 200)))
		if list := tool(t, "pdfimages", "-list", name); !strings.Contains(list, " cmyk ") {
			t.Error(list)
		}
	})
}

func TestTransparentPictures(t *testing.T) {
	half := image.NewNRGBA(image.Rect(0, 0, 10, 10))
	for y := range 10 {
		for x := range 10 {
			half.SetNRGBA(x, y, gocolor.NRGBA{200, 0, 0, uint8(x / 5 * 128)})
		}
	}
	premultiplied := image.NewRGBA(half.Rect)
	draw.Draw(premultiplied, half.Rect, half, image.Point{}, draw.Src)
	for name, img := range map[string]image.Image{"NRGBA": half, "RGBA": premultiplied} {
		t.Run(name, func(t *testing.T) {
			name := written(t, pdf.Options{Images: map[string]pdf.Image{"a": decoded(img)}},
				page(place("a", 0, 0, 300, 100), push(0.5), place("a", 0, 100, 300, 100), render.Op{Pop: true}))
			got := pixels(t, name, 72)
			for _, p := range []struct {
				x, y int
				want gocolor.Color
			}{{50, 50, gocolor.White}, {250, 50, gocolor.RGBA{227, 127, 127, 255}}, {250, 150, gocolor.RGBA{241, 191, 191, 255}}} {
				if !near(got, p.x, p.y, p.want) {
					t.Errorf("at %d, %d: %v, want about %v", p.x, p.y, got.At(p.x, p.y), p.want)
				}
			}
		})
	}
}

func TestPicturesAreInTheFileOnce(t *testing.T) {
	photo := photograph(30, 30)
	calls := map[string]int{}
	kept := map[string]pdf.Stream{}
	o := pdf.Options{
		Images: map[string]pdf.Image{"a": decoded(photo), "b": decoded(photo), "unused": decoded(photo)},
		Cache: func(key string, prepare func() (pdf.Stream, error)) (pdf.Stream, error) {
			if s, ok := kept[key]; ok {
				return s, nil
			}
			calls[key]++
			s, err := prepare()
			kept[key] = s
			return s, err
		},
	}
	list := page(place("a", 0, 0, 10, 10), push(0.5), place("a", 9, 9, 10, 10), place("b", 0, 50, 10, 10), render.Op{Pop: true})
	for range 2 {
		name := written(t, o, list, list)
		if got := strings.Count(expanded(t, name), "/Subtype /Image"); got != 2 {
			t.Errorf("%d pictures in the file, want 2", got)
		}
	}
	if calls["a"] != 1 || calls["b"] != 1 || calls["unused"] != 0 {
		t.Errorf("prepared %v", calls)
	}
}

func TestBadPictures(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name  string
		image pdf.Image
		want  func(error) bool
	}{
		{"cannot be decoded", pdf.Image{Decoded: func() (image.Image, error) { return nil, broken }}, func(err error) bool { return errors.Is(err, broken) }},
		{"no way to decode", pdf.Image{Data: []byte("GIF89a")}, func(err error) bool { return tepin.KindOf(err) == tepin.Unprocessable }},
		{"empty", decoded(image.NewRGBA(image.Rectangle{})), func(err error) bool { return tepin.KindOf(err) == tepin.Unprocessable }},
		{"too large", pdf.Image{Width: 1 << 20, Height: 1 << 20, Decoded: func() (image.Image, error) { panic("decoded") }}, func(err error) bool { return tepin.KindOf(err) == tepin.TooLarge }},
		{"larger than it says", pdf.Image{Width: 1, Height: 1, Decoded: func() (image.Image, error) { return image.NewUniform(gocolor.White), nil }}, func(err error) bool { return tepin.KindOf(err) == tepin.TooLarge }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := pdf.Write(io.Discard, []render.List{page(place("a", 0, 0, 1, 1))}, pdf.Options{Images: map[string]pdf.Image{"a": tt.image}})
			if !tt.want(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}
