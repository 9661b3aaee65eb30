package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

const accountColumns = `id, email, name, password_hash, administrator, epoch, created_at, last_name, last_seen_at`

func scanUser(r row) (u tepin.User, err error) {
	return u, r.Scan(&u.ID, &u.Email, &u.Name, &u.PasswordHash, &u.Administrator, &u.Epoch, at(&u.CreatedAt), &u.LastName, at(&u.LastSeenAt))
}

// CreateUser adds a person. Conflict if the e-mail address is taken.
func (s *Store) CreateUser(ctx context.Context, by tepin.Actor, u tepin.User) (tepin.User, error) {
	if err := checkText(u.Email, u.Name); err != nil {
		return tepin.User{}, err
	}
	fill(&u.ID)
	err := s.write(ctx, func(t *tx) (err error) {
		u, err = t.insertUser(ctx, u)
		t.access = true
		t.record(InstanceChain, by, "user.create", string(u.ID), map[string]any{"email": u.Email, "administrator": u.Administrator})
		return err
	})
	return u, err
}

func (t *tx) insertUser(ctx context.Context, u tepin.User) (tepin.User, error) {
	u.CreatedAt, u.Epoch = t.now, 1
	_, err := t.exec(ctx, `INSERT INTO account (`+accountColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
		u.ID, u.Email, u.Name, u.PasswordHash, u.Administrator, u.Epoch, micros(u.CreatedAt), u.LastName)
	return u, t.dialect.unique(err, "the e-mail address belongs to another user")
}

// UserByEmail returns the person with that e-mail address, which is in lower case.
func (s *Store) UserByEmail(ctx context.Context, email string) (tepin.User, error) {
	u, err := get(ctx, s.reader, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE email = $1`, email)
	return u, s.dialect.fail(err)
}

// User returns a person.
func (s *Store) User(ctx context.Context, id tepin.UserID) (tepin.User, error) {
	u, err := get(ctx, s.reader, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE id = $1`, id)
	return u, s.dialect.fail(err)
}

// SetUserPassword replaces a person's password and ends their sessions, their logins to
// applications, and the tokens that those have.
func (s *Store) SetUserPassword(ctx context.Context, by tepin.Actor, id tepin.UserID, hash string) error {
	return s.write(ctx, func(t *tx) error { return t.setPassword(ctx, by, id, hash) })
}

func (t *tx) setPassword(ctx context.Context, by tepin.Actor, id tepin.UserID, hash string) error {
	n, err := t.exec(ctx, `UPDATE account SET password_hash = $2 WHERE id = $1`, id, hash)
	if err != nil {
		return err
	}
	if n == 0 {
		return notFound("user")
	}
	t.record(InstanceChain, by, "user.password", string(id), nil)
	return t.endAccess(ctx, id)
}

// endAccess ends a person's sessions, their logins to applications, and, by a new epoch,
// the tokens that those have.
func (t *tx) endAccess(ctx context.Context, id tepin.UserID) error {
	t.access = true
	if _, err := t.exec(ctx, `UPDATE account SET epoch = epoch + 1 WHERE id = $1`, id); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `DELETE FROM console_session WHERE account_id = $1`, id); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE login SET ended_at = $2 WHERE account_id = $1 AND ended_at = 0`, id, micros(t.now))
	return err
}

// CountAdministrators returns how many administrators have a password, and so can
// sign in.
func (s *Store) CountAdministrators(ctx context.Context) (int, error) {
	n, err := countAdministrators(ctx, s.reader)
	return n, s.dialect.fail(err)
}

func countAdministrators(ctx context.Context, q queryer) (n int, err error) {
	return n, q.QueryRowContext(ctx, `SELECT count(*) FROM account WHERE administrator AND password_hash <> ''`).Scan(&n)
}

// CreateSetupLink stores the hash of a one-time link, in place of any older one.
func (s *Store) CreateSetupLink(ctx context.Context, hash []byte, expires time.Time) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `INSERT INTO setup_link (one, hash, created_at, expires_at) VALUES (1, $1, $2, $3)
			ON CONFLICT (one) DO UPDATE SET hash = excluded.hash, created_at = excluded.created_at, expires_at = excluded.expires_at`,
			hash, micros(t.now), micros(expires))
		t.record(InstanceChain, tepin.System, "setup_link.create", "", map[string]any{"expires": expires.UTC().Format(time.RFC3339)})
		return err
	})
}

// UseSetupLink spends the link and makes u the administrator: the one that has no
// password yet, else a new one. NotFound if the link is unknown, spent or over;
// Conflict if an administrator can sign in already.
func (s *Store) UseSetupLink(ctx context.Context, hash []byte, u tepin.User) (tepin.User, error) {
	if err := checkText(u.Email, u.Name); err != nil {
		return tepin.User{}, err
	}
	u.Administrator = true
	fill(&u.ID)
	err := s.write(ctx, func(t *tx) error {
		// Deleting it takes its lock: of two that come at once, one finds nothing.
		n, err := t.exec(ctx, `DELETE FROM setup_link WHERE hash = $1 AND expires_at > $2`, hash, micros(t.now))
		if err != nil {
			return err
		}
		if n == 0 {
			return tepin.Errorf(tepin.NotFound, "the set-up link is unknown, spent or too old; restart the server to get another")
		}
		able, err := countAdministrators(ctx, t)
		if err != nil {
			return err
		}
		if able > 0 {
			return tepin.Errorf(tepin.Conflict, "this server has an administrator already")
		}
		waiting, err := all(ctx, t, scanUser, `SELECT `+accountColumns+` FROM account WHERE administrator ORDER BY created_at, id LIMIT 1`)
		if err != nil {
			return err
		}
		if len(waiting) == 0 {
			u, err = t.insertUser(ctx, u)
		} else {
			u.ID, u.CreatedAt, u.Epoch = waiting[0].ID, waiting[0].CreatedAt, waiting[0].Epoch+1
			_, err = t.exec(ctx, `UPDATE account SET email = $2, name = $3, password_hash = $4, epoch = $5 WHERE id = $1`, u.ID, u.Email, u.Name, u.PasswordHash, u.Epoch)
			err = t.dialect.unique(err, "the e-mail address belongs to another user")
		}
		t.access = true
		t.record(InstanceChain, tepin.System, "setup_link.use", string(u.ID), map[string]any{"email": u.Email})
		return err
	})
	return u, err
}
