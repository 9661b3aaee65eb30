package store

import (
	"context"
	"strconv"

	"github.com/tepin/tepin"
)

// entries of a collection are those whose templates are not deleted.
const (
	entryColumns = `e.template_id, CASE WHEN e.name = '' THEN t.name ELSE e.name END, e.name <> '', e.added_at`
	entrySource  = `collection_entry e JOIN template t ON t.id = e.template_id AND t.deleted_at = 0`
)

func scanEntry(r row) (v tepin.CollectionEntry, err error) {
	return v, r.Scan(&v.TemplateID, &v.Name, &v.Renamed, at(&v.AddedAt))
}

// CollectionEntries returns a page of a collection's templates, in the order in which they
// were added. Of p only Limit and After count.
func (s *Store) CollectionEntries(ctx context.Context, env tepin.EnvironmentID, id tepin.CollectionID, p tepin.List) (page tepin.Page[tepin.CollectionEntry], err error) {
	p.Limit = min(p.Limit, tepin.MaxLimit)
	if p.Limit <= 0 {
		p.Limit = tepin.DefaultLimit
	}
	after := int64(0)
	if p.After != nil {
		if after, err = strconv.ParseInt(p.After.ID, 10, 64); err != nil {
			return page, tepin.Errorf(tepin.Invalid, "the cursor is not of this list")
		}
	}
	err = s.snapshot(ctx, func(q queryer) error {
		if _, err := collection(ctx, q, env, id, ""); err != nil {
			return err
		}
		var places []string
		page.Items, err = all(ctx, q, func(r row) (v tepin.CollectionEntry, err error) {
			var place int64
			v, err = scanEntry(withCursor{r, []any{&place}})
			places = append(places, strconv.FormatInt(place, 10))
			return v, err
		}, `SELECT `+entryColumns+`, e.position FROM `+entrySource+` WHERE e.collection_id = $1 AND e.position > $2 ORDER BY e.position LIMIT $3`, id, after, p.Limit+1)
		if len(page.Items) > p.Limit {
			page.Items = page.Items[:p.Limit]
			page.Next = &tepin.Cursor{ID: places[p.Limit-1]}
		} else if p.After == nil {
			total := int64(len(page.Items))
			page.Total = &total
		}
		return err
	})
	return page, err
}

// CollectionEntry returns a template's entry in a collection. NotFound: there is no such
// collection, or the template is not in it.
func (s *Store) CollectionEntry(ctx context.Context, env tepin.EnvironmentID, id tepin.CollectionID, template tepin.TemplateID) (v tepin.CollectionEntry, err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		if _, err := collection(ctx, q, env, id, ""); err != nil {
			return err
		}
		v, err = entry(ctx, q, id, template)
		return err
	})
	return v, err
}

func entry(ctx context.Context, q queryer, id tepin.CollectionID, template tepin.TemplateID) (tepin.CollectionEntry, error) {
	return get(ctx, q, "template in the collection", scanEntry, `SELECT `+entryColumns+` FROM `+entrySource+` WHERE e.collection_id = $1 AND e.template_id = $2`, id, template)
}

// changeEntries runs f on a collection, whose version rises with its entries.
func (s *Store) changeEntries(ctx context.Context, env tepin.EnvironmentID, id tepin.CollectionID, ifVersion *int64, f func(*tx) error) error {
	return s.write(ctx, func(t *tx) error {
		v, err := collection(ctx, t, env, id, t.dialect.lockRow)
		if err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != v.Version {
			return stale("collection", v.Version)
		}
		if err := f(t); err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE collection SET version = version + 1, updated_at = $2 WHERE id = $1`, id, micros(t.now))
		return err
	})
}

// AddEntry puts a template at the end of a collection, under a name of its own if name is
// not empty. Conflict: it is in it already, or the collection is full.
func (s *Store) AddEntry(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.CollectionID, templateID tepin.TemplateID, name string, ifVersion *int64) (v tepin.CollectionEntry, err error) {
	if err := checkNames(name); err != nil {
		return v, err
	}
	err = s.changeEntries(ctx, env, id, ifVersion, func(t *tx) error {
		if _, err := template(ctx, t, env, templateID, t.dialect.lockRow); err != nil {
			return err
		}
		var n int
		var last int64
		if err := t.QueryRowContext(ctx, `SELECT count(*), coalesce(max(position), 0) FROM collection_entry WHERE collection_id = $1`, id).Scan(&n, &last); err != nil {
			return err
		}
		if n >= tepin.MaxEntries {
			return tepin.Errorf(tepin.Conflict, "a collection holds at most %d templates", tepin.MaxEntries)
		}
		_, err := t.exec(ctx, `INSERT INTO collection_entry (collection_id, template_id, position, name, added_at) VALUES ($1, $2, $3, $4, $5)`, id, templateID, last+1, name, micros(t.now))
		if err != nil {
			return t.dialect.unique(err, "the template is in the collection already")
		}
		t.record(string(env), by, "collection.add", string(id), map[string]any{"template": string(templateID), "name": name})
		v, err = entry(ctx, t, id, templateID)
		return err
	})
	return v, err
}

// RenameEntry gives a template another name in a collection; "" gives it its own again.
func (s *Store) RenameEntry(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.CollectionID, templateID tepin.TemplateID, name string, ifVersion *int64) (v tepin.CollectionEntry, err error) {
	if err := checkNames(name); err != nil {
		return v, err
	}
	err = s.changeEntries(ctx, env, id, ifVersion, func(t *tx) error {
		if v, err = entry(ctx, t, id, templateID); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE collection_entry SET name = $3 WHERE collection_id = $1 AND template_id = $2`, id, templateID, name); err != nil {
			return err
		}
		t.record(string(env), by, "collection.rename", string(id), map[string]any{"template": string(templateID), "name": name})
		v, err = entry(ctx, t, id, templateID)
		return err
	})
	return v, err
}

// RemoveEntry takes a template out of a collection; the template stays.
func (s *Store) RemoveEntry(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.CollectionID, templateID tepin.TemplateID, ifVersion *int64) error {
	return s.changeEntries(ctx, env, id, ifVersion, func(t *tx) error {
		if _, err := entry(ctx, t, id, templateID); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM collection_entry WHERE collection_id = $1 AND template_id = $2`, id, templateID); err != nil {
			return err
		}
		t.record(string(env), by, "collection.remove", string(id), map[string]any{"template": string(templateID)})
		return nil
	})
}

// collectionsOf counts the collections that a template is in.
func collectionsOf(ctx context.Context, q queryer, id tepin.TemplateID) (n int, err error) {
	return n, q.QueryRowContext(ctx, `SELECT count(*) FROM collection_entry e JOIN collection c ON c.id = e.collection_id AND c.deleted_at = 0 WHERE e.template_id = $1`, id).Scan(&n)
}
