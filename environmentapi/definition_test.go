package environmentapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

// adminToken is that of an administrator who works by an application of the environment.
func (s *server) adminToken() string {
	s.t.Helper()
	who, _ := s.SignedIn("grace@example.org")
	return s.PersonTokens(who, s.Application(s.env, "Desk", "https://desk.example/"), "", "openid").Access
}

// bad is one refused body.
type bad struct {
	body   string
	status int
	says   string
}

// refuses sends each body and sees it refused, nothing of it kept.
func (s *server) refuses(method, path, token string, list []bad) {
	s.t.Helper()
	before := s.count(strings.Join(strings.Split(path, "/")[:2], "/"))
	for _, b := range list {
		r := s.do(method, path, call{token: token, body: b.body})
		if r.StatusCode != b.status || !strings.Contains(string(r.body), b.says) {
			s.t.Errorf("%s %s %.200s: %d, not %d with %q: %s", method, path, b.body, r.StatusCode, b.status, b.says, r.body)
		}
	}
	if n := s.count(strings.Join(strings.Split(path, "/")[:2], "/")); n != before {
		s.t.Errorf("%s %s: %d rows more", method, path, n-before)
	}
}

func (s *server) count(path string) int {
	s.t.Helper()
	var page environmentapi.Page[map[string]any]
	s.do("GET", path+"?limit=1000", call{}).want(s.t, 200, &page)
	return len(page.Data)
}

func TestUserInterfaces(t *testing.T) {
	s := newServer(t)
	admin := s.adminToken()
	var page environmentapi.Page[environmentapi.UserInterface]
	s.do("GET", "/user-interfaces", call{}).want(t, 200, &page)
	if len(page.Data) != 1 || !page.Data[0].Default || page.Data[0].Name != "[Default]" || len(page.Data[0].OutputSettings) < 3 {
		t.Fatalf("%+v", page.Data)
	}
	standard := page.Data[0]
	for id, intents := range standard.OutputSettings {
		if len(intents.LayoutIntents) == 0 {
			t.Errorf("%s has no intents", id)
		}
	}
	var form []map[string]any
	unmarshal(t, []byte(standard.FormBuilder), &form)
	if len(form) != 3 || form[1]["type"] != "layouts" {
		t.Errorf("%s", standard.FormBuilder)
	}

	// One of our own: intents in any case, the form byte for byte.
	var settings environmentapi.Page[environmentapi.OutputSettings]
	s.do("GET", "/output/settings", call{}).want(t, 200, &settings)
	png := settings.Data[slices.IndexFunc(settings.Data, func(o environmentapi.OutputSettings) bool { return o.Type == "PNG" })].ID
	own := `[ {"type":"variables",  "active":true,"header":"Texts","ofALaterVersion":{"a":[1]}} ]`
	var made environmentapi.UserInterface
	r := s.do("POST", "/user-interfaces", call{token: admin, body: map[string]any{"name": " Web shop ", "formBuilder": own,
		"outputSettings": map[string]any{strings.ToUpper(string(png)): map[string]any{"layoutIntents": []string{"DigitalStatic", "print", "Print"}}}}}).want(t, 201, &made)
	if made.Name != "Web shop" || made.Default || made.FormBuilder != own || fmt.Sprint(made.OutputSettings) != fmt.Sprintf("map[%s:{[digitalStatic print] {}}]", png) {
		t.Errorf("%s", r.body)
	}
	at := "/user-interfaces/" + string(made.ID)
	r = s.do("GET", at, call{}).want(t, 200, nil)
	var bare map[string]any
	unmarshal(t, r.body, &bare)
	if bare["id"] != string(made.ID) || bare["data"] != nil {
		t.Errorf("not bare: %s", r.body)
	}
	tag := r.Header.Get("ETag")
	seen := call{header: map[string]string{"If-None-Match": tag}}
	s.do("GET", at, seen).want(t, 304, nil)
	var passing environmentapi.OutputSettings
	s.do("POST", "/output/settings/png", call{token: admin, body: `{"name":"Passing"}`}).want(t, 201, &passing)
	s.do("GET", at, seen).want(t, 304, nil) // it offers settings of its own
	ofDefault := s.do("GET", "/user-interfaces/"+string(standard.ID), call{}).want(t, 200, nil).Header.Get("ETag")
	s.do("POST", "/output/settings/png", call{token: admin, body: `{"name":"New default","default":true}`}).want(t, 201, &passing)
	s.do("GET", "/user-interfaces/"+string(standard.ID), call{header: map[string]string{"If-None-Match": ofDefault}}).want(t, 200, &standard)

	// What was got can be put back.
	s.do("PUT", at, call{token: admin, body: string(r.body), header: map[string]string{"If-Match": tag}}).want(t, 200, &made)
	if made.FormBuilder != own || len(made.OutputSettings) != 1 {
		t.Errorf("%+v", made)
	}
	s.do("PUT", at, call{token: admin, body: `{"name":"x"}`, header: map[string]string{"If-Match": tag}}).says(t, 412)
	s.do("DELETE", at, call{token: admin, header: map[string]string{"If-Match": tag}}).says(t, 412)
	s.do("PUT", at, call{token: admin, body: `{"name":"[Default]"}`}).says(t, 409, "of that name")
	s.do("PUT", at, call{token: admin, body: `{"name":"Shop"}`}).want(t, 200, &made)
	if made.FormBuilder != standard.FormBuilder || len(made.OutputSettings) != len(standard.OutputSettings) {
		t.Errorf("what is left out is as in the default: %+v", made)
	}

	// The default changes hands, and stays one.
	old := "/user-interfaces/" + string(standard.ID)
	s.do("DELETE", old, call{token: admin}).says(t, 409, "default")
	s.do("PUT", old, call{token: admin, body: `{"name":"[Default]","default":false}`}).says(t, 409, "default")
	s.do("PUT", at, call{token: admin, body: `{"name":"Shop","default":true}`}).want(t, 200, &made)
	if made.Name != "[Shop]" {
		t.Error(made.Name)
	}
	s.do("GET", old, call{}).want(t, 200, &made)
	if made.Name != "Default" || made.Default {
		t.Errorf("%+v", made)
	}

	// Projects point at them, and fall back to the default.
	tpl := s.createTemplate("t", "/")
	var p environmentapi.Project
	s.do("POST", "/projects", call{body: map[string]any{"template": map[string]any{"id": tpl.ID}, "userInterfaceId": standard.ID}}).want(t, 201, &p)
	if p.UserInterfaceID == nil || *p.UserInterfaceID != standard.ID {
		t.Errorf("%+v", p)
	}
	project := "/projects/" + string(p.ID)
	s.do("PATCH", project, call{body: `{"name":"y"}`}).want(t, 200, &p)
	if p.UserInterfaceID == nil {
		t.Error("a rename took the user interface")
	}
	for body, want := range map[string]int{`{"userInterfaceId":"x"}`: 400, `{"userInterfaceId":7}`: 400, `{}`: 400, `{"userInterfaceId":"` + string(tepin.NewID[string]()) + `"}`: 404, `{"name":""}`: 400, `{"name":null}`: 400} {
		s.do("PATCH", project, call{body: body}).says(t, want)
	}
	s.do("DELETE", old, call{token: admin}).want(t, 204, nil)
	p = environmentapi.Project{}
	s.do("GET", project, call{}).want(t, 200, &p)
	if p.UserInterfaceID != nil {
		t.Errorf("%+v", p)
	}
	s.do("PATCH", project, call{body: map[string]any{"userInterfaceId": made.ID}}).says(t, 404)
	s.do("PATCH", project, call{body: `{"userInterfaceId":null}`}).want(t, 200, nil)
	s.do("GET", old, call{}).says(t, 404, "no such user interface")

	foreign := s.NewToken(s.other, tepin.AllScopes...)
	s.do("GET", "/grafx/api/v1/environment/other"+at, call{token: foreign}).says(t, 404, "no such user interface")
}

func TestRefusedUserInterfaces(t *testing.T) {
	s := newServer(t)
	quoted := func(form string) string {
		raw, err := json.Marshal(form)
		check(t, err)
		return `{"name":"x","formBuilder":` + string(raw) + `}`
	}
	section := `{"type":"variables"}`
	s.refuses("POST", "/user-interfaces", s.adminToken(), []bad{
		{`{}`, 400, "name"},
		{`{"name":7}`, 400, "name"},
		{`{"name":"a/b"}`, 400, "slash"},
		{`{"name":"[]"}`, 400, "needs a name"},
		{`{"name":"` + strings.Repeat("x", 300) + `"}`, 400, "name"},
		{`{"name":"x","default":"yes"}`, 400, "default"},
		{`{"name":"Default"}`, 409, "of that name"},
		{`{"name":"x","outputSettings":[]}`, 400, "outputSettings"},
		{`{"name":"x","outputSettings":{"x":{"layoutIntents":[]}}}`, 400, "not the id of output settings"},
		{`{"name":"x","outputSettings":{"` + tepin.NewID[string]() + `":{"layoutIntents":["print"]}}}`, 400, "not the id of output settings"},
		{`{"name":"x","outputSettings":{"x":7}}`, 400, "outputSettings"},
		{`{"name":"x","formBuilder":[]}`, 400, "formBuilder"},
		{quoted(`{}`), 400, "a list of sections"},
		{quoted(`null`), 400, "a list of sections"},
		{quoted(`nonsense`), 400, "not valid JSON"},
		{quoted(``), 400, "not valid JSON"},
		{quoted(`[7]`), 400, "formBuilder[0]"},
		{quoted(`[{}]`), 400, "formBuilder[0].type"},
		{quoted(`[{"type":"pages"}]`), 400, "formBuilder[0].type"},
		{quoted(`[{"type":7}]`), 400, "formBuilder[0].type: expected a string"},
		{quoted(`[` + section + `,` + section + `]`), 400, "formBuilder[1].type: there is a section of this type already"},
		{quoted(`[{"type":"layouts","active":"yes"}]`), 400, "formBuilder[0].active: expected true or false"},
		{quoted(`[{"type":"layouts","helpText":"` + strings.Repeat("x", 3000) + `"}]`), 400, "formBuilder[0].helpText"},
		{quoted(strings.Repeat("[", 50) + strings.Repeat("]", 50)), 400, "deeper"},
		{quoted(`[` + strings.Repeat(" ", 70_000) + `]`), 413, "64 KB"},
		{`{"name":"x","formBuilder":"` + strings.Repeat("x", 200_000) + `"}`, 413, ""},
		{strings.Repeat("[", 1000), 400, "deeper"},
		{``, 400, "empty"},
		{`{"name":"x"`, 400, "not valid JSON"},
		{"{\"name\":\"a\xff\"}", 400, ""},
		{`{"name":"a\u0000"}`, 400, "control"},
	})
}

func TestRichTextRules(t *testing.T) {
	s := newServer(t)
	admin := s.adminToken()
	rules := `[{"styleKind":"character","characterStyleName":"Bold","matcher":{"tag":"strong"}},
		{"styleKind":"paragraph","paragraphStyleName":"Intro","matcher":{"tag":"p","caseSensitive":true,"attributeMatchers":[{"name":"class","matchOperator":"contains","value":"intro"},{"name":"id","matchOperator":"exists"}]}},
		{"styleKind":"lineBreak","matcher":{"tag":"br"}},
		{"styleKind":"inlineStyle","inlineStyleDefinition":{"underline":true,"subSuperScript":"superscript"},"matcher":{"attributeMatchers":[]}}]`
	var made environmentapi.RichTextRules
	s.do("POST", "/rich-text-rules", call{token: admin, body: `{"name":"Web","styleRules":` + rules + `}`}).want(t, 201, &made)
	if len(made.StyleRules) != 4 || made.StyleRules[0].Matcher.AttributeMatchers == nil || made.StyleRules[1].Matcher.AttributeMatchers[0].Value == nil {
		t.Errorf("%+v", made)
	}
	for query, want := range map[string]int{"": 0, "?limit=50&expand=All": 4, "?expand=all": 4, "?expand=none": 0} {
		var page environmentapi.Page[environmentapi.RichTextRules]
		s.do("GET", "/rich-text-rules"+query, call{}).want(t, 200, &page)
		if len(page.Data) != 1 || len(page.Data[0].StyleRules) != want {
			t.Errorf("%s: %+v", query, page)
		}
	}
	s.do("GET", "/rich-text-rules?expand=some", call{}).says(t, 400, "expand")
	at := "/rich-text-rules/" + string(made.ID)
	r := s.do("GET", at, call{}).want(t, 200, nil)
	tag := map[string]string{"If-Match": r.Header.Get("ETag")}
	if r := s.do("GET", at, call{header: map[string]string{"If-None-Match": tag["If-Match"]}}); r.StatusCode != 304 {
		t.Error(r.StatusCode)
	}
	s.do("PUT", at, call{token: admin, body: string(r.body), header: tag}).want(t, 200, &made) // as it was got
	s.do("PUT", at, call{token: admin, body: string(r.body), header: tag}).says(t, 412)
	s.do("PUT", at, call{token: admin, body: `{"name":"Web","styleRules":[]}`}).want(t, 200, &made)
	if r := s.do("GET", at, call{}); !strings.Contains(string(r.body), `"styleRules":[]`) {
		t.Errorf("%s", r.body)
	}
	rule := func(text string) string { return `{"name":"x","styleRules":[` + text + `]}` }
	s.refuses("POST", "/rich-text-rules", admin, []bad{
		{`{"name":"WEB","styleRules":[]}`, 409, "of that name"},
		{`{"styleRules":[]}`, 400, "name"},
		{`{"name":"x"}`, 400, "styleRules"},
		{`{"name":"x","styleRules":{}}`, 400, "styleRules"},
		{`{"name":"x","styleRules":null}`, 400, "styleRules"},
		{rule(`{}`), 400, "styleRules[0]"},
		{rule(`{"styleKind":"lineBreak"}`), 400, "matcher"},
		{rule(`{"styleKind":"bold","matcher":{"tag":"b"}}`), 400, "styleKind"},
		{rule(`{"styleKind":"character","matcher":{"tag":"b"}}`), 400, "styleRules[0].characterStyleName"},
		{rule(`{"styleKind":"paragraph","characterStyleName":"x","paragraphStyleName":"y","matcher":{"tag":"b"}}`), 400, "only a rule of the kind character"},
		{rule(`{"styleKind":"inlineStyle","matcher":{"tag":"b"}}`), 400, "inlineStyleDefinition"},
		{rule(`{"styleKind":"lineBreak","matcher":{"attributeMatchers":[{"name":"a","matchOperator":"is"}]}}`), 400, "matchOperator"},
		{rule(`{"styleKind":"lineBreak","matcher":{"attributeMatchers":[{"name":"a","matchOperator":"equals"}]}}`), 400, "attributeMatchers[0].value"},
		{rule(`{"styleKind":"lineBreak","matcher":{"attributeMatchers":[{"name":"a","matchOperator":"exists","value":"x"}]}}`), 400, "attributeMatchers[0].value"},
		{rule(`{"styleKind":"lineBreak","matcher":{"attributeMatchers":[{"name":"","matchOperator":"exists"}]}}`), 400, "name"},
		{rule(`{"styleKind":"lineBreak","matcher":{"tag":"b"},"unknown":1}`), 400, "unexpected property"},
		{rule(strings.TrimSuffix(strings.Repeat(`{"styleKind":"lineBreak","matcher":{"tag":"b"}},`, 501), ",")), 400, "styleRules"},
	})
	s.do("DELETE", at, call{token: admin}).want(t, 204, nil)
	s.do("GET", at, call{}).says(t, 404)
}

func TestSubjectTypes(t *testing.T) {
	s := newServer(t)
	admin := s.adminToken()
	var made environmentapi.SubjectType
	s.do("POST", "/subject-types", call{token: admin, body: `{"name":"car front","description":"Where the badge is"}`}).want(t, 201, &made)
	for _, path := range []string{string(made.ID), "car%20front", "CAR%20Front"} {
		var got environmentapi.SubjectType
		s.do("GET", "/subject-types/"+path, call{}).want(t, 200, &got)
		if got != made {
			t.Errorf("%s: %+v", path, got)
		}
	}
	s.do("PUT", "/subject-types/car%20front", call{token: admin, body: `{"name":"grille"}`}).want(t, 200, &made)
	if made.Name != "grille" || made.Description != "" {
		t.Errorf("%+v", made)
	}
	for _, path := range []string{"car%20front", "%00", "%FF", "x%2Fy"} {
		s.do("GET", "/subject-types/"+path, call{}).says(t, 404)
	}
	s.refuses("POST", "/subject-types", admin, []bad{
		{`{"name":"GRILLE"}`, 409, "of that name"},
		{`{"name":"` + tepin.NewID[string]() + `"}`, 400, "looks like an id"},
		{`{"name":"` + strings.Repeat("x", 101) + `"}`, 400, "name"},
		{`{"name":""}`, 400, "name"},
		{`{"name":"x","description":7}`, 400, "description"},
		{`{"name":"x","description":"` + strings.Repeat("x", 1001) + `"}`, 400, "description"},
	})
	s.do("DELETE", "/subject-types/Grille", call{token: admin}).want(t, 204, nil)
	s.do("DELETE", "/subject-types/Grille", call{token: admin}).says(t, 404)
}

func TestSettings(t *testing.T) {
	s := newServer(t)
	admin := s.adminToken()
	get := func() (body environmentapi.Settings, tag string) {
		r := s.do("GET", "/settings", call{}).want(t, 200, &body)
		return body, r.Header.Get("ETag")
	}
	body, tag := get()
	if body.SDKVersionPublic != "latest" || !body.ApplicationsConfig["brand-kits"].Enabled || len(body.ApplicationsConfig["brand-kits"].Features) != 0 {
		t.Errorf("%+v", body)
	}
	var versions map[string]map[string]string
	s.do("GET", "/grafx/api/v1/environment/settings/available-sdk-versions", call{}).want(t, 200, &versions)
	if versions["latest"]["sdkVersion"] == "" || versions["latest"]["engineVersion"] == "" || len(versions) < 2 {
		t.Errorf("%v", versions)
	}
	for v := range versions {
		s.do("PATCH", "/settings", call{token: admin, body: map[string]any{"sdkVersionPublic": v}}).want(t, 200, &body)
		if now, _ := get(); now.SDKVersionPublic != v || body.SDKVersionPublic != v {
			t.Errorf("%s: %+v", v, now)
		}
	}
	s.do("PATCH", "/settings", call{token: admin, body: `{"sdkVersionPublic":"latest"}`, header: map[string]string{"If-Match": tag}}).says(t, 412)

	// Both spellings, both forms.
	for _, app := range []string{"brand-kits", "brand_kits"} {
		for features, want := range map[string]int{`["default_sync"]`: 1, `[]`: 0, `{"default_sync":true}`: 1, `{"default_sync":false}`: 0} {
			s.do("PATCH", "/settings", call{token: admin, body: `{"applicationsConfig":{"` + app + `":{"features":` + features + `}}}`}).want(t, 200, nil)
			if now, _ := get(); len(now.ApplicationsConfig["brand-kits"].Features) != want {
				t.Errorf("%s %s: %+v", app, features, now)
			}
		}
	}
	// What was got can be sent back.
	r := s.do("GET", "/settings", call{})
	s.do("PATCH", "/settings", call{token: admin, body: string(r.body), header: map[string]string{"If-Match": r.Header.Get("ETag")}}).want(t, 200, nil)
	now, tag := get()
	for body, says := range map[string]string{
		`{"sdkVersionPublic":"1.44.1"}`: "leave the patch version out",
		`{"sdkVersionPublic":"9.9"}`:    "not offered",
		`{"sdkVersionPublic":""}`:       "not offered",
		`{"sdkVersionPublic":144}`:      "sdkVersionPublic",
		`{}`:                            "nothing to change",
		`[]`:                            "object",
		`{"applicationsConfig":{"fonts":{"enabled":false}}}`:                    "fonts.enabled",
		`{"applicationsConfig":{"games":{"enabled":true}}}`:                     "no application",
		`{"applicationsConfig":{"fonts":{"features":["default_sync"]}}}`:        "fonts.features",
		`{"applicationsConfig":{"brand-kits":{"features":["x"]}}}`:              "features",
		`{"applicationsConfig":{"brand-kits":{"features":"x"}}}`:                "features",
		`{"applicationsConfig":{"brand-kits":{"features":{"default_sync":1}}}}`: "features",
		`{"applicationsConfig":[]}`:                                             "applicationsConfig",
	} {
		s.do("PATCH", "/settings", call{token: admin, body: body}).says(t, 400, says)
	}
	if after, same := get(); same != tag || after.SDKVersionPublic != now.SDKVersionPublic {
		t.Error("a refused change has changed something")
	}
}
