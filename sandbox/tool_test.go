//go:build linux

package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/sandbox"
)

// shell runs a script as a tool, with the given input, and returns what it answers.
func shell(t *testing.T, script, input string, l sandbox.Limits, args ...string) (string, error) {
	t.Helper()
	var got bytes.Buffer
	tool := sandbox.Tool{Path: sandbox.FindTool("sh"), Args: append([]string{"-c", script, "sh"}, args...)}
	err := sandbox.RunTool(t.Context(), tool,
		func(w io.Writer) error { _, err := io.WriteString(w, input); return err },
		func(r io.Reader) error { _, err := io.Copy(&got, r); return err }, l)
	return got.String(), err
}

func TestTool(t *testing.T) {
	if got, err := shell(t, "cat; env | wc -l", "hello\n", small); err != nil || !strings.HasPrefix(got, "hello\n") {
		t.Errorf("%q, %v", got, err)
	}
	if sandbox.FindTool("no-such-program-anywhere") != "" {
		t.Error("a program that is not there is found")
	}
}

// What a tool writes to its file is read back when it has ended well, and only then.
func TestToolWithFile(t *testing.T) {
	got, err := shell(t, `echo noise; cat >"$1"; printf X | dd of="$1" bs=1 conv=notrunc 2>/dev/null`, "hello", small, sandbox.OutputFile)
	if err != nil || got != "Xello" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := shell(t, `echo half >"$1"; exit 1`, "", small, sandbox.OutputFile); tepin.KindOf(err) != tepin.Unprocessable || got != "" {
		t.Errorf("%q, %v", got, err)
	}
	l := small
	l.Output = 1000
	if got, err := shell(t, `cat >"$1"`, strings.Repeat("x", 5000), l, sandbox.OutputFile); tepin.KindOf(err) != tepin.Unprocessable || got != "" {
		t.Errorf("a file beyond the limit: %d bytes, %v", len(got), err)
	}
}

// A tool has no privileges to gain, no files to write and no more time than it is given.
func TestToolIsConfined(t *testing.T) {
	got, err := shell(t, `while read -r line; do case "$line" in NoNewPrivs*) echo "$line";; esac; done </proc/self/status; id -u; (echo x >/tmp/tool-was-here) 2>/dev/null || echo refused`, "", small)
	if err != nil || !strings.Contains(got, "NoNewPrivs:\t1") || !strings.Contains(got, "refused") {
		t.Errorf("%q, %v", got, err)
	}
	if os.Getuid() == 0 && !strings.Contains(got, "\n65534\n") {
		t.Errorf("a tool of root is not nobody: %q", got)
	}
	l := small
	l.CPU = time.Second
	if _, err := shell(t, "while :; do :; done", "", l); tepin.KindOf(err) != tepin.Unprocessable {
		t.Errorf("a tool that spins: %v", err)
	}
	l.CPU, l.Wall = time.Minute, 300*time.Millisecond
	if _, err := shell(t, "while :; do :; done", "", l); tepin.KindOf(err) != tepin.Unprocessable {
		t.Errorf("a tool that lasts: %v", err)
	}
	if _, err := shell(t, "echo broken picture >&2; exit 7", "", small); tepin.KindOf(err) != tepin.Unprocessable || !strings.Contains(err.Error(), "broken picture") {
		t.Errorf("%v", err)
	}
}

// A tool that nobody waits for any more is ended, with what it started.
func TestToolIsCancelled(t *testing.T) {
	mark := tepin.NewID[string]() // in the arguments, to be found by
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(500*time.Millisecond, cancel)
	tool := sandbox.Tool{Path: sandbox.FindTool("sh"), Args: []string{"-c", "sh -c 'while :; do :; done' inner" + mark + " & wait", "outer" + mark}}
	l := small
	l.CPU = time.Minute
	err := sandbox.RunTool(ctx, tool, func(io.Writer) error { return nil }, func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }, l)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	waitFor(t, func() int {
		names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, name := range names {
			if line, err := os.ReadFile(name); err == nil && bytes.Contains(line, []byte(mark)) {
				return 0
			}
		}
		return 1
	})
}

// What a tool leaves in its scratch directory goes with it, and fills no disk.
func TestToolWithScratch(t *testing.T) {
	before := scratches(t)
	tool := func(script string, l sandbox.Limits) (string, error) {
		var got bytes.Buffer
		err := sandbox.RunTool(t.Context(), sandbox.Tool{Path: sandbox.FindTool("sh"), Args: []string{"-c", script}, Scratch: true},
			func(io.Writer) error { return nil }, func(r io.Reader) error { _, err := io.Copy(&got, r); return err }, l)
		return got.String(), err
	}
	got, err := tool(`echo kept >"$TMPDIR/a" && cat "$TMPDIR/a"; echo x 2>/dev/null >"$TMPDIR/../tool-was-here" || echo refused`, small)
	if err != nil || len(sandbox.Missing()) == 0 && got != "kept\nrefused\n" {
		t.Errorf("%q, %v", got, err)
	}
	l := small
	l.Wall, l.CPU = 20*time.Second, 10*time.Second
	_, err = tool(`i=0; while i=$((i+1)); do head -c 500000 /dev/zero >"$TMPDIR/$i"; done`, l)
	if tepin.KindOf(err) != tepin.Unprocessable {
		t.Errorf("a tool that fills its directory: %v", err)
	}
	if after := scratches(t); after != before {
		t.Errorf("%d directories are left", after-before)
	}
}

func scratches(t *testing.T) int {
	names, err := filepath.Glob(filepath.Join(os.TempDir(), "tepin-tool-*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}
