package sample_test

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/tepin/tepin/document"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/text"
	"github.com/tepin/tepin/sample"
)

// set is what the sample is drawn with: all of it comes from package sample.
type set struct {
	doc    *document.Document
	assets render.Assets
}

func load(t *testing.T) set {
	t.Helper()
	doc, err := document.Parse(sample.Template(nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	name, data := sample.Media()
	picture, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	s := set{doc, render.Assets{Fonts: text.Fonts{ByKey: map[string]*text.Font{}}, Images: map[string]render.ImageInfo{}}}
	files := map[string][]byte{}
	for _, f := range sample.Fonts() {
		files[f.Family+" "+f.Style] = f.Data
	}
	for _, l := range doc.Layouts() {
		for _, a := range doc.Assets(l.ID) {
			switch {
			case a.Kind == "image" && a.ID == name:
				s.assets.Images[a.Key] = render.ImageInfo{Width: picture.Width, Height: picture.Height}
			case a.Kind == "font" && files[a.ID] != nil:
				s.assets.Fonts.ByKey[a.Key] = font(t, files[a.ID])
			default:
				t.Errorf("the template needs %+v, which package sample does not have", a)
			}
		}
	}
	for _, data := range sample.Fallback() {
		s.assets.Fonts.Fallback = append(s.assets.Fonts.Fallback, font(t, data))
	}
	return s
}

func font(t *testing.T, data []byte) *text.Font {
	t.Helper()
	f, err := text.ParseFont(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Nothing overflows, nothing is missing, in any layout and with every city.
func TestTemplateIsClean(t *testing.T) {
	s := load(t)
	if n := len(s.doc.Layouts()); n != 3 {
		t.Fatalf("%d layouts, want 3", n)
	}
	rows := []map[string]any{
		nil,
		{"Headline": "Música de medianoche", "Subline": "Μια βραδιά πάνω από τα σύννεφα", "Price": 120, "Date": "2026-12-24"},
		{"Headline": "पहाड़ी रात", "Early bird until": "2026-07-04", "Doors": "", "Series": "موسيقى في الجبال"},
		{"Picture": nil, "Story": "", "Price": nil, "Early bird": true},
	}
	for _, v := range s.doc.Variables() {
		for _, item := range v.Items {
			rows = append(rows, map[string]any{v.Name: item.Value})
		}
	}
	for _, l := range s.doc.Layouts() {
		for _, row := range rows {
			pages, issues, err := s.doc.Pages(l.ID, row)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range pages {
				list, more := render.Build(p, s.assets)
				if issues = append(issues, more...); len(list.Ops) == 0 {
					t.Errorf("%s: nothing is drawn", l.Name)
				}
			}
			if len(issues) > 0 {
				t.Errorf("%s, %v: %v", l.Name, row, issues)
			}
		}
	}
}

func TestIdsArePutIn(t *testing.T) {
	ids := map[string]string{}
	for i, f := range sample.Fonts() {
		ids[f.Family+" "+f.Style] = fmt.Sprint("font-", i)
	}
	raw := sample.Template(ids, "media-1")
	if bytes.Contains(raw, []byte("{{")) {
		t.Error("a placeholder is left")
	}
	doc, err := document.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range doc.Assets("") {
		if a.ID != "media-1" && !strings.HasPrefix(a.ID, "font-") {
			t.Errorf("asset %+v", a)
		}
	}
}

func TestFallbackCoversFiveScripts(t *testing.T) {
	var fonts []*text.Font
	for _, data := range sample.Fallback() {
		fonts = append(fonts, font(t, data))
	}
	for script, letters := range map[string]string{
		"Latin": "AzßéŁő", "Greek": "Ωλήΐ", "Cyrillic": "ЖяїЂ", "Arabic": "موسيقى", "Devanagari": "संगीत",
	} {
		for _, r := range letters {
			has := false
			for _, f := range fonts {
				has = has || f.Has(r)
			}
			if !has {
				t.Errorf("%s: no font has %c", script, r)
			}
		}
	}
}

func TestPictureIsSmall(t *testing.T) {
	if _, data := sample.Media(); len(data) > 700<<10 {
		t.Errorf("%d bytes", len(data))
	}
}
