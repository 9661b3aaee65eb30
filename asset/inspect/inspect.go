// Package inspect reads what a file of a picture, a drawing or a document says of itself:
// what it is, how large, in which colours. It decodes no pixels and reads no more of a
// file than it needs, whatever its length; it is run in a child process all the same.
package inspect

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/tepin/tepin"
)

// SniffLen is how many bytes of the beginning tell what a file is.
const SniffLen = 1024

// Info is what a file says of itself.
type Info struct {
	Extension   string            `json:"extension"` // "jpg"
	ContentType string            `json:"contentType"`
	Width       int               `json:"width"`  // as [tepin.Media] has it
	Height      int               `json:"height"` // 0 = the file does not tell
	Pages       int               `json:"pages"`
	Facts       map[string]string `json:"facts,omitempty"`       // named as in docs/media.md
	Illustrator bool              `json:"illustrator,omitempty"` // it is a PDF that Illustrator can edit: an AI file, if it is called so

	orientation int // EXIF, 0 = it says nothing
}

// Format is a kind of file.
type Format struct {
	Name        string // "JPEG"
	Extension   string
	ContentType string

	pixels bool     // it has them: their number is limited
	magic  []string // how it begins; '?' is any byte
	read   func(file, *Info) error
}

var formats = []Format{
	{"JPEG", "jpg", "image/jpeg", true, []string{"\xff\xd8\xff"}, readJPEG},
	{"PNG", "png", "image/png", true, []string{"\x89PNG\r\n\x1a\n"}, readPNG},
	{"GIF", "gif", "image/gif", true, []string{"GIF87a", "GIF89a"}, readGIF},
	{"WebP", "webp", "image/webp", true, []string{"RIFF????WEBP"}, readWebP},
	{"TIFF", "tif", "image/tiff", true, []string{"II*\x00", "MM\x00*"}, readTIFF},
	{"Photoshop", "psd", tepin.TypePhotoshop, true, []string{"8BPS"}, readPSD},
	{"PDF", "pdf", tepin.TypePDF, false, []string{"%PDF-"}, readPDF},
	{"EPS", "eps", tepin.TypePostScript, false, []string{"%!PS", "\x04%!PS", dosEPS}, readEPS},
}

var svg = Format{"SVG", "svg", tepin.TypeSVG, false, nil, readSVG}

// Accepted names all formats, for messages.
const Accepted = "JPG, PNG, GIF, WebP, TIFF, SVG, PDF, PSD, AI or EPS"

// refused are kinds of files that people try, and what to do instead.
var refused = []struct{ magic, what string }{
	{"PK\x03\x04", "a zip archive; unpack it and upload the files one by one"},
	{"\x1f\x8b", "compressed by gzip, as an SVGZ is; unpack it and upload the SVG"},
	{"II+\x00", "a BigTIFF; save it as plain TIFF"},
	{"MM\x00+", "a BigTIFF; save it as plain TIFF"},
	{"????ftypavif", "an AVIF picture; convert it to PNG or JPG"},
	{"????ftyphei", "a HEIC picture; convert it to JPG"},
	{"????ftypmif1", "a HEIC picture; convert it to JPG"},
	{"????ftyp", "a film; media are " + Accepted},
	{"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture; convert it to JPG or TIFF"},
	{"BM", "a BMP picture; convert it to PNG"},
	{"\xfe\xff", "text in UTF-16; if it is an SVG, save it in UTF-8"},
	{"\xff\xfe", "text in UTF-16; if it is an SVG, save it in UTF-8"},
}

// Sniff tells from its first [SniffLen] bytes what a file is. Unsupported: nothing that
// is kept as media. What markup is, only [Read] sees.
func Sniff(head []byte) (Format, error) {
	if len(head) == 0 {
		return Format{}, tepin.Errorf(tepin.Invalid, "the file is empty")
	}
	for _, f := range formats {
		for _, magic := range f.magic {
			if begins(head, magic) {
				return f, nil
			}
		}
	}
	for _, k := range refused {
		if begins(head, k.magic) {
			return Format{}, tepin.Errorf(tepin.Unsupported, "the file is %s", k.what)
		}
	}
	text := strings.ToLower(strings.TrimLeft(strings.TrimPrefix(string(head), "\ufeff"), " \t\r\n"))
	switch {
	case slices.ContainsFunc([]string{"<!doctype html", "<html", "<head", "<body", "<script"}, func(tag string) bool { return strings.HasPrefix(text, tag) }):
		return Format{}, tepin.Errorf(tepin.Unsupported, "the file is markup of a web page, not a picture; upload %s", Accepted)
	case strings.HasPrefix(text, "<"):
		return svg, nil
	}
	return Format{}, tepin.Errorf(tepin.Unsupported, "the file is not of a known kind; upload %s", Accepted)
}

func begins(head []byte, magic string) bool {
	if len(head) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && head[i] != magic[i] {
			return false
		}
	}
	return true
}

// Read reads what a file says of itself. Unprocessable: it is damaged, beyond the limits
// of [tepin.MaxImageSide] and [tepin.MaxImagePixels], or holds what is not taken; an
// error of the source is returned as it is.
func Read(source *io.SectionReader) (Info, error) {
	f := file{source}
	head, err := f.upTo(0, SniffLen)
	if err != nil {
		return Info{}, err
	}
	format, err := Sniff(head)
	if err != nil {
		return Info{}, err
	}
	info := Info{Extension: format.Extension, ContentType: format.ContentType, Pages: 1, Facts: map[string]string{}}
	if err = guarded(format, f, &info); err == nil {
		err = checkEnd(format.Name, f)
	}
	switch {
	case errors.Is(err, errEnd), errors.Is(err, errDamaged):
		return Info{}, &tepin.Error{Kind: tepin.Unprocessable, Message: "the " + format.Name + " file is damaged or cut off; save it again and upload that", Cause: err}
	case err != nil:
		return Info{}, err
	}
	if info.orientation > 4 {
		info.Width, info.Height = info.Height, info.Width
	}
	if info.orientation > 1 {
		info.Facts["orientation"] = strconv.Itoa(info.orientation)
	}
	if format.pixels {
		err = checkSize(info.Width, info.Height)
	}
	return info, err
}

// guarded keeps a mistake in a reader from being worse than a refusal.
func guarded(format Format, f file, info *Info) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return format.read(f, info)
}

func checkSize(width, height int) error {
	switch {
	case width <= 0 || height <= 0:
		return tepin.Errorf(tepin.Unprocessable, "the picture is empty: its header says %d × %d pixels", width, height)
	case width > tepin.MaxImageSide || height > tepin.MaxImageSide || width > tepin.MaxImagePixels/height:
		return tepin.Errorf(tepin.Unprocessable, "the picture has %d × %d pixels; at most %d a side and %d million in all can be used: choose a smaller one",
			width, height, tepin.MaxImageSide, tepin.MaxImagePixels/1_000_000)
	}
	return nil
}

// Facts are the names of all that a file can say of itself.
var Facts = []string{"animated", "bitsPerChannel", "camera", "colorProfile", "colorSpace", "copyright", "creator", "dateTaken", "description", "encrypted",
	"externalReferences", "lens", "orientation", "pdfVersion", "resolution", "size", "software", "title", "transparency", "trimSize"}

// maxFact is how many characters of one fact are kept.
const maxFact = 500

// say notes a fact, as one line of plain text. An empty one is none.
func (i *Info) say(name, text string) {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == unicode.ReplacementChar, r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		case unicode.IsControl(r), unicode.IsSpace(r), r == '\u2028', r == '\u2029':
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxFact {
		text = string(runes[:maxFact]) + "…"
	}
	if text != "" {
		i.Facts[name] = text
	}
}

// sayResolution notes pixels an inch, across and down.
func (i *Info) sayResolution(x, y float64) {
	const most = 100_000
	if !(x >= 1 && x <= most && y >= 1 && y <= most) {
		return
	}
	text := number(x)
	if number(y) != text {
		text += " × " + number(y)
	}
	i.say("resolution", text)
}

// number writes at most two decimals.
func number(x float64) string {
	s := strconv.FormatFloat(x, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
