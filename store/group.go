package store

import (
	"context"

	"github.com/tepin/tepin"
)

const groupColumns = `g.id, g.subscription_id, g.name, g.description, (SELECT count(*) FROM group_member m WHERE m.group_id = g.id), g.created_at, g.updated_at, g.version`

func scanGroup(r row) (g tepin.Group, err error) {
	g.Access = []tepin.EnvironmentRole{}
	return g, r.Scan(&g.ID, &g.SubscriptionID, &g.Name, &g.Description, &g.Members, at(&g.CreatedAt), at(&g.UpdatedAt), &g.Version)
}

// errBuiltIn refuses to touch the group of all users.
var errBuiltIn = tepin.Errorf(tepin.Conflict, "the group of all users is built in: it is not renamed, deleted, joined or left; only its access can be changed")

// Groups returns the groups of a subscription, that of all users first, then by name.
func (s *Store) Groups(ctx context.Context, sub tepin.SubscriptionID) (list []tepin.Group, err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		list, err = groups(ctx, q, sub)
		return err
	})
	return list, err
}

func groups(ctx context.Context, q queryer, sub tepin.SubscriptionID) ([]tepin.Group, error) {
	v, err := subscription(ctx, q, sub, "")
	if err != nil {
		return nil, err
	}
	everybody := tepin.Group{ID: tepin.GroupID(sub), SubscriptionID: sub, Name: tepin.AllUsers, Description: "Everybody in the subscription.",
		Access: []tepin.EnvironmentRole{}, CreatedAt: v.CreatedAt, UpdatedAt: v.CreatedAt, Version: 1}
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM member WHERE subscription_id = $1`, sub).Scan(&everybody.Members); err != nil {
		return nil, err
	}
	list, err := all(ctx, q, scanGroup, `SELECT `+groupColumns+` FROM person_group g WHERE g.subscription_id = $1 ORDER BY g.name_key, g.id`, sub)
	if err != nil {
		return nil, err
	}
	list = append([]tepin.Group{everybody}, list...)
	grants, err := all(ctx, q, scanRoleGrant, `SELECT r.holder_kind, r.holder_id, r.environment_id, r.role FROM environment_role r JOIN environment e ON e.id = r.environment_id
		WHERE e.subscription_id = $1 AND e.deleted_at = 0 AND r.holder_kind = $2 ORDER BY e.name_key, e.id`, sub, holderGroup)
	for i := range list {
		for _, g := range grants {
			if g.GroupID == list[i].ID {
				list[i].Access = append(list[i].Access, g.EnvironmentRole)
			}
		}
	}
	return list, err
}

// Group returns one.
func (s *Store) Group(ctx context.Context, sub tepin.SubscriptionID, id tepin.GroupID) (g tepin.Group, err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		g, err = group(ctx, q, sub, id)
		return err
	})
	return g, err
}

func group(ctx context.Context, q queryer, sub tepin.SubscriptionID, id tepin.GroupID) (tepin.Group, error) {
	list, err := groups(ctx, q, sub)
	if err != nil {
		return tepin.Group{}, err
	}
	for _, g := range list {
		if g.ID == id {
			return g, nil
		}
	}
	return tepin.Group{}, notFound("group")
}

// GroupMembers returns the people of a group, by e-mail address.
func (s *Store) GroupMembers(ctx context.Context, sub tepin.SubscriptionID, id tepin.GroupID) (list []tepin.Person, err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		g, err := group(ctx, q, sub, id)
		if err != nil {
			return err
		}
		if g.BuiltIn() {
			list, err = people(ctx, q, sub, ``)
		} else {
			list, err = people(ctx, q, sub, ` AND m.account_id IN (SELECT account_id FROM group_member WHERE group_id = $2)`, id)
		}
		return err
	})
	return list, err
}

// CreateGroup adds a group. Conflict if the name is taken.
func (s *Store) CreateGroup(ctx context.Context, by tepin.Actor, g tepin.Group) (made tepin.Group, err error) {
	fill(&g.ID)
	err = s.write(ctx, func(t *tx) error {
		if _, err := subscription(ctx, t, g.SubscriptionID, t.dialect.lockRow); err != nil {
			return err
		}
		var have int
		if err := t.QueryRowContext(ctx, `SELECT count(*) FROM person_group WHERE subscription_id = $1`, g.SubscriptionID).Scan(&have); err != nil {
			return err
		}
		if have >= tepin.MaxGroups {
			return tepin.Errorf(tepin.Conflict, "a subscription has at most %d groups; delete one", tepin.MaxGroups)
		}
		if err := checkGroup(g); err != nil {
			return err
		}
		_, err := t.exec(ctx, `INSERT INTO person_group (id, subscription_id, name, name_key, description, created_at, updated_at, version) VALUES ($1, $2, $3, $4, $5, $6, $6, 1)`,
			g.ID, g.SubscriptionID, g.Name, nameKey(g.Name), g.Description, micros(t.now))
		if err != nil {
			return t.dialect.unique(err, "there is a group of that name already")
		}
		if err := t.setRoles(ctx, g.SubscriptionID, holderGroup, string(g.ID), g.Access); err != nil {
			return err
		}
		t.record(InstanceChain, by, "group.create", string(g.ID), map[string]any{"subscription": string(g.SubscriptionID), "name": g.Name, "access": rolesText(g.Access)})
		made, err = group(ctx, t, g.SubscriptionID, g.ID)
		return err
	})
	return made, err
}

// checkGroup refuses texts that no group can have.
func checkGroup(g tepin.Group) error {
	if err := checkNames(g.Name); err != nil {
		return err
	}
	if string(nameKey(g.Name)) == string(nameKey(tepin.AllUsers)) {
		return tepin.Errorf(tepin.Conflict, "there is a group of that name already")
	}
	return checkText(g.Description)
}

// UpdateGroup changes a group. Of the group of all users only the access can be changed.
func (s *Store) UpdateGroup(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.GroupID, u tepin.GroupUpdate) (g tepin.Group, err error) {
	err = s.write(ctx, func(t *tx) error {
		if _, err := subscription(ctx, t, sub, t.dialect.lockRow); err != nil { // the lock of all of its groups
			return err
		}
		if g, err = group(ctx, t, sub, id); err != nil {
			return err
		}
		if g.BuiltIn() && (u.Name != nil || u.Description != nil) {
			return errBuiltIn
		}
		if u.IfVersion != nil && *u.IfVersion != g.Version {
			return stale("group", g.Version)
		}
		detail := map[string]any{"subscription": string(sub)}
		set(&g.Name, u.Name, detail, "name")
		set(&g.Description, u.Description, detail, "description")
		if !g.BuiltIn() {
			if err := checkGroup(g); err != nil {
				return err
			}
		}
		_, err := t.exec(ctx, `UPDATE person_group SET name = $3, name_key = $4, description = $5, updated_at = $6, version = version + 1 WHERE id = $1 AND subscription_id = $2`,
			id, sub, g.Name, nameKey(g.Name), g.Description, micros(t.now))
		if err != nil {
			return t.dialect.unique(err, "there is a group of that name already")
		}
		if u.Access != nil {
			detail["access"] = rolesText(*u.Access)
			if err := t.setRoles(ctx, sub, holderGroup, string(id), *u.Access); err != nil {
				return err
			}
		}
		t.record(InstanceChain, by, "group.update", string(id), detail)
		g, err = group(ctx, t, sub, id)
		return err
	})
	return g, err
}

// DeleteGroup removes a group; its people lose what it opened to them.
func (s *Store) DeleteGroup(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.GroupID) error {
	return s.write(ctx, func(t *tx) error {
		g, err := group(ctx, t, sub, id)
		if err != nil {
			return err
		}
		if g.BuiltIn() {
			return errBuiltIn
		}
		for _, gone := range []string{
			`DELETE FROM environment_role WHERE holder_id = $1`,
			`DELETE FROM group_member WHERE group_id = $1`,
			`DELETE FROM person_group WHERE id = $1`,
		} {
			if _, err := t.exec(ctx, gone, id); err != nil {
				return err
			}
		}
		t.access = true
		t.record(InstanceChain, by, "group.delete", string(id), map[string]any{"subscription": string(sub), "name": g.Name})
		return nil
	})
}

// SetGroupMember takes a member of the subscription into a group, or out of it. What is
// so already is no error.
func (s *Store) SetGroupMember(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.GroupID, user tepin.UserID, in bool) error {
	return s.write(ctx, func(t *tx) error {
		g, err := group(ctx, t, sub, id)
		if err != nil {
			return err
		}
		if g.BuiltIn() {
			return errBuiltIn
		}
		if _, err := t.member(ctx, sub, user); err != nil {
			return err
		}
		statement, action := `DELETE FROM group_member WHERE group_id = $1 AND account_id = $2`, "group.leave"
		if in {
			statement, action = `INSERT INTO group_member (group_id, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, "group.join"
		}
		t.access = true
		t.record(InstanceChain, by, action, string(id), map[string]any{"subscription": string(sub), "user": string(user)})
		_, err = t.exec(ctx, statement, id, user)
		return err
	})
}
