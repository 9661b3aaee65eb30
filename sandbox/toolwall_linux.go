package sandbox

import (
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// machine is where programs of a machine lie, with what they read: libraries, fonts,
// colour profiles and their settings. Nothing of an operator's or a tenant's lies there.
var machine = []string{
	"/bin", "/lib", "/lib64", "/usr", "/opt", "/nix/store", "/gnu/store",
	"/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/ghostscript", "/etc/localtime", "/etc/papersize",
	"/var/cache/fontconfig", "/var/lib/ghostscript", "/var/lib/defoma",
	"/proc/self",
}

// toolWalls leaves the calling thread, which is to become the tool at path, the
// programs of the machine to read, its scratch directory, if it has one, to write, no
// network, and no other process to reach.
func toolWalls(path, scratch string) error {
	rules, err := emptyWall()
	if err != nil {
		return err
	}
	const look = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR | unix.LANDLOCK_ACCESS_FS_EXECUTE
	if rules >= 0 {
		for _, p := range machine {
			access := uint64(look)
			if !isDirectory(p) {
				access &^= unix.LANDLOCK_ACCESS_FS_READ_DIR
			}
			if err := admit(rules, p, access); err != nil {
				return err
			}
		}
		for _, p := range []string{"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"} {
			if err := admit(rules, p, unix.LANDLOCK_ACCESS_FS_READ_FILE|unix.LANDLOCK_ACCESS_FS_WRITE_FILE); err != nil {
				return err
			}
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			if err := admit(rules, real, unix.LANDLOCK_ACCESS_FS_READ_FILE|unix.LANDLOCK_ACCESS_FS_EXECUTE); err != nil {
				return err
			}
		}
		if scratch != "" {
			const write = look&^unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE
			if err := admit(rules, scratch, write); err != nil {
				return err
			}
		}
		if err := restrict(rules); err != nil {
			return err
		}
	}
	if err := toolFiltered(); err != nil {
		return fmt.Errorf("sandbox: install the filter of a tool's system calls: %w", err)
	}
	return nil
}

func isDirectory(path string) bool {
	var st unix.Stat_t
	return unix.Stat(path, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR
}
