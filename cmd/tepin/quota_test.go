package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/store"
)

// Two nodes share what a quota counts: together they let through what it allows, and
// beyond it what they answer in about a second. What an administrator changes bites
// within five (P5).
func TestQuotaOfNodes(t *testing.T) {
	nodes, ctx := startNodes(t, 2), t.Context()
	env, err := nodes[0].credential.CreateEnvironment(ctx, tepin.System, tepin.Environment{SubscriptionID: nodes[0].subscription, Name: "N", TechnicalName: "n", Type: tepin.Sandbox})
	if err != nil {
		t.Fatal(err)
	}
	const allowed = 40
	in, secret, err := nodes[0].credential.CreateIntegration(ctx, tepin.System, tepin.Integration{EnvironmentID: env.ID, Name: "i",
		Quota: tepin.Quota{Mode: tepin.QuotaEnforce, Tokens: tepin.Allowance{PerDay: allowed}}})
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {string(in.ClientID)}, "client_secret": {secret}}
	passed := 0
	ask := func(n *server) int {
		status, body := n.asks(t, http.MethodPost, "/oauth/token", "", form)
		switch status {
		case http.StatusOK:
			passed++
		case http.StatusTooManyRequests:
		default:
			t.Fatalf("%d %s", status, body)
		}
		return status
	}
	within(t, 5*time.Second, "both know the integration", func() bool {
		status, _ := nodes[1].asks(t, http.MethodPost, "/oauth/revoke", "", url.Values{"token": {"x"}, "client_id": {string(in.ClientID)}, "client_secret": {secret}})
		return status == http.StatusOK
	})
	slow := func() bool { // so that about ten pass in a second
		time.Sleep(100 * time.Millisecond)
		first, second := ask(nodes[0]), ask(nodes[1])
		return first == http.StatusTooManyRequests && second == http.StatusTooManyRequests
	}
	within(t, 30*time.Second, "both refuse", slow)
	if passed < allowed || passed > allowed+allowed/2 {
		t.Errorf("%d passed, %d are allowed", passed, allowed)
	}
	raised := tepin.Quota{Mode: tepin.QuotaEnforce, Tokens: tepin.Allowance{PerDay: 1000}}
	if _, err := nodes[0].credential.UpdateIntegration(ctx, tepin.System, env.ID, in.ID, tepin.IntegrationUpdate{Quota: &raised}); err != nil {
		t.Fatal(err)
	}
	if status := ask(nodes[0]); status != http.StatusOK {
		t.Errorf("raised, the node that did it answers %d", status)
	}
	within(t, 5*time.Second, "raised on the other node", func() bool { return ask(nodes[1]) == http.StatusOK })
}

// A server that is killed forgets what it counted in its last second, and no more.
func TestQuotaOfKilledServer(t *testing.T) {
	dir := t.TempDir()
	startProcess(t, dir).kill()
	id := limitDemo(t, dir, tepin.Quota{Mode: tepin.QuotaObserve, Requests: tepin.Allowance{PerDay: 100_000}})

	p := startProcess(t, dir)
	before := p.requests(id)
	for range 50 {
		p.ask(http.MethodGet, "/templates", "", nil).want(t, http.StatusOK)
	}
	time.Sleep(2500 * time.Millisecond) // it tells once a second
	for range 20 {
		p.ask(http.MethodGet, "/templates", "", nil).want(t, http.StatusOK)
	}
	p.kill()
	after := startProcess(t, dir).requests(id)
	if after < before+50 {
		t.Errorf("%d requests are counted, of %d and 50 that were told", after, before)
	}
}

// limitDemo gives the demo's first integration a quota while no server runs.
func limitDemo(t *testing.T, dir string, q tepin.Quota) tepin.IntegrationID {
	t.Helper()
	ctx := t.Context()
	keys, err := credential.ReadKeys(demoKeyDir(dir), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, store.Options{URL: databaseURL(config{Data: dir}), AuditKey: keys.Seal.Derive("audit chain", 32)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	envs, err := db.Environments(ctx, tepin.List{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := db.Integrations(ctx, envs.Items[0].ID, tepin.List{})
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range all.Items {
		if in.Name == "All permissions" {
			if _, err := db.UpdateIntegration(ctx, tepin.System, in.EnvironmentID, in.ID, tepin.IntegrationUpdate{Quota: &q}); err != nil {
				t.Fatal(err)
			}
			return in.ID
		}
	}
	t.Fatal("the demo has no such integration")
	return ""
}

// requests is how many API requests of this day the server has counted.
func (p *process) requests(id tepin.IntegrationID) int64 {
	p.t.Helper()
	a := p.ask(http.MethodGet, p.demo.URL+"/api/v1/environments/demo/integrations/"+string(id)+"/quota", "", nil)
	a.want(p.t, http.StatusOK)
	var body struct {
		Allowances []struct {
			Use, Period string
			Used        int64
		}
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		p.t.Fatal(err)
	}
	for _, s := range body.Allowances {
		if s.Use == "requests" && s.Period == "day" {
			return s.Used
		}
	}
	p.t.Fatal(a.body)
	return 0
}
