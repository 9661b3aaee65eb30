package text_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/text"
)

func TestAlignment(t *testing.T) {
	const width, words = 200, "some words to set"
	natural := set(t, simple(words), width, 100).Lines[0].Width
	for _, tt := range []struct {
		name   string
		align  text.Align
		last   text.Align
		text   string
		rtl    bool
		x, end float64
	}{
		{"left", text.Left, 0, words, false, 0, natural},
		{"centre", text.Center, 0, words, false, (width - natural) / 2, (width + natural) / 2},
		{"right", text.Right, 0, words, false, width - natural, width},
		{"last line of justified", text.Justify, text.Left, words, false, 0, natural},
		{"last line justified too", text.Justify, text.Justify, words, false, 0, width},
		{"last line centred", text.Justify, text.Center, words, false, (width - natural) / 2, (width + natural) / 2},
		{"last line, from right to left", text.Justify, text.Left, words, true, width - natural, width},
		{"last line to the end, from right to left", text.Justify, text.Right, words, true, 0, natural},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := frameOf(text.Paragraph{LineHeight: 1.2, Align: tt.align, AlignLast: tt.last, Runs: []text.Run{plain(tt.text)}})
			if tt.rtl {
				f.Direction = text.RightToLeft
			}
			l := set(t, f, width, 100).Lines[0]
			if !close(l.X, tt.x) || !close(l.X+l.Width, tt.end) {
				t.Errorf("from %v to %v, want %v to %v", l.X, l.X+l.Width, tt.x, tt.end)
			}
		})
	}
}

// All lines of a justified paragraph but the last end at the column's edge, and so do
// their last glyphs.
func TestJustify(t *testing.T) {
	f := frameOf(text.Paragraph{LineHeight: 1.2, Align: text.Justify, Runs: []text.Run{plain(strings.Repeat("words of any length, ", 12))}})
	r := set(t, f, 150, 1000)
	for i, l := range r.Lines[:len(r.Lines)-1] {
		s := l.Spans[len(l.Spans)-1]
		g := s.Glyphs[len(s.Glyphs)-1]
		if !close(l.X+l.Width, 150) || !close(g.X+g.Advance, 150) {
			t.Errorf("line %d ends at %v, its last glyph at %v", i, l.X+l.Width, g.X+g.Advance)
		}
	}
}

func TestColumnsAndOverflow(t *testing.T) {
	f := simple("a b c d e f")
	f.Columns, f.ColumnGap, f.Padding = 2, 10, text.Padding{Left: 5, Right: 5, Top: 3, Bottom: 3}
	for i := range f.Paragraphs[0].Runs {
		f.Paragraphs[0].Runs[i].Text = "a\u2028b\u2028c\u2028d\u2028e"
	}
	r := set(t, f, 120, 3*12+6)
	column := []int{0, 0, 0, 1, 1}
	for i, l := range r.Lines {
		x := 5 + float64(column[i])*(50+10)
		if l.Column != column[i] || !close(l.X, x) || !close(l.Top, 3+12*float64(i%3)) {
			t.Errorf("line %d: column %d at %v, %v", i, l.Column, l.X, l.Top)
		}
	}
	if r.Overflow {
		t.Error("it fits")
	}
	if r = set(t, f, 120, 2*12+6); !r.Overflow || len(r.Lines) != 5 || r.Lines[4].Column != 1 {
		t.Errorf("five lines in two columns of two: overflow %v, %d lines", r.Overflow, len(r.Lines))
	}
	f.Direction = text.RightToLeft
	if r = set(t, f, 120, 3*12+6); r.Lines[0].X < 60 || r.Lines[3].X > 60 {
		t.Errorf("from right to left the first column begins at %v, the second at %v", r.Lines[0].X, r.Lines[3].X)
	}
}

func TestEmptyTextDoesNotOverflow(t *testing.T) {
	if r := set(t, simple(""), 100, 2); r.Overflow || len(r.Lines) != 1 {
		t.Errorf("overflow %v, %d lines", r.Overflow, len(r.Lines))
	}
	if r := set(t, simple("x"), 100, 2); !r.Overflow {
		t.Error("a line of 12 points fits 2")
	}
}

func TestVertical(t *testing.T) {
	for v, want := range map[text.Vertical][2]float64{
		text.Top: {0, 12}, text.Middle: {38, 50}, text.Bottom: {76, 88},
	} {
		f := simple("a\u2028b")
		f.Vertical = v
		r := set(t, f, 100, 100)
		if !close(r.Lines[0].Top, want[0]) || !close(r.Lines[1].Top, want[1]) {
			t.Errorf("vertical %d: lines at %v and %v, want %v", v, r.Lines[0].Top, r.Lines[1].Top, want)
		}
	}
	f := simple("a\u2028b\u2028c")
	f.Vertical = text.JustifyVertically
	r := set(t, f, 100, 100)
	first, second, third := r.Lines[0].Baseline, r.Lines[1].Baseline, r.Lines[2].Baseline
	if !close(r.Lines[0].Top, 0) || !close(second-first, third-second) || third < 90 {
		t.Errorf("justified baselines %v, %v, %v", first, second, third)
	}
	f.Vertical = text.Bottom
	if r = set(t, f, 100, 20); r.Lines[0].Top != 0 {
		t.Errorf("text that does not fit begins at %v", r.Lines[0].Top)
	}
}

func TestSpacingAndIndents(t *testing.T) {
	first := text.Paragraph{LineHeight: 1, SpaceBefore: 50, SpaceAfter: 4, IndentStart: 10, IndentFirst: 7, Runs: []text.Run{plain("first\u2028second")}}
	second := text.Paragraph{LineHeight: 2, SpaceBefore: 6, IndentStart: 3, IndentEnd: 20, Align: text.Right, Runs: []text.Run{plain("third")}}
	r := set(t, frameOf(first, second), 100, 200)
	if a, b := r.Lines[0], r.Lines[1]; a.Top != 0 || !close(a.X, 17) || !close(b.X, 10) {
		t.Errorf("first lines at %v,%v and %v", a.X, a.Top, b.X)
	}
	if l := r.Lines[2]; !close(l.Top, 20+4+6) || !close(l.Height, 20) || !close(l.X+l.Width, 80) {
		t.Errorf("third line at top %v, height %v, to %v", l.Top, l.Height, l.X+l.Width)
	}
}

func TestMarkers(t *testing.T) {
	marker := []text.Run{plain("•")}
	origin := func(r text.Result, span int) float64 {
		for _, s := range r.Lines[0].Spans {
			if (s.Text == "•") == (span == 0) {
				return s.Glyphs[0].X
			}
		}
		t.Fatalf("no span %d in %q", span, lines(r))
		return 0
	}
	hanging := text.Paragraph{LineHeight: 1, IndentStart: 20, IndentFirst: -15, Marker: marker, Runs: []text.Run{plain("entry")}}
	r := set(t, frameOf(hanging), 100, 100)
	if m, e := origin(r, 0), origin(r, 1); !close(m, 5) || !close(e, 20) {
		t.Errorf("hanging: marker at %v, text at %v", m, e)
	}
	outside := hanging
	outside.IndentFirst = 0
	r = set(t, frameOf(outside), 100, 100)
	if m, e := origin(r, 0), origin(r, 1); m < 5 || m > 17 || !close(e, 20) {
		t.Errorf("outside: marker at %v, text at %v", m, e)
	}
	wide := outside
	wide.IndentStart = 0
	r = set(t, frameOf(wide), 100, 100)
	if m, e := origin(r, 0), origin(r, 1); !close(m, 0) || e < 5 {
		t.Errorf("no room: marker at %v, text at %v", m, e)
	}
	rtl := frameOf(hanging)
	rtl.Direction = text.RightToLeft
	rtl.Paragraphs[0].Align = text.Right
	r = set(t, rtl, 100, 100)
	if m, e := origin(r, 0), r.Lines[0]; m < 85 || !close(e.X+e.Width, 80) {
		t.Errorf("from right to left: marker at %v, text to %v", m, e.X+e.Width)
	}
}

func TestCopyfitting(t *testing.T) {
	for _, tt := range []struct {
		name          string
		text          string
		min, max      float64
		width, height float64
		low, high     float64 // of the scale
		overflow      bool
	}{
		{"shrinks", strings.Repeat("many words ", 30), 20, 100, 100, 100, 0.2, 0.9, false},
		{"grows", "few", 50, 400, 100, 100, 3, 4, false},
		{"stays", "few", 50, 100, 100, 100, 1, 1, false},
		{"not below its least", strings.Repeat("many words ", 300), 50, 100, 100, 100, 0.5, 0.5, true},
		{"does not break words", "Donaudampfschifffahrt", 10, 100, 60, 100, 0.3, 0.7, false},
		{"off", strings.Repeat("many words ", 30), 0, 0, 100, 50, 1, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := simple(tt.text)
			f.CopyfitMin, f.CopyfitMax = tt.min, tt.max
			r := set(t, f, tt.width, tt.height)
			if r.Scale < tt.low-1e-9 || r.Scale > tt.high+1e-9 || r.Overflow != tt.overflow {
				t.Errorf("scale %v, want %v to %v; overflow %v", r.Scale, tt.low, tt.high, r.Overflow)
			}
			if !r.Overflow && r.Height > tt.height+0.01 {
				t.Errorf("height %v in %v", r.Height, tt.height)
			}
		})
	}
}

func TestTracking(t *testing.T) {
	tracked := plain("fiord")
	tracked.Tracking = 100 // 1/10 em
	a := set(t, simple("fiord"), 100, 20).Lines[0]
	b := set(t, frameOf(text.Paragraph{Runs: []text.Run{tracked}}), 100, 20).Lines[0]
	if b.Width < a.Width+3.9 || b.Width > a.Width+5 {
		t.Errorf("five letters became %v from %v wide", b.Width, a.Width)
	}
	if n := len(b.Spans[0].Glyphs); n != 5 {
		t.Errorf("a ligature stayed: %d glyphs", n)
	}
	arabic := plain("كتاب")
	c := set(t, frameOf(text.Paragraph{Runs: []text.Run{arabic}}), 100, 20).Lines[0]
	arabic.Tracking = 100
	if d := set(t, frameOf(text.Paragraph{Runs: []text.Run{arabic}}), 100, 20).Lines[0]; !close(c.Width, d.Width) {
		t.Error("tracking tore joined letters apart")
	}
}

func TestKerningAndShift(t *testing.T) {
	loose := plain("AVAVAV")
	loose.NoKerning = true
	a, b := set(t, simple("AVAVAV"), 100, 20), set(t, frameOf(text.Paragraph{Runs: []text.Run{loose}}), 100, 20)
	if a.Width >= b.Width {
		t.Errorf("kerned %v, not kerned %v", a.Width, b.Width)
	}
	raised := plain("x")
	raised.BaselineShift = 3
	l := set(t, frameOf(text.Paragraph{Runs: []text.Run{raised}}), 100, 20).Lines[0]
	if !close(l.Spans[0].Glyphs[0].Y, l.Baseline-3) {
		t.Errorf("shifted by %v", l.Baseline-l.Spans[0].Glyphs[0].Y)
	}
}

func TestDecorations(t *testing.T) {
	yellow := color.FromRGB8(255, 255, 0)
	run := plain("two words")
	run.Underline, run.LineThrough, run.Background = true, true, &yellow
	l := set(t, frameOf(text.Paragraph{Runs: []text.Run{plain("and "), run, plain(" more")}}), 200, 20).Lines[0]
	if len(l.Backgrounds) != 1 || len(l.Underlines) != 1 || len(l.Strikes) != 1 {
		t.Fatalf("%+v", l)
	}
	u, s, b := l.Underlines[0], l.Strikes[0], l.Backgrounds[0]
	if u.Y <= l.Baseline || s.Y >= l.Baseline || b.Y >= s.Y || b.Y+b.Height <= u.Y || b.Color != yellow {
		t.Errorf("underline %v, strike %v, background %v, baseline %v", u, s, b, l.Baseline)
	}
	if x := l.Spans[1].Glyphs[0].X; !close(u.X, x) || !close(u.X+u.Width, l.Spans[2].Glyphs[0].X) {
		t.Errorf("underline from %v to %v", u.X, u.X+u.Width)
	}
}

func TestMissing(t *testing.T) {
	f := frameOf(text.Paragraph{Runs: []text.Run{plain("a\U0001F600b\U0001F600"), {Text: "x", Font: "nowhere", Size: 10}}})
	r := set(t, f, 100, 100)
	if string(r.Missing) != "\U0001F600" {
		t.Errorf("missing %q", string(r.Missing))
	}
	if len(r.UnknownFonts) != 1 || r.UnknownFonts[0] != "nowhere" {
		t.Errorf("unknown %q", r.UnknownFonts)
	}
	none, err := text.Layout(simple("text"), 100, 100, text.Fonts{})
	if err != nil || len(none.Lines) != 1 || len(none.UnknownFonts) != 1 {
		t.Errorf("without fonts: %+v, %v", none, err)
	}
}

func TestOddNumbers(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -5, 0, 1e300} {
		run := text.Run{Text: "some text\tto set\u2028twice", Font: "sans", Size: v, Tracking: v, BaselineShift: v}
		p := text.Paragraph{Align: text.Justify, LineHeight: v, SpaceBefore: v, SpaceAfter: v, IndentStart: v, IndentEnd: v, IndentFirst: v,
			Runs: []text.Run{run, plain("more")}, Marker: []text.Run{run}}
		f := text.Frame{Paragraphs: []text.Paragraph{p, {}, p}, Columns: int(int32(min(max(v, -9), 99))), ColumnGap: v, CopyfitMin: v, CopyfitMax: v,
			Vertical: text.JustifyVertically, Padding: text.Padding{Top: v, Left: v, Right: v, Bottom: v}}
		r := set(t, f, v, v)
		for _, l := range r.Lines {
			for _, n := range []float64{l.X, l.Width, l.Top, l.Baseline, l.Height} {
				if math.IsNaN(n) || math.IsInf(n, 0) {
					t.Fatalf("with %v a line is %+v", v, l)
				}
			}
		}
	}
}

func TestTooMuchText(t *testing.T) {
	_, err := text.Layout(simple(strings.Repeat("endless ", 10<<20/8)), 100, 100, fonts(t))
	if tepin.KindOf(err) != tepin.TooLarge {
		t.Errorf("10 MB: %v", err)
	}
	for name, s := range map[string]string{
		"words":    strings.Repeat("word ", text.MaxCharacters/5-1),
		"one word": strings.Repeat("w", text.MaxCharacters-1),
		"brackets": strings.Repeat("(", text.MaxCharacters-1),
		"mixed":    strings.Repeat("aا", text.MaxCharacters/2-1),
		"marks":    "a" + strings.Repeat("\u0301", text.MaxCharacters-2),
	} {
		start := time.Now()
		f := simple(s)
		f.CopyfitMin, f.CopyfitMax = 50, 200
		if _, err := text.Layout(f, 0, 100, fonts(t)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := time.Since(start); d > 30*time.Second {
			t.Errorf("%s took %v", name, d)
		}
	}
}
