// Package svg writes display lists as SVG for web pages: paths, text as outlines with
// the text told to those who cannot see it, and references to pictures. It is pure, and
// nothing that a document says becomes markup, style or script.
package svg

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"

	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
)

// Options say how a list is written.
type Options struct {
	ID      string                    // a prefix of all ids of the document: letters and digits
	Picture func(key string) string   // the reference to a picture; "" = it is left out
	Class   func(frame string) string // the style class of the group that a frame is in; "" = none
}

// Write appends one svg element to b: the trimmed page.
func Write(b *bytes.Buffer, l render.List, o Options) {
	w := writer{Buffer: b, options: o}
	w.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s">`, n(l.Width), n(l.Height), n(l.Width), n(l.Height))
	w.WriteByte('\n')
	for i := range l.Ops {
		w.op(&l.Ops[i])
	}
	for len(w.ends) > 0 {
		w.end()
	}
	w.WriteString("</svg>\n")
}

type writer struct {
	*bytes.Buffer
	options Options
	ends    []string // of the groups that are open
	clips   int
}

func (w *writer) printf(format string, args ...any) { fmt.Fprintf(w, format, args...) }

func (w *writer) op(op *render.Op) {
	switch {
	case op.Push != nil:
		w.push(op.Push)
	case op.Pop:
		w.end()
	case op.Path != nil:
		w.path(op.Path)
	case op.Image != nil:
		w.image(op.Image)
	case op.Glyphs != nil:
		w.glyphs(op.Glyphs)
	}
}

// push begins a group. That of a frame is in one more, for what moves the frame.
func (w *writer) push(p *render.Push) {
	end := "</g>\n"
	if p.Frame != "" && w.options.Class != nil {
		if class := w.options.Class(p.Frame); class != "" {
			w.printf(`<g class="%s">`, html.EscapeString(class))
			end += "</g>\n"
		}
	}
	clip := ""
	if p.Clip != nil {
		w.clips++
		id := fmt.Sprintf("%sc%d", w.options.ID, w.clips)
		w.printf(`<clipPath id="%s"><path d="%s"%s/></clipPath>`, id, data(p.Clip), transform(p.Matrix))
		clip = fmt.Sprintf(` clip-path="url(#%s)"`, id)
	}
	if clip != "" { // outside of the group's own space, where the path was placed
		w.printf(`<g%s>`, clip)
		end += "</g>\n"
	}
	w.printf(`<g%s%s>`, transform(p.Matrix), opacity("opacity", p.Opacity))
	w.ends = append(w.ends, end)
}

func (w *writer) end() {
	if len(w.ends) == 0 {
		return
	}
	w.WriteString(w.ends[len(w.ends)-1])
	w.ends = w.ends[:len(w.ends)-1]
}

func (w *writer) path(op *render.PathOp) {
	d := data(&op.Path)
	if d == "" || !(op.Color.Alpha > 0) {
		return
	}
	paint, alpha := paintOf(op.Color)
	if op.Width > 0 {
		w.printf(`<path d="%s" fill="none" stroke="%s"%s stroke-width="%s"/>`, d, paint, opacity("stroke-opacity", alpha), n(op.Width))
		return
	}
	w.printf(`<path d="%s" fill="%s"%s/>`, d, paint, opacity("fill-opacity", alpha))
}

func (w *writer) image(op *render.ImageOp) {
	if ref := w.options.Picture(op.Key); ref != "" {
		w.printf(`<image href="%s" width="1" height="1" preserveAspectRatio="none"%s/>`, html.EscapeString(ref), transform(op.Matrix))
	}
}

func (w *writer) glyphs(op *render.GlyphsOp) {
	path := op.Path()
	d := data(&path)
	if d == "" || !(op.Color.Alpha > 0) {
		return
	}
	paint, alpha := paintOf(op.Color)
	w.printf(`<path role="img" aria-label="%s" d="%s" fill="%s"%s/>`, label(op.Text), d, paint, opacity("fill-opacity", alpha))
}

// label is a text as an attribute.
func label(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
	return html.EscapeString(s)
}

func paintOf(c color.Color) (paint string, alpha float64) {
	r, g, b, a := c.SRGB()
	byteOf := func(v float64) int { return int(v*255 + 0.5) }
	return fmt.Sprintf("#%02x%02x%02x", byteOf(r), byteOf(g), byteOf(b)), a
}

func opacity(attribute string, v float64) string {
	if !(v < 1) {
		return ""
	}
	return fmt.Sprintf(` %s="%s"`, attribute, n(max(v, 0)))
}

func transform(m render.Matrix) string {
	if m == render.Identity {
		return ""
	}
	return fmt.Sprintf(` transform="matrix(%s)"`, Numbers(" ", m))
}

// Numbers are the numbers of a matrix, as SVG and CSS order them.
func Numbers(separator string, m render.Matrix) string {
	var list []string
	for _, v := range [6]float64{m.A, m.B, m.C, m.D, m.E, m.F} {
		list = append(list, decimals(v, 5))
	}
	return strings.Join(list, separator)
}

func n(v float64) string { return decimals(v, 3) }

// decimals is v with so many decimals at most; what is no number is 0.
func decimals(v float64, digits int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	const largest = 1e9
	s := strconv.FormatFloat(min(max(v, -largest), largest), 'f', digits, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" || s == "" || s == "-" {
		return "0"
	}
	return s
}

// data is a path as SVG writes it.
func data(p *render.Path) string {
	var b strings.Builder
	points := p.Points
	for _, v := range p.Verbs {
		letter, count := "M", 1
		switch v {
		case render.LineTo:
			letter = "L"
		case render.QuadTo:
			letter, count = "Q", 2
		case render.CubeTo:
			letter, count = "C", 3
		case render.Close:
			letter, count = "Z", 0
		}
		if len(points) < count {
			break
		}
		b.WriteString(letter)
		for i, q := range points[:count] {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(n(q.X) + " " + n(q.Y))
		}
		points = points[count:]
	}
	return b.String()
}
