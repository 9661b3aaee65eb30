package store

import (
	"context"
	"maps"
	"slices"

	"github.com/tepin/tepin"
)

const mediaColumns = `id, environment_id, name, extension, folder, content_type, width, height, pages, facts, own, blob_key, blob_size, blob_sha256, created_at, updated_at, version`

func scanMedia(r row) (v tepin.Media, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.Name, &v.Extension, &v.Folder, &v.ContentType, &v.Width, &v.Height, &v.Pages, textsIn(&v.Facts), textsIn(&v.Own),
		&v.Blob.Key, &v.Blob.Size, &v.Blob.SHA256, at(&v.CreatedAt), at(&v.UpdatedAt), &v.Version)
	return v, err
}

// CreateMedia adds an uploaded file whose bytes are written already.
func (s *Store) CreateMedia(ctx context.Context, by tepin.Actor, v tepin.Media) (tepin.Media, error) {
	err := s.write(ctx, func(t *tx) error { return t.insertMedia(ctx, by, &v) })
	return v, err
}

func (t *tx) insertMedia(ctx context.Context, by tepin.Actor, v *tepin.Media) error {
	if err := checkNames(v.Name, v.Folder); err != nil {
		return err
	}
	fill(&v.ID)
	v.Version, v.CreatedAt, v.UpdatedAt = 1, t.now, t.now
	var err error
	if v.Folder, err = t.makeFolders(ctx, by, v.EnvironmentID, tepin.MediaFolder, folderPath(v.Folder)); err != nil {
		return err
	}
	if err := t.claimBlob(ctx, v.EnvironmentID, tepin.StoredAssets, v.Blob); err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO media (`+mediaColumns+`, name_key, folder_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, 1, $16, $17)`,
		v.ID, v.EnvironmentID, v.Name, v.Extension, v.Folder, v.ContentType, v.Width, v.Height, v.Pages, textsOf(v.Facts), textsOf(v.Own),
		v.Blob.Key, v.Blob.Size, v.Blob.SHA256, micros(t.now), nameKey(v.Name), nameKey(v.Folder))
	if err != nil {
		return err
	}
	t.record(string(v.EnvironmentID), by, "media.create", string(v.ID), map[string]any{"name": v.Name, "folder": v.Folder, "sha256": v.Blob.SHA256})
	return t.index(ctx, v.EnvironmentID, "media", string(v.ID), v.Name)
}

// MediaList returns a page of an environment's media.
func (s *Store) MediaList(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (tepin.Page[tepin.Media], error) {
	page, err := mediaListing(env).page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

func mediaListing(env tepin.EnvironmentID) listing[tepin.Media] {
	return listing[tepin.Media]{kind: "media", table: "media", columns: mediaColumns, env: env, folders: true,
		where: []condition{living}, scan: scanMedia}
}

// MediaItem returns one uploaded file.
func (s *Store) MediaItem(ctx context.Context, env tepin.EnvironmentID, id tepin.MediaID) (tepin.Media, error) {
	v, err := mediaItem(ctx, s.reader, env, id, "")
	return v, s.dialect.fail(err)
}

func mediaItem(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.MediaID, lock string) (tepin.Media, error) {
	return get(ctx, q, "media", scanMedia,
		`SELECT `+mediaColumns+` FROM media WHERE environment_id = $1 AND id = $2 AND deleted_at = 0`+lock, env, id)
}

// MediaByName returns the file of that name, whatever its case; of several, the
// oldest.
func (s *Store) MediaByName(ctx context.Context, env tepin.EnvironmentID, name string) (tepin.Media, error) {
	v, err := get(ctx, s.reader, "media", scanMedia,
		`SELECT `+mediaColumns+` FROM media WHERE environment_id = $1 AND name_key = $2 AND deleted_at = 0 ORDER BY id LIMIT 1`, env, nameKey(name))
	return v, s.dialect.fail(err)
}

// MediaByContent returns a file with these bytes; of several, the oldest.
func (s *Store) MediaByContent(ctx context.Context, env tepin.EnvironmentID, sha256 string) (tepin.Media, error) {
	v, err := get(ctx, s.reader, "media", scanMedia,
		`SELECT `+mediaColumns+` FROM media WHERE environment_id = $1 AND blob_sha256 = $2 AND deleted_at = 0 ORDER BY id LIMIT 1`, env, sha256)
	return v, s.dialect.fail(err)
}

// UpdateMedia changes a media file. With IfVersion, one that has changed since is Stale.
func (s *Store) UpdateMedia(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.MediaID, u tepin.MediaUpdate) (v tepin.Media, err error) {
	err = s.write(ctx, func(t *tx) error {
		var folder string
		if u.Folder != nil { // folders before rows, as everywhere
			if folder, err = t.makeFolders(ctx, by, env, tepin.MediaFolder, folderPath(*u.Folder)); err != nil {
				return err
			}
		}
		if v, err = mediaItem(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != v.Version {
			return stale("media file", v.Version)
		}
		detail := map[string]any{}
		set(&v.Name, u.Name, detail, "name")
		if u.Folder != nil {
			v.Folder = folder
			detail["folder"] = folder
		}
		if err := checkNames(v.Name, v.Folder); err != nil {
			return err
		}
		if err := setOwn(&v, u.Own, detail); err != nil {
			return err
		}
		if u.SubjectTypes != nil {
			if err := t.setSubjects(ctx, env, id, u.SubjectTypes); err != nil {
				return err
			}
			detail["subjectTypes"] = u.SubjectTypes
		}
		if err := t.replaceMedia(ctx, &v, u.Bytes, detail); err != nil {
			return err
		}
		if err := t.saveMedia(ctx, &v); err != nil {
			return err
		}
		t.record(string(env), by, "media.update", string(id), detail)
		return t.index(ctx, env, "media", string(id), v.Name)
	})
	return v, err
}

// saveMedia writes a changed row.
func (t *tx) saveMedia(ctx context.Context, v *tepin.Media) error {
	v.UpdatedAt = t.now
	v.Version++
	_, err := t.exec(ctx, `UPDATE media SET name = $2, name_key = $3, folder = $4, folder_key = $5, extension = $6, content_type = $7, width = $8, height = $9, pages = $10,
		facts = $11, own = $12, blob_key = $13, blob_size = $14, blob_sha256 = $15, updated_at = $16, version = $17 WHERE id = $1`,
		v.ID, v.Name, nameKey(v.Name), v.Folder, nameKey(v.Folder), v.Extension, v.ContentType, v.Width, v.Height, v.Pages,
		textsOf(v.Facts), textsOf(v.Own), v.Blob.Key, v.Blob.Size, v.Blob.SHA256, micros(v.UpdatedAt), v.Version)
	return err
}

// setOwn changes the texts that people added.
func setOwn(v *tepin.Media, own map[string]*string, detail map[string]any) error {
	if len(own) == 0 {
		return nil
	}
	changed := map[string]string{}
	maps.Copy(changed, v.Own)
	for name, text := range own {
		if text == nil {
			delete(changed, name)
			continue
		}
		if err := checkText(name, *text); err != nil {
			return err
		}
		changed[name] = *text
	}
	if len(changed) > tepin.MaxOwn {
		return tepin.Errorf(tepin.Invalid, "a media file has at most %d entries of metaData beside its own; take some away by setting them to null", tepin.MaxOwn)
	}
	v.Own = changed
	detail["metaData"] = slices.Sorted(maps.Keys(own))
	return nil
}

// replaceMedia claims other bytes for a media file.
func (t *tx) replaceMedia(ctx context.Context, v *tepin.Media, fresh *tepin.Media, detail map[string]any) error {
	if fresh == nil {
		return nil
	}
	if err := t.claimBlob(ctx, v.EnvironmentID, tepin.StoredAssets, fresh.Blob); err != nil {
		return err
	}
	if err := t.dropBlob(ctx, v.Blob.Key); err != nil {
		return err
	}
	v.Extension, v.ContentType, v.Width, v.Height, v.Pages, v.Facts, v.Blob = fresh.Extension, fresh.ContentType, fresh.Width, fresh.Height, fresh.Pages, fresh.Facts, fresh.Blob
	detail["sha256"] = v.Blob.SHA256
	return nil
}

// DeleteMedia removes an uploaded file and returns what it was. For [tepin.RestoreTime]
// it can be restored. With ifVersion, one that has changed since is Stale.
func (s *Store) DeleteMedia(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.MediaID, ifVersion *int64) (v tepin.Media, err error) {
	err = s.write(ctx, func(t *tx) error {
		v, err = t.deleteMedia(ctx, by, env, id, ifVersion)
		return err
	})
	return v, err
}

// DeleteMediaItems removes all of the given files, or, where one of them is not there,
// none.
func (s *Store) DeleteMediaItems(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, ids []tepin.MediaID) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids))) // in one order, so that two calls cannot block each other
	return s.write(ctx, func(t *tx) error {
		for _, id := range ids {
			if _, err := t.deleteMedia(ctx, by, env, id, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) deleteMedia(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.MediaID, ifVersion *int64) (tepin.Media, error) {
	v, err := mediaItem(ctx, t, env, id, t.dialect.lockRow)
	if err != nil {
		return v, err
	}
	if ifVersion != nil && *ifVersion != v.Version {
		return v, stale("media file", v.Version)
	}
	t.record(string(env), by, "media.delete", string(id), map[string]any{"name": v.Name})
	return v, t.remove(ctx, "media", string(id))
}

// RestoreMedia brings a deleted file back, for [tepin.RestoreTime].
func (s *Store) RestoreMedia(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.MediaID) (v tepin.Media, err error) {
	err = s.write(ctx, func(t *tx) error {
		if err := t.restore(ctx, by, env, "media", string(id), ""); err != nil {
			return err
		}
		if err := t.refolder(ctx, by, env, tepin.MediaFolder, string(id)); err != nil {
			return err
		}
		v, err = mediaItem(ctx, t, env, id, "")
		return err
	})
	return v, err
}
