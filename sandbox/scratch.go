package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tepin/tepin"
)

// mostScratch is how many files a tool may have in its scratch directory.
const mostScratch = 10_000

// scratchLook is how often a scratch directory is measured.
const scratchLook = 100 * time.Millisecond

var errScratch = &tepin.Error{Kind: tepin.Unprocessable, Message: "this takes more room to process than is allowed; try a simpler file"}

// newScratch makes a directory for a tool's temporary files. The context ends when more
// than most bytes lie in it; done removes it, and returns why, if that was why the
// tool ended.
func newScratch(ctx context.Context, most int64) (path string, watched context.Context, done func() error, err error) {
	path, err = os.MkdirTemp("", "tepin-tool-")
	if err != nil {
		return "", ctx, nil, fmt.Errorf("sandbox: make a scratch directory: %w", err)
	}
	if err := giveToNobody(path); err != nil {
		return "", ctx, nil, errors.Join(err, os.Remove(path))
	}
	watched, cancel := context.WithCancelCause(ctx)
	go func() {
		tick := time.NewTicker(scratchLook)
		defer tick.Stop()
		for {
			select {
			case <-watched.Done():
				return
			case <-tick.C:
				if full(path, most) {
					cancel(errScratch)
					return
				}
			}
		}
	}()
	return path, watched, func() error {
		overfull := context.Cause(watched) == errScratch
		cancel(nil)
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("sandbox: remove a scratch directory: %w", err)
		}
		if overfull {
			return errScratch
		}
		return nil
	}, nil
}

// full reports whether more than most bytes, or too many files, lie in a directory.
func full(path string, most int64) bool {
	var size int64
	files := 0
	err := filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it went while we looked
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		if files++; size > most || files > mostScratch {
			return fs.SkipAll
		}
		return nil
	})
	return err != nil || size > most || files > mostScratch
}
