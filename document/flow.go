package document

import (
	"reflect"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/text"
)

// Text for which no style says otherwise.
const (
	defaultSize       = 12  // points
	defaultLineHeight = 120 // percent
	scriptSize        = 0.6 // of superscript and subscript, times the size
	superscriptShift  = 0.35
	subscriptShift    = -0.2
)

// flow turns the tokens of one frame into paragraphs.
type flow struct {
	kit       *kit
	variables map[string]*variable
	budget    *int // bytes of text that the layout may still have

	paragraphs []text.Paragraph
	runs       []text.Run // of the open paragraph
	open       bool
	drop       bool  // the open paragraph is to go
	base       style // of the open paragraph
	span       style // of the open span, over base
	counters   counters
}

// run turns a frame's tokens into styled paragraphs.
func (f *flow) run(tokens []textToken) ([]text.Paragraph, error) {
	for _, t := range tokens {
		switch t.kind {
		case "paragraph":
			f.finish()
			f.begin(or(t.style, style{}).over(f.kit.paragraphs[t.id]))
		case "span":
			f.span = or(t.style, style{}).over(f.kit.characters[t.id]).over(f.base)
			f.ensure()
		case "text":
			f.text(strings.NewReplacer("\r\n", "\u2028", "\n", "\u2028", "\u2029", "\u2028").Replace(t.text), f.span)
		case "break":
			f.text("\u2028", f.span)
		case "variable":
			if x := f.variables[t.id]; x != nil {
				f.variable(x, or(t.style, style{}).over(f.span))
			}
		}
		if *f.budget < 0 {
			return nil, tepin.Errorf(tepin.Invalid, "the layout has more than %d bytes of text, with its variables put in; shorten the variables or use them less often", MaxText)
		}
	}
	f.finish()
	return f.paragraphs, nil
}

// ensure opens a paragraph without a style, where a text begins with something else.
func (f *flow) ensure() {
	if !f.open {
		span := f.span
		f.begin(f.base)
		f.span = span
	}
}

func (f *flow) begin(base style) {
	f.open, f.base, f.span = true, base, base
}

// finish closes the open paragraph.
func (f *flow) finish() {
	if f.open && !f.drop {
		if len(f.runs) == 0 {
			f.runs = []text.Run{f.styled("", f.span)}
		}
		f.paragraphs = append(f.paragraphs, f.paragraph())
	}
	f.open, f.drop, f.runs = false, false, nil
}

// variable puts a variable's value in, in the given style.
func (f *flow) variable(x *variable, s style) {
	f.ensure()
	pieces := x.pieces()
	if pieces == nil && x.removeIfEmpty {
		f.drop = true
	}
	for _, p := range pieces {
		own := s
		if p.character != "" {
			id := p.character
			if byName, ok := f.kit.names[id]; ok {
				id = byName
			}
			own = f.kit.characters[id].over(s)
		}
		for i, part := range paragraphsOf(p.text) {
			if i > 0 {
				base, span := f.base, f.span
				f.finish()
				f.begin(base)
				f.span = span
			}
			f.text(part, own)
			if n := len(f.runs); n > 0 && x.dontBreak {
				f.runs[n-1].NoBreak = true
			}
		}
		if *f.budget < 0 {
			return
		}
	}
}

// paragraphsOf cuts a long text at its blank lines and paragraph separators; other
// line breaks become U+2028.
func paragraphsOf(s string) []string {
	s = strings.NewReplacer("\r\n", "\n", "\u2029", "\n\n").Replace(s)
	parts := strings.Split(s, "\n\n")
	for i, p := range parts {
		parts[i] = strings.NewReplacer("\n", "\u2028", "\r", "\u2028").Replace(p)
	}
	return parts
}

// text appends a piece of text, to the last run if that has the same style.
func (f *flow) text(s string, st style) {
	f.ensure()
	if *f.budget -= len(s); s == "" || *f.budget < 0 {
		return
	}
	run := f.styled(s, st)
	if n := len(f.runs); n > 0 {
		last := f.runs[n-1]
		last.Text = run.Text
		if reflect.DeepEqual(last, run) {
			f.runs[n-1].Text += s
			return
		}
	}
	f.runs = append(f.runs, run)
}

// styled makes a run.
func (f *flow) styled(s string, st style) text.Run {
	r := text.Run{
		Text:          s,
		Font:          or(st.Font, f.kit.fallback),
		Size:          max(or(st.Size, defaultSize), 0),
		Tracking:      or(st.TrackingLeft, 0) + or(st.TrackingRight, 0),
		BaselineShift: or(st.BaselineShift, 0),
		Underline:     or(st.Underline, false),
		LineThrough:   or(st.LineThrough, false),
		NoKerning:     !or(st.Kerning, true),
	}
	switch or(st.Case, "") {
	case "uppercase":
		r.Text = strings.ToUpper(strings.ReplaceAll(s, "ß", "SS"))
	case "lowercase":
		r.Text = strings.ToLower(s)
	}
	switch or(st.Script, "") {
	case "superscript":
		r.BaselineShift += superscriptShift * r.Size
		r.Size *= scriptSize
	case "subscript":
		r.BaselineShift += subscriptShift * r.Size
		r.Size *= scriptSize
	}
	switch ink := f.kit.ink(st.Color); {
	case !or(st.ColorApplied, true):
	case ink != nil:
		r.Color = *ink
	case st.Color == nil:
		r.Color = color.Black
	}
	if or(st.BackgroundApplied, true) {
		r.Background = f.kit.ink(st.Background)
	}
	return r
}

// paragraph makes the open paragraph.
func (f *flow) paragraph() text.Paragraph {
	s := f.base
	p := text.Paragraph{
		Align:       align(or(s.Align, "left")),
		AlignLast:   align(or(s.AlignLast, "left")),
		LineHeight:  max(or(s.LineHeight, defaultLineHeight), 0) / 100,
		SpaceBefore: max(or(s.SpaceBefore, 0), 0),
		SpaceAfter:  max(or(s.SpaceAfter, 0), 0),
		IndentStart: or(s.IndentStart, 0),
		IndentEnd:   or(s.IndentEnd, 0),
		IndentFirst: or(s.IndentFirst, 0),
		Runs:        f.runs,
	}
	f.mark(&p)
	return p
}

func align(s string) text.Align {
	switch s {
	case "center":
		return text.Center
	case "right":
		return text.Right
	case "justify":
		return text.Justify
	}
	return text.Left
}
