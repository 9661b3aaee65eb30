package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/web"
)

// The bounds of P5, and of S2: how old what a node knows may be.
const (
	bitesHere      = time.Second
	bitesElsewhere = 5 * time.Second
	knownFor       = 4 * time.Second
)

// holder is an integration with a token, and what a page has for it.
type holder struct {
	tepin.Integration
	secret string
	token  string
}

// form is a request of the holder's for a token.
func (h holder) form() url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {string(h.ClientID)}, "client_secret": {h.secret}}
}

// about is a request of the holder's about a token.
func (h holder) about(token string) url.Values {
	v := h.form()
	v.Del("grant_type")
	v.Set("token", token)
	return v
}

// nodesEnvironment makes an environment on a node.
func (s *server) nodesEnvironment(t *testing.T) tepin.Environment {
	t.Helper()
	env, err := s.credential.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{SubscriptionID: s.subscription, Name: "N", TechnicalName: "n", Type: tepin.Sandbox})
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// holder makes an integration on a node, with a token from it.
func (s *server) holder(t *testing.T, env tepin.Environment, name string) holder {
	t.Helper()
	in, secret, err := s.credential.CreateIntegration(t.Context(), tepin.System, tepin.Integration{EnvironmentID: env.ID, Name: name,
		Scopes: tepin.MustScopes(tepin.TemplateList, tepin.TemplateWrite), Origins: tepin.Origins{"https://shop.example"}})
	if err != nil {
		t.Fatal(err)
	}
	h := holder{Integration: in, secret: secret}
	h.token = s.tokenOf(t, h.form())
	return h
}

// tokenOf asks a node for a token.
func (s *server) tokenOf(t *testing.T, form url.Values) string {
	t.Helper()
	var got tokenAnswer
	status, body := s.asks(t, http.MethodPost, "/oauth/token", "", form)
	if status != http.StatusOK || json.Unmarshal([]byte(body), &got) != nil {
		t.Fatalf("no token: %d %s", status, body)
	}
	return got.AccessToken
}

// takes returns what a node answers to a token, on a route that needs no database.
func (s *server) takes(t *testing.T, token string) int {
	t.Helper()
	// what needs no database: it is the token that is asked about
	status, _ := s.asks(t, http.MethodGet, "/grafx/api/v1/environment/settings/available-sdk-versions", token, nil)
	return status
}

// revocations are the ways in which tokens end before their time.
var revocations = map[string]func(t *testing.T, s *server, h holder) error{
	"revoke": func(t *testing.T, s *server, h holder) error {
		if status, body := s.asks(t, http.MethodPost, "/oauth/revoke", "", h.about(h.token)); status != http.StatusOK {
			return fmt.Errorf("%d %s", status, body)
		}
		return nil
	},
	"revoke all": func(t *testing.T, s *server, h holder) error {
		_, err := s.credential.RevokeTokens(t.Context(), tepin.System, h.EnvironmentID, h.ID)
		return err
	},
	"disable": func(t *testing.T, s *server, h holder) error {
		_, err := s.credential.UpdateIntegration(t.Context(), tepin.System, h.EnvironmentID, h.ID, tepin.IntegrationUpdate{Enabled: new(bool)})
		return err
	},
	"delete": func(t *testing.T, s *server, h holder) error {
		return s.credential.DeleteIntegration(t.Context(), tepin.System, h.EnvironmentID, h.ID)
	},
	"scope cut": func(t *testing.T, s *server, h holder) error {
		less := tepin.MustScopes(tepin.TemplateList)
		_, err := s.credential.UpdateIntegration(t.Context(), tepin.System, h.EnvironmentID, h.ID, tepin.IntegrationUpdate{Scopes: &less})
		return err
	},
	"rotate at once": func(t *testing.T, s *server, h holder) error {
		_, _, err := s.credential.Rotate(t.Context(), tepin.System, h.EnvironmentID, h.ID, 0, credential.SecretOptions{})
		return err
	},
	"secret removed": func(t *testing.T, s *server, h holder) error {
		list, err := s.store.Secrets(t.Context(), h.EnvironmentID, h.ID)
		if err != nil {
			return err
		}
		return s.credential.DeleteSecret(t.Context(), tepin.System, h.EnvironmentID, h.ID, list[0].ID)
	},
}

// P5, measured: what one node takes away ends there within a second and on another
// within five. Nodes poll, so that there are no notifications of the database to be lost.
func TestRevocationsReachNodes(t *testing.T) {
	nodes := startNodes(t, 2)
	env := nodes[0].nodesEnvironment(t)
	holders := map[string]holder{}
	for way := range revocations {
		holders[way] = nodes[0].holder(t, env, way)
	}
	for way, h := range holders {
		within(t, bitesElsewhere, way+": the other node knows the token", func() bool { return nodes[1].takes(t, h.token) == http.StatusOK })
	}
	for way, revoke := range revocations {
		h := holders[way]
		begin := time.Now()
		if err := revoke(t, nodes[0], h); err != nil {
			t.Fatalf("%s: %v", way, err)
		}
		var took [2]time.Duration
		for i, allowed := range []time.Duration{bitesHere, bitesElsewhere} {
			within(t, allowed, fmt.Sprintf("%s: node %d refuses the token", way, i), func() bool { return nodes[i].takes(t, h.token) == http.StatusUnauthorized })
			took[i] = time.Since(begin)
		}
		t.Logf("%-14s here after %v, elsewhere after %v", way, took[0].Round(time.Millisecond), took[1].Round(time.Millisecond))
		for i, n := range nodes { // neither gives it out again
			if status, body := n.asks(t, http.MethodPost, "/oauth/token", "", h.form()); strings.Contains(body, h.token) || status != http.StatusOK && status != http.StatusUnauthorized {
				t.Errorf("%s: node %d answers %d %s", way, i, status, body)
			}
		}
	}
}

// The node that revoked a token gives it out never again, whoever asks at the same time.
func TestRevokedWhileAskedFor(t *testing.T) {
	nodes := startNodes(t, 2)
	h := nodes[0].holder(t, nodes[0].nodesEnvironment(t), "busy")
	for range 5 {
		old := nodes[0].tokenOf(t, h.form())
		var revoked atomic.Bool
		var again atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 20 {
					known := revoked.Load()
					if got := nodes[0].tokenOf(t, h.form()); known && got == old {
						again.Add(1)
					}
				}
			})
		}
		if err := revocations["revoke"](t, nodes[0], holder{h.Integration, h.secret, old}); err != nil {
			t.Error(err)
		}
		revoked.Store(true)
		wg.Wait()
		if n := again.Load(); n > 0 {
			t.Errorf("the revoked token was given out %d times", n)
		}
	}
}

// An exchanged token dies on every node with the token that it was made of.
func TestExchangedTokensDieOnNodes(t *testing.T) {
	nodes := startNodes(t, 2)
	h := nodes[0].holder(t, nodes[0].nodesEnvironment(t), "shop")
	form := h.form()
	form.Set("grant_type", web.TokenExchange)
	form.Set("subject_token", h.token)
	form.Set("subject_token_type", "urn:ietf:params:oauth:token-type:access_token")
	child := nodes[0].tokenOf(t, form)
	alive := func(s *server) bool {
		_, body := s.asks(t, http.MethodPost, "/oauth/introspect", "", h.about(child))
		return strings.Contains(body, `"active":true`)
	}
	for i, n := range nodes {
		within(t, bitesElsewhere, fmt.Sprintf("node %d knows the token", i), func() bool { return alive(n) })
	}
	if err := revocations["revoke"](t, nodes[0], h); err != nil {
		t.Fatal(err)
	}
	for i, allowed := range []time.Duration{bitesHere, bitesElsewhere} {
		within(t, allowed, fmt.Sprintf("node %d refuses the exchanged token", i), func() bool { return !alive(nodes[i]) })
	}
}

// watched is what a node answers to a token over time.
type watched struct {
	mu   sync.Mutex
	seen []int
}

// watch asks a node every 20 ms until ctx ends.
func (s *server) watch(ctx context.Context, t *testing.T, token string) (w *watched, done chan struct{}) {
	w, done = &watched{}, make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			status := s.takes(t, token)
			w.mu.Lock()
			w.seen = append(w.seen, status)
			w.mu.Unlock()
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return w, done
}

// phases are the different answers, in their order.
func (w *watched) phases() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	last := 0
	for _, status := range w.seen {
		if status != last {
			list, last = append(list, fmt.Sprint(status)), status
		}
	}
	return strings.Join(list, " ")
}

// A node that is cut off from the database says 503 once it has not heard of it for four
// seconds, and neither 401 nor, ever after, 200 to what was revoked meanwhile (S2).
func TestRevokedWhileCutOff(t *testing.T) {
	database := storetest.Postgres(t)
	line := cutLine(t, database)
	data := filepath.Join(t.TempDir(), "data")
	near, far := startNode(t, data, database), startNode(t, data, line.url)
	env := near.nodesEnvironment(t)
	gone, kept := near.holder(t, env, "gone"), near.holder(t, env, "kept")
	for _, h := range []holder{gone, kept} {
		within(t, bitesElsewhere, "the other node knows the token", func() bool { return far.takes(t, h.token) == http.StatusOK })
		if far.tokenOf(t, h.form()) != h.token { // and remembers it
			t.Error("the other node gives out another token")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	goes, goesDone := far.watch(ctx, t, gone.token)
	stays, staysDone := far.watch(ctx, t, kept.token)

	line.cut(true)
	cut := time.Now()
	if err := revocations["revoke"](t, near, gone); err != nil {
		t.Fatal(err)
	}
	within(t, knownFor+time.Second/2, "the node that is cut off says that it does not know", func() bool { return far.takes(t, kept.token) == http.StatusServiceUnavailable })
	t.Logf("503 after %v", time.Since(cut).Round(time.Millisecond))
	if status, body := far.asks(t, http.MethodPost, "/oauth/token", "", kept.form()); status != http.StatusServiceUnavailable {
		t.Errorf("the token endpoint meanwhile: %d %s", status, body)
	}
	if status, body := far.asks(t, http.MethodPost, "/oauth/introspect", "", kept.about(kept.token)); status != http.StatusServiceUnavailable {
		t.Errorf("introspection meanwhile: %d %s", status, body)
	}
	time.Sleep(time.Second)
	line.cut(false)
	within(t, bitesElsewhere, "it knows again", func() bool {
		return far.takes(t, kept.token) == http.StatusOK && far.takes(t, gone.token) == http.StatusUnauthorized
	})
	within(t, bitesElsewhere, "whoever asks all the time hears of it too", func() bool {
		return strings.HasSuffix(goes.phases(), " 401") && strings.HasSuffix(stays.phases(), " 200")
	})
	cancel()
	<-goesDone
	<-staysDone
	if got := goes.phases(); got != "200 503 401" {
		t.Errorf("the revoked token got %s, want 200 503 401", got)
	}
	if got := stays.phases(); got != "200 503 200" {
		t.Errorf("the other token got %s, want 200 503 200", got)
	}
}

// A node that is stopped, and goes on when what it knows is old, lets nothing through
// that was revoked meanwhile: not even what had waited in its queue (S2).
func TestRevokedWhileStopped(t *testing.T) {
	database := storetest.Postgres(t)
	data := filepath.Join(t.TempDir(), "data")
	near := startNode(t, data, database)
	env := near.nodesEnvironment(t)
	gone, kept := near.holder(t, env, "gone"), near.holder(t, env, "kept")
	far := startNodeProcess(t, data, database)
	within(t, bitesElsewhere, "the other node takes the tokens", func() bool {
		return far.takes(t, gone.token) == http.StatusOK && far.takes(t, kept.token) == http.StatusOK
	})

	if err := far.process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := revocations["revoke"](t, near, gone); err != nil {
		t.Fatal(err)
	}
	const waiting = 8
	answers := make(chan int, waiting)
	for range waiting { // these are answered when it goes on
		go func() { answers <- far.takes(t, gone.token) }()
	}
	time.Sleep(knownFor + 2*time.Second)
	if err := far.process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for range waiting {
		if status := <-answers; status != http.StatusServiceUnavailable && status != http.StatusUnauthorized {
			t.Errorf("a request that had waited got %d", status)
		}
	}
	begin := time.Now()
	for far.takes(t, kept.token) != http.StatusOK {
		if status := far.takes(t, gone.token); status == http.StatusOK {
			t.Fatalf("%v after it went on it takes the revoked token", time.Since(begin))
		}
		if time.Sleep(10 * time.Millisecond); time.Since(begin) > bitesElsewhere {
			t.Fatal("it does not come back")
		}
	}
	if status := far.takes(t, gone.token); status != http.StatusUnauthorized {
		t.Errorf("afterwards the revoked token gets %d", status)
	}
}

// startNode starts a server in this process, over a database that others may share.
func startNode(t *testing.T, data, database string) *server {
	t.Helper()
	s, err := start(t.Context(), config{
		Listen: "127.0.0.1:0", PublicURL: "http://" + nodeHost, Data: data, KeyDir: data + "-keys", DatabaseURL: database, Workers: 1, LogLevel: "error",
	}, startOptions{}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.serve() }()
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Log(err)
		}
		<-served
	})
	return s
}

// nodeProcess is a server in a process of its own.
type nodeProcess struct {
	*server // only its address
	process *os.Process
}

var listensOn = regexp.MustCompile(`Tepin listens on (127\.0\.0\.1:\d+)`)

// startNodeProcess starts a further server over the same database, keys and files.
func startNodeProcess(t *testing.T, data, database string) nodeProcess {
	t.Helper()
	binary, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	said := &printed{}
	cmd := exec.Command(binary, "serve", "-listen", "127.0.0.1:0", "-public_url", "http://"+nodeHost, "-insecure_http", "true",
		"-data", data, "-key_dir", data+"-keys", "-database_url", database, "-workers", "1", "-log_level", "error")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGCONT) // it may be stopped, or gone
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	var address string
	within(t, 30*time.Second, "the process listens", func() bool {
		if m := listensOn.FindStringSubmatch(said.String()); m != nil {
			address = m[1]
		}
		return address != ""
	})
	return nodeProcess{&server{listener: listensAt(address)}, cmd.Process}
}

// listensAt is a listener of another process: its address alone.
type listensAt string

func (l listensAt) Addr() net.Addr {
	a, err := net.ResolveTCPAddr("tcp", string(l))
	if err != nil {
		panic(err)
	}
	return a
}
func (l listensAt) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (l listensAt) Close() error              { return nil }

// cuttable is a way to a database that can be cut.
type cuttable struct {
	url    string
	mu     sync.Mutex
	isCut  bool
	behind string
	open   map[net.Conn]bool
}

// cutLine returns a way to the database.
func cutLine(t *testing.T, database string) *cuttable {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cuttable{behind: u.Host, open: map[net.Conn]bool{}}
	u.Host = front.Addr().String()
	c.url = u.String()
	t.Cleanup(func() { front.Close(); c.cut(true) })
	go func() {
		for {
			client, err := front.Accept()
			if err != nil {
				return
			}
			go c.pass(client)
		}
	}()
	return c
}

// pass joins a client with the database while the line is whole.
func (c *cuttable) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.behind)
	if err != nil {
		return
	}
	defer server.Close()
	c.mu.Lock()
	if c.isCut {
		c.mu.Unlock()
		return
	}
	c.open[client] = true
	c.mu.Unlock()
	go io.Copy(client, server)
	_, _ = io.Copy(server, client) // until either end is closed
	c.mu.Lock()
	delete(c.open, client)
	c.mu.Unlock()
}

// cut ends all connections and lets no new ones through, or lets them through again.
func (c *cuttable) cut(yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = yes
	if yes {
		for conn := range c.open {
			conn.Close()
		}
	}
}
