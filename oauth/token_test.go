package oauth_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/token"
	"github.com/tepin/tepin/web"
)

// The same request gets the same token, in all three forms; a smaller expires_in.
func TestReuseOverHTTP(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.AllScopes...)
	first := r.form(credentialsForm(in, secret))
	if first.StatusCode != 200 || first.left != 86400 || first.scope != tepin.MustScopes(tepin.AllScopes...).String() {
		t.Fatalf("first: %d %s", first.StatusCode, first.body)
	}
	r.advance(5 * time.Second)
	asJSON := must(json.Marshal(map[string]string{"grant_type": "client_credentials", "client_id": string(in.ClientID), "client_secret": secret}))
	j := must(http.NewRequest("POST", r.server.URL+"/oauth/token", strings.NewReader(string(asJSON))))
	j.Header.Set("Content-Type", "application/json")
	b := must(http.NewRequest("POST", r.server.URL+"/oauth/token", strings.NewReader("grant_type=client_credentials")))
	b.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.SetBasicAuth(string(in.ClientID), secret)
	for name, got := range map[string]response{"form": r.form(credentialsForm(in, secret)), "JSON": r.do(j), "Basic": r.do(b)} {
		if got.token != first.token || got.left > 86395 || got.left < 86390 {
			t.Errorf("%s: %d, same token %t, expires_in %d", name, got.StatusCode, got.token == first.token, got.left)
		}
	}
	withAlias := r.form(credentialsForm(in, secret) + "&audience=" + alias)
	if withAlias.token == first.token || withAlias.token != r.form(credentialsForm(in, secret)+"&audience="+alias+"/").token {
		t.Error("the alias is a token of its own, whatever slash it ends with")
	}
}

// A slash at the end changes nothing; what is not there is refused in JSON.
func TestPathsBelowOAuth(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/oauth/token/", 200}, {"POST", "//oauth//token//", 200}, {"GET", "/oauth/token/", 405},
		{"GET", "/oauth/authorize", 404}, {"POST", "/oauth/tokens", 404}, {"POST", "/oauth/token%2F", 404}, {"GET", "/oauth", 404}, {"GET", "/oauth/", 404},
	} {
		req := must(http.NewRequest(c.method, r.server.URL+c.path, strings.NewReader(credentialsForm(in, secret))))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		got := r.do(req)
		if got.StatusCode != c.status || !strings.HasSuffix(got.Header.Get("Content-Type"), "json") || c.status == 200 && got.token == "" {
			t.Errorf("%s %s: %d %s", c.method, c.path, got.StatusCode, got.body)
		}
	}
}

// JSON that is sent as something else is told from what is no JSON.
func TestWhatIsSaidOfJSON(t *testing.T) {
	r := newRig(t)
	for body, want := range map[string]string{
		" {\"grant_type\":\"client_credentials\"}": "Content-Type: application/json",
		"{'grant_type':'client_credentials'}":      "Content-Type: application/json",
	} {
		if got := r.form(body); got.StatusCode != 400 || !strings.Contains(got.why, want) {
			t.Errorf("%s as a form: %d %s", body, got.StatusCode, got.body)
		}
	}
	req := must(http.NewRequest("POST", r.server.URL+"/oauth/token", strings.NewReader("{'grant_type':'client_credentials'}")))
	req.Header.Set("Content-Type", "application/json")
	if got := r.do(req); got.StatusCode != 400 || !strings.Contains(got.why, "double quotes") || strings.Contains(got.why, "{") {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// A verifier that knows only the metadata accepts the token and finds the claims of
// RFC 9068 §2.2 in it.
func TestTokenVerifiesFromMetadata(t *testing.T) {
	r := newRig(t)
	get := func(path string, into any) http.Header {
		t.Helper()
		got := r.do(must(http.NewRequest("GET", r.server.URL+path, nil)))
		if err := json.Unmarshal([]byte(got.body), into); err != nil || got.StatusCode != 200 {
			t.Fatalf("%s: %d %s, %v", path, got.StatusCode, got.body, err)
		}
		return got.Header
	}
	var metadata struct {
		Issuer, Token_endpoint, JWKS_URI            string
		Revocation_endpoint, Introspection_endpoint string
		Grant_types_supported                       []string
		Response_types_supported                    []string
	}
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		h := get(path, &metadata)
		if metadata.Issuer != publicURL+"/" || metadata.Token_endpoint != publicURL+"/oauth/token" || metadata.JWKS_URI != publicURL+"/.well-known/jwks.json" ||
			!slices.Contains(metadata.Grant_types_supported, "client_credentials") || !slices.Contains(metadata.Grant_types_supported, web.TokenExchange) ||
			metadata.Revocation_endpoint != publicURL+"/oauth/revoke" || metadata.Introspection_endpoint != publicURL+"/oauth/introspect" || metadata.Response_types_supported == nil {
			t.Errorf("%s: %+v", path, metadata)
		}
		if !strings.Contains(h.Get("Cache-Control"), "max-age=") {
			t.Errorf("%s: Cache-Control %q", path, h.Get("Cache-Control"))
		}
	}
	var set jose.JSONWebKeySet
	// Who keeps the set for as long as he may, and asks a node that is two polls late, has a
	// key before it signs.
	if h := get("/.well-known/jwks.json", &set); h.Get("Cache-Control") != "public, max-age=300" || access.PublishAhead < 300*time.Second+2*access.PollInterval+access.MaxAge {
		t.Errorf("JWKS: Cache-Control %q", h.Get("Cache-Control"))
	}
	if len(set.Keys) != 4 {
		t.Fatalf("%d keys published, want ES256 and RS256, one for id_tokens, one for the audit log", len(set.Keys))
	}

	for _, alg := range []string{token.ES256, token.RS256} {
		if _, err := r.Credential.UpdateEnvironment(t.Context(), admin, r.env.ID, tepin.EnvironmentUpdate{SigningAlg: &alg}); err != nil {
			t.Fatal(err)
		}
		in, secret := r.Integration(r.env, tepin.TemplateRead)
		got := r.form(credentialsForm(in, secret) + "&audience=" + alias)
		parsed, err := jwt.ParseSigned(got.token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatal(err)
		}
		if parsed.Headers[0].ExtraHeaders["typ"] != "at+jwt" {
			t.Errorf("%s: typ %v", alg, parsed.Headers[0].ExtraHeaders["typ"])
		}
		var claims jwt.Claims
		var more struct {
			ClientID    string `json:"client_id"`
			Scope       string `json:"scope"`
			Environment string `json:"urn:tepin:environment"`
		}
		if err := parsed.Claims(set.Key(parsed.Headers[0].KeyID)[0], &claims, &more); err != nil {
			t.Fatal(err)
		}
		if err := claims.ValidateWithLeeway(jwt.Expected{Issuer: publicURL + "/", Subject: string(in.ClientID), AnyAudience: jwt.Audience{alias}, Time: r.now()}, 0); err != nil {
			t.Error(err)
		}
		if !claims.Audience.Contains(publicURL) || claims.ID == "" || more.ClientID != string(in.ClientID) || more.Scope != "template:read" || more.Environment != string(r.env.ID) {
			t.Errorf("%s: claims %+v %+v", alg, claims, more)
		}
		if a, err := r.Access.Bearer(got.token, access.Presenter{}); err != nil || a.ID != string(in.ID) {
			t.Errorf("%s: our own verifier: %+v, %v", alg, a, err)
		}
	}
}

// The usual Go client, in each of its styles. By itself it tries Basic first.
func TestGoClient(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead, tepin.TemplateList)
	for name, style := range map[string]oauth2.AuthStyle{"by itself": oauth2.AuthStyleAutoDetect, "header": oauth2.AuthStyleInHeader, "body": oauth2.AuthStyleInParams} {
		config := clientcredentials.Config{ClientID: string(in.ClientID), ClientSecret: secret, TokenURL: r.server.URL + "/oauth/token", AuthStyle: style,
			Scopes: []string{"template:read"}, EndpointParams: map[string][]string{"audience": {alias}}}
		got, err := config.Token(t.Context())
		if err != nil || !got.Valid() || got.Extra("scope") != "template:read" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		config.ClientSecret = "wrong"
		_, err = config.Token(t.Context())
		if e, ok := err.(*oauth2.RetrieveError); !ok || e.ErrorCode != "invalid_client" || e.ErrorDescription == "" {
			t.Errorf("%s, wrong secret: %v", name, err)
		}
	}
}

// An integration without scopes gets a token without scopes.
func TestNoScopes(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env)
	got := r.form(credentialsForm(in, secret))
	if got.StatusCode != 200 || got.scope != "" || !strings.Contains(got.body, `"scope":""`) {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	if got := r.form(credentialsForm(in, secret) + "&scope=template:read"); got.code != "invalid_scope" {
		t.Errorf("a scope that it has not: %d %s", got.StatusCode, got.body)
	}
}

// Rotation, disabling and deletion, as a client sees them.
func TestCredentialsLife(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	old := r.form(credentialsForm(in, secret))
	_, next, err := r.Credential.Rotate(t.Context(), admin, r.env.ID, in.ID, time.Hour, credential.SecretOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.form(credentialsForm(in, secret)); got.StatusCode != 200 || got.left > 3600 {
		t.Errorf("old secret during the overlap: %d %s", got.StatusCode, got.body)
	}
	if got := r.form(credentialsForm(in, next)); got.StatusCode != 200 || got.token == old.token {
		t.Errorf("new secret: %d %s", got.StatusCode, got.body)
	}
	r.advance(time.Hour)
	if got := r.form(credentialsForm(in, secret)); got.StatusCode != 401 || got.code != "invalid_client" {
		t.Errorf("old secret after the overlap: %d %s", got.StatusCode, got.body)
	}
	disabled := false
	if _, err := r.Credential.UpdateIntegration(t.Context(), admin, r.env.ID, in.ID, tepin.IntegrationUpdate{Enabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	if got := r.form(credentialsForm(in, next)); got.StatusCode != 401 || got.code != "invalid_client" {
		t.Errorf("disabled: %d %s", got.StatusCode, got.body)
	}
	if err := r.Credential.DeleteIntegration(t.Context(), admin, r.env.ID, in.ID); err != nil {
		t.Fatal(err)
	}
	if got := r.form(credentialsForm(in, next)); got.StatusCode != 401 || got.code != "invalid_client" {
		t.Errorf("deleted: %d %s", got.StatusCode, got.body)
	}
}

// S2 on the wire: 503 with Retry-After, never 200 and never 401.
func TestUnavailable(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	r.skip.Add(int64(time.Minute)) // and no poll
	for name, body := range map[string]string{"good": credentialsForm(in, secret), "bad": credentialsForm(in, "wrong")} {
		got := r.form(body)
		if got.StatusCode != 503 || got.Header.Get("Retry-After") != "1" || got.code != "temporarily_unavailable" {
			t.Errorf("%s: %d %s, Retry-After %q", name, got.StatusCode, got.body, got.Header.Get("Retry-After"))
		}
	}
}

// A database that fails under a request that needs it: our fault, and it says so.
func TestDatabaseGone(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	r.Store.Close()
	got := r.form(credentialsForm(in, secret))
	if got.StatusCode < 500 || got.code == "" || strings.Contains(got.body, "sql") {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// The failure budget: 429 after ten different wrong secrets; the right one passes.
func TestTooManyFailures(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	var got response
	for range 11 {
		_, wrong, err := r.Credential.CreateIntegration(t.Context(), admin, tepin.Integration{EnvironmentID: r.env.ID, Name: tepin.RandomBase62(10)})
		if err != nil {
			t.Fatal(err)
		}
		got = r.form(credentialsForm(in, wrong))
	}
	if got.StatusCode != 429 || got.Header.Get("Retry-After") == "" || got.code != "temporarily_unavailable" {
		t.Errorf("eleventh: %d %s", got.StatusCode, got.body)
	}
	if got := r.form(credentialsForm(in, secret)); got.StatusCode != 200 {
		t.Errorf("the right one: %d %s", got.StatusCode, got.body)
	}
}

// One `//` too many in the address is tolerated (S18), and the issuer never follows
// the request's host (S7).
func TestAddressAndHost(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	req := must(http.NewRequest("POST", r.server.URL+"//oauth//token", strings.NewReader(credentialsForm(in, secret))))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := r.do(req); got.StatusCode != 200 {
		t.Errorf("doubled slashes: %d %s", got.StatusCode, got.body)
	}
	req = must(http.NewRequest("GET", r.server.URL+"/.well-known/oauth-authorization-server", nil))
	req.Host = "localhost:1"
	if got := r.do(req); !strings.Contains(got.body, `"issuer":"`+publicURL+`/"`) || strings.Contains(got.body, "localhost") {
		t.Errorf("issuer for another host: %s", got.body)
	}
	req = must(http.NewRequest("GET", r.server.URL+"/oauth/token", nil))
	if got := r.do(req); got.Header.Get("Allow") != "POST, OPTIONS" {
		t.Errorf("Allow: %q", got.Header.Get("Allow"))
	}
}

// Nothing that a client sends in parallel breaks the server.
func TestConcurrentClients(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	results := make(chan string)
	for range 50 {
		go func() {
			req, err := http.NewRequestWithContext(context.Background(), "POST", r.server.URL+"/oauth/token", strings.NewReader(credentialsForm(in, secret)))
			if err != nil {
				results <- err.Error()
				return
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			res, err := r.server.Client().Do(req)
			if err != nil {
				results <- err.Error()
				return
			}
			defer res.Body.Close()
			var body struct {
				Token string `json:"access_token"`
			}
			if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
				results <- err.Error()
				return
			}
			results <- body.Token
		}()
	}
	seen := map[string]bool{}
	for range 50 {
		seen[<-results] = true
	}
	if len(seen) != 1 {
		t.Errorf("%d different answers", len(seen))
	}
}

// A body that does not announce its length is cut off at the limit, not read to its end.
func TestEndlessBody(t *testing.T) {
	r := newRig(t)
	sent := &endless{}
	req := must(http.NewRequest("POST", r.server.URL+"/oauth/token", sent))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := r.server.Client().Do(req)
	if err == nil {
		defer res.Body.Close()
		if res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d", res.StatusCode)
		}
	}
	if sent.bytes.Load() > 8<<20 {
		t.Errorf("the server took %d bytes", sent.bytes.Load())
	}
}

// endless is 80 MB of form.
type endless struct{ bytes atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.bytes.Load() >= 80<<20 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'x'
	}
	e.bytes.Add(int64(len(p)))
	return len(p), nil
}
