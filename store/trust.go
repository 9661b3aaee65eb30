package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/tepin/tepin"
)

const trustColumns = `id, environment_id, integration_id, kind, label, keys, url, subject, audience, reusable, thumbprint, created_by, created_at, not_before, expires_at, last_used_at, last_used_from`

func scanTrust(r row) (v tepin.Trust, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.IntegrationID, &v.Kind, &v.Label, &v.Keys, &v.URL, &v.Subject, &v.Audience, &v.Reusable, &v.Thumbprint, &v.CreatedBy,
		at(&v.CreatedAt), at(&v.NotBefore), at(&v.ExpiresAt), at(&v.LastUsedAt), &v.LastUsedFrom)
	return v, err
}

// Trusts returns an integration's trusts, the oldest first, also those that have ended.
func (s *Store) Trusts(ctx context.Context, env tepin.EnvironmentID, id tepin.IntegrationID) ([]tepin.Trust, error) {
	if _, err := s.Integration(ctx, env, id); err != nil {
		return nil, err
	}
	list, err := all(ctx, s.reader, scanTrust, `SELECT `+trustColumns+` FROM trust WHERE environment_id = $1 AND integration_id = $2 ORDER BY created_at, id`, env, id)
	return list, s.dialect.fail(err)
}

// Trust returns one trust of an integration.
func (s *Store) Trust(ctx context.Context, env tepin.EnvironmentID, integrationID tepin.IntegrationID, id tepin.CredentialID) (tepin.Trust, error) {
	if _, err := s.Integration(ctx, env, integrationID); err != nil {
		return tepin.Trust{}, err
	}
	v, err := trust(ctx, s.reader, env, integrationID, id, "")
	return v, s.dialect.fail(err)
}

func trust(ctx context.Context, q queryer, env tepin.EnvironmentID, integrationID tepin.IntegrationID, id tepin.CredentialID, lock string) (tepin.Trust, error) {
	return get(ctx, q, "trust", scanTrust,
		`SELECT `+trustColumns+` FROM trust WHERE environment_id = $1 AND integration_id = $2 AND id = $3`+lock, env, integrationID, id)
}

// CreateTrust adds a trust to an integration. More than [tepin.MaxTrusts] that have
// not ended are a Conflict.
func (s *Store) CreateTrust(ctx context.Context, by tepin.Actor, v tepin.Trust) (tepin.Trust, error) {
	if err := checkText(v.Label, v.Keys, v.URL, v.Subject, v.Audience); err != nil {
		return tepin.Trust{}, err
	}
	fill(&v.ID)
	err := s.write(ctx, func(t *tx) error {
		if _, err := integration(ctx, t, v.EnvironmentID, v.IntegrationID, t.dialect.lockRow); err != nil {
			return err
		}
		var unended int
		const count = `SELECT count(*) FROM trust WHERE integration_id = $1 AND (expires_at = 0 OR expires_at > $2)`
		if err := t.QueryRowContext(ctx, count, v.IntegrationID, micros(t.now)).Scan(&unended); err != nil {
			return err
		}
		if unended >= tepin.MaxTrusts {
			return tepin.Errorf(tepin.Conflict, "the integration has %d keys and trusts, the most that it may have; delete one first", unended)
		}
		v.CreatedBy, v.CreatedAt, v.LastUsedAt, v.LastUsedFrom = by.Name, t.now, time.Time{}, ""
		_, err := t.exec(ctx, `INSERT INTO trust (`+trustColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, '')`,
			v.ID, v.EnvironmentID, v.IntegrationID, v.Kind, v.Label, v.Keys, v.URL, v.Subject, v.Audience, v.Reusable, v.Thumbprint, v.CreatedBy,
			micros(v.CreatedAt), micros(v.NotBefore), micros(v.ExpiresAt))
		if err != nil {
			return err
		}
		t.access = true
		t.record(string(v.EnvironmentID), by, "trust.create", string(v.ID), trustDetail(v))
		return nil
	})
	return v, err
}

// trustDetail is what the audit log says of a trust: what it is in, exactly.
func trustDetail(v tepin.Trust) map[string]any {
	detail := map[string]any{"integration": string(v.IntegrationID), "kind": string(v.Kind), "label": v.Label}
	for name, text := range map[string]string{"url": v.URL, "subject": v.Subject, "audience": v.Audience, "thumbprint": v.Thumbprint} {
		if text != "" {
			detail[name] = text
		}
	}
	if v.Keys != "" {
		sum := sha256.Sum256([]byte(v.Keys))
		detail["keysSHA256"] = hex.EncodeToString(sum[:])
	}
	if v.Reusable {
		detail["reusable"] = true
	}
	return detail
}

// UpdateTrust changes the label and the end of a trust that has not ended. What it is in
// does not change: tokens that were made with it say only its id.
func (s *Store) UpdateTrust(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integrationID tepin.IntegrationID, id tepin.CredentialID, u tepin.TrustUpdate) (v tepin.Trust, err error) {
	err = s.write(ctx, func(t *tx) error {
		if _, err := integration(ctx, t, env, integrationID, t.dialect.lockRow); err != nil {
			return err
		}
		if v, err = trust(ctx, t, env, integrationID, id, t.dialect.lockRow); err != nil {
			return err
		}
		if !v.ExpiresAt.IsZero() && !t.now.Before(v.ExpiresAt) {
			return tepin.Errorf(tepin.Conflict, "this trust has ended, and the tokens made with it must not come back; make another one")
		}
		detail := map[string]any{"integration": string(integrationID)}
		set(&v.Label, u.Label, detail, "label")
		if u.ExpiresAt != nil {
			v.ExpiresAt = *u.ExpiresAt
			detail["ends"] = v.ExpiresAt.UTC().Format(time.RFC3339)
		}
		if err := checkText(v.Label); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE trust SET label = $2, expires_at = $3, warned_days = 0 WHERE id = $1`, id, v.Label, micros(v.ExpiresAt)); err != nil {
			return err
		}
		t.access = true
		t.record(string(env), by, "trust.update", string(id), detail)
		return nil
	})
	return v, err
}

// DeleteTrust removes a trust: the tokens that were made with it die.
func (s *Store) DeleteTrust(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integrationID tepin.IntegrationID, id tepin.CredentialID) error {
	return s.write(ctx, func(t *tx) error {
		if _, err := integration(ctx, t, env, integrationID, t.dialect.lockRow); err != nil {
			return err
		}
		v, err := trust(ctx, t, env, integrationID, id, t.dialect.lockRow)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM trust WHERE id = $1`, id); err != nil {
			return err
		}
		t.access = true
		t.record(string(env), by, "trust.delete", string(id), trustDetail(v))
		return nil
	})
}

// AcceptOnce notes that an assertion, by its hash, was taken, until repeating it needs
// no refusal any more. One that was taken before, on whatever node, is a Conflict (S36).
// It is not audited.
func (s *Store) AcceptOnce(ctx context.Context, hash []byte, until time.Time) error {
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		n, err := t.exec(ctx, `INSERT INTO assertion_seen (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`, hash, micros(until))
		if err == nil && n == 0 {
			return tepin.Errorf(tepin.Conflict, "this was presented before")
		}
		return err
	})
}

// seenKept is for how long an assertion is remembered beyond its time: a clock that was set
// ahead by less, and back again, must not have let it be taken twice.
const seenKept = 3 * time.Hour

// ForgetAssertions deletes the notes of AcceptOnce whose time was over three hours before
// the given one.
func (s *Store) ForgetAssertions(ctx context.Context, at time.Time) (n int64, err error) {
	err = s.write(ctx, func(t *tx) error {
		t.quiet = true
		n, err = t.exec(ctx, `DELETE FROM assertion_seen WHERE expires_at <= $1`, micros(at.Add(-seenKept)))
		return err
	})
	return n, err
}
