package raster

import (
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math"
)

// EncodePNG writes a PNG that says its resolution.
func EncodePNG(w io.Writer, img *image.RGBA, dpi float64) error {
	const header = 8 + 25 // signature and IHDR: pHYs comes after them
	var out image.Image = img
	if !img.Opaque() {
		out = straight(img)
	}
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	return enc.Encode(&inserter{to: w, at: header, what: physical(dpi)}, out)
}

// physical returns a pHYs chunk (PNG 11.3.4.3).
func physical(dpi float64) []byte {
	perMetre := uint32(min(max(math.Round(resolution(dpi)/0.0254), 1), math.MaxInt32))
	chunk := binary.BigEndian.AppendUint32(nil, 9)
	chunk = append(chunk, "pHYs"...)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = append(chunk, 1)
	return binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
}

// EncodeJPG writes a JPEG of a quality from 1 to 100 that says its resolution.
// Transparent pixels are drawn on white.
func EncodeJPG(w io.Writer, img *image.RGBA, quality int, dpi float64) error {
	const start = 2 // after SOI
	if !img.Opaque() {
		img = onWhite(img)
	}
	quality = min(max(quality, 1), 100)
	return jpeg.Encode(&inserter{to: w, at: start, what: jfif(dpi)}, img, &jpeg.Options{Quality: quality})
}

// jfif returns an APP0 segment (JFIF 1.02).
func jfif(dpi float64) []byte {
	density := uint16(min(max(math.Round(resolution(dpi)), 1), math.MaxUint16))
	segment := append([]byte{0xFF, 0xE0, 0, 16}, "JFIF\x00\x01\x02\x01"...)
	segment = binary.BigEndian.AppendUint16(segment, density)
	segment = binary.BigEndian.AppendUint16(segment, density)
	return append(segment, 0, 0)
}

// resolution returns a usable dpi; what is none is that of a screen.
func resolution(dpi float64) float64 {
	if !(dpi > 0) {
		return 72
	}
	return dpi
}

// inserter passes on what is written and puts something in after the first bytes.
type inserter struct {
	to   io.Writer
	at   int // bytes still to pass on before
	what []byte
}

func (i *inserter) Write(p []byte) (int, error) {
	done := 0
	if i.what != nil && len(p) >= i.at {
		n, err := i.to.Write(p[:i.at])
		if err != nil {
			return n, err
		}
		if _, err := i.to.Write(i.what); err != nil {
			return n, err
		}
		done, i.what = n, nil
	} else if i.what != nil {
		i.at -= len(p)
	}
	n, err := i.to.Write(p[done:])
	return done + n, err
}

// straight returns the picture without premultiplied alpha, as PNG wants it.
func straight(img *image.RGBA) *image.NRGBA {
	out := image.NewNRGBA(img.Rect)
	for i := 0; i+3 < len(img.Pix); i += 4 {
		p, q := img.Pix[i:i+4:i+4], out.Pix[i:i+4:i+4]
		a := uint32(p[3])
		switch a {
		case 0:
		case 255:
			copy(q, p)
		default:
			for k := range 3 {
				q[k] = uint8(min((uint32(p[k])*255+a/2)/a, 255))
			}
			q[3] = p[3]
		}
	}
	return out
}

func onWhite(img *image.RGBA) *image.RGBA {
	out := image.NewRGBA(img.Rect)
	for i := 0; i+3 < len(img.Pix); i += 4 {
		rest := 255 - img.Pix[i+3]
		for k := range 3 {
			out.Pix[i+k] = img.Pix[i+k] + rest
		}
		out.Pix[i+3] = 255
	}
	return out
}
