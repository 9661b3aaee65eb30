package environmentapi_test

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

var update = flag.Bool("update", false, "write openapi.json anew")

// openapi.json is what clients are generated from: a change of it is to be seen in a
// commit.
func TestOpenAPI(t *testing.T) {
	got, err := newServer(t).api.OpenAPI()
	check(t, err)
	if *update {
		check(t, os.WriteFile("openapi.json", got, 0o644))
	}
	want, err := os.ReadFile("openapi.json")
	check(t, err)
	if string(got) != string(want) {
		t.Error("the OpenAPI document has changed; look at it after: go test ./environmentapi -run TestOpenAPI -update")
	}
}

var pathParam = regexp.MustCompile(`\{[a-zA-Z]+\}`)

// Every route, and every alias of it, refuses whom it does not name (P2): without a
// token, with one of another environment, with every scope but its own.
func TestWalk(t *testing.T) {
	s := newServer(t)
	foreign := s.NewToken(s.other, tepin.AllScopes...)
	none := s.NewToken(s.env, tepin.CollectionRead)
	lacking := map[tepin.Scope]string{}
	who, _ := s.SignedIn("ada@example.org")
	editor := s.Application(s.env, "Editor", "https://editor.example/")
	everything, abroad := s.PersonTokens(who, editor, "", "openid").Access, s.PersonTokens(who, s.Application(s.other, "Editor", "https://editor.example/"), "", "openid").Access
	tool, commandLine := s.PersonTokens(who, tepin.FirstParty[1], s.env.ID, "openid").Access, s.PersonTokens(who, tepin.FirstParty[0], "", "openid").Access
	for _, rt := range s.api.Routes() {
		if rt.Access.Public || strings.Contains(rt.Path, "available-sdk-versions") {
			continue
		}
		path := strings.Replace(rt.Path, "{environment}", "DEMO", 1) // in any case
		path = pathParam.ReplaceAllString(path, string(tepin.NewID[tepin.TemplateID]()))
		absent := strings.Replace(path, "DEMO", "absent", 1)
		for _, path := range []string{path, strings.Replace(path, "/v1/", "/experimental/", 1), strings.Replace(path, "/v1/", "//v1//", 1)} {
			r := s.do(rt.Method, path, call{token: "-"}).says(t, 401)
			if got := r.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
				t.Errorf("%s %s: WWW-Authenticate %q", rt.Method, path, got)
			}
			s.do(rt.Method, path, call{token: "nonsense"}).says(t, 401)
			a := s.do(rt.Method, path, call{token: foreign}).says(t, 404, "no such environment")
			b := s.do(rt.Method, absent, call{token: foreign}).says(t, 404)
			if withoutTrace(a.body) != withoutTrace(b.body) {
				t.Errorf("%s %s: a foreign environment answers %s, an absent one %s", rt.Method, path, a.body, b.body)
			}
			// People, here of every role: by an application of the environment they may what
			// their roles allow. The connector tool reaches connectors alone, the command line
			// what is not content.
			if r := s.do(rt.Method, path, call{token: everything}); r.StatusCode == 401 || r.StatusCode == 403 {
				t.Errorf("%s %s: %d for a person", rt.Method, path, r.StatusCode)
			}
			s.do(rt.Method, path, call{token: abroad}).says(t, 404, "no such environment")
			for token, may := range map[string]bool{tool: rt.Access.Connector, commandLine: rt.Access.AnyToken || rt.Access.Roles != 0} {
				r := s.do(rt.Method, path, call{token: token, body: strings.NewReader("a body that nobody reads")})
				if (r.StatusCode != 403) != may || r.StatusCode == 401 {
					t.Errorf("%s %s by a token of little reach: %d", rt.Method, path, r.StatusCode)
				}
			}
			if rt.Access.Roles != 0 {
				s.do(rt.Method, path, call{token: none, body: strings.NewReader("a body that nobody reads")}).says(t, 403, "needs a person who is "+rt.Access.Roles.String())
				continue
			}
			if rt.Access.AnyToken {
				if r := s.do(rt.Method, path, call{token: none}); r.StatusCode == 401 || r.StatusCode == 403 {
					t.Errorf("%s %s: %d, although any token may", rt.Method, path, r.StatusCode)
				}
				continue
			}
			token, ok := lacking[rt.Access.Scope]
			if !ok {
				words := "openid"
				var others []tepin.Scope
				for _, scope := range tepin.AllScopes {
					if scope != rt.Access.Scope {
						others = append(others, scope)
						words += " " + string(scope)
					}
				}
				cut := s.PersonTokens(who, editor, "", words).Access
				s.do(rt.Method, path, call{token: cut, body: strings.NewReader("a body that nobody reads")}).says(t, 403, string(rt.Access.Scope))
				token = s.NewToken(s.env, others...)
				lacking[rt.Access.Scope] = token
			}
			s.do(rt.Method, path, call{token: token, body: strings.NewReader("a body that nobody reads")}).says(t, 403, string(rt.Access.Scope))
		}
	}
	if len(lacking) < 9 {
		t.Errorf("only %d scopes are asked for", len(lacking))
	}
}

// No route serves a page that it should not, and none reads a body before that (S15): a
// token for one page without that page, and a token that may write in a foreign one,
// where the environment blocks that.
func TestWalkFromPages(t *testing.T) {
	s := newServer(t)
	const page = "https://shop.example"
	bound, full := s.PageToken(s.env, page, tepin.AllScopes...), s.NewToken(s.env, tepin.AllScopes...)
	mode := tepin.GuardBlock
	_, err := s.Credential.UpdateEnvironment(t.Context(), tepin.System, s.env.ID, tepin.EnvironmentUpdate{BrowserGuard: &mode})
	check(t, err)
	for _, rt := range s.api.Routes() {
		if rt.Access.Public {
			continue
		}
		path := pathParam.ReplaceAllString(strings.Replace(rt.Path, "{environment}", "demo", 1), string(tepin.NewID[tepin.TemplateID]()))
		body := func() any { return strings.NewReader("a body that nobody reads") }
		if rt.Access.Roles != 0 { // no integration's token gets so far that its page is looked at
			for _, token := range []string{bound, full} {
				s.do(rt.Method, path, call{token: token, body: body(), header: map[string]string{"Origin": page}}).says(t, 403, "needs a person")
			}
			continue
		}
		if rt.Access.NoPage {
			s.do(rt.Method, path, call{token: bound, body: body(), header: map[string]string{"Origin": page}}).says(t, 403, "bound to a page")
			s.do(rt.Method, path, call{token: full, body: body(), header: map[string]string{"Origin": page}}).says(t, 403, "token-exchange")
			continue
		}
		s.do(rt.Method, path, call{token: bound, body: body()}).says(t, 403, "bound to the page "+page)
		s.do(rt.Method, path, call{token: full, body: body(), header: map[string]string{"Origin": page}}).says(t, 403, "token-exchange")
		r := s.do(rt.Method, path, call{token: bound, header: map[string]string{"Origin": page}})
		if r.StatusCode == 401 || r.StatusCode == 403 || r.Header.Get("Access-Control-Allow-Origin") != page {
			t.Errorf("%s %s from its page: %d %v", rt.Method, path, r.StatusCode, r.Header)
		}
	}
}

var traceID = regexp.MustCompile(`"traceId":"[^"]*"`)

func withoutTrace(body []byte) string { return traceID.ReplaceAllString(string(body), "") }

// The operations that Swagger shows have a name, a group, a summary and an example of
// what is sent.
func TestDescribed(t *testing.T) {
	notVerbs := map[string]bool{"A": true, "The": true, "What": true, "Whether": true, "How": true, "Which": true, "With": true, "For": true, "All": true, "Versions": true}
	s := newServer(t)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID, Summary string
			Tags                 []string
			RequestBody          *struct {
				Content map[string]struct{ Schema, Example any }
			}
			Parameters []struct{ Name, In string }
			Responses  map[string]struct{ Headers map[string]any }
		}
	}
	raw, err := s.api.OpenAPI()
	check(t, err)
	unmarshal(t, raw, &doc)
	seen := map[string]bool{}
	for path, ops := range doc.Paths {
		for method, op := range ops {
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 || seen[op.OperationID] {
				t.Errorf("%s %s: id %q, summary %q, tags %q", method, path, op.OperationID, op.Summary, op.Tags)
			}
			seen[op.OperationID] = true
			if word, _, _ := strings.Cut(op.Summary, " "); strings.HasSuffix(word, ":") || notVerbs[word] {
				t.Errorf("%s %s: %q does not say what it does, as in Get a template", method, path, op.Summary)
			}
			var documented []string
			conditional, tagged := false, false
			for _, p := range op.Parameters {
				if p.In == "path" {
					documented = append(documented, "{"+p.Name+"}")
				}
				conditional = conditional || p.Name == "If-Match"
			}
			for _, r := range op.Responses {
				tagged = tagged || r.Headers["ETag"] != nil
			}
			if conditional && method != "delete" && !tagged {
				t.Errorf("%s %s takes If-Match, and answers no ETag", method, path)
			}
			if got, want := strings.Join(documented, " "), strings.Join(pathParam.FindAllString(path, -1), " "); got != want {
				t.Errorf("%s %s: documented parameters %q, not %q", method, path, got, want)
			}
		}
	}
	routes := slices.DeleteFunc(s.api.Routes(), func(rt web.Route) bool { return strings.HasPrefix(rt.Path, "/grafx/swagger") })
	if len(seen) < len(routes) {
		t.Errorf("%d operations are documented, of %d routes", len(seen), len(routes))
	}
}
