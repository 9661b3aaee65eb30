package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store/storetest"
)

// concurrentReaders is how many ask at once, each for what it takes turns with.
const concurrentReaders = 50

// readersTime is for how long they do.
const readersTime = 5 * time.Second

// scaleReaders has many ask the large environment at once, for lists, searches and single
// items, and reports how long they wait.
func scaleReaders(ctx context.Context, database string, s *side) error {
	var asked []question
	for _, p := range []tepin.List{{}, {SortBy: tepin.SortID, Desc: true}, {Folder: storetest.OneFolder}, {Search: storetest.CommonWord}, {Search: storetest.RareWord}} {
		if p.SortBy == "" {
			p.SortBy = tepin.SortName
		}
		for _, kind := range []string{"template", "media"} {
			asked = append(asked, itemQuestion(kind, "all", p, false), itemQuestion(kind, "all", p, true))
		}
	}
	var mu sync.Mutex
	var waited []time.Duration
	var all errgroup.Group
	end := time.Now().Add(readersTime)
	for reader := range concurrentReaders {
		all.Go(func() error {
			var mine []time.Duration
			for turn := reader; time.Now().Before(end); turn++ {
				began := time.Now()
				if err := asked[turn%len(asked)].ask(ctx, s, turn); err != nil {
					return err
				}
				mine = append(mine, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			waited = append(waited, mine...)
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	slices.Sort(waited)
	a := answered{count: len(waited), latency: waited}
	line(fmt.Sprintf("%s, %d readers at once: p99", database, concurrentReaders), a.quantile(0.99).Round(time.Millisecond).String(),
		fmt.Sprintf("p50 %v; %.0f reads a second of the clock", a.quantile(0.5).Round(time.Millisecond), float64(len(waited))/readersTime.Seconds()))
	return nil
}

// scaleDirectory reports what the access directory costs: to read it whole, as at the
// start and after a change, and to ask whether it has changed, as each second.
func scaleDirectory(ctx context.Context, database string, s *side) error {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	d, err := s.db.Directory(ctx)
	if err != nil {
		return err
	}
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	began = time.Now()
	const polls = 1000
	for range polls {
		if _, err := s.db.ChangeCounter(ctx); err != nil {
			return err
		}
	}
	poll := time.Since(began) / polls
	line(fmt.Sprintf("%s, directory of %d", database, len(d.Integrations)), fmt.Sprintf("%.1f MB", float64(after.HeapAlloc-before.HeapAlloc)/1e6),
		fmt.Sprintf("read in %v, at the start and after a change; asked each second whether there is one: %v", took.Round(time.Millisecond), poll.Round(time.Microsecond)))
	runtime.KeepAlive(d)
	return nil
}
