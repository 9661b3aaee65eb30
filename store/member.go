package store

import (
	"context"
	"time"

	"github.com/tepin/tepin"
)

const personFrom = ` FROM member m JOIN account a ON a.id = m.account_id`

const personColumns = memberColumns + `, a.email, a.name, a.password_hash <> '', a.administrator, a.epoch, a.created_at, a.last_name, a.last_seen_at,
	COALESCE((SELECT max(l.expires_at) FROM account_link l WHERE l.account_id = a.id AND l.subscription_id = m.subscription_id AND l.kind = 'invitation'), 0)`

// hasPassword stands in [tepin.User] where the hash is not read.
const hasPassword = "set"

func scanPerson(r row) (p tepin.Person, err error) {
	var able bool
	u := &p.User
	err = r.Scan(append(memberInto(&p.Member), &u.Email, &u.Name, &able, &u.Administrator, &u.Epoch, at(&u.CreatedAt), &u.LastName, at(&u.LastSeenAt), at(&p.LinkEnds))...)
	if u.ID = p.UserID; able {
		u.PasswordHash = hasPassword
		if p.State == tepin.MemberPending { // what others know of somebody who has not come yet
			u.Name, u.LastName, u.LastSeenAt = "", "", time.Time{}
		}
	}
	p.Environments, p.Groups = []tepin.EnvironmentRole{}, []tepin.GroupID{}
	return p, err
}

// People returns the members of a subscription, by e-mail address. Of their passwords it
// tells no more than whether there is one.
func (s *Store) People(ctx context.Context, sub tepin.SubscriptionID) (list []tepin.Person, err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		list, err = people(ctx, q, sub, ``)
		return err
	})
	return list, err
}

// Person returns one of them.
func (s *Store) Person(ctx context.Context, sub tepin.SubscriptionID, id tepin.UserID) (p tepin.Person, err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		p, err = person(ctx, q, sub, id)
		return err
	})
	return p, err
}

func person(ctx context.Context, q queryer, sub tepin.SubscriptionID, id tepin.UserID) (tepin.Person, error) {
	list, err := people(ctx, q, sub, ` AND m.account_id = $2`, id)
	if err == nil && len(list) == 0 {
		err = notFound("user")
	}
	if err != nil {
		return tepin.Person{}, err
	}
	return list[0], nil
}

// people reads members with their roles and groups; and is a further condition on m.
func people(ctx context.Context, q queryer, sub tepin.SubscriptionID, and string, args ...any) ([]tepin.Person, error) {
	args = append([]any{sub}, args...)
	list, err := all(ctx, q, scanPerson, `SELECT `+personColumns+personFrom+` WHERE m.subscription_id = $1`+and+` ORDER BY a.email`, args...)
	if err != nil {
		return nil, err
	}
	byID := make(map[tepin.UserID]*tepin.Person, len(list))
	for i := range list {
		byID[list[i].UserID] = &list[i]
	}
	grants, err := all(ctx, q, scanRoleGrant, `SELECT r.holder_kind, r.holder_id, r.environment_id, r.role FROM environment_role r
		JOIN environment e ON e.id = r.environment_id JOIN member m ON m.account_id = r.holder_id AND m.subscription_id = e.subscription_id
		WHERE m.subscription_id = $1 AND e.deleted_at = 0`+and+` ORDER BY e.name_key, e.id`, args...)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		if p := byID[g.UserID]; p != nil {
			p.Environments = append(p.Environments, g.EnvironmentRole)
		}
	}
	joined, err := all(ctx, q, func(r row) (v GroupMember, err error) { return v, r.Scan(&v.GroupID, &v.UserID) },
		`SELECT m.group_id, m.account_id FROM group_member m JOIN person_group g ON g.id = m.group_id WHERE g.subscription_id = $1`+and+` ORDER BY g.name_key`, args...)
	for _, v := range joined {
		if p := byID[v.UserID]; p != nil {
			p.Groups = append(p.Groups, v.GroupID)
		}
	}
	return list, err
}

// member reads what somebody is in a subscription, and locks it.
func (t *tx) member(ctx context.Context, sub tepin.SubscriptionID, id tepin.UserID) (tepin.Member, error) {
	return get(ctx, t, "user", scanMember, `SELECT `+memberColumns+` FROM member m WHERE subscription_id = $1 AND account_id = $2`+t.dialect.lockRow, sub, id)
}

// UpdateMember changes what somebody is in a subscription, whose row it locks: of two
// that take the last seat, the second finds none. Deactivating ends all that the person
// has open. Conflict: no seat, or nobody would administer the subscription; Forbidden:
// the name is not the subscription's to change.
func (s *Store) UpdateMember(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.UserID, u tepin.MemberUpdate) (p tepin.Person, err error) {
	err = s.write(ctx, func(t *tx) error {
		v, err := subscription(ctx, t, sub, t.dialect.lockRow)
		if err != nil {
			return err
		}
		before, err := t.member(ctx, sub, id)
		if err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != before.Version {
			return stale("user", before.Version)
		}
		m, detail := before, map[string]any{"subscription": string(sub)}
		set(&m.SubscriptionAdmin, u.SubscriptionAdmin, detail, "subscriptionAdmin")
		set(&m.TemplateDesigner, u.TemplateDesigner, detail, "templateDesigner")
		if u.State != nil {
			if m.State, err = t.nextState(ctx, id, before.State, *u.State); err != nil {
				return err
			}
			detail["state"] = string(m.State)
		}
		if err := t.rename(ctx, by, before, u, detail); err != nil {
			return err
		}
		m.UpdatedAt, m.Version = t.now, before.Version+1
		if _, err := t.exec(ctx, `UPDATE member SET state = $3, subscription_admin = $4, template_designer = $5, updated_at = $6, version = $7
			WHERE subscription_id = $1 AND account_id = $2`, sub, id, m.State, m.SubscriptionAdmin, m.TemplateDesigner, micros(m.UpdatedAt), m.Version); err != nil {
			return err
		}
		if seated(m) && !seated(before) {
			if err := t.checkSeats(ctx, v); err != nil {
				return err
			}
		}
		if err := t.checkAdministered(ctx, by, before, m); err != nil {
			return err
		}
		if u.Environments != nil {
			detail["environments"] = rolesText(*u.Environments)
			if err := t.setRoles(ctx, sub, holderAccount, string(id), *u.Environments); err != nil {
				return err
			}
		}
		t.access = true
		t.record(InstanceChain, by, "user.update", string(id), detail)
		if m.State == tepin.MemberDeactivated && before.State != m.State {
			if err := t.shut(ctx, sub, id); err != nil {
				return err
			}
		}
		p, err = person(ctx, t, sub, id)
		return err
	})
	return p, err
}

// seated reports whether a member takes a seat of a template designer.
func seated(m tepin.Member) bool {
	return m.TemplateDesigner && m.State != tepin.MemberDeactivated
}

// checkSeats refuses more template designers than the subscription, which is locked, has
// seats for.
func (t *tx) checkSeats(ctx context.Context, v tepin.Subscription) error {
	used, err := usedSeats(ctx, t, v.ID)
	if err == nil && v.DesignerSeats > 0 && used > v.DesignerSeats {
		err = &tepin.Error{Kind: tepin.Conflict, Path: "templateDesigner", Message: "all seats of template designers are taken; take one from somebody else, or have an administrator of the installation raise their number"}
	}
	return err
}

func usedSeats(ctx context.Context, q queryer, id tepin.SubscriptionID) (n int64, err error) {
	return n, q.QueryRowContext(ctx, `SELECT count(*) FROM member WHERE subscription_id = $1 AND template_designer AND state <> $2`, id, tepin.MemberDeactivated).Scan(&n)
}

// UsedSeats returns how many seats of template designers are taken.
func (s *Store) UsedSeats(ctx context.Context, id tepin.SubscriptionID) (int64, error) {
	n, err := usedSeats(ctx, s.reader, id)
	return n, s.dialect.fail(err)
}

// nextState is the state after a change: who was never here is pending again.
func (t *tx) nextState(ctx context.Context, id tepin.UserID, from, to tepin.MemberState) (tepin.MemberState, error) {
	switch {
	case to == from, to == tepin.MemberDeactivated:
		return to, nil
	case to != tepin.MemberActive:
		return from, &tepin.Error{Kind: tepin.Invalid, Path: "status", Message: "a user can be made active or deactivated"}
	case from == tepin.MemberPending:
		return from, &tepin.Error{Kind: tepin.Conflict, Path: "status", Message: "the user has not taken up the invitation yet; send it again"}
	}
	u, err := get(ctx, t, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE id = $1`, id)
	if err == nil && u.PasswordHash == "" {
		to = tepin.MemberPending
	}
	return to, err
}

// rename changes a person's name, where it is theirs or the subscription's to change.
func (t *tx) rename(ctx context.Context, by tepin.Actor, m tepin.Member, u tepin.MemberUpdate, detail map[string]any) error {
	if u.Name == nil {
		return nil
	}
	last := ""
	if u.LastName != nil {
		last = *u.LastName
	}
	if err := checkText(*u.Name, last); err != nil {
		return err
	}
	if by.ID != string(m.UserID) {
		if err := t.governed(ctx, by, m); err != nil {
			return err
		}
	}
	detail["name"] = *u.Name
	_, err := t.exec(ctx, `UPDATE account SET name = $2, last_name = $3 WHERE id = $1`, m.UserID, *u.Name, last)
	return err
}

// governed refuses what is about the person as such, and not about what they are in one
// subscription, to the administrators of a subscription that is not the person's only
// one: who can set somebody's password has all that somebody has.
func (t *tx) governed(ctx context.Context, by tepin.Actor, m tepin.Member) error {
	if by.Administrator || by.Kind == tepin.ActorSystem {
		return nil
	}
	u, err := get(ctx, t, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE id = $1`+t.dialect.lockRow, m.UserID)
	if err != nil {
		return err
	}
	var others int
	if err := t.QueryRowContext(ctx, `SELECT count(*) FROM member WHERE account_id = $1 AND subscription_id <> $2`, m.UserID, m.SubscriptionID).Scan(&others); err != nil {
		return err
	}
	if u.Administrator || others > 0 {
		return tepin.Errorf(tepin.Forbidden, "this user belongs to more than this subscription; only they themselves and administrators of the installation can change their name or their password")
	}
	return nil
}

// checkAdministered refuses to let the last one who administers a subscription go.
func (t *tx) checkAdministered(ctx context.Context, by tepin.Actor, before, after tepin.Member) error {
	is := func(m tepin.Member) bool { return m.SubscriptionAdmin && m.State == tepin.MemberActive }
	if by.Administrator || by.Kind == tepin.ActorSystem || !is(before) || is(after) {
		return nil
	}
	var left int
	err := t.QueryRowContext(ctx, `SELECT count(*) FROM member WHERE subscription_id = $1 AND subscription_admin AND state = $2`, before.SubscriptionID, tepin.MemberActive).Scan(&left)
	if err == nil && left == 0 {
		err = tepin.Errorf(tepin.Conflict, "this is the last active administrator of the subscription; make somebody else one first")
	}
	return err
}

// shut ends what a person has open, and the links that would open something in the subscription.
func (t *tx) shut(ctx context.Context, sub tepin.SubscriptionID, id tepin.UserID) error {
	if _, err := t.exec(ctx, `DELETE FROM account_link WHERE account_id = $1 AND (subscription_id = $2 OR subscription_id = '')`, id, sub); err != nil {
		return err
	}
	return t.endAccess(ctx, id)
}

// RemoveMember takes somebody out of a subscription, for good. Who is in no other one, and
// does not administer the installation, is deleted altogether; what they made stays.
func (s *Store) RemoveMember(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.UserID) error {
	return s.write(ctx, func(t *tx) error {
		if _, err := subscription(ctx, t, sub, t.dialect.lockRow); err != nil {
			return err
		}
		m, err := t.member(ctx, sub, id)
		if err != nil {
			return err
		}
		u, err := get(ctx, t, "user", scanUser, `SELECT `+accountColumns+` FROM account WHERE id = $1`+t.dialect.lockRow, id)
		if err != nil {
			return err
		}
		for _, gone := range []string{
			`DELETE FROM environment_role WHERE holder_id = $2 AND environment_id IN (SELECT id FROM environment WHERE subscription_id = $1)`,
			`DELETE FROM group_member WHERE account_id = $2 AND group_id IN (SELECT id FROM person_group WHERE subscription_id = $1)`,
			`DELETE FROM member WHERE subscription_id = $1 AND account_id = $2`,
		} {
			if _, err := t.exec(ctx, gone, sub, id); err != nil {
				return err
			}
		}
		if err := t.checkAdministered(ctx, by, m, tepin.Member{}); err != nil {
			return err
		}
		if err := t.shut(ctx, sub, id); err != nil {
			return err
		}
		var others int
		if err := t.QueryRowContext(ctx, `SELECT count(*) FROM member WHERE account_id = $1`, id).Scan(&others); err != nil {
			return err
		}
		t.record(InstanceChain, by, "user.delete", string(id), map[string]any{"subscription": string(sub), "email": u.Email, "account": others == 0 && !u.Administrator})
		if others > 0 || u.Administrator {
			return nil
		}
		return t.deleteAccount(ctx, id)
	})
}

func (t *tx) deleteAccount(ctx context.Context, id tepin.UserID) error {
	for _, gone := range []string{
		`DELETE FROM account_link WHERE account_id = $1`,
		`DELETE FROM refresh_token WHERE login_id IN (SELECT id FROM login WHERE account_id = $1)`,
		`DELETE FROM authorization_code WHERE login_id IN (SELECT id FROM login WHERE account_id = $1)`,
		`DELETE FROM login WHERE account_id = $1`,
		`DELETE FROM account WHERE id = $1`,
	} {
		if _, err := t.exec(ctx, gone, id); err != nil {
			return err
		}
	}
	return nil
}

// Administrators returns who administers the installation, by e-mail address.
func (s *Store) Administrators(ctx context.Context) ([]tepin.User, error) {
	list, err := all(ctx, s.reader, scanUser, `SELECT `+accountColumns+` FROM account WHERE administrator ORDER BY email`)
	return list, s.dialect.fail(err)
}

// SetAdministrator makes somebody an administrator of the installation, or not any more.
// Conflict if nobody would be left who can sign in.
func (s *Store) SetAdministrator(ctx context.Context, by tepin.Actor, id tepin.UserID, is bool) error {
	return s.write(ctx, func(t *tx) error {
		// All of them are locked: of the last two, one stays.
		if _, err := all(ctx, t, scanUser, `SELECT `+accountColumns+` FROM account WHERE administrator OR id = $1 ORDER BY id`+t.dialect.lockRow, id); err != nil {
			return err
		}
		n, err := t.exec(ctx, `UPDATE account SET administrator = $2 WHERE id = $1`, id, is)
		if err == nil && n == 0 {
			err = notFound("user")
		}
		if err != nil {
			return err
		}
		left, err := countAdministrators(ctx, t)
		if err != nil {
			return err
		}
		if left == 0 {
			return tepin.Errorf(tepin.Conflict, "this is the last administrator of the installation who can sign in; make somebody else one first")
		}
		t.record(InstanceChain, by, "user.administrator", string(id), map[string]any{"administrator": is})
		if !is {
			return t.endAccess(ctx, id)
		}
		t.access = true
		return nil
	})
}
