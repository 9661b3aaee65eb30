package platformapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
)

// An administrator ends one token, or all; the secret goes on to get new ones.
func TestRevocation(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.own, tepin.TemplateRead)
	path := "/api/v1/environments/own/integrations/" + string(in.ID)
	alive := func(token string) bool { return r.bearer(token, "GET", "/api/v1/environments/own", "").Code == 200 }
	for _, way := range []string{"/revoke-tokens", "/tokens/{tokenId}/revoke"} {
		token, err := r.Token(in.ClientID, secret)
		must(t, err)
		if !alive(token) {
			t.Fatalf("%s: the token is dead before", way)
		}
		claims, err := r.Access.Open(token)
		must(t, err)
		if w := r.admin("POST", path+strings.Replace(way, "{tokenId}", claims.ID, 1), ""); w.Code != 204 || w.Body.Len() != 0 {
			t.Errorf("%s: %d %s", way, w.Code, w.Body)
		}
		next, err := r.Token(in.ClientID, secret)
		must(t, err)
		if alive(token) || next == token || !alive(next) {
			t.Errorf("%s: the token is alive %t, the next one is the same %t, alive %t", way, alive(token), next == token, alive(next))
		}
	}
	for _, id := range []string{"x", "0190f3c4", strings.Repeat("0", 300)} {
		if w := r.admin("POST", path+"/tokens/"+id+"/revoke", ""); w.Code != 400 {
			t.Errorf("a token id that is none: %d %s", w.Code, w.Body)
		}
	}
	theirs, _ := r.Integration(r.other)
	for _, id := range []tepin.IntegrationID{theirs.ID, tepin.NewID[tepin.IntegrationID]()} {
		for _, way := range []string{"/revoke-tokens", "/tokens/" + tepin.NewID[string]() + "/revoke"} {
			if w := r.admin("POST", "/api/v1/environments/own/integrations/"+string(id)+way, ""); w.Code != 404 {
				t.Errorf("%s of another's: %d %s", way, w.Code, w.Body)
			}
		}
	}
}

// The browser guard's mode is a setting of the environment, and what it saw is listed.
func TestBrowserGuard(t *testing.T) {
	r := newRig(t)
	in, _ := r.Integration(r.own, tepin.TemplateWrite)
	const path = "/api/v1/environments/own"
	for _, mode := range []tepin.BrowserGuard{tepin.GuardBlock, tepin.GuardOff, tepin.GuardReport} {
		if e := read[EnvironmentBody](t, r.admin("PATCH", path, `{"browserGuard":"`+string(mode)+`"}`), 200); e.BrowserGuard != mode {
			t.Errorf("%s: %+v", mode, e)
		}
	}
	if w := r.admin("PATCH", path, `{"browserGuard":"sometimes"}`); w.Code != 400 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := r.admin("GET", path+"/browser-guard", ""); w.Code != 200 || w.Body.String() != "[]\n" {
		t.Errorf("before it saw anything: %d %s", w.Code, w.Body)
	}
	by := tepin.Actor{Kind: tepin.ActorIntegration, ID: string(in.ID), Name: in.Name}
	r.Access.Notice(access.Notice{Action: access.ActionGuardReport, Environment: r.own.ID, By: by, Target: by.ID, Origin: "https://shop.example"})
	must(t, r.Access.FlushNotices(t.Context(), true))
	got := read[[]guardFindingBody](t, r.admin("GET", path+"/browser-guard?days=1", ""), 200)
	if len(got) != 1 || got[0].DateLast.IsZero() {
		t.Fatalf("%+v", got)
	}
	want := guardFindingBody{IntegrationID: in.ID, Name: in.Name, Origin: "https://shop.example", Reported: 1, DateLast: got[0].DateLast}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
	for _, days := range []string{"0", "367", "x"} {
		if w := r.admin("GET", path+"/browser-guard?days="+days, ""); w.Code != 400 {
			t.Errorf("%s days: %d %s", days, w.Code, w.Body)
		}
	}
}
