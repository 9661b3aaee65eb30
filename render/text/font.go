package text

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/harfbuzz"

	"github.com/tepin/tepin"
)

// Segment is a step of a glyph's outline in font units, y up. The operations are
// MoveTo, LineTo, QuadTo and CubeTo, in this order; each sub-path is closed.
type Segment = opentype.Segment

// Font is one static TrueType or OpenType font. It keeps shaping caches: one
// goroutine uses it at a time.
type Font struct {
	data   []byte
	name   string
	cff    bool
	glyphs int
	face   *font.Face
	shape  *harfbuzz.Font
	buf    *harfbuzz.Buffer

	ascent, descent float64
}

// ParseFont reads a TrueType or OpenType font. The error says why a file cannot be
// used: not a font, packed for the web, a collection, variable, damaged.
func ParseFont(data []byte) (f *Font, err error) {
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, damaged(fmt.Errorf("%v", p))
		}
	}()
	if err := checkDirectory(data); err != nil {
		return nil, err
	}
	loader, err := opentype.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, damaged(err)
	}
	parsed, err := font.NewFont(loader)
	if err != nil {
		return nil, damaged(err)
	}
	if upem := parsed.Upem(); upem < 16 || upem > 16384 {
		return nil, tepin.Errorf(tepin.Unprocessable, "the font is damaged: %d units per em; choose another file of it", upem)
	}
	glyphs := glyphCount(loader)
	if err := checkGlyphs(loader, glyphs); err != nil {
		return nil, err
	}
	face := font.NewFace(parsed)
	f = &Font{
		data:   data,
		name:   nameOf(loader, namePostScript),
		cff:    loader.HasTable(tagCFF),
		glyphs: glyphs,
		face:   face,
		shape:  harfbuzz.NewFont(face),
		buf:    harfbuzz.NewBuffer(),
	}
	if f.name == "" {
		f.name = nameOf(loader, nameFull)
	}
	f.ascent, f.descent = 0.8, 0.2
	if e, ok := face.FontHExtents(); ok && e.Ascender > e.Descender {
		f.ascent, f.descent = f.em(e.Ascender), -f.em(e.Descender)
	}
	return f, nil
}

// Data returns the file's bytes.
func (f *Font) Data() []byte { return f.data }

// Name returns the PostScript name, or the full name of a font without one.
func (f *Font) Name() string { return f.name }

// UnitsPerEm returns the font's resolution.
func (f *Font) UnitsPerEm() float64 { return float64(f.face.Upem()) }

// Ascent returns the height above the baseline, in em.
func (f *Font) Ascent() float64 { return f.ascent }

// Descent returns the depth below the baseline, in em, positive.
func (f *Font) Descent() float64 { return f.descent }

// Advance returns a glyph's own width in em, before kerning.
func (f *Font) Advance(gid uint32) float64 {
	if gid >= uint32(f.glyphs) {
		return 0
	}
	return f.em(f.face.HorizontalAdvance(font.GID(gid)))
}

// Outline returns a glyph's outline, nil for a blank or unknown glyph.
func (f *Font) Outline(gid uint32) (outline []Segment) {
	defer func() {
		if recover() != nil { // a damaged glyph is a blank one
			outline = nil
		}
	}()
	if gid >= uint32(f.glyphs) {
		return nil
	}
	o, _ := f.face.GlyphDataOutline(font.GID(gid))
	return o.Segments
}

// IsCFF reports whether the outlines are PostScript ones.
func (f *Font) IsCFF() bool { return f.cff }

// NumGlyphs returns the number of glyphs.
func (f *Font) NumGlyphs() int { return f.glyphs }

// Has reports whether the font has a glyph for a character.
func (f *Font) Has(r rune) bool {
	gid, ok := f.face.NominalGlyph(r)
	return ok && gid != 0
}

// underline returns the top of the underline above the baseline and its thickness, in
// em.
func (f *Font) underline() (top, thickness float64) {
	return f.bar(font.UnderlinePosition, font.UnderlineThickness, -0.1)
}

// strikethrough is as underline.
func (f *Font) strikethrough() (top, thickness float64) {
	return f.bar(font.StrikethroughPosition, font.StrikethroughThickness, 0.3)
}

// bar reads a line's metrics and falls back to usual ones where the font has none or
// absurd ones.
func (f *Font) bar(position, thickness font.LineMetric, usual float64) (top, thick float64) {
	top, thick = f.em(f.face.LineMetric(position)), f.em(f.face.LineMetric(thickness))
	if thick <= 0 || thick > 0.5 {
		thick = 0.05
	}
	if top == 0 || top < -1 || top > 1 {
		top = usual
	}
	return top, thick
}

// em turns font units into em.
func (f *Font) em(units float32) float64 { return float64(units) / f.UnitsPerEm() }

// glyphCount reads maxp, which has been found to be sound.
func glyphCount(loader *opentype.Loader) int {
	maxp, err := loader.RawTable(tagMaxp)
	if err != nil || len(maxp) < 6 {
		return 0
	}
	return int(binary.BigEndian.Uint16(maxp[4:]))
}

var (
	tagMaxp = opentype.MustNewTag("maxp")
	tagGlyf = opentype.MustNewTag("glyf")
	tagCFF  = opentype.MustNewTag("CFF ")
	tagFvar = opentype.MustNewTag("fvar")
)

// checkDirectory refuses what is not one static font with outlines, and tables that
// lie outside the file, before anything is allocated for them.
func checkDirectory(data []byte) error {
	const headerSize, entrySize = 12, 16
	if len(data) > tepin.MaxFont {
		return tepin.Errorf(tepin.TooLarge, "the font has %d MB; at most %d MB can be used", len(data)>>20, tepin.MaxFont>>20)
	}
	if len(data) < headerSize {
		return tepin.Errorf(tepin.Unprocessable, "this is not a font: choose a .ttf or .otf file")
	}
	switch string(data[:4]) {
	case "\x00\x01\x00\x00", "true", "OTTO":
	case "wOFF", "wOF2":
		return tepin.Errorf(tepin.Unprocessable, "the font is packed for the web (WOFF); upload its .ttf or .otf file")
	case "ttcf":
		return tepin.Errorf(tepin.Unprocessable, "the file is a collection of several fonts; upload each as a .ttf or .otf file of its own")
	default:
		return tepin.Errorf(tepin.Unprocessable, "this is not a font: choose a .ttf or .otf file")
	}
	has := map[opentype.Tag]bool{}
	entries := data[headerSize:]
	for i := range int(binary.BigEndian.Uint16(data[4:])) {
		if len(entries) < (i+1)*entrySize {
			return tepin.Errorf(tepin.Unprocessable, "the font is cut off in its table directory; upload the file again")
		}
		entry := entries[i*entrySize:][:entrySize]
		offset, length := uint64(binary.BigEndian.Uint32(entry[8:])), uint64(binary.BigEndian.Uint32(entry[12:]))
		if offset+length > uint64(len(data)) {
			return tepin.Errorf(tepin.Unprocessable, "the font is cut off: table %q ends beyond the file's end; upload the file again", entry[:4])
		}
		has[opentype.Tag(binary.BigEndian.Uint32(entry))] = true
	}
	switch {
	case has[tagFvar]:
		return tepin.Errorf(tepin.Unprocessable, "the font is variable; upload its static styles, one file each")
	case !has[tagGlyf] && !has[tagCFF]:
		return tepin.Errorf(tepin.Unprocessable, "the font has no outlines (tables glyf or CFF); fonts of bitmaps cannot be used")
	}
	return nil
}

func damaged(cause error) error {
	return &tepin.Error{Kind: tepin.Unprocessable, Message: "the font is damaged; choose another file of it", Cause: cause}
}
