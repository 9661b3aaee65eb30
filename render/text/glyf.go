package text

import (
	"encoding/binary"

	"github.com/go-text/typesetting/font/opentype"

	"github.com/tepin/tepin"
)

// maxGlyphPoints is how many points a glyph may have with all its components. Glyphs
// made of glyphs made of glyphs can otherwise be millions from a few hundred bytes.
const maxGlyphPoints = 100_000

var tagLoca = opentype.MustNewTag("loca")

// checkGlyphs refuses fonts with a glyph that grows beyond measure.
func checkGlyphs(loader *opentype.Loader, glyphs int) error {
	head, err := loader.RawTable(tagHead)
	if err != nil || len(head) < 54 {
		return nil // without a head there is no font: the parser says so
	}
	loca, err := loader.RawTable(tagLoca)
	if err != nil {
		return nil
	}
	glyf, err := loader.RawTable(tagGlyf)
	if err != nil {
		return nil
	}
	w := glyphWalker{glyf: glyf, loca: loca, long: binary.BigEndian.Uint16(head[50:]) != 0, points: make([]int, glyphs)}
	for gid := range glyphs {
		if w.count(gid, 0) > maxGlyphPoints {
			return tepin.Errorf(tepin.Unprocessable, "the font is damaged: glyph %d has more than %d points; choose another file of it", gid, maxGlyphPoints)
		}
	}
	return nil
}

// glyphWalker counts the points of TrueType glyphs.
type glyphWalker struct {
	glyf, loca []byte
	long       bool  // the form of loca
	points     []int // known counts, each one more; 0 = not known
}

// data returns a glyph's bytes, nil for a blank or damaged one.
func (w *glyphWalker) data(gid int) []byte {
	offset := func(i int) uint64 {
		if w.long {
			if 4*i+4 > len(w.loca) {
				return 0
			}
			return uint64(binary.BigEndian.Uint32(w.loca[4*i:]))
		}
		if 2*i+2 > len(w.loca) {
			return 0
		}
		return 2 * uint64(binary.BigEndian.Uint16(w.loca[2*i:]))
	}
	from, to := offset(gid), offset(gid+1)
	if from >= to || to > uint64(len(w.glyf)) || to-from < 10 {
		return nil
	}
	return w.glyf[from:to]
}

// count returns how many points a glyph has at least; beyond maxGlyphPoints it stops.
func (w *glyphWalker) count(gid, depth int) int {
	const deepest = 32 // the parser goes 20 deep
	if gid >= len(w.points) || depth > deepest {
		return 0
	}
	if w.points[gid] > 0 {
		return w.points[gid] - 1
	}
	w.points[gid] = 1 // within itself it is left out
	total := 0
	data := w.data(gid)
	if data == nil {
		return 0
	}
	if contours := int(int16(binary.BigEndian.Uint16(data))); contours >= 0 {
		if end := 10 + 2*contours; contours > 0 && end <= len(data) {
			total = int(binary.BigEndian.Uint16(data[end-2:])) + 1
		}
	} else {
		for _, component := range components(data[10:]) {
			if total += 1 + w.count(component, depth+1); total > maxGlyphPoints {
				break
			}
		}
	}
	w.points[gid] = total + 1
	return total
}

// components returns the glyphs that a composite glyph names (glyf, composite glyph
// description).
func components(data []byte) []int {
	const wordArgs, scale, more, xyScale, matrix = 1, 8, 0x20, 0x40, 0x80
	var out []int
	for len(data) >= 4 {
		flags := binary.BigEndian.Uint16(data)
		out = append(out, int(binary.BigEndian.Uint16(data[2:])))
		size := 4 + 2
		if flags&wordArgs != 0 {
			size += 2
		}
		switch {
		case flags&scale != 0:
			size += 2
		case flags&xyScale != 0:
			size += 4
		case flags&matrix != 0:
			size += 8
		}
		if flags&more == 0 || size > len(data) {
			break
		}
		data = data[size:]
	}
	return out
}
