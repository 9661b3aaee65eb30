package store

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/tepin/tepin"
)

// stored is what a count of bytes is about.
type stored struct {
	env tepin.EnvironmentID
	as  tepin.StorageCategory
}

// store notes that so many bytes more are stored, or fewer.
func (t *tx) store(env tepin.EnvironmentID, as tepin.StorageCategory, bytes int64) {
	if t.stored == nil {
		t.stored = map[stored]int64{}
	}
	t.stored[stored{env, as}] += bytes
}

// countStored writes what the transaction has noted. It is done right before the audit
// lines, whose heads make the writers of an environment wait for each other in any case,
// so that the rows are locked no longer than those; and in order, so that no two
// transactions wait for each other.
func (t *tx) countStored(ctx context.Context) error {
	rows := slices.SortedFunc(maps.Keys(t.stored), func(a, b stored) int { return cmp.Or(cmp.Compare(a.env, b.env), cmp.Compare(a.as, b.as)) })
	for _, row := range rows {
		if t.stored[row] == 0 {
			continue
		}
		if _, err := t.exec(ctx, `INSERT INTO storage_count (environment_id, category, bytes) VALUES ($1, $2, $3)
			ON CONFLICT (environment_id, category) DO UPDATE SET bytes = storage_count.bytes + excluded.bytes`, row.env, row.as, t.stored[row]); err != nil {
			return err
		}
	}
	return nil
}

// Storage returns what an environment stores. What was deleted counts until it cannot
// be restored any more.
func (s *Store) Storage(ctx context.Context, env tepin.EnvironmentID) (tepin.Storage, error) {
	all, err := s.storage(ctx, `environment_id = $1`, env)
	if all[env] == nil {
		all[env] = tepin.Storage{}
	}
	return all[env], err
}

// StorageOf returns what each environment of a subscription stores.
func (s *Store) StorageOf(ctx context.Context, sub tepin.SubscriptionID) (map[tepin.EnvironmentID]tepin.Storage, error) {
	return s.storage(ctx, `environment_id IN (SELECT id FROM environment WHERE subscription_id = $1 AND deleted_at = 0)`, sub)
}

func (s *Store) storage(ctx context.Context, where string, of any) (map[tepin.EnvironmentID]tepin.Storage, error) {
	type count struct {
		stored
		bytes int64
	}
	list, err := all(ctx, s.reader, func(r row) (c count, err error) { return c, r.Scan(&c.env, &c.as, &c.bytes) },
		`SELECT environment_id, category, bytes FROM storage_count WHERE `+where, of)
	sums := map[tepin.EnvironmentID]tepin.Storage{}
	for _, c := range list {
		if sums[c.env] == nil {
			sums[c.env] = tepin.Storage{}
		}
		sums[c.env][c.as] += c.bytes
	}
	return sums, s.dialect.fail(err)
}

// Recount counts what an environment stores from its blobs, where [Store.Storage] reads
// the count that is kept. Tests compare the two.
func (s *Store) Recount(ctx context.Context, env tepin.EnvironmentID) (tepin.Storage, error) {
	type sum struct {
		as    tepin.StorageCategory
		bytes int64
	}
	list, err := all(ctx, s.reader, func(r row) (v sum, err error) { return v, r.Scan(&v.as, &v.bytes) },
		`SELECT category, CAST(sum(size) AS BIGINT) FROM blob WHERE environment_id = $1 AND state = $2 GROUP BY category`, env, blobLive)
	total := tepin.Storage{}
	for _, v := range list {
		total[v.as] = v.bytes
	}
	return total, s.dialect.fail(err)
}
