package environmentapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

// designer returns the token of a person who may do everything in the environment demo.
func (s *server) designer() string {
	s.t.Helper()
	who, _ := s.SignedIn("ada@example.org")
	return s.PersonTokens(who, s.Application(s.env, "Editor", "https://editor.example/"), "", "openid").Access
}

func (s *server) collection(name string) environmentapi.Collection {
	s.t.Helper()
	var v environmentapi.Collection
	s.do("POST", "/template-collections", call{body: map[string]any{"name": name}}).want(s.t, 201, &v)
	return v
}

func TestCollection(t *testing.T) {
	s := newServer(t)
	v := s.collection("Sommer ☀")
	at := "/template-collections/" + string(v.ID)
	if v.Name != "Sommer ☀" || v.Cover != nil || v.UserInterfaceID != nil || v.DateCreated.IsZero() {
		t.Errorf("%+v", v)
	}
	r := s.do("GET", at, call{}).want(t, 200, &v)
	tag := r.Header.Get("ETag")
	if r := s.do("GET", at, call{header: map[string]string{"If-None-Match": tag}}); r.StatusCode != 304 {
		t.Errorf("%d", r.StatusCode)
	}
	s.do("PATCH", at, call{body: `{"name":"Herbst","description":"kühl"}`, header: map[string]string{"If-Match": tag}}).want(t, 200, &v)
	s.do("PATCH", at, call{body: `{"name":"x"}`, header: map[string]string{"If-Match": tag}}).says(t, 412)
	if v.Name != "Herbst" || v.Description != "kühl" {
		t.Errorf("%+v", v)
	}
	rows, pages := list[environmentapi.Collection](s, "/template-collections?limit=1&search=her")
	if len(rows) != 1 || pages != 1 || rows[0] != v {
		t.Errorf("%+v", rows)
	}
	s.do("DELETE", at, call{header: map[string]string{"If-Match": tag}}).says(t, 412)
	s.do("DELETE", at, call{}).want(t, 204, nil)
	s.do("GET", at, call{}).says(t, 404, "collection")
	s.do("DELETE", at, call{}).says(t, 404, "collection")
	s.do("POST", at+"/restore", call{}).want(t, 200, &v)
	s.do("POST", at+"/restore", call{}).says(t, 404)
	s.do("DELETE", at, call{}).want(t, 204, nil)
	s.collection("HERBST")
	s.do("POST", at+"/restore", call{}).says(t, 409, "another collection")
}

// entries returns a collection's templates.
func (s *server) entries(at string, limit int) string {
	s.t.Helper()
	rows, _ := list[environmentapi.CollectionEntry](s, fmt.Sprintf("%s/templates?limit=%d", at, limit))
	var names []string
	for _, e := range rows {
		names = append(names, e.Name)
	}
	return strings.Join(names, " ")
}

func TestCollectionTemplates(t *testing.T) {
	s := newServer(t)
	at := "/template-collections/" + string(s.collection("c").ID)
	var ids []string
	for _, name := range []string{"z", "a", "m"} {
		made := s.createTemplate(name, "/")
		ids = append(ids, string(made.ID))
		var e environmentapi.CollectionEntry
		s.do("POST", at+"/templates", call{body: map[string]any{"templateId": made.ID}}).want(t, 201, &e)
		if e.ID != made.ID || e.Name != name || e.Renamed || e.DateAdded.IsZero() {
			t.Errorf("%+v", e)
		}
	}
	tag := s.do("GET", at, call{}).want(t, 200, nil).Header.Get("ETag")
	for limit := 1; limit < 5; limit++ {
		if got := s.entries(at, limit); got != "z a m" {
			t.Error(got)
		}
	}
	entry := at + "/templates/" + ids[1]
	s.do("PATCH", entry, call{body: `{"name":"Anders"}`, header: map[string]string{"If-Match": tag}}).want(t, 200, nil)
	s.do("PATCH", entry, call{body: `{"name":"x"}`, header: map[string]string{"If-Match": tag}}).says(t, 412)
	if got := s.entries(at, 2); got != "z Anders m" {
		t.Error(got)
	}
	s.do("PATCH", entry, call{body: `{"name":""}`}).want(t, 200, nil)
	s.do("PATCH", entry, call{body: `{"name":"Anders"}`}).want(t, 200, nil)
	s.do("POST", at+"/templates", call{body: map[string]any{"templateId": ids[0]}}).says(t, 409, "already")

	s.do("DELETE", "/templates/"+ids[1], call{}).says(t, 409, "force=true")
	s.do("DELETE", "/templates/"+ids[1]+"?force=true", call{}).want(t, 200, nil)
	if got := s.entries(at, 1); got != "z m" {
		t.Error(got)
	}
	s.do("PATCH", entry, call{body: `{"name":"x"}`}).says(t, 404)
	s.do("POST", "/templates/"+ids[1]+"/restore", call{}).want(t, 200, nil)
	if got := s.entries(at, 5); got != "z Anders m" {
		t.Error(got)
	}
	s.do("DELETE", entry, call{header: map[string]string{"If-Match": `"1"`}}).says(t, 412)
	s.do("DELETE", entry, call{}).want(t, 204, nil)
	s.do("DELETE", entry, call{}).says(t, 404)
	s.do("GET", "/templates/"+ids[1], call{}).want(t, 200, nil)

	var p environmentapi.Page[environmentapi.CollectionEntry]
	s.do("GET", at+"/templates?limit=1", call{}).want(t, 200, &p)
	s.do("DELETE", at, call{}).want(t, 204, nil)
	s.do("GET", p.Links.NextPage, call{}).says(t, 410)
}

func TestBadCollections(t *testing.T) {
	s := newServer(t)
	v := s.collection("taken")
	one := "/template-collections/" + string(v.ID)
	absent := string(tepin.NewID[tepin.TemplateID]())
	made := s.createTemplate("t", "/")
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"no name":          {"POST", "/template-collections", `{}`, 400, "name"},
		"empty name":       {"POST", "/template-collections", `{"name":""}`, 400, "name"},
		"list":             {"POST", "/template-collections", `[]`, 400, ""},
		"slash":            {"POST", "/template-collections", `{"name":"a/b"}`, 400, "slash"},
		"taken":            {"POST", "/template-collections", `{"name":"TAKEN"}`, 400, "already"},
		"long":             {"POST", "/template-collections", `{"name":"x","description":"` + strings.Repeat("d", 2001) + `"}`, 400, "2,000"},
		"nul":              {"POST", "/template-collections", `{"name":"x","description":"a\u0000"}`, 400, "plain text"},
		"no interface":     {"POST", "/template-collections", `{"name":"x","userInterfaceId":"` + absent + `"}`, 404, "user interface"},
		"bad interface":    {"POST", "/template-collections", `{"name":"x","userInterfaceId":"x"}`, 404, "user interface"},
		"huge":             {"POST", "/template-collections", `{"name":"` + strings.Repeat("n", 200_000) + `"}`, 413, ""},
		"nothing":          {"PATCH", one, `{}`, 400, "nothing to change"},
		"bad name":         {"PATCH", one, `{"name":"a\\b"}`, 400, "slash"},
		"absent":           {"PATCH", "/template-collections/" + absent, `{"name":"x"}`, 404, "collection"},
		"no id":            {"GET", "/template-collections/x", ``, 404, "collection"},
		"no template":      {"POST", one + "/templates", `{}`, 400, "templateId"},
		"absent template":  {"POST", one + "/templates", `{"templateId":"` + absent + `"}`, 404, "template"},
		"bad entry":        {"POST", one + "/templates", `{"templateId":"` + string(made.ID) + `","name":"a/b"}`, 400, "slash"},
		"entry elsewhere":  {"PATCH", one + "/templates/" + string(made.ID), `{"name":"x"}`, 404, "template"},
		"remove elsewhere": {"DELETE", one + "/templates/" + string(made.ID), ``, 404, "template"},
		"absent entries":   {"GET", "/template-collections/" + absent + "/templates", ``, 404, "collection"},
		"bad token":        {"GET", one + "/templates?nextPageToken=x", ``, 400, "token"},
		"no cover":         {"GET", one + "/cover", ``, 404, "cover"},
		"no cover to go":   {"DELETE", one + "/cover", ``, 404, "cover"},
		"cover as JSON":    {"POST", one + "/cover", `{}`, 415, "multipart"},
	} {
		t.Run(name, func(t *testing.T) {
			var body any
			if c.body != "" {
				body = c.body
			}
			s.do(c.method, c.path, call{body: body}).says(t, c.status, c.says)
		})
	}
	s.do("POST", "/template-collections", call{body: `{"name":"x"}`, header: map[string]string{"Content-Type": "text/plain"}}).says(t, 415)
	if rows, _ := list[environmentapi.Collection](s, "/template-collections"); len(rows) != 1 {
		t.Errorf("what was refused left %+v", rows)
	}
}

// Covers are pictures made of pixels, whatever they are called, and leave as bytes of a
// tenant do.
func TestCover(t *testing.T) {
	s := newServer(t)
	v := s.collection("c")
	at := "/template-collections/" + string(v.ID)
	send := func(method, fileName string, content []byte, header ...string) reply {
		t.Helper()
		c := multi(t, file{"file", fileName, content})
		if len(header) > 0 {
			c.header["If-Match"] = header[0]
		}
		return s.do(method, at+"/cover", c)
	}
	before := s.files()
	for name, c := range map[string]struct {
		content []byte
		status  int
	}{
		"svg":   {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>`), 415},
		"html":  {[]byte(`<!doctype html><script>alert(1)</script>`), 415},
		"pdf":   {[]byte("%PDF-1.7\n"), 0},
		"empty": {nil, 400},
		"cut":   {picture(t)[:20], 422},
	} {
		r := send("POST", "COVER.PNG", c.content)
		if r.StatusCode != c.status && (c.status != 0 || r.StatusCode < 400 || r.StatusCode >= 500) {
			t.Errorf("%s: %d %s", name, r.StatusCode, r.body)
		}
	}
	r := send("POST", "big.png", append(picture(t), make([]byte, 21<<20)...))
	r.says(t, 413)
	if after := s.files(); after != before {
		t.Errorf("%d files were left", after-before)
	}
	for i, method := range []string{"POST", "PUT"} {
		data := append(picture(t), make([]byte, i)...)
		send(method, "COVER.PNG", data).want(t, 200, &v)
		if v.Cover == nil || !strings.HasPrefix(*v.Cover, publicURL) {
			t.Fatalf("%+v", v)
		}
		r := s.do("GET", *v.Cover, call{}).want(t, 200, nil).tenant(t)
		if string(r.body) != string(data) || r.Header.Get("Content-Type") != "image/png" || r.Header.Get("Content-Disposition") != `attachment; filename="cover.png"` {
			t.Errorf("%d bytes, %v", len(r.body), r.Header)
		}
		if r := s.do("GET", *v.Cover, call{header: map[string]string{"If-None-Match": r.Header.Get("ETag")}}); r.StatusCode != http.StatusNotModified {
			t.Errorf("%d", r.StatusCode)
		}
	}
	files := s.files()
	send("POST", "x.png", picture(t), `"1"`).says(t, 412)
	if s.files() != files {
		t.Error("a refused cover was kept")
	}
	s.do("GET", at+"/cover", call{token: s.NewToken(s.env, tepin.CollectionList)}).says(t, 403)
	s.do("DELETE", at+"/cover", call{header: map[string]string{"If-Match": `"1"`}}).says(t, 412)
	s.do("DELETE", at+"/cover", call{}).want(t, 204, nil)
	s.do("GET", at+"/cover", call{}).says(t, 404, "cover")
}
