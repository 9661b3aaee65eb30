package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
)

// An environment is deleted by who types its name, is restored from the list for a time,
// and is then not shown any more. Environment administrators may neither.
func TestDeleteAndRestoreEnvironment(t *testing.T) {
	r := newRig(t)
	r.environment("Playground", "playground", tepin.Development)
	sa := r.as(tepin.Invitation{Email: "sa@example.com", SubscriptionAdmin: true})
	ea := r.as(tepin.Invitation{Email: "ea@example.com", Environments: []tepin.EnvironmentRole{{EnvironmentID: r.env.ID, Role: tepin.EnvironmentAdmin}}})
	env := "/environments/" + string(r.env.ID)
	restore := r.subscriptionPath() + "/deleted-environments/" + string(r.env.ID) + "/restore"

	ea.get(env+"/settings").want(t, "the settings of who administers only the environment", http.StatusOK, "SDK version", "Output carries a watermark")
	if p := ea.get(env + "/settings"); strings.Contains(p.body, "delete-environment") {
		t.Error("an environment administrator is shown the way to delete it")
	}
	ea.post(env+"/delete", url.Values{"confirm": {"demo"}}).want(t, "an environment administrator", http.StatusForbidden)
	sa.get(env+"/settings").want(t, "the way to it", http.StatusOK, env+"/delete")
	sa.get(env+"/delete").want(t, "the question", http.StatusOK, "14 days", "<code>demo</code>")
	sa.post(env+"/delete", url.Values{}).want(t, "nothing typed", http.StatusUnprocessableEntity, "not its technical name")
	sa.post(env+"/delete", url.Values{"confirm": {"playground"}}).want(t, "another's name", http.StatusUnprocessableEntity, "not its technical name", `value="playground"`)
	sa.get(env).want(t, "it is still there", http.StatusOK)
	sa.post(env+"/delete", url.Values{"confirm": {" Demo "}}).want(t, "its name", http.StatusSeeOther)
	sa.get("/").want(t, "the list", http.StatusOK, "is deleted. Until", "deleted-environments", restore)
	sa.get(env).want(t, "the deleted one", http.StatusNotFound)
	if p := ea.get("/"); strings.Contains(p.body, "deleted-environments") {
		t.Error("who cannot restore is shown what is deleted")
	}
	sa.get("/?search=play").want(t, "a search for another", http.StatusOK, "Playground")
	if p := sa.get("/?search=play"); strings.Contains(p.body, restore) {
		t.Error("a search shows a deleted environment of another name")
	}
	ea.post(restore, url.Values{}).want(t, "restored by who may not", http.StatusForbidden)
	sa.post(restore, url.Values{}).want(t, "restored", http.StatusSeeOther)
	sa.get(env).want(t, "it is back", http.StatusOK, "Demo")
	sa.post(restore, url.Values{}).want(t, "restored twice", http.StatusNotFound)

	sa.post(env+"/delete", url.Values{"confirm": {"demo"}}).want(t, "once more", http.StatusSeeOther)
	r.advance(tepin.EnvironmentGrace + time.Second)
	sa = r.signedIn()
	if p := sa.get("/"); strings.Contains(p.body, restore) {
		t.Error("what is gone for good is offered")
	}
	sa.post(restore, url.Values{}).want(t, "restored too late", http.StatusGone)
}

// The version that editors load is chosen from those that there are.
func TestEditorVersion(t *testing.T) {
	r := newRig(t)
	b := r.signedIn()
	env := "/environments/" + string(r.env.ID)
	pinned := tepin.SDKVersions()[1]
	b.post(env+"/editor", url.Values{"version": {"1"}, "sdkVersion": {"9.9"}}).want(t, "a version that there is not", http.StatusBadRequest, "not offered")
	b.post(env+"/editor", url.Values{"version": {"1"}, "sdkVersion": {pinned}}).want(t, "pinned", http.StatusSeeOther)
	b.post(env+"/editor", url.Values{"version": {"1"}, "sdkVersion": {"latest"}}).want(t, "stale", http.StatusUnprocessableEntity)
	b.get(env+"/settings?editor").want(t, "shown", http.StatusOK, `<option value="`+pinned+`" selected>`, "Saved.")
	if got, err := r.Store.EnvironmentSettings(t.Context(), r.env.ID); err != nil || got.SDKVersion != pinned {
		t.Errorf("stored: %+v %v", got, err)
	}
}
