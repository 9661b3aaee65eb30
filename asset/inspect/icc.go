package inspect

import (
	"bytes"
	"strings"
	"unicode/utf16"
)

// maxProfile is how much of a colour profile is looked at for its name.
const maxProfile = 4 << 20

// profile notes the colour profile (ICC.1:2022) and the colours that it describes.
func (i *Info) profile(b []byte) {
	if len(b) < 132 || string(b[36:40]) != "acsp" {
		return
	}
	if space, ok := map[string]string{"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "Gray", "Lab ": "Lab"}[string(b[16:20])]; ok && i.Facts["colorSpace"] == "" {
		i.Facts["colorSpace"] = space
	}
	count := int(min(be32(b[128:]), 200))
	for n := range count {
		entry := cut(b, 132+12*n, 12)
		if entry == nil {
			break
		}
		if string(entry[:4]) == "desc" {
			if name := profileName(cut(b, int(be32(entry[4:])), int(be32(entry[8:])))); name != "" {
				i.say("colorProfile", name)
			}
			return
		}
	}
}

// profileName reads a textDescriptionType or multiLocalizedUnicodeType.
func profileName(tag []byte) string {
	if len(tag) < 16 {
		return ""
	}
	switch string(tag[:4]) {
	case "desc":
		name := cut(tag, 12, int(min(be32(tag[8:]), int64(len(tag)))))
		if name == nil {
			name = tag[12:]
		}
		name, _, _ = bytes.Cut(name, []byte{0})
		return latin(name)
	case "mluc":
		if len(tag) < 28 {
			return ""
		}
		return utf16BE(cut(tag, int(be32(tag[24:])), int(be32(tag[20:]))))
	}
	return ""
}

// latin reads text that is UTF-8 or else ISO 8859-1.
func latin(b []byte) string {
	if s := string(b); strings.ToValidUTF8(s, "") == s {
		return s
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

func utf16BE(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(be16(b[2*i:]))
	}
	return string(utf16.Decode(units))
}
