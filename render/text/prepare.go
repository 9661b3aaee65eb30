package text

import (
	"unicode"

	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/harfbuzz"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/segmenter"
)

// lineBreak is what a soft break and its look-alikes become.
const lineBreak = '\u2028'

// prepared is a paragraph shaped once, in font units. Lines of any width and any
// scale are cut from it.
type prepared struct {
	spec     *Paragraph
	rtl      bool
	text     []rune
	items    []item    // in logical order
	clusters []cluster // in logical order
	marker   *prepared // one line
}

// item is text in one run, font, script and direction.
type item struct {
	start, end int // runes
	run        *Run
	font       *Font
	script     language.Script
	level      int8
	glyphs     []shaped // in visual order
}

// shaped is a glyph in font units.
type shaped struct {
	id          uint32
	cluster     int // index of its first rune
	advance     int32
	dx, dy      int32
	unsafeBreak bool // the text cannot be cut before this cluster without shaping it again
}

// cluster is the least that a line can be broken between.
type cluster struct {
	start, end int // runes
	item       int
	glyphs     [2]int  // range in its item's
	advance    float64 // em, without tracking
	kind       clusterKind
	before     opportunity
}

// opportunity tells whether a line may begin with a cluster.
type opportunity uint8

const (
	never    opportunity = iota
	ifNeeded             // rather than in the middle of a word
	always
)

type clusterKind uint8

const (
	solid        clusterKind = iota
	space                    // hangs at a line's end, widens in justified lines
	fixedSpace               // hangs, keeps its width
	noBreakSpace             // widens, does not hang
	ideograph                // justified lines may widen after it
	tab
	newline
	softHyphen
)

// shaper prepares the paragraphs of one frame.
type shaper struct {
	fonts   Fonts
	result  *Result
	missing map[rune]bool
	unknown map[string]bool
}

func (s *shaper) prepare(spec *Paragraph, runs []Run, d Direction) *prepared {
	p := &prepared{spec: spec}
	var runOf []*Run
	for i := range runs {
		for _, r := range clean(runs[i].Text) {
			p.text = append(p.text, r)
			runOf = append(runOf, &runs[i])
		}
	}
	level, rtl := levels(p.text, d)
	p.rtl = rtl
	s.itemize(p, runOf, level)
	breaks := opportunities(p.text)
	for i := range p.items {
		s.shape(p, &p.items[i], p.items[i].start, p.items[i].end)
		p.addClusters(i, breaks)
	}
	return p
}

// clean makes every kind of line break a soft one and drops what cannot be set.
func clean(text string) []rune {
	out := make([]rune, 0, len(text))
	var last rune
	for _, r := range text {
		switch {
		case r == '\n' && last == '\r':
		case r == '\n', r == '\r', r == '\v', r == '\f', r == '\u0085', r == '\u2029', r == lineBreak:
			out = append(out, lineBreak)
		case r == '\t' || !unicode.IsControl(r) && r != '\uFEFF':
			out = append(out, r)
		}
		last = r
	}
	return out
}

// opportunities tells before which characters a line may begin: by UAX #14, but as in
// browsers within ASCII only after hyphens and question marks, so that "km/h", "and/or",
// "C++" and addresses stay whole where they fit a line.
func opportunities(text []rune) []opportunity {
	ascii := func(r rune) bool { return r > ' ' && r < 0x7F }
	may := make([]opportunity, len(text)+1)
	var seg segmenter.Segmenter
	seg.Init(text)
	for lines := seg.LineIterator(); lines.Next(); {
		at := lines.Line().Offset
		may[at] = always
		if at > 0 && ascii(text[at]) && ascii(text[at-1]) && text[at-1] != '-' && text[at-1] != '?' {
			may[at] = ifNeeded
		}
	}
	return may
}

// itemize cuts the text where run, level, script or font change, never inside a
// grapheme.
func (s *shaper) itemize(p *prepared, runOf []*Run, level []int8) {
	script := scripts(p.text)
	var seg segmenter.Segmenter
	seg.Init(p.text)
	for graphemes := seg.GraphemeIterator(); graphemes.Next(); {
		g := graphemes.Grapheme()
		at := g.Offset
		next := item{start: at, end: at + len(g.Text), run: runOf[at], script: script[at], level: level[at]}
		var last *item
		if n := len(p.items); n > 0 {
			last = &p.items[n-1]
		}
		next.font = s.choose(g.Text, next.run)
		if next.font == nil {
			continue
		}
		if last != nil && last.run == next.run && last.level == next.level && last.script == next.script && last.font == next.font {
			last.end = next.end
		} else {
			p.items = append(p.items, next)
		}
	}
}

// choose returns the font for a grapheme: the run's own where it has all of its
// characters, else the first fallback that has. Nil when there are no fonts at all.
func (s *shaper) choose(grapheme []rune, run *Run) *Font {
	own := s.own(run.Font)
	if own == nil || coveredBy(own, grapheme) {
		return own
	}
	for _, f := range s.fonts.Fallback {
		if coveredBy(f, grapheme) {
			return f
		}
	}
	for _, f := range s.fonts.Fallback { // the letter at least, without its marks
		if !own.Has(grapheme[0]) && f.Has(grapheme[0]) {
			return f
		}
	}
	return own
}

// own returns the font of a key, and a fallback for an unknown key, which it notes.
func (s *shaper) own(key string) *Font {
	if f := s.fonts.ByKey[key]; f != nil {
		return f
	}
	if key != "" && !s.unknown[key] {
		s.unknown[key] = true
		s.result.UnknownFonts = append(s.result.UnknownFonts, key)
	}
	if len(s.fonts.Fallback) > 0 {
		return s.fonts.Fallback[0]
	}
	return nil
}

func coveredBy(f *Font, text []rune) bool {
	for _, r := range text {
		if !f.Has(r) && !unseen(r) {
			return false
		}
	}
	return true
}

// unseen reports whether a character needs no glyph.
func unseen(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Zs, r) || r == lineBreak || harfbuzz.IsDefaultIgnorable(r) || unicode.Is(unicode.Cf, r)
}

var (
	tagKern = opentype.MustNewTag("kern")
	tagLiga = opentype.MustNewTag("liga")
	tagClig = opentype.MustNewTag("clig")
)

// shape sets the glyphs of an item's characters from start to end, with the
// paragraph as context, so that letters join across.
func (s *shaper) shape(p *prepared, it *item, start, end int) {
	it.glyphs = shapeRange(p.text, it, start, end)
	for _, g := range it.glyphs {
		r := p.text[g.cluster]
		if g.id == 0 && !unseen(r) && !s.missing[r] {
			s.missing[r] = true
			s.result.Missing = append(s.result.Missing, r)
		}
	}
}

func shapeRange(text []rune, it *item, start, end int) []shaped {
	var features []harfbuzz.Feature
	off := func(tag opentype.Tag) {
		features = append(features, harfbuzz.Feature{Tag: tag, End: harfbuzz.FeatureGlobalEnd})
	}
	if it.run.NoKerning {
		off(tagKern)
	}
	if it.run.Tracking != 0 && !cursive(it.script) {
		off(tagLiga)
		off(tagClig)
	}
	buf := it.font.buf
	buf.Clear()
	buf.AddRunes(text, start, end-start)
	buf.Props = harfbuzz.SegmentProperties{Direction: harfbuzz.LeftToRight, Script: it.script, Language: "und"}
	if it.level%2 == 1 {
		buf.Props.Direction = harfbuzz.RightToLeft
	}
	buf.Shape(it.font.shape, features)
	glyphs := make([]shaped, len(buf.Info))
	for i, info := range buf.Info {
		pos := buf.Pos[i]
		glyphs[i] = shaped{
			id: uint32(info.Glyph), cluster: info.Cluster,
			advance: pos.XAdvance, dx: pos.XOffset, dy: pos.YOffset,
			unsafeBreak: info.Mask&harfbuzz.GlyphUnsafeToBreak != 0,
		}
	}
	return glyphs
}

// addClusters appends the clusters of item i in logical order.
func (p *prepared) addClusters(i int, breaks []opportunity) {
	it := &p.items[i]
	first := len(p.clusters)
	upem := it.font.UnitsPerEm()
	for lo := 0; lo < len(it.glyphs); {
		hi, units := lo, int64(0)
		for hi < len(it.glyphs) && it.glyphs[hi].cluster == it.glyphs[lo].cluster {
			units += int64(it.glyphs[hi].advance)
			hi++
		}
		p.clusters = append(p.clusters, cluster{
			start: it.glyphs[lo].cluster, item: i, glyphs: [2]int{lo, hi}, advance: float64(units) / upem,
		})
		lo = hi
	}
	added := p.clusters[first:]
	if it.level%2 == 1 {
		for a, b := 0, len(added)-1; a < b; a, b = a+1, b-1 {
			added[a], added[b] = added[b], added[a]
		}
	}
	for j := range added {
		c := &added[j]
		c.end = it.end
		if j+1 < len(added) {
			c.end = added[j+1].start
		}
		c.before = breaks[c.start]
		c.kind = kindOf(p.text[c.start])
	}
}

func kindOf(r rune) clusterKind {
	if r > ' ' && r < '\u00A0' {
		return solid
	}
	switch r {
	case ' ':
		return space
	case '\t':
		return tab
	case lineBreak:
		return newline
	case '\u00AD':
		return softHyphen
	case '\u00A0':
		return noBreakSpace
	case '\u2007', '\u202F', '\u2060', '\u200B':
		return solid
	}
	switch {
	case unicode.Is(unicode.Zs, r):
		return fixedSpace
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return ideograph
	}
	return solid
}

// hangs reports whether a cluster takes no room at a line's end.
func (k clusterKind) hangs() bool {
	return k == space || k == fixedSpace || k == tab || k == newline
}
