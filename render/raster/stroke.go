package raster

import (
	"math"

	"github.com/tepin/tepin/render"
)

// mitreLimit is how far a pointed join may reach, in half widths; sharper ones are
// cut off. It is PDF's default.
const mitreLimit = 10

// stroke returns the area of a line of some width along a path, in device pixels. It
// is made of a quadrilateral for each straight piece and a wedge for each join, all
// turning the same way, so that the non-zero rule makes one area of them.
func stroke(p *render.Path, width float64, m render.Matrix) polygons {
	half := width / 2
	tolerance := flatness
	if s := stretch(m); s > 0 {
		tolerance = flatness / s
	}
	var out polygons
	add := func(points ...render.Point) {
		for i := range points {
			points[i] = tame(m.Apply(points[i]))
		}
		out = append(out, oriented(points))
	}
	for _, sub := range lines(p, render.Identity, tolerance) {
		points := distinct(sub)
		n := len(points)
		pieces := n - 1
		if sub.closed && n > 2 {
			pieces = n
		}
		for i := range pieces {
			a, b := points[i], points[(i+1)%n]
			u := direction(a, b)
			ox, oy := -u.Y*half, u.X*half
			add(render.Point{X: a.X + ox, Y: a.Y + oy}, render.Point{X: b.X + ox, Y: b.Y + oy},
				render.Point{X: b.X - ox, Y: b.Y - oy}, render.Point{X: a.X - ox, Y: a.Y - oy})
			if i+1 < pieces || pieces == n {
				if wedge := join(b, u, direction(b, points[(i+2)%n]), half); wedge != nil {
					add(wedge...)
				}
			}
		}
	}
	return out
}

// distinct returns a sub-path's points without neighbours in the same place.
func distinct(sub polyline) []render.Point {
	var out []render.Point
	for _, p := range sub.points {
		if len(out) == 0 || out[len(out)-1] != p {
			out = append(out, p)
		}
	}
	if sub.closed && len(out) > 1 && out[0] == out[len(out)-1] {
		out = out[:len(out)-1]
	}
	return out
}

// direction returns the unit vector from a to b.
func direction(a, b render.Point) render.Point {
	x, y := b.X-a.X, b.Y-a.Y
	length := math.Sqrt(x*x + y*y)
	if length == 0 {
		return render.Point{X: 1}
	}
	return render.Point{X: x / length, Y: y / length}
}

// join returns the wedge on the outer side of a corner between directions u and v: to
// the mitre's point, or cut off; nil where the line goes straight on.
func join(at, u, v render.Point, half float64) []render.Point {
	cross, dot := u.X*v.Y-u.Y*v.X, u.X*v.X+u.Y*v.Y
	if math.Abs(cross) < 1e-9 && dot > 0 {
		return nil
	}
	side := half
	if cross > 0 {
		side = -half
	}
	a := render.Point{X: at.X - u.Y*side, Y: at.Y + u.X*side}
	b := render.Point{X: at.X - v.Y*side, Y: at.Y + v.X*side}
	// The mitre reaches half/sin(φ/2) for an angle φ between the pieces.
	if sin2 := (1 + dot) / 2; sin2*mitreLimit*mitreLimit >= 1 {
		k := side / (1 + dot)
		tip := render.Point{X: at.X - (u.Y+v.Y)*k, Y: at.Y + (u.X+v.X)*k}
		return []render.Point{at, a, tip, b}
	}
	return []render.Point{at, a, b}
}

// oriented returns a polygon turned so that its area is positive.
func oriented(points []render.Point) []render.Point {
	area := 0.0
	for i, a := range points {
		b := points[(i+1)%len(points)]
		area += a.X*b.Y - b.X*a.Y
	}
	if area < 0 {
		for i, j := 0, len(points)-1; i < j; i, j = i+1, j-1 {
			points[i], points[j] = points[j], points[i]
		}
	}
	return points
}
