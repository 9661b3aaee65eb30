package platformapi

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/web"
)

func TestHealth(t *testing.T) {
	r := newRig(t)
	if w := r.bearer("", "GET", "/api/ping", ""); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("ping: %d %q", w.Code, w.Body)
	}
	if got := r.bearer("", "GET", "//api//v1/info", "").Body.String(); got != `{"data":{"serverVersion":"1.2.3"}}`+"\n" {
		t.Errorf("info: %s", got)
	}
}

func TestEnvironmentsOfAToken(t *testing.T) {
	r := newRig(t)
	token := r.NewToken(r.own, tepin.FontRead)
	w := r.bearer(token, "GET", "/api/v1/environments", "")
	all := read[[]map[string]any](t, w, 200)
	if len(all) != 1 {
		t.Fatalf("%d environments", len(all))
	}
	for key, want := range map[string]any{
		"id": string(r.own.ID), "guid": string(r.own.ID), "name": "OWN", "type": "production", "technicalName": "own",
		"region": "self-hosted", "backOfficeUri": accesstest.PublicURL + "/environments/own", "tokenLifetime": 86400.0,
	} {
		if all[0][key] != want {
			t.Errorf("%s = %v, want %v", key, all[0][key], want)
		}
	}
	for _, name := range []string{"own", "OWN", string(r.own.ID)} {
		one := r.bearer(token, "GET", "/api/v1/environments/"+name, "")
		got := read[map[string]any](t, one, 200)
		for key, want := range all[0] { // and more beside
			if !cmp.Equal(got[key], want) || one.Header().Get("ETag") != `"1"` {
				t.Errorf("%s: %s is %v, %v", name, key, got[key], one.Header())
			}
		}
	}
	for query, want := range map[string]string{"?subscriptionId=" + string(r.subscription.ID): "OWN", "?subscriptionId=" + string(r.elsewhere.ID): ""} {
		if got := r.bearer(token, "GET", "/api/v1/environments"+query, "").Body.String(); strings.Contains(got, "OWN") != (want == "OWN") || want == "" && got != "[]\n" {
			t.Errorf("%s: %s", query, got)
		}
	}
}

func TestSubscriptions(t *testing.T) {
	r := newRig(t)
	token := r.NewToken(r.own)
	mine := read[[]SubscriptionBody](t, r.bearer(token, "GET", "/api/v1/subscriptions", ""), 200)
	if len(mine) != 1 || mine[0].GUID != r.subscription.ID || mine[0].Name != "First" || !mine[0].IsActive {
		t.Errorf("a token sees %+v", mine)
	}
	if all := read[[]SubscriptionBody](t, r.admin("GET", "/api/v1/subscriptions", ""), 200); len(all) != 2 {
		t.Errorf("an administrator sees %+v", all)
	}
	r.Environment(r.subscription, "neighbour", tepin.Development)
	path := "/api/v1/subscriptions/" + string(r.subscription.ID)
	if d := read[subscriptionDetail](t, r.bearer(token, "GET", path, ""), 200); len(d.Environments) != 1 || d.Environments[0].ID != r.own.ID || d.Status != "Active" {
		t.Errorf("a token sees of its subscription %+v", d)
	}
	if d := read[subscriptionDetail](t, r.admin("GET", path, ""), 200); len(d.Environments) != 2 {
		t.Errorf("an administrator sees of it %+v", d)
	}
	foreign := r.bearer(token, "GET", "/api/v1/subscriptions/"+string(r.elsewhere.ID), "")
	absent := r.bearer(token, "GET", "/api/v1/subscriptions/"+string(tepin.NewID[tepin.SubscriptionID]()), "")
	if withoutTrace(foreign) != withoutTrace(absent) || foreign.Code != 404 {
		t.Errorf("foreign %d %s, absent %d %s", foreign.Code, foreign.Body, absent.Code, absent.Body)
	}
}

func withoutTrace(w *httptest.ResponseRecorder) string {
	return strings.ReplaceAll(w.Body.String(), w.Header().Get("X-Request-Id"), "")
}

func TestEnvironmentLife(t *testing.T) {
	r := newRig(t)
	w := r.admin("POST", "/api/v1/environments", `{"name":"Shop","technicalName":"shop","type":"sandbox","subscriptionId":"`+string(r.subscription.ID)+`","tokenLifetime":600}`)
	e := read[EnvironmentBody](t, w, 201)
	if w.Header().Get("Location") != "/api/v1/environments/"+string(e.ID) || e.TokenLifetime != 600 || e.SigningAlg != "ES256" {
		t.Errorf("%+v, %v", e, w.Header())
	}
	for body, status := range map[string]int{
		`{"name":"Shop","technicalName":"shop","type":"sandbox","subscriptionId":"` + string(r.subscription.ID) + `"}`:        409,
		`{"name":"Shop","technicalName":"settings","type":"sandbox","subscriptionId":"` + string(r.subscription.ID) + `"}`:    400,
		`{"name":"Shop","technicalName":"x","type":"sandbox"}`:                                                                400, // two subscriptions
		`{"name":"Shop","technicalName":"x","type":"secret-s3cret","tokenLifetime":1,"extra":1}`:                              400,
		`{"name":"Shop","technicalName":"x","type":"sandbox","subscriptionId":"` + string(tepin.NewID[tepin.TaskID]()) + `"}`: 400,
		`[]`: 400,
	} {
		if w := r.admin("POST", "/api/v1/environments", body); w.Code != status || strings.Contains(w.Body.String(), "s3cret") {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if w := r.admin("PATCH", "/api/v1/environments/shop", `{"name":"Store"}`, "If-Match", `"7"`); w.Code != 412 {
		t.Errorf("a stale change: %d %s", w.Code, w.Body)
	}
	w = r.admin("PATCH", "/api/v1/environments/SHOP", `{"name":"Store","signingAlg":"RS256","tokenLifetime":300}`, "If-Match", `W/"1"`)
	if e = read[EnvironmentBody](t, w, 200); e.Name != "Store" || e.SigningAlg != "RS256" || e.TokenLifetime != 300 || w.Header().Get("ETag") != `"2"` {
		t.Errorf("%+v %v", e, w.Header())
	}
	// What is in use of it changes without its version.
	if w := r.admin("GET", "/api/v1/environments/shop", "", "If-None-Match", `"2"`); w.Code != 200 || w.Header().Get("ETag") != `"2"` {
		t.Errorf("unchanged: %d %q", w.Code, w.Body)
	}
}

// Two faults that only the rules find come back together.
func TestJoinedViolations(t *testing.T) {
	r := newRig(t)
	w := r.admin("POST", "/api/v1/environments", `{"name":"  ","technicalName":"-x-","type":"sandbox","subscriptionId":"`+string(r.subscription.ID)+`"}`)
	p := read[web.Problem](t, w, 400)
	if len(p.Errors) != 2 || p.Errors[0].Location != "name" || p.Errors[1].Location != "technicalName" {
		t.Errorf("%+v", p)
	}
}

func TestIntegrationLife(t *testing.T) {
	r := newRig(t)
	const path = "/api/v1/environments/own/integrations"
	w := r.admin("POST", path, `{"name":"Webshop","description":"of ours","scopes":["template:read","output:static"]}`)
	made := read[createdIntegration](t, w, 201)
	one := path + "/" + string(made.ID)
	if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Location") != environments+"/"+string(r.own.ID)+"/integrations/"+string(made.ID) {
		t.Errorf("headers %v", w.Header())
	}
	if !cmp.Equal(made.Scopes, []scope{"template:read", "output:static"}) || !made.Enabled || made.ClientSecret == "" {
		t.Errorf("made %+v", made.IntegrationBody)
	}
	token, err := r.Token(made.ClientID, made.ClientSecret)
	must(t, err)

	t.Run("is read by its own token, without the secret", func(t *testing.T) {
		for _, p := range []string{path, one, one + "/scopes"} {
			w := r.bearer(token, "GET", p, "")
			if w.Code != 200 || strings.Contains(w.Body.String(), made.ClientSecret) || !strings.Contains(w.Body.String(), "template:read") {
				t.Errorf("%s: %d %s", p, w.Code, w.Body)
			}
		}
	})
	t.Run("refuses bad input", func(t *testing.T) {
		for body, want := range map[string]int{
			`{"name":"webshop","scopes":[]}`:                                            409,
			`{"name":"","scopes":[]}`:                                                   400,
			`{"name":"` + strings.Repeat("n", 21) + `","scopes":[]}`:                    400,
			`{"name":"x","description":"` + strings.Repeat("d", 141) + `","scopes":[]}`: 400,
			`{"name":"x","scopes":["template:everything"]}`:                             400,
			`{"name":"x"}`: 400,
			`{"name":"x","scopes":[],"clientSecret":"mine"}`: 400,
			`{"name":"x",`: 400,
		} {
			if w := r.admin("POST", path, body); w.Code != want {
				t.Errorf("%s: %d %s", body, w.Code, w.Body)
			}
		}
	})
	t.Run("is changed", func(t *testing.T) {
		w := r.admin("PATCH", one, `{"name":"Shop","description":""}`, "If-Match", `"1"`)
		if got := read[IntegrationBody](t, w, 200); got.Name != "Shop" || got.Description != "" || !got.Enabled {
			t.Errorf("%+v", got)
		}
		if w := r.admin("PATCH", one, `{"name":"Late"}`, "If-Match", `"1"`); w.Code != 412 {
			t.Errorf("stale: %d %s", w.Code, w.Body)
		}
	})
	t.Run("is told from where it may be used", func(t *testing.T) {
		w := r.admin("PATCH", one, `{"tokenNetworks":["192.0.2.7/24","2001:db8::/32"],"useNetworks":["192.0.2.1"],"origins":["https://Shop.example/"],"introspects":true,"requireBound":true}`)
		want := Reach{TokenNetworks: []string{"192.0.2.0/24", "2001:db8::/32"}, UseNetworks: []string{"192.0.2.1/32"}, Origins: []string{"https://shop.example"}, Introspects: true, RequireBound: true}
		if got := read[IntegrationBody](t, w, 200); !cmp.Equal(got.Reach, want) {
			t.Errorf("%+v", got.Reach)
		}
		for member, body := range map[string]string{"tokenNetworks": `["10.0.0.0/40"]`, "useNetworks": `["example.com"]`, "origins": `["http://shop.example"]`} {
			if w := r.admin("PATCH", one, `{"`+member+`":`+body+`}`); w.Code != 400 || !strings.Contains(w.Body.String(), member) {
				t.Errorf("%s: %d %s", member, w.Code, w.Body)
			}
		}
		read[IntegrationBody](t, r.admin("PATCH", one, `{"tokenNetworks":[],"useNetworks":[],"origins":[],"introspects":false,"requireBound":false}`), 200)
	})
	t.Run("loses its token with a scope", func(t *testing.T) {
		got := read[[]scope](t, r.admin("PUT", one+"/scopes", `["template:read","template:read"]`), 200)
		if !cmp.Equal(got, []scope{"template:read"}) {
			t.Errorf("%v", got)
		}
		if w := r.bearer(token, "GET", one, ""); w.Code != 401 {
			t.Errorf("the older token: %d %s", w.Code, w.Body)
		}
	})
	t.Run("rotates its secret", func(t *testing.T) {
		w := r.admin("POST", one+"/rotate-secret", `{"previousExpiresIn":3600}`)
		second := read[MadeSecret](t, w, 200)
		if w.Header().Get("Cache-Control") != "no-store" || second.ClientID != made.ClientID || second.LastFour != second.ClientSecret[len(second.ClientSecret)-4:] {
			t.Errorf("%v %v", second.LastFour, w.Header())
		}
		third := read[MadeSecret](t, r.admin("POST", one+"/rotate-secret", ""), 200)
		if _, err := r.Token(made.ClientID, second.ClientSecret); err == nil {
			t.Error("without an overlap the older secret lives on")
		}
		secrets := r.admin("GET", one+"/secrets", "")
		if strings.Contains(secrets.Body.String(), third.ClientSecret) {
			t.Error("a secret can be read again")
		}
		live := 0
		for _, s := range read[[]SecretBody](t, secrets, 200) {
			if s.Live {
				live++
			}
		}
		if live != 1 {
			t.Errorf("%d live secrets", live)
		}
		if w := r.admin("DELETE", one+"/secrets/"+string(third.ID), ""); w.Code != 204 {
			t.Errorf("delete: %d %s", w.Code, w.Body)
		}
		if _, err := r.Token(made.ClientID, third.ClientSecret); err == nil {
			t.Error("a deleted secret works")
		}
	})
	t.Run("has secrets with a label, a beginning and an end", func(t *testing.T) {
		added := read[MadeSecret](t, r.admin("POST", one+"/secrets", `{"label":"night job","dateNotBefore":"2090-01-01T00:00:00Z","dateExpires":"2091-01-01T00:00:00Z"}`), 201)
		if added.Label != "night job" || added.Live || added.DateNotBefore == nil || added.DateExpires == nil || added.ExpiresSoon != nil {
			t.Errorf("%+v", added.SecretBody)
		}
		path := one + "/secrets/" + string(added.ID)
		if got := read[SecretBody](t, r.admin("PATCH", path, `{"label":"day job","neverExpires":true}`), 200); got.Label != "day job" || got.DateExpires != nil {
			t.Errorf("%+v", got)
		}
		for body, want := range map[string]int{
			`{"dateExpires":"2001-01-01T00:00:00Z"}`:                     400,
			`{"dateExpires":"2091-01-01T00:00:00Z","neverExpires":true}`: 400,
			`{"dateExpires":5}`: 400, `{"label":"` + strings.Repeat("x", 61) + `"}`: 400,
		} {
			if w := r.admin("PATCH", path, body); w.Code != want {
				t.Errorf("%s: %d %s", body, w.Code, w.Body)
			}
		}
		for _, when := range []string{"0001-01-01T00:00:00Z", "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"} { // for ever, and years that no answer could show
			for what, w := range map[string]*httptest.ResponseRecorder{
				"a new one's end":       r.admin("POST", one+"/secrets", `{"dateExpires":"`+when+`"}`),
				"a new one's beginning": r.admin("POST", one+"/secrets", `{"dateNotBefore":"`+when+`"}`),
				"a rotation's":          r.admin("POST", one+"/rotate-secret", `{"previousExpiresIn":60,"dateExpires":"`+when+`"}`),
				"another end":           r.admin("PATCH", path, `{"dateExpires":"`+when+`"}`),
				"a trust's end":         r.admin("POST", one+"/trusts", `{"kind":"certificate","thumbprint":"`+strings.Repeat("0a", 32)+`","dateExpires":"`+when+`"}`),
				"a trust's beginning":   r.admin("POST", one+"/trusts", `{"kind":"certificate","thumbprint":"`+strings.Repeat("0a", 32)+`","dateNotBefore":"`+when+`"}`),
			} {
				if w.Code != 400 || !strings.Contains(w.Body.String(), "from 1970 to 9999") {
					t.Errorf("%s at %s: %d %s", what, when, w.Code, w.Body)
				}
			}
		}
		for range tepin.MaxLiveSecrets - 1 {
			read[MadeSecret](t, r.admin("POST", one+"/secrets", ""), 201)
		}
		if w := r.admin("POST", one+"/rotate-secret", `{"previousExpiresIn":60}`); w.Code != 409 {
			t.Errorf("one too many: %d %s", w.Code, w.Body)
		}
		read[MadeSecret](t, r.admin("POST", one+"/rotate-secret", `{"previousExpiresIn":60,"force":true}`), 200)
		if w := r.admin("DELETE", path, ""); w.Code != 404 {
			t.Errorf("the oldest did not make room: %d %s", w.Code, w.Body)
		}
	})
	t.Run("has a rotation cancelled and another completed", func(t *testing.T) {
		first := read[MadeSecret](t, r.admin("POST", one+"/rotate-secret", ""), 200)
		second := read[MadeSecret](t, r.admin("POST", one+"/rotate-secret", `{"previousExpiresIn":3600}`), 200)
		works := func(s MadeSecret) bool { _, err := r.Token(made.ClientID, s.ClientSecret); return err == nil }
		if !works(first) || !works(second) {
			t.Error("in the overlap one of them does not work")
		}
		if w := r.admin("POST", one+"/secrets/"+string(second.ID)+"/cancel-rotation", ""); w.Code != 204 || works(second) || !works(first) {
			t.Errorf("cancelled: %d %s, %t %t", w.Code, w.Body, works(second), works(first))
		}
		third := read[MadeSecret](t, r.admin("POST", one+"/rotate-secret", `{"previousExpiresIn":3600}`), 200)
		path := one + "/secrets/" + string(third.ID)
		if w := r.admin("POST", path+"/complete-rotation", ""); w.Code != 204 || works(first) || !works(third) {
			t.Errorf("completed: %d %s, %t %t", w.Code, w.Body, works(first), works(third))
		}
		for _, again := range []string{"/complete-rotation", "/cancel-rotation"} {
			if w := r.admin("POST", path+again, ""); w.Code != 409 {
				t.Errorf("%s when all is over: %d %s", again, w.Code, w.Body)
			}
		}
	})
	t.Run("is disabled and deleted", func(t *testing.T) {
		if got := read[IntegrationBody](t, r.admin("PATCH", one, `{"enabled":false}`), 200); got.Enabled {
			t.Error("still enabled")
		}
		if w := r.admin("DELETE", one, ""); w.Code != 204 || w.Body.Len() != 0 {
			t.Errorf("delete: %d %q", w.Code, w.Body)
		}
		for _, method := range []string{"GET", "DELETE"} {
			if w := r.admin(method, one, ""); w.Code != 404 {
				t.Errorf("%s afterwards: %d %s", method, w.Code, w.Body)
			}
		}
	})
}

func TestAvailableScopes(t *testing.T) {
	r := newRig(t)
	all := read[[]scopeBody](t, r.bearer(r.NewToken(r.own), "GET", "/api/v1/available-scopes", ""), 200)
	if len(all) != len(tepin.AllScopes) || all[0] != (scopeBody{Name: "font:read", Resource: "font", Action: "read", ReadOnly: true}) {
		t.Errorf("%+v", all)
	}
}

func TestSession(t *testing.T) {
	r := newRig(t)
	w := r.admin("GET", "/api/v1/session", "", "X-CSRF-Token", "", "Origin", "https://evil.example")
	got := read[sessionBody](t, w, 200)
	if got.CSRFToken != r.csrf || got.Email != "ann@example.org" || w.Header().Get("Access-Control-Allow-Origin") != "" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%+v %v", got.Email, w.Header())
	}
}

func TestPeriods(t *testing.T) {
	now := time.Date(2026, 8, 20, 23, 59, 0, 0, time.FixedZone("east", 2*3600))
	for _, c := range []struct {
		in          InPeriod
		first, last string
		groups      int
		wrong       string
	}{
		{InPeriod{GroupBy: "day"}, "2026-07-21", "2026-08-20", 31, ""},
		{InPeriod{GroupBy: "month"}, "2025-09-01", "2026-08-01", 12, ""},
		{InPeriod{GroupBy: "year"}, "2022-01-01", "2026-01-01", 5, ""},
		{InPeriod{GroupBy: "month", StartDate: "2026-01-31", EndDate: "2026-03-01"}, "2026-01-01", "2026-03-01", 3, ""},
		{InPeriod{GroupBy: "day", StartDate: "2026-02-28", EndDate: "2026-02-28"}, "2026-02-28", "2026-02-28", 1, ""},
		{InPeriod{GroupBy: "day", StartDate: "2026-02-28"}, "", "", 0, "startDate"},
		{InPeriod{GroupBy: "day", StartDate: "2026-02-30", EndDate: "2026-03-01"}, "", "", 0, "startDate"},
		{InPeriod{GroupBy: "day", StartDate: "2026-03-02", EndDate: "2026-03-01"}, "", "", 0, "endDate"},
		{InPeriod{GroupBy: "day", StartDate: "0001-01-01", EndDate: "9999-12-31"}, "", "", 0, "startDate"},
	} {
		p, err := c.in.read(now)
		if c.wrong != "" {
			if tepin.KindOf(err) != tepin.Invalid || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%+v: %v", c.in, err)
			}
			continue
		}
		must(t, err)
		groups := p.groups()
		if len(groups) != c.groups || groups[0].Format(time.DateOnly) != c.first || groups[len(groups)-1].Format(time.DateOnly) != c.last {
			t.Errorf("%+v: %v", c.in, groups)
		}
	}
}

// Renders as the store counts them when tasks finish.
func TestRenders(t *testing.T) {
	r := newRig(t)
	quiet := r.Environment(r.subscription, "quiet", tepin.Sandbox)
	for _, n := range []struct {
		env         tepin.Environment
		format      tepin.Format
		renders     int64
		watermarked bool
	}{
		{r.own, tepin.PDF, 3, false}, {r.own, tepin.PNG, 1, false}, {r.own, tepin.JPG, 1, false}, {quiet, tepin.PNG, 0, true}, {r.other, tepin.PDF, 100, false},
	} {
		r.render(n.env, n.format, n.renders, n.watermarked)
	}
	token, today := r.NewToken(r.own), time.Now().UTC().Format(time.DateOnly)
	days := read[[]environmentRenders](t, r.bearer(token, "GET", "/api/v1/environments/own/renders?groupBy=day&startDate="+today+"&endDate="+today, ""), 200)
	want := []named{{"Pdf", 3}, {"Image", 2}}
	if len(days) != 1 || days[0].TotalRenders != 5 || days[0].Watermarked != 0 || !cmp.Equal(days[0].Detail, want) {
		t.Errorf("by day: %+v", days)
	}
	years := read[[]environmentRenders](t, r.bearer(token, "GET", "/api/v1/environments/own/renders?groupBy=year&top=1", ""), 200)
	last := years[len(years)-1]
	if len(years) != 5 || last.TotalRenders != 5 || !cmp.Equal(last.Detail, []named{{"Pdf", 3}, {"Others", 2}}) || years[0].TotalRenders != 0 {
		t.Errorf("by year: %+v", years)
	}
	path := fmt.Sprintf("/api/v1/subscriptions/%s/renders?groupBy=month", r.subscription.ID)
	months := read[[]subscriptionRenders](t, r.admin("GET", path, ""), 200)
	if got := months[11]; got.TotalRenders != 5 || got.Watermarked != 1 || !cmp.Equal(got.Environments, []named{{"OWN", 5}}) {
		t.Errorf("by month: %+v", got)
	}
	if months = read[[]subscriptionRenders](t, r.bearer(token, "GET", path, ""), 200); months[11].Watermarked != 0 || len(months[11].Environments) != 1 {
		t.Errorf("a token sees its neighbour: %+v", months[11])
	}
	for _, query := range []string{"", "?groupBy=week", "?groupBy=day&startDate=x&endDate=2026-01-01", "?groupBy=day&top=0"} {
		if w := r.bearer(token, "GET", "/api/v1/environments/own/renders"+query, ""); w.Code != 400 {
			t.Errorf("%q: %d %s", query, w.Code, w.Body)
		}
	}
	detail := read[subscriptionDetail](t, r.bearer(token, "GET", "/api/v1/subscriptions/"+string(r.subscription.ID), ""), 200)
	if detail.TotalRenders != 5 || detail.WatermarkedRenders != 0 {
		t.Errorf("%+v", detail)
	}
}

// render finishes a task, as package output does.
func (r *rig) render(env tepin.Environment, format tepin.Format, renders int64, watermarked bool) {
	r.t.Helper()
	ctx := r.t.Context()
	key := string(env.ID) + "/" + tepin.NewID[string]()
	must(r.t, r.Store.ReserveBlob(ctx, env.ID, key))
	task, err := r.Store.CreateTask(ctx, tepin.System, tepin.Task{
		ID: tepin.NewID[tepin.TaskID](), EnvironmentID: env.ID, OwnerKind: tepin.ActorSystem, OwnerID: "system",
		Format: format, Name: "x", Source: "template", State: tepin.TaskPending, Request: tepin.BlobRef{Key: key}})
	must(r.t, err)
	job, err := r.Store.ClaimJob(ctx, []string{"output"}, time.Minute)
	must(r.t, err)
	must(r.t, r.Store.StartTask(ctx, env.ID, task.ID))
	task.State, task.Renders, task.Watermarked = tepin.TaskFinished, renders, watermarked
	result := string(env.ID) + "/" + tepin.NewID[string]()
	must(r.t, r.Store.ReserveBlob(ctx, env.ID, result))
	task.Result, task.ContentType, task.FileName = tepin.BlobRef{Key: result, Size: 1}, "application/pdf", "x.pdf"
	must(r.t, r.Store.FinishTask(ctx, env.ID, job.ID, task))
}

func TestScopeSchema(t *testing.T) {
	raw, err := json.Marshal(scope("").Schema(nil))
	if err != nil || strings.Count(string(raw), ":") < len(tepin.AllScopes) {
		t.Errorf("%s, %v", raw, err)
	}
}
