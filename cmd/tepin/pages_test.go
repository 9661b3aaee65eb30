package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
	"github.com/tepin/tepin/web/webtest"
)

// named are hosts that Chromium finds on this machine: they are not loopback to it, so
// that over plain HTTP it sends no Sec-Fetch headers to them.
const named = "MAP *.test 127.0.0.1"

// pages is a server with an environment, and web pages of other sites before it.
type pages struct {
	*webtest.Tab
	t    *testing.T
	url  string // of the server
	srv  *server
	env  tepin.Environment
	in   holder
	port string // of the pages of other sites
}

func newPages(t *testing.T) *pages {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	srv, err := start(t.Context(), config{Listen: "127.0.0.1:0", AllowedHosts: []string{"127.0.0.1", "tepin.test"}, Data: data, KeyDir: data + "-keys", Workers: 1, LogLevel: "error"}, startOptions{}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.serve() }()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!doctype html><link rel=icon href=data:,><title>another site</title>")
	}))
	p := &pages{t: t, url: srv.url, srv: srv, Tab: webtest.NewTab(t, chromedp.Flag("host-resolver-rules", named))}
	t.Cleanup(func() {
		other.Close()
		if err := srv.stop(); err != nil {
			t.Error(err)
		}
		<-served
	})
	_, p.port, _ = strings.Cut(strings.TrimPrefix(other.URL, "http://"), ":")
	p.env = srv.nodesEnvironment(t)
	p.in = srv.holder(t, p.env, "shop")
	_, err = srv.credential.UpdateIntegration(t.Context(), tepin.System, p.env.ID, p.in.ID, tepin.IntegrationUpdate{Origins: &tepin.Origins{p.page("127.0.0.1")}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// page is the origin of another site's page by that host name.
func (p *pages) page(host string) string { return "http://" + host + ":" + p.port }

// mode sets what the browser guard does.
func (p *pages) mode(m tepin.BrowserGuard) {
	p.t.Helper()
	if _, err := p.srv.credential.UpdateEnvironment(p.t.Context(), tepin.System, p.env.ID, tepin.EnvironmentUpdate{BrowserGuard: &m}); err != nil {
		p.t.Fatal(err)
	}
}

// got is an answer that a script could read, or 0 and why it could not.
type got struct {
	Status int
	Body   string
}

// call is a script that makes a request and returns what it could read of the answer.
func call(address, method, headers, body string) string {
	return fmt.Sprintf(`fetch(%q, {method: %q, headers: %s, body: %s})
		.then(async (r) => ({Status: r.status, Body: await r.text()}), (e) => ({Status: 0, Body: String(e)}))`, address, method, headers, body)
}

// reads is a call of the API with a token.
func reads(base, token string) string {
	return call(base+"/grafx/api/v1/environment/n/settings", "GET", `{Authorization: "Bearer `+token+`"}`, "null")
}

// requests asks for a token.
func requests(base string, form url.Values) string {
	return call(base+"/oauth/token", "POST", `{"Content-Type": "application/x-www-form-urlencoded"}`, fmt.Sprintf("%q", form.Encode()))
}

// exchanged is a token for a page, got by the back end.
func (p *pages) exchanged() string {
	p.t.Helper()
	form := p.in.form()
	form.Set("grant_type", web.TokenExchange)
	form.Set("subject_token", p.in.token)
	form.Set("subject_token_type", "urn:ietf:params:oauth:token-type:access_token")
	res, err := http.PostForm(p.url+"/oauth/token", form)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer tokenAnswer
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK || answer.Scope != "template:list" {
		p.t.Fatalf("exchange: %d %+v, %v", res.StatusCode, answer, err)
	}
	return answer.AccessToken
}

// inPage runs a script in the page that is open.
func (p *pages) inPage(script string) got { return webtest.Eval[got](p.Tab, script) }

// inFrame runs a script in a sandboxed frame, whose origin is null.
func (p *pages) inFrame(script string) got {
	document, err := json.Marshal("<script>" + script + ".then((v) => parent.postMessage(v, '*'))</script>")
	if err != nil {
		p.t.Fatal(err)
	}
	return webtest.Eval[got](p.Tab, `new Promise((done) => {
		addEventListener('message', (e) => done(e.data), {once: true});
		const f = document.createElement('iframe');
		f.sandbox = 'allow-scripts';
		f.srcdoc = `+string(document)+`;
		document.body.append(f);
	})`)
}

// inNode runs a script on a server of Node's.
func (p *pages) inNode(script string) got {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), "node", "-e", script+".then((v) => console.log(JSON.stringify(v)))")
	cmd.Env = append(os.Environ(), "no_proxy=*")
	out, err := cmd.Output()
	var v got
	if err == nil {
		err = json.Unmarshal(out, &v)
	}
	if err != nil {
		p.t.Fatalf("node: %v: %s", err, out)
	}
	return v
}

// The browser guard with clients that nobody here wrote (S22): a script of Chromium's in
// pages of other sites is seen, over plain HTTP too, and can read why it was refused;
// Node's fetch on a server is not seen, unless it passes a browser's Origin on; nor is
// the server's own page.
func TestGuardInChromiumAndNode(t *testing.T) {
	p := newPages(t)
	byName := "http://tepin.test:" + p.srv.url[strings.LastIndexByte(p.srv.url, ':')+1:]
	forwarded := strings.Replace(reads(p.url, p.in.token), "headers: {", `headers: {Origin: "https://shop.example", `, 1)
	p.Open(p.page("127.0.0.1"))
	for _, mode := range []tepin.BrowserGuard{tepin.GuardReport, tepin.GuardBlock, tepin.GuardOff} {
		p.mode(mode)
		for _, c := range []struct {
			name  string
			seen  bool
			got   func() got
			token bool
		}{
			{"a page on another port", true, func() got { return p.inPage(reads(p.url, p.in.token)) }, false},
			{"a sandboxed frame", true, func() got { return p.inFrame(reads(p.url, p.in.token)) }, false},
			{"a page that asks for a token", true, func() got { return p.inPage(requests(p.url, p.in.form())) }, true},
			{"Node", false, func() got { return p.inNode(reads(p.url, p.in.token)) }, false},
			{"Node, asking for a token", false, func() got { return p.inNode(requests(p.url, p.in.form())) }, true},
			{"Node, passing an Origin on", true, func() got { return p.inNode(forwarded) }, false},
		} {
			want := http.StatusOK
			switch {
			case c.seen && mode == tepin.GuardBlock && c.token:
				want = http.StatusBadRequest
			case c.seen && mode == tepin.GuardBlock:
				want = http.StatusForbidden
			}
			v := c.got()
			if v.Status != want || want != http.StatusOK && !strings.Contains(v.Body, "grant-type:token-exchange") {
				t.Errorf("%s, %s: %d %s, want %d", mode, c.name, v.Status, v.Body, want)
			}
		}
	}

	p.mode(tepin.GuardBlock)
	p.Open(p.page("shop.test"))
	if v := p.inPage(reads(byName, p.in.token)); v.Status != http.StatusForbidden {
		t.Errorf("plain HTTP, by name: %d %s", v.Status, v.Body)
	}
	for _, own := range []string{p.url, byName} {
		p.Open(own + "/login")
		if v := p.inPage(reads(own, p.in.token)); v.Status != http.StatusOK {
			t.Errorf("our own page at %s: %d %s", own, v.Status, v.Body)
		}
	}

	if err := p.srv.access.FlushNotices(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	found, err := p.srv.store.GuardFindings(t.Context(), p.env.ID, time.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, f := range found {
		seen[f.Origin] = fmt.Sprintf("%s %d %d", f.Name, f.Reported, f.Blocked)
	}
	want := map[string]string{p.page("127.0.0.1"): "shop 2 2", "null": "shop 1 1", "https://shop.example": "shop 1 1", p.page("shop.test"): "shop 0 1"}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("the guard saw %v, want %v", seen, want)
	}
}

// A token for a page works in that page, in Chromium, and nowhere else; the script of
// another page can read why (S23).
func TestBoundTokenInChromium(t *testing.T) {
	p := newPages(t)
	p.mode(tepin.GuardBlock)
	token := p.exchanged()
	p.Open(p.page("127.0.0.1"))
	if v := p.inPage(reads(p.url, token)); v.Status != http.StatusOK {
		t.Errorf("its page: %d %s", v.Status, v.Body)
	}
	refused := func(name string, v got) {
		t.Helper()
		if v.Status != http.StatusForbidden || !strings.Contains(v.Body, "bound to the page "+p.page("127.0.0.1")) {
			t.Errorf("%s: %d %s", name, v.Status, v.Body)
		}
	}
	refused("a sandboxed frame of its page", p.inFrame(reads(p.url, token)))
	refused("a server", p.inNode(reads(p.url, token)))
	p.Open(p.page("localhost"))
	refused("the same page by another name", p.inPage(reads(p.url, token)))
	p.Open(p.url + "/login")
	refused("the server's own page", p.inPage(reads(p.url, token)))
}

// The commands of docs/browser-tokens.md do what it says, in their order.
func TestBrowserTokenCommands(t *testing.T) {
	document, err := os.ReadFile(filepath.Join(root, "docs", "browser-tokens.md"))
	if err != nil {
		t.Fatal(err)
	}
	p := newPages(t)
	scopes := tepin.MustScopes(tepin.TemplateList, tepin.TemplateRead, tepin.TemplateWrite)
	_, err = p.srv.credential.UpdateIntegration(t.Context(), tepin.System, p.env.ID, p.in.ID, tepin.IntegrationUpdate{Origins: &tepin.Origins{"https://shop.example"}, Scopes: &scopes})
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "TEPIN_URL="+p.url, "TEPIN_CLIENT_ID="+string(p.in.ClientID), "TEPIN_CLIENT_SECRET="+p.in.secret)
	answers := []string{`"scope":"template:read template:list template:write"`, `"scope":"template:read template:list","issued_token_type"`, `"data":[]`, "", `{"active":false}`}
	for _, block := range fence.FindAllStringSubmatch(string(document), -1) {
		command := strings.ReplaceAll(block[1], "/environment/demo/", "/environment/n/")
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Env = env
		out, err := cmd.Output()
		if err != nil || len(answers) == 0 || !strings.Contains(string(out), answers[0]) || answers[0] == "" && len(out) > 0 {
			t.Fatalf("%v: %s answers %s, want %q", err, command, out, answers)
		}
		answers = answers[1:]
		var got tokenAnswer
		if json.Unmarshal(out, &got) == nil && got.AccessToken != "" {
			name := "TOKEN="
			if strings.Contains(command, "token-exchange") {
				name = "PAGE_TOKEN="
			}
			env = append(env, name+got.AccessToken)
		}
	}
	if len(answers) != 0 {
		t.Errorf("the document has no commands for %q", answers)
	}
}

// examples/browser_token.mjs in Chromium: the page lists templates with a token that its
// back end has swapped, while the guard blocks.
func TestBrowserTokenExample(t *testing.T) {
	p := newPages(t)
	p.mode(tepin.GuardBlock)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close()
	page := "http://127.0.0.1:" + port
	if _, err := p.srv.credential.UpdateIntegration(t.Context(), tepin.System, p.env.ID, p.in.ID, tepin.IntegrationUpdate{Origins: &tepin.Origins{page}}); err != nil {
		t.Fatal(err)
	}
	key := string(p.env.ID) + "/poster"
	if err := p.srv.store.ReserveBlob(t.Context(), p.env.ID, key); err != nil {
		t.Fatal(err)
	}
	_, err = p.srv.store.CreateTemplate(t.Context(), tepin.System, tepin.Template{EnvironmentID: p.env.ID, Name: "Summer poster", Folder: "/", Document: tepin.BlobRef{Key: key}})
	if err != nil {
		t.Fatal(err)
	}
	said := &printed{}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(root, "examples", "browser_token.mjs"))
	cmd.Env = append(os.Environ(), "no_proxy=*", "PORT="+port, "TEPIN_ENVIRONMENT=n", "TEPIN_URL="+p.url, "TEPIN_CLIENT_ID="+string(p.in.ClientID), "TEPIN_CLIENT_SECRET="+p.in.secret)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	within(t, 10*time.Second, "the example listens", func() bool { return strings.Contains(said.String(), "open "+page) })
	p.Open(page)
	p.Says("#templates", "Summer poster")
	if text := said.String(); strings.Contains(text, ":") && text != "open "+page+"\n" {
		t.Errorf("it says %s", text)
	}
	for _, c := range p.Complaints() {
		t.Errorf("the page complains: %s", c)
	}
}
