package raster

import (
	"image"

	"github.com/tepin/tepin/render/color"
)

// ink is a premultiplied sRGB colour of 8 bits a component.
type ink struct{ r, g, b, a uint32 }

// inkOf returns how a colour looks, made more transparent.
func inkOf(c color.Color, opacity float64) ink {
	r, g, b, a := c.SRGB()
	a *= opacity
	byteOf := func(v float64) uint32 { return uint32(v*255 + 0.5) }
	return ink{byteOf(r * a), byteOf(g * a), byteOf(b * a), byteOf(a)}
}

// fill paints all that the clip shows.
func fill(dst *image.RGBA, c *clip, paint ink) {
	r := c.bounds.Intersect(dst.Rect)
	if r.Empty() {
		return
	}
	scratch := make([]uint8, r.Dx())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := dst.Pix[dst.PixOffset(r.Min.X, y):][:4*r.Dx()]
		blendRow(row, c.row(y, r.Min.X, r.Max.X, scratch), paint)
	}
}

// fillMask paints through a mask whose top left pixel stands at a point of dst.
func fillMask(dst *image.RGBA, c *clip, mask *image.Alpha, at image.Point, paint ink) {
	r := mask.Rect.Sub(mask.Rect.Min).Add(at).Intersect(c.bounds).Intersect(dst.Rect)
	if r.Empty() {
		return
	}
	scratch := make([]uint8, r.Dx())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := dst.Pix[dst.PixOffset(r.Min.X, y):][:4*r.Dx()]
		from := mask.Pix[(y-at.Y)*mask.Stride+r.Min.X-at.X:][:r.Dx()]
		if shown := c.row(y, r.Min.X, r.Max.X, scratch); shown != nil {
			multiply(shown, from)
			from = shown
		}
		blendRow(row, from, paint)
	}
}

// blendRow paints over pixels as far as they are covered; nil is wholly.
func blendRow(row, cover []uint8, paint ink) {
	if cover == nil {
		if paint.a == 255 {
			row[0], row[1], row[2], row[3] = uint8(paint.r), uint8(paint.g), uint8(paint.b), 255
			for n := 4; n < len(row); n *= 2 {
				copy(row[n:], row[:n])
			}
			return
		}
		rest := 255 - paint.a
		for i := 0; i+3 < len(row); i += 4 {
			over(row[i:i+4:i+4], paint.r, paint.g, paint.b, paint.a, rest)
		}
		return
	}
	for i, k := range cover {
		switch {
		case k == 0:
		case k == 255:
			over(row[4*i:4*i+4:4*i+4], paint.r, paint.g, paint.b, paint.a, 255-paint.a)
		default:
			k := uint32(k)
			a := div255(paint.a * k)
			over(row[4*i:4*i+4:4*i+4], div255(paint.r*k), div255(paint.g*k), div255(paint.b*k), a, 255-a)
		}
	}
}

// over puts a premultiplied colour over one pixel, of which rest of 255 stays. No
// component is above its alpha, so that no sum exceeds 255.
func over(p []uint8, r, g, b, a, rest uint32) {
	_ = p[3]
	p[0] = uint8(r + div255(uint32(p[0])*rest))
	p[1] = uint8(g + div255(uint32(p[1])*rest))
	p[2] = uint8(b + div255(uint32(p[2])*rest))
	p[3] = uint8(a + div255(uint32(p[3])*rest))
}

// blendImage puts the pixels of src over those of dst at the same coordinates.
func blendImage(dst *image.RGBA, c *clip, src *image.RGBA, opacity float64) {
	r := c.bounds.Intersect(dst.Rect).Intersect(src.Rect)
	if r.Empty() {
		return
	}
	fade := uint32(opacity*255 + 0.5)
	scratch := make([]uint8, r.Dx())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := dst.Pix[dst.PixOffset(r.Min.X, y):][:4*r.Dx()]
		from := src.Pix[src.PixOffset(r.Min.X, y):][:4*r.Dx()]
		cover := c.row(y, r.Min.X, r.Max.X, scratch)
		for i := 0; i < len(row); i += 4 {
			k := fade
			if cover != nil {
				k = div255(k * uint32(cover[i/4]))
			}
			s := from[i : i+4 : i+4]
			switch {
			case k == 0 || s[3] == 0:
			case k == 255 && s[3] == 255:
				copy(row[i:i+4], s)
			default:
				a := div255(uint32(s[3]) * k)
				over(row[i:i+4:i+4], div255(uint32(s[0])*k), div255(uint32(s[1])*k), div255(uint32(s[2])*k), a, 255-a)
			}
		}
	}
}
