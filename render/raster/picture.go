package raster

import (
	"image"
	"math"

	"github.com/tepin/tepin/render"
)

// maxTurned is how many pixels a turned picture is brought to at most before it is
// turned.
const maxTurned = 32_000_000

// image draws a picture.
func (p *painter) image(op *render.ImageOp) {
	src := p.images[op.Key]
	if src == nil || src.Bounds().Empty() {
		return
	}
	m := p.matrix.Mul(op.Matrix)
	c := p.clip
	if m.B == 0 && m.C == 0 && m.A > 0 && m.D > 0 {
		c = c.within(box{m.E, m.F, m.E + m.A, m.F + m.D})
	} else {
		var unit render.Path
		unit.Verbs = []render.Verb{render.MoveTo, render.LineTo, render.LineTo, render.LineTo, render.Close}
		unit.Points = []render.Point{{}, {X: 1}, {X: 1, Y: 1}, {Y: 1}}
		c = p.clipTo(&unit, m)
	}
	if c.bounds.Empty() {
		return
	}
	key := imageKey{op.Key, m, c.bounds}
	scaled := p.cache.image(key)
	if scaled == nil {
		if p.moves {
			src = p.halved(op.Key, src, m)
		}
		if scaled = resample(src, m, c.bounds); scaled == nil {
			return
		}
		p.cache.addImage(key, scaled)
	}
	blendImage(p.layer, &c, scaled, 1-p.fade)
}

// halved returns a picture halved as often as leaves it no smaller than it is drawn: many
// moments of a movement are drawn of that.
func (p *painter) halved(key string, src image.Image, m render.Matrix) image.Image {
	size := src.Bounds().Size()
	w, h := size.X, size.Y
	for float64(w/2) >= math.Hypot(m.A, m.B) && float64(h/2) >= math.Hypot(m.C, m.D) && w > 1 && h > 1 {
		w, h = w/2, h/2
	}
	if w == size.X {
		return src
	}
	at := imageKey{key, render.Scale(float64(w), float64(h)), image.Rect(0, 0, w, h)}
	if small := p.cache.image(at); small != nil {
		return small
	}
	small := resample(src, at.matrix, at.area)
	p.cache.addImage(at, small)
	return small
}

// resample returns the pixels of an area of the device, the picture being mapped from
// the unit square by m; nil when the map is degenerate.
func resample(src image.Image, m render.Matrix, area image.Rectangle) *image.RGBA {
	b := src.Bounds()
	if m.B == 0 && m.C == 0 && m.A > 0 && m.D > 0 {
		x := newAxis(area.Min.X, area.Max.X, m.E, m.A, b.Dx())
		y := newAxis(area.Min.Y, area.Max.Y, m.F, m.D, b.Dy())
		return separate(src, x, y, area)
	}
	inverse, ok := m.Inverse()
	if !ok {
		return nil
	}
	// Turned pictures: first to about the size they have on the device, then each pixel
	// from its place in that.
	size := func(length float64, pixels int) int {
		return int(max(1, min(math.Ceil(length), float64(pixels))))
	}
	w := size(math.Sqrt(m.A*m.A+m.B*m.B), b.Dx())
	h := size(math.Sqrt(m.C*m.C+m.D*m.D), b.Dy())
	for w*h > maxTurned {
		w, h = (w+1)/2, (h+1)/2
	}
	at := image.Rect(0, 0, w, h)
	small := separate(src, newAxis(0, w, 0, float64(w), b.Dx()), newAxis(0, h, 0, float64(h), b.Dy()), at)
	return turn(small, render.Scale(float64(w), float64(h)).Mul(inverse), area)
}

// turn samples a picture with a cubic kernel at where back puts each pixel's middle.
func turn(src *image.RGBA, back render.Matrix, area image.Rectangle) *image.RGBA {
	dst := image.NewRGBA(area)
	w, h := src.Rect.Dx(), src.Rect.Dy()
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := dst.Pix[dst.PixOffset(area.Min.X, y):]
		for x := area.Min.X; x < area.Max.X; x++ {
			s := back.Apply(render.Point{X: float64(x) + 0.5, Y: float64(y) + 0.5})
			if s.X < -1 || s.Y < -1 || s.X > float64(w)+1 || s.Y > float64(h)+1 {
				continue // outside the picture: the clip hides it
			}
			sample(row[4*(x-area.Min.X):][:4], src, s.X-0.5, s.Y-0.5)
		}
	}
	return dst
}

// sample writes the colour at a point between pixel centres.
func sample(to []uint8, src *image.RGBA, x, y float64) {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	x0, y0 := math.Floor(x), math.Floor(y)
	var wx, wy [4]float64
	for i := range 4 {
		wx[i] = catmullRom(x - x0 + 1 - float64(i))
		wy[i] = catmullRom(y - y0 + 1 - float64(i))
	}
	var sum [4]float64
	for j := range 4 {
		row := src.Pix[min(max(int(y0)-1+j, 0), h-1)*src.Stride:]
		for i := range 4 {
			p := row[4*min(max(int(x0)-1+i, 0), w-1):][:4]
			k := wx[i] * wy[j]
			sum[0] += k * float64(p[0])
			sum[1] += k * float64(p[1])
			sum[2] += k * float64(p[2])
			sum[3] += k * float64(p[3])
		}
	}
	a := min(max(sum[3]+0.5, 0), 255)
	to[3] = uint8(a)
	for i := range 3 {
		to[i] = min(uint8(min(max(sum[i]+0.5, 0), 255)), to[3])
	}
}

// catmullRom is the kernel of the cubic convolution.
func catmullRom(t float64) float64 {
	t = math.Abs(t)
	switch {
	case t < 1:
		return (1.5*t-2.5)*t*t + 1
	case t < 2:
		return ((-0.5*t+2.5)*t-4)*t + 2
	}
	return 0
}
