package platformapi

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/web"
)

func TestTrustLife(t *testing.T) {
	r := newRig(t)
	i, _ := r.Integration(r.own)
	path := "/api/v1/environments/own/integrations/" + string(i.ID) + "/trusts"
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	key, err := json.Marshal(jose.JSONWebKey{Key: pub, KeyID: "one"})
	must(t, err)
	secret, err := json.Marshal(jose.JSONWebKey{Key: private})
	must(t, err)
	end := time.Now().Add(20 * 24 * time.Hour).UTC().Truncate(time.Second)

	w := r.admin("POST", path, `{"kind":"key","label":"CI","keys":`+string(key)+`,"dateExpires":"`+end.Format(time.RFC3339)+`"}`)
	made := read[map[string]any](t, w, 201)
	one := path + "/" + made["id"].(string)
	if got := w.Header().Get("Location"); got != strings.Replace(one, "/own/", "/"+string(r.own.ID)+"/", 1) {
		t.Errorf("Location %s", got)
	}
	keys := made["keys"].(map[string]any)["keys"].([]any)
	if len(keys) != 1 || keys[0].(map[string]any)["kid"] != "one" || made["label"] != "CI" || made["live"] != true || made["createdBy"] != "Ann" || made["dateExpires"] != end.Format(time.RFC3339) {
		t.Errorf("%v", made)
	}
	issuer := read[map[string]any](t, r.admin("POST", path, `{"kind":"issuer","url":"https://issuer.example","subject":"job","audience":"https://tepin.example","reusable":true}`), 201)
	if issuer["keys"] != nil || issuer["subject"] != "job" || issuer["reusable"] != true || issuer["dateExpires"] != nil {
		t.Errorf("%v", issuer)
	}
	if got := read[map[string]any](t, r.admin("GET", one, ""), 200); got["id"] != made["id"] {
		t.Errorf("%v", got)
	}
	if all := read[[]map[string]any](t, r.admin("GET", path, ""), 200); len(all) != 2 || all[0]["id"] != made["id"] {
		t.Errorf("%v", all)
	}

	_, err = r.Access.Trusted(t.Context(), access.Proof{Client: i.ClientID, Trust: tepin.CredentialID(made["id"].(string))}, accesstest.Home)
	must(t, err)
	must(t, r.Access.Flush(t.Context()))
	if got := read[map[string]any](t, r.admin("GET", one, ""), 200); got["dateLastUsed"] == nil || got["lastUsedFrom"] != accesstest.Home.String() {
		t.Errorf("%v", got)
	}
	if got := read[map[string]any](t, r.admin("PATCH", one, `{"label":"GitHub","neverExpires":true}`), 200); got["label"] != "GitHub" || got["dateExpires"] != nil {
		t.Errorf("%v", got)
	}

	for name, c := range map[string]struct{ method, path, body, field string }{
		"no kind":            {"POST", path, `{}`, "body"},
		"another kind":       {"POST", path, `{"kind":"password"}`, "body.kind"},
		"no key":             {"POST", path, `{"kind":"key"}`, "keys"},
		"a private key":      {"POST", path, `{"kind":"key","keys":` + string(secret) + `}`, "keys"},
		"keys as a number":   {"POST", path, `{"kind":"key","keys":1}`, "body.keys"},
		"keys as a list":     {"POST", path, `{"kind":"key","keys":[` + string(key) + `]}`, "body.keys"},
		"a text":             {"POST", path, `{"kind":"key","keys":"geheim"}`, "keys"},
		"a shared subject":   {"POST", path, `{"kind":"issuer","url":"https://issuer.example","subject":"system:serviceaccount:shop:default","audience":"a"}`, "subject"},
		"an end in the past": {"PATCH", one, `{"dateExpires":"2020-01-01T00:00:00Z"}`, "expiresAt"},
		"two ends":           {"PATCH", one, `{"dateExpires":"2090-01-01T00:00:00Z","neverExpires":true}`, "body.neverExpires"},
		"what it is in":      {"PATCH", one, `{"subject":"other"}`, "body.subject"},
	} {
		w := r.admin(c.method, c.path, c.body)
		p := read[web.Problem](t, w, 400)
		if len(p.Errors) == 0 && !strings.HasPrefix(p.Detail, c.field+":") || len(p.Errors) > 0 && p.Errors[0].Location != c.field || strings.Contains(w.Body.String(), "geheim") {
			t.Errorf("%s: %s", name, w.Body)
		}
		var k struct{ D string }
		must(t, json.Unmarshal(secret, &k))
		if strings.Contains(w.Body.String(), k.D) {
			t.Errorf("%s: a private key is repeated", name)
		}
	}
	forced := `{"kind":"issuer","url":"https://issuer.example","subject":"system:serviceaccount:shop:default","audience":"a","force":true}`
	if w := r.admin("POST", path, forced); w.Code != 201 {
		t.Errorf("forced: %d %s", w.Code, w.Body)
	}
	theirs, _ := r.Integration(r.other)
	for _, p := range []string{strings.Replace(path, string(i.ID), string(theirs.ID), 1), strings.Replace(one, string(i.ID), string(theirs.ID), 1)} {
		if w := r.admin("GET", p, ""); w.Code != 404 {
			t.Errorf("%s: %d", p, w.Code)
		}
	}
	if w := r.admin("DELETE", one, ""); w.Code != 204 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, method := range []string{"GET", "DELETE"} {
		if w := r.admin(method, one, ""); w.Code != 404 {
			t.Errorf("%s afterwards: %d", method, w.Code)
		}
	}
}
