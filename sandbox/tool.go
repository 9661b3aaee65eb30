package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/tepin/tepin"
)

// Tool is a program of the machine that works on foreign bytes. It is confined as a
// child of this binary is, and has nothing in its environment but a locale.
type Tool struct {
	Path string   // absolute, as [FindTool] returns it
	Args []string // [OutputFile] in one of them stands for a file that the tool writes
	// Scratch gives the tool a directory of its own for temporary files, which goes with
	// it: for those that cannot do without. In it lie at most twice Limits.Output.
	Scratch bool
}

// OutputFile, in a tool's arguments, is the path of a file that the tool may write, seek
// in and read back: for formats that cannot be written to a pipe. It is in memory, has
// no name and no length beyond Limits.Output, and goes with the tool.
const OutputFile = "{output}"

// toolVerb is the first argument of a process that becomes a tool: memory, processor
// seconds, bytes of its file, its scratch directory or nothing, path and arguments
// follow.
const toolVerb, toolHead = "tool", 6

// toolDescriptors is how many files a tool may have open.
const toolDescriptors = 64

// toolSlots bounds how many tools live at once. They are not those of the children, of
// which one may be feeding a tool.
var toolSlots = make(chan struct{}, 2*runtime.NumCPU())

// FindTool returns the path of a program on the PATH, or "" where there is none.
func FindTool(name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	if path, err = filepath.Abs(path); err != nil {
		return ""
	}
	return path
}

// RunTool starts a tool, lets in write its standard input and out read its standard
// output, or its [OutputFile] when it has ended well. A tool that fails or exceeds a
// limit is [tepin.Unprocessable]; what it said is the error's cause, for the log.
func RunTool(ctx context.Context, t Tool, in func(io.Writer) error, out func(io.Reader) error, l Limits) (err error) {
	if t.Path == "" {
		return errors.New("sandbox: a tool without a path")
	}
	select {
	case toolSlots <- struct{}{}:
		defer func() { <-toolSlots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	p := process{name: filepath.Base(t.Path), limits: l}
	read := out
	var fileSize int64
	args := append([]string{}, t.Args...)
	for i, a := range args {
		if !strings.Contains(a, OutputFile) {
			continue
		}
		var path string
		if p.file, path, err = newFile(); err != nil {
			return err
		}
		defer p.file.Close()
		args[i] = strings.ReplaceAll(a, OutputFile, path)
		fileSize = l.Output
		read = func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }
		break
	}
	var scratch string
	if t.Scratch {
		var done func() error
		if scratch, ctx, done, err = newScratch(ctx, 2*l.Output); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
		fileSize = l.Output
	}
	p.args = append([]string{toolVerb, strconv.FormatInt(l.Memory, 10), seconds(l.CPU), strconv.FormatInt(fileSize, 10), scratch, t.Path}, args...)
	if err := run(ctx, p, in, read); err != nil || p.file == nil {
		return err
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return out(p.file)
}

// confinement is what a child or tool may use.
type confinement struct {
	memory      int64
	cpuSeconds  uint64
	fileSize    uint64 // bytes of a file that it writes
	descriptors uint64
}

// becomeTool turns this process, confined, into the tool that the arguments name. It
// returns only if that fails.
func becomeTool(args []string) error {
	memory, errM := strconv.ParseInt(args[0], 10, 64)
	cpu, errC := strconv.ParseUint(args[1], 10, 32)
	size, errS := strconv.ParseUint(args[2], 10, 63)
	if err := errors.Join(errM, errC, errS); err != nil {
		return err
	}
	if err := confine(confinement{memory, cpu, size, toolDescriptors}); err != nil {
		return err
	}
	runtime.LockOSThread() // what comes next is of this thread, and of what it becomes
	scratch, path := args[3], args[4]
	if err := toolWalls(path, scratch); err != nil {
		return err
	}
	env := []string{"LC_ALL=C.UTF-8"}
	if scratch != "" {
		env = append(env, "TMPDIR="+scratch)
	}
	return fmt.Errorf("start %s: %w", path, syscall.Exec(path, args[4:], env))
}

// NoTool is the refusal of work that needs a program which the machine does not have.
func NoTool(what, program string) error {
	return tepin.Errorf(tepin.Unprocessable, "%s cannot be made on this server: the program %s is not installed; its operator can install it and start the server again", what, program)
}
