package store

import (
	"context"

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
	if err := checkNames(v.Name, v.Folder); err != nil {
		return tepin.Media{}, err
	}
	fill(&v.ID)
	path := folderPath(v.Folder)
	v.Version = 1
	err := s.write(ctx, func(t *tx) (err error) {
		v.CreatedAt, v.UpdatedAt = t.now, t.now
		if v.Folder, err = t.makeFolders(ctx, by, v.EnvironmentID, tepin.MediaFolder, path); err != nil {
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
	})
	return v, err
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

// DeleteMedia removes an uploaded file and returns what it was. For [tepin.RestoreTime]
// it can be restored.
func (s *Store) DeleteMedia(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.MediaID) (v tepin.Media, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = mediaItem(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		t.record(string(env), by, "media.delete", string(id), map[string]any{"name": v.Name})
		return t.remove(ctx, "media", string(id))
	})
	return v, err
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
