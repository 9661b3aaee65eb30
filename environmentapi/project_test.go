package environmentapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

func (s *server) createProject(template environmentapi.Template, name string) environmentapi.Project {
	s.t.Helper()
	var p environmentapi.Project
	body := map[string]any{"template": map[string]any{"id": template.ID}, "aFieldOfALaterVersion": 1}
	if name != "" {
		body["name"] = name
	}
	s.do("POST", "/projects", call{body: body}).want(s.t, 201, &p)
	return p
}

func TestProject(t *testing.T) {
	s := newServer(t)
	tpl := s.createTemplate("Poster", "/")
	made := s.createProject(tpl, "")
	if made.Name != "Poster" || made.Template.ID != tpl.ID || made.CollectionID != nil {
		t.Errorf("%+v", made)
	}
	at := "/projects/" + string(made.ID)

	// The project's document is the template's with another type, in the same order.
	r := s.do("GET", at+"/document", call{}).want(t, 200, nil).tenant(t)
	var document struct {
		Properties struct{ Type, TemplateID string }
	}
	unmarshal(t, r.body, &document)
	if document.Properties.Type != "project" || document.Properties.TemplateID != string(tpl.ID) || !strings.Contains(string(r.body), `"zz":  1.50`) {
		t.Errorf("%s", r.body)
	}
	tag := r.Header.Get("ETag")
	if r := s.do("GET", at+"/document", call{header: map[string]string{"If-None-Match": tag}}); r.StatusCode != 304 || len(r.body) != 0 {
		t.Errorf("%d %q", r.StatusCode, r.body)
	}

	changed := strings.Replace(string(r.body), "Hello", "Goodbye", 1)
	r = s.do("PUT", at+"/document", call{body: changed}).want(t, 204, nil)
	if len(r.body) != 0 || r.Header.Get("ETag") == tag {
		t.Errorf("%q, ETag %s", r.body, r.Header.Get("ETag"))
	}
	s.do("PUT", at+"/document", call{body: changed, header: map[string]string{"If-Match": tag}}).says(t, 412)
	s.do("PUT", at, call{body: changed + " "}).want(t, 204, nil)
	if r := s.do("GET", at+"/document", call{}); string(r.body) != changed+" " {
		t.Errorf("the document is %s", r.body)
	}

	var renamed environmentapi.Project
	s.do("PATCH", at, call{body: `{"name":" Poster for Ghent "}`}).want(t, 200, &renamed)
	if renamed.Name != "Poster for Ghent" {
		t.Errorf("%+v", renamed)
	}
	r = s.do("GET", at, call{}).want(t, 200, &renamed)
	var bare map[string]any
	unmarshal(t, r.body, &bare)
	if bare["id"] != string(made.ID) || bare["collectionId"] != nil || bare["data"] != nil {
		t.Errorf("not bare: %s", r.body)
	}

	// Nobody else sees it.
	stranger := s.NewToken(s.env, tepin.AllScopes...)
	for method, path := range map[string]string{"GET": at, "DELETE": at, "PATCH": at, "PUT": at + "/document"} {
		var body any
		if method == "PATCH" {
			body = `{"name":"mine"}`
		} else if method == "PUT" {
			body = doc
		}
		s.do(method, path, call{token: stranger, body: body}).says(t, 404, "no such project")
	}
	var others environmentapi.Page[environmentapi.Project]
	s.do("GET", "/projects", call{token: stranger}).want(t, 200, &others)
	if mine, _ := list[environmentapi.Project](s, "/projects?limit=1"); len(mine) != 1 || len(others.Data) != 0 {
		t.Errorf("I see %d, others %d", len(mine), len(others.Data))
	}

	s.do("DELETE", at, call{}).want(t, 204, nil)
	s.do("GET", at+"/document", call{}).says(t, 404)
}

func TestRefusedProjects(t *testing.T) {
	s := newServer(t)
	tpl := s.createTemplate("t", "/")
	before := s.files()
	for body, c := range map[string]struct {
		status int
		says   string
	}{
		`{"template":{"id":"` + string(tepin.NewID[tepin.TemplateID]()) + `"}}`: {404, "template"},
		`{"template":{"id":"x"}}`: {400, "template.id"},
		`{"template":{"id":7}}`:   {400, "template.id"},
		`{"template":{}}`:         {400, "id"},
		`{}`:                      {400, "template"},
		`[]`:                      {400, "object"},
		`{"template":`:            {400, "not valid JSON"},
		``:                        {400, "empty"},
		`{"template":{"id":"` + string(tpl.ID) + `"},"name":"a/b"}`: {400, "slash"},
		`{"template":{"id":"` + string(tpl.ID) + `"},"name":5}`:     {400, "name"},
	} {
		r := s.do("POST", "/projects", call{body: body}).says(t, c.status, c.says)
		if strings.Contains(c.says, "JSON") && !strings.Contains(string(r.body), "exceptionDetails") {
			t.Errorf("%s: no exceptionDetails: %s", body, r.body)
		}
	}
	if after := s.files(); after != before {
		t.Errorf("%d files were left behind", after-before)
	}
}

// What a request says wrongly is not repeated in the answer (S13).
func TestNoEcho(t *testing.T) {
	s := newServer(t)
	canary := "canary_7f3e"
	at := "/templates/" + string(s.createTemplate("t", "/").ID)
	quoted, err := json.Marshal(canary)
	check(t, err)
	for _, r := range []reply{
		s.do("GET", "/templates?limit="+canary, call{}),
		s.do("GET", "/templates?sortBy="+canary, call{}),
		s.do("GET", "/templates?nextPageToken="+canary, call{}),
		s.do("GET", "/templates/"+canary, call{}),
		s.do("POST", "/projects", call{body: `{"template":` + string(quoted) + `}`}),
		s.do("POST", "/projects", call{body: `{"template":{"id":` + string(quoted) + `}}`}),
		s.do("POST", "/projects", call{body: canary}),
		s.do("PUT", at, call{body: `{"` + canary}),
		s.do("PUT", at, call{body: "{}", header: map[string]string{"Content-Type": canary}}),
		s.do("POST", "/output/png", call{body: `{"outputSettingsId":[` + string(quoted) + `]}`}),
		s.do("POST", "/output/png", call{body: `{"outputSettingsId":` + string(quoted) + `}`}),
		s.do("GET", "/settings", call{token: canary}),
	} {
		if r.StatusCode < 400 || strings.Contains(string(r.body), canary) {
			t.Errorf("%s %s: %d %s", r.Request.Method, r.Request.URL, r.StatusCode, r.body)
		}
	}
}
