package sandbox

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// Process is a child at work. [Process.Wait] must be called in the end.
type Process struct {
	In  io.WriteCloser // what the child reads
	Out io.Reader      // what it answers, up to the limit

	name   string
	ctx    context.Context
	cancel context.CancelFunc
	cmd    *exec.Cmd
	stderr *capped
	over   chan struct{} // closed when the child has ended: its thread may end, too
}

// process is a child or a tool that is to be started: this binary with the given
// arguments.
type process struct {
	name   string
	args   []string
	file   *os.File // what the process has as its descriptor 3; nil = nothing
	walled bool     // it sees no file but its own program
	limits Limits
}

func childProcess(name string, l Limits) process {
	return process{name: name, args: []string{verb, name, strconv.FormatInt(l.Memory, 10), seconds(l.CPU)}, walled: true, limits: l}
}

// Start starts the named child, and ends it when ctx does. How many live at once is
// the caller's to bound.
func Start(ctx context.Context, name string, l Limits) (*Process, error) {
	return start(ctx, childProcess(name, l))
}

func start(ctx context.Context, how process) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("sandbox: find this program: %w", err)
	}
	if err := sealDescriptors(); err != nil {
		return nil, err
	}
	p := &Process{name: how.name, stderr: &capped{max: maxRefusal}, over: make(chan struct{})}
	p.ctx, p.cancel = context.WithTimeoutCause(ctx, how.limits.Wall, errWall)
	p.cmd = exec.CommandContext(p.ctx, self, how.args...)
	p.cmd.Env = []string{}
	p.cmd.Dir = "/"
	if how.file != nil {
		p.cmd.ExtraFiles = []*os.File{how.file}
	}
	p.cmd.WaitDelay = time.Second
	p.cmd.Stderr = p.stderr
	detach(p.cmd)
	out, err := p.pipes()
	if err == nil {
		err = p.start(how.walled)
	}
	if err != nil {
		p.cancel()
		return nil, err
	}
	p.Out = &bounded{r: out, left: how.limits.Output}
	return p, nil
}

func (p *Process) pipes() (out io.Reader, err error) {
	if p.In, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return p.cmd.StdoutPipe()
}

// start starts the child from a thread that has given up what the child is not to
// have. The child dies with that thread, which therefore waits for its end.
func (p *Process) start(walled bool) error {
	started := make(chan error, 1)
	go func() {
		err := confined(func() error {
			if walled {
				if err := walledIn(); err != nil {
					return err
				}
			}
			if err := p.cmd.Start(); err != nil {
				return fmt.Errorf("sandbox: start %s: %w", p.name, err)
			}
			started <- nil
			<-p.over
			return nil
		})
		if err != nil {
			started <- err
		}
	}()
	return <-started
}

// Kill ends the child at once.
func (p *Process) Kill() { p.cancel() }

// Wait waits until the child has ended, which it does when its input is closed, and
// tells why: nil, what it refused, or that it crashed or exceeded a limit. What it has
// not been read of its answer is lost.
func (p *Process) Wait() error { return p.end(nil, nil) }

// end waits for the child's end and tells which of the errors is the one to report.
func (p *Process) end(readErr, writeErr error) error {
	defer p.cancel()
	waitErr := p.cmd.Wait()
	close(p.over)
	return outcome(p.ctx, p.name, p.stderr.Bytes(), readErr, writeErr, waitErr)
}
