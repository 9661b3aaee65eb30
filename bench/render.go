package main

import (
	"fmt"
	"image"
	"io"
	"syscall"
	"time"

	"github.com/tepin/tepin/document"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/pdf"
	"github.com/tepin/tepin/render/raster"
	"github.com/tepin/tepin/render/text"
	"github.com/tepin/tepin/sample"
)

// page is the sample's A4 poster, ready to be laid out.
type page struct {
	raw     []byte
	picture []byte
	fonts   text.Fonts
}

func samplePage() (*page, error) {
	_, picture := sample.Media()
	p := &page{picture: picture, raw: sample.Template(nil, ""), fonts: text.Fonts{ByKey: map[string]*text.Font{}}}
	doc, err := document.Parse(p.raw)
	if err != nil {
		return nil, err
	}
	faces := map[string]*text.Font{}
	for _, f := range sample.Fonts() {
		if faces[f.Family+" "+f.Style], err = text.ParseFont(f.Data); err != nil {
			return nil, err
		}
	}
	for _, a := range doc.Assets("poster") {
		if a.Kind == "font" {
			p.fonts.ByKey[a.Key] = faces[a.ID]
		}
	}
	for _, data := range sample.Fallback() {
		font, err := text.ParseFont(data)
		if err != nil {
			return nil, err
		}
		p.fonts.Fallback = append(p.fonts.Fallback, font)
	}
	return p, nil
}

// list parses and lays the page out, as each render does.
func (p *page) list() (render.List, string, error) {
	doc, err := document.Parse(p.raw)
	if err != nil {
		return render.List{}, "", err
	}
	info, err := raster.Probe(p.picture)
	if err != nil {
		return render.List{}, "", err
	}
	assets := render.Assets{Fonts: p.fonts, Images: map[string]render.ImageInfo{}}
	var key string
	for _, a := range doc.Assets("poster") {
		if a.Kind == "image" {
			key = a.Key
			assets.Images[key] = render.ImageInfo{Width: info.Width, Height: info.Height}
		}
	}
	pages, _, err := doc.Pages("poster", nil)
	if err != nil {
		return render.List{}, "", err
	}
	list, issues := render.Build(pages[0], assets)
	if len(issues) > 0 {
		return list, key, fmt.Errorf("the sample page has issues: %v", issues)
	}
	return list, key, nil
}

// png renders the page from nothing but its bytes: picture decoded, scaled, encoded.
func (p *page) png(dpi float64) error {
	list, key, err := p.list()
	if err != nil {
		return err
	}
	img, err := raster.DecodeImage(p.picture, 100_000_000)
	if err != nil {
		return err
	}
	drawn, err := raster.Draw(list, map[string]image.Image{key: img}, raster.Options{Scale: dpi / 72})
	if err != nil {
		return err
	}
	return raster.EncodePNG(io.Discard, drawn, dpi)
}

func (p *page) pdf() error {
	list, key, err := p.list()
	if err != nil {
		return err
	}
	info, err := raster.Probe(p.picture)
	if err != nil {
		return err
	}
	images := map[string]pdf.Image{key: {Data: p.picture, Width: info.Width, Height: info.Height,
		Decoded: func() (image.Image, error) { return raster.DecodeImage(p.picture, 100_000_000) }}}
	return pdf.Write(io.Discard, []render.List{list}, pdf.Options{Title: "sample", Images: images})
}

// benchRender prints the least processor time of a few renders: what other load on
// the machine adds is not ours.
func benchRender() error {
	p, err := samplePage()
	if err != nil {
		return err
	}
	for _, b := range []struct {
		name string
		do   func() error
	}{
		{"sample A4 page, PNG at 150 dpi", func() error { return p.png(150) }},
		{"sample A4 page, PNG at 300 dpi", func() error { return p.png(300) }},
		{"sample A4 page, PDF", p.pdf},
	} {
		best := time.Hour
		for range 10 {
			before := cpuTime()
			if err := b.do(); err != nil {
				return fmt.Errorf("%s: %w", b.name, err)
			}
			best = min(best, cpuTime()-before)
		}
		fmt.Printf("%-31s %6.1f CPU ms  (laid out, picture decoded and scaled, encoded)\n", b.name, float64(best.Microseconds())/1000)
	}
	return nil
}

// cpuTime is the processor time of this process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
