package pdf

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
)

// canvas is one content stream while it is written: a page's or a group's.
type canvas struct {
	out   []byte
	state state
	saved []state

	// what the stream names: kind ("Font", "XObject", …) → name → value
	names map[string]map[string]string

	marks       bool // something was drawn
	rgb, inks   bool // in colours of these kinds
	transparent bool
}

// state is what the operators q and Q save and bring back.
type state struct {
	visible      rect    // a box around all that can be seen, in the current space
	opacity      float64 // of the operation to come; see push
	alpha        float64
	fill, stroke string
	width        float64
}

func newCanvas(visible rect) *canvas {
	return &canvas{
		state: state{visible: visible, opacity: 1, alpha: 1, width: 1, fill: "0 g", stroke: "0 G"},
		names: map[string]map[string]string{},
	}
}

func (c *canvas) print(parts ...string) {
	for _, p := range parts {
		c.out = append(c.out, p...)
	}
}

func (c *canvas) save() {
	c.saved = append(c.saved, c.state)
	c.print("q\n")
}

func (c *canvas) restore() {
	c.state = c.saved[len(c.saved)-1]
	c.saved = c.saved[:len(c.saved)-1]
	c.print("Q\n")
}

func (c *canvas) concat(m render.Matrix) {
	if m != render.Identity {
		c.out = append(appendMatrix(c.out, m), "cm\n"...)
	}
}

// use names a value for the stream's resource dictionary.
func (c *canvas) use(kind, name, value string) {
	if c.names[kind] == nil {
		c.names[kind] = map[string]string{}
	}
	c.names[kind][name] = value
}

// resources is the stream's resource dictionary.
func (c *canvas) resources() string {
	var b strings.Builder
	b.WriteString("<<")
	for _, kind := range slices.Sorted(maps.Keys(c.names)) {
		b.WriteString("/" + kind + "<<")
		for _, n := range slices.Sorted(maps.Keys(c.names[kind])) {
			b.WriteString("/" + n + " " + c.names[kind][n])
		}
		b.WriteString(">>")
	}
	b.WriteString(">>")
	return b.String()
}

// blending is the page's transparency group. Without one readers guess the space in
// which they blend; with the wrong one they convert every colour of the page. A page
// that mixes screen colours and inks is left to the device.
func (c *canvas) blending() string {
	switch {
	case !c.transparent || c.rgb && c.inks:
		return ""
	case c.inks:
		return "/Group<</S/Transparency/CS/DeviceCMYK/I true>>"
	default:
		return "/Group<</S/Transparency/CS/DeviceRGB/I true>>"
	}
}

// setAlpha makes what follows as opaque as a says.
func (c *canvas) setAlpha(a float64) {
	a = float64(int(a*1000+0.5)) / 1000
	if a < 1 {
		c.transparent = true
	}
	if a == c.state.alpha {
		return
	}
	c.state.alpha = a
	n, v := fmt.Sprintf("A%d", int(a*1000+0.5)), number(a)
	c.use("ExtGState", n, "<</ca "+v+"/CA "+v+">>")
	c.print("/", n, " gs\n")
}

// group draws ops up to the Pop that ends their group and returns what follows it.
func (d *Writer) group(c *canvas, ops []render.Op, depth int) ([]render.Op, error) {
	for len(ops) > 0 {
		op := ops[0]
		ops = ops[1:]
		var err error
		switch {
		case op.Pop:
			return ops, nil
		case op.Push != nil:
			ops, err = d.push(c, *op.Push, ops, depth+1)
		case op.Path != nil:
			err = d.path(c, op.Path)
		case op.Image != nil:
			err = d.image(c, op.Image)
		case op.Glyphs != nil:
			err = d.glyphs(c, op.Glyphs)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// push draws the group p, whose operations ops begins with.
func (d *Writer) push(c *canvas, p render.Push, ops []render.Op, depth int) ([]render.Op, error) {
	if depth > MaxDepth {
		return nil, tepin.Errorf(tepin.TooLarge, "groups lie more than %d deep in each other", MaxDepth)
	}
	m := p.Matrix
	if !(p.Opacity > 0) || !finite(m.A, m.B, m.C, m.D, m.E, m.F) || p.Clip != nil && !sound(p.Clip) {
		return skip(ops), nil
	}
	c.save()
	defer c.restore()
	c.concat(m)
	visible, ok := c.state.visible.within(m)
	if p.Clip != nil {
		visible = visible.intersect(bounds(p.Clip.Points))
	}
	if !ok || visible.empty() {
		return skip(ops), nil
	}
	c.state.visible = visible
	if p.Clip != nil {
		c.trace(p.Clip)
		c.print("W n\n")
	}
	switch {
	case p.Opacity >= 1:
		return d.group(c, ops, depth)
	case alone(ops):
		c.state.opacity = p.Opacity
		return d.group(c, ops, depth)
	}
	var rest []render.Op
	err := d.compose(c, p.Opacity, func(inner *canvas) (err error) {
		rest, err = d.group(inner, ops, depth)
		return err
	})
	return rest, err
}

// compose draws onto a canvas of its own and puts that onto c as a whole.
func (d *Writer) compose(c *canvas, opacity float64, draw func(inner *canvas) error) error {
	inner := newCanvas(c.state.visible)
	if err := draw(inner); err != nil {
		return err
	}
	if !inner.marks {
		return nil
	}
	c.marks, c.rgb, c.inks, c.transparent = true, c.rgb || inner.rgb, c.inks || inner.inks, true
	form := d.file.reserve()
	d.file.deflated(form, fmt.Sprintf("/Type/XObject/Subtype/Form/BBox%s/Group<</S/Transparency>>/Resources%s",
		c.state.visible, inner.resources()), inner.out)
	c.setAlpha(opacity)
	c.drawObject(form)
	return nil
}

func (c *canvas) drawObject(r ref) {
	n := fmt.Sprintf("X%d", int(r))
	c.use("XObject", n, r.String())
	c.print("/", n, " Do\n")
}

// alone tells whether a group holds one operation that does not overlap itself: it
// needs no composing, its own opacity looks the same.
func alone(ops []render.Op) bool {
	if len(ops) < 2 || !ops[1].Pop {
		return false
	}
	return ops[0].Path != nil || ops[0].Image != nil
}

// skip returns what follows the group that ops begins in.
func skip(ops []render.Op) []render.Op {
	depth := 1
	for i, op := range ops {
		switch {
		case op.Push != nil:
			depth++
		case op.Pop:
			if depth--; depth == 0 {
				return ops[i+1:]
			}
		}
	}
	return nil
}

// path fills or strokes.
func (d *Writer) path(c *canvas, op *render.PathOp) error {
	if len(op.Path.Verbs) == 0 || !sound(&op.Path) || !finite(op.Width) || !visible(op.Color) {
		return nil
	}
	c.setAlpha(op.Color.Alpha * c.state.opacity)
	if op.Width > 0 {
		d.ink(c, op.Color, true)
		if op.Width != c.state.width {
			c.state.width = op.Width
			c.out = append(appendNumbers(c.out, coordinateDecimals, op.Width), "w\n"...)
		}
		c.trace(&op.Path)
		c.print("S\n")
		return nil
	}
	d.ink(c, op.Color, false)
	c.trace(&op.Path)
	c.print("f\n")
	return nil
}

// visible tells whether anything would be seen of a colour, and it is a colour.
func visible(k color.Color) bool {
	return k.Alpha > 0 && finite(k.Alpha, k.V[0], k.V[1], k.V[2], k.V[3])
}

// sound tells whether a path has the points that its verbs take, all of them finite.
func sound(p *render.Path) bool {
	need := 0
	for _, v := range p.Verbs {
		n, ok := pointsOf(v)
		if !ok {
			return false
		}
		need += n
	}
	if need > len(p.Points) {
		return false
	}
	for _, q := range p.Points {
		if !finite(q.X, q.Y) {
			return false
		}
	}
	return true
}

func pointsOf(v render.Verb) (n int, ok bool) {
	switch v {
	case render.MoveTo, render.LineTo:
		return 1, true
	case render.QuadTo:
		return 2, true
	case render.CubeTo:
		return 3, true
	case render.Close:
		return 0, true
	}
	return 0, false
}

// trace writes the operators of a sound path.
func (c *canvas) trace(p *render.Path) {
	var first, at render.Point
	started := false
	points := p.Points
	step := func(operator string, ps ...render.Point) {
		for _, q := range ps {
			c.out = appendNumbers(c.out, coordinateDecimals, q.X, q.Y)
			at = q
		}
		c.print(operator, "\n")
	}
	for _, v := range p.Verbs {
		n, _ := pointsOf(v)
		ps := points[:n]
		points = points[n:]
		if !started && v != render.MoveTo {
			if n == 0 {
				continue // nothing to close
			}
			step("m", ps[0])
			first, started = ps[0], true
		}
		switch v {
		case render.MoveTo:
			step("m", ps[0])
			first, started = ps[0], true
		case render.LineTo:
			step("l", ps[0])
		case render.QuadTo:
			step("c", toward(at, ps[0]), toward(ps[1], ps[0]), ps[1])
		case render.CubeTo:
			step("c", ps...)
		case render.Close:
			step("h")
			at = first
		}
	}
	if !started { // an empty clip shows nothing
		c.print("0 0 0 0 re\n")
	}
}

// toward is two thirds of the way to a quadratic curve's control point: the cubic's.
func toward(from, control render.Point) render.Point {
	return render.Point{X: from.X + (control.X-from.X)*2/3, Y: from.Y + (control.Y-from.Y)*2/3}
}
