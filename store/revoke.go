package store

import (
	"context"

	"github.com/tepin/tepin"
)

// MaxDenied is how many tokens of one integration may stand revoked one by one. Every
// node keeps them in memory until they have expired for some hours; whoever revokes more
// revokes all.
const MaxDenied = 1000

// DenyToken refuses a token of an environment until its end, and with it those that it
// was exchanged for. A grant that would hand it out again goes in the same transaction
// (S3). One that is refused already changes nothing. Beyond [MaxDenied] all tokens of
// the integration end, as by [Store.RevokeTokens].
func (s *Store) DenyToken(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, v DeniedToken) error {
	if v.TokenID == "" {
		return tepin.Errorf(tepin.Invalid, "the id of the token is missing")
	}
	return s.write(ctx, func(t *tx) error {
		full, err := t.denialsFull(ctx, by, env, v)
		if err != nil || full {
			return err
		}
		changed, err := t.deny(ctx, v)
		if err != nil || !changed {
			t.quiet = true
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM access_grant WHERE token_id = $1`, v.TokenID); err != nil {
			return err
		}
		detail := map[string]any{}
		if v.IntegrationID != "" {
			detail["integration"] = string(v.IntegrationID)
		}
		t.record(string(env), by, "token.revoke", v.TokenID, detail)
		return nil
	})
}

// denialsFull locks the integration of a token, and ends all tokens of one that has no
// room for a further denial.
func (t *tx) denialsFull(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, v DeniedToken) (bool, error) {
	if v.IntegrationID == "" {
		return false, nil
	}
	i, err := integration(ctx, t, env, v.IntegrationID, t.dialect.lockRow)
	if err != nil {
		return false, err
	}
	var denied int
	err = t.QueryRowContext(ctx, `SELECT count(*) FROM denied_token WHERE integration_id = $1 AND expires_at > $2`, i.ID, micros(t.now.Add(-endedKept))).Scan(&denied)
	if err != nil || denied < MaxDenied {
		return false, err
	}
	return true, t.revokeTokens(ctx, by, &i, map[string]any{"token": v.TokenID, "revokedBefore": denied})
}

// deny refuses what v names from now on, and reports whether it was not refused before.
// Denials that are over go.
func (t *tx) deny(ctx context.Context, v DeniedToken) (changed bool, err error) {
	if _, err := t.exec(ctx, `DELETE FROM denied_token WHERE expires_at <= $1`, micros(t.now.Add(-endedKept))); err != nil {
		return false, err
	}
	n, err := t.exec(ctx, `INSERT INTO denied_token (token_id, integration_id, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (token_id) DO UPDATE SET expires_at = excluded.expires_at WHERE denied_token.expires_at < excluded.expires_at`,
		v.TokenID, v.IntegrationID, micros(v.ExpiresAt))
	t.access = t.access || n > 0
	return n > 0, err
}

// RevokeTokens ends all tokens that an integration has, by raising its epoch. Its
// secrets and trusts stay.
func (s *Store) RevokeTokens(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.IntegrationID) (i tepin.Integration, err error) {
	err = s.write(ctx, func(t *tx) error {
		if i, err = integration(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		return t.revokeTokens(ctx, by, &i, nil)
	})
	return i, err
}

func (t *tx) revokeTokens(ctx context.Context, by tepin.Actor, i *tepin.Integration, detail map[string]any) error {
	i.Epoch++
	i.Version++
	i.UpdatedAt = t.now
	_, err := t.exec(ctx, `UPDATE integration SET epoch = $2, version = $3, updated_at = $4 WHERE id = $1`, i.ID, i.Epoch, i.Version, micros(t.now))
	if err != nil {
		return err
	}
	if err := t.dropTokens(ctx, i.ID); err != nil {
		return err
	}
	t.access = true
	t.record(string(i.EnvironmentID), by, "integration.revoke_tokens", string(i.ID), detail)
	return nil
}

// dropTokens forgets what is known of the tokens of an integration whose epoch has been
// raised: those that would be handed out again, and those that need no refusal of their
// own any more.
func (t *tx) dropTokens(ctx context.Context, id tepin.IntegrationID) error {
	for _, table := range []string{"access_grant", "denied_token"} {
		if _, err := t.exec(ctx, `DELETE FROM `+table+` WHERE integration_id = $1`, id); err != nil {
			return err
		}
	}
	return nil
}
