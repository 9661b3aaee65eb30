package store

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/tepin/tepin"
)

// restorable are the things that can be restored for [tepin.RestoreTime] after they were
// deleted: their tables, which have name, version and deleted_at, and the column of the
// key of their bytes.
var restorable = map[string]string{
	"template":   "document_key",
	"project":    "document_key",
	"font_style": "blob_key", // its family goes with the last one
	"media":      "blob_key",
	"component":  "document_key",
	"collection": "cover_key",
	"connector":  "''", // it has none
}

// remove marks a row as deleted and takes it out of the search. Its bytes stay until
// [Store.PurgeDeleted].
func (t *tx) remove(ctx context.Context, table, id string) error {
	if _, err := t.exec(ctx, `UPDATE `+table+` SET deleted_at = $2 WHERE id = $1`, id, micros(t.now)); err != nil {
		return err
	}
	return t.unindex(ctx, id)
}

// restore brings back a row that was deleted less than [tepin.RestoreTime] ago, where
// the given further conditions hold; $3 is their first argument.
func (t *tx) restore(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, table, id, and string, args ...any) error {
	name, err := get(ctx, t, "deleted "+table, func(r row) (name string, err error) { return name, r.Scan(&name) },
		`SELECT name FROM `+table+` WHERE environment_id = $1 AND id = $2 AND deleted_at > 0`+and+t.dialect.lockRow, append([]any{env, id}, args...)...)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE `+table+` SET deleted_at = 0, version = version + 1, updated_at = $2 WHERE id = $1 AND deleted_at > $3`,
		id, micros(t.now), micros(t.now.Add(-tepin.RestoreTime)))
	if err == nil && n == 0 {
		err = tepin.Errorf(tepin.Gone, "this was deleted more than %d hours ago and cannot be restored any more; what it held is gone", tepin.RestoreTime/time.Hour)
	}
	if err != nil {
		return err
	}
	t.record(string(env), by, table+".restore", id, map[string]any{"name": name})
	return t.index(ctx, env, table, id, name)
}

// PurgeDeleted removes up to limit rows of each kind that were deleted before the given
// time, and gives their bytes to the sweep. It returns how many.
func (s *Store) PurgeDeleted(ctx context.Context, before time.Time, limit int) (int, error) {
	purged := 0
	for table, blob := range restorable {
		err := s.write(ctx, func(t *tx) error {
			t.quiet = true
			keys, err := all(ctx, t, func(r row) (key string, err error) { return key, r.Scan(&key) },
				`DELETE FROM `+table+` WHERE id IN (SELECT id FROM `+table+` WHERE deleted_at > 0 AND deleted_at < $1 ORDER BY deleted_at LIMIT $2) RETURNING `+blob,
				micros(before), limit)
			for i := 0; i < len(keys) && err == nil; i++ {
				err = t.dropBlob(ctx, keys[i])
			}
			purged += len(keys)
			return err
		})
		if err != nil {
			return purged, err
		}
	}
	return purged, s.purgeFamilies(ctx, before)
}

// deletedRows is how many deleted things are listed of each kind.
const deletedRows = 100

// Deleted lists what was deleted in an environment and can be restored by the actor, the
// last first.
func (s *Store) Deleted(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID) ([]tepin.Deleted, error) {
	var list []tepin.Deleted
	for table := range restorable {
		st := &statement{}
		st.WriteString(`SELECT id, name, deleted_at FROM ` + table + ` WHERE environment_id = ` + st.arg(env) + ` AND deleted_at > ` + st.arg(micros(s.now().Add(-tepin.RestoreTime))))
		if table == "project" {
			for _, c := range ownedBy(by) {
				st.WriteString(` AND ` + c.column + ` = ` + st.arg(c.value))
			}
		}
		st.WriteString(` ORDER BY deleted_at DESC LIMIT ` + strconv.Itoa(deletedRows))
		rows, err := all(ctx, s.reader, func(r row) (v tepin.Deleted, err error) {
			v.Kind = table
			return v, r.Scan(&v.ID, &v.Name, at(&v.DeletedAt))
		}, st.String(), st.args...)
		if err != nil {
			return nil, s.dialect.fail(err)
		}
		list = append(list, rows...)
	}
	slices.SortFunc(list, func(a, b tepin.Deleted) int { return b.DeletedAt.Compare(a.DeletedAt) })
	return list, nil
}
