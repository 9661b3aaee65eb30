package oauth_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/limit"
	"github.com/tepin/tepin/store"
)

// A program that runs in a circle is told to wait, and nobody pays for it: neither
// another integration, nor this one for what strangers try in its name.
func TestClientRate(t *testing.T) {
	r := rigWithin(t, limit.Rate{Burst: 3, Interval: 10 * time.Second}, plenty)
	r.freeze()
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	other, otherSecret := r.Integration(r.env, tepin.TemplateRead)
	for range 5 {
		r.form(credentialsForm(in, otherSecret))
	}
	for n := range 3 {
		if res := r.form(credentialsForm(in, secret)); res.StatusCode != 200 {
			t.Fatalf("request %d: %d %s", n+1, res.StatusCode, res.body)
		}
	}
	for _, header := range []bool{false, true} {
		req := must(http.NewRequest("POST", r.server.URL+"/oauth/token", strings.NewReader("grant_type=client_credentials")))
		if !header {
			req.Body = io.NopCloser(strings.NewReader(credentialsForm(in, secret)))
			req.ContentLength = -1
		} else {
			req.Header.Set("Authorization", "Basic "+basic(string(in.ClientID), secret))
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res := r.do(req)
		if res.StatusCode != 429 || res.Header.Get("Retry-After") != "10" || res.code != "temporarily_unavailable" || !strings.Contains(res.why, "keep it") ||
			res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("beyond the rate: %d %v %s", res.StatusCode, res.Header, res.body)
		}
	}
	if res := r.form(credentialsForm(other, otherSecret)); res.StatusCode != 200 {
		t.Errorf("another integration: %d %s", res.StatusCode, res.body)
	}
	r.frozen.Store(new(r.now().Add(10 * time.Second)))
	if err := r.Access.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if res := r.form(credentialsForm(in, secret)); res.StatusCode != 200 {
		t.Errorf("after the wait: %d %s", res.StatusCode, res.body)
	}
	if res := r.form(credentialsForm(in, secret)); res.StatusCode != 429 {
		t.Errorf("after that: %d %s", res.StatusCode, res.body)
	}
	if err := r.Access.FlushNotices(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if lines := r.audited(string(r.env.ID), access.ActionLimited); len(lines) == 0 || !strings.Contains(lines[0], "asks for tokens too often") {
		t.Errorf("the audit log says %q", lines)
	}
}

// audited are targets and details of the lines of a chain with this action.
func (r *rig) audited(chain, action string) (lines []string) {
	r.t.Helper()
	for _, e := range must(r.Store.AuditEntries(r.t.Context(), chain, 0, 1000)) {
		if e.Action == action {
			lines = append(lines, e.Target+" "+e.Detail)
		}
	}
	return lines
}

// unread fails the test when it is read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body of a request beyond the ceiling was read")
	return 0, io.EOF
}

// from posts to the server as the address would.
func (r *rig) from(address, path string, body io.Reader) *httptest.ResponseRecorder {
	req := httptest.NewRequest("POST", "http://localhost"+path, body)
	req.RemoteAddr = address
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	r.server.Config.Handler.ServeHTTP(w, req)
	return w
}

// The ceiling for an address is over all endpoints that take requests, whoever makes
// them, and is judged before anything is read.
func TestAddressRate(t *testing.T) {
	r := rigWithin(t, plenty, limit.Rate{Burst: 3, Interval: 4 * time.Second})
	r.freeze()
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	form := func() io.Reader { return strings.NewReader(credentialsForm(in, secret)) }
	for n, path := range []string{"/oauth/token", "/oauth/introspect", "/oauth/revoke"} {
		if w := r.from("[2001:db8::1]:1", path, form()); w.Code == 429 {
			t.Fatalf("request %d: %d %s", n+1, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/oauth/token", "/oauth/introspect", "/oauth/revoke"} {
		w := r.from("[2001:db8:0:0:ffff::1]:9", path, unread{t}) // the same /64
		if w.Code != 429 || w.Header().Get("Retry-After") != "4" || !strings.Contains(w.Body.String(), `"error":"temporarily_unavailable"`) ||
			!strings.Contains(w.Body.String(), "trusted_proxies") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
	}
	for _, address := range []string{"[2001:db8:0:1::1]:1", "192.0.2.1:1"} {
		if w := r.from(address, "/oauth/token", form()); w.Code != 200 {
			t.Errorf("from %s: %d %s", address, w.Code, w.Body)
		}
	}
	for range 3 {
		r.from("[::ffff:192.0.2.1]:1", "/oauth/token", form())
	}
	if w := r.from("192.0.2.1:2", "/oauth/token", unread{t}); w.Code != 429 {
		t.Errorf("an IPv4 address counts apart from its mapped form: %d", w.Code)
	}
	if res := must(r.server.Client().Get(r.server.URL + "/.well-known/jwks.json")); res.StatusCode != 200 {
		t.Errorf("the key set: %d", res.StatusCode)
	}
	if err := r.Access.FlushNotices(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if lines := r.audited(store.InstanceChain, access.ActionLimited); len(lines) == 0 || !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "2001:db8::/64") }) {
		t.Errorf("the audit log says %q", lines)
	}
}

// No endpoint that takes requests is without the ceiling.
func TestEveryEndpointIsBounded(t *testing.T) {
	r := rigWithin(t, plenty, limit.Rate{Burst: 1, Interval: time.Hour})
	r.from("192.0.2.1:1", "/oauth/token", nil)
	bounded := 0
	for _, rt := range r.routes {
		if rt.Method != http.MethodPost {
			continue
		}
		bounded++
		w := httptest.NewRecorder()
		req := httptest.NewRequest(rt.Method, "http://localhost"+rt.Path, unread{t})
		req.RemoteAddr = "192.0.2.1:1"
		if rt.Handler.ServeHTTP(w, req); w.Code != 429 {
			t.Errorf("%s: %d", rt.Pattern(), w.Code)
		}
	}
	if bounded < 3 {
		t.Errorf("only %d endpoints", bounded)
	}
}

// Answers count, also those with a token that was handed out before; the headers say
// how many are left, and a repeat does no SQL for it (P9).
func TestTokenQuota(t *testing.T) {
	r := newRig(t)
	r.freeze()
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	_, wrongSecret := r.Integration(r.env)
	quota := tepin.Quota{Mode: tepin.QuotaEnforce, Tokens: tepin.Allowance{PerHour: 10, PerDay: 1000}}
	must(r.Credential.UpdateIntegration(t.Context(), admin, r.env.ID, in.ID, tepin.IntegrationUpdate{Quota: &quota}))
	first := r.form(credentialsForm(in, secret))
	if first.StatusCode != 200 || first.Header.Get("RateLimit-Remaining") != "9" || first.Header.Get("RateLimit-Limit") != "10" {
		t.Fatalf("%d %v", first.StatusCode, first.Header)
	}
	for range 3 { // what is refused for another reason is not counted
		r.form(credentialsForm(in, secret) + "&scope=template:write")
		r.form(credentialsForm(in, wrongSecret))
	}
	r.Store.Close()
	for n := range 9 {
		res := r.form(credentialsForm(in, secret))
		if res.StatusCode != 200 || res.token != first.token || res.Header.Get("RateLimit-Remaining") != fmt.Sprint(8-n) {
			t.Fatalf("repeat %d: %d %v %s", n+1, res.StatusCode, res.Header, res.body)
		}
	}
	res := r.form(credentialsForm(in, secret))
	hour := r.now().UTC().Truncate(time.Hour).Add(time.Hour)
	wait := fmt.Sprint(int64((hour.Sub(r.now()) + time.Second - 1) / time.Second))
	if res.StatusCode != 429 || res.code != "temporarily_unavailable" || res.Header.Get("Retry-After") != wait || res.Header.Get("RateLimit-Reset") != wait ||
		res.Header.Get("RateLimit-Remaining") != "0" || !strings.Contains(res.why, "has used the 10 token answers that its quota allows this hour") ||
		!strings.HasPrefix(res.Header.Get("RateLimit"), `"integration-tokens-hour";r=0;t=`+wait+`, "integration-tokens-day";r=990`) {
		t.Errorf("%d %v %s; want to wait %s", res.StatusCode, res.Header, res.body, wait)
	}
}

// A token is got from the networks that the integration names, and strangers cannot
// tell a right secret that comes from elsewhere from a wrong one.
func TestTokenNetworks(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	networks := must(tepin.ParseNetworks("198.51.100.0/24 2001:db8::/32"))
	must(r.Credential.UpdateIntegration(t.Context(), admin, r.env.ID, in.ID, tepin.IntegrationUpdate{TokenNetworks: &networks}))
	_, wrongSecret := r.Integration(r.env)
	body := func(w *httptest.ResponseRecorder) string {
		return fmt.Sprint(w.Code, w.Header()["Www-Authenticate"], w.Body)
	}
	wrong := body(r.from("203.0.113.9:1", "/oauth/token", strings.NewReader(credentialsForm(in, wrongSecret))))
	for address, allowed := range map[string]bool{
		"198.51.100.7:1": true, "[::ffff:198.51.100.7]:1": true, "[2001:db8:7::1]:1": true, "203.0.113.9:1": false, "[2001:db9::1]:1": false, "[::ffff:203.0.113.9]:1": false,
	} {
		w := r.from(address, "/oauth/token", strings.NewReader(credentialsForm(in, secret)))
		if allowed != (w.Code == 200) || !allowed && body(w) != wrong {
			t.Errorf("from %s: %s\nwrong secret: %s", address, body(w), wrong)
		}
	}
	if !strings.Contains(r.log.String(), "the credential is right, and the address is in none of the integration's token networks") {
		t.Error("the log does not say why")
	}
	if err := r.Access.FlushNotices(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	lines := r.audited(string(r.env.ID), access.ActionRefused)
	if !slices.ContainsFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, string(in.ID)) && strings.Contains(l, "token networks") && strings.Contains(l, "203.0.113.9")
	}) {
		t.Errorf("the audit log says %q", lines)
	}
	// It holds for every endpoint that clients authenticate at.
	for _, path := range []string{"/oauth/introspect", "/oauth/revoke"} {
		if w := r.from("203.0.113.9:1", path, strings.NewReader("token=x&client_id="+string(in.ClientID)+"&client_secret="+secret)); w.Code != 401 {
			t.Errorf("%s from elsewhere: %d %s", path, w.Code, w.Body)
		}
	}
}

// Client assertions that nobody's key has signed are counted like wrong secrets; one that
// is right passes all the same.
func TestAssertionBudget(t *testing.T) {
	r := newRig(t)
	own, stranger := newPair("own"), newPair("stranger")
	in, _ := r.Integration(r.env, tepin.TemplateRead)
	r.trusts(in, tepin.Trust{Kind: tepin.TrustKey, Keys: registered(own)})
	for _, id := range []tepin.ClientID{in.ClientID, "int_nobody"} {
		for n := range 10 {
			assertion := sign(t, stranger, jose.ES256, r.ownClaims(id))
			for range 2 {
				refused(t, fmt.Sprint(id, " ", n), r.assert(assertion), 401, "invalid_client", "is not accepted")
			}
		}
		res := r.assert(sign(t, stranger, jose.ES256, r.ownClaims(id)))
		refused(t, string(id)+", one too many", res, 429, "temporarily_unavailable", "too many wrong credentials")
		if res.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	accepted(t, "the right one", r.assert(sign(t, own, jose.ES256, r.ownClaims(in.ClientID))))
}
