package pdf

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/tepin/tepin/render"
)

// glyphs draws a run. Translucent runs are composed as a whole, so that glyphs which
// overlap do not darken each other.
func (d *Writer) glyphs(c *canvas, op *render.GlyphsOp) error {
	if op.Font == nil || len(op.Glyphs) == 0 || !(op.Size > 0) || !finite(op.Size) || !visible(op.Color) {
		return nil
	}
	f, err := d.face(op.Font)
	if err != nil {
		return err
	}
	alpha := op.Color.Alpha
	if alpha >= 1 || len(op.Glyphs) == 1 {
		c.setAlpha(alpha)
		d.show(c, f, op)
		return nil
	}
	return d.compose(c, alpha, func(inner *canvas) error {
		d.show(inner, f, op)
		return nil
	})
}

// show writes a run as one text object.
func (d *Writer) show(c *canvas, f *face, op *render.GlyphsOp) {
	d.ink(c, op.Color, false)
	c.use("Font", f.name, f.ref.String())
	c.print("BT\n/", f.name, " ")
	c.out = append(appendNumbers(c.out, coordinateDecimals, op.Size), "Tf\n"...)
	l := line{canvas: c, face: f, size: op.Size}
	l.begin(op.Glyphs[0].X, op.Glyphs[0].Y)
	starts, told := clusters(op), map[int]bool{}
	for glyphs := op.Glyphs; len(glyphs) > 0; {
		n := 1
		for n < len(glyphs) && glyphs[n].Cluster == glyphs[0].Cluster {
			n++
		}
		cluster := glyphs[:n]
		glyphs = glyphs[n:]
		meaning := ""
		if at := cluster[0].Cluster; !told[at] {
			told[at] = true
			meaning = clusterText(op.Text, starts, at)
		}
		marked := false
		if n > 1 || !f.means(l.gid(cluster[0].ID), meaning) {
			marked = true
			l.close()
			c.print("/Span<</ActualText<FEFF", utf16Hex(meaning), ">>>BDC\n")
		}
		for _, g := range cluster {
			l.add(l.gid(g.ID), g.X, g.Y)
		}
		if marked {
			l.close()
			c.print("EMC\n")
		}
	}
	l.close()
	c.print("ET\n")
}

// clusters are the offsets in a run's text at which its clusters begin, in order.
func clusters(op *render.GlyphsOp) []int {
	starts := make([]int, len(op.Glyphs))
	for i := range op.Glyphs {
		starts[i] = op.Glyphs[i].Cluster
	}
	slices.Sort(starts)
	return slices.Compact(starts)
}

// clusterText is the part of text that belongs to the cluster that begins at an
// offset; starts are where all clusters begin.
func clusterText(text string, starts []int, at int) string {
	if at < 0 || at >= len(text) {
		return ""
	}
	end := len(text)
	if i, _ := slices.BinarySearch(starts, at+1); i < len(starts) {
		end = min(end, starts[i])
	}
	return text[at:end]
}

// means tells whether a glyph by itself stands for s in the whole file; the first
// meaning that it is drawn with is the one.
func (f *face) means(gid int, s string) bool {
	if known, ok := f.texts[gid]; ok {
		return known == s
	}
	if s == "" || !utf8.ValidString(s) {
		return false
	}
	f.texts[gid] = s
	return true
}

// line writes glyphs at their places with as few operators as can be.
type line struct {
	canvas *canvas
	face   *face
	size   float64
	x, y   float64 // where the text line begins: what Td is relative to
	pen    float64 // where the reader will draw the next glyph
	open   bool    // an array of TJ is being written
	hex    bool    // a string in it
}

// gid is a glyph number that the font has: others are .notdef.
func (l *line) gid(id uint32) int {
	if int64(id) >= int64(l.face.sfnt.numGlyphs) {
		return 0
	}
	return int(id)
}

// begin sets the text matrix at a place; text space has y up.
func (l *line) begin(x, y float64) {
	if !finite(x, y) {
		x, y = 0, 0
	}
	l.x, l.y = round(x), round(y)
	l.pen = l.x
	l.canvas.print("1 0 0 -1 ")
	l.canvas.out = append(appendNumbers(l.canvas.out, coordinateDecimals, l.x, l.y), "Tm\n"...)
}

// round is v as the file will hold it.
func round(v float64) float64 {
	const unit = 10_000 // coordinateDecimals
	return math.Round(v*unit) / unit
}

// add draws a glyph. The pen is moved in thousandths of an em, counted from where the
// reader stands, so that roundings do not add up.
func (l *line) add(gid int, x, y float64) {
	if !finite(x, y) {
		return
	}
	c := l.canvas
	if dx, dy := round(x-l.x), round(y-l.y); dy != 0 {
		l.close()
		c.out = append(appendNumbers(c.out, coordinateDecimals, dx, -dy), "Td\n"...)
		l.x, l.y = l.x+dx, l.y+dy
		l.pen = l.x
	}
	if !l.open {
		c.print("[")
		l.open = true
	}
	if move := math.Round((x - l.pen) * 1000 / l.size); move != 0 {
		if l.hex {
			c.print(">")
			l.hex = false
		}
		c.out = appendNumber(c.out, -move, 0)
		l.pen += move * l.size / 1000
	}
	if !l.hex {
		c.print("<")
		l.hex = true
	}
	c.out = fmt.Appendf(c.out, "%04X", gid)
	l.face.used[gid] = true
	l.pen += float64(l.face.sfnt.width(gid)) * l.size / 1000
}

// close ends the array.
func (l *line) close() {
	if l.hex {
		l.canvas.print(">")
	}
	if l.open {
		l.canvas.print("]TJ\n")
	}
	l.open, l.hex = false, false
}
