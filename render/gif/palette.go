package gif

import (
	"cmp"
	"image"
	"math"
	"slices"
)

// colors is how many colours a palette has at most; one more index is transparent.
const colors = 255

// rgb is a colour without transparency.
type rgb [3]uint8

// distance is how different two colours look: squared, green before blue before red.
func (c rgb) distance(d rgb) int {
	r, g, b := int(c[0])-int(d[0]), int(c[1])-int(d[1]), int(c[2])-int(d[2])
	return 2*r*r + 4*g*g + 3*b*b
}

// Histogram counts the colours of pictures, for a palette that serves them all. The zero
// value is empty.
type Histogram struct {
	buckets []bucket // by the upper five bits of red, green and blue
}

// bucket is how often similar colours occur, and their sum.
type bucket struct {
	n   int64
	sum [3]int64
}

// mean is the bucket's colour.
func (b *bucket) mean(axis int) float64 { return float64(b.sum[axis]) / float64(b.n) }

func (b *bucket) add(c bucket) {
	b.n += c.n
	for i := range b.sum {
		b.sum[i] += c.sum[i]
	}
}

// Add counts the pixels of a part of a picture.
func (h *Histogram) Add(img *image.RGBA, part image.Rectangle) {
	if h.buckets == nil {
		h.buckets = make([]bucket, 1<<15)
	}
	part = part.Intersect(img.Rect)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		row := img.Pix[img.PixOffset(part.Min.X, y):][:4*part.Dx()]
		for i := 0; i+3 < len(row); i += 4 {
			r, g, b := row[i], row[i+1], row[i+2]
			at := &h.buckets[int(r>>3)<<10|int(g>>3)<<5|int(b>>3)]
			at.n++
			at.sum[0] += int64(r)
			at.sum[1] += int64(g)
			at.sum[2] += int64(b)
		}
	}
}

// palette chooses colours: the space is cut where that separates most, then each colour
// moves to the middle of what is nearest to it.
func (h *Histogram) palette() *palette {
	used := slices.DeleteFunc(slices.Clone(h.buckets), func(b bucket) bool { return b.n == 0 })
	p := &palette{}
	for _, cell := range cut(used) {
		p.add(cell)
	}
	const rounds = 3
	for range rounds {
		p.settle(used)
	}
	p.prepare()
	return p
}

// cell is a part of the colour space.
type cell struct {
	buckets []bucket
	spread  float64 // squared deviation along axis
	axis    int
}

func newCell(buckets []bucket) cell {
	c := cell{buckets: buckets}
	var all bucket
	for i := range buckets {
		all.add(buckets[i])
	}
	if all.n == 0 {
		return c
	}
	weights := [3]float64{2, 4, 3}
	for axis := range 3 {
		mean, spread := all.mean(axis), 0.0
		for i := range buckets {
			d := buckets[i].mean(axis) - mean
			spread += d * d * math.Sqrt(float64(buckets[i].n)) * weights[axis] // large areas count, but not for everything
		}
		if spread > c.spread {
			c.spread, c.axis = spread, axis
		}
	}
	return c
}

// cut divides the space into as many cells as a palette has colours, always the one that
// spreads most, at its middle.
func cut(used []bucket) []cell {
	cells := []cell{newCell(used)}
	for len(cells) < colors {
		widest := 0
		for i := range cells {
			if cells[i].spread > cells[widest].spread {
				widest = i
			}
		}
		c := cells[widest]
		if c.spread == 0 || len(c.buckets) < 2 {
			break
		}
		slices.SortFunc(c.buckets, func(a, b bucket) int { return cmp.Compare(a.mean(c.axis), b.mean(c.axis)) })
		at := c.split()
		cells[widest] = newCell(c.buckets[:at])
		cells = append(cells, newCell(c.buckets[at:]))
	}
	return cells
}

// split returns how many of a cell's buckets, in order, lie below its mean.
func (c *cell) split() int {
	var all bucket
	for i := range c.buckets {
		all.add(c.buckets[i])
	}
	mean := all.mean(c.axis)
	at := slices.IndexFunc(c.buckets, func(b bucket) bool { return b.mean(c.axis) >= mean })
	return min(max(at, 1), len(c.buckets)-1)
}

// palette is up to [colors] colours, and the way to the nearest of them.
type palette struct {
	list   []rgb
	near   []int16 // index + 1 by the upper six bits of red, green and blue; 0 = not yet known
	spread int     // how far apart neighbours are, in steps of a component
}

func (p *palette) add(c cell) {
	var all bucket
	for i := range c.buckets {
		all.add(c.buckets[i])
	}
	if all.n > 0 {
		p.list = append(p.list, all.color())
	}
}

func (b *bucket) color() rgb {
	var c rgb
	for i := range c {
		c[i] = uint8((b.sum[i] + b.n/2) / b.n)
	}
	return c
}

// settle moves each colour to the middle of the buckets that are nearest to it.
func (p *palette) settle(used []bucket) {
	nearest := make([]bucket, len(p.list))
	for i := range used {
		nearest[p.search(used[i].color())].add(used[i])
	}
	for i := range p.list {
		if nearest[i].n > 0 {
			p.list[i] = nearest[i].color()
		}
	}
}

func (p *palette) search(c rgb) int {
	best, at := math.MaxInt, 0
	for i, d := range p.list {
		if distance := c.distance(d); distance < best {
			best, at = distance, i
		}
	}
	return at
}

// prepare makes the palette ready for use.
func (p *palette) prepare() {
	if len(p.list) == 0 {
		p.list = []rgb{{255, 255, 255}}
	}
	p.near = make([]int16, 1<<18)
	sum := 0.0
	for i, c := range p.list {
		best := math.MaxInt
		for j, d := range p.list {
			if i != j {
				best = min(best, c.distance(d))
			}
		}
		if len(p.list) > 1 {
			sum += math.Sqrt(float64(best) / 3)
		}
	}
	const least, most = 2, 32
	p.spread = min(max(int(sum/float64(len(p.list))), least), most)
}

// index returns the index of about the nearest colour.
func (p *palette) index(c rgb) uint8 {
	at := &p.near[int(c[0]>>2)<<12|int(c[1]>>2)<<6|int(c[2]>>2)]
	if *at == 0 {
		middle := rgb{c[0]&^3 | 2, c[1]&^3 | 2, c[2]&^3 | 2}
		*at = int16(p.search(middle)) + 1
	}
	return uint8(*at - 1)
}
