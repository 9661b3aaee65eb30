package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// The states of a blob. It is reserved before its bytes are written, so that the
// sweep finds what a crash leaves; it lives from the transaction that writes its
// record to the one that removes it. What the sweep has marked, no record can claim
// any more.
const (
	blobPending = "pending"
	blobLive    = "live"
	blobDead    = "dead"
	blobSwept   = "swept"
)

// ReserveBlob notes that bytes will be written under the key.
func (s *Store) ReserveBlob(ctx context.Context, env tepin.EnvironmentID, key string) error {
	if !strings.HasPrefix(key, string(env)+"/") {
		return errors.New("store: the key of a blob begins with another environment")
	}
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		_, err := t.exec(ctx, `INSERT INTO blob (key, environment_id, state, changed_at) VALUES ($1, $2, $3, $4)`, key, env, blobPending, micros(t.now))
		return err
	})
}

// claimBlob makes a reserved blob that of a record, and has its bytes count as of the
// category. The row's lock decides between it and the sweep.
func (t *tx) claimBlob(ctx context.Context, env tepin.EnvironmentID, as tepin.StorageCategory, ref tepin.BlobRef) error {
	n, err := t.exec(ctx, `UPDATE blob SET state = $3, changed_at = $4, size = $6, category = $7 WHERE key = $1 AND environment_id = $2 AND state = $5`,
		ref.Key, env, blobLive, micros(t.now), blobPending, ref.Size, as)
	if err == nil && n == 0 {
		return tepin.Errorf(tepin.Conflict, "the uploaded bytes are gone; upload them again")
	}
	t.store(env, as, ref.Size)
	return err
}

// dropBlob gives a record's blob to the sweep.
func (t *tx) dropBlob(ctx context.Context, key string) error {
	if key == "" {
		return nil
	}
	var env tepin.EnvironmentID
	var as tepin.StorageCategory
	var size int64
	err := t.QueryRowContext(ctx, `UPDATE blob SET state = $2, changed_at = $3 WHERE key = $1 AND state = $4 RETURNING environment_id, category, size`,
		key, blobDead, micros(t.now), blobLive).Scan(&env, &as, &size)
	if errors.Is(err, sql.ErrNoRows) { // nothing claimed it, or it was dropped before: the sweep has it
		return nil
	}
	t.store(env, as, -size)
	return err
}

// SweepBlobs deletes up to limit blobs that had no record at olderThan and since: the
// record went, or never came. Each is marked, under the lock that a record's writer
// takes too, before del is called; where del fails, the next sweep tries again. The
// grace that olderThan leaves must be longer than the longest upload and the longest
// reading (S16). It returns how many were deleted.
func (s *Store) SweepBlobs(ctx context.Context, olderThan time.Time, limit int, del func(ctx context.Context, key string) error) (int, error) {
	var keys []string
	err := s.write(ctx, func(t *tx) (err error) {
		t.quiet = true
		mark := `WITH old AS MATERIALIZED (SELECT key FROM blob WHERE state <> 'live' AND changed_at <= $2 ORDER BY changed_at LIMIT $3` + t.dialect.skipLocked + `)
			UPDATE blob SET state = $1 WHERE key IN (SELECT key FROM old) RETURNING key`
		keys, err = all(ctx, t, func(r row) (key string, err error) { return key, r.Scan(&key) }, mark, blobSwept, micros(olderThan), limit)
		return err
	})
	if err != nil {
		return 0, err
	}
	deleted := 0
	for _, key := range keys {
		if e := del(ctx, key); e != nil {
			err = errors.Join(err, e)
			continue
		}
		e := s.write(ctx, func(t *tx) error {
			t.quiet = true
			_, err := t.exec(ctx, `DELETE FROM blob WHERE key = $1 AND state = $2`, key, blobSwept)
			return err
		})
		if e != nil {
			return deleted, errors.Join(err, e)
		}
		deleted++
	}
	return deleted, err
}
