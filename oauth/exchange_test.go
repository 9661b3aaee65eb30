package oauth_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/token"
)

const shop = "https://shop.example"

// withPages makes an integration that lists pages.
func (r *rig) withPages(pages tepin.Origins, scopes ...tepin.Scope) (tepin.Integration, string) {
	r.t.Helper()
	in, secret := r.Integration(r.env, scopes...)
	in, err := r.Credential.UpdateIntegration(r.t.Context(), admin, r.env.ID, in.ID, tepin.IntegrationUpdate{Origins: &pages})
	if err != nil {
		r.t.Fatal(err)
	}
	return in, secret
}

// exchange asks for a token for a page; more are further parameters.
func (r *rig) exchange(in tepin.Integration, secret, parent, more string) response {
	r.t.Helper()
	return r.post("/oauth/token", in, secret, strings.Replace(toExchange, "{token}", parent, 1)+more)
}

// A token for a page says what it is, and for which page; it only reads, and lives for
// ten minutes (RFC 8693 §2.2, §4.1; S24).
func TestExchange(t *testing.T) {
	r := newRig(t)
	in, secret := r.withPages(tepin.Origins{shop}, tepin.AllScopes...)
	parent := must(r.Token(in.ClientID, secret))
	got := r.exchange(in, secret, parent, "")
	if got.StatusCode != 200 || got.left != 600 || got.scope != tepin.MustScopes(tepin.ReadOnlyScopes...).String() ||
		!strings.Contains(got.body, `"token_type":"Bearer"`) || !strings.Contains(got.body, `"issued_token_type":"`+ofAccess+`"`) {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	of, c := r.claims(parent), r.claims(got.token)
	if c.Act != string(in.ClientID) || c.Parent != of.ID || c.Origin != shop || c.Subject != string(in.ClientID) || c.ClientID != in.ClientID || c.Environment != r.env.ID ||
		c.Credential != of.Credential || c.ParentCredential != "" || c.ID == of.ID || c.Confirm != (tepin.Confirmation{}) || c.ExpiresAt.Sub(c.IssuedAt) != 10*time.Minute {
		t.Errorf("claims %+v", c)
	}
	a := must(r.Access.Bearer(got.token, access.Presenter{}))
	if a.Origin != shop || a.ParentID != of.ID || a.Scopes != tepin.MustScopes(tepin.ReadOnlyScopes...) {
		t.Errorf("actor %+v", a)
	}
	again := r.exchange(in, secret, parent, "&scope=template:read&audience="+alias+"&origin="+shop)
	if again.token == got.token || again.scope != "template:read" || !slices.Contains(r.claims(again.token).Audience, alias) {
		t.Errorf("%d %s", again.StatusCode, again.body)
	}
	if next := r.form(credentialsForm(in, secret)); next.token != parent {
		t.Error("after an exchange the client gets another token of its own")
	}
	if got := r.post("/oauth/introspect", in, secret, "token="+again.token); !strings.Contains(got.body, `"act":{"sub":"`+string(in.ClientID)+`"}`) || !strings.Contains(got.body, `"urn:tepin:origin":"`+shop+`"`) {
		t.Errorf("introspection: %s", got.body)
	}
}

// What cannot be exchanged, and what it cannot be exchanged for.
func TestExchangeRefuses(t *testing.T) {
	r := newRig(t)
	in, secret := r.withPages(tepin.Origins{shop}, tepin.TemplateRead, tepin.TemplateList, tepin.TemplateWrite)
	several, severalSecret := r.withPages(tepin.Origins{shop, "https://other.example"}, tepin.TemplateRead)
	none, noneSecret := r.withPages(nil, tepin.TemplateRead)
	writer, writerSecret := r.withPages(tepin.Origins{shop}, tepin.TemplateWrite)
	parent := must(r.Token(in.ClientID, secret))
	narrow := r.form(credentialsForm(in, secret) + "&scope=template:read+template:write").token
	child := r.exchange(in, secret, parent, "").token
	bound := r.sign(parent, func(c *token.Claims) { c.Confirm.KeyThumbprint = "thumb" })
	for _, c := range []struct {
		name       string
		in         tepin.Integration
		secret     string
		parent     string
		more       string
		code, says string
	}{
		{"an exchanged token", in, secret, child, "", "invalid_request", "out of an exchange"},
		{"a token bound to a key that nobody shows", in, secret, bound, "", "invalid_request", "prove"},
		{"an expired token", in, secret, r.sign(parent, func(c *token.Claims) { c.ExpiresAt = r.now() }), "", "invalid_request", "not a live access token"},
		{"a scope that the integration has and the token has not", in, secret, narrow, "&scope=template:list", "invalid_scope", "possible are: template:read"},
		{"a scope that writes", in, secret, parent, "&scope=template:write", "invalid_scope", "possible are: template:read template:list"},
		{"nothing that reads", writer, writerSecret, must(r.Token(writer.ClientID, writerSecret)), "", "invalid_scope", "Permissions tab"},
		{"no page is listed", none, noneSecret, must(r.Token(none.ClientID, noneSecret)), "&origin=" + shop, "invalid_request", "lists their origins"},
		{"several pages, none named", several, severalSecret, must(r.Token(several.ClientID, severalSecret)), "", "invalid_request", "one of: " + shop + " https://other.example"},
		{"a page that is not listed", in, secret, parent, "&origin=https://evil.example", "invalid_request", "which are: " + shop},
	} {
		got := r.exchange(c.in, c.secret, c.parent, c.more)
		if got.StatusCode != 400 || got.code != c.code || !strings.Contains(got.why, c.says) || got.token != "" || strings.Contains(got.body, "evil") {
			t.Errorf("%s: %d %s", c.name, got.StatusCode, got.body)
		}
	}
	if got := r.exchange(several, severalSecret, must(r.Token(several.ClientID, severalSecret)), "&origin=https://other.example"); r.claims(got.token).Origin != "https://other.example" {
		t.Errorf("the second page: %s", got.body)
	}
}

// An exchanged token never outlives its parent, the environment's lifetime, or the
// secret that it was exchanged with.
func TestExchangedLifetime(t *testing.T) {
	r := newRig(t)
	in, secret := r.withPages(tepin.Origins{shop}, tepin.TemplateRead)
	parent := must(r.Token(in.ClientID, secret))
	nearly := r.sign(parent, func(c *token.Claims) { c.ExpiresAt = r.now().Add(3 * time.Minute) })
	if got := r.exchange(in, secret, nearly, ""); !r.claims(got.token).ExpiresAt.Equal(r.claims(nearly).ExpiresAt) || got.left > 180 || got.left < 170 {
		t.Errorf("of a parent with three minutes: %s", got.body)
	}
	_, next, err := r.Credential.Rotate(t.Context(), admin, r.env.ID, in.ID, 2*time.Minute, credential.SecretOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// Rotation keeps the parent for as long as its secret.
	if got := r.exchange(in, secret, parent, ""); got.left > 120 || got.left < 110 {
		t.Errorf("with a secret that ends in two minutes: %s", got.body)
	}
	lifetime := 5 * time.Minute
	if _, err := r.Credential.UpdateEnvironment(t.Context(), admin, r.env.ID, tepin.EnvironmentUpdate{TokenLifetime: &lifetime}); err != nil {
		t.Fatal(err)
	}
	if got := r.exchange(in, next, must(r.Token(in.ClientID, next)), ""); got.left != 300 {
		t.Errorf("where tokens live for five minutes: %s", got.body)
	}
}

// It dies with its parent and with either secret; its parent does not die with it.
func TestExchangedDies(t *testing.T) {
	r := newRig(t)
	in, secret := r.withPages(tepin.Origins{shop}, tepin.TemplateRead)
	parent := must(r.Token(in.ClientID, secret))
	one, other := r.exchange(in, secret, parent, "").token, r.exchange(in, secret, parent, "").token
	r.post("/oauth/revoke", in, secret, "token="+one)
	if r.alive(one) || !r.alive(other) || !r.alive(parent) {
		t.Errorf("one revoked: it is alive %t, another %t, the parent %t", r.alive(one), r.alive(other), r.alive(parent))
	}
	r.post("/oauth/revoke", in, secret, "token="+parent)
	if r.alive(other) || r.alive(parent) {
		t.Errorf("the parent revoked: it is alive %t, its child %t", r.alive(parent), r.alive(other))
	}
	if got := r.exchange(in, secret, parent, ""); got.StatusCode != 400 {
		t.Errorf("a revoked token is exchanged: %s", got.body)
	}

	parent = r.form(credentialsForm(in, secret)).token
	old := r.claims(parent).Credential
	s, next, err := r.Credential.Rotate(t.Context(), admin, r.env.ID, in.ID, time.Hour, credential.SecretOptions{})
	if err != nil {
		t.Fatal(err)
	}
	mixed := r.exchange(in, next, parent, "").token
	if c := r.claims(mixed); c.Credential != s.ID || c.ParentCredential != old || !r.alive(mixed) {
		t.Errorf("exchanged with another secret: %+v, alive %t", c, r.alive(mixed))
	}
	if err := r.Credential.DeleteSecret(t.Context(), admin, r.env.ID, in.ID, old); err != nil {
		t.Fatal(err)
	}
	if r.alive(mixed) {
		t.Error("it outlives the secret of its parent")
	}
}

// A token that is bound to a key is exchanged by who holds the key; the page, which does
// not, gets one without.
func TestExchangeOfBoundToken(t *testing.T) {
	r := newRig(t).publicly()
	in, secret := r.withPages(tepin.Origins{shop}, tepin.TemplateRead)
	p := r.prover("ES256")
	proof := func() string { return p.Proof("POST", tokenURL, r.Access.Nonce(), "") }
	parent := r.proved(credentialsForm(in, secret), proof()).token
	body := strings.NewReplacer("{id}", string(in.ClientID), "{secret}", secret, "{token}", parent).Replace(exchangeAll)
	if got := r.proved(body); got.StatusCode != 400 || got.code != "invalid_request" {
		t.Errorf("without a proof: %d %s", got.StatusCode, got.body)
	}
	other := r.prover("ES256")
	if got := r.proved(body, other.Proof("POST", tokenURL, r.Access.Nonce(), "")); got.StatusCode != 400 || got.code != "invalid_request" {
		t.Errorf("by another key: %d %s", got.StatusCode, got.body)
	}
	got := r.proved(body, proof())
	if c := r.claims(got.token); got.StatusCode != 200 || c.Confirm != (tepin.Confirmation{}) || c.Origin != shop || !strings.Contains(got.body, `"token_type":"Bearer"`) {
		t.Errorf("by the key: %d %s, %+v", got.StatusCode, got.body, c)
	}
}

// A page that asks for a token which may write is reported, or refused (S22).
func TestBrowserGuardOfTokens(t *testing.T) {
	r := newRig(t)
	in, secret := r.withPages(tepin.Origins{shop}, tepin.TemplateRead, tepin.TemplateWrite)
	parent := must(r.Token(in.ClientID, secret))
	ask := func(body string, headers ...string) response {
		req := must(http.NewRequest("POST", r.server.URL+"/oauth/token", strings.NewReader(body)))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(string(in.ClientID), secret)
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		return r.do(req)
	}
	for _, mode := range []tepin.BrowserGuard{tepin.GuardReport, tepin.GuardBlock, tepin.GuardOff} {
		if _, err := r.Credential.UpdateEnvironment(t.Context(), admin, r.env.ID, tepin.EnvironmentUpdate{BrowserGuard: &mode}); err != nil {
			t.Fatal(err)
		}
		got := ask(cc, "Origin", shop, "Sec-Fetch-Site", "cross-site")
		refused := got.StatusCode == 400 && got.code == "unauthorized_client" && strings.Contains(got.why, "rotate the secret") && strings.Contains(got.why, "grant-type:token-exchange")
		if refused != (mode == tepin.GuardBlock) || !refused && got.token == "" || got.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %v %s", mode, got.StatusCode, got.Header, got.body)
		}
		for name, got := range map[string]response{
			"a server":                 ask(cc),
			"Node":                     ask(cc, "Sec-Fetch-Mode", "cors"),
			"only scopes that read":    ask(cc+"&scope=template:read", "Origin", shop),
			"a token for a page":       ask(strings.Replace(toExchange, "{token}", parent, 1), "Origin", shop),
			"our own page":             ask(cc, "Origin", r.server.URL, "Sec-Fetch-Site", "same-origin"),
			"our own page, plain HTTP": ask(cc, "Origin", r.server.URL),
		} {
			if got.StatusCode != 200 {
				t.Errorf("%s, %s: %d %s", mode, name, got.StatusCode, got.body)
			}
		}
	}
	if err := r.Access.FlushNotices(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, e := range must(r.Store.AuditEntries(t.Context(), string(r.env.ID), 0, 1000)) {
		if strings.HasPrefix(e.Action, "guard.") {
			seen[e.Action+" "+e.Target]++
		}
	}
	if id := string(in.ID); len(seen) != 2 || seen["guard.report "+id] != 1 || seen["guard.block "+id] != 1 {
		t.Errorf("audit log: %v", seen)
	}
}
