package oauth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/store"
)

// personTokens is an answer to an application.
type personTokens struct {
	response
	id, refresh string
}

// ask posts pairs of names and values to the token endpoint.
func (p *peopleRig) ask(pairs ...string) personTokens {
	p.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	got := personTokens{response: p.form(form.Encode())}
	var v struct{ ID_token, Refresh_token string }
	if err := json.Unmarshal([]byte(got.body), &v); err != nil {
		p.t.Fatalf("%d %q: %v", got.StatusCode, got.body, err)
	}
	got.id, got.refresh = v.ID_token, v.Refresh_token
	return got
}

func (p *peopleRig) redeem(code string) personTokens {
	p.t.Helper()
	return p.ask("grant_type", "authorization_code", "client_id", string(p.app.ClientID), "code", code, "redirect_uri", callback, "code_verifier", accesstest.Verifier)
}

func (p *peopleRig) renew(token string) personTokens {
	p.t.Helper()
	return p.ask("grant_type", "refresh_token", "client_id", string(p.app.ClientID), "refresh_token", token)
}

// whoIs asks /oauth/userinfo.
func (p *peopleRig) whoIs(token string) response {
	p.t.Helper()
	req := must(http.NewRequest("GET", p.server.URL+userinfo, nil))
	req.Header.Set("Authorization", "Bearer "+token)
	return p.do(req)
}

// claims verifies a token as a relying party does, by the published keys.
func (p *peopleRig) claims(raw string, alg jose.SignatureAlgorithm) (header jose.Header, claims map[string]any) {
	p.t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(p.do(must(http.NewRequest("GET", p.server.URL+"/.well-known/jwks.json", nil))).body), &set); err != nil {
		p.t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{alg})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := parsed.Claims(set, &claims); err != nil {
		p.t.Fatal(err)
	}
	return parsed.Headers[0], claims
}

// What an application gets is what auth0-spa-js and its like expect, and says who the
// person is, and no more than was asked.
func TestTokensOfAPerson(t *testing.T) {
	p := newPeopleRig(t)
	code, _ := p.AskForCode(p.who, p.app, allIdentity)
	got := p.redeem(code)
	if got.StatusCode != 200 || got.left != 3600 || got.scope != allIdentity || got.refresh == "" {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	header, id := p.claims(got.id, jose.RS256)
	sum := sha256.Sum256([]byte(got.token))
	for name, want := range map[string]any{
		"iss": publicURL + "/", "aud": string(p.app.ClientID), "sub": string(p.who.User.ID), "nonce": "a nonce", "name": "Ada", "email": "ada@example.com",
		"auth_time": float64(p.who.SignedInAt.Unix()), "at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]),
	} {
		if id[name] != want {
			t.Errorf("id_token: %s is %v, want %v", name, id[name], want)
		}
	}
	if id["exp"].(float64)-id["iat"].(float64) != 3600 || len(id) != 10 || header.ExtraHeaders["typ"] != "JWT" {
		t.Errorf("id_token: %v, header %v", id, header)
	}
	header, access := p.claims(got.token, jose.ES256)
	for name, want := range map[string]any{
		"iss": publicURL + "/", "sub": string(p.who.User.ID), "client_id": string(p.app.ClientID), "scope": allIdentity, "urn:tepin:environment": string(p.env.ID), "urn:tepin:epoch": 1.0,
	} {
		if access[name] != want {
			t.Errorf("access token: %s is %v, want %v", name, access[name], want)
		}
	}
	if header.ExtraHeaders["typ"] != "at+jwt" || fmt.Sprint(access["aud"]) != fmt.Sprint([]any{alias, publicURL}) {
		t.Errorf("access token: header %v, aud %v", header, access["aud"])
	}
	if who := p.whoIs(got.token); who.body != fmt.Sprintf(`{"sub":"%s","name":"Ada","email":"ada@example.com"}`, p.who.User.ID) {
		t.Errorf("userinfo: %s", who.body)
	}

	for scope, want := range map[string]string{
		"openid":                     `{"sub":"` + string(p.who.User.ID) + `"}`,
		"openid profile":             `{"sub":"` + string(p.who.User.ID) + `","name":"Ada"}`,
		"openid email template:read": `{"sub":"` + string(p.who.User.ID) + `","email":"ada@example.com"}`,
	} {
		code, _ := p.AskForCode(p.who, p.app, scope)
		got := p.redeem(code)
		if who := p.whoIs(got.token); who.body != want || got.refresh != "" || got.scope != scope {
			t.Errorf("%s: scope %q, refresh %q, userinfo %s", scope, got.scope, got.refresh, who.body)
		}
		if _, id := p.claims(got.id, jose.RS256); (id["name"] != nil) != strings.Contains(scope, "profile") || (id["email"] != nil) != strings.Contains(scope, "email") {
			t.Errorf("%s: id_token %v", scope, id)
		}
	}
	code, _ = p.AskForCode(p.who, p.app, "profile")
	if got := p.redeem(code); got.id != "" || got.token == "" || p.whoIs(got.token).StatusCode != 403 {
		t.Errorf("without openid: %s", got.body)
	}
}

// Each refresh token is good once, and brings the next; one that comes again ends all.
func TestRefreshRotates(t *testing.T) {
	p := newPeopleRig(t)
	code, _ := p.AskForCode(p.who, p.app, allIdentity)
	first := p.redeem(code)
	p.advance(50 * time.Minute)
	second := p.renew(first.refresh)
	if second.StatusCode != 200 || second.refresh == first.refresh || second.token == first.token || second.left != 3600 || second.scope != allIdentity {
		t.Fatalf("%d %s", second.StatusCode, second.body)
	}
	_, before := p.claims(first.id, jose.RS256)
	_, after := p.claims(second.id, jose.RS256)
	if after["nonce"] != nil || after["auth_time"] != before["auth_time"] || after["sub"] != before["sub"] || after["iat"] == before["iat"] {
		t.Errorf("the next id_token: %v after %v", after, before)
	}
	third := p.ask("grant_type", "refresh_token", "client_id", string(p.app.ClientID), "refresh_token", second.refresh, "scope", "openid template:read", "audience", alias)
	if third.scope != "openid offline_access template:read" {
		t.Errorf("cut down: %s", third.body)
	}
	if got := p.ask("grant_type", "refresh_token", "client_id", string(p.app.ClientID), "refresh_token", third.refresh); got.scope != allIdentity {
		t.Errorf("the sign-in is cut down itself: %s", got.body)
	} else {
		third = got
	}
	for _, token := range []string{first.token, second.token, third.token} {
		if !p.alive(token) {
			t.Error("a token died by a refresh")
		}
	}
	if got := p.renew(second.refresh); got.code != "invalid_grant" {
		t.Errorf("an old refresh token: %d %s", got.StatusCode, got.body)
	}
	if p.alive(second.token) || p.alive(third.token) {
		t.Error("access tokens outlive the misuse")
	}
	if got := p.renew(third.refresh); got.code != "invalid_grant" {
		t.Errorf("the newest refresh token: %d %s", got.StatusCode, got.body)
	}
	if got := p.audited("login.misuse"); len(got) != 1 || !strings.Contains(got[0], "refresh token reused") {
		t.Errorf("audit lines: %q", got)
	}
}

// audited returns the details of the lines of this action in the environment's log.
func (p *peopleRig) audited(action string) (details []string) {
	p.t.Helper()
	for _, chain := range []string{string(p.env.ID), store.InstanceChain} {
		for _, l := range must(p.Store.AuditEntries(context.Background(), chain, 0, 1000)) {
			if l.Action == action {
				details = append(details, l.Detail)
			}
		}
	}
	return details
}

// A code is good once, for a minute; one that comes again ends what it began (S25).
func TestCodeOnce(t *testing.T) {
	p := newPeopleRig(t)
	code, _ := p.AskForCode(p.who, p.app, allIdentity)
	got := p.redeem(code)
	if again := p.redeem(code); again.code != "invalid_grant" || p.alive(got.token) || p.renew(got.refresh).code != "invalid_grant" {
		t.Errorf("%d %s, alive %t", again.StatusCode, again.body, p.alive(got.token))
	}
	if got := p.audited("login.misuse"); len(got) != 1 || !strings.Contains(got[0], "code reused") {
		t.Errorf("audit lines: %q", got)
	}
	code, _ = p.AskForCode(p.who, p.app, allIdentity)
	p.advance(grant.CodeLifetime + time.Second)
	if got := p.redeem(code); got.code != "invalid_grant" {
		t.Errorf("after a minute: %d %s", got.StatusCode, got.body)
	}
}

// What ends an access token of a person bites at once (P5).
func TestPersonTokensEnd(t *testing.T) {
	p := newPeopleRig(t)
	_, cookie := p.SignedIn("bea@example.com")
	session, bea, err := p.Credential.SessionOf(t.Context(), cookie)
	if err != nil {
		t.Fatal(err)
	}
	who := grant.Person{User: bea, Session: session.Hash, SignedInAt: session.ProvedAt}
	for name, end := range map[string]func(personTokens) error{
		"sign-out": func(personTokens) error { return p.Credential.SignOut(t.Context(), cookie) },
		"revocation of the access token": func(got personTokens) error {
			p.revoke(string(p.app.ClientID), got.token)
			return nil
		},
		"revocation of the refresh token": func(got personTokens) error {
			p.revoke(string(p.app.ClientID), got.refresh)
			return nil
		},
		"a new password": func(personTokens) error {
			return p.Credential.SetPassword(t.Context(), admin, p.who.User.ID, "another good sentence")
		},
	} {
		by := p.who
		if name == "sign-out" {
			by = who
		}
		code, _ := p.AskForCode(by, p.app, allIdentity)
		got := p.redeem(code)
		p.revoke(string(p.app2.ClientID), got.token)
		p.revoke(string(p.app2.ClientID), got.refresh)
		if !p.alive(got.token) {
			t.Fatalf("%s: another application ended it", name)
		}
		if err := end(got); err != nil {
			t.Fatal(err)
		}
		if p.alive(got.token) || p.renew(got.refresh).code != "invalid_grant" {
			t.Errorf("%s does not end it", name)
		}
		if name == "a new password" {
			p.who, _ = p.SignedIn(tepin.RandomBase62(5) + "@example.com")
		}
	}
}

func (p *peopleRig) revoke(client, token string) {
	p.t.Helper()
	req := must(http.NewRequest("POST", p.server.URL+"/oauth/revoke", strings.NewReader(url.Values{"client_id": {client}, "token": {token}}.Encode())))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := p.do(req); got.StatusCode != 200 {
		p.t.Errorf("revoke: %d %s", got.StatusCode, got.body)
	}
}

// started is an answer of the device endpoint.
type started struct {
	Device_code, User_code, Verification_uri, Verification_uri_complete string
	Expires_in, Interval                                                int
}

// start begins a sign-in as the connector tool does: its body is not encoded.
func (p *peopleRig) start() (s started) {
	p.t.Helper()
	body := fmt.Sprintf("client_id=%s&scope=%s&audience=%s", p.cli.ClientID, "openid profile", "https://chiligrafx.com")
	req := must(http.NewRequest("POST", p.server.URL+devices, strings.NewReader(body)))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got := p.do(req)
	if err := json.Unmarshal([]byte(got.body), &s); err != nil || got.StatusCode != 200 {
		p.t.Fatalf("%d %s, %v", got.StatusCode, got.body, err)
	}
	return s
}

func (p *peopleRig) poll(s started) personTokens {
	p.t.Helper()
	return p.ask("grant_type", "urn:ietf:params:oauth:grant-type:device_code", "device_code", s.Device_code, "client_id", string(p.cli.ClientID))
}

// The way of a device, from its request to its tokens (RFC 8628, S26).
func TestDeviceFlow(t *testing.T) {
	p := newPeopleRig(t)
	s := p.start()
	if s.Verification_uri != publicURL+"/device" || s.Verification_uri_complete != publicURL+"/device?user_code="+s.User_code || s.Expires_in != 600 || s.Interval != 5 ||
		len(s.User_code) != 9 || s.User_code[4] != '-' {
		t.Fatalf("%+v", s)
	}
	if got := p.poll(s); got.code != "authorization_pending" || got.StatusCode != 400 {
		t.Errorf("at once: %d %s", got.StatusCode, got.body)
	}
	if got := p.poll(s); got.code != "slow_down" {
		t.Errorf("too soon: %d %s", got.StatusCode, got.body)
	}
	p.advance(5 * time.Second)
	if got := p.poll(s); got.code != "slow_down" {
		t.Errorf("as before, and not slower: %d %s", got.StatusCode, got.body)
	}
	p.advance(15 * time.Second)
	if got := p.poll(s); got.code != "authorization_pending" {
		t.Errorf("slower: %d %s", got.StatusCode, got.body)
	}
	if err := p.People.DecideDevice(t.Context(), p.who, grant.DeviceDecision{Typed: strings.ToLower(strings.Replace(s.User_code, "-", " ", 1)), Approve: true, Environment: p.env.ID}); err != nil {
		t.Fatal(err)
	}
	got := p.poll(s)
	if got.StatusCode != 200 || got.scope != "openid profile" || got.refresh != "" || got.left != 86400 {
		t.Fatalf("approved: %d %s", got.StatusCode, got.body)
	}
	if who := p.whoIs(got.token); !strings.Contains(who.body, `"name":"Ada"`) || strings.Contains(who.body, "email") {
		t.Errorf("userinfo: %d %s", who.StatusCode, who.body)
	}
	if again := p.poll(s); again.code != "invalid_grant" || !p.alive(got.token) {
		t.Errorf("once more: %d %s", again.StatusCode, again.body)
	}
	if lines := p.audited("device.approve"); len(lines) != 1 || !strings.Contains(lines[0], string(p.cli.ClientID)) {
		t.Errorf("audit lines: %q", lines)
	}

	s = p.start()
	p.advance(grant.DeviceLifetime)
	if got := p.poll(s); got.code != "expired_token" {
		t.Errorf("after ten minutes: %d %s", got.StatusCode, got.body)
	}
	s = p.start()
	if err := p.People.DecideDevice(t.Context(), p.freshly(), grant.DeviceDecision{Typed: s.User_code}); err != nil {
		t.Fatal(err)
	}
	if got := p.poll(s); got.code != "access_denied" {
		t.Errorf("denied: %d %s", got.StatusCode, got.body)
	}
	if lines := p.audited("device.deny"); len(lines) != 1 {
		t.Errorf("audit lines: %q", lines)
	}
}

// freshly is somebody who has just signed in.
func (p *peopleRig) freshly() grant.Person {
	p.t.Helper()
	who, _ := p.SignedIn(tepin.RandomBase62(6) + "@example.com")
	return who
}

// A token ends no later than the environment's would.
func TestPersonTokenLifetime(t *testing.T) {
	p := newPeopleRig(t)
	short, alg := 10*time.Minute, "RS256"
	if _, err := p.Credential.UpdateEnvironment(t.Context(), admin, p.env.ID, tepin.EnvironmentUpdate{TokenLifetime: &short, SigningAlg: &alg}); err != nil {
		t.Fatal(err)
	}
	s := p.start()
	if err := p.People.DecideDevice(t.Context(), p.who, grant.DeviceDecision{Typed: s.User_code, Approve: true, Environment: p.env.ID}); err != nil {
		t.Fatal(err)
	}
	code, _ := p.AskForCode(p.who, p.app, allIdentity)
	for _, got := range []personTokens{p.poll(s), p.redeem(code)} {
		if got.left != 600 {
			t.Errorf("%s", got.body)
		}
		p.claims(got.token, jose.RS256) // as the environment wants it
		p.advance(10 * time.Minute)
		if p.alive(got.token) {
			t.Error("it is alive after its end")
		}
		p.advance(-10 * time.Minute)
	}
	// And no later than the sign-in that it belongs to.
	code, _ = p.AskForCode(p.who, p.app, allIdentity)
	got := p.redeem(code)
	for p.advance(10 * 24 * time.Hour); ; p.advance(10 * 24 * time.Hour) {
		next := p.renew(got.refresh)
		if next.code == "invalid_grant" {
			break
		}
		got = next
	}
	if lasted := p.now().Sub(p.who.SignedInAt); lasted < grant.LoginLifetime-time.Minute || lasted > grant.LoginLifetime+time.Hour {
		t.Errorf("the sign-in lasted %s", lasted)
	}
}

// Introspection tells an integration that is flagged for it about people's tokens of its
// environment, with what they may now.
func TestIntrospectPerson(t *testing.T) {
	p := newPeopleRig(t)
	flag := true
	watcher, secret := p.Integration(p.env)
	if _, err := p.Credential.UpdateIntegration(t.Context(), admin, p.env.ID, watcher.ID, tepin.IntegrationUpdate{Introspects: &flag}); err != nil {
		t.Fatal(err)
	}
	foreign := p.Environment(p.Subscription("other"), "second", tepin.Production)
	theirs := p.PersonTokens(p.who, p.Application(foreign, "Theirs", callback), "", allIdentity).Access
	mine := p.PersonTokens(p.who, p.app, "", "openid template:read").Access
	got := p.post("/oauth/introspect", watcher, secret, "token="+mine)
	if !strings.Contains(got.body, `"active":true`) || !strings.Contains(got.body, `"scope":"openid template:read"`) || !strings.Contains(got.body, `"sub":"`+string(p.who.User.ID)+`"`) {
		t.Errorf("%s", got.body)
	}
	if got := p.post("/oauth/introspect", watcher, secret, "token="+theirs); got.body != `{"active":false}` {
		t.Errorf("another tenant's: %s", got.body)
	}
	if got := p.post("/oauth/introspect", watcher, secret, "token="+p.PersonTokens(p.who, p.app, "", allIdentity).Refresh); got.body != `{"active":false}` {
		t.Errorf("a refresh token: %s", got.body)
	}
}

// Both documents name the endpoints of people; none of them comes from the request.
func TestMetadataOfPeople(t *testing.T) {
	p := newPeopleRig(t)
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		var m map[string]any
		if err := json.Unmarshal([]byte(p.do(must(http.NewRequest("GET", p.server.URL+path, nil))).body), &m); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"authorization_endpoint": publicURL + "/authorize", "device_authorization_endpoint": publicURL + "/oauth/device/code",
			"response_types_supported": []any{"code"}, "response_modes_supported": []any{"query"}, "code_challenge_methods_supported": []any{"S256"},
			"authorization_response_iss_parameter_supported": true,
		}
		if strings.HasSuffix(path, "openid-configuration") {
			want["userinfo_endpoint"] = publicURL + "/oauth/userinfo"
			want["id_token_signing_alg_values_supported"] = []any{"RS256", "ES256"}
			want["subject_types_supported"] = []any{"public"}
			want["request_uri_parameter_supported"] = false
		}
		for name, value := range want {
			if fmt.Sprint(m[name]) != fmt.Sprint(value) {
				t.Errorf("%s: %s is %v, want %v", path, name, m[name], value)
			}
		}
		for _, member := range []string{"token_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported"} {
			if !slices.Contains(m[member].([]any), any("none")) {
				t.Errorf("%s: %s is %v", path, member, m[member])
			}
		}
		for _, scope := range []any{"openid", "offline_access", "template:read"} {
			if !slices.Contains(m["scopes_supported"].([]any), scope) {
				t.Errorf("%s: no scope %s", path, scope)
			}
		}
		for _, g := range []any{"client_credentials", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"} {
			if !slices.Contains(m["grant_types_supported"].([]any), g) {
				t.Errorf("%s: no grant type %s", path, g)
			}
		}
	}
}

// A node that cannot know what is true spends nothing (S2): what comes with 503 is good
// when it comes again.
func TestPeopleUnavailable(t *testing.T) {
	p := newPeopleRig(t)
	code, _ := p.AskForCode(p.who, p.app, allIdentity)
	refresh := p.PersonTokens(p.who, p.app, "", allIdentity).Refresh
	s := p.start()
	if err := p.People.DecideDevice(t.Context(), p.who, grant.DeviceDecision{Typed: s.User_code, Approve: true, Environment: p.env.ID}); err != nil {
		t.Fatal(err)
	}
	p.skip.Add(int64(5 * time.Second)) // and no poll
	for name, got := range map[string]personTokens{"code": p.redeem(code), "refresh token": p.renew(refresh), "device": p.poll(s)} {
		if got.StatusCode != 503 || got.code != "temporarily_unavailable" || got.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	if got := p.whoIs("x"); got.StatusCode != 503 {
		t.Errorf("userinfo: %d %s", got.StatusCode, got.body)
	}
	p.advance(0)
	for name, got := range map[string]personTokens{"code": p.redeem(code), "refresh token": p.renew(refresh), "device": p.poll(s)} {
		if got.StatusCode != 200 {
			t.Errorf("%s, again: %d %s", name, got.StatusCode, got.body)
		}
	}
}
