package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// The actions under which events of the browser guard stand in the audit log.
const (
	ActionGuardReport = "guard.report" // it saw a token in a foreign page
	ActionGuardBlock  = "guard.block"  // and refused it
)

// guardLines is how many lines of the log are looked at, the newest.
const guardLines = 10_000

// guardActions is the condition of the index, which must stand in the query as it does there.
const guardActions = `action IN ('` + ActionGuardBlock + `', '` + ActionGuardReport + `')`

const guardQuery = `SELECT e.action, i.id, i.name, e.at, e.detail FROM audit_entry e JOIN integration i ON i.id = e.target AND i.environment_id = e.chain
	WHERE e.chain = $1 AND e.` + guardActions + ` AND e.at >= $2 AND i.deleted_at = 0 ORDER BY e.at DESC LIMIT $3`

// guardLine is one line of the log about the browser guard.
type guardLine struct {
	action string
	id     tepin.IntegrationID
	name   string
	at     time.Time
	detail string
}

// GuardFindings returns what the browser guard has seen since then of the integrations
// that an environment has, by integration and page, the latest first. The log is a few
// seconds behind, and counts what goes on by the hour.
func (s *Store) GuardFindings(ctx context.Context, env tepin.EnvironmentID, since time.Time) ([]tepin.GuardFinding, error) {
	lines, err := all(ctx, s.reader, func(r row) (l guardLine, err error) {
		return l, r.Scan(&l.action, &l.id, &l.name, at(&l.at), &l.detail)
	}, guardQuery, env, micros(since), guardLines)
	if err != nil {
		return nil, s.dialect.fail(err)
	}
	return findings(lines)
}

// findings sums up lines of the log.
func findings(lines []guardLine) ([]tepin.GuardFinding, error) {
	type page struct {
		id     tepin.IntegrationID
		origin string
	}
	sums := map[page]*tepin.GuardFinding{}
	for _, l := range lines {
		var detail struct {
			Origin string    `json:"origin"`
			Count  int64     `json:"count"`
			Until  time.Time `json:"until"`
		}
		if err := json.Unmarshal([]byte(l.detail), &detail); err != nil {
			return nil, fmt.Errorf("store: detail of an audit line: %w", err)
		}
		p := page{l.id, detail.Origin}
		f := sums[p]
		if f == nil {
			f = &tepin.GuardFinding{IntegrationID: l.id, Name: l.name, Origin: detail.Origin}
			sums[p] = f
		}
		count := max(detail.Count, 1)
		if l.action == ActionGuardBlock {
			f.Blocked += count
		} else {
			f.Reported += count
		}
		for _, t := range []time.Time{l.at, detail.Until} {
			if t.After(f.LastAt) {
				f.LastAt = t.UTC()
			}
		}
	}
	list := make([]tepin.GuardFinding, 0, len(sums))
	for _, f := range sums {
		list = append(list, *f)
	}
	slices.SortFunc(list, func(a, b tepin.GuardFinding) int {
		return cmp.Or(b.LastAt.Compare(a.LastAt), strings.Compare(a.Name, b.Name), strings.Compare(a.Origin, b.Origin))
	})
	return list, nil
}
