// Package sandbox runs work on foreign bytes in child processes of this same binary,
// so that a hostile image, font or document can at worst end its own child.
//
// A child starts with an empty environment, no inherited files but its three pipes,
// limits on memory, processor time and wall time, no way to gain privileges, and,
// when the server is root, as nobody. On Linux it sees no file but its own program
// (Landlock), and before it reads a byte it gives up all system calls but those that
// its work needs (seccomp): it cannot open files or sockets, start processes, or reach
// others. It dies with the server.
package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/tepin/tepin"
)

// Limits bound one child. All fields are needed.
type Limits struct {
	Memory int64         // bytes of heap; with the runtime, the process may map reserve bytes more
	CPU    time.Duration // processor time, rounded up to seconds
	Wall   time.Duration
	Output int64 // bytes that the child may answer
}

// Child is one kind of work: it reads what it needs from in and answers on out.
// A [tepin.Error] that it returns reaches the caller with its kind, message and path.
type Child func(in io.Reader, out io.Writer) error

// verb is the first argument of a child process, before its name and its limits.
const verb = "child"

// Exit statuses of a child: it wrote a refusal to its standard error; or it could not
// be confined, and did nothing.
const (
	refused    = 3
	unconfined = 4
)

// maxRefusal bounds what is kept of a child's standard error.
const maxRefusal = 64 << 10

// maxSaid bounds the message and the path of a refusal, which may quote a document,
// so that the whole is kept.
const maxSaid = 4 << 10

// slots bounds how many children live at once in this process, whoever asks: memory
// is the machine's, not a caller's.
var slots = make(chan struct{}, 2*runtime.NumCPU())

// Run starts the named child, lets in write its input and out read its answer, and
// waits for its end. What the child refuses comes back as the error it returned; a
// crash or an exceeded limit is [tepin.Unprocessable].
func Run(ctx context.Context, name string, in func(io.Writer) error, out func(io.Reader) error, l Limits) error {
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return run(ctx, childProcess(name, l), in, out)
}

// run does the whole life of one child or tool.
func run(ctx context.Context, how process, in func(io.Writer) error, out func(io.Reader) error) error {
	p, err := start(ctx, how)
	if err != nil {
		return err
	}
	written := make(chan error, 1)
	go func() {
		err := in(p.In)
		written <- errors.Join(err, p.In.Close())
	}()
	readErr := out(p.Out)
	if readErr != nil {
		p.Kill() // its answer is not wanted any more; Wait tells how it ended
	}
	err = p.end(readErr, <-written)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// seconds is a processor time, rounded up.
func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds() + 0.999)) }

var (
	errWall   = errors.New("the child ran out of time")
	errOutput = errors.New("the child's answer is too long")
)

// outcome tells which of a child's endings is the one to report.
func outcome(ctx context.Context, name string, stderr []byte, readErr, writeErr, waitErr error) error {
	var exit *exec.ExitError
	switch {
	case context.Cause(ctx) == errWall:
		return &tepin.Error{Kind: tepin.Unprocessable, Message: "this took too long to process; try a simpler file or document", Cause: errWall}
	case errors.Is(readErr, errOutput):
		return &tepin.Error{Kind: tepin.Unprocessable, Message: "the result is too large; ask for a smaller one", Cause: errOutput}
	case errors.As(waitErr, &exit) && exit.ExitCode() == refused:
		var said refusal
		if err := json.Unmarshal(stderr, &said); err != nil {
			return fmt.Errorf("sandbox: %s refused, unreadably: %w", name, err)
		}
		return &tepin.Error{Kind: said.Kind, Message: said.Message, Path: said.Path}
	case errors.As(waitErr, &exit) && exit.ExitCode() == unconfined:
		return fmt.Errorf("sandbox: %s cannot be confined on this machine: %.2000s", name, stderr)
	case readErr != nil && waitErr == nil:
		return readErr
	case waitErr != nil && readErr != nil && !errors.Is(readErr, io.ErrUnexpectedEOF) && !errors.Is(readErr, io.EOF):
		return readErr // the caller could not take the answer: the child was ended for it
	case waitErr != nil:
		return &tepin.Error{Kind: tepin.Unprocessable, Message: "this could not be processed: it is broken, or needs more memory or time than is allowed", Cause: fmt.Errorf("child %s: %w: %.2000s", name, waitErr, stderr)}
	case errors.Is(writeErr, syscall.EPIPE):
		return nil // it had its answer before the end of its input
	}
	return writeErr
}

// refusal is how a child's error travels over its standard error.
type refusal struct {
	Kind    tepin.Kind `json:"kind"`
	Message string     `json:"message"`
	Path    string     `json:"path,omitempty"`
}

// Main runs the named child if this process was started as one, and does not return
// then. The first lines of main, and of TestMain in packages whose code starts
// children, call it.
func Main(children map[string]Child) {
	if len(os.Args) > toolHead && os.Args[1] == toolVerb {
		fmt.Fprintln(os.Stderr, becomeTool(os.Args[2:]))
		os.Exit(1)
	}
	if len(os.Args) != 5 || os.Args[1] != verb {
		return
	}
	os.Exit(child(children[os.Args[2]], os.Args[3], os.Args[4]))
}

func child(work Child, memory, cpu string) int {
	if work == nil {
		fmt.Fprintln(os.Stderr, "there is no such child")
		return 1
	}
	m, errM := strconv.ParseInt(memory, 10, 64)
	c, errC := strconv.ParseUint(cpu, 10, 32)
	if err := errors.Join(errM, errC); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := errors.Join(confine(confinement{memory: m, cpuSeconds: c, descriptors: 16}), filtered()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return unconfined
	}
	err := work(os.Stdin, os.Stdout)
	var said *tepin.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &said):
		_ = json.NewEncoder(os.Stderr).Encode(refusal{said.Kind, tepin.Shorten(said.Message, maxSaid), tepin.Shorten(said.Path, maxSaid)}) // the exit status tells, too
		return refused
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// bounded reads at most left bytes, and then fails.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errOutput
	}
	return n, err
}

// capped keeps the first max bytes written to it.
type capped struct {
	bytes.Buffer
	max int
}

func (c *capped) Write(p []byte) (int, error) {
	c.Buffer.Write(p[:min(len(p), c.max-c.Len())])
	return len(p), nil
}
