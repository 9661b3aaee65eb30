// Package storetest opens real databases for tests, and holds the suite that every
// database of package store has to pass.
package storetest

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tepin/tepin/store"
)

// AuditKey is the key with which the tests' stores are opened.
var AuditKey = []byte("an audit key of the tests, 32 B.")

// SQLite opens a fresh database in a temporary directory. It closes with the test.
func SQLite(t testing.TB) *store.Store {
	t.Helper()
	return Open(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "tepin.db")})
}

// Open opens the database that o names, with [AuditKey] unless it has another. It
// closes with the test, if the test has not closed it.
func Open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	if o.AuditKey == nil {
		o.AuditKey = AuditKey
	}
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	return s
}

// ownGroup keeps a terminal's interrupt from reaching the server before its keeper.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
