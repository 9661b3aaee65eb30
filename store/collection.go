package store

import (
	"context"

	"github.com/tepin/tepin"
)

const collectionColumns = `id, environment_id, name, description, user_interface_id, cover_key, cover_size, cover_sha256, cover_type, created_at, updated_at, version`

func scanCollection(r row) (v tepin.Collection, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.Name, &v.Description, &v.UserInterfaceID, &v.Cover.Key, &v.Cover.Size, &v.Cover.SHA256, &v.CoverType,
		at(&v.CreatedAt), at(&v.UpdatedAt), &v.Version)
	return v, err
}

// collectionExists is the refusal of a second collection of a name: of kind Invalid, as
// the original has it.
func (d dialect) collectionExists(err error) error {
	if err != nil && d.class(err) == classUnique {
		return tepin.Errorf(tepin.Invalid, "there is a collection of that name already; choose another name")
	}
	return err
}

// CreateCollection adds a collection without entries and without a cover. Invalid: there is
// one of that name, whatever its case.
func (s *Store) CreateCollection(ctx context.Context, by tepin.Actor, v tepin.Collection) (tepin.Collection, error) {
	if err := checkNames(v.Name); err != nil {
		return tepin.Collection{}, err
	}
	if err := checkText(v.Description); err != nil {
		return tepin.Collection{}, err
	}
	fill(&v.ID)
	v.Version, v.Cover, v.CoverType = 1, tepin.BlobRef{}, ""
	err := s.write(ctx, func(t *tx) error {
		v.CreatedAt, v.UpdatedAt = t.now, t.now
		if err := t.checkInterface(ctx, v.EnvironmentID, v.UserInterfaceID); err != nil {
			return err
		}
		_, err := t.exec(ctx, `INSERT INTO collection (`+collectionColumns+`, name_key) VALUES ($1, $2, $3, $4, $5, '', 0, '', '', $6, $6, 1, $7)`,
			v.ID, v.EnvironmentID, v.Name, v.Description, v.UserInterfaceID, micros(t.now), nameKey(v.Name))
		if err != nil {
			return t.dialect.collectionExists(err)
		}
		t.record(string(v.EnvironmentID), by, "collection.create", string(v.ID), map[string]any{"name": v.Name})
		return t.index(ctx, v.EnvironmentID, "collection", string(v.ID), v.Name)
	})
	return v, err
}

// Collections returns a page of an environment's collections.
func (s *Store) Collections(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (tepin.Page[tepin.Collection], error) {
	page, err := listing[tepin.Collection]{kind: "collection", table: "collection", columns: collectionColumns, env: env,
		where: []condition{living}, scan: scanCollection}.page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

// Collection returns a collection.
func (s *Store) Collection(ctx context.Context, env tepin.EnvironmentID, id tepin.CollectionID) (tepin.Collection, error) {
	v, err := collection(ctx, s.reader, env, id, "")
	return v, s.dialect.fail(err)
}

func collection(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.CollectionID, lock string) (tepin.Collection, error) {
	return get(ctx, q, "collection", scanCollection,
		`SELECT `+collectionColumns+` FROM collection WHERE environment_id = $1 AND id = $2 AND deleted_at = 0`+lock, env, id)
}

// UpdateCollection changes a collection.
func (s *Store) UpdateCollection(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.CollectionID, u tepin.CollectionUpdate) (v tepin.Collection, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = collection(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != v.Version {
			return stale("collection", v.Version)
		}
		detail := map[string]any{}
		set(&v.Name, u.Name, detail, "name")
		set(&v.Description, u.Description, detail, "description")
		set(&v.UserInterfaceID, u.UserInterfaceID, detail, "userInterface")
		if err := checkNames(v.Name); err != nil {
			return err
		}
		if err := checkText(v.Description); err != nil {
			return err
		}
		if u.UserInterfaceID != nil {
			if err := t.checkInterface(ctx, env, v.UserInterfaceID); err != nil {
				return err
			}
		}
		if u.Cover != nil {
			if err := t.setCover(ctx, &v, u); err != nil {
				return err
			}
			detail["cover"] = u.Cover.SHA256
		}
		v.UpdatedAt = t.now
		v.Version++
		_, err := t.exec(ctx, `UPDATE collection SET name = $2, name_key = $3, description = $4, user_interface_id = $5, cover_key = $6, cover_size = $7,
			cover_sha256 = $8, cover_type = $9, updated_at = $10, version = $11 WHERE id = $1`,
			id, v.Name, nameKey(v.Name), v.Description, v.UserInterfaceID, v.Cover.Key, v.Cover.Size, v.Cover.SHA256, v.CoverType, micros(v.UpdatedAt), v.Version)
		if err != nil {
			return t.dialect.collectionExists(err)
		}
		t.record(string(env), by, "collection.update", string(id), detail)
		if u.Name == nil {
			return nil
		}
		return t.index(ctx, env, "collection", string(id), v.Name)
	})
	return v, err
}

// setCover claims the bytes of a new cover, and drops those of the old one.
func (t *tx) setCover(ctx context.Context, v *tepin.Collection, u tepin.CollectionUpdate) error {
	if u.Cover.Key != "" {
		if err := t.claimBlob(ctx, v.EnvironmentID, tepin.StoredAssets, *u.Cover); err != nil {
			return err
		}
	}
	old := v.Cover.Key
	v.Cover, v.CoverType = *u.Cover, u.CoverType
	return t.dropBlob(ctx, old)
}

// DeleteCollection removes a collection, not its templates. For [tepin.RestoreTime] it can
// be restored.
func (s *Store) DeleteCollection(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.CollectionID, ifVersion *int64) (v tepin.Collection, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = collection(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != v.Version {
			return stale("collection", v.Version)
		}
		t.record(string(env), by, "collection.delete", string(id), map[string]any{"name": v.Name})
		return t.remove(ctx, "collection", string(id))
	})
	return v, err
}

// RestoreCollection brings a deleted collection back, for [tepin.RestoreTime]. Conflict:
// another has its name by now.
func (s *Store) RestoreCollection(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.CollectionID) (v tepin.Collection, err error) {
	err = s.write(ctx, func(t *tx) error {
		if err := t.restore(ctx, by, env, "collection", string(id), ""); err != nil {
			return t.dialect.unique(err, "there is another collection of that name by now; rename that one first")
		}
		v, err = collection(ctx, t, env, id, "")
		return err
	})
	return v, err
}
