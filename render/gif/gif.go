// Package gif writes animated GIFs (89a) frame by frame: of each frame only what has
// changed, in colours that are chosen for the whole animation, or for a frame alone
// where those would not do. It is pure, and keeps two frames in memory however many
// there are.
//
// Colours between those of the palette are shown by a pattern that stays in its place, so
// that what does not move does not flicker, and costs nothing.
package gif

import (
	"bufio"
	"compress/lzw"
	"encoding/binary"
	"errors"
	"image"
	"io"
)

// MaxSide is how many pixels a side may have.
const MaxSide = 65_535

// Writer writes one file.
type Writer struct {
	w       *bufio.Writer
	size    image.Point
	palette *palette // of the whole animation
	shown   []rgb    // what a viewer sees now
	pending *frame
	first   bool
}

// frame is one picture that waits for its time to be known.
type frame struct {
	area    image.Rectangle
	indices []uint8
	local   *palette // nil = the animation's
	delay   int      // hundredths of a second
}

// transparent is the index that lets through what is there already.
const transparent = 255

// NewWriter begins a file of pictures of the given size, in the colours that h has
// counted. Several pictures repeat for ever.
func NewWriter(w io.Writer, width, height int, h *Histogram, repeats bool) (*Writer, error) {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return nil, errors.New("gif: the pictures are too large or have no size")
	}
	g := &Writer{w: bufio.NewWriter(w), size: image.Pt(width, height), palette: h.palette(), first: true}
	g.shown = make([]rgb, width*height)
	g.w.WriteString("GIF89a")
	g.number(width)
	g.number(height)
	g.w.Write([]byte{0xF7, 0, 0}) // a palette of 256 colours, for the whole file
	g.colors(g.palette)
	if repeats {
		g.w.WriteString("\x21\xFF\x0BNETSCAPE2.0\x03\x01\x00\x00\x00")
	}
	return g, nil
}

func (g *Writer) number(n int) { g.w.Write(binary.LittleEndian.AppendUint16(nil, uint16(n))) }

func (g *Writer) colors(p *palette) {
	var table [256]rgb
	copy(table[:], p.list)
	for _, c := range table {
		g.w.Write(c[:])
	}
}

// Frame adds an opaque picture that is shown for some hundredths of a second. One that
// looks like the one before makes that last longer.
func (g *Writer) Frame(img *image.RGBA, delay int) error {
	if img.Rect.Size() != g.size {
		return errors.New("gif: the pictures differ in size")
	}
	f := g.quantize(img)
	if f == nil {
		g.pending.delay += delay
		return nil
	}
	if err := g.flush(); err != nil {
		return err
	}
	f.delay = delay
	g.pending = f
	return nil
}

// quantize makes a frame of what a picture changes; nil if that is nothing.
func (g *Writer) quantize(img *image.RGBA) *frame {
	p := g.palette
	var local *palette
	if !g.first && g.poor(img) {
		var h Histogram
		h.Add(img, img.Rect)
		local = h.palette()
		p = local
	}
	indices := make([]uint8, len(g.shown))
	area := image.Rectangle{}
	for y := range g.size.Y {
		left, right := g.row(p, img, y, indices[y*g.size.X:][:g.size.X])
		if left < right {
			area = area.Union(image.Rect(left, y, right, y+1))
		}
	}
	if g.first {
		area, g.first = image.Rectangle{Max: g.size}, false
	}
	if area.Empty() {
		return nil
	}
	return &frame{area: area, indices: crop(indices, g.size.X, area), local: local}
}

// row writes the indices of one row and tells from where to where it changes.
func (g *Writer) row(p *palette, img *image.RGBA, y int, to []uint8) (left, right int) {
	pixels := img.Pix[img.PixOffset(img.Rect.Min.X, img.Rect.Min.Y+y):][:4*g.size.X]
	shown := g.shown[y*g.size.X:][:g.size.X]
	left, right = g.size.X, 0
	for x := range to {
		i := p.dithered(rgb{pixels[4*x], pixels[4*x+1], pixels[4*x+2]}, x, y)
		if c := p.list[i]; g.first || c != shown[x] {
			shown[x], to[x] = c, i
			left, right = min(left, x), x+1
		} else {
			to[x] = transparent
		}
	}
	return left, right
}

// crop returns the indices of an area, without the gaps between its rows.
func crop(indices []uint8, width int, area image.Rectangle) []uint8 {
	out := indices[:0]
	for y := area.Min.Y; y < area.Max.Y; y++ {
		out = append(out, indices[y*width+area.Min.X:y*width+area.Max.X]...)
	}
	return out
}

// poor reports whether a picture has colours that are far from the animation's.
func (g *Writer) poor(img *image.RGBA) bool {
	const (
		every = 13      // pixels
		worst = 9 * 150 // mean of the squared differences, of the weights of a colour
	)
	sum, n := 0, 0
	for at := 0; at+3 < len(img.Pix); at += 4 * every {
		c := rgb{img.Pix[at], img.Pix[at+1], img.Pix[at+2]}
		sum += c.distance(g.palette.list[g.palette.index(c)])
		n++
	}
	return n > 0 && sum/n > worst
}

// flush writes the frame that waits.
func (g *Writer) flush() error {
	f := g.pending
	if f == nil {
		return nil
	}
	g.pending = nil
	const longest = 65_535
	for {
		delay := min(f.delay, longest)
		g.w.Write([]byte{0x21, 0xF9, 4, 1<<2 | 1}) // stays, has a transparent index
		g.number(delay)
		g.w.Write([]byte{transparent, 0})
		if err := g.image(f); err != nil {
			return err
		}
		if f.delay -= delay; f.delay == 0 {
			return nil
		}
		f = &frame{area: image.Rect(0, 0, 1, 1), indices: []uint8{transparent}, delay: f.delay} // nothing, for the rest of the time
	}
}

// image writes a frame's pixels.
func (g *Writer) image(f *frame) error {
	g.w.WriteByte(0x2C)
	for _, n := range [4]int{f.area.Min.X, f.area.Min.Y, f.area.Dx(), f.area.Dy()} {
		g.number(n)
	}
	if f.local != nil {
		g.w.WriteByte(0x87)
		g.colors(f.local)
	} else {
		g.w.WriteByte(0)
	}
	const bits = 8
	g.w.WriteByte(bits)
	b := &blocks{w: g.w}
	z := lzw.NewWriter(b, lzw.LSB, bits)
	if _, err := z.Write(f.indices); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return b.close()
}

// Close writes what is left of the file.
func (g *Writer) Close() error {
	if g.first {
		return errors.New("gif: there is no picture")
	}
	if err := g.flush(); err != nil {
		return err
	}
	g.w.WriteByte(0x3B)
	return g.w.Flush()
}

// blocks writes data in blocks of up to 255 bytes, each with its length before it.
type blocks struct {
	w    *bufio.Writer
	data [255]byte
	n    int
}

func (b *blocks) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := copy(b.data[b.n:], rest)
		b.n, rest = b.n+n, rest[n:]
		if b.n == len(b.data) {
			if err := b.flush(); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

func (b *blocks) flush() error {
	if b.n == 0 {
		return nil
	}
	b.w.WriteByte(byte(b.n))
	_, err := b.w.Write(b.data[:b.n])
	b.n = 0
	return err
}

// close ends the data with an empty block.
func (b *blocks) close() error {
	if err := b.flush(); err != nil {
		return err
	}
	return b.w.WriteByte(0)
}
