package environmentapi_test

import (
	"os"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
	"github.com/tepin/tepin/sample"
)

// named uploads fonts, each as "Family/Style", and returns their styles.
func (s *server) named(names ...string) []environmentapi.FontStyle {
	s.t.Helper()
	var files []file
	for range names {
		files = append(files, file{"file", "a.ttf", sample.Fonts()[0].Data})
	}
	var batch environmentapi.FontBatch
	s.do("POST", "/font-styles/temp", multi(s.t, files...)).want(s.t, 200, &batch)
	var changes []map[string]any
	for i, name := range names {
		family, style, _ := strings.Cut(name, "/")
		changes = append(changes, map[string]any{"fontStyleId": batch.Data.PreloadedData[i].ID, "familyName": family, "styleName": style})
	}
	at := "/font-styles/temp/" + string(batch.BatchID)
	s.do("PATCH", at, call{body: changes}).want(s.t, 200, nil)
	var made environmentapi.Item[[]environmentapi.FontStyle]
	s.do("POST", at+"/confirm", call{}).want(s.t, 200, &made)
	return made.Data
}

func TestChangeFonts(t *testing.T) {
	s := newServer(t)
	made := s.named("Ours/Regular", "Ours/Bold", "Other/Regular")
	style, family := "/font-styles/"+string(made[0].ID), "/font-families/"+string(made[0].FamilyID)
	name := func(name any) call { return call{body: map[string]any{"name": name}} }
	if made[0].Embedding != tepin.EmbedInstallable {
		t.Errorf("%+v", made[0])
	}

	var f environmentapi.FontFamily
	r := s.do("PATCH", family, name(" Grotesk ")).want(t, 200, &f)
	if f.Name != "Grotesk" || f.FontStylesCount != 2 {
		t.Errorf("%s", r.body)
	}
	etag := r.Header.Get("ETag")
	var one environmentapi.Item[environmentapi.FontFamily]
	if r := s.do("GET", family, call{}).want(t, 200, &one); r.Header.Get("ETag") != etag || one.Data.Name != "Grotesk" {
		t.Errorf("%v %s", r.Header, r.body)
	}
	if r := s.do("GET", family, call{header: map[string]string{"If-None-Match": etag}}); r.StatusCode != 304 {
		t.Errorf("%d", r.StatusCode)
	}
	s.do("PATCH", family, call{body: map[string]any{"name": "x"}, header: map[string]string{"If-Match": `"1"`}}).says(t, 412)
	s.do("PATCH", family, name("other")).says(t, 409, "family of that name")
	var st environmentapi.FontStyle
	s.do("PATCH", style, name("Book")).want(t, 200, &st)
	if st.Name != "Book" || st.FamilyName != "Grotesk" {
		t.Errorf("%+v", st)
	}
	s.do("PATCH", style, name("BOLD")).says(t, 409, "exists already")
	s.do("PATCH", style, call{body: map[string]any{"name": "x"}, header: map[string]string{"If-Match": `"1"`}}).says(t, 412)
	for _, at := range []string{style, family} {
		s.do("PATCH", at, name("")).says(t, 400, "name")
		s.do("PATCH", at, name("../a")).says(t, 400, "slash")
		s.do("PATCH", at, name(7)).says(t, 400, "name")
		s.do("PATCH", at, call{body: "x", header: map[string]string{"Content-Type": "text/plain"}}).says(t, 415)
		s.do("PATCH", "/grafx/api/v1/environment/other"+at, call{token: s.NewToken(s.other, tepin.FontWrite), body: `{"name":"x"}`}).says(t, 404)
	}
	r = s.do("GET", style+"/download", call{}).want(t, 200, nil).tenant(t)
	if r := s.do("GET", style+"/download", call{header: map[string]string{"If-None-Match": r.Header.Get("ETag")}}); r.StatusCode != 304 {
		t.Errorf("%d", r.StatusCode)
	}

	// By weight, unless the caller asks for an order.
	rows, _ := list[environmentapi.FontStyle](s, family+"/styles?sortBy=&sortOrder=&search=&limit=1")
	if len(rows) != 2 {
		t.Errorf("%+v", rows)
	}
	rows, _ = list[environmentapi.FontStyle](s, family+"/styles?sortBy=Name&sortOrder=desc&search=bo")
	if len(rows) != 2 || rows[0].Name != "Book" {
		t.Errorf("%+v", rows)
	}

	// Deleted together or not at all, and restored.
	s.do("DELETE", "/font-families", call{}).says(t, 400, "ids")
	s.do("DELETE", "/font-families?ids=x", call{}).says(t, 404)
	s.do("DELETE", "/font-families?ids="+string(made[0].FamilyID)+","+tepin.NewID[string](), call{}).says(t, 404)
	s.do("GET", family, call{}).want(t, 200, nil)
	s.do("DELETE", "/font-families?ids="+string(made[0].FamilyID)+","+string(made[2].FamilyID), call{}).want(t, 204, nil)
	s.do("GET", family, call{}).says(t, 404)
	s.do("GET", style, call{}).says(t, 404)
	s.do("PATCH", family, name("x")).says(t, 404)
	s.do("POST", "/grafx/api/v1/environment/other"+family+"/restore", call{token: s.NewToken(s.other, tepin.FontWrite)}).says(t, 404)
	s.do("POST", family+"/restore", call{}).want(t, 200, &f)
	if f.Name != "Grotesk" || f.FontStylesCount != 2 {
		t.Errorf("%+v", f)
	}
	s.do("POST", family+"/restore", call{}).says(t, 404)
	s.do("DELETE", "/font-styles?ids="+string(made[0].ID), call{}).want(t, 204, nil)
	s.do("POST", style+"/restore", call{}).want(t, 200, nil)
	s.do("GET", style+"/download", call{}).want(t, 200, nil)
	s.do("POST", style+"/restore", call{}).says(t, 404)
}

// The older paths, from before there were families.
func TestOldFonts(t *testing.T) {
	s := newServer(t)
	made := s.named("Ours/Regular", "Ours/Bold", "Another/Regular")
	for _, at := range []string{"/fonts", "/fonts/directory"} {
		rows, _ := list[environmentapi.Font](s, at+"?limit=2&sortBy=&sortOrder=&folder=&search=")
		var names []string
		for _, r := range rows {
			names = append(names, r.Name)
		}
		if got := strings.Join(names, ", "); got != "Another Regular, Ours Bold, Ours Regular" {
			t.Errorf("%s: %s", at, got)
		}
		if rows, _ := list[environmentapi.Font](s, at+"?search=bol&folder=/"); len(rows) != 1 || rows[0].Family != "Ours" || rows[0].Style != "Bold" {
			t.Errorf("%s: %+v", at, rows)
		}
		s.do("GET", at+"?folder=/x", call{}).says(t, 404, "folder")
		s.do("GET", at+"?sortBy=size", call{}).says(t, 400, "sortBy")
		s.do("GET", at+"?nextPageToken=x", call{}).says(t, 400)
	}
	var one environmentapi.Item[environmentapi.Font]
	at := "/fonts/" + string(made[1].ID)
	s.do("GET", at, call{}).want(t, 200, &one)
	if one.Data.Name != "Ours Bold" || one.Data.Type != 0 {
		t.Errorf("%+v", one)
	}
	if r := s.do("GET", at+"/download", call{header: map[string]string{"Range": "bytes=0-3"}}); r.StatusCode != 206 || string(r.body) != "\x00\x01\x00\x00" {
		t.Errorf("%d %x", r.StatusCode, r.body)
	}
	s.do("GET", "/fonts/x", call{}).says(t, 404)
	s.do("GET", "/fonts/"+tepin.NewID[string]()+"/download", call{}).says(t, 404)
}

func TestUploadWOFF2(t *testing.T) {
	s := newServer(t)
	read := func(name string) []byte {
		data, err := os.ReadFile("../asset/woff/testdata/" + name)
		check(t, err)
		return data
	}
	var batch environmentapi.FontBatch
	s.do("POST", "/font-styles/temp", multi(t, file{"file", "Manrope.woff2", read("manrope.woff2")}, file{"file", "v.woff2", read("variable.woff2")})).want(t, 200, &batch)
	one, variable := batch.Data.PreloadedData[0], batch.Data.PreloadedData[1]
	if one.FileName != "Manrope.ttf" || !one.CanBeUploaded || one.Embedding != tepin.EmbedInstallable || variable.CanBeUploaded || !strings.Contains(variable.Errors[0], "variable") {
		t.Errorf("%+v", batch)
	}
	var made environmentapi.Item[[]environmentapi.FontStyle]
	s.do("POST", "/font-styles/temp/"+string(batch.BatchID)+"/confirm", call{}).want(t, 200, &made)
	r := s.do("GET", "/font-styles/"+string(made.Data[0].ID)+"/download", call{}).want(t, 200, nil)
	if r.Header.Get("Content-Type") != "font/ttf" || string(r.body[:4]) != "\x00\x01\x00\x00" || s.files() != 1 {
		t.Errorf("%v, %d files", r.Header, s.files())
	}
}
