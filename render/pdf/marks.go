package pdf

import (
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
)

// Marks are lines of 6 mm at the corners of the trimmed page, in the colour that is on
// every plate, each on a white line, so that they can be seen on pictures too. The sheet
// grows by the room that they need.
type Marks struct {
	Offset float64 // from the trimmed page to where a line begins, in points
	Weight float64 // of a line, in points
}

const (
	markLength = 6 * 72 / 25.4
	markHalo   = 0.5 // points of white on each side
)

// room is how far marks reach beyond the trimmed page.
func (m *Marks) room() float64 {
	if m == nil || !finite(m.Offset, m.Weight) {
		return 0
	}
	return max(m.Offset, 0) + markLength + markHalo
}

// registration is the colour of all plates.
var registration = color.Color{Space: color.Spot, Name: "All", V: [4]float64{1, 1, 1, 1}, Alpha: 1}

// marks draws the crop marks of a page.
func (d *Writer) marks(c *canvas, width, height float64) error {
	m := d.options.Marks
	if m.room() == 0 || !(m.Weight > 0) {
		return nil
	}
	near, far := max(m.Offset, 0), max(m.Offset, 0)+markLength
	for _, x := range [2]struct{ edge, way float64 }{{0, -1}, {width, 1}} {
		for _, y := range [2]struct{ edge, way float64 }{{0, -1}, {height, 1}} {
			upright := segment(x.edge, y.edge+y.way*near, x.edge, y.edge+y.way*far)
			level := segment(x.edge+x.way*near, y.edge, x.edge+x.way*far, y.edge)
			for _, path := range [2]render.Path{upright, level} {
				for _, line := range [2]render.PathOp{
					{Path: path, Color: color.White, Width: m.Weight + 2*markHalo},
					{Path: path, Color: registration, Width: m.Weight},
				} {
					if err := d.path(c, &line); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func segment(x0, y0, x1, y1 float64) render.Path {
	return render.Path{Verbs: []render.Verb{render.MoveTo, render.LineTo}, Points: []render.Point{{X: x0, Y: y0}, {X: x1, Y: y1}}}
}
