//go:build !race

package oauth_test

import (
	"io/fs"
	"net/http"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/tepin/tepin"
)

// The race detector counts allocations of its own and takes ten times as long: these
// tests run without it.

// A repeat allocates at most five times more than a constant in the same stack.
func TestRepeatsAllocateLittle(t *testing.T) {
	count := func(a *asker) float64 {
		return testing.AllocsPerRun(5000, func() {
			if status := a.ask(); status != http.StatusOK {
				t.Fatal(status)
			}
		})
	}
	repeat := newRig(t).repeats()
	token, constant := count(repeat), count(constants(len(repeat.answer.body)))
	if token > constant+5 {
		t.Errorf("a repeat allocates %.0f times, a constant %.0f times", token, constant)
	}
}

// P9: a million repeats are the same bytes, need no database, and leave nothing behind
// in it or in memory.
func TestMillionRepeats(t *testing.T) {
	if testing.Short() {
		t.Skip("a million requests take some seconds")
	}
	r := newRig(t)
	a := r.repeats()
	first := string(a.answer.body)
	ask := func(n int) {
		t.Helper()
		for range n {
			if status := a.ask(); status != http.StatusOK || string(a.answer.body) != first {
				t.Fatalf("%d %s, at first %s", status, a.answer.body, first)
			}
		}
	}
	ask(1000)
	files, heap := r.size(), heapSize()
	ask(1_000_000)
	if err := r.Access.Flush(t.Context()); err != nil { // last uses
		t.Fatal(err)
	}
	if grown := r.size() - files; grown > 64<<10 {
		t.Errorf("the database grew by %d bytes", grown)
	}
	if grown := heapSize() - heap; grown > 1<<20 {
		t.Errorf("memory grew by %d bytes", grown)
	}
	r.withoutDatabase()
	ask(1000)
}

// Nor do repeats that are counted, though each second's count is written: there is a row
// for each allowance, however often it is used.
func TestCountedRepeats(t *testing.T) {
	r := newRig(t)
	a := r.repeats()
	quota := tepin.Quota{Mode: tepin.QuotaObserve, Tokens: tepin.Allowance{PerDay: 1_000_000_000}}
	must(r.Credential.UpdateEnvironment(t.Context(), admin, r.env.ID, tepin.EnvironmentUpdate{Quota: &quota}))
	seconds := func(n int) {
		t.Helper()
		for range n {
			for range 10 {
				if status := a.ask(); status != http.StatusOK {
					t.Fatal(status)
				}
			}
			if err := r.Quota.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	seconds(1500) // until the database's log is as long as it gets
	files := r.size()
	seconds(1500)
	if grown := r.size() - files; grown > 64<<10 {
		t.Errorf("the database grew by %d bytes", grown)
	}
	if uses := must(r.Store.Uses(t.Context(), time.Time{})); len(uses) != 2 || uses[0].Used != 30_000 {
		t.Errorf("%+v", uses)
	}
}

// size is the size of the database in bytes, its log included.
func (r *rig) size() (sum int64) {
	r.t.Helper()
	err := filepath.WalkDir(r.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return sum
}

// heapSize is what is in use when all garbage is gone.
func heapSize() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
