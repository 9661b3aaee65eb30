package sandbox_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/sandbox"
)

// call makes a system call and tells how it was answered.
func call(nr uintptr, args ...uintptr) error {
	args = append(args, make([]uintptr, 6)...)
	if _, _, errno := unix.Syscall6(nr, args[0], args[1], args[2], args[3], args[4], args[5]); errno != 0 {
		return errno
	}
	return nil
}

func path(s string) uintptr {
	b, err := unix.BytePtrFromString(s)
	if err != nil {
		panic(err)
	}
	return uintptr(unsafe.Pointer(b))
}

// room is the address of n zeros.
func room(n int) uintptr { return uintptr(unsafe.Pointer(&make([]byte, n)[0])) }

var here = unix.AT_FDCWD

// refusedCalls are answered with EPERM or the like: a child that comes near them may be
// no worse than clumsy.
var refusedCalls = map[string]func() error{
	"read a file":             func() error { _, err := os.ReadFile("/etc/passwd"); return err },
	"write a file":            func() error { return os.WriteFile("/tmp/tepin-attack", []byte("x"), 0o600) },
	"its own program":         func() error { _, err := os.Open("/proc/self/exe"); return err },
	"list a directory":        func() error { _, err := os.ReadDir("/"); return err },
	"whether a file is there": func() error { _, err := os.Stat("/etc/passwd"); return err },
	"remove a file":           func() error { return os.Remove("/tmp/tepin-attack") },
	"rename a file":           func() error { return os.Rename("/tmp/tepin-attack", "/tmp/tepin-attack-2") },
	"make a directory":        func() error { return os.Mkdir("/tmp/tepin-attack-dir", 0o700) },
	"link to a file":          func() error { return os.Symlink("/etc/passwd", "/tmp/tepin-attack-link") },
	"openat2": func() error {
		return call(unix.SYS_OPENAT2, uintptr(here), path("/etc/passwd"), room(24), 24)
	},
	"the environment of init":   func() error { _, err := os.ReadFile("/proc/1/environ"); return err },
	"the memory of the parent":  func() error { _, err := os.ReadFile(fmt.Sprintf("/proc/%d/mem", os.Getppid())); return err },
	"its own memory":            func() error { _, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0); return err },
	"stop the parent":           func() error { return syscall.Kill(os.Getppid(), syscall.SIGSTOP) },
	"kill the parent":           func() error { return syscall.Kill(os.Getppid(), syscall.SIGKILL) },
	"whether the parent lives":  func() error { return syscall.Kill(os.Getppid(), 0) },
	"kill everybody":            func() error { return syscall.Kill(-1, syscall.SIGKILL) },
	"kill the process group":    func() error { return syscall.Kill(0, syscall.SIGKILL) },
	"a thread of the parent":    func() error { return call(unix.SYS_TGKILL, uintptr(os.Getppid()), uintptr(os.Getppid()), 9) },
	"a thread by its number":    func() error { return call(unix.SYS_TKILL, uintptr(os.Getppid()), 9) },
	"queue a signal":            func() error { return call(unix.SYS_RT_SIGQUEUEINFO, uintptr(os.Getppid()), 9, path("x")) },
	"fork":                      func() error { return call(unix.SYS_CLONE, uintptr(unix.SIGCHLD)) },
	"fork with a new namespace": func() error { return call(unix.SYS_CLONE, unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD)) },
	"a thread with a namespace": func() error {
		return call(unix.SYS_CLONE, unix.CLONE_THREAD|unix.CLONE_SIGHAND|unix.CLONE_VM|unix.CLONE_NEWUSER)
	},
	"fork in the newer way": func() error { return call(unix.SYS_CLONE3, room(88), 88) },
	"memory that is code": func() error {
		return call(unix.SYS_MMAP, 0, 4096, unix.PROT_EXEC|unix.PROT_WRITE, unix.MAP_ANONYMOUS|unix.MAP_PRIVATE, ^uintptr(0))
	},
	"memory of a file":      func() error { return call(unix.SYS_MMAP, 0, 4096, unix.PROT_READ, unix.MAP_PRIVATE, 0) },
	"turn memory into code": func() error { return call(unix.SYS_MPROTECT, path("x")&^4095, 4096, unix.PROT_EXEC) },
	"root again":            func() error { return call(unix.SYS_SETUID, 0) },
	"its own limits":        func() error { return syscall.Setrlimit(syscall.RLIMIT_CPU, &syscall.Rlimit{Cur: 1, Max: 1}) },
	"limits of the parent": func() error {
		return call(unix.SYS_PRLIMIT64, uintptr(os.Getppid()), unix.RLIMIT_CPU, 0, room(16))
	},
	"be dumpable":               func() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) },
	"outlive the parent":        func() error { return unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0) },
	"signals to the parent":     func() error { _, err := unix.FcntlInt(1, unix.F_SETOWN, os.Getppid()); return err },
	"a larger pipe":             func() error { _, err := unix.FcntlInt(1, unix.F_SETPIPE_SZ, 1<<20); return err },
	"priority of the parent":    func() error { return syscall.Setpriority(syscall.PRIO_PROCESS, os.Getppid(), 19) },
	"the name of the machine":   func() error { return unix.Uname(&unix.Utsname{}) },
	"shared memory":             func() error { return call(unix.SYS_SHMGET, 0, 4096, unix.IPC_CREAT|0o600) },
	"a message queue":           func() error { return call(unix.SYS_MQ_OPEN, path("tepin"), unix.O_CREAT|unix.O_RDWR, 0o600) },
	"watch files":               func() error { _, err := unix.InotifyInit1(0); return err },
	"send a file":               func() error { _, err := unix.Sendfile(1, 0, nil, 1); return err },
	"a session of its own":      func() error { _, err := syscall.Setsid(); return err },
	"its working directory":     func() error { return os.Chdir("/etc") },
	"another filter":            func() error { return unix.Prctl(unix.PR_SET_SECCOMP, 0, 0, 0, 0) },
	"a file of another process": func() error { _, err := os.Open(fmt.Sprintf("/proc/%d/fd/3", os.Getppid())); return err },
}

// deadlyCalls end the child at once.
var deadlyCalls = map[string]func() error{
	"TCP":                      func() error { _, err := net.Dial("tcp", "127.0.0.1:1"); return err },
	"a socket of TCP":          func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); return err },
	"a socket of the machine":  func() error { _, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err },
	"a socket of netlink":      func() error { _, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, 0); return err },
	"a raw socket":             func() error { _, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0); return err },
	"a pair of sockets":        func() error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err },
	"exec":                     func() error { return call(unix.SYS_EXECVE, path("/bin/sh"), 0, 0) },
	"exec by descriptor":       func() error { return call(unix.SYS_EXECVEAT, 0, path(""), 0, 0, unix.AT_EMPTY_PATH) },
	"ptrace the parent":        func() error { return call(unix.SYS_PTRACE, unix.PTRACE_ATTACH, uintptr(os.Getppid())) },
	"be traced":                func() error { return call(unix.SYS_PTRACE, unix.PTRACE_TRACEME) },
	"read the parent's memory": func() error { return call(unix.SYS_PROCESS_VM_READV, uintptr(os.Getppid())) },
	"write to the parent":      func() error { return call(unix.SYS_PROCESS_VM_WRITEV, uintptr(os.Getppid())) },
	"a handle of the parent":   func() error { _, err := unix.PidfdOpen(os.Getppid(), 0); return err },
	"io_uring":                 func() error { return call(unix.SYS_IO_URING_SETUP, 1, room(120)) },
	"bpf":                      func() error { return call(unix.SYS_BPF, 0) },
	"keys":                     func() error { return call(unix.SYS_KEYCTL, 0, 0) },
	"mount":                    func() error { return unix.Mount("none", "/tmp", "tmpfs", 0, "") },
	"namespaces":               func() error { return unix.Unshare(unix.CLONE_NEWUSER) },
	"another's namespace":      func() error { return unix.Setns(0, 0) },
	"chroot":                   func() error { return unix.Chroot("/tmp") },
	"a file in memory":         func() error { _, err := unix.MemfdCreate("x", 0); return err },
	"page faults":              func() error { return call(unix.SYS_USERFAULTFD, 0) },
	"performance events":       func() error { return call(unix.SYS_PERF_EVENT_OPEN) },
	"a module of the kernel":   func() error { return call(unix.SYS_INIT_MODULE) },
}

// attack makes the attempt that it reads, and tells what came of it.
func attack(in io.Reader, out io.Writer) error {
	name, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	try := deadlyCalls[string(name)]
	switch string(name) {
	case "all":
		for name, try := range refusedCalls {
			_, _ = fmt.Fprintf(out, "%s: %v\n", name, try())
		}
		return nil
	case "open files":
		try = openFiles
	case "threads":
		try = manyThreads
	case "ordinary work":
		try = ordinaryWork
	}
	_, _ = fmt.Fprint(out, try())
	return nil
}

// openFiles finds a descriptor beyond the three that can be read.
func openFiles() error {
	for fd := 3; fd < 256; fd++ {
		b := make([]byte, 16)
		if n, err := unix.Read(fd, b); err == nil && n > 0 {
			return fmt.Errorf("descriptor %d says %q", fd, b[:n])
		}
	}
	return nil
}

// manyThreads works on several threads: they are not processes.
func manyThreads() error {
	done := make(chan bool)
	for range 20 {
		go func() {
			runtime.LockOSThread()
			time.Sleep(10 * time.Millisecond)
			done <- true
		}()
	}
	for range 20 {
		<-done
	}
	return nil
}

// ordinaryWork is what a child may well do.
func ordinaryWork() error {
	if time.Now().Local().IsZero() {
		return errors.New("no time")
	}
	big := make([][]byte, 0)
	for range 20 {
		big = append(big, make([]byte, 1<<20))
	}
	runtime.GC()
	runtime.KeepAlive(big)
	return nil
}

func TestRefusedCalls(t *testing.T) {
	l := small
	l.Output = 1 << 20
	got, err := run(t, "attack", "all", l)
	if err != nil {
		t.Fatalf("the child ended: %v after\n%s", err, got)
	}
	answers := map[string]string{}
	for line := range strings.Lines(got) {
		name, said, _ := strings.Cut(strings.TrimSpace(line), ": ")
		answers[name] = said
	}
	for name := range refusedCalls {
		said := answers[name]
		if !strings.Contains(said, "not permitted") && !strings.Contains(said, "permission denied") && !strings.Contains(said, "not implemented") {
			t.Errorf("%s: it was answered %q", name, said)
		}
	}
	for _, name := range []string{"/tmp/tepin-attack", "/tmp/tepin-attack-dir", "/tmp/tepin-attack-link"} {
		if _, err := os.Lstat(name); err == nil {
			t.Errorf("a child made %s", name)
		}
	}
}

func TestDeadlyCalls(t *testing.T) {
	for name := range deadlyCalls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := run(t, "attack", name, small)
			var refused *tepin.Error
			if !errors.As(err, &refused) || refused.Kind != tepin.Unprocessable || !strings.Contains(fmt.Sprint(refused.Cause), "bad system call") {
				t.Errorf("it was answered %q, and ended with %v", got, err)
			}
		})
	}
}

func TestOrdinaryCalls(t *testing.T) {
	for _, name := range []string{"threads", "ordinary work"} {
		if got, err := run(t, "attack", name, small); err != nil || got != "<nil>" {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// A file that this process inherited without the mark stays here.
func TestInheritedFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(name, unix.O_RDONLY, 0) // not closed on exec
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if got, err := run(t, "attack", "open files", small); err != nil || got != "<nil>" {
		t.Errorf("%s, %v", got, err)
	}
}

// What the kernel says of a child at work.
func TestConfinement(t *testing.T) {
	t.Setenv("TEPIN_CANARY", "secret")
	p, err := sandbox.Start(t.Context(), "ready", small)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(p.Out, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"NoNewPrivs:\t1\n", "Seccomp:\t2\n", "CapEff:\t0000000000000000\n"}
	if os.Getuid() == 0 {
		want = append(want, "Uid:\t65534\t65534\t65534\t65534\n", "Groups:\t \n")
	}
	for _, w := range want {
		if !strings.Contains(string(status), w) {
			t.Errorf("%q is missing in:\n%s", w, status)
		}
	}
	if environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID())); err != nil || len(environ) > 0 {
		t.Errorf("environment %q, %v", environ, err)
	}
	if err := p.In.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
}

// A child cannot reach those beside it.
func TestSiblings(t *testing.T) {
	sibling, err := sandbox.Start(t.Context(), "ready", small)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := run(t, "attack", "all", small); err != nil || !strings.Contains(got, "kill everybody: operation not permitted") {
		t.Errorf("%s, %v", got, err)
	}
	if err := sibling.In.Close(); err != nil {
		t.Error(err)
	}
	if err := sibling.Wait(); err != nil {
		t.Errorf("the sibling: %v", err)
	}
}

// Landlock alone, without the filter: a program that is walled in starts, and sees
// nothing beside itself.
func TestWalledIn(t *testing.T) {
	if missing := sandbox.Missing(); len(missing) > 0 {
		t.Skipf("this machine lacks %v", missing)
	}
	if os.Getenv("SANDBOX_WALLED") != "" {
		fmt.Println(tryWalled())
		os.Exit(0)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestWalledIn$")
	cmd.Stdin = strings.NewReader("") // a pipe, not a file
	cmd.Env = []string{"SANDBOX_WALLED=" + l.Addr().String()}
	out, err := sandbox.Walled(cmd)
	if err != nil || !strings.HasPrefix(out, "<nil>\n") {
		t.Errorf("%s, %v", out, err)
	}
}

func tryWalled() error {
	for _, name := range []string{"/etc/passwd", "/proc/self/environ", "/proc/1/status", "/root", "/"} {
		if f, err := os.Open(name); err == nil {
			return fmt.Errorf("%s can be opened", f.Name())
		} else if !errors.Is(err, os.ErrPermission) {
			return err
		}
	}
	if f, err := os.CreateTemp("/tmp", "walled"); err == nil {
		return fmt.Errorf("%s can be made", f.Name())
	}
	conn, err := net.Dial("tcp", os.Getenv("SANDBOX_WALLED"))
	if err == nil {
		return fmt.Errorf("%s can be reached", conn.RemoteAddr())
	}
	if !errors.Is(err, os.ErrPermission) {
		return err
	}
	return nil
}
