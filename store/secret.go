package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

// SecretUse is one use of a secret or a trust, to be noted beside it.
type SecretUse struct {
	ID   tepin.CredentialID
	At   time.Time
	From string // network address, IPv6 as its /64
}

const secretColumns = `id, environment_id, integration_id, label, mac, pepper_id, last_four, created_by, created_at, not_before, expires_at, last_used_at, last_used_from, replaced_by, ends_before`

func scanSecret(r row) (v tepin.Secret, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.IntegrationID, &v.Label, &v.MAC, &v.PepperID, &v.LastFour, &v.CreatedBy,
		at(&v.CreatedAt), at(&v.NotBefore), at(&v.ExpiresAt), at(&v.LastUsedAt), &v.LastUsedFrom, &v.ReplacedBy, at(&v.EndsBefore))
	return v, err
}

func (t *tx) insertSecret(ctx context.Context, by tepin.Actor, v tepin.Secret) (tepin.Secret, error) {
	fill(&v.ID)
	if v.CreatedBy == "" {
		v.CreatedBy = by.Name
	}
	v.CreatedAt, v.LastUsedAt, v.LastUsedFrom, v.ReplacedBy, v.EndsBefore = t.now, time.Time{}, "", "", time.Time{}
	_, err := t.exec(ctx, `INSERT INTO secret (`+secretColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, '', '', 0)`,
		v.ID, v.EnvironmentID, v.IntegrationID, v.Label, orEmpty(v.MAC), v.PepperID, v.LastFour, v.CreatedBy,
		micros(v.CreatedAt), micros(v.NotBefore), micros(v.ExpiresAt))
	return v, err
}

// Secrets returns what is kept of an integration's secrets, the oldest first, also of
// those that have ended.
func (s *Store) Secrets(ctx context.Context, env tepin.EnvironmentID, id tepin.IntegrationID) ([]tepin.Secret, error) {
	if _, err := s.Integration(ctx, env, id); err != nil {
		return nil, err
	}
	list, err := secrets(ctx, s.reader, env, id)
	return list, s.dialect.fail(err)
}

func secrets(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.IntegrationID) ([]tepin.Secret, error) {
	return all(ctx, q, scanSecret, `SELECT `+secretColumns+` FROM secret WHERE environment_id = $1 AND integration_id = $2 ORDER BY created_at, id`, env, id)
}

// CreateSecret adds a secret, and ends the integration's other secrets as r says, none
// later than it would anyway. More than [tepin.MaxLiveSecrets] that have not ended are
// a Conflict, unless r forces the oldest to end.
func (s *Store) CreateSecret(ctx context.Context, by tepin.Actor, v tepin.Secret, r tepin.Rotation) (tepin.Secret, error) {
	if err := checkText(v.Label); err != nil {
		return tepin.Secret{}, err
	}
	fill(&v.ID)
	env, id := v.EnvironmentID, v.IntegrationID
	err := s.write(ctx, func(t *tx) error {
		if _, err := integration(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		detail := map[string]any{"integration": string(id), "label": v.Label}
		if !v.ExpiresAt.IsZero() {
			detail["ends"] = v.ExpiresAt.UTC().Format(time.RFC3339)
		}
		if !r.PreviousEnd.IsZero() {
			if err := t.replaceSecrets(ctx, v, r.PreviousEnd); err != nil {
				return err
			}
			detail["othersEnd"] = r.PreviousEnd.UTC().Format(time.RFC3339)
		}
		if err := t.makeRoom(ctx, by, v, r.Force); err != nil {
			return err
		}
		var err error
		if v, err = t.insertSecret(ctx, by, v); err != nil {
			return err
		}
		t.access = true
		t.record(string(env), by, "secret.create", string(v.ID), detail)
		return nil
	})
	return v, err
}

// replaceSecrets lets an integration's secrets end by the given time and notes that v
// replaces them. Grants that would outlive them go.
func (t *tx) replaceSecrets(ctx context.Context, v tepin.Secret, end time.Time) error {
	const note = `UPDATE secret SET replaced_by = $2, ends_before = expires_at WHERE integration_id = $1 AND replaced_by = '' AND (expires_at = 0 OR expires_at > $3)`
	if _, err := t.exec(ctx, note, v.IntegrationID, v.ID, micros(t.now)); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE secret SET expires_at = $2 WHERE integration_id = $1 AND (expires_at = 0 OR expires_at > $2)`, v.IntegrationID, micros(end))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `DELETE FROM access_grant WHERE integration_id = $1 AND expires_at > $2`, v.IntegrationID, micros(end))
	return err
}

// makeRoom sees to it that the integration may have one more secret.
func (t *tx) makeRoom(ctx context.Context, by tepin.Actor, v tepin.Secret, force bool) error {
	unended, err := all(ctx, t, scanSecret, `SELECT `+secretColumns+` FROM secret WHERE integration_id = $1 AND (expires_at = 0 OR expires_at > $2) ORDER BY created_at, id`,
		v.IntegrationID, micros(t.now))
	if err != nil || len(unended) < tepin.MaxLiveSecrets {
		return err
	}
	if !force {
		return tepin.Errorf(tepin.Conflict, "the integration has %d live secrets, the most that it may have; delete one first, or force the oldest to end", len(unended))
	}
	return t.removeSecret(ctx, by, unended[0])
}

// removeSecret deletes a secret; the tokens that were made with it die.
func (t *tx) removeSecret(ctx context.Context, by tepin.Actor, v tepin.Secret) error {
	n, err := t.exec(ctx, `DELETE FROM secret WHERE environment_id = $1 AND integration_id = $2 AND id = $3`, v.EnvironmentID, v.IntegrationID, v.ID)
	if err != nil {
		return err
	}
	if n == 0 {
		return notFound("secret")
	}
	if _, err := t.exec(ctx, `DELETE FROM access_grant WHERE integration_id = $1 AND secret_id = $2`, v.IntegrationID, v.ID); err != nil {
		return err
	}
	t.access = true
	t.record(string(v.EnvironmentID), by, "secret.delete", string(v.ID), map[string]any{"integration": string(v.IntegrationID)})
	return nil
}

// changeSecrets runs f on an integration that nobody else changes meanwhile.
func (s *Store) changeSecrets(ctx context.Context, env tepin.EnvironmentID, id tepin.IntegrationID, f func(t *tx) error) error {
	return s.write(ctx, func(t *tx) error {
		if _, err := integration(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		t.access = true
		return f(t)
	})
}

// DeleteSecret removes a secret: the tokens that were made with it die.
func (s *Store) DeleteSecret(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integrationID tepin.IntegrationID, id tepin.CredentialID) error {
	return s.changeSecrets(ctx, env, integrationID, func(t *tx) error {
		return t.removeSecret(ctx, by, tepin.Secret{EnvironmentID: env, IntegrationID: integrationID, ID: id})
	})
}

// UpdateSecret changes the label or the end of a secret that has not ended. Tokens
// that would outlive an earlier end die with it.
func (s *Store) UpdateSecret(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integrationID tepin.IntegrationID, id tepin.CredentialID, u tepin.SecretUpdate) (v tepin.Secret, err error) {
	err = s.changeSecrets(ctx, env, integrationID, func(t *tx) error {
		if v, err = secret(ctx, t, env, integrationID, id); err != nil {
			return err
		}
		if !v.ExpiresAt.IsZero() && !t.now.Before(v.ExpiresAt) {
			return tepin.Errorf(tepin.Conflict, "the secret has ended, and stays so; make a new one")
		}
		detail := map[string]any{"integration": string(integrationID)}
		set(&v.Label, u.Label, detail, "label")
		if u.ExpiresAt != nil {
			v.ExpiresAt, v.ReplacedBy, v.EndsBefore = *u.ExpiresAt, "", time.Time{} // what was decided last counts
			detail["ends"] = "never"
			if !v.ExpiresAt.IsZero() {
				detail["ends"] = v.ExpiresAt.UTC().Format(time.RFC3339)
			}
		}
		if err := checkText(v.Label); err != nil {
			return err
		}
		_, err := t.exec(ctx, `UPDATE secret SET label = $2, expires_at = $3, replaced_by = $4, ends_before = $5, warned_days = 0 WHERE id = $1`,
			id, v.Label, micros(v.ExpiresAt), v.ReplacedBy, micros(v.EndsBefore))
		if err != nil {
			return err
		}
		if !v.ExpiresAt.IsZero() {
			if _, err := t.exec(ctx, `DELETE FROM access_grant WHERE integration_id = $1 AND secret_id = $2 AND expires_at > $3`, integrationID, id, micros(v.ExpiresAt)); err != nil {
				return err
			}
		}
		t.record(string(env), by, "secret.update", string(id), detail)
		return nil
	})
	return v, err
}

func secret(ctx context.Context, q queryer, env tepin.EnvironmentID, integrationID tepin.IntegrationID, id tepin.CredentialID) (tepin.Secret, error) {
	return get(ctx, q, "secret", scanSecret, `SELECT `+secretColumns+` FROM secret WHERE environment_id = $1 AND integration_id = $2 AND id = $3`, env, integrationID, id)
}

// replaced is the condition of the secrets that secret $2 of integration $1 replaced and
// that have not ended at $3.
const replaced = `integration_id = $1 AND replaced_by = $2 AND expires_at > $3`

// replacedEver is the same also of those that these had replaced, and so on.
const replacedEver = `integration_id = $1 AND expires_at > $3 AND replaced_by IN (
	WITH RECURSIVE later (id) AS (
		SELECT id FROM secret WHERE integration_id = $1 AND id = $2
		UNION SELECT secret.id FROM secret JOIN later ON secret.replaced_by = later.id WHERE secret.integration_id = $1)
	SELECT id FROM later)`

// CancelRotation takes back the rotation that made a secret: it goes, and the secrets
// that it replaced end when they would have. Conflict if they have ended already, or if
// the secret was replaced itself: a later rotation may have ended them sooner.
func (s *Store) CancelRotation(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integrationID tepin.IntegrationID, id tepin.CredentialID) error {
	return s.changeSecrets(ctx, env, integrationID, func(t *tx) error {
		v, err := secret(ctx, t, env, integrationID, id)
		if err != nil {
			return err
		}
		if v.ReplacedBy != "" {
			return tepin.Errorf(tepin.Conflict, "a later rotation has replaced this secret, too; cancel that one first, or give the older secrets another end one by one")
		}
		n, err := t.exec(ctx, `UPDATE secret SET expires_at = ends_before, replaced_by = '', ends_before = 0 WHERE `+replaced, integrationID, id, micros(t.now))
		if err != nil {
			return err
		}
		if n == 0 {
			return tepin.Errorf(tepin.Conflict, "there is no rotation to cancel: no secret that this one replaced is alive")
		}
		t.record(string(env), by, "rotation.cancel", string(id), map[string]any{"integration": string(integrationID), "restored": n})
		return t.removeSecret(ctx, by, v)
	})
}

// CompleteRotation ends the secrets that a secret replaced now, with those that rotations
// before it had replaced. Conflict if they have ended already.
func (s *Store) CompleteRotation(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integrationID tepin.IntegrationID, id tepin.CredentialID) error {
	return s.changeSecrets(ctx, env, integrationID, func(t *tx) error {
		if _, err := secret(ctx, t, env, integrationID, id); err != nil {
			return err
		}
		_, err := t.exec(ctx, `DELETE FROM access_grant WHERE integration_id = $1 AND secret_id IN (SELECT id FROM secret WHERE `+replacedEver+`)`, integrationID, id, micros(t.now))
		if err != nil {
			return err
		}
		n, err := t.exec(ctx, `UPDATE secret SET expires_at = $3 WHERE `+replacedEver, integrationID, id, micros(t.now))
		if err != nil {
			return err
		}
		if n == 0 {
			return tepin.Errorf(tepin.Conflict, "there is no rotation to complete: no secret that this one replaced is alive")
		}
		t.record(string(env), by, "rotation.complete", string(id), map[string]any{"integration": string(integrationID), "ended": n})
		return nil
	})
}

// TouchSecrets notes when and from where secrets and trusts were last used. It is not
// audited, and those that are gone are passed over.
func (s *Store) TouchSecrets(ctx context.Context, uses []SecretUse) error {
	if len(uses) == 0 {
		return nil
	}
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		for _, u := range uses {
			for _, table := range []string{"secret", "trust"} {
				_, err := t.exec(ctx, `UPDATE `+table+` SET last_used_at = $2, last_used_from = $3 WHERE id = $1 AND last_used_at < $2`, u.ID, micros(u.At), u.From)
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}
