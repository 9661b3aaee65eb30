package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

// run runs the suite on databases that url names, each an empty one.
func run(t *testing.T, url func(*testing.T) string) {
	storetest.Run(t, storetest.Database{
		Open: func(t *testing.T, now func() time.Time) *store.Store {
			return storetest.Open(t, store.Options{URL: url(t), Now: now})
		},
		RowsOf: (*store.Store).RowsOf,
	})
}

func TestSQLite(t *testing.T) {
	run(t, func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "tepin.db") })
}

func TestPostgres(t *testing.T) {
	run(t, func(t *testing.T) string { return storetest.Postgres(t) })
}
