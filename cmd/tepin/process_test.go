package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// shippedDir is where shipped builds to; [tests.Run] makes and removes it.
var shippedDir string

// shipped builds the program as users have it, without what the race detector adds,
// once for all tests.
var shipped = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(shippedDir, "tepin")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})

// tests runs the tests and clears up after them.
type tests struct{ *testing.M }

func (t tests) Run() int {
	var err error
	if shippedDir, err = os.MkdirTemp("", "tepin-test"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(shippedDir)
	return t.M.Run()
}

// process is a demo server in a process of its own, as a user would start it.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  *printed
	demo demo
	api  *apiClient
}

// printed is what a process prints, readable while it does.
type printed struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// startProcess starts the demo on dir, with further flags, and waits until it has done
// its job.
func startProcess(t *testing.T, dir string, flags ...string) *process {
	t.Helper()
	binary, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	credentials := filepath.Join(t.TempDir(), "credentials.json")
	p := &process{t: t, log: &printed{}}
	p.cmd = exec.Command(binary, append([]string{"demo", "-listen", "127.0.0.1:0", "-data", dir, "-credentials", credentials}, flags...)...)
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	t.Cleanup(func() {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
			<-ended
		}
	})
	for range 1200 {
		raw, err := os.ReadFile(credentials)
		if err == nil {
			if err := json.Unmarshal(raw, &p.demo); err != nil {
				t.Fatal(err)
			}
			p.api = &apiClient{base: p.demo.URL + "/grafx/api/v1/environment/demo"}
			if err := p.api.authorize(t.Context(), p.demo.URL, p.demo.Integrations.All); err != nil {
				t.Fatal(err)
			}
			return p
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the demo ended: %v\n%s", err, p.log)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("the demo was not ready within a minute\n%s", p.log)
	return nil
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	for p.cmd.Process.Signal(syscall.Signal(0)) == nil {
		time.Sleep(time.Millisecond)
	}
}

// peak is the most memory that the server process has had resident, in bytes.
func (p *process) peak() int64 {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kb int64
			if _, err := fmt.Sscan(rest, &kb); err != nil {
				p.t.Fatal(err)
			}
			return kb << 10
		}
	}
	p.t.Fatal("no VmHWM")
	return 0
}

// answer is what a request got.
type answer struct {
	status int
	body   string
	header http.Header
}

// ask makes one request below the environment and returns whatever is answered.
func (p *process) ask(method, path, contentType string, body io.Reader, headers ...string) answer {
	p.t.Helper()
	url := path
	if strings.HasPrefix(path, "/") {
		url = p.api.base + path
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, url, body)
	if err != nil {
		p.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Authorization", "Bearer "+p.api.token)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{res.StatusCode, string(raw), res.Header}
}

// want checks an answer's status and that its text says what it should.
func (a answer) want(t *testing.T, status int, says ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status %d, want %d: %.500s", a.status, status, a.body)
	}
	for _, s := range says {
		if !strings.Contains(a.body, s) {
			t.Errorf("the answer does not say %q: %.500s", s, a.body)
		}
	}
	if status >= 400 && strings.HasPrefix(a.body, "{") && !json.Valid([]byte(a.body)) {
		t.Errorf("the problem is not JSON: %.500s", a.body)
	}
}

// task polls a started output until it has ended.
func (p *process) task(started answer) answer {
	p.t.Helper()
	started.want(p.t, http.StatusOK)
	var s struct {
		Links struct {
			TaskInfo string `json:"taskInfo"`
		} `json:"links"`
	}
	if err := json.Unmarshal([]byte(started.body), &s); err != nil {
		p.t.Fatal(err)
	}
	return p.poll(s.Links.TaskInfo)
}

func (p *process) poll(link string) answer {
	p.t.Helper()
	for range 1200 {
		if a := p.ask(http.MethodGet, link, "", nil); a.status != http.StatusAccepted {
			return a
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.t.Fatal("the task did not end within a minute")
	return answer{}
}

// file is a multipart body with one part named "file".
func fileBody(t *testing.T, name string, data []byte) (contentType string, body io.Reader) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(data)
	}
	if err = errors.Join(err, form.Close()); err != nil {
		t.Fatal(err)
	}
	return form.FormDataContentType(), &b
}
