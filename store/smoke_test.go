package store_test

import (
	"testing"

	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

func TestSmoke(t *testing.T) {
	storetest.SQLite(t)
	s := storetest.Open(t, store.Options{URL: storetest.Postgres(t)})
	t.Log(s.Skew(t.Context()))
}
