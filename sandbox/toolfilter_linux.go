//go:build linux && (amd64 || arm64)

package sandbox

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// toolFiltered takes from the calling thread, and from what it becomes, the system
// calls that reach beyond its own process: the network, other processes, name spaces,
// the kernel's extensions. They fail as they do for whoever may not use them. What a
// program does besides is its own matter: which calls that takes, we cannot know.
func toolFiltered() error {
	refused := []uintptr{
		unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT, unix.SYS_ACCEPT4,
		unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD, unix.SYS_PIDFD_SEND_SIGNAL,
		unix.SYS_TKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO, unix.SYS_SETSID, unix.SYS_SETPGID, unix.SYS_SETPRIORITY, unix.SYS_SCHED_SETAFFINITY,
		unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_FSOPEN,
		unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
		unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_OPEN_BY_HANDLE_AT,
		unix.SYS_SHMGET, unix.SYS_MSGGET, unix.SYS_SEMGET, unix.SYS_MQ_OPEN,
		unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
	}
	self := low(0, os.Getpid()) // the tool's, too: it takes the place of this process
	p := program{}
	p.load(offArch)
	p.unless(arch, retKill)
	p.load(offNumber)
	if arch == unix.AUDIT_ARCH_X86_64 {
		p.add(unix.BPF_JMP|unix.BPF_JSET|unix.BPF_K, 0x4000_0000, 0, 1)
		p.ret(retKill)
	}
	for _, c := range []call{only(unix.SYS_KILL, self), only(unix.SYS_TGKILL, self), either(unix.SYS_PRLIMIT64, low(0, 0), self)} {
		p.call(c)
	}
	for _, nr := range refused {
		p.when(nr, retRefuse)
	}
	p.when(unix.SYS_CLONE3, retAbsent) // what it asks for lies in memory, where no filter can see it
	p.call(only(unix.SYS_CLONE, without(0, namespaces)))
	p.ret(retAllow)
	prog := unix.SockFprog{Len: uint16(len(p.code)), Filter: &p.code[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	return nil
}
