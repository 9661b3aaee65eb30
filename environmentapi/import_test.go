package environmentapi_test

import (
	"archive/zip"
	"bytes"
	"io"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
	"github.com/tepin/tepin/sample"
)

// zipped makes an archive of names and contents.
func zipped(t *testing.T, entries ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.Create(entries[i])
		check(t, err)
		_, err = io.WriteString(w, entries[i+1])
		check(t, err)
	}
	check(t, z.Close())
	return b.Bytes()
}

// unzipped are the files of an archive.
func unzipped(t *testing.T, data []byte) (files map[string]string, names string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	check(t, err)
	files = map[string]string{}
	var list []string
	for _, f := range z.File {
		r, err := f.Open()
		check(t, err)
		raw, err := io.ReadAll(r)
		check(t, err)
		files[f.Name], list = string(raw), append(list, f.Name)
	}
	sort.Strings(list)
	return files, strings.Join(list, " ")
}

// using is a document that refers to media and fonts.
func using(media []string, fonts ...string) string {
	frames, styles := "", ""
	for i, m := range media {
		frames += strings.Repeat(",", min(i, 1)) + `{"id":"` + string(rune('a'+i)) + `","type":"image","src":{"type":"connector","connectorId":"grafx-media","assetId":"` + m + `"}}`
	}
	for i, f := range fonts {
		styles += strings.Repeat(",", min(i, 1)) + `{"id":"k` + string(rune('a'+i)) + `","name":"Regular","fontStyleId":"` + f + `"}`
	}
	return strings.Replace(strings.Replace(doc, `"frames":[]`, `"frames":[`+frames+`]`, 1), `"documentVersion"`, `"brandKit":{"fontFamilies":[{"name":"F","fontStyles":[`+styles+`]}]},"documentVersion"`, 1)
}

// everything lists what an environment has of templates, media and fonts.
func (s *server) everything(token string) string {
	s.t.Helper()
	var all []string
	for _, path := range []string{"/templates", "/media", "/font-families", "/components", "/templates/folders", "/media/folders"} {
		var p environmentapi.Page[struct{ Name string }]
		s.do("GET", path+"?limit=1000", call{token: token}).want(s.t, 200, &p)
		var names []string
		for _, x := range p.Data {
			names = append(names, x.Name)
		}
		sort.Strings(names)
		all = append(all, path+": "+strings.Join(names, ", "))
	}
	return strings.Join(all, "; ")
}

// An export and an import of it in another environment make the same template, with media
// and fonts of its own; a second import makes no second ones.
func TestExportAndImport(t *testing.T) {
	s := newServer(t)
	beach := s.upload("beach.png", picture(t))
	font := s.fonts(file{"file", "a.ttf", sample.Fonts()[0].Data})[0]
	absent := string(tepin.NewID[tepin.MediaID]())
	original := using([]string{string(beach.ID), "beach", absent}, string(font.ID))
	var made environmentapi.Template
	s.do("POST", "/templates?name=Sommer%20☀", call{body: original}).want(t, 201, &made)
	before := s.files()
	r := s.do("GET", "/templates/"+string(made.ID)+"/export", call{}).want(t, 200, nil).tenant(t)
	if r.Header.Get("Content-Type") != "application/zip" || !strings.Contains(r.Header.Get("Content-Disposition"), `filename="Sommer _.zip"`) {
		t.Errorf("%v", r.Header)
	}
	for wait := 0; s.files() != before; wait++ { // it goes when the answer has been sent
		if wait == 200 {
			t.Fatalf("the export left %d files", s.files()-before)
		}
		time.Sleep(10 * time.Millisecond)
	}
	files, names := unzipped(t, r.body)
	fontFile := "fonts/" + font.FamilyName + " " + font.Name + "." + font.Extension
	if want := "assets/beach.png document.json " + fontFile + " manifest.json"; names != want {
		t.Errorf("%s, not %s", names, want)
	}
	if files["document.json"] != original || files["assets/beach.png"] != string(picture(t)) || files[fontFile] != string(sample.Fonts()[0].Data) {
		t.Error("the archive holds other bytes")
	}

	token := s.NewToken(s.other, tepin.AllScopes...)
	other := "/grafx/api/v1/environment/other"
	send := func(query string) environmentapi.Template {
		t.Helper()
		c := multi(t, file{"file", "x.zip", r.body})
		c.token = token
		var v environmentapi.Template
		s.do("POST", other+"/templates/import?"+query, c).want(t, 201, &v)
		return v
	}
	first := send("")
	if first.Name != "Sommer ☀" || first.RelativePath != "/" {
		t.Errorf("%+v", first)
	}
	var media environmentapi.Page[environmentapi.Asset]
	s.do("GET", other+"/media", call{token: token}).want(t, 200, &media)
	if len(media.Data) != 1 || media.Data[0].ID == beach.ID || media.Data[0].Name != "beach" || media.Data[0].RelativePath != beach.RelativePath || *media.Data[0].Width != 20 {
		t.Fatalf("%+v", media.Data)
	}
	document := string(s.do("GET", other+"/templates/"+string(first.ID)+"/download", call{token: token}).body)
	for _, id := range []string{string(beach.ID), `"beach"`, string(font.ID)} {
		if strings.Contains(document, id) {
			t.Errorf("the document still says %s", id)
		}
	}
	if strings.Count(document, string(media.Data[0].ID)) != 2 || !strings.Contains(document, absent) {
		t.Errorf("the document is %s", document)
	}
	second := send("name=Zweite&folderPath=/a/b")
	if second.Name != "Zweite" || second.RelativePath != "/a/b" {
		t.Errorf("%+v", second)
	}
	var families environmentapi.Page[environmentapi.FontFamily]
	s.do("GET", other+"/font-families", call{token: token}).want(t, 200, &families)
	s.do("GET", other+"/media", call{token: token}).want(t, 200, &media)
	if len(families.Data) != 1 || families.Data[0].FontStylesCount != 1 || len(media.Data) != 1 {
		t.Errorf("%+v %+v", families.Data, media.Data)
	}
	if again := string(s.do("GET", other+"/templates/"+string(second.ID)+"/download", call{token: token}).body); again != document {
		t.Errorf("%s\nnot\n%s", again, document)
	}
}

// An archive that somebody packed by hand names its files in the document.
func TestImportByHand(t *testing.T) {
	s := newServer(t)
	data := zipped(t, "__MACOSX/poster/._document.json", "x", "poster/", "", "poster/document.json", using([]string{"assets/sub/a.PNG", "a", "b.png", "elsewhere"}, "Manrope.ttf"),
		"poster/assets/sub/a.PNG", string(picture(t)), "poster/assets/b.png", string(picture(t)), "poster/assets/.DS_Store", "x", "poster/readme.txt", "x", "poster/fonts/Manrope.ttf", string(sample.Fonts()[0].Data))
	var made environmentapi.Template
	s.do("POST", "/templates/import", multi(t, file{"file", `C:\work\Poster A2.zip`, data})).want(t, 201, &made)
	if made.Name != "Poster A2" {
		t.Errorf("%+v", made)
	}
	media, _ := list[environmentapi.Asset](s, "/media")
	if len(media) != 1 || media[0].Name != "a" { // twice the same bytes
		t.Fatalf("%+v", media)
	}
	got := string(s.do("GET", "/templates/"+string(made.ID)+"/download", call{}).body)
	if strings.Count(got, string(media[0].ID)) != 3 || !strings.Contains(got, `"elsewhere"`) || strings.Contains(got, "Manrope.ttf") {
		t.Errorf("%s", got)
	}

	// A document alone needs no scope beside the template's.
	only := multi(t, file{"file", "plain.json", []byte(doc)})
	only.token = s.NewToken(s.env, tepin.TemplateWrite)
	s.do("POST", "/templates/import", only).want(t, 201, &made)
	if got := string(s.do("GET", "/templates/"+string(made.ID)+"/download", call{}).body); made.Name != "plain" || got != doc {
		t.Errorf("%s: %s", made.Name, got)
	}
}

// What is refused leaves nothing behind.
func TestBadImports(t *testing.T) {
	s := newServer(t)
	pic, font := string(picture(t)), string(sample.Fonts()[0].Data)
	documentBomb := zipped(t, "document.json", `{"x":"`+strings.Repeat("a", 30<<20)+`"}`)
	cut := zipped(t, "document.json", doc, "assets/a.png", pic)
	before, had := s.files(), s.everything("")
	for name, c := range map[string]struct {
		data   []byte
		query  string
		status int
		says   string
	}{
		"empty":             {nil, "", 415, "neither"},
		"text":              {[]byte("hello world"), "", 415, "neither"},
		"bad JSON":          {[]byte(`{"pages":`), "", 400, "JSON"},
		"bad document":      {[]byte(`{"pages":7}`), "", 400, "$.pages"},
		"cut":               {cut[:len(cut)-9], "", 422, "cut"},
		"no document":       {zipped(t, "assets/a.png", pic), "", 422, "document.json"},
		"two documents":     {zipped(t, "document.json", doc, "a/document.json", doc), "", 422, "more than once"},
		"document too deep": {zipped(t, "a/b/document.json", doc), "", 422, "document.json"},
		"broken document":   {zipped(t, "document.json", "{", "assets/a.png", pic), "", 400, "JSON"},
		"wrong document":    {zipped(t, "document.json", `{"layouts":[7]}`, "assets/a.png", pic, "fonts/a.ttf", font), "", 400, "$.layouts[0]"},
		"document bomb":     {documentBomb, "", 413, "20 MB"},
		"outside":           {zipped(t, "document.json", doc, "assets/../../a.png", pic), "", 422, "no path inside"},
		"twice":             {zipped(t, "document.json", doc, "assets/a.png", pic, "assets/A.PNG", pic), "", 422, "twice"},
		"script":            {zipped(t, "document.json", doc, "assets/a.png", pic, "assets/evil.png", "<script>alert(1)</script>"), "", 415, "evil.png"},
		"broken picture":    {zipped(t, "document.json", doc, "assets/a.png", pic, "assets/b.png", pic[:30]), "", 422, "b.png"},
		"broken font":       {zipped(t, "document.json", doc, "assets/a.png", pic, "fonts/a.ttf", font[:500]), "", 422, "a.ttf"},
		"no font":           {zipped(t, "document.json", doc, "fonts/a.ttf", "hello"), "", 422, "a.ttf"},
		"bad manifest":      {zipped(t, "document.json", doc, "manifest.json", "[]"), "", 422, "manifest.json"},
		"other manifest":    {zipped(t, "document.json", doc, "manifest.json", `{"format":"x"}`), "", 422, "format"},
		"manifest bomb":     {zipped(t, "document.json", doc, "manifest.json", strings.Repeat(" ", 5<<20)), "", 413, "4 MB"},
		"manifest's name":   {zipped(t, "document.json", doc, "assets/a.png", pic, "manifest.json", `{"format":"tepin-template","version":1,"name":"a/b"}`), "", 400, "slash"},
		"manifest's path":   {zipped(t, "document.json", doc, "assets/a.png", pic, "manifest.json", `{"format":"tepin-template","version":1,"media":[{"id":"x","file":"assets/a.png","folder":"/../x"}]}`), "", 400, "folder"},
		"manifest's media":  {zipped(t, "document.json", doc, "assets/a.png", pic, "manifest.json", `{"format":"tepin-template","version":1,"media":[{"id":"x","file":"assets/a.png","name":"a\u0000"}]}`), "", 400, "control"},
		"name":              {zipped(t, "document.json", doc), "name=a%2Fb", 400, "slash"},
		"folder":            {zipped(t, "document.json", doc), "folderPath=/a/../b", 400, "folder"},
	} {
		t.Run(name, func(t *testing.T) {
			s.do("POST", "/templates/import?"+c.query, multi(t, file{"file", "x.zip", c.data})).says(t, c.status, c.says)
		})
	}
	s.do("POST", "/templates/import", call{body: `{}`}).says(t, 415, "multipart")
	s.do("POST", "/templates/import", multi(t, file{"other", "x.zip", cut})).says(t, 400, "part called file")
	for scopes, says := range map[tepin.Scope]string{tepin.MediaWrite: "font:write", tepin.FontWrite: "media:write"} {
		c := multi(t, file{"file", "x.zip", zipped(t, "document.json", doc, "assets/a.png", pic, "fonts/a.ttf", font)})
		c.token = s.NewToken(s.env, tepin.TemplateWrite, scopes)
		s.do("POST", "/templates/import", c).says(t, 403, says)
	}
	if after := s.files(); after != before {
		t.Errorf("%d files were left behind", after-before)
	}
	if has := s.everything(""); has != had {
		t.Errorf("there is %s, where there was %s", has, had)
	}

	made := "/templates/" + string(s.createTemplate("t", "/").ID) + "/export"
	s.do("GET", made, call{token: s.NewToken(s.env, tepin.TemplateRead, tepin.FontRead)}).says(t, 403, "media:read")
	s.do("GET", made, call{token: s.NewToken(s.env, tepin.TemplateRead, tepin.MediaRead)}).says(t, 403, "font:read")
	s.do("GET", "/templates/"+string(tepin.NewID[tepin.TemplateID]())+"/export", call{}).says(t, 404, "template")
}
