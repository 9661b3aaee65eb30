package render

import (
	"math"

	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/text"
)

// Watermark draws a large translucent text over a page, along its diagonal. A text
// without a font that could set it is left away.
func Watermark(l *List, words string, fonts text.Fonts) {
	const (
		reference = 100 // points: the size that the text is set at
		share     = 0.8 // of the diagonal that it fills
		tallest   = 0.3 // of the page's shorter side
	)
	if len(fonts.Fallback) == 0 || words == "" || !(l.Width > 0 && l.Height > 0) {
		return
	}
	set, err := text.Layout(text.Frame{Paragraphs: []text.Paragraph{{
		LineHeight: 1, Runs: []text.Run{{Text: words, Size: reference, NoBreak: true}},
	}}}, text.MaxLength, text.MaxLength, fonts)
	if err != nil || len(set.Lines) == 0 || set.Width <= 0 {
		return
	}
	// The whole is scaled, not the type: sizes of type have bounds, and pages larger.
	diagonal := math.Sqrt(l.Width*l.Width + l.Height*l.Height)
	scale := min(share*diagonal/set.Width, tallest*min(l.Width, l.Height)/reference)
	angle := -math.Atan2(l.Height, l.Width) * 180 / math.Pi
	matrix := Translate(l.Width/2, l.Height/2).Mul(Rotate(angle)).Mul(Scale(scale, scale)).Mul(Translate(-set.Width/2, 0))
	l.Ops = append(l.Ops, Op{Push: &Push{Matrix: matrix, Opacity: 0.3}})
	for _, line := range set.Lines[:1] {
		for _, s := range line.Spans {
			glyphs := s.Glyphs
			for i := range glyphs { // the capitals' middle on the diagonal
				glyphs[i].X -= line.X
				glyphs[i].Y += 0.35*reference - line.Baseline
			}
			l.Ops = append(l.Ops, Op{Glyphs: &GlyphsOp{Font: s.Font, Size: s.Size, Color: color.Color{Space: color.Gray, V: [4]float64{0.5}, Alpha: 1}, Glyphs: glyphs, Text: s.Text}})
		}
	}
	l.Ops = append(l.Ops, Op{Pop: true})
}
