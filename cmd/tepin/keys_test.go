package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/token"
)

// The master key is replaced, and the process killed at any moment of it, again and again:
// the installation is whole each time, and the last attempt goes through.
func TestMasterKeyOutlivesKills(t *testing.T) {
	binary, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	tepin := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
		return cmd
	}
	must := func(args ...string) {
		t.Helper()
		if out, err := tepin(args...).CombinedOutput(); err != nil {
			t.Fatalf("tepin %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	must("demo", "-listen", "127.0.0.1:0", "-data", dir, "-once")
	begin := time.Now()
	must("keys", "rotate", "-master", "-data", dir)
	took := time.Since(begin)
	killed := 0
	for range 15 {
		cmd := tepin("keys", "rotate", "-master", "-data", dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(took * 3 / 2))
		_ = cmd.Process.Kill() // it may have ended
		if cmd.Wait() != nil {
			killed++
		}
		must("audit", "verify", "-data", dir)
		must("keys", "list", "-data", dir)
	}
	t.Logf("killed %d of 15, each takes %v", killed, took.Round(time.Millisecond))
	must("keys", "rotate", "-master", "-data", dir)
	must("demo", "-listen", "127.0.0.1:0", "-data", dir, "-once") // opens all that is sealed
}

// On three nodes, a signing key is compromised: its tokens die on the node that withdraws
// it at once, and on the others within five seconds; all go on with the same new key.
func TestCompromisedKeyOnNodes(t *testing.T) {
	nodes := startNodes(t, 3)
	ctx := t.Context()
	env, err := nodes[0].credential.CreateEnvironment(ctx, tepin.System, tepin.Environment{SubscriptionID: nodes[0].subscription, Name: "N", TechnicalName: "n", Type: tepin.Sandbox})
	if err != nil {
		t.Fatal(err)
	}
	in, secret, err := nodes[0].credential.CreateIntegration(ctx, tepin.System, tepin.Integration{EnvironmentID: env.ID, Name: "i", Scopes: tepin.MustScopes(tepin.TemplateList)})
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {string(in.ClientID)}, "client_secret": {secret}}
	old := nodes[0].tokenWithin(t, form)
	status := func(n *server, raw string) int {
		code, _ := n.asks(t, http.MethodGet, "/grafx/api/v1/environment/n/templates", raw, nil)
		return code
	}
	for _, n := range nodes {
		within(t, 5*time.Second, "every node takes the token", func() bool { return status(n, old) == http.StatusOK })
	}
	bad := nodes[0].access.Keys().Signer(token.ES256, time.Now())
	if err := nodes[0].keyring.Compromised(ctx, tepin.System, bad.ID); err != nil {
		t.Fatal(err)
	}
	if got := status(nodes[0], old); got != http.StatusUnauthorized {
		t.Errorf("on the node that withdrew it: %d", got)
	}
	for i, n := range nodes {
		within(t, 5*time.Second, "node refuses it", func() bool { return status(n, old) == http.StatusUnauthorized })
		_, jwks := n.asks(t, http.MethodGet, "/.well-known/jwks.json", "", nil)
		if strings.Contains(jwks, bad.ID) {
			t.Errorf("node %d publishes the compromised key", i)
		}
	}
	fresh := nodes[1].tokenWithin(t, form)
	for _, n := range nodes {
		within(t, 5*time.Second, "every node takes the new token", func() bool { return status(n, fresh) == http.StatusOK })
		if again := n.tokenWithin(t, form); again != fresh {
			t.Error("another node gives another token")
		}
	}
	list, err := nodes[2].keyring.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	signing := 0
	for _, k := range list {
		if k.Purpose == tepin.AccessTokens && k.Alg == token.ES256 && k.State == access.KeySigning {
			signing++
		}
	}
	if signing != 1 {
		t.Errorf("%d keys sign: %+v", signing, list)
	}
}

// tokenWithin asks this node for a token until there is one, for at most 5 s.
func (s *server) tokenWithin(t *testing.T, form url.Values) string {
	t.Helper()
	var got tokenAnswer
	within(t, 5*time.Second, "the node gives a token", func() bool {
		status, body := s.asks(t, http.MethodPost, "/oauth/token", "", form)
		return status == http.StatusOK && json.Unmarshal([]byte(body), &got) == nil
	})
	return got.AccessToken
}

// tepin recover beside servers that run, as after a fail-over: what was issued before dies
// on all of them within five seconds, and what is issued then works on all.
func TestRecoverBesideNodes(t *testing.T) {
	data, database := filepath.Join(t.TempDir(), "data"), storetest.Postgres(t)
	nodes := startNodesAt(t, 2, data, database)
	ctx := t.Context()
	env, err := nodes[0].credential.CreateEnvironment(ctx, tepin.System, tepin.Environment{SubscriptionID: nodes[0].subscription, Name: "N", TechnicalName: "n", Type: tepin.Sandbox})
	if err != nil {
		t.Fatal(err)
	}
	in, secret, err := nodes[0].credential.CreateIntegration(ctx, tepin.System, tepin.Integration{EnvironmentID: env.ID, Name: "i", Scopes: tepin.MustScopes(tepin.TemplateList)})
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {string(in.ClientID)}, "client_secret": {secret}}
	old := nodes[0].tokenWithin(t, form)
	takes := func(n *server, raw string, want int) {
		t.Helper()
		within(t, 5*time.Second, fmt.Sprint("a node answers ", want), func() bool {
			code, _ := n.asks(t, http.MethodGet, "/grafx/api/v1/environment/n/templates", raw, nil)
			return code == want
		})
	}
	for _, n := range nodes {
		takes(n, old, http.StatusOK)
	}
	var out bytes.Buffer
	if err := runRecover(ctx, []string{"-data", data, "-key_dir", data + "-keys", "-database_url", database}, func(string) string { return "" }, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "secret …"+secret[len(secret)-4:]) || strings.Contains(out.String(), secret) {
		t.Errorf("it says:\n%s", out.String())
	}
	for _, n := range nodes {
		takes(n, old, http.StatusUnauthorized)
	}
	fresh := nodes[1].tokenWithin(t, form)
	for _, n := range nodes {
		takes(n, fresh, http.StatusOK)
	}
}
