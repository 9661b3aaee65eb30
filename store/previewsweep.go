package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

// previewsAtOnce is how many previews one transaction of a sweep takes.
const previewsAtOnce = 500

// TouchPreviews notes that somebody looked at the previews.
func (s *Store) TouchPreviews(ctx context.Context, ids []tepin.PreviewID) error {
	for len(ids) > 0 {
		some := ids[:min(len(ids), previewsAtOnce)]
		ids = ids[len(some):]
		err := s.write(ctx, func(t *tx) error {
			t.quiet = true
			for _, id := range some {
				if _, err := t.exec(ctx, `UPDATE preview SET used_at = $2 WHERE id = $1 AND used_at < $2`, id, micros(t.now)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// PreviewLife says which previews a sweep removes.
type PreviewLife struct {
	Unused     time.Time // those that nobody has looked at since
	Failed     time.Time // failures from before it
	Superseded time.Time // those from before it that a newer one took the place of, or whose subject is gone
	Most       int64     // bytes that an environment's previews may take; beyond it those used least lately go
}

// SweepPreviews removes previews whose life is over and gives their bytes to the sweep.
// It returns how many.
func (s *Store) SweepPreviews(ctx context.Context, l PreviewLife) (int, error) {
	total := 0
	for _, c := range []struct {
		where  string
		before time.Time
	}{
		{`used_at < $1`, l.Unused},
		{`state = 'failed' AND created_at < $1`, l.Failed},
		{`kind IN ('media', 'template', 'project') AND state <> 'pending' AND created_at < $1 AND EXISTS (SELECT 1 FROM preview n
			WHERE n.subject_id = p.subject_id AND n.kind = p.kind AND n.slot = p.slot AND n.state <> 'pending' AND n.created_at > p.created_at)`, l.Superseded},
		{`kind = 'media' AND created_at < $1 AND NOT EXISTS (SELECT 1 FROM media x WHERE x.id = p.subject_id)`, l.Superseded},
		{`kind = 'font' AND created_at < $1 AND NOT EXISTS (SELECT 1 FROM font_style x WHERE x.id = p.subject_id)`, l.Superseded},
		{`kind = 'template' AND created_at < $1 AND NOT EXISTS (SELECT 1 FROM template x WHERE x.id = p.subject_id)`, l.Superseded},
		{`kind = 'project' AND created_at < $1 AND NOT EXISTS (SELECT 1 FROM project x WHERE x.id = p.subject_id)`, l.Superseded},
	} {
		n, err := s.dropPreviews(ctx, `FROM preview p WHERE `+c.where, micros(c.before))
		if total += n; err != nil {
			return total, err
		}
	}
	n, err := s.evictPreviews(ctx, l.Most)
	return total + n, err
}

// dropPreviews removes what the statement's end selects, a few at a time.
func (s *Store) dropPreviews(ctx context.Context, from string, args ...any) (int, error) {
	total := 0
	for {
		var list []tepin.Preview
		err := s.write(ctx, func(t *tx) (err error) {
			t.quiet = true
			list, err = all(ctx, t, scanPreview, `SELECT `+previewColumns+` `+from+` ORDER BY p.used_at LIMIT 500`+t.dialect.skipLocked, args...)
			for i := 0; i < len(list) && err == nil; i++ {
				err = t.dropPreview(ctx, list[i])
			}
			return err
		})
		if err != nil || len(list) == 0 {
			return total, err
		}
		if total += len(list); len(list) < previewsAtOnce {
			return total, nil
		}
	}
}

// evictPreviews brings each environment's previews below most bytes.
func (s *Store) evictPreviews(ctx context.Context, most int64) (int, error) {
	type use struct {
		env   tepin.EnvironmentID
		bytes int64
	}
	full, err := all(ctx, s.reader, func(r row) (u use, err error) { return u, r.Scan(&u.env, &u.bytes) },
		`SELECT environment_id, CAST(SUM(blob_size) AS BIGINT) FROM preview GROUP BY environment_id HAVING SUM(blob_size) > $1`, most)
	if err != nil {
		return 0, s.dialect.fail(err)
	}
	total := 0
	for _, u := range full {
		for over := u.bytes - most; over > 0; {
			var gone int
			var freed int64
			err := s.write(ctx, func(t *tx) error {
				t.quiet = true
				gone, freed = 0, 0 // the transaction may be a second try
				list, err := all(ctx, t, scanPreview, `SELECT `+previewColumns+` FROM preview WHERE environment_id = $1 AND blob_size > 0 ORDER BY used_at, id LIMIT 500`+t.dialect.skipLocked, u.env)
				for i := 0; i < len(list) && err == nil && freed < over; i++ {
					err = t.dropPreview(ctx, list[i])
					freed += list[i].Blob.Size
					gone++
				}
				return err
			})
			over -= freed
			if total += gone; err != nil || gone == 0 {
				return total, err
			}
		}
	}
	return total, nil
}
