package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

// expiring is a secret or a trust whose end is near.
type expiring struct {
	id          tepin.CredentialID
	environment tepin.EnvironmentID
	integration tepin.IntegrationID
	label       string
	created     time.Time
	ends        time.Time
	warned      int // of how many days before; 0 = not yet
}

// WarnOfExpiry writes an audit line for each secret and each trust that has come within
// 30, 7 or 1 days of its end since the last call, and returns how many there were.
// Secrets that a rotation has replaced end on purpose.
func (s *Store) WarnOfExpiry(ctx context.Context) (warned int, err error) {
	err = s.write(ctx, func(t *tx) error {
		warned, t.quiet = 0, true
		for _, kind := range []struct{ table, also string }{{"secret", ` AND replaced_by = ''`}, {"trust", ``}} {
			n, err := t.warnOfExpiry(ctx, kind.table, kind.also)
			if err != nil {
				return err
			}
			warned += n
		}
		return nil
	})
	return warned, err
}

func (t *tx) warnOfExpiry(ctx context.Context, table, also string) (warned int, err error) {
	near, err := all(ctx, t, func(r row) (v expiring, err error) {
		return v, r.Scan(&v.id, &v.environment, &v.integration, &v.label, at(&v.created), at(&v.ends), &v.warned)
	}, `SELECT id, environment_id, integration_id, label, created_at, expires_at, warned_days FROM `+table+`
		WHERE expires_at > $1 AND expires_at <= $2 AND warned_days <> 1 AND integration_id IN (SELECT id FROM integration WHERE deleted_at = 0)`+also+`
		ORDER BY environment_id, expires_at`, micros(t.now), micros(t.now.Add(30*24*time.Hour)))
	if err != nil {
		return 0, err
	}
	for _, v := range near {
		days := tepin.ExpiryWarning(v.created, v.ends, t.now)
		if days == 0 || v.warned != 0 && days >= v.warned {
			continue
		}
		n, err := t.exec(ctx, `UPDATE `+table+` SET warned_days = $2 WHERE id = $1 AND warned_days = $3`, v.id, days, v.warned)
		if err != nil {
			return 0, err
		}
		if n == 0 { // another node has just warned
			continue
		}
		t.record(string(v.environment), tepin.System, table+".expires_soon", string(v.id), map[string]any{
			"integration": string(v.integration), "label": v.label, "ends": v.ends.UTC().Format(time.RFC3339), "days": days})
		warned++
	}
	return warned, nil
}
