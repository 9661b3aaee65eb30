package raster

import (
	"errors"
	"image"
	"image/color"

	ink4 "github.com/tepin/tepin/render/color"
)

// This file makes pixels of the channels of a Photoshop file.

// lights reads red, green, blue, and transparency.
func (d *psdReader) lights() (image.Image, error) {
	img := d.opaque()
	for c := range 3 {
		if err := d.channel(c, func(y int, row []byte) { spread(img.Pix[y*img.Stride+c:], row) }); err != nil {
			return nil, err
		}
	}
	if !d.transparent(3) {
		return img, nil
	}
	return img, d.channel(3, func(y int, row []byte) {
		pix := img.Pix[y*img.Stride:]
		for x, a := range row {
			p := pix[4*x : 4*x+4 : 4*x+4]
			for c := range 3 {
				p[c] = offWhite(p[c], a)
			}
			p[3] = a
		}
	})
}

// offWhite returns the colour that, with the alpha, looks as v on white: a composite
// stands on white where it is transparent.
func offWhite(v, alpha uint8) uint8 {
	if alpha == 0 || alpha == 255 {
		return v
	}
	a := int(alpha)
	return uint8(min(max((255*(int(v)-255+a)+a/2)/a, 0), 255))
}

// transparent reports whether a channel behind so many colours is transparency.
func (d *psdReader) transparent(colours int) bool { return d.alpha && d.header.channels > colours }

// opaque is a picture without transparency.
func (d *psdReader) opaque() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, d.header.width, d.header.height))
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	return img
}

// spread writes every fourth byte.
func spread(to, row []byte) {
	for x, v := range row {
		to[4*x] = v
	}
}

// inks reads cyan, magenta, yellow and black, which are stored as what they leave of
// the paper, and transparency.
func (d *psdReader) inks() (image.Image, error) {
	img := image.NewCMYK(image.Rect(0, 0, d.header.width, d.header.height))
	for c := range 4 {
		err := d.channel(c, func(y int, row []byte) {
			pix := img.Pix[y*img.Stride+c:]
			for x, v := range row {
				pix[4*x] = 255 - v
			}
		})
		if err != nil {
			return nil, err
		}
	}
	if !d.transparent(4) {
		return img, nil
	}
	seen := &image.NRGBA{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect} // in the same memory
	return seen, d.channel(4, func(y int, row []byte) {
		pix := img.Pix[y*img.Stride:]
		for x, a := range row {
			p := pix[4*x : 4*x+4 : 4*x+4]
			p[0], p[1], p[2] = ink4.CMYK8(p[0], p[1], p[2], p[3])
			p[3] = a
		}
	})
}

// shades reads one channel: grey, or places in a palette; and transparency of grey.
func (d *psdReader) shades() (image.Image, error) {
	size := image.Rect(0, 0, d.header.width, d.header.height)
	if d.header.mode == psdIndexed {
		if len(d.palette) < 768 {
			return nil, errors.New("psd: the palette is too short")
		}
		colours := make(color.Palette, 256)
		for i := range colours {
			colours[i] = color.NRGBA{d.palette[i], d.palette[256+i], d.palette[512+i], 255}
		}
		img := image.NewPaletted(size, colours)
		return img, d.channel(0, func(y int, row []byte) { copy(img.Pix[y*img.Stride:], row) })
	}
	if !d.transparent(1) {
		img := image.NewGray(size)
		return img, d.channel(0, func(y int, row []byte) { copy(img.Pix[y*img.Stride:], row) })
	}
	img := d.opaque()
	err := d.channel(0, func(y int, row []byte) {
		for c := range 3 {
			spread(img.Pix[y*img.Stride+c:], row)
		}
	})
	if err != nil {
		return nil, err
	}
	return img, d.channel(1, func(y int, row []byte) {
		pix := img.Pix[y*img.Stride:]
		for x, a := range row {
			p := pix[4*x : 4*x+4 : 4*x+4]
			g := offWhite(p[0], a)
			p[0], p[1], p[2], p[3] = g, g, g, a
		}
	})
}
