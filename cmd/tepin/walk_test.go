package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/web/webtest"
)

// walk is a newcomer: a browser before a server in a process of its own.
type walk struct {
	*webtest.Tab
	t      *testing.T
	server *process
}

func newWalk(t *testing.T, flags ...string) *walk {
	t.Helper()
	w := &walk{t: t, server: startProcess(t, t.TempDir(), flags...)}
	w.Tab = webtest.NewTab(t)
	w.Look(1440, 900, "light")
	return w
}

// The walk of the README in a browser: an integration is made in the console, its
// secret takes a token in six languages, and the token works on the Swagger pages.
func TestWalkInABrowser(t *testing.T) {
	w := newWalk(t)
	w.swagger(w.walk())
	for _, c := range w.Complaints() {
		if !strings.Contains(c, "status of 40") && !strings.Contains(c, "status of 422") {
			t.Errorf("a page complains: %s", c)
		}
	}
}

// The same on PostgreSQL, without the pages that know nothing of the database.
func TestWalkOnPostgres(t *testing.T) {
	newWalk(t, "-database_url", storetest.Postgres(t)).walk()
}

// walk goes through the console and the snippets, and returns tokens to go on with.
func (w *walk) walk() walkTokens {
	w.t.Helper()
	w.signIn()
	w.openDemo()
	client := w.createIntegration()
	w.panel(client)
	scopes := w.permissions()
	token := w.tokens(client, scopes)
	client = w.rotate(client, token)
	w.createEnvironment("Another", "another", tepin.Production)
	w.Click("#create-first")
	stranger := w.submitIntegration("Stranger", "Of another tenant", "all")
	tokens := walkTokens{w.token(client), w.token(w.server.demo.Integrations.ReadOnly), w.token(stranger)}
	w.guarded(tokens)
	return tokens
}

// equal checks one value.
func (w *walk) equal(what string, got, want any) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// signIn opens the console and signs in as the demo's administrator.
func (w *walk) signIn() {
	w.t.Helper()
	w.Open(w.server.demo.URL)
	w.Fill("#email", w.server.demo.Administrator.Email)
	w.Fill("#password", w.server.demo.Administrator.Password)
	w.Click("#sign-in")
	w.See("#environments")
}

// openDemo finds the environment in the list and opens it by its pencil.
func (w *walk) openDemo() {
	w.t.Helper()
	w.equal("heading", w.Text("h1"), "Environments")
	row := `tr[data-id="` + string(w.server.demo.Environment.ID) + `"]`
	pencil := row + " [data-test=edit]"
	if text := w.Text(row); !strings.Contains(text, "Demo") || !strings.Contains(text, "demo") || !strings.Contains(text, "Sandbox") {
		w.t.Errorf("the row says %q", text)
	}
	if !webtest.Eval[bool](w.Tab, `(() => {
		const right = (e) => e.getBoundingClientRect().right, row = document.querySelector('`+row+`'), pencil = document.querySelector('`+pencil+`');
		return pencil.querySelector('svg') !== null && [...row.querySelectorAll('a, time, .badge')].every((e) => right(e) <= right(pencil));
	})()`) {
		w.t.Error("the pencil does not stand at the row's right")
	}
	w.Click(pencil)
	w.See("#create-integration")
	w.equal("technical name", w.Text("#environment-technical-name"), "demo")
	w.equal("integrations", webtest.Eval[int](w.Tab, `document.querySelectorAll('[data-test=integration]').length`), 2)
}

// createIntegration meets the limits of the form, and takes the secret that is shown.
func (w *walk) createIntegration() clientCredentials {
	w.t.Helper()
	w.Click("#create-integration")
	w.Fill("#name", "A name of 21 letters!")
	w.Says("[data-counter=name]", "21 / 20")
	w.Fill("#description", strings.Repeat("x", 141))
	w.Says("[data-counter=description]", "141 / 140")
	w.Click("#create")
	w.Says("[data-test=name-error]", "20")
	w.Says("[data-test=description-error]", "140")
	const description = "Prints posters when somebody orders one."
	w.Fill("#description", description)
	w.Says("[data-counter=description]", "40 / 140")
	w.Fill("#name", " ")
	w.Click("#create")
	w.Says("[data-test=name-error]", "Is required.")
	w.equal("what was typed", webtest.Eval[string](w.Tab, `document.querySelector('#description').value`), description)
	client := w.submitIntegration("Poster shop", description, "none")

	// The secret is shown this once.
	w.Do(chromedp.Reload())
	w.See("#integrations")
	for _, page := range []string{"", "/environments/demo"} {
		if page != "" {
			w.Open(w.server.demo.URL + page)
			w.See("#integrations")
		}
		if strings.Contains(webtest.Eval[string](w.Tab, `document.documentElement.outerHTML`), client.ClientSecret) {
			w.t.Error("the secret is shown again")
		}
	}
	return client
}

// submitIntegration ends the open form and copies what the integration is given.
func (w *walk) submitIntegration(name, description, preset string) clientCredentials {
	w.t.Helper()
	w.Fill("#integration-form #name", name)
	w.Fill("#integration-form #description", description)
	w.Click("label:has(#preset-" + preset + ")")
	w.Click("#create")
	return w.copyCredentials()
}

// copyCredentials copies client id and secret from the dialog that shows them.
func (w *walk) copyCredentials() clientCredentials {
	w.t.Helper()
	w.See("#secret-dialog")
	var c clientCredentials
	w.Click("#copy-new-client-id")
	w.Says("#copy-new-client-id", "Copied")
	c.ClientID = tepin.ClientID(w.Clipboard())
	w.Click("#copy-new-secret")
	w.Says("#copy-new-secret", "Copied")
	c.ClientSecret = w.Clipboard()
	w.equal("the client id copied", string(c.ClientID), w.Text("#new-client-id"))
	w.equal("the secret copied", c.ClientSecret, w.Text("#new-secret"))
	if !strings.HasPrefix(string(c.ClientID), "int_") || !strings.HasPrefix(c.ClientSecret, "tpn_") {
		w.t.Errorf("client id %q, secret %q", c.ClientID, c.ClientSecret)
	}
	return c
}

// openPanel opens the integration's details from its row.
func (w *walk) openPanel(client clientCredentials) {
	w.t.Helper()
	row := webtest.Eval[string](w.Tab, `[...document.querySelectorAll('[data-test=integration]')].find((e) => e.innerText.includes('`+string(client.ClientID)+`')).dataset.id`)
	w.Click("#row-" + row)
	w.See("#panel")
}

// panel looks at all that the details show.
func (w *walk) panel(client clientCredentials) {
	w.t.Helper()
	w.openPanel(client)
	if !webtest.Eval[bool](w.Tab, `(() => { const p = document.querySelector('#panel').getBoundingClientRect(); return p.left >= innerWidth / 2 && p.right === innerWidth })()`) {
		w.t.Error("the panel does not stand at the right")
	}
	w.equal("tabs", w.Text("#panel .tabs"), "General\nPermissions\nLimits\nActivity")
	w.equal("title", w.Text("#panel-title"), "Poster shop")
	w.equal("client id", w.Text("#client-id"), string(client.ClientID))
	if secret := w.Text("[data-test=secret]"); !strings.Contains(secret, client.ClientSecret[len(client.ClientSecret)-4:]) || !strings.Contains(secret, "never used") {
		w.t.Errorf("the secret's line: %s", secret)
	}
	for _, id := range []string{"#rotate", "#disable", "#delete", "#copy-client-id"} {
		w.See(id)
	}
	for id, path := range map[string]string{"#environment-api": "/grafx/swagger/index.html", "#platform-api": "/swagger/index.html"} {
		w.equal(id, webtest.Eval[string](w.Tab, `document.querySelector('`+id+`').href`), w.server.demo.URL+path)
	}
}

// ticked lists the permissions that have their tick.
func (w *walk) ticked() tepin.Scopes {
	w.t.Helper()
	var scopes []tepin.Scope
	for _, s := range webtest.Eval[[]string](w.Tab, `[...document.querySelectorAll('[name=scope]:checked')].map((e) => e.value)`) {
		scopes = append(scopes, tepin.Scope(s))
	}
	return tepin.MustScopes(scopes...)
}

// permissions fills the matrix in every way there is and saves it. It returns what was
// saved: all but writing fonts.
func (w *walk) permissions() tepin.Scopes {
	w.t.Helper()
	w.Click("#tab-permissions")
	w.See("#matrix")
	w.equal("rows", webtest.Eval[string](w.Tab, `[...document.querySelectorAll('#matrix tbody th')].map((e) => e.innerText).join()`), "Fonts,Media,Projects,Templates,Collections")
	w.equal("columns", webtest.Eval[string](w.Tab, `[...document.querySelectorAll('#matrix [scope=col]')].slice(1).map((e) => e.innerText).join()`), "Read,List,Write")
	w.equal("output", webtest.Eval[string](w.Tab, `[...document.querySelectorAll('.matrix.output tbody th')].map((e) => e.innerText).join()`), "Output: Animated,Output: Static")
	w.equal("at first", w.ticked().String(), "")
	count := 0
	for _, column := range []struct {
		name string
		n    int
	}{{"read", 5}, {"list", 5}, {"write", 5}, {"output", 2}} {
		w.Click("#all-" + column.name)
		count += column.n
		w.equal("ticks after select all of "+column.name, webtest.Eval[int](w.Tab, `document.querySelectorAll('[name=scope]:checked').length`), count)
	}
	w.Says("[data-test=warning]", "Never use such a token in a front end.")
	w.Click("#preset-read-only")
	w.See("[data-test=fit]")
	w.equal("Read-only", w.ticked().String(), tepin.MustScopes(tepin.ReadOnlyScopes...).String())
	w.Click("#preset-all")
	w.See("[data-test=warning]")
	w.equal("All permissions", w.ticked().String(), tepin.MustScopes(tepin.AllScopes...).String())

	all := slices.DeleteFunc(slices.Clone(tepin.AllScopes), func(s tepin.Scope) bool { return s == tepin.FontWrite })
	want := tepin.MustScopes(all...)
	w.Click(`[name=scope][value="font:write"]`)
	w.Click("#save-permissions")
	w.Says("[data-test=form-saved]", "Saved")
	w.Do(chromedp.Reload())
	w.See("#matrix")
	w.equal("saved", w.ticked().String(), want.String())
	return want
}

// tokenAnswer is the answer of the token endpoint.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
}

// snippet runs one of the guide's snippets in examples/ as its reader would.
func (w *walk) snippet(c clientCredentials, command ...string) (said string, err error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = "../../examples"
	cmd.Env = append(os.Environ(), "no_proxy=*", "TEPIN_URL="+w.server.demo.URL, "TEPIN_CLIENT_ID="+string(c.ClientID), "TEPIN_CLIENT_SECRET="+c.ClientSecret)
	out, err := cmd.Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		out = append(out, exit.Stderr...)
	}
	return string(out), err
}

// refused checks that a secret is, with a clear error.
func (w *walk) refused(c clientCredentials) {
	w.t.Helper()
	for _, script := range []string{"./get_token_form.sh", "./get_token_json.sh"} {
		said, err := w.snippet(c, script)
		if err == nil || !strings.Contains(said, "401") || !strings.Contains(said, `"invalid_client"`) || !strings.Contains(said, "error_description") {
			w.t.Errorf("%s: %v: %s", script, err, said)
		}
	}
}

// tokens asks for tokens with every snippet, and returns the one that they all get.
func (w *walk) tokens(c clientCredentials, scopes tepin.Scopes) string {
	w.t.Helper()
	goToken := filepath.Join(w.t.TempDir(), "token")
	if out, err := exec.Command("go", "build", "-o", goToken, "../../examples/gettoken").CombinedOutput(); err != nil {
		w.t.Fatalf("go build: %v\n%s", err, out)
	}
	var last tokenAnswer
	for _, command := range [][]string{
		{"./get_token_form.sh"}, {"./get_token_form.sh"}, {"./get_token_json.sh"}, {goToken},
		{"/usr/bin/python3", "get_token.py"}, {"node", "get_token.mjs"}, {"java", "GetToken.java"},
	} {
		said, err := w.snippet(c, command...)
		var got tokenAnswer
		if err := errors.Join(err, json.Unmarshal([]byte(said), &got)); err != nil {
			w.t.Fatalf("%s: %v: %s", command, err, said)
		}
		w.equal(command[0]+": token_type", got.TokenType, "Bearer")
		w.equal(command[0]+": scope", got.Scope, scopes.String())
		if last.AccessToken == "" {
			w.equal("expires_in is 24 hours", got.ExpiresIn > 86390 && got.ExpiresIn <= 86400, true)
			last = got
		}
		w.equal(command[0]+": the same token", got.AccessToken, last.AccessToken)
		if got.ExpiresIn > last.ExpiresIn {
			w.t.Errorf("%s: expires_in grew from %d to %d", command, last.ExpiresIn, got.ExpiresIn)
		}
		last = got
	}
	w.refused(clientCredentials{c.ClientID, w.server.demo.Integrations.All.ClientSecret})
	w.server.with(last.AccessToken).want(w.t, http.StatusOK, string(w.server.demo.Template.ID))
	return last.AccessToken
}

// with lists the demo's templates with a token.
func (p *process) with(token string) answer {
	p.t.Helper()
	return p.ask(http.MethodGet, "/templates", "", nil, "Authorization", "Bearer "+token)
}

// rotate gives the integration another secret; the old one ends with its token.
func (w *walk) rotate(old clientCredentials, token string) clientCredentials {
	w.t.Helper()
	w.Click("#tab-general")
	w.Click("#rotate")
	w.Click(`label:has(#overlap-0s)`)
	w.Click("#confirm-rotate")
	fresh := w.copyCredentials()
	w.Click("#secret-done")
	w.Gone("#secret-dialog")
	if fresh.ClientID != old.ClientID || fresh.ClientSecret == old.ClientSecret {
		w.t.Errorf("rotated: client %s, was %s", fresh.ClientID, old.ClientID)
	}
	w.refused(old)
	w.server.with(token).want(w.t, http.StatusUnauthorized)
	if _, err := w.snippet(fresh, "./get_token_form.sh"); err != nil {
		w.t.Errorf("the new secret: %v", err)
	}
	return fresh
}

// token takes one.
func (w *walk) token(c clientCredentials) string {
	w.t.Helper()
	var api apiClient
	if err := api.authorize(w.t.Context(), w.server.demo.URL, c); err != nil {
		w.t.Fatal(err)
	}
	return api.token
}

// createEnvironment makes one in the console and opens it.
func (w *walk) createEnvironment(name, technicalName string, kind tepin.EnvironmentType) {
	w.t.Helper()
	w.Open(w.server.demo.URL)
	w.Click("#create-environment")
	w.Fill("#name", name)
	w.Fill("#technicalName", technicalName)
	w.Click("label:has(#type-" + string(kind) + ")")
	w.Click("#create")
	w.See("#create-integration")
	w.equal("technical name", w.Text("#environment-technical-name"), technicalName)
}

// walkTokens are tokens of the integration that was made, of the read-only one, and of
// an integration of another environment.
type walkTokens struct{ own, readOnly, foreign string }

// guarded checks what the server answers to each of them.
func (w *walk) guarded(tokens walkTokens) {
	w.t.Helper()
	template := string(w.server.demo.Template.ID)
	w.server.with(tokens.own).want(w.t, http.StatusOK, template)
	w.server.ask(http.MethodDelete, "/templates/"+template, "", nil, "Authorization", "Bearer "+tokens.readOnly).want(w.t, http.StatusForbidden, "template:write")
	w.server.with(tokens.foreign).want(w.t, http.StatusNotFound)
	own := strings.Replace(w.server.api.base, "/demo", "/another", 1) + "/templates"
	w.server.ask(http.MethodGet, own, "", nil, "Authorization", "Bearer "+tokens.foreign).want(w.t, http.StatusOK, `"data":[]`)
	w.server.with(tokens.own[:len(tokens.own)-4]+"AAAA").want(w.t, http.StatusUnauthorized)
}

// authorize gives a Swagger page a token, in place of one that it may have.
func (w *walk) authorize(token string) {
	w.t.Helper()
	const logout = ".modal-ux .auth:not(.authorize):not(.btn-done)"
	w.Click(".auth-wrapper .authorize")
	w.See(".modal-ux")
	if webtest.Eval[bool](w.Tab, `document.querySelector('`+logout+`') !== null`) {
		w.Click(logout)
	}
	w.Paste("#auth-bearer-value", token)
	w.Click(".modal-ux .authorize")
	w.See(logout)
	w.Click(".close-modal")
	w.Gone(".modal-ux")
}

// try tries an operation out and returns status and body of the answer as the page
// shows them.
func (w *walk) try(operation string, params ...string) (status, body string) {
	w.t.Helper()
	op := "#operations-" + operation
	group, _, _ := strings.Cut(operation, "-")
	if webtest.Eval[bool](w.Tab, `document.querySelector('`+op+`') === null`) {
		w.Click("#operations-tag-" + group + " .expand-operation")
	}
	w.Click(op + " .opblock-summary-control")
	w.Click(op + " .try-out__btn")
	for i := 0; i+1 < len(params); i += 2 {
		w.Fill(fmt.Sprintf("%s tr[data-param-name=%q] input", op, params[i]), params[i+1])
	}
	w.Click(op + " .execute")
	answer := op + " .live-responses-table tbody "
	w.See(answer + ".response-col_status")
	return w.Text(answer + ".response-col_status"), w.Text(answer + ".response-col_description")
}

// authorizeClient has a Swagger page get a token by itself.
func (w *walk) authorizeClient(id, secret string) {
	w.t.Helper()
	w.Click(".auth-wrapper .authorize")
	w.See(".modal-ux")
	w.Paste("[id^=client_id_]", id)
	w.Paste("[id^=client_secret_]", secret)
	w.Click(".modal-ux .auth-container:has([id^=client_id_]) .authorize")
	w.See(`.modal-ux [aria-label="Remove authorization"]`)
	w.Click(".close-modal")
	w.Gone(".modal-ux")
}

// swagger tries out on the Swagger pages what the three tokens may do.
func (w *walk) swagger(tokens walkTokens) {
	w.t.Helper()
	const environmentAPI, platformAPI = "/grafx/swagger/index.html", "/swagger/index.html"
	template := string(w.server.demo.Template.ID)
	at := ""
	for _, c := range []struct {
		what, page, token, operation string
		params                       []string
		status, says                 string
	}{
		{"the own token", environmentAPI, tokens.own, "Templates-listTemplates", []string{"environment", "demo"}, "200", template},
		{"a read-only token writes", environmentAPI, tokens.readOnly, "Templates-deleteTemplate", []string{"environment", "demo", "id", template}, "403", "template:write"},
		{"another environment's token", environmentAPI, tokens.foreign, "Templates-getTemplate", []string{"environment", "demo", "id", template}, "404", "Not Found"},
		{"the own token", platformAPI, tokens.own, "Environments-listEnvironments", nil, "200", `"technicalName": "demo"`},
		{"a read-only token writes", platformAPI, tokens.readOnly, "Integrations-createIntegration", []string{"environment", "demo"}, "403", "administrator"},
	} {
		if at != c.page {
			w.Open(w.server.demo.URL + c.page)
			at = c.page
		}
		w.authorize(c.token)
		status, body := w.try(c.operation, c.params...)
		if !strings.HasPrefix(status, c.status) || !strings.Contains(body, c.says) {
			w.t.Errorf("%s: %s answers %s without %q: %s", c.what, c.operation, status, c.says, body)
		}
	}

	// Without a token of one's own: the page asks for it.
	for _, c := range []struct{ page, operation, says string }{
		{environmentAPI, "Templates-listTemplates", template}, {platformAPI, "Environments-listEnvironments", `"technicalName": "demo"`},
	} {
		w.Open(w.server.demo.URL + c.page)
		w.authorizeClient(string(w.server.demo.Integrations.All.ClientID), w.server.demo.Integrations.All.ClientSecret)
		var params []string
		if c.page == environmentAPI {
			params = []string{"environment", "demo"}
		}
		if status, body := w.try(c.operation, params...); !strings.HasPrefix(status, "200") || !strings.Contains(body, c.says) {
			w.t.Errorf("%s, authorized by client id and secret: %s %s", c.page, status, body)
		}
	}
}
