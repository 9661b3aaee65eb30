package text

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/font/opentype/tables"

	"github.com/tepin/tepin"
)

// Info is what a font file says of itself.
type Info struct {
	Family    string // the typographic family where there is one; "" = the font has no name
	Style     string // the style's name within the family: "Regular", "Semibold Italic"
	Weight    int    // 10 to 1000; 400 is regular, 700 bold
	Italic    bool
	Extension string          // "ttf" or "otf", as the bytes have it
	Embedding tepin.Embedding // "" = it does not say
}

// Probe reads the names of a font that [ParseFont] accepts.
func Probe(data []byte) (Info, error) {
	f, err := ParseFont(data)
	if err != nil {
		return Info{}, err
	}
	loader, err := opentype.NewLoader(bytes.NewReader(data))
	if err != nil {
		return Info{}, damaged(err)
	}
	info := Info{Extension: "ttf", Weight: 400}
	if f.IsCFF() {
		info.Extension = "otf"
	}
	info.Family = firstName(loader, nameTypographicFamily, nameFamily, namePostScript)
	info.Style = firstName(loader, nameTypographicStyle, nameStyle)
	info.readStyle(loader)
	if info.Style == "" {
		info.Style = styleName(info.Weight, info.Italic)
	}
	return info, nil
}

// readStyle takes weight and slope from OS/2, or else from head.
func (i *Info) readStyle(loader *opentype.Loader) {
	const os2Italic, os2Oblique, macBold, macItalic = 1, 1 << 9, 1, 2
	if os2, err := loader.RawTable(tagOS2); err == nil && len(os2) >= 64 {
		switch w := int(binary.BigEndian.Uint16(os2[4:])); {
		case w >= 1 && w <= 9: // some old fonts count so
			i.Weight = 100 * w
		case w >= 10 && w <= 1000:
			i.Weight = w
		}
		i.Embedding = embedding(binary.BigEndian.Uint16(os2[8:]))
		i.Italic = binary.BigEndian.Uint16(os2[62:])&(os2Italic|os2Oblique) != 0
		return
	}
	if head, err := loader.RawTable(tagHead); err == nil && len(head) >= 46 {
		style := binary.BigEndian.Uint16(head[44:])
		if style&macBold != 0 {
			i.Weight = 700
		}
		i.Italic = style&macItalic != 0
	}
}

// embedding reads fsType: the most that one of its bits allows counts.
func embedding(fsType uint16) tepin.Embedding {
	switch {
	case fsType&0xF == 0:
		return tepin.EmbedInstallable
	case fsType&8 != 0:
		return tepin.EmbedEditable
	case fsType&4 != 0:
		return tepin.EmbedPreview
	}
	return tepin.EmbedRestricted
}

func styleName(weight int, italic bool) string {
	name := "Regular"
	if weight >= 600 {
		name = "Bold"
	}
	switch {
	case italic && name == "Regular":
		return "Italic"
	case italic:
		return name + " Italic"
	}
	return name
}

const (
	nameFamily            tables.NameID = 1
	nameStyle             tables.NameID = 2
	nameFull              tables.NameID = 4
	namePostScript        tables.NameID = 6
	nameTypographicFamily tables.NameID = 16
	nameTypographicStyle  tables.NameID = 17
)

var (
	tagName = opentype.MustNewTag("name")
	tagOS2  = opentype.MustNewTag("OS/2")
	tagHead = opentype.MustNewTag("head")
)

func firstName(loader *opentype.Loader, ids ...tables.NameID) string {
	for _, id := range ids {
		if name := nameOf(loader, id); name != "" {
			return name
		}
	}
	return ""
}

// nameOf returns one entry of the font's name table, without control characters and
// at most 200 characters long; "" when there is none.
func nameOf(loader *opentype.Loader, id tables.NameID) string {
	const maxLength = 200
	raw, err := loader.RawTable(tagName)
	if err != nil {
		return ""
	}
	names, _, err := tables.ParseName(raw)
	if err != nil {
		return ""
	}
	printable := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F || r == '\uFFFD' {
			return -1
		}
		return r
	}, names.Name(id))
	if runes := []rune(printable); len(runes) > maxLength {
		printable = string(runes[:maxLength])
	}
	return strings.TrimSpace(printable)
}
