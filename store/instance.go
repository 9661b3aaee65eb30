package store

import (
	"context"

	"github.com/tepin/tepin"
)

const instanceColumns = `id, issuer, master_key_id, master_key_check, pepper_id, pepper_check, created_at`

func scanInstance(r row) (i tepin.Instance, err error) {
	err = r.Scan(&i.ID, &i.Issuer, &i.MasterKeyID, &i.MasterKeyCheck, &i.PepperID, &i.PepperCheck, at(&i.CreatedAt))
	return i, err
}

// Instance returns the identity of this installation; NotFound before it has one.
func (s *Store) Instance(ctx context.Context) (tepin.Instance, error) {
	i, err := get(ctx, s.reader, "instance", scanInstance, `SELECT `+instanceColumns+` FROM instance`)
	return i, s.dialect.fail(err)
}

// CreateInstance writes the identity at the first start; Conflict if there is one.
func (s *Store) CreateInstance(ctx context.Context, i tepin.Instance) error {
	return s.write(ctx, func(t *tx) error {
		if i.CreatedAt.IsZero() {
			i.CreatedAt = t.now
		}
		_, err := t.exec(ctx, `INSERT INTO instance (one, `+instanceColumns+`) VALUES (1, $1, $2, $3, $4, $5, $6, $7)`,
			i.ID, i.Issuer, i.MasterKeyID, orEmpty(i.MasterKeyCheck), i.PepperID, orEmpty(i.PepperCheck), micros(i.CreatedAt))
		if err != nil {
			return s.dialect.unique(err, "this database belongs to an instance already")
		}
		t.record(InstanceChain, tepin.System, "instance.create", i.ID, map[string]any{"issuer": i.Issuer})
		return nil
	})
}

// Rekey gives the instance a new issuer. Every token dies: signing keys, grants and
// sessions are deleted, all epochs raised.
func (s *Store) Rekey(ctx context.Context, by tepin.Actor, issuer string) error {
	return s.write(ctx, func(t *tx) error {
		n, err := t.exec(ctx, `UPDATE instance SET issuer = $1`, issuer)
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound("instance")
		}
		for _, change := range []string{
			`UPDATE integration SET epoch = epoch + 1`,
			`UPDATE account SET epoch = epoch + 1`,
			`DELETE FROM device_request`,
			`DELETE FROM authorization_code`,
			`DELETE FROM refresh_token`,
			`DELETE FROM login`,
			`DELETE FROM access_grant`,
			`DELETE FROM signing_key`,
			`DELETE FROM console_session`,
		} {
			if _, err := t.exec(ctx, change); err != nil {
				return err
			}
		}
		t.access = true
		t.record(InstanceChain, by, "instance.rekey", "", map[string]any{"issuer": issuer})
		return nil
	})
}
