package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

const instanceColumns = `id, issuer, master_key_id, master_key_check, pepper_id, pepper_check, audit_key, not_before, created_at`

func scanInstance(r row) (i tepin.Instance, err error) {
	err = r.Scan(&i.ID, &i.Issuer, &i.MasterKeyID, &i.MasterKeyCheck, &i.PepperID, &i.PepperCheck,
		&i.AuditKey, at(&i.NotBefore), at(&i.CreatedAt))
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
		_, err := t.exec(ctx, `INSERT INTO instance (one, `+instanceColumns+`) VALUES (1, $1, $2, $3, $4, $5, $6, $7, 0, $8)`,
			i.ID, i.Issuer, i.MasterKeyID, orEmpty(i.MasterKeyCheck), i.PepperID, orEmpty(i.PepperCheck),
			orEmpty(i.AuditKey), micros(i.CreatedAt))
		if err != nil {
			return s.dialect.unique(err, "this database belongs to an instance already")
		}
		t.record(InstanceChain, tepin.System, "instance.create", i.ID, map[string]any{"issuer": i.Issuer})
		return nil
	})
}

// Peppers returns the ids of the peppers that secrets were hashed under which have not
// ended.
func (s *Store) Peppers(ctx context.Context) ([]string, error) {
	list, err := all(ctx, s.reader, func(r row) (id string, err error) { return id, r.Scan(&id) }, `SELECT DISTINCT pepper_id FROM secret
		WHERE (expires_at = 0 OR expires_at > $1) AND integration_id IN (SELECT id FROM integration WHERE deleted_at = 0) ORDER BY 1`, micros(s.now()))
	return list, s.dialect.fail(err)
}

// SetPepper makes another pepper the one that the instance is recognized by.
func (s *Store) SetPepper(ctx context.Context, by tepin.Actor, id string, check []byte) error {
	return s.write(ctx, func(t *tx) error {
		n, err := t.exec(ctx, `UPDATE instance SET pepper_id = $1, pepper_check = $2 WHERE pepper_id <> $1`, id, check)
		if err != nil {
			return err
		}
		if n == 0 { // another node was first
			t.quiet = true
			return nil
		}
		t.record(InstanceChain, by, "instance.pepper", "", map[string]any{"pepper": id})
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
		if err := t.endEverything(ctx, 0); err != nil {
			return err
		}
		t.record(InstanceChain, by, "instance.rekey", "", map[string]any{"issuer": issuer})
		return nil
	})
}

// Recover makes sure that nothing which was issued before now is taken any more,
// whatever the database has forgotten of it (S9): tokens are refused that were issued
// before the next whole second, which is returned, and epochs are raised past any that
// there can have been, because no integration changes once a second for years. Signing
// keys go, because one that was denied may have come back.
func (s *Store) Recover(ctx context.Context, by tepin.Actor) (notBefore time.Time, err error) {
	err = s.write(ctx, func(t *tx) error {
		notBefore = t.now.Truncate(time.Second).Add(time.Second)
		n, err := t.exec(ctx, `UPDATE instance SET not_before = $1`, micros(notBefore))
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound("instance")
		}
		if err := t.endEverything(ctx, notBefore.Unix()); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE change_counter SET value = $1 WHERE value < $1`, micros(t.now)); err != nil {
			return err
		}
		t.record(InstanceChain, by, "instance.recover", "", map[string]any{"notBefore": notBefore.Format(time.RFC3339)})
		return nil
	})
	return notBefore, err
}

// endEverything ends all tokens, sessions, sign-ins and signing keys. What the audit
// log's keys have signed stays verifiable.
func (t *tx) endEverything(ctx context.Context, epoch int64) error {
	if err := t.raiseEpochs(ctx, epoch); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `UPDATE signing_key SET sealed = $1, sealed_by = '' WHERE purpose = $2`, []byte{}, tepin.AuditHeads); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `DELETE FROM signing_key WHERE purpose <> $1`, tepin.AuditHeads); err != nil {
		return err
	}
	for _, table := range []string{"device_request", "authorization_code", "refresh_token", "login", "console_session", "setup_link", "account_link"} {
		if _, err := t.exec(ctx, `DELETE FROM `+table); err != nil {
			return err
		}
	}
	return nil
}

// RaiseEpochs withdraws every access token of every integration and person.
func (s *Store) RaiseEpochs(ctx context.Context, by tepin.Actor) error {
	return s.write(ctx, func(t *tx) error {
		t.record(InstanceChain, by, "token.withdraw_all", "", nil)
		return t.raiseEpochs(ctx, 0)
	})
}

// raiseEpochs raises all epochs, to more than least.
func (t *tx) raiseEpochs(ctx context.Context, least int64) error {
	t.access = true
	for _, table := range []string{"integration", "account"} {
		if _, err := t.exec(ctx, `UPDATE `+table+` SET epoch = CASE WHEN epoch > $1 THEN epoch ELSE $1 END + 1`, least); err != nil {
			return err
		}
	}
	_, err := t.exec(ctx, `DELETE FROM access_grant`)
	return err
}
