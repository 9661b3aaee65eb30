package store

import (
	"context"
	"slices"

	"github.com/tepin/tepin"
)

const projectColumns = `id, environment_id, owner_kind, owner_id, name, template_id, collection_id, user_interface_id, document_key, document_size, document_sha256, created_at, updated_at, content_at, version`

func scanProject(r row) (v tepin.Project, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.OwnerKind, &v.OwnerID, &v.Name, &v.TemplateID, &v.CollectionID, &v.UserInterfaceID, &v.Document.Key, &v.Document.Size, &v.Document.SHA256,
		at(&v.CreatedAt), at(&v.UpdatedAt), at(&v.ContentAt), &v.Version)
	return v, err
}

// CreateProject adds a project whose document's bytes are written already. It
// belongs to the actor unless it names an owner.
func (s *Store) CreateProject(ctx context.Context, by tepin.Actor, v tepin.Project) (tepin.Project, error) {
	return s.createProject(ctx, by, v, func(t *tx, v *tepin.Project) error {
		if v.TemplateID != "" {
			if _, err := template(ctx, t, v.EnvironmentID, v.TemplateID, ""); err != nil {
				return err
			}
		}
		if err := t.fromCollection(ctx, v); err != nil {
			return err
		}
		return t.checkInterface(ctx, v.EnvironmentID, v.UserInterfaceID)
	})
}

// CopyProject is CreateProject of a copy of one of the actor's projects, with the name and
// the document of v: what the project was made from may be gone.
func (s *Store) CopyProject(ctx context.Context, by tepin.Actor, from tepin.ProjectID, v tepin.Project) (tepin.Project, error) {
	return s.createProject(ctx, by, v, func(t *tx, v *tepin.Project) error {
		p, err := project(ctx, t, v.EnvironmentID, by, from, t.dialect.keepRow)
		v.TemplateID, v.CollectionID, v.UserInterfaceID = p.TemplateID, p.CollectionID, p.UserInterfaceID
		if err != nil {
			return err
		}
		return t.checkInterface(ctx, v.EnvironmentID, v.UserInterfaceID)
	})
}

func (s *Store) createProject(ctx context.Context, by tepin.Actor, v tepin.Project, check func(*tx, *tepin.Project) error) (tepin.Project, error) {
	if err := checkNames(v.Name); err != nil {
		return tepin.Project{}, err
	}
	fill(&v.ID)
	if v.OwnerID == "" {
		v.OwnerKind, v.OwnerID = by.Kind, by.ID
	}
	v.Version, v.Access = 1, ownAccess(by, v)
	err := s.write(ctx, func(t *tx) error {
		v.CreatedAt, v.UpdatedAt, v.ContentAt = t.now, t.now, t.now
		if err := check(t, &v); err != nil {
			return err
		}
		if err := t.claimBlob(ctx, v.EnvironmentID, tepin.StoredDocuments, v.Document); err != nil {
			return err
		}
		_, err := t.exec(ctx, `INSERT INTO project (`+projectColumns+`, name_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $12, 1, $13)`,
			v.ID, v.EnvironmentID, v.OwnerKind, v.OwnerID, v.Name, v.TemplateID, v.CollectionID, v.UserInterfaceID, v.Document.Key, v.Document.Size, v.Document.SHA256, micros(t.now), nameKey(v.Name))
		if err != nil {
			return err
		}
		if err := t.insertAccess(ctx, v, tepin.ProjectShare{SubjectKind: v.OwnerKind, SubjectID: v.OwnerID, Access: tepin.ProjectOwner}); err != nil {
			return err
		}
		t.record(string(v.EnvironmentID), by, "project.create", string(v.ID),
			map[string]any{"name": v.Name, "template": string(v.TemplateID), "sha256": v.Document.SHA256})
		return t.index(ctx, v.EnvironmentID, "project", string(v.ID), v.Name)
	})
	return v, err
}

// fromCollection refuses a template that the project's collection does not have, and gives
// a project that names no user interface the collection's.
func (t *tx) fromCollection(ctx context.Context, v *tepin.Project) error {
	if v.CollectionID == "" {
		return nil
	}
	c, err := collection(ctx, t, v.EnvironmentID, v.CollectionID, "")
	if err != nil {
		return err
	}
	var n int
	if err := t.QueryRowContext(ctx, `SELECT count(*) FROM collection_entry WHERE collection_id = $1 AND template_id = $2`, c.ID, v.TemplateID).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return &tepin.Error{Kind: tepin.Invalid, Path: "collectionId", Message: "the template is not in this collection; add it, or leave collectionId out"}
	}
	if v.UserInterfaceID == "" {
		v.UserInterfaceID = c.UserInterfaceID
	}
	return nil
}

// Projects returns a page of the projects that the actor reaches, its own and those shared
// with it; of all, for an administrator. p.Shared picks the ones or the others.
func (s *Store) Projects(ctx context.Context, env tepin.EnvironmentID, by tepin.Actor, p tepin.List) (tepin.Page[tepin.Project], error) {
	page, err := projectListing(env, by, p).page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

// projectListing chooses the table whose indexes have the rows that are asked for in
// order: nobody's list is sorted, nor searched for what may be seen.
func projectListing(env tepin.EnvironmentID, by tepin.Actor, p tepin.List) listing[tepin.Project] {
	l := listing[tepin.Project]{kind: "project", table: "project", columns: projectColumns, env: env, where: []condition{living}, scan: scanOwn(by)}
	switch {
	case p.Shared != nil && !*p.Shared:
		l.where = append(l.where, condition{column: "owner_kind", value: by.Kind}, condition{column: "owner_id", value: by.ID})
	case p.Shared != nil || !by.Owns("", ""):
		l.table, l.columns, l.scan = "project_seen", projectColumns+`, access`, scanSeen
		l.where = append(l.where, condition{column: "subject_kind", value: by.Kind}, condition{column: "subject_id", value: by.ID})
		if p.Shared != nil {
			l.where = append(l.where, condition{sql: `access <> 'owner'`})
		}
	}
	return l
}

// scanOwn reads a project that is the actor's, or that an administrator sees.
func scanOwn(by tepin.Actor) func(row) (tepin.Project, error) {
	return func(r row) (tepin.Project, error) {
		v, err := scanProject(r)
		v.Access = ownAccess(by, v)
		return v, err
	}
}

func ownAccess(by tepin.Actor, v tepin.Project) tepin.ProjectAccess {
	if by.Kind == v.OwnerKind && by.ID == v.OwnerID {
		return tepin.ProjectOwner
	}
	return tepin.ProjectAdministrator
}

// scanSeen reads a row of project_seen.
func scanSeen(r row) (v tepin.Project, err error) {
	var access tepin.ProjectAccess
	v, err = scanProject(withCursor{r, []any{&access}})
	v.Access = access
	return v, err
}

// ownedBy is the condition that the actor may see a row that has an owner: the SQL
// form of [tepin.Actor.Owns].
func ownedBy(by tepin.Actor) []condition {
	if by.Owns("", "") { // everything
		return nil
	}
	return []condition{{column: "owner_kind", value: by.Kind}, {column: "owner_id", value: by.ID}}
}

// Project returns a project that the actor reaches, and says in Access how; another's is
// NotFound.
func (s *Store) Project(ctx context.Context, env tepin.EnvironmentID, by tepin.Actor, id tepin.ProjectID) (tepin.Project, error) {
	v, err := project(ctx, s.reader, env, by, id, "")
	return v, s.dialect.fail(err)
}

func project(ctx context.Context, q queryer, env tepin.EnvironmentID, by tepin.Actor, id tepin.ProjectID, lock string) (tepin.Project, error) {
	v, err := get(ctx, q, "project", scanOwn(by),
		`SELECT `+projectColumns+` FROM project WHERE environment_id = $1 AND id = $2 AND deleted_at = 0`+lock, env, id)
	if err == nil && !by.Owns(v.OwnerKind, v.OwnerID) {
		v.Access, err = get(ctx, q, "project", func(r row) (a tepin.ProjectAccess, err error) { return a, r.Scan(&a) },
			`SELECT access FROM project_access WHERE project_id = $1 AND subject_kind = $2 AND subject_id = $3`, id, by.Kind, by.ID)
	}
	if err != nil {
		return tepin.Project{}, err
	}
	return v, nil
}

// projectTo is project for a change that needs more than seeing it.
func (t *tx) projectTo(ctx context.Context, env tepin.EnvironmentID, by tepin.Actor, id tepin.ProjectID, may func(tepin.ProjectAccess) bool, what string) (tepin.Project, error) {
	v, err := project(ctx, t, env, by, id, t.dialect.lockRow)
	if err == nil && !may(v.Access) {
		return tepin.Project{}, tepin.Errorf(tepin.Forbidden, "this project is shared with you to %s it; only %s", v.Access, what)
	}
	return v, err
}

// UpdateProject changes a project that the actor may write, as UpdateTemplate does a
// template.
func (s *Store) UpdateProject(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ProjectID, u tepin.ProjectUpdate) (v tepin.Project, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = t.projectTo(ctx, env, by, id, tepin.ProjectAccess.Writes, "those with whom it is shared to write it can change it"); err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != v.Version {
			return stale("project", v.Version)
		}
		detail := map[string]any{}
		set(&v.Name, u.Name, detail, "name")
		if err := checkNames(v.Name); err != nil {
			return err
		}
		if u.UserInterfaceID != nil {
			v.UserInterfaceID = *u.UserInterfaceID
			detail["userInterface"] = string(v.UserInterfaceID)
			if err := t.checkInterface(ctx, env, v.UserInterfaceID); err != nil {
				return err
			}
		}
		if u.Document != nil {
			if err := t.replaceBlob(ctx, env, &v.Document, *u.Document); err != nil {
				return err
			}
			v.ContentAt = t.now
			detail["sha256"] = v.Document.SHA256
		}
		v.UpdatedAt = t.now
		v.Version++
		_, err := t.exec(ctx, `UPDATE project SET name = $2, name_key = $3, document_key = $4, document_size = $5, document_sha256 = $6,
			updated_at = $7, content_at = $8, version = $9, user_interface_id = $10 WHERE id = $1`,
			id, v.Name, nameKey(v.Name), v.Document.Key, v.Document.Size, v.Document.SHA256, micros(v.UpdatedAt), micros(v.ContentAt), v.Version, v.UserInterfaceID)
		if err != nil {
			return err
		}
		t.record(string(env), by, "project.update", string(id), detail)
		if u.Name == nil {
			return nil
		}
		if _, err := t.exec(ctx, `UPDATE project_access SET name_key = $2 WHERE project_id = $1`, id, nameKey(v.Name)); err != nil {
			return err
		}
		return t.index(ctx, env, "project", string(id), v.Name)
	})
	return v, err
}

// DeleteProject removes one of the actor's projects and returns what it was. For
// [tepin.RestoreTime] it can be restored.
func (s *Store) DeleteProject(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ProjectID) (v tepin.Project, err error) {
	err = s.write(ctx, func(t *tx) error {
		v, err = t.deleteProject(ctx, by, env, id)
		return err
	})
	return v, err
}

// DeleteProjects removes all of the given projects, or, where one of them cannot be, none.
func (s *Store) DeleteProjects(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, ids []tepin.ProjectID) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids))) // in one order, so that two calls cannot block each other
	return s.write(ctx, func(t *tx) error {
		for _, id := range ids {
			if _, err := t.deleteProject(ctx, by, env, id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) deleteProject(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ProjectID) (tepin.Project, error) {
	v, err := t.projectTo(ctx, env, by, id, tepin.ProjectAccess.Owns, "its owner can delete it")
	if err != nil {
		return v, err
	}
	t.record(string(env), by, "project.delete", string(id), map[string]any{"name": v.Name})
	if _, err := t.exec(ctx, `UPDATE project_access SET deleted_at = $2 WHERE project_id = $1`, id, micros(t.now)); err != nil {
		return v, err
	}
	return v, t.remove(ctx, "project", string(id))
}

// RestoreProject brings one of the actor's deleted projects back, for
// [tepin.RestoreTime], with all its shares.
func (s *Store) RestoreProject(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ProjectID) (v tepin.Project, err error) {
	err = s.write(ctx, func(t *tx) error {
		own, args := ``, []any{}
		if !by.Owns("", "") {
			own, args = ` AND owner_kind = $3 AND owner_id = $4`, []any{by.Kind, by.ID}
		}
		if err := t.restore(ctx, by, env, "project", string(id), own, args...); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE project_access SET deleted_at = 0 WHERE project_id = $1`, id); err != nil {
			return err
		}
		v, err = project(ctx, t, env, by, id, "")
		return err
	})
	return v, err
}
