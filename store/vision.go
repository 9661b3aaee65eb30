package store

import (
	"context"
	"encoding/json"

	"github.com/tepin/tepin"
)

// Vision returns what is known of what a picture shows.
func (s *Store) Vision(ctx context.Context, env tepin.EnvironmentID, of tepin.Pictured) (v tepin.Vision, err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		v, err = vision(ctx, q, env, of, "")
		return err
	})
	return v, err
}

func vision(ctx context.Context, q queryer, env tepin.EnvironmentID, of tepin.Pictured, lock string) (v tepin.Vision, err error) {
	if v.Version, err = pictured(ctx, q, env, of, lock); err != nil {
		return v, err
	}
	v.Crops, err = all(ctx, q, scanCrop, `SELECT v.subject_type_id, coalesce(d.name, ''), v.crop FROM vision v LEFT JOIN definition d ON d.id = v.subject_type_id
		WHERE v.environment_id = $1 AND v.item = $2 ORDER BY coalesce(d.name_key, $3), v.subject_type_id`, env, item(of), []byte{})
	return v, err
}

func scanCrop(r row) (c tepin.SubjectCrop, err error) {
	var crop string
	if err := r.Scan(&c.SubjectType, &c.Name, &crop); err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(crop), &c.Crop)
}

// item is what a picture is called in the table vision.
func item(of tepin.Pictured) string {
	if of.Media != "" {
		return string(of.Media)
	}
	return of.External
}

// pictured returns the version of a picture's record.
func pictured(ctx context.Context, q queryer, env tepin.EnvironmentID, of tepin.Pictured, lock string) (int64, error) {
	version := func(r row) (v int64, err error) { return v, r.Scan(&v) }
	if of.Media != "" {
		return get(ctx, q, "media", version, `SELECT version FROM media WHERE environment_id = $1 AND id = $2 AND deleted_at = 0`+lock, env, of.Media)
	}
	return get(ctx, q, "external media", version, `SELECT version FROM external_media WHERE environment_id = $1 AND id = $2`+lock, env, of.External)
}

// SetCrop says what must be seen of a subject, or of the picture as a whole, where the
// subject type is empty; nil takes it back. The picture's version goes up.
func (s *Store) SetCrop(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, of tepin.Pictured, subject tepin.DefinitionID, crop *tepin.Crop, ifVersion *int64) (v tepin.Vision, err error) {
	raw, err := json.Marshal(crop)
	if err != nil {
		return v, err
	}
	err = s.write(ctx, func(t *tx) error {
		version, err := pictured(ctx, t, env, of, t.dialect.lockRow)
		if err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != version {
			return stale("picture", version)
		}
		if subject != "" {
			if _, err := definition(ctx, t, env, tepin.SubjectType, subject, t.dialect.keepRow); err != nil {
				return err
			}
		}
		if err := t.putCrop(ctx, env, of, subject, string(raw)); err != nil {
			return err
		}
		if err := t.touchPictured(ctx, env, of); err != nil {
			return err
		}
		t.record(string(env), by, "vision.update", item(of), map[string]any{"subjectType": subject, "crop": crop})
		v, err = vision(ctx, t, env, of, "")
		return err
	})
	return v, err
}

func (t *tx) putCrop(ctx context.Context, env tepin.EnvironmentID, of tepin.Pictured, subject tepin.DefinitionID, crop string) error {
	var media any
	if of.Media != "" {
		media = of.Media
	}
	if subject == "" && crop == "null" {
		_, err := t.exec(ctx, `DELETE FROM vision WHERE environment_id = $1 AND item = $2 AND subject_type_id = ''`, env, item(of))
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO vision (environment_id, item, subject_type_id, media_id, crop) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (environment_id, item, subject_type_id) DO UPDATE SET crop = excluded.crop`, env, item(of), subject, media, crop)
	return err
}

func (t *tx) touchPictured(ctx context.Context, env tepin.EnvironmentID, of tepin.Pictured) error {
	table := "media"
	if of.Media == "" {
		table = "external_media"
	}
	_, err := t.exec(ctx, `UPDATE `+table+` SET version = version + 1, updated_at = $3 WHERE environment_id = $1 AND id = $2`, env, item(of), micros(t.now))
	return err
}

// setSubjects makes the given subject types those that a media file shows. What was said
// of one that stays, stays.
func (t *tx) setSubjects(ctx context.Context, env tepin.EnvironmentID, id tepin.MediaID, subjects []tepin.DefinitionID) error {
	st := &statement{}
	st.WriteString(`DELETE FROM vision WHERE environment_id = ` + st.arg(env) + ` AND item = ` + st.arg(id) + ` AND subject_type_id <> ''`)
	for _, s := range subjects {
		st.WriteString(` AND subject_type_id <> ` + st.arg(s))
	}
	if _, err := t.exec(ctx, st.String(), st.args...); err != nil {
		return err
	}
	for _, s := range subjects {
		_, err := definition(ctx, t, env, tepin.SubjectType, s, t.dialect.keepRow)
		if tepin.KindOf(err) == tepin.NotFound {
			return &tepin.Error{Kind: tepin.Invalid, Path: "subjectTypes", Message: "there is no such subject type here", Cause: err}
		}
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `INSERT INTO vision (environment_id, item, subject_type_id, media_id, crop) VALUES ($1, $2, $3, $2, 'null')
			ON CONFLICT (environment_id, item, subject_type_id) DO NOTHING`, env, id, s)
		if err != nil {
			return err
		}
	}
	return nil
}

// dropSubject takes a subject type that goes from all pictures.
func (t *tx) dropSubject(ctx context.Context, env tepin.EnvironmentID, id tepin.DefinitionID) error {
	_, err := t.exec(ctx, `DELETE FROM vision WHERE subject_type_id = $2 AND environment_id = $1`, env, id)
	return err
}

// PutExternalMedia notes a picture of another system, or that its picture is another one.
func (s *Store) PutExternalMedia(ctx context.Context, by tepin.Actor, e tepin.ExternalMedia) (v tepin.Vision, err error) {
	err = s.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `INSERT INTO external_media (environment_id, id, content_type, width, height, created_at, updated_at, version) VALUES ($1, $2, $3, $4, $5, $6, $6, 1)
			ON CONFLICT (environment_id, id) DO UPDATE SET content_type = excluded.content_type, width = excluded.width, height = excluded.height,
			updated_at = excluded.updated_at, version = external_media.version + 1`, e.EnvironmentID, e.ID, e.ContentType, e.Width, e.Height, micros(t.now))
		if err != nil {
			return err
		}
		t.record(string(e.EnvironmentID), by, "external_media.put", e.ID, map[string]any{"width": e.Width, "height": e.Height})
		v, err = vision(ctx, t, e.EnvironmentID, tepin.Pictured{External: e.ID}, "")
		return err
	})
	return v, err
}
