// Package raster turns display lists into pixels, pictures into pixels and pixels into
// files. It is pure and deterministic: the same list gives the same bytes on a server
// and in a browser.
package raster

import (
	"image"
	"math"

	"golang.org/x/image/vector"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
)

// Options say how a list is drawn.
type Options struct {
	Scale      float64     // pixels per point; 0 = 1
	Bleed      bool        // draw the bleed around the trimmed page too
	Background color.Color // beneath everything; the zero colour leaves it transparent
	Cache      *Cache      // kept between drawings; nil = for this one only
}

// Size returns the size of the image that Draw makes of a list, or why it makes none.
func Size(l render.List, o Options) (width, height int, err error) {
	w, h := l.Width, l.Height
	if o.Bleed {
		w, h = w+l.Bleed.Left+l.Bleed.Right, h+l.Bleed.Top+l.Bleed.Bottom
	}
	scale := o.scale()
	w, h = math.Round(w*scale), math.Round(h*scale)
	if !(w >= 0 && h >= 0) || !(scale > 0) { // also NaN
		return 0, 0, tepin.Errorf(tepin.Invalid, "a page of %g × %g points at a scale of %g cannot be drawn; give it a size above 0", l.Width, l.Height, scale)
	}
	w, h = max(w, 1), max(h, 1)
	if w > tepin.MaxImageSide || h > tepin.MaxImageSide || w*h > tepin.MaxImagePixels {
		return 0, 0, tepin.Errorf(tepin.TooLarge, "the image would have %.0f × %.0f pixels; at most %d a side and %d million in all can be made: choose a smaller size or scaling", w, h, tepin.MaxImageSide, tepin.MaxImagePixels/1_000_000)
	}
	return int(w), int(h), nil
}

func (o Options) scale() float64 {
	if o.Scale == 0 {
		return 1
	}
	return o.Scale
}

// Draw makes an image of a list. A picture that is not in images is left out.
func Draw(l render.List, images map[string]image.Image, o Options) (*image.RGBA, error) {
	width, height, err := Size(l, o)
	if err != nil {
		return nil, err
	}
	cache := o.Cache
	if cache == nil {
		cache = &Cache{}
	}
	base := render.Scale(o.scale(), o.scale())
	if o.Bleed {
		base = base.Mul(render.Translate(l.Bleed.Left, l.Bleed.Top))
	}
	page := image.NewRGBA(image.Rect(0, 0, width, height))
	p := painter{images: images, cache: cache, ops: l.Ops}
	p.state = state{matrix: base, clip: boxClip(page.Rect), layer: page}
	if o.Background.Alpha > 0 {
		fill(page, &p.clip, inkOf(o.Background, 1))
	}
	p.areas = areas(l.Ops, base)
	p.draw()
	return page, nil
}

// painter walks a list.
type painter struct {
	images map[string]image.Image
	cache  *Cache
	ops    []render.Op
	areas  []box // of each operation, and of each group from its Push
	stack  []state
	raster vector.Rasterizer
	mask   []uint8 // scratch
	state
}

// state is what a group changes and its end restores.
type state struct {
	matrix render.Matrix // to device pixels
	clip   clip
	layer  *image.RGBA
	moves  bool    // in a group that is a moment of a movement
	fade   float64 // 1 − an opacity that a group of one operation hands on to it
	under  *under  // set in a group that is composed as a whole
}

// under is where a group's own layer goes at the group's end.
type under struct {
	layer   *image.RGBA
	clip    clip
	opacity float64
}

func (p *painter) draw() {
	for i := 0; i < len(p.ops); i++ {
		op := &p.ops[i]
		switch {
		case op.Push != nil:
			if !p.push(i, op.Push) {
				i = p.end(i)
			}
		case op.Pop:
			p.pop()
		case p.areas[i].bounds().Intersect(p.clip.bounds).Empty():
		case op.Path != nil:
			p.path(op.Path)
		case op.Image != nil:
			p.image(op.Image)
		case op.Glyphs != nil:
			p.glyphs(op.Glyphs)
		}
	}
	for len(p.stack) > 0 { // groups that the list does not end
		p.pop()
	}
}

// push begins the group at operation i; false when nothing of it can be seen.
func (p *painter) push(i int, group *render.Push) bool {
	next := p.state
	next.under = nil
	next.moves = p.moves || group.Moves
	next.matrix = p.matrix.Mul(group.Matrix)
	if group.Clip != nil {
		next.clip = p.clipTo(group.Clip, next.matrix)
	}
	area := p.areas[i].bounds().Intersect(next.clip.bounds)
	if area.Empty() || !(group.Opacity > 0) {
		return false
	}
	switch {
	case !(group.Opacity < 1):
	case i+2 < len(p.ops) && p.ops[i+2].Pop && p.ops[i+1].Path != nil:
		next.fade = 1 - (1-next.fade)*group.Opacity
	default:
		next.under = &under{layer: next.layer, clip: next.clip, opacity: group.Opacity * (1 - next.fade)}
		next.layer, next.clip, next.fade = image.NewRGBA(area), boxClip(area), 0
	}
	p.stack = append(p.stack, p.state)
	p.state = next
	return true
}

// pop ends the innermost group.
func (p *painter) pop() {
	if len(p.stack) == 0 {
		return
	}
	if u := p.under; u != nil {
		u.clip.bounds = u.clip.bounds.Intersect(p.layer.Rect)
		blendImage(u.layer, &u.clip, p.layer, u.opacity)
	}
	p.state = p.stack[len(p.stack)-1]
	p.stack = p.stack[:len(p.stack)-1]
}

// end returns the index of the operation that ends the group which begins at i.
func (p *painter) end(i int) int {
	for depth := 0; i < len(p.ops); i++ {
		if p.ops[i].Push != nil {
			depth++
		}
		if p.ops[i].Pop {
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return i
}

// path fills or strokes.
func (p *painter) path(op *render.PathOp) {
	paint := inkOf(op.Color, 1-p.fade)
	if paint.a == 0 {
		return
	}
	if op.Width <= 0 {
		if b, ok := boxOf(&op.Path, p.matrix); ok {
			c := p.clip.within(b)
			fill(p.layer, &c, paint)
			return
		}
	}
	outline := flatten(&op.Path, p.matrix)
	if op.Width > 0 {
		outline = stroke(&op.Path, op.Width, p.matrix)
	}
	if mask := p.rasterize(outline); mask != nil {
		fillMask(p.layer, &p.clip, mask, mask.Rect.Min, paint)
	}
}
