package oauth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/grant"
)

const (
	callback = "https://shop.example/callback"
	byCode   = "grant_type=authorization_code&client_id={app}&redirect_uri=https://shop.example/callback&code_verifier=" + accesstest.Verifier
	byToken  = "grant_type=refresh_token&client_id={app}"
	byDevice = "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id={cli}"
	devices  = "/oauth/device/code"
	userinfo = "/oauth/userinfo"
)

// peopleRows are requests of applications. {app} and {app2} are registered, {cli} may
// use devices. {code}, {refresh}, {waiting}, {approved} and {denied} are fresh each time;
// {bearer} is a person's token, {integration} an integration's.
var peopleRows = []row{
	// The authorization code.
	{rfc: "6749 §4.1.3", name: "a code", header: form, body: byCode + "&code={code}", status: 200},
	{rfc: "6749 §4.1.3", name: "a code, in JSON", header: js, body: `{"grant_type":"authorization_code","client_id":"{app}","redirect_uri":"https://shop.example/callback","code_verifier":"` + accesstest.Verifier + `","code":"{code}"}`, status: 200},
	{rfc: "auth0-spa-js", name: "a code, with the library's header", header: form + "\nAuth0-Client: eyJuYW1lIjoiYXV0aDAtc3BhLWpzIn0=", body: byCode + "&code={code}", status: 200},
	{rfc: "6749 §3.2", name: "a code, with parameters that nobody knows", header: form, body: byCode + "&code={code}&auth0Client=x&scope=template:write&state=x", status: 200},
	{rfc: "6749 §4.1.3", name: "no code", header: form, body: byCode, status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "an empty code", header: form, body: byCode + "&code=", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "a code twice", header: form, body: byCode + "&code={code}&code={code}", status: 400, code: "invalid_request"},
	{rfc: "6749 §5.2", name: "a code that nobody was given", header: form, body: byCode + "&code=tpn_ac_x", status: 400, code: "invalid_grant"},
	{rfc: "6749 §5.2", name: "a refresh token for a code", header: form, body: byCode + "&code={refresh}", status: 400, code: "invalid_grant"},
	{rfc: "6749 §4.1.3", name: "another redirect_uri", header: form, body: strings.Replace(byCode, "callback", "other", 1) + "&code={code}", status: 400, code: "invalid_grant"},
	{rfc: "6749 §4.1.3", name: "no redirect_uri", header: form, body: strings.Replace(byCode, "redirect_uri", "x", 1) + "&code={code}", status: 400, code: "invalid_request"},
	{rfc: "7636 §4.6", name: "another verifier", header: form, body: strings.Replace(byCode, "dBjft", "eBjft", 1) + "&code={code}", status: 400, code: "invalid_grant"},
	{rfc: "7636 §4.6", name: "the challenge for a verifier", header: form, body: strings.Replace(byCode, accesstest.Verifier, accesstest.Challenge, 1) + "&code={code}", status: 400, code: "invalid_grant"},
	{rfc: "7636 §4.5", name: "no verifier", header: form, body: strings.Replace(byCode, "code_verifier", "x", 1) + "&code={code}", status: 400, code: "invalid_request"},
	{rfc: "7636 §4.1", name: "a verifier of 42 characters", header: form, body: strings.Replace(byCode, accesstest.Verifier, accesstest.Verifier[1:], 1) + "&code={code}", status: 400, code: "invalid_request"},
	{rfc: "7636 §4.1", name: "a verifier of 129 characters", header: form, body: strings.Replace(byCode, accesstest.Verifier, strings.Repeat("x", 129), 1) + "&code={code}", status: 400, code: "invalid_request"},
	{rfc: "7636 §4.1", name: "a verifier with a plus", header: form, body: strings.Replace(byCode, accesstest.Verifier, accesstest.Verifier+"%2B", 1) + "&code={code}", status: 400, code: "invalid_request"},
	{rfc: "6749 §4.1.3", name: "another application's code", header: form, body: strings.Replace(byCode, "{app}", "{app2}", 1) + "&code={code}", status: 400, code: "invalid_grant"},
	{rfc: "6749 §3.2.1", name: "no client_id", header: form, body: strings.Replace(byCode, "client_id", "x", 1) + "&code={code}", status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "an unknown client_id", header: form, body: strings.Replace(byCode, "{app}", "app_nobody", 1) + "&code={code}", status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "a person's id for a client_id", header: form, body: strings.Replace(byCode, "{app}", "{person}", 1) + "&code={code}", status: 401, code: "invalid_client"},
	{rfc: "6749 §2.3", name: "a public client with a secret", header: form, body: byCode + "&code={code}&client_secret=x", status: 401, code: "invalid_client"},
	{rfc: "6749 §2.3", name: "a public client with Basic", header: form + "\nAuthorization: Basic {appbasic}", body: byCode + "&code={code}", status: 401, code: "invalid_client"},
	{rfc: "6749 §2.3.1", name: "a code in the address", header: form, body: byCode, query: "code={code}", status: 400, code: "invalid_request"},
	{rfc: "6749 §5.2", name: "an integration with a code", header: form, body: good + "&grant_type2=x", status: 200},
	{rfc: "6749 §5.2", name: "an integration, proved, with a code", header: form + "\n" + auth, body: "grant_type=authorization_code&code={code}&redirect_uri=" + callback + "&code_verifier=" + accesstest.Verifier, status: 400, code: "unauthorized_client"},
	{rfc: "6749 §5.2", name: "an integration, unproved, with a code", header: form, body: strings.Replace(byCode, "{app}", "{id}", 1) + "&code={code}", status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "an application for client credentials", header: form, body: "grant_type=client_credentials&client_id={app}", status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "an application for client credentials, with a secret", header: form, body: "grant_type=client_credentials&client_id={app}&client_secret={secret}", status: 401, code: "invalid_client"},

	// Refresh tokens.
	{rfc: "6749 §6", name: "a refresh token", header: form, body: byToken + "&refresh_token={refresh}", status: 200},
	{rfc: "auth0-spa-js", name: "a refresh token, with all that the library sends", header: form, body: byToken + "&refresh_token={refresh}&redirect_uri=https://shop.example/callback&scope=openid profile email offline_access&audience=https://chiligrafx.com", status: 200},
	{rfc: "6749 §6", name: "a refresh token, for less", header: form, body: byToken + "&refresh_token={refresh}&scope=openid", status: 200},
	{rfc: "6749 §6", name: "a refresh token, cut to one of the API's", header: form, body: byToken + "&refresh_token={refresh}&scope=template:read", status: 200},
	{rfc: "6749 §6", name: "a refresh token, for less and for words that mean nothing", header: form, body: byToken + "&refresh_token={refresh}&scope=openid read:subscriptions", status: 200},
	{rfc: "6749 §6", name: "a refresh token, for nothing that there is", header: form, body: byToken + "&refresh_token={refresh}&scope=template:reed", status: 400, code: "invalid_scope"},
	{rfc: "8707 §2", name: "a refresh token, for an unknown audience", header: form, body: byToken + "&refresh_token={refresh}&audience=https://evil.example", status: 400, code: "invalid_target"},
	{rfc: "6749 §6", name: "no refresh token", header: form, body: byToken, status: 400, code: "invalid_request"},
	{rfc: "6749 §5.2", name: "a refresh token that nobody was given", header: form, body: byToken + "&refresh_token=tpn_rt_x", status: 400, code: "invalid_grant"},
	{rfc: "6749 §5.2", name: "an access token for a refresh token", header: form, body: byToken + "&refresh_token={bearer}", status: 400, code: "invalid_grant"},
	{rfc: "6749 §6", name: "another application's refresh token", header: form, body: strings.Replace(byToken, "{app}", "{app2}", 1) + "&refresh_token={refresh}", status: 400, code: "invalid_grant"},
	{rfc: "6749 §2.3.1", name: "a refresh token in the address", header: form, body: byToken, query: "refresh_token={refresh}", status: 400, code: "invalid_request"},

	// Devices.
	{path: devices, rfc: "8628 §3.1", name: "device", header: form, body: "client_id={cli}&scope=openid+profile", status: 200},
	{path: devices, rfc: "connector-cli", name: "device: as the tool sends it, not encoded", header: form, body: "client_id={cli}&scope=openid profile&audience=https://chiligrafx.com", status: 200},
	{path: devices, rfc: "8628 §3.1", name: "device: no scope", header: form, body: "client_id={cli}", status: 200},
	{path: devices, rfc: "8628 §3.1", name: "device: JSON", header: js, body: `{"client_id":"{cli}","scope":"openid"}`, status: 200},
	{path: devices, rfc: "OIDC §3.1.2.1", name: "device: scopes that nobody knows", header: form, body: "client_id={cli}&scope=openid magic", status: 200},
	{path: devices, rfc: "8628 §3.1", name: "device: no client", header: form, body: "scope=openid", status: 401, code: "invalid_client"},
	{path: devices, rfc: "8628 §3.1", name: "device: an unknown client", header: form, body: "client_id=nobody", status: 401, code: "invalid_client"},
	{path: devices, rfc: "6749 §5.2", name: "device: an application that is registered for the web", header: form, body: "client_id={app}", status: 400, code: "unauthorized_client"},
	{path: devices, rfc: "6749 §5.2", name: "device: an integration", header: form + "\n" + auth, body: "scope=openid", status: 400, code: "unauthorized_client"},
	{path: devices, rfc: "8707 §2", name: "device: an unknown audience", header: form, body: "client_id={cli}&audience=https://evil.example", status: 400, code: "invalid_target"},
	{path: devices, rfc: "6749 §3.2", name: "device: scope twice", header: form, body: "client_id={cli}&scope=openid&scope=profile", status: 400, code: "invalid_request"},
	{path: devices, rfc: "9110 §15.5.16", name: "device: text", header: "Content-Type: text/plain", body: "client_id={cli}", status: 415, code: "invalid_request"},
	{path: devices, rfc: "8628 §3.1", name: "device: GET", method: "GET", query: "client_id={cli}", status: 405, code: "invalid_request"},
	{path: devices, rfc: "Fetch §4.8", name: "device: preflight", method: "OPTIONS", header: "Access-Control-Request-Method: POST\nAccess-Control-Request-Headers: auth0-client", status: 204},
	{rfc: "8628 §3.5", name: "poll: waiting", header: form, body: byDevice + "&device_code={waiting}", status: 400, code: "authorization_pending"},
	{rfc: "8628 §3.5", name: "poll: approved", header: form, body: byDevice + "&device_code={approved}", status: 200},
	{rfc: "8628 §3.5", name: "poll: denied", header: form, body: byDevice + "&device_code={denied}", status: 400, code: "access_denied"},
	{rfc: "8628 §3.4", name: "poll: the user code", header: form, body: byDevice + "&device_code=BCDF-GHJK", status: 400, code: "invalid_grant"},
	{rfc: "8628 §3.4", name: "poll: no code", header: form, body: byDevice, status: 400, code: "invalid_request"},
	{rfc: "8628 §3.4", name: "poll: another client", header: form, body: strings.Replace(byDevice, "{cli}", "tepin", 1) + "&device_code={approved}", status: 400, code: "invalid_grant"},
	{rfc: "8628 §3.4", name: "poll: no client", header: form, body: strings.Replace(byDevice, "client_id", "x", 1) + "&device_code={approved}", status: 401, code: "invalid_client"},
	{rfc: "8628 §3.4", name: "poll: a code of another kind", header: form, body: byDevice + "&device_code={code}", status: 400, code: "invalid_grant"},

	// Who it is.
	{path: userinfo, rfc: "OIDC §5.3.1", name: "userinfo", method: "GET", header: "Authorization: Bearer {bearer}", status: 200},
	{path: userinfo, rfc: "OIDC §5.3.1", name: "userinfo: POST", header: "Authorization: Bearer {bearer}", status: 200},
	{path: userinfo, rfc: "OIDC §5.3.1", name: "userinfo: POST with a form", header: form + "\nAuthorization: Bearer {bearer}", body: "x=y", status: 200},
	{path: userinfo, rfc: "9110 §11.1", name: "userinfo: scheme in lower case", method: "GET", header: "Authorization: bearer {bearer}", status: 200},
	{path: userinfo, rfc: "6750 §3", name: "userinfo: nobody", method: "GET", status: 401},
	{path: userinfo, rfc: "6750 §2.2", name: "userinfo: the token in the body", header: form, body: "access_token={bearer}", status: 401},
	{path: userinfo, rfc: "6750 §2.3", name: "userinfo: the token in the address", method: "GET", query: "access_token={bearer}", status: 401},
	{path: userinfo, rfc: "6750 §3.1", name: "userinfo: no token", method: "GET", header: "Authorization: Bearer x", status: 401},
	{path: userinfo, rfc: "6750 §3.1", name: "userinfo: two headers", method: "GET", header: "Authorization: Bearer {bearer}\nAuthorization: Bearer {bearer}", status: 401},
	{path: userinfo, rfc: "6750 §3.1", name: "userinfo: an id_token", method: "GET", header: "Authorization: Bearer {idtoken}", status: 401},
	{path: userinfo, rfc: "6750 §3.1", name: "userinfo: a refresh token", method: "GET", header: "Authorization: Bearer {refresh}", status: 401},
	{path: userinfo, rfc: "OIDC §5.3.3", name: "userinfo: an integration's token", method: "GET", header: "Authorization: Bearer {integration}", status: 403},
	{path: userinfo, rfc: "6750 §3.1", name: "userinfo: without openid", method: "GET", header: "Authorization: Bearer {anonymous}", status: 403},
	{path: userinfo, rfc: "9110 §15.5.6", name: "userinfo: PUT", method: "PUT", header: "Authorization: Bearer {bearer}", status: 405, code: "invalid_request"},
	{path: userinfo, rfc: "Fetch §4.8", name: "userinfo: preflight", method: "OPTIONS", header: "Access-Control-Request-Method: GET\nAccess-Control-Request-Headers: authorization", status: 204},

	// The end.
	{path: "/oauth/revoke", rfc: "7009 §2.1", name: "revoke: a refresh token", header: form, body: "client_id={app}&token={refresh}", status: 200},
	{path: "/oauth/revoke", rfc: "7009 §2.1", name: "revoke: a refresh token, with a hint", header: form, body: "client_id={app}&token={refresh}&token_type_hint=refresh_token", status: 200},
	{path: "/oauth/revoke", rfc: "7009 §2.1", name: "revoke: another application's refresh token", header: form, body: "client_id={app2}&token={refresh}", status: 200},
	{path: "/oauth/revoke", rfc: "7009 §2.1", name: "revoke: an access token", header: form, body: "client_id={app}&token={fresh}", status: 200},
	{path: "/oauth/revoke", rfc: "7009 §2.2", name: "revoke: garbage of an application", header: form, body: "client_id={app}&token=%00", status: 200},
	{path: "/oauth/revoke", rfc: "7009 §2.1", name: "revoke: no token of an application", header: form, body: "client_id={app}", status: 400, code: "invalid_request"},
	{path: "/oauth/revoke", rfc: "7009 §2.1", name: "revoke: an application with a secret", header: form, body: "client_id={app}&client_secret=x&token={refresh}", status: 401, code: "invalid_client"},
	{path: "/oauth/introspect", rfc: "7662 §2.1", name: "introspect: an application", header: form, body: "client_id={app}&token={refresh}", status: 401, code: "invalid_client"},
}

var placeholder = regexp.MustCompile(`\{[a-z0-9]+\}`)

// peopleRig is a rig with applications and somebody who signs in to them.
type peopleRig struct {
	*rig
	who       grant.Person
	app, app2 tepin.Application
	cli       tepin.Application
	secrets   []string // that were handed out
}

func newPeopleRig(t testing.TB) *peopleRig {
	t.Helper()
	p := &peopleRig{rig: newRig(t), cli: tepin.FirstParty[1]}
	p.app, p.app2 = p.Application(p.env, "Shop", callback), p.Application(p.env, "Other", callback)
	p.who, _ = p.SignedIn("ada@example.com")
	return p
}

const allIdentity = "openid profile email offline_access"

// fresh makes what a placeholder stands for.
func (p *peopleRig) fresh(name string) string {
	p.t.Helper()
	ctx := context.Background()
	start := func() grant.DeviceStart {
		audience := must(p.People.Audience())
		return must(p.People.StartDevice(ctx, grant.DeviceAsk{Application: p.cli, Scopes: tepin.AskedScopes("openid profile"), Audience: audience}))
	}
	decided := func(yes bool) string {
		s := start()
		if err := p.People.DecideDevice(ctx, p.who, grant.DeviceDecision{Typed: s.UserCode, Approve: yes, Environment: p.env.ID}); err != nil {
			p.t.Fatal(err)
		}
		return s.DeviceCode
	}
	switch name {
	case "{app}":
		return string(p.app.ClientID)
	case "{app2}":
		return string(p.app2.ClientID)
	case "{cli}":
		return string(p.cli.ClientID)
	case "{person}":
		return string(p.who.User.ID)
	case "{appbasic}":
		return basic(string(p.app.ClientID), "x")
	}
	made := ""
	switch name {
	case "{code}":
		code, _ := p.AskForCode(p.who, p.app, allIdentity)
		made = code
	case "{refresh}":
		made = p.PersonTokens(p.who, p.app, "", allIdentity).Refresh
	case "{fresh}", "{bearer}":
		made = p.PersonTokens(p.who, p.app, "", allIdentity).Access
	case "{idtoken}":
		made = p.PersonTokens(p.who, p.app, "", allIdentity).ID
	case "{anonymous}":
		made = p.PersonTokens(p.who, p.app, "", "profile").Access
	case "{waiting}":
		made = start().DeviceCode
	case "{approved}":
		made = decided(true)
	case "{denied}":
		made = decided(false)
	default:
		p.t.Fatalf("nothing is called %s", name)
	}
	p.secrets = append(p.secrets, made)
	return made
}

func TestConformanceOfPeople(t *testing.T) {
	p := newPeopleRig(t)
	in, secret := p.Integration(p.env, tepin.ReadOnlyScopes...)
	p.secrets = append(p.secrets, secret)
	known := strings.NewReplacer("{id}", string(in.ClientID), "{secret}", secret, "{basic}", basic(string(in.ClientID), secret), "{integration}", must(p.Token(in.ClientID, secret)))
	for _, c := range peopleRows {
		t.Run(c.name, func(t *testing.T) {
			p.t = t
			once := map[string]string{}
			fill := func(text string) string {
				return placeholder.ReplaceAllStringFunc(known.Replace(text), func(name string) string {
					if once[name] == "" {
						once[name] = p.fresh(name)
					}
					return once[name]
				})
			}
			method, path := c.method, c.path
			if method == "" {
				method = http.MethodPost
			}
			if path == "" {
				path = "/oauth/token"
			}
			req := must(http.NewRequest(method, p.server.URL+path, strings.NewReader(fill(c.body))))
			req.URL.RawQuery = fill(c.query)
			req.Header.Set("Origin", "https://shop.example")
			for line := range strings.Lines(fill(c.header)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				req.Header.Add(name, value)
			}
			got := p.do(req)
			if got.StatusCode != c.status || got.code != c.code {
				t.Fatalf("RFC %s: %d %s %q, want %d %s", c.rfc, got.StatusCode, got.code, got.body, c.status, c.code)
			}
			p.check(path, got)
			for name, value := range once {
				if !strings.Contains("{app}{app2}{cli}{person}", name) && strings.Contains(got.body+headerText(got.Header), value) {
					t.Errorf("the answer repeats %s", name)
				}
			}
		})
	}

	// The canary (S12, S13): none of what was handed out is in the log or in the database.
	p.t = t
	places := map[string]string{"the log": p.log.String()}
	for _, file := range must(filepath.Glob(filepath.Join(p.dir, "*"))) {
		places[file] = string(must(os.ReadFile(file)))
	}
	if len(p.secrets) < 50 || len(places) < 2 {
		t.Fatalf("nothing to search: %d secrets, %d places", len(p.secrets), len(places))
	}
	for place, text := range places {
		for _, canary := range p.secrets {
			if strings.Contains(text, canary) {
				t.Errorf("%s holds %.14s…", place, canary)
			}
		}
	}
}

// check is what holds for every answer to an application.
func (p *peopleRig) check(path string, got response) {
	p.t.Helper()
	h := got.Header
	if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Set-Cookie") != "" {
		p.t.Errorf("a browser cannot read this, or is given a cookie: %v", h)
	}
	challenge := "Basic realm="
	if path == userinfo {
		challenge = "Bearer realm="
	}
	if (got.StatusCode == http.StatusUnauthorized) && !strings.HasPrefix(h.Get("WWW-Authenticate"), challenge) {
		p.t.Errorf("WWW-Authenticate: %q", h.Get("WWW-Authenticate"))
	}
	var members map[string]any
	if got.StatusCode != http.StatusOK || path == "/oauth/revoke" {
		return
	}
	if err := json.Unmarshal([]byte(got.body), &members); err != nil || h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "no-store" {
		p.t.Fatalf("body %q, headers %v: %v", got.body, h, err)
	}
	want := map[string][]string{
		"/oauth/token": {"access_token", "token_type", "expires_in", "scope"},
		devices:        {"device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval"},
		userinfo:       {"sub", "name", "email"},
	}[path]
	for _, name := range want {
		if members[name] == nil {
			p.t.Errorf("no %s in %s", name, got.body)
		}
	}
	for _, name := range []string{"access_token", "refresh_token", "id_token", "device_code", "user_code"} {
		if text, ok := members[name].(string); ok {
			p.secrets = append(p.secrets, text)
			if name == "user_code" { // as it is stored, if it were
				p.secrets = append(p.secrets, strings.ReplaceAll(text, "-", ""))
			}
		}
	}
}
