package platformapi

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
)

var update = flag.Bool("update", false, "write openapi.json anew")

// openapi.json is what clients are generated from: a change of it is a change of the
// wire, and shows in review.
func TestOpenAPI(t *testing.T) {
	got, err := newRig(t).api.OpenAPI()
	must(t, err)
	const name = "openapi.json"
	if *update {
		must(t, os.WriteFile(name, got, 0o644))
	}
	want, err := os.ReadFile(name)
	must(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("openapi.json is not what the code says; go test ./platformapi -update writes it:\n%s", diff)
	}
}

var anyID = regexp.MustCompile(`\{[a-z]+Id\}`)

// fill makes a path of a route, with ids that nothing has but for those given.
func (r *rig) fill(path, env string, integration tepin.IntegrationID) string {
	path = strings.NewReplacer("{environment}", env, "{integrationId}", string(integration), "{subscriptionId}", string(r.subscription.ID), "{$}", "").Replace(path)
	return anyID.ReplaceAllStringFunc(path, func(string) string { return tepin.NewID[string]() })
}

// TestWalk walks the route table (P2): without a token 401, without the role 403,
// another tenant 404, and never a look at the body before.
func TestWalk(t *testing.T) {
	r := newRig(t)
	i, _ := r.Integration(r.own)
	theirs, _ := r.Integration(r.other)
	full, foreign := r.NewToken(r.own, tepin.AllScopes...), r.NewToken(r.other, tepin.AllScopes...)
	at := func(path, env string, integration tepin.IntegrationID) string {
		return r.fill(path, env, integration) + "?groupBy=day"
	}
	who, _ := r.SignedIn("bea@example.org")
	const every = "openid profile offline_access"
	editor := r.PersonTokens(who, r.Application(r.own, "Editor", "https://editor.example/"), "", every).Access
	elsewhere := r.PersonTokens(who, r.Application(r.other, "Editor", "https://editor.example/"), "", every).Access
	tool, commandLine := r.PersonTokens(who, tepin.FirstParty[1], r.own.ID, every).Access, r.PersonTokens(who, tepin.FirstParty[0], "", every).Access
	for _, rt := range r.api.Routes() {
		t.Run(rt.Pattern(), func(t *testing.T) {
			own := at(rt.Path, "own", i.ID)
			if rt.Access.Public {
				if w := r.bearer("", rt.Method, own, ""); w.Code >= 400 {
					t.Errorf("public: %d %s", w.Code, w.Body)
				}
				return
			}
			if !rt.Access.Administrator {
				t.Errorf("an administrator cannot call it: %s", rt.Access)
			}
			for name, token := range map[string]string{"no token": "", "a broken token": full + "x"} {
				if w := r.bearer(token, rt.Method, own, "{"); w.Code != 401 || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
					t.Errorf("%s: %d %s", name, w.Code, w.Body)
				}
			}
			if !rt.Access.AnyToken {
				if w := r.bearer(full, rt.Method, own, "{"); w.Code != 403 {
					t.Errorf("a token with every scope: %d %s", w.Code, w.Body)
				}
			}
			// People: an administrator by the command line may all that a session may; an
			// application reads its own environment; the connector tool opens nothing.
			if w := r.stale(commandLine, rt.Method, at(rt.Path, "own", tepin.NewID[tepin.IntegrationID]()), "{"); w.Code == 401 || w.Code == 403 {
				t.Errorf("an administrator's token: %d %s", w.Code, w.Body)
			}
			if w := r.bearer(editor, rt.Method, own, "{"); (w.Code == 403) == rt.Access.AnyToken {
				t.Errorf("an application's token: %d %s", w.Code, w.Body)
			}
			if w := r.bearer(tool, rt.Method, own, "{"); w.Code != 403 {
				t.Errorf("the connector tool's token: %d %s", w.Code, w.Body)
			}
			if !strings.Contains(rt.Path, "{environment}") && !strings.Contains(rt.Path, "{subscriptionId}") {
				return // it is nobody's, or the token's own
			}
			if w := r.bearer(elsewhere, rt.Method, own, "{"); w.Code != 404 {
				t.Errorf("an application of another tenant: %d %s", w.Code, w.Body)
			}
			if w := r.bearer(foreign, rt.Method, own, "{"); w.Code != 404 {
				t.Errorf("another tenant: %d %s", w.Code, w.Body)
			}
			if strings.Contains(rt.Path, "{integrationId}") && rt.Access.AnyToken {
				if w := r.bearer(full, rt.Method, at(rt.Path, "own", theirs.ID), ""); w.Code != 404 {
					t.Errorf("another tenant's integration: %d %s", w.Code, w.Body)
				}
			}
			if strings.Contains(rt.Path, "{environment}") {
				if w := r.admin(rt.Method, at(rt.Path, "absent", i.ID), "{"); w.Code != 404 {
					t.Errorf("an environment that is not there: %d %s", w.Code, w.Body)
				}
				if w := r.bearer(commandLine, rt.Method, at(rt.Path, "absent", i.ID), "{"); w.Code != 404 {
					t.Errorf("an environment that is not there, by token: %d %s", w.Code, w.Body)
				}
			}
		})
	}
}

// A token for a page reads what environments there are, and nothing of the integrations
// beside its own: whoever opens the page has it.
func TestWalkFromPages(t *testing.T) {
	r := newRig(t)
	const page = "https://shop.example"
	bound := r.PageToken(r.own, page, tepin.AllScopes...)
	i, _ := r.Integration(r.own)
	for _, rt := range r.api.Routes() {
		if rt.Access.Public {
			continue
		}
		req := httptest.NewRequest(rt.Method, r.fill(rt.Path, "own", i.ID)+"?groupBy=day", strings.NewReader("a body that nobody reads"))
		req.Header.Set("Authorization", "Bearer "+bound)
		req.Header.Set("Origin", page)
		w := r.send(req)
		private := !rt.Access.AnyToken || strings.Contains(rt.Path, "integration") || strings.HasSuffix(rt.Path, "/quota") || strings.HasSuffix(rt.Path, "/renders")
		if w.Code == 401 || (w.Code == 403) != private {
			t.Errorf("%s: %d %s", rt.Pattern(), w.Code, w.Body)
		}
	}
}

// Every change needs the CSRF token, and a page of ours: the cookie alone is not enough.
func TestWritesProveTheirOrigin(t *testing.T) {
	r := newRig(t)
	i, _ := r.Integration(r.own)
	for _, rt := range r.api.Routes() {
		if rt.Access.Public || rt.Method == "GET" {
			continue
		}
		path := r.fill(rt.Path, "own", i.ID)
		for name, header := range map[string][2]string{
			"no CSRF token": {"X-CSRF-Token", ""}, "another's CSRF token": {"X-CSRF-Token", r.csrf + "x"},
			"another site": {"Sec-Fetch-Site", "cross-site"}, "a link": {"Sec-Fetch-Site", "none"},
		} {
			if w := r.admin(rt.Method, path, "{}", header[0], header[1]); w.Code != 403 {
				t.Errorf("%s, %s: %d %s", rt.Pattern(), name, w.Code, w.Body)
			}
		}
	}
	if _, err := r.Store.Integration(t.Context(), r.own.ID, i.ID); err != nil {
		t.Errorf("a refused call did something: %v", err)
	}
}

// stale calls with a token, for a version that nothing has: what it is about stays.
func (r *rig) stale(token, method, path, body string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("If-Match", `"999999"`)
	return r.send(req)
}

// TestWalkByRole walks the route table as people of each role, by session and by token:
// what they have no part in is not there, and what their role does not allow is refused
// before a byte of the body is read.
func TestWalkByRole(t *testing.T) {
	r := newRig(t)
	in := func(env tepin.Environment, role tepin.Role) []tepin.EnvironmentRole {
		return []tepin.EnvironmentRole{{EnvironmentID: env.ID, Role: role}}
	}
	neighbour := r.Environment(r.subscription, "neighbour", tepin.Sandbox)
	people := []struct {
		as                tepin.Invitation
		env, sub, nowhere tepin.Roles
	}{
		{tepin.Invitation{Email: "sa@example.org", SubscriptionAdmin: true}, tepin.NewRoles(tepin.SubscriptionAdmin), tepin.NewRoles(tepin.SubscriptionAdmin), tepin.NewRoles(tepin.SubscriptionAdmin)},
		{tepin.Invitation{Email: "ea@example.org", Environments: in(r.own, tepin.EnvironmentAdmin)}, tepin.NewRoles(tepin.EnvironmentAdmin), tepin.NewRoles(tepin.EnvironmentAdmin), tepin.NewRoles(tepin.EnvironmentAdmin)},
		{tepin.Invitation{Email: "beside@example.org", Environments: in(neighbour, tepin.EnvironmentAdmin)}, 0, tepin.NewRoles(tepin.EnvironmentAdmin), tepin.NewRoles(tepin.EnvironmentAdmin)},
		{tepin.Invitation{Email: "eu@example.org", Environments: in(r.own, tepin.EndUser)}, tepin.NewRoles(tepin.EndUser), tepin.NewRoles(tepin.EndUser), tepin.NewRoles(tepin.EndUser)},
		{tepin.Invitation{Email: "tds@example.org", TemplateDesigner: true, Environments: in(r.own, tepin.EndUser)}, tepin.Designers, tepin.Designers, tepin.Designers},
		{tepin.Invitation{Email: "guest@example.org", TemplateDesigner: true}, 0, tepin.Designers, tepin.Designers},
		{tepin.Invitation{Email: "foreign@example.org", SubscriptionID: r.elsewhere.ID, SubscriptionAdmin: true}, 0, 0, tepin.NewRoles(tepin.SubscriptionAdmin)},
	}
	for _, p := range people {
		if p.as.SubscriptionID == "" {
			p.as.SubscriptionID = r.subscription.ID
		}
		who, cookie := r.Member(p.as)
		_, csrf, err := r.Credential.Session(t.Context(), cookie)
		must(t, err)
		calls := map[string]func(method, path string) *httptest.ResponseRecorder{"session": func(method, path string) *httptest.ResponseRecorder {
			req := httptest.NewRequest(method, path, strings.NewReader("{"))
			req.AddCookie(&http.Cookie{Name: "tepin", Value: cookie})
			req.Header.Set("X-CSRF-Token", csrf)
			req.Header.Set("Sec-Fetch-Site", "same-origin")
			req.Header.Set("If-Match", `"999999"`)
			return r.send(req)
		}}
		if p.nowhere.Any(tepin.Administrators) {
			token := r.PersonTokens(who, tepin.FirstParty[0], "", "openid").Access
			calls["token"] = func(method, path string) *httptest.ResponseRecorder { return r.stale(token, method, path, "{") }
		}
		for _, rt := range r.api.Routes() {
			if rt.Access.Public {
				continue
			}
			roles := p.nowhere
			switch {
			case strings.Contains(rt.Path, "{environment}"):
				roles = p.env
			case strings.Contains(rt.Path, "{subscriptionId}"):
				roles = p.sub
			}
			path := r.fill(rt.Path, "own", tepin.NewID[tepin.IntegrationID]()) + "?groupBy=day"
			for how, call := range calls {
				w := call(rt.Method, path)
				switch {
				case roles == 0 && w.Code != 404:
					t.Errorf("%s by %s as %s, who has no part in it: %d %s", rt.Pattern(), how, p.as.Email, w.Code, w.Body)
				case roles != 0 && (w.Code == 401 || (w.Code == 403) == roles.Any(rt.Access.Roles)):
					t.Errorf("%s by %s as %s: %d %s", rt.Pattern(), how, p.as.Email, w.Code, w.Body)
				}
			}
		}
	}
}
