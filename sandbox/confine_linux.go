package sandbox

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// reserve is what a Go program maps for itself beyond its heap: stacks, bookkeeping,
// and what a collection has not given back yet. The limit is on writable memory
// (RLIMIT_DATA); of mere address space Go reserves far more.
const reserve = 512 << 20

// nobody is the user that a root server's children become.
const nobody = 65534

// mostThreads bounds how many threads the children's user has at once, those of its
// other programs counted in.
const mostThreads = 16 << 10

// confined calls f on a thread of its own that can gain no privileges; processes
// started from it inherit that. The thread ends with f, and with it its children.
func confined(f func() error) error {
	runtime.LockOSThread() // never unlocked: the thread is not to be used again
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("sandbox: give up new privileges: %w", err)
	}
	return f()
}

// detach gives the child a process group of its own, ended as a whole, and ends it
// when the server ends.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// dieWithParent ends this process when the thread that started it ends.
func dieWithParent() error {
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0)
}

// newFile makes a file without a name, in memory, and returns the path by which the
// process that has it as its descriptor 3 can open it. It goes with the last process
// that has it open.
func newFile() (f *os.File, path string, err error) {
	fd, err := unix.MemfdCreate("output", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, "", fmt.Errorf("sandbox: make a file: %w", err)
	}
	return os.NewFile(uintptr(fd), "output"), "/proc/self/fd/3", nil
}

// sealDescriptors keeps what this process has open, and may have inherited without
// the mark, from the programs that it starts.
func sealDescriptors() error {
	if err := unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC); !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EINVAL) {
		return err
	}
	open, err := os.ReadDir("/proc/self/fd") // Linux before 5.11
	if err != nil {
		return fmt.Errorf("sandbox: list what is open: %w", err)
	}
	for _, e := range open {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}

// confine limits this process, a child, before it reads anything.
func confine(c confinement) error {
	memory := c.memory
	debug.SetMemoryLimit(memory)
	limits := []struct {
		resource int
		value    uint64
	}{
		{unix.RLIMIT_DATA, uint64(memory) + reserve + shadow},
		{unix.RLIMIT_CPU, c.cpuSeconds},
		{unix.RLIMIT_FSIZE, c.fileSize},
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_NOFILE, c.descriptors},
		{unix.RLIMIT_NPROC, mostThreads},
		{unix.RLIMIT_MSGQUEUE, 0},
		{unix.RLIMIT_MEMLOCK, 0},
	}
	for _, l := range limits {
		var now unix.Rlimit
		if err := unix.Getrlimit(l.resource, &now); err != nil {
			return fmt.Errorf("sandbox: read limit %d: %w", l.resource, err)
		}
		value := min(l.value, now.Max)
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: value, Max: value}); err != nil {
			return fmt.Errorf("sandbox: set limit %d: %w", l.resource, err)
		}
	}
	return becomeNobody()
}

// becomeNobody gives up the user root.
func becomeNobody() error {
	if os.Getuid() != 0 {
		return nil
	}
	for _, drop := range []func() error{
		func() error { return syscall.Setgroups(nil) },
		func() error { return syscall.Setgid(nobody) },
		func() error { return syscall.Setuid(nobody) },
		dieWithParent, // a change of user forgets it
	} {
		if err := drop(); err != nil {
			return fmt.Errorf("sandbox: become nobody: %w", err)
		}
	}
	return nil
}

// giveToNobody makes a path that of the user that a root server's children become.
func giveToNobody(path string) error {
	if os.Getuid() != 0 {
		return nil
	}
	return os.Chown(path, nobody, nobody)
}
