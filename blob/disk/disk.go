// Package disk keeps blobs as files of a directory: environment / first two letters
// of the end of the id / id.
package disk

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/blob"
)

// Store is a directory of blobs. It implements [blob.Store].
type Store struct {
	dir     string
	durable sync.Map // directory → struct{}: its name is known to be on the disk
}

var _ blob.Store = (*Store)(nil)

// incoming is the directory, beside the environments, of files that are being
// written.
const incoming = "incoming"

// Open opens the directory, makes it where it is missing, and removes what a crash
// left half written. Servers over one PostgreSQL share the directory: what another
// is writing stays.
func Open(dir string) (*Store, error) {
	s := &Store{dir: dir}
	temporary := filepath.Join(dir, incoming)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, full(err)
	}
	if err := s.makeDir(incoming); err != nil {
		return nil, full(err)
	}
	left, err := os.ReadDir(temporary)
	if err != nil {
		return nil, err
	}
	for _, entry := range left {
		if err := removeLeft(filepath.Join(temporary, entry.Name())); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// removeLeft removes a file that was being written, unless its writer lives: it holds
// the file's lock, which the kernel gives up when the writer ends, in whatever way.
func removeLeft(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) { // it was whole, and is at its place
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// create makes a file to write to, with its lock. One that another's Open removed
// before it was locked is made again.
func (s *Store) create(name string) (*os.File, error) {
	for {
		f, err := os.CreateTemp(filepath.Join(s.dir, incoming), name+"-*")
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err == nil {
			if _, err = os.Stat(f.Name()); err == nil {
				return f, nil
			}
		}
		f.Close()
		if !errors.Is(err, fs.ErrNotExist) {
			os.Remove(f.Name())
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
	}
}

// place returns the directory, relative to the store's, and the file name of a key.
// UUIDv7 begin with the time: their ends spread evenly.
func place(key string) (dir, name string, err error) {
	if err := blob.CheckKey(key); err != nil {
		return "", "", err
	}
	env, id, _ := strings.Cut(key, "/")
	return filepath.Join(env, id[len(id)-2:]), id, nil
}

// Put implements [blob.Store].
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (size int64, sum string, err error) {
	dir, name, err := place(key)
	if err != nil {
		return 0, "", err
	}
	f, err := s.create(name)
	if err != nil {
		return 0, "", full(err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = full(err)
		}
	}()
	size, digest, err := copyHashed(f, &reader{ctx, r})
	if err != nil {
		return 0, "", err
	}
	if err = f.Sync(); err != nil {
		return 0, "", err
	}
	if err = s.makeDir(dir); err != nil {
		return 0, "", err
	}
	if err = os.Rename(f.Name(), filepath.Join(s.dir, dir, name)); err != nil {
		return 0, "", err
	}
	if err = f.Close(); err != nil { // not before: the lock ends with it
		return 0, "", err
	}
	if err = syncDir(filepath.Join(s.dir, dir)); err != nil {
		return 0, "", err
	}
	return size, hex.EncodeToString(digest), nil
}

// Open implements [blob.Store].
func (s *Store) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	dir, name, err := place(key)
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, tepin.Errorf(tepin.Invalid, "reading begins at %d; it cannot begin before the first byte", offset)
	}
	f, err := os.Open(filepath.Join(s.dir, dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, tepin.Errorf(tepin.NotFound, "the bytes are not there")
	}
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		f.Close()
		return nil, err
	}
	if length < 0 {
		return f, nil
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	if info.Size()-offset <= length {
		return f, nil // as it is: the kernel can send a file
	}
	return &part{io.LimitReader(f, length), f}, nil
}

// part is a range of a file.
type part struct {
	io.Reader
	io.Closer
}

// Delete implements [blob.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	dir, name, err := place(key)
	if err != nil {
		return err
	}
	err = os.Remove(filepath.Join(s.dir, dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Join(s.dir, dir))
}

// List implements [blob.Store].
func (s *Store) List(ctx context.Context, prefix string, each func(key string, size int64, modified time.Time) error) error {
	root, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, env := range root {
		name := env.Name()
		if !tepin.IsID(name) || !strings.HasPrefix(name+"/", prefix) && !strings.HasPrefix(prefix, name+"/") {
			continue
		}
		err := filepath.WalkDir(filepath.Join(s.dir, name), func(path string, entry fs.DirEntry, err error) error {
			if err := errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			key := name + "/" + entry.Name()
			if entry.IsDir() || !strings.HasPrefix(key, prefix) || blob.CheckKey(key) != nil {
				return nil
			}
			info, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) { // deleted meanwhile
				return nil
			}
			if err != nil {
				return err
			}
			return each(key, info.Size(), info.ModTime())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// makeDir makes the directories of path below the store's, each durably: also one
// that was there, because it may have been made just before a crash, or by another
// Put that has not yet come to its sync.
func (s *Store) makeDir(path string) error {
	if _, known := s.durable.Load(path); known {
		return nil
	}
	above := s.dir
	for _, name := range strings.Split(path, string(filepath.Separator)) {
		next := filepath.Join(above, name)
		if err := os.Mkdir(next, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := syncDir(above); err != nil {
			return err
		}
		above = next
	}
	s.durable.Store(path, struct{}{})
	return nil
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// full gives the want of room its kind.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &tepin.Error{Kind: tepin.Full, Message: "the disk of the data directory is full; free some space and try again", Cause: err}
	}
	return err
}
