package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// installation is the binary, and the data of its demo.
type installation struct {
	bin, data string
}

// withDemo builds Tepin, gives it a temporary directory, and ends with it.
func withDemo(f func(installation) error) (err error) {
	dir, err := os.MkdirTemp("", "tepin-bench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	in := installation{filepath.Join(dir, "tepin"), filepath.Join(dir, "data")}
	out, err := exec.Command("go", "build", "-o", in.bin, "./cmd/tepin").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return f(in)
}

// demo starts the demo on a free port, and waits until it has done its job.
func (in installation) demo() (*target, error) {
	file := filepath.Join(filepath.Dir(in.data), "credentials.json")
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	cmd := exec.Command(in.bin, "demo", "-listen", "127.0.0.1:0", "-data", in.data, "-credentials", file, "-log_level", "error")
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

// serve starts the server with TLS on the data that the demo left, for the clients that
// the demo named. The installation has another URL from then on.
func (in installation) serve(certificate, key string, id credentials) (*target, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	url := "https://" + address
	if out, err := exec.Command(in.bin, "rekey", "-data", in.data, "-public_url", url).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("tepin rekey: %w\n%s", err, out)
	}
	cmd := exec.Command(in.bin, "serve", "-data", in.data, "-listen", address, "-public_url", url,
		"-tls_cert", certificate, "-tls_key", key, "-log_level", "error",
		"-client_rate", "1000000/1000000", "-address_rate", "1000000/1000000") // out of reach, as the demo's are
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t := &target{cmd: cmd, url: url, id: id}
	for range 100 {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return t, conn.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("the server was not ready within ten seconds"), t.stop())
}

// freeAddress is one on which nobody listens at this moment.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// startProgram starts a server that prints its URL.
func startProgram(name string, args ...string) (*target, error) {
	cmd := exec.Command(name, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t := &target{cmd: cmd}
	if _, err := fmt.Fscanln(out, &t.url); err != nil {
		return nil, errors.Join(fmt.Errorf("%s has not printed its address: %w", filepath.Base(name), err), t.stop())
	}
	return t, nil
}

func (t *target) stop() error {
	if err := t.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_ = t.cmd.Wait() // some end by the signal
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
)

// measured is how much a server did.
type measured struct {
	answered
	cpu time.Duration
}

// perCPU is how many requests were answered in a second of the server's processor time.
func (m measured) perCPU() float64 { return float64(m.count) / m.cpu.Seconds() }

// perSecond is how many were answered in a second of the clock.
func (m measured) perSecond() float64 { return float64(m.count) / m.took.Seconds() }

func (m measured) plus(more measured) measured {
	m.count += more.count
	m.took += more.took
	m.cpu += more.cpu
	return m
}

// measure has the load answered for a time, as fast as it goes or at a pace.
func (t *target) measure(l load, d time.Duration, pace float64) (measured, error) {
	before, err := t.cpu()
	if err != nil {
		return measured{}, err
	}
	a, err := l.run(d, pace)
	if err != nil {
		return measured{}, err
	}
	after, err := t.cpu()
	return measured{a, after - before}, err
}

// rate is how much of the load the server answers when it is warm.
func (t *target) rate(l load) (measured, error) {
	if _, err := l.run(warmUp, 0); err != nil {
		return measured{}, err
	}
	return t.measure(l, measureTime, 0)
}

// loadOf sends these requests.
func loadOf(requests ...*http.Request) (load, error) {
	l := load{address: requests[0].URL.Host}
	for _, r := range requests {
		var raw bytes.Buffer
		if err := r.Write(&raw); err != nil {
			return load{}, err
		}
		l.requests = append(l.requests, raw.Bytes())
	}
	return l, nil
}
