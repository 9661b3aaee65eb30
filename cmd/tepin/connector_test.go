package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// archive is an upstream: it answers whom it knows, and remembers what it was asked.
type archive struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

func newArchive(t *testing.T) *archive {
	t.Helper()
	a := &archive{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_id") != "tepin" || r.FormValue("client_secret") != "geheim-client" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "read" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"upstream-token","token_type":"Bearer","expires_in":3600}`)
	})
	mux.HandleFunc("GET /pictures", func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.asked = append(a.asked, r.Header.Get("X-Api-Key")+r.Header.Get("Authorization"))
		a.mu.Unlock()
		if r.Header.Get("X-Api-Key") != "geheim-static" && r.Header.Get("Authorization") != "Bearer upstream-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("q") == "nothing" {
			_, _ = io.WriteString(w, `[]`)
			return
		}
		_, _ = io.WriteString(w, `[{"id":"1","name":"beach"}]`)
	})
	mux.HandleFunc("GET /pictures/1/file", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, "a picture for "+r.Header.Get("Authorization"))
	})
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	return a
}

// heard returns what the upstream was shown since it was last asked this.
func (a *archive) heard() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := strings.Join(a.asked, " ")
	a.asked = nil
	return out
}

// ask sends a request to the environment demo and reads its JSON.
func (p *people) ask(token, method, path string, header map[string]string, body any, into any) int {
	p.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequest(method, p.server.demo.URL+"/grafx/api/v1/environment/demo"+path, bytes.NewReader(raw))
	if err != nil {
		p.t.Fatal(err)
	}
	if body == nil {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if into != nil && json.Unmarshal(answer, into) != nil {
		p.t.Fatalf("%s %s: %s: %s", method, path, res.Status, answer)
	}
	return res.StatusCode
}

// integration returns a token of the demo's integration.
func (p *people) integration() string {
	p.t.Helper()
	all := p.server.demo.Integrations.All
	res, err := http.PostForm(p.server.demo.URL+"/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {string(all.ClientID)}, "client_secret": {all.ClientSecret}})
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Access == "" {
		p.t.Fatal(res.Status, err)
	}
	return answer.Access
}

// tool is the npm package @chili-publish/connector-cli, as it is, with a project.
type tool struct {
	*people
	cli, project string
	variables    []string
}

// newTool signs in and makes a project.
func newTool(t *testing.T, p *people) *tool {
	t.Helper()
	modules := npm(t)
	at := func(path ...string) string {
		abs, err := filepath.Abs(filepath.Join(path...))
		if err != nil {
			t.Fatal(err)
		}
		return abs
	}
	c := &tool{people: p, cli: at(modules, "@chili-publish", "connector-cli", "bin", "connector-cli"), project: filepath.Join(p.home, "archive"),
		variables: []string{"NODE_OPTIONS=--require=" + at("..", "..", "examples", "connector-cli.cjs"), "TEPIN_URL=" + p.server.demo.URL}}
	login := c.start("login")
	said := login.says(visit)
	p.approve(said[0], said[1])
	login.finish()

	c.do("new", "-n", "archive")
	if err := os.Symlink(at(modules), filepath.Join(c.project, "node_modules")); err != nil { // in place of an install
		t.Fatal(err)
	}
	source, err := os.ReadFile(at("testdata", "connector", "connector.ts"))
	if err != nil {
		t.Fatal(err)
	}
	c.write("connector.ts", source)
	raw, err := os.ReadFile(filepath.Join(c.project, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var described map[string]any
	if err := json.Unmarshal(raw, &described); err != nil {
		t.Fatal(err)
	}
	config := described["config"].(map[string]any)
	config["supportedAuth"], config["options"] = []string{"staticKey", "oAuth2ClientCredentials"}, map[string]any{"base": nil}
	if raw, err = json.Marshal(described); err != nil {
		t.Fatal(err)
	}
	c.write("package.json", raw)
	return c
}

func (c *tool) write(name string, content []byte) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.project, name), content, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// start runs a command in the home directory.
func (c *tool) start(args ...string) *program {
	c.t.Helper()
	return c.runIn(c.home, c.variables, "node", append([]string{c.cli}, args...)...)
}

// do runs a command to its end.
func (c *tool) do(args ...string) string {
	c.t.Helper()
	return c.start(args...).finish()
}

// target are the arguments that say where.
func (c *tool) target(more ...string) []string {
	return append([]string{"-e", "demo", "-b", c.server.demo.URL + "/grafx"}, more...)
}

// token is that of the tool's session.
func (c *tool) token() string {
	c.t.Helper()
	var file map[string]string
	var session struct {
		Token struct {
			Access string `json:"access_token"`
		} `json:"token"`
	}
	raw, err := os.ReadFile(filepath.Join(c.home, ".connector-cli", "session.json"))
	if err == nil {
		err = json.Unmarshal(raw, &file)
	}
	if err == nil {
		err = json.Unmarshal([]byte(file["prod_access_token"]), &session)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return session.Token.Access
}

// storedConnector is what the tests look at.
type storedConnector struct {
	ID, Name, Version, Type, OwnerType, APIVersion string
	Enabled                                        bool
	AllowedDomains                                 []string
	Options                                        map[string]any
	ProxyOptions                                   struct{ ForwardedHeaders bool }
	SupportedAuthentication                        struct{ Browser, Server []string }
}

var createdID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// queried has the server run the script that the tool has built, against the types of the
// npm package, and published.
func (c *tool) queried(token, id string) {
	c.t.Helper()
	var capabilities map[string]bool
	if status := c.ask(token, "GET", "/connectors/"+id+"/capabilities", nil, nil, &capabilities); status != 200 || !capabilities["filtering"] || capabilities["metadata"] {
		c.t.Errorf("capabilities: %d %v", status, capabilities)
	}
	sent := map[string]string{"Content-Type": "application/json"}
	var page struct {
		PageSize int
		Data     []struct{ ID, Name, RelativePath, Extension string }
	}
	if status := c.ask(token, "POST", "/connectors/"+id+"/media/query", sent, map[string]any{"filter": []string{"sea side"}, "pageSize": 5}, &page); status != 200 || page.PageSize != 5 || len(page.Data) != 1 || page.Data[0].Name != "beach" || page.Data[0].Extension != "png" {
		c.t.Errorf("query: %d %+v", status, page)
	}
	if status := c.ask(token, "POST", "/connectors/"+id+"/media/download", sent, map[string]any{"id": "1", "previewType": "thumbnail"}, nil); status != 200 {
		c.t.Errorf("download: %d", status)
	}
	var refused struct{ Detail string }
	if status := c.ask(token, "POST", "/connectors/"+id+"/media/detail", sent, map[string]any{"id": "2"}, &refused); status != 404 || !strings.Contains(refused.Detail, "the archive answers 404") {
		c.t.Errorf("detail of nothing: %d %s", status, refused.Detail)
	}
}

// The connector tool publishes, updates, gives credentials and deletes. It exits with 0
// whatever happens, so that what the server has stored is looked at.
func TestConnectorCLIPublishes(t *testing.T) {
	p := newPeople(t, "-outbound_allow", "127.0.0.1")
	up := newArchive(t)
	host := strings.TrimPrefix(up.URL, "http://")
	c := newTool(t, p)
	if out := c.do("build", c.project); !strings.Contains(out, "Build succeeded") {
		t.Fatal(out)
	}
	publish := func(more ...string) string {
		t.Helper()
		return c.do(append([]string{"publish", c.project}, c.target(more...)...)...)
	}
	out := publish("-n", "Archive", "-ro", "base="+up.URL, "--proxyOption.allowedDomains", host, "--proxyOption.forwardedHeaders")
	id := createdID.FindString(out)
	if id == "" || !strings.Contains(out, "is created") {
		t.Fatalf("publish says %s", out)
	}
	back := p.integration()
	var v storedConnector
	if status := p.ask(back, "GET", "/connectors/"+id, nil, nil, &v); status != 200 || v.Name != "Archive" || v.Version != "1.0.0" || v.Type != "media" || v.OwnerType != "user" || v.APIVersion != "1.14.0" ||
		!v.ProxyOptions.ForwardedHeaders || !slices.Equal(v.AllowedDomains, []string{host}) || v.Options["base"] != up.URL {
		t.Fatalf("%d %+v", status, v)
	}
	var script struct{ Script string }
	p.ask(back, "GET", "/connectors/"+id+"/script", nil, nil, &script)
	if built, err := os.ReadFile(filepath.Join(c.project, "out", "connector.js")); err != nil || script.Script != string(built) {
		t.Errorf("%v: published is %q", err, script.Script)
	}

	out = publish("-n", "Archive of pictures", "--connectorId", id, "-ro", "base="+up.URL, "--proxyOption.allowedDomains", "127.0.0.1", "--proxyOption.allowedDomains", "*.example.com")
	if !strings.Contains(out, "is updated") {
		t.Errorf("publish says %s", out)
	}
	p.ask(back, "GET", "/connectors/"+id, nil, nil, &v)
	if v.ID != id || v.Name != "Archive of pictures" || v.ProxyOptions.ForwardedHeaders || !slices.Equal(v.AllowedDomains, []string{"127.0.0.1", "*.example.com"}) {
		t.Errorf("%+v", v)
	}
	if status := p.ask(c.token(), "PATCH", "/connectors/"+id, map[string]string{"Content-Type": "application/json"}, map[string]any{"enabled": true}, nil); status != 204 {
		t.Errorf("enabling it: %d", status)
	}

	fetch := map[string]string{"x-grafx-proxy-external-url": up.URL + "/pictures"}
	if status := p.ask(back, "GET", "/connectors/"+id+"/proxy", fetch, nil, nil); status != 401 || up.heard() != "" {
		t.Errorf("without a credential: %d", status)
	}
	setAuth := func(kind string, data map[string]any) {
		t.Helper()
		raw, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		c.write("auth.json", raw)
		out := c.do(append([]string{"set-auth", c.project}, c.target("--connectorId", id, "-au", "browser", "-at", kind, "--auth-data-file", filepath.Join(c.project, "auth.json"))...)...)
		if !strings.Contains(out, "authentication is applied") {
			t.Errorf("set-auth says %s", out)
		}
		p.ask(back, "GET", "/connectors/"+id, nil, nil, &v)
		if !slices.Equal(v.SupportedAuthentication.Browser, []string{kind}) || !slices.Equal(v.SupportedAuthentication.Server, []string{"none"}) {
			t.Errorf("%s: %+v", kind, v.SupportedAuthentication)
		}
	}
	setAuth("staticKey", map[string]any{"name": "key", "key": "X-Api-Key", "value": "geheim-static"})
	var pictures []map[string]any
	if status := p.ask(back, "GET", "/connectors/"+id+"/proxy", fetch, nil, &pictures); status != 200 || up.heard() != "geheim-static" || len(pictures) != 1 {
		t.Errorf("static: %d %v", status, pictures)
	}
	setAuth("oAuth2ClientCredentials", map[string]any{"name": "cc", "clientId": "tepin", "clientSecret": "geheim-client", "scope": "read", "tokenEndpoint": up.URL + "/token"})
	if status := p.ask(back, "GET", "/connectors/"+id+"/proxy", fetch, nil, &pictures); status != 200 || up.heard() != "Bearer upstream-token" {
		t.Errorf("client credentials: %d", status)
	}
	c.queried(back, id)
	up.heard()

	// Its script runs on the server: what it finds is what the upstream says, and its own
	// requests have the credential.
	for filter, want := range map[string]int{"beach": 1, "nothing": 0} {
		var page struct {
			Data []struct{ ID, Name string }
		}
		status := p.ask(back, "POST", "/connectors/"+id+"/media/query", map[string]string{"Content-Type": "application/json"}, map[string]any{"filter": []string{filter}, "pageSize": 10}, &page)
		if status != 200 || len(page.Data) != want || want == 1 && page.Data[0].Name != "beach" || up.heard() != "Bearer upstream-token" {
			t.Errorf("query of %s: %d %+v", filter, status, page)
		}
	}

	if out := c.do(append([]string{"delete"}, c.target("--connectorId", id)...)...); !strings.Contains(out, "is removed") {
		t.Errorf("delete says %s", out)
	}
	if status := p.ask(back, "GET", "/connectors/"+id, nil, nil, nil); status != 404 {
		t.Errorf("after delete: %d", status)
	}
	// What the tool cannot do it says, and nothing is stored.
	if out := publish("-n", "a/b", "-ro", "base=x", "--proxyOption.allowedDomains", host); strings.Contains(out, "is created") {
		t.Errorf("publish of a bad name says %s", out)
	}
	if log := p.server.log.String(); strings.Contains(log, "geheim") || strings.Contains(log, "upstream-token") {
		t.Errorf("the log has a secret: %s", log)
	}
}
