package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/document"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/pdf"
	"github.com/tepin/tepin/render/raster"
	"github.com/tepin/tepin/render/text"
	"github.com/tepin/tepin/sample"
)

// renderChild is what happens in the render child: an order and its parts in, an
// answer and its files out.
func renderChild(in io.Reader, out io.Writer) error {
	dec := json.NewDecoder(in)
	var o order
	if err := dec.Decode(&o); err != nil {
		return err
	}
	rest := io.MultiReader(dec.Buffered(), in)
	if _, err := io.ReadFull(rest, make([]byte, 1)); err != nil { // the newline after the order
		return err
	}
	press, err := newPress(o, rest)
	if err != nil {
		return err
	}
	a, files, err := press.print()
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(a); err != nil {
		return err
	}
	for _, f := range files {
		if _, err := out.Write(f); err != nil {
			return err
		}
	}
	return nil
}

// press renders one job.
type press struct {
	job    job
	doc    *document.Document
	assets render.Assets
	images map[string]picture
	cache  raster.Cache
	files  []file
	bytes  [][]byte
	total  int64
	report []recordReport
	room   int // errors that the report may still list
}

// picture is an image of the document: its bytes, and its pixels once they are needed.
type picture struct {
	data   []byte
	pixels image.Image
	info   raster.Info
}

// newPress reads the parts and the document.
func newPress(o order, parts io.Reader) (*press, error) {
	p := &press{job: o.Job, room: maxReported, images: map[string]picture{}}
	p.assets = render.Assets{Images: map[string]render.ImageInfo{}, Fonts: text.Fonts{ByKey: map[string]*text.Font{}}}
	for _, part := range o.Parts {
		data := make([]byte, part.Size)
		if _, err := io.ReadFull(parts, data); err != nil {
			return nil, err
		}
		p.take(part, data)
	}
	p.takeBuiltin(o)
	for _, data := range sample.Fallback() {
		font, err := text.ParseFont(data)
		if err != nil {
			return nil, err
		}
		p.assets.Fonts.Fallback = append(p.assets.Fonts.Fallback, font)
	}
	var err error
	p.doc, err = document.Parse(o.Job.Document)
	return p, err
}

// take reads one part. One that cannot be read is left out, so that the report
// names the frame that misses it.
func (p *press) take(part part, data []byte) {
	switch part.Kind {
	case "font":
		if font, err := text.ParseFont(data); err == nil {
			p.assets.Fonts.ByKey[part.Key] = font
		}
	case "image":
		if info, err := raster.Probe(bytes.NewReader(data)); err == nil {
			p.images[part.Key] = picture{data: data, info: info}
			p.assets.Images[part.Key] = render.ImageInfo{Width: info.Width, Height: info.Height}
		}
	}
}

// takeBuiltin gives the document what it refers to of the sample by name, where the
// environment has nothing of that name.
func (p *press) takeBuiltin(o order) {
	for _, n := range o.Job.Needs {
		given := slices.ContainsFunc(o.Parts, func(part part) bool { return part.Kind == n.Kind && part.Key == n.Key })
		if data := sample.Builtin(n.ID); data != nil && !given {
			p.take(part{Kind: n.Kind, Key: n.Key}, data)
		}
	}
}

// print renders every layout and record of the job.
func (p *press) print() (answer, [][]byte, error) {
	var all []render.List
	for record, values := range p.job.records() {
		lists, err := p.pages(record, values)
		if err != nil {
			return answer{}, nil, err
		}
		if p.job.Format == tepin.PDF {
			all = append(all, lists...)
			continue
		}
		if err := p.addImages(record, lists); err != nil {
			return answer{}, nil, err
		}
	}
	if len(all) > 0 {
		if err := p.addPDF(all); err != nil {
			return answer{}, nil, err
		}
	}
	return answer{Report: p.report, Files: p.files}, p.bytes, nil
}

// pages lays out one record.
func (p *press) pages(record int, values map[string]any) ([]render.List, error) {
	var lists []render.List
	var issues []render.Issue
	for _, layout := range p.job.LayoutIDs {
		pages, found, err := p.doc.Pages(layout, values)
		if err != nil {
			return nil, inRecord(err, record, len(p.job.Variables))
		}
		issues = append(issues, found...)
		for _, page := range pages {
			if p.job.Page != "" && page.ID != p.job.Page {
				continue
			}
			list, found := render.Build(page, p.assets)
			issues = append(issues, found...)
			if p.job.Watermark != "" {
				render.Watermark(&list, p.job.Watermark, p.assets.Fonts)
			}
			lists = append(lists, list)
		}
	}
	if len(issues) > 0 {
		if r := reported(record, issues, &p.room); len(r.Errors) > 0 {
			p.report = append(p.report, r)
		}
	}
	return lists, nil
}

// addImages makes one file of each page.
func (p *press) addImages(record int, lists []render.List) error {
	for i, list := range lists {
		pixels, err := p.decode(list)
		if err != nil {
			return err
		}
		o := raster.Options{Scale: p.job.Scaling, Cache: &p.cache}
		if p.job.Format == tepin.JPG {
			o.Background = color.White
		}
		img, err := raster.Draw(list, pixels, o)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		contentType := "image/png"
		if p.job.Format == tepin.JPG || p.job.Sheet && img.Opaque() {
			contentType = "image/jpeg"
			err = raster.EncodeJPG(&b, img, p.job.Quality, 72*p.job.Scaling)
		} else {
			err = raster.EncodePNG(&b, img, 72*p.job.Scaling)
		}
		if err != nil {
			return err
		}
		if err := p.add(p.fileName(record, i, len(lists)), contentType, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// fileName numbers files where there are several.
func (p *press) fileName(record, page, pages int) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, p.job.Name)
	if len(p.job.Variables) > 0 {
		name += fmt.Sprintf("-%0*d", 1+int(math.Log10(float64(len(p.job.Variables)))), record+1)
	}
	if pages > 1 {
		name += fmt.Sprintf("-%d", page+1)
	}
	return name + "." + extension(p.job.Format)
}

// decode reads the pixels of the images that a page draws.
func (p *press) decode(list render.List) (map[string]image.Image, error) {
	pixels := map[string]image.Image{}
	for _, op := range list.Ops {
		if op.Image == nil {
			continue
		}
		img, err := p.picture(op.Image.Key)
		if err != nil {
			return nil, err
		}
		pixels[op.Image.Key] = img
	}
	return pixels, nil
}

// picture decodes an image once.
func (p *press) picture(key string) (image.Image, error) {
	pic := p.images[key]
	if pic.pixels == nil {
		var err error
		if pic.pixels, err = raster.DecodeImage(pic.data, tepin.MaxImagePixels); err != nil {
			return nil, err
		}
		p.images[key] = pic
	}
	return pic.pixels, nil
}

// addPDF makes one file of all pages.
func (p *press) addPDF(lists []render.List) error {
	images := map[string]pdf.Image{}
	for key, pic := range p.images {
		images[key] = pdf.Image{
			Data: pic.data, Width: pic.info.Width, Height: pic.info.Height,
			Decoded: func() (image.Image, error) { return p.picture(key) },
		}
	}
	var b bytes.Buffer
	err := pdf.Write(&b, lists, pdf.Options{Title: p.job.Name, Bleed: p.job.Bleed, Images: images, Producer: "Tepin", Created: p.job.Created})
	if err != nil {
		return err
	}
	return p.add(p.job.Name+".pdf", "application/pdf", b.Bytes())
}

var errOutputSize = tepin.Errorf(tepin.TooLarge, "the output is larger than %d MB; ask for fewer records or a lower scaling", MaxOutputBytes>>20)

var errFiles = tepin.Errorf(tepin.TooLarge, "the output has more than %d files; split the records over several requests", MaxFiles)

func (p *press) add(name, contentType string, data []byte) error {
	if len(p.files) == MaxFiles {
		return errFiles
	}
	if p.total += int64(len(data)); p.total > MaxOutputBytes {
		return errOutputSize
	}
	p.files = append(p.files, file{Name: name, ContentType: contentType, Size: int64(len(data))})
	p.bytes = append(p.bytes, data)
	return nil
}
