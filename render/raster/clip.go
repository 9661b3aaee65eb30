package raster

import (
	"image"
	"math"

	"github.com/tepin/tepin/render"
)

// clip is where drawing shows: within bounds, less at the fractional edges of box, and
// as much as mask says, if there is one.
type clip struct {
	bounds image.Rectangle
	box    box
	mask   *image.Alpha // covers bounds
}

// boxClip is a clip with whole edges.
func boxClip(r image.Rectangle) clip {
	return clip{bounds: r, box: box{float64(r.Min.X), float64(r.Min.Y), float64(r.Max.X), float64(r.Max.Y)}}
}

// within returns the clip cut by a box.
func (c clip) within(b box) clip {
	c.box = box{max(c.box.x0, b.x0), max(c.box.y0, b.y0), min(c.box.x1, b.x1), min(c.box.y1, b.y1)}
	c.bounds = c.bounds.Intersect(c.box.bounds())
	return c
}

// clipTo returns the present clip cut by a path.
func (p *painter) clipTo(path *render.Path, m render.Matrix) clip {
	if b, ok := boxOf(path, m); ok {
		return p.clip.within(b)
	}
	c := p.clip
	mask := p.rasterize(flatten(path, m))
	if mask == nil {
		c.bounds = image.Rectangle{}
		return c
	}
	own := image.NewAlpha(mask.Rect)
	copy(own.Pix, mask.Pix)
	if c.mask != nil {
		for y := own.Rect.Min.Y; y < own.Rect.Max.Y; y++ {
			row := own.Pix[own.PixOffset(own.Rect.Min.X, y):][:own.Rect.Dx()]
			multiply(row, c.mask.Pix[c.mask.PixOffset(own.Rect.Min.X, y):])
		}
	}
	c.mask, c.bounds = own, own.Rect
	return c
}

// row returns how much shows of the pixels from x0 to x1 of row y, which are within
// bounds; nil means all of them wholly. It may write its answer to scratch, which is
// as long as the row.
func (c *clip) row(y, x0, x1 int, scratch []uint8) []uint8 {
	vertical := min(float64(y+1), c.box.y1) - max(float64(y), c.box.y0)
	whole := vertical > 0.999 && float64(x0) >= c.box.x0-0.001 && float64(x1) <= c.box.x1+0.001
	if whole && c.mask == nil {
		return nil
	}
	scratch = scratch[:x1-x0]
	if c.mask != nil {
		copy(scratch, c.mask.Pix[c.mask.PixOffset(x0, y):])
	} else {
		for i := range scratch {
			scratch[i] = 255
		}
	}
	if whole {
		return scratch
	}
	if vertical = max(0, min(vertical, 1)); vertical < 1 {
		scale(scratch, vertical)
	}
	left, right := int(math.Floor(c.box.x0)), int(math.Ceil(c.box.x1))-1
	for _, x := range [2]int{left, right} {
		if x >= x0 && x < x1 {
			part := min(float64(x+1), c.box.x1) - max(float64(x), c.box.x0)
			scale(scratch[x-x0:x-x0+1], max(0, min(part, 1)))
		}
		if left == right {
			break
		}
	}
	return scratch
}

func scale(row []uint8, by float64) {
	m := uint32(by*255 + 0.5)
	for i, v := range row {
		row[i] = uint8(div255(uint32(v) * m))
	}
}

// multiply scales a row by another.
func multiply(row, by []uint8) {
	for i, v := range row {
		row[i] = uint8(div255(uint32(v) * uint32(by[i])))
	}
}

// div255 divides by 255 and rounds, for values up to 255·255.
func div255(v uint32) uint32 {
	v += 128
	return (v + v>>8) >> 8
}
