package limit

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestBuckets(t *testing.T) {
	b := NewBuckets[string](Rate{Burst: 3, Interval: 10 * time.Second}, 1000)
	take := func(k string, at time.Duration, want time.Duration) {
		t.Helper()
		if got := b.Take(k, start.Add(at)); got != want {
			t.Errorf("%s after %s: wait %s, want %s", k, at, got, want)
		}
	}
	for range 3 {
		take("a", 0, 0)
	}
	take("a", 0, 10*time.Second)
	take("a", 4*time.Second, 6*time.Second) // a refusal costs nothing
	take("b", 4*time.Second, 0)             // nor anybody else
	take("a", 10*time.Second-1, 1)
	take("a", 10*time.Second, 0)
	take("a", 10*time.Second, 10*time.Second)
	b.Return("a", start.Add(10*time.Second))
	take("a", 10*time.Second, 0)
	take("a", time.Hour, 0) // it fills to its burst and no further
	take("a", time.Hour, 0)
	take("a", time.Hour, 0)
	take("a", time.Hour, 10*time.Second)
	for range 5 {
		b.Return("c", start) // nor is it ever more than full
	}
	for range 3 {
		take("c", 0, 0)
	}
	take("c", 0, 10*time.Second)
}

// A clock that is set back two hours makes nobody wait for two hours.
func TestBucketsClockJumps(t *testing.T) {
	b := NewBuckets[string](Rate{Burst: 2, Interval: time.Second}, 1000)
	for range 5 {
		b.Take("a", start)
	}
	if wait := b.Take("a", start.Add(-2*time.Hour)); wait != 0 {
		t.Errorf("set back: wait %s", wait)
	}
	if wait := b.Take("a", start.Add(2*time.Hour)); wait != 0 {
		t.Errorf("set forward: wait %s", wait)
	}
}

func TestNoBuckets(t *testing.T) {
	b := NewBuckets[string](Rate{}, 1000)
	for range 1000 {
		if b.Take("a", start) != 0 {
			t.Fatal("no limit is a limit")
		}
	}
	b.Return("a", start)
}

// However many ask at once, no more get through than are allowed.
func TestBucketsConcurrent(t *testing.T) {
	b := NewBuckets[int](Rate{Burst: 100, Interval: time.Hour}, 1000)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if b.Take(7, start) == 0 {
					passed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if passed.Load() != 100 {
		t.Errorf("%d passed, want 100", passed.Load())
	}
}

// Memory is bounded whoever comes by, and who keeps coming is not forgotten for it.
func TestBucketsAreBounded(t *testing.T) {
	const size = 1024
	b := NewBuckets[int](Rate{Burst: 1, Interval: time.Hour}, size)
	b.Take(-1, start)
	for i := range 20 * size {
		b.Take(i, start)
		if b.Take(-1, start) == 0 {
			t.Fatalf("the one who keeps coming was forgotten after %d others", i)
		}
	}
	kept := 0
	for i := range b.shards {
		kept += len(b.shards[i].full.young) + len(b.shards[i].full.old)
	}
	if kept > size {
		t.Errorf("%d are remembered, want at most %d", kept, size)
	}
}

func TestBucketsAllocateNothing(t *testing.T) {
	b := NewBuckets[string](Rate{Burst: 1_000_000, Interval: time.Second}, 1000)
	b.Take("a", start)
	if n := testing.AllocsPerRun(100, func() { b.Take("a", start) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestFailures(t *testing.T) {
	f, who := NewFailures(3, time.Minute, 1000), NewBlind()
	count := func(name, what string, at, want time.Duration) {
		t.Helper()
		if got := f.Count(who.Digest(name), who.Digest(what), start.Add(at)); got != want {
			t.Errorf("%s tries %s after %s: wait %s, want %s", name, what, at, got, want)
		}
	}
	for i, what := range []string{"x", "y", "x", "x", "z", "y"} {
		count("a", what, time.Duration(i)*time.Second, 0)
	}
	count("a", "new", 10*time.Second, 50*time.Second)
	count("a", "x", 10*time.Second, 0)
	count("b", "new", 10*time.Second, 0)
	count("a", "new", time.Minute-1, 1)
	count("a", "new", time.Minute, 0)
	count("a", "x", -2*time.Hour, 0) // a clock that is set back
}

func TestFailuresAreBounded(t *testing.T) {
	f, blind := NewFailures(1, time.Hour, 100), NewBlind()
	for i := range 10_000 {
		f.Count(blind.Digest(fmt.Sprint(i)), blind.Digest("x"), start)
	}
	if n := len(f.known.young) + len(f.known.old); n > 100 {
		t.Errorf("%d are remembered, want at most 100", n)
	}
}

func TestDigest(t *testing.T) {
	b := NewBlind()
	if once := b.Digest("ab", "c"); once != b.Digest("ab", "c") {
		t.Error("the same parts give two digests")
	}
	seen := map[Digest]bool{}
	for _, parts := range [][]string{{"abc"}, {"ab", "c"}, {"a", "bc"}, {"", "abc"}, {"abc", ""}, {}} {
		seen[b.Digest(parts...)] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d digests of 6 lists", len(seen))
	}
	if NewBlind().Digest("abc") == b.Digest("abc") {
		t.Error("two keys give one digest")
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]Rate{
		"0": {}, "50/200": {200, 20 * time.Millisecond}, "1/1": {1, time.Second}, "1000000/1000000": {1_000_000, time.Microsecond},
	} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "50", "/", "50/", "/200", "0/200", "50/0", "-1/5", "5/-1", "1.5/2", "1000001/1", "1/1000001", "50/200/1", " 50/200", "+1/2"} {
		if got, err := ParseRate(text); err == nil || !strings.Contains(err.Error(), "50/200") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func FuzzParseRate(f *testing.F) {
	for _, s := range []string{"0", "50/200", "1/1000000", "x/y", "007/8"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRate(s)
		if err != nil {
			if r != (Rate{}) || len(err.Error()) > 300 {
				t.Errorf("%q: %v, %v", s, r, err)
			}
			return
		}
		if r == (Rate{}) {
			if s != "0" {
				t.Errorf("%q is no limit", s)
			}
			return
		}
		if r.Burst < 1 || r.Interval < time.Microsecond || r.Interval > time.Second || int64(r.Interval) > math.MaxInt64/int64(r.Burst) {
			t.Errorf("%q: %v", s, r)
		}
	})
}

func BenchmarkTake(b *testing.B) {
	buckets := NewBuckets[string](Rate{Burst: 1_000_000, Interval: time.Microsecond}, 16_384)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			buckets.Take("0190f3c4-7a5e-7c1f-9d1e-2b8a6d0f4c11", time.Now())
		}
	})
}

func BenchmarkTakePlace(b *testing.B) {
	buckets, place := NewBuckets[tepin.Place](Rate{Burst: 1_000_000, Interval: time.Nanosecond}, 16_384), tepin.PlaceOf(netip.MustParseAddr("192.0.2.7"))
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		buckets.Take(place, now)
	}
}

func BenchmarkTakeString(b *testing.B) {
	buckets := NewBuckets[string](Rate{Burst: 1_000_000, Interval: time.Nanosecond}, 16_384)
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		buckets.Take("0190f3c4-7a5e-7c1f-9d1e-2b8a6d0f4c11", now)
	}
}
