package raster

import (
	"image"
	"math"
)

// Fit reads a picture as [DecodeImage] does and makes it so small that neither side is
// longer than side pixels, before it is turned: beside the picture as it is stored,
// only the small one takes memory. A picture that is small enough keeps its size. Its
// colours are those of sRGB, as far as its profile tells.
func Fit(data []byte, side int) (*image.RGBA, error) {
	src, turned, err := decode(data, 0)
	if err != nil {
		return nil, err
	}
	b := src.Bounds()
	w, h := fitted(b.Dx(), b.Dy(), side)
	x := newAxis(0, w, 0, float64(w), b.Dx())
	y := newAxis(0, h, 0, float64(h), b.Dy())
	small := separate(src, x, y, image.Rect(0, 0, w, h))
	if p := profileOf(src, data); p != nil {
		convert(small.Pix, p, true)
	}
	if turned == 1 {
		return small, nil
	}
	return upright(small, turned), nil
}

// fitted is the size of a picture of w × h pixels that is to be at most side long.
func fitted(w, h, side int) (int, int) {
	longest := max(w, h)
	if longest <= side {
		return w, h
	}
	scale := float64(side) / float64(longest)
	return max(1, int(math.Round(float64(w)*scale))), max(1, int(math.Round(float64(h)*scale)))
}
