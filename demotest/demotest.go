// Package demotest starts `tepin demo` in a process of its own, for tests and for
// programs beside the product.
package demotest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// How long the demo may take to do its job, and to stop.
const (
	readyTime = 2 * time.Minute
	stopTime  = 20 * time.Second
)

// Demo is a running demo: what it wrote with -credentials, as far as it matters to others.
type Demo struct {
	URL         string `json:"url"`
	Environment struct {
		TechnicalName string `json:"technicalName"`
	} `json:"environment"`
	Administrator struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	} `json:"administrator"`
	Integrations struct {
		All      Credentials `json:"all"`
		ReadOnly Credentials `json:"readOnly"`
	} `json:"integrations"`

	cmd   *exec.Cmd
	ended chan error
	log   bytes.Buffer // to be read once the process has ended
}

// Credentials are those of an integration.
type Credentials struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
}

// Start builds the binary, starts the demo on a free loopback port with all its files in
// dir and the given variables in its environment, and waits until it has done its job.
// It must be called within the module.
func Start(ctx context.Context, dir string, variables ...string) (*Demo, error) {
	binary := filepath.Join(dir, "tepin")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/tepin/tepin/cmd/tepin").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	credentials := filepath.Join(dir, "credentials.json")
	d := &Demo{ended: make(chan error, 1)}
	d.cmd = exec.Command(binary, "demo", "-listen", "127.0.0.1:0", "-data", filepath.Join(dir, "data"), "-credentials", credentials)
	d.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, variables...)
	d.cmd.Stdout, d.cmd.Stderr = &d.log, &d.log
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { d.ended <- d.cmd.Wait() }()
	if err := d.await(ctx, credentials); err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	return d, nil
}

// await reads the file that the demo writes when it is ready.
func (d *Demo) await(ctx context.Context, credentials string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for {
		raw, err := os.ReadFile(credentials)
		if err == nil {
			return json.Unmarshal(raw, d)
		}
		if !errors.Is(err, os.ErrNotExist) {
			return err
		}
		select {
		case err := <-d.ended:
			d.ended <- err
			return fmt.Errorf("the demo ended: %w\n%s", err, &d.log)
		case <-ctx.Done():
			return fmt.Errorf("the demo was not ready: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop ends the process as an operator would. An error says that it did not end, or not well.
func (d *Demo) Stop() error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-d.ended:
		return err
	case <-time.After(stopTime):
		return errors.Join(fmt.Errorf("the server did not stop within %v of SIGTERM", stopTime), d.cmd.Process.Kill())
	}
}
