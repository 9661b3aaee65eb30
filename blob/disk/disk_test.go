package disk_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/blob"
	"github.com/tepin/tepin/blob/blobtest"
	"github.com/tepin/tepin/blob/disk"
)

const env tepin.EnvironmentID = "01890000-0000-7000-8000-000000000001"

func open(t *testing.T, dir string) *disk.Store {
	t.Helper()
	s, err := disk.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestContract(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, filepath.Join(t.TempDir(), "a", "b")) })
}

// files returns what lies below a directory.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLeftoversOfACrash(t *testing.T) {
	dir := t.TempDir()
	key := blob.NewKey(env)
	if _, _, err := open(t, dir).Put(t.Context(), key, strings.NewReader("kept")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "incoming", "half"), []byte("ha"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	if found := files(t, dir); len(found) != 1 {
		t.Errorf("after opening again there are %v", found)
	}
	r, err := s.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || string(b) != "kept" {
		t.Errorf("%q, %v", b, err)
	}
}

// Servers over one PostgreSQL share the directory: the start of one leaves alone what
// another is writing.
func TestOpenWhileAnotherWrites(t *testing.T) {
	dir, key := t.TempDir(), blob.NewKey(env)
	first := open(t, dir)
	r, w := io.Pipe()
	put := make(chan error, 1)
	go func() {
		_, _, err := first.Put(t.Context(), key, r)
		put <- err
	}()
	if _, err := io.WriteString(w, "half"); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir)
	if _, err := io.WriteString(w, " and half"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), <-put); err != nil {
		t.Fatal(err)
	}
	got, err := second.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if b, err := io.ReadAll(got); err != nil || string(b) != "half and half" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestPermissions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	if _, _, err := open(t, dir).Put(t.Context(), blob.NewKey(env), strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Foreign files in the directory are neither listed nor touched.
func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for _, name := range []string{"lost+found", string(env) + "/note.txt"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := s.List(t.Context(), "", func(key string, _ int64, _ time.Time) error {
		t.Errorf("%s is listed", key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	s := open(t, dir)
	kept, big := blob.NewKey(env), blob.NewKey(env)
	if _, _, err := s.Put(context.Background(), kept, strings.NewReader("kept")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{big, kept} { // new, and in place of another
		_, _, err := s.Put(t.Context(), key, bytes.NewReader(make([]byte, 4<<20)))
		if tepin.KindOf(err) != tepin.Full {
			t.Fatalf("a full disk: %v", err)
		}
	}
	if found := files(t, dir); len(found) != 1 {
		t.Errorf("a full disk left %v", found)
	}
	if _, _, err := s.Put(t.Context(), big, bytes.NewReader(make([]byte, 500<<10))); err != nil {
		t.Errorf("what fits is refused: %v", err)
	}
	r, err := s.Open(t.Context(), kept, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || string(b) != "kept" {
		t.Errorf("%q, %v", b, err)
	}
}
