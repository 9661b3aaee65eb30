package quota_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/quota"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/token"
)

const day = 24 * time.Hour

// rig is an environment with one integration, and a node that counts.
type rig struct {
	*quota.Counter
	t      testing.TB
	clock  *accesstest.Clock
	store  *store.Store
	access *access.Directory
	env    tepin.Environment
	by     tepin.Actor
}

func newRig(t testing.TB, database string) *rig {
	t.Helper()
	r := &rig{t: t, clock: accesstest.NewClock()}
	if database == "" {
		database = "sqlite:" + filepath.Join(t.TempDir(), "tepin.db")
	}
	r.store = storetest.Open(t, store.Options{URL: database, Now: r.clock.Now})
	accesstest.AddKey(t, r.store, token.ES256)
	accesstest.AddKey(t, r.store, token.RS256)
	sub, err := r.store.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "test"})
	r.must(err)
	r.env = accesstest.AddEnvironment(t, r.store, sub.ID, "first")
	r.by = r.integration("one")
	r.access = accesstest.Bare(t, r.store, r.clock.Now)
	r.Counter = r.node(r.store, r.access)
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// node starts another counter.
func (r *rig) node(st *store.Store, d *access.Directory) *quota.Counter {
	r.t.Helper()
	c, err := quota.New(r.t.Context(), quota.Options{Store: st, Access: d, Now: r.clock.Now})
	r.must(err)
	return c
}

// integration makes one and returns it as its tokens act.
func (r *rig) integration(name string) tepin.Actor {
	r.t.Helper()
	in := accesstest.NewIntegration(r.env.ID, name)
	in, err := r.store.CreateIntegration(r.t.Context(), tepin.System, in, accesstest.SecretOf(in, "tpn_"+name))
	r.must(err)
	return tepin.Actor{Kind: tepin.ActorIntegration, ID: string(in.ID), Name: in.Name, EnvironmentID: r.env.ID, ClientID: in.ClientID}
}

// limit gives the actor's integration a quota.
func (r *rig) limit(by tepin.Actor, q tepin.Quota) {
	r.t.Helper()
	_, err := r.store.UpdateIntegration(r.t.Context(), tepin.System, r.env.ID, tepin.IntegrationID(by.ID), tepin.IntegrationUpdate{Quota: &q})
	r.must(err)
	r.must(r.access.Refresh(r.t.Context()))
}

// limitAll gives the environment a quota.
func (r *rig) limitAll(q tepin.Quota) {
	r.t.Helper()
	_, err := r.store.UpdateEnvironment(r.t.Context(), tepin.System, r.env.ID, tepin.EnvironmentUpdate{Quota: &q})
	r.must(err)
	r.must(r.access.Refresh(r.t.Context()))
}

func (r *rig) flush(c *quota.Counter) {
	r.t.Helper()
	r.must(c.Flush(r.t.Context()))
}

// passes reports how many of n uses a counter lets through.
func passes(c *quota.Counter, by tepin.Actor, u tepin.Use, n int) (passed int) {
	for range n {
		if _, err := c.Take(by, u); err == nil {
			passed++
		}
	}
	return passed
}

// used is what the counter and the database say was used of one allowance.
func (r *rig) used(c *quota.Counter, id string, u tepin.Use, period time.Duration) int64 {
	r.t.Helper()
	_, list, err := c.Standings(r.t.Context(), r.env.ID, tepin.IntegrationID(id))
	r.must(err)
	for _, s := range list {
		if s.Use == u && s.Period == period {
			return s.Used
		}
	}
	r.t.Fatal("no such standing")
	return 0
}

func enforce(requests tepin.Allowance) tepin.Quota {
	return tepin.Quota{Mode: tepin.QuotaEnforce, Requests: requests}
}

func TestTake(t *testing.T) {
	r := newRig(t, "")
	if list, err := r.Take(r.by, tepin.UseRequests); list != nil || err != nil {
		t.Errorf("without a quota: %v, %v", list, err)
	}
	r.limit(r.by, enforce(tepin.Allowance{PerHour: 3, PerDay: 5}))
	for n := range 3 {
		list, err := r.Take(r.by, tepin.UseRequests)
		if err != nil || len(list) != 2 || list[0].Left() != int64(2-n) || list[1].Left() != int64(4-n) || list[0].End() != accesstest.Start.Add(time.Hour) {
			t.Fatalf("use %d: %+v, %v", n+1, list, err)
		}
	}
	list, err := r.Take(r.by, tepin.UseRequests)
	e, ok := err.(*tepin.Error)
	if !ok || e.Kind != tepin.TooMany || e.RetryAfter != time.Hour || !strings.Contains(e.Message, "the integration has used the 3 API requests") || len(list) != 2 {
		t.Errorf("beyond the hour's: %v, %v", list, err)
	}
	if n := passes(r.Counter, r.by, tepin.UseTokens, 10); n != 10 {
		t.Errorf("%d tokens pass where none are limited", n)
	}
	if n := passes(r.Counter, r.integration("other"), tepin.UseRequests, 10); n != 10 {
		t.Errorf("%d uses of another integration pass", n)
	}
	r.clock.Advance(time.Hour - 1)
	if n := passes(r.Counter, r.by, tepin.UseRequests, 1); n != 0 {
		t.Error("a use passes a nanosecond before the hour ends")
	}
	r.clock.Advance(1)
	if n := passes(r.Counter, r.by, tepin.UseRequests, 10); n != 2 {
		t.Errorf("%d uses pass in the second hour, want the 2 that are left of the day", n)
	}
	_, err = r.Take(r.by, tepin.UseRequests)
	if e, ok := err.(*tepin.Error); !ok || e.RetryAfter != 11*time.Hour || !strings.Contains(e.Message, "this day") {
		t.Errorf("beyond the day's: %v", err)
	}
	r.clock.Advance(11 * time.Hour)
	if n := passes(r.Counter, r.by, tepin.UseRequests, 10); n != 3 {
		t.Errorf("%d uses pass on the next day", n)
	}
	for _, kind := range []tepin.ActorKind{tepin.ActorUser, tepin.ActorSystem} {
		person := r.by
		person.Kind = kind
		if n := passes(r.Counter, person, tepin.UseRequests, 10); n != 10 {
			t.Errorf("a %s is held to the quota of an integration", kind)
		}
	}
}

// The quota of an environment is of all its integrations together, and a use that one
// of two quotas refuses counts for neither.
func TestTakeOfEnvironment(t *testing.T) {
	r := newRig(t, "")
	other := r.integration("other")
	r.limitAll(enforce(tepin.Allowance{PerHour: 5}))
	r.limit(r.by, enforce(tepin.Allowance{PerHour: 3}))
	if n := passes(r.Counter, r.by, tepin.UseRequests, 10); n != 3 {
		t.Errorf("%d of the limited pass", n)
	}
	if n := passes(r.Counter, other, tepin.UseRequests, 10); n != 2 {
		t.Errorf("%d of the other pass", n)
	}
	_, err := r.Take(other, tepin.UseRequests)
	if err == nil || !strings.Contains(err.Error(), "the environment has used the 5") {
		t.Errorf("%v", err)
	}
	r.limitAll(enforce(tepin.Allowance{PerHour: 100}))
	if n := passes(r.Counter, r.by, tepin.UseRequests, 10); n != 0 {
		t.Errorf("%d pass beyond the integration's own quota", n)
	}
	if used := r.used(r.Counter, "", tepin.UseRequests, time.Hour); used != 5 {
		t.Errorf("the environment has used %d", used)
	}
	r.limit(r.by, tepin.Quota{Mode: tepin.QuotaObserve, Requests: tepin.Allowance{PerHour: 3}})
	if n := passes(r.Counter, r.by, tepin.UseRequests, 10); n != 10 {
		t.Errorf("%d pass where it is only observed", n)
	}
	if own, all := r.used(r.Counter, r.by.ID, tepin.UseRequests, time.Hour), r.used(r.Counter, "", tepin.UseRequests, time.Hour); own != 13 || all != 15 {
		t.Errorf("used are %d and %d", own, all)
	}
}

// Without a quota nothing is written; with one there is a row for each allowance,
// however often it is used.
func TestRowsAreFlat(t *testing.T) {
	r := newRig(t, "")
	rows := func() int {
		list, err := r.store.Uses(t.Context(), time.Time{})
		r.must(err)
		return len(list)
	}
	passes(r.Counter, r.by, tepin.UseTokens, 1000)
	r.flush(r.Counter)
	if rows() != 0 {
		t.Errorf("%d rows without a quota", rows())
	}
	r.limit(r.by, tepin.Quota{Mode: tepin.QuotaObserve})
	for range 30 {
		passes(r.Counter, r.by, tepin.UseTokens, 1000)
		r.flush(r.Counter)
		r.clock.Advance(7 * time.Minute)
		r.must(r.access.Refresh(t.Context()))
	}
	if rows() != 2 {
		t.Errorf("%d rows, want one for the hour and one for the day", rows())
	}
	if used := r.used(r.Counter, r.by.ID, tepin.UseTokens, day); used != 30_000 {
		t.Errorf("used are %d", used)
	}
}

// What could not be told is told the next time, and counts here all the while.
func TestDatabaseGone(t *testing.T) {
	r := newRig(t, "")
	r.limit(r.by, enforce(tepin.Allowance{PerHour: 10}))
	passes(r.Counter, r.by, tepin.UseRequests, 4)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if r.Flush(gone) == nil {
		t.Fatal("told a database that is gone")
	}
	if n := passes(r.Counter, r.by, tepin.UseRequests, 10); n != 6 {
		t.Errorf("%d more pass", n)
	}
	for range 2 {
		r.flush(r.Counter)
		if list, err := r.store.Uses(t.Context(), time.Time{}); err != nil || len(list) != 2 || list[0].Used != 10 || list[1].Used != 10 {
			t.Errorf("%v, %v", list, err)
		}
	}
	// A node that starts knows it.
	if n := passes(r.node(r.store, r.access), r.by, tepin.UseRequests, 10); n != 0 {
		t.Errorf("%d pass on a node that has just started", n)
	}
}

// Two hours either way do no harm that lasts.
func TestClockJumps(t *testing.T) {
	for _, jump := range []time.Duration{2 * time.Hour, -2 * time.Hour, 2 * day, -2 * day} {
		r := newRig(t, "")
		r.limit(r.by, enforce(tepin.Allowance{PerHour: 3}))
		passes(r.Counter, r.by, tepin.UseRequests, 3)
		r.flush(r.Counter)
		for _, d := range []time.Duration{jump, -jump, time.Hour, time.Hour} {
			r.clock.Advance(d)
			r.must(r.access.Refresh(t.Context()))
			if n := passes(r.Counter, r.by, tepin.UseRequests, 10); n > 3 {
				t.Errorf("jump of %s: %d pass", jump, n)
			}
			r.flush(r.Counter)
		}
		r.clock.Advance(time.Hour)
		if n := passes(r.Counter, r.by, tepin.UseRequests, 10); n != 3 {
			t.Errorf("jump of %s: %d pass when it is over, want 3", jump, n)
		}
	}
}

// What an administrator changes counts with the directory's next look, and a quota that
// goes is not counted any more.
func TestLimitsChange(t *testing.T) {
	r := newRig(t, "")
	r.limit(r.by, enforce(tepin.Allowance{PerHour: 3}))
	passes(r.Counter, r.by, tepin.UseRequests, 10)
	r.limit(r.by, enforce(tepin.Allowance{PerHour: 5}))
	if n := passes(r.Counter, r.by, tepin.UseRequests, 10); n != 2 {
		t.Errorf("raised by 2, %d more pass", n)
	}
	r.limit(r.by, tepin.Quota{})
	if n := passes(r.Counter, r.by, tepin.UseRequests, 10); n != 10 {
		t.Errorf("without a quota %d of 10 pass", n)
	}
	r.flush(r.Counter) // passed over: there is no quota
	if list, err := r.store.Uses(t.Context(), time.Time{}); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	r.limit(r.by, enforce(tepin.Allowance{PerHour: 1}))
	if n := passes(r.Counter, r.by, tepin.UseRequests, 10); n != 1 {
		t.Errorf("with a new quota of 1, %d pass", n)
	}
}

// However many ask at once, and however often it is told meanwhile, as many pass as are
// allowed.
func TestConcurrent(t *testing.T) {
	r := newRig(t, "")
	other := r.integration("other")
	r.limitAll(enforce(tepin.Allowance{PerHour: 700}))
	r.limit(r.by, enforce(tepin.Allowance{PerHour: 500}))
	var passed atomic.Int64
	var users, teller sync.WaitGroup
	done := make(chan struct{})
	teller.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				if err := r.Flush(context.Background()); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for i := range 8 {
		users.Go(func() { passed.Add(int64(passes(r.Counter, []tepin.Actor{r.by, other}[i%2], tepin.UseRequests, 250))) })
	}
	users.Wait()
	close(done)
	teller.Wait()
	r.flush(r.Counter)
	if used := r.used(r.node(r.store, r.access), "", tepin.UseRequests, time.Hour); passed.Load() != 700 || used != 700 {
		t.Errorf("%d passed, %d are counted; want 700", passed.Load(), used)
	}
}

// Two nodes over one PostgreSQL: each knows what the other has counted as soon as both
// have told, and goes beyond the quota by no more than what it did not know.
func TestTwoNodesOverPostgres(t *testing.T) {
	url := storetest.Postgres(t)
	r := newRig(t, url)
	r.limit(r.by, enforce(tepin.Allowance{PerHour: 100}))
	second := storetest.Open(t, store.Options{URL: url, Now: r.clock.Now})
	directory := accesstest.Bare(t, second, r.clock.Now)
	other := r.node(second, directory)

	if n := passes(r.Counter, r.by, tepin.UseRequests, 60) + passes(other, r.by, tepin.UseRequests, 30); n != 90 {
		t.Fatalf("%d of 90 passed", n)
	}
	r.flush(r.Counter)
	r.flush(other)
	if n := passes(other, r.by, tepin.UseRequests, 100); n != 10 {
		t.Errorf("the node that told last lets %d through, want the 10 that are left", n)
	}
	r.flush(other)
	// This one knows of 60 and lets 40 through: what the other has used since it told.
	if n := passes(r.Counter, r.by, tepin.UseRequests, 100); n != 40 {
		t.Errorf("the node that told first lets %d through, want 40", n)
	}
	r.flush(r.Counter)
	for name, c := range map[string]*quota.Counter{"first": r.Counter, "second": other} {
		if n := passes(c, r.by, tepin.UseRequests, 100); n != 0 {
			t.Errorf("the %s node lets %d through when both know", name, n)
		}
		if used := r.used(c, r.by.ID, tepin.UseRequests, time.Hour); used != 140 {
			t.Errorf("the %s node says that %d are used", name, used)
		}
	}

	// At the turn of the hour the clock of one is behind.
	r.clock.Advance(time.Hour)
	passes(r.Counter, r.by, tepin.UseRequests, 7)
	r.flush(r.Counter)
	r.clock.Advance(-time.Second)
	r.limit(r.by, enforce(tepin.Allowance{PerHour: 1000}))
	r.must(directory.Refresh(t.Context()))
	passes(other, r.by, tepin.UseRequests, 5)
	r.flush(other)
	r.clock.Advance(time.Second)
	if used := r.used(other, r.by.ID, tepin.UseRequests, time.Hour); used != 12 {
		t.Errorf("%d are counted for the new hour, want 7 and the 5 that came late", used)
	}
}

// Run tells by itself, and once more at its end.
func TestRun(t *testing.T) {
	r := newRig(t, "")
	r.limit(r.by, enforce(tepin.Allowance{PerHour: 100}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	counted := func() int64 {
		list, err := r.store.Uses(context.Background(), time.Time{})
		r.must(err)
		if len(list) == 0 {
			return 0
		}
		return list[0].Used
	}
	passes(r.Counter, r.by, tepin.UseRequests, 3)
	for deadline := time.Now().Add(10 * time.Second); counted() != 3; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not told within ten seconds")
		}
	}
	passes(r.Counter, r.by, tepin.UseRequests, 4)
	cancel()
	r.must(<-done)
	if counted() != 7 {
		t.Errorf("%d are counted at the end, want 7", counted())
	}
}

func BenchmarkTake(b *testing.B) {
	for name, q := range map[string]tepin.Quota{"none": {}, "observe": {Mode: tepin.QuotaObserve, Tokens: tepin.Allowance{PerDay: 1}}} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, "")
			r.limit(r.by, q)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Take(r.by, tepin.UseTokens); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
