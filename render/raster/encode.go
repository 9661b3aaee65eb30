package raster

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"io"
	"math"
)

// EncodePNG writes a PNG that says its resolution, compressed for speed.
func EncodePNG(w io.Writer, img *image.RGBA, dpi float64) error {
	e := &pngWriter{to: w, img: img, channels: 4, colorType: 6}
	if img.Opaque() {
		e.channels, e.colorType = 3, 2
	}
	e.write([]byte("\x89PNG\r\n\x1a\n"))
	header := binary.BigEndian.AppendUint32(nil, uint32(img.Rect.Dx()))
	header = binary.BigEndian.AppendUint32(header, uint32(img.Rect.Dy()))
	e.chunk("IHDR", append(header, 8, e.colorType, 0, 0, 0))
	e.chunk("sRGB", []byte{0})
	e.chunk("pHYs", physical(dpi))
	e.pixels()
	e.chunk("IEND", nil)
	return e.err
}

// pngWriter writes the chunks of a PNG. The first error stays.
type pngWriter struct {
	to        io.Writer
	img       *image.RGBA
	channels  int
	colorType byte
	err       error
}

func (e *pngWriter) write(p []byte) {
	if e.err == nil {
		_, e.err = e.to.Write(p)
	}
}

func (e *pngWriter) chunk(kind string, data []byte) {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	head = append(head, kind...)
	sum := crc32.Update(crc32.ChecksumIEEE(head[4:]), crc32.IEEETable, data)
	e.write(head)
	e.write(data)
	e.write(binary.BigEndian.AppendUint32(nil, sum))
}

// Write makes an IDAT chunk of compressed data.
func (e *pngWriter) Write(p []byte) (int, error) {
	e.chunk("IDAT", p)
	return len(p), e.err
}

// pixels writes the picture. Each row is told by its difference to the row above or to
// the pixel before, whichever is smaller.
func (e *pngWriter) pixels() {
	const chunkSize = 64 << 10
	buffered := bufio.NewWriterSize(e, chunkSize)
	z, err := zlib.NewWriterLevel(buffered, zlib.BestSpeed)
	if err != nil {
		e.err = err
		return
	}
	n := e.channels * e.img.Rect.Dx()
	this, above := make([]byte, n), make([]byte, n)
	sub, up := append([]byte{1}, this...), append([]byte{2}, this...)
	for y := 0; y < e.img.Rect.Dy() && e.err == nil; y++ {
		pack(this, e.img.Pix[y*e.img.Stride:][:4*e.img.Rect.Dx()], e.channels)
		costUp := difference(up[1:], this, above)
		copy(sub[1:], this[:e.channels])
		chosen := up
		if costUp > 0 && difference(sub[1+e.channels:], this[e.channels:], this) < costUp {
			chosen = sub
		}
		if _, err := z.Write(chosen); err != nil {
			e.err = err
			return
		}
		this, above = above, this
	}
	for _, end := range []func() error{z.Close, buffered.Flush} {
		if err := end(); err != nil && e.err == nil {
			e.err = err
		}
	}
}

// difference writes a − b and returns how far from zero that is in all.
func difference(to, a, b []byte) int {
	b = b[:len(a)]
	to = to[:len(a)]
	cost := 0
	for i, v := range a {
		d := v - b[i]
		to[i] = d
		s := int(int8(d))
		cost += (s ^ (s >> 63)) // |s|, or one less
	}
	return cost
}

// pack writes a row's pixels as PNG wants them: without alpha, or not premultiplied.
func pack(to, row []byte, channels int) {
	if channels == 3 {
		for i := 0; i+3 < len(row); i += 4 {
			p, q := row[i:i+3:i+3], to[:3:3]
			q[0], q[1], q[2] = p[0], p[1], p[2]
			to = to[3:]
		}
		return
	}
	for i := 0; i+3 < len(row); i += 4 {
		p, q := row[i:i+4:i+4], to[i:i+4:i+4]
		switch a := uint32(p[3]); a {
		case 0:
			clear(q)
		case 255:
			copy(q, p)
		default:
			for k := range 3 {
				q[k] = uint8(min((uint32(p[k])*255+a/2)/a, 255))
			}
			q[3] = p[3]
		}
	}
}

// physical returns the content of pHYs (PNG 11.3.4.3).
func physical(dpi float64) []byte {
	perMetre := uint32(min(max(math.Round(resolution(dpi)/0.0254), 1), math.MaxInt32))
	data := binary.BigEndian.AppendUint32(nil, perMetre)
	data = binary.BigEndian.AppendUint32(data, perMetre)
	return append(data, 1)
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
