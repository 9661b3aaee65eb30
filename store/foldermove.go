package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/tepin/tepin"
)

// subtree is a folder with all below it.
type subtree struct {
	tepin.Folder
	table string // of the items
	key   []byte
}

func subtreeOf(f tepin.Folder) subtree {
	return subtree{f, folderTables[f.Kind], nameKey(f.Path())}
}

// The conditions of a subtree, for the arguments of [subtree.args]; the items need only
// the first four.
const (
	foldersBelow = `folder.environment_id = $1 AND (folder.path_key = $2 OR folder.path_key >= $3 AND folder.path_key < $4) AND folder.kind = $5`
	itemsBelow   = `environment_id = $1 AND (folder_key = $2 OR folder_key >= $3 AND folder_key < $4) AND deleted_at = 0`
)

func (b subtree) args(more ...any) []any {
	// '0' follows '/': all that begins with "/a/".
	args := []any{b.EnvironmentID, b.key, append(nameKey(b.Path()), '/'), append(nameKey(b.Path()), '0'), b.Kind}
	return append(args, more...)
}

// hold keeps whatever else from being put into the folders, and counts them and the items,
// each up to limit + 1. The root of the subtree is not counted.
func (t *tx) hold(ctx context.Context, b subtree, limit int) (folders, items int, err error) {
	err = t.QueryRowContext(ctx, fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM folder WHERE %s LIMIT %d%s) below`, foldersBelow, limit+2, t.dialect.lockRows),
		b.args()...).Scan(&folders)
	if err == nil {
		err = t.QueryRowContext(ctx, fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM %s WHERE %s LIMIT %d) below`, b.table, itemsBelow, limit+1),
			b.args()[:4]...).Scan(&items)
	}
	return folders - 1, items, err
}

// tooMany refuses to take along more than limit of a kind.
func tooMany(folders, items, limit int, doing string) error {
	for noun, n := range map[string]int{"folders": folders, "items": items} {
		if n > limit {
			return tepin.Errorf(tepin.Conflict, "there are more than %d %s in the folder and below it, which is more than can be %s at once; do it folder by folder", limit, noun, doing)
		}
	}
	return nil
}

// UpdateFolder renames or moves a folder: the paths of all that lies below it change with
// it, in the same transaction. Conflict: another has the name already, it would lie in
// itself, or more than [tepin.MaxFolderMove] things lie below it.
func (s *Store) UpdateFolder(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, kind tepin.FolderKind, id tepin.FolderID, u tepin.FolderUpdate) (v tepin.Folder, err error) {
	err = s.write(ctx, func(t *tx) error {
		if err := t.lockFolders(ctx, env); err != nil {
			return err
		}
		old, err := folder(ctx, t, env, kind, id)
		if err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != old.Version {
			return stale("folder", old.Version)
		}
		v = old
		if u.Name != nil {
			v.Name = *u.Name
		}
		if u.Parent != nil {
			v.Parent = folderPath(*u.Parent)
		}
		if err := checkFolder(v.Parent, v.Name); err != nil {
			return err
		}
		if within(v.Parent, old.Path()) {
			return tepin.Errorf(tepin.Conflict, "a folder cannot be moved into itself, or into one that lies below it")
		}
		if v.Parent, err = t.makeFolders(ctx, by, env, kind, v.Parent); err != nil {
			return err
		}
		if v.Path() == old.Path() {
			t.quiet = true
			return nil
		}
		if err := t.folderIsFree(ctx, env, kind, v.Path(), id); err != nil {
			return err
		}
		v.UpdatedAt, v.Version = t.now, v.Version+1
		if err := t.moveFolder(ctx, old, v); err != nil {
			return err
		}
		t.record(string(env), by, folderWord(kind)+".update", string(id), map[string]any{"path": v.Path(), "was": old.Path()})
		return t.index(ctx, env, folderWord(kind), string(id), v.Name)
	})
	return v, err
}

// within reports whether path is that of the folder, or of one below it.
func within(path, folder string) bool {
	return strings.HasPrefix(string(nameKey(path))+"/", string(nameKey(folder))+"/")
}

// moveFolder rewrites the paths below a folder: first the items', which lie in the folders
// that still have the old ones, then the folders'. Versions rise, as paths are shown.
func (t *tx) moveFolder(ctx context.Context, old, v tepin.Folder) error {
	b := subtreeOf(old)
	folders, items, err := t.hold(ctx, b, tepin.MaxFolderMove)
	if err == nil {
		err = tooMany(folders, items, tepin.MaxFolderMove, "moved or renamed")
	}
	if err == nil {
		err = t.fits(ctx, b, v)
	}
	if err != nil {
		return err
	}
	path := fmt.Sprintf(`$6 || substr(folder.path, %d)`, len([]rune(b.Path()))+1)
	key := fmt.Sprintf(t.dialect.bytes, `$7`, fmt.Sprintf(`substr(folder.path_key, %d)`, len(b.key)+1))
	args := b.args(v.Path(), nameKey(v.Path()))
	if _, err := t.exec(ctx, fmt.Sprintf(`UPDATE %[1]s SET folder = %[2]s, folder_key = %[3]s, version = %[1]s.version + 1 FROM folder
		WHERE %[1]s.environment_id = $1 AND %[1]s.folder_key = folder.path_key AND %[1]s.deleted_at = 0 AND %[4]s`, b.table, path, key, foldersBelow), args...); err != nil {
		return err
	}
	// Those below: their parents' paths change like their own.
	path, key = strings.ReplaceAll(path, "folder.path", "folder.folder"), strings.ReplaceAll(key, "folder.path_key", "folder.folder_key")
	if _, err := t.exec(ctx, fmt.Sprintf(`UPDATE folder SET folder = %s, folder_key = %s, version = version + 1 WHERE %s AND path_key <> $2`, path, key, foldersBelow), args...); err != nil {
		return err
	}
	path, key = strings.ReplaceAll(path, "folder.folder", "folder.path"), strings.ReplaceAll(key, "folder.folder_key", "folder.path_key")
	if _, err := t.exec(ctx, fmt.Sprintf(`UPDATE folder SET path = %s, path_key = %s WHERE %s`, path, key, foldersBelow), args...); err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE folder SET name = $2, name_key = $3, folder = $4, folder_key = $5, updated_at = $6, version = $7 WHERE id = $1`,
		v.ID, v.Name, nameKey(v.Name), v.Parent, nameKey(v.Parent), micros(v.UpdatedAt), v.Version)
	return err
}

// fits refuses a place in which the paths below would be too long.
func (t *tx) fits(ctx context.Context, b subtree, v tepin.Folder) error {
	var bytes, key, depth int
	err := t.QueryRowContext(ctx, `SELECT max(octet_length(path)), max(octet_length(path_key)), max(length(path) - length(replace(path, '/', ''))) FROM folder WHERE `+foldersBelow,
		b.args()...).Scan(&bytes, &key, &depth)
	if err != nil {
		return err
	}
	if key+len(nameKey(v.Path()))-len(b.key) > maxKey {
		bytes = tepin.MaxFolderPath + len(b.Path()) + 1
	}
	return checkFolderSize(bytes+len(v.Path())-len(b.Path()), depth+strings.Count(v.Path(), "/")-strings.Count(b.Path(), "/"))
}

// DeleteFolder removes a folder. One that is not empty is a Conflict, unless with force:
// then all below it goes, and the items can be restored for [tepin.RestoreTime]. It
// returns how many items went.
func (s *Store) DeleteFolder(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, kind tepin.FolderKind, id tepin.FolderID, force bool, ifVersion *int64) (items int, err error) {
	err = s.write(ctx, func(t *tx) error {
		if err := t.lockFolders(ctx, env); err != nil {
			return err
		}
		f, err := folder(ctx, t, env, kind, id)
		if err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != f.Version {
			return stale("folder", f.Version)
		}
		var folders int
		b := subtreeOf(f)
		if folders, items, err = t.hold(ctx, b, tepin.MaxFolderTrash); err != nil {
			return err
		}
		if !force && folders+items > 0 {
			return tepin.Errorf(tepin.Conflict, "the folder is not empty: %s and %s lie below it; delete them first, or delete all with force=true",
				upTo(items, "item"), upTo(folders, "folder"))
		}
		if err := tooMany(folders, items, tepin.MaxFolderTrash, "deleted"); err != nil {
			return err
		}
		t.record(string(env), by, folderWord(kind)+".delete", string(id), map[string]any{"path": f.Path(), "items": items, "folders": folders})
		return t.removeFolder(ctx, b)
	})
	return items, err
}

// upTo writes a number that was counted up to [tepin.MaxFolderTrash] + 1.
func upTo(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case n > tepin.MaxFolderTrash:
		return fmt.Sprintf("more than %d %ss", tepin.MaxFolderTrash, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (t *tx) removeFolder(ctx context.Context, b subtree) error {
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`DELETE FROM word WHERE item_id IN (SELECT id FROM ` + b.table + ` WHERE ` + itemsBelow + `)`, b.args()[:4]},
		{`UPDATE ` + b.table + ` SET deleted_at = $5 WHERE ` + itemsBelow, append(b.args()[:4:4], micros(t.now))},
		{`DELETE FROM word WHERE item_id IN (SELECT id FROM folder WHERE ` + foldersBelow + `)`, b.args()},
		{`DELETE FROM folder WHERE ` + foldersBelow, b.args()},
	} {
		if _, err := t.exec(ctx, step.query, step.args...); err != nil {
			return err
		}
	}
	return nil
}
