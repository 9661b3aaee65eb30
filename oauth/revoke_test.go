package oauth_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/token"
)

// post sends a form to an endpoint as the client.
func (r *rig) post(path string, in tepin.Integration, secret, body string) response {
	r.t.Helper()
	req := must(http.NewRequest("POST", r.server.URL+path, strings.NewReader(body)))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(string(in.ClientID), secret)
	return r.do(req)
}

// alive reports whether the APIs take the token.
func (r *rig) alive(raw string) bool {
	r.t.Helper()
	_, err := r.Access.Bearer(raw, access.Presenter{})
	if err != nil && tepin.KindOf(err) != tepin.Unauthorized {
		r.t.Fatal(err)
	}
	return err == nil
}

// sign makes a token of the claims of another, after a change.
func (r *rig) sign(raw string, change func(*token.Claims)) string {
	r.t.Helper()
	claims := must(r.Access.Open(raw))
	claims.ID = tepin.NewID[string]()
	change(&claims)
	return must(r.Access.Keys().Signer(token.ES256, r.now()).Sign(claims))
}

// A client revokes its token: it dies at once, the next request gets another, and
// nobody else's is touched (RFC 7009 §2).
func TestRevoke(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	other, otherSecret := r.Integration(r.env, tepin.TemplateRead)
	first, kept := must(r.Token(in.ClientID, secret)), r.form(credentialsForm(in, secret)+"&audience="+alias).token
	theirs := must(r.Token(other.ClientID, otherSecret))
	if got := r.post("/oauth/revoke", other, otherSecret, "token="+first); got.StatusCode != 200 || !r.alive(first) {
		t.Errorf("a stranger revokes: %d, alive %t", got.StatusCode, r.alive(first))
	}
	for range 2 {
		if got := r.post("/oauth/revoke", in, secret, "token="+first+"&token_type_hint=access_token"); got.StatusCode != 200 || got.body != "" {
			t.Errorf("%d %q", got.StatusCode, got.body)
		}
	}
	next := r.form(credentialsForm(in, secret))
	if r.alive(first) || !r.alive(kept) || !r.alive(theirs) || next.token == first || !r.alive(next.token) || next.left != 86400 {
		t.Errorf("alive: revoked %t, another %t, a neighbour's %t; the next is the same %t, alive %t, ends in %d",
			r.alive(first), r.alive(kept), r.alive(theirs), next.token == first, r.alive(next.token), next.left)
	}
	if again := r.form(credentialsForm(in, secret)); again.token != next.token {
		t.Error("the next token is not handed out again")
	}
	lines := must(r.Store.AuditEntries(t.Context(), string(r.env.ID), 0, 100))
	var revocations []string
	for _, l := range lines {
		if l.Action == "token.revoke" {
			revocations = append(revocations, string(l.ActorKind)+" "+l.ActorName)
		}
	}
	if len(revocations) != 1 || revocations[0] != "integration "+in.Name {
		t.Errorf("audit lines: %q", revocations)
	}
}

// A token whose epoch this node has not heard of yet is revoked all the same: its
// client has been told so.
func TestRevokeOnNodeBehind(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	old := must(r.Token(in.ClientID, secret))
	if _, err := r.Store.RevokeTokens(t.Context(), admin, r.env.ID, in.ID); err != nil { // and no refresh
		t.Fatal(err)
	}
	fresh := r.sign(old, func(c *token.Claims) { c.Epoch++ })
	if got := r.post("/oauth/revoke", in, secret, "token="+fresh); got.StatusCode != 200 {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	if r.alive(fresh) || r.alive(old) || !r.Access.Denied(must(r.Access.Open(fresh)).ID) {
		t.Error("a token of the new epoch outlives its revocation")
	}
}

// A revocation that cannot be written is not acknowledged (S2).
func TestRevokeUnavailable(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	raw := must(r.Token(in.ClientID, secret))
	r.Store.Close()
	if got := r.post("/oauth/revoke", in, secret, "token="+raw); got.StatusCode < 500 || got.code == "" || strings.Contains(got.body, "sql") {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	r.skip.Add(int64(time.Minute))
	for _, path := range []string{"/oauth/revoke", "/oauth/introspect"} {
		if got := r.post(path, in, secret, "token="+raw); got.StatusCode != 503 || got.Header.Get("Retry-After") != "1" || got.code != "temporarily_unavailable" {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.body)
		}
	}
}

// An integration learns of its own tokens all that they say, and with the flag of all
// its environment's; of others nothing, in one answer (RFC 7662 §2.2). No query is
// needed for that.
func TestIntrospect(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead, tepin.TemplateWrite)
	watcher, watcherSecret := r.Integration(r.env)
	foreign := r.Environment(r.Subscription("other"), "second", tepin.Production)
	stranger, strangerSecret := r.Integration(foreign)
	for _, i := range []tepin.Integration{watcher, stranger} {
		flag := true
		if _, err := r.Credential.UpdateIntegration(t.Context(), admin, i.EnvironmentID, i.ID, tepin.IntegrationUpdate{Introspects: &flag}); err != nil {
			t.Fatal(err)
		}
	}
	plain := must(r.Token(in.ClientID, secret))
	bound := r.sign(plain, func(c *token.Claims) {
		c.Confirm, c.Act = tepin.Confirmation{KeyThumbprint: "thumb"}, string(in.ClientID)
	})
	watching := must(r.Token(watcher.ClientID, watcherSecret))
	r.freeze()
	r.Store.Close()

	for _, raw := range []string{plain, bound} {
		for name, who := range map[string]response{
			"its own client": r.post("/oauth/introspect", in, secret, "token="+raw),
			"the flagged":    r.post("/oauth/introspect", watcher, watcherSecret, "token="+raw+"&token_type_hint=x"),
		} {
			claims := must(must(r.Access.Open(raw)).JSON())
			want := map[string]any{"active": true, "token_type": "Bearer"}
			if raw == bound {
				want["token_type"] = "DPoP"
			}
			if err := json.Unmarshal(claims, &want); err != nil {
				t.Fatal(err)
			}
			got := map[string]any{}
			if err := json.Unmarshal([]byte(who.body), &got); err != nil || who.StatusCode != 200 {
				t.Fatalf("%s: %d %s, %v", name, who.StatusCode, who.body, err)
			}
			if string(must(json.Marshal(got))) != string(must(json.Marshal(want))) {
				t.Errorf("%s:\n got %v\nwant %v", name, got, want)
			}
			for _, member := range []string{"iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope"} {
				if got[member] == nil {
					t.Errorf("%s: no %s in %s", name, member, who.body)
				}
			}
		}
	}
	for name, got := range map[string]response{
		"a neighbour's":       r.post("/oauth/introspect", in, secret, "token="+watching),
		"another tenant's":    r.post("/oauth/introspect", stranger, strangerSecret, "token="+plain),
		"garbage":             r.post("/oauth/introspect", in, secret, "token=garbage"),
		"of an expired epoch": r.post("/oauth/introspect", in, secret, "token="+r.sign(plain, func(c *token.Claims) { c.Epoch-- })),
		"expired":             r.post("/oauth/introspect", in, secret, "token="+r.sign(plain, func(c *token.Claims) { c.ExpiresAt = r.now() })),
		"for another server":  r.post("/oauth/introspect", in, secret, "token="+r.sign(plain, func(c *token.Claims) { c.Audience = []string{alias} })),
	} {
		if got.StatusCode != 200 || got.body != `{"active":false}` {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
}

// What was taken away is inactive at once.
func TestIntrospectAfterRevocation(t *testing.T) {
	for name, revoke := range map[string]func(r *rig, in tepin.Integration, secret, raw string) error{
		"revoke": func(r *rig, in tepin.Integration, secret, raw string) error {
			r.post("/oauth/revoke", in, secret, "token="+raw)
			return nil
		},
		"revoke all": func(r *rig, in tepin.Integration, _, _ string) error {
			_, err := r.Credential.RevokeTokens(t.Context(), admin, r.env.ID, in.ID)
			return err
		},
		"revoke by id": func(r *rig, in tepin.Integration, _, raw string) error {
			return r.Credential.RevokeToken(t.Context(), admin, r.env.ID, in.ID, must(r.Access.Open(raw)).ID, time.Time{})
		},
	} {
		r := newRig(t)
		in, secret := r.Integration(r.env, tepin.TemplateRead)
		raw := must(r.Token(in.ClientID, secret))
		if got := r.post("/oauth/introspect", in, secret, "token="+raw); !strings.HasPrefix(got.body, `{"active":true,`) {
			t.Fatalf("%s: %s", name, got.body)
		}
		if err := revoke(r, in, secret, raw); err != nil {
			t.Fatal(err)
		}
		if got := r.post("/oauth/introspect", in, secret, "token="+raw); got.body != `{"active":false}` || r.alive(raw) {
			t.Errorf("%s: %s, alive %t", name, got.body, r.alive(raw))
		}
		if next := r.form(credentialsForm(in, secret)); next.token == raw || !r.alive(next.token) {
			t.Errorf("%s: the next token is the same %t, alive %t", name, next.token == raw, r.alive(next.token))
		}
	}
}
