package platformapi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/credential"
)

// as returns how the person of a session calls.
func (r *rig) as(cookie string) func(method, path, body string) *httptest.ResponseRecorder {
	_, csrf, err := r.Credential.Session(r.t.Context(), cookie)
	must(r.t, err)
	return func(method, path, body string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(method, path, strings.NewReader(body))
		req.AddCookie(&http.Cookie{Name: "tepin", Value: cookie})
		req.Header.Set("X-CSRF-Token", csrf)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		return r.send(req)
	}
}

func (r *rig) subscriptionPath() string { return subscriptions + "/" + string(r.subscription.ID) }

// From the invitation to the end, with the person's own tokens on the way.
func TestUserLife(t *testing.T) {
	r := newRig(t)
	path := r.subscriptionPath() + "/users"
	w := r.admin("POST", path, `{"email":"Bob@Example.org","firstName":"Ann","lastName":"van Dam","subscriptionRoles":["EU","TDS"],"environmentRoles":[{"environmentId":"`+string(r.own.ID)+`","role":"EU"}]}`)
	made := read[invitedUser](t, w, 201)
	one := path + "/" + string(made.ID)
	if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Location") != one || made.Status != "Pending" || made.Email != "bob@example.org" ||
		made.FirstName != "Ann" || made.LastName != "van Dam" || len(made.SubscriptionRoles) != 1 || made.LastSeen != nil || !made.Invitation.Ends.Equal(*made.InvitationEnds) {
		t.Errorf("%+v %v", made, w.Header())
	}
	again := read[invitedUser](t, r.admin("POST", one+"/invitation", ""), 200)
	_, token, _ := strings.Cut(again.Invitation.Link, "/join#")
	_, old, _ := strings.Cut(made.Invitation.Link, "/join#")
	attempt := credential.Attempt{Password: accesstest.Password, From: accesstest.Home}
	if _, err := r.Credential.Join(t.Context(), attempt, old, ""); tepin.KindOf(err) != tepin.NotFound {
		t.Errorf("the older link: %v", err)
	}
	in, err := r.Credential.Join(t.Context(), attempt, token, "")
	must(t, err)
	if _, err := r.Credential.Join(t.Context(), attempt, token, ""); tepin.KindOf(err) != tepin.NotFound {
		t.Errorf("the link, twice: %v", err)
	}
	ann := r.as(in.Cookie)
	if got := read[[]EnvironmentBody](t, ann("GET", environments, ""), 200); len(got) != 1 || got[0].ID != r.own.ID {
		t.Errorf("she sees %+v", got)
	}
	if got := read[sessionBody](t, ann("GET", "/api/v1/session", ""), 200); got.Administrator || fmt.Sprint(got.Roles) != "[EU TDS]" {
		t.Errorf("she is %+v", got)
	}
	if w := ann("GET", path, ""); w.Code != 403 {
		t.Errorf("an end user lists the users: %d %s", w.Code, w.Body)
	}
	if w := r.admin("POST", one+"/invitation", ""); w.Code != 409 {
		t.Errorf("an active user is invited again: %d", w.Code)
	}

	// A role bites at once; so does its end, and deactivation.
	w = r.admin("PATCH", one, `{"subscriptionRoles":["SA"],"firstName":"Anna"}`)
	if got := read[UserBody](t, w, 200); got.FirstName != "Anna" || got.LastName != "van Dam" || fmt.Sprint(got.SubscriptionRoles) != "[SA]" || got.LastSeen == nil {
		t.Errorf("%+v", got)
	}
	read[[]UserBody](t, ann("GET", path, ""), 200)
	if w := r.admin("PATCH", one, `{"status":"Deactivated"}`); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if _, _, err := r.Credential.Session(t.Context(), in.Cookie); tepin.KindOf(err) != tepin.Unauthorized {
		t.Errorf("a deactivated user's session: %v", err)
	}
	if _, err := r.Credential.SignIn(t.Context(), credential.Attempt{Email: "bob@example.org", Password: accesstest.Password, From: accesstest.Home}); tepin.KindOf(err) != tepin.Forbidden {
		t.Errorf("a deactivated user signs in: %v", err)
	}
	if w := r.admin("PATCH", one, `{"status":"Active"}`); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	link := read[linkBody](t, r.admin("POST", one+"/password-link", ""), 201)
	_, token, _ = strings.Cut(link.Link, "/password#")
	const fresh = "another sentence altogether"
	_, err = r.Credential.UsePasswordLink(t.Context(), credential.Attempt{Password: fresh, From: accesstest.Home}, token)
	must(t, err)
	if _, err = r.Credential.UsePasswordLink(t.Context(), credential.Attempt{Password: fresh, From: accesstest.Home}, token); tepin.KindOf(err) != tepin.NotFound {
		t.Errorf("the link, twice: %v", err)
	}
	if w := r.admin("DELETE", one, ""); w.Code != 204 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := r.admin("GET", one, ""); w.Code != 404 {
		t.Errorf("a deleted user: %d", w.Code)
	}
}

// A person's tokens end with what they may (P5).
func TestTokensOfPeopleEnd(t *testing.T) {
	r := newRig(t)
	who, _ := r.Member(tepin.Invitation{SubscriptionID: r.subscription.ID, Email: "ea@example.org", Environments: []tepin.EnvironmentRole{{EnvironmentID: r.own.ID, Role: tepin.EnvironmentAdmin}}})
	tokens := r.PersonTokens(who, tepin.FirstParty[0], "", "openid offline_access")
	editor := r.PersonTokens(who, r.Application(r.own, "Editor", "https://editor.example/"), "", "openid offline_access")
	const path = "/api/v1/environments/own"
	for name, token := range map[string]string{"command line": tokens.Access, "editor": editor.Access} {
		if w := r.bearer(token, "GET", path, ""); w.Code != 200 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	user := environments + "/own/users/" + string(who.User.ID)
	if w := r.admin("DELETE", user, ""); w.Code != 204 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for name, token := range map[string]string{"command line": tokens.Access, "editor": editor.Access} {
		if w := r.bearer(token, "GET", path, ""); w.Code != 404 {
			t.Errorf("%s without a role: %d %s", name, w.Code, w.Body)
		}
	}
	if w := r.admin("PUT", user, `{"role":"EU"}`); w.Code != 204 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := r.bearer(tokens.Access, "GET", path, ""); w.Code != 200 {
		t.Errorf("with a role again: %d %s", w.Code, w.Body)
	}
	if w := r.admin("DELETE", r.subscriptionPath()+"/users/"+string(who.User.ID), ""); w.Code != 204 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for name, token := range map[string]string{"command line": tokens.Access, "editor": editor.Access} {
		if w := r.bearer(token, "GET", path, ""); w.Code != 401 {
			t.Errorf("%s of a deleted user: %d %s", name, w.Code, w.Body)
		}
	}
}

// Nobody makes themselves more than they are.
func TestEscalation(t *testing.T) {
	r := newRig(t)
	neighbour := r.Environment(r.subscription, "neighbour", tepin.Sandbox)
	ea, eaCookie := r.Member(tepin.Invitation{SubscriptionID: r.subscription.ID, Email: "ea@example.org", Environments: []tepin.EnvironmentRole{{EnvironmentID: r.own.ID, Role: tepin.EnvironmentAdmin}}})
	sa, saCookie := r.Member(tepin.Invitation{SubscriptionID: r.subscription.ID, Email: "sa@example.org", SubscriptionAdmin: true})
	foreign, _ := r.Member(tepin.Invitation{SubscriptionID: r.elsewhere.ID, Email: "foreign@example.org"})
	root, err := r.Store.UserByEmail(t.Context(), "ann@example.org")
	must(t, err)
	own := r.subscriptionPath()
	for _, c := range []struct {
		name, cookie, method, path, body string
		status                           int
	}{
		{"EA makes itself SA", eaCookie, "PATCH", own + "/users/" + string(ea.User.ID), `{"subscriptionRoles":["SA"]}`, 403},
		{"EA invites", eaCookie, "POST", own + "/users", `{"email":"x@example.org","subscriptionRoles":["SA"]}`, 403},
		{"EA makes itself EA next door", eaCookie, "PUT", environments + "/neighbour/users/" + string(ea.User.ID), `{"role":"EA"}`, 404},
		{"EA changes next door", eaCookie, "PATCH", environments + "/neighbour", `{"name":"Mine"}`, 404},
		{"EA gives SA in its environment", eaCookie, "PUT", environments + "/own/users/" + string(ea.User.ID), `{"role":"SA"}`, 400},
		{"EA lets a stranger in", eaCookie, "PUT", environments + "/own/users/" + string(foreign.User.ID), `{"role":"EU"}`, 404},
		{"EA lets somebody in by address", eaCookie, "PUT", environments + "/own/users/Sa@example.org", `{"role":"EU"}`, 204},
		{"EA takes that again", eaCookie, "DELETE", environments + "/own/users/sa@example.org", "", 204},
		{"EA lets a stranger in by address", eaCookie, "PUT", environments + "/own/users/foreign@example.org", `{"role":"EU"}`, 404},
		{"EA deletes its environment", eaCookie, "DELETE", environments + "/own", "", 403},
		{"EA makes environments", eaCookie, "POST", environments, `{"name":"x","technicalName":"x","type":"sandbox"}`, 403},
		{"EA opens its group", eaCookie, "PATCH", own + "/groups/" + string(r.subscription.ID), `{"access":[]}`, 403},
		{"SA makes itself administrator", saCookie, "PUT", "/api/v1/administrators/" + string(sa.User.ID), "", 403},
		{"SA invites an administrator", saCookie, "POST", own + "/users", `{"email":"x@example.org","administrator":true}`, 400},
		{"SA patches an administrator", saCookie, "PATCH", own + "/users/" + string(sa.User.ID), `{"administrator":true}`, 400},
		{"SA raises its seats", saCookie, "PATCH", own, `{"templateDesignerSeatsTotal":7}`, 403},
		{"SA renames its subscription", saCookie, "PATCH", own, `{"name":"Ours"}`, 200},
		{"SA acts on another subscription", saCookie, "PATCH", subscriptions + "/" + string(r.elsewhere.ID), `{"name":"Mine"}`, 404},
		{"SA makes an environment elsewhere", saCookie, "POST", environments, `{"name":"x","technicalName":"x","type":"sandbox","subscriptionId":"` + string(r.elsewhere.ID) + `"}`, 400},
		{"SA enters an environment elsewhere", saCookie, "PATCH", own + "/users/" + string(sa.User.ID), `{"environmentRoles":[{"environmentId":"` + string(r.other.ID) + `","role":"EA"}]}`, 400},
		{"SA takes somebody of another subscription", saCookie, "POST", own + "/users/" + string(foreign.User.ID) + "/password-link", "", 404},
		{"SA takes the administrator", saCookie, "POST", own + "/users/" + string(root.ID) + "/password-link", "", 404},
		{"SA leaves nobody", saCookie, "PATCH", own + "/users/" + string(sa.User.ID), `{"subscriptionRoles":[]}`, 409},
		{"SA reads the instance's log", saCookie, "GET", "/api/v1/audit", "", 403},
		{"SA rotates keys", saCookie, "POST", "/api/v1/signing-keys/rotate", "", 403},
		{"SA opens a group elsewhere", saCookie, "PATCH", own + "/groups/" + string(r.subscription.ID), `{"access":[{"environmentId":"` + string(r.other.ID) + `","role":"EU"}]}`, 400},
	} {
		if w := r.as(c.cookie)(c.method, c.path, c.body); w.Code != c.status {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
	// Who was invited and is an administrator already is nobody's to take over.
	if w := r.as(saCookie)("POST", own+"/users", `{"email":"ann@example.org"}`); w.Code != 201 {
		t.Errorf("%d %s", w.Code, w.Body)
	} else {
		_, token, _ := strings.Cut(read[invitedUser](t, w, 201).Invitation.Link, "#")
		_, err := r.Credential.Join(t.Context(), credential.Attempt{Password: "a password that SA chose", From: accesstest.Home}, token, "")
		if tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("the link of somebody who has an account: %v", err)
		}
	}
	// The last administrator stays.
	if w := r.admin("DELETE", "/api/v1/administrators/"+string(root.ID), ""); w.Code != 409 {
		t.Errorf("the last administrator: %d %s", w.Code, w.Body)
	}
	if _, err := r.Store.Environment(t.Context(), neighbour.ID); err != nil {
		t.Error(err)
	}
}

// What people and groups refuse, and why.
func TestBadInputOfPeople(t *testing.T) {
	r := newRig(t)
	who, _ := r.Member(tepin.Invitation{SubscriptionID: r.subscription.ID, Email: "a@example.org"})
	own := r.subscriptionPath()
	one := own + "/users/" + string(who.User.ID)
	group := read[GroupBody](t, r.admin("POST", own+"/groups", `{"name":"Team"}`), 201)
	team, all := own+"/groups/"+string(group.ID), own+"/groups/"+string(r.subscription.ID)
	env := string(r.own.ID)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", own + "/users", `{"email":"A@example.org"}`, 409},
		{"POST", own + "/users", `{"email":"no address"}`, 400},
		{"POST", own + "/users", `{"email":"` + strings.Repeat("a", 250) + `@example.org"}`, 400},
		{"POST", own + "/users", `{"email":"b@example.org","firstName":"` + strings.Repeat("x", 101) + `"}`, 400},
		{"POST", own + "/users", `{"email":"b@example.org","firstName":"a\u202eb"}`, 400},
		{"POST", own + "/users", `{"email":"b@example.org","subscriptionRoles":["EA"]}`, 400},
		{"POST", own + "/users", `{"email":"b@example.org","environmentRoles":[{"environmentId":"` + env + `","role":"TDS"}]}`, 400},
		{"POST", own + "/users", `{"email":"b@example.org","environmentRoles":[{"environmentId":"` + env + `","role":"EU"},{"environmentId":"` + env + `","role":"EA"}]}`, 400},
		{"POST", own + "/users", `{"email":"b@example.org","environmentRoles":[{"environmentId":"` + string(r.other.ID) + `","role":"EU"}]}`, 400},
		{"POST", own + "/users", `[]`, 400},
		{"POST", own + "/users", ``, 400},
		{"PATCH", one, `{"status":"Pending"}`, 400},
		{"PATCH", one, `{"status":7}`, 400},
		{"PATCH", own + "/users/" + tepin.NewID[string](), `{}`, 404},
		{"PATCH", own + "/users/x", `{}`, 404},
		{"POST", one + "/invitation", "", 409},
		{"GET", own + "/users?status=Gone", "", 400},
		{"POST", own + "/groups", `{"name":"TEAM"}`, 409},
		{"POST", own + "/groups", `{"name":"[all users]"}`, 409},
		{"POST", own + "/groups", `{"name":" "}`, 400},
		{"POST", own + "/groups", `{"name":"` + strings.Repeat("x", 101) + `"}`, 400},
		{"PATCH", team, `{"name":"[All users]"}`, 409},
		{"PATCH", all, `{"name":"Everybody"}`, 409},
		{"DELETE", all, "", 409},
		{"PUT", all + "/users/" + string(who.User.ID), "", 409},
		{"PUT", team + "/users/" + tepin.NewID[string](), "", 404},
		{"PATCH", own, `{"averageMonths":4}`, 400},
		{"PATCH", own, `{"maxRenders":-1}`, 400},
		{"GET", own + "/usage-report", "", 400},
		{"GET", own + "/usage-report?groupBy=day&startDate=2026-02-30&endDate=2026-03-01", "", 400},
		{"GET", own + "/usage-report?groupBy=day&startDate=2026-02-20", "", 400},
		{"GET", own + "/renders?groupBy=week", "", 400},
		{"GET", own + "/renders?groupBy=month&top=0", "", 400},
		{"POST", own + "/deleted-environments/" + env + "/restore", "", 404},
		{"PUT", "/api/v1/administrators/" + tepin.NewID[string](), "", 404},
	} {
		if w := r.admin(c.method, c.path, c.body); w.Code != c.status && !(c.status == 404 && w.Code == 400) {
			t.Errorf("%s %s %.80s: %d, want %d: %s", c.method, c.path, c.body, w.Code, c.status, w.Body)
		}
	}
	for _, path := range []string{one, team, own} {
		if w := r.admin("PATCH", path, `{}`, "If-Match", `"99"`); w.Code != 412 {
			t.Errorf("%s, stale: %d %s", path, w.Code, w.Body)
		}
	}
	if w := r.admin("POST", own+"/users", `{"email":"b@example.org"}`, "Content-Type", "text/plain"); w.Code != 415 {
		t.Errorf("not JSON: %d", w.Code)
	}
}

// Groups let their members in together.
func TestGroups(t *testing.T) {
	r := newRig(t)
	who, cookie := r.Member(tepin.Invitation{SubscriptionID: r.subscription.ID, Email: "a@example.org"})
	call, own := r.as(cookie), r.subscriptionPath()
	sees := func() int { return len(read[[]EnvironmentBody](t, call("GET", environments, ""), 200)) }
	group := read[GroupBody](t, r.admin("POST", own+"/groups", `{"name":"Team","description":"of ours","access":[{"environmentId":"`+string(r.own.ID)+`","role":"EA"}]}`), 201)
	team := own + "/groups/" + string(group.ID)
	if sees() != 0 {
		t.Error("somebody sees what a group may that they are not in")
	}
	for range 2 {
		if w := r.admin("PUT", team+"/users/"+string(who.User.ID), ""); w.Code != 204 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if got := read[GroupBody](t, r.admin("GET", team, ""), 200); sees() != 1 || got.Members != 1 || len(read[[]UserBody](t, r.admin("GET", team+"/users", ""), 200)) != 1 {
		t.Errorf("%+v", got)
	}
	in := read[[]environmentUser](t, call("GET", environments+"/own/users", ""), 200)
	if len(in) != 1 || in[0].Own != nil || fmt.Sprint(in[0].Roles) != "[EU EA]" {
		t.Errorf("%+v", in)
	}
	if w := r.admin("DELETE", team+"/users/"+string(who.User.ID), ""); w.Code != 204 || sees() != 0 {
		t.Errorf("%d: %d", w.Code, sees())
	}
	// That of all users is there, and opens what it is given.
	list := read[[]GroupBody](t, r.admin("GET", own+"/groups", ""), 200)
	if len(list) != 2 || !list[0].BuiltIn || list[0].Name != tepin.AllUsers || list[0].Members != 1 {
		t.Errorf("%+v", list)
	}
	if w := r.admin("PATCH", own+"/groups/"+string(list[0].ID), `{"access":[{"environmentId":"`+string(r.own.ID)+`","role":"EU"}]}`); w.Code != 200 || sees() != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := r.admin("DELETE", team, ""); w.Code != 204 {
		t.Errorf("%d", w.Code)
	}
}

// A subscription with what is agreed on, and what is in use.
func TestSubscriptionInUse(t *testing.T) {
	r := newRig(t)
	own := r.subscriptionPath()
	r.render(r.own, tepin.PDF, 3, false)
	r.render(r.own, tepin.PNG, 0, true)
	d := read[subscriptionDetail](t, r.admin("PATCH", own, `{"maxRenders":2,"maxStorage":10,"averageMonths":3,"clientName":"Acme","billingClientContact":"a@acme.example","sandboxEnvironmentsTotal":1,
		"templateDesignerSeatsTotal":5,"endDate":"2020-01-01T00:00:00Z"}`), 200)
	if d.UsedRenders != 3 || d.AverageRenders != 3 || !d.QuotaExceeded || d.Status != "Inactive" || d.IsActive || d.ClientName != "Acme" || d.SeatsTotal != 5 ||
		d.TotalRenders != 3 || d.WatermarkedRenders != 1 || d.Tenant.ProductionUsed != 1 || d.StorageUsed == 0 || d.StorageUsed != d.Environments[0].UsedStorage {
		t.Errorf("%+v", d)
	}
	old := read[subscriptionDetail](t, r.admin("GET", "/api/v1/subscription/"+string(r.subscription.ID), ""), 200)
	if old.MaxRenders != 2 || len(old.Licenses) != 0 {
		t.Errorf("%+v", old)
	}
	one := read[environmentDetail](t, r.admin("GET", "/api/v1/environment/own", ""), 200)
	if s := one.UsedStorageDetail; s.Other != one.UsedStorage || one.Renders != 3 || one.WatermarkedRenders != 1 {
		t.Errorf("%+v", one)
	}
	for path, want := range map[string]bool{"/own": true, "/OWN": true, "/" + string(r.own.ID): true, "/other": false, "/nowhere": false} {
		if got := read[bool](t, r.admin("GET", "/api/v1/subscription/"+string(r.subscription.ID)+path, ""), 200); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
	if _, err := r.Credential.UpdateEnvironment(t.Context(), tepin.System, r.own.ID, tepin.EnvironmentUpdate{Name: ptr("=cmd, \"x\"")}); err != nil {
		t.Fatal(err)
	}
	w := r.admin("GET", own+"/usage-report?groupBy=day", "")
	today := time.Now().UTC().Format(time.DateOnly)
	want := "date,environment,technicalName,type,kind,renders,watermarked\r\n" +
		today + `,"'=cmd, ""x""",own,production,Pdf,3,0` + "\r\n" + today + `,"'=cmd, ""x""",own,production,Image,0,1` + "\r\n"
	if w.Body.String() != want || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") || w.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("%q, %v", w.Body, w.Header())
	}
}

// What a deleted environment has rendered stays in the account of its subscription; its
// own tokens end, and are not back when it is restored.
func TestDeletedEnvironment(t *testing.T) {
	r := newRig(t)
	r.render(r.own, tepin.PDF, 3, false)
	token, own := r.NewToken(r.own, tepin.AllScopes...), r.subscriptionPath()
	if w := r.admin("DELETE", environments+"/own", ""); w.Code != 204 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := r.admin("GET", environments+"/own", ""); w.Code != 404 {
		t.Errorf("a deleted environment: %d", w.Code)
	}
	years := read[[]subscriptionRenders](t, r.admin("GET", own+"/renders?groupBy=year", ""), 200)
	if last := years[len(years)-1]; last.TotalRenders != 3 || last.Environments[0].Name != deletedEnvironments {
		t.Errorf("%+v", last)
	}
	list := read[[]deletedEnvironment](t, r.admin("GET", own+"/deleted-environments", ""), 200)
	if len(list) != 1 || list[0].DateGone.Sub(list[0].DateDeleted) != tepin.EnvironmentGrace {
		t.Fatalf("%+v", list)
	}
	if w := r.admin("POST", subscriptions+"/"+string(r.elsewhere.ID)+"/deleted-environments/"+string(list[0].ID)+"/restore", ""); w.Code != 404 {
		t.Errorf("from another subscription: %d", w.Code)
	}
	if got := read[EnvironmentBody](t, r.admin("POST", own+"/deleted-environments/"+string(list[0].ID)+"/restore", ""), 200); got.Name != "OWN" {
		t.Errorf("%+v", got)
	}
	if w := r.bearer(token, "GET", environments+"/own", ""); w.Code != 401 {
		t.Errorf("a token from before: %d %s", w.Code, w.Body)
	}
}

func ptr[T any](v T) *T { return &v }
