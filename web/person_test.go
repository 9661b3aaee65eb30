package web

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

// Whom each kind of route lets in of people's tokens, and what the others are told
// (P2, S15, S26).
func TestGuardOfPeople(t *testing.T) {
	r := newRig(t)
	who, _ := r.SignedIn("ada@example.org")
	editor := r.Application(r.own, "Editor", "https://editor.example/")
	tokens := map[string]string{
		"editor":     r.PersonTokens(who, editor, "", "openid").Access,
		"reader":     r.PersonTokens(who, editor, "", "openid template:read").Access,
		"nameless":   r.PersonTokens(who, editor, "", "email").Access,
		"elsewhere":  r.PersonTokens(who, r.Application(r.other, "Editor", "https://editor.example/"), "", "openid").Access,
		"tool":       r.PersonTokens(who, tepin.FirstParty[1], r.own.ID, "openid template:write").Access,
		"command":    r.PersonTokens(who, tepin.FirstParty[0], "", "openid").Access,
		"integrator": r.NewToken(r.own, tepin.AllScopes...),
	}
	session := func(*http.Request) (tepin.User, string, error) {
		return tepin.User{}, "", tepin.Errorf(tepin.Unauthorized, "there is none")
	}
	mux := http.NewServeMux()
	answer := Handler(func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.WriteString(w, CallerOf(r.Context()).Actor.Name)
		return err
	})
	Guard{Directory: r.Access, Session: session}.Mount(mux, []Route{
		{Method: "POST", Path: "/api/in/{environment}/scope", Access: Access{Scope: tepin.TemplateWrite}, Handler: answer},
		{Method: "POST", Path: "/api/in/{environment}/any", Access: Access{AnyToken: true}, Handler: answer},
		{Method: "POST", Path: "/api/in/{environment}/connectors", Access: Access{AnyToken: true, Connector: true}, Handler: answer},
		{Method: "POST", Path: "/api/in/{environment}/role", Access: Access{Roles: tepin.Administrators}, Handler: answer},
		{Method: "POST", Path: "/api/in/{environment}/connector-role", Access: Access{Roles: tepin.Administrators, Connector: true}, Handler: answer},
		{Method: "POST", Path: "/api/in/{environment}/admin", Access: Access{Administrator: true}, Handler: answer},
		{Method: "POST", Path: "/api/in/{environment}/both", Access: Access{AnyToken: true, Administrator: true}, Handler: answer},
		{Method: "POST", Path: "/api/admin", Access: Access{Administrator: true}, Handler: answer},
		{Method: "POST", Path: "/api/person", Access: Access{Person: true}, Handler: answer},
		{Method: "POST", Path: "/api/person-or-scope", Access: Access{Person: true, Scope: tepin.TemplateWrite}, Handler: answer},
	})
	for _, c := range []struct {
		path   string
		status map[string]int // those that are not named: 403
	}{
		{"/api/in/own/scope", map[string]int{"editor": 200, "nameless": 200, "elsewhere": 404, "integrator": 200}},
		{"/api/in/own/any", map[string]int{"editor": 200, "reader": 200, "nameless": 200, "command": 200, "elsewhere": 404, "integrator": 200}},
		{"/api/in/own/connectors", map[string]int{"editor": 200, "reader": 200, "nameless": 200, "tool": 200, "command": 200, "elsewhere": 404, "integrator": 200}},
		{"/api/in/own/role", map[string]int{"editor": 200, "reader": 200, "nameless": 200, "command": 200, "elsewhere": 404}},
		{"/api/in/own/connector-role", map[string]int{"editor": 200, "reader": 200, "nameless": 200, "tool": 200, "command": 200, "elsewhere": 404}},
		{"/api/in/own/admin", map[string]int{"command": 200, "elsewhere": 404}},
		{"/api/in/own/both", map[string]int{"editor": 200, "reader": 200, "nameless": 200, "command": 200, "elsewhere": 404, "integrator": 200}},
		{"/api/in/absent/admin", map[string]int{"editor": 404, "reader": 404, "nameless": 404, "elsewhere": 404, "tool": 404, "command": 404, "integrator": 404}},
		{"/api/admin", map[string]int{"command": 200}},
		{"/api/person", map[string]int{"editor": 200, "reader": 200, "elsewhere": 200, "tool": 200, "command": 200}},
		{"/api/person-or-scope", map[string]int{"editor": 200, "reader": 200, "elsewhere": 200, "tool": 200, "command": 200, "integrator": 200}},
	} {
		for name, token := range tokens {
			want := c.status[name]
			if want == 0 {
				want = 403
			}
			var body io.Reader = tripwire{t}
			if want == 200 {
				body = nil
			}
			req := request("POST", c.path, body)
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Origin", "https://editor.example") // another site's page, as applications are
			w, _ := serve(t, Stack{}, mux, req)
			if w.Code != want || w.Code == 200 && name != "integrator" && w.Body.String() != "Ada" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s by %s: %d %s %v", c.path, name, w.Code, w.Body, w.Header())
			}
			if challenge := w.Header().Get("WWW-Authenticate"); c.path == "/api/person" && name == "nameless" && !strings.Contains(challenge, `scope="openid"`) {
				t.Errorf("%s by %s: %s", c.path, name, challenge)
			}
		}
	}
}

// A route that says nothing, or two things, cannot be registered.
func TestDeclared(t *testing.T) {
	for _, c := range []struct {
		access Access
		want   bool
		words  string
	}{
		{Access{}, false, ""},
		{Access{Public: true}, true, "public"},
		{Access{Public: true, Person: true}, false, ""},
		{Access{Public: true, Administrator: true}, false, ""},
		{Access{AnyToken: true, Scope: tepin.FontRead}, false, ""},
		{Access{Person: true}, true, "any token of a person, with the scope openid"},
		{Access{Administrator: true}, true, "an administrator's session or token"},
		{Access{AnyToken: true, Roles: tepin.Staff}, false, ""},
		{Access{Scope: tepin.FontRead, Connector: true}, false, ""},
		{Access{Roles: tepin.Administrators, Connector: true}, true, "a token of a person who is environment administrator or subscription administrator"},
		{Access{Scope: tepin.FontRead, Administrator: true}, true, "scope font:read or an administrator's session or token"},
	} {
		if got := c.access.declared(); got != c.want || c.want && c.access.String() != c.words {
			t.Errorf("%+v: %t, %q", c.access, got, c.access)
		}
	}
}
