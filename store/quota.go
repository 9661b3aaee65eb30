package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tepin/tepin"
)

// QuotaUse is a number of uses that count for one allowance in one period: of an
// integration, or, without its id, of an environment's integrations together.
type QuotaUse struct {
	EnvironmentID tepin.EnvironmentID
	IntegrationID tepin.IntegrationID
	Use           tepin.Use
	Period        time.Duration
	Start         time.Time
	Used          int64
}

// compare orders uses as all transactions lock their rows.
func (v QuotaUse) compare(w QuotaUse) int {
	return cmp.Or(cmp.Compare(v.EnvironmentID, w.EnvironmentID), cmp.Compare(v.IntegrationID, w.IntegrationID),
		cmp.Compare(v.Use, w.Use), cmp.Compare(v.Period, w.Period))
}

const quotaColumns = `environment_id, integration_id, use, period, began, used`

func scanQuotaUse(r row) (v QuotaUse, err error) {
	return v, r.Scan(&v.EnvironmentID, &v.IntegrationID, &v.Use, lasting(&v.Period), at(&v.Start), &v.Used)
}

// AddUses counts what was used since the last time, and returns each with its period's
// total over all nodes, in an order of its own. An allowance that reaches a threshold
// is warned of in the environment's audit log, once in a period. Uses of what is gone
// or has no quota any more are passed over and missing in what it returns.
//
// There is one row for each allowance, which the next period takes over. Uses that come
// after another node began the next period count for that one. A row that is further
// ahead was written by a clock that was wrong, and is begun anew.
func (s *Store) AddUses(ctx context.Context, uses []QuotaUse) (totals []QuotaUse, err error) {
	uses = slices.SortedFunc(slices.Values(uses), QuotaUse.compare)
	err = s.write(ctx, func(t *tx) error {
		t.quiet, totals = true, make([]QuotaUse, 0, len(uses))
		var quota tepin.Quota
		for i, v := range uses {
			if i == 0 || v.EnvironmentID != uses[i-1].EnvironmentID || v.IntegrationID != uses[i-1].IntegrationID {
				if quota, err = quotaOf(ctx, t, v.EnvironmentID, v.IntegrationID); err != nil {
					return err
				}
			}
			if quota.Mode == tepin.QuotaOff {
				continue
			}
			standing, err := t.addUse(ctx, quota, v)
			if err != nil {
				return err
			}
			v.Start, v.Used = standing.Start, standing.Used
			totals = append(totals, v)
		}
		return nil
	})
	return totals, err
}

// quotaOf returns the quota of an integration, or of the environment; none for what is
// gone.
func quotaOf(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.IntegrationID) (tepin.Quota, error) {
	query, args := `SELECT quota FROM environment WHERE id = $1 AND deleted_at = 0`, []any{env}
	if id != "" {
		query, args = `SELECT quota FROM integration WHERE environment_id = $1 AND id = $2 AND deleted_at = 0`, []any{env, id}
	}
	quota, err := get(ctx, q, "quota", func(r row) (v tepin.Quota, err error) { return v, r.Scan(quotaIn(&v)) }, query, args...)
	if tepin.KindOf(err) == tepin.NotFound {
		return tepin.Quota{}, nil
	}
	return quota, err
}

// addUse counts v, warns of thresholds that it reaches, and returns how the allowance
// stands.
func (t *tx) addUse(ctx context.Context, quota tepin.Quota, v QuotaUse) (tepin.Standing, error) {
	const same = `quota_count.began >= excluded.began AND quota_count.began <= excluded.began + excluded.period`
	s, warned := standingOf(quota, v), 0
	err := t.QueryRowContext(ctx, `INSERT INTO quota_count (`+quotaColumns+`, warned) VALUES ($1, $2, $3, $4, $5, $6, 0)
		ON CONFLICT (environment_id, integration_id, use, period) DO UPDATE SET
		began = CASE WHEN `+same+` THEN quota_count.began ELSE excluded.began END,
		used = CASE WHEN `+same+` THEN quota_count.used ELSE 0 END + excluded.used,
		warned = CASE WHEN `+same+` THEN quota_count.warned ELSE 0 END
		RETURNING began, used, warned`,
		v.EnvironmentID, v.IntegrationID, v.Use, v.Period.Microseconds(), micros(v.Start), v.Used).Scan(at(&s.Start), &s.Used, &warned)
	if err != nil || s.Warning() == warned {
		return s, err
	}
	for _, percent := range tepin.QuotaThresholds {
		if percent > warned && percent <= s.Warning() {
			t.record(string(v.EnvironmentID), tepin.System, "quota.warn", cmp.Or(string(v.IntegrationID), string(v.EnvironmentID)), map[string]any{
				"percent": percent, "use": string(v.Use), "period": s.PeriodName(), "start": s.Start.Format(time.RFC3339),
				"used": s.Used, "limit": s.Limit, "mode": string(quota.Mode)})
		}
	}
	_, err = t.exec(ctx, `UPDATE quota_count SET warned = $5 WHERE environment_id = $1 AND integration_id = $2 AND use = $3 AND period = $4`,
		v.EnvironmentID, v.IntegrationID, v.Use, v.Period.Microseconds(), s.Warning())
	return s, err
}

func standingOf(q tepin.Quota, v QuotaUse) tepin.Standing {
	return tepin.Standing{IntegrationID: v.IntegrationID, Use: v.Use, Period: v.Period, Start: v.Start, Used: v.Used,
		Limit: q.Of(v.Use).In(v.Period), Enforced: q.Mode == tepin.QuotaEnforce}
}

// useQuotas counts one use by the actor, if it is an integration, for its own quota and
// its environment's, and returns how they stand. TooMany when one is exhausted: then
// the transaction is to be given up.
func (t *tx) useQuotas(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, use tepin.Use) ([]tepin.Standing, error) {
	var list, before []tepin.Standing
	for _, id := range quotaSubjects(by) {
		quota, err := quotaOf(ctx, t, env, id)
		if err != nil {
			return nil, err
		}
		if quota.Mode == tepin.QuotaOff {
			continue
		}
		for _, period := range tepin.QuotaPeriods {
			s, err := t.addUse(ctx, quota, QuotaUse{env, id, use, period, tepin.PeriodStart(t.now, period), 1})
			if err != nil {
				return nil, err
			}
			list = append(list, s)
			s.Used--
			before = append(before, s)
		}
	}
	return list, tepin.CheckQuotas(before, t.now)
}

// quotaSubjects are whose quotas a use by the actor counts for, in the order of
// [QuotaUse.compare]: people's and the server's own counts for none.
func quotaSubjects(by tepin.Actor) []tepin.IntegrationID {
	if by.Kind != tepin.ActorIntegration {
		return nil
	}
	return []tepin.IntegrationID{"", tepin.IntegrationID(by.ID)}
}

// CheckRenders refuses an output, before it is worked out, that the quota of the actor
// or of the environment would refuse.
func (s *Store) CheckRenders(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID) error {
	for _, id := range quotaSubjects(by) {
		quota, err := quotaOf(ctx, s.reader, env, id)
		if err != nil {
			return s.dialect.fail(err)
		}
		if quota.Mode != tepin.QuotaEnforce {
			continue
		}
		list, err := s.standings(ctx, quota, env, id)
		if err != nil {
			return s.dialect.fail(err)
		}
		list = slices.DeleteFunc(list, func(v tepin.Standing) bool { return v.Use != tepin.UseRenders })
		if err := tepin.CheckQuotas(list, s.now()); err != nil {
			return err
		}
	}
	return nil
}

// Standings returns how all allowances of an integration's quota stand, or, without
// its id, of the environment's. What other nodes have counted in the last second may
// be missing.
func (s *Store) Standings(ctx context.Context, env tepin.EnvironmentID, id tepin.IntegrationID) (tepin.Quota, []tepin.Standing, error) {
	var quota tepin.Quota
	if id == "" {
		e, err := s.Environment(ctx, env)
		if err != nil {
			return quota, nil, err
		}
		quota = e.Quota
	} else {
		i, err := s.Integration(ctx, env, id)
		if err != nil {
			return quota, nil, err
		}
		quota = i.Quota
	}
	list, err := s.standings(ctx, quota, env, id)
	return quota, list, s.dialect.fail(err)
}

func (s *Store) standings(ctx context.Context, quota tepin.Quota, env tepin.EnvironmentID, id tepin.IntegrationID) ([]tepin.Standing, error) {
	rows, err := all(ctx, s.reader, scanQuotaUse, `SELECT `+quotaColumns+` FROM quota_count WHERE environment_id = $1 AND integration_id = $2`, env, id)
	if err != nil {
		return nil, err
	}
	var list []tepin.Standing
	for _, use := range tepin.Uses {
		for _, period := range tepin.QuotaPeriods {
			v := QuotaUse{env, id, use, period, tepin.PeriodStart(s.now(), period), 0}
			for _, r := range rows {
				if r.compare(v) == 0 && !r.Start.Before(v.Start) && !r.Start.After(v.Start.Add(period)) {
					v = r
				}
			}
			list = append(list, standingOf(quota, v))
		}
	}
	return list, nil
}

// Uses returns what has been counted in all periods that began after the given time.
func (s *Store) Uses(ctx context.Context, since time.Time) ([]QuotaUse, error) {
	list, err := all(ctx, s.reader, scanQuotaUse, `SELECT `+quotaColumns+` FROM quota_count WHERE began > $1`, micros(since))
	return list, s.dialect.fail(err)
}

// DeleteUses removes counts of periods that began before the given time: of quotas that
// are not used any more.
func (s *Store) DeleteUses(ctx context.Context, before time.Time) error {
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		_, err := t.exec(ctx, `DELETE FROM quota_count WHERE began < $1`, micros(before))
		return err
	})
}
