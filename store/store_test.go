package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) *store.Store {
		return storetest.Open(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "tepin.db"), Now: now})
	})
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) *store.Store {
		return storetest.Open(t, store.Options{URL: storetest.Postgres(t), Now: now})
	})
}
