package pdf

import (
	"fmt"
	"math"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
)

// userUnitSide is the side beyond which readers want pages measured in larger units.
const userUnitSide = 14_400

// geometry is where a page lies on its paper.
type geometry struct {
	toPaper render.Matrix // display list (y down) → paper (y up)
	sheet   rect          // what is shown, in the display list's space
	trim    rect          // on the paper
	paper   rect
	bleed   rect // on the paper; the trimmed page where there is none
	bleeds  bool
	unit    float64 // points for one unit of the paper
}

// rect is a box with x0 ≤ x1 and y0 ≤ y1; an empty one shows nothing.
type rect struct{ x0, y0, x1, y1 float64 }

// newGeometry places a page, with its bleed if that is wanted, on a paper that has at
// least the given room beyond the trimmed page.
func newGeometry(l *render.List, bleed bool, room float64) (geometry, error) {
	var e render.Edges
	if bleed {
		e = render.Edges{Top: edge(l.Bleed.Top), Right: edge(l.Bleed.Right), Bottom: edge(l.Bleed.Bottom), Left: edge(l.Bleed.Left)}
	}
	margin := render.Edges{Top: max(e.Top, room), Right: max(e.Right, room), Bottom: max(e.Bottom, room), Left: max(e.Left, room)}
	w, h := l.Width+margin.Left+margin.Right, l.Height+margin.Top+margin.Bottom
	if !finite(w, h) || l.Width <= 0 || l.Height <= 0 {
		return geometry{}, tepin.Errorf(tepin.Invalid, "a page must be wider and higher than 0")
	}
	if max(w, h) > MaxSide {
		return geometry{}, tepin.Errorf(tepin.TooLarge, "a page of a PDF may be at most %d points a side", MaxSide)
	}
	unit := max(1, math.Ceil(max(w, h)/userUnitSide))
	return geometry{
		toPaper: render.Matrix{A: 1 / unit, D: -1 / unit, E: margin.Left / unit, F: (l.Height + margin.Bottom) / unit},
		sheet:   rect{-e.Left, -e.Top, l.Width + e.Right, l.Height + e.Bottom},
		trim:    rect{margin.Left / unit, margin.Bottom / unit, (margin.Left + l.Width) / unit, (margin.Bottom + l.Height) / unit},
		bleed: rect{(margin.Left - e.Left) / unit, (margin.Bottom - e.Bottom) / unit,
			(margin.Left + l.Width + e.Right) / unit, (margin.Bottom + l.Height + e.Top) / unit},
		paper:  rect{0, 0, w / unit, h / unit},
		bleeds: e != render.Edges{},
		unit:   unit,
	}, nil
}

// edge is one side's bleed: negative and broken ones are none.
func edge(v float64) float64 {
	if !finite(v) || v < 0 {
		return 0
	}
	return v
}

// boxes are the page's entries that tell its size.
func (g geometry) boxes() string {
	s := fmt.Sprintf("/MediaBox%s/TrimBox%s", g.paper, g.trim)
	if g.bleeds {
		s += fmt.Sprintf("/BleedBox%s", g.bleed)
	}
	if g.unit > 1 {
		s += "/UserUnit " + number(g.unit)
	}
	return s
}

func (r rect) String() string {
	return "[" + number(r.x0) + " " + number(r.y0) + " " + number(r.x1) + " " + number(r.y1) + "]"
}

// intersect is what two boxes share.
func (r rect) intersect(o rect) rect {
	return rect{max(r.x0, o.x0), max(r.y0, o.y0), min(r.x1, o.x1), min(r.y1, o.y1)}
}

func (r rect) empty() bool { return r.x1 <= r.x0 || r.y1 <= r.y0 }

// bounds is the smallest box around the points.
func bounds(points []render.Point) rect {
	inf := math.Inf(1)
	r := rect{inf, inf, -inf, -inf}
	for _, p := range points {
		r = rect{min(r.x0, p.X), min(r.y0, p.Y), max(r.x1, p.X), max(r.y1, p.Y)}
	}
	return r
}

// within is the box around r in the space that m maps into r's; ok is false when m
// flattens everything to nothing.
func (r rect) within(m render.Matrix) (inner rect, ok bool) {
	inverse, ok := m.Inverse()
	if !ok {
		return rect{}, false
	}
	corners := []render.Point{{X: r.x0, Y: r.y0}, {X: r.x1, Y: r.y0}, {X: r.x0, Y: r.y1}, {X: r.x1, Y: r.y1}}
	for i, p := range corners {
		corners[i] = inverse.Apply(p)
	}
	inner = bounds(corners)
	return inner, finite(inner.x0, inner.y0, inner.x1, inner.y1)
}
