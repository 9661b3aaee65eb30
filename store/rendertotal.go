package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

// RenderTotal is what an environment has rendered, ever.
type RenderTotal struct {
	EnvironmentID tepin.EnvironmentID
	Renders       int64
	Watermarked   int64
}

// RenderTotals returns what the environments of a subscription have rendered, those too
// that are deleted.
func (s *Store) RenderTotals(ctx context.Context, sub tepin.SubscriptionID) ([]RenderTotal, error) {
	list, err := all(ctx, s.reader, func(r row) (v RenderTotal, err error) { return v, r.Scan(&v.EnvironmentID, &v.Renders, &v.Watermarked) },
		`SELECT environment_id, CAST(sum(renders) AS BIGINT), CAST(sum(watermarked) AS BIGINT) FROM render_count
		WHERE environment_id IN (SELECT id FROM environment WHERE subscription_id = $1) GROUP BY environment_id`, sub)
	return list, s.dialect.fail(err)
}

// SubscriptionRenders is [Store.RenderCounts] of all environments of a subscription, those
// too that are deleted.
func (s *Store) SubscriptionRenders(ctx context.Context, sub tepin.SubscriptionID, from, to time.Time) ([]tepin.RenderCount, error) {
	list, err := all(ctx, s.reader, scanRenders, `SELECT `+renderColumns+` FROM render_count
		WHERE environment_id IN (SELECT id FROM environment WHERE subscription_id = $1) AND day >= $2 AND day < $3 ORDER BY day, environment_id, format`,
		sub, micros(from), micros(to))
	return list, s.dialect.fail(err)
}

const renderColumns = `environment_id, day, format, renders, watermarked`

func scanRenders(r row) (c tepin.RenderCount, err error) {
	return c, r.Scan(&c.EnvironmentID, at(&c.Day), &c.Format, &c.Renders, &c.Watermarked)
}
