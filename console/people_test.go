package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
)

func (r *rig) subscriptionPath() string { return "/subscriptions/" + string(r.env.SubscriptionID) }

// as returns a browser in which a member has signed in.
func (r *rig) as(in tepin.Invitation) *browser {
	r.t.Helper()
	if in.SubscriptionID == "" {
		in.SubscriptionID = r.env.SubscriptionID
	}
	r.Member(in)
	b := r.browser()
	b.get("/login")
	if p := b.post("/login", url.Values{"email": {in.Email}, "password": {accesstest.Password}}); p.status != http.StatusSeeOther {
		r.t.Fatalf("%s signs in: %d", in.Email, p.status)
	}
	return b
}

// Every page is tried as people of each role (P2): what they have no part in is not
// there, and what their role does not allow is refused.
func TestPagesByRole(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	elsewhere, err := r.Store.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "Elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	neighbour := r.environment("Neighbour", "neighbour", tepin.Sandbox)
	own := func(role tepin.Role, env tepin.Environment) []tepin.EnvironmentRole {
		return []tepin.EnvironmentRole{{EnvironmentID: env.ID, Role: role}}
	}
	sa, ea, eu, tds := tepin.NewRoles(tepin.SubscriptionAdmin), tepin.NewRoles(tepin.EnvironmentAdmin), tepin.NewRoles(tepin.EndUser), tepin.Designers
	people := []struct {
		as                tepin.Invitation
		env, sub, nowhere tepin.Roles
	}{
		{tepin.Invitation{Email: "sa@example.org", SubscriptionAdmin: true}, sa | eu, sa | eu, sa | eu},
		{tepin.Invitation{Email: "ea@example.org", Environments: own(tepin.EnvironmentAdmin, r.env)}, ea | eu, ea | eu, ea | eu},
		{tepin.Invitation{Email: "beside@example.org", Environments: own(tepin.EnvironmentAdmin, neighbour)}, 0, ea | eu, ea | eu},
		{tepin.Invitation{Email: "eu@example.org", Environments: own(tepin.EndUser, r.env)}, eu, eu, eu},
		{tepin.Invitation{Email: "tds@example.org", TemplateDesigner: true, Environments: own(tepin.EndUser, r.env)}, tds | eu, tds | eu, tds | eu},
		{tepin.Invitation{Email: "foreign@example.org", SubscriptionID: elsewhere.ID, SubscriptionAdmin: true}, 0, 0, sa | eu},
	}
	fill := strings.NewReplacer("{environment}", string(r.env.ID), "{integration}", string(in.ID), "{subscription}", string(r.env.SubscriptionID), "{$}", "")
	rest := regexp.MustCompile(`\{[a-z]+\}`)
	for _, p := range people {
		b := r.as(p.as)
		csrf := b.csrf()
		for pattern, roles := range r.console.Needs() {
			method, path, _ := strings.Cut(fill.Replace(pattern), " ")
			if method == http.MethodPost && (strings.HasPrefix(path, "/account") || strings.Contains(path, "/integrations/") || strings.HasSuffix(path, "/block") || strings.HasSuffix(path, "/limits")) && p.env.Any(ea|sa) {
				continue // it would change what the others are tried on
			}
			have := p.nowhere
			switch {
			case strings.Contains(pattern, "{environment}"):
				have = p.env
			case strings.Contains(pattern, "{subscription}"):
				have = p.sub
			}
			path = rest.ReplaceAllString(path, tepin.NewID[string]())
			got := b.do(method, path, url.Values{"csrf": {csrf}})
			switch {
			case have == 0 && got.status != http.StatusNotFound:
				t.Errorf("%s as %s, who has no part in it: %d", pattern, p.as.Email, got.status)
			case have != 0 && (got.status == http.StatusForbidden && strings.Contains(got.body, "This page is for")) == have.Any(roles):
				t.Errorf("%s as %s: %d", pattern, p.as.Email, got.status)
			}
		}
	}
}

var oneTimeLink = regexp.MustCompile(`id="one-time-link">([^<]+)<`)

// From the invitation to the end, in the console.
func TestPeopleInTheConsole(t *testing.T) {
	r := newRig(t)
	b := r.signedIn()
	people := r.subscriptionPath() + "/people"
	b.post(people, url.Values{"email": {"nobody"}}).want(t, "a bad address", http.StatusUnprocessableEntity, "not an e-mail address")
	made := b.post(people, url.Values{"email": {"bea@example.com"}, "firstName": {"Bea"}, "templateDesigner": {"yes"}, "role-" + string(r.env.ID): {"EA"}})
	made.want(t, "invite", http.StatusOK, "bea@example.com is invited")
	b.post(people, url.Values{"email": {"bea@example.com"}}).want(t, "twice", http.StatusUnprocessableEntity, "already")
	_, code, _ := strings.Cut(oneTimeLink.FindStringSubmatch(made.body)[1], "/join#")

	guest := r.browser()
	guest.get("/join").want(t, "the page of the link", http.StatusOK, "You were invited")
	form := func(password string) url.Values {
		return url.Values{"token": {code}, "password": {password}, "name": {"Bea B"}, "csrf": {csrfField.FindStringSubmatch(guest.get("/join").body)[1]}}
	}
	guest.post("/join", form("short")).want(t, "a short password", http.StatusBadRequest, "at least 10")
	bad := form(accesstest.Password)
	bad.Set("token", "x")
	guest.post("/join", bad).want(t, "another link", http.StatusNotFound, "unknown, spent or too old")
	guest.post("/join", form(accesstest.Password)).want(t, "join", http.StatusSeeOther)
	guest.get("/").want(t, "her environments", http.StatusOK, "Demo")
	guest.get("/environments/"+string(r.env.ID)).want(t, "her environment", http.StatusOK, "tab-integrations")
	if p := guest.get("/"); strings.Contains(p.body, "nav-people") || !strings.Contains(p.body, "nav-usage") {
		t.Error("an environment administrator is shown the way to the people, or none to the usage")
	}
	second := r.browser()
	again := form(accesstest.Password)
	again.Set("csrf", csrfField.FindStringSubmatch(second.get("/join").body)[1])
	second.post("/join", again).want(t, "the link, twice", http.StatusNotFound, "unknown, spent or too old")

	list, err := r.Store.People(t.Context(), r.env.SubscriptionID)
	if err != nil || len(list) != 1 || list[0].Name != "Bea B" || !list[0].TemplateDesigner {
		t.Fatalf("%+v %v", list, err)
	}
	one := people + "/" + string(list[0].UserID)
	version := func() string {
		return regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(b.get(one).body)[1]
	}
	b.post(one, url.Values{"version": {"1"}, "firstName": {"X"}}).want(t, "stale", http.StatusUnprocessableEntity, "Somebody else")
	b.post(one, url.Values{"version": {version()}, "firstName": {"Bea"}, "lastName": {"B"}, "subscriptionAdmin": {"yes"}}).want(t, "save", http.StatusSeeOther)
	guest.get("/people").want(t, "she administers now", http.StatusSeeOther)
	b.post(one, url.Values{"version": {version()}, "state": {"deactivated"}}).want(t, "deactivate", http.StatusSeeOther)
	if p := guest.get("/"); p.status != http.StatusSeeOther {
		t.Errorf("a deactivated person's page: %d", p.status)
	}
	b.post(one+"/link", url.Values{}).want(t, "a link for her", http.StatusUnprocessableEntity, "not active")
	b.post(one, url.Values{"version": {version()}, "state": {"active"}}).want(t, "activate", http.StatusSeeOther)
	link := b.post(one+"/link", url.Values{})
	_, code, _ = strings.Cut(oneTimeLink.FindStringSubmatch(link.body)[1], "/password#")
	third := r.browser()
	third.post("/password", url.Values{"token": {code}, "password": {"another sentence altogether"}, "csrf": {csrfField.FindStringSubmatch(third.get("/password").body)[1]}}).want(t, "new password", http.StatusSeeOther)

	groups := r.subscriptionPath() + "/groups"
	b.post(groups, url.Values{"name": {"[all users]"}}).want(t, "a taken name", http.StatusUnprocessableEntity, "already")
	at := b.post(groups, url.Values{"name": {"Team"}}).header.Get("Location")
	b.post(at, url.Values{"version": {"1"}, "name": {"Crew"}, "role-" + string(r.env.ID): {"EU"}}).want(t, "save the group", http.StatusSeeOther)
	b.post(at+"/members", url.Values{"email": {"who@example.com"}}).want(t, "nobody", http.StatusUnprocessableEntity, "invite them first")
	b.post(at+"/members", url.Values{"email": {" Bea@example.com"}}).want(t, "take in", http.StatusSeeOther)
	b.get(at).want(t, "the group", http.StatusOK, "bea@example.com")
	b.post(at+"/members/"+string(list[0].UserID)+"/leave", url.Values{}).want(t, "take out", http.StatusSeeOther)
	b.post(groups+"/"+string(r.env.SubscriptionID)+"/delete", url.Values{}).want(t, "the built-in group", http.StatusConflict)
	b.post(at+"/delete", url.Values{}).want(t, "delete the group", http.StatusSeeOther)
	b.get(one+"/delete").want(t, "ask", http.StatusOK, "cannot be undone")
	b.post(one+"/delete", url.Values{}).want(t, "delete", http.StatusSeeOther)
	b.get(people).want(t, "nobody is left", http.StatusOK, "bea@example.com is deleted")
	third.get("/").want(t, "a deleted person's page", http.StatusSeeOther)
}

// Who administers an environment says who enters it, in its own screen: they see nobody
// who is not in it, and end where they end.
func TestPeopleOfAnEnvironment(t *testing.T) {
	r := newRig(t)
	sub := r.env.SubscriptionID
	in := func(role tepin.Role) []tepin.EnvironmentRole {
		return []tepin.EnvironmentRole{{EnvironmentID: r.env.ID, Role: role}}
	}
	cato, _ := r.Member(tepin.Invitation{SubscriptionID: sub, Email: "cato@example.org", TemplateDesigner: true})
	dora, _ := r.Member(tepin.Invitation{SubscriptionID: sub, Email: "dora@example.org"})
	group, err := r.Credential.CreateGroup(t.Context(), r.admin, tepin.Group{SubscriptionID: sub, Name: "Press", Access: in(tepin.EndUser)})
	if err == nil {
		err = r.Credential.SetGroupMember(t.Context(), r.admin, sub, group.ID, dora.User.ID, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := r.as(tepin.Invitation{Email: "ea@example.org", Environments: in(tepin.EnvironmentAdmin)})
	people := "/environments/" + string(r.env.ID) + "/people"
	first := b.get(people)
	first.want(t, "the screen", http.StatusOK, "dora@example.org", "End user by the group “Press”", "ea@example.org", `id="tab-people"`)
	if strings.Contains(first.body, "cato@example.org") {
		t.Error("somebody is listed who may not enter")
	}
	add := func(email, role string) url.Values { return url.Values{"email": {email}, "role": {role}} }
	b.post(people, add("nobody@example.org", "EU")).want(t, "a stranger", http.StatusUnprocessableEntity, "Nobody in the subscription has this e-mail address", "nobody@example.org")
	b.post(people, add("cato@example.org", "SA")).want(t, "a role of the subscription", http.StatusUnprocessableEntity, "Choose what they shall be")
	b.post(people, add(" Cato@example.org", "EU")).want(t, "let in", http.StatusSeeOther)
	b.get(people).want(t, "afterwards", http.StatusOK, "cato@example.org is end user here.", "Template designer")
	one := people + "/" + string(cato.User.ID)
	b.post(one, url.Values{"role": {"EA"}}).want(t, "changed", http.StatusSeeOther)
	admin := r.signedIn()
	list := admin.get(r.subscriptionPath() + "/people")
	list.want(t, "all people", http.StatusOK, "Template designer, Environment administrator of Demo", "1 designer seat taken")
	if !r.Access.Roles(tepin.Actor{Kind: tepin.ActorUser, ID: string(cato.User.ID)}, r.env.ID).Any(tepin.NewRoles(tepin.EnvironmentAdmin)) {
		t.Error("the role did not arrive")
	}
	b.post(one, url.Values{"role": {""}}).want(t, "taken", http.StatusSeeOther)
	if p := b.get(people); strings.Contains(p.body, `data-id="`+string(cato.User.ID)) {
		t.Error("somebody without a role is listed")
	}
	b.post(people+"/"+tepin.NewID[string](), url.Values{"role": {"EU"}}).want(t, "an unknown person", http.StatusNotFound)

	all, err := r.Store.People(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Email == "ea@example.org" {
			b.post(people+"/"+string(p.UserID), url.Values{"role": {"EU"}}).want(t, "stepping down", http.StatusSeeOther)
		}
	}
	b.get("/").want(t, "after stepping down", http.StatusOK, "Demo")
	b.get(people).want(t, "after stepping down", http.StatusForbidden, "This page is for")
}
