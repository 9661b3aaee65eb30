package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/tepin/tepin"
)

// The kinds of holders of an environment's role.
const (
	holderAccount = "account"
	holderGroup   = "group"
)

// GroupMember is a person in a group.
type GroupMember struct {
	GroupID tepin.GroupID
	UserID  tepin.UserID
}

// RoleGrant opens an environment to a person or a group; the other's id is empty.
type RoleGrant struct {
	UserID  tepin.UserID
	GroupID tepin.GroupID
	tepin.EnvironmentRole
}

const memberColumns = `m.subscription_id, m.account_id, m.state, m.subscription_admin, m.template_designer, m.created_at, m.updated_at, m.version`

// into are the places that memberColumns are scanned into.
func memberInto(m *tepin.Member) []any {
	return []any{&m.SubscriptionID, &m.UserID, &m.State, &m.SubscriptionAdmin, &m.TemplateDesigner, at(&m.CreatedAt), at(&m.UpdatedAt), &m.Version}
}

func scanMember(r row) (m tepin.Member, err error) { return m, r.Scan(memberInto(&m)...) }

func scanRoleGrant(r row) (g RoleGrant, err error) {
	var kind, holder string
	err = r.Scan(&kind, &holder, &g.EnvironmentID, &g.Role)
	if kind == holderGroup {
		g.GroupID = tepin.GroupID(holder)
	} else {
		g.UserID = tepin.UserID(holder)
	}
	return g, err
}

// readRoles reads what people and groups may enter.
func (d *Directory) readRoles(ctx context.Context, q queryer) (err error) {
	d.Subscriptions, err = all(ctx, q, func(r row) (id tepin.SubscriptionID, err error) { return id, r.Scan(&id) }, `SELECT id FROM subscription`)
	if err != nil {
		return err
	}
	if d.Members, err = all(ctx, q, scanMember, `SELECT `+memberColumns+` FROM member m WHERE state = $1`, tepin.MemberActive); err != nil {
		return err
	}
	d.GroupMembers, err = all(ctx, q, func(r row) (v GroupMember, err error) { return v, r.Scan(&v.GroupID, &v.UserID) }, `SELECT group_id, account_id FROM group_member`)
	if err != nil {
		return err
	}
	d.Grants, err = all(ctx, q, scanRoleGrant, `SELECT holder_kind, holder_id, environment_id, role FROM environment_role`)
	return err
}

// setRoles replaces what a person or a group may enter in a subscription's environments.
func (t *tx) setRoles(ctx context.Context, sub tepin.SubscriptionID, kind, holder string, list []tepin.EnvironmentRole) error {
	const own = `SELECT id FROM environment WHERE subscription_id = $1 AND deleted_at = 0`
	there, err := all(ctx, t, func(r row) (id tepin.EnvironmentID, err error) { return id, r.Scan(&id) }, own, sub)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, `DELETE FROM environment_role WHERE holder_id = $2 AND environment_id IN (`+own+`)`, sub, holder); err != nil {
		return err
	}
	for i, g := range list {
		if err := checkRole(g.Role); err != nil {
			return err
		}
		if !slices.Contains(there, g.EnvironmentID) {
			return &tepin.Error{Kind: tepin.Invalid, Path: "environments", Message: "the subscription has no such environment; GET /api/v1/environments lists those that there are"}
		}
		if slices.ContainsFunc(list[:i], func(o tepin.EnvironmentRole) bool { return o.EnvironmentID == g.EnvironmentID }) {
			return &tepin.Error{Kind: tepin.Invalid, Path: "environments", Message: "an environment is named twice; the greater role holds the lesser one"}
		}
		if _, err := t.exec(ctx, `INSERT INTO environment_role (environment_id, holder_kind, holder_id, role) VALUES ($1, $2, $3, $4)`, g.EnvironmentID, kind, holder, g.Role); err != nil {
			return err
		}
	}
	t.access = true
	return nil
}

func checkRole(r tepin.Role) error {
	if r != tepin.EndUser && r != tepin.EnvironmentAdmin {
		return &tepin.Error{Kind: tepin.Invalid, Path: "environments", Message: `in an environment, a person or a group is "EU" (end user) or "EA" (environment administrator); the other roles are of the whole subscription`}
	}
	return nil
}

// rolesText is how roles stand in the audit log.
func rolesText(list []tepin.EnvironmentRole) []string {
	words := make([]string, len(list))
	for i, g := range list {
		words[i] = fmt.Sprintf("%s:%s", g.EnvironmentID, g.Role)
	}
	return words
}

// SetEnvironmentRole lets a member of the environment's subscription into it, or, with
// an empty role, not any more; what their groups open stays.
func (s *Store) SetEnvironmentRole(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.UserID, role tepin.Role) error {
	return s.write(ctx, func(t *tx) error {
		e, err := environment(ctx, t, env, "")
		if err != nil {
			return err
		}
		if _, err := t.member(ctx, e.SubscriptionID, id); err != nil {
			return err
		}
		t.access = true
		t.record(string(env), by, "user.role", string(id), map[string]any{"role": string(role)})
		t.record(InstanceChain, by, "user.role", string(id), map[string]any{"environment": string(env), "role": string(role)})
		if role == "" {
			_, err := t.exec(ctx, `DELETE FROM environment_role WHERE environment_id = $1 AND holder_id = $2`, env, id)
			return err
		}
		if err := checkRole(role); err != nil {
			return err
		}
		_, err = t.exec(ctx, `INSERT INTO environment_role (environment_id, holder_kind, holder_id, role) VALUES ($1, $2, $3, $4)
			ON CONFLICT (holder_id, environment_id) DO UPDATE SET role = excluded.role`, env, holderAccount, id, role)
		return err
	})
}
