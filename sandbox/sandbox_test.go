package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Main(map[string]sandbox.Child{
		"echo":   func(in io.Reader, out io.Writer) error { _, err := io.Copy(out, in); return err },
		"first":  func(in io.Reader, out io.Writer) error { _, err := io.CopyN(out, in, 1); return err },
		"refuse": func(io.Reader, io.Writer) error { return &tepin.Error{Kind: tepin.Invalid, Message: "no", Path: "$.a"} },
		"quote": func(io.Reader, io.Writer) error {
			return &tepin.Error{Kind: tepin.Invalid, Message: strings.Repeat("\x00ü", 1<<20), Path: strings.Repeat("a", 1<<20)}
		},
		"panic":  func(io.Reader, io.Writer) error { panic("broken font") },
		"spin":   spin,
		"memory": eatMemory,
		"flood": func(_ io.Reader, out io.Writer) error {
			for {
				if _, err := out.Write(make([]byte, 1<<16)); err != nil {
					return err
				}
			}
		},
		"attack": attack,
		"ready":  ready,
	})
	os.Exit(m.Run())
}

// ready says that it works, and does so until the end of its input.
func ready(in io.Reader, out io.Writer) error {
	if _, err := out.Write([]byte("!")); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, in)
	return err
}

func spin(io.Reader, io.Writer) error {
	for i := 0; ; i++ {
		_ = i
	}
}

// eatMemory takes up to 4 GB.
func eatMemory(io.Reader, io.Writer) error {
	var kept [][]byte
	for range 256 {
		b := make([]byte, 16<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		kept = append(kept, b)
	}
	runtime.KeepAlive(kept)
	return nil
}

var small = sandbox.Limits{Memory: 64 << 20, CPU: 2 * time.Second, Wall: 20 * time.Second, Output: 1 << 20}

func run(t *testing.T, name, input string, l sandbox.Limits) (string, error) {
	t.Helper()
	var got bytes.Buffer
	err := sandbox.Run(t.Context(), name,
		func(w io.Writer) error { _, err := io.WriteString(w, input); return err },
		func(r io.Reader) error { _, err := io.Copy(&got, r); return err }, l)
	return got.String(), err
}

func TestAnswer(t *testing.T) {
	got, err := run(t, "echo", strings.Repeat("hello ", 10_000), small)
	if err != nil || len(got) != 60_000 {
		t.Fatalf("got %d bytes, %v", len(got), err)
	}
}

// A child may have its answer before it has read all of its input.
func TestAnswerBeforeTheEnd(t *testing.T) {
	for range 5 {
		if _, err := run(t, "first", strings.Repeat("x", 1<<20), small); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRefusalKeepsItsKind(t *testing.T) {
	_, err := run(t, "refuse", "", small)
	var said *tepin.Error
	if !errors.As(err, &said) || said.Kind != tepin.Invalid || said.Message != "no" || said.Path != "$.a" {
		t.Fatalf("got %v", err)
	}
}

// A refusal that quotes megabytes is still a refusal, and shorter.
func TestLongRefusal(t *testing.T) {
	_, err := run(t, "quote", "", small)
	var said *tepin.Error
	if !errors.As(err, &said) || said.Kind != tepin.Invalid || len(said.Message) > 5000 || len(said.Path) > 5000 {
		t.Fatalf("got kind %d, %d bytes", tepin.KindOf(err), len(err.Error()))
	}
}

// Whatever a child does to itself is a refusal of what it was given.
func TestMisbehaviour(t *testing.T) {
	cases := map[string]func(*sandbox.Limits){
		"panic":  func(*sandbox.Limits) {},
		"spin":   func(l *sandbox.Limits) { l.CPU = time.Second },
		"flood":  func(*sandbox.Limits) {},
		"absent": func(*sandbox.Limits) {},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			l := small
			change(&l)
			if _, err := run(t, name, "", l); tepin.KindOf(err) != tepin.Unprocessable {
				t.Errorf("got %v, want an unprocessable", err)
			}
		})
	}
}

func TestWallTime(t *testing.T) {
	l := small
	l.CPU, l.Wall = time.Minute, 200*time.Millisecond
	if _, err := run(t, "spin", "", l); tepin.KindOf(err) != tepin.Unprocessable {
		t.Errorf("got %v", err)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	err := sandbox.Run(ctx, "spin", func(io.Writer) error { return nil }, func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err },
		sandbox.Limits{Memory: 64 << 20, CPU: time.Minute, Wall: time.Minute, Output: 1})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The caller's own failure to take the answer is its own error.
func TestReaderFails(t *testing.T) {
	full := tepin.Errorf(tepin.Full, "no room")
	err := sandbox.Run(t.Context(), "echo",
		func(w io.Writer) error { _, err := w.Write(make([]byte, 1<<19)); return err },
		func(io.Reader) error { return full }, small)
	if !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
}

// A child of a killed parent ends, too.
func TestDiesWithParent(t *testing.T) {
	if len(os.Getenv("SANDBOX_PARENT")) > 0 {
		_, _ = run(t, "spin", "", sandbox.Limits{Memory: 64 << 20, CPU: time.Minute, Wall: time.Minute, Output: 1})
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent, err := os.StartProcess(self, []string{self, "-test.run=^TestDiesWithParent$"}, &os.ProcAttr{Env: []string{"SANDBOX_PARENT=1"}, Files: []*os.File{nil, nil, nil}})
	if err != nil {
		t.Fatal(err)
	}
	child := waitFor(t, func() int { return childOf(parent.Pid) })
	if err := parent.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = parent.Wait()
	waitFor(t, func() int {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", child))
		if err != nil || bytes.Contains(status, []byte("State:\tZ")) { // gone, or waiting for init to notice
			return 1
		}
		return 0
	})
}

// childOf returns the id of a process whose parent is pid, or 0.
func childOf(pid int) int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		var id, parent int
		var comm, state string
		if _, err := fmt.Sscan(string(stat), &id, &comm, &state, &parent); err == nil && parent == pid {
			return id
		}
	}
	return 0
}

func waitFor(t *testing.T, f func() int) int {
	t.Helper()
	for range 200 {
		if n := f(); n != 0 {
			return n
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("did not happen within 10 s")
	return 0
}
