package text

import "math"

// tabStop is the distance of the tab stops, in points from the line's beginning.
const tabStop = 36

// tolerance is how much a line may exceed its column, in points: rounding.
const tolerance = 1e-3

// row is a line before its glyphs are placed: clusters from start to end, of which
// those from shown on hang at its end.
type row struct {
	para              *prepared
	index             int // of the paragraph
	start, shown, end int
	width             float64 // of what is shown
	first, last       bool    // of its paragraph
	forced            bool    // ends with a soft break
	hyphen            bool    // a soft hyphen shows at its end
	height, baseline  float64 // of the line's box; from its top
	descent           float64 // below the baseline
	column            int
	top               float64
}

// wrapper breaks paragraphs into rows for one column width and one scale.
type wrapper struct {
	width  float64 // of a column
	scale  float64
	rows   []row
	tight  bool // a row is wider than its column
	broken bool // a word was broken where it has no opportunity
}

// advance returns the room that a cluster takes at x from its line's beginning.
func (w *wrapper) advance(p *prepared, c *cluster, x float64) float64 {
	run := p.items[c.item].run
	switch c.kind {
	case tab:
		return (math.Floor(x/tabStop+tolerance)+1)*tabStop - x
	case newline:
		return 0
	}
	return c.advance*run.Size*w.scale + w.tracking(p, c)
}

// tracking is the room after a cluster; scripts whose letters join have none.
func (w *wrapper) tracking(p *prepared, c *cluster) float64 {
	it := &p.items[c.item]
	if it.run.Tracking == 0 || cursive(it.script) || c.kind == newline {
		return 0
	}
	return it.run.Tracking * it.run.Size * w.scale / 1000
}

// hyphenWidth returns the room of the hyphen that a soft one becomes.
func (w *wrapper) hyphenWidth(p *prepared, c *cluster) float64 {
	it := &p.items[c.item]
	_, em := hyphenOf(it.font)
	return em * it.run.Size * w.scale
}

func hyphenOf(f *Font) (gid uint32, em float64) {
	for _, r := range []rune{'\u2010', '-'} {
		if g, ok := f.face.NominalGlyph(r); ok && g != 0 {
			return uint32(g), f.Advance(uint32(g))
		}
	}
	return 0, 0
}

// room returns the width that a row of a paragraph may fill.
func (w *wrapper) room(p *prepared, first bool) float64 {
	room := w.width - p.spec.IndentStart - p.spec.IndentEnd
	if first {
		room -= w.firstIndent(p)
	}
	return max(room, 0)
}

// wrap appends a paragraph's rows: greedy, as browsers do.
func (w *wrapper) wrap(p *prepared, index int) {
	first := true
	for at := 0; ; first = false {
		r := w.row(p, at, w.room(p, first))
		r.index, r.first = index, first
		r.last = r.end == len(p.clusters) && !r.forced
		w.measure(&r)
		w.rows = append(w.rows, r)
		if r.last {
			return
		}
		at = r.end
	}
}

// row takes the clusters from start that fit the room, and at least one.
func (w *wrapper) row(p *prepared, start int, room float64) row {
	r := row{para: p, start: start, shown: start, end: len(p.clusters)}
	x := 0.0                       // with what hangs; r.width is without
	var candidate, lastResort *row // up to the last opportunity
	for i := start; i < len(p.clusters); i++ {
		c := &p.clusters[i]
		if i > start && c.before != never && !p.joined(i) {
			end := w.until(r, i)
			switch {
			case c.before == ifNeeded:
				lastResort = &end
			case end.width <= room+tolerance || candidate == nil:
				candidate = &end
			}
		}
		if c.kind == newline {
			r.end, r.forced = i+1, true
			return r
		}
		x += w.advance(p, c, x)
		if c.kind.hangs() {
			continue
		}
		width := x - w.tracking(p, c)
		if width > room+tolerance {
			switch {
			case i == start:
			case candidate != nil:
				w.tight = w.tight || candidate.width > room+tolerance
				return *candidate
			case lastResort != nil:
				return *lastResort
			case !p.joined(i):
				w.broken = true
				return w.until(r, i)
			}
			w.tight = true
		}
		r.shown, r.width = i+1, width
	}
	return r
}

// until returns a row that ends before cluster i, with the hyphen that a soft one there
// becomes.
func (w *wrapper) until(r row, i int) row {
	r.end = i
	if last := &r.para.clusters[i-1]; last.kind == softHyphen {
		r.hyphen = true
		r.width += w.hyphenWidth(r.para, last)
	}
	return r
}

// joined reports whether clusters i-1 and i stand in text that is not to be broken.
func (p *prepared) joined(i int) bool {
	return p.items[p.clusters[i-1].item].run.NoBreak && p.items[p.clusters[i].item].run.NoBreak
}

// measure sets a row's height: the paragraph's line height times the largest size,
// and its baseline, the largest text being centred in that height.
func (w *wrapper) measure(r *row) {
	p := r.para
	size, font := 0.0, (*Font)(nil)
	last := (*item)(nil)
	for i := r.start; i < r.end; i++ {
		if it := &p.items[p.clusters[i].item]; it != last {
			last = it
			if it.run.Size > size || font == nil {
				size, font = it.run.Size, it.font
			}
		}
	}
	if last == nil { // an empty line has the height of the text that would stand there
		run := &p.spec.Runs[0]
		if r.start > 0 {
			run = p.items[p.clusters[r.start-1].item].run
		}
		size = run.Size
	}
	ascent, descent := 0.8, 0.2
	if font != nil {
		ascent, descent = font.Ascent(), font.Descent()
	}
	size *= w.scale
	r.height = p.spec.LineHeight * size
	r.baseline = (r.height + (ascent-descent)*size) / 2
	r.descent = descent * size
}

// bottom is how far below its top a row needs room: to the end of its box, but not
// for the leading beneath its letters.
func (r *row) bottom() float64 { return min(r.height, r.baseline+r.descent) }

// flow gives each row its column and place and returns the height of the fullest
// column, and whether something lies below the last.
func flow(rows []row, columns int, height float64) (used float64, overflow bool) {
	column, y := 0, 0.0
	top := true
	for i := range rows {
		r := &rows[i]
		gap := 0.0
		if !top && r.first {
			gap = r.para.spec.SpaceBefore + rows[i-1].para.spec.SpaceAfter
		}
		if y+gap+r.bottom() > height+tolerance {
			if !top && column < columns-1 {
				column, y, gap = column+1, 0, 0
			} else if r.shown > r.start { // empty lines may hang out
				overflow = true
			}
		}
		r.column, r.top = column, y+gap
		y += gap + r.height
		used = max(used, r.top+r.bottom())
		top = false
	}
	return used, overflow
}

// spread moves the rows of each column to where the frame wants them.
func spread(rows []row, height float64, v Vertical) {
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].column == rows[0].column {
			n++
		}
		last := &rows[n-1]
		free := height - last.top - last.height
		if v == JustifyVertically || free < 0 {
			free = max(0, height-last.top-last.bottom())
		}
		for i := range rows[:n] {
			switch v {
			case Middle:
				rows[i].top += free / 2
			case Bottom:
				rows[i].top += free
			case JustifyVertically:
				if n > 1 {
					rows[i].top += free * float64(i) / float64(n-1)
				}
			}
		}
		rows = rows[n:]
	}
}
