package store

import (
	"context"

	"github.com/tepin/tepin"
)

// This file has who reaches a project beside its owner.

func (t *tx) insertAccess(ctx context.Context, v tepin.Project, to tepin.ProjectShare) error {
	_, err := t.exec(ctx, `INSERT INTO project_access (project_id, subject_kind, subject_id, environment_id, name_key, access, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (project_id, subject_kind, subject_id) DO UPDATE SET access = excluded.access`,
		v.ID, to.SubjectKind, to.SubjectID, v.EnvironmentID, nameKey(v.Name), to.Access, micros(t.now))
	return err
}

// ownSharing is what others than the owner are told who want to share a project.
const ownSharing = "its owner can share it, or see with whom it is shared"

// sharesOf reads the shares of a project with the names of their subjects.
const sharesOf = `SELECT a.subject_kind, a.subject_id, coalesce(i.name, u.name, ''), a.access, a.created_at FROM project_access a
	LEFT JOIN integration i ON a.subject_kind = 'integration' AND i.id = a.subject_id AND i.deleted_at = 0
	LEFT JOIN account u ON a.subject_kind = 'user' AND u.id = a.subject_id
	WHERE a.project_id = $1 AND a.access <> 'owner'`

func scanShare(r row) (v tepin.ProjectShare, err error) {
	return v, r.Scan(&v.SubjectKind, &v.SubjectID, &v.SubjectName, &v.Access, at(&v.CreatedAt))
}

// ProjectShares returns with whom one of the actor's projects is shared, the oldest first.
func (s *Store) ProjectShares(ctx context.Context, env tepin.EnvironmentID, by tepin.Actor, id tepin.ProjectID) (list []tepin.ProjectShare, err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		v, err := project(ctx, q, env, by, id, "")
		if err == nil && !v.Access.Owns() {
			err = tepin.Errorf(tepin.Forbidden, "this project is shared with you; only "+ownSharing)
		}
		if err == nil {
			list, err = all(ctx, q, scanShare, sharesOf+` ORDER BY a.created_at, a.subject_id`, id)
		}
		return err
	})
	return list, err
}

// ShareProject shares one of the actor's projects with somebody of its environment, or
// changes how; the caller knows that the subject is of it. Conflict with the owner, and
// beyond [tepin.MaxProjectShares].
func (s *Store) ShareProject(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ProjectID, to tepin.ProjectShare) (share tepin.ProjectShare, err error) {
	if to.Access != tepin.ProjectReader && to.Access != tepin.ProjectWriter {
		return share, &tepin.Error{Kind: tepin.Invalid, Path: "access", Message: "a project is shared to read or to write"}
	}
	err = s.write(ctx, func(t *tx) error {
		v, err := t.projectTo(ctx, env, by, id, tepin.ProjectAccess.Owns, ownSharing)
		if err != nil {
			return err
		}
		if to.SubjectKind == v.OwnerKind && to.SubjectID == v.OwnerID {
			return tepin.Errorf(tepin.Conflict, "the project belongs to them already; share it with others")
		}
		if err := t.insertAccess(ctx, v, to); err != nil {
			return err
		}
		list, err := all(ctx, t, scanShare, sharesOf, id)
		if err != nil {
			return err
		}
		if len(list) > tepin.MaxProjectShares {
			return tepin.Errorf(tepin.Conflict, "the project is shared with %d others already; take it back from somebody first", tepin.MaxProjectShares)
		}
		for _, s := range list {
			if s.SubjectKind == to.SubjectKind && s.SubjectID == to.SubjectID {
				share = s
			}
		}
		return t.sharesChanged(ctx, by, v, "project.share", to)
	})
	return share, err
}

// UnshareProject takes one of the actor's projects back from a subject, at once; anybody
// can give back what is shared with them.
func (s *Store) UnshareProject(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ProjectID, subject string) error {
	return s.write(ctx, func(t *tx) error {
		v, err := project(ctx, t, env, by, id, t.dialect.lockRow)
		if err == nil && subject != by.ID && !v.Access.Owns() {
			err = tepin.Errorf(tepin.Forbidden, "this project is shared with you; only "+ownSharing+", and you can give back your own share")
		}
		if err != nil {
			return err
		}
		gone, err := get(ctx, t, "share", func(r row) (v tepin.ProjectShare, err error) {
			return v, r.Scan(&v.SubjectKind, &v.SubjectID, &v.Access)
		},
			`DELETE FROM project_access WHERE project_id = $1 AND subject_id = $2 AND access <> 'owner' RETURNING subject_kind, subject_id, access`, id, subject)
		if err != nil {
			return err
		}
		return t.sharesChanged(ctx, by, v, "project.unshare", gone)
	})
}

// sharesChanged ends a change of shares: what a project's answer says of its caller's
// access belongs to its version.
func (t *tx) sharesChanged(ctx context.Context, by tepin.Actor, v tepin.Project, action string, s tepin.ProjectShare) error {
	t.record(string(v.EnvironmentID), by, action, string(v.ID), map[string]any{"subject": string(s.SubjectKind) + " " + s.SubjectID, "access": string(s.Access)})
	_, err := t.exec(ctx, `UPDATE project SET version = version + 1 WHERE id = $1`, v.ID)
	return err
}
