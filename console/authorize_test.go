package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/grant"
)

const callback = "https://shop.example/callback?page=1"

// asks is a request to /authorize as auth0-spa-js makes it, with some parameters changed:
// pairs of names and values; an empty value takes the parameter away.
func asks(a tepin.Application, changes ...string) string {
	q := url.Values{
		"client_id": {string(a.ClientID)}, "redirect_uri": {a.RedirectURIs[0]}, "response_type": {"code"}, "response_mode": {"query"},
		"scope": {"openid profile email offline_access"}, "audience": {accesstest.PublicURL}, "state": {"a state & more"}, "nonce": {"a nonce"},
		"code_challenge": {accesstest.Challenge}, "code_challenge_method": {"S256"}, "auth0Client": {"eyJuYW1lIjoiYXV0aDAtc3BhLWpzIn0="},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return "/authorize?" + q.Encode()
}

// back reads where an answer sends the person back to.
func (p answer) back(t *testing.T, what, uri string) url.Values {
	t.Helper()
	location, err := url.Parse(p.header.Get("Location"))
	if err != nil || p.status != http.StatusSeeOther || !strings.HasPrefix(location.String(), uri) {
		t.Fatalf("%s: status %d, location %q\n%s", what, p.status, p.header.Get("Location"), p.body)
	}
	return location.Query()
}

// A person says yes, and the application gets a code that it can redeem (RFC 6749 §4.1,
// RFC 9207).
func TestAuthorize(t *testing.T) {
	r := newRig(t)
	a := r.Application(r.env, "Web shop", callback)
	b := r.signedIn()
	p := b.get(asks(a))
	p.want(t, "the question", http.StatusOK, "Web shop", "wants to act as", email, r.env.Name, "shop.example", "Read, change and delete", "See your name", "See your e-mail address", "Stay signed in")
	if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://shop.example;") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("policy %q", csp)
	}
	if strings.Contains(p.body, `name="password"`) {
		t.Error("the password is asked for again")
	}
	q := b.post(asks(a), url.Values{"decision": {"allow"}}).back(t, "yes", callback)
	if q.Get("state") != "a state & more" || q.Get("iss") != accesstest.PublicURL+"/" || q.Get("page") != "1" || q.Get("error") != "" || q.Get("code") == "" {
		t.Fatalf("sent back with %v", q)
	}
	redemption := grant.Redemption{Application: a, Code: q.Get("code"), RedirectURI: callback, Verifier: accesstest.Verifier}
	tokens, err := r.People.Redeem(t.Context(), redemption)
	if err != nil || tokens.User.Email != email || tokens.Login.EnvironmentID != r.env.ID || tokens.ID == "" || tokens.Refresh == "" {
		t.Errorf("%+v, %v", tokens, err)
	}
	q = b.post(asks(a), url.Values{"decision": {"cancel"}}).back(t, "no", callback)
	if q.Get("error") != "access_denied" || q.Get("state") != "a state & more" || q.Get("iss") == "" || q.Has("code") {
		t.Errorf("sent back with %v", q)
	}
	// Signing out ends what was allowed in this session.
	b.post("/logout", url.Values{}).want(t, "sign-out", http.StatusSeeOther)
	if _, err := r.Access.Inspect(tokens.Access); tepin.KindOf(err) != tepin.Unauthorized {
		t.Errorf("the token outlives the session: %v", err)
	}

	b = r.signedIn()
	b.get(asks(a, "scope", "openid template:read magic")).want(t, "less", http.StatusOK, "template:read")
	if p := b.get(asks(a, "scope", "openid template:read")); strings.Contains(p.body, "See your") || strings.Contains(p.body, "Read, change and delete") {
		t.Errorf("it promises more than was asked:\n%s", p.body)
	}
}

// What is wrong is told to the application by a redirect; when it is not known to be
// the application, to the person on a page (S25).
func TestAuthorizeRefusals(t *testing.T) {
	r := newRig(t)
	a := r.Application(r.env, "Web shop", callback, "http://127.0.0.1/cb")
	other := r.Application(r.env, "Other", "https://other.example/")
	for name, stranger := range map[string]*browser{"signed in": r.signedIn(), "a stranger": r.browser()} {
		for what, path := range map[string]string{
			"an unknown client":                asks(a, "client_id", "app_nobody"),
			"no client":                        asks(a, "client_id", ""),
			"an integration":                   asks(a, "client_id", "int_nobody"),
			"two clients":                      asks(a) + "&client_id=" + string(a.ClientID),
			"an application without addresses": asks(a, "client_id", "tepin"),
			"no address":                       asks(a, "redirect_uri", ""),
			"two addresses":                    asks(a) + "&redirect_uri=" + url.QueryEscape(callback),
			"another's address":                asks(a, "redirect_uri", other.RedirectURIs[0]),
			"an address with more":             asks(a, "redirect_uri", callback+"&x=y"),
			"an address with less":             asks(a, "redirect_uri", "https://shop.example/callback"),
			"a host with more":                 asks(a, "redirect_uri", strings.Replace(callback, ".example", ".example.evil.example", 1)),
			"a path out of it":                 asks(a, "redirect_uri", "https://shop.example/callback/../x"),
			"a script":                         asks(a, "redirect_uri", "javascript:alert(1)"),
			"another loopback":                 asks(a, "redirect_uri", "http://localhost:1/cb"),
			"a broken encoding":                "/authorize?client_id=%zz",
			"nothing":                          "/authorize",
		} {
			p := stranger.get(path)
			p.want(t, name+", "+what, http.StatusBadRequest, "<h1>Bad Request")
			if p.header.Get("Location") != "" || !strings.Contains(p.body, "sent you here") && !strings.Contains(p.body, "wants you to be sent back to an address that is not registered") {
				t.Errorf("%s, %s: a redirect to %s", name, what, p.header.Get("Location"))
			}
		}
		for what, tt := range map[string]struct{ path, code string }{
			"prompt=none":                   {asks(a, "prompt", "none"), "login_required"},
			"prompt=none and another":       {asks(a, "prompt", "none login"), "invalid_request"},
			"no response_type":              {asks(a, "response_type", ""), "invalid_request"},
			"response_type=token":           {asks(a, "response_type", "token"), "unsupported_response_type"},
			"response_type=code id_token":   {asks(a, "response_type", "code id_token"), "unsupported_response_type"},
			"response_mode=fragment":        {asks(a, "response_mode", "fragment"), "invalid_request"},
			"response_mode=web_message":     {asks(a, "response_mode", "web_message", "prompt", "none"), "invalid_request"},
			"no challenge":                  {asks(a, "code_challenge", ""), "invalid_request"},
			"no challenge method":           {asks(a, "code_challenge_method", ""), "invalid_request"},
			"plain":                         {asks(a, "code_challenge_method", "plain"), "invalid_request"},
			"a challenge that is too short": {asks(a, "code_challenge", "x"), "invalid_request"},
			"a challenge with padding":      {asks(a, "code_challenge", accesstest.Challenge+"="), "invalid_request"},
			"an unknown audience":           {asks(a, "audience", "https://evil.example"), "invalid_target"},
			"scope twice":                   {asks(a) + "&scope=openid", "invalid_request"},
			"nonce of 513 bytes":            {asks(a, "nonce", strings.Repeat("x", 513)), "invalid_request"},
			"max_age that is no number":     {asks(a, "max_age", "soon"), "invalid_request"},
			"a request object":              {asks(a, "request", "x"), "request_not_supported"},
			"a request object elsewhere":    {asks(a, "request_uri", "https://x/"), "request_uri_not_supported"},
		} {
			q := stranger.get(tt.path).back(t, name+", "+what, callback)
			if q.Get("error") != tt.code || q.Get("error_description") == "" || q.Get("state") != "a state & more" || q.Get("iss") != accesstest.PublicURL+"/" {
				t.Errorf("%s, %s: sent back with %v", name, what, q)
			}
		}
		for what, path := range map[string]string{"state of 2 KB": asks(a, "state", strings.Repeat("x", 2049)), "state twice": asks(a) + "&state=b"} {
			if q := stranger.get(path).back(t, what, callback); q.Get("error") != "invalid_request" || q.Has("state") {
				t.Errorf("%s: sent back with %v", what, q)
			}
		}
	}
	// A loopback address is free in its port, and in nothing else (RFC 8252 §7.3).
	b := r.signedIn()
	loopback := asks(a, "redirect_uri", "http://127.0.0.1:49152/cb")
	b.get(loopback).want(t, "a loopback address", http.StatusOK, "127.0.0.1:49152")
	b.post(loopback, url.Values{"decision": {"allow"}}).back(t, "a loopback address", "http://127.0.0.1:49152/cb?code=")
}

// Who is not signed in signs in first, and comes back to the question with all of it.
func TestAuthorizeSignsIn(t *testing.T) {
	r := newRig(t)
	a := r.Application(r.env, "Web shop", callback)
	b := r.browser()
	p := b.get(asks(a))
	want := "/login?next=" + url.QueryEscape(asks(a))
	if p.status != http.StatusSeeOther || p.header.Get("Location") != want {
		t.Fatalf("%d %s, want %s", p.status, p.header.Get("Location"), want)
	}
	b.get(want)
	p = b.post("/login", url.Values{"email": {email}, "password": {password}, "next": {asks(a)}})
	if p.status != http.StatusSeeOther || p.header.Get("Location") != asks(a) {
		t.Fatalf("%d %s, want %s", p.status, p.header.Get("Location"), asks(a))
	}
	b.get(asks(a)).want(t, "the question", http.StatusOK, "Web shop")
	// A session that ends before the answer leads back here too.
	if err := r.Credential.SignOut(t.Context(), b.cookie("tepin").Value); err != nil {
		t.Fatal(err)
	}
	if p := b.post(asks(a), url.Values{"csrf": {"of the session that has ended"}, "decision": {"allow"}}); p.status != http.StatusSeeOther || p.header.Get("Location") != want {
		t.Errorf("%d %s", p.status, p.header.Get("Location"))
	}
}

// prompt=login and max_age want the password again when the sign-in is older.
func TestAuthorizeAgain(t *testing.T) {
	r := newRig(t)
	a := r.Application(r.env, "Web shop", callback)
	for what, tt := range map[string]struct {
		path string
		age  time.Duration
		want bool
	}{
		"any age":                    {asks(a), 11 * time.Hour, false},
		"prompt=login, just now":     {asks(a, "prompt", "login"), 0, false},
		"prompt=consent":             {asks(a, "prompt", "consent"), time.Hour, false},
		"prompt=login, a minute ago": {asks(a, "prompt", "login"), time.Minute, true},
		"max_age":                    {asks(a, "max_age", "3600"), 59 * time.Minute, false},
		"max_age, older":             {asks(a, "max_age", "3600"), 61 * time.Minute, true},
		"max_age=0, a minute ago":    {asks(a, "max_age", "0"), time.Minute, true},
	} {
		b := r.signedIn()
		r.advance(tt.age)
		if p := b.get(tt.path); strings.Contains(p.body, `name="password"`) != tt.want || p.status != http.StatusOK {
			t.Errorf("%s: status %d, asks for the password %t", what, p.status, !tt.want)
		}
		yes := url.Values{"decision": {"allow"}}
		if !tt.want {
			b.post(tt.path, yes).back(t, what, callback+"&code=")
			continue
		}
		b.post(tt.path, yes).want(t, what, http.StatusBadRequest, "This is not your password")
		yes.Set("password", password)
		q := b.post(tt.path, yes).back(t, what, callback+"&code=")
		tokens, err := r.People.Redeem(t.Context(), grant.Redemption{Application: a, Code: q.Get("code"), RedirectURI: callback, Verifier: accesstest.Verifier})
		if err != nil || r.now().Sub(tokens.Login.SignedInAt) > time.Minute {
			t.Errorf("%s: the sign-in is said to be of %s, %v", what, tokens.Login.SignedInAt, err)
		}
	}
}

// Who has no role in the application's environment has nothing to give; who has one gives
// what it is.
func TestAuthorizeNeedsARole(t *testing.T) {
	r := newRig(t)
	a := r.Application(r.env, "Web shop", callback)
	r.Member(tepin.Invitation{SubscriptionID: r.env.SubscriptionID, Email: "guest@example.com"})
	r.Member(tepin.Invitation{SubscriptionID: r.env.SubscriptionID, Email: "user@example.com", Environments: []tepin.EnvironmentRole{{EnvironmentID: r.env.ID, Role: tepin.EndUser}}})
	b := r.browser()
	b.get("/login")
	b.post("/login", url.Values{"email": {"guest@example.com"}, "password": {accesstest.Password}})
	b.get(asks(a)).want(t, "a guest", http.StatusForbidden, "no role in")
	b.post(asks(a), url.Values{"decision": {"allow"}}).want(t, "a guest's yes", http.StatusForbidden)
	b = r.browser()
	b.get("/login")
	b.post("/login", url.Values{"email": {"user@example.com"}, "password": {accesstest.Password}})
	b.get(asks(a)).want(t, "a user", http.StatusOK)
	b.post(asks(a), url.Values{"decision": {"allow"}}).want(t, "a user's yes", http.StatusSeeOther)
}

// The question promises what the person's roles allow, and no more.
func TestConsentPromisesWhatRolesAllow(t *testing.T) {
	r := newRig(t)
	a := r.Application(r.env, "Web shop", callback)
	in := []tepin.EnvironmentRole{{EnvironmentID: r.env.ID, Role: tepin.EndUser}}
	eu := r.as(tepin.Invitation{Email: "eu@example.org", Environments: in})
	eu.get(asks(a)).want(t, "an end user", http.StatusOK, "make, change and delete projects")
	cut := asks(a, "scope", "openid template:write template:read")
	if p := eu.get(cut); strings.Contains(p.body, "template:write") || !strings.Contains(p.body, "template:read") {
		t.Error("an end user is promised to be able to change templates")
	}
	eu.get(asks(a, "scope", "openid template:write")).want(t, "nothing", http.StatusOK, "your roles allow none")
	tds := r.as(tepin.Invitation{Email: "tds@example.org", TemplateDesigner: true, Environments: in})
	tds.get(asks(a)).want(t, "a template designer", http.StatusOK, "Read, change and delete the templates")
	tds.get(cut).want(t, "a template designer, cut down", http.StatusOK, "template:write")
}
