// Package sample is a template to try the product with: a poster with two layouts,
// its fonts and its picture. All of it is open or made by this repository: the fonts
// are under the SIL Open Font License (font/OFL.txt), the picture is computed by
// the program in picture/.
package sample

import (
	"embed"
	"path"
	"strings"
)

//go:embed font/*.ttf font/OFL.txt
var files embed.FS

// Font is a font file of the sample.
type Font struct {
	Family string // "Manrope"
	Style  string // "ExtraBold"
	Name   string // of the file, "Manrope-ExtraBold.ttf"
	Data   []byte
}

// Fonts returns the fonts that the template is set in. They have Latin, Greek and
// Cyrillic letters; for other scripts see [Fallback].
func Fonts() []Font {
	return []Font{
		load("Manrope", "Regular"),
		load("Manrope", "SemiBold"),
		load("Manrope", "ExtraBold"),
		load("Noto Serif Display", "Regular"),
		load("Noto Serif Display", "Italic"),
	}
}

// Fallback returns fonts for characters that a document's own fonts lack, in the
// order in which they are to be asked: Latin, Greek and Cyrillic, then Arabic, then
// Devanagari.
func Fallback() [][]byte {
	return [][]byte{
		load("Noto Sans", "Regular").Data,
		load("Noto Naskh Arabic", "Regular").Data,
		load("Noto Sans Devanagari", "Regular").Data,
	}
}

func load(family, style string) Font {
	name := strings.ReplaceAll(family, " ", "") + "-" + style + ".ttf"
	return Font{Family: family, Style: style, Name: name, Data: read(path.Join("font", name))}
}

// read returns an embedded file; that it is there is known when the program compiles.
func read(name string) []byte {
	data, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return data
}
