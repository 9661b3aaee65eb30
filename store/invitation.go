package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

// AccountLink is a one-time link, and whose it is.
type AccountLink struct {
	Kind           tepin.LinkKind
	SubscriptionID tepin.SubscriptionID // of an invitation
	UserID         tepin.UserID
	ExpiresAt      time.Time
}

const linkColumns = `kind, subscription_id, account_id, expires_at`

func scanLink(r row) (l AccountLink, err error) {
	return l, r.Scan(&l.Kind, &l.SubscriptionID, &l.UserID, at(&l.ExpiresAt))
}

// errNoLink is one answer for all links that open nothing.
var errNoLink = &tepin.Error{Kind: tepin.NotFound, Path: "token", Message: "the link is unknown, spent or too old; ask who sent it for another"}

// Invite makes somebody a pending member, an account too where there is none with that
// e-mail address, and stores the hash of the link that makes them an active one.
// Conflict: they are a member already, or there is no seat.
func (s *Store) Invite(ctx context.Context, by tepin.Actor, in tepin.Invitation, hash []byte, expires time.Time) (p tepin.Person, err error) {
	if err := checkText(in.Email, in.Name, in.LastName); err != nil {
		return p, err
	}
	err = s.write(ctx, func(t *tx) error {
		v, err := subscription(ctx, t, in.SubscriptionID, t.dialect.lockRow)
		if err != nil {
			return err
		}
		u, err := get(ctx, t, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE email = $1`, in.Email)
		if tepin.KindOf(err) == tepin.NotFound {
			u, err = t.insertUser(ctx, tepin.User{ID: tepin.NewID[tepin.UserID](), Email: in.Email, Name: in.Name, LastName: in.LastName})
		}
		if err != nil {
			return err
		}
		var have int
		if err := t.QueryRowContext(ctx, `SELECT count(*) FROM member WHERE subscription_id = $1`, v.ID).Scan(&have); err != nil {
			return err
		}
		if have >= tepin.MaxMembers {
			return tepin.Errorf(tepin.Conflict, "a subscription has at most %d users; delete some", tepin.MaxMembers)
		}
		m := tepin.Member{SubscriptionID: v.ID, UserID: u.ID, State: tepin.MemberPending, SubscriptionAdmin: in.SubscriptionAdmin, TemplateDesigner: in.TemplateDesigner}
		if _, err := t.exec(ctx, `INSERT INTO member (subscription_id, account_id, state, subscription_admin, template_designer, created_at, updated_at, version)
			VALUES ($1, $2, $3, $4, $5, $6, $6, 1)`, m.SubscriptionID, m.UserID, m.State, m.SubscriptionAdmin, m.TemplateDesigner, micros(t.now)); err != nil {
			if err := t.dialect.unique(err, "somebody with this e-mail address is a user of the subscription already"); tepin.KindOf(err) == tepin.Conflict {
				return &tepin.Error{Kind: tepin.Conflict, Path: "email", Message: err.Error()}
			}
			return err
		}
		if seated(m) {
			if err := t.checkSeats(ctx, v); err != nil {
				return err
			}
		}
		if err := t.setRoles(ctx, v.ID, holderAccount, string(u.ID), in.Environments); err != nil {
			return err
		}
		if err := t.link(ctx, AccountLink{tepin.InvitationLink, v.ID, u.ID, expires}, hash); err != nil {
			return err
		}
		t.record(InstanceChain, by, "user.invite", string(u.ID), map[string]any{"subscription": string(v.ID), "email": u.Email,
			"subscriptionAdmin": m.SubscriptionAdmin, "templateDesigner": m.TemplateDesigner, "environments": rolesText(in.Environments)})
		p, err = person(ctx, t, v.ID, u.ID)
		return err
	})
	return p, err
}

// link stores a link in place of an older one of its kind.
func (t *tx) link(ctx context.Context, l AccountLink, hash []byte) error {
	if _, err := t.exec(ctx, `DELETE FROM account_link WHERE expires_at <= $1`, micros(t.now)); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO account_link (hash, kind, subscription_id, account_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account_id, subscription_id, kind) DO UPDATE SET hash = excluded.hash, created_at = excluded.created_at, expires_at = excluded.expires_at`,
		hash, l.Kind, l.SubscriptionID, l.UserID, micros(t.now), micros(l.ExpiresAt))
	return err
}

// InviteAgain gives a pending member another link; the one before works no more.
func (s *Store) InviteAgain(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.UserID, hash []byte, expires time.Time) (p tepin.Person, err error) {
	err = s.write(ctx, func(t *tx) error {
		m, err := t.member(ctx, sub, id)
		if err != nil {
			return err
		}
		if m.State != tepin.MemberPending {
			return tepin.Errorf(tepin.Conflict, "the user is not pending: there is nothing to invite them to")
		}
		if err := t.link(ctx, AccountLink{tepin.InvitationLink, sub, id, expires}, hash); err != nil {
			return err
		}
		t.record(InstanceChain, by, "user.invite", string(id), map[string]any{"subscription": string(sub), "again": true})
		p, err = person(ctx, t, sub, id)
		return err
	})
	return p, err
}

// CreatePasswordLink stores the hash of a link by which a member sets a new password.
// Forbidden to a subscription whose only person they are not; Conflict for who has none yet.
func (s *Store) CreatePasswordLink(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.UserID, hash []byte, expires time.Time) error {
	return s.write(ctx, func(t *tx) error {
		m, err := t.member(ctx, sub, id)
		if err != nil {
			return err
		}
		if m.State != tepin.MemberActive {
			return tepin.Errorf(tepin.Conflict, "the user is not active; send a pending one the invitation again, and make a deactivated one active first")
		}
		if err := t.governed(ctx, by, m); err != nil {
			return err
		}
		t.record(InstanceChain, by, "user.password_link", string(id), map[string]any{"subscription": string(sub), "expires": expires.UTC().Format(time.RFC3339)})
		return t.link(ctx, AccountLink{Kind: tepin.PasswordLink, UserID: id, ExpiresAt: expires}, hash)
	})
}

// Link returns the link of a hash and whom it is for. NotFound if it opens nothing.
func (s *Store) Link(ctx context.Context, kind tepin.LinkKind, hash []byte) (l AccountLink, u tepin.User, err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		l, err = get(ctx, q, "link", scanLink, `SELECT `+linkColumns+` FROM account_link WHERE hash = $1 AND kind = $2 AND expires_at > $3`, hash, kind, micros(s.now()))
		if err == nil {
			u, err = get(ctx, q, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE id = $1`, l.UserID)
		}
		return err
	})
	if tepin.KindOf(err) == tepin.NotFound {
		err = errNoLink
	}
	return l, u, err
}

// spend takes a link away: of two that come at once, one finds nothing.
func (t *tx) spend(ctx context.Context, kind tepin.LinkKind, hash []byte) (AccountLink, error) {
	l, err := get(ctx, t, "link", scanLink, `DELETE FROM account_link WHERE hash = $1 AND kind = $2 AND expires_at > $3 RETURNING `+linkColumns, hash, kind, micros(t.now))
	if tepin.KindOf(err) == tepin.NotFound {
		err = errNoLink
	}
	return l, err
}

// UseInvitation spends the link of an invitation and makes its person an active member.
// One who has no password gets this one, and the name unless it is empty; for one who
// has, hash must be empty: that they know their password is for the caller to see.
func (s *Store) UseInvitation(ctx context.Context, link []byte, name, hash string) (u tepin.User, err error) {
	if err := checkText(name); err != nil {
		return u, err
	}
	err = s.write(ctx, func(t *tx) error {
		l, err := t.spend(ctx, tepin.InvitationLink, link)
		if err != nil {
			return err
		}
		u, err = get(ctx, t, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE id = $1`+t.dialect.lockRow, l.UserID)
		if err != nil {
			return err
		}
		if (u.PasswordHash == "") != (hash != "") {
			return tepin.Errorf(tepin.Conflict, "the account has been changed at this moment; open the link again")
		}
		if hash != "" {
			if name != "" && name != u.Name {
				u.Name, u.LastName = name, ""
			}
			u.PasswordHash = hash
			u.Epoch++
			if _, err := t.exec(ctx, `UPDATE account SET password_hash = $2, name = $3, last_name = $4, epoch = $5 WHERE id = $1`, u.ID, hash, u.Name, u.LastName, u.Epoch); err != nil {
				return err
			}
		}
		n, err := t.exec(ctx, `UPDATE member SET state = $3, updated_at = $4, version = version + 1 WHERE subscription_id = $1 AND account_id = $2 AND state = $5`,
			l.SubscriptionID, u.ID, tepin.MemberActive, micros(t.now), tepin.MemberPending)
		if err == nil && n == 0 {
			err = errNoLink
		}
		t.access = true
		t.record(InstanceChain, userActor(u), "user.join", string(u.ID), map[string]any{"subscription": string(l.SubscriptionID)})
		return err
	})
	return u, err
}

// UsePasswordLink spends a link and sets its person's password. All that the person had
// open ends.
func (s *Store) UsePasswordLink(ctx context.Context, link []byte, hash string) (u tepin.User, err error) {
	err = s.write(ctx, func(t *tx) error {
		l, err := t.spend(ctx, tepin.PasswordLink, link)
		if err != nil {
			return err
		}
		if u, err = get(ctx, t, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE id = $1`+t.dialect.lockRow, l.UserID); err != nil {
			return err
		}
		return t.setPassword(ctx, userActor(u), l.UserID, hash)
	})
	return u, err
}
