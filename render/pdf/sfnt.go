package pdf

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/tepin/tepin"
)

// sfnt is a font file as its tables. Every access is checked: the bytes are foreign.
type sfnt struct {
	tables     map[string][]byte
	numGlyphs  int
	unitsPerEm int
	metrics    int // glyphs with an advance of their own; the others have the last one's
	longLoca   bool
}

func damaged(what string) error {
	return tepin.Errorf(tepin.Unprocessable, "the font is damaged (%s); choose another file of it", what)
}

// parseSFNT reads the table directory and what all further reading rests on.
func parseSFNT(data []byte) (*sfnt, error) {
	const headerSize, entrySize = 12, 16
	if len(data) < headerSize {
		return nil, damaged("no table directory")
	}
	s := &sfnt{tables: map[string][]byte{}}
	entries := data[headerSize:]
	for range binary.BigEndian.Uint16(data[4:]) {
		if len(entries) < entrySize {
			return nil, damaged("table directory cut off")
		}
		offset, length := uint64(binary.BigEndian.Uint32(entries[8:])), uint64(binary.BigEndian.Uint32(entries[12:]))
		if offset+length > uint64(len(data)) {
			return nil, damaged("a table ends beyond the file")
		}
		s.tables[string(entries[:4])] = data[offset : offset+length]
		entries = entries[entrySize:]
	}
	head, hhea, maxp := s.tables["head"], s.tables["hhea"], s.tables["maxp"]
	if len(head) < 54 || len(hhea) < 36 || len(maxp) < 6 {
		return nil, damaged("table head, hhea or maxp")
	}
	s.numGlyphs = u16(maxp, 4)
	s.unitsPerEm = u16(head, 18)
	s.longLoca = u16(head, 50) != 0
	s.metrics = u16(hhea, 34)
	if s.numGlyphs == 0 || s.unitsPerEm == 0 {
		return nil, damaged("no glyphs or no resolution")
	}
	if s.metrics == 0 || s.metrics > s.numGlyphs || len(s.tables["hmtx"]) < 4*s.metrics {
		return nil, damaged("table hmtx")
	}
	return s, nil
}

// u16 and i16 read at an offset that is known to lie within b.
func u16(b []byte, at int) int { return int(binary.BigEndian.Uint16(b[at:])) }
func i16(b []byte, at int) int { return int(int16(binary.BigEndian.Uint16(b[at:]))) }

// metric returns a glyph's advance and left side bearing, in font units.
func (s *sfnt) metric(gid int) (advance, bearing int) {
	hmtx := s.tables["hmtx"]
	if gid < s.metrics {
		return u16(hmtx, 4*gid), i16(hmtx, 4*gid+2)
	}
	advance = u16(hmtx, 4*(s.metrics-1))
	if at := 4*s.metrics + 2*(gid-s.metrics); at+2 <= len(hmtx) {
		bearing = i16(hmtx, at)
	}
	return advance, bearing
}

// em turns font units into thousandths of an em.
func (s *sfnt) em(units int) int {
	return int(math.Round(float64(units) * 1000 / float64(s.unitsPerEm)))
}

// width is a glyph's advance in thousandths of an em, as the file names it.
func (s *sfnt) width(gid int) int {
	advance, _ := s.metric(gid)
	return s.em(advance)
}

// buildSFNT puts tables together to a TrueType font, in the order of their names.
func buildSFNT(tables map[string][]byte) []byte {
	names := make([]string, 0, len(tables))
	for n := range tables {
		names = append(names, n)
	}
	slices.Sort(names)
	log := 0
	for 2<<log <= len(names) {
		log++
	}
	out := binary.BigEndian.AppendUint32(nil, 0x00010000)
	for _, v := range []int{len(names), 16 << log, log, 16*len(names) - 16<<log} {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	offset, adjustment := 12+16*len(names), 0
	for _, n := range names {
		out = append(out, n...)
		for _, v := range []uint32{checksum(tables[n]), uint32(offset), uint32(len(tables[n]))} {
			out = binary.BigEndian.AppendUint32(out, v)
		}
		if n == "head" {
			adjustment = offset + 8
		}
		offset += (len(tables[n]) + 3) &^ 3
	}
	for _, n := range names {
		out = append(out, tables[n]...)
		out = append(out, make([]byte, -len(out)&3)...)
	}
	binary.BigEndian.PutUint32(out[adjustment:], 0xB1B0AFBA-checksum(out))
	return out
}

// checksum is the sum of a table's words, the last filled up with zeros.
func checksum(b []byte) (sum uint32) {
	for len(b) >= 4 {
		sum += binary.BigEndian.Uint32(b)
		b = b[4:]
	}
	var last [4]byte
	copy(last[:], b)
	return sum + binary.BigEndian.Uint32(last[:])
}
