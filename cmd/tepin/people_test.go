package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web/webtest"
)

// people is a demo, and a browser in which its administrator can sign in.
type people struct {
	*webtest.Tab
	t      *testing.T
	server *process
	home   string // of the programs that sign people in
}

func newPeople(t *testing.T, flags ...string) *people {
	t.Helper()
	p := &people{t: t, server: startProcess(t, t.TempDir(), flags...), home: t.TempDir()}
	p.Tab = webtest.NewTab(t)
	p.Look(1280, 900, "light")
	return p
}

// signIn fills in the form that the browser has come to.
func (p *people) signIn() {
	p.t.Helper()
	p.Fill("#email", p.server.demo.Administrator.Email)
	p.Fill("#password", p.server.demo.Administrator.Password)
	p.Click("#sign-in")
}

// approve signs a device in as a person does who follows its link: the console asks who
// it is, the code is typed, and an environment chosen where one is asked for.
func (p *people) approve(link, code string) {
	p.t.Helper()
	p.Open(link)
	p.See("form")
	if webtest.Eval[bool](p.Tab, `document.querySelector('#login-form') !== null`) {
		p.signIn()
	}
	p.See("#device-form")
	p.Fill("#code", code)
	if webtest.Eval[bool](p.Tab, `document.querySelector('#environment') !== null`) {
		p.Do(chromedp.SetValue(chromedp.CSS("#environment"), string(p.server.demo.Environment.ID)))
	}
	p.Click("#approve")
	p.See("[data-test=device-done]")
}

// program is another program that runs.
type program struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // that it has printed to standard output
	all   *printed    // and all
	ended chan error
}

// run starts a program with the rig's home directory and further variables. It ends by
// itself, within [webtest.Patience].
func (p *people) run(variables []string, name string, args ...string) *program {
	p.t.Helper()
	return p.runIn("", variables, name, args...)
}

// runIn does it in a directory.
func (p *people) runIn(dir string, variables []string, name string, args ...string) *program {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), webtest.Patience)
	r := &program{t: p.t, cmd: exec.CommandContext(ctx, name, args...), lines: make(chan string, 1000), all: &printed{}, ended: make(chan error, 1)}
	r.cmd.Dir = dir
	r.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.home, "NO_COLOR=1"}, variables...)
	reading, writing := io.Pipe()
	r.cmd.Stdout, r.cmd.Stderr = io.MultiWriter(r.all, writing), r.all
	if err := r.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(reading); lines.Scan(); {
			r.lines <- lines.Text()
		}
		close(r.lines)
	}()
	go func() {
		r.ended <- r.cmd.Wait()
		writing.Close()
	}()
	p.t.Cleanup(cancel)
	return r
}

// says waits until the program prints a line that fits, and returns its groups.
func (r *program) says(pattern *regexp.Regexp) []string {
	r.t.Helper()
	for line := range r.lines {
		if found := pattern.FindStringSubmatch(line); found != nil {
			return found[1:]
		}
	}
	r.t.Fatalf("%s never says %s\n%s", r.cmd, pattern, r.all)
	return nil
}

// end waits until the program has ended.
func (r *program) end() error {
	err := <-r.ended
	r.ended <- err
	return err
}

// finish waits until the program has ended well, and returns all that it has printed.
func (r *program) finish() string {
	r.t.Helper()
	if err := r.end(); err != nil {
		r.t.Fatalf("%s: %v\n%s", r.cmd, err, r.all)
	}
	return r.all.String()
}

// log returns the entries of the audit log whose action begins so, as the signed-in
// browser reads them.
func (p *people) log(path, action string) []map[string]any {
	p.t.Helper()
	return webtest.Eval[[]map[string]any](p.Tab, `fetch('`+p.server.demo.URL+path+`?action=`+action+`').then(async (r) => (await r.json()).data)`)
}

// npm returns the directory of the packages that people sign in to, installed as the
// lock file has them.
func npm(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "interop", "people")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err != nil {
		install := exec.Command("npm", "ci")
		install.Dir = dir
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	return filepath.Join(dir, "node_modules")
}

var visit = regexp.MustCompile(`Please visit "([^"]+)" and enter the code ([A-Z-]+) `)

// The npm package @chili-publish/connector-cli, as it is: it signs in, keeps its session
// and is known again.
func TestConnectorCLI(t *testing.T) {
	p := newPeople(t)
	modules := npm(t)
	shim, err := filepath.Abs(filepath.Join("..", "..", "examples", "connector-cli.cjs"))
	if err != nil {
		t.Fatal(err)
	}
	variables := []string{"NODE_OPTIONS=--require=" + shim, "TEPIN_URL=" + p.server.demo.URL}
	cli := filepath.Join(modules, "@chili-publish", "connector-cli", "bin", "connector-cli")
	for _, tenant := range []string{"prod", "dev"} {
		login := p.run(variables, "node", cli, "login", "-t", tenant)
		said := login.says(visit)
		p.approve(said[0], said[1])
		if out := login.finish(); !strings.Contains(out, "CLI authenticated successfully") || !strings.Contains(out, "User is authenticated => Demo administrator") {
			t.Errorf("%s: %s", tenant, out)
		}
	}
	raw, err := os.ReadFile(filepath.Join(p.home, ".connector-cli", "session.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]string
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	for _, key := range []string{"prod_access_token", "dev_access_token"} {
		var session struct {
			Token struct {
				Access  string `json:"access_token"`
				ID      string `json:"id_token"`
				Scope   string `json:"scope"`
				Type    string `json:"token_type"`
				Expires int    `json:"expires_in"`
				Refresh string `json:"refresh_token"`
			} `json:"token"`
			CreatedAt time.Time `json:"createdAt"`
		}
		if err := json.Unmarshal([]byte(file[key]), &session); err != nil {
			t.Fatalf("%s: %v in %s", key, err, raw)
		}
		if s := session.Token; s.Type != "Bearer" || s.Scope != "openid profile" || s.Expires != 86400 || s.Refresh != "" || s.ID == "" || time.Since(session.CreatedAt) > time.Hour {
			t.Errorf("%s: %+v", key, session)
		}
		// It opens nothing but who the person is (S26).
		for path, want := range map[string]int{"/oauth/userinfo": 200, "/grafx/api/v1/environment/demo/templates": 403, "/api/v1/environments/demo": 403, "/api/v1/session": 403} {
			req, err := http.NewRequest(http.MethodGet, p.server.demo.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+session.Token.Access)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != want {
				t.Errorf("%s: %s answers %s", key, path, res.Status)
			}
		}
	}
	again := p.run(variables, "node", cli, "login").finish()
	if !strings.Contains(again, "Already authenticated") {
		t.Errorf("a second login: %s", again)
	}

	var clients []string
	for _, e := range p.log("/api/v1/audit", "device.approve") {
		clients = append(clients, e["detail"].(map[string]any)["client"].(string))
		if e["actor"].(map[string]any)["name"] != p.server.demo.Administrator.Email || e["detail"].(map[string]any)["from"] != "127.0.0.1" {
			t.Errorf("the log has %v", e)
		}
	}
	if slices.Sort(clients); !slices.Equal(clients, []string{string(tepin.FirstParty[1].ClientID), string(tepin.FirstParty[2].ClientID)}) {
		t.Errorf("the log has approvals for %q", clients)
	}
	if begun, tokens := p.log("/api/v1/environments/demo/audit", "login.begin"), p.log("/api/v1/environments/demo/audit", "login.token"); len(begun) != 2 || len(tokens) != 2 {
		t.Errorf("the environment's log has %v, %v", begun, tokens)
	}

	// Signed out on the account page, it has to sign in again.
	p.Open(p.server.demo.URL + "/account")
	for left := range 2 {
		p.Click("[data-test=end-login]")
		p.Wait(`document.querySelectorAll('[data-test=login]').length === ` + strconv.Itoa(1-left))
	}
	waiting := p.run(variables, "node", cli, "login")
	waiting.says(visit)
	if !strings.Contains(waiting.all.String(), "Failed to get the user info") {
		t.Errorf("after the end: %s", waiting.all)
	}
	if err := waiting.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
}

// A single-page application with the npm package @auth0/auth0-spa-js, as it is, signs
// people in, and calls the Environment API as them.
func TestSinglePageApplication(t *testing.T) {
	p := newPeople(t)
	library := filepath.Join(npm(t), "@auth0", "auth0-spa-js", "dist", "auth0-spa-js.production.js")
	settings := map[string]string{"server": p.server.demo.URL}
	mux := http.NewServeMux()
	mux.HandleFunc("/auth0-spa-js.production.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, library) })
	mux.HandleFunc("/settings.json", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(settings) })
	mux.HandleFunc("/spa.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/people/spa.js") })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/people/spa.html") })
	site := httptest.NewServer(mux)
	defer site.Close()

	// An administrator registers it, here from a page of the console.
	p.Open(p.server.demo.URL)
	p.signIn()
	p.See("#environments")
	made := webtest.Eval[map[string]any](p.Tab, `fetch('/api/v1/session').then(async (r) => {
		const csrf = (await r.json()).csrfToken;
		const made = await fetch('/api/v1/environments/demo/applications', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
			body: JSON.stringify({ name: 'Editor', redirectUris: ['`+site.URL+`/'] }) });
		return made.json();
	})`)
	settings["clientId"], _ = made["clientId"].(string)
	if !strings.HasPrefix(settings["clientId"], "app_") {
		t.Fatalf("made %v", made)
	}

	p.Open(site.URL)
	p.Says("#state", "signed out")
	begin := func() {
		t.Helper()
		webtest.Eval[chromedp.Void](p.Tab, `client.loginWithRedirect()`)
		p.See("#consent-form")
	}
	begin()
	p.Click("#cancel")
	p.See("#state")
	p.Says("#state", "refused: access_denied")
	begin()
	p.Click("#allow")
	p.See("#state")
	p.Says("#state", "signed in")

	user := webtest.Eval[map[string]any](p.Tab, `client.getUser()`)
	claims := webtest.Eval[map[string]any](p.Tab, `client.getIdTokenClaims()`)
	if user["email"] != p.server.demo.Administrator.Email || user["sub"] == "" || claims["iss"] != p.server.demo.URL+"/" || claims["aud"] != settings["clientId"] {
		t.Errorf("user %v, claims %v", user, claims)
	}
	call := func() int { // with the token that the library has
		t.Helper()
		return webtest.Eval[int](p.Tab, `client.getTokenSilently().then((token) => fetch('`+p.server.demo.URL+`/grafx/api/v1/environment/demo/templates', { headers: { Authorization: 'Bearer ' + token } })).then((r) => r.status)`)
	}
	if status := call(); status != 200 {
		t.Errorf("the API answers %d", status)
	}
	// The library renews the token by its refresh token, and the old one lives on.
	tokens := webtest.Eval[[]string](p.Tab, `(async () => [await client.getTokenSilently(), await client.getTokenSilently({ cacheMode: 'off' }), await client.getTokenSilently({ cacheMode: 'off' })])()`)
	slices.Sort(tokens)
	if tokens = slices.Compact(tokens); len(tokens) != 3 {
		t.Errorf("%d different tokens", len(tokens))
	}
	if status := call(); status != 200 {
		t.Errorf("the API answers %d to the new one", status)
	}
	// Signed out of the console, it is signed out too, and the library says so.
	p.Open(p.server.demo.URL)
	p.Click("#sign-out")
	p.See("#login-form")
	p.Open(site.URL)
	p.Says("#state", "signed in") // as far as its cache knows
	if status := call(); status != 401 {
		t.Errorf("the API answers %d after the sign-out", status)
	}
	if code := webtest.Eval[string](p.Tab, `client.getTokenSilently({ cacheMode: 'off' }).then(() => 'a token', (e) => e.error)`); code != "invalid_grant" {
		t.Errorf("after the sign-out the library says %q", code)
	}
	for _, c := range p.Complaints() {
		if !strings.Contains(c, "status of 40") {
			t.Errorf("a page complains: %s", c)
		}
	}
}

var typeCode = regexp.MustCompile(`^and type the code ([A-Z]{4}-[A-Z]{4})$`)

// The command line signs its person in, works as them, renews its token and signs out.
func TestLogin(t *testing.T) {
	p := newPeople(t)
	binary, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	link, err := url.JoinPath(p.server.demo.URL, "device")
	if err != nil {
		t.Fatal(err)
	}
	fails := func(says string, args ...string) {
		t.Helper()
		r := p.run(nil, binary, args...)
		if err := r.end(); err == nil || !strings.Contains(r.all.String(), says) {
			t.Errorf("tepin %s: %v, %s", strings.Join(args, " "), err, r.all)
		}
	}
	fails("nobody has signed in", "token")
	login := p.run(nil, binary, "login", p.server.demo.URL)
	said := login.says(typeCode)
	p.approve(link+"?user_code="+said[0], said[0])
	if out := login.finish(); !strings.Contains(out, link) || !strings.Contains(out, "Signed in to "+p.server.demo.URL+" as ") {
		t.Errorf("it says %s", out)
	}
	name := filepath.Join(p.home, ".config", "tepin", "sessions.json")
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	first := strings.TrimSpace(p.run(nil, binary, "token").finish())
	status := func(token string) int {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, p.server.demo.URL+"/api/v1/session", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	if status(first) != 200 {
		t.Errorf("the Platform API answers %d", status(first))
	}
	if out := p.run(nil, binary, "environment", "list").finish(); !strings.Contains(out, "demo") {
		t.Errorf("environments: %s", out)
	}

	// When the token is over, however many commands find that out at once, each has a
	// new one, and the sign-in stays whole.
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	old := regexp.MustCompile(`"expiry": "[^"]+"`).ReplaceAll(raw, []byte(`"expiry": "2001-01-01T00:00:00Z"`))
	if string(old) == string(raw) {
		t.Fatalf("there is no expiry in the file")
	}
	if err := os.WriteFile(name, old, 0o600); err != nil {
		t.Fatal(err)
	}
	var running []*program
	for range 4 {
		running = append(running, p.run(nil, binary, "token"))
	}
	var renewed []string
	for _, r := range running {
		renewed = append(renewed, strings.TrimSpace(r.finish()))
	}
	if slices.Sort(renewed); len(slices.Compact(renewed)) != 1 || renewed[0] == first || status(renewed[0]) != 200 || status(first) != 200 {
		t.Errorf("%d tokens; the new one gets %d, the old one %d", len(slices.Compact(renewed)), status(renewed[0]), status(first))
	}

	if out := p.run(nil, binary, "logout").finish(); !strings.Contains(out, "Signed out of") || strings.Contains(out, "did not hear") {
		t.Errorf("logout says %s", out)
	}
	if status(renewed[0]) != 401 || status(first) != 401 {
		t.Errorf("after the logout the API answers %d and %d", status(renewed[0]), status(first))
	}
	fails("nobody has signed in", "token")

	login = p.run(nil, binary, "login", p.server.demo.URL)
	said = login.says(typeCode)
	p.Open(link)
	p.Fill("#code", said[0])
	p.Click("#continue")
	p.Click("#deny")
	p.See("[data-test=device-done]")
	if err := login.end(); err == nil || !strings.Contains(login.all.String(), "the person has refused") {
		t.Errorf("refused: %v, %s", err, login.all)
	}

	// An integration's token is printed without a sign-in; its secret is never an argument.
	all := p.server.demo.Integrations.All
	token := p.run([]string{"TEPIN_SERVER=" + p.server.demo.URL, "TEPIN_CLIENT_ID=" + string(all.ClientID), "TEPIN_CLIENT_SECRET=" + all.ClientSecret}, binary, "token").finish()
	if strings.Count(token, ".") != 2 {
		t.Errorf("an integration's token: %s", token)
	}
	fails("a secret goes into a file", "token", "-server", p.server.demo.URL, "-client_id", string(all.ClientID), all.ClientSecret)
}
