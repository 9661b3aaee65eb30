package oauth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

// publishedRows are requests for what anybody may read, and for what is not there.
var publishedRows = []row{
	{rfc: "7517 §5", name: "the keys", path: "/.well-known/jwks.json", method: "GET", status: 200},
	{rfc: "9110 §9.3.2", name: "the keys, HEAD", path: "/.well-known/jwks.json", method: "HEAD", status: 200},
	{rfc: "8414 §3", name: "the metadata", path: "/.well-known/oauth-authorization-server", method: "GET", status: 200},
	{rfc: "9110 §9.3.2", name: "the metadata, HEAD", path: "/.well-known/oauth-authorization-server", method: "HEAD", status: 200},
	{rfc: "OIDC Discovery §4", name: "the metadata for OpenID", path: "/.well-known/openid-configuration", method: "GET", status: 200},
	{rfc: "9110 §15.5.6", name: "POST to the keys", path: "/.well-known/jwks.json", method: "POST", status: 405, code: "invalid_request"},
	{rfc: "9110 §15.5.6", name: "PUT to the metadata", path: "/.well-known/oauth-authorization-server", method: "PUT", status: 405, code: "invalid_request"},
	{rfc: "9110 §9.3.7", name: "OPTIONS of the keys", path: "/.well-known/jwks.json", method: "OPTIONS", status: 204},
	{rfc: "9110 §15.5.5", name: "an endpoint that is none", path: "/oauth/nothing", method: "POST", status: 404},
	{rfc: "9110 §15.5.5", name: "the endpoints' parent", path: "/oauth", method: "GET", status: 404},
	{rfc: "S18", name: "slashes twice", path: "//oauth//token", method: "POST", header: form, body: good, status: 200},
	{rfc: "S18", name: "a slash at the end", path: "/oauth/token/", method: "POST", header: form, body: good, status: 200},
}

func TestPublished(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.ReadOnlyScopes...)
	fill := strings.NewReplacer("{id}", string(in.ClientID), "{secret}", secret)
	for _, c := range publishedRows {
		t.Run(c.name, func(t *testing.T) {
			req := must(http.NewRequest(c.method, r.server.URL+c.path, strings.NewReader(fill.Replace(c.body))))
			req.Header.Set("Origin", "https://shop.example")
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				req.Header.Set(name, value)
			}
			got := r.do(req)
			if got.StatusCode != c.status || got.code != c.code {
				t.Fatalf("RFC %s: %d %s %q, want %d %s", c.rfc, got.StatusCode, got.code, got.body, c.status, c.code)
			}
			h := got.Header
			if h.Get("Set-Cookie") != "" || got.StatusCode != http.StatusNotFound && h.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("headers %v", h)
			}
			if got.StatusCode == http.StatusOK && c.body == "" && !strings.HasPrefix(h.Get("Cache-Control"), "public, max-age=") {
				t.Errorf("nobody can keep it: %v", h)
			}
			if got.StatusCode == http.StatusMethodNotAllowed && !strings.HasPrefix(h.Get("Allow"), "GET, HEAD") {
				t.Errorf("Allow: %q", h.Get("Allow"))
			}
		})
	}
}
