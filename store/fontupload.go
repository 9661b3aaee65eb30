package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

const uploadColumns = `id, batch_id, environment_id, family_name, name, weight, italic, extension, file_name, embedding, blob_key, blob_size, blob_sha256, problems, created_at`

func scanUpload(r row) (u tepin.FontUpload, err error) {
	var problems string
	err = r.Scan(&u.ID, &u.BatchID, &u.EnvironmentID, &u.FamilyName, &u.Name, &u.Weight, &u.Italic, &u.Extension, &u.FileName, &u.Embedding,
		&u.Blob.Key, &u.Blob.Size, &u.Blob.SHA256, &problems, at(&u.CreatedAt))
	if err != nil {
		return u, err
	}
	return u, json.Unmarshal([]byte(problems), &u.Problems)
}

// CreateFontBatch stores uploaded font files until they are confirmed.
func (s *Store) CreateFontBatch(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, batch tepin.FontBatchID, files []tepin.FontUpload) error {
	for _, u := range files {
		if err := checkNames(u.FamilyName, u.Name, u.FileName); err != nil {
			return err
		}
	}
	return s.write(ctx, func(t *tx) error {
		for i, u := range files {
			fill(&u.ID)
			problems, err := json.Marshal(append([]string{}, u.Problems...))
			if err != nil {
				return err
			}
			if err := t.claimBlob(ctx, env, tepin.StoredFonts, u.Blob); err != nil {
				return err
			}
			_, err = t.exec(ctx, `INSERT INTO font_upload (`+uploadColumns+`, position) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
				u.ID, batch, env, u.FamilyName, u.Name, u.Weight, u.Italic, u.Extension, u.FileName, u.Embedding,
				u.Blob.Key, u.Blob.Size, u.Blob.SHA256, string(problems), micros(t.now), i)
			if err != nil {
				return err
			}
		}
		t.record(string(env), by, "font.upload", string(batch), map[string]any{"files": len(files)})
		return nil
	})
}

// FontBatch returns the files of a batch in their order, with what stands against confirming each.
func (s *Store) FontBatch(ctx context.Context, env tepin.EnvironmentID, batch tepin.FontBatchID) (list []tepin.FontUpload, err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		list, err = fontBatch(ctx, q, env, batch, "")
		return err
	})
	return list, err
}

// fontBatch adds to the problems that the files have by themselves those of their
// names: a style exists already, or twice in the batch.
func fontBatch(ctx context.Context, q queryer, env tepin.EnvironmentID, batch tepin.FontBatchID, lock string) ([]tepin.FontUpload, error) {
	list, err := all(ctx, q, scanUpload, `SELECT `+uploadColumns+` FROM font_upload WHERE environment_id = $1 AND batch_id = $2 ORDER BY position`+lock, env, batch)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, notFound("font batch")
	}
	seen := map[string]bool{}
	for i := range list {
		u := &list[i]
		const exists = `SELECT count(*) FROM ` + styles + ` WHERE s.environment_id = $1 AND f.name_key = $2 AND s.name_key = $3 AND s.deleted_at = 0`
		var n int
		if err := q.QueryRowContext(ctx, exists, env, nameKey(u.FamilyName), nameKey(u.Name)).Scan(&n); err != nil {
			return nil, err
		}
		if n > 0 {
			u.Problems = append(u.Problems, fmt.Sprintf("the style %s %s exists already; give it another name or delete that one first", u.FamilyName, u.Name))
		}
		key := string(nameKey(u.FamilyName)) + "\x00" + string(nameKey(u.Name))
		if seen[key] {
			u.Problems = append(u.Problems, fmt.Sprintf("the batch has the style %s %s twice; give one of them another name", u.FamilyName, u.Name))
		}
		seen[key] = true
	}
	return list, nil
}

// UpdateFontUpload gives an uploaded file another family and style name.
func (s *Store) UpdateFontUpload(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, batch tepin.FontBatchID, id tepin.FontStyleID, family, style string) error {
	if err := checkNames(family, style); err != nil {
		return err
	}
	return s.write(ctx, func(t *tx) error {
		n, err := t.exec(ctx, `UPDATE font_upload SET family_name = $4, name = $5 WHERE environment_id = $1 AND batch_id = $2 AND id = $3`, env, batch, id, family, style)
		if err == nil && n == 0 {
			return notFound("uploaded font")
		}
		t.record(string(env), by, "font.upload_rename", string(id), map[string]any{"family": family, "style": style})
		return err
	})
}

// ConfirmFontBatch makes font styles of a batch's files: of all, or, when one has a
// problem, of none (Conflict).
func (s *Store) ConfirmFontBatch(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, batch tepin.FontBatchID) (made []tepin.FontStyle, err error) {
	err = s.write(ctx, func(t *tx) error {
		made = nil
		list, err := fontBatch(ctx, t, env, batch, t.dialect.lockRow)
		if err != nil {
			return err
		}
		for _, u := range list {
			if len(u.Problems) > 0 {
				return tepin.Errorf(tepin.Conflict, "%s cannot be confirmed: %s", u.FileName, strings.Join(u.Problems, "; "))
			}
		}
		for _, u := range list {
			v, err := t.confirm(ctx, u)
			if err != nil {
				return err
			}
			made = append(made, v)
			t.record(string(env), by, "font.create", string(v.ID), map[string]any{"family": v.FamilyName, "style": v.Name, "sha256": v.Blob.SHA256})
		}
		_, err = t.exec(ctx, `DELETE FROM font_upload WHERE environment_id = $1 AND batch_id = $2`, env, batch)
		return err
	})
	return made, err
}

// confirm makes a font style of an uploaded file; its bytes are claimed already.
func (t *tx) confirm(ctx context.Context, u tepin.FontUpload) (tepin.FontStyle, error) {
	v := tepin.FontStyle{ID: u.ID, EnvironmentID: u.EnvironmentID, Name: u.Name, Weight: u.Weight, Italic: u.Italic,
		Extension: u.Extension, FileName: u.FileName, Embedding: u.Embedding, Blob: u.Blob, CreatedAt: t.now, UpdatedAt: t.now, Version: 1}
	const put = `INSERT INTO font_family (` + familyColumns + `, name_key) VALUES ($1, $2, $3, $4, $4, 1, $5)
		ON CONFLICT (environment_id, name_key) WHERE deleted_at = 0 DO UPDATE SET updated_at = excluded.updated_at, version = font_family.version + 1 RETURNING id, name`
	err := t.QueryRowContext(ctx, put, tepin.NewID[tepin.FontFamilyID](), u.EnvironmentID, u.FamilyName, micros(t.now), nameKey(u.FamilyName)).Scan(&v.FamilyID, &v.FamilyName)
	if err != nil {
		return v, err
	}
	if err := t.familyHasRoom(ctx, v.FamilyID); err != nil {
		return v, err
	}
	_, err = t.exec(ctx, `INSERT INTO font_style (id, environment_id, family_id, name, name_key, weight, italic, extension, file_name, embedding, blob_key, blob_size, blob_sha256, created_at, updated_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, 1)`,
		v.ID, v.EnvironmentID, v.FamilyID, v.Name, nameKey(v.Name), v.Weight, v.Italic, v.Extension, v.FileName, v.Embedding, v.Blob.Key, v.Blob.Size, v.Blob.SHA256, micros(t.now))
	if err != nil {
		return v, t.styleTaken(err, v)
	}
	if err := t.index(ctx, v.EnvironmentID, "font_family", string(v.FamilyID), v.FamilyName); err != nil {
		return v, err
	}
	return v, t.index(ctx, v.EnvironmentID, "font_style", string(v.ID), v.Name)
}

// ExpireFontBatches removes uploads that nobody confirmed and that came before the
// given time. It returns how many.
func (s *Store) ExpireFontBatches(ctx context.Context, before time.Time) (int, error) {
	n := 0
	err := s.write(ctx, func(t *tx) error {
		t.quiet = true
		list, err := all(ctx, t, scanUpload, `SELECT `+uploadColumns+` FROM font_upload WHERE created_at < $1 ORDER BY id`+t.dialect.skipLocked, micros(before))
		if err != nil {
			return err
		}
		count := map[tepin.EnvironmentID]int{}
		for _, u := range list {
			if err := t.dropBlob(ctx, u.Blob.Key); err != nil {
				return err
			}
			if _, err := t.exec(ctx, `DELETE FROM font_upload WHERE id = $1`, u.ID); err != nil {
				return err
			}
			count[u.EnvironmentID]++
		}
		n = len(list)
		t.recordEach("font.expire", count)
		return nil
	})
	return n, err
}
