package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

// SecretUse is one use of a secret, to be noted beside it.
type SecretUse struct {
	ID   tepin.CredentialID
	At   time.Time
	From string // network address, IPv6 as its /64
}

const secretColumns = `id, environment_id, integration_id, label, mac, pepper_id, last_four, created_by, created_at, not_before, expires_at, last_used_at, last_used_from`

func scanSecret(r row) (v tepin.Secret, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.IntegrationID, &v.Label, &v.MAC, &v.PepperID, &v.LastFour, &v.CreatedBy,
		at(&v.CreatedAt), at(&v.NotBefore), at(&v.ExpiresAt), at(&v.LastUsedAt), &v.LastUsedFrom)
	return v, err
}

func (t *tx) insertSecret(ctx context.Context, by tepin.Actor, v tepin.Secret) (tepin.Secret, error) {
	fill(&v.ID)
	if v.CreatedBy == "" {
		v.CreatedBy = by.Name
	}
	v.CreatedAt, v.LastUsedAt, v.LastUsedFrom = t.now, time.Time{}, ""
	_, err := t.exec(ctx, `INSERT INTO secret (`+secretColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, '')`,
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

// CreateSecret adds a secret. With previousExpire, the integration's other secrets
// end then, or sooner if they would anyway. More than [tepin.MaxLiveSecrets] that
// have not ended are a Conflict.
func (s *Store) CreateSecret(ctx context.Context, by tepin.Actor, v tepin.Secret, previousExpire *time.Time) (tepin.Secret, error) {
	if err := checkText(v.Label); err != nil {
		return tepin.Secret{}, err
	}
	env, id := v.EnvironmentID, v.IntegrationID
	err := s.write(ctx, func(t *tx) error {
		if _, err := integration(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		detail := map[string]any{"integration": string(id), "label": v.Label}
		if previousExpire != nil {
			if err := t.endSecrets(ctx, id, *previousExpire); err != nil {
				return err
			}
			detail["othersEnd"] = previousExpire.UTC().Format(time.RFC3339)
		}
		var unended int
		const count = `SELECT count(*) FROM secret WHERE integration_id = $1 AND (expires_at = 0 OR expires_at > $2)`
		if err := t.QueryRowContext(ctx, count, id, micros(t.now)).Scan(&unended); err != nil {
			return err
		}
		if unended >= tepin.MaxLiveSecrets {
			return tepin.Errorf(tepin.Conflict, "the integration has %d live secrets, the most that it may have; delete one first", unended)
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

// endSecrets lets an integration's secrets end at the given time. Grants that would
// outlive them go.
func (t *tx) endSecrets(ctx context.Context, id tepin.IntegrationID, end time.Time) error {
	_, err := t.exec(ctx, `UPDATE secret SET expires_at = $2 WHERE integration_id = $1 AND (expires_at = 0 OR expires_at > $2)`, id, micros(end))
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `DELETE FROM access_grant WHERE integration_id = $1 AND expires_at > $2`, id, micros(end))
	return err
}

// DeleteSecret removes a secret: the tokens that were made with it die.
func (s *Store) DeleteSecret(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integrationID tepin.IntegrationID, id tepin.CredentialID) error {
	return s.write(ctx, func(t *tx) error {
		if _, err := integration(ctx, t, env, integrationID, t.dialect.lockRow); err != nil {
			return err
		}
		n, err := t.exec(ctx, `DELETE FROM secret WHERE environment_id = $1 AND integration_id = $2 AND id = $3`, env, integrationID, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound("secret")
		}
		if _, err := t.exec(ctx, `DELETE FROM access_grant WHERE integration_id = $1 AND secret_id = $2`, integrationID, id); err != nil {
			return err
		}
		t.access = true
		t.record(string(env), by, "secret.delete", string(id), map[string]any{"integration": string(integrationID)})
		return nil
	})
}

// TouchSecrets notes when and from where secrets were last used. It is not audited,
// and secrets that are gone are passed over.
func (s *Store) TouchSecrets(ctx context.Context, uses []SecretUse) error {
	if len(uses) == 0 {
		return nil
	}
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		for _, u := range uses {
			_, err := t.exec(ctx, `UPDATE secret SET last_used_at = $2, last_used_from = $3 WHERE id = $1 AND last_used_at < $2`, u.ID, micros(u.At), u.From)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
