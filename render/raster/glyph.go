package raster

import (
	"image"
	"math"

	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/text"
)

const (
	subPixels  = 4   // positions of a glyph between two pixels that are told apart
	largeGlyph = 100 // pixels an em: from here on glyphs are drawn as paths
)

// glyphKey names a glyph's mask.
type glyphKey struct {
	font       *text.Font
	id         uint32
	a, b, c, d float32 // em to pixels
	x, y       uint8   // sub-pixel position
}

// glyphs draws a run.
func (p *painter) glyphs(op *render.GlyphsOp) {
	paint := inkOf(op.Color, 1-p.fade)
	if paint.a == 0 || op.Font == nil || !(op.Size > 0) {
		return
	}
	em := p.matrix.Mul(render.Scale(op.Size, -op.Size))
	em.E, em.F = 0, 0
	upright := em.B == 0 && em.C == 0
	large := stretch(em) > largeGlyph*math.Sqrt2
	for _, g := range op.Glyphs {
		at := p.matrix.Apply(render.Point{X: g.X, Y: g.Y})
		if !(math.Abs(at.X) < 1e6 && math.Abs(at.Y) < 1e6) {
			continue
		}
		if large {
			m := em
			m.E, m.F = at.X, at.Y
			if mask := p.rasterize(outline(op.Font, g.ID, m)); mask != nil {
				fillMask(p.layer, &p.clip, mask, mask.Rect.Min, paint)
			}
			continue
		}
		x, fx := snap(at.X)
		y, fy := snap(at.Y)
		if upright && !p.moves { // whole baselines: even lines, crisp feet
			y, fy = int(math.Floor(at.Y+0.5)), 0
		}
		key := glyphKey{op.Font, g.ID, float32(em.A), float32(em.B), float32(em.C), float32(em.D), fx, fy}
		if mask := p.glyph(key, em); mask != nil {
			fillMask(p.layer, &p.clip, mask, mask.Rect.Min.Add(image.Pt(x, y)), paint)
		}
	}
}

// snap splits a coordinate into a pixel and a sub-pixel position.
func snap(v float64) (pixel int, sub uint8) {
	n := int(math.Floor(v*subPixels + 0.5))
	pixel = n / subPixels
	if n%subPixels < 0 {
		pixel--
	}
	return pixel, uint8(n - pixel*subPixels)
}

// glyph returns a glyph's mask relative to its origin's pixel; nil for a blank one.
func (p *painter) glyph(key glyphKey, em render.Matrix) *image.Alpha {
	if mask, ok := p.cache.glyph(key); ok {
		return mask
	}
	em.E, em.F = float64(key.x)/subPixels, float64(key.y)/subPixels
	shapes := outline(key.font, key.id, em)
	b := nowhere
	for _, s := range shapes {
		for _, point := range s {
			b = b.add(point)
		}
	}
	var mask *image.Alpha
	// A broken font's glyph may be a thousand times its em; that is not one to keep.
	if r := b.bounds(); !r.Empty() && r.Dx() <= 20*largeGlyph && r.Dy() <= 20*largeGlyph {
		mask = image.NewAlpha(r)
		p.cover(mask, shapes)
	}
	p.cache.addGlyph(key, mask)
	return mask
}

// outline returns a glyph's polygons under a map of em to pixels.
func outline(f *text.Font, id uint32, em render.Matrix) polygons {
	var path render.Path
	k := 1 / f.UnitsPerEm()
	for _, s := range f.Outline(id) {
		n := 1
		verb := render.MoveTo
		switch s.Op {
		case 1:
			verb = render.LineTo
		case 2:
			verb, n = render.QuadTo, 2
		case 3:
			verb, n = render.CubeTo, 3
		}
		path.Verbs = append(path.Verbs, verb)
		for _, a := range s.Args[:n] {
			path.Points = append(path.Points, render.Point{X: float64(a.X) * k, Y: float64(a.Y) * k})
		}
	}
	return flatten(&path, em)
}
