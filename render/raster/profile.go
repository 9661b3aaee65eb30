package raster

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	gocolor "image/color"
	"io"

	"github.com/tepin/tepin/render/color"
)

// maxProfile bounds a profile by which colours are read; those by curves are small.
const maxProfile = 4 << 20

// Profile returns the ICC profile in a picture's file by which its colours are read: of
// red, green and blue, or of grey, by curves, and other than sRGB. Nil when there is none.
func Profile(data []byte) []byte {
	raw := embedded(data)
	if p, err := color.ParseProfile(raw); err != nil || p.Plain() {
		return nil
	}
	return raw
}

// profileOf is the profile by which the colours of img, which was read of data, are to be
// converted; nil when they mean what they are, or cannot be known. Inks have none.
func profileOf(img image.Image, data []byte) *color.Profile {
	if _, inks := img.(*image.CMYK); inks {
		return nil
	}
	p, err := color.ParseProfile(embedded(data))
	if err != nil || p.Plain() {
		return nil
	}
	switch img.(type) {
	case *image.Gray, *image.Gray16:
	default:
		if p.Gray() {
			return nil // it is another's
		}
	}
	return p
}

// inSRGB brings a picture to the colours that its profile means; nil = those that it has.
// The picture is no longer to be used.
func inSRGB(src image.Image, p *color.Profile) image.Image {
	if p == nil {
		return src
	}
	switch m := src.(type) {
	case *image.RGBA:
		convert(m.Pix, p, true)
		return m
	case *image.NRGBA:
		convert(m.Pix, p, false)
		return m
	case *image.Gray:
		if p.Gray() {
			for i, v := range m.Pix {
				m.Pix[i], _, _ = p.SRGB8(v, v, v)
			}
			return m
		}
	case *image.Paletted:
		for i, c := range m.Palette {
			n := gocolor.NRGBAModel.Convert(c).(gocolor.NRGBA)
			n.R, n.G, n.B = p.SRGB8(n.R, n.G, n.B)
			m.Palette[i] = n
		}
		return m
	}
	whole := upright(src, 1)
	convert(whole.Pix, p, true)
	return whole
}

// convert brings pixels of four bytes to sRGB.
func convert(pix []uint8, p *color.Profile, premultiplied bool) {
	for i := 0; i+3 < len(pix); i += 4 {
		q := pix[i : i+4 : i+4]
		switch a := uint32(q[3]); {
		case a == 0:
		case a == 255 || !premultiplied:
			q[0], q[1], q[2] = p.SRGB8(q[0], q[1], q[2])
		default:
			var c [3]uint8
			for k := range c {
				c[k] = uint8(min((uint32(q[k])*255+a/2)/a, 255))
			}
			c[0], c[1], c[2] = p.SRGB8(c[0], c[1], c[2])
			for k := range c {
				q[k] = uint8(div255(uint32(c[k]) * a))
			}
		}
	}
}

// embedded returns the ICC profile in a picture's file; nil when there is none.
func embedded(data []byte) []byte {
	f, err := formatOf(data)
	if err != nil {
		return nil
	}
	switch f.extension {
	case "jpg":
		return jpegProfile(data)
	case "png":
		return pngProfile(data)
	case "webp":
		return webpChunk(data, "ICCP")
	case "tiff":
		return tiffProfile(data)
	}
	return nil
}

// jpegProfile puts the parts together that stand in APP2 segments (ICC.1 B.4).
func jpegProfile(data []byte) []byte {
	const name = "ICC_PROFILE\x00"
	parts, total := map[byte][]byte{}, 0
	for at := 2; at+4 <= len(data) && data[at] == 0xFF; {
		marker, size := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == 0xFF {
			at++
			continue
		}
		if marker == 0xDA || size < 2 || at+2+size > len(data) {
			break
		}
		if s := data[at+4 : at+2+size]; marker == 0xE2 && len(s) > len(name)+2 && string(s[:len(name)]) == name {
			parts[s[len(name)]] = s[len(name)+2:]
			total += len(s)
		}
		at += 2 + size
	}
	if len(parts) == 0 || total > maxProfile {
		return nil
	}
	var whole []byte
	for i := range len(parts) {
		whole = append(whole, parts[byte(i+1)]...)
	}
	return whole
}

// pngProfile reads the chunk iCCP.
func pngProfile(data []byte) []byte {
	_, packed, ok := bytes.Cut(pngChunk(data, "iCCP"), []byte{0})
	if !ok || len(packed) < 2 || packed[0] != 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(packed[1:]))
	if err != nil {
		return nil
	}
	whole, err := io.ReadAll(io.LimitReader(z, maxProfile))
	if err != nil {
		return nil
	}
	return whole
}

// pngChunk returns the content of a PNG's first chunk of a kind.
func pngChunk(data []byte, kind string) []byte {
	for at := int64(8); at+12 <= int64(len(data)); {
		size := int64(binary.BigEndian.Uint32(data[at:]))
		if at+12+size > int64(len(data)) {
			return nil
		}
		if string(data[at+4:at+8]) == kind {
			return data[at+8 : at+8+size]
		}
		at += 12 + size
	}
	return nil
}

// webpChunk returns the content of a WebP's first chunk of a kind (RFC 9649 §2.3).
func webpChunk(data []byte, kind string) []byte {
	for at := int64(12); at+8 <= int64(len(data)); {
		size := int64(binary.LittleEndian.Uint32(data[at+4:]))
		if at+8+size > int64(len(data)) {
			return nil
		}
		if string(data[at:at+4]) == kind {
			return data[at+8 : at+8+size]
		}
		at += 8 + size + size&1
	}
	return nil
}

// tiffProfile reads the tag 34675 of the first directory.
func tiffProfile(data []byte) []byte {
	const tag, entry = 34675, 12
	if len(data) < 8 {
		return nil
	}
	var order binary.ByteOrder = binary.BigEndian
	if data[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return nil
	}
	for i := range int64(order.Uint16(data[at:])) {
		e := at + 2 + entry*i
		if e+entry > int64(len(data)) {
			return nil
		}
		if order.Uint16(data[e:]) != tag {
			continue
		}
		size, from := int64(order.Uint32(data[e+4:])), int64(order.Uint32(data[e+8:]))
		if size > maxProfile || from+size > int64(len(data)) {
			return nil
		}
		return data[from : from+size]
	}
	return nil
}
