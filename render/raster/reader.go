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
	for i := range r.high - r.low {
		ci := src.COffset(x+i, y)
		red, green, blue := color.YCbCrToRGB(src.Y[src.YOffset(x+i, y)], src.Cb[ci], src.Cr[ci])
		r.set(i, red, green, blue)
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
