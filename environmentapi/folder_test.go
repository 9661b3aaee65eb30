package environmentapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

// folder makes a folder.
func (s *server) folder(at, parent, name string) environmentapi.FolderRow {
	s.t.Helper()
	var f environmentapi.FolderRow
	s.do("POST", at+"/folders", call{body: map[string]any{"name": name, "folderPath": parent}}).want(s.t, 201, &f)
	return f
}

func TestFolders(t *testing.T) {
	s := newServer(t)
	for _, at := range []string{"/templates", "/media"} {
		t.Run(at, func(t *testing.T) {
			f := s.folder(at, "/Kampagnen/2026", " Frühling ☀ ")
			if f.Name != "Frühling ☀" || f.RelativePath != "/Kampagnen/2026" || f.Type != 1 || !tepin.IsID(string(f.ID)) || f.DateCreated.IsZero() {
				t.Errorf("%+v", f)
			}
			rows, pages := list[environmentapi.FolderRow](s, at+"/folders?limit=2&sortBy=relativePath")
			if len(rows) != 3 || pages != 2 || rows[2] != f {
				t.Errorf("%d pages of %+v", pages, rows)
			}
			rows, _ = list[environmentapi.FolderRow](s, at+"/folders?folder=/kampagnen&search=20")
			if len(rows) != 1 || rows[0].Name != "2026" {
				t.Errorf("%+v", rows)
			}
			one := at + "/folders/" + string(f.ID)
			r := s.do("PATCH", one, call{body: `{"name":"Sommer","folderPath":"/"}`}).want(t, 200, &f)
			if f.Name != "Sommer" || f.RelativePath != "/" || r.Header.Get("ETag") != `"2"` {
				t.Errorf("%s %s", r.Header.Get("ETag"), r.body)
			}
			s.do("PATCH", one, call{body: `{"name":"x"}`, header: map[string]string{"If-Match": `"1"`}}).says(t, 412)
			s.do("DELETE", one, call{header: map[string]string{"If-Match": `"1"`}}).says(t, 412)
			s.do("DELETE", one, call{header: map[string]string{"If-Match": `"2"`}}).want(t, 204, nil)
			s.do("DELETE", one, call{}).says(t, 404, "folder")
			s.do("PATCH", one, call{body: `{"name":"x"}`}).says(t, 404, "folder")
		})
	}
}

// What is refused of folders, of both kinds.
func TestBadFolders(t *testing.T) {
	s := newServer(t)
	for _, at := range []string{"/templates", "/media"} {
		a, b := s.folder(at, "/", "a"), s.folder(at, "/a", "b")
		one := at + "/folders/" + string(a.ID)
		long := strings.Repeat("n", 256)
		for name, c := range map[string]struct {
			method, path, body string
			status             int
			says               string
		}{
			"no name":        {"POST", at + "/folders", `{}`, 400, "name"},
			"empty name":     {"POST", at + "/folders", `{"name":" "}`, 400, "name"},
			"number":         {"POST", at + "/folders", `{"name":7}`, 400, "name"},
			"list":           {"POST", at + "/folders", `[]`, 400, ""},
			"slash":          {"POST", at + "/folders", `{"name":"a/b"}`, 400, "slash"},
			"backslash":      {"POST", at + "/folders", `{"name":"a\\b"}`, 400, "slash"},
			"dot":            {"POST", at + "/folders", `{"name":"."}`, 400, "called"},
			"dots":           {"POST", at + "/folders", `{"name":".."}`, 400, "called"},
			"dots in path":   {"POST", at + "/folders", `{"name":"x","folderPath":"/a/../b"}`, 400, "called"},
			"control":        {"POST", at + "/folders", `{"name":"a\u0007"}`, 400, "control"},
			"nul":            {"POST", at + "/folders", `{"name":"a\u0000"}`, 400, "control"},
			"direction":      {"POST", at + "/folders", `{"name":"a\u202egpj"}`, 400, "control"},
			"long":           {"POST", at + "/folders", `{"name":"` + long + `"}`, 400, "255"},
			"deep":           {"POST", at + "/folders", `{"name":"x","folderPath":"` + strings.Repeat("/d", 51) + `"}`, 400, "50"},
			"one too deep":   {"POST", at + "/folders", `{"name":"x","folderPath":"` + strings.Repeat("/d", 50) + `"}`, 400, "50"},
			"long path":      {"POST", at + "/folders", `{"name":"x","folderPath":"` + strings.Repeat("/"+long[:250], 5) + `"}`, 400, "1000"},
			"there already":  {"POST", at + "/folders", `{"name":"A"}`, 409, "already"},
			"huge":           {"POST", at + "/folders", `{"name":"` + strings.Repeat("n", 200_000) + `"}`, 413, ""},
			"nothing":        {"PATCH", one, `{}`, 400, "nothing to change"},
			"null":           {"PATCH", one, `{"name":null}`, 400, ""},
			"bad name":       {"PATCH", one, `{"name":"x/y"}`, 400, "slash"},
			"bad place":      {"PATCH", one, `{"folderPath":"/a/./b"}`, 400, "called"},
			"into itself":    {"PATCH", one, `{"folderPath":"/A"}`, 409, "into itself"},
			"into its child": {"PATCH", one, `{"folderPath":"/a/b/c"}`, 409, "into itself"},
			"collision":      {"PATCH", at + "/folders/" + string(b.ID), `{"name":"A","folderPath":"/"}`, 409, "already"},
			"no id":          {"PATCH", at + "/folders/nonsense", `{"name":"x"}`, 404, "folder"},
			"not empty":      {"DELETE", one, ``, 409, "1 folder"},
			"bad force":      {"DELETE", one + "?force=perhaps", ``, 400, "force"},
			"bad sort":       {"GET", at + "/folders?sortBy=size", ``, 400, "sorted"},
			"bad token":      {"GET", at + "/folders?nextPageToken=x", ``, 400, "token"},
			"bad limit":      {"GET", at + "/folders?limit=0", ``, 400, "limit"},
		} {
			t.Run(at+" "+name, func(t *testing.T) {
				var body any
				if c.body != "" {
					body = c.body
				}
				s.do(c.method, c.path, call{body: body}).says(t, c.status, c.says)
			})
		}
		s.do("POST", at+"/folders", call{body: `{"name":"x"}`, header: map[string]string{"Content-Type": "text/plain"}}).says(t, 415)
		if rows, _ := list[environmentapi.FolderRow](s, at+"/folders"); len(rows) != 2 {
			t.Errorf("what was refused left %+v", rows)
		}
	}
}

func TestTemplateDirectory(t *testing.T) {
	s := newServer(t)
	for _, name := range []string{"b", "C", "a"} {
		s.createTemplate(name, "/d")
		s.createTemplate("x", "/d/"+name)
	}
	s.createTemplate("root", "/")
	read := func(query string) string {
		t.Helper()
		rows, _ := list[environmentapi.Template](s, "/templates/directory?"+query)
		var names []string
		for _, r := range rows {
			names = append(names, fmt.Sprintf("%s:%s:%d", r.RelativePath, r.Name, r.Type))
		}
		return strings.Join(names, " ")
	}
	for query, want := range map[string]string{
		"":                                     "/:d:1 /:root:0",
		"folder=/d&limit=2":                    "/d:a:1 /d:b:1 /d:C:1 /d:a:0 /d:b:0 /d:C:0",
		"folder=/D&sortOrder=desc&limit=3":     "/d:C:1 /d:b:1 /d:a:1 /d:C:0 /d:b:0 /d:a:0",
		"folder=/d&search=c&sortBy=":           "/d:C:1 /d:C:0",
		"folder=/d/a":                          "/d/a:x:0",
		"folder=&search=d&sortBy=RelativePath": "/:d:1",
		"includeItemsFromSubfolders=true&limit=3": "/d:a:1 /d:b:1 /d:C:1 /:d:1 /d:a:0 /d:b:0 /d:C:0 /:root:0 /d/b:x:0 /d/C:x:0 /d/a:x:0",
	} {
		if got := read(query); got != want {
			t.Errorf("%q: %s, not %s", query, got, want)
		}
	}
	s.do("GET", "/templates/directory?folder=/absent", call{}).says(t, 404, "folder")

	// A folder that goes between two pages ends the list.
	var p environmentapi.Page[environmentapi.Template]
	s.do("GET", "/templates/directory?folder=/d&limit=1", call{}).want(t, 200, &p)
	s.do("GET", p.Links.NextPage+"&sortBy=name", call{}).says(t, 400, "order")
	rows, _ := list[environmentapi.FolderRow](s, "/templates/folders?folder=/")
	s.do("DELETE", "/templates/folders/"+string(rows[0].ID)+"?force=true", call{}).want(t, 204, nil)
	s.do("GET", p.Links.NextPage, call{}).says(t, 410, "folder")
	if got := read(""); got != "/:root:0" {
		t.Error(got)
	}
}

// A folder takes a new name to all below it, and to clients that keep an ETag of that.
func TestFolderRename(t *testing.T) {
	s := newServer(t)
	made := s.createTemplate("t", "/a/b")
	at := "/templates/" + string(made.ID)
	tag := s.do("GET", at, call{}).want(t, 200, nil).Header.Get("ETag")
	rows, _ := list[environmentapi.FolderRow](s, "/templates/folders?folder=/")
	s.do("PATCH", "/templates/folders/"+string(rows[0].ID), call{body: `{"name":"Z"}`}).want(t, 200, nil)
	var got environmentapi.Item[environmentapi.Template]
	s.do("GET", at, call{header: map[string]string{"If-None-Match": tag}}).want(t, 200, &got)
	if got.Data.RelativePath != "/Z/b" {
		t.Errorf("%+v", got.Data)
	}
	if rows, _ := list[environmentapi.Template](s, "/templates?"+url.Values{"folder": {"/z/B"}}.Encode()); len(rows) != 1 {
		t.Errorf("%+v", rows)
	}
}
