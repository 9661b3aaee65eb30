package raster

import (
	"image"
	"image/draw"
	"math"
	"slices"

	"golang.org/x/image/vector"

	"github.com/tepin/tepin/render"
)

// polygons are closed outlines in device pixels, filled by the non-zero rule.
type polygons [][]render.Point

// flatness is how far, in pixels, a straight piece may lie from its curve.
const flatness = 0.05

// flatten returns a path's sub-paths as polygons.
func flatten(p *render.Path, m render.Matrix) polygons {
	var out polygons
	for _, sub := range lines(p, m, flatness) {
		out = append(out, sub.points)
	}
	return out
}

// polyline is a sub-path of straight pieces.
type polyline struct {
	points []render.Point
	closed bool
}

// lines returns a path's sub-paths, mapped, curves cut into straight pieces.
func lines(p *render.Path, m render.Matrix, tolerance float64) []polyline {
	var out []polyline
	var current polyline
	flush := func() {
		if len(current.points) > 0 {
			out = append(out, current)
		}
		current = polyline{}
	}
	points := p.Points
	take := func(n int) []render.Point {
		if len(points) < n {
			return nil
		}
		taken := make([]render.Point, n)
		for i := range taken {
			taken[i] = tame(m.Apply(points[i]))
		}
		points = points[n:]
		return taken
	}
	for _, v := range p.Verbs {
		var q []render.Point
		switch v {
		case render.MoveTo, render.LineTo:
			q = take(1)
		case render.QuadTo:
			q = take(2)
		case render.CubeTo:
			q = take(3)
		case render.Close:
			current.closed = true
			var first render.Point
			if len(current.points) > 0 {
				first = current.points[0]
				flush()
				current.points = append(current.points, first)
			}
			continue
		}
		if q == nil {
			break
		}
		if v == render.MoveTo {
			if len(current.points) > 1 {
				flush()
			}
			current = polyline{points: q}
			continue
		}
		current.points = curve(current.points, q, tolerance)
	}
	if len(current.points) > 1 {
		flush()
	}
	return out
}

// tame brings a coordinate into what the arithmetic below can take.
func tame(p render.Point) render.Point {
	const far = 1e7
	return render.Point{X: min(max(p.X, -far), far), Y: min(max(p.Y, -far), far)}
}

// curve appends the straight pieces of a line, quadratic or cubic from the last point.
func curve(to, q []render.Point, tolerance float64) []render.Point {
	if len(to) == 0 {
		return append(to, q[len(q)-1])
	}
	const most = 500
	a := to[len(to)-1]
	bend := func(a, b, c render.Point) float64 {
		return max(math.Abs(a.X-2*b.X+c.X), math.Abs(a.Y-2*b.Y+c.Y))
	}
	switch len(q) {
	case 2:
		n := max(1, min(most, math.Ceil(math.Sqrt(bend(a, q[0], q[1])/(4*tolerance)))))
		for i := 1.0; i < n; i++ {
			t := i / n
			s := 1 - t
			to = append(to, render.Point{
				X: s*s*a.X + 2*s*t*q[0].X + t*t*q[1].X,
				Y: s*s*a.Y + 2*s*t*q[0].Y + t*t*q[1].Y,
			})
		}
	case 3:
		d := max(bend(a, q[0], q[1]), bend(q[0], q[1], q[2]))
		n := max(1, min(most, math.Ceil(math.Sqrt(0.75*d/tolerance))))
		for i := 1.0; i < n; i++ {
			t := i / n
			s := 1 - t
			to = append(to, render.Point{
				X: s*s*s*a.X + 3*s*s*t*q[0].X + 3*s*t*t*q[1].X + t*t*t*q[2].X,
				Y: s*s*s*a.Y + 3*s*s*t*q[0].Y + 3*s*t*t*q[1].Y + t*t*t*q[2].Y,
			})
		}
	}
	return append(to, q[len(q)-1])
}

// rasterize returns how much of each pixel within the clip the polygons cover; nil
// when none. The mask is valid until the next call.
func (p *painter) rasterize(shapes polygons) *image.Alpha {
	b := nowhere
	for _, s := range shapes {
		for _, point := range s {
			b = b.add(point)
		}
	}
	r := b.bounds().Intersect(p.clip.bounds)
	if r.Empty() {
		return nil
	}
	n := r.Dx() * r.Dy()
	if cap(p.mask) < n {
		p.mask = make([]uint8, n)
	}
	mask := &image.Alpha{Pix: p.mask[:n], Stride: r.Dx(), Rect: r}
	p.cover(mask, shapes)
	return mask
}

// cover fills a mask.
func (p *painter) cover(mask *image.Alpha, shapes polygons) {
	r := mask.Rect
	p.raster.Reset(r.Dx(), r.Dy())
	p.raster.DrawOp = draw.Src
	pen := pen{to: &p.raster, width: float64(r.Dx()), height: float64(r.Dy())}
	for _, s := range shapes {
		if slices.ContainsFunc(s, func(p render.Point) bool { return math.IsNaN(p.X) || math.IsNaN(p.Y) }) {
			continue
		}
		last := len(s) - 1
		for i := range s {
			a, b := s[last], s[i]
			last = i
			pen.line(a.X-float64(r.Min.X), a.Y-float64(r.Min.Y), b.X-float64(r.Min.X), b.Y-float64(r.Min.Y))
		}
	}
	at := image.Rect(0, 0, r.Dx(), r.Dy())
	p.raster.Draw(&image.Alpha{Pix: mask.Pix, Stride: mask.Stride, Rect: at}, at, image.Opaque, image.Point{})
}

// pen gives edges to a rasterizer, whose arithmetic only holds near its picture: what
// lies above or below is left away, what lies beside is drawn along the side.
type pen struct {
	to            *vector.Rasterizer
	width, height float64
}

func (p *pen) line(ax, ay, bx, by float64) {
	ax, ay, bx, by = grid(ax), grid(ay), grid(bx), grid(by)
	if ay == by || ay <= 0 && by <= 0 || ay >= p.height && by >= p.height {
		return
	}
	at := func(y float64) float64 { return ax + (bx-ax)*((y-ay)/(by-ay)) }
	x0, y0, x1, y1 := ax, ay, bx, by
	for _, edge := range [2]float64{0, p.height} {
		outside := func(y float64) bool { return edge == 0 && y < 0 || edge > 0 && y > edge }
		if outside(y0) {
			x0, y0 = at(edge), edge
		}
		if outside(y1) {
			x1, y1 = at(edge), edge
		}
	}
	p.beside(x0, y0, x1, y1, 0)
}

// grid rounds to 1/256 pixel: nearly level lines make the rasterizer's slopes overflow.
func grid(v float64) float64 { return math.Floor(v*256+0.5) / 256 }

// beside cuts a line at the left edge and then at the right one.
func (p *pen) beside(x0, y0, x1, y1, edge float64) {
	side := func(x float64) bool { return edge == 0 && x < 0 || edge > 0 && x > edge }
	next := func(x0, y0, x1, y1 float64) {
		if edge == 0 {
			p.beside(x0, y0, x1, y1, p.width)
			return
		}
		p.to.MoveTo(float32(x0), float32(y0))
		p.to.LineTo(float32(x1), float32(y1))
	}
	switch {
	case side(x0) && side(x1):
		next(edge, y0, edge, y1)
	case side(x0) || side(x1):
		y := grid(y0 + (y1-y0)*((edge-x0)/(x1-x0)))
		if side(x0) {
			next(edge, y0, edge, y)
			next(edge, y, x1, y1)
		} else {
			next(x0, y0, edge, y)
			next(edge, y, edge, y1)
		}
	default:
		next(x0, y0, x1, y1)
	}
}
