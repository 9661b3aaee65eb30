package environmentapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

func TestTags(t *testing.T) {
	s := newServer(t)
	designer := s.designer()
	tag := func(name string) environmentapi.TagRow {
		t.Helper()
		var v environmentapi.TagRow
		s.do("POST", "/tags", call{token: designer, body: map[string]any{"name": name}}).want(t, 201, &v)
		return v
	}
	red, sea := tag("rot"), tag("Blaues Meer")
	a, b := s.createTemplate("a", "/"), s.createTemplate("b", "/x")
	if a.Tags == nil {
		t.Error("tags are null")
	}
	at := "/templates/" + string(a.ID)
	set := func(id tepin.TemplateID, tags ...tepin.TagID) (v environmentapi.Template) {
		t.Helper()
		s.do("PUT", "/templates/"+string(id)+"/tags", call{body: map[string]any{"tags": tags}}).want(t, 200, &v)
		return v
	}
	if v := set(a.ID, red.ID, sea.ID); fmt.Sprint(v.Tags) != fmt.Sprint([]environmentapi.TagRef{{ID: sea.ID, Name: "Blaues Meer"}, {ID: red.ID, Name: "rot"}}) {
		t.Errorf("%+v", v.Tags)
	}
	set(b.ID, red.ID)
	for query, want := range map[string]string{
		"tags=ROT": "a b",
		"tags=" + string(red.ID) + ",blaues meer": "a",
		"tags=rot&limit=1":                        "a b",
		"tags=rot&folder=/x":                      "b",
		"tags=rot&search=" + string(a.ID):         "a",
		"tags=absent":                             "",
		"tags=":                                   "a b",
		"tags=rot,,%20&sortBy=id&sortOrder=desc":  "b a",
		"tags=" + strings.ToUpper(string(sea.ID)) + "&limit=1": "a",
	} {
		rows, _ := list[environmentapi.Template](s, "/templates?"+strings.ReplaceAll(query, " ", "%20"))
		if names(rows) != want {
			t.Errorf("%s: %s, not %s", query, names(rows), want)
		}
	}
	rows, _ := list[environmentapi.Template](s, "/templates/directory?"+url.Values{"tags": {"rot"}, "folder": {"/"}}.Encode())
	if names(rows) != "x a" || len(rows[1].Tags) != 2 {
		t.Errorf("%+v", rows)
	}

	// A template has changed when what it shows of its tags has.
	seen := s.do("GET", at, call{}).want(t, 200, nil).Header.Get("ETag")
	if r := s.do("GET", at, call{header: map[string]string{"If-None-Match": seen}}); r.StatusCode != 304 {
		t.Fatal(r.StatusCode)
	}
	s.do("PATCH", "/tags/"+string(red.ID), call{token: designer, body: `{"name":"red"}`}).want(t, 200, &red)
	var got environmentapi.Item[environmentapi.Template]
	r := s.do("GET", at, call{header: map[string]string{"If-None-Match": seen}}).want(t, 200, &got)
	if got.Data.Tags[1].Name != "red" {
		t.Errorf("%s", r.body)
	}
	s.do("DELETE", "/tags/"+string(red.ID), call{token: designer, header: map[string]string{"If-Match": `"1"`}}).says(t, 412)
	s.do("DELETE", "/tags/"+string(red.ID), call{token: designer}).want(t, 204, nil)
	s.do("GET", at, call{header: map[string]string{"If-None-Match": r.Header.Get("ETag")}}).want(t, 200, &got)
	if len(got.Data.Tags) != 1 {
		t.Errorf("%+v", got.Data.Tags)
	}

	// A copy takes the tags along.
	var copied environmentapi.Template
	s.do("POST", at+"/copy?name=c&folderPath=/y", call{}).want(t, 201, &copied)
	if copied.ID == a.ID || copied.Name != "c" || copied.RelativePath != "/y" || len(copied.Tags) != 1 {
		t.Errorf("%+v", copied)
	}
	if r := s.do("GET", "/templates/"+string(copied.ID)+"/download", call{}); string(r.body) != doc {
		t.Errorf("the copy is %s", r.body)
	}
	s.do("DELETE", at, call{}).want(t, 200, nil)
	if r := s.do("GET", "/templates/"+string(copied.ID)+"/download", call{}); string(r.body) != doc {
		t.Errorf("the copy is %s", r.body)
	}
	s.do("POST", "/templates/"+string(copied.ID)+"/copy", call{}).want(t, 201, &copied)
	if copied.Name != "c" || copied.RelativePath != "/y" {
		t.Errorf("%+v", copied)
	}
	rowsOfTags, _ := list[environmentapi.TagRow](s, "/tags?search=bl")
	if len(rowsOfTags) != 1 || rowsOfTags[0] != sea {
		t.Errorf("%+v", rowsOfTags)
	}
	var one environmentapi.TagRow
	if s.do("GET", "/tags/"+string(sea.ID), call{}).want(t, 200, &one); one != sea {
		t.Errorf("%+v", one)
	}
}

func TestBadTags(t *testing.T) {
	s := newServer(t)
	designer := s.designer()
	s.do("POST", "/tags", call{token: designer, body: `{"name":"taken"}`}).want(t, 201, nil)
	var one environmentapi.TagRow
	s.do("POST", "/tags", call{token: designer, body: `{"name":"one"}`}).want(t, 201, &one)
	made := "/templates/" + string(s.createTemplate("t", "/").ID)
	absent := string(tepin.NewID[tepin.TagID]())
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"no name":         {"POST", "/tags", `{}`, 400, "name"},
		"comma":           {"POST", "/tags", `{"name":"a,b"}`, 400, "comma"},
		"slash":           {"POST", "/tags", `{"name":"a/b"}`, 400, "slash"},
		"long":            {"POST", "/tags", `{"name":"` + strings.Repeat("n", 101) + `"}`, 400, "100"},
		"taken":           {"POST", "/tags", `{"name":"Taken"}`, 409, "already"},
		"rename taken":    {"PATCH", "/tags/" + string(one.ID), `{"name":"TAKEN"}`, 409, "already"},
		"rename absent":   {"PATCH", "/tags/" + absent, `{"name":"x"}`, 404, "tag"},
		"delete absent":   {"DELETE", "/tags/" + absent, ``, 404, "tag"},
		"no id":           {"GET", "/tags/x", ``, 404, "tag"},
		"absent tag":      {"PUT", made + "/tags", `{"tags":["` + absent + `"]}`, 404, "tag"},
		"no tags":         {"PUT", made + "/tags", `{}`, 400, "tags"},
		"null":            {"PUT", made + "/tags", `{"tags":null}`, 400, ""},
		"names":           {"PUT", made + "/tags", `{"tags":[7]}`, 400, "tags"},
		"too many":        {"PUT", made + "/tags", `{"tags":["` + strings.Repeat(absent+`","`, 50) + absent + `"]}`, 400, "50"},
		"absent template": {"PUT", "/templates/" + absent + "/tags", `{"tags":[]}`, 404, "template"},
		"filter":          {"GET", "/templates?tags=1,2,3,4,5,6,7,8,9,10,11", ``, 400, "10"},
		"control":         {"GET", "/templates?tags=a%07", ``, 400, "plain text"},
		"copy of nothing": {"POST", "/templates/" + absent + "/copy", ``, 404, "template"},
		"copy name":       {"POST", made + "/copy?name=a%2Fb", ``, 400, "slash"},
		"copy folder":     {"POST", made + "/copy?folderPath=/a/../b", ``, 400, "folder"},
		"restore nothing": {"POST", made + "/restore", ``, 404, "template"},
		"bad force":       {"DELETE", made + "?force=x", ``, 400, "force"},
	} {
		t.Run(name, func(t *testing.T) {
			var body any
			if c.body != "" {
				body = c.body
			}
			s.do(c.method, c.path, call{token: designer, body: body}).says(t, c.status, c.says)
		})
	}
	s.do("PUT", made+"/tags", call{body: `{"tags":[]}`, header: map[string]string{"If-Match": `"9"`}}).says(t, 412)
	s.do("DELETE", made, call{}).want(t, 200, nil)
	s.do("POST", made+"/restore", call{}).want(t, 200, nil)
}
