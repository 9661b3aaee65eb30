package web

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
)

// rig is an instance with two environments.
type rig struct {
	*accesstest.Installation
	t          *testing.T
	own, other tepin.Environment
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Installation: accesstest.New(t, accesstest.Options{}), t: t}
	s := r.Subscription("s")
	r.own, r.other = r.Environment(s, "own", tepin.Sandbox), r.Environment(s, "other", tepin.Sandbox)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type thingIn struct {
	Environment string `path:"environment" example:"mine"`
	Limit       int    `query:"limit" minimum:"1" maximum:"10" example:"7"`
	Body        struct {
		Name  string   `json:"name" minLength:"1" maxLength:"5" example:"ball"`
		ID    string   `json:"id,omitempty" format:"uuid"`
		Count int      `json:"count,omitempty"`
		Tags  []string `json:"tags,omitempty" maxItems:"2"`
	}
}

type thingOut struct {
	Status int
	ETag   string `header:"ETag"`
	Body   struct {
		Name  string `json:"name"`
		Actor string `json:"actor"`
		Env   string `json:"env"`
		Base  string `json:"base"`
	}
}

// things is an API with a typed and a hand-written operation.
func (r *rig) things(session func(*http.Request) (tepin.User, string, error)) *API {
	a := NewAPI(Guard{Directory: r.Access, Session: session}, huma.Info{Title: "Things", Version: "v1"})
	const base = "/api/v1/environment/{environment}"
	Register(a, Access{Scope: tepin.TemplateWrite}, huma.Operation{Method: "POST", Path: base + "/things", OperationID: "postThing", MaxBodyBytes: 1000},
		func(_ context.Context, c Caller, in *thingIn) (*thingOut, error) {
			switch in.Body.Name {
			case "422":
				return nil, tepin.Errorf(tepin.Unprocessable, "cannot be worked with")
			case "500":
				return nil, io.ErrUnexpectedEOF
			}
			out := &thingOut{Status: 200, ETag: ETag(3)}
			out.Body.Name, out.Body.Actor, out.Body.Env, out.Body.Base = in.Body.Name, string(c.Actor.Kind), c.Environment.TechnicalName, c.BaseURL
			return out, nil
		})
	a.Raw(Access{AnyToken: true}, huma.Operation{Method: "PUT", Path: base + "/bytes", OperationID: "putBytes", MaxBodyBytes: 10}, func(w http.ResponseWriter, r *http.Request) error {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		_, err = w.Write(raw)
		return err
	})
	a.Raw(Access{Administrator: true}, huma.Operation{Method: "POST", Path: base + "/admin", OperationID: "admin"}, func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.WriteString(w, CallerOf(r.Context()).Actor.Name)
		return err
	})
	must(r.t, a.Swagger("/swagger"))
	return a
}

// tripwire fails the test when it is read: authorization comes first (S15).
type tripwire struct{ t *testing.T }

func (b tripwire) Read([]byte) (int, error) {
	b.t.Error("the body was read before the caller was let through")
	return 0, io.EOF
}

func call(t *testing.T, a *API, method, path, token string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := request(method, path, body)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w, _ := serve(t, Stack{}, a, r)
	return w
}

func TestGuard(t *testing.T) {
	r := newRig(t)
	a := r.things(nil)
	writer, reader := r.NewToken(r.own, tepin.TemplateWrite), r.NewToken(r.own, tepin.TemplateRead)
	foreign := r.NewToken(r.other, tepin.TemplateWrite)
	const path = "/api/v1/environment/own/things"
	for _, c := range []struct {
		name, path, authorization string
		status                    int
		challenge                 string
	}{
		{"no token", path, "", 401, `Bearer realm="Tepin"`},
		{"no token, no environment", "/api/v1/environment/nowhere/things", "", 401, `Bearer realm="Tepin"`},
		{"not a token", path, "Bearer nonsense", 401, `error="invalid_token"`},
		{"basic", path, "Basic eDp5", 401, `error="invalid_token"`},
		{"two words", path, "Bearer " + writer + " x", 401, `error="invalid_token"`},
		{"cut token", path, "Bearer " + writer[:len(writer)-2], 401, `error="invalid_token"`},
		{"another environment's token", path, "Bearer " + foreign, 404, ""},
		{"no such environment", "/api/v1/environment/nowhere/things", "Bearer " + foreign, 404, ""},
		{"missing scope", path, "Bearer " + reader, 403, `scope="template:write"`},
		{"missing scope in a foreign environment", "/api/v1/environment/other/things", "Bearer " + reader, 404, ""},
		{"administrators only", "/api/v1/environment/own/admin", "Bearer " + writer, 403, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := call(t, a, "POST", c.path, "", tripwire{t}, "Authorization", c.authorization)
			if c.authorization == "" {
				w = call(t, a, "POST", c.path, "", tripwire{t})
			}
			p := problemOf(t, w)
			if w.Code != c.status || !strings.Contains(w.Header().Get("WWW-Authenticate"), c.challenge) || p.Detail == "" {
				t.Errorf("%d %v %+v", w.Code, w.Header(), p)
			}
			if c.name == "no token" && strings.Contains(w.Header().Get("WWW-Authenticate"), "error") {
				t.Errorf("an error where no token was sent: %v", w.Header())
			}
		})
	}
	for _, path := range []string{"environment/own//things", "environment/OWN/things/", "Environment/own/Things", "environment/" + string(r.own.ID) + "/things//",
		"ENVIRONMENT/" + strings.ToUpper(string(r.own.ID)) + "/THINGS/"} {
		w := call(t, a, "POST", "/api/v1/"+path, writer, strings.NewReader(`{"name":"x"}`))
		if w.Code != 200 || !strings.Contains(w.Body.String(), `"actor":"integration","env":"own","base":"http://localhost:8080"`) || strings.Contains(w.Body.String(), "$schema") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if w := call(t, a, "POST", "/api/v1/"+path, reader, tripwire{t}); w.Code != 403 {
			t.Errorf("%s without the scope: %d %s", path, w.Code, w.Body)
		}
	}
}

// What the guard adds to a request is a few lookups in memory.
func TestGuardAllocates(t *testing.T) {
	r := newRig(t)
	a, token := Guard{Directory: r.Access}, r.NewToken(r.own, tepin.TemplateRead)
	bare := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	mux := http.NewServeMux()
	mux.Handle("GET /bare/{environment}", bare)
	mux.Handle("GET /guarded/{environment}", a.Wrap(Route{Path: "/guarded/{environment}", Access: Access{Scope: tepin.TemplateRead}}, bare))
	h := (&Stack{Log: slog.New(slog.DiscardHandler)}).Wrap(mux)
	count := func(path string) float64 {
		req := request("GET", path, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		return testing.AllocsPerRun(100, func() { h.ServeHTTP(w, req) })
	}
	if bare, guarded := count("/bare/own"), count("/guarded/own"); guarded > bare+2 {
		t.Errorf("%v allocations behind the guard, %v without", guarded, bare)
	}
}

// Foreign and absent environments are answered with the same bytes, but for the id of
// the request.
func TestForeignAndAbsentLookAlike(t *testing.T) {
	r := newRig(t)
	a, token := r.things(nil), r.NewToken(r.own, tepin.TemplateWrite)
	answer := func(env string) string {
		w := call(t, a, "POST", "/api/v1/environment/"+env+"/things", token, tripwire{t})
		id := w.Header().Get("X-Request-Id")
		w.Header().Del("X-Request-Id")
		var b strings.Builder
		w.Header().Write(&b)
		return strings.ReplaceAll(b.String()+w.Body.String(), id, "ID")
	}
	if foreign, absent := answer("other"), answer("absent"); foreign != absent {
		t.Errorf("foreign:\n%s\nabsent:\n%s", foreign, absent)
	}
}

func TestTypedInput(t *testing.T) {
	r := newRig(t)
	a, token := r.things(nil), r.NewToken(r.own, tepin.TemplateWrite)
	for _, c := range []struct {
		name, query, body string
		status            int
		locations         string
	}{
		{"good", "?limit=10", `{"name":"x"}`, 200, ""},
		{"all violations at once", "?limit=11", `{"name":"s3cret-name","count":"s3cret","tags":["a","b","c"],"extra":1}`, 400, "query.limit body.name body.count body.tags body.extra"},
		{"not a number", "?limit=s3cret", `{"name":"x"}`, 400, "query.limit"},
		{"missing", "", `{}`, 400, "body"},
		{"no id", "", `{"name":"x","id":"s3cret"}`, 400, "body.id"},
		{"wrong shape", "", `["s3cret"]`, 400, "body"},
		{"malformed", "", `{"name":"s3cret`, 400, ""},
		{"no body", "", ``, 400, ""},
		{"too deep", "", strings.Repeat("[", 300), 400, ""},
		{"too large", "", `{"name":"` + strings.Repeat("x", 1000) + `"}`, 413, ""},
		{"our own 422", "", `{"name":"422"}`, 422, ""},
		{"unknown error", "", `{"name":"500"}`, 500, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := call(t, a, "POST", "/api/v1/environment/own/things"+c.query, token, strings.NewReader(c.body), "Accept", "text/html, */*;q=0.1")
			if w.Code != c.status {
				t.Fatalf("%d, want %d: %s", w.Code, c.status, w.Body)
			}
			if strings.Contains(w.Body.String(), "s3cret") || strings.Contains(w.Body.String(), "unexpected EOF") {
				t.Errorf("an input value or our insides in %s", w.Body)
			}
			if c.status == 200 {
				if w.Header().Get("ETag") != `"3"` || w.Header().Get("Content-Type") != "application/json" {
					t.Errorf("headers %v", w.Header())
				}
				return
			}
			p := problemOf(t, w)
			for want := range strings.FieldsSeq(c.locations) {
				found := false
				for _, v := range p.Errors {
					found = found || v.Location == want && v.Message != ""
				}
				if !found {
					t.Errorf("%s is not in %+v", want, p.Errors)
				}
			}
			if c.name == "no id" && !strings.Contains(p.Detail, "body.id: expected a UUID such as ") {
				t.Errorf("detail %q", p.Detail)
			}
			if c.name == "malformed" && len(p.ExceptionDetails) != 1 {
				t.Errorf("no exceptionDetails: %+v", p)
			}
			if p.TraceID == "" || p.Detail == "" {
				t.Errorf("got %+v", p)
			}
		})
	}
	if w := call(t, a, "POST", "/api/v1/environment/own/things", token, strings.NewReader("name=x"), "Content-Type", "application/x-www-form-urlencoded"); w.Code != 415 {
		t.Errorf("a form: %d %s", w.Code, w.Body)
	}
	if w := call(t, a, "PUT", "/api/v1/environment/own/bytes", token, strings.NewReader("0123456789+")); w.Code != 413 {
		t.Errorf("raw beyond its limit: %d %s", w.Code, w.Body)
	}
	if w := call(t, a, "PUT", "/api/v1/environment/own/bytes", token, strings.NewReader("0123456789")); w.Code != 200 || w.Body.String() != "0123456789" {
		t.Errorf("raw: %d %s", w.Code, w.Body)
	}
}

func TestUnrouted(t *testing.T) {
	r := newRig(t)
	a := r.things(nil)
	w := call(t, a, "DELETE", "/api/v1/environment/own/things", "", nil)
	if problemOf(t, w); w.Code != 405 || w.Header().Get("Allow") != "POST" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/api/v1/nothing", "/api/docs", "/docs", "/openapi.json", "/schemas/Problem.json"} {
		if w := call(t, a, "GET", path, "", nil); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		} else {
			problemOf(t, w)
		}
	}
}

func TestSessions(t *testing.T) {
	r := newRig(t)
	signedIn := tepin.User{ID: "u", Name: "Ann", Administrator: true}
	a := r.things(func(req *http.Request) (tepin.User, string, error) {
		switch req.Header.Get("Cookie") {
		case "s=ann":
			return signedIn, "csrf", nil
		case "s=bob":
			return tepin.User{ID: "b", Name: "Bob"}, "csrf", nil
		case "s=down":
			return tepin.User{}, "", tepin.Errorf(tepin.Unavailable, "later")
		}
		return tepin.User{}, "", tepin.Errorf(tepin.Unauthorized, "sign in")
	})
	const admin, things = "/api/v1/environment/other/admin", "/api/v1/environment/other/things"
	for _, c := range []struct {
		name, path string
		status     int
		headers    []string
	}{
		{"signed in", admin, 200, []string{"Cookie", "s=ann", "X-CSRF-Token", "csrf", "Sec-Fetch-Site", "same-origin", "Origin", accesstest.PublicURL}},
		{"older browser", admin, 200, []string{"Cookie", "s=ann", "X-CSRF-Token", "csrf", "Origin", accesstest.PublicURL}},
		{"not signed in", admin, 401, []string{"X-CSRF-Token", "csrf", "Sec-Fetch-Site", "same-origin"}},
		{"no administrator, no environment", admin, 404, []string{"Cookie", "s=bob", "X-CSRF-Token", "csrf", "Sec-Fetch-Site", "same-origin"}},
		{"without CSRF token", admin, 403, []string{"Cookie", "s=ann", "Sec-Fetch-Site", "same-origin"}},
		{"from another site", admin, 403, []string{"Cookie", "s=ann", "X-CSRF-Token", "csrf", "Sec-Fetch-Site", "cross-site"}},
		{"from another port", admin, 403, []string{"Cookie", "s=ann", "X-CSRF-Token", "csrf", "Origin", "http://localhost:9"}},
		{"no environment before origin", "/api/v1/environment/absent/admin", 404, []string{"Cookie", "s=ann", "Sec-Fetch-Site", "cross-site"}},
		{"a token and a session", admin, 401, []string{"Cookie", "s=ann", "X-CSRF-Token", "csrf", "Sec-Fetch-Site", "same-origin", "Authorization", "Bearer x"}},
		{"store away", admin, 503, []string{"Cookie", "s=down"}},
		{"a session where only tokens count", things, 401, []string{"Cookie", "s=ann", "X-CSRF-Token", "csrf", "Sec-Fetch-Site", "same-origin"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := io.Reader(tripwire{t})
			if c.status == 200 {
				body = strings.NewReader("x")
			}
			w := call(t, a, "POST", c.path, "", body, c.headers...)
			if w.Code != c.status {
				t.Errorf("%d, want %d: %s", w.Code, c.status, w.Body)
			}
			if c.status == 200 && (w.Body.String() != "Ann" || w.Header().Get("Access-Control-Allow-Origin") != "") {
				t.Errorf("%s %v", w.Body, w.Header())
			}
		})
	}
}

func TestUndeclaredAccessPanics(t *testing.T) {
	for _, a := range []Access{{}, {Public: true, AnyToken: true}, {Public: true, Administrator: true}, {AnyToken: true, Scope: tepin.FontRead}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was accepted", a)
				}
			}()
			Guard{}.Wrap(Route{Method: "GET", Path: "/", Access: a}, http.NotFoundHandler())
		}()
	}
	defer func() {
		if recover() == nil {
			t.Error("Mount accepted a route that is not public")
		}
	}()
	Mount(http.NewServeMux(), []Route{{Method: "GET", Path: "/", Access: Access{AnyToken: true}}})
}

func TestOpenAPIAndSwagger(t *testing.T) {
	r := newRig(t)
	a := r.things(nil)
	w := call(t, a, "GET", "/swagger/v1/swagger.json", "", nil)
	doc := w.Body.String()
	for _, want := range []string{`"openapi": "3.1.0"`, `application/problem+json`, `#/components/schemas/Problem`, "Needs: scope template:write.", `"bearer"`, `"X-CSRF-Token"`} {
		if !strings.Contains(doc, want) {
			t.Errorf("the document lacks %s", want)
		}
	}
	// Try it out begins with the examples of what is required.
	var described struct {
		Paths map[string]struct {
			Post struct {
				Parameters  []struct{ Name, Example string }
				RequestBody struct {
					Content map[string]struct{ Example map[string]string }
				}
			}
		}
	}
	must(t, json.Unmarshal([]byte(doc), &described))
	post := described.Paths["/api/v1/environment/{environment}/things"].Post
	for _, p := range post.Parameters {
		if want := map[string]string{"environment": "mine"}[p.Name]; p.Example != want {
			t.Errorf("%s is filled with %q", p.Name, p.Example)
		}
	}
	if body := post.RequestBody.Content["application/json"].Example; len(body) != 1 || body["name"] != "ball" {
		t.Errorf("the body is filled with %v", body)
	}
	for _, not := range []string{"ErrorModel", "$schema", "swagger-ui", `"value"`} {
		if strings.Contains(doc, not) {
			t.Errorf("the document has %s", not)
		}
	}
	if w := call(t, a, "GET", "/swagger/v1/swagger-3.0.json", "", nil); !strings.Contains(w.Body.String(), `"3.0.3"`) {
		t.Errorf("3.0: %.100s", w.Body)
	}
	page := call(t, a, "GET", "/swagger/index.html?url=https://evil.example/spec.json", "", nil)
	policy := page.Header().Get("Content-Security-Policy")
	if page.Code != 200 || !strings.Contains(policy, "connect-src 'self'") || !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("%d, policy %s", page.Code, policy)
	}
	if html := page.Body.String(); strings.Contains(html, "<script>") || strings.Contains(html, "onclick") || strings.Contains(html, "evil") || !strings.Contains(html, "curl http://localhost:8080/oauth/token") || !strings.Contains(html, "-d audience=https://chiligrafx.com ") {
		t.Errorf("page: %s", html)
	}
	for _, path := range []string{"/swagger", "/swagger/"} {
		if w := call(t, a, "GET", path, "", nil); w.Code != 302 || w.Header().Get("Location") != "/swagger/index.html" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	zipped := call(t, a, "GET", "/swagger/swagger-ui-bundle.js", "", nil, "Accept-Encoding", "br, gzip;q=0.5")
	plain := call(t, a, "GET", "/swagger/swagger-ui-bundle.js", "", nil, "Accept-Encoding", "gzip;q=0")
	if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len() > 600_000 || plain.Header().Get("Content-Encoding") != "" || !strings.Contains(plain.Body.String(), "SwaggerUIBundle") {
		t.Errorf("%v %d, %v %d", zipped.Header(), zipped.Body.Len(), plain.Header(), plain.Body.Len())
	}
	if js := call(t, a, "GET", "/swagger/page.js", "", nil).Body.String(); !strings.Contains(js, "persistAuthorization: false") || !strings.Contains(js, "queryConfigEnabled: false") {
		t.Errorf("page.js: %s", js)
	}
	for _, rt := range a.Routes() {
		if strings.HasPrefix(rt.Path, "/swagger") && !rt.Access.Public {
			t.Errorf("%s needs %s", rt.Path, rt.Access)
		}
	}
}
