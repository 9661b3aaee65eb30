package pdf

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tepin/tepin/render/text"
)

// face is a font of the file. Codes in content streams are glyph numbers.
type face struct {
	ref   ref
	name  string // the resource's
	font  *text.Font
	sfnt  *sfnt
	used  map[int]bool
	texts map[int]string // what a glyph stands for where no ActualText says otherwise
}

// face returns the file's face of a font, which is embedded when the file is closed.
func (d *Writer) face(font *text.Font) (*face, error) {
	if f, ok := d.fonts[font]; ok {
		return f, nil
	}
	s, err := parseSFNT(font.Data())
	if err != nil {
		return nil, fmt.Errorf("font %q: %w", font.Name(), err)
	}
	f := &face{
		ref: d.file.reserve(), name: fmt.Sprintf("F%d", len(d.faces)+1), font: font, sfnt: s,
		used: map[int]bool{}, texts: map[int]string{},
	}
	d.fonts[font] = f
	d.faces = append(d.faces, f)
	return f, nil
}

// embed writes a face with the glyphs that were used of it.
func (d *Writer) embed(f *face) error {
	gids := sortedKeys(f.used)
	base := name(subsetTag(f.font.Name(), gids) + "+" + baseName(f.font.Name()))
	program, descriptor, cid, unicode := d.file.reserve(), d.file.reserve(), d.file.reserve(), d.file.reserve()

	fontFile, kind := "/FontFile2 ", "/CIDFontType2/CIDToGIDMap/Identity"
	if f.font.IsCFF() {
		subset, err := f.sfnt.subsetCFF(f.used)
		if err != nil {
			return fmt.Errorf("font %q: %w", f.font.Name(), err)
		}
		fontFile, kind = "/FontFile3 ", "/CIDFontType0"
		d.file.deflated(program, "/Subtype/CIDFontType0C", subset)
	} else {
		subset, err := f.sfnt.subsetGlyf(f.used)
		if err != nil {
			return fmt.Errorf("font %q: %w", f.font.Name(), err)
		}
		d.file.deflated(program, fmt.Sprintf("/Length1 %d", len(subset)), subset)
	}
	d.file.object(descriptor, "<</Type/FontDescriptor/FontName"+base+f.sfnt.descriptor()+fontFile+program.String()+">>")
	d.file.object(cid, fmt.Sprintf("<</Type/Font/Subtype%s/BaseFont%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %s/DW 0/W[%s]>>",
		kind, base, descriptor, f.widths(gids)))
	d.file.deflated(unicode, "", []byte(f.toUnicode()))
	d.file.object(f.ref, fmt.Sprintf("<</Type/Font/Subtype/Type0/BaseFont%s/Encoding/Identity-H/DescendantFonts[%s]/ToUnicode %s>>",
		base, cid, unicode))
	return d.file.err
}

// baseName is a font's name as PostScript names may be; spaces and brackets go.
func baseName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || strings.ContainsRune("[](){}<>/%", r) {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return "Font"
	}
	return s
}

// subsetTag is six letters that tell subsets of one font apart.
func subsetTag(name string, gids []int) string {
	sum := sha256.Sum256(fmt.Append(nil, name, gids))
	tag := sum[:6]
	for i := range tag {
		tag[i] = 'A' + tag[i]%26
	}
	return string(tag)
}

// descriptor are the metrics of a font as a whole.
func (s *sfnt) descriptor() string {
	head, hhea := s.tables["head"], s.tables["hhea"]
	ascent, descent := s.em(i16(hhea, 4)), s.em(i16(hhea, 6))
	capHeight, weight := ascent, 400
	if os2 := s.tables["OS/2"]; len(os2) >= 90 && u16(os2, 0) >= 2 {
		capHeight, weight = s.em(i16(os2, 88)), u16(os2, 4)
	}
	italic := 0.0
	if post := s.tables["post"]; len(post) >= 8 {
		italic = float64(i16(post, 4)) + float64(u16(post, 6))/65536
	}
	flags := 4 // symbolic: the glyphs are not those of a standard alphabet
	if italic != 0 {
		flags |= 1 << 6
	}
	return fmt.Sprintf("/Flags %d/FontBBox[%d %d %d %d]/ItalicAngle %s/Ascent %d/Descent %d/CapHeight %d/StemV %d",
		flags, s.em(i16(head, 36)), s.em(i16(head, 38)), s.em(i16(head, 40)), s.em(i16(head, 42)),
		number(italic), ascent, descent, capHeight, 10+weight*220/1000) // the usual guess at a stem's width
}

// widths is the array of glyph widths: runs of neighbours share their first's number.
func (f *face) widths(gids []int) string {
	var b strings.Builder
	for i, gid := range gids {
		switch {
		case i > 0 && gid == gids[i-1]+1:
			b.WriteByte(' ')
		default:
			if i > 0 {
				b.WriteByte(']')
			}
			fmt.Fprintf(&b, "%d[", gid)
		}
		fmt.Fprint(&b, f.sfnt.width(gid))
	}
	if len(gids) > 0 {
		b.WriteByte(']')
	}
	return b.String()
}

// toUnicode is the map from codes to text (Adobe Technical Note 5411).
func (f *face) toUnicode() string {
	var b strings.Builder
	b.WriteString("/CIDInit/ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n" +
		"/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n")
	for block := range slices.Chunk(sortedKeys(f.texts), 100) {
		fmt.Fprintf(&b, "%d beginbfchar\n", len(block))
		for _, gid := range block {
			fmt.Fprintf(&b, "<%04X><%s>\n", gid, utf16Hex(f.texts[gid]))
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict/CMap defineresource pop\nend\nend\n")
	return b.String()
}

func sortedKeys[V any](m map[int]V) []int { return slices.Sorted(maps.Keys(m)) }
