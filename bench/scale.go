package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

// Sizes of the two environments that are compared: of templates and of media each.
const (
	smallItems = 1_000
	largeItems = 1_000_000
)

// Bounds that a list keeps (DESIGN §10).
const (
	maxRatio   = 1.5                    // of the large environment to the small one, where there is an index
	maxUnsound = 200 * time.Millisecond // where there is none
)

// side is one of the two environments.
type side struct {
	storetest.Fill
	db    *store.Store
	order map[tepin.SortKey][]int // numbers of the items in the order of the list
}

// benchScale fills two environments of one installation, on each database, and compares
// what lists and reads take in the one and in the other, asked in turn.
func benchScale() error {
	for _, database := range []string{"sqlite", "postgres"} {
		if len(os.Args) > 2 && os.Args[2] != database {
			continue
		}
		if err := scaleOn(database); err != nil {
			return fmt.Errorf("%s: %w", database, err)
		}
	}
	return nil
}

func scaleOn(database string) error {
	return withDatabase(database, func(dir, url string) error {
		ctx := context.Background()
		sides, err := fillSides(ctx, url)
		if err != nil {
			return err
		}
		return scaleStore(ctx, database, url, sides)
	})
}

// withDatabase gives f a temporary directory and the address of an empty database, and
// removes both.
func withDatabase(database string, f func(dir, url string) error) (err error) {
	dir, err := os.MkdirTemp("", "tepin-bench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if database == "sqlite" {
		return f(dir, "sqlite:"+filepath.Join(dir, "tepin.db"))
	}
	url, drop, err := storetest.NewPostgres()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	return f(dir, url)
}

// fillSides makes the environments.
func fillSides(ctx context.Context, url string) ([2]*side, error) {
	small := &side{Fill: storetest.Fill{Number: 1, Items: smallItems, Projects: smallItems, Tasks: smallItems, Families: smallItems / 2, Integrations: 100}}
	large := &side{Fill: storetest.Fill{Number: 2, Items: largeItems, Projects: largeItems / 10, Tasks: largeItems / 10, Families: largeItems / 100, Integrations: 10_000}}
	sides := [2]*side{small, large}
	db, err := store.Open(ctx, store.Options{URL: url, AuditKey: storetest.AuditKey})
	if err != nil {
		return sides, err
	}
	sub, err := db.FirstSubscription(ctx, tepin.System, tepin.Subscription{Name: "Tepin"})
	for i, s := range sides {
		if err == nil {
			var e tepin.Environment
			e, err = db.CreateEnvironment(ctx, tepin.System, tepin.Environment{SubscriptionID: sub.ID, Name: "E", TechnicalName: fmt.Sprintf("scale-%d", i)})
			s.Environment = e.ID
		}
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return sides, err
	}
	began := time.Now()
	if err := storetest.FillInto(ctx, url, small.Fill, large.Fill); err != nil {
		return sides, err
	}
	for _, s := range sides {
		s.sort()
	}
	fmt.Printf("filled with %d templates, %d media and %d integrations in %v\n", large.Items, large.Items, large.Integrations, time.Since(began).Round(time.Second))
	return sides, nil
}

// sort finds the orders in which lists have the items.
func (s *side) sort() {
	type item struct {
		n            int
		name, folder string
	}
	items := make([]item, s.Items)
	for n := range items {
		c := s.Cursor("template", n)
		items[n] = item{n, string(c.NameKey), c.Folder}
	}
	s.order = map[tepin.SortKey][]int{}
	for key, compare := range map[tepin.SortKey]func(a, b item) int{
		tepin.SortID:           func(a, b item) int { return a.n - b.n },
		tepin.SortName:         func(a, b item) int { return cmp.Compare(a.name, b.name) },
		tepin.SortRelativePath: func(a, b item) int { return cmp.Or(cmp.Compare(a.folder, b.folder), cmp.Compare(a.name, b.name)) },
	} {
		slices.SortFunc(items, compare)
		for _, v := range items {
			s.order[key] = append(s.order[key], v.n)
		}
	}
}

// middle is where a page in the middle of a list begins: of the large environment's, that
// is page 10,000. Another turn is another page.
func (s *side) middle(kind string, key tepin.SortKey, turn int) *tepin.Cursor {
	at := s.Items/2 + turn*tepin.DefaultLimit%(s.Items/4)
	return s.Cursor(kind, s.order[key][at])
}

// question is one thing that is asked of both environments.
type question struct {
	name  string
	index bool // there is one for it
	ask   func(ctx context.Context, s *side, turn int) error
}

// Each question is asked scaleTurns times, and less often, but never less than fewTurns
// times, where that takes longer than scaleTime.
const (
	scaleTurns = 41
	fewTurns   = 3
	scaleTime  = 300 * time.Millisecond
)

// found is what a question took.
type found struct {
	question
	took [2]time.Duration // in the small and in the large environment: the median
}

func (f found) ratio() float64 { return f.took[1].Seconds() / f.took[0].Seconds() }

// kept reports whether the question keeps its bound.
func (f found) kept() bool {
	if f.index {
		return f.ratio() <= maxRatio
	}
	return f.took[1] <= maxUnsound
}

func scaleStore(ctx context.Context, database, url string, sides [2]*side) (err error) {
	db, err := store.Open(ctx, store.Options{URL: url, AuditKey: storetest.AuditKey})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, s := range sides {
		s.db = db
	}
	if err := errors.Join(scaleDirectory(ctx, database, sides[1]), scaleReaders(ctx, database, sides[1])); err != nil {
		return err
	}
	var all []found
	for _, q := range questions() {
		f, err := compare(ctx, q, sides)
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		note := ""
		if !f.kept() {
			note = "MISSED"
		}
		fmt.Printf("%-8s %-72s %9v %9v %6.2f %v\n", database, f.name, f.took[0].Round(time.Microsecond), f.took[1].Round(time.Microsecond), f.ratio(), note)
		all = append(all, f)
	}
	summarize(database, all)
	return nil
}

// compare asks both environments in turn, and takes the processor time that it costs
// this process and the database's: other load hardly matters to that.
func compare(ctx context.Context, q question, sides [2]*side) (found, error) {
	runtime.LockOSThread() // SQLite works on the thread of its caller
	defer runtime.UnlockOSThread()
	for _, s := range sides { // makes the connections that there are to be
		if err := q.ask(ctx, s, 0); err != nil {
			return found{}, err
		}
	}
	postgres, err := storetest.PostgresProcesses()
	if err != nil {
		return found{}, err
	}
	var took [2][]time.Duration
	for turn, end := 0, time.Now().Add(scaleTime); turn < fewTurns || turn < scaleTurns && time.Now().Before(end); turn++ {
		for i, s := range sides {
			began, err := processorTime(postgres)
			if err != nil {
				return found{}, err
			}
			if err := q.ask(ctx, s, turn); err != nil {
				return found{}, err
			}
			ended, err := processorTime(postgres)
			if err != nil {
				return found{}, err
			}
			took[i] = append(took[i], ended-began)
		}
	}
	f := found{question: q}
	for i := range took {
		slices.Sort(took[i])
		f.took[i] = took[i][len(took[i])/2]
	}
	return f, nil
}

// processorTime is what this thread and the PostgreSQL processes have used.
func processorTime(postgres []int) (time.Duration, error) {
	var mine unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &mine); err != nil {
		return 0, err
	}
	sum := time.Duration(mine.Nano())
	for _, pid := range postgres {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
		if errors.Is(err, fs.ErrNotExist) {
			continue // the connection has ended
		}
		if err != nil {
			return 0, err
		}
		var ran int64 // nanoseconds
		if _, err := fmt.Sscan(string(raw), &ran); err != nil {
			return 0, err
		}
		sum += time.Duration(ran)
	}
	return sum, nil
}

func summarize(database string, all []found) {
	for _, index := range []bool{true, false} {
		n, missed := 0, 0
		worst := found{took: [2]time.Duration{1, 0}}
		for _, f := range all {
			if f.index != index {
				continue
			}
			n++
			if !f.kept() {
				missed++
			}
			if index && f.ratio() > worst.ratio() || !index && f.took[1] > worst.took[1] {
				worst = f
			}
		}
		if index {
			line(database+", "+fmt.Sprint(n)+" with an index", fmt.Sprintf("%.2f ×", worst.ratio()), fmt.Sprintf("at most, of 1,000 rows: %s; %d beyond %v", worst.name, missed, maxRatio))
		} else {
			line(database+", "+fmt.Sprint(n)+" without", worst.took[1].Round(time.Millisecond).String(), fmt.Sprintf("at most: %s; %d beyond %v", worst.name, missed, maxUnsound))
		}
	}
}

var errNothing = errors.New("nothing was found")

// some reports a list that is empty: then nothing was measured.
func some[T any](p tepin.Page[T], err error) error {
	if err == nil && len(p.Items) == 0 {
		err = errNothing
	}
	return err
}
