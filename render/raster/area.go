package raster

import (
	"image"
	"math"

	"github.com/tepin/tepin/render"
)

// box is an upright rectangle of device pixels with fractional edges.
type box struct{ x0, y0, x1, y1 float64 }

var nowhere = box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}

// add returns the least box that holds b and a point. Points that are no numbers make
// it infinite.
func (b box) add(p render.Point) box {
	if math.IsNaN(p.X) || math.IsNaN(p.Y) {
		return box{math.Inf(-1), math.Inf(-1), math.Inf(1), math.Inf(1)}
	}
	return box{min(b.x0, p.X), min(b.y0, p.Y), max(b.x1, p.X), max(b.y1, p.Y)}
}

func (b box) union(o box) box {
	return box{min(b.x0, o.x0), min(b.y0, o.y0), max(b.x1, o.x1), max(b.y1, o.y1)}
}

func (b box) grow(by float64) box { return box{b.x0 - by, b.y0 - by, b.x1 + by, b.y1 + by} }

// bounds returns the pixels that the box touches.
func (b box) bounds() image.Rectangle {
	if !(b.x0 <= b.x1 && b.y0 <= b.y1) {
		return image.Rectangle{}
	}
	return image.Rect(pixel(math.Floor(b.x0)), pixel(math.Floor(b.y0)), pixel(math.Ceil(b.x1)), pixel(math.Ceil(b.y1)))
}

// pixel turns a whole number into an int that image arithmetic can take.
func pixel(v float64) int {
	const far = 1 << 24
	return int(min(max(v, -far), far))
}

// areas returns what each operation can touch, and each group at its Push.
func areas(ops []render.Op, base render.Matrix) []box {
	out := make([]box, len(ops))
	type group struct {
		at     int
		matrix render.Matrix
	}
	open := []group{{-1, base}}
	for i := range ops {
		op := &ops[i]
		top := open[len(open)-1]
		out[i] = nowhere
		switch {
		case op.Push != nil:
			open = append(open, group{i, top.matrix.Mul(op.Push.Matrix)})
			continue
		case op.Pop:
			if len(open) == 1 {
				continue
			}
			open = open[:len(open)-1]
			if outer := open[len(open)-1].at; outer >= 0 {
				out[outer] = out[outer].union(out[top.at])
			}
			continue
		case op.Path != nil:
			out[i] = pathArea(op.Path, top.matrix)
		case op.Image != nil:
			out[i] = corners(top.matrix.Mul(op.Image.Matrix), 0, 0, 1, 1)
		case op.Glyphs != nil:
			out[i] = glyphsArea(op.Glyphs, top.matrix)
		}
		if top.at >= 0 {
			out[top.at] = out[top.at].union(out[i])
		}
	}
	for len(open) > 1 {
		inner, outer := open[len(open)-1].at, open[len(open)-2].at
		if outer >= 0 {
			out[outer] = out[outer].union(out[inner])
		}
		open = open[:len(open)-1]
	}
	return out
}

func pathArea(op *render.PathOp, m render.Matrix) box {
	b := nowhere
	for _, p := range op.Path.Points {
		b = b.add(m.Apply(p))
	}
	if op.Width > 0 {
		b = b.grow(op.Width / 2 * mitreLimit * stretch(m))
	}
	return b
}

func glyphsArea(op *render.GlyphsOp, m render.Matrix) box {
	const reach = 3 // em: how far a glyph's ink may lie from its origin
	b := nowhere
	for _, g := range op.Glyphs {
		b = b.add(m.Apply(render.Point{X: g.X, Y: g.Y}))
	}
	return b.grow(reach * op.Size * stretch(m))
}

func corners(m render.Matrix, x0, y0, x1, y1 float64) box {
	b := nowhere
	for _, p := range [4]render.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}} {
		b = b.add(m.Apply(p))
	}
	return b
}

// stretch returns at most how much longer a map makes a line.
func stretch(m render.Matrix) float64 {
	return math.Sqrt(m.A*m.A + m.B*m.B + m.C*m.C + m.D*m.D)
}

// boxOf returns the box that a path is when it is an upright rectangle.
func boxOf(p *render.Path, m render.Matrix) (box, bool) {
	if len(p.Verbs) != 5 || p.Verbs[4] != render.Close || len(p.Points) != 4 {
		return box{}, false
	}
	b := nowhere
	var q [4]render.Point
	for i, point := range p.Points {
		if i > 0 && p.Verbs[i] != render.LineTo {
			return box{}, false
		}
		q[i] = m.Apply(point)
		b = b.add(q[i])
	}
	const straight = 1e-6
	for i := range q {
		a, c := q[i], q[(i+1)%4]
		if math.Abs(a.X-c.X) > straight && math.Abs(a.Y-c.Y) > straight {
			return box{}, false
		}
	}
	diagonal := func(a, c render.Point) bool {
		return math.Abs(math.Abs(a.X-c.X)-(b.x1-b.x0)) <= straight && math.Abs(math.Abs(a.Y-c.Y)-(b.y1-b.y0)) <= straight
	}
	return b, diagonal(q[0], q[2]) && diagonal(q[1], q[3])
}
