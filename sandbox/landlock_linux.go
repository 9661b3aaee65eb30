package sandbox

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// accesses are the ways to touch the file system that each version of Landlock knows,
// by version from 1: what a version adds is added to those before it.
var accesses = []uint64{
	unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1,
	unix.LANDLOCK_ACCESS_FS_REFER,
	unix.LANDLOCK_ACCESS_FS_TRUNCATE,
	0, // TCP; see below
	unix.LANDLOCK_ACCESS_FS_IOCTL_DEV,
}

// readable is what a child may do with the files of its own program.
const readable = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_EXECUTE

// libraries are where the parts of a program lie that is linked with the C library, as
// those with the race detector are.
var libraries = []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/nix/store", "/gnu/store"}

// wall makes the ruleset that leaves a child nothing of the file system but its own
// program, and no TCP. It returns its descriptor, which is never closed; -1 where the
// kernel has no Landlock.
var wall = sync.OnceValues(func() (int, error) {
	rules, err := emptyWall()
	if err != nil || rules < 0 {
		return -1, err
	}
	paths, err := programFiles()
	if err != nil {
		return -1, err
	}
	for _, path := range paths {
		if err := admit(rules, path, readable); err != nil {
			return -1, err
		}
	}
	return rules, nil
})

// emptyWall makes a ruleset that admits to nothing, and returns its descriptor; -1
// where the kernel has no Landlock.
func emptyWall() (int, error) {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return -1, nil
	}
	var attr unix.LandlockRulesetAttr
	for _, a := range accesses[:min(int(version), len(accesses))] {
		attr.Handled_access_fs |= a
	}
	size := unsafe.Sizeof(attr.Handled_access_fs)
	if version >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		size += unsafe.Sizeof(attr.Handled_access_net)
	}
	rules, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return -1, fmt.Errorf("sandbox: make the rules of Landlock: %w", errno)
	}
	unix.CloseOnExec(int(rules))
	return int(rules), nil
}

// programFiles are the files that the kernel and the dynamic loader read to start this
// program once more.
func programFiles() ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("sandbox: find this program: %w", err)
	}
	f, err := elf.Open(self)
	if err != nil {
		return nil, fmt.Errorf("sandbox: read this program: %w", err)
	}
	defer f.Close()
	paths := []string{self}
	for _, part := range f.Progs {
		if part.Type != elf.PT_INTERP {
			continue
		}
		loader := make([]byte, part.Filesz)
		if _, err := part.ReadAt(loader, 0); err != nil {
			return nil, fmt.Errorf("sandbox: read this program: %w", err)
		}
		paths = append(append(paths, filepath.Dir(unix.ByteSliceToString(loader))), libraries...)
	}
	return paths, nil
}

// admit lets the ruleset's children do to path, and to what is below it, what access
// says. A path that is not there is no error.
func admit(rules int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EACCES) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sandbox: open %s: %w", path, err)
	}
	defer unix.Close(fd)
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
		return fmt.Errorf("sandbox: a rule of Landlock for %s: %w", path, errno)
	}
	return nil
}

// walledIn takes the file system from the calling thread, which must be confined, and
// from the processes that it starts.
func walledIn() error {
	rules, err := wall()
	if err != nil || rules < 0 {
		return err
	}
	return restrict(rules)
}

// restrict puts the calling thread, and the processes that it starts, under a ruleset.
func restrict(rules int) error {
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(rules), 0, 0); errno != 0 {
		return fmt.Errorf("sandbox: take the file system away: %w", errno)
	}
	return nil
}

// Missing tells what of the confinement this machine cannot give, each in a few words
// for an operator's log. Children do their work without it.
func Missing() []string {
	var list []string
	if rules, err := wall(); err != nil {
		list = append(list, err.Error())
	} else if rules < 0 {
		list = append(list, "Landlock: the kernel has none, or it is turned off (Linux 5.13 with landlock among its security modules has it)")
	}
	if !hasFilter {
		list = append(list, "a filter of system calls: there is one for amd64 and arm64")
	}
	return list
}
