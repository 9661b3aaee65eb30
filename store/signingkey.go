package store

import (
	"context"

	"github.com/tepin/tepin"
)

const signingKeyColumns = `id, purpose, alg, public, sealed, created_at, usable_at`

func scanSigningKey(r row) (k tepin.SigningKey, err error) {
	return k, r.Scan(&k.ID, &k.Purpose, &k.Alg, &k.Public, &k.Sealed, at(&k.CreatedAt), at(&k.UsableAt))
}

// SigningKeys returns the keys of the token issuer, the oldest first.
func (s *Store) SigningKeys(ctx context.Context) ([]tepin.SigningKey, error) {
	list, err := all(ctx, s.watcher, scanSigningKey, `SELECT `+signingKeyColumns+` FROM signing_key ORDER BY created_at, id`)
	return list, s.dialect.fail(err)
}

// AddSigningKey adds the first key of its purpose and algorithm. Where there is one, Conflict:
// another node was first.
func (s *Store) AddSigningKey(ctx context.Context, by tepin.Actor, k tepin.SigningKey) error {
	return s.write(ctx, func(t *tx) error {
		// The row that all nodes watch is the lock; it goes up at the end.
		if _, err := get(ctx, t, "change counter", func(r row) (n int64, err error) { return n, r.Scan(&n) },
			`SELECT value FROM change_counter`+t.dialect.lockRow); err != nil {
			return err
		}
		if k.CreatedAt.IsZero() {
			k.CreatedAt = t.now
		}
		if k.Purpose == "" {
			k.Purpose = tepin.AccessTokens
		}
		n, err := t.exec(ctx, `INSERT INTO signing_key (`+signingKeyColumns+`) SELECT $1, CAST($2 AS TEXT), CAST($3 AS TEXT), $4, $5, $6, $7
			WHERE NOT EXISTS (SELECT 1 FROM signing_key WHERE purpose = $2 AND alg = $3)`,
			k.ID, k.Purpose, k.Alg, orEmpty(k.Public), orEmpty(k.Sealed), micros(k.CreatedAt), micros(k.UsableAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return tepin.Errorf(tepin.Conflict, "there is a signing key for %s already", k.Alg)
		}
		t.access = true
		t.record(InstanceChain, by, "signing_key.create", k.ID, map[string]any{"purpose": string(k.Purpose), "alg": k.Alg})
		return nil
	})
}
