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
	"github.com/tepin/tepin/render/animation"
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
	press, err := newPress(o, rest, out)
	if err != nil {
		return err
	}
	return press.print()
}

// press renders one job.
type press struct {
	job    job
	doc    *document.Document
	assets render.Assets
	images map[string]picture
	cache  raster.Cache
	to     *sender
	pdf    *pdf.Writer // the file that is begun; nil = none
	inPDF  int         // records in it
	parts  int         // PDFs that were begun
	total  int64       // bytes of files
	sum    summary
	room   int // errors that the report may still list
}

// laid is one page of a record, laid out.
type laid struct {
	layout   string
	page     render.Page
	list     render.List
	timeline animation.Timeline
}

// picture is an image of the document: its bytes, and its pixels once they are needed.
type picture struct {
	data   []byte
	pixels image.Image
	info   raster.Info
}

// newPress reads the parts and the document.
func newPress(o order, parts io.Reader, out io.Writer) (*press, error) {
	p := &press{job: o.Job, to: newSender(out), room: maxReported, images: map[string]picture{}}
	p.assets = render.Assets{Images: map[string]render.ImageInfo{}, Fonts: text.Fonts{ByKey: map[string]*text.Font{}}}
	for _, part := range o.Parts {
		data := make([]byte, part.Size)
		if _, err := io.ReadFull(parts, data); err != nil {
			return nil, err
		}
		p.take(part, data)
	}
	p.takeBuiltin(o)
	p.assets.Absent = map[string]bool{}
	for _, data := range sample.Fallback() {
		font, err := text.ParseFont(data)
		if err != nil {
			return nil, err
		}
		p.assets.Fonts.Fallback = append(p.assets.Fonts.Fallback, font)
	}
	for _, n := range o.Job.Absent {
		if n.Kind == "font" {
			p.assets.Fonts.ByKey[n.Key] = p.assets.Fonts.Fallback[0]
		} else {
			p.assets.Absent[n.Key] = true
		}
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
		if info, err := raster.Probe(data); err == nil {
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

// print renders every layout and record of the job, and sends what it makes.
func (p *press) print() error {
	for record, values := range p.job.records() {
		sheets, good, err := p.sheets(record, values)
		if err != nil {
			return err
		}
		if !good && p.job.Options.Continue {
			continue
		}
		if !good {
			break
		}
		if err := p.record(record, sheets); err != nil {
			return err
		}
		p.sum.Successful++
	}
	if err := p.closePDF(); err != nil {
		return err
	}
	return p.to.finish(p.sum)
}

// record makes the files, or the part of a file, of one record.
func (p *press) record(record int, sheets []laid) error {
	switch p.job.Format {
	case tepin.PDF:
		return p.addPages(sheets)
	case tepin.HTML:
		return p.addHTML(record, sheets)
	}
	for i, s := range sheets {
		name := p.fileName(record, i, len(sheets))
		var err error
		switch p.job.Format {
		case tepin.GIF:
			err = p.addGIF(name, s)
		case tepin.MP4:
			err = p.addMP4(name, s)
		default:
			err = p.addImage(name, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sheets lays out one record, and tells whether nothing is wrong with it.
func (p *press) sheets(record int, values map[string]any) (sheets []laid, good bool, err error) {
	var issues []render.Issue
	for _, layout := range p.job.LayoutIDs {
		pages, found, err := p.doc.Pages(layout, values)
		if err != nil {
			return nil, false, inRecord(err, record, len(p.job.Variables))
		}
		issues = append(issues, found...)
		var timeline animation.Timeline
		if p.job.Format.Animated() {
			if timeline, found, err = p.doc.Timeline(layout); err != nil {
				return nil, false, err
			}
			issues = append(issues, found...)
		}
		for _, page := range pages {
			if p.job.Page != "" && page.ID != p.job.Page {
				continue
			}
			list, found := render.Build(page, p.assets)
			issues = append(issues, found...)
			if p.job.Watermark != "" {
				render.Watermark(&list, p.job.Watermark, p.assets.Fonts)
			}
			sheets = append(sheets, laid{layout, page, list, timeline})
		}
	}
	if len(issues) > 0 {
		if r := reported(record, issues, &p.room); len(r.Errors) > 0 {
			p.sum.Report = append(p.sum.Report, r)
		}
	}
	return sheets, !slices.ContainsFunc(issues, func(i render.Issue) bool { return !warning(i.Type) }), nil
}

// addImage makes a picture of a page.
func (p *press) addImage(name string, s laid) error {
	o := raster.Options{Scale: p.job.Scaling, Cache: &p.cache}
	if p.job.Format == tepin.JPG {
		o.Background = color.White
	}
	pixels, err := p.decode(s.list)
	if err != nil {
		return err
	}
	img, err := raster.Draw(s.list, pixels, o)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	contentType := "image/png"
	if p.job.Format == tepin.JPG || p.job.Sheet && img.Opaque() {
		contentType = "image/jpeg"
		err = p.encodeJPG(&b, img)
	} else {
		err = raster.EncodePNG(&b, img, 72*p.job.Scaling)
	}
	if err != nil {
		return err
	}
	p.sum.Units++
	return p.add(name, contentType, b.Bytes())
}

// encodeJPG writes a JPEG in the quality of the settings, or in the best one that the
// size of a file allows.
func (p *press) encodeJPG(b *bytes.Buffer, img *image.RGBA) error {
	limit := int(p.job.Options.MaxFileSize * 1000)
	fits := func(quality int) (bool, error) {
		b.Reset()
		err := raster.EncodeJPG(b, img, quality, 72*p.job.Scaling)
		return limit == 0 || b.Len() <= limit, err
	}
	if ok, err := fits(p.job.Quality); ok || err != nil {
		return err
	}
	low, high := 1, p.job.Quality // the lowest is taken untried: if it is too large, that is said
	for low < high-1 {
		middle := (low + high) / 2
		ok, err := fits(middle)
		if err != nil {
			return err
		}
		if ok {
			low = middle
		} else {
			high = middle
		}
	}
	_, err := fits(low)
	return err
}

// fileName numbers files where there are several.
func (p *press) fileName(record, page, pages int) string {
	name := plainName(p.job.Name)
	if len(p.job.Variables) > 0 {
		name += fmt.Sprintf("-%0*d", 1+int(math.Log10(float64(len(p.job.Variables)))), record+1)
	}
	if pages > 1 {
		name += fmt.Sprintf("-%d", page+1)
	}
	return name + "." + extension(p.job.Format)
}

// plainName is a name that every file system takes.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
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

// addPages adds a record's pages to the PDF, and begins another one where that has as
// many records as a file may have.
func (p *press) addPages(sheets []laid) error {
	if p.job.PerFile > 0 && p.inPDF == p.job.PerFile {
		if err := p.closePDF(); err != nil {
			return err
		}
	}
	if p.pdf == nil {
		if err := p.openPDF(); err != nil {
			return err
		}
	}
	for i := range sheets {
		list := sheets[i].list
		if p.job.Options.OutlineText {
			list = render.Outlined(list)
		}
		if err := p.pdf.Page(&list); err != nil {
			return err
		}
	}
	p.inPDF++
	return nil
}

func (p *press) openPDF() error {
	images := map[string]pdf.Image{}
	for key, pic := range p.images {
		images[key] = pdf.Image{
			Data: pic.data, Width: pic.info.Width, Height: pic.info.Height,
			Decoded: func() (image.Image, error) { return p.picture(key) }, Profile: raster.Profile(pic.data),
		}
	}
	p.parts++
	name := p.job.Name
	if p.job.Several {
		name = fmt.Sprintf("%s-%d", plainName(p.job.Name), p.parts)
	}
	if err := p.to.begin(file{Name: name + ".pdf", ContentType: "application/pdf"}); err != nil {
		return err
	}
	o := pdf.Options{Title: p.job.Name, Bleed: p.job.Bleed, Images: images, Producer: "Tepin", Created: p.job.Created, Version: p.job.Options.PDFVersion}
	if m := p.job.Options.CropMarks; m != nil {
		o.Marks = &pdf.Marks{Offset: m.Offset, Weight: m.Weight}
	}
	p.pdf, p.inPDF = pdf.NewWriter(limited{p}, o), 0
	return nil
}

// closePDF ends the file that is begun, if there is one.
func (p *press) closePDF() error {
	if p.pdf == nil {
		return nil
	}
	if err := p.pdf.Close(); err != nil {
		return err
	}
	p.pdf = nil
	p.sum.Units++
	return p.to.end()
}

var errOutputSize = tepin.Errorf(tepin.TooLarge, "the output is larger than %d MB; ask for fewer records or a lower scaling", MaxOutputBytes>>20)

// limited sends bytes of the file that is begun, as long as the output is not too large.
type limited struct{ *press }

func (l limited) Write(b []byte) (int, error) {
	if l.total += int64(len(b)); l.total > MaxOutputBytes {
		return 0, errOutputSize
	}
	return l.to.Write(b)
}

// add sends a whole file.
func (p *press) add(name, contentType string, data []byte) error {
	if err := p.to.begin(file{Name: name, ContentType: contentType}); err != nil {
		return err
	}
	if _, err := (limited{p}).Write(data); err != nil {
		return err
	}
	return p.to.end()
}
