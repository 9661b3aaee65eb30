package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

// Limits of logins to applications.
const (
	MaxLogins    = 100                 // of one person; beyond it the one that was used least lately ends
	LoginIdle    = 14 * 24 * time.Hour // a refresh token that is not used for so long has ended
	loginUnused  = 15 * time.Minute    // a login that nobody took up for so long is over
	loginHistory = 24 * time.Hour      // for so long one that has ended is told from one that never was
)

const loginColumns = `id, account_id, client_id, environment_id, scopes, audience, session, signed_in_at, came_from, bound_key, bound_cert, created_at, used_at, ends_at, access_ends_at, ended_at`

// login is a row as it is stored.
type login struct {
	tepin.Login
	accessEnds time.Time // when its newest access token ends
	ended      time.Time // zero = it lives
}

func scanLogin(r row) (v login, err error) {
	err = r.Scan(&v.ID, &v.UserID, &v.ClientID, &v.EnvironmentID, personScopesIn(&v.Scopes), &v.Audience, &v.Session, at(&v.SignedInAt),
		&v.From, &v.Bound.KeyThumbprint, &v.Bound.CertificateThumbprint, at(&v.CreatedAt), at(&v.UsedAt), at(&v.EndsAt), at(&v.accessEnds), at(&v.ended))
	if len(v.Session) == 0 {
		v.Session = nil
	}
	return v, err
}

// chainOf is the audit chain that a login of the environment belongs to.
func chainOf(env tepin.EnvironmentID) string {
	if env == "" {
		return InstanceChain
	}
	return string(env)
}

// Issue is how the tokens of a login are to be made.
type Issue struct {
	ClientID    tepin.ClientID              // that asks for them: only the login's own gets any
	Ends        func(tepin.Login) time.Time // when its access token ends
	RefreshHash []byte                      // of the refresh token that a login with offline_access gets
	Check       func(tepin.Login) error     // its error spends nothing; nil = every login will do
	From        string                      // network address of who asks, for the audit log
	Held        tepin.Confirmation          // what who asks has proved to hold
}

// Granted is what tokens of a login are made of.
type Granted struct {
	Login tepin.Login
	User  tepin.User
	Nonce string // of the authorization request
}

// beginLogin stores a login to which its person said yes in a session, which must live
// still. Whoever ends the person's sessions waits for it, or it for them.
func (t *tx) beginLogin(ctx context.Context, v *tepin.Login, session []byte) error {
	fill(&v.ID)
	u, err := get(ctx, t, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE id = $1`+t.dialect.lockRow, v.UserID)
	if err != nil {
		return err
	}
	const live = `SELECT hash FROM console_session WHERE hash = $1 AND account_id = $2 AND expires_at > $3`
	_, err = get(ctx, t, "session", func(r row) (hash []byte, err error) { return hash, r.Scan(&hash) }, live+t.dialect.lockRow, session, v.UserID, micros(t.now))
	if tepin.KindOf(err) == tepin.NotFound {
		return tepin.Errorf(tepin.Unauthorized, "your session has ended; sign in again")
	}
	if err != nil {
		return err
	}
	if err := t.endOldLogins(ctx, u); err != nil {
		return err
	}
	v.CreatedAt = t.now
	_, err = t.exec(ctx, `INSERT INTO login (`+loginColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', $10, 0, $11, 0, 0)`,
		v.ID, v.UserID, v.ClientID, v.EnvironmentID, v.Scopes.String(), v.Audience, orEmpty(v.Session), micros(v.SignedInAt), v.From, micros(t.now), micros(v.EndsAt))
	t.record(chainOf(v.EnvironmentID), userActor(u), "login.begin", string(v.ID), map[string]any{"client": string(v.ClientID), "scopes": v.Scopes.String(), "from": v.From})
	return err
}

// endOldLogins ends the person's logins beyond the most that there may be.
func (t *tx) endOldLogins(ctx context.Context, u tepin.User) error {
	list, err := all(ctx, t, scanLogin, `SELECT `+loginColumns+` FROM login WHERE account_id = $1 AND ended_at = 0 
		ORDER BY CASE WHEN used_at > created_at THEN used_at ELSE created_at END DESC, id DESC`, u.ID)
	if err != nil {
		return err
	}
	for i := MaxLogins - 1; i < len(list); i++ {
		if err := t.endLogin(ctx, userActor(u), list[i], "too many"); err != nil {
			return err
		}
	}
	return nil
}

// endLogin ends a login with all its tokens.
func (t *tx) endLogin(ctx context.Context, by tepin.Actor, v login, reason string) error {
	if _, err := t.exec(ctx, `UPDATE login SET ended_at = $2 WHERE id = $1`, v.ID, micros(t.now)); err != nil {
		return err
	}
	if v.accessEnds.After(t.now) {
		if _, err := t.deny(ctx, DeniedToken{TokenID: string(v.ID), ExpiresAt: v.accessEnds}); err != nil {
			return err
		}
	}
	t.record(chainOf(v.EnvironmentID), by, "login.end", string(v.ID), map[string]any{"client": string(v.ClientID), "reason": reason})
	return nil
}

// lockLogin reads a login that nobody else changes meanwhile.
func (t *tx) lockLogin(ctx context.Context, id tepin.LoginID) (login, error) {
	return get(ctx, t, "login", scanLogin, `SELECT `+loginColumns+` FROM login WHERE id = $1`+t.dialect.lockRow, id)
}

// issue notes that a login gets an access token, and stores its refresh token if it
// may have one. The first token binds the login to what its application holds.
func (t *tx) issue(ctx context.Context, v login, o Issue) (Granted, error) {
	u, err := get(ctx, t, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE id = $1`, v.UserID)
	if err != nil {
		return Granted{}, err
	}
	ends := o.Ends(v.Login)
	if ends.Before(v.accessEnds) {
		ends = v.accessEnds
	}
	if v.UsedAt.IsZero() {
		v.Bound = o.Held
	}
	v.UsedAt = t.now
	if _, err := t.exec(ctx, `UPDATE login SET used_at = $2, access_ends_at = $3, bound_key = $4, bound_cert = $5 WHERE id = $1`,
		v.ID, micros(t.now), micros(ends), v.Bound.KeyThumbprint, v.Bound.CertificateThumbprint); err != nil {
		return Granted{}, err
	}
	if v.Scopes.Identity.Has(tepin.OfflineAccess) {
		if _, err := t.exec(ctx, `INSERT INTO refresh_token (hash, login_id, created_at) VALUES ($1, $2, $3)`, o.RefreshHash, v.ID, micros(t.now)); err != nil {
			return Granted{}, err
		}
	}
	t.record(chainOf(v.EnvironmentID), userActor(u), "login.token", string(v.ID), map[string]any{"client": string(v.ClientID), "from": o.From})
	return Granted{Login: v.Login, User: u}, nil
}

// Logins returns the live logins of a person to applications, the one that was used
// last first.
func (s *Store) Logins(ctx context.Context, id tepin.UserID) ([]tepin.Login, error) {
	list, err := all(ctx, s.reader, func(r row) (tepin.Login, error) { v, err := scanLogin(r); return v.Login, err },
		`SELECT `+loginColumns+` FROM login WHERE account_id = $1 AND ended_at = 0 AND used_at > 0 AND ends_at > $2 ORDER BY used_at DESC, id DESC`, id, micros(s.now()))
	return list, s.dialect.fail(err)
}

// EndLogin ends a login of the person who acts, or for the server's own reasons any.
// One that is not there is NotFound, one that has ended no error.
func (s *Store) EndLogin(ctx context.Context, by tepin.Actor, id tepin.LoginID, reason string) error {
	return s.write(ctx, func(t *tx) error {
		v, err := t.lockLogin(ctx, id)
		if err != nil {
			return err
		}
		if !by.Owns(tepin.ActorUser, string(v.UserID)) {
			return notFound("login")
		}
		if !v.ended.IsZero() {
			t.quiet = true
			return nil
		}
		return t.endLogin(ctx, by, v, reason)
	})
}

// SweepLogins removes what is over: logins with their codes and tokens, refresh tokens
// that were spent long ago, and requests of devices.
func (s *Store) SweepLogins(ctx context.Context) error {
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		now := t.now
		const over = `SELECT id FROM login WHERE ended_at > 0 AND ended_at <= $1 OR ends_at <= $2 OR used_at = 0 AND created_at <= $3
			OR used_at > 0 AND access_ends_at <= $2 AND (used_at <= $4 OR NOT EXISTS (SELECT 1 FROM refresh_token r WHERE r.login_id = login.id AND r.spent_at = 0))
			ORDER BY id LIMIT 1000`
		ids, err := all(ctx, t, func(r row) (id tepin.LoginID, err error) { return id, r.Scan(&id) }, over+t.dialect.lockRow,
			micros(now.Add(-loginHistory)), micros(now), micros(now.Add(-loginUnused)), micros(now.Add(-LoginIdle)))
		if err != nil {
			return err
		}
		for _, id := range ids {
			for _, gone := range []string{
				`DELETE FROM refresh_token WHERE login_id = $1`,
				`DELETE FROM authorization_code WHERE login_id = $1`,
				`DELETE FROM login WHERE id = $1`,
			} {
				if _, err := t.exec(ctx, gone, id); err != nil {
					return err
				}
			}
		}
		if _, err := t.exec(ctx, `DELETE FROM refresh_token WHERE spent_at > 0 AND spent_at <= $1`, micros(now.Add(-LoginIdle))); err != nil {
			return err
		}
		_, err = t.exec(ctx, `DELETE FROM device_request WHERE expires_at <= $1`, micros(now.Add(-deviceHistory)))
		return err
	})
}
