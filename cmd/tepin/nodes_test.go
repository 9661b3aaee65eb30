package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/web"
)

// nodeHost is the host of the public URL that the nodes of a test share.
const nodeHost = "tepin.test"

// startNodes starts n servers at once for the first time, over one empty PostgreSQL,
// one directory of files and one of keys.
func startNodes(t *testing.T, n int) []*server {
	t.Helper()
	return startNodesAt(t, n, filepath.Join(t.TempDir(), "data"), storetest.Postgres(t))
}

// startNodesAt does the same over the given directory and database.
func startNodesAt(t *testing.T, n int, data, database string) []*server {
	t.Helper()
	nodes, errs := make([]*server, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range nodes {
		wg.Go(func() {
			nodes[i], errs[i] = start(t.Context(), config{
				Listen: "127.0.0.1:0", PublicURL: "http://" + nodeHost, Data: data, KeyDir: data + "-keys", DatabaseURL: database, Workers: 1, LogLevel: "error",
			}, startOptions{}, io.Discard)
		})
	}
	wg.Wait()
	for i, s := range nodes {
		if errs[i] != nil {
			t.Errorf("node %d does not start: %v", i, errs[i])
			continue
		}
		served := make(chan error, 1)
		go func() { served <- s.serve() }()
		t.Cleanup(func() {
			if err := errors.Join(s.stop(), <-served); err != nil {
				t.Error(err)
			}
		})
	}
	if t.Failed() {
		t.FailNow()
	}
	return nodes
}

// asks sends a request to this node, whatever the public URL says.
func (s *server) asks(t *testing.T, method, path, token string, form url.Values) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.listener.Addr().String()+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = nodeHost
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// Three nodes make their first start at once. What one of them hands out all know, and
// what one revokes dies on it within one second and on the others within five (P5).
func TestNodes(t *testing.T) {
	nodes := startNodes(t, 3)
	ctx := t.Context()
	if all, err := nodes[0].store.Subscriptions(ctx); err != nil || len(all) != 1 {
		t.Errorf("%d subscriptions, %v", len(all), err)
	}
	env, err := nodes[0].credential.CreateEnvironment(ctx, tepin.System, tepin.Environment{SubscriptionID: nodes[0].subscription, Name: "N", TechnicalName: "n", Type: tepin.Sandbox})
	if err != nil {
		t.Fatal(err)
	}
	scopes, err := tepin.NewScopes(tepin.TemplateList)
	if err != nil {
		t.Fatal(err)
	}
	in, secret, err := nodes[0].credential.CreateIntegration(ctx, tepin.System, tepin.Integration{EnvironmentID: env.ID, Name: "i", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {string(in.ClientID)}, "client_secret": {secret}}
	var got tokenAnswer
	for i, n := range nodes {
		var next tokenAnswer
		within(t, 5*time.Second, fmt.Sprintf("node %d gives a token", i), func() bool {
			status, body := n.asks(t, http.MethodPost, "/oauth/token", "", form)
			return status == http.StatusOK && json.Unmarshal([]byte(body), &next) == nil
		})
		if i > 0 && next.AccessToken != got.AccessToken {
			t.Errorf("node %d gives another token", i)
		}
		got = next
	}
	bearer := func(n *server) int {
		status, _ := n.asks(t, http.MethodGet, "/grafx/api/v1/environment/n/templates", got.AccessToken, nil)
		return status
	}
	for i, n := range nodes {
		if status := bearer(n); status != http.StatusOK {
			t.Errorf("node %d: the token gets %d", i, status)
		}
	}
	disabled := false
	if _, err := nodes[0].credential.UpdateIntegration(ctx, tepin.System, env.ID, in.ID, tepin.IntegrationUpdate{Enabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	for i, n := range nodes {
		within(t, map[bool]time.Duration{true: time.Second, false: 5 * time.Second}[i == 0], fmt.Sprintf("node %d refuses", i), func() bool {
			status, _ := n.asks(t, http.MethodPost, "/oauth/token", "", form)
			return bearer(n) == http.StatusUnauthorized && status == http.StatusUnauthorized
		})
	}
}

// 200 first requests at once, over two nodes, are answered with one token.
func TestFirstRequestsAtOnce(t *testing.T) {
	nodes := startNodes(t, 2)
	h := nodes[0].holder(t, nodes[0].nodesEnvironment(t), "busy")
	for i, n := range nodes {
		within(t, 5*time.Second, fmt.Sprintf("node %d knows the integration", i), func() bool { return n.takes(t, h.token) == http.StatusOK })
	}
	if err := revocations["revoke all"](t, nodes[0], h); err != nil { // from here on nobody has a token
		t.Fatal(err)
	}
	within(t, 5*time.Second, "the other node has heard of it", func() bool { return nodes[1].takes(t, h.token) == http.StatusUnauthorized })
	var mu sync.Mutex
	tokens := map[string]int{}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			token := nodes[i%2].tokenOf(t, h.form())
			mu.Lock()
			defer mu.Unlock()
			tokens[token]++
		})
	}
	wg.Wait()
	if len(tokens) != 1 || tokens[h.token] != 0 {
		t.Errorf("%d different tokens, the revoked one %d times", len(tokens), tokens[h.token])
	}
}

// A database that is frozen makes the node not ready, instead of leaving whoever asks
// without an answer.
func TestReadyOfFrozenDatabase(t *testing.T) {
	mux := http.NewServeMux()
	web.Mount(mux, health(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }))
	for path, status := range map[string]int{"/readyz": http.StatusServiceUnavailable, "/healthz": http.StatusOK} {
		begin, w := time.Now(), httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if took := time.Since(begin); w.Code != status || took > 4*time.Second {
			t.Errorf("%s: %d after %v", path, w.Code, took)
		}
	}
}

// within waits until something is so, but not longer than allowed.
func within(t *testing.T, allowed time.Duration, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(allowed); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", allowed, what)
		}
	}
}

// A server that is told to stop in the middle of a long render stops in time, and the
// next one makes the render: the attempt that was given back does not count.
func TestStoppedInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	p := startProcess(t, dir, "-workers", "1")
	rows := strings.TrimSuffix(strings.Repeat(`{"Price":7},`, 4000), ",") // longer than a server drains
	order := fmt.Sprintf(`{"projectId":%q,"variables":[%s]}`, p.demo.Project.ID, rows)
	started := p.ask(http.MethodPost, "/output/pdf", "application/json", strings.NewReader(order))
	started.want(t, http.StatusOK)
	time.Sleep(500 * time.Millisecond)
	begin := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for !errors.Is(p.cmd.Process.Signal(syscall.Signal(0)), os.ErrProcessDone) {
		if time.Sleep(10 * time.Millisecond); time.Since(begin) > 10*time.Second {
			t.Fatal("the server does not stop within 10 s")
		}
	}
	t.Logf("stopped after %v", time.Since(begin).Round(time.Millisecond))
	p = startProcess(t, dir, "-workers", "2")
	var s struct {
		Data struct {
			TaskID string `json:"taskId"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(started.body), &s); err != nil {
		t.Fatal(started.body, err)
	}
	p.poll("/output/tasks/"+s.Data.TaskID).want(t, http.StatusOK, "download")
}
