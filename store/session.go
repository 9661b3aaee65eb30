package store

import (
	"context"

	"github.com/tepin/tepin"
)

// CreateSession records that a person signed in. Sessions that are over go. Forbidden for
// who is an active user of no subscription, and no administrator.
func (s *Store) CreateSession(ctx context.Context, v tepin.Session) error {
	return s.write(ctx, func(t *tx) error {
		u, err := get(ctx, t, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE id = $1`+t.dialect.lockRow, v.UserID)
		if err != nil {
			return err
		}
		if err := t.checkEnters(ctx, u); err != nil {
			return err
		}
		if v.CreatedAt.IsZero() {
			v.CreatedAt = t.now
		}
		if _, err := t.exec(ctx, `DELETE FROM console_session WHERE expires_at <= $1`, micros(t.now)); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE account SET last_seen_at = $2 WHERE id = $1`, v.UserID, micros(t.now)); err != nil {
			return err
		}
		t.record(InstanceChain, userActor(u), "user.sign_in", string(u.ID), nil)
		_, err = t.exec(ctx, `INSERT INTO console_session (hash, account_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
			v.Hash, v.UserID, micros(v.CreatedAt), micros(v.ExpiresAt))
		return err
	})
}

// Session returns the session of that hash and its person; NotFound if it is over.
func (s *Store) Session(ctx context.Context, hash []byte) (tepin.Session, tepin.User, error) {
	return s.session(ctx, s.reader, hash)
}

func (s *Store) session(ctx context.Context, q queryer, hash []byte) (tepin.Session, tepin.User, error) {
	type signedIn struct {
		session tepin.Session
		user    tepin.User
	}
	v, err := get(ctx, q, "session", func(r row) (v signedIn, err error) {
		u := &v.user
		err = r.Scan(&v.session.Hash, at(&v.session.CreatedAt), at(&v.session.ProvedAt), at(&v.session.ExpiresAt),
			&u.ID, &u.Email, &u.Name, &u.PasswordHash, &u.Administrator, &u.Epoch, at(&u.CreatedAt), &u.LastName, at(&u.LastSeenAt))
		v.session.UserID = u.ID
		if v.session.ProvedAt.IsZero() {
			v.session.ProvedAt = v.session.CreatedAt
		}
		return v, err
	}, `SELECT s.hash, s.created_at, s.proved_at, s.expires_at, a.id, a.email, a.name, a.password_hash, a.administrator, a.epoch, a.created_at, a.last_name, a.last_seen_at
		FROM console_session s JOIN account a ON a.id = s.account_id WHERE s.hash = $1 AND s.expires_at > $2`, hash, micros(s.now()))
	return v.session, v.user, s.dialect.fail(err)
}

// ProveSession notes that the person of a session has just given the password in it
// again. NotFound if the session is over.
func (s *Store) ProveSession(ctx context.Context, hash []byte) error {
	return s.write(ctx, func(t *tx) error {
		_, u, err := s.session(ctx, t, hash)
		if err != nil {
			return err
		}
		t.record(InstanceChain, userActor(u), "user.prove", string(u.ID), nil)
		_, err = t.exec(ctx, `UPDATE console_session SET proved_at = $2 WHERE hash = $1`, hash, micros(t.now))
		return err
	})
}

// DeleteSession ends a session, and the logins to applications that end with it. One
// that is not there is no error.
func (s *Store) DeleteSession(ctx context.Context, hash []byte) error {
	return s.write(ctx, func(t *tx) error {
		_, u, err := s.session(ctx, t, hash)
		if tepin.KindOf(err) == tepin.NotFound {
			t.quiet = true
			return nil
		}
		if err != nil {
			return err
		}
		t.record(InstanceChain, userActor(u), "user.sign_out", string(u.ID), nil)
		// The session goes first: who begins a login in it holds its row until then.
		if _, err := t.exec(ctx, `DELETE FROM console_session WHERE hash = $1`, hash); err != nil {
			return err
		}
		logins, err := all(ctx, t, scanLogin, `SELECT `+loginColumns+` FROM login WHERE session = $1 AND ended_at = 0 ORDER BY id`+t.dialect.lockRow, hash)
		if err != nil {
			return err
		}
		for _, v := range logins {
			if err := t.endLogin(ctx, userActor(u), v, "sign-out"); err != nil {
				return err
			}
		}
		return nil
	})
}

func userActor(u tepin.User) tepin.Actor {
	return tepin.Actor{Kind: tepin.ActorUser, ID: string(u.ID), Name: u.Email}
}

// checkEnters refuses a person who may not enter anything. Whoever deactivates them waits
// for the account's row, or is waited for.
func (t *tx) checkEnters(ctx context.Context, u tepin.User) error {
	if u.Administrator {
		return nil
	}
	var active int
	err := t.QueryRowContext(ctx, `SELECT count(*) FROM member WHERE account_id = $1 AND state = $2`, u.ID, tepin.MemberActive).Scan(&active)
	if err == nil && active == 0 {
		err = tepin.Errorf(tepin.Forbidden, "your account is deactivated, or waits for its invitation to be taken up; ask an administrator")
	}
	return err
}
