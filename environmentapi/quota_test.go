package environmentapi_test

import (
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

// An output beyond the quota is refused before its order is read, and leaves nothing
// behind; the headers of those that are started say how many are left.
func TestQuotaOfOutputs(t *testing.T) {
	s := newServer(t)
	tpl := s.createTemplate("Poster", "/")
	i, secret := s.Integration(s.env, tepin.AllScopes...)
	token, err := s.Token(i.ClientID, secret)
	check(t, err)
	quota := tepin.Quota{Mode: tepin.QuotaEnforce, Requests: tepin.Allowance{PerHour: 100}, Renders: tepin.Allowance{PerDay: 2}}
	_, err = s.Credential.UpdateIntegration(t.Context(), tepin.System, s.env.ID, i.ID, tepin.IntegrationUpdate{Quota: &quota})
	check(t, err)
	order := map[string]any{"templateId": tpl.ID}

	if r := s.do("POST", "/output/png", call{token: token, body: `{broken`}); r.StatusCode != 400 {
		t.Errorf("a bad order: %d %s", r.StatusCode, r.body)
	}
	for left := range 2 {
		r := s.do("POST", "/output/png", call{token: token, body: order}).want(t, 200, nil)
		if got := r.Header.Get("RateLimit-Remaining"); got != []string{"1", "0"}[left] || r.Header.Get("RateLimit-Limit") != "2" ||
			!strings.Contains(r.Header.Get("RateLimit-Policy"), `"integration-requests-hour";q=100;w=3600, "integration-renders-day";q=2;w=86400`) {
			t.Errorf("output %d: %v", left+1, r.Header)
		}
	}
	files := s.files()
	for path, body := range map[string]any{"/output/png": order, "/output/pdf": "{broken", "/output/image?outputType=png&templateId=" + string(tpl.ID): nil, "/output/image?outputType=nothing": "{}"} {
		r := s.do("POST", path, call{token: token, body: body})
		if r.StatusCode != 429 || r.Header.Get("Retry-After") == "" || r.Header.Get("RateLimit-Remaining") != "0" ||
			!strings.Contains(string(r.body), "the integration has used the 2 outputs that its quota allows this day") {
			t.Errorf("%s: %d %v %s", path, r.StatusCode, r.Header, r.body)
		}
	}
	if s.files() != files {
		t.Errorf("%d files, %d before what was refused", s.files(), files)
	}
	if r := s.do("GET", "/templates", call{token: token}); r.StatusCode != 200 {
		t.Errorf("another call: %d %s", r.StatusCode, r.body)
	}
	if r := s.do("POST", "/output/png", call{body: order}); r.StatusCode != 200 {
		t.Errorf("another integration: %d %s", r.StatusCode, r.body)
	}
	s.work()
	_, list, err := s.Quota.Standings(t.Context(), s.env.ID, i.ID)
	check(t, err)
	for _, v := range list {
		if v.Use == tepin.UseRenders && v.Used != 2 {
			t.Errorf("%d outputs are counted in the %s, want 2", v.Used, v.PeriodName())
		}
	}
}
