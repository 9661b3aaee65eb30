package store

import (
	"context"
	"slices"
	"strings"

	"github.com/tepin/tepin"
)

const tagColumns = `id, environment_id, name, created_at, updated_at, version`

func scanTag(r row) (v tepin.Tag, err error) {
	return v, r.Scan(&v.ID, &v.EnvironmentID, &v.Name, at(&v.CreatedAt), at(&v.UpdatedAt), &v.Version)
}

// tagExists is the refusal of a second tag of a name.
const tagExists = "there is a tag of that name already; choose another name, or use that one"

// CreateTag adds a tag. Conflict: there is one of that name, whatever its case, or the
// environment has as many as it can.
func (s *Store) CreateTag(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, name string) (v tepin.Tag, err error) {
	if err := checkNames(name); err != nil {
		return v, err
	}
	err = s.write(ctx, func(t *tx) error {
		v = tepin.Tag{ID: tepin.NewID[tepin.TagID](), EnvironmentID: env, Name: name, CreatedAt: t.now, UpdatedAt: t.now, Version: 1}
		var n int
		if err := t.QueryRowContext(ctx, `SELECT count(*) FROM tag WHERE environment_id = $1`, env).Scan(&n); err != nil {
			return err
		}
		if n >= tepin.MaxTags {
			return tepin.Errorf(tepin.Conflict, "an environment has at most %d tags; delete one that is not used", tepin.MaxTags)
		}
		if _, err := t.exec(ctx, `INSERT INTO tag (`+tagColumns+`, name_key) VALUES ($1, $2, $3, $4, $4, 1, $5)`, v.ID, env, name, micros(t.now), nameKey(name)); err != nil {
			return t.dialect.unique(err, tagExists)
		}
		t.record(string(env), by, "tag.create", string(v.ID), map[string]any{"name": name})
		return t.index(ctx, env, "tag", string(v.ID), name)
	})
	return v, err
}

// Tags returns a page of an environment's tags.
func (s *Store) Tags(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (tepin.Page[tepin.Tag], error) {
	page, err := listing[tepin.Tag]{kind: "tag", table: "tag", columns: tagColumns, env: env, scan: scanTag}.page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

// Tag returns a tag.
func (s *Store) Tag(ctx context.Context, env tepin.EnvironmentID, id tepin.TagID) (tepin.Tag, error) {
	v, err := tag(ctx, s.reader, env, id, "")
	return v, s.dialect.fail(err)
}

func tag(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.TagID, lock string) (tepin.Tag, error) {
	return get(ctx, q, "tag", scanTag, `SELECT `+tagColumns+` FROM tag WHERE environment_id = $1 AND id = $2`+lock, env, id)
}

// RenameTag gives a tag another name. What shows the templates that have it has changed
// with it.
func (s *Store) RenameTag(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.TagID, name string, ifVersion *int64) (v tepin.Tag, err error) {
	if err := checkNames(name); err != nil {
		return v, err
	}
	err = s.write(ctx, func(t *tx) error {
		if v, err = tag(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != v.Version {
			return stale("tag", v.Version)
		}
		v.Name, v.UpdatedAt, v.Version = name, t.now, v.Version+1
		if _, err := t.exec(ctx, `UPDATE tag SET name = $2, name_key = $3, updated_at = $4, version = $5 WHERE id = $1`, id, name, nameKey(name), micros(t.now), v.Version); err != nil {
			return t.dialect.unique(err, tagExists)
		}
		if err := t.touchTagged(ctx, id); err != nil {
			return err
		}
		t.record(string(env), by, "tag.update", string(id), map[string]any{"name": name})
		return t.index(ctx, env, "tag", string(id), name)
	})
	return v, err
}

// touchTagged raises the version of the templates that have a tag: at most
// [tepin.MaxTagged].
func (t *tx) touchTagged(ctx context.Context, id tepin.TagID) error {
	_, err := t.exec(ctx, `UPDATE template SET version = version + 1 WHERE id IN (SELECT template_id FROM template_tag WHERE tag_id = $1)`, id)
	return err
}

// DeleteTag removes a tag, also from the templates that have it.
func (s *Store) DeleteTag(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.TagID, ifVersion *int64) error {
	return s.write(ctx, func(t *tx) error {
		v, err := tag(ctx, t, env, id, t.dialect.lockRows)
		if err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != v.Version {
			return stale("tag", v.Version)
		}
		if err := t.touchTagged(ctx, id); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM tag WHERE id = $1`, id); err != nil { // template_tag goes with it
			return err
		}
		t.record(string(env), by, "tag.delete", string(id), map[string]any{"name": v.Name})
		return t.unindex(ctx, string(id))
	})
}

// SetTemplateTags gives a template exactly these tags. Its version rises. NotFound: it, or
// one of them, is not there.
func (s *Store) SetTemplateTags(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.TemplateID, tags []tepin.TagID, ifVersion *int64) (v tepin.Template, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = template(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != v.Version {
			return stale("template", v.Version)
		}
		if err := t.setTags(ctx, &v, tags); err != nil {
			return err
		}
		v.Version++
		v.UpdatedAt = t.now
		if _, err := t.exec(ctx, `UPDATE template SET version = $2, updated_at = $3 WHERE id = $1`, id, v.Version, micros(t.now)); err != nil {
			return err
		}
		names := make([]string, len(v.Tags))
		for i, g := range v.Tags {
			names[i] = g.Name
		}
		t.record(string(env), by, "template.tag", string(id), map[string]any{"tags": names})
		return nil
	})
	return v, err
}

// setTags replaces a template's tags.
func (t *tx) setTags(ctx context.Context, v *tepin.Template, tags []tepin.TagID) error {
	tags = slices.Compact(slices.Sorted(slices.Values(tags)))
	if len(tags) > tepin.MaxTemplateTags {
		return tepin.Errorf(tepin.Invalid, "a template has at most %d tags", tepin.MaxTemplateTags)
	}
	if _, err := t.exec(ctx, `DELETE FROM template_tag WHERE template_id = $1`, v.ID); err != nil {
		return err
	}
	for _, id := range tags {
		if _, err := tag(ctx, t, v.EnvironmentID, id, t.dialect.keepRow); err != nil {
			return err
		}
		var n int
		if err := t.QueryRowContext(ctx, `SELECT count(*) FROM template_tag WHERE tag_id = $1`, id).Scan(&n); err != nil {
			return err
		}
		if n >= tepin.MaxTagged {
			return tepin.Errorf(tepin.Conflict, "at most %d templates can have the same tag", tepin.MaxTagged)
		}
		if _, err := t.exec(ctx, `INSERT INTO template_tag (template_id, tag_id) VALUES ($1, $2)`, v.ID, id); err != nil {
			return err
		}
	}
	one := []tepin.Template{*v}
	err := readTags(ctx, t, one)
	v.Tags = one[0].Tags
	return err
}

// tagChunks are how many templates' tags one query reads: few sizes, so that there are few
// statements to be prepared.
var tagChunks = []int{1, 50, tepin.MaxLimit}

// readTags fills in the tags of templates.
func readTags(ctx context.Context, q queryer, list []tepin.Template) error {
	if len(list) == 0 {
		return nil
	}
	st, byID := &statement{}, map[tepin.TemplateID]*tepin.Template{}
	var places []string
	for i := range list {
		list[i].Tags = nil
		byID[list[i].ID] = &list[i]
		places = append(places, st.arg(list[i].ID))
	}
	for _, size := range tagChunks {
		for len(places) > 1 && len(places) < size && size >= len(list) {
			places = append(places, st.arg(list[0].ID))
		}
	}
	type tagged struct {
		template tepin.TemplateID
		tag      tepin.TagRef
	}
	found, err := all(ctx, q, func(r row) (v tagged, err error) { return v, r.Scan(&v.template, &v.tag.ID, &v.tag.Name) },
		`SELECT x.template_id, g.id, g.name FROM template_tag x JOIN tag g ON g.id = x.tag_id WHERE x.template_id IN (`+strings.Join(places, `, `)+`) ORDER BY g.name_key`, st.args...)
	for _, v := range found {
		t := byID[v.template]
		t.Tags = append(t.Tags, v.tag)
	}
	return err
}
