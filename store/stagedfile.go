package store

import (
	"context"

	"github.com/tepin/tepin"
)

// MaxStagedFiles and MaxStagedBytes are how many files of one owner wait at once, and how
// large all of them are.
const (
	MaxStagedFiles = 1000
	MaxStagedBytes = 4 << 30
)

const stagedColumns = `id, environment_id, connector_id, owner_kind, owner_id, name, content_type, blob_key, blob_size, blob_sha256, created_at`

func scanStaged(r row) (v tepin.StagedFile, err error) {
	return v, r.Scan(&v.ID, &v.EnvironmentID, &v.ConnectorID, &v.OwnerKind, &v.OwnerID, &v.Name, &v.ContentType, &v.Blob.Key, &v.Blob.Size, &v.Blob.SHA256, at(&v.CreatedAt))
}

// StageFiles adds files whose bytes are written already: all of them, or none. TooMany if
// the owner has [MaxStagedFiles] that wait, or [MaxStagedBytes].
func (s *Store) StageFiles(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ConnectorID, files []tepin.StagedFile) error {
	return s.write(ctx, func(t *tx) error {
		var bytes int64
		have, err := get(ctx, t, "owner", func(r row) (n int, err error) { return n, r.Scan(&n, &bytes) },
			`SELECT count(*), coalesce(sum(blob_size), 0) FROM staged_file WHERE environment_id = $1 AND owner_kind = $2 AND owner_id = $3`, env, by.Kind, by.ID)
		if err != nil {
			return err
		}
		for _, f := range files {
			bytes += f.Blob.Size
		}
		if have+len(files) > MaxStagedFiles || bytes > MaxStagedBytes {
			return &tepin.Error{Kind: tepin.TooMany, RetryAfter: tepin.StagedKept / 24, Message: "too many staged files wait to be uploaded; upload them, or wait until they are forgotten"}
		}
		for i := range files {
			v := &files[i]
			fill(&v.ID)
			v.EnvironmentID, v.ConnectorID, v.OwnerKind, v.OwnerID, v.CreatedAt = env, id, by.Kind, by.ID, t.now
			if err := checkNames(v.Name); err != nil {
				return err
			}
			if err := t.claimBlob(ctx, env, tepin.StoredOther, v.Blob); err != nil {
				return err
			}
			if _, err := t.exec(ctx, `INSERT INTO staged_file (`+stagedColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
				v.ID, v.EnvironmentID, v.ConnectorID, v.OwnerKind, v.OwnerID, v.Name, v.ContentType, v.Blob.Key, v.Blob.Size, v.Blob.SHA256, micros(t.now)); err != nil {
				return err
			}
		}
		t.record(string(env), by, "connector.stage", string(id), map[string]any{"files": len(files)})
		return nil
	})
}

// StagedFile returns a file that the actor staged for a connector.
func (s *Store) StagedFile(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, connector tepin.ConnectorID, id tepin.StagedFileID) (tepin.StagedFile, error) {
	v, err := get(ctx, s.reader, "staged file", scanStaged, `SELECT `+stagedColumns+` FROM staged_file
		WHERE environment_id = $1 AND connector_id = $2 AND id = $3 AND owner_kind = $4 AND owner_id = $5 AND created_at >= $6`,
		env, connector, id, by.Kind, by.ID, micros(s.now().Add(-tepin.StagedKept)))
	return v, s.dialect.fail(err)
}

// DeleteStagedFile forgets a file once it is uploaded, and gives its bytes to the sweep.
func (s *Store) DeleteStagedFile(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.StagedFileID) error {
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		key, err := get(ctx, t, "staged file", func(r row) (key string, err error) { return key, r.Scan(&key) },
			`DELETE FROM staged_file WHERE environment_id = $1 AND id = $2 AND owner_kind = $3 AND owner_id = $4 RETURNING blob_key`, env, id, by.Kind, by.ID)
		if err != nil {
			return err
		}
		return t.dropBlob(ctx, key)
	})
}
