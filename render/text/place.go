package text

import (
	"unicode/utf8"

	"github.com/tepin/tepin/render/color"
)

// markerGap is the least room between a list marker and its text, in em of the
// marker.
const markerGap = 0.35

// piece is the part of an item that stands in one line, as placed.
type piece struct {
	it         *item
	start, end int // runes
	glyphs     []shaped
	x, width   float64
}

// firstIndent returns the indent of a paragraph's first line, beyond IndentStart. A
// marker stands where the line would begin; when IndentFirst is negative (hanging),
// the text goes on at IndentStart, else the marker stands before the text, and the
// text moves only when there is no room for it.
func (w *wrapper) firstIndent(p *prepared) float64 {
	first := p.spec.IndentFirst
	if p.marker == nil {
		return first
	}
	room := w.markerWidth(p)
	if first < 0 {
		return max(0, first+room)
	}
	return max(first, room-p.spec.IndentStart)
}

// markerWidth returns a marker's width with its gap.
func (w *wrapper) markerWidth(p *prepared) float64 {
	x := 0.0
	for i := range p.marker.clusters {
		x += w.advance(p.marker, &p.marker.clusters[i], x)
	}
	return x + w.markerGap(p)
}

func (w *wrapper) markerGap(p *prepared) float64 {
	return markerGap * p.spec.Marker[0].Size * w.scale
}

// place turns rows into lines.
func (l *layout) place() {
	if l.frame.Vertical != Top {
		spread(l.rows, l.height, l.frame.Vertical)
	}
	w := &wrapper{width: l.column, scale: l.result.Scale}
	for i := range l.rows {
		line := l.line(w, &l.rows[i])
		l.result.Width = max(l.result.Width, line.Width)
		l.result.Lines = append(l.result.Lines, line)
	}
}

// line places one row.
func (l *layout) line(w *wrapper, r *row) Line {
	column := r.column
	if l.rtl {
		column = l.frame.Columns - 1 - column
	}
	left := l.frame.Padding.Left + float64(column)*(l.column+l.frame.ColumnGap)
	top := l.frame.Padding.Top + r.top
	out := Line{Paragraph: r.index, Column: r.column, Top: top, Height: r.height, Baseline: top + r.baseline}

	pieces := w.pieces(r)
	setter := setter{w: w, out: &out, lastTab: r.lastTab()}
	room := w.room(r.para, r.first)
	align := r.align()
	natural := setter.width(r, pieces)
	stretch := 0.0
	if align == Justify {
		if n := r.gaps(); n > 0 && room > natural {
			stretch = (room - natural) / float64(n)
			natural = room
		}
		align = startOf(r.para.rtl)
	}
	start := r.para.spec.IndentStart
	if r.first {
		start += w.firstIndent(r.para)
	}
	if r.para.rtl {
		left += r.para.spec.IndentEnd
	} else {
		left += start
	}
	switch align {
	case Center:
		left += (room - natural) / 2
	case Right:
		left += room - natural
	}
	out.X, out.Width = left, natural
	setter.set(r, pieces, left, stretch)
	if r.first && r.para.marker != nil {
		l.setMarker(w, r, &out)
	}
	return out
}

func startOf(rtl bool) Align {
	if rtl {
		return Right
	}
	return Left
}

// align returns how a row stands. In the last line of a justified paragraph Left means
// the side where reading begins.
func (r *row) align() Align {
	spec := r.para.spec
	if spec.Align != Justify || !(r.last || r.forced) {
		return spec.Align
	}
	switch {
	case r.para.rtl && spec.AlignLast == Left:
		return Right
	case r.para.rtl && spec.AlignLast == Right:
		return Left
	}
	return spec.AlignLast
}

// gaps counts where a justified row widens: its spaces, or between ideographs; after
// a tab only.
func (r *row) gaps() int {
	n := 0
	for i := r.start; i < r.shown; i++ {
		switch k := r.para.clusters[i].kind; {
		case k == tab:
			n = 0
		case r.widens(i):
			n++
		}
	}
	return n
}

func (r *row) widens(i int) bool {
	switch r.para.clusters[i].kind {
	case space, noBreakSpace:
		return true
	case ideograph:
		return i+1 < r.shown
	}
	return false
}

// pieces cuts a row's items out of its paragraph, shaping again where a cut changes
// the glyphs.
func (w *wrapper) pieces(r *row) []piece {
	p := r.para
	var out []piece
	for i := r.start; i < r.shown; {
		j := i
		for j < r.shown && p.clusters[j].item == p.clusters[i].item {
			j++
		}
		it := &p.items[p.clusters[i].item]
		out = append(out, piece{
			it: it, start: p.clusters[i].start, end: p.clusters[j-1].end,
			glyphs: p.cut(it, i, j),
		})
		i = j
	}
	if r.hyphen && len(out) > 0 {
		it := *out[len(out)-1].it
		gid, em := hyphenOf(it.font)
		units := int32(em*it.font.UnitsPerEm() + 0.5)
		at := p.clusters[r.shown-1].start
		out = append(out, piece{it: &it, start: at, end: at, glyphs: []shaped{{id: gid, cluster: at, advance: units}}})
	}
	return out
}

// cut returns the glyphs of clusters i to j, which are of one item.
func (p *prepared) cut(it *item, i, j int) []shaped {
	first, last := &p.clusters[i], &p.clusters[j-1]
	if first.start == it.start && last.end == it.end {
		return it.glyphs
	}
	unsafe := func(c *cluster) bool {
		for _, g := range it.glyphs[c.glyphs[0]:c.glyphs[1]] {
			if g.unsafeBreak {
				return true
			}
		}
		return false
	}
	if first.start != it.start && unsafe(first) || last.end != it.end && unsafe(&p.clusters[j]) {
		return shapeRange(p.text, it, first.start, last.end)
	}
	lo, hi := first.glyphs[0], last.glyphs[1]
	if it.level%2 == 1 {
		lo, hi = last.glyphs[0], first.glyphs[1]
	}
	return it.glyphs[lo:hi]
}

// setter writes pieces into a line.
type setter struct {
	w       *wrapper
	out     *Line
	lastTab int // rune index of the row's last tab, or -1: only what follows it stretches
}

// width measures a row's pieces without stretch: what shaping its cuts made of it.
func (s setter) width(r *row, pieces []piece) float64 {
	x := 0.0
	for i := range pieces {
		x += s.walk(r, &pieces[i], x, 0, nil)
	}
	if n := len(pieces); n > 0 && r.shown > r.start && !r.hyphen {
		x -= s.w.tracking(r.para, &r.para.clusters[r.shown-1])
	}
	return x
}

// set places the pieces from x on, from left to right.
func (s setter) set(r *row, pieces []piece, x, stretch float64) {
	visualOrder(pieces, func(p piece) int8 { return p.it.level })
	begin := x
	for i := range pieces {
		p := &pieces[i]
		p.x = x
		var glyphs []Glyph
		text, offsets := encode(r.para.text[p.start:p.end])
		p.width = s.walk(r, p, x-begin, stretch, func(g *shaped, x float64) {
			scale := p.it.run.Size * s.w.scale / p.it.font.UnitsPerEm()
			glyphs = append(glyphs, Glyph{
				ID:      g.id,
				X:       begin + x + float64(g.dx)*scale,
				Y:       s.out.Baseline - p.it.run.BaselineShift*s.w.scale - float64(g.dy)*scale,
				Advance: float64(g.advance) * scale,
				Cluster: offsets[min(max(g.cluster-p.start, 0), len(offsets)-1)],
			})
		})
		x += p.width
		if len(glyphs) > 0 {
			s.out.Spans = append(s.out.Spans, Span{
				Font: p.it.font, Size: p.it.run.Size * s.w.scale, Color: p.it.run.Color, Glyphs: glyphs, Text: text,
			})
		}
	}
	s.decorate(pieces)
}

// walk goes along a piece's glyphs in visual order, from x on the line, and returns
// its width.
func (s setter) walk(r *row, p *piece, x, stretch float64, each func(g *shaped, x float64)) float64 {
	begin := x
	scale := p.it.run.Size * s.w.scale / p.it.font.UnitsPerEm()
	spaced := p.it.run.Tracking != 0 && !cursive(p.it.script)
	tracking := p.it.run.Tracking * p.it.run.Size * s.w.scale / 1000
	for i := range p.glyphs {
		g := &p.glyphs[i]
		kind := kindOf(r.para.text[g.cluster])
		if each != nil && kind != tab && kind != newline {
			each(g, x)
		}
		if kind == tab {
			c := cluster{kind: tab}
			x += s.w.advance(r.para, &c, x)
			continue
		}
		x += float64(g.advance) * scale
		if i+1 < len(p.glyphs) && p.glyphs[i+1].cluster == g.cluster {
			continue
		}
		if spaced {
			x += tracking
		}
		if stretch > 0 && g.cluster > s.lastTab && p.end > p.start && widensAfter(r, g.cluster, kind) {
			x += stretch
		}
	}
	return x - begin
}

// lastTab returns the rune index of a row's last tab, or -1.
func (r *row) lastTab() int {
	for i := r.shown - 1; i >= r.start; i-- {
		if c := &r.para.clusters[i]; c.kind == tab {
			return c.start
		}
	}
	return -1
}

func widensAfter(r *row, at int, k clusterKind) bool {
	switch k {
	case space, noBreakSpace:
		return true
	case ideograph:
		return at < r.para.clusters[r.shown-1].start
	}
	return false
}

// encode returns some characters in UTF-8, and where each begins, and the end.
func encode(text []rune) (string, []int) {
	offsets := make([]int, 0, len(text)+1)
	out := make([]byte, 0, len(text))
	for _, r := range text {
		offsets = append(offsets, len(out))
		out = utf8.AppendRune(out, r)
	}
	return string(out), append(offsets, len(out))
}

// setMarker adds a list marker before a paragraph's first line.
func (l *layout) setMarker(w *wrapper, r *row, out *Line) {
	spec, m := r.para.spec, r.para.marker
	width := w.markerWidth(r.para)
	begin := spec.IndentStart + spec.IndentFirst // of the marker, from the side where reading begins
	if spec.IndentFirst >= 0 {
		begin = spec.IndentStart + w.firstIndent(r.para) - width
	}
	mark := &row{para: m, end: len(m.clusters), shown: len(m.clusters)}
	column := r.column
	if l.rtl {
		column = l.frame.Columns - 1 - column
	}
	x := l.frame.Padding.Left + float64(column)*(l.column+l.frame.ColumnGap)
	if r.para.rtl {
		x += l.column - begin - (width - w.markerGap(r.para))
	} else {
		x += begin
	}
	setter{w: w, out: out, lastTab: -1}.set(mark, w.pieces(mark), x, 0)
}

// decorate adds the rectangles of a line's runs. Neighbours of one run are one
// rectangle.
func (s setter) decorate(pieces []piece) {
	for i := 0; i < len(pieces); {
		j := i + 1
		for j < len(pieces) && pieces[j].it.run == pieces[i].it.run {
			j++
		}
		it := pieces[i].it
		x, width := pieces[i].x, pieces[j-1].x+pieces[j-1].width-pieces[i].x
		size := it.run.Size * s.w.scale
		baseline := s.out.Baseline - it.run.BaselineShift*s.w.scale
		bar := func(top, height float64, c color.Color) Rect {
			return Rect{X: x, Y: baseline - top*size, Width: width, Height: height * size, Color: c}
		}
		if c := it.run.Background; c != nil {
			s.out.Backgrounds = append(s.out.Backgrounds, bar(it.font.ascent, it.font.ascent+it.font.descent, *c))
		}
		if it.run.Underline {
			position, thickness := it.font.underline()
			s.out.Underlines = append(s.out.Underlines, bar(position, thickness, it.run.Color))
		}
		if it.run.LineThrough {
			position, thickness := it.font.strikethrough()
			s.out.Strikes = append(s.out.Strikes, bar(position, thickness, it.run.Color))
		}
		i = j
	}
}
