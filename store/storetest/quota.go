package storetest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

const day = 24 * time.Hour

// limited adds an integration with a quota.
func (w *world) limited(name string, q tepin.Quota) tepin.Integration {
	w.Helper()
	i, _ := w.integration(w.env, name)
	i, err := w.UpdateIntegration(w.ctx, w.admin, w.env, i.ID, tepin.IntegrationUpdate{Quota: &q})
	w.must(err)
	return i
}

// uses counts n requests in the present hour or day, and returns the total.
func (w *world) uses(id tepin.IntegrationID, period time.Duration, n int64) int64 {
	w.Helper()
	list, err := w.AddUses(w.ctx, []store.QuotaUse{{EnvironmentID: w.env, IntegrationID: id, Use: tepin.UseRequests,
		Period: period, Start: tepin.PeriodStart(w.clock.Now(), period), Used: n}})
	w.must(err)
	if len(list) == 0 {
		return -1
	}
	return list[0].Used
}

// standing returns how one allowance stands, from the database.
func (w *world) standing(id tepin.IntegrationID, use tepin.Use, period time.Duration) tepin.Standing {
	w.Helper()
	_, list, err := w.Standings(w.ctx, w.env, id)
	w.must(err)
	equal(w, len(list), len(tepin.Uses)*len(tepin.QuotaPeriods))
	for _, s := range list {
		if s.Use == use && s.Period == period {
			return s
		}
	}
	w.Fatalf("no standing of %s", use)
	return tepin.Standing{}
}

// warnings are the audit lines about quotas, from the first on.
func (w *world) warnings() (lines []string) {
	w.Helper()
	entries, err := w.AuditEntries(w.ctx, string(w.env), 0, 1000)
	w.must(err)
	for _, e := range entries {
		if e.Action == "quota.warn" {
			lines = append(lines, e.Target+" "+e.Detail)
		}
	}
	return lines
}

func quotas(w *world) {
	w.is(tepin.Invalid, func() error {
		_, err := w.UpdateEnvironment(w.ctx, w.admin, w.env, tepin.EnvironmentUpdate{Quota: &tepin.Quota{Mode: "always"}})
		return err
	}())
	free, _ := w.integration(w.env, "free")
	w.is(tepin.Invalid, func() error {
		_, err := w.UpdateIntegration(w.ctx, w.admin, w.env, free.ID, tepin.IntegrationUpdate{Quota: &tepin.Quota{Mode: tepin.QuotaObserve, Tokens: tepin.Allowance{PerDay: -1}}})
		return err
	}())
	equal(w, w.uses(free.ID, time.Hour, 5), -1) // no quota, nothing counted
	equal(w, w.uses("absent", time.Hour, 5), -1)
	equal(w, len(w.allUses()), 0)

	q := tepin.Quota{Mode: tepin.QuotaObserve, Requests: tepin.Allowance{PerHour: 10, PerDay: 1000}}
	i := w.limited("limited", q)
	again, err := w.Integration(w.ctx, w.env, i.ID)
	w.must(err)
	equal(w, again.Quota, q)
	equal(w, w.uses(i.ID, time.Hour, 5), 5)
	equal(w, len(w.warnings()), 0)
	equal(w, w.uses(i.ID, time.Hour, 1), 6)
	equal(w, w.uses(i.ID, time.Hour, 1), 7) // 60 %, once
	equal(w, len(w.warnings()), 1)
	equal(w, w.uses(i.ID, time.Hour, 5), 12) // 80 and 100 % at once
	equal(w, w.uses(i.ID, time.Hour, 1), 13)
	equal(w, w.uses(i.ID, day, 13), 13)
	lines := w.warnings()
	equal(w, len(lines), 3)
	for n, want := range []string{`"percent":60`, `"percent":80`, `"percent":100`} {
		for _, part := range []string{want, string(i.ID), `"use":"requests"`, `"period":"hour"`, `"limit":10`, `"mode":"observe"`, `"start":"2026-03-04T05:00:00Z"`} {
			if !strings.Contains(lines[n], part) {
				w.Errorf("warning %d is %s, want %s in it", n, lines[n], part)
			}
		}
	}
	s := w.standing(i.ID, tepin.UseRequests, time.Hour)
	equal(w, fmt.Sprint(s.Used, s.Limit, s.Left(), s.Warning(), s.Exhausted(), s.End()), fmt.Sprint(13, 10, 0, 100, false, time.Date(2026, 3, 4, 6, 0, 0, 0, time.UTC)))
	equal(w, w.standing(i.ID, tepin.UseRequests, day).Used, 13)
	equal(w, w.standing(i.ID, tepin.UseTokens, day).Used, 0)
	equal(w, w.standing("", tepin.UseRequests, time.Hour).Used, 0)
	_, _, err = w.Standings(w.ctx, w.other, i.ID)
	w.is(tepin.NotFound, err)

	// A quota that is raised warns again on its way.
	q.Requests.PerHour = 20
	_, err = w.UpdateIntegration(w.ctx, w.admin, w.env, i.ID, tepin.IntegrationUpdate{Quota: &q})
	w.must(err)
	equal(w, w.uses(i.ID, time.Hour, 1), 14)
	equal(w, len(w.warnings()), 3)
	equal(w, w.uses(i.ID, time.Hour, 2), 16)
	equal(w, len(w.warnings()), 4)

	// One that is switched off is not counted any more, and an integration that is gone neither.
	_, err = w.UpdateIntegration(w.ctx, w.admin, w.env, i.ID, tepin.IntegrationUpdate{Quota: &tepin.Quota{}})
	w.must(err)
	equal(w, w.uses(i.ID, time.Hour, 1), -1)
	other := w.limited("other", q)
	w.must(w.DeleteIntegration(w.ctx, w.admin, w.env, other.ID))
	equal(w, w.uses(other.ID, time.Hour, 1), -1)
}

// There is one row for each allowance, however many periods pass, and clocks that differ
// or jump lose nothing that matters.
func quotaPeriods(w *world) {
	i := w.limited("limited", tepin.Quota{Mode: tepin.QuotaEnforce, Requests: tepin.Allowance{PerHour: 5}})
	equal(w, w.uses(i.ID, time.Hour, 5), 5)
	w.clock.Advance(time.Hour)
	equal(w, w.standing(i.ID, tepin.UseRequests, time.Hour).Used, 0)
	equal(w, w.uses(i.ID, time.Hour, 2), 2)
	w.clock.Advance(-time.Minute * 30) // 05:36: another node's clock is behind, or its uses come late
	equal(w, w.uses(i.ID, time.Hour, 1), 3)
	equal(w, w.standing(i.ID, tepin.UseRequests, time.Hour).Used, 3)
	w.clock.Advance(2 * day)
	equal(w, w.uses(i.ID, time.Hour, 4), 4)
	w.clock.Advance(-2 * day) // that clock was wrong
	equal(w, w.standing(i.ID, tepin.UseRequests, time.Hour).Used, 0)
	equal(w, w.uses(i.ID, time.Hour, 1), 1)
	for range 50 {
		w.clock.Advance(time.Hour)
		equal(w, w.uses(i.ID, time.Hour, 3), 3)
	}
	equal(w, len(w.warnings()), 3+1+2+50) // the first, the late one, the one ahead, and 60 % each hour
	equal(w, len(w.allUses()), 1)
	list, err := w.Uses(w.ctx, w.clock.Now())
	w.must(err)
	equal(w, len(list), 0)
	w.must(w.DeleteUses(w.ctx, w.allUses()[0].Start))
	equal(w, len(w.allUses()), 1)
	w.must(w.DeleteUses(w.ctx, w.clock.Now()))
	equal(w, len(w.allUses()), 0)
}

func (w *world) allUses() []store.QuotaUse {
	w.Helper()
	list, err := w.Uses(w.ctx, time.Time{})
	w.must(err)
	return list
}

// Outputs are counted with their tasks, exactly, and one that is refused costs nothing.
func quotaOfRenders(w *world) {
	i := w.limited("limited", tepin.Quota{Mode: tepin.QuotaEnforce, Renders: tepin.Allowance{PerHour: 3, PerDay: 5}})
	by := tepin.Actor{Kind: tepin.ActorIntegration, ID: string(i.ID), Name: i.Name}
	for n := range 3 {
		w.must(w.CheckRenders(w.ctx, by, w.env))
		v := w.task(by, "a")
		equal(w, len(v.Quotas), 2)
		equal(w, v.Quotas[0].Left(), int64(2-n))
		equal(w, v.Quotas[1].Left(), int64(4-n))
	}
	refused := func(by tepin.Actor, says string, wait time.Duration) {
		w.Helper()
		ref := w.blob(w.env)
		_, err := w.CreateTask(w.ctx, by, tepin.Task{EnvironmentID: w.env, Format: tepin.PDF, Name: "b", Source: "template", Request: ref})
		for _, err := range []error{err, w.CheckRenders(w.ctx, by, w.env)} {
			w.is(tepin.TooMany, err)
			if e := err.(*tepin.Error); !strings.Contains(e.Message, says) || e.RetryAfter != wait {
				w.Errorf("%v after %s, want %q after %s", err, e.RetryAfter, says, wait)
			}
		}
	}
	refused(by, "the integration has used the 3 outputs that its quota allows this hour; go on at 2026-03-04T06:00:00Z", 53*time.Minute+53*time.Second)
	equal(w, w.standing(i.ID, tepin.UseRenders, time.Hour).Used, 3)
	equal(w, w.standing(i.ID, tepin.UseRenders, day).Used, 3)
	page, err := w.Tasks(w.ctx, w.env, by, tepin.List{})
	w.must(err)
	equal(w, len(page.Items), 3)
	w.task(w.alice, "another's")
	w.task(w.admin, "a person's")

	w.clock.Advance(time.Hour)
	w.task(by, "c")
	w.task(by, "d")
	refused(by, "the 5 outputs that its quota allows this day", 17*time.Hour+53*time.Minute+53*time.Second)
	equal(w, w.standing(i.ID, tepin.UseRenders, time.Hour).Used, 2)

	// The environment's quota counts for all of its integrations together.
	w.clock.Advance(day)
	w.task(by, "e")
	_, err = w.UpdateEnvironment(w.ctx, w.admin, w.env, tepin.EnvironmentUpdate{Quota: &tepin.Quota{Mode: tepin.QuotaEnforce, Renders: tepin.Allowance{PerDay: 2}}})
	w.must(err)
	second := w.limited("second", tepin.Quota{})
	w.task(by, "f")
	w.task(tepin.Actor{Kind: tepin.ActorIntegration, ID: string(second.ID)}, "g")
	refused(tepin.Actor{Kind: tepin.ActorIntegration, ID: string(second.ID)}, "the environment has used the 2 outputs", 17*time.Hour+53*time.Minute+53*time.Second)
	refused(by, "the environment has used", 17*time.Hour+53*time.Minute+53*time.Second)
	w.task(w.admin, "a person's")
	equal(w, w.standing(i.ID, tepin.UseRenders, day).Used, 2)
	equal(w, w.standing("", tepin.UseRenders, day).Used, 2)

	// Observed, nothing is refused.
	_, err = w.UpdateEnvironment(w.ctx, w.admin, w.env, tepin.EnvironmentUpdate{Quota: &tepin.Quota{Mode: tepin.QuotaObserve, Renders: tepin.Allowance{PerDay: 2}}})
	w.must(err)
	w.task(by, "h")
	equal(w, w.standing("", tepin.UseRenders, day).Used, 3)
}

// However many ask at once, as many are let through as the quota allows; and the counts
// of the other uses, which come in batches, do not stand in the way.
func quotaConcurrent(w *world) {
	i := w.limited("limited", tepin.Quota{Mode: tepin.QuotaEnforce, Renders: tepin.Allowance{PerDay: 10}})
	_, err := w.UpdateEnvironment(w.ctx, w.admin, w.env, tepin.EnvironmentUpdate{Quota: &tepin.Quota{Mode: tepin.QuotaObserve, Requests: tepin.Allowance{PerHour: 5}}})
	w.must(err)
	by := tepin.Actor{Kind: tepin.ActorIntegration, ID: string(i.ID), Name: i.Name}
	var made atomic.Int64
	together(8, func(n int) {
		for range 4 {
			_, err := w.CreateTask(w.ctx, by, tepin.Task{EnvironmentID: w.env, Format: tepin.PDF, Name: "n", Source: "document", Request: w.blob(w.env)})
			switch tepin.KindOf(err) {
			case tepin.TooMany:
			default:
				if err != nil {
					w.Error(err)
				}
				made.Add(1)
			}
			var uses []store.QuotaUse
			for _, id := range []tepin.IntegrationID{i.ID, ""} {
				for _, use := range tepin.Uses[:2] {
					uses = append(uses, store.QuotaUse{EnvironmentID: w.env, IntegrationID: id, Use: use, Period: time.Hour, Start: tepin.PeriodStart(w.clock.Now(), time.Hour), Used: 1})
				}
			}
			if _, err := w.AddUses(w.ctx, uses); err != nil {
				w.Error(err)
			}
		}
	})
	equal(w, made.Load(), 10)
	equal(w, w.standing(i.ID, tepin.UseRenders, day).Used, 10)
	equal(w, w.standing("", tepin.UseRequests, time.Hour).Used, 32)
	equal(w, w.standing(i.ID, tepin.UseTokens, time.Hour).Used, 32)
	equal(w, len(w.warnings()), 6)
}
