// Package text shapes, breaks and aligns styled text in frames. It knows fonts and
// lengths; what is drawn with them is package render's.
package text

import "github.com/tepin/tepin/render/color"

// Frame is styled text and the box rules that it flows in. Lengths are points.
type Frame struct {
	Paragraphs []Paragraph
	Padding    Padding
	Columns    int // 1 to 10
	ColumnGap  float64
	Vertical   Vertical
	Direction  Direction
	Clip       bool    // glyphs outside the frame are cut off
	CopyfitMin float64 // percent of the set size; 0 = no copyfitting
	CopyfitMax float64
}

// Padding is the room between a frame's edge and its text.
type Padding struct{ Top, Right, Bottom, Left float64 }

// Vertical is where text stands in a frame that it does not fill.
type Vertical uint8

const (
	Top Vertical = iota
	Middle
	Bottom
	JustifyVertically
)

// Direction is the base direction of paragraphs.
type Direction uint8

const (
	Auto Direction = iota // of the first strong character
	LeftToRight
	RightToLeft
)

// Align is how lines stand between the edges of a column.
type Align uint8

const (
	Left Align = iota
	Center
	Right
	Justify
)

// Paragraph is what ends with a line break of its own.
type Paragraph struct {
	Align       Align
	AlignLast   Align   // of the last line of a justified paragraph; Left = where reading begins
	LineHeight  float64 // times the largest font size of the line; 0 = 1.2
	SpaceBefore float64
	SpaceAfter  float64
	IndentStart float64
	IndentEnd   float64
	IndentFirst float64 // of the first line, added to IndentStart; may be negative
	Marker      []Run   // list marker: where a hanging first line begins, else before the text in the room of IndentStart
	Runs        []Run   // at least one, also when it is empty: its style gives the line's height
}

// Run is text in one style. U+2028 breaks the line within the paragraph.
type Run struct {
	Text          string
	Font          string // key in the fonts given to layout; empty = the first fallback
	Size          float64
	Color         color.Color
	Tracking      float64 // 1/1000 em added after each character
	BaselineShift float64 // points, up
	Underline     bool
	LineThrough   bool
	Background    *color.Color // behind the run's part of each line
	NoBreak       bool         // the run is not broken across lines
	NoKerning     bool
}

// Glyph is one shaped glyph.
type Glyph struct {
	ID      uint32
	X, Y    float64 // origin on the baseline
	Advance float64
	Cluster int // byte offset in the text that the glyph stands for
}
