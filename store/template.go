package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/tepin/tepin"
)

const templateColumns = `id, environment_id, name, folder, document_key, document_size, document_sha256, created_at, updated_at, content_at, version`

func scanTemplate(r row) (v tepin.Template, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.Name, &v.Folder, &v.Document.Key, &v.Document.Size, &v.Document.SHA256,
		at(&v.CreatedAt), at(&v.UpdatedAt), at(&v.ContentAt), &v.Version)
	return v, err
}

// CreateTemplate adds a template whose document's bytes are written already, with the tags
// that it names by their ids.
func (s *Store) CreateTemplate(ctx context.Context, by tepin.Actor, v tepin.Template) (tepin.Template, error) {
	err := s.write(ctx, func(t *tx) error { return t.insertTemplate(ctx, by, &v) })
	return v, err
}

func (t *tx) insertTemplate(ctx context.Context, by tepin.Actor, v *tepin.Template) error {
	if err := checkNames(v.Name, v.Folder); err != nil {
		return err
	}
	fill(&v.ID)
	v.Version, v.CreatedAt, v.UpdatedAt, v.ContentAt = 1, t.now, t.now, t.now
	var err error
	if v.Folder, err = t.makeFolders(ctx, by, v.EnvironmentID, tepin.TemplateFolder, folderPath(v.Folder)); err != nil {
		return err
	}
	if err := t.claimBlob(ctx, v.EnvironmentID, tepin.StoredDocuments, v.Document); err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO template (`+templateColumns+`, name_key, folder_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8, 1, $9, $10)`,
		v.ID, v.EnvironmentID, v.Name, v.Folder, v.Document.Key, v.Document.Size, v.Document.SHA256, micros(t.now), nameKey(v.Name), nameKey(v.Folder))
	if err != nil {
		return err
	}
	if len(v.Tags) > 0 {
		var tags []tepin.TagID
		for _, g := range v.Tags {
			tags = append(tags, g.ID)
		}
		if err := t.setTags(ctx, v, tags); err != nil {
			return err
		}
	}
	t.record(string(v.EnvironmentID), by, "template.create", string(v.ID), map[string]any{"name": v.Name, "folder": v.Folder, "sha256": v.Document.SHA256})
	return t.index(ctx, v.EnvironmentID, "template", string(v.ID), v.Name)
}

// Templates returns a page of an environment's templates.
func (s *Store) Templates(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (tepin.Page[tepin.Template], error) {
	page, err := templateListing(env, p).page(ctx, s.reader, p)
	if err == nil {
		err = readTags(ctx, s.reader, page.Items)
	}
	return page, s.dialect.fail(err)
}

func templateListing(env tepin.EnvironmentID, p tepin.List) listing[tepin.Template] {
	l := listing[tepin.Template]{kind: "template", table: "template", columns: templateColumns, env: env, folders: true,
		where: []condition{living}, scan: scanTemplate}
	for _, tag := range p.Tags {
		has := func(st *statement) string { // a tag that is not there: none has it
			return fmt.Sprintf(`w.tag_id = (SELECT g.id FROM tag g WHERE g.environment_id = %[1]s AND (g.id = %[2]s OR g.name_key = %[3]s) ORDER BY g.id = %[2]s DESC LIMIT 1)`,
				st.arg(env), st.arg(strings.ToLower(tag)), st.arg(nameKey(tag)))
		}
		l.filters = append(l.filters, filter{
			hits: func(st *statement) string {
				return `SELECT w.template_id AS item_id FROM template_tag w WHERE ` + has(st) + ` ORDER BY w.template_id` // which has PostgreSQL count along the index
			},
			has: func(st *statement) string {
				return opaque(`EXISTS (SELECT 1 FROM template_tag w WHERE w.template_id = t.id AND ` + has(st) + once + `)`)
			},
		})
	}
	return l
}

// Template returns a template.
func (s *Store) Template(ctx context.Context, env tepin.EnvironmentID, id tepin.TemplateID) (tepin.Template, error) {
	v, err := template(ctx, s.reader, env, id, "")
	return v, s.dialect.fail(err)
}

// template reads a template with its tags.
func template(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.TemplateID, lock string) (tepin.Template, error) {
	v, err := get(ctx, q, "template", scanTemplate,
		`SELECT `+templateColumns+` FROM template WHERE environment_id = $1 AND id = $2 AND deleted_at = 0`+lock, env, id)
	if err != nil {
		return v, err
	}
	one := []tepin.Template{v}
	err = readTags(ctx, q, one)
	return one[0], err
}

// UpdateTemplate changes a template. Of two that save at once both succeed, and the
// last one wins whole; with IfVersion the later one is Stale.
func (s *Store) UpdateTemplate(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.TemplateID, u tepin.TemplateUpdate) (v tepin.Template, err error) {
	err = s.write(ctx, func(t *tx) error {
		var folder string // before the template, as where a folder is moved
		if u.Folder != nil {
			if err := checkNames(*u.Folder); err != nil {
				return err
			}
			if folder, err = t.makeFolders(ctx, by, env, tepin.TemplateFolder, folderPath(*u.Folder)); err != nil {
				return err
			}
		}
		if v, err = template(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != v.Version {
			return stale("template", v.Version)
		}
		detail := map[string]any{}
		set(&v.Name, u.Name, detail, "name")
		if u.Folder != nil {
			v.Folder = folder
			detail["folder"] = v.Folder
		}
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
		_, err := t.exec(ctx, `UPDATE template SET name = $2, name_key = $3, folder = $4, folder_key = $5, document_key = $6, document_size = $7,
			document_sha256 = $8, updated_at = $9, content_at = $10, version = $11 WHERE id = $1`,
			id, v.Name, nameKey(v.Name), v.Folder, nameKey(v.Folder), v.Document.Key, v.Document.Size,
			v.Document.SHA256, micros(v.UpdatedAt), micros(v.ContentAt), v.Version)
		if err != nil {
			return err
		}
		t.record(string(env), by, "template.update", string(id), detail)
		if u.Name == nil {
			return nil
		}
		return t.index(ctx, env, "template", string(id), v.Name)
	})
	return v, err
}

// replaceBlob claims the new document of a record and drops the old one.
func (t *tx) replaceBlob(ctx context.Context, env tepin.EnvironmentID, ref *tepin.BlobRef, fresh tepin.BlobRef) error {
	if err := t.claimBlob(ctx, env, tepin.StoredDocuments, fresh); err != nil {
		return err
	}
	old := ref.Key
	*ref = fresh
	return t.dropBlob(ctx, old)
}

// DeleteTemplate removes a template and returns what it was. For [tepin.RestoreTime] it
// can be restored. One that is in a collection is a Conflict, unless with force.
func (s *Store) DeleteTemplate(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.TemplateID, force bool) (v tepin.Template, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = template(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		n, err := collectionsOf(ctx, t, id)
		if err != nil {
			return err
		}
		if n > 0 && !force {
			return tepin.Errorf(tepin.Conflict, "the template is in %d template collections; take it out of them, or delete it with force=true", n)
		}
		t.record(string(env), by, "template.delete", string(id), map[string]any{"name": v.Name})
		return t.remove(ctx, "template", string(id))
	})
	return v, err
}

// RestoreTemplate brings a deleted template back, for [tepin.RestoreTime].
func (s *Store) RestoreTemplate(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.TemplateID) (v tepin.Template, err error) {
	err = s.write(ctx, func(t *tx) error {
		if err := t.restore(ctx, by, env, "template", string(id), ""); err != nil {
			return err
		}
		if err := t.refolder(ctx, by, env, tepin.TemplateFolder, string(id)); err != nil {
			return err
		}
		v, err = template(ctx, t, env, id, "")
		return err
	})
	return v, err
}
