package text

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render/color"
)

// Layout sets a frame's text. Characters without a glyph, unknown fonts and text that
// does not fit are told in the result; an error is for text that cannot be set at all.
func Layout(f Frame, width, height float64, fonts Fonts) (result Result, err error) {
	defer func() { // a font whose tables lie can break shaping
		if p := recover(); p != nil {
			result, err = Result{}, damaged(fmt.Errorf("%v", p))
		}
	}()
	total := 0
	for _, p := range f.Paragraphs {
		total++
		for _, run := range p.Runs {
			total += utf8.RuneCountInString(run.Text)
		}
		for _, run := range p.Marker {
			total += utf8.RuneCountInString(run.Text)
		}
	}
	if total > MaxCharacters {
		return Result{}, tepin.Errorf(tepin.TooLarge, "a text frame has %d characters; at most %d can be set in one frame", total, MaxCharacters)
	}
	l := layout{frame: sound(f), fonts: fonts, result: Result{Scale: 1}}
	l.box(length(width), length(height))
	l.prepare()
	l.fit()
	l.place()
	return l.result, nil
}

// layout is one run of Layout.
type layout struct {
	frame  Frame
	fonts  Fonts
	paras  []*prepared
	rtl    bool // the frame reads from the right: its first column is the rightmost
	column float64
	height float64
	rows   []row
	result Result
}

// box sets the columns' width and height.
func (l *layout) box(width, height float64) {
	f := &l.frame
	l.height = max(0, height-f.Padding.Top-f.Padding.Bottom)
	room := width - f.Padding.Left - f.Padding.Right - f.ColumnGap*float64(f.Columns-1)
	l.column = max(0, room/float64(f.Columns))
}

func (l *layout) prepare() {
	s := shaper{fonts: l.fonts, result: &l.result, missing: map[rune]bool{}, unknown: map[string]bool{}}
	for i := range l.frame.Paragraphs {
		spec := &l.frame.Paragraphs[i]
		p := s.prepare(spec, spec.Runs, l.frame.Direction)
		if len(spec.Marker) > 0 {
			d := LeftToRight
			if p.rtl {
				d = RightToLeft
			}
			p.marker = s.prepare(spec, spec.Marker, d)
		}
		l.paras = append(l.paras, p)
	}
	l.rtl = len(l.paras) > 0 && l.paras[0].rtl
}

// fit wraps the text at the largest scale that copyfitting allows and that fits.
func (l *layout) fit() {
	low, high := l.frame.CopyfitMin/100, l.frame.CopyfitMax/100
	if low == 0 && high == 0 {
		l.wrap(1)
		return
	}
	if l.wrap(high) || low >= high {
		return
	}
	const precision = 1e-3
	best := low
	for bottom := low; high-bottom > precision; {
		middle := (bottom + high) / 2
		if l.wrap(middle) {
			best, bottom = middle, middle
		} else {
			high = middle
		}
	}
	l.wrap(best)
}

// wrap breaks all text at one scale and reports whether it fits without breaking
// words.
func (l *layout) wrap(scale float64) bool {
	w := wrapper{width: l.column, scale: scale, rows: l.rows[:0]}
	for i, p := range l.paras {
		w.wrap(p, i)
	}
	l.rows = w.rows
	var overflow bool
	l.result.Height, overflow = flow(l.rows, l.frame.Columns, l.height)
	l.result.Overflow = overflow || w.tight
	l.result.Scale = scale
	return !l.result.Overflow && !w.broken
}

// sound returns the frame with every number in a range that can be worked with.
func sound(f Frame) Frame {
	f.Columns = min(max(f.Columns, 1), MaxColumns)
	f.ColumnGap = max(0, length(f.ColumnGap))
	f.Padding = Padding{length(f.Padding.Top), length(f.Padding.Right), length(f.Padding.Bottom), length(f.Padding.Left)}
	f.CopyfitMin, f.CopyfitMax = percent(f.CopyfitMin), percent(f.CopyfitMax)
	if f.CopyfitMin > 0 && f.CopyfitMax == 0 {
		f.CopyfitMax = max(100, f.CopyfitMin)
	}
	if f.CopyfitMax > 0 && f.CopyfitMin == 0 {
		f.CopyfitMin = min(1, f.CopyfitMax)
	}
	paragraphs := make([]Paragraph, len(f.Paragraphs))
	for i, p := range f.Paragraphs {
		if p.LineHeight = min(max(0, length(p.LineHeight)), 1000); p.LineHeight == 0 {
			p.LineHeight = 1.2
		}
		p.SpaceBefore, p.SpaceAfter = length(p.SpaceBefore), length(p.SpaceAfter)
		p.IndentStart, p.IndentEnd, p.IndentFirst = length(p.IndentStart), length(p.IndentEnd), length(p.IndentFirst)
		p.Runs, p.Marker = soundRuns(p.Runs), soundRuns(p.Marker)
		if len(p.Runs) == 0 {
			p.Runs = []Run{{Color: color.Black}}
		}
		paragraphs[i] = p
	}
	f.Paragraphs = paragraphs
	return f
}

func soundRuns(runs []Run) []Run {
	out := make([]Run, len(runs))
	for i, r := range runs {
		r.Size = min(max(0, length(r.Size)), MaxSize)
		r.Tracking = min(max(-1000, length(r.Tracking)), 100_000)
		r.BaselineShift = length(r.BaselineShift)
		out[i] = r
	}
	return out
}

// length returns a number that is finite and within ± MaxLength; NaN becomes 0.
func length(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return min(max(v, -MaxLength), MaxLength)
}

func percent(v float64) float64 { return min(max(0, length(v)), 1000) }
