package text

import "github.com/tepin/tepin/render/color"

// Limits of one frame's text; beyond them Layout refuses. They bound the time that a
// layout takes, whatever a document says.
const (
	MaxCharacters = 200_000 // of one frame
	MaxColumns    = 10
	MaxSize       = 10_000 // points; larger sizes are drawn at this one
	MaxLength     = 1e6    // points; larger lengths are taken as this one
)

// Fonts are what text can be set with.
type Fonts struct {
	ByKey    map[string]*Font
	Fallback []*Font // in order, for characters that a run's own font lacks
}

// Result is laid-out text. Coordinates are points from the frame's top left corner,
// y down.
type Result struct {
	Lines        []Line
	Width        float64  // of the widest line
	Height       float64  // of the fullest column, without the padding
	Scale        float64  // what copyfitting made of all sizes; 1 = as set
	Overflow     bool     // the text does not fit the frame
	Missing      []rune   // characters that no font has; each once, in order of appearance
	UnknownFonts []string // keys that are not in Fonts.ByKey; each once
}

// Line is one line of a column.
type Line struct {
	Paragraph   int     // index in Frame.Paragraphs
	Column      int     // 0 is the first in reading order
	X, Width    float64 // of what is seen, trailing spaces not counted
	Top, Height float64 // of the line's box
	Baseline    float64
	Backgrounds []Rect // behind all text of the frame
	Spans       []Span // from left to right
	Underlines  []Rect // behind the line's glyphs
	Strikes     []Rect // over the line's glyphs
}

// Span is a piece of a line in one font, size and colour.
type Span struct {
	Font   *Font
	Size   float64
	Color  color.Color
	Glyphs []Glyph
	Text   string // what the glyphs stand for, in logical order; Glyph.Cluster counts its bytes
}

// Rect is a filled rectangle.
type Rect struct {
	X, Y, Width, Height float64
	Color               color.Color
}
