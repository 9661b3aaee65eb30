package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

// countRender adds the outcome of one task to its environment's day. A watermarked
// task counts as one watermarked output and no render. A format stands for the kind, and
// [tepin.Batch] for output of several records.
func (t *tx) countRender(ctx context.Context, env tepin.EnvironmentID, f tepin.Format, renders int64, watermarked bool) error {
	var marked int64
	if watermarked {
		marked = 1
	}
	if renders == 0 && marked == 0 {
		return nil
	}
	_, err := t.exec(ctx, `INSERT INTO render_count (environment_id, day, format, renders, watermarked) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (environment_id, day, format) DO UPDATE SET
		renders = render_count.renders + excluded.renders, watermarked = render_count.watermarked + excluded.watermarked`,
		env, micros(t.now.Truncate(24*time.Hour)), f, renders, marked)
	return err
}

// RenderCounts returns what an environment has rendered, by day and format, on the
// days that begin at or after from and before to.
func (s *Store) RenderCounts(ctx context.Context, env tepin.EnvironmentID, from, to time.Time) ([]tepin.RenderCount, error) {
	list, err := all(ctx, s.reader, scanRenders, `SELECT `+renderColumns+` FROM render_count
		WHERE environment_id = $1 AND day >= $2 AND day < $3 ORDER BY day, format`, env, micros(from), micros(to))
	return list, s.dialect.fail(err)
}
