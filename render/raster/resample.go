package raster

import (
	"image"
	"math"
)

// weightBits is the precision of the resampling weights.
const weightBits = 14

// axis says of which source pixels each pixel of a row or column is made.
type axis struct {
	shrink    int // so many source pixels are first averaged to one, which the rest counts
	low, high int // the pixels that are needed at all
	start     []int
	weights   [][]int32
}

// newAxis maps pixels from to to of the device to n source pixels that span length
// device pixels from origin on. Shrinking widens the kernel; beyond 1 : 4 whole blocks
// of pixels are averaged before, which looks the same and costs much less.
func newAxis(from, to int, origin, length float64, n int) axis {
	ratio := float64(n) / length // source pixels per device pixel
	a := axis{shrink: int(max(1, min(math.Floor(ratio/2), float64(n)))), start: make([]int, to-from), weights: make([][]int32, to-from)}
	ratio /= float64(a.shrink)
	n = (n + a.shrink - 1) / a.shrink
	a.low = n
	widen := max(1, ratio)
	radius := 2 * widen
	for i := range a.start {
		centre := (float64(from+i)+0.5-origin)*ratio - 0.5
		first := clampInt(math.Ceil(centre-radius), n)
		last := clampInt(math.Floor(centre+radius), n)
		raw := make([]float64, last-first+1)
		sum := 0.0
		for j := range raw {
			raw[j] = catmullRom((float64(first+j) - centre) / widen)
			sum += raw[j]
		}
		if !(math.Abs(sum) > 1e-6) { // beyond the picture's edge: its last pixel
			clear(raw)
			nearest := clampInt(math.Floor(centre+0.5), n) - first
			raw[min(max(nearest, 0), len(raw)-1)], sum = 1, 1
		}
		a.start[i], a.weights[i] = first, whole(raw, sum)
		a.low, a.high = min(a.low, first), max(a.high, last+1)
	}
	return a
}

func clampInt(v float64, n int) int { return int(min(max(v, 0), float64(n-1))) }

// whole returns weights as integers whose sum is exactly one.
func whole(raw []float64, sum float64) []int32 {
	const one = 1 << weightBits
	out := make([]int32, len(raw))
	rest, largest := int32(one), 0
	for i, w := range raw {
		out[i] = int32(math.Floor(w/sum*one + 0.5))
		rest -= out[i]
		if out[i] > out[largest] {
			largest = i
		}
	}
	out[largest] += rest
	return out
}

// separate resamples rows and then columns. It reads each source row once and keeps
// only those that the present row needs.
func separate(src image.Image, x, y axis, area image.Rectangle) *image.RGBA {
	dst := image.NewRGBA(area)
	w := area.Dx()
	window := 0
	for _, weights := range y.weights {
		window = max(window, len(weights))
	}
	rows := make([][]int16, window) // a ring: source row r stands at r % window
	for i := range rows {
		rows[i] = make([]int16, 4*w)
	}
	read := newShrinker(src, x, y.shrink)
	sums := make([]int32, 4*w)
	next := y.low
	for i, weights := range y.weights {
		first := y.start[i]
		for next = max(next, first); next < first+len(weights); next++ {
			x.apply(rows[next%window], read.row(next))
		}
		clear(sums)
		for j, weight := range weights {
			if weight == 0 {
				continue
			}
			row := rows[(first+j)%window][:len(sums)]
			for k, v := range row {
				sums[k] += weight * int32(v)
			}
		}
		finish(dst.Pix[i*dst.Stride:][:4*w], sums)
	}
	return dst
}

// apply resamples one source row, whose first pixel is number low, to 16-bit values in
// 1/16 of a step.
func (a *axis) apply(to []int16, row []uint8) {
	const shift = weightBits - 4
	for i, weights := range a.weights {
		var r, g, b, al int32
		p := row[4*(a.start[i]-a.low):][:4*len(weights)]
		for j, w := range weights {
			q := p[4*j : 4*j+4 : 4*j+4]
			r += w * int32(q[0])
			g += w * int32(q[1])
			b += w * int32(q[2])
			al += w * int32(q[3])
		}
		q := to[4*i : 4*i+4 : 4*i+4]
		const half = 1 << (shift - 1)
		q[0], q[1], q[2], q[3] = int16((r+half)>>shift), int16((g+half)>>shift), int16((b+half)>>shift), int16((al+half)>>shift)
	}
}

// finish rounds sums to bytes and keeps colours within their alpha.
func finish(to []uint8, sums []int32) {
	const shift = weightBits + 4
	for i := 0; i+3 < len(to); i += 4 {
		a := min(max((sums[i+3]+1<<(shift-1))>>shift, 0), 255)
		for k := range 3 {
			to[i+k] = uint8(min(max((sums[i+k]+1<<(shift-1))>>shift, 0), a))
		}
		to[i+3] = uint8(a)
	}
}
