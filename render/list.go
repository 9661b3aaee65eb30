package render

import (
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/text"
)

// List is a page as drawing operations in painter's order. One list makes both the
// pixels and the PDF.
type List struct {
	Width, Height float64 // of the trimmed page, in points
	Bleed         Edges
	Ops           []Op
}

// Op is one drawing operation: exactly one field is set.
type Op struct {
	Push   *Push
	Pop    bool // ends the innermost Push
	Path   *PathOp
	Image  *ImageOp
	Glyphs *GlyphsOp
}

// Push begins a group: what follows, up to its Pop, is transformed, clipped, and,
// when Opacity is below 1, composed as a whole.
type Push struct {
	Matrix  Matrix  // group space → enclosing space
	Clip    *Path   // in group space, non-zero winding; nil = none
	Opacity float64 // 0 to 1
	Frame   string  // id of the frame that the group draws; empty = it is none's, or a part of one's
	Moves   bool    // it is one moment of a movement: its text is not fitted to the pixels
}

// PathOp fills a path, or strokes it when Width is above 0.
type PathOp struct {
	Path  Path
	Color color.Color
	Width float64 // of the stroke, points, mitre joins and butt caps
}

// ImageOp draws a picture into the unit square that Matrix places: (0,0) is the
// picture's top left corner, (1,1) its bottom right.
type ImageOp struct {
	Key    string
	Matrix Matrix
}

// GlyphsOp draws shaped glyphs of one font on one baseline.
type GlyphsOp struct {
	Font   *text.Font
	Size   float64 // points
	Color  color.Color
	Glyphs []text.Glyph // X, Y in points, relative to the space the op is drawn in
	Text   string       // the characters these glyphs stand for, in logical order
}

// Matrix is the affine map (x, y) → (A·x + C·y + E, B·x + D·y + F).
type Matrix struct{ A, B, C, D, E, F float64 }

// Identity maps every point to itself.
var Identity = Matrix{A: 1, D: 1}

// Path is a sequence of sub-paths. Each verb takes its points from Points in order:
// one for MoveTo and LineTo, two for QuadTo, three for CubeTo, none for Close.
type Path struct {
	Verbs  []Verb
	Points []Point
}

// Verb is a step of a [Path].
type Verb uint8

const (
	MoveTo Verb = iota
	LineTo
	QuadTo
	CubeTo
	Close
)

// Point is a place in points.
type Point struct{ X, Y float64 }
