package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/draw"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
)

// Image is a picture that display lists name by its key.
type Image struct {
	Data          []byte                      // as it was uploaded
	Decoded       func() (image.Image, error) // its pixels, the right way up; called when Data cannot go into the file as it is
	Width, Height int                         // of the picture the right way up
	Profile       []byte                      // ICC, by which the colours of Data are read; Decoded's are those of sRGB; nil = none
}

// Stream is a picture as a file holds it.
type Stream struct {
	Dict    string  // entries of the image dictionary, without those that name other objects
	Data    []byte  // encoded
	Alpha   *Stream // soft mask; nil = opaque
	Profile []byte  // ICC, instead of a /ColorSpace in Dict; nil = there is one
	Lights  int     // of the profile: 1 of grey, 3 of red, green and blue
	Turn    Turn    // to be done when it is drawn
}

// placed is a picture that is in the file.
type placed struct {
	ref               ref
	turn              Turn
	rgb, inks, masked bool
}

// image draws a picture. A key without an image draws nothing: what is missing was
// reported when the list was built.
func (d *Writer) image(c *canvas, op *render.ImageOp) error {
	m := op.Matrix
	if !finite(m.A, m.B, m.C, m.D, m.E, m.F) {
		return nil
	}
	p, ok, err := d.place(op.Key)
	if err != nil || !ok {
		return err
	}
	c.marks, c.rgb, c.inks, c.transparent = true, c.rgb || p.rgb, c.inks || p.inks, c.transparent || p.masked
	c.save()
	c.setAlpha(c.state.opacity)
	// A PDF's picture stands on the unit square with its bottom at 0.
	flip := render.Matrix{A: 1, D: -1, F: 1}
	c.concat(m.Mul(p.turn.matrix()).Mul(flip))
	c.drawObject(p.ref)
	c.restore()
	return nil
}

// place puts the picture of a key into the file, once.
func (d *Writer) place(key string) (placed, bool, error) {
	if p, ok := d.images[key]; ok {
		return p, true, nil
	}
	img, ok := d.options.Images[key]
	if !ok {
		return placed{}, false, nil
	}
	prepare := func() (Stream, error) { return Prepare(img) }
	var s Stream
	var err error
	if d.options.Cache != nil {
		s, err = d.options.Cache(key, prepare)
	} else {
		s, err = prepare()
	}
	if err != nil {
		return placed{}, false, fmt.Errorf("image %s: %w", key, err)
	}
	const kind = "/Type/XObject/Subtype/Image"
	others := d.profile(s)
	if s.Alpha != nil {
		r := d.file.reserve()
		d.file.stream(r, kind+s.Alpha.Dict, s.Alpha.Data)
		others += "/SMask " + r.String()
	}
	p := placed{
		ref: d.file.reserve(), turn: s.Turn, masked: s.Alpha != nil,
		rgb: s.Lights == 3 || strings.Contains(s.Dict, "/DeviceRGB"), inks: strings.Contains(s.Dict, "/DeviceCMYK"),
	}
	d.file.stream(p.ref, kind+s.Dict+others, s.Data)
	d.images[key] = p
	return p, true, d.file.err
}

// profile puts a picture's profile into the file, once for all pictures, and returns the
// entry that names it (ISO 32000-1 §8.6.5.5). A reader that does not know its version takes
// the alternate.
func (d *Writer) profile(s Stream) string {
	if s.Profile == nil {
		return ""
	}
	r, ok := d.profiles[string(s.Profile)]
	if !ok {
		r = d.file.reserve()
		alternate := map[int]string{1: "/DeviceGray", 3: "/DeviceRGB"}[s.Lights]
		d.file.deflated(r, fmt.Sprintf("/N %d/Alternate%s", s.Lights, alternate), s.Profile)
		d.profiles[string(s.Profile)] = r
	}
	return fmt.Sprintf("/ColorSpace[/ICCBased %s]", r)
}

// Prepare makes a picture's stream: JPEGs keep their compression, and their profile where
// it is for what they are made of; everything else is decoded and deflated.
func Prepare(img Image) (Stream, error) {
	if j, ok := parseJPEG(img.Data); ok && j.fits(img.Width, img.Height) {
		if s, ok := j.stream(img.Profile); ok {
			return s, nil
		}
	}
	if img.Decoded == nil {
		return Stream{}, tepin.Errorf(tepin.Unprocessable, "the picture cannot be decoded; upload it as PNG or JPEG")
	}
	if int64(img.Width)*int64(img.Height) > tepin.MaxImagePixels {
		return Stream{}, tooManyPixels()
	}
	pixels, err := img.Decoded()
	if err != nil {
		return Stream{}, err
	}
	size := pixels.Bounds().Size()
	if size.X <= 0 || size.Y <= 0 {
		return Stream{}, tepin.Errorf(tepin.Unprocessable, "the picture has no pixels")
	}
	if int64(size.X)*int64(size.Y) > tepin.MaxImagePixels {
		return Stream{}, tooManyPixels()
	}
	return deflateImage(pixels), nil
}

func tooManyPixels() error {
	return tepin.Errorf(tepin.TooLarge, "a picture may have at most %d pixels; make it smaller", tepin.MaxImagePixels)
}

// deflateImage encodes pixels row by row, so that no second copy of them is in memory.
func deflateImage(img image.Image) Stream {
	switch m := img.(type) {
	case *image.Gray:
		plane := newPlane("/DeviceGray", m.Rect.Dx(), m.Rect.Dy(), 1)
		for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
			plane.row(m.Pix[m.PixOffset(m.Rect.Min.X, y):][:m.Rect.Dx()])
		}
		return plane.stream()
	case *image.CMYK:
		plane := newPlane("/DeviceCMYK", m.Rect.Dx(), m.Rect.Dy(), 4)
		for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
			plane.row(m.Pix[m.PixOffset(m.Rect.Min.X, y):][:4*m.Rect.Dx()])
		}
		return plane.stream()
	}
	b := img.Bounds()
	colors, alphas := newPlane("/DeviceRGB", b.Dx(), b.Dy(), 3), newPlane("/DeviceGray", b.Dx(), b.Dy(), 1)
	row := image.NewNRGBA(image.Rect(0, 0, b.Dx(), 1))
	rgb, alpha := make([]byte, 3*b.Dx()), make([]byte, b.Dx())
	opaque := true
	for y := b.Min.Y; y < b.Max.Y; y++ {
		readRow(row, img, y)
		for x := range b.Dx() {
			p := row.Pix[4*x:][:4]
			copy(rgb[3*x:], p[:3])
			alpha[x] = p[3]
			opaque = opaque && p[3] == 255
		}
		colors.row(rgb)
		alphas.row(alpha)
	}
	s := colors.stream()
	if !opaque {
		a := alphas.stream()
		s.Alpha = &a
	}
	return s
}

// readRow copies the row y of img into row, with colours that are not multiplied by alpha.
func readRow(row *image.NRGBA, img image.Image, y int) {
	b := img.Bounds()
	if m, ok := img.(*image.NRGBA); ok {
		copy(row.Pix, m.Pix[m.PixOffset(b.Min.X, y):][:4*b.Dx()])
		return
	}
	var source []byte
	if m, ok := img.(*image.RGBA); ok {
		source = m.Pix[m.PixOffset(b.Min.X, y):][:4*b.Dx()]
	} else {
		// draw knows the fast ways of the standard image types
		line := image.RGBA{Pix: row.Pix, Stride: row.Stride, Rect: row.Rect}
		draw.Draw(&line, line.Rect, img, image.Pt(b.Min.X, y), draw.Src)
		source = row.Pix
	}
	for i := 0; i < len(row.Pix); i += 4 {
		p, q := source[i:i+4:i+4], row.Pix[i:i+4:i+4]
		switch a := uint32(p[3]); a {
		case 255, 0:
			copy(q, p)
		default:
			for k := range 3 {
				q[k] = byte(min(255, (uint32(p[k])*255+a/2)/a))
			}
			q[3] = p[3]
		}
	}
}

// plane encodes rows of samples as PNG does: each row as its difference from its
// neighbours, then deflated.
type plane struct {
	space         string
	width, height int
	step          int // bytes of a pixel
	out           *bytes.Buffer
	zip           *zlib.Writer
	above         []byte
	best, trial   []byte
}

func newPlane(space string, width, height, step int) *plane {
	n := width * step
	p := &plane{space: space, width: width, height: height, step: step, out: new(bytes.Buffer),
		above: make([]byte, n), best: make([]byte, n+1), trial: make([]byte, n+1)}
	p.zip = zlib.NewWriter(p.out)
	return p
}

func (p *plane) row(samples []byte) {
	least := -1
	for filter := range byte(5) {
		if filter == 3 {
			continue // Average: seldom the best
		}
		if cost := p.filter(filter, samples); least < 0 || cost < least {
			least = cost
			p.best, p.trial = p.trial, p.best
		}
	}
	p.zip.Write(p.best) // a bytes.Buffer does not fail
	copy(p.above, samples)
}

// filter writes the filtered row to trial and returns the sum of its differences, the
// usual measure of how well it will deflate (PNG, third edition, §12.7).
func (p *plane) filter(filter byte, samples []byte) (cost int) {
	p.trial[0] = filter
	out := p.trial[1:]
	for i, v := range samples {
		var left, corner byte
		if i >= p.step {
			left, corner = samples[i-p.step], p.above[i-p.step]
		}
		switch filter {
		case 1:
			v -= left
		case 2:
			v -= p.above[i]
		case 4:
			v -= paeth(left, p.above[i], corner)
		}
		out[i] = v
		cost += int(min(v, -v))
	}
	return cost
}

// paeth is the neighbour that is nearest to left + above − corner.
func paeth(left, above, corner byte) byte {
	a, b := int(above)-int(corner), int(left)-int(corner)
	c := max(a+b, -a-b)
	a, b = max(a, -a), max(b, -b)
	switch {
	case a <= b && a <= c:
		return left
	case b <= c:
		return above
	}
	return corner
}

func (p *plane) stream() Stream {
	p.zip.Close()
	return Stream{
		Dict: fmt.Sprintf("/Width %d/Height %d/ColorSpace%s/BitsPerComponent 8/Filter/FlateDecode/DecodeParms<</Predictor 15/Colors %d/Columns %d>>",
			p.width, p.height, p.space, p.step, p.width),
		Data: p.out.Bytes(),
	}
}
