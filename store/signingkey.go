package store

import (
	"context"
	"slices"
	"time"

	"github.com/tepin/tepin"
)

const signingKeyColumns = `id, purpose, alg, public, sealed, sealed_by, created_at, usable_at`

func scanSigningKey(r row) (k tepin.SigningKey, err error) {
	return k, r.Scan(&k.ID, &k.Purpose, &k.Alg, &k.Public, &k.Sealed, &k.SealedBy, at(&k.CreatedAt), at(&k.UsableAt), at(&k.DeniedAt))
}

// SigningKeys returns the keys of the token issuer, the oldest first.
func (s *Store) SigningKeys(ctx context.Context) ([]tepin.SigningKey, error) {
	list, err := signingKeys(ctx, s.watcher)
	return list, s.dialect.fail(err)
}

func signingKeys(ctx context.Context, q queryer) ([]tepin.SigningKey, error) {
	return all(ctx, q, scanSigningKey, `SELECT `+signingKeyColumns+`, COALESCE((SELECT denied_at FROM denied_key WHERE key_id = signing_key.id), 0)
		FROM signing_key ORDER BY created_at, id`)
}

// AddSigningKey adds a key to those of its purpose and algorithm. The others that can
// still sign must be those that the caller has seen, or it is a Conflict: another node
// was first. A key that was sealed under another master key than the present one is
// refused as Unavailable.
func (s *Store) AddSigningKey(ctx context.Context, by tepin.Actor, k tepin.SigningKey, seen ...string) error {
	return s.write(ctx, func(t *tx) error {
		if err := t.lockKeys(ctx, k.SealedBy); err != nil {
			return err
		}
		if k.CreatedAt.IsZero() {
			k.CreatedAt = t.now
		}
		if k.Purpose == "" {
			k.Purpose = tepin.AccessTokens
		}
		have, err := signingKeys(ctx, t)
		if err != nil {
			return err
		}
		for _, other := range have {
			if other.Purpose != k.Purpose || other.Alg != k.Alg || !other.Signs() {
				continue
			}
			if !slices.Contains(seen, other.ID) {
				return tepin.Errorf(tepin.Conflict, "there is another signing key for %s already", k.Alg)
			}
		}
		if _, err := t.exec(ctx, `INSERT INTO signing_key (`+signingKeyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			k.ID, k.Purpose, k.Alg, orEmpty(k.Public), orEmpty(k.Sealed), k.SealedBy, micros(k.CreatedAt), micros(k.UsableAt)); err != nil {
			return err
		}
		t.access = true
		t.record(InstanceChain, by, "signing_key.create", k.ID, map[string]any{
			"purpose": string(k.Purpose), "alg": k.Alg, "usableAt": k.UsableAt.UTC().Format(time.RFC3339)})
		return nil
	})
}

// lockKeys takes the lock of whoever changes keys: the row that all nodes watch. It
// refuses values that were sealed under a master key which is not the present one; ""
// is for values that were not sealed.
func (t *tx) lockKeys(ctx context.Context, master string) error {
	_, err := get(ctx, t, "change counter", func(r row) (n int64, err error) { return n, r.Scan(&n) },
		`SELECT value FROM change_counter`+t.dialect.lockRow)
	if err != nil || master == "" {
		return err
	}
	present, err := get(ctx, t, "instance", func(r row) (id string, err error) { return id, r.Scan(&id) }, `SELECT master_key_id FROM instance`)
	if err == nil && present != master {
		err = tepin.Errorf(tepin.Unavailable, "the master key has been replaced since this server started; start it again with the new one")
	}
	return err
}

// RetireSigningKeys removes the keys that another key of their purpose and algorithm has
// followed since before then, and those that have been denied since before then. Of the keys of the audit
// log the public half stays, because what they have signed is verified for ever.
func (s *Store) RetireSigningKeys(ctx context.Context, by tepin.Actor, then time.Time) error {
	// What is denied follows nobody.
	const over = ` AND (id IN (SELECT key_id FROM denied_key WHERE denied_at <= $2) OR EXISTS (SELECT 1 FROM signing_key AS next
			WHERE next.purpose = signing_key.purpose AND next.alg = signing_key.alg AND next.usable_at > signing_key.usable_at
			AND next.usable_at <= $2 AND next.id NOT IN (SELECT key_id FROM denied_key)))
		RETURNING id, purpose, alg`
	scan := func(r row) (k tepin.SigningKey, err error) { return k, r.Scan(&k.ID, &k.Purpose, &k.Alg) }
	return s.write(ctx, func(t *tx) error {
		if err := t.lockKeys(ctx, ""); err != nil {
			return err
		}
		gone, err := all(ctx, t, scan, `DELETE FROM signing_key WHERE purpose <> $1`+over, tepin.AuditHeads, micros(then))
		if err != nil {
			return err
		}
		emptied, err := all(ctx, t, scan, `UPDATE signing_key SET sealed = $3, sealed_by = '' WHERE purpose = $1 AND length(sealed) > 0`+over,
			tepin.AuditHeads, micros(then), []byte{})
		if err != nil {
			return err
		}
		for _, k := range append(gone, emptied...) {
			t.access = true
			t.record(InstanceChain, by, "signing_key.retire", k.ID, map[string]any{"purpose": string(k.Purpose), "alg": k.Alg})
		}
		t.quiet = true // nothing to retire
		return nil
	})
}

// DenyKey refuses every token that the signing key of this id has signed.
func (s *Store) DenyKey(ctx context.Context, by tepin.Actor, kid string) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `INSERT INTO denied_key (key_id, denied_at) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING`, kid, micros(t.now))
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM access_grant WHERE key_id = $1`, kid); err != nil {
			return err
		}
		t.access = true
		t.record(InstanceChain, by, "signing_key.deny", kid, nil)
		return nil
	})
}

// Reseal brings everything that is sealed under another master key, whole or not at all.
// The funcs open a value, a signing key or what stands in a place, with the present key and
// seal it under the next one. When the present one is not from, it is Unavailable.
func (s *Store) Reseal(ctx context.Context, by tepin.Actor, from string, next tepin.Instance, reseal func(kid string, sealed []byte) ([]byte, error),
	place func(tepin.SealedPlace, []byte) ([]byte, error)) error {
	return s.write(ctx, func(t *tx) error {
		if err := t.lockKeys(ctx, from); err != nil {
			return err
		}
		keys, err := signingKeys(ctx, t)
		if err != nil {
			return err
		}
		count := 0
		for _, k := range keys {
			if len(k.Sealed) == 0 {
				continue
			}
			sealed, err := reseal(k.ID, k.Sealed)
			if err != nil {
				return err
			}
			if _, err := t.exec(ctx, `UPDATE signing_key SET sealed = $2, sealed_by = $3 WHERE id = $1`, k.ID, sealed, next.MasterKeyID); err != nil {
				return err
			}
			count++
		}
		instance, err := get(ctx, t, "instance", func(r row) (id string, err error) { return id, r.Scan(&id) }, `SELECT id FROM instance`)
		if err != nil {
			return err
		}
		placed, err := t.resealPlaces(ctx, instance, next.MasterKeyID, place)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE instance SET master_key_id = $1, master_key_check = $2, audit_key = $3`,
			next.MasterKeyID, next.MasterKeyCheck, next.AuditKey); err != nil {
			return err
		}
		t.record(InstanceChain, by, "instance.reseal", "", map[string]any{"from": from, "to": next.MasterKeyID, "signingKeys": count, "connectorValues": placed})
		return nil
	})
}
