package render

import "math"

// Translate returns the map that moves by (x, y).
func Translate(x, y float64) Matrix { return Matrix{A: 1, D: 1, E: x, F: y} }

// Scale returns the map that stretches by x and y.
func Scale(x, y float64) Matrix { return Matrix{A: x, D: y} }

// Rotate returns the map that turns clockwise about the origin.
func Rotate(degrees float64) Matrix {
	sin, cos := sincos(degrees)
	return Matrix{A: cos, B: sin, C: -sin, D: cos}
}

// sincos is exact for quarter turns, so that upright things stay upright.
func sincos(degrees float64) (sin, cos float64) {
	switch degrees = math.Mod(degrees, 360); degrees {
	case 0:
		return 0, 1
	case 90, -270:
		return 1, 0
	case 180, -180:
		return 0, -1
	case 270, -90:
		return -1, 0
	}
	return math.Sincos(degrees * math.Pi / 180)
}

func rotateAbout(degrees, x, y float64) Matrix {
	if degrees == 0 {
		return Identity
	}
	return Translate(x, y).Mul(Rotate(degrees)).Mul(Translate(-x, -y))
}

// Mul returns the map that does n first and then m.
func (m Matrix) Mul(n Matrix) Matrix {
	return Matrix{
		A: m.A*n.A + m.C*n.B, B: m.B*n.A + m.D*n.B,
		C: m.A*n.C + m.C*n.D, D: m.B*n.C + m.D*n.D,
		E: m.A*n.E + m.C*n.F + m.E, F: m.B*n.E + m.D*n.F + m.F,
	}
}

// Apply maps a point.
func (m Matrix) Apply(p Point) Point {
	return Point{m.A*p.X + m.C*p.Y + m.E, m.B*p.X + m.D*p.Y + m.F}
}

// Inverse returns the map back; false when there is none.
func (m Matrix) Inverse() (Matrix, bool) {
	det := m.A*m.D - m.B*m.C
	if det == 0 || math.IsNaN(det) || math.IsInf(det, 0) {
		return Matrix{}, false
	}
	return Matrix{
		A: m.D / det, B: -m.B / det, C: -m.C / det, D: m.A / det,
		E: (m.C*m.F - m.D*m.E) / det, F: (m.B*m.E - m.A*m.F) / det,
	}, true
}

func (p *Path) move(x, y float64) { p.step(MoveTo, Point{x, y}) }
func (p *Path) line(x, y float64) { p.step(LineTo, Point{x, y}) }
func (p *Path) cube(x1, y1, x2, y2, x, y float64) {
	p.step(CubeTo, Point{x1, y1}, Point{x2, y2}, Point{x, y})
}
func (p *Path) close() { p.step(Close) }

func (p *Path) step(v Verb, points ...Point) {
	p.Verbs = append(p.Verbs, v)
	p.Points = append(p.Points, points...)
}

func rectangle(x, y, width, height float64) Path {
	var p Path
	p.move(x, y)
	p.line(x+width, y)
	p.line(x+width, y+height)
	p.line(x, y+height)
	p.close()
	return p
}

// kappa makes a cubic of a quarter circle.
const kappa = 0.5522847498307936

// path returns a shape's outline in a frame of the given size.
func (s *Shape) path(width, height float64) Path {
	switch s.Outline {
	case Ellipse:
		return rounded(width, height, [4]Point{
			{width / 2, height / 2}, {width / 2, height / 2}, {width / 2, height / 2}, {width / 2, height / 2},
		})
	case Polygon:
		return polygon(width, height, min(max(s.Sides, 3), MaxSides))
	}
	return s.rectangle(width, height)
}

// rectangle returns a rectangle with the shape's corners. Radii that do not fit their
// sides shrink together, as in CSS.
func (s *Shape) rectangle(width, height float64) Path {
	radius := s.Radii
	for i, r := range radius {
		if !(r > 0) {
			radius[i] = 0
		}
		radius[i] = min(radius[i], 1e7)
	}
	if radius == [4]float64{} {
		return rectangle(0, 0, width, height)
	}
	shrink := 1.0
	for i, side := range [4]float64{width, height, width, height} {
		if sum := radius[i] + radius[(i+1)%4]; sum > side {
			shrink = min(shrink, side/sum)
		}
	}
	var corner [4]Point
	for i, r := range radius {
		corner[i] = Point{r * shrink, r * shrink}
	}
	return rounded(width, height, corner)
}

// rounded returns a rectangle whose corners are quarter ellipses: top left, top
// right, bottom right, bottom left.
func rounded(width, height float64, r [4]Point) Path {
	const c = 1 - kappa
	var p Path
	p.move(r[0].X, 0)
	p.line(width-r[1].X, 0)
	p.cube(width-c*r[1].X, 0, width, c*r[1].Y, width, r[1].Y)
	p.line(width, height-r[2].Y)
	p.cube(width, height-c*r[2].Y, width-c*r[2].X, height, width-r[2].X, height)
	p.line(r[3].X, height)
	p.cube(c*r[3].X, height, 0, height-c*r[3].Y, 0, height-r[3].Y)
	p.line(0, r[0].Y)
	p.cube(0, c*r[0].Y, c*r[0].X, 0, r[0].X, 0)
	p.close()
	return p
}

// polygon returns a regular polygon, stretched so that it touches all four sides of
// its frame, a corner at the top.
func polygon(width, height float64, sides int) Path {
	corners := make([]Point, sides)
	low, high := Point{1, 1}, Point{-1, -1}
	for i := range corners {
		sin, cos := sincos(360 * float64(i) / float64(sides))
		corners[i] = Point{sin, -cos}
		low = Point{min(low.X, sin), min(low.Y, -cos)}
		high = Point{max(high.X, sin), max(high.Y, -cos)}
	}
	var p Path
	for i, c := range corners {
		x, y := (c.X-low.X)/(high.X-low.X)*width, (c.Y-low.Y)/(high.Y-low.Y)*height
		if i == 0 {
			p.move(x, y)
		} else {
			p.line(x, y)
		}
	}
	p.close()
	return p
}
