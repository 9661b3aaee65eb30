package environmentapi_test

import (
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

func TestComponents(t *testing.T) {
	s := newServer(t)
	designer := s.designer()
	millimetres := strings.Replace(doc, `"width":30000,"height":30000,"unit":"px"`, `"width":240944.88188976377,"height":155905.51181102362,"unit":"mm"`, 1)
	var v environmentapi.Component
	s.do("POST", "/components", call{token: designer, body: `{"name":" Card ","content":` + millimetres + `}`}).want(t, 201, &v)
	if v.Name != "Card" || v.DefaultComponentDimensions != (environmentapi.ComponentDimensions{Width: 85, Height: 55, Unit: "mm"}) {
		t.Errorf("%+v", v)
	}
	at := "/components/" + string(v.ID)
	var got environmentapi.Item[environmentapi.Component]
	r := s.do("GET", at, call{}).want(t, 200, &got)
	if got.Data != v || !strings.HasPrefix(string(r.body), `{"data":{`) {
		t.Errorf("%s", r.body)
	}
	tag := r.Header.Get("ETag")
	if r := s.do("GET", at+"/download", call{}).want(t, 200, nil).tenant(t); string(r.body)+"\n" != millimetres && string(r.body) != millimetres {
		t.Errorf("%s", r.body)
	}

	// Content saves, its absence renames; as an object, and as a string.
	s.do("PUT", at, call{token: designer, body: `{"name":"Karte","more":1}`, header: map[string]string{"If-Match": tag}}).want(t, 200, &v)
	s.do("PUT", at, call{token: designer, body: `{"name":"x"}`, header: map[string]string{"If-Match": tag}}).says(t, 412)
	if v.Name != "Karte" || v.DefaultComponentDimensions.Unit != "mm" || !v.LastModifiedContentUTC.Equal(got.Data.LastModifiedContentUTC) {
		t.Errorf("%+v", v)
	}
	s.do("PUT", at, call{token: designer, body: map[string]any{"content": doc}}).want(t, 200, &v)
	if v.Name != "Karte" || v.DefaultComponentDimensions != (environmentapi.ComponentDimensions{Width: 30, Height: 30, Unit: "px"}) {
		t.Errorf("%+v", v)
	}
	if r := s.do("GET", at+"/download", call{}); string(r.body) != doc {
		t.Errorf("%s", r.body)
	}
	large := strings.Replace(doc, `"zz":  1.50`, `"zz":"`+strings.Repeat("x", 1<<20)+`"`, 1)
	files := s.files()
	s.do("PUT", at, call{token: designer, body: `{"content":` + large + `}`}).want(t, 200, nil)
	if s.files() != files+1 { // the old one is the sweep's
		t.Errorf("%d files", s.files()-files)
	}

	var imported environmentapi.Component
	c := multi(t, file{"file", "Square.zip", zipped(t, "document.json", using([]string{"a.png"}), "assets/a.png", string(picture(t)))})
	c.token = designer
	s.do("POST", "/components/import", c).want(t, 201, &imported)
	if media, _ := list[environmentapi.Asset](s, "/media"); imported.Name != "Square" || imported.DefaultComponentDimensions.Width != 30 || len(media) != 1 {
		t.Errorf("%+v", imported)
	}
	c = multi(t, file{"file", "plugin.json", []byte(doc)})
	c.token = designer
	s.do("POST", "/components/import?name=Plugin", c).want(t, 201, &imported)
	rows, pages := list[environmentapi.Component](s, "/components?limit=2")
	if len(rows) != 3 || pages != 2 || rows[0].Name != "Karte" || rows[2].Name != "Square" {
		t.Errorf("%+v", rows)
	}
	s.do("DELETE", at, call{token: designer, header: map[string]string{"If-Match": tag}}).says(t, 412)
	s.do("DELETE", at, call{token: designer}).want(t, 204, nil)
	s.do("GET", at, call{}).says(t, 404, "component")
	s.do("POST", at+"/restore", call{token: designer}).want(t, 200, &v)
	s.do("POST", at+"/restore", call{token: designer}).says(t, 404)
}

// Who may what with components and tags, by role.
func TestRolesOfComponents(t *testing.T) {
	s := newServer(t)
	editor := s.Application(s.env, "Components", "https://components.example/")
	content := `{"name":"c","content":` + doc + `}`
	var v environmentapi.Component
	s.do("POST", "/components", call{token: s.designer(), body: content}).want(t, 201, &v)
	for role, may := range map[tepin.Role]struct{ read, write, tag int }{
		tepin.EndUser:          {403, 403, 403},
		tepin.EnvironmentAdmin: {200, 403, 201},
		tepin.TemplateDesigner: {200, 201, 201},
	} {
		as := tepin.Invitation{SubscriptionID: s.env.SubscriptionID, Email: strings.ToLower(string(role)) + "@example.org",
			Environments: []tepin.EnvironmentRole{{EnvironmentID: s.env.ID, Role: role}}}
		if role == tepin.TemplateDesigner { // a seat of the subscription, beside a way in
			as.TemplateDesigner, as.Environments[0].Role = true, tepin.EndUser
		}
		who, _ := s.Member(as)
		token := s.PersonTokens(who, editor, "", "openid").Access
		for _, path := range []string{"/components", "/components/" + string(v.ID), "/components/" + string(v.ID) + "/download"} {
			if r := s.do("GET", path, call{token: token}); r.StatusCode != may.read {
				t.Errorf("%s, %s: %d %s", role, path, r.StatusCode, r.body)
			}
		}
		if r := s.do("POST", "/components", call{token: token, body: content}); r.StatusCode != may.write {
			t.Errorf("%s writes: %d %s", role, r.StatusCode, r.body)
		}
		if r := s.do("POST", "/tags", call{token: token, body: `{"name":"` + string(role) + `"}`}); r.StatusCode != may.tag {
			t.Errorf("%s tags: %d %s", role, r.StatusCode, r.body)
		}
		if r := s.do("GET", "/tags", call{token: token}); r.StatusCode != 200 {
			t.Errorf("%s reads tags: %d %s", role, r.StatusCode, r.body)
		}
	}
	if r := s.do("GET", "/components", call{token: s.NewToken(s.env, tepin.MediaRead)}); r.StatusCode != 200 {
		t.Errorf("an integration: %d", r.StatusCode)
	}
}

func TestBadComponents(t *testing.T) {
	s := newServer(t)
	designer := s.designer()
	var v environmentapi.Component
	s.do("POST", "/components", call{token: designer, body: `{"name":"c","content":` + doc + `}`}).want(t, 201, &v)
	one := "/components/" + string(v.ID)
	absent := "/components/" + string(tepin.NewID[tepin.ComponentID]())
	before := s.files()
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"nothing":        {"POST", "/components", `{}`, 400, "content"},
		"no content":     {"POST", "/components", `{"name":"x"}`, 400, "content"},
		"null":           {"POST", "/components", `{"name":"x","content":null}`, 400, "content"},
		"no name":        {"POST", "/components", `{"content":` + doc + `}`, 400, "name"},
		"bad name":       {"POST", "/components", `{"name":"a/b","content":` + doc + `}`, 400, "slash"},
		"number":         {"POST", "/components", `{"name":7,"content":{}}`, 400, "name"},
		"list":           {"POST", "/components", `[]`, 400, ""},
		"no JSON":        {"POST", "/components", `{`, 400, "JSON"},
		"content list":   {"POST", "/components", `{"name":"x","content":[]}`, 400, "object"},
		"content text":   {"POST", "/components", `{"name":"x","content":"hello"}`, 400, "JSON"},
		"content number": {"POST", "/components", `{"name":"x","content":"7"}`, 400, "object"},
		"bad document":   {"POST", "/components", `{"name":"x","content":{"layouts":7}}`, 400, "$.layouts"},
		"deep":           {"POST", "/components", `{"name":"x","content":"` + strings.Repeat("[", 300) + `"}`, 400, "200"},
		"no change":      {"PUT", one, `{}`, 400, "nothing to change"},
		"empty name":     {"PUT", one, `{"name":""}`, 400, "name"},
		"absent":         {"PUT", absent, `{"content":` + doc + `}`, 404, "component"},
		"no id":          {"PUT", "/components/x", `{"content":` + doc + `}`, 404, "component"},
		"rename absent":  {"PUT", absent, `{"name":"x"}`, 404, "component"},
		"delete absent":  {"DELETE", absent, ``, 404, "component"},
		"restore living": {"POST", one + "/restore", ``, 404, "component"},
		"download":       {"GET", absent + "/download", ``, 404, "component"},
		"import JSON":    {"POST", "/components/import", `{}`, 415, "multipart"},
		"huge":           {"PUT", one, `{"name":"` + strings.Repeat("n", 21<<20) + `"}`, 413, "20 MB"},
		"sort":           {"GET", "/components?sortBy=size", ``, 400, "sorted"},
	} {
		t.Run(name, func(t *testing.T) {
			var body any
			if c.body != "" {
				body = c.body
			}
			s.do(c.method, c.path, call{token: designer, body: body}).says(t, c.status, c.says)
		})
	}
	s.do("PUT", one, call{token: designer, body: `{"name":"x"}`, header: map[string]string{"Content-Type": "text/plain"}}).says(t, 415)
	s.do("PUT", one, call{token: designer, body: `{"content":` + doc + `}`, header: map[string]string{"If-Match": `"9"`}}).says(t, 412)
	if after := s.files(); after != before {
		t.Errorf("%d files were left behind", after-before)
	}
}
