package platformapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

// brief is what matters of a quota's answer: "requests/hour 2 of 10 (20.0%, 8 left, warning 0)".
func brief(q quotaStandings) (lines []string) {
	for _, a := range q.Allowances {
		line := fmt.Sprintf("%s/%s %d", a.Use, a.Period, a.Used)
		if a.Limit != nil {
			line += fmt.Sprintf(" of %d (%.1f%%, %d left, warning %d)", *a.Limit, *a.Percent, *a.Remaining, a.Warning)
		}
		if a.Used > 0 || a.Limit != nil {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestQuotas(t *testing.T) {
	r := newRig(t)
	i, secret := r.Integration(r.own, tepin.TemplateRead)
	token, err := r.Token(i.ClientID, secret)
	must(t, err)
	path := "/api/v1/environments/own/integrations/" + string(i.ID)

	q := read[quotaStandings](t, r.bearer(token, "GET", path+"/quota", ""), 200)
	if q.Mode != "off" || len(q.Allowances) != 6 || len(brief(q)) != 0 {
		t.Errorf("without a quota: %+v", q)
	}
	w := r.admin("PATCH", path, `{"quota":{"mode":"enforce","requests":{"perHour":10,"perDay":1000},"renders":{"perDay":5}}}`)
	body := read[IntegrationBody](t, w, 200)
	if got, _ := json.Marshal(body.Quota); string(got) != `{"mode":"enforce","requests":{"perHour":10,"perDay":1000},"renders":{"perDay":5}}` {
		t.Errorf("quota %s", got)
	}
	first := r.bearer(token, "GET", path+"/quota", "")
	q = read[quotaStandings](t, first, 200)
	want := "[requests/hour 1 of 10 (10.0%, 9 left, warning 0) requests/day 1 of 1000 (0.1%, 999 left, warning 0) renders/day 0 of 5 (0.0%, 5 left, warning 0)]"
	if got := fmt.Sprint(brief(q)); q.Mode != "enforce" || got != want {
		t.Errorf("%s\n%s", got, want)
	}
	if first.Header().Get("RateLimit-Remaining") != "9" {
		t.Errorf("%v", first.Header())
	}
	for _, a := range q.Allowances {
		length := map[string]float64{"hour": 3600, "day": 86400}[a.Period]
		if a.End.Sub(a.Start).Seconds() != length {
			t.Errorf("%s from %s to %s", a.Period, a.Start, a.End)
		}
	}
	for range 9 {
		r.bearer(token, "GET", path, "")
	}
	refused := r.bearer(token, "GET", path, "")
	if refused.Code != 429 || refused.Header().Get("Retry-After") == "" || refused.Header().Get("RateLimit-Remaining") != "0" || !strings.Contains(refused.Body.String(), "has used the 10 API requests") {
		t.Errorf("beyond it: %d %v %s", refused.Code, refused.Header(), refused.Body)
	}
	must(t, r.Quota.Flush(t.Context()))
	q = read[quotaStandings](t, r.admin("GET", path+"/quota", ""), 200) // a session is not counted
	if got := fmt.Sprint(brief(q)); !strings.HasPrefix(got, "[requests/hour 10 of 10 (100.0%, 0 left, warning 100)") {
		t.Errorf("exhausted: %s", got)
	}
	warned := 0
	entries, err := r.Store.AuditEntries(t.Context(), string(r.own.ID), 0, 100)
	must(t, err)
	for _, e := range entries {
		if e.Action == "quota.warn" && e.Target == string(i.ID) {
			warned++
		}
	}
	if warned != 3 {
		t.Errorf("%d warnings in the audit log, want 3", warned)
	}

	// All of a quota is set anew, at once, and other changes leave it alone.
	read[IntegrationBody](t, r.admin("PATCH", path, `{"description":"x"}`), 200)
	body = read[IntegrationBody](t, r.admin("PATCH", path, `{"quota":{"mode":"observe","requests":{"perHour":5}}}`), 200)
	if got, _ := json.Marshal(body.Quota); string(got) != `{"mode":"observe","requests":{"perHour":5}}` {
		t.Errorf("quota %s", got)
	}
	observed := r.bearer(token, "GET", path+"/quota", "")
	if got := fmt.Sprint(brief(read[quotaStandings](t, observed, 200))); !strings.HasPrefix(got, "[requests/hour 11 of 5 (220.0%, 0 left, warning 100)") {
		t.Errorf("observed: %s", got)
	}
	body = read[IntegrationBody](t, r.admin("PATCH", path, `{"quota":{"mode":"off"}}`), 200)
	if body.Quota.Mode != "off" || body.Quota.Requests != nil {
		t.Errorf("off: %+v", body.Quota)
	}

	// One can be set from the beginning.
	made := read[createdIntegration](t, r.admin("POST", "/api/v1/environments/own/integrations", `{"name":"with","scopes":[],"quota":{"mode":"observe","tokens":{"perDay":7}}}`), 201)
	if made.Quota.Mode != "observe" || made.Quota.Tokens == nil || made.Quota.Tokens.PerDay != 7 {
		t.Errorf("%+v", made.Quota)
	}
}

func TestQuotaOfEnvironment(t *testing.T) {
	r := newRig(t)
	one, two := r.NewToken(r.own, tepin.TemplateRead), r.NewToken(r.own, tepin.TemplateRead)
	e := read[EnvironmentBody](t, r.admin("PATCH", "/api/v1/environments/own", `{"quota":{"mode":"enforce","requests":{"perHour":3}}}`), 200)
	if e.Quota.Mode != "enforce" || e.Quota.Requests.PerHour != 3 {
		t.Errorf("%+v", e.Quota)
	}
	for n, token := range []string{one, two, one} {
		w := r.bearer(token, "GET", "/api/v1/environments/own/quota", "")
		if got := fmt.Sprint(brief(read[quotaStandings](t, w, 200))); !strings.HasPrefix(got, fmt.Sprintf("[requests/hour %d of 3", n+1)) {
			t.Errorf("request %d: %s", n+1, got)
		}
	}
	if w := r.bearer(two, "GET", "/api/v1/environments/own", ""); w.Code != 429 || !strings.Contains(w.Body.String(), "the environment has used the 3 API requests") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	made := read[EnvironmentBody](t, r.admin("POST", "/api/v1/environments", `{"name":"Q","technicalName":"q","type":"sandbox","subscriptionId":"`+string(r.subscription.ID)+`","quota":{"mode":"observe"}}`), 201)
	if made.Quota.Mode != "observe" {
		t.Errorf("%+v", made.Quota)
	}
}

func TestRefusedQuotas(t *testing.T) {
	r := newRig(t)
	i, _ := r.Integration(r.own)
	for _, path := range []string{"/api/v1/environments/own", "/api/v1/environments/own/integrations/" + string(i.ID)} {
		for body, says := range map[string]string{
			`{"quota":{}}`:                                                "mode",
			`{"quota":{"mode":"always"}}`:                                 "body.quota.mode",
			`{"quota":{"mode":""}}`:                                       "body.quota.mode",
			`{"quota":{"mode":"off","tokens":{"perHour":-1}}}`:            "body.quota.tokens.perHour",
			`{"quota":{"mode":"off","renders":{"perDay":1000000000001}}}`: "body.quota.renders.perDay",
			`{"quota":{"mode":"off","requests":{"perHour":1.5}}}`:         "requests",
			`{"quota":{"mode":"off","requests":{"perWeek":1}}}`:           "requests",
			`{"quota":{"mode":"off","requests":5}}`:                       "requests",
			`{"quota":"enforce"}`:                                         "quota",
		} {
			if w := r.admin("PATCH", path, body); w.Code != 400 || !strings.Contains(w.Body.String(), says) {
				t.Errorf("%s: %d %s", body, w.Code, w.Body)
			}
		}
	}
}

func FuzzQuotaBody(f *testing.F) {
	for _, s := range []string{`{"mode":"off"}`, `{"mode":"observe","tokens":{"perHour":1,"perDay":2},"renders":{}}`, `{"mode":"x","requests":{"perDay":-1}}`, `null`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b *quotaBody
		if json.Unmarshal([]byte(text), &b) != nil {
			return
		}
		q := b.quota()
		if (q == nil) != (b == nil) || q == nil || q.Check() != nil {
			return
		}
		again := quotaBodyOf(*q)
		if got := again.quota(); *got != *q {
			t.Errorf("%s is %+v, shown as %+v", text, *q, again)
		}
	})
}
