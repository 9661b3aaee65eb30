package console_test

import (
	"html"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/console"
)

func (r *rig) path() string { return "/environments/" + string(r.env.ID) }

func (r *rig) panel(in tepin.Integration) string {
	return r.path() + "/integrations/" + string(in.ID)
}

// want fails the test unless the page has the status and contains the texts.
func (p answer) want(t *testing.T, what string, status int, texts ...string) {
	t.Helper()
	if p.status != status {
		t.Errorf("%s: status %d, want %d; location %q\n%s", what, p.status, status, p.header.Get("Location"), p.body)
	}
	plain := html.UnescapeString(p.body)
	for _, text := range texts {
		if !strings.Contains(plain, text) {
			t.Errorf("%s: %q is not on the page", what, text)
		}
	}
}

var inline = regexp.MustCompile(`(?i)<style|\sstyle=|<script[^>]*>[^<]|\son[a-z]+=|javascript:`)

// Every page: renders, under the headers of S20, with nothing that its own policy forbids.
func TestPages(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	b := r.signedIn()
	secrets, err := r.Store.Secrets(t.Context(), r.env.ID, in.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/", "/environments", "/environments?search=de", "/environments?search=nothing", "/environments/new", "/account", "/account?changed",
		r.path(), "/environments/demo", "/environments/DEMO", r.path() + "/integrations?search=zzz", r.path() + "/integrations/new",
		r.path() + "/tasks", r.path() + "/settings", r.panel(in), r.panel(in) + "/permissions", r.panel(in) + "/rotate", r.panel(in) + "/delete",
		r.panel(in) + "/secrets/" + string(secrets[0].ID) + "/delete",
	} {
		p := b.get(path)
		p.want(t, path, http.StatusOK, "<title>", email)
		if found := inline.FindString(p.body); found != "" {
			t.Errorf("%s: inline code %q", path, found)
		}
		for header, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Content-Type": "text/html; charset=utf-8",
		} {
			if got := p.header.Get(header); !strings.Contains(got, want) {
				t.Errorf("%s: %s: %q", path, header, got)
			}
		}
		if p.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: the console sends CORS", path)
		}
	}
	for path, kind := range map[string]string{"console.css": "text/css", "console.js": "text/javascript", "htmx.min.js": "text/javascript", "icon.svg": "image/svg+xml"} {
		m := regexp.MustCompile(`/assets/[0-9a-f]+/`).FindString(b.get("/").body)
		if p := b.get(m + path); p.status != http.StatusOK || !strings.HasPrefix(p.header.Get("Content-Type"), kind) || !strings.Contains(p.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", path, p.status, p.header)
		}
		b.get("/assets/old/"+path).want(t, "old version", http.StatusOK)
	}
	b.get("/assets/x/nothing.js").want(t, "no such file", http.StatusNotFound)
}

// Every route says whom it is for; nobody and non-administrators are kept out before
// a form is read, forms without token or from elsewhere after that.
func TestAccess(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	secrets, err := r.Store.Secrets(t.Context(), r.env.ID, in.ID)
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{environment}", string(r.env.ID), "{integration}", string(in.ID), "{secret}", string(secrets[0].ID), "{subscription}", string(r.env.SubscriptionID), "{$}", "")
	stranger, guest, admin := r.browser(), r.browser(), r.signedIn()
	// A guest is of the subscription, and has no role in any environment.
	r.Member(tepin.Invitation{SubscriptionID: r.env.SubscriptionID, Email: "guest@example.com"})
	guest.get("/login")
	guest.post("/login", url.Values{"email": {"guest@example.com"}, "password": {accesstest.Password}}).want(t, "guest", http.StatusSeeOther)
	needs := r.console.Needs()

	for pattern, public := range r.console.Routes() {
		method, path, _ := strings.Cut(fill.Replace(pattern), " ")
		if public {
			continue
		}
		if p := stranger.do(method, path, url.Values{}); p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), "/login?next=%2F") {
			t.Errorf("%s without a session: %d %s", pattern, p.status, p.header.Get("Location"))
		}
		switch {
		case strings.Contains(pattern, "{environment}"):
			guest.do(method, path, url.Values{}).want(t, pattern+" as a guest", http.StatusNotFound, "no such environment")
		case needs[pattern] == 0 || !needs[pattern].Any(tepin.NewRoles(tepin.EndUser)):
			guest.do(method, path, url.Values{}).want(t, pattern+" as a guest", http.StatusForbidden, "This page is for")
		}
		if method == http.MethodPost {
			admin.do(method, path, url.Values{}).want(t, pattern+" without a token", http.StatusForbidden, "earlier session")
			admin.header.Set("Sec-Fetch-Site", "same-site")
			admin.do(method, path, url.Values{"csrf": {admin.csrf()}}).want(t, pattern+" from a neighbour", http.StatusForbidden, "not sent from a page")
			admin.header.Set("Sec-Fetch-Site", "same-origin")
		}
	}
	if got := r.find("Web shop"); !got.Enabled || got.Version != in.Version {
		t.Errorf("something was changed: %+v", got)
	}
}

// S20: where Sec-Fetch-Site is absent, Origin has to be ours.
func TestOrigin(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	b := r.signedIn()
	for _, tt := range []struct {
		site, origin string
		want         int
	}{
		{"same-origin", "", http.StatusSeeOther},
		{"same-origin", "https://evil.example", http.StatusSeeOther}, // the browser vouches for it
		{"cross-site", r.server.URL, http.StatusForbidden},
		{"none", "", http.StatusForbidden},
		{"", r.server.URL, http.StatusSeeOther},
		{"", "null", http.StatusForbidden},
		{"", "https://evil.example", http.StatusForbidden},
		{"", strings.Replace(r.server.URL, "http:", "https:", 1), http.StatusForbidden},
		{"", "", http.StatusForbidden},
	} {
		csrf := b.csrf()
		b.header = http.Header{}
		if tt.site != "" {
			b.header.Set("Sec-Fetch-Site", tt.site)
		}
		if tt.origin != "" {
			b.header.Set("Origin", tt.origin)
		}
		if p := b.do(http.MethodPost, r.panel(in)+"/state", url.Values{"csrf": {csrf}, "enabled": {"true"}}); p.status != tt.want {
			t.Errorf("Sec-Fetch-Site %q, Origin %q: status %d, want %d", tt.site, tt.origin, p.status, tt.want)
		}
	}
}

func TestCookies(t *testing.T) {
	for _, tt := range []struct {
		publicURL string
		name      string
		secure    bool
	}{
		{"", "__Host-tepin", true}, // loopback
		{"https://tepin.example", "__Host-tepin", true},
		{"http://localhost:8080", "__Host-tepin", true},
		{"http://tepin.lan", "tepin", false},
	} {
		r := emptyRig(t, tt.publicURL)
		if _, err := r.Credential.CreateAdministrator(t.Context(), tepin.System, email, "", password); err != nil {
			t.Fatal(err)
		}
		b := r.browser()
		if u, err := url.Parse(tt.publicURL); err == nil && u.Host != "" {
			b.header.Set("Host", u.Host)
		}
		b.get("/login")
		b.post("/login", url.Values{"email": {email}, "password": {password}}).want(t, "sign-in", http.StatusSeeOther)
		for suffix := range map[string]bool{"": true, "-device": true, "-form": true} {
			c := b.cookies[tt.name+suffix]
			if c == nil {
				t.Errorf("%q: no cookie %s%s among %v", tt.publicURL, tt.name, suffix, b.cookies)
				continue
			}
			if c.Secure != tt.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("%q: %s", tt.publicURL, c.Raw)
			}
		}
	}
}

func TestNextPath(t *testing.T) {
	for next, want := range map[string]string{
		"": "/", "/": "/", "/environments/demo": "/environments/demo", "/environments?search=a%20b": "/environments?search=a%20b",
		"//evil.example": "/", "/\\evil.example": "/", "\\\\evil.example": "/", "https://evil.example/": "/", "javascript:alert(1)": "/",
		"/\t/evil.example": "/", "environments": "/", "/%2Fevil.example": "/", "/login?next=/": "/", "/\x00": "/", "/a\r\nSet-Cookie: x=y": "/", "/%zz": "/",
	} {
		got := console.NextPath(next)
		if got != want && !(next == "/%2Fevil.example" && !strings.HasPrefix(got, "//")) {
			t.Errorf("nextPath(%q) = %q, want %q", next, got, want)
		}
	}
}

func TestSignIn(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	if p := b.get("/environments/demo"); p.status != http.StatusSeeOther || p.header.Get("Location") != "/login?next=%2Fenvironments%2Fdemo" {
		t.Errorf("%d %s", p.status, p.header.Get("Location"))
	}
	if log := r.log.String(); strings.Contains(log, "error=") {
		t.Errorf("a visitor who is to sign in is logged as an error: %s", log)
	}
	b.get("/login?next=%2Fenvironments%2Fdemo").want(t, "form", http.StatusOK, `value="/environments/demo"`)
	wrong := b.post("/login", url.Values{"email": {email}, "password": {"canary-of-a-password"}, "next": {"/environments/demo"}})
	wrong.want(t, "wrong password", http.StatusUnauthorized, "E-mail address or password is wrong.", email)
	if strings.Contains(wrong.body, "canary") {
		t.Error("the page repeats the password")
	}
	if b.cookie("tepin") != nil {
		t.Error("a session without the password")
	}
	b.do(http.MethodPost, "/login", url.Values{"email": {email}, "password": {password}}).want(t, "no form token", http.StatusForbidden, "Allow cookies", email)

	p := b.post("/login", url.Values{"email": {email}, "password": {password}, "next": {"/environments/demo"}})
	if p.status != http.StatusSeeOther || p.header.Get("Location") != "/environments/demo" {
		t.Fatalf("%d %s", p.status, p.header.Get("Location"))
	}
	if p := b.get("/login?next=//evil.example"); p.header.Get("Location") != "/" {
		t.Errorf("signed in already: %s", p.header.Get("Location"))
	}

	// htmx does not follow to a page with another frame: it is told to load it whole.
	gone := r.browser()
	gone.header.Set("HX-Request", "true")
	if p := gone.get("/environments"); p.header.Get("HX-Redirect") != "/login?next=%2Fenvironments" {
		t.Errorf("%d %v", p.status, p.header)
	}

	session := *b.cookie("tepin")
	b.do(http.MethodPost, "/logout", url.Values{}).want(t, "sign out without token", http.StatusForbidden)
	b.post("/logout", url.Values{}).want(t, "sign out", http.StatusSeeOther)
	b.cookies[session.Name] = &session
	if p := b.get("/"); p.status != http.StatusSeeOther {
		t.Error("the session lives on after signing out")
	}
	if strings.Contains(r.log.String(), "canary") || strings.Contains(r.log.String(), session.Value) {
		t.Error("the log holds a password or a session")
	}
}

func TestThrottled(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	for range 10 {
		b.post("/login", url.Values{"email": {email}, "password": {"wrong password"}})
	}
	p := b.post("/login", url.Values{"email": {email}, "password": {password}})
	p.want(t, "the eleventh", http.StatusTooManyRequests, "Too many attempts", email)
	if p.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestSetup(t *testing.T) {
	r := emptyRig(t, "")
	b := r.browser()
	b.get("/login").want(t, "sign-in", http.StatusOK, "no administrator yet")
	b.get("/setup").want(t, "form", http.StatusOK, "One-time code", `value="`+suggested+`"`)
	form := func(token, password string) url.Values {
		return url.Values{"token": {token}, "email": {email}, "name": {"Ada"}, "password": {password}}
	}
	b.post("/setup", form("guess", password)).want(t, "a guess", http.StatusNotFound, "The set-up link is unknown", email, "guess")
	token, err := r.Credential.NewSetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := b.post("/setup", form(token, "short"))
	p.want(t, "short", http.StatusBadRequest, "Must have at least 10 characters.", email, `value="Ada"`, token)
	b.post("/setup", form(token, password)).want(t, "set up", http.StatusSeeOther)
	b.get("/").want(t, "signed in", http.StatusOK, "No environment yet", email)
	b.get("/setup").want(t, "later", http.StatusOK, "Set up already")
	other := r.browser()
	other.post("/setup", form(token, password)).want(t, "again", http.StatusConflict)
	if strings.Contains(r.log.String(), token) {
		t.Error("the log holds the token")
	}
}

func TestAccount(t *testing.T) {
	r := newRig(t)
	b, other := r.signedIn(), r.signedIn()
	form := func(current, fresh string) url.Values { return url.Values{"current": {current}, "password": {fresh}} }
	b.post("/account/password", form("wrong password", "a better sentence")).want(t, "wrong", http.StatusBadRequest, "This is not your present password.")
	b.post("/account/password", form(password, "short")).want(t, "short", http.StatusBadRequest, "at least 10")
	b.post("/account/password", form(password, "a better sentence")).want(t, "changed", http.StatusSeeOther)
	b.get("/account?changed").want(t, "after", http.StatusOK, "Your password is changed.")
	if p := other.get("/"); p.status != http.StatusSeeOther {
		t.Error("the other browser is still signed in")
	}
}

// P1 and S13: the secret is on one page, once, and nowhere else.
func TestSecretOnce(t *testing.T) {
	r := newRig(t)
	b := r.signedIn()
	shown := regexp.MustCompile(`tpn_test_[0-9A-Za-z]{36}`)
	made := b.post(r.path()+"/integrations", url.Values{"name": {"Poster robot"}, "description": {"two\r\nlines"}, "preset": {"all"}})
	made.want(t, "create", http.StatusOK, "Copy the secret now.", r.server.URL+"/oauth/token")
	secrets := shown.FindAllString(made.body, -1)
	if len(secrets) != 2 || secrets[0] != secrets[1] { // the box and the command
		t.Fatalf("shown: %v", secrets)
	}
	in := r.find("Poster robot")
	if in.Description != "two lines" || in.Scopes != tepin.MustScopes(tepin.AllScopes...) {
		t.Errorf("made %+v", in)
	}
	rotated := b.post(r.panel(in)+"/rotate", url.Values{"overlap": {"24h"}})
	rotated.want(t, "rotate", http.StatusOK, "The old ones work until")
	second := shown.FindString(rotated.body)
	if second == "" || second == secrets[0] || strings.Contains(rotated.body, secrets[0]) {
		t.Errorf("rotated to %q", second)
	}
	for _, path := range []string{r.path(), r.panel(in), r.panel(in) + "/permissions", r.panel(in) + "/rotate", r.path() + "/integrations"} {
		if found := shown.FindString(b.get(path).body); found != "" {
			t.Errorf("%s shows %s", path, found)
		}
	}
	if found := shown.FindString(r.log.String()); found != "" {
		t.Errorf("the log holds %s", found)
	}
}

// Secrets are added, rotated, and rotations completed and taken back; each question
// comes before its deed.
func TestSecretLife(t *testing.T) {
	r := newRig(t)
	in, first := r.integration("Web shop")
	b := r.signedIn()
	panel := r.panel(in)
	secrets := func() []tepin.Secret {
		list, err := r.Store.Secrets(t.Context(), r.env.ID, in.ID)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	newest := func() string { list := secrets(); return panel + "/secrets/" + string(list[len(list)-1].ID) }
	works := func(secret string) bool { _, err := r.Token(in.ClientID, secret); return err == nil }

	b.get(panel+"/secrets/new").want(t, "dialog", http.StatusOK, "Add a client secret", "Those that it has stay")
	b.post(panel+"/secrets", url.Values{"label": {"night job"}, "life": {"90"}}).want(t, "add", http.StatusOK, "Copy the secret now.")
	b.get(panel).want(t, "list", http.StatusOK, "night job", "Ends in 89 days")
	for _, tt := range []url.Values{{"label": {strings.Repeat("x", 61)}}, {"life": {"soon"}}, {"life": {"-1"}}} {
		b.post(panel+"/secrets", tt).want(t, "refused", http.StatusUnprocessableEntity, `aria-invalid="true"`)
	}

	b.post(panel+"/rotate", url.Values{"overlap": {"24h"}})
	if !works(first) {
		t.Error("the old secret does not work in the overlap")
	}
	raw, err := r.Token(in.ClientID, first)
	if err != nil {
		t.Fatal(err)
	}
	b.get(panel+"/revoke").want(t, "ask", http.StatusOK, "End all tokens of “Web shop”?")
	b.post(panel+"/revoke", url.Values{}).want(t, "revoke", http.StatusSeeOther)
	b.get(panel+"?ended").want(t, "told", http.StatusOK, "All its tokens have ended.")
	if _, err := r.Access.Bearer(raw, access.Presenter{}); tepin.KindOf(err) != tepin.Unauthorized || !works(first) {
		t.Errorf("after all tokens ended: %v", err)
	}
	b.get(panel).want(t, "under way", http.StatusOK, "A rotation is under way")
	b.get(newest()+"/cancel").want(t, "ask", http.StatusOK, "Cancel the rotation?")
	b.post(newest()+"/cancel", url.Values{}).want(t, "cancel", http.StatusSeeOther)
	if len(secrets()) != 2 || !secrets()[0].ExpiresAt.IsZero() {
		t.Errorf("after the cancellation: %+v", secrets())
	}
	b.post(panel+"/rotate", url.Values{"overlap": {"24h"}})
	b.get(newest()+"/complete").want(t, "ask", http.StatusOK, "Complete the rotation?")
	b.post(newest()+"/complete", url.Values{}).want(t, "complete", http.StatusSeeOther)
	if works(first) {
		t.Error("the old secret works after the rotation was completed")
	}
	b.post(newest()+"/complete", url.Values{}).want(t, "again", http.StatusConflict, "There is no rotation to complete")

	for range tepin.MaxLiveSecrets - 1 {
		b.post(panel+"/secrets", url.Values{}).want(t, "add", http.StatusOK)
	}
	b.get(panel+"/secrets/new").want(t, "full", http.StatusOK, "End the oldest")
	b.post(panel+"/secrets", url.Values{}).want(t, "one too many", http.StatusUnprocessableEntity, "the most that it may have")
	b.post(panel+"/secrets", url.Values{"force": {"yes"}}).want(t, "forced", http.StatusOK, "Copy the secret now.")
}

// What the browser guard saw is told above the list, and blocked with one click.
func TestGuardNotice(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop", tepin.AllScopes...)
	b := r.signedIn()
	if p := b.get(r.path()); strings.Contains(p.body, `data-test="guard"`) {
		t.Error("a notice without a finding")
	}
	r.Access.Notice(access.Notice{Action: access.ActionGuardReport, Environment: r.env.ID, Target: string(in.ID), Origin: "https://shop.example",
		By: tepin.Actor{Kind: tepin.ActorIntegration, ID: string(in.ID), Name: in.Name}})
	if err := r.Access.FlushNotices(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	b.get(r.path()).want(t, "notice", http.StatusOK, "was used by a web page", "https://shop.example", "Block such tokens")
	b.get(r.panel(in)+"/activity").want(t, "activity", http.StatusOK, "A token with more than read permissions was used in a web page")
	b.post(r.path()+"/block", url.Values{}).want(t, "block", http.StatusSeeOther)
	if e, err := r.Store.Environment(t.Context(), r.env.ID); err != nil || e.BrowserGuard != tepin.GuardBlock {
		t.Errorf("after one click: %s, %v", e.BrowserGuard, err)
	}
	if p := b.get(r.path()); strings.Contains(p.body, "Block such tokens") {
		t.Error("what is blocked is to be blocked again")
	}
}

// The log of an environment, and of an integration, in words; by kind, and page by page.
func TestActivity(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	other, _ := r.integration("Printer")
	b := r.signedIn()
	for range 100 {
		b.post(r.panel(other)+"/revoke", url.Values{}).want(t, "revoke", http.StatusSeeOther)
	}
	b.get(r.panel(in)+"/activity").want(t, "of one", http.StatusOK, "created the integration", "Ada")
	if p := b.get(r.panel(in) + "/activity"); strings.Contains(p.body, "ended all tokens") {
		t.Error("another integration's lines are there")
	}
	all := b.get(r.path() + "/activity")
	all.want(t, "all", http.StatusOK, "ended all tokens", ">Printer</a>", `id="older"`)
	older := regexp.MustCompile(`href="([^"]+)" id="older"`).FindStringSubmatch(all.body)
	b.get(html.UnescapeString(older[1])).want(t, "older", http.StatusOK, "created the environment", `id="newest"`)
	if p := b.get(r.path() + "/activity?filter=secret."); strings.Contains(p.body, "ended all tokens") {
		t.Error("the filter lets other lines through")
	}
	for _, odd := range []string{"?before=-1", "?before=x", "?filter=%25", "?before=99999999999999999999"} {
		b.get(r.path()+"/activity"+odd).want(t, odd, http.StatusOK)
	}
}

// Limits of an integration and of an environment are typed, kept and refused.
func TestLimits(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	b := r.signedIn()
	for path, shown := range map[string]string{r.panel(in) + "/limits": r.panel(in) + "/limits", r.path() + "/limits": r.path() + "/settings"} {
		b.get(shown).want(t, "off", http.StatusOK, `id="mode-off" checked`, "none used")
		b.post(path, url.Values{"mode": {"enforce"}, "tokensHour": {"10"}, "rendersDay": {" 500 "}, "version": {"1"}}).want(t, "save", http.StatusSeeOther)
		b.get(shown).want(t, "saved", http.StatusOK, `id="mode-enforce" checked`, `id="tokensHour" value="10"`, `id="rendersDay" value="500"`)
		for _, wrong := range []url.Values{{"mode": {"enforce"}, "tokensHour": {"many"}}, {"mode": {"enforce"}, "tokensHour": {"-1"}}, {"mode": {"sometimes"}}} {
			wrong.Set("version", "2")
			b.post(path, wrong).want(t, "refused", http.StatusUnprocessableEntity, `class="error"`, wrong.Get("tokensHour"))
			if p := b.post(path, wrong); !strings.Contains(p.body, "whole number") && !strings.Contains(p.body, "The mode of a quota is") {
				t.Errorf("%v is refused without a reason", wrong)
			}
		}
		b.post(path, url.Values{"mode": {"off"}, "version": {"1"}}).want(t, "stale", http.StatusUnprocessableEntity, "has changed since")
	}
}

// Keys and issuers are added, what is wrong with them is said at the field, and they are
// removed.
func TestTrusts(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	b := r.signedIn()
	panel := r.panel(in)
	for kind, text := range map[string]string{"key": "Public key", "key_set": "URL of the key set", "issuer": "Subject", "certificate": "thumbprint"} {
		b.get(panel+"/trusts/new?kind="+kind).want(t, kind, http.StatusOK, text)
	}
	const key = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	b.post(panel+"/trusts", url.Values{"kind": {"key"}, "keys": {key}, "label": {"build machine"}, "life": {"90"}}).want(t, "key", http.StatusSeeOther)
	b.post(panel+"/trusts", url.Values{"kind": {"key"}, "keys": {"no key"}, "label": {"kept"}}).want(t, "no key", http.StatusUnprocessableEntity, `id="trust-keys"`, `aria-invalid="true"`, `value="kept"`)
	private, err := os.ReadFile("../token/testdata/es256.pem")
	if err != nil {
		t.Fatal(err)
	}
	refused := b.post(panel+"/trusts", url.Values{"kind": {"key"}, "keys": {string(private)}, "label": {"kept"}})
	refused.want(t, "private key", http.StatusUnprocessableEntity, "must never leave the machine", `value="kept"`)
	if strings.Contains(refused.body, "PRIVATE KEY") {
		t.Error("the page has the private key that was pasted")
	}
	b.post(panel+"/trusts", url.Values{"kind": {"certificate"}, "thumbprint": {"abc"}}).want(t, "no certificate", http.StatusUnprocessableEntity, "Is no SHA-256 thumbprint")
	shared := url.Values{"kind": {"issuer"}, "url": {"https://kubernetes.example"}, "subject": {"system:serviceaccount:shop:default"}, "audience": {"tepin"}}
	b.post(panel+"/trusts", shared).want(t, "shared", http.StatusUnprocessableEntity, "every pod of its namespace", "add it all the same")
	shared.Set("force", "yes")
	b.post(panel+"/trusts", shared).want(t, "forced", http.StatusSeeOther)
	b.get(panel).want(t, "list", http.StatusOK, "build machine", "Ends in 89 days", "system:serviceaccount:shop:default of https://kubernetes.example")
	trusts, err := r.Store.Trusts(t.Context(), r.env.ID, in.ID)
	if err != nil || len(trusts) != 2 {
		t.Fatalf("%+v, %v", trusts, err)
	}
	path := panel + "/trusts/" + string(trusts[0].ID) + "/delete"
	b.get(path).want(t, "ask", http.StatusOK, "Remove “Public key”?")
	b.post(path, url.Values{}).want(t, "remove", http.StatusSeeOther)
	b.post(path, url.Values{}).want(t, "again", http.StatusNotFound)
}

// From where an integration may be used is typed as lines and kept as typed when it is
// refused.
func TestReach(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	b := r.signedIn()
	b.get(r.panel(in)).want(t, "panel", http.StatusOK, "Where it may be used")
	b.post(r.panel(in)+"/reach", url.Values{"tokenNetworks": {"192.0.2.0/24\r\n2001:db8::/32"}, "useNetworks": {"192.0.2.9"}, "origins": {"https://Shop.example"}, "introspects": {"yes"}, "requireBound": {"yes"}, "version": {"1"}}).
		want(t, "save", http.StatusSeeOther)
	b.get(r.panel(in)+"?reach").want(t, "saved", http.StatusOK, "192.0.2.0/24\n2001:db8::/32", "192.0.2.9/32", "https://shop.example", `id="introspects" checked`, `id="require-bound" checked`, "Saved.")
	b.post(r.panel(in)+"/reach", url.Values{"tokenNetworks": {"home"}, "useNetworks": {"10.0.0.0/99"}, "origins": {"http://shop.example"}}).
		want(t, "refused", http.StatusUnprocessableEntity, "is no network; write one as", "is not https", ">home</textarea>", ">10.0.0.0/99</textarea>", ">http://shop.example</textarea>")
	b.post(r.panel(in)+"/reach", url.Values{"version": {"1"}}).want(t, "stale", http.StatusUnprocessableEntity, "Somebody else changed this integration")
	if got := r.find("Web shop"); !got.Introspects || len(got.TokenNetworks) != 2 {
		t.Errorf("a refused form changed %+v", got)
	}
}

func TestFormsKeepWhatWasTyped(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	b := r.signedIn()
	long := strings.Repeat("x", 141)
	for _, tt := range []struct {
		path  string
		form  url.Values
		texts []string
	}{
		{r.path() + "/integrations", url.Values{"name": {"<b>much too long & more</b>"}, "description": {"kept"}, "preset": {"all"}},
			[]string{"Has 27 characters; at most 20 are possible.", ">kept</textarea>", `id="preset-all" checked`}},
		{r.path() + "/integrations", url.Values{"name": {""}, "description": {long}, "preset": {"none"}}, []string{"Is required.", "Has 141 characters", long}},
		{r.path() + "/integrations", url.Values{"name": {"WEB shop"}, "preset": {"all"}}, []string{"of that name", `value="WEB shop"`}},
		{r.path() + "/integrations", url.Values{"name": {"Fresh"}, "preset": {"root"}}, []string{"Choose what the integration may do.", `value="Fresh"`}},
		{r.panel(in), url.Values{"name": {" "}, "description": {"kept"}, "version": {"1"}}, []string{"Is required.", ">kept</textarea>"}},
		{r.panel(in) + "/rotate", url.Values{"overlap": {"forever"}}, []string{"Must be between 0 and 30 days."}},
		{"/environments", url.Values{"name": {"Fresh"}, "technicalName": {"Not Good"}, "type": {"production"}},
			[]string{"Must be 1 to 63 lower-case letters", `value="Not Good"`, `id="type-production" checked`}},
		{"/environments", url.Values{"name": {"Fresh"}, "technicalName": {"demo"}, "type": {"sandbox"}}, []string{`value="demo"`, `id="technicalName-error"`}},
		{r.path() + "/settings", url.Values{"name": {"Kept"}, "lifetime": {"soon"}, "signingAlg": {"RS256"}, "version": {"1"}},
			[]string{"Must be between 5 minutes and 24 hours", `value="Kept"`, `value="soon"`, `value="RS256" selected`}},
	} {
		b.post(tt.path, tt.form).want(t, tt.path, http.StatusUnprocessableEntity, tt.texts...)
	}
	if got := r.find("Web shop"); got.Version != in.Version {
		t.Errorf("a refused form changed %+v", got)
	}
}

// Two people edit at once: the second sees what the first did, and loses nothing.
func TestTwoEditors(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	ada, bob := r.signedIn(), r.signedIn()
	ada.post(r.panel(in), url.Values{"name": {"Ada's shop"}, "description": {"hers"}, "version": {"1"}}).want(t, "Ada", http.StatusSeeOther)
	p := bob.post(r.panel(in), url.Values{"name": {"Bob's shop"}, "description": {"his"}, "version": {"1"}})
	p.want(t, "Bob", http.StatusUnprocessableEntity, "Somebody else changed this integration", "Ada's shop", "Bob's shop", ">his</textarea>", `name="version" value="2"`)
	bob.post(r.panel(in), url.Values{"name": {"Bob's shop"}, "description": {"his"}, "version": {"2"}}).want(t, "Bob again", http.StatusSeeOther)

	ada.post(r.panel(in)+"/permissions", url.Values{"scope": {"font:read"}, "version": {"3"}}).want(t, "Ada", http.StatusSeeOther)
	bob.post(r.panel(in)+"/permissions", url.Values{"scope": {"media:read"}, "version": {"3"}}).
		want(t, "Bob", http.StatusUnprocessableEntity, "Somebody else changed", "1 of 17", `value="media:read" data-column="read" aria-label="Media: read" checked`)
	if got := r.find("Bob's shop"); got.Scopes != tepin.MustScopes(tepin.FontRead) {
		t.Errorf("scopes %s", got.Scopes)
	}

	ada.post(r.path()+"/settings", url.Values{"name": {"Ada's"}, "lifetime": {"60"}, "signingAlg": {"ES256"}, "browserGuard": {"block"}, "version": {"1"}}).want(t, "Ada", http.StatusSeeOther)
	ada.get(r.path()+"/settings").want(t, "settings", http.StatusOK, `id="guard-block" checked`)
	ada.post(r.path()+"/settings", url.Values{"name": {"x"}, "lifetime": {"60"}, "signingAlg": {"ES256"}, "browserGuard": {"sometimes"}, "version": {"2"}}).
		want(t, "guard", http.StatusUnprocessableEntity, "Must be report, block or off.")
	bob.post(r.path()+"/settings", url.Values{"name": {"Bob's"}, "lifetime": {"30"}, "signingAlg": {"ES256"}, "browserGuard": {"block"}, "version": {"1"}}).
		want(t, "Bob", http.StatusUnprocessableEntity, "Somebody else changed these settings", "Ada's", "60 minutes", `value="Bob's"`, `value="30"`)
}

func TestPermissions(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	b := r.signedIn()
	path := r.panel(in) + "/permissions"
	b.post(path, url.Values{"preset": {"all"}, "version": {"1"}}).want(t, "preset", http.StatusOK, `value="output:static" data-column="output" aria-label="Output: Static" checked`, `data-unsaved >Unsaved changes`)
	if got := r.find("Web shop"); got.Scopes != 0 {
		t.Error("a preset was saved before it was looked at")
	}
	form := url.Values{"version": {"1"}}
	for _, s := range tepin.AllScopes {
		form.Add("scope", string(s))
	}
	b.post(path, form).want(t, "all", http.StatusSeeOther)
	if got := r.find("Web shop"); got.Scopes != tepin.MustScopes(tepin.AllScopes...) {
		t.Errorf("saved %s", got.Scopes)
	}
	b.post(path, url.Values{"scope": {"root:all"}, "version": {"2"}}).want(t, "unknown", http.StatusBadRequest)
	b.post(path, url.Values{"version": {"2"}}).want(t, "none", http.StatusSeeOther)
	if got := r.find("Web shop"); got.Scopes != 0 {
		t.Errorf("saved %s", got.Scopes)
	}
	b.get(r.path()).want(t, "list", http.StatusOK, "None")
}

func TestLifeOfAnIntegration(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop", tepin.FontRead)
	b := r.signedIn()
	b.get(r.panel(in)+"/disable").want(t, "asks", http.StatusOK, "Disable “Web shop”?", "do not come back when it is enabled again")
	b.post(r.panel(in)+"/state", url.Values{"enabled": {"false"}}).want(t, "disable", http.StatusSeeOther)
	b.get(r.panel(in)+"/disable").want(t, "has nothing to ask", http.StatusSeeOther)
	b.get(r.panel(in)).want(t, "disabled", http.StatusOK, "Disabled", `id="enable"`)
	b.post(r.panel(in)+"/state", url.Values{"enabled": {"perhaps"}}).want(t, "nonsense", http.StatusBadRequest)
	b.post(r.panel(in)+"/state", url.Values{"enabled": {"true"}}).want(t, "enable", http.StatusSeeOther)
	secrets, err := r.Store.Secrets(t.Context(), r.env.ID, in.ID)
	if err != nil {
		t.Fatal(err)
	}
	path := r.panel(in) + "/secrets/" + string(secrets[0].ID) + "/delete"
	b.get(path).want(t, "the last secret", http.StatusOK, "It is the last one that works")
	b.post(path, url.Values{}).want(t, "remove", http.StatusSeeOther)
	b.get(path).want(t, "removed", http.StatusNotFound)
	b.get(r.panel(in)).want(t, "no secret", http.StatusOK, "cannot ask for tokens")
	b.post(r.panel(in)+"/delete", url.Values{}).want(t, "delete", http.StatusSeeOther)
	b.get(r.panel(in)).want(t, "deleted", http.StatusNotFound, "There is no such integration")
	b.get(r.path()).want(t, "empty", http.StatusOK, "Integration “Web shop” is deleted.", "No integration yet")
	if p := b.get(r.path()); strings.Contains(p.body, "is deleted") {
		t.Error("the deletion is said twice")
	}
}

// P3: an integration of another environment looks exactly like one that does not exist.
func TestForeignIntegration(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	other := r.environment("Other", "other", tepin.Production)
	b := r.signedIn()
	id := regexp.MustCompile(`<code>[0-9a-f-]{36}</code>`)
	foreign := b.get("/environments/" + string(other.ID) + "/integrations/" + string(in.ID))
	absent := b.get("/environments/" + string(other.ID) + "/integrations/" + string(tepin.NewID[tepin.IntegrationID]()))
	foreign.want(t, "foreign", http.StatusNotFound)
	if id.ReplaceAllString(foreign.body, "") != id.ReplaceAllString(absent.body, "") {
		t.Error("a foreign integration can be told from an absent one")
	}
	b.post("/environments/"+string(other.ID)+"/integrations/"+string(in.ID)+"/delete", url.Values{}).want(t, "foreign", http.StatusNotFound)
	b.get("/environments/nothing").want(t, "no environment", http.StatusNotFound, "There is no such environment.")
	b.get("/environments/%2e%2e/x").want(t, "dots", http.StatusNotFound)
}

func TestHostileTexts(t *testing.T) {
	r := newRig(t)
	b := r.signedIn()
	script := `"><img src=x>`
	b.post(r.path()+"/integrations", url.Values{"name": {script}, "description": {"<script>alert(1)</script>"}, "preset": {"none"}}).want(t, "create", http.StatusOK)
	in := r.find(script)
	for _, path := range []string{r.path(), r.panel(in), r.panel(in) + "/delete", r.path() + "/integrations?search=" + url.QueryEscape("<script>alert(1)</script>")} {
		if p := b.get(path); strings.Contains(p.body, "<img src=x>") || strings.Contains(p.body, "<script>alert") {
			t.Errorf("%s: unescaped", path)
		}
	}
}

func TestBadForms(t *testing.T) {
	r := newRig(t)
	b := r.signedIn()
	b.post(r.path()+"/integrations", url.Values{"name": {strings.Repeat("x", 70_000)}}).want(t, "70 kB", http.StatusRequestEntityTooLarge)
	csrf := b.csrf()
	b.do(http.MethodPost, r.path()+"/integrations?csrf="+csrf, url.Values{"name": {"x"}}).want(t, "token in the address", http.StatusForbidden)
	b.header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.post(r.path()+"/settings", url.Values{"name": {"\xff\xfe"}, "lifetime": {"60"}, "signingAlg": {"ES256"}, "browserGuard": {"block"}, "version": {"1"}}).want(t, "not UTF-8", http.StatusUnprocessableEntity, "not UTF-8")
	b.get("/nowhere").want(t, "nowhere", http.StatusNotFound, "no page at this address")
	if p := b.do(http.MethodDelete, "/account", nil); p.status != http.StatusMethodNotAllowed && p.status != http.StatusNotFound {
		t.Errorf("DELETE: %d", p.status)
	}
}

// Numbers that people look at: renders of this month, and when a client was last seen.
func TestNumbers(t *testing.T) {
	r := newRig(t)
	in, secret := r.integration("Web shop")
	b := r.signedIn()
	b.get(r.path()).want(t, "unused", http.StatusOK, "Never used", `id="renders">0<`)
	if _, err := r.Access.Authenticate(t.Context(), in.ClientID, secret, netip.MustParseAddr("192.0.2.7")); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"at once", "after it is written"} {
		b.get(r.path()).want(t, when, http.StatusOK, "just now")
		b.get(r.panel(in)).want(t, when, http.StatusOK, "last used", "from 192.0.2.7")
		if err := r.Access.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// The presets are the vocabulary's.
func TestPresets(t *testing.T) {
	r := newRig(t)
	b := r.signedIn()
	for preset, want := range map[string][]tepin.Scope{"read-only": tepin.ReadOnlyScopes, "all": tepin.AllScopes, "none": nil} {
		b.post(r.path()+"/integrations", url.Values{"name": {preset}, "preset": {preset}}).want(t, preset, http.StatusOK)
		if got := r.find(preset).Scopes.List(); !slices.Equal(got, want) {
			t.Errorf("%s: %v", preset, got)
		}
	}
}
