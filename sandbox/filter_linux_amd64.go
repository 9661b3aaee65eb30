package sandbox

import "golang.org/x/sys/unix"

const arch = unix.AUDIT_ARCH_X86_64

// older are calls that newer architectures do not have.
func older() []call {
	return []call{{nr: unix.SYS_EPOLL_WAIT}, {nr: unix.SYS_POLL}, {nr: unix.SYS_TIME}, {nr: unix.SYS_GETTIMEOFDAY}, {nr: unix.SYS_GETRLIMIT}}
}

func olderKilled() []uintptr {
	return []uintptr{unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_CREATE_MODULE, unix.SYS_IOPL, unix.SYS_IOPERM}
}
