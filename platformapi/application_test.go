package platformapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
)

func TestApplicationLife(t *testing.T) {
	r := newRig(t)
	const path = "/api/v1/environments/own/applications"
	w := r.admin("POST", path, `{"name":"  Editor ","redirectUris":["https://editor.example/cb","http://localhost:3000/","https://editor.example/cb"]}`)
	made := read[ApplicationBody](t, w, 201)
	one := path + "/" + string(made.ID)
	if w.Header().Get("ETag") != `"1"` || w.Header().Get("Location") != environments+"/"+string(r.own.ID)+"/applications/"+string(made.ID) || made.Name != "Editor" ||
		!strings.HasPrefix(string(made.ClientID), "app_") || !cmp.Equal(made.RedirectURIs, []string{"https://editor.example/cb", "http://localhost:3000/"}) || made.CreatedBy != "Ann" {
		t.Errorf("%+v, %v", made, w.Header())
	}
	if got := read[ApplicationBody](t, r.admin("GET", one, ""), 200); !cmp.Equal(got, made) {
		t.Errorf("%+v, want %+v", got, made)
	}
	if got := read[[]ApplicationBody](t, r.admin("GET", path, ""), 200); len(got) != 1 || !cmp.Equal(got[0], made) {
		t.Errorf("%+v", got)
	}
	if got := r.admin("GET", "/api/v1/environments/other/applications", "").Body.String(); got != "[]\n" {
		t.Errorf("another environment's: %s", got)
	}
	for body, want := range map[string][2]string{
		`{"name":"EDITOR","redirectUris":["https://a.example/"]}`:                              {"409", "name"},
		`{"name":" ","redirectUris":["https://a.example/"]}`:                                   {"400", "name"},
		`{"name":"` + strings.Repeat("n", 51) + `","redirectUris":["https://a.example/"]}`:     {"400", "name"},
		`{"name":"x","redirectUris":[]}`:                                                       {"400", "redirectUris"},
		`{"name":"x"}`:                                                                         {"400", "redirectUris"},
		`{"name":"x","redirectUris":["http://a.example/"]}`:                                    {"400", "https"},
		`{"name":"x","redirectUris":["https://*.example/"]}`:                                   {"400", "wildcard"},
		`{"name":"x","redirectUris":["https://a.example/#f"]}`:                                 {"400", "fragment"},
		`{"name":"x","redirectUris":["javascript:alert(1)"]}`:                                  {"400", "whole address"},
		`{"name":"x","redirectUris":[` + strings.Repeat(`"https://a.example/",`, 10) + `"x"]}`: {"400", "redirectUris"},
		`{"name":"x","redirectUris":["https://a.example/"],"clientId":"app_mine"}`:             {"400", "clientId"},
	} {
		if w := r.admin("POST", path, body); w.Code != map[string]int{"400": 400, "409": 409}[want[0]] || !strings.Contains(w.Body.String(), want[1]) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}

	if w := r.admin("PATCH", one, `{"name":"Late"}`, "If-Match", `"7"`); w.Code != 412 {
		t.Errorf("stale: %d %s", w.Code, w.Body)
	}
	w = r.admin("PATCH", one, `{"name":"Studio","redirectUris":["https://studio.example/"]}`, "If-Match", `"1"`)
	if got := read[ApplicationBody](t, w, 200); got.Name != "Studio" || got.ClientID != made.ClientID || got.RedirectURIs[0] != "https://studio.example/" || w.Header().Get("ETag") != `"2"` {
		t.Errorf("%+v", got)
	}
	if w := r.admin("PATCH", one, `{"redirectUris":[]}`); w.Code != 400 {
		t.Errorf("no address: %d %s", w.Code, w.Body)
	}

	a, ok := r.Access.Application(t.Context(), made.ClientID)
	if !ok {
		t.Fatal("the token server does not know it")
	}
	who, _ := r.SignedIn("bea@example.org")
	tokens := r.PersonTokens(who, a, "", "openid offline_access")
	if w := r.bearer(tokens.Access, "GET", "/api/v1/environments/own", ""); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := r.admin("DELETE", "/api/v1/environments/other/applications/"+string(made.ID), ""); w.Code != 404 {
		t.Errorf("by another environment: %d %s", w.Code, w.Body)
	}
	if w := r.admin("DELETE", one, ""); w.Code != 204 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := r.bearer(tokens.Access, "GET", "/api/v1/environments/own", ""); w.Code != 401 {
		t.Errorf("its token outlives it: %d %s", w.Code, w.Body)
	}
	if w := r.admin("GET", one, ""); w.Code != 404 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// The command line's token writes as its person, without a CSRF token and from anywhere;
// what it did stands in the log under the person's name.
func TestAdministratorByToken(t *testing.T) {
	r := newRig(t)
	who, _ := r.SignedIn("bea@example.org")
	token := r.PersonTokens(who, tepin.FirstParty[0], "", "openid email offline_access").Access
	if got := read[sessionBody](t, r.bearer(token, "GET", "/api/v1/session", ""), 200); got.Email != "bea@example.org" || got.CSRFToken != "" || got.ID != who.User.ID {
		t.Errorf("%+v", got)
	}
	made := read[createdIntegration](t, r.bearer(token, "POST", "/api/v1/environments/own/integrations", `{"name":"By token","scopes":["template:read"]}`), 201)
	if w := r.bearer(token, "DELETE", "/api/v1/environments/own/integrations/"+string(made.ID), ""); w.Code != 204 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if all := read[[]EnvironmentBody](t, r.bearer(token, "GET", "/api/v1/environments", ""), 200); len(all) != 2 {
		t.Errorf("it sees %d environments", len(all))
	}
	lines, err := r.Store.AuditEntries(t.Context(), string(r.own.ID), 0, 100)
	must(t, err)
	if last := lines[len(lines)-1]; last.Action != "integration.delete" || last.ActorID != string(who.User.ID) || last.ActorName != "Bea" {
		t.Errorf("the log has %+v", last)
	}
	must(t, r.Credential.SetPassword(t.Context(), tepin.System, who.User.ID, "another good sentence"))
	if w := r.bearer(token, "GET", "/api/v1/environments", ""); w.Code != 401 {
		t.Errorf("after a new password: %d %s", w.Code, w.Body)
	}
}
