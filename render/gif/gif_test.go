package gif

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	stdgif "image/gif"
	"math"
	"testing"
)

// write makes a file of pictures, each shown for delay.
func write(t testing.TB, delay int, pictures ...*image.RGBA) []byte {
	t.Helper()
	var h Histogram
	for _, p := range pictures {
		h.Add(p, p.Rect)
	}
	var b bytes.Buffer
	g, err := NewWriter(&b, pictures[0].Rect.Dx(), pictures[0].Rect.Dy(), &h, len(pictures) > 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pictures {
		if err := g.Frame(p, delay); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// shown plays a file: what a viewer sees of each frame.
func shown(t testing.TB, raw []byte) (*stdgif.GIF, []*image.RGBA) {
	t.Helper()
	all, err := stdgif.DecodeAll(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	canvas := image.NewRGBA(image.Rect(0, 0, all.Config.Width, all.Config.Height))
	var list []*image.RGBA
	for _, p := range all.Image {
		draw.Draw(canvas, p.Rect, p, p.Rect.Min, draw.Over)
		copied := image.NewRGBA(canvas.Rect)
		copy(copied.Pix, canvas.Pix)
		list = append(list, copied)
	}
	return all, list
}

// difference is the mean difference of two pictures, seen from so far that patterns blur.
func difference(a, b *image.RGBA) float64 {
	const block = 8
	sum, n := 0.0, 0
	for y := 0; y+block <= a.Rect.Dy(); y += block {
		for x := 0; x+block <= a.Rect.Dx(); x += block {
			var d [3]float64
			for i := range block * block {
				p, q := a.Pix[a.PixOffset(x+i%block, y+i/block):], b.Pix[b.PixOffset(x+i%block, y+i/block):]
				for k := range d {
					d[k] += float64(p[k]) - float64(q[k])
				}
			}
			for _, v := range d {
				sum += math.Abs(v) / block / block
				n++
			}
		}
	}
	return sum / float64(n)
}

func gradient(w, h int, shift uint8) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), 128 + shift, 255})
		}
	}
	return img
}

func plain(w, h int, c color.RGBA) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return img
}

func TestPictures(t *testing.T) {
	a := gradient(160, 96, 0)
	b := gradient(160, 96, 0)
	draw.Draw(b, image.Rect(40, 30, 60, 50), image.NewUniform(color.RGBA{250, 20, 20, 255}), image.Point{}, draw.Src)
	raw := write(t, 4, a, a, b, b, b, a)
	all, seen := shown(t, raw)
	if len(all.Image) != 3 || all.LoopCount != 0 || all.Delay[0] != 8 || all.Delay[1] != 12 || all.Delay[2] != 4 {
		t.Fatalf("%d frames, %v", len(all.Image), all.Delay)
	}
	if r := all.Image[1].Rect; !r.In(image.Rect(40, 30, 60, 50)) {
		t.Errorf("more than what changed is in the second frame: %v", r)
	}
	for i, want := range []*image.RGBA{a, b, a} {
		if d := difference(seen[i], want); d > 4 {
			t.Errorf("frame %d differs by %.1f", i, d)
		}
	}
	if c := seen[1].RGBAAt(50, 40); c != (color.RGBA{250, 20, 20, 255}) {
		t.Errorf("a plain area is %v", c)
	}
}

// Plain areas stay exactly what they are, and one picture does not repeat.
func TestPlain(t *testing.T) {
	c := color.RGBA{13, 27, 42, 255}
	all, seen := shown(t, write(t, 100_000, plain(33, 17, c)))
	if all.LoopCount != -1 || seen[len(seen)-1].RGBAAt(32, 16) != c {
		t.Errorf("%v %v", all.LoopCount, seen[0].RGBAAt(32, 16))
	}
	total := 0
	for _, d := range all.Delay {
		total += d
	}
	if total != 100_000 {
		t.Errorf("shown for %d", total)
	}
}

// A frame in colours that nobody counted gets its own.
func TestOwnColors(t *testing.T) {
	var h Histogram
	dark := plain(64, 64, color.RGBA{0, 0, 0, 255})
	h.Add(dark, dark.Rect)
	var b bytes.Buffer
	g, err := NewWriter(&b, 64, 64, &h, true)
	if err != nil {
		t.Fatal(err)
	}
	bright := gradient(64, 64, 0)
	for _, p := range []*image.RGBA{dark, bright, dark} {
		if err := g.Frame(p, 5); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	_, seen := shown(t, b.Bytes())
	if d := difference(seen[1], bright); d > 6 {
		t.Errorf("differs by %.1f", d)
	}
	if d := difference(seen[2], dark); d > 0 {
		t.Errorf("differs by %.1f", d)
	}
}

func TestRefused(t *testing.T) {
	for _, size := range [][2]int{{0, 1}, {1, 0}, {MaxSide + 1, 1}} {
		if _, err := NewWriter(&bytes.Buffer{}, size[0], size[1], &Histogram{}, false); err == nil {
			t.Errorf("%v is taken", size)
		}
	}
	g, err := NewWriter(&bytes.Buffer{}, 4, 4, &Histogram{}, false)
	if err != nil {
		t.Fatal(err)
	}
	if g.Close() == nil || g.Frame(plain(5, 4, color.RGBA{}), 1) == nil {
		t.Error("no picture, or one of another size, is taken")
	}
}

// Whatever the pixels, the file plays, and shows about them.
func FuzzPictures(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, uint8(3))
	f.Fuzz(func(t *testing.T, pixels []byte, width uint8) {
		w := int(width)%40 + 1
		var list []*image.RGBA
		for at := 0; at+3*w <= len(pixels) && len(list) < 5; at += 3 * w {
			img := image.NewRGBA(image.Rect(0, 0, w, 1))
			for x := range w {
				img.SetRGBA(x, 0, color.RGBA{pixels[at+3*x], pixels[at+3*x+1], pixels[at+3*x+2], 255})
			}
			list = append(list, img)
		}
		if len(list) > 0 {
			shown(t, write(t, 2, list...))
		}
	})
}
