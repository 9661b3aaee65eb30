package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

// What is wrong with a code or a refresh token. All of them are refusals of the grant
// (RFC 6749 §5.2); what they have ended stays ended.
var (
	errCodeUnknown    = tepin.Errorf(tepin.NotFound, "the authorization code is unknown or has expired; it can be used once, within a minute: begin the sign-in again")
	errCodeReused     = tepin.Errorf(tepin.Gone, "the authorization code was used before; the sign-in that it belongs to has ended: begin again")
	errCodeOfOther    = tepin.Errorf(tepin.Gone, "client_id, redirect_uri or code_verifier are not those that the authorization code was asked for with; the code is spent: begin the sign-in again")
	errRefreshUnknown = tepin.Errorf(tepin.NotFound, "the refresh token is unknown or has expired; sign in again")
	errRefreshReused  = tepin.Errorf(tepin.Gone, "the refresh token was used before; the sign-in that it belongs to has ended, because two may hold its tokens: sign in again")
	errRefreshBound   = tepin.Errorf(tepin.NotFound, "the refresh token is bound to the key or the certificate that the first one was got with; send a DPoP proof by that key, or come with that certificate")
	errRefreshOfOther = tepin.Errorf(tepin.Gone, "the refresh token belongs to another client; the sign-in that it belongs to has ended")
)

// Authorize begins a login by an authorization code (RFC 6749 §4.1.2): to this the
// person said yes in a session. The code is stored by its hash.
func (s *Store) Authorize(ctx context.Context, v tepin.Login, session []byte, codeHash []byte, code tepin.AuthorizationCode) (tepin.Login, error) {
	if err := checkText(v.Audience, v.From, code.RedirectURI, code.Challenge, code.Nonce); err != nil {
		return tepin.Login{}, err
	}
	err := s.write(ctx, func(t *tx) error {
		if err := t.beginLogin(ctx, &v, session); err != nil {
			return err
		}
		_, err := t.exec(ctx, `INSERT INTO authorization_code (hash, login_id, redirect_uri, challenge, nonce, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			codeHash, v.ID, code.RedirectURI, code.Challenge, code.Nonce, micros(code.ExpiresAt))
		return err
	})
	return v, err
}

// code is a row as it is stored.
type code struct {
	tepin.AuthorizationCode
	spent time.Time
}

func scanCode(r row) (v code, err error) {
	return v, r.Scan(&v.LoginID, &v.RedirectURI, &v.Challenge, &v.Nonce, at(&v.ExpiresAt), at(&v.spent))
}

// RedeemCode spends an authorization code for tokens of its login, once. redirectURI
// and challenge must be those that it was asked for with. Whoever comes with a code that
// was spent, or with one that is another's, ends the login.
func (s *Store) RedeemCode(ctx context.Context, hash []byte, redirectURI, challenge string, o Issue) (granted Granted, err error) {
	var refused error
	err = s.write(ctx, func(t *tx) error {
		refused = nil
		const query = `SELECT login_id, redirect_uri, challenge, nonce, expires_at, spent_at FROM authorization_code WHERE hash = $1`
		c, err := get(ctx, t, "code", scanCode, query+t.dialect.lockRow, hash)
		if tepin.KindOf(err) == tepin.NotFound {
			return errCodeUnknown
		}
		if err != nil {
			return err
		}
		v, err := t.lockLogin(ctx, c.LoginID)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE authorization_code SET spent_at = $2 WHERE hash = $1`, hash, micros(t.now)); err != nil {
			return err
		}
		switch {
		case !c.spent.IsZero():
			refused = errCodeReused
			return t.misuse(ctx, v, "code reused", o)
		case v.ClientID != o.ClientID || c.RedirectURI != redirectURI || c.Challenge != challenge:
			refused = errCodeOfOther
			return t.misuse(ctx, v, "code of another client, address or verifier", o)
		case !t.now.Before(c.ExpiresAt) || v.over(t.now):
			return errCodeUnknown
		}
		granted, err = t.issue(ctx, v, o)
		granted.Nonce = c.Nonce
		return err
	})
	return granted, firstError(err, refused)
}

// misuse ends a login because of how its code or token came; if it has ended, there is
// nothing to do.
func (t *tx) misuse(ctx context.Context, v login, reason string, o Issue) error {
	if !v.ended.IsZero() {
		t.quiet = true
		return nil
	}
	t.record(chainOf(v.EnvironmentID), tepin.System, "login.misuse", string(v.ID), map[string]any{"client": string(v.ClientID), "by": string(o.ClientID), "reason": reason, "from": o.From})
	return t.endLogin(ctx, tepin.System, v, reason)
}

// over reports whether no tokens of the login are to be had at t.
func (v login) over(t time.Time) bool { return !v.ended.IsZero() || !t.Before(v.EndsAt) }

// firstError returns the first of two errors that there is.
func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// Refresh spends a refresh token for new tokens of its login (RFC 6749 §6), once: each
// comes with the next one. Whoever comes with one that was spent, or with another
// client's, ends the login (RFC 9700 §4.14.2); who does not hold what it is bound to
// gets nothing and ends nothing.
func (s *Store) Refresh(ctx context.Context, hash []byte, o Issue) (granted Granted, err error) {
	var refused error
	err = s.write(ctx, func(t *tx) error {
		refused = nil
		v, used, spent, err := t.refreshToken(ctx, hash)
		if err != nil {
			return err
		}
		switch {
		case !spent.IsZero():
			refused = errRefreshReused
			return t.misuse(ctx, v, "refresh token reused", o)
		case v.ClientID != o.ClientID:
			refused = errRefreshOfOther
			return t.misuse(ctx, v, "refresh token of another client", o)
		case v.over(t.now) || !t.now.Before(used.Add(LoginIdle)):
			return errRefreshUnknown
		case v.Bound != (tepin.Confirmation{}) && v.Bound != o.Held: // RFC 9449 §5, RFC 8705 §4
			return errRefreshBound
		}
		if o.Check != nil {
			if err := o.Check(v.Login); err != nil {
				return err
			}
		}
		if _, err := t.exec(ctx, `UPDATE refresh_token SET spent_at = $2 WHERE hash = $1`, hash, micros(t.now)); err != nil {
			return err
		}
		granted, err = t.issue(ctx, v, o)
		return err
	})
	return granted, firstError(err, refused)
}

// refreshToken reads a refresh token, which nobody else spends meanwhile, and its login.
func (t *tx) refreshToken(ctx context.Context, hash []byte) (v login, created, spent time.Time, err error) {
	var id tepin.LoginID
	_, err = get(ctx, t, "refresh token", func(r row) (struct{}, error) { return struct{}{}, r.Scan(&id, at(&created), at(&spent)) },
		`SELECT login_id, created_at, spent_at FROM refresh_token WHERE hash = $1`+t.dialect.lockRow, hash)
	if tepin.KindOf(err) == tepin.NotFound {
		return login{}, created, spent, errRefreshUnknown
	}
	if err != nil {
		return login{}, created, spent, err
	}
	v, err = t.lockLogin(ctx, id)
	return v, created, spent, err
}

// EndLoginByToken ends the login of a refresh token at the wish of its client
// (RFC 7009 §2.1). A token that is unknown, spent, or another client's is no error, and
// ends nothing: false.
func (s *Store) EndLoginByToken(ctx context.Context, hash []byte, client tepin.ClientID) (ended bool, err error) {
	err = s.write(ctx, func(t *tx) error {
		ended = false
		v, _, spent, err := t.refreshToken(ctx, hash)
		if tepin.KindOf(err) == tepin.NotFound || err == nil && (v.ClientID != client || !spent.IsZero() || !v.ended.IsZero()) {
			t.quiet = true
			return nil
		}
		if err != nil {
			return err
		}
		u, err := get(ctx, t, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE id = $1`, v.UserID)
		if err != nil {
			return err
		}
		ended = true
		return t.endLogin(ctx, userActor(u), v, "revoked")
	})
	return ended, err
}
