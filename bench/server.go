package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// target is a server in a process of its own.
type target struct {
	cmd *exec.Cmd
	url string
	id  credentials
}

// credentials is what the demo writes with -credentials.
type credentials struct {
	URL          string `json:"url"`
	Integrations struct {
		All struct {
			ClientID     string `json:"clientId"`
			ClientSecret string `json:"clientSecret"`
		} `json:"all"`
	} `json:"integrations"`
}

// buildTepin builds the binary into dir.
func buildTepin(dir string) (string, error) {
	bin := filepath.Join(dir, "tepin")
	out, err := exec.Command("go", "build", "-o", bin, "./cmd/tepin").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
}

// startDemo starts the demo on a free port, and waits until it has done its job.
func startDemo(bin, data string) (*target, error) {
	file := filepath.Join(data, "..", "credentials.json")
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	cmd := exec.Command(bin, "demo", "-listen", "127.0.0.1:0", "-data", data, "-credentials", file, "-log_level", "error")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t := &target{cmd: cmd}
	for range 600 {
		raw, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(raw, &t.id)
			t.url = t.id.URL
			return t, err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("the demo was not ready within a minute"), t.stop())
}

// startConstant starts a bare net/http server that reads a form and answers body.
func startConstant(body string) (*target, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "constant", body)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t := &target{cmd: cmd}
	_, err = fmt.Fscanln(out, &t.url)
	return t, err
}

// serveConstant is the child of startConstant.
func serveConstant(body string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	answer := []byte(body)
	err = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if err := r.ParseForm(); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(answer)
	}))
	fmt.Fprintln(os.Stderr, err)
}

func (t *target) stop() error {
	if err := t.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	_ = t.cmd.Wait() // the constant server ends by the signal
	return nil
}

// cpu is the processor time that the server has used, all its threads together.
func (t *target) cpu() (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", t.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+2:]))
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0, err
	}
	return time.Duration(user+system) * 10 * time.Millisecond, nil // ticks of 1/100 s
}

// Each measurement warms up and then counts for a time.
const (
	warmUp      = time.Second
	measureTime = 5 * time.Second
	connections = 16
)

// rate sends a request over keep-alive connections, again and again, and returns how
// often it was answered with 200 per second of the server's processor time. It sends
// prepared bytes: a client as costly as the server would keep it waiting, and a server
// that waits spends its time on falling asleep and waking up.
func (t *target) rate(request func() (*http.Request, error)) (float64, error) {
	req, err := request()
	if err != nil {
		return 0, err
	}
	var raw bytes.Buffer
	if err := req.Write(&raw); err != nil {
		return 0, err
	}
	if _, err := load(req.URL.Host, raw.Bytes(), warmUp); err != nil {
		return 0, err
	}
	before, err := t.cpu()
	if err != nil {
		return 0, err
	}
	n, err := load(req.URL.Host, raw.Bytes(), measureTime)
	if err != nil {
		return 0, err
	}
	after, err := t.cpu()
	return float64(n) / (after - before).Seconds(), err
}

// load sends a request for a time and counts the answers; one other than 200 ends it.
func load(address string, request []byte, d time.Duration) (int, error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var total int
	var first error
	end := time.Now().Add(d)
	for range connections {
		wg.Go(func() {
			n, err := repeat(address, request, end)
			mu.Lock()
			defer mu.Unlock()
			total += n
			first = errors.Join(first, err)
		})
	}
	wg.Wait()
	return total, first
}

// repeat sends the request over one connection until end.
func repeat(address string, request []byte, end time.Time) (n int, err error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for ; time.Now().Before(end); n++ {
		if _, err := conn.Write(request); err != nil {
			return n, err
		}
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			return n, err
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return n, err
		}
		if res.StatusCode != http.StatusOK {
			return n, fmt.Errorf("%s: %s", res.Status, body)
		}
	}
	return n, nil
}
