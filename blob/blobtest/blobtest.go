// Package blobtest is the contract of [blob.Store], to be kept by every
// implementation, the unhappy part included.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/blob"
)

const (
	env   tepin.EnvironmentID = "0189abcd-0000-7000-8000-000000000001"
	other tepin.EnvironmentID = "0189abcd-0000-7000-8000-000000000002"
)

// Run tests a store that open returns empty.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	for name, test := range map[string]func(*testing.T, blob.Store){
		"PutOpenDelete": putOpenDelete,
		"Ranges":        ranges,
		"Replace":       replace,
		"BrokenSource":  brokenSource,
		"Cancelled":     cancelled,
		"List":          list,
		"Keys":          keys,
		"Concurrent":    concurrent,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func put(t *testing.T, s blob.Store, key, text string) {
	t.Helper()
	size, sum, err := s.Put(t.Context(), key, strings.NewReader(text))
	want := sha256.Sum256([]byte(text))
	if err != nil || size != int64(len(text)) || sum != hex.EncodeToString(want[:]) {
		t.Fatalf("Put: %d, %s, %v", size, sum, err)
	}
}

func read(t *testing.T, s blob.Store, key string, offset, length int64) string {
	t.Helper()
	r, err := s.Open(t.Context(), key, offset, length)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func absent(t *testing.T, s blob.Store, key string) {
	t.Helper()
	if _, err := s.Open(t.Context(), key, 0, -1); tepin.KindOf(err) != tepin.NotFound {
		t.Fatalf("open of what is not there: %v", err)
	}
}

func listed(t *testing.T, s blob.Store, prefix string) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	err := s.List(t.Context(), prefix, func(key string, size int64, modified time.Time) error {
		if age := time.Since(modified); age > time.Hour || age < -time.Hour {
			t.Errorf("%s was modified at %v", key, modified)
		}
		found[key] = size
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func putOpenDelete(t *testing.T, s blob.Store) {
	key := blob.NewKey(env)
	absent(t, s, key)
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatalf("deleting what is not there: %v", err)
	}
	for _, text := range []string{"", "x", strings.Repeat("0123456789", 100_000)} {
		put(t, s, key, text)
		if got := read(t, s, key, 0, -1); got != text {
			t.Fatalf("%d bytes came back as %d", len(text), len(got))
		}
	}
	r, err := s.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	absent(t, s, key)
	if n, err := io.Copy(io.Discard, r); err != nil || n != 1_000_000 {
		t.Fatalf("a reader lost its bytes to Delete: %d, %v", n, err)
	}
}

func ranges(t *testing.T, s blob.Store) {
	key := blob.NewKey(env)
	put(t, s, key, "0123456789")
	for _, c := range []struct {
		offset, length int64
		want           string
	}{{0, -1, "0123456789"}, {3, -1, "3456789"}, {3, 4, "3456"}, {3, 0, ""}, {8, 5, "89"}, {10, -1, ""}, {20, 5, ""}, {0, 1 << 62, "0123456789"}} {
		if got := read(t, s, key, c.offset, c.length); got != c.want {
			t.Errorf("%d bytes from %d: %q, want %q", c.length, c.offset, got, c.want)
		}
	}
	if _, err := s.Open(t.Context(), key, -1, -1); tepin.KindOf(err) != tepin.Invalid {
		t.Errorf("from before the beginning: %v", err)
	}
}

func replace(t *testing.T, s blob.Store) {
	key := blob.NewKey(env)
	put(t, s, key, "old")
	r, err := s.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	put(t, s, key, "brand new")
	if b, err := io.ReadAll(r); err != nil || string(b) != "old" {
		t.Errorf("an open reader sees %q, %v", b, err)
	}
	if got := read(t, s, key, 0, -1); got != "brand new" {
		t.Errorf("got %q", got)
	}
}

// A source that fails in the middle leaves what was there, and nothing else.
func brokenSource(t *testing.T, s blob.Store) {
	key, fresh := blob.NewKey(env), blob.NewKey(env)
	put(t, s, key, "old")
	broken := errors.New("the client hung up")
	for _, k := range []string{key, fresh} {
		_, _, err := s.Put(t.Context(), k, io.MultiReader(strings.NewReader("half of the "), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) {
			t.Fatalf("the error of the source is %v", err)
		}
	}
	absent(t, s, fresh)
	if got := read(t, s, key, 0, -1); got != "old" {
		t.Errorf("got %q", got)
	}
	if found := listed(t, s, ""); len(found) != 1 {
		t.Errorf("there is more than was put: %v", found)
	}
}

func cancelled(t *testing.T, s blob.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	key := blob.NewKey(env)
	source := io.MultiReader(strings.NewReader("begun"), readFunc(func([]byte) (int, error) { cancel(); return 0, nil }), endless{})
	if _, _, err := s.Put(ctx, key, source); !errors.Is(err, context.Canceled) {
		t.Fatalf("put for a caller that is gone: %v", err)
	}
	absent(t, s, key)
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func list(t *testing.T, s blob.Store) {
	want := map[string]int64{}
	for i := range 5 {
		key := blob.NewKey(env)
		put(t, s, key, strings.Repeat("x", i))
		want[key] = int64(i)
	}
	foreign := blob.NewKey(other)
	put(t, s, foreign, "foreign")
	if got := listed(t, s, string(env)+"/"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := listed(t, s, foreign); len(got) != 1 {
		t.Errorf("a whole key as prefix: %v", got)
	}
	for prefix, n := range map[string]int{"": 6, string(env)[:20]: 6, string(env): 5, "zz": 0, "../": 0} {
		if got := listed(t, s, prefix); len(got) != n {
			t.Errorf("prefix %q: %d keys, want %d", prefix, len(got), n)
		}
	}
	stop, calls := errors.New("enough"), 0
	err := s.List(t.Context(), "", func(string, int64, time.Time) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("stopped after %d: %v", calls, err)
	}
}

// Keys are never paths.
func keys(t *testing.T, s blob.Store) {
	id := tepin.NewID[string]()
	for _, key := range []string{
		"", "/", id, string(env) + "/", "/" + id, string(env) + "/" + id + "/x", string(env) + "//" + id, "../" + id, string(env) + "/..",
		string(env) + "/../" + id, strings.ToUpper(string(env)) + "/" + id, string(env) + `\` + id, string(env) + "/" + id + "\x00",
		string(env) + "/" + id + "\n", "/etc/passwd", "incoming/" + id, string(env) + "/" + strings.ToUpper(id),
	} {
		_, _, err := s.Put(t.Context(), key, strings.NewReader("x"))
		_, opened := s.Open(t.Context(), key, 0, -1)
		for what, err := range map[string]error{"Put": err, "Open": opened, "Delete": s.Delete(t.Context(), key)} {
			if tepin.KindOf(err) != tepin.Invalid {
				t.Errorf("%s of %q: %v", what, key, err)
			}
		}
	}
	if found := listed(t, s, ""); len(found) != 0 {
		t.Errorf("bad keys left %v", found)
	}
}

// Many writers of one key: each reader sees one of the texts, whole.
func concurrent(t *testing.T, s blob.Store) {
	key := blob.NewKey(env)
	put(t, s, key, strings.Repeat("z", 50_000))
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			text := bytes.Repeat([]byte{'a' + byte(i)}, 50_000)
			if _, _, err := s.Put(t.Context(), key, bytes.NewReader(text)); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			r, err := s.Open(t.Context(), key, 0, -1)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			b, err := io.ReadAll(r)
			if err != nil || len(b) != 50_000 || bytes.Count(b, b[:1]) != len(b) {
				t.Errorf("a torn read of %d bytes: %v", len(b), err)
			}
		})
	}
	wg.Wait()
}
