package asset

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"github.com/tepin/tepin"
)

// FontInfo is what a font file says of itself.
type FontInfo struct {
	Family string `json:"family"`
	Style  string `json:"style"`
	Weight int    `json:"weight"` // 100 to 900
	Italic bool   `json:"italic"`
}

func (i FontInfo) check() error {
	for _, name := range []string{i.Family, i.Style} {
		if _, err := CheckName("the font", name); err != nil {
			return &tepin.Error{Kind: tepin.Unprocessable, Message: "the font has no usable family and style name", Cause: err}
		}
	}
	if i.Weight < 100 || i.Weight > 900 {
		return tepin.Errorf(tepin.Unprocessable, "the font says that its weight is %d", i.Weight)
	}
	return nil
}

// fontKindOf tells from its first bytes whether a file is an OTF or TTF font.
func fontKindOf(head []byte) (extension string, err error) {
	switch string(head) {
	case "\x00\x01\x00\x00", "true":
		return "ttf", nil
	case "OTTO":
		return "otf", nil
	case "wOFF", "wOF2":
		return "", tepin.Errorf(tepin.Unprocessable, "WOFF is a format for browsers; upload the OTF or TTF file")
	case "ttcf":
		return "", tepin.Errorf(tepin.Unprocessable, "this is a collection of fonts; upload its fonts one by one as OTF or TTF")
	}
	return "", tepin.Errorf(tepin.Unprocessable, "this is not an OTF or TTF font")
}

// sfnt gives access to the tables of a font file (OpenType, "Organization of an
// OpenType font").
type sfnt struct {
	data   []byte
	tables map[string][2]uint32 // offset, length
}

func openSFNT(data []byte) (sfnt, bool) {
	if len(data) < 12 {
		return sfnt{}, false
	}
	f := sfnt{data, map[string][2]uint32{}}
	for i := range int(binary.BigEndian.Uint16(data[4:])) {
		at := 12 + 16*i
		if at+16 > len(data) {
			return sfnt{}, false
		}
		offset, length := binary.BigEndian.Uint32(data[at+8:]), binary.BigEndian.Uint32(data[at+12:])
		if uint64(offset)+uint64(length) > uint64(len(data)) {
			return sfnt{}, false
		}
		f.tables[string(data[at:at+4])] = [2]uint32{offset, length}
	}
	return f, true
}

// table returns a table's bytes, or nil if it is absent or shorter than least.
func (f sfnt) table(tag string, least int) []byte {
	t := f.tables[tag]
	if int(t[1]) < least {
		return nil
	}
	return f.data[t[0] : t[0]+t[1]]
}

// FontHeader reads the names, weight and slant of an OTF or TTF font. It runs in a
// child.
func FontHeader(data []byte) (FontInfo, error) {
	if _, err := fontKindOf(data[:min(4, len(data))]); err != nil {
		return FontInfo{}, err
	}
	f, ok := openSFNT(data)
	if !ok {
		return FontInfo{}, tepin.Errorf(tepin.Unprocessable, "the font is broken: its tables reach beyond its end")
	}
	if f.table("fvar", 1) != nil {
		return FontInfo{}, tepin.Errorf(tepin.Unprocessable, "variable fonts cannot be used; upload its static styles as OTF or TTF")
	}
	head := f.table("head", 54)
	if head == nil {
		return FontInfo{}, tepin.Errorf(tepin.Unprocessable, "the font is broken: it has no head table")
	}
	info := FontInfo{Weight: 400}
	macStyle := binary.BigEndian.Uint16(head[44:])
	if macStyle&1 != 0 {
		info.Weight = 700
	}
	info.Italic = macStyle&2 != 0
	if os2 := f.table("OS/2", 64); os2 != nil {
		info.Weight = weightOf(int(binary.BigEndian.Uint16(os2[4:])))
		info.Italic = info.Italic || binary.BigEndian.Uint16(os2[62:])&(1<<0|1<<9) != 0 // italic, oblique
	}
	names := fontNames(f.table("name", 6))
	info.Family = firstOf(names[nameTypographicFamily], names[nameFamily])
	info.Style = firstOf(names[nameTypographicStyle], names[nameStyle], "Regular")
	if info.Family == "" {
		return FontInfo{}, tepin.Errorf(tepin.Unprocessable, "the font has no family name")
	}
	return info, nil
}

// weightOf brings usWeightClass into 100 to 900. Some old fonts count from 1 to 9.
func weightOf(class int) int {
	if class < 10 {
		class *= 100
	}
	return min(max(class, 100), 900)
}

func firstOf(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}

// Name identifiers of the name table.
const (
	nameFamily            = 1
	nameStyle             = 2
	nameTypographicFamily = 16
	nameTypographicStyle  = 17
)

// fontNames reads the names of a name table, in American English where there is a
// choice.
func fontNames(table []byte) map[uint16]string {
	names, rank := map[uint16]string{}, map[uint16]int{}
	if len(table) < 6 {
		return names
	}
	count, storage := int(binary.BigEndian.Uint16(table[2:])), int(binary.BigEndian.Uint16(table[4:]))
	for i := range count {
		at := 6 + 12*i
		if at+12 > len(table) {
			break
		}
		field := func(n int) uint16 { return binary.BigEndian.Uint16(table[at+2*n:]) }
		platform, encoding, language, id := field(0), field(1), field(2), field(3)
		start := storage + int(field(5))
		end := start + int(field(4))
		if end > len(table) || id > nameTypographicStyle {
			continue
		}
		if r := nameRank(platform, encoding, language); r > rank[id] {
			if name := decodeName(platform, table[start:end]); name != "" {
				names[id], rank[id] = name, r
			}
		}
	}
	return names
}

// nameRank tells how much a name is wanted; 0 = it cannot be read.
func nameRank(platform, encoding, language uint16) int {
	switch {
	case platform == 3 && (encoding == 1 || encoding == 10) && language == 0x0409:
		return 4
	case platform == 3 && (encoding == 1 || encoding == 10):
		return 2
	case platform == 0:
		return 3
	case platform == 1 && encoding == 0 && language == 0:
		return 1
	}
	return 0
}

func decodeName(platform uint16, b []byte) string {
	if platform == 1 { // Mac Roman: its ASCII half is enough for a name
		for _, c := range b {
			if c < ' ' || c > '~' {
				return ""
			}
		}
		return strings.TrimSpace(string(b))
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return strings.TrimSpace(string(utf16.Decode(units)))
}
