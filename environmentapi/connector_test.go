package environmentapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/outbound"
)

// newConnectors returns the proxy of a test's server. The operator has listed 127.0.0.1.
func newConnectors(t *testing.T, s *server) *connector.Proxy {
	t.Helper()
	rule, err := outbound.ParseRule("127.0.0.1")
	check(t, err)
	instance, err := s.Store.Instance(t.Context())
	check(t, err)
	return &connector.Proxy{Store: s.Store, Outbound: outbound.New(outbound.Options{Allow: []outbound.Rule{rule}}), Instance: instance.ID,
		Seal: s.Keys.SealPlace, Open: s.Keys.OpenPlace, SealedBy: s.Keys.Seal.ID(), Now: s.now}
}

// session is who is signed in to the console by the test's cookie.
func (s *server) session(r *http.Request) (tepin.User, error) {
	c, err := r.Cookie("session")
	if err != nil {
		return tepin.User{}, tepin.Errorf(tepin.Unauthorized, "nobody is signed in")
	}
	u, _, err := s.Credential.Session(r.Context(), c.Value)
	return u, err
}

// administrator returns a token of somebody who may publish connectors.
func (s *server) administrator() string {
	s.t.Helper()
	who, _ := s.SignedIn("ada@example.org")
	return s.PersonTokens(who, tepin.FirstParty[1], s.env.ID, "openid profile").Access
}

// published adds a connector, as the connector tool does.
func (s *server) published(token string, body map[string]any) string {
	s.t.Helper()
	whole := map[string]any{"name": "Archive", "type": "media", "script": "export default class {}", "version": "1.0.0", "allowedDomains": []string{"127.0.0.1"},
		"proxyOptions": map[string]any{"forwardedHeaders": false}, "enabled": true}
	for name, value := range body {
		whole[name] = value
	}
	var made struct{ ID string }
	s.do("POST", "/connectors", call{token: token, body: whole}).want(s.t, 201, &made)
	return made.ID
}

func TestConnectors(t *testing.T) {
	s := newServer(t)
	ada := s.administrator()
	id := s.published(ada, map[string]any{"options": map[string]any{"base": "https://a", "deep": true, "n": 3}, "iconUrl": nil, "apiVersion": "1.14.0", "unknown": []int{1}})
	var got map[string]any
	r := s.do("GET", "/connectors/"+strings.ToUpper(id), call{}).want(t, 200, &got)
	if r.Header.Get("ETag") != `"1"` || got["id"] != id || got["name"] != "Archive" || got["ownerType"] != "user" || got["scriptSource"] != "external" || got["status"] != "published" ||
		got["enabled"] != true || got["default"] != false || got["iconUrl"] != nil || got["apiVersion"] != "1.14.0" || got["script"] != nil {
		t.Errorf("%s", r.body)
	}
	if auth, _ := json.Marshal(got["supportedAuthentication"]); string(auth) != `{"browser":["none"],"server":["none"]}` {
		t.Errorf("authentication %s", auth)
	}
	s.do("GET", "/connectors/"+id, call{header: map[string]string{"If-None-Match": `W/"1"`}}).want(t, 304, nil)

	// The tool reads it and sends all of that back, with what is new.
	got["script"], got["name"], got["enabled"] = "export default class B {}", "Archive 2", false
	var put struct{ ID, Name string }
	s.do("PUT", "/connectors/"+id, call{token: ada, body: got}).want(t, 200, &put)
	if put.ID != id || put.Name != "Archive 2" {
		t.Errorf("%+v", put)
	}
	var script struct{ Script, SHA256 string }
	s.do("GET", "/connectors/"+id+"/script", call{}).want(t, 200, &script)
	if script.Script != "export default class B {}" || len(script.SHA256) != 64 {
		t.Errorf("%+v", script)
	}
	var definition map[string]any
	r = s.do("GET", "/connectors/"+id+"/definition", call{}).want(t, 200, &definition)
	if definition["version"] != "1.0.0" || definition["script"] != script.Script || definition["options"].(map[string]any)["n"] != 3.0 || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s", r.body)
	}

	if r := s.do("PATCH", "/connectors/"+id, call{token: ada, body: `{"enabled":false,"default":true,"name":"Third"}`}); r.StatusCode != 204 || len(r.body) > 0 {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	var list struct {
		Data []struct {
			ID, Name, OwnerType, ScriptSource, Type string
			Default, Enabled                        bool
		}
		Links *struct{ NextPage string }
	}
	s.do("GET", "/connectors?sortBy=name", call{}).want(t, 200, &list)
	if len(list.Data) != 3 || list.Data[0].Name != "Fonts" || list.Data[1].ScriptSource != "defaultMedia" || list.Data[1].Default || !list.Data[2].Default || list.Data[2].Enabled || list.Links != nil {
		t.Errorf("%+v", list)
	}
	builtIn := list.Data[1].ID
	s.do("GET", "/grafx/api/experimental/environment/DEMO/connectors?limit=1", call{}).want(t, 200, &list)
	s.do("GET", list.Links.NextPage, call{}).want(t, 200, &list)

	s.do("DELETE", "/connectors/"+builtIn, call{token: ada}).says(t, 409, "built in")
	s.do("PUT", "/connectors/"+builtIn, call{token: ada, body: `{"name":"x"}`}).says(t, 409, "built in")
	s.do("PATCH", "/connectors/"+builtIn, call{token: ada, body: `{"enabled":false}`}).want(t, 204, nil)
	s.do("GET", "/connectors/"+builtIn+"/definition", call{}).want(t, 200, &definition)
	if definition["script"] != nil || definition["scriptSource"] != "defaultMedia" {
		t.Errorf("%v", definition)
	}
	s.do("PUT", "/connectors/"+id, call{token: ada, body: `{"name":"x"}`, header: map[string]string{"If-Match": `"1"`}}).says(t, 412)
	s.do("DELETE", "/connectors/"+id, call{token: ada, header: map[string]string{"If-Match": `"1"`}}).says(t, 412)
	s.do("DELETE", "/connectors/"+id, call{token: ada, header: map[string]string{"Content-Type": "application/json"}}).want(t, 204, nil)
	s.do("GET", "/connectors/"+id, call{}).says(t, 404)
	s.do("DELETE", "/connectors/"+id, call{token: ada}).says(t, 404)
	s.do("POST", "/connectors/"+id+"/restore", call{token: ada}).want(t, 200, nil)
	s.do("POST", "/connectors/"+id+"/restore", call{token: ada}).says(t, 404)
}

func TestConnectorRefusals(t *testing.T) {
	s := newServer(t)
	ada := s.administrator()
	id := s.published(ada, nil)
	whole := func(name string, value any) map[string]any {
		return map[string]any{"name": "x", "type": "media", "script": "x", name: value}
	}
	for name, c := range map[string]struct {
		method, path string
		body         any
		status       int
		says         string
	}{
		"no JSON":               {"POST", "", "{", 400, "JSON"},
		"no name":               {"POST", "", map[string]any{"type": "media", "script": "x"}, 400, "needs it"},
		"no script":             {"POST", "", map[string]any{"type": "media", "name": "x"}, 400, "needs it"},
		"no type":               {"POST", "", map[string]any{"script": "x", "name": "x"}, 400, "needs it"},
		"another type":          {"POST", "", whole("type", "video"), 400, "type"},
		"a type of number":      {"POST", "", whole("type", 3), 400, "type"},
		"empty script":          {"POST", "", whole("script", " "), 400, "empty"},
		"long script":           {"POST", "", whole("script", strings.Repeat("x", 2<<20+1)), 413, "2 MB"},
		"longer than any":       {"POST", "", whole("script", strings.Repeat("x", 6<<20)), 413, "larger"},
		"all hosts":             {"POST", "", whole("allowedDomains", []string{"*"}), 400, "host name"},
		"host with scheme":      {"POST", "", whole("allowedDomains", []string{"https://a.example"}), 400, "scheme"},
		"too many hosts":        {"POST", "", whole("allowedDomains", make([]string, 101)), 400, "100"},
		"public suffix":         {"POST", "", whole("allowedDomains", []string{"*.co.uk"}), 400, "public suffix"},
		"deep option":           {"POST", "", whole("options", map[string]any{"a": []int{1}}), 400, "string"},
		"options are a list":    {"POST", "", whole("options", []int{}), 400, "object"},
		"long options":          {"POST", "", whole("options", map[string]any{"a": strings.Repeat("x", 70<<10)}), 413, "64 KB"},
		"icon of a script":      {"POST", "", whole("iconUrl", "javascript:alert(1)"), 400, "icon"},
		"icon by http":          {"POST", "", whole("iconUrl", "http://a.example/i.png"), 400, "icon"},
		"another method":        {"POST", "", whole("proxyOptions", map[string]any{"allowedMethods": []string{"TRACE"}}), 400, "methods are"},
		"name with slash":       {"POST", "", whole("name", "a/b"), 400, "slash"},
		"long name":             {"POST", "", whole("name", strings.Repeat("x", 256)), 400, "255"},
		"nothing to patch":      {"PATCH", "/" + id, `{}`, 400, "nothing to change"},
		"default is a word":     {"PATCH", "/" + id, `{"default":"yes"}`, 400, "boolean"},
		"no id":                 {"PATCH", "/nonsense", `{"enabled":true}`, 404, "no such connector"},
		"nobody's id":           {"PUT", "/" + string(tepin.NewID[tepin.ConnectorID]()), `{"name":"x"}`, 404, "no such connector"},
		"text":                  {"PUT", "/" + id, strings.NewReader(`{"name":"x"}`), 200, ""},
		"auth of no usage":      {"PUT", "/" + id + "/auth/static", map[string]any{"key": "a", "value": "b"}, 400, "usage"},
		"auth of another usage": {"PUT", "/" + id + "/auth/static", map[string]any{"usage": "both", "key": "a", "value": "b"}, 400, "usage"},
		"auth with more":        {"PUT", "/" + id + "/auth/static", map[string]any{"usage": "browser", "key": "a", "value": "b", "more": 1}, 400, "more"},
		"auth without value":    {"PUT", "/" + id + "/auth/static", map[string]any{"usage": "browser", "key": "a"}, 400, "value"},
		"auth in Host":          {"PUT", "/" + id + "/auth/static", map[string]any{"usage": "browser", "key": "Host", "value": "b"}, 400, "header"},
		"auth in a bad header":  {"PUT", "/" + id + "/auth/static", map[string]any{"usage": "browser", "key": "a b", "value": "b"}, 400, "header"},
		"auth with a line":      {"PUT", "/" + id + "/auth/static", map[string]any{"usage": "browser", "key": "a", "value": "b\r\nc: d"}, 400, "line breaks"},
		"auth by http":          {"PUT", "/" + id + "/auth/oauth-client-credentials", map[string]any{"usage": "browser", "clientId": "a", "clientSecret": "b", "tokenEndpoint": "ftp://x"}, 400, "https"},
		"auth code of servers": {"PUT", "/" + id + "/auth/oauth-authorization-code", map[string]any{"usage": "server", "clientId": "a", "clientSecret": "b",
			"authorizationServerMetadata": map[string]any{"authorization_endpoint": "https://a.example/a", "token_endpoint": "https://a.example/t", "token_endpoint_auth_methods_supported": []string{"client_secret_post"}}}, 400, "browser"},
		"JWT without key": {"PUT", "/" + id + "/auth/oauth-jwt-bearer", map[string]any{"usage": "server", "tokenEndpoint": "https://a.example/t", "jwtPayload": map[string]any{}, "jwtTokenParamName": "assertion",
			"signatureConfig": map[string]any{"algorithm": "RS256", "privateKey": "geheim"}}, 400, "PEM"},
		"JWT of another algorithm": {"PUT", "/" + id + "/auth/oauth-jwt-bearer", map[string]any{"usage": "server", "tokenEndpoint": "https://a.example/t", "jwtPayload": map[string]any{}, "jwtTokenParamName": "assertion",
			"signatureConfig": map[string]any{"algorithm": "HS256", "privateKey": "geheim"}}, 400, "algorithm"},
		"no auth to forget":     {"DELETE", "/" + id + "/auth?authUsage=browser", nil, 404, "no such authentication"},
		"auth of which usage":   {"DELETE", "/" + id + "/auth", nil, 400, "authUsage"},
		"auth of nobody":        {"PUT", "/" + string(tepin.NewID[tepin.ConnectorID]()) + "/auth/static", map[string]any{"usage": "browser", "key": "a", "value": "b"}, 404, "no such connector"},
		"sign-in where is none": {"POST", "/" + id + "/auth/oauth-authorization-code/login", nil, 403, "connectors and nothing else"},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.do(c.method, "/connectors"+c.path, call{token: ada, body: c.body})
			if c.status == 200 {
				r.want(t, 200, nil)
				return
			}
			r.says(t, c.status)
			if !strings.Contains(string(r.body), c.says) || strings.Contains(string(r.body), "geheim") {
				t.Errorf("%s", r.body)
			}
		})
	}
	// Integrations read, and change nothing.
	s.do("POST", "/connectors", call{body: whole("name", "y")}).says(t, 403, "needs a person")
	s.do("POST", "/connectors/"+id+"/auth/oauth-authorization-code/logout", call{}).says(t, 403, "needs a person")
	r := s.do("POST", "/connectors", call{token: ada, body: strings.NewReader("x"), header: map[string]string{"Content-Type": "text/plain"}})
	r.says(t, 415)
	abroad := s.NewToken(s.other, tepin.AllScopes...)
	for _, path := range []string{"", "/script", "/definition", "/proxy"} {
		s.do("GET", "/grafx/api/v1/environment/other/connectors/"+id+path, call{token: abroad}).says(t, 404, "no such connector")
	}
}

// upstream is a foreign host, which says what it was asked.
func upstream(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	up := httptest.NewServer(h)
	t.Cleanup(up.Close)
	return up
}

func through(url string, more ...string) call {
	c := call{header: map[string]string{"x-grafx-proxy-external-url": url}}
	for i := 0; i < len(more); i += 2 {
		c.header[more[i]] = more[i+1]
	}
	return c
}

func TestConnectorProxy(t *testing.T) {
	s := newServer(t)
	ada := s.administrator()
	var asked *http.Request
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Clone(r.Context())
		h := w.Header()
		switch r.URL.Path {
		case "/html":
			h.Set("Content-Type", "text/html")
		case "/401":
			w.WriteHeader(401)
		case "/403":
			w.WriteHeader(403)
		default:
			h.Set("Content-Type", "application/json; charset=utf-8")
		}
		h.Set("Set-Cookie", "a=b")
		h.Set("X-Accel-Redirect", "/etc/passwd")
		h.Set("X-Total-Count", "7")
		h.Set("Access-Control-Allow-Origin", "https://elsewhere.example")
		_, _ = w.Write([]byte(`{"a":1}`))
	})
	id := s.published(ada, map[string]any{"proxyOptions": map[string]any{"forwardedHeaders": true}})
	proxy := "/connectors/" + id + "/proxy?h=d41d8cd98f00b204e9800998ecf8427e"
	r := s.do("GET", proxy, through(up.URL+"/search?q=a b", "X-Api-Version", "3", "Cookie", "session=geheim", "X-Secret", "geheim", "X-Forwarded-For", "1.2.3.4",
		"X-GraFx-Proxy-Exclude-Headers", "x-secret, accept", "X-GraFx-Proxy-User-Agent", "AEM/1", "Origin", "https://page.example", "Connection", "x-gone", "X-Gone", "1")).want(t, 200, nil)
	if string(r.body) != `{"a":1}` || r.Header.Get("Content-Type") != "application/json; charset=utf-8" || r.Header.Get("X-Total-Count") != "7" ||
		r.Header.Get("Content-Security-Policy") != "sandbox; default-src 'none'" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v %s", r.Header, r.body)
	}
	for _, name := range []string{"Set-Cookie", "X-Accel-Redirect"} {
		if r.Header.Get(name) != "" {
			t.Errorf("%s: %s", name, r.Header.Get(name))
		}
	}
	if got := r.Header.Get("Access-Control-Allow-Origin"); got == "https://elsewhere.example" {
		t.Errorf("the upstream says who may read: %s", got)
	}
	if asked.URL.RawQuery != "q=a%20b" || asked.UserAgent() != "AEM/1" || asked.Header.Get("X-Api-Version") != "3" || asked.Header.Get("X-Forwarded-For") != "127.0.0.1" || asked.Header.Get("X-Forwarded-Host") != "localhost:8080" {
		t.Errorf("asked %s %v", asked.URL, asked.Header)
	}
	for _, name := range []string{"Authorization", "Cookie", "X-Secret", "Accept", "Origin", "X-Gone", "X-Grafx-Proxy-External-Url", "Referer"} {
		if v := asked.Header.Get(name); v != "" {
			t.Errorf("the upstream hears %s: %s", name, v)
		}
	}
	c := through(up.URL, "x-grafx-proxy-external-method", "post")
	c.body = `{"q":1}`
	s.do("POST", proxy, c).want(t, 200, nil)
	if asked.Method != "POST" || asked.ContentLength != 7 {
		t.Errorf("%s %d", asked.Method, asked.ContentLength)
	}
	if r := s.do("GET", proxy, through(up.URL+"/html")); r.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("HTML leaves as %v", r.Header)
	}
	if r := s.do("GET", proxy, through(up.URL+"/401")).want(t, 401, nil); r.Header.Get("X-GRAFX-UNAUTHORIZED") != "None, "+id {
		t.Errorf("%v", r.Header)
	}
	if r := s.do("GET", proxy, through(up.URL+"/403")).want(t, 403, nil); r.Header.Get("X-GRAFX-UNAUTHORIZED") != "" || string(r.body) != `{"a":1}` {
		t.Errorf("%v", r.Header)
	}

	s.do("GET", proxy, call{}).says(t, 400, "URL")
	s.do("GET", proxy, through(up.URL, "x-grafx-proxy-external-authentication-source", "server")).says(t, 403, "outputs")
	s.do("PUT", proxy, through(up.URL)).says(t, 403, "allowedMethods")
	s.do("GET", proxy, through(up.URL, "x-grafx-proxy-external-method", "DELETE")).says(t, 403, "allowedMethods")
	// A token that is bound to a page looks, whatever else the connector may do.
	const page = "https://shop.example"
	able := "/connectors/" + s.published(ada, map[string]any{"proxyOptions": map[string]any{"allowedMethods": []string{"GET", "DELETE"}}}) + "/proxy"
	fromPage := func(method string) call {
		c := through(up.URL, "Origin", page, "x-grafx-proxy-external-method", method)
		c.token = s.PageToken(s.env, page, tepin.MediaRead)
		return c
	}
	s.do("GET", able, fromPage("GET")).want(t, 200, nil)
	s.do("GET", able, fromPage("DELETE")).says(t, 403, "allowedMethods")
	s.do("DELETE", able, through(up.URL)).want(t, 200, nil)
	for _, name := range []string{"X-HTTP-Method-Override", "x-http-method", "X-Method-Override"} {
		s.do("POST", proxy, through(up.URL, name, " delete")).says(t, 403, "allowedMethods")
		s.do("POST", proxy, through(up.URL, name, "get")).want(t, 200, nil)
	}
	for url, status := range map[string]int{
		"https://elsewhere.example/": 403, "http://127.0.0.1@elsewhere.example": 400, "http://user:geheim@127.0.0.1/": 400, "file:///etc/passwd": 400, "//127.0.0.1/": 400,
		"http://2130706433/": 400, "http://127.1/": 400, "gopher://127.0.0.1/": 400, "http://[::ffff:127.0.0.1]/": 403, "http://127.0.0.1:99999/": 400, up.URL + "/\x00": 400,
		"http://127.0.0.1.elsewhere.example/": 403, strings.Repeat("a", 9000): 400, "": 400,
	} {
		if strings.ContainsRune(url, 0) {
			continue // no client sends it
		}
		r := s.do("GET", proxy, through(url)).says(t, status)
		if strings.Contains(string(r.body), "geheim") {
			t.Errorf("%s", r.body)
		}
	}
	s.do("PUT", "/connectors/"+id, call{token: ada, body: `{"proxyOptions":{"allowedMethods":["get","DELETE"]}}`}).want(t, 200, nil)
	s.do("DELETE", proxy, through(up.URL)).want(t, 200, nil)
	s.do("POST", proxy, through(up.URL)).says(t, 403, "allowedMethods")
	s.do("PATCH", "/connectors/"+id, call{token: ada, body: `{"enabled":false}`}).want(t, 204, nil)
	s.do("GET", proxy, through(up.URL)).says(t, 409, "disabled")
}

// What the operator has not listed is not reached, whatever a connector lists, nor by what a
// listed host leads to.
func TestConnectorProxyGuard(t *testing.T) {
	s := newServer(t)
	ada := s.administrator()
	to := ""
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
	domains := []string{"127.0.0.1", "127.0.0.2", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[fe80::1]", "192.0.2.1", "0.0.0.0", "[::ffff:7f00:2]", "100.100.100.200"}
	id := s.published(ada, map[string]any{"allowedDomains": domains})
	proxy := "/connectors/" + id + "/proxy"
	inner := []string{"http://127.0.0.2/", "https://127.0.0.2/", "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://[fe80::1]/", "http://0.0.0.0/", "http://[::ffff:127.0.0.2]/", "http://100.100.100.200/"}
	for _, url := range inner {
		r := s.do("GET", proxy, through(url))
		if r.StatusCode != 403 {
			t.Errorf("%s: %d %s", url, r.StatusCode, r.body)
		}
		to = url
		if r := s.do("GET", proxy, through(up.URL)); r.StatusCode != 403 {
			t.Errorf("led to %s: %d %s", url, r.StatusCode, r.body)
		}
	}
	to = "https://elsewhere.example/"
	s.do("GET", proxy, through(up.URL)).says(t, 403, "allowedDomains")
	to = up.URL
	s.do("GET", proxy, through(up.URL)).says(t, 503, "redirects more than 3 times")
	// http:// goes to listed addresses alone, public ones included.
	s.do("PUT", "/connectors/"+id, call{token: ada, body: map[string]any{"allowedDomains": []string{"93.184.216.34"}}}).want(t, 200, nil)
	s.do("GET", proxy, through("http://93.184.216.34/")).says(t, 403, "https://")
}

// A credential reaches the hosts that it was given for, and nobody else: not another
// connector's, not another usage's, not who reads the connector, not the log.
func TestConnectorCredentials(t *testing.T) {
	const canary = "geheim-kanarie-7421"
	s := newServer(t)
	ada := s.administrator()
	var heard []string
	var lead string
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		heard = append(heard, r.Header.Get("X-Api-Key"))
		if lead != "" {
			http.Redirect(w, r, lead, http.StatusFound)
		}
	})
	other := upstream(t, func(w http.ResponseWriter, r *http.Request) { heard = append(heard, r.Header.Get("X-Api-Key")) })
	host := strings.TrimPrefix(up.URL, "http://")
	a, b := s.published(ada, map[string]any{"allowedDomains": []string{host}}), s.published(ada, map[string]any{"allowedDomains": []string{host}})
	key := map[string]any{"usage": "browser", "name": "k", "key": "X-Api-Key", "value": canary}
	s.do("PUT", "/connectors/"+a+"/auth/static", call{token: ada, body: key}).want(t, 204, nil)
	ask := func(id, url, want string) {
		t.Helper()
		heard = nil
		s.do("GET", "/connectors/"+id+"/proxy", through(url, "X-Api-Key", "")).want(t, 200, nil)
		if got := strings.Join(heard, ","); got != want {
			t.Errorf("%s: the upstream heard %q, not %q", url, got, want)
		}
	}
	ask(a, up.URL, canary)
	ask(b, up.URL, "")
	// More hosts than it was given for do not get it, until it is given again.
	domains := map[string]any{"allowedDomains": []string{"127.0.0.1"}}
	s.do("PUT", "/connectors/"+a, call{token: ada, body: domains}).want(t, 200, nil)
	ask(a, up.URL, canary)
	ask(a, other.URL, "")
	lead = other.URL
	ask(a, up.URL, canary+",")
	lead = ""
	s.do("PUT", "/connectors/"+a+"/auth/static", call{token: ada, body: key}).want(t, 204, nil)
	ask(a, other.URL, canary)
	lead = other.URL
	ask(a, up.URL, canary+",") // and still not by a redirect to another host
	lead = ""
	heard = nil
	s.do("GET", "/connectors/"+a+"/proxy", through(up.URL, "X-GraFx-Proxy-Exclude-Headers", "x-api-key")).want(t, 200, nil)
	if strings.Join(heard, "") != "" {
		t.Error("excluded, it goes along")
	}
	key["usage"] = "server"
	s.do("DELETE", "/connectors/"+a+"/auth?authUsage=browser", call{token: ada}).want(t, 204, nil)
	s.do("PUT", "/connectors/"+a+"/auth/static", call{token: ada, body: key}).want(t, 204, nil)
	ask(a, up.URL, "")

	r := s.do("GET", "/connectors/"+a+"/auth", call{token: ada}).want(t, 200, nil)
	if !strings.Contains(string(r.body), `"type":"staticKey"`) || !strings.Contains(string(r.body), `"usage":"server"`) || !strings.Contains(string(r.body), "/redirect") {
		t.Errorf("%s", r.body)
	}
	s.do("GET", "/connectors/"+a+"/auth", call{}).says(t, 403)
	for _, path := range []string{"", "/" + a, "/" + a + "/definition", "/" + a + "/script", "/" + a + "/auth"} {
		if r := s.do("GET", "/connectors"+path, call{token: ada}); strings.Contains(string(r.body), canary) {
			t.Errorf("%s shows it", path)
		}
	}
	stored, err := s.Store.ConnectorCredential(t.Context(), s.env.ID, tepin.ConnectorID(a), tepin.ServerUsage)
	check(t, err)
	if strings.Contains(string(stored.Sealed), canary) {
		t.Error("it is stored as it is")
	}
	// What is sealed for one row opens in no other, nor in another environment.
	instance, err := s.Store.Instance(t.Context())
	check(t, err)
	place := tepin.SealedPlace{Instance: instance.ID, Table: "connector_credential", Row: string(stored.ID), Column: "sealed", EnvironmentID: s.env.ID}
	if _, err := s.Keys.OpenPlace(place, stored.Sealed); err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(*tepin.SealedPlace){
		func(p *tepin.SealedPlace) { p.Instance += "x" }, func(p *tepin.SealedPlace) { p.Table = "connector_token" }, func(p *tepin.SealedPlace) { p.Row = b },
		func(p *tepin.SealedPlace) { p.Column += "x" }, func(p *tepin.SealedPlace) { p.EnvironmentID = s.other.ID },
	} {
		wrong := place
		change(&wrong)
		if _, err := s.Keys.OpenPlace(wrong, stored.Sealed); err == nil {
			t.Errorf("it opens at %+v", wrong)
		}
	}
	entries, err := s.Store.AuditEntries(t.Context(), string(s.env.ID), 0, 1000)
	check(t, err)
	for _, e := range entries {
		if strings.Contains(e.Detail, canary) {
			t.Errorf("the audit log has it: %s", e.Detail)
		}
	}
}
