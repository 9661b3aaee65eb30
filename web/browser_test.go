package web

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
)

const shop = "https://shop.example"

// guardMode sets what the environment's browser guard does.
func (r *rig) guardMode(mode tepin.BrowserGuard) {
	r.t.Helper()
	_, err := r.Credential.UpdateEnvironment(r.t.Context(), tepin.System, r.own.ID, tepin.EnvironmentUpdate{BrowserGuard: &mode})
	must(r.t, err)
}

// put calls the operation that any token may call, with headers that may repeat.
func (r *rig) put(a *API, s Stack, token string, headers ...string) (*httptest.ResponseRecorder, record) {
	r.t.Helper()
	req := request("PUT", "/api/v1/environment/own/bytes", strings.NewReader("x"))
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Add(headers[i], headers[i+1])
	}
	w, events := serve(r.t, s, a, req)
	return w, events[0]
}

// The browser guard (S22): what it takes for a foreign page, and whose token is exempt.
func TestBrowserGuard(t *testing.T) {
	r := newRig(t)
	a := r.things(nil)
	full, reading, bound := r.NewToken(r.own, tepin.TemplateWrite), r.NewToken(r.own, tepin.ReadOnlyScopes...), r.PageToken(r.own, shop, tepin.TemplateRead)
	plain := Stack{AllowedHosts: []string{"127.0.0.1"}, PublicURL: accesstest.PublicURL}
	cases := []struct {
		name, token string
		seen        bool
		headers     []string
	}{
		{"a foreign page", full, true, []string{"Origin", shop, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"}},
		{"a foreign page over plain HTTP", full, true, []string{"Origin", "http://shop.example"}},
		{"a sandboxed frame", full, true, []string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}},
		{"a neighbour", full, true, []string{"Sec-Fetch-Site", "same-site"}},
		{"another port", full, true, []string{"Origin", "http://localhost:9"}},
		{"an Origin that a back end passed on", full, true, []string{"Origin", shop, "User-Agent", "backend/1.0"}},
		{"everything that a back end passed on from its own page", full, false, []string{"Origin", shop, "Sec-Fetch-Site", "same-origin"}},
		{"Node", full, false, []string{"Sec-Fetch-Mode", "cors"}},
		{"a browser's address line", full, false, []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}},
		{"curl", full, false, nil},
		{"our own page", full, false, []string{"Origin", accesstest.PublicURL, "Sec-Fetch-Site", "same-origin"}},
		{"our own page over plain HTTP", full, false, []string{"Origin", "HTTP://LOCALHOST:8080"}},
		{"our own page by another name", full, false, []string{"Host", "127.0.0.1:8080", "Origin", "http://127.0.0.1:8080"}},
		{"a token that only reads", reading, false, []string{"Origin", shop, "Sec-Fetch-Site", "cross-site"}},
		{"a token bound to the page", bound, false, []string{"Origin", shop, "Sec-Fetch-Site", "cross-site"}},
	}
	for _, mode := range []tepin.BrowserGuard{tepin.GuardReport, tepin.GuardBlock, tepin.GuardOff} {
		r.guardMode(mode)
		for _, c := range cases {
			w, event := r.put(a, plain, c.token, c.headers...)
			seen := c.seen && mode != tepin.GuardOff
			status, logged := 200, any(nil)
			if seen {
				logged = string(mode)
			}
			if seen && mode == tepin.GuardBlock {
				status = 403
			}
			if w.Code != status || event["guard"] != logged {
				t.Errorf("%s, %s: %d, guard %v; want %d, %v", mode, c.name, w.Code, event["guard"], status, logged)
			}
			if origin := w.Header().Get("Access-Control-Allow-Origin"); status == 403 && strings.Contains(strings.Join(c.headers, " "), "Origin") && origin != "*" {
				t.Errorf("%s: the page cannot read why it was refused: %v", c.name, w.Header())
			}
			if status != 403 {
				continue
			}
			if p := problemOf(t, w); !strings.Contains(p.Detail, TokenExchange) || !strings.Contains(p.Detail, "(template:write)") || !strings.Contains(p.Detail, "back end") {
				t.Errorf("%s: the refusal does not name the mend: %s", c.name, p.Detail)
			}
		}
	}
}

// A refusal of the guard comes after those that have nothing to do with browsers (S15).
func TestBrowserGuardInOrder(t *testing.T) {
	r := newRig(t)
	a := r.things(nil)
	full := r.NewToken(r.own, tepin.OutputStatic)
	r.guardMode(tepin.GuardBlock)
	for path, want := range map[string]string{"environment/absent/things": "no such environment", "environment/own/things": "template:write"} {
		w := call(t, a, "POST", "/api/v1/"+path, full, tripwire{t}, "Origin", shop)
		if p := problemOf(t, w); !strings.Contains(p.Detail, want) {
			t.Errorf("%s: %d %s", path, w.Code, p.Detail)
		}
	}
	if w := call(t, a, "PUT", "/api/v1/environment/own/bytes", full, tripwire{t}, "Origin", shop); w.Code != 403 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// What the guard sees stands in the audit log, once for many of the same.
func TestBrowserGuardNotices(t *testing.T) {
	r := newRig(t)
	a := r.things(nil)
	in, secret := r.Integration(r.own, tepin.TemplateWrite)
	token, err := r.Token(in.ClientID, secret)
	must(t, err)
	for range 3 {
		r.put(a, Stack{}, token, "Origin", shop)
	}
	r.guardMode(tepin.GuardBlock)
	r.put(a, Stack{}, token, "Origin", "null")
	must(t, r.Access.FlushNotices(t.Context(), true))
	entries, err := r.Store.AuditEntries(t.Context(), string(r.own.ID), 0, 1000)
	must(t, err)
	var got []string
	for _, e := range entries {
		if strings.HasPrefix(e.Action, "guard.") {
			got = append(got, e.Action+" "+e.ActorName)
			if e.Target != string(in.ID) || e.Action == access.ActionGuardReport && (!strings.Contains(e.Detail, `"origin":"`+shop+`"`) || !strings.Contains(e.Detail, `"count":3`)) {
				t.Errorf("%+v", e)
			}
		}
	}
	if want := "guard.report " + in.Name + ", guard.block " + in.Name; strings.Join(got, ", ") != want {
		t.Errorf("audit log: %q, want %q", got, want)
	}
}

// A bound token is taken from its page alone, and only that page may read the answer
// (S23).
func TestBoundToPage(t *testing.T) {
	r := newRig(t)
	a := r.things(nil)
	for _, c := range []struct {
		name, bound string
		status      int
		headers     []string
	}{
		{"its page", shop, 200, []string{"Origin", shop, "Sec-Fetch-Site", "cross-site"}},
		{"its page, spelled in another way", shop, 200, []string{"Origin", "HTTPS://Shop.Example:443"}},
		{"a page with a port", shop + ":8443", 200, []string{"Origin", shop + ":8443"}},
		{"a page on loopback, in a sandbox", "http://localhost:3000", 200, []string{"Origin", "http://localhost:3000"}},
		{"no Origin", shop, 403, nil},
		{"an empty Origin", shop, 403, []string{"Origin", ""}},
		{"null", shop, 403, []string{"Origin", "null"}},
		{"two Origins", shop, 403, []string{"Origin", shop, "Origin", shop}},
		{"a list of Origins", shop, 403, []string{"Origin", shop + " " + shop}},
		{"another scheme", shop, 403, []string{"Origin", "http://shop.example"}},
		{"another host", shop, 403, []string{"Origin", "https://www.shop.example"}},
		{"another port", shop, 403, []string{"Origin", shop + ":8443"}},
		{"a host that begins alike", shop, 403, []string{"Origin", shop + ".evil.example"}},
		{"our own page", shop, 403, []string{"Origin", accesstest.PublicURL, "Sec-Fetch-Site", "same-origin"}},
		{"another port of loopback", "http://localhost:3000", 403, []string{"Origin", "http://localhost:3001"}},
		{"a Referer alone", shop, 403, []string{"Referer", shop + "/cart"}},
	} {
		w, _ := r.put(a, Stack{}, r.PageToken(r.own, c.bound, tepin.TemplateRead), c.headers...)
		allowed := w.Header().Values("Access-Control-Allow-Origin")
		want := c.bound
		if c.status == 403 {
			want = "*"
		}
		if w.Code != c.status || len(c.headers) > 0 && c.headers[0] == "Origin" && c.headers[1] != "" && (len(allowed) != 1 || allowed[0] != want) || w.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d, readable for %q, want %d, %q: %s", c.name, w.Code, allowed, c.status, want, w.Body)
		}
		if c.status == 403 {
			if p := problemOf(t, w); !strings.Contains(p.Detail, c.bound) {
				t.Errorf("%s: the refusal does not name the page: %s", c.name, p.Detail)
			}
		}
	}
	// Refusals behind the guard are for the page alone, too.
	w := call(t, a, "PUT", "/api/v1/environment/own/bytes", r.PageToken(r.own, shop, tepin.TemplateRead), strings.NewReader("longer than ten bytes"), "Origin", shop)
	if w.Code != 413 || w.Header().Get("Access-Control-Allow-Origin") != shop || !strings.Contains(w.Header().Get("Vary"), "Origin") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// A preflight says nothing of the token that will come, and plain tokens that read may
// come from any page: so every page is let through to be judged with its token.
func TestPreflightOfAnyPage(t *testing.T) {
	r := newRig(t)
	a := r.things(nil)
	r.PageToken(r.own, shop, tepin.TemplateRead)
	r.guardMode(tepin.GuardBlock)
	for _, origin := range []string{shop, "https://other.example", "null"} {
		w := call(t, a, "OPTIONS", "/api/v1/environment/own/bytes", "", nil, "Origin", origin, "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "authorization")
		h := w.Header()
		if w.Code != 204 || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Location") != "" {
			t.Errorf("%s: %d %v", origin, w.Code, h)
		}
	}
	// Code written for the original reads from a page with a plain token.
	w, event := r.put(a, Stack{}, r.NewToken(r.own, tepin.ReadOnlyScopes...), "Origin", "https://other.example", "Sec-Fetch-Site", "cross-site")
	if w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != "*" || event["guard"] != nil {
		t.Errorf("%d %v, guard %v", w.Code, w.Header(), event["guard"])
	}
}

// What a bearer token is sent to never answers with a redirect, however it is spelled:
// clients would send the token on (S23).
func TestBearerRoutesDoNotRedirect(t *testing.T) {
	r := newRig(t)
	a, token := r.things(nil), r.NewToken(r.own, tepin.TemplateRead)
	for _, path := range []string{"/api", "/api/", "/api/v1", "/api/v1/environment/own", "/api/v1/environment/own/bytes/", "//api//v1//environment//own//bytes", "/api/v1/environment/./own/bytes",
		"/api/v1/environment/own/../own/bytes", "/API/V1/environment/own/bytes", "/api/v1/environment//bytes", "/api/v1/environment/own/bytes?x=1", "/api/%2e%2e/api", "/api/v1/environment/own%2Fbytes"} {
		for _, method := range []string{"GET", "PUT", "POST", "HEAD"} {
			w := call(t, a, method, path, token, strings.NewReader("x"), "Origin", shop)
			if w.Code >= 300 && w.Code < 400 || w.Header().Get("Location") != "" {
				t.Errorf("%s %s: %d %v", method, path, w.Code, w.Header())
			}
		}
	}
}
