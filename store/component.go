package store

import (
	"context"

	"github.com/tepin/tepin"
)

const componentColumns = `id, environment_id, name, width, height, unit, document_key, document_size, document_sha256, created_at, updated_at, content_at, version`

func scanComponent(r row) (v tepin.Component, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.Name, &v.Size.Width, &v.Size.Height, &v.Size.Unit, &v.Document.Key, &v.Document.Size, &v.Document.SHA256,
		at(&v.CreatedAt), at(&v.UpdatedAt), at(&v.ContentAt), &v.Version)
	return v, err
}

// CreateComponent adds a component whose document's bytes are written already.
func (s *Store) CreateComponent(ctx context.Context, by tepin.Actor, v tepin.Component) (tepin.Component, error) {
	err := s.write(ctx, func(t *tx) error { return t.insertComponent(ctx, by, &v) })
	return v, err
}

func (t *tx) insertComponent(ctx context.Context, by tepin.Actor, v *tepin.Component) error {
	if err := checkNames(v.Name); err != nil {
		return err
	}
	fill(&v.ID)
	v.Version, v.CreatedAt, v.UpdatedAt, v.ContentAt = 1, t.now, t.now, t.now
	if err := t.claimBlob(ctx, v.EnvironmentID, tepin.StoredDocuments, v.Document); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO component (`+componentColumns+`, name_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10, 1, $11)`,
		v.ID, v.EnvironmentID, v.Name, v.Size.Width, v.Size.Height, v.Size.Unit, v.Document.Key, v.Document.Size, v.Document.SHA256, micros(t.now), nameKey(v.Name))
	if err != nil {
		return err
	}
	t.record(string(v.EnvironmentID), by, "component.create", string(v.ID), map[string]any{"name": v.Name, "sha256": v.Document.SHA256})
	return t.index(ctx, v.EnvironmentID, "component", string(v.ID), v.Name)
}

// Components returns a page of an environment's components.
func (s *Store) Components(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (tepin.Page[tepin.Component], error) {
	page, err := listing[tepin.Component]{kind: "component", table: "component", columns: componentColumns, env: env,
		where: []condition{living}, scan: scanComponent}.page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

// Component returns a component.
func (s *Store) Component(ctx context.Context, env tepin.EnvironmentID, id tepin.ComponentID) (tepin.Component, error) {
	v, err := component(ctx, s.reader, env, id, "")
	return v, s.dialect.fail(err)
}

func component(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.ComponentID, lock string) (tepin.Component, error) {
	return get(ctx, q, "component", scanComponent,
		`SELECT `+componentColumns+` FROM component WHERE environment_id = $1 AND id = $2 AND deleted_at = 0`+lock, env, id)
}

// UpdateComponent changes a component. Of two that save at once the last one wins whole;
// with IfVersion the later one is Stale.
func (s *Store) UpdateComponent(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ComponentID, u tepin.ComponentUpdate) (v tepin.Component, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = component(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != v.Version {
			return stale("component", v.Version)
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
			v.Size, v.ContentAt = *u.Size, t.now
			detail["sha256"] = v.Document.SHA256
		}
		v.UpdatedAt = t.now
		v.Version++
		_, err := t.exec(ctx, `UPDATE component SET name = $2, name_key = $3, width = $4, height = $5, unit = $6, document_key = $7, document_size = $8,
			document_sha256 = $9, updated_at = $10, content_at = $11, version = $12 WHERE id = $1`,
			id, v.Name, nameKey(v.Name), v.Size.Width, v.Size.Height, v.Size.Unit, v.Document.Key, v.Document.Size, v.Document.SHA256,
			micros(v.UpdatedAt), micros(v.ContentAt), v.Version)
		if err != nil {
			return err
		}
		t.record(string(env), by, "component.update", string(id), detail)
		if u.Name == nil {
			return nil
		}
		return t.index(ctx, env, "component", string(id), v.Name)
	})
	return v, err
}

// DeleteComponent removes a component. For [tepin.RestoreTime] it can be restored.
func (s *Store) DeleteComponent(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ComponentID, ifVersion *int64) (v tepin.Component, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = component(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != v.Version {
			return stale("component", v.Version)
		}
		t.record(string(env), by, "component.delete", string(id), map[string]any{"name": v.Name})
		return t.remove(ctx, "component", string(id))
	})
	return v, err
}

// RestoreComponent brings a deleted component back, for [tepin.RestoreTime].
func (s *Store) RestoreComponent(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ComponentID) (v tepin.Component, err error) {
	err = s.write(ctx, func(t *tx) error {
		if err := t.restore(ctx, by, env, "component", string(id), ""); err != nil {
			return err
		}
		v, err = component(ctx, t, env, id, "")
		return err
	})
	return v, err
}
