package asset_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/render/text"
	"github.com/tepin/tepin/sample"
)

// uploadFonts sends files as name, bytes, name, bytes …
func (s *service) uploadFonts(files ...any) (tepin.FontBatchID, []tepin.FontUpload, error) {
	return s.UploadFonts(s.t.Context(), tepin.System, s.env, func() (asset.FontFile, error) {
		if len(files) == 0 {
			return asset.FontFile{}, io.EOF
		}
		f := asset.FontFile{Name: files[0].(string), Bytes: bytes.NewReader(files[1].([]byte))}
		files = files[2:]
		return f, nil
	})
}

func TestUploadFonts(t *testing.T) {
	s := newService(t)
	font := sample.Fonts()[0]
	batch, uploads, err := s.uploadFonts("dir/one.ttf", font.Data, "many.ttc", []byte("ttcf...."))
	check(t, err)
	if len(uploads) != 2 {
		t.Fatalf("%d uploads", len(uploads))
	}
	one, web := uploads[0], uploads[1]
	if one.FamilyName != font.Family || one.Name != font.Style || one.FileName != "one.ttf" || len(one.Problems) != 0 || one.Weight < 100 {
		t.Errorf("%+v, but the font is %s %s", one, font.Family, font.Style)
	}
	if len(web.Problems) != 1 || !strings.Contains(web.Problems[0], "collection") {
		t.Errorf("%+v", web)
	}
	if n := len(s.files()); n != 1 {
		t.Errorf("%d files are kept, not 1", n)
	}
	styles, err := s.Store.ConfirmFontBatch(t.Context(), tepin.System, s.env, batch)
	check(t, err)
	_, r, err := s.OpenFont(t.Context(), s.env, styles[0].ID)
	check(t, err)
	defer r.Close()
	got, err := io.ReadAll(r)
	check(t, err)
	if !bytes.Equal(got, font.Data) {
		t.Error("the bytes are others")
	}

	defer func() { // what nobody confirms is forgotten, and its bytes go
		s.ahead = 2 * asset.FontBatchKept
		_, err := s.Sweep(t.Context())
		check(t, err)
		if n := len(s.files()); n != 1 {
			t.Errorf("%d files after the sweep, not 1", n)
		}
	}()

	// A second time, the style is there already, and a batch may not have it twice.
	_, uploads, err = s.uploadFonts("again.ttf", font.Data)
	check(t, err)
	if len(uploads[0].Problems) != 1 || !strings.Contains(uploads[0].Problems[0], "already") {
		t.Errorf("%+v", uploads[0])
	}
}

// Fonts that are packed for the web are kept unpacked.
func TestPackedFonts(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile("woff/testdata/" + name)
		check(t, err)
		return data
	}
	s := newService(t)
	batch, uploads, err := s.uploadFonts("Manrope.WOFF2", read("manrope.woff2"), "old", read("manrope.woff"), "variable.woff2", read("variable.woff2"), "cut.woff2", read("manrope.woff2")[:2000])
	check(t, err)
	for i, want := range []string{"Manrope.ttf", "old.ttf"} {
		if u := uploads[i]; u.FileName != want || u.Extension != "ttf" || !strings.HasPrefix(u.FamilyName, "Manrope") || u.Embedding != tepin.EmbedInstallable || u.Blob.Size < 10_000 {
			t.Errorf("%+v", u)
		}
	}
	for i, want := range []string{"variable", "damaged"} {
		if u := uploads[2+i]; len(u.Problems) != 1 || !strings.Contains(u.Problems[0], want) {
			t.Errorf("%+v", u)
		}
	}
	if n := len(s.files()); n != 2 {
		t.Errorf("%d files are kept, not 2", n)
	}
	styles, err := s.Store.ConfirmFontBatch(t.Context(), tepin.System, s.env, batch)
	check(t, err)
	_, r, err := s.OpenFont(t.Context(), s.env, styles[0].ID)
	check(t, err)
	defer r.Close()
	data, err := io.ReadAll(r)
	check(t, err)
	if _, err := text.ParseFont(data); err != nil {
		t.Error(err)
	}
}

func TestRefusedFonts(t *testing.T) {
	font := sample.Fonts()[0].Data
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"woff":       {[]byte("wOFF0123456789"), "damaged"},
		"collection": {[]byte("ttcf0123456789"), "collection"},
		"text":       {[]byte("hello"), "not an OTF, TTF"},
		"nothing":    {nil, "not an OTF, TTF"},
		"cut":        {font[:len(font)/2], "cut off"},
		"header":     {font[:4], "not a font"},
		"variable":   {renameTable(font, "OS/2", "fvar"), "variable"},
		"no head":    {renameTable(font, "head", "haed"), "damaged"},
		"no names":   {renameTable(font, "name", "eman"), "family name"},
		"no glyphs":  {renameTable(font, "cmap", "pamc"), "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			_, _, err := s.uploadFonts("a.ttf", c.data)
			refused(t, err, tepin.Unprocessable, c.says, "a.ttf")
			s.empty()
		})
	}
	t.Run("none", func(t *testing.T) {
		_, _, err := newService(t).uploadFonts()
		refused(t, err, tepin.Invalid, "no font")
	})
	t.Run("many", func(t *testing.T) {
		s := newService(t)
		var files []any
		for range asset.MaxFontFiles + 1 {
			files = append(files, "a.ttc", []byte("ttcf"))
		}
		_, _, err := s.uploadFonts(files...)
		refused(t, err, tepin.TooLarge, "64")
		s.empty()
	})
}

// renameTable gives a table of a font another tag.
func renameTable(font []byte, from, to string) []byte {
	font = bytes.Clone(font)
	for i := range int(binary.BigEndian.Uint16(font[4:])) {
		if tag := font[12+16*i:][:4]; string(tag) == from {
			copy(tag, to)
		}
	}
	return font
}
