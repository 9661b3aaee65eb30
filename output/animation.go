package output

import (
	"image"
	"math"

	"github.com/tepin/tepin/render/animation"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/gif"
	"github.com/tepin/tepin/render/raster"
)

// film draws the moments of a page.
type film struct {
	press  *press
	scene  *animation.Scene
	images map[string]image.Image
	scale  float64
}

func (p *press) film(s laid) (*film, error) {
	images, err := p.decode(s.list)
	return &film{p, animation.NewScene(s.page, s.list, s.timeline), images, p.job.Scaling}, err
}

// at draws a moment.
func (f *film) at(ms float64) (*image.RGBA, error) {
	return raster.Draw(f.scene.At(ms), f.images, raster.Options{Scale: f.scale, Background: color.White, Cache: &f.press.cache})
}

// addGIF makes an animated GIF of a page; of one that does not move, a picture.
func (p *press) addGIF(name string, s laid) error {
	f, err := p.film(s)
	if err != nil {
		return err
	}
	if err := p.to.begin(file{Name: name, ContentType: "image/gif"}); err != nil {
		return err
	}
	p.sum.Units += s.timeline.Seconds()
	fps := p.job.Options.FPS
	frames := s.timeline.Frames(float64(fps))
	colors, err := f.colors()
	if err != nil {
		return err
	}
	first, err := f.at(0)
	if err != nil {
		return err
	}
	if f.scene.Still() {
		frames = 1
	}
	g, err := gif.NewWriter(limited{p}, first.Rect.Dx(), first.Rect.Dy(), colors, frames > 1)
	if err != nil {
		return err
	}
	// A GIF counts hundredths of a second: the frames begin at those that are nearest.
	begins := func(frame int) int { return int(math.Round(100 * float64(frame) / float64(fps))) }
	for i := range frames {
		img := first
		if i > 0 {
			if img, err = f.at(1000 * float64(i) / float64(fps)); err != nil {
				return err
			}
		}
		if err := g.Frame(img, begins(i+1)-begins(i)); err != nil {
			return err
		}
	}
	if err := g.Close(); err != nil {
		return err
	}
	return p.to.end()
}

// colors counts the colours of moments that lie all over the animation.
func (f *film) colors() (*gif.Histogram, error) {
	const moments = 16
	var h gif.Histogram
	length, n := f.scene.Timeline().Length, moments
	if f.scene.Still() {
		n = 1
	}
	for i := range n {
		img, err := f.at(length * float64(i) / moments)
		if err != nil {
			return nil, err
		}
		h.Add(img, img.Rect)
	}
	return &h, nil
}

// addMP4 sends the pictures of a video. Its sides are even, as the colours of videos need
// it: an odd one's last pixel is there twice.
func (p *press) addMP4(name string, s laid) error {
	f, err := p.film(s)
	if err != nil {
		return err
	}
	timeline := s.timeline
	if !(timeline.Length > 0) {
		timeline.Length = float64(stillVideo.Milliseconds())
	}
	p.sum.Units += timeline.Seconds()
	fps := p.job.Options.FPS
	var picture *image.RGBA
	for i := range timeline.Frames(float64(fps)) {
		if picture == nil || !f.scene.Still() {
			drawn, err := f.at(1000 * float64(i) / float64(fps))
			if err != nil {
				return err
			}
			picture = even(drawn)
		}
		if i == 0 {
			if err := p.to.begin(file{Name: name, ContentType: "video/mp4", Video: &video{Width: picture.Rect.Dx(), Height: picture.Rect.Dy(), FPS: fps}}); err != nil {
				return err
			}
		}
		if _, err := p.to.Write(picture.Pix); err != nil {
			return err
		}
	}
	return p.to.end()
}

// even returns a picture with even sides.
func even(img *image.RGBA) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if w%2 == 0 && h%2 == 0 {
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, w+w%2, h+h%2))
	for y := range out.Rect.Dy() {
		row := out.Pix[y*out.Stride:][:out.Stride]
		copy(row, img.Pix[min(y, h-1)*img.Stride:][:4*w])
		copy(row[4*w:], row[4*(w-1):4*w])
	}
	return out
}
