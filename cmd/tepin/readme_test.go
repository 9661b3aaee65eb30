package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// root is the repository, seen from this package.
const root = "../.."

// fence finds fenced blocks, also those below a list's item.
var fence = regexp.MustCompile("(?ms)^ *```[a-z]*\n(.*?)^ *```$")

// Every command of the README does what the README says, and so does every command
// that the demo prints.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var server *readmeDemo
	for _, block := range fence.FindAllStringSubmatch(string(readme), -1) {
		command := strings.TrimSpace(block[1])
		switch {
		case command == "go run ./cmd/tepin demo":
			server = startReadmeDemo(t, command)
		case command == "make test": // this very test is part of it
			if out, err := exec.Command("make", "-C", root, "-n", "test").CombinedOutput(); err != nil || !bytes.Contains(out, []byte("go test")) {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
		case strings.HasPrefix(command, "curl ") && server != nil:
			server.curl(t, strings.ReplaceAll(command, "http://127.0.0.1:8080", server.field("Console")))
		default:
			t.Errorf("no test runs %s", command)
		}
	}
	if server == nil {
		t.Fatal("the README does not start the demo")
	}
	commands := regexp.MustCompile(`(?m)^curl (?:.*\\\n)*.*$`).FindAllString(server.out.String(), -1)
	if len(commands) != 3 {
		t.Errorf("the demo prints %d commands, want form, JSON and a first call: %q", len(commands), commands)
	}
	for _, c := range commands {
		server.curl(t, c)
	}
	for _, address := range regexp.MustCompile(`\(http://127\.0\.0\.1:8080(.*?)\)`).FindAllStringSubmatch(string(readme), -1) {
		res, err := http.Get(server.field("Console") + address[1])
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", address[1], res.Status)
		}
	}
}

// Every file that a document links to is there.
func TestDocumentLinks(t *testing.T) {
	var documents []string
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, found...)
	}
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)|src="([^":]+)"`)
	for _, d := range documents {
		text, err := os.ReadFile(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(string(text), ""), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(d), m[1]+m[2])); err != nil {
				t.Errorf("%s links to %s: %v", d, m[1]+m[2], err)
			}
		}
	}
}

// readmeDemo is a demo that was started by the README's own command.
type readmeDemo struct {
	out   *transcript
	token string
}

// transcript collects what a process prints, while others read it.
type transcript struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *transcript) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *transcript) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// startReadmeDemo runs the command as it stands, on a free port, and waits until it
// has printed all.
func startReadmeDemo(t *testing.T, command string) *readmeDemo {
	t.Helper()
	d := &readmeDemo{out: &transcript{}}
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "TEPIN_LISTEN=127.0.0.1:0", "TEPIN_DATA="+t.TempDir())
	cmd.Stdout, cmd.Stderr = d.out, d.out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) // the shell, go, and the server
		<-ended
	})
	for deadline := time.After(3 * time.Minute); !strings.Contains(d.out.String(), "Ctrl-C stops it."); {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v\n%s", command, err, d.out)
		case <-deadline:
			t.Fatalf("%s is not ready within three minutes\n%s", command, d.out)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return d
}

// field is the first value that the demo prints after a name.
func (d *readmeDemo) field(name string) string {
	if m := regexp.MustCompile(`(?m)^ *` + name + ` +(\S+)$`).FindStringSubmatch(d.out.String()); m != nil {
		return m[1]
	}
	return ""
}

// curl runs a command as a reader would paste it, who has set CLIENT_ID, CLIENT_SECRET
// and TOKEN. It must answer with a token or with the sample template.
func (d *readmeDemo) curl(t *testing.T, command string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Env = append(os.Environ(), "no_proxy=*", "CLIENT_ID="+d.field("client id"), "CLIENT_SECRET="+d.field("client secret"), "TOKEN="+d.token)
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v", command, err)
	}
	if strings.Contains(command, "/templates") {
		if !bytes.Contains(out, []byte(`"name":"`+sampleName+`"`)) {
			t.Errorf("%s: %s", command, out)
		}
		return
	}
	var got tokenAnswer
	if err := json.Unmarshal(out, &got); err != nil || got.TokenType != "Bearer" || got.ExpiresIn == 0 || got.Scope == "" {
		t.Errorf("%s: %v: %s", command, err, out)
	}
	if d.token != "" && got.AccessToken != d.token {
		t.Errorf("%s: another token than before", command)
	}
	d.token = got.AccessToken
}
