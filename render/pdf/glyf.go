package pdf

import (
	"encoding/binary"
	"slices"
)

// Flags of a component of a composite glyph (OpenType, table glyf).
const (
	argsAreWords    = 0x0001
	hasScale        = 0x0008
	moreComponents  = 0x0020
	hasXYScale      = 0x0040
	hasTwoByTwo     = 0x0080
	hasInstructions = 0x0100
)

// subsetGlyf makes a TrueType font of the used glyphs and the components of composite
// ones. Glyphs keep their numbers; the others are empty. Hinting programs are left
// out: pixels are made of unhinted outlines too.
func (s *sfnt) subsetGlyf(used map[int]bool) ([]byte, error) {
	outlines := map[int][]byte{}
	todo := []int{0}
	for gid := range used {
		todo = append(todo, gid)
	}
	last := 0
	for len(todo) > 0 {
		gid := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if _, done := outlines[gid]; done {
			continue
		}
		if gid >= s.numGlyphs {
			return nil, damaged("a glyph is made of one that does not exist")
		}
		glyph, err := s.glyph(gid)
		if err != nil {
			return nil, err
		}
		outline, components, err := withoutHints(glyph)
		if err != nil {
			return nil, err
		}
		outlines[gid] = outline
		todo = append(todo, components...)
		last = max(last, gid)
	}

	var glyf, hmtx []byte
	offsets := make([]int, 0, last+2)
	for gid := range last + 1 {
		offsets = append(offsets, len(glyf))
		outline, ok := outlines[gid]
		glyf = append(glyf, outline...)
		glyf = append(glyf, make([]byte, -len(glyf)&3)...)
		advance, bearing := 0, 0
		if ok {
			advance, bearing = s.metric(gid)
		}
		hmtx = binary.BigEndian.AppendUint16(hmtx, uint16(advance))
		hmtx = binary.BigEndian.AppendUint16(hmtx, uint16(bearing))
	}
	offsets = append(offsets, len(glyf))

	head, hhea, maxp := slices.Clone(s.tables["head"]), slices.Clone(s.tables["hhea"]), slices.Clone(s.tables["maxp"])
	loca, long := buildLoca(offsets)
	binary.BigEndian.PutUint16(head[50:], long)
	binary.BigEndian.PutUint32(head[8:], 0)
	binary.BigEndian.PutUint16(hhea[34:], uint16(last+1))
	binary.BigEndian.PutUint16(maxp[4:], uint16(last+1))
	return buildSFNT(map[string][]byte{
		"glyf": glyf, "head": head, "hhea": hhea, "hmtx": hmtx, "loca": loca, "maxp": maxp,
	}), nil
}

// buildLoca writes where the glyphs lie and in which of the table's two forms.
func buildLoca(offsets []int) (loca []byte, long uint16) {
	if end := offsets[len(offsets)-1]; end/2 > 0xFFFF {
		for _, o := range offsets {
			loca = binary.BigEndian.AppendUint32(loca, uint32(o))
		}
		return loca, 1
	}
	for _, o := range offsets {
		loca = binary.BigEndian.AppendUint16(loca, uint16(o/2))
	}
	return loca, 0
}

// glyph returns a glyph's description, empty for a blank one.
func (s *sfnt) glyph(gid int) ([]byte, error) {
	loca, glyf := s.tables["loca"], s.tables["glyf"]
	size, scale := 2, 2
	if s.longLoca {
		size, scale = 4, 1
	}
	if (gid+2)*size > len(loca) {
		return nil, damaged("table loca")
	}
	offset := func(i int) uint64 {
		if s.longLoca {
			return uint64(binary.BigEndian.Uint32(loca[4*i:]))
		}
		return uint64(u16(loca, 2*i) * scale)
	}
	from, to := offset(gid), offset(gid+1)
	if from > to || to > uint64(len(glyf)) {
		return nil, damaged("table loca")
	}
	return glyf[from:to], nil
}

// withoutHints returns a glyph's description without its program, and the glyphs that
// it is made of.
func withoutHints(glyph []byte) (outline []byte, components []int, err error) {
	const headerSize = 10
	if len(glyph) == 0 {
		return nil, nil, nil
	}
	if len(glyph) < headerSize {
		return nil, nil, damaged("a glyph is cut off")
	}
	contours := i16(glyph, 0)
	if contours >= 0 {
		at := headerSize + 2*contours
		if contours == 0 {
			return nil, nil, nil
		}
		if at+2 > len(glyph) || at+2+u16(glyph, at) > len(glyph) {
			return nil, nil, damaged("a glyph is cut off")
		}
		outline = append(slices.Clone(glyph[:at]), 0, 0)
		return append(outline, glyph[at+2+u16(glyph, at):]...), nil, nil
	}
	outline = slices.Clone(glyph)
	for at := headerSize; ; {
		if at+4 > len(outline) {
			return nil, nil, damaged("a composite glyph is cut off")
		}
		flags := u16(outline, at)
		binary.BigEndian.PutUint16(outline[at:], uint16(flags&^hasInstructions))
		components = append(components, u16(outline, at+2))
		at += componentSize(flags)
		if at > len(outline) {
			return nil, nil, damaged("a composite glyph is cut off")
		}
		if flags&moreComponents == 0 {
			return outline[:at], components, nil
		}
	}
}

func componentSize(flags int) int {
	n := 6
	if flags&argsAreWords != 0 {
		n += 2
	}
	switch {
	case flags&hasScale != 0:
		n += 2
	case flags&hasXYScale != 0:
		n += 4
	case flags&hasTwoByTwo != 0:
		n += 8
	}
	return n
}
