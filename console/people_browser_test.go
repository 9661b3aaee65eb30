package console_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/grant"
)

// The pages that applications send people to, in every look.
func TestScreensOfPeople(t *testing.T) {
	r := newRig(t)
	r.environment("Northwind production, with a name that is rather long for a field of this width", "northwind", tepin.Production)
	long := r.Application(r.env, "A template editor with a name of fifty characters.", callback)
	b := r.tab(t)
	b.signIn()
	b.open("/device")
	b.inEveryLook("device")
	s := r.device(tool)
	b.open("/device?user_code=" + s.UserCode)
	b.inEveryLook("device-link")
	b.Fill("#code", "BCDFGHJK")
	b.Click("#approve")
	b.See("#code-error:not(:empty)")
	b.inEveryLook("device-wrong")
	r.advance(grant.FreshSignIn + 1e9)
	b.open("/device?user_code=" + s.UserCode)
	b.See("#password")
	b.inEveryLook("device-password")
	b.open(asks(long, "prompt", "login"))
	b.inEveryLook("consent-password")
	b.open(asks(long, "scope", "openid "+tepin.MustScopes(tepin.ReadOnlyScopes...).String()))
	b.inEveryLook("consent-cut")
	b.open(asks(long))
	b.inEveryLook("consent")
	b.open(asks(long, "redirect_uri", "https://evil.example/"))
	b.inEveryLook("consent-error")
	b.open("/account")
	b.inEveryLook("account-alone")
	s = r.device(tool)
	b.open("/device?user_code=" + s.UserCode)
	b.Fill("#code", s.UserCode)
	b.Do(chromedp.SetValue(chromedp.CSS("#environment"), string(r.env.ID)))
	b.Fill("#password", password)
	b.Click("#approve")
	b.See("[data-test=device-done]")
	b.inEveryLook("device-done")
	if got := r.outcome(tool, s); !strings.HasPrefix(got, "tokens") {
		t.Errorf("the device is told %s", got)
	}
	b.open("/account")
	b.inEveryLook("account-logins")
	b.quiet("400")
}

// A device is signed in by keyboard alone: Enter presses what stands at the right.
func TestDeviceByKeyboard(t *testing.T) {
	r := newRig(t)
	s := r.device(tool)
	b := r.tab(t)
	b.open("/device?user_code=" + s.UserCode)
	b.focusOn("email")
	b.Keys(email + kb.Tab + password + kb.Enter)
	b.See("#device-form")
	b.focusOn("code")
	b.Keys(strings.ToLower(strings.ReplaceAll(s.UserCode, "-", "")) + kb.Tab)
	b.focusOn("environment")
	b.Keys("D" + kb.Tab) // Demo
	b.focusOn("approve")
	b.Keys(kb.Tab)
	b.focusOn("deny")
	b.Keys(kb.Shift + kb.Tab)
	b.Click("#code")
	b.Keys(kb.Enter)
	b.See("[data-test=device-done]")
	if got := r.outcome(tool, s); got != "tokens for "+email+" in "+string(r.env.ID) {
		t.Errorf("the device is told %s", got)
	}
	b.open("/account")
	b.Click("[data-test=end-login]")
	b.Says("#logins-card", "No page and no program")
	b.quiet("none")
}

// A browser follows the redirect that answers the form to another site, which the
// page's policy has to allow, and brings the code along.
func TestConsentInABrowser(t *testing.T) {
	r := newRig(t)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>shop</title><p id=arrived>here"))
	}))
	defer site.Close()
	a := r.Application(r.env, "Web shop", site.URL+"/callback")
	b := r.tab(t)
	b.Open(r.server.URL + asks(a))
	b.See("#login-form")
	b.focusOn("email")
	b.Keys(email + kb.Tab + password + kb.Enter)
	b.See("#consent-form")
	b.Click("#cancel")
	b.See("#arrived")
	if query := eval[string](b, "location.search"); !strings.Contains(query, "error=access_denied") {
		t.Errorf("sent back with %s", query)
	}
	b.Open(r.server.URL + asks(a))
	b.See("#consent-form")
	b.Click("#allow")
	b.See("#arrived")
	code := eval[string](b, "new URLSearchParams(location.search).get('code')")
	if state := eval[string](b, "new URLSearchParams(location.search).get('state')"); state != "a state & more" {
		t.Errorf("the state is %q", state)
	}
	if _, err := r.People.Redeem(t.Context(), grant.Redemption{Application: a, Code: code, RedirectURI: site.URL + "/callback", Verifier: accesstest.Verifier}); err != nil {
		t.Error(err)
	}
	b.quiet("404") // no site has an icon here
}
