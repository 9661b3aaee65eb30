package raster

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

// psdFile says what a Photoshop file of a test is to be like.
type psdFile struct {
	version, mode, depth int
	rle, alpha           bool
	without              bool // a composite
	w, h                 int
	palette              []byte
	at                   func(channel, x, y int) byte
	channels             int
}

func (f psdFile) bytes() []byte {
	var b bytes.Buffer
	put := func(list ...any) {
		for _, v := range list {
			_ = binary.Write(&b, binary.BigEndian, v) // a buffer takes everything
		}
	}
	put([]byte("8BPS"), uint16(f.version), make([]byte, 6), uint16(f.channels), uint32(f.h), uint32(f.w), uint16(f.depth), uint16(f.mode))
	put(uint32(len(f.palette)), f.palette)
	real := byte(1)
	if f.without {
		real = 0
	}
	resource := func(id uint16, name string, data []byte) []byte {
		var r bytes.Buffer
		_ = binary.Write(&r, binary.BigEndian, []byte("8BIM"))
		_ = binary.Write(&r, binary.BigEndian, id)
		r.WriteByte(byte(len(name)))
		r.WriteString(name)
		if len(name)%2 == 0 {
			r.WriteByte(0)
		}
		_ = binary.Write(&r, binary.BigEndian, uint32(len(data)))
		r.Write(data)
		if len(data)%2 == 1 {
			r.WriteByte(0)
		}
		return r.Bytes()
	}
	resources := append(resource(1005, "odd", []byte{1, 2, 3}), resource(1057, "", []byte{0, 0, 0, 1, real, 0, 0})...)
	put(uint32(len(resources)), resources)
	count := int16(1)
	if f.alpha {
		count = -1
	}
	if f.version == 2 {
		put(uint64(10+4), uint64(2), count, []byte{1, 2, 3, 4})
	} else {
		put(uint32(6+4), uint32(2), count, []byte{1, 2, 3, 4})
	}
	var rows [][]byte
	for c := range f.channels {
		for y := range f.h {
			rows = append(rows, f.row(c, y))
		}
	}
	put(uint16(map[bool]int{true: 1}[f.rle]))
	if f.rle {
		for i, r := range rows {
			rows[i] = packed(r)
			if f.version == 2 {
				put(uint32(len(rows[i])))
			} else {
				put(uint16(len(rows[i])))
			}
		}
	}
	for _, r := range rows {
		put(r)
	}
	return b.Bytes()
}

func (f psdFile) row(c, y int) []byte {
	var row []byte
	for x := range f.w {
		switch v := f.at(c, x, y); f.depth {
		case 1:
			if x%8 == 0 {
				row = append(row, 0)
			}
			if v < 128 {
				row[x/8] |= 0x80 >> (x % 8)
			}
		case 16:
			row = append(row, v, 77)
		default:
			row = append(row, v)
		}
	}
	return row
}

// packed packs a row: runs where there are any, else as it is, with a no-op between.
func packed(row []byte) []byte {
	out := []byte{0x80}
	for len(row) > 0 {
		n := 1
		for n < len(row) && n < 128 && row[n] == row[0] {
			n++
		}
		if n > 1 {
			out = append(out, byte(1-n), row[0])
		} else {
			out = append(out, 0, row[0])
		}
		row = row[n:]
	}
	return out
}

func TestPSD(t *testing.T) {
	half := func(c, x, _ int) byte { // the left half has the colour 200, 100, 50, …
		if x < 4 {
			return []byte{200, 100, 50, 255, 255}[c]
		}
		return 255
	}
	see := func(c, x, _ int) byte { // a colour of half the strength, on white
		return []byte{227, 177, 152, 128, 128}[c]
	}
	for name, c := range map[string]struct {
		file psdFile
		want color.NRGBA
	}{
		"RGB":                {psdFile{version: 1, mode: 3, depth: 8, channels: 3, at: half}, color.NRGBA{200, 100, 50, 255}},
		"RGB packed":         {psdFile{version: 1, mode: 3, depth: 8, channels: 3, rle: true, at: half}, color.NRGBA{200, 100, 50, 255}},
		"large":              {psdFile{version: 2, mode: 3, depth: 8, channels: 3, rle: true, at: half}, color.NRGBA{200, 100, 50, 255}},
		"16 bits":            {psdFile{version: 1, mode: 3, depth: 16, channels: 3, rle: true, at: half}, color.NRGBA{200, 100, 50, 255}},
		"transparent":        {psdFile{version: 1, mode: 3, depth: 8, channels: 4, alpha: true, rle: true, at: see}, color.NRGBA{199, 100, 50, 128}},
		"a channel of spots": {psdFile{version: 1, mode: 3, depth: 8, channels: 4, rle: true, at: see}, color.NRGBA{227, 177, 152, 255}},
		"CMYK":               {psdFile{version: 1, mode: 4, depth: 8, channels: 4, at: func(c, _, _ int) byte { return []byte{0, 255, 255, 255}[c] }}, color.NRGBA{0, 159, 227, 255}},
		"CMYK, transparent":  {psdFile{version: 1, mode: 4, depth: 8, channels: 5, alpha: true, at: func(c, _, _ int) byte { return []byte{255, 255, 0, 255, 60}[c] }}, color.NRGBA{255, 237, 0, 60}},
		"grey":               {psdFile{version: 1, mode: 1, depth: 8, channels: 1, at: half}, color.NRGBA{200, 200, 200, 255}},
		"grey, transparent":  {psdFile{version: 1, mode: 1, depth: 8, channels: 2, alpha: true, at: func(c, _, _ int) byte { return []byte{227, 128}[c] }}, color.NRGBA{199, 199, 199, 128}},
		"duotone":            {psdFile{version: 1, mode: 8, depth: 8, channels: 1, rle: true, palette: []byte("inks"), at: half}, color.NRGBA{200, 200, 200, 255}},
		"bitmap":             {psdFile{version: 1, mode: 0, depth: 1, channels: 1, at: func(_, x, _ int) byte { return byte(x % 2 * 255) }}, color.NRGBA{0, 0, 0, 255}},
		"palette":            {psdFile{version: 1, mode: 2, depth: 8, channels: 1, rle: true, palette: bytes.Repeat([]byte{9, 8, 7}, 256), at: half}, color.NRGBA{}},
	} {
		t.Run(name, func(t *testing.T) {
			c.file.w, c.file.h = 9, 5
			data := c.file.bytes()
			info, err := Probe(data)
			if err != nil || info.Width != 9 || info.Height != 5 || info.Extension != "psd" {
				t.Fatalf("%+v, %v", info, err)
			}
			img, err := DecodeImage(data, 0)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == (color.NRGBA{}) { // planes of 256 bytes, of which 200 is asked for
				c.want = color.NRGBA{c.file.palette[200], c.file.palette[456], c.file.palette[712], 255}
			}
			got := color.NRGBAModel.Convert(rgbaOf(img).At(0, 4)).(color.NRGBA)
			for i, pair := range [][2]uint8{{got.R, c.want.R}, {got.G, c.want.G}, {got.B, c.want.B}, {got.A, c.want.A}} {
				if d := int(pair[0]) - int(pair[1]); d < -3 || d > 3 {
					t.Fatalf("component %d: %v, not %v", i, got, c.want)
				}
			}
		})
	}
}

// rgbaOf reads a picture as it is drawn.
func rgbaOf(img image.Image) *image.RGBA {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	rows := newReader(img, 0, b.Dx())
	for y := range b.Dy() {
		copy(out.Pix[y*out.Stride:], rows.row(y))
	}
	return out
}

func TestBrokenPSD(t *testing.T) {
	whole := psdFile{version: 1, mode: 3, depth: 8, channels: 3, rle: true, w: 9, h: 5, at: func(_, x, _ int) byte { return byte(x) }}
	_, err := DecodeImage(func() []byte { f := whole; f.without = true; return f.bytes() }(), 0)
	if tepin.KindOf(err) != tepin.Unprocessable || !strings.Contains(err.Error(), "Maximize compatibility") {
		t.Errorf("without a composite: %v", err)
	}
	data := whole.bytes()
	for n := range data {
		if _, err := DecodeImage(data[:n], 0); tepin.KindOf(err) != tepin.Unprocessable {
			t.Fatalf("%d of %d bytes: %v", n, len(data), err)
		}
	}
	for name, f := range map[string]psdFile{
		"Lab":           {version: 1, mode: 9, depth: 8, channels: 3},
		"32 bits":       {version: 1, mode: 3, depth: 32, channels: 3},
		"few channels":  {version: 1, mode: 4, depth: 8, channels: 3},
		"many channels": {version: 1, mode: 3, depth: 8, channels: 57},
		"version 3":     {version: 3, mode: 3, depth: 8, channels: 3},
		"grey of a bit": {version: 1, mode: 1, depth: 1, channels: 1},
		"short palette": {version: 1, mode: 2, depth: 8, channels: 1, palette: []byte{1}},
	} {
		f.w, f.h, f.at = 4, 4, func(int, int, int) byte { return 0 }
		if _, err := DecodeImage(f.bytes(), 0); tepin.KindOf(err) != tepin.Unprocessable {
			t.Errorf("%s: %v", name, err)
		}
	}
	huge := psdFile{version: 2, mode: 3, depth: 8, channels: 3, w: 1, h: 1, at: func(int, int, int) byte { return 0 }}.bytes()
	binary.BigEndian.PutUint32(huge[14:], 300_000)
	binary.BigEndian.PutUint32(huge[18:], 300_000)
	if _, err := DecodeImage(huge, 0); tepin.KindOf(err) != tepin.TooLarge {
		t.Errorf("300,000 pixels a side: %v", err)
	}
}

// No file makes the reader of Photoshop files panic or take memory beyond its size.
func FuzzPSD(f *testing.F) {
	for _, mode := range []int{1, 2, 3, 4} {
		for _, version := range []int{1, 2} {
			f.Add(psdFile{version: version, mode: mode, depth: 8, channels: 5, alpha: true, rle: mode != 3, w: 7, h: 3, palette: make([]byte, 768), at: func(c, x, y int) byte { return byte(c * x * y) }}.bytes())
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 20
		h, err := readPSDHeader(bytes.NewReader(data))
		if err != nil || h.width < 0 || h.height < 1 || h.width > limit/h.height {
			return
		}
		img, err := decodePSD(bytes.NewReader(data))
		if err == nil && (img.Bounds().Dx() != h.width || img.Bounds().Dy() != h.height) {
			t.Errorf("%v of a picture of %d × %d", img.Bounds(), h.width, h.height)
		}
	})
}
