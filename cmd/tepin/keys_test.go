package main

import (
	"bytes"
	"encoding/json"
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
	h := nodes[0].holder(t, nodes[0].nodesEnvironment(t), "i")
	for _, n := range nodes {
		within(t, bitesElsewhere, "every node takes the token", func() bool { return n.takes(t, h.token) == http.StatusOK })
	}
	bad := nodes[0].access.Keys().Signer(token.ES256, time.Now())
	begin := time.Now()
	if err := nodes[0].keyring.Compromised(t.Context(), tepin.System, bad.ID); err != nil {
		t.Fatal(err)
	}
	if got := nodes[0].takes(t, h.token); got != http.StatusUnauthorized {
		t.Errorf("on the node that withdrew it: %d", got)
	}
	for i, n := range nodes {
		within(t, bitesElsewhere, "every node refuses it", func() bool { return n.takes(t, h.token) == http.StatusUnauthorized })
		t.Logf("node %d after %v", i, time.Since(begin).Round(time.Millisecond))
		if _, jwks := n.asks(t, http.MethodGet, "/.well-known/jwks.json", "", nil); strings.Contains(jwks, bad.ID) {
			t.Errorf("node %d publishes the compromised key", i)
		}
	}
	fresh := nodes[1].tokenWithin(t, h.form())
	for _, n := range nodes {
		within(t, bitesElsewhere, "every node takes the new token", func() bool { return n.takes(t, fresh) == http.StatusOK })
		if n.tokenWithin(t, h.form()) != fresh {
			t.Error("another node gives another token")
		}
	}
	list, err := nodes[2].keyring.List(t.Context())
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

// tokenWithin asks this node for a token until there is one: it may not know the key yet.
func (s *server) tokenWithin(t *testing.T, form url.Values) string {
	t.Helper()
	var got tokenAnswer
	within(t, bitesElsewhere, "the node gives a token", func() bool {
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
	h := nodes[0].holder(t, nodes[0].nodesEnvironment(t), "i")
	for _, n := range nodes {
		within(t, bitesElsewhere, "every node takes the token", func() bool { return n.takes(t, h.token) == http.StatusOK })
	}
	var out bytes.Buffer
	if err := runRecover(t.Context(), []string{"-data", data, "-key_dir", data + "-keys", "-database_url", database}, func(string) string { return "" }, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "secret …"+h.secret[len(h.secret)-4:]) || strings.Contains(out.String(), h.secret) {
		t.Errorf("it says:\n%s", out.String())
	}
	for _, n := range nodes {
		within(t, bitesElsewhere, "every node refuses it", func() bool { return n.takes(t, h.token) == http.StatusUnauthorized })
	}
	fresh := nodes[1].tokenWithin(t, h.form())
	for _, n := range nodes {
		within(t, bitesElsewhere, "every node takes the new token", func() bool { return n.takes(t, fresh) == http.StatusOK })
	}
}
