package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/grant"
)

// tool is the application that reaches no more than who a person is.
var tool = tepin.FirstParty[1]

// device begins a sign-in from a device.
func (r *rig) device(a tepin.Application) grant.DeviceStart {
	r.t.Helper()
	audience, err := r.People.Audience()
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := r.People.StartDevice(r.t.Context(), grant.DeviceAsk{Application: a, Scopes: tepin.AskedScopes("openid profile"), Audience: audience, From: accesstest.Home})
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// outcome is what the device is told now.
func (r *rig) outcome(a tepin.Application, s grant.DeviceStart) string {
	r.t.Helper()
	tokens, refusal, err := r.People.PollDevice(r.t.Context(), a, s.DeviceCode, access.Presenter{From: accesstest.Home})
	if err != nil {
		r.t.Fatal(err)
	}
	if tokens.Access != "" {
		return "tokens for " + tokens.User.Email + " in " + string(tokens.Login.EnvironmentID)
	}
	return string(refusal)
}

// age makes the sign-ins of a browser look older than they are.
func (b *browser) age(r *rig) {
	b.t.Helper()
	r.advance(grant.FreshSignIn + 1e9)
}

// A person types the code that the device shows, sees what is behind it, and says yes
// or no (S26).
func TestDevice(t *testing.T) {
	r := newRig(t)
	b := r.signedIn()
	b.get("/device").want(t, "the first page", http.StatusOK, "Type the code")

	s := r.device(tool)
	p := b.post("/device", url.Values{"code": {strings.ToLower(strings.ReplaceAll(s.UserCode, "-", " "))}})
	p.want(t, "the code, typed", http.StatusOK, tool.Name, accesstest.Home.String(), "just now", email, r.env.Name, "Sign the device in")
	if strings.Contains(p.body, `name="password"`) || !strings.Contains(p.body, `type="hidden" name="code"`) {
		t.Error("the password is asked for, or the code again")
	}
	typed := url.Values{"code": {s.UserCode}, "decision": {"approve"}}
	b.post("/device", typed).want(t, "no environment", http.StatusBadRequest, "Choose the environment")
	typed.Set("environment", string(tepin.NewID[tepin.EnvironmentID]()))
	b.post("/device", typed).want(t, "an environment that is not there", http.StatusBadRequest, "Choose the environment")
	if got := r.outcome(tool, s); got != "authorization_pending" {
		t.Fatalf("the device is told %s", got)
	}
	typed.Set("environment", string(r.env.ID))
	b.post("/device", typed).want(t, "yes", http.StatusOK, "signed in as you")
	if got := r.outcome(tool, s); got != "tokens for "+email+" in "+string(r.env.ID) {
		t.Errorf("the device is told %s", got)
	}
	b.post("/device", typed).want(t, "yes, once more", http.StatusBadRequest, "Nothing waits under this code")

	s = r.device(tool)
	named := url.Values{"code": {s.UserCode}, "decision": {"approve"}, "environment": {strings.ToUpper(r.env.TechnicalName)}}
	b.post("/device", named).want(t, "yes, to an environment by its name", http.StatusOK, "signed in as you")
	if got := r.outcome(tool, s); got != "tokens for "+email+" in "+string(r.env.ID) {
		t.Errorf("the device is told %s", got)
	}

	s = r.device(tool)
	b.post("/device", url.Values{"code": {s.UserCode}, "decision": {"deny"}}).want(t, "no", http.StatusOK, "refused")
	if got := r.outcome(tool, s); got != "access_denied" {
		t.Errorf("the device is told %s", got)
	}
}

// A link that brings the code along shows what is behind it; the code is typed all the
// same, and another one counts against it.
func TestDeviceByLink(t *testing.T) {
	r := newRig(t)
	stranger := r.browser()
	s := r.device(tool)
	path := "/device?user_code=" + s.UserCode
	if p := stranger.get(path); p.status != http.StatusSeeOther || p.header.Get("Location") != "/login?next="+url.QueryEscape(path) {
		t.Errorf("without a session: %d %s", p.status, p.header.Get("Location"))
	}
	b := r.signedIn()
	p := b.get(path)
	p.want(t, "the link", http.StatusOK, tool.Name, accesstest.Home.String(), "Type the eight letters")
	if strings.Contains(p.body, `value="`+s.UserCode+`"`) != strings.Contains(p.body, `name="shown" value="`+s.UserCode+`"`) || strings.Count(p.body, s.UserCode) != 1 {
		t.Error("the code is filled in, or shown to be copied")
	}
	other := r.device(tool)
	yes := url.Values{"shown": {s.UserCode}, "decision": {"approve"}, "environment": {string(r.env.ID)}}
	for i, wrong := range []string{"", "nonsense", other.UserCode, "BCDF-GHJK"} {
		yes.Set("code", wrong)
		b.post("/device", yes).want(t, "typed "+wrong, http.StatusBadRequest, "not the code", tool.Name)
		if got := r.outcome(tool, other); got != "authorization_pending" && got != "slow_down" {
			t.Fatalf("after %d: the other device is told %s", i, got)
		}
	}
	yes.Set("code", strings.ToLower(s.UserCode))
	b.post("/device", yes).want(t, "typed right", http.StatusOK, "signed in as you")

	// No is said without typing it: who was sent a link has no device to look at.
	s = r.device(tool)
	b.post("/device", url.Values{"shown": {s.UserCode}, "code": {""}, "decision": {"deny"}}).want(t, "no", http.StatusOK, "refused")
	if got := r.outcome(tool, s); got != "access_denied" {
		t.Errorf("the device is told %s", got)
	}

	s = r.device(tool)
	yes.Set("shown", s.UserCode)
	yes.Set("code", "BCDF-GHJK")
	for range tepin.MaxDeviceMisses {
		b.post("/device", yes)
	}
	yes.Set("code", s.UserCode)
	b.post("/device", yes).want(t, "after five wrong ones", http.StatusBadRequest, "Nothing waits")
	if got := r.outcome(tool, s); got != "access_denied" {
		t.Errorf("the device is told %s", got)
	}
}

// Codes that nobody was given are counted, for the person and for the network.
func TestDeviceGuessing(t *testing.T) {
	r := newRig(t)
	b := r.signedIn()
	guess := func(i int) answer {
		return b.post("/device", url.Values{"code": {"BCDFGHJ" + string("BCDFGHJKLMNPQRSTVWXZ"[i])}})
	}
	for i := range 5 {
		guess(i).want(t, "a guess", http.StatusBadRequest, "Nothing waits under this code")
	}
	p := guess(5)
	p.want(t, "one too many", http.StatusTooManyRequests, "Too many codes were wrong")
	if p.header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	s := r.device(tool)
	b.post("/device", url.Values{"code": {s.UserCode}}).want(t, "the right one", http.StatusTooManyRequests, "Too many")
	b.get("/device?user_code="+s.UserCode).want(t, "the right one in a link", http.StatusTooManyRequests, "Too many")
	r.advance(3 * 60e9)
	b.post("/device", url.Values{"code": {s.UserCode}}).want(t, "some minutes later", http.StatusOK, tool.Name)
}

// A sign-in of more than five minutes ago needs the password again, on the same page.
func TestDeviceNeedsFreshSignIn(t *testing.T) {
	r := newRig(t)
	b := r.signedIn()
	b.age(r)
	s := r.device(tepin.FirstParty[0])
	p := b.get("/device?user_code=" + s.UserCode)
	p.want(t, "the link", http.StatusOK, "Tepin command line", "whatever you may", `name="password"`)
	if strings.Contains(p.body, `name="environment"`) {
		t.Error("an environment is asked for, though all of them are reached")
	}
	yes := url.Values{"shown": {s.UserCode}, "code": {s.UserCode}, "decision": {"approve"}}
	b.post("/device", yes).want(t, "without the password", http.StatusBadRequest, "This is not your password")
	yes.Set("password", "wrong")
	b.post("/device", yes).want(t, "with a wrong one", http.StatusBadRequest, "This is not your password")
	if got := r.outcome(tepin.FirstParty[0], s); got != "authorization_pending" {
		t.Errorf("the device is told %s", got)
	}
	yes.Set("password", password)
	b.post("/device", yes).want(t, "with the right one", http.StatusOK, "signed in as you")
	if got := r.outcome(tepin.FirstParty[0], s); got != "tokens for "+email+" in " {
		t.Errorf("the device is told %s", got)
	}
	// No is said without it.
	b.age(r)
	s = r.device(tool)
	b.post("/device", url.Values{"code": {s.UserCode}, "decision": {"deny"}}).want(t, "no", http.StatusOK, "refused")
}

// The account page lists what acts as the person, and signs it out.
func TestAccountLogins(t *testing.T) {
	r := newRig(t)
	b := r.signedIn()
	b.get("/account").want(t, "before", http.StatusOK, "No page and no program acts as you.")
	who, _ := r.SignedIn("bob@example.com")
	theirs := r.PersonTokens(who, tool, r.env.ID, "openid")
	s := r.device(tool)
	b.post("/device", url.Values{"code": {s.UserCode}, "decision": {"approve"}, "environment": {string(r.env.ID)}})
	tokens, _, err := r.People.PollDevice(t.Context(), tool, s.DeviceCode, access.Presenter{From: accesstest.Home})
	if err != nil {
		t.Fatal(err)
	}
	p := b.get("/account")
	p.want(t, "the list", http.StatusOK, tool.Name, "in "+r.env.Name, accesstest.Home.String(), string(tokens.Login.ID))
	if strings.Contains(p.body, string(theirs.Login.ID)) {
		t.Error("somebody else's is listed")
	}
	end := func(id tepin.LoginID) string { return "/account/logins/" + string(id) + "/end" }
	b.post(end(theirs.Login.ID), url.Values{}).want(t, "somebody else's", http.StatusNotFound)
	b.post(end(tokens.Login.ID), url.Values{}).want(t, "one's own", http.StatusSeeOther)
	b.get("/account").want(t, "after", http.StatusOK, "No page and no program acts as you.")
	if _, err := r.Access.Inspect(tokens.Access); tepin.KindOf(err) != tepin.Unauthorized {
		t.Errorf("its token: %v", err)
	}
	if _, err := r.Access.Inspect(theirs.Access); err != nil {
		t.Errorf("somebody else's token: %v", err)
	}
}

// The command line is for whoever has any role but end user; who has not is told so, and
// the terminal does not wait on.
func TestDeviceByRole(t *testing.T) {
	r := newRig(t)
	in := []tepin.EnvironmentRole{{EnvironmentID: r.env.ID, Role: tepin.EndUser}}
	commandLine := tepin.FirstParty[0]
	for _, c := range []struct {
		as     tepin.Invitation
		status int
		told   string
	}{
		{tepin.Invitation{Email: "tds@example.org", TemplateDesigner: true, Environments: in}, http.StatusOK, "tokens for tds@example.org"},
		{tepin.Invitation{Email: "eu@example.org", Environments: in}, http.StatusForbidden, "access_denied"},
	} {
		b := r.as(c.as)
		s := r.device(commandLine)
		b.post("/device", url.Values{"code": {s.UserCode}, "decision": {"approve"}}).want(t, c.as.Email, c.status)
		if got := r.outcome(commandLine, s); !strings.HasPrefix(got, c.told) {
			t.Errorf("the device of %s is told %s, want %s", c.as.Email, got, c.told)
		}
	}
}
