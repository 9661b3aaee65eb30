package gif

// pattern is Bayer's matrix of 8 × 8: how much each pixel of a square is brightened or
// darkened, −32 to 31, so that a colour between two of the palette becomes a mixture.
var pattern = func() (m [8][8]int) {
	for y := range 8 {
		for x := range 8 {
			v, a, b := 0, x^y, y
			for bit := range 3 {
				v |= (a>>bit&1)<<(5-2*bit) | (b>>bit&1)<<(4-2*bit)
			}
			m[y][x] = v - 32
		}
	}
	return m
}()

// near is how close a colour of the palette has to be to stand for one by itself: plain
// areas stay plain.
const near = 9 * 3

// dithered returns the index for a pixel at a place.
func (p *palette) dithered(c rgb, x, y int) uint8 {
	i := p.index(c)
	if c.distance(p.list[i]) <= near {
		return i
	}
	shift := pattern[y&7][x&7] * p.spread / 64
	for k := range c {
		c[k] = uint8(min(max(int(c[k])+shift, 0), 255))
	}
	return p.index(c)
}
