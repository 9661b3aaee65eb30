package sandbox

import "golang.org/x/sys/unix"

const arch = unix.AUDIT_ARCH_AARCH64

// older are calls that newer architectures do not have.
func older() []call { return []call{{nr: unix.SYS_GETTIMEOFDAY}} }

func olderKilled() []uintptr { return nil }
