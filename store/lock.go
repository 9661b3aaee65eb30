package store

import (
	"bytes"
	"fmt"
	"os"
	"syscall"

	"github.com/tepin/tepin"
)

// lockFile takes the file's lock for this process. The kernel gives it up when the
// process ends, in whatever way.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if err != syscall.EWOULDBLOCK {
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		holder := make([]byte, 16)
		n, _ := f.Read(holder) // only to name it
		return nil, tepin.Errorf(tepin.Conflict, "another tepin (process %s) uses this data directory; stop it, or choose another directory", bytes.TrimSpace(holder[:n]))
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, err
	}
	if _, err := fmt.Fprintln(f, os.Getpid()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
