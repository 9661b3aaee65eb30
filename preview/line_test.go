package preview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
)

// The environments take turns, however long one's line is, and no more are made at
// once than there are processors for.
func TestLine(t *testing.T) {
	var l line
	var mu sync.Mutex
	var order []tepin.EnvironmentID
	var running, most atomic.Int32
	begin := make(chan struct{})
	var calls []*call
	join := func(env tepin.EnvironmentID, key string) {
		c, err := l.join(env, key, func(context.Context) (tepin.Preview, error) {
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer running.Add(-1)
			<-begin
			mu.Lock()
			order = append(order, env)
			mu.Unlock()
			return tepin.Preview{Key: key}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, c)
	}
	for i := range 40 {
		join("busy", fmt.Sprint(i))
	}
	join("quiet", "one")
	close(begin)
	for _, c := range calls {
		<-c.done
	}
	if at := slices.Index(order, "quiet"); at > 3*atOnce() {
		t.Errorf("the quiet environment came after %d of the busy one", at)
	}
	if int(most.Load()) > atOnce()+1 {
		t.Errorf("%d at once", most.Load())
	}
	if len(l.of) != 0 || len(l.calls) != 0 || len(l.waiting) != 0 || len(l.turn) != 0 || l.running != 0 {
		t.Errorf("something is left: %+v", &l)
	}
}

// Whoever has nothing at work does not wait for the files of others, however long they
// take; but for all of them there is a bound.
func TestLineHeld(t *testing.T) {
	var l line
	hold := make(chan struct{})
	var begun atomic.Int32
	join := func(env tepin.EnvironmentID, key string, hold chan struct{}) *call {
		c, err := l.join(env, key, func(context.Context) (tepin.Preview, error) {
			begun.Add(1)
			<-hold
			return tepin.Preview{}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	var calls []*call
	for i := range 2 * atOnce() {
		calls = append(calls, join("busy", fmt.Sprint(i), hold))
	}
	free := make(chan struct{})
	close(free)
	select {
	case <-join("quiet", "one", free).done:
	case <-time.After(10 * time.Second):
		t.Fatal("one environment holds all there is")
	}
	for i := range 3 * atOnce() {
		calls = append(calls, join(tepin.EnvironmentID(fmt.Sprint("other", i)), "one", hold))
	}
	time.Sleep(50 * time.Millisecond)
	if n := int(begun.Load()) - 1; n > 2*atOnce() {
		t.Errorf("%d at once", n)
	}
	close(hold)
	for _, c := range calls {
		<-c.done
	}
}

// A preview is made once for all who ask, a long line is refused, and what panics ends
// its own call alone.
func TestLineBounds(t *testing.T) {
	var l line
	begin := make(chan struct{})
	var made atomic.Int32
	work := func(context.Context) (tepin.Preview, error) {
		<-begin
		made.Add(1)
		return tepin.Preview{}, errors.New("no")
	}
	first, err := l.join("e", "k", work)
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.join("e", "k", work)
	if err != nil || again != first {
		t.Errorf("%v, and another call", err)
	}
	if other, err := l.join("f", "k", work); err != nil || other == first {
		t.Errorf("%v, or one call for two environments", err)
	}
	for i := 0; ; i++ {
		if _, err := l.join("e", fmt.Sprint(i), work); err != nil {
			if tepin.KindOf(err) != tepin.TooMany || i > maxWaiting+atOnce() {
				t.Errorf("%d: %v", i, err)
			}
			break
		}
	}
	if _, err := l.join("g", "k", work); err != nil {
		t.Errorf("one environment's line stops another's: %v", err)
	}
	close(begin)
	<-first.done
	if first.err == nil {
		t.Error("the error is lost")
	}
	broken, err := l.join("h", "k", func(context.Context) (tepin.Preview, error) { panic("broken") })
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-broken.done:
	case <-time.After(10 * time.Second):
		t.Fatal("a call that panics never ends")
	}
	if broken.err == nil {
		t.Error("a panic is no error")
	}
}

func FuzzPostScript(f *testing.F) {
	f.Add([]byte("%!PS\n%%BoundingBox: 1 2 3 4\n"), int64(100))
	f.Add([]byte("%!PS\n%%HiResBoundingBox: 1e9 -2.5 NaN Inf\n%%BoundingBox: (atend)"), int64(1))
	f.Add([]byte("\xC5\xD0\xD3\xC6\x1e\x00\x00\x00\xff\xff\xff\xff\x00\x00"), int64(50))
	f.Fuzz(func(t *testing.T, data []byte, size int64) {
		size = max(size, 0)
		skip, length := psPart(data, size)
		if skip < 0 || skip > size || length > size-skip {
			t.Errorf("a part from %d, %d long, of %d", skip, length, size)
		}
		for _, side := range []int{64, 4096} {
			dots, _ := psResolution(data, side)
			if !(dots >= 0.5 && dots <= 20_000) {
				t.Errorf("%g dots", dots)
			}
			if box, ok := boundingBox(data); ok && !(box[2] > box[0] && box[3] > box[1]) {
				t.Errorf("%v is a box", box)
			}
		}
	})
}
