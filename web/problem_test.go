package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
)

func TestProblems(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		status int
		typ    string
		detail string
		header http.Header
	}{
		{"invalid", tepin.Errorf(tepin.Invalid, "no name"), 400, "https://tools.ietf.org/html/rfc7231#section-6.5.1", "no name", nil},
		{"invalid at a path", &tepin.Error{Kind: tepin.Invalid, Path: "$.a", Message: "no name"}, 400, "https://tools.ietf.org/html/rfc7231#section-6.5.1", "$.a: no name", nil},
		{"wrapped", fmt.Errorf("outer secret: %w", tepin.Errorf(tepin.NotFound, "gone away")), 404, "https://tools.ietf.org/html/rfc7231#section-6.5.4", "gone away", nil},
		{"no token", noToken(), 401, "https://httpstatuses.io/401", "", http.Header{"Www-Authenticate": {`Bearer realm="Tepin"`, `DPoP algs="ES256 PS256 RS256 EdDSA Ed25519"`}}},
		{"bad token", tepin.Errorf(tepin.Unauthorized, `the "token" has ended`), 401, "https://httpstatuses.io/401", "",
			http.Header{"Www-Authenticate": {`Bearer realm="Tepin", error="invalid_token", error_description="the 'token' has ended"`, `DPoP algs="ES256 PS256 RS256 EdDSA Ed25519"`}}},
		{"other 403", tepin.Errorf(tepin.Forbidden, "administrators only"), 403, "https://httpstatuses.io/403", "administrators only", nil},
		{"conflict", tepin.Errorf(tepin.Conflict, "twice"), 409, "https://tools.ietf.org/html/rfc7231#section-6.5.8", "twice", nil},
		{"gone", tepin.Errorf(tepin.Gone, "expired"), 410, "https://tools.ietf.org/html/rfc7231#section-6.5.9", "expired", nil},
		{"stale", tepin.Errorf(tepin.Stale, "changed"), 412, "https://tools.ietf.org/html/rfc7232#section-4.2", "changed", nil},
		{"too large", tooLarge(5), 413, "https://tools.ietf.org/html/rfc7231#section-6.5.11", "", nil},
		{"unprocessable", tepin.Errorf(tepin.Unprocessable, "broken"), 422, "https://httpstatuses.io/422", "broken", nil},
		{"too many", &tepin.Error{Kind: tepin.TooMany, Message: "slow down", RetryAfter: 1500 * time.Millisecond}, 429, "https://httpstatuses.io/429", "slow down", http.Header{"Retry-After": {"2"}}},
		{"unavailable", tepin.Errorf(tepin.Unavailable, "later"), 503, "", "later", http.Header{"Retry-After": {"1"}}},
		{"full", tepin.Errorf(tepin.Full, "no room"), 507, "https://httpstatuses.io/507", "no room", nil},
		{"internal", tepin.Errorf(tepin.Internal, "secret insides"), 500, "", "", nil},
		{"unknown", errors.New("secret insides"), 500, "", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, events := serve(t, Stack{}, Handler(func(w http.ResponseWriter, _ *http.Request) error {
				w.Header().Set("ETag", `"1"`)
				return c.err
			}), request("GET", "/", nil))
			p := problemOf(t, w)
			if p.Status != c.status || c.typ != "" && p.Type != c.typ || c.detail != "" && p.Detail != c.detail || p.Title != http.StatusText(c.status) {
				t.Errorf("got %+v", p)
			}
			if p.TraceID == "" || p.TraceID != events[0]["id"] || p.Detail == "" {
				t.Errorf("traceId %q, detail %q", p.TraceID, p.Detail)
			}
			if strings.Contains(w.Body.String(), "secret") || w.Header().Get("ETag") != "" {
				t.Errorf("%v %s", w.Header(), w.Body)
			}
			for name, want := range c.header {
				if got := w.Header().Values(name); !slices.Equal(got, want) {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if events[0]["error"] != c.err.Error() {
				t.Errorf("logged %v", events[0]["error"])
			}
		})
	}
}

// A refusal that quotes a document does not send megabytes back, or into the log.
func TestLongRefusal(t *testing.T) {
	w := httptest.NewRecorder()
	WriteProblem(w, httptest.NewRequest("GET", "/", nil), &tepin.Error{Kind: tepin.Invalid, Path: strings.Repeat("a", 1<<20), Message: "no"})
	if w.Code != 400 || w.Body.Len() > 5000 {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
}

func TestMissingScope(t *testing.T) {
	w, _ := serve(t, Stack{}, Handler(func(http.ResponseWriter, *http.Request) error {
		return MissingScope(tepin.Actor{Kind: tepin.ActorIntegration}, tepin.TemplateWrite)
	}), request("PUT", "/", nil))
	p := problemOf(t, w)
	challenge := w.Header().Get("WWW-Authenticate")
	if w.Code != 403 || !strings.Contains(p.Detail, "template:write") || !strings.Contains(p.Detail, "Permissions") {
		t.Errorf("%+v", p)
	}
	if !strings.HasPrefix(challenge, `Bearer realm="Tepin", error="insufficient_scope", error_description="`) || !strings.HasSuffix(challenge, `, scope="template:write"`) {
		t.Errorf("challenge %s", challenge)
	}
}

func TestHeadHasNoBody(t *testing.T) {
	w, _ := serve(t, Stack{}, Handler(NotFound), request("HEAD", "/x", nil))
	if w.Code != 404 || w.Body.Len() != 0 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestMalformedBody(t *testing.T) {
	var into struct {
		Name  string   `json:"name"`
		Tags  []string `json:"tags"`
		Count int      `json:"count"`
	}
	h := Handler(func(_ http.ResponseWriter, r *http.Request) error {
		raw, err := ReadJSON(r, 1000)
		if err != nil {
			return err
		}
		return DecodeJSON(raw, &into)
	})
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		contains                string
		exception               bool
	}{
		{"good", "application/json", `{"name":"a","other":1}`, 200, "", false},
		{"no type", "", `{"name":"a"}`, 200, "", false},
		{"with charset", "application/json; charset=UTF-8", `{}`, 200, "", false},
		{"problem", "application/merge-patch+json", `{}`, 200, "", false},
		{"other charset", "application/json; charset=latin1", `{}`, 415, "UTF-8", false},
		{"form", "application/x-www-form-urlencoded", `name=a`, 415, "application/json", false},
		{"malformed", "application/json", "{\n  \"s3cret\": tru }", 400, "line 2, column 16", true},
		{"cut off", "application/json", `{"a":`, 400, "unexpected end", true},
		{"trailing", "application/json", `{} {}`, 400, "line 1, column 4", true},
		{"empty", "application/json", "", 400, "empty", true},
		{"wrong type", "application/json", `{"name":["s3cret"]}`, 400, "$.name: expected a string, not a JSON array", false},
		{"no list", "application/json", `{"tags":"s3cret"}`, 400, "$.tags: expected a list of strings, not a JSON string", false},
		{"no string in a list", "application/json", `{"tags":["a",47114711]}`, 400, "$.tags: expected a string, not a JSON number", false},
		{"no whole number", "application/json", `{"count":4711.5}`, 400, "$.count: expected a whole number, not a JSON number", false},
		{"no object", "application/json", `[]`, 400, "$: expected an object, not a JSON array", false},
		{"not UTF-8", "application/json", "{\"name\":\x00}", 400, "line 1, column 9", true},
		{"too deep", "application/json", strings.Repeat("[", 201) + strings.Repeat("]", 201), 400, "200 levels", false},
		{"too deep and broken", "application/json", strings.Repeat(`{"a":`, 150) + strings.Repeat("[", 51), 400, "200 levels", false},
		{"deep enough", "application/json", `{"other":` + strings.Repeat("[", 199) + strings.Repeat("]", 199) + "}", 200, "", false},
		{"brackets in strings", "application/json", `{"name":"` + strings.Repeat(`[\"`, 300) + `"}`, 200, "", false},
		{"too large", "application/json", `{"name":"` + strings.Repeat("a", 1000) + `"}`, 413, "1000 bytes", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request("POST", "/", strings.NewReader(c.body))
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			w, _ := serve(t, Stack{}, h, r)
			if w.Code != c.status {
				t.Fatalf("%d, want %d: %s", w.Code, c.status, w.Body)
			}
			if c.status == 200 {
				return
			}
			p := problemOf(t, w)
			if !strings.Contains(p.Detail, c.contains) || strings.Contains(w.Body.String(), "s3cret") || (len(p.ExceptionDetails) == 1) != c.exception {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"a":[1,2,{"b":null}]}`, `"\ud800"`, "[[", `{"a":"\"["}`, "\"\\", "1e999"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := CheckJSON(raw)
		if err != nil && tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%q: %v", raw, err)
		}
	})
}

// A person is told of roles, and of what they kept from the application.
func TestMissingScopeOfPeople(t *testing.T) {
	for roles, want := range map[tepin.Roles]string{
		tepin.NewRoles(tepin.EndUser): "a person who is template designer: ask",
		tepin.Designers:               "sign in to the application again",
	} {
		err := MissingScope(tepin.Actor{Kind: tepin.ActorUser, Roles: roles}, tepin.TemplateWrite)
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "Permissions tab") {
			t.Errorf("%s is told: %v", roles, err)
		}
	}
}
