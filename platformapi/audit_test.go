package platformapi

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/audit"
	"github.com/tepin/tepin/store"
)

// UnmarshalJSON is for reading answers.
func (o *rawObject) UnmarshalJSON(b []byte) error { *o = rawObject(b); return nil }

func (p logPage) actions() string {
	var names []string
	for _, e := range p.Data {
		names = append(names, e.Action)
	}
	return strings.Join(names, " ")
}

// An administrator reads what an environment and an integration have seen, the newest
// first, page by page.
func TestActivity(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.own, tepin.TemplateRead)
	other, _ := r.Integration(r.own)
	_, err := r.Token(in.ClientID, secret)
	must(t, err)
	_, err = r.Access.Authenticate(t.Context(), in.ClientID, "wrong", accesstest.Home)
	r.Access.RefusedClient(in.ClientID, accesstest.Home, err)
	must(t, r.Access.FlushNotices(t.Context(), false))

	env, one := "/api/v1/environments/own/audit", "/api/v1/environments/own/integrations/"+string(in.ID)+"/activity"
	all := read[logPage](t, r.admin("GET", env, ""), 200)
	if got := all.actions(); got != "credential.refuse credential.network token.issue integration.create integration.create environment.create" || all.Next != nil {
		t.Errorf("of the environment: %s, next %v", got, all.Next)
	}
	mine := read[logPage](t, r.admin("GET", one, ""), 200)
	if got := mine.actions(); got != "credential.refuse credential.network token.issue integration.create" {
		t.Errorf("of the integration: %s", got)
	}
	e := mine.Data[0]
	var detail struct{ Reason, Network string }
	if json.Unmarshal([]byte(e.Detail), &detail) != nil || !strings.Contains(detail.Reason, "no client secret") || detail.Network != "192.0.2.1" || e.Actor.Kind != tepin.ActorSystem || e.Target != string(in.ID) || len(e.MAC) != 64 {
		t.Errorf("%+v", e)
	}
	first := read[logPage](t, r.admin("GET", env+"?limit=3&action=", ""), 200)
	if len(first.Data) != 3 || first.Next == nil {
		t.Fatalf("%+v", first)
	}
	rest := read[logPage](t, r.admin("GET", fmt.Sprint(env, "?limit=3&before=", *first.Next), ""), 200)
	if first.actions()+" "+rest.actions() != all.actions() || rest.Next != nil {
		t.Errorf("%s, then %s", first.actions(), rest.actions())
	}
	if got := read[logPage](t, r.admin("GET", env+"?action=integration.", ""), 200).actions(); got != "integration.create integration.create" {
		t.Errorf("by action: %s", got)
	}
	if got := read[logPage](t, r.admin("GET", "/api/v1/environments/own/integrations/"+string(other.ID)+"/activity?action=token.", ""), 200); len(got.Data) != 0 || got.Next != nil {
		t.Errorf("another's: %+v", got)
	}
	if got := read[logPage](t, r.admin("GET", "/api/v1/audit?action=user.", ""), 200).actions(); got != "user.sign_in user.create" {
		t.Errorf("of the instance: %s", got)
	}
	theirs := r.admin("GET", "/api/v1/environments/other/integrations/"+string(in.ID)+"/activity", "")
	if theirs.Code != 404 {
		t.Errorf("under another environment: %d %s", theirs.Code, theirs.Body)
	}
	for _, query := range []string{"?limit=0", "?limit=201", "?before=0", "?before=x", "?action=%25", "?action=" + strings.Repeat("a", 65)} {
		if w := r.admin("GET", env+query, ""); w.Code != 400 {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

// What somebody has made of an entry in the database is shown all the same.
func TestAlteredEntryIsShown(t *testing.T) {
	text, err := json.Marshal(rawObject(`{"broken":`))
	if err != nil || string(text) != `"{\"broken\":"` {
		t.Errorf("%s, %v", text, err)
	}
}

// The signed heads come with the keys that verify them.
func TestSignedHeads(t *testing.T) {
	r := newRig(t)
	if got := read[headsPage](t, r.admin("GET", "/api/v1/audit/heads", ""), 200); len(got.Data) != 0 || got.Next != nil {
		t.Errorf("before any: %+v", got)
	}
	keeper := &audit.Keeper{Store: r.Store, Issuer: accesstest.PublicURL + "/", Sign: r.Access.SignAuditHeads, Log: slog.New(slog.DiscardHandler)}
	must(t, keeper.SignHeads(t.Context()))
	w := r.admin("GET", "/api/v1/audit/heads?limit=1", "")
	var page struct {
		Data []struct{ JWS string }
		Next *int64
		Keys jose.JSONWebKeySet
	}
	must(t, json.Unmarshal(w.Body.Bytes(), &page))
	if len(page.Data) != 1 || page.Next != nil {
		t.Fatalf("%s", w.Body)
	}
	parsed, err := jose.ParseSignedCompact(page.Data[0].JWS, []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	payload, err := parsed.Verify(page.Keys)
	must(t, err)
	if !strings.Contains(string(payload), `"chain":"`+string(r.own.ID)+`"`) || !strings.Contains(string(payload), `"chain":"`+store.InstanceChain+`"`) {
		t.Errorf("signed is %s", payload)
	}
}

// An administrator lets the keys follow one another, and withdraws one.
func TestSigningKeys(t *testing.T) {
	r := newRig(t)
	const path = "/api/v1/signing-keys"
	states := func() string {
		t.Helper()
		var words []string
		for _, k := range read[[]SigningKeyBody](t, r.admin("GET", path, ""), 200) {
			if k.Purpose == tepin.AccessTokens && k.Alg == "ES256" {
				words = append(words, string(k.State))
			}
		}
		return strings.Join(words, " ")
	}
	w := r.admin("GET", path, "")
	if strings.Contains(strings.ToLower(w.Body.String()), "sealed") || strings.Contains(w.Body.String(), "rivate") {
		t.Errorf("a key shows: %s", w.Body)
	}
	if made := read[[]SigningKeyBody](t, r.admin("POST", path+"/rotate", `{"purpose":"id"}`), 201); len(made) != 1 || made[0].State != access.KeyAhead || made[0].DateSignsFrom == nil || made[0].DateRetires != nil {
		t.Errorf("%+v", made)
	}
	if made := read[[]SigningKeyBody](t, r.admin("POST", path+"/rotate", ""), 201); len(made) != 3 {
		t.Errorf("without a purpose: %+v", made)
	}
	if w := r.admin("POST", path+"/rotate", ""); w.Code != 409 {
		t.Errorf("when the next ones wait: %d %s", w.Code, w.Body)
	}
	if w := r.admin("POST", path+"/rotate", `{"purpose":"secret"}`); w.Code != 400 {
		t.Errorf("for nothing: %d %s", w.Code, w.Body)
	}
	token := r.NewToken(r.own)
	if w := r.bearer(token, "GET", "/api/v1/environments", ""); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	kid := r.Access.Keys().Signer("ES256", time.Now()).ID
	if w := r.admin("POST", path+"/"+kid+"/compromised", ""); w.Code != 204 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := r.bearer(token, "GET", "/api/v1/environments", ""); w.Code != 401 {
		t.Errorf("a token of the compromised key: %d %s", w.Code, w.Body)
	}
	if got := states(); !strings.Contains(got, "denied") || !strings.Contains(got, "signing") {
		t.Errorf("%s", got)
	}
	if w := r.bearer(r.NewToken(r.own), "GET", "/api/v1/environments", ""); w.Code != 200 {
		t.Errorf("a token of the next key: %d %s", w.Code, w.Body)
	}
	if w := r.admin("POST", path+"/nobody/compromised", ""); w.Code != 404 {
		t.Errorf("a key that is not there: %d %s", w.Code, w.Body)
	}
	list := read[logPage](t, r.admin("GET", "/api/v1/audit?action=signing_key.deny", ""), 200)
	if len(list.Data) != 1 || list.Data[0].Target != kid || list.Data[0].Actor.Name != "Ann" {
		t.Errorf("%+v", list)
	}
}
