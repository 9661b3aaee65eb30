package store

import (
	"context"

	"github.com/tepin/tepin"
)

const projectColumns = `id, environment_id, owner_kind, owner_id, name, template_id, document_key, document_size, document_sha256, created_at, updated_at, content_at, version`

func scanProject(r row) (v tepin.Project, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.OwnerKind, &v.OwnerID, &v.Name, &v.TemplateID, &v.Document.Key, &v.Document.Size, &v.Document.SHA256,
		at(&v.CreatedAt), at(&v.UpdatedAt), at(&v.ContentAt), &v.Version)
	return v, err
}

// CreateProject adds a project whose document's bytes are written already. It
// belongs to the actor unless it names an owner.
func (s *Store) CreateProject(ctx context.Context, by tepin.Actor, v tepin.Project) (tepin.Project, error) {
	if err := checkNames(v.Name); err != nil {
		return tepin.Project{}, err
	}
	fill(&v.ID)
	if v.OwnerID == "" {
		v.OwnerKind, v.OwnerID = by.Kind, by.ID
	}
	v.Version = 1
	err := s.write(ctx, func(t *tx) error {
		v.CreatedAt, v.UpdatedAt, v.ContentAt = t.now, t.now, t.now
		if v.TemplateID != "" {
			if _, err := template(ctx, t, v.EnvironmentID, v.TemplateID, ""); err != nil {
				return err
			}
		}
		if err := t.claimBlob(ctx, v.EnvironmentID, tepin.StoredDocuments, v.Document); err != nil {
			return err
		}
		_, err := t.exec(ctx, `INSERT INTO project (`+projectColumns+`, name_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10, 1, $11)`,
			v.ID, v.EnvironmentID, v.OwnerKind, v.OwnerID, v.Name, v.TemplateID, v.Document.Key, v.Document.Size, v.Document.SHA256, micros(t.now), nameKey(v.Name))
		if err != nil {
			return err
		}
		t.record(string(v.EnvironmentID), by, "project.create", string(v.ID),
			map[string]any{"name": v.Name, "template": string(v.TemplateID), "sha256": v.Document.SHA256})
		return t.index(ctx, v.EnvironmentID, "project", string(v.ID), v.Name)
	})
	return v, err
}

// Projects returns a page of the actor's projects; of all, for an administrator.
func (s *Store) Projects(ctx context.Context, env tepin.EnvironmentID, by tepin.Actor, p tepin.List) (tepin.Page[tepin.Project], error) {
	page, err := listing[tepin.Project]{kind: "project", table: "project", columns: projectColumns, env: env,
		where: append(ownedBy(by), living), scan: scanProject}.page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

// ownedBy is the condition that the actor may see a row that has an owner: the SQL
// form of [tepin.Actor.Owns].
func ownedBy(by tepin.Actor) []condition {
	if by.Owns("", "") { // everything
		return nil
	}
	return []condition{{column: "owner_kind", value: by.Kind}, {column: "owner_id", value: by.ID}}
}

// Project returns one of the actor's projects; another's is NotFound.
func (s *Store) Project(ctx context.Context, env tepin.EnvironmentID, by tepin.Actor, id tepin.ProjectID) (tepin.Project, error) {
	v, err := project(ctx, s.reader, env, by, id, "")
	return v, s.dialect.fail(err)
}

func project(ctx context.Context, q queryer, env tepin.EnvironmentID, by tepin.Actor, id tepin.ProjectID, lock string) (tepin.Project, error) {
	v, err := get(ctx, q, "project", scanProject,
		`SELECT `+projectColumns+` FROM project WHERE environment_id = $1 AND id = $2 AND deleted_at = 0`+lock, env, id)
	if err == nil && !by.Owns(v.OwnerKind, v.OwnerID) {
		return tepin.Project{}, notFound("project")
	}
	return v, err
}

// UpdateProject changes one of the actor's projects, as UpdateTemplate does a template.
func (s *Store) UpdateProject(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ProjectID, u tepin.ProjectUpdate) (v tepin.Project, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = project(ctx, t, env, by, id, t.dialect.lockRow); err != nil {
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
			updated_at = $7, content_at = $8, version = $9 WHERE id = $1`,
			id, v.Name, nameKey(v.Name), v.Document.Key, v.Document.Size, v.Document.SHA256, micros(v.UpdatedAt), micros(v.ContentAt), v.Version)
		if err != nil {
			return err
		}
		t.record(string(env), by, "project.update", string(id), detail)
		if u.Name == nil {
			return nil
		}
		return t.index(ctx, env, "project", string(id), v.Name)
	})
	return v, err
}

// DeleteProject removes one of the actor's projects and returns what it was. For
// [tepin.RestoreTime] it can be restored.
func (s *Store) DeleteProject(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ProjectID) (v tepin.Project, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = project(ctx, t, env, by, id, t.dialect.lockRow); err != nil {
			return err
		}
		t.record(string(env), by, "project.delete", string(id), map[string]any{"name": v.Name})
		return t.remove(ctx, "project", string(id))
	})
	return v, err
}

// RestoreProject brings one of the actor's deleted projects back, for
// [tepin.RestoreTime].
func (s *Store) RestoreProject(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ProjectID) (v tepin.Project, err error) {
	err = s.write(ctx, func(t *tx) error {
		own, args := ``, []any{}
		if !by.Owns("", "") {
			own, args = ` AND owner_kind = $3 AND owner_id = $4`, []any{by.Kind, by.ID}
		}
		if err := t.restore(ctx, by, env, "project", string(id), own, args...); err != nil {
			return err
		}
		v, err = project(ctx, t, env, by, id, "")
		return err
	})
	return v, err
}
