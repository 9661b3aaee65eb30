//go:build linux && (amd64 || arm64)

package sandbox_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin/sandbox"
)

// A tool sees the machine's programs, and neither what lies elsewhere, nor other
// processes, nor the network.
func TestToolReachesNothing(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("canary"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(secret), 0o755); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`cat %s; ls / && echo listed; cat /etc/passwd; cat /proc/%d/environ; cat /proc/1/cmdline; kill -0 %d && echo reached; setsid true && echo escaped; ls /usr/bin >/dev/null && echo fine`, secret, os.Getpid(), os.Getpid())
	got, err := shell(t, "("+script+") 2>/dev/null", "", small)
	if err != nil || len(sandbox.Missing()) == 0 && got != "fine\n" || strings.Contains(got, "reached") {
		t.Errorf("a tool read and reached %q, %v", got, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	called := make(chan bool, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Close()
			called <- true
		}
	}()
	curl := sandbox.FindTool("curl")
	if curl == "" {
		t.Skip("there is no curl to call with")
	}
	var answer bytes.Buffer
	wide := sandbox.Limits{Memory: 256 << 20, CPU: 5 * time.Second, Wall: 20 * time.Second, Output: 1 << 20}
	err = sandbox.RunTool(t.Context(), sandbox.Tool{Path: curl, Args: []string{"-s", "-m", "2", "http://" + l.Addr().String()}},
		func(io.Writer) error { return nil }, func(r io.Reader) error { _, err := io.Copy(&answer, r); return err }, wide)
	select {
	case <-called:
		t.Error("a tool called a host")
	default:
		if err == nil {
			t.Errorf("curl is content: %q", answer.String())
		}
	}
}
