package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"time"

	"github.com/tepin/tepin"
)

// MaxGrants is how many reusable tokens a client may have; the oldest make room.
const MaxGrants = 32

// clockTolerance is by how much a grant of another node may seem to lie in the
// future; a node whose clock is further off is not ready (S5).
const clockTolerance = 2 * time.Second

const grantColumns = `environment_id, integration_id, secret_id, audience, scopes, alg, lifetime, format, key_id, issuer, token_id, epoch, issued_at, expires_at`

func scanGrant(r row) (g tepin.Grant, err error) {
	err = r.Scan(&g.Key.EnvironmentID, &g.Key.IntegrationID, &g.Key.SecretID, &g.Key.Audience, scopesIn(&g.Key.Scopes), &g.Key.Alg,
		lasting(&g.Key.Lifetime), &g.Key.Format, &g.KeyID, &g.Issuer, &g.TokenID, &g.Epoch, at(&g.IssuedAt), at(&g.ExpiresAt))
	return g, err
}

// grantHash is the primary key of a grant: no two keys share the bytes that it is
// made of.
func grantHash(k tepin.GrantKey) []byte {
	var b []byte
	for _, field := range []string{string(k.EnvironmentID), string(k.IntegrationID), string(k.SecretID), k.Audience, k.Scopes.String(), k.Alg} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(field)))
		b = append(b, field...)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(k.Lifetime.Microseconds()))
	b = binary.BigEndian.AppendUint64(b, uint64(k.Format))
	sum := sha256.Sum256(b)
	return sum[:]
}

// Grant returns the stored grant of a key, whatever its state.
func (s *Store) Grant(ctx context.Context, k tepin.GrantKey) (tepin.Grant, error) {
	g, err := grant(ctx, s.reader, k)
	return g, s.dialect.fail(err)
}

func grant(ctx context.Context, q queryer, k tepin.GrantKey) (tepin.Grant, error) {
	g, err := get(ctx, q, "grant", scanGrant, `SELECT `+grantColumns+` FROM access_grant WHERE key_hash = $1`, grantHash(k))
	if err == nil && g.Key != k {
		return tepin.Grant{}, notFound("grant")
	}
	return g, err
}

// PutGrant stores a fresh grant unless a good one stands, and returns the one that
// stands then: with any number of callers at once, on any number of nodes, all get
// the same. A standing grant is replaced when it ends by replaceBefore, has another
// epoch or issuer, a signing key that is gone or denied, or was issued in the future. [tepin.Stale] says that
// the fresh grant rests on what is no longer so: the integration is disabled or
// gone, its epoch, scopes or secret have changed (S3).
func (s *Store) PutGrant(ctx context.Context, fresh tepin.Grant, replaceBefore time.Time) (stands tepin.Grant, err error) {
	err = s.write(ctx, func(t *tx) error {
		name, err := t.checkGrant(ctx, fresh)
		if err != nil {
			return err
		}
		k, hash := fresh.Key, grantHash(fresh.Key)
		const put = `INSERT INTO access_grant (` + grantColumns + `, key_hash, stored_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
			ON CONFLICT (key_hash) DO UPDATE SET key_id = excluded.key_id, issuer = excluded.issuer, token_id = excluded.token_id,
				epoch = excluded.epoch, issued_at = excluded.issued_at, expires_at = excluded.expires_at, stored_at = excluded.stored_at
			WHERE access_grant.expires_at <= $17 OR access_grant.epoch <> excluded.epoch OR access_grant.issued_at > $18
				OR access_grant.issuer <> excluded.issuer OR access_grant.key_id <> excluded.key_id AND NOT EXISTS (SELECT 1 FROM signing_key
					WHERE id = access_grant.key_id AND length(sealed) > 0 AND id NOT IN (SELECT key_id FROM denied_key))
			RETURNING ` + grantColumns
		stands, err = scanGrant(t.QueryRowContext(ctx, put, k.EnvironmentID, k.IntegrationID, k.SecretID, k.Audience, k.Scopes.String(), k.Alg,
			k.Lifetime.Microseconds(), k.Format, fresh.KeyID, fresh.Issuer, fresh.TokenID, fresh.Epoch, micros(fresh.IssuedAt), micros(fresh.ExpiresAt),
			hash, micros(t.now), micros(replaceBefore), micros(t.now.Add(clockTolerance))))
		if errors.Is(err, sql.ErrNoRows) { // another's stands
			t.quiet = true
			stands, err = grant(ctx, t, k)
			return err
		}
		if err != nil {
			return err
		}
		const trim = `DELETE FROM access_grant WHERE integration_id = $1 AND key_hash <> $2 AND key_hash NOT IN
			(SELECT key_hash FROM access_grant WHERE integration_id = $1 AND key_hash <> $2 ORDER BY stored_at DESC, key_hash LIMIT $3)`
		if _, err := t.exec(ctx, trim, k.IntegrationID, hash, MaxGrants-1); err != nil {
			return err
		}
		by := tepin.Actor{Kind: tepin.ActorIntegration, ID: string(k.IntegrationID), Name: name}
		t.record(string(k.EnvironmentID), by, "token.issue", fresh.TokenID, map[string]any{"scopes": k.Scopes.String(), "secret": string(k.SecretID)})
		return nil
	})
	return stands, err
}

// checkGrant locks the integration, so that nothing about it changes before the
// grant is stored, and returns its name. Whoever revokes takes the same lock.
func (t *tx) checkGrant(ctx context.Context, g tepin.Grant) (string, error) {
	refused := tepin.Errorf(tepin.Stale, "the integration or its secret has changed; ask again")
	i, err := integration(ctx, t, g.Key.EnvironmentID, g.Key.IntegrationID, t.dialect.lockRow)
	if tepin.KindOf(err) == tepin.NotFound {
		return "", refused
	}
	if err != nil {
		return "", err
	}
	secret, err := secret(ctx, t, g.Key.EnvironmentID, g.Key.IntegrationID, g.Key.SecretID)
	if tepin.KindOf(err) == tepin.NotFound {
		return "", refused
	}
	if err != nil {
		return "", err
	}
	outlives := !secret.ExpiresAt.IsZero() && g.ExpiresAt.After(secret.ExpiresAt)
	if !i.Enabled || i.Epoch != g.Epoch || !i.Scopes.Contains(g.Key.Scopes) || !secret.LiveAt(t.now) || outlives {
		return "", refused
	}
	return i.Name, nil
}
