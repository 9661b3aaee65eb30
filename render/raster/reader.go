package raster

import (
	"image"
	"image/color"

	ink4 "github.com/tepin/tepin/render/color"
)

// reader gives rows of a picture as premultiplied RGBA.
type reader struct {
	src       image.Image
	low, high int // columns, counted from the picture's left edge
	buf       []uint8
}

func newReader(src image.Image, low, high int) *reader {
	return &reader{src: src, low: low, high: high, buf: make([]uint8, 4*(high-low))}
}

// row returns row y, counted from the picture's top. It is valid until the next call.
func (r *reader) row(y int) []uint8 {
	b := r.src.Bounds()
	x0, x1 := b.Min.X+r.low, b.Min.X+r.high
	y += b.Min.Y
	switch src := r.src.(type) {
	case *image.RGBA:
		return src.Pix[src.PixOffset(x0, y):][:4*(x1-x0)]
	case *image.NRGBA:
		premultiply(r.buf, src.Pix[src.PixOffset(x0, y):])
	case *image.YCbCr:
		r.ycbcr(src, x0, y)
	case *image.Gray:
		for i, v := range src.Pix[src.PixOffset(x0, y):][:x1-x0] {
			r.set(i, v, v, v)
		}
	case *image.CMYK:
		pix := src.Pix[src.PixOffset(x0, y):]
		for i := range x1 - x0 {
			r.set(i, 0, 0, 0)
			p := r.buf[4*i:]
			p[0], p[1], p[2] = ink4.CMYK8(pix[4*i], pix[4*i+1], pix[4*i+2], pix[4*i+3])
		}
	default:
		for i := range x1 - x0 {
			c := color.RGBAModel.Convert(r.src.At(x0+i, y)).(color.RGBA)
			p := r.buf[4*i:][:4]
			p[0], p[1], p[2], p[3] = c.R, c.G, c.B, c.A
		}
	}
	return r.buf
}

// set writes an opaque pixel.
func (r *reader) set(i int, red, green, blue uint8) {
	p := r.buf[4*i : 4*i+4 : 4*i+4]
	p[0], p[1], p[2], p[3] = red, green, blue, 255
}

func (r *reader) ycbcr(src *image.YCbCr, x, y int) {
	luma := src.Y[src.YOffset(x, y):][:r.high-r.low]
	base := src.COffset(x, y)
	step, phase := 1, 0 // how many pixels share a chroma sample
	switch src.SubsampleRatio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		step = 2
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		step = 4
	}
	phase = x % step
	for i, v := range luma {
		c := base + (phase+i)/step
		red, green, blue := color.YCbCrToRGB(v, src.Cb[c], src.Cr[c])
		r.set(i, red, green, blue)
	}
}

// shrinker gives rows of blocks of pixels, each the mean of its block.
type shrinker struct {
	read          *reader
	axis          axis
	rows, height  int // source rows to a block, and in all
	sums          []uint32
	out           []uint8
	width, offset int // of the source; the first source column that is read
}

func newShrinker(src image.Image, x axis, rows int) *shrinker {
	b := src.Bounds()
	s := &shrinker{axis: x, rows: rows, width: b.Dx(), height: b.Dy(), offset: x.low * x.shrink}
	s.read = newReader(src, s.offset, min(x.high*x.shrink, s.width))
	if rows > 1 || x.shrink > 1 {
		s.sums, s.out = make([]uint32, 4*(x.high-x.low)), make([]uint8, 4*(x.high-x.low))
	}
	return s
}

// row returns row y of the blocks, from column axis.low to axis.high.
func (s *shrinker) row(y int) []uint8 {
	if s.out == nil {
		return s.read.row(y)
	}
	clear(s.sums)
	first, last := y*s.rows, min((y+1)*s.rows, s.height)
	for r := first; r < last; r++ {
		s.add(s.read.row(r))
	}
	for i := 0; i < len(s.sums); i += 4 {
		column := s.offset + i/4*s.axis.shrink
		n := uint32((min(column+s.axis.shrink, s.width) - column) * (last - first))
		for k := i; k < i+4; k++ {
			s.out[k] = uint8((s.sums[k] + n/2) / n)
		}
	}
	return s.out
}

// add adds one source row to the sums of its blocks.
func (s *shrinker) add(row []uint8) {
	wide := 4 * s.axis.shrink
	for i := 0; len(row) > 0; i += 4 {
		block := row[:min(wide, len(row))]
		row = row[len(block):]
		var r, g, b, a uint32
		for ; len(block) >= 4; block = block[4:] {
			r += uint32(block[0])
			g += uint32(block[1])
			b += uint32(block[2])
			a += uint32(block[3])
		}
		t := s.sums[i : i+4 : i+4]
		t[0], t[1], t[2], t[3] = t[0]+r, t[1]+g, t[2]+b, t[3]+a
	}
}

func premultiply(to, from []uint8) {
	for i := 0; i+3 < len(to); i += 4 {
		p, q := to[i:i+4:i+4], from[i:i+4:i+4]
		a := uint32(q[3])
		if a == 255 {
			copy(p, q)
			continue
		}
		p[0], p[1], p[2], p[3] = uint8(div255(uint32(q[0])*a)), uint8(div255(uint32(q[1])*a)), uint8(div255(uint32(q[2])*a)), q[3]
	}
}
