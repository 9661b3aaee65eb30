package preview_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="50">
<rect width="50" height="50" fill="#c81e28"/><path d="M60 5H95" stroke="#000"/>%s</svg>`

const postScript = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 10 20 110 70\n%%EndComments\n" +
	"0.8 0.1 0.2 setrgbcolor 10 20 50 50 rectfill\n0 setgray 70 60 moveto 105 60 lineto stroke\n%s\nshowpage\n%%EOF\n"

var red = color.NRGBA{204, 26, 51, 255}

// page is a PDF of 100 × 50 points, whose left half is red.
func page(content string) []byte {
	var b bytes.Buffer
	var at []int
	obj := func(s string) {
		at = append(at, b.Len())
		b.WriteString(s)
	}
	b.WriteString("%PDF-1.4\n")
	stream := "0.8 0.1 0.2 rg 0 0 50 50 re f " + content
	obj("1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n")
	obj("2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n")
	obj("3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 50]/Contents 4 0 R/Resources<<>>>>endobj\n")
	obj("4 0 obj<</Length " + strconv.Itoa(len(stream)) + ">>stream\n" + stream + "\nendstream endobj\n")
	start := b.Len()
	b.WriteString("xref\n0 5\n0000000000 65535 f \n")
	for _, n := range at {
		s := "0000000000" + strconv.Itoa(n)
		b.WriteString(s[len(s)-10:] + " 00000 n \n")
	}
	b.WriteString("trailer<</Size 5/Root 1 0 R>>\nstartxref\n" + strconv.Itoa(start) + "\n%%EOF\n")
	return b.Bytes()
}

// Files that are drawn are drawn as large as asked for, what shines through shines
// through, and the vector is a PDF.
func TestVectors(t *testing.T) {
	h := newHouse(t)
	clear, white := color.NRGBA{}, color.NRGBA{255, 255, 255, 255}
	for name, c := range map[string]struct {
		contentType string
		data        []byte
		ground      color.NRGBA
	}{
		"PDF":                  {tepin.TypePDF, page(""), white},
		"SVG":                  {tepin.TypeSVG, []byte(strings.Replace(strings.Replace(drawing, "%s", "", 1), "#c81e28", "#cc1a33", 1)), clear},
		"EPS":                  {tepin.TypePostScript, []byte(strings.Replace(postScript, "%s", "", 1)), clear},
		"EPS without showpage": {tepin.TypePostScript, []byte(strings.Replace(strings.Replace(postScript, "%s", "", 1), "showpage", "", 1)), clear},
		"EPS of DOS":           {tepin.TypePostScript, dos([]byte(strings.Replace(postScript, "%s", "", 1))), clear},
	} {
		t.Run(name, func(t *testing.T) {
			m := h.media(h.env, c.contentType, c.data)
			for kind, side := range map[tepin.PreviewType]int{tepin.PreviewThumbnail: 256, tepin.PreviewHighest: 2048, tepin.PreviewX4096: 4096} {
				f, err := h.wait(m, kind)
				h.check(err)
				img := h.picture(h.env, f)
				if b := img.Bounds(); b.Dx() != side || b.Dy() < side/2-1 || b.Dy() > side/2+1 || !f.Ours {
					t.Errorf("%s: %v %+v", kind, b, f)
				}
				near(t, img, 0.25, 0.5, red)
				near(t, img, 0.9, 0.9, c.ground)
				look(t, strings.ReplaceAll(name, " ", "")+"-"+string(kind)+"."+f.Extension, h.bytes(h.env, f))
			}
			for _, kind := range []tepin.PreviewType{tepin.PreviewHighestOrVector, tepin.PreviewFullOrVector} {
				f, err := h.wait(m, kind)
				h.check(err)
				data := h.bytes(h.env, f)
				if !bytes.HasPrefix(data, []byte("%PDF-")) || f.ContentType != "application/pdf" || f.Ours || f.Extension != "pdf" || c.contentType == tepin.TypePDF && !bytes.Equal(data, c.data) {
					t.Errorf("%s: %+v %.20q", kind, f, data)
				}
			}
		})
	}
}

// dos puts an EPS between a table and a small picture, as programs of DOS did.
func dos(ps []byte) []byte {
	const head = 30
	le := func(n int) string { return string([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}) }
	return []byte("\xC5\xD0\xD3\xC6" + le(head) + le(len(ps)) + le(0) + le(0) + le(head+len(ps)) + le(4) + "\xff\xff" + string(ps) + "TIFF")
}

// Files that would read, write, call, loop or grow come to nothing but a refusal, or
// a picture without what they wanted.
func TestHostileVectors(t *testing.T) {
	h := newHouse(t)
	secret := t.TempDir() + "/secret.png"
	var b bytes.Buffer
	h.check(png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1)))) // black
	h.check(os.WriteFile(secret, b.Bytes(), 0o644))
	ps := func(s string) []byte { return []byte(strings.Replace(postScript, "%s", s, 1)) }
	svg := func(s string) []byte { return []byte(strings.Replace(drawing, "%s", s, 1)) }
	for name, c := range map[string]struct {
		contentType string
		data        []byte
		refused     bool
	}{
		"a file in an SVG":             {tepin.TypeSVG, svg(`<image x="50" width="50" height="50" xlink:href="file://` + secret + `"/>`), false},
		"an entity in an SVG":          {tepin.TypeSVG, []byte(`<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + string(svg(`<text x="60" y="40">&x;</text>`))), true},
		"a billion laughs":             {tepin.TypeSVG, []byte(`<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;"><!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;"><!ENTITY h "&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;">]>` + string(svg(`<text>&h;</text>`))), true},
		"no SVG":                       {tepin.TypeSVG, []byte("<html><script>alert(1)</script></html>"), true},
		"a file that PostScript reads": {tepin.TypePostScript, ps("(/etc/passwd) (r) file 100 string readstring pop ="), true},
		"a file that it writes":        {tepin.TypePostScript, ps("(/tmp/tepin-preview-was-here) (w) file closefile"), true},
		"a command":                    {tepin.TypePostScript, ps("(%pipe%id) (r) file closefile"), true},
		"a device":                     {tepin.TypePostScript, ps("mark /OutputFile (/tmp/tepin-preview-was-here) currentdevice putdeviceprops"), true},
		"no PostScript":                {tepin.TypePostScript, []byte("\x7fELF"), true},
		"printing":                     {tepin.TypePostScript, ps("(\x89PNG hello) print flush"), false},
		"half a PDF":                   {tepin.TypePDF, page("")[:100], true},
		"no PDF":                       {tepin.TypePDF, []byte("%PDF-1.4\n"), true},
		"a picture that is none":       {"image/png", []byte("\x89PNG\r\n\x1a\nnonsense"), true},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := h.wait(h.media(h.env, c.contentType, c.data), tepin.PreviewThumbnail)
			if c.refused != (tepin.KindOf(err) == tepin.Unprocessable && err != nil) || !c.refused && err != nil {
				t.Fatalf("%v", err)
			}
			if err == nil {
				img := h.picture(h.env, f)
				near(t, img, 0.9, 0.9, color.NRGBA{})
			} else if s := err.Error(); strings.Contains(s, "/") || len(s) > 200 {
				t.Errorf("the refusal tells too much: %s", s)
			}
		})
	}
	if _, err := os.Stat("/tmp/tepin-preview-was-here"); err == nil {
		t.Error("a file was written")
	}
}
