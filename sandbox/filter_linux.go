//go:build linux && (amd64 || arm64)

package sandbox

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// exactly is the condition that an argument is v.
func exactly(arg uint32, v uint64) condition { return condition{arg, math.MaxUint64, v} }

// low is the condition that the lower half of an argument, which the kernel takes for
// an int, is v.
func low(arg uint32, v int) condition { return condition{arg, math.MaxUint32, uint64(uint32(v))} }

// without is the condition that an argument has none of the bits.
func without(arg uint32, bits uint64) condition { return condition{arg, bits, 0} }

func either(nr uintptr, list ...condition) call {
	c := call{nr: nr}
	for _, one := range list {
		c.when = append(c.when, alternative{one})
	}
	return c
}

func only(nr uintptr, all ...condition) call { return call{nr, []alternative{all}} }

// ordinary is what the Go runtime needs, and the C library and the race detector where
// a program is built with them: memory that is not code, threads, time, chance, and
// the pipes that are open. Nothing in it names a file, a host or another process.
func ordinary() filter {
	self := low(0, os.Getpid())
	allowed := []call{
		{nr: unix.SYS_FUTEX}, {nr: unix.SYS_READ}, {nr: unix.SYS_WRITE}, {nr: unix.SYS_NANOSLEEP}, {nr: unix.SYS_MADVISE},
		{nr: unix.SYS_EPOLL_PWAIT}, {nr: unix.SYS_SCHED_YIELD}, {nr: unix.SYS_CLOCK_GETTIME}, {nr: unix.SYS_CLOCK_NANOSLEEP}, {nr: unix.SYS_CLOCK_GETRES},
		{nr: unix.SYS_WRITEV}, {nr: unix.SYS_READV}, {nr: unix.SYS_CLOSE}, {nr: unix.SYS_FSTAT}, {nr: unix.SYS_LSEEK},
		only(unix.SYS_MMAP, condition{2, unix.PROT_EXEC, 0}, condition{3, unix.MAP_ANONYMOUS, unix.MAP_ANONYMOUS}),
		only(unix.SYS_MPROTECT, without(2, unix.PROT_EXEC)),
		{nr: unix.SYS_MUNMAP}, {nr: unix.SYS_MREMAP}, {nr: unix.SYS_MINCORE}, {nr: unix.SYS_BRK},
		either(unix.SYS_FCNTL, low(1, unix.F_GETFL), low(1, unix.F_SETFL), low(1, unix.F_GETFD), low(1, unix.F_SETFD)),
		{nr: unix.SYS_EPOLL_CREATE1}, {nr: unix.SYS_EPOLL_CTL}, {nr: unix.SYS_EVENTFD2}, {nr: unix.SYS_PPOLL},
		only(unix.SYS_CLONE, condition{0, unix.CLONE_THREAD | namespaces, unix.CLONE_THREAD}),
		{nr: unix.SYS_SET_ROBUST_LIST}, {nr: unix.SYS_RSEQ}, {nr: unix.SYS_SET_TID_ADDRESS},
		{nr: unix.SYS_GETPID}, {nr: unix.SYS_GETTID}, {nr: unix.SYS_GETUID}, {nr: unix.SYS_GETEUID}, {nr: unix.SYS_GETGID}, {nr: unix.SYS_GETEGID},
		only(unix.SYS_TGKILL, self), only(unix.SYS_KILL, self),
		{nr: unix.SYS_RT_SIGACTION}, {nr: unix.SYS_RT_SIGPROCMASK}, {nr: unix.SYS_RT_SIGRETURN}, {nr: unix.SYS_SIGALTSTACK}, {nr: unix.SYS_RESTART_SYSCALL},
		{nr: unix.SYS_SCHED_GETAFFINITY}, {nr: unix.SYS_GETRANDOM}, {nr: unix.SYS_GETRUSAGE}, {nr: unix.SYS_GETCPU},
		only(unix.SYS_PRLIMIT64, low(0, 0), exactly(2, 0)), // its own limits, to be read
		{nr: unix.SYS_EXIT}, {nr: unix.SYS_EXIT_GROUP},
	}
	return filter{
		allowed: append(allowed, older()...),
		absent:  []uintptr{unix.SYS_CLONE3}, // what it asks for lies in memory, where no filter can see it
		killed: append([]uintptr{
			unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND,
			unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD, unix.SYS_PIDFD_SEND_SIGNAL,
			unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_FSOPEN,
			unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP, unix.SYS_MEMFD_CREATE,
			unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_OPEN_BY_HANDLE_AT,
			unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
		}, olderKilled()...),
	}
}

// namespaces are the flags of clone that make new ones.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP

// install puts the filter on all threads of this process, for good.
func (f filter) install() error {
	code := f.assemble(arch)
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	other, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(code)
	switch {
	case errno != 0:
		return fmt.Errorf("sandbox: install the filter of system calls: %w", errno)
	case other != 0:
		return fmt.Errorf("sandbox: thread %d could not take the filter of system calls", other)
	}
	return nil
}

// hasFilter: children get a filter of system calls here.
const hasFilter = true

// filtered leaves this process no system calls but those of its work.
func filtered() error { return ordinary().install() }
