package environmentapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

// partner is another integration of the environment demo.
type partner struct{ id, token string }

func (s *server) partner(scopes ...tepin.Scope) partner {
	s.t.Helper()
	i, secret := s.Integration(s.env, scopes...)
	token, err := s.Token(i.ClientID, secret)
	check(s.t, err)
	return partner{string(i.ID), token}
}

func (s *server) projectNames(token, query string) string {
	s.t.Helper()
	var page environmentapi.Page[environmentapi.Project]
	s.do("GET", "/projects"+query, call{token: token}).want(s.t, 200, &page)
	var names []string
	for _, p := range page.Data {
		names = append(names, p.Name+":"+string(p.Access))
	}
	return strings.Join(names, " ")
}

// A project that is shared is there for the other, as far as it is shared, until that
// very moment in which it is taken back.
func TestSharing(t *testing.T) {
	s := newServer(t)
	mine := s.createProject(s.createTemplate("Poster", "/"), "Mine")
	at := "/projects/" + string(mine.ID)
	if mine.Access != tepin.ProjectOwner || mine.Owner.Type != tepin.ActorIntegration || mine.UserInterfaceID != nil {
		t.Errorf("%+v", mine)
	}
	other := s.partner(tepin.AllScopes...)
	theirs := call{token: other.token}
	share := at + "/shares/" + other.id
	changed := strings.Replace(doc, "Hello", "Goodbye", 1)

	s.do("GET", share, call{}).says(t, 404, "not shared")
	var got environmentapi.Share
	s.do("PUT", share, call{body: `{"access":"read"}`}).want(t, 200, &got)
	if got.Subject.ID != other.id || got.Subject.Name == "" || got.Access != tepin.ProjectReader {
		t.Errorf("%+v", got)
	}
	var p environmentapi.Project
	tag := s.do("GET", at, theirs).want(t, 200, &p).Header.Get("ETag")
	if p.Access != tepin.ProjectReader || p.Owner.ID != mine.Owner.ID {
		t.Errorf("%+v", p)
	}
	s.do("GET", at+"/document", theirs).want(t, 200, nil)
	s.do("PUT", at+"/document", call{token: other.token, body: changed}).says(t, 403, "shared with you to read")
	s.do("PATCH", at, call{token: other.token, body: `{"name":"x"}`}).says(t, 403, "shared with you to read")
	if got := s.projectNames(other.token, ""); got != "Mine:read" {
		t.Errorf("they see %q", got)
	}
	var task environmentapi.TaskInfo
	s.do("POST", "/output/png", call{token: other.token, body: map[string]any{"projectId": mine.ID}}).want(t, 200, &task)
	s.do("GET", "/output/tasks/"+string(task.Data.TaskID), call{}).says(t, 404) // theirs, not the owner's

	s.do("PUT", share, call{body: `{"access":"write"}`}).want(t, 200, &got)
	if r := s.do("GET", at, call{token: other.token, header: map[string]string{"If-None-Match": tag}}); r.StatusCode != 200 {
		t.Errorf("%d, although the access has changed", r.StatusCode)
	}
	s.do("PUT", at+"/document", call{token: other.token, body: changed}).want(t, 204, nil)
	s.do("PATCH", at, call{token: other.token, body: `{"name":"Ours"}`}).want(t, 200, nil)

	// What a writer may not.
	for method, path := range map[string]string{"DELETE": at, "GET": at + "/shares", "PUT": share} {
		c := theirs
		if method == "PUT" {
			c.body = `{"access":"write"}`
		}
		s.do(method, path, c).says(t, 403, "owner")
	}
	s.do("DELETE", "/projects?ids="+string(mine.ID), theirs).says(t, 403, "owner")
	s.do("POST", at+"/restore", theirs).says(t, 404)
	third := s.partner(tepin.AllScopes...)
	s.do("DELETE", at+"/shares/"+third.id, theirs).says(t, 403)
	s.do("DELETE", at+"/shares/"+third.id, call{}).says(t, 404, "no such share")
	s.do("GET", share, call{token: third.token}).says(t, 404, "no such project")

	// A copy is the copier's own, with the same bytes.
	var copied environmentapi.Project
	s.do("POST", at+"/copy", theirs).want(t, 201, &copied)
	if copied.Name != "Ours (copy)" || copied.Access != tepin.ProjectOwner || copied.Owner.ID != other.id || copied.Template.ID != mine.Template.ID {
		t.Errorf("%+v", copied)
	}
	if r := s.do("GET", "/projects/"+string(copied.ID)+"/document", theirs); string(r.body) != changed {
		t.Errorf("%s", r.body)
	}
	for query, want := range map[string]string{"": "Ours:write Ours (copy):owner", "?shared=true": "Ours:write", "?shared=false": "Ours (copy):owner"} {
		if got := s.projectNames(other.token, query); got != want {
			t.Errorf("%s: %q, not %q", query, got, want)
		}
	}

	var page environmentapi.Page[environmentapi.Share]
	s.do("GET", at+"/shares", call{}).want(t, 200, &page)
	if len(page.Data) != 1 || *page.Total != 1 || page.Links != nil || page.Data[0].Access != tepin.ProjectWriter {
		t.Errorf("%+v", page)
	}
	s.do("DELETE", share, call{}).want(t, 204, nil)
	s.do("GET", at, theirs).says(t, 404, "no such project")
	s.do("PUT", at+"/document", call{token: other.token, body: changed}).says(t, 404, "no such project")
	s.do("POST", "/output/png", call{token: other.token, body: map[string]any{"projectId": mine.ID}}).says(t, 404, "no such project")
	if got := s.projectNames(other.token, "?shared=true"); got != "" {
		t.Errorf("they still see %q", got)
	}
	s.do("PUT", share, call{body: `{"access":"read"}`}).want(t, 200, nil)
	s.do("DELETE", share, theirs).want(t, 204, nil) // given back
	s.do("GET", at, theirs).says(t, 404)
}

// A page of the list of shared projects keeps its filter.
func TestSharedPages(t *testing.T) {
	s := newServer(t)
	tpl := s.createTemplate("t", "/")
	other := s.partner(tepin.AllScopes...)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		p := s.createProject(tpl, name)
		if name != "c" {
			s.do("PUT", "/projects/"+string(p.ID)+"/shares/"+other.id, call{body: `{"access":"read"}`}).want(t, 200, nil)
		}
	}
	s.do("POST", "/projects", call{token: other.token, body: map[string]any{"template": map[string]any{"id": tpl.ID}, "name": "bb"}}).want(t, 201, nil)
	for query, want := range map[string]string{"shared=true": "a b d e", "shared=false": "bb", "search=b": "b bb", "sortOrder=desc": "e d bb b a"} {
		next, got := "/projects?limit=2&"+query, ""
		for next != "" {
			var page environmentapi.Page[environmentapi.Project]
			s.do("GET", next, call{token: other.token}).want(t, 200, &page)
			for _, p := range page.Data {
				got += " " + p.Name
			}
			if next = ""; page.Links != nil {
				next = page.Links.NextPage
			}
		}
		if got != " "+want {
			t.Errorf("%s: %q, not %q", query, got, want)
		}
	}
}

// With people a project is shared as with integrations; with those who have no role here
// it cannot be.
func TestSharingWithPeople(t *testing.T) {
	s := newServer(t)
	p := s.createProject(s.createTemplate("t", "/"), "Mine")
	who, _ := s.SignedIn("ada@example.org")
	editor := s.Application(s.env, "Editor", "https://editor.example/")
	token := s.PersonTokens(who, editor, "", "openid").Access
	at := "/projects/" + string(p.ID)
	s.do("GET", at, call{token: token}).says(t, 404, "no such project")
	var share environmentapi.Share
	s.do("PUT", at+"/shares/"+strings.ToUpper(string(who.User.ID)), call{body: `{"access":"write"}`}).want(t, 200, &share)
	if share.Subject.Type != tepin.ActorUser || share.Subject.Name == "" {
		t.Errorf("%+v", share)
	}
	s.do("PATCH", at, call{token: token, body: `{"name":"Ours"}`}).want(t, 200, nil)
	s.do("DELETE", at+"/shares/"+string(who.User.ID), call{token: token}).want(t, 204, nil)
	s.do("GET", at, call{token: token}).says(t, 404)
}

// An end user sees of a project what is shared with them, and no more; nobody shares with
// somebody who cannot enter the environment.
func TestSharingWithEndUsers(t *testing.T) {
	s := newServer(t)
	p := s.createProject(s.createTemplate("t", "/"), "Mine")
	at := "/projects/" + string(p.ID)
	editor := s.Application(s.env, "Editor", "https://editor.example/")
	who, _ := s.Member(tepin.Invitation{SubscriptionID: s.env.SubscriptionID, Email: "eu@example.org", Environments: []tepin.EnvironmentRole{{EnvironmentID: s.env.ID, Role: tepin.EndUser}}})
	beside, _ := s.Member(tepin.Invitation{SubscriptionID: s.env.SubscriptionID, Email: "beside@example.org"})
	token := s.PersonTokens(who, editor, "", "openid").Access
	s.do("PUT", at+"/shares/"+string(beside.User.ID), call{body: `{"access":"read"}`}).says(t, 404)
	s.do("PUT", at+"/shares/"+string(who.User.ID), call{body: `{"access":"read"}`}).want(t, 200, nil)
	s.do("GET", at, call{token: token}).want(t, 200, nil)
	s.do("GET", at+"/document", call{token: token}).want(t, 200, nil)
	s.do("PATCH", at, call{token: token, body: `{"name":"Ours"}`}).says(t, 403, "shared with you to read")
	s.do("GET", at+"/shares", call{token: token}).says(t, 403)
	s.do("PUT", at+"/shares/"+string(who.User.ID), call{token: token, body: `{"access":"write"}`}).says(t, 403)
	s.do("PUT", at+"/shares/"+string(who.User.ID), call{body: `{"access":"write"}`}).want(t, 200, nil)
	s.do("PATCH", at, call{token: token, body: `{"name":"Ours"}`}).want(t, 200, nil)
	s.do("DELETE", at, call{token: token}).says(t, 403)
	s.do("DELETE", at+"/shares/"+string(who.User.ID), call{}).want(t, 204, nil)
	s.do("GET", at, call{token: token}).says(t, 404)
	if got := s.projectNames(token, ""); got != "" {
		t.Errorf("they still see %s", got)
	}
}

func TestRefusedSharing(t *testing.T) {
	s := newServer(t)
	p := s.createProject(s.createTemplate("t", "/"), "Mine")
	at := "/projects/" + string(p.ID) + "/shares/"
	foreign, _ := s.Integration(s.other, tepin.AllScopes...)
	other := s.partner(tepin.AllScopes...)
	for _, c := range []struct {
		subject string
		body    any
		status  int
		says    string
	}{
		{string(foreign.ID), `{"access":"read"}`, 404, "no such integration or person"},
		{string(tepin.NewID[tepin.UserID]()), `{"access":"read"}`, 404, "no such integration or person"},
		{"nobody", `{"access":"read"}`, 404, "no such integration or person"},
		{"%00", `{"access":"read"}`, 404, "no such integration or person"},
		{p.Owner.ID, `{"access":"read"}`, 409, "already"},
		{other.id, `{"access":"owner"}`, 400, "access"},
		{other.id, `{"access":7}`, 400, "access"},
		{other.id, `{}`, 400, "access"},
		{other.id, ``, 400, "empty"},
		{other.id, `[`, 400, "not valid JSON"},
	} {
		s.do("PUT", at+c.subject, call{body: c.body}).says(t, c.status, c.says)
	}
	r := s.do("PUT", at+other.id, call{body: `{"access":"read"}`, header: map[string]string{"Content-Type": "text/plain"}})
	r.says(t, 415)
	var page environmentapi.Page[environmentapi.Share]
	s.do("GET", "/projects/"+string(p.ID)+"/shares", call{}).want(t, 200, &page)
	if len(page.Data) != 0 {
		t.Errorf("%+v", page.Data)
	}
}

func TestBulkDeleteAndRestore(t *testing.T) {
	s := newServer(t)
	tpl := s.createTemplate("t", "/")
	var ids []string
	for _, name := range []string{"a", "b", "c"} {
		ids = append(ids, string(s.createProject(tpl, name).ID))
	}
	absent := string(tepin.NewID[tepin.ProjectID]())
	many := strings.Repeat(","+ids[0], 500) // the same one counts once
	var tooMany []string
	for range tepin.MaxBulk + 1 {
		tooMany = append(tooMany, string(tepin.NewID[tepin.ProjectID]()))
	}
	for query, want := range map[string]int{
		"":                                   400,
		"?ids=":                              400,
		"?ids=x":                             404,
		"?ids=" + ids[0] + "," + absent:      404,
		"?ids=" + strings.Join(tooMany, ","): 400,
	} {
		s.do("DELETE", "/projects"+query, call{}).says(t, want)
	}
	if got := s.projectNames("", ""); got != "a:owner b:owner c:owner" {
		t.Fatalf("%q is left", got)
	}
	s.do("DELETE", "/projects?ids="+ids[1]+many+",%20"+ids[1], call{}).want(t, http.StatusNoContent, nil)
	if got := s.projectNames("", ""); got != "c:owner" {
		t.Errorf("%q is left", got)
	}
	var back environmentapi.Project
	r := s.do("POST", "/projects/"+ids[1]+"/restore", call{}).want(t, 200, &back)
	if back.Name != "b" || r.Header.Get("ETag") == "" {
		t.Errorf("%+v", back)
	}
	s.do("POST", "/projects/"+ids[1]+"/restore", call{}).says(t, 404)
	s.do("GET", "/projects/"+ids[1]+"/document", call{}).want(t, 200, nil)
}

// Long names are copied, too, and copies leave nothing behind when they are refused.
func TestCopies(t *testing.T) {
	s := newServer(t)
	long := strings.Repeat("ü", 255)
	p := s.createProject(s.createTemplate("t", "/"), long)
	var c environmentapi.Project
	s.do("POST", "/projects/"+string(p.ID)+"/copy", call{}).want(t, 201, &c)
	if n := len([]rune(c.Name)); n != 255 || !strings.HasSuffix(c.Name, "ü (copy)") {
		t.Errorf("%d characters: %s", n, c.Name)
	}
	s.do("POST", "/projects/"+string(p.ID)+"/copy", call{body: `{"name":"Short"}`}).want(t, 201, &c)
	if c.Name != "Short" {
		t.Error(c.Name)
	}
	before := s.files()
	for _, body := range []string{`{"name":"a/b"}`, `{"name":` + `"` + long + `x"}`, `{"name":7}`, `[]`} {
		s.do("POST", "/projects/"+string(p.ID)+"/copy", call{body: body}).says(t, 400)
	}
	s.do("POST", "/projects/"+string(p.ID)+"/copy", call{token: s.NewToken(s.env, tepin.AllScopes...)}).says(t, 404)
	if n := s.files(); n != before {
		t.Errorf("%d files were left", n-before)
	}
}
