package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

const credentialColumns = `id, environment_id, connector_id, usage, kind, name, sealed, sealed_by, created_at`

func scanConnectorCredential(r row) (v tepin.ConnectorCredential, err error) {
	return v, r.Scan(&v.ID, &v.EnvironmentID, &v.ConnectorID, &v.Usage, &v.Kind, &v.Name, &v.Sealed, &v.SealedBy, at(&v.CreatedAt))
}

// PutConnectorCredential gives a connector the credential of a usage, in place of the one
// that it has; what people's sign-ins with that one gave goes with it. Unavailable if it was
// sealed under a master key that is not the present one any more.
func (s *Store) PutConnectorCredential(ctx context.Context, by tepin.Actor, v tepin.ConnectorCredential) error {
	if err := checkNames(v.Name); err != nil {
		return err
	}
	return s.write(ctx, func(t *tx) error {
		if err := t.lockKeys(ctx, v.SealedBy); err != nil {
			return err
		}
		if err := t.changeAuth(ctx, v.EnvironmentID, v.ConnectorID, v.Usage, v.Kind); err != nil {
			return err
		}
		_, err := t.exec(ctx, `INSERT INTO connector_credential (`+credentialColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			v.ID, v.EnvironmentID, v.ConnectorID, v.Usage, v.Kind, v.Name, v.Sealed, v.SealedBy, micros(t.now))
		t.record(string(v.EnvironmentID), by, "connector.set_auth", string(v.ConnectorID), map[string]any{"usage": string(v.Usage), "kind": string(v.Kind), "name": v.Name})
		return err
	})
}

// DeleteConnectorCredential takes the credential of a usage from a connector. NotFound if
// there is none.
func (s *Store) DeleteConnectorCredential(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ConnectorID, usage tepin.AuthUsage) error {
	return s.write(ctx, func(t *tx) error {
		v, err := connector(ctx, t, env, id, t.dialect.lockRow)
		if err != nil {
			return err
		}
		if v.Auth[usage] == "" {
			return notFound("authentication")
		}
		t.record(string(env), by, "connector.delete_auth", string(id), map[string]any{"usage": string(usage)})
		return t.changeAuth(ctx, env, id, usage, "")
	})
}

// changeAuth notes the kind of a connector's credential and removes the one that it had.
func (t *tx) changeAuth(ctx context.Context, env tepin.EnvironmentID, id tepin.ConnectorID, usage tepin.AuthUsage, kind tepin.AuthKind) error {
	v, err := connector(ctx, t, env, id, t.dialect.lockRow)
	if err != nil {
		return err
	}
	if v.Owner == tepin.BuiltInConnector {
		return tepin.Errorf(tepin.Conflict, "this connector is built in: it asks no other host and takes no credentials")
	}
	column := map[tepin.AuthUsage]string{tepin.BrowserUsage: "browser_auth", tepin.ServerUsage: "server_auth"}[usage]
	if _, err := t.exec(ctx, `UPDATE connector SET `+column+` = $2, updated_at = $3, version = version + 1 WHERE id = $1`, id, kind, micros(t.now)); err != nil {
		return err
	}
	_, err = t.exec(ctx, `DELETE FROM connector_credential WHERE connector_id = $1 AND usage = $2`, id, usage)
	return err
}

// ConnectorCredential returns the credential of a usage.
func (s *Store) ConnectorCredential(ctx context.Context, env tepin.EnvironmentID, id tepin.ConnectorID, usage tepin.AuthUsage) (tepin.ConnectorCredential, error) {
	v, err := get(ctx, s.reader, "authentication", scanConnectorCredential,
		`SELECT `+credentialColumns+` FROM connector_credential WHERE environment_id = $1 AND connector_id = $2 AND usage = $3`, env, id, usage)
	return v, s.dialect.fail(err)
}

// ConnectorCredentials returns the credentials of a connector.
func (s *Store) ConnectorCredentials(ctx context.Context, env tepin.EnvironmentID, id tepin.ConnectorID) ([]tepin.ConnectorCredential, error) {
	list, err := all(ctx, s.reader, scanConnectorCredential,
		`SELECT `+credentialColumns+` FROM connector_credential WHERE environment_id = $1 AND connector_id = $2 ORDER BY usage`, env, id)
	return list, s.dialect.fail(err)
}

const connectorTokenColumns = `id, environment_id, connector_id, credential_id, user_id, sealed, sealed_by, updated_at, version`

func scanConnectorToken(r row) (v tepin.ConnectorToken, err error) {
	return v, r.Scan(&v.ID, &v.EnvironmentID, &v.ConnectorID, &v.CredentialID, &v.UserID, &v.Sealed, &v.SealedBy, at(&v.UpdatedAt), &v.Version)
}

// ConnectorToken returns what a person's sign-in with a credential gave.
func (s *Store) ConnectorToken(ctx context.Context, env tepin.EnvironmentID, credential tepin.ConnectorCredentialID, user tepin.UserID) (tepin.ConnectorToken, error) {
	v, err := get(ctx, s.reader, "sign-in", scanConnectorToken,
		`SELECT `+connectorTokenColumns+` FROM connector_token WHERE environment_id = $1 AND credential_id = $2 AND user_id = $3`, env, credential, user)
	return v, s.dialect.fail(err)
}

// PutConnectorToken stores what a sign-in gave, or what its refresh gave: then v.Version is
// that of the row that it replaces, and Stale says that another node has replaced it, or
// that it is gone.
func (s *Store) PutConnectorToken(ctx context.Context, by tepin.Actor, v tepin.ConnectorToken) error {
	return s.write(ctx, func(t *tx) error {
		if err := t.lockKeys(ctx, v.SealedBy); err != nil {
			return err
		}
		if v.Version > 0 {
			t.quiet = true // the sign-in goes on
			n, err := t.exec(ctx, `UPDATE connector_token SET sealed = $3, sealed_by = $4, updated_at = $5, version = version + 1 WHERE id = $1 AND version = $2`,
				v.ID, v.Version, v.Sealed, v.SealedBy, micros(t.now))
			if err == nil && n == 0 {
				err = tepin.Errorf(tepin.Stale, "the sign-in has been renewed, or has ended")
			}
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM connector_token WHERE credential_id = $1 AND user_id = $2`, v.CredentialID, v.UserID); err != nil {
			return err
		}
		_, err := t.exec(ctx, `INSERT INTO connector_token (`+connectorTokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)`,
			v.ID, v.EnvironmentID, v.ConnectorID, v.CredentialID, v.UserID, v.Sealed, v.SealedBy, micros(t.now))
		t.record(string(v.EnvironmentID), by, "connector.sign_in", string(v.ConnectorID), nil)
		return err
	})
}

// DeleteConnectorToken ends a person's sign-in to the upstream of a connector; that there is
// none is no error.
func (s *Store) DeleteConnectorToken(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ConnectorID, user tepin.UserID) error {
	return s.write(ctx, func(t *tx) error {
		n, err := t.exec(ctx, `DELETE FROM connector_token WHERE environment_id = $1 AND connector_id = $2 AND user_id = $3`, env, id, user)
		if t.quiet = n == 0; n > 0 {
			t.record(string(env), by, "connector.sign_out", string(id), nil)
		}
		return err
	})
}

// BeginConnectorSignIn notes that a person is about to sign in to an upstream, or that a
// browser has taken that up, and forgets what was begun too long ago, or by the same person
// for the same connector and got as far.
func (s *Store) BeginConnectorSignIn(ctx context.Context, v tepin.ConnectorSignIn) error {
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		if _, err := t.exec(ctx, `DELETE FROM connector_sign_in WHERE created_at < $1 OR connector_id = $2 AND user_id = $3 AND (length(cookie) > 0) = $4`,
			micros(t.now.Add(-tepin.SignInTime)), v.ConnectorID, v.UserID, len(v.Cookie) > 0); err != nil {
			return err
		}
		_, err := t.exec(ctx, `INSERT INTO connector_sign_in (state, cookie, environment_id, connector_id, credential_id, user_id, verifier, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			v.State, orEmpty(v.Cookie), v.EnvironmentID, v.ConnectorID, v.CredentialID, v.UserID, v.Verifier, micros(t.now))
		return err
	})
}

// TakeConnectorSignIn returns a sign-in that has begun less than [tepin.SignInTime] ago, and
// removes it: it is finished once.
func (s *Store) TakeConnectorSignIn(ctx context.Context, env tepin.EnvironmentID, state []byte) (v tepin.ConnectorSignIn, err error) {
	err = s.write(ctx, func(t *tx) error {
		t.quiet = true
		v, err = get(ctx, t, "sign-in", func(r row) (v tepin.ConnectorSignIn, err error) {
			return v, r.Scan(&v.State, &v.Cookie, &v.EnvironmentID, &v.ConnectorID, &v.CredentialID, &v.UserID, &v.Verifier, at(&v.CreatedAt))
		}, `DELETE FROM connector_sign_in WHERE state = $1 AND environment_id = $2 AND created_at >= $3
			RETURNING state, cookie, environment_id, connector_id, credential_id, user_id, verifier, created_at`, state, env, micros(t.now.Add(-tepin.SignInTime)))
		return err
	})
	return v, err
}

// resealPlaces brings what stands in the tables of connectors under the next master key.
func (t *tx) resealPlaces(ctx context.Context, instance, next string, reseal func(tepin.SealedPlace, []byte) ([]byte, error)) (int, error) {
	type place struct {
		tepin.SealedPlace
		value []byte
	}
	count := 0
	for _, table := range []string{"connector_credential", "connector_token"} {
		list, err := all(ctx, t, func(r row) (p place, err error) {
			p.Instance, p.Table, p.Column = instance, table, "sealed"
			return p, r.Scan(&p.Row, &p.EnvironmentID, &p.value)
		}, `SELECT id, environment_id, sealed FROM `+table)
		if err != nil {
			return count, err
		}
		for _, p := range list {
			sealed, err := reseal(p.SealedPlace, p.value)
			if err != nil {
				return count, err
			}
			if _, err := t.exec(ctx, `UPDATE `+table+` SET sealed = $2, sealed_by = $3 WHERE id = $1`, p.Row, sealed, next); err != nil {
				return count, err
			}
			count++
		}
	}
	return count, nil
}

// ExpireStagedFiles removes files that were staged before then, and gives their bytes to the
// sweep. It returns how many.
func (s *Store) ExpireStagedFiles(ctx context.Context, then time.Time) (int, error) {
	n := 0
	err := s.write(ctx, func(t *tx) error {
		t.quiet = true
		keys, err := all(ctx, t, func(r row) (key string, err error) { return key, r.Scan(&key) }, `DELETE FROM staged_file WHERE created_at < $1 RETURNING blob_key`, micros(then))
		for i := 0; i < len(keys) && err == nil; i++ {
			err = t.dropBlob(ctx, keys[i])
		}
		n = len(keys)
		return err
	})
	return n, err
}
