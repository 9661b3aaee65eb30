// Package sample is a template to try the product with: a poster with three layouts,
// its fonts and its picture. All of it is open or made by this repository: the fonts
// are under the SIL Open Font License (font/OFL.txt), the picture is computed by the
// program picture.go.
package sample

import (
	"embed"
	"path"
	"strings"
)

//go:generate go run picture.go

//go:embed font/*.ttf font/OFL.txt picture.jpg template.json
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

// Media returns the picture of the template and the name of its file.
func Media() (name string, data []byte) { return "afterglow.jpg", read("picture.jpg") }

// Template returns the template's document, with the ids that an environment gave to
// its font styles and its picture put in. Font styles are keyed by "Family Style"
// ("Manrope SemiBold"); one that is missing keeps that name as its id, and with an
// empty mediaID the picture is referred to by its file's name.
//
// In template.json the places are marked {{font:Family Style}} and {{media}}.
func Template(fontStyleIDs map[string]string, mediaID string) []byte {
	if mediaID == "" {
		mediaID, _ = Media()
	}
	marks := []string{"{{media}}", mediaID}
	for _, f := range Fonts() {
		key := f.Family + " " + f.Style
		id := fontStyleIDs[key]
		if id == "" {
			id = key
		}
		marks = append(marks, "{{font:"+key+"}}", id)
	}
	return []byte(strings.NewReplacer(marks...).Replace(string(read("template.json"))))
}

// Builtin returns the bytes of the sample's picture by its file's name, or of one of
// its fonts by "Family Style"; nil for every other name. Documents may refer to these
// without anything being uploaded.
func Builtin(name string) []byte {
	if file, data := Media(); name == file {
		return data
	}
	for _, f := range Fonts() {
		if name == f.Family+" "+f.Style {
			return f.Data
		}
	}
	return nil
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
