package pdf

import (
	"fmt"

	"github.com/tepin/tepin/render/color"
)

// ink sets the colour of what follows, of strokes or of fills.
func (d *Writer) ink(c *canvas, k color.Color, stroke bool) {
	c.marks = true
	current, s := &c.state.fill, ""
	if stroke {
		current = &c.state.stroke
	}
	operator := func(fill, line string) string {
		if stroke {
			return line
		}
		return fill
	}
	switch {
	case k.Space == color.CMYK, k.Space == color.Spot && !plate(k.Name):
		c.inks = true
		s = components(k.V[:4]) + operator("k", "K")
	case k.Space == color.Spot:
		c.inks = true
		space := d.separation(k)
		n := fmt.Sprintf("S%d", int(space))
		c.use("ColorSpace", n, space.String())
		s = "/" + n + operator(" cs 1 scn", " CS 1 SCN")
	case k.Space == color.Gray:
		s = components(k.V[:1]) + operator("g", "G")
	default:
		c.rgb = true
		s = components(k.V[:3]) + operator("rg", "RG")
	}
	if s != *current {
		*current = s
		c.print(s, "\n")
	}
}

// plate tells whether a spot colour's name makes a plate: "None" would print nothing.
func plate(name string) bool { return name != "" && name != "None" }

// separation is the colour space of a spot colour: its plate, and the CMYK that
// stands for it where there is no such plate.
func (d *Writer) separation(k color.Color) ref {
	space := fmt.Sprintf("[/Separation%s/DeviceCMYK<</FunctionType 2/Domain[0 1]/N 1/C0[0 0 0 0]/C1[%s]>>]",
		name(k.Name), components(k.V[:4]))
	r, ok := d.inks[space]
	if !ok {
		r = d.file.reserve()
		d.file.object(r, space)
		d.inks[space] = r
	}
	return r
}

// components are values of 0 to 1, each followed by a space.
func components(vs []float64) string {
	var b []byte
	for _, v := range vs {
		b = appendNumbers(b, colorDecimals, min(1, max(0, v)))
	}
	return string(b)
}
