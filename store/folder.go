package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/tepin/tepin"
)

// folderTables are the tables whose rows lie in folders of a kind. Each has the columns
// folder and folder_key; what lies below a folder is found by the latter.
var folderTables = map[tepin.FolderKind]string{tepin.TemplateFolder: "template", tepin.MediaFolder: "media"}

const folderColumns = `id, environment_id, kind, name, folder, created_at, updated_at, version`

func scanFolder(r row) (v tepin.Folder, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.Kind, &v.Name, &v.Parent, at(&v.CreatedAt), at(&v.UpdatedAt), &v.Version)
	return v, err
}

// folderWord is the kind of the words that find folders.
func folderWord(kind tepin.FolderKind) string { return string(kind) + "_folder" }

// CreateFolder adds a folder, and those that it lies in where they are missing. Conflict:
// there is one of that name, whatever its case.
func (s *Store) CreateFolder(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, kind tepin.FolderKind, parent, name string) (v tepin.Folder, err error) {
	if err := checkFolder(parent, name); err != nil {
		return tepin.Folder{}, err
	}
	err = s.write(ctx, func(t *tx) error {
		if err := t.lockFolders(ctx, env); err != nil {
			return err
		}
		parent, err := t.makeFolders(ctx, by, env, kind, folderPath(parent))
		if err != nil {
			return err
		}
		if err := t.folderIsFree(ctx, env, kind, tepin.FolderPath(parent, name), ""); err != nil {
			return err
		}
		v, err = t.insertFolder(ctx, by, env, kind, parent, name)
		return err
	})
	return v, err
}

// Folder returns a folder.
func (s *Store) Folder(ctx context.Context, env tepin.EnvironmentID, kind tepin.FolderKind, id tepin.FolderID) (tepin.Folder, error) {
	v, err := folder(ctx, s.reader, env, kind, id)
	return v, s.dialect.fail(err)
}

func folder(ctx context.Context, q queryer, env tepin.EnvironmentID, kind tepin.FolderKind, id tepin.FolderID) (tepin.Folder, error) {
	return get(ctx, q, "folder", scanFolder, `SELECT `+folderColumns+` FROM folder WHERE environment_id = $1 AND kind = $2 AND id = $3`, env, kind, id)
}

// FolderAt returns the folder of a path; the root is NotFound.
func (s *Store) FolderAt(ctx context.Context, env tepin.EnvironmentID, kind tepin.FolderKind, path string) (tepin.Folder, error) {
	v, err := folderAt(ctx, s.reader, env, kind, path, "")
	return v, s.dialect.fail(err)
}

func folderAt(ctx context.Context, q queryer, env tepin.EnvironmentID, kind tepin.FolderKind, path, lock string) (tepin.Folder, error) {
	return get(ctx, q, "folder", scanFolder, `SELECT `+folderColumns+` FROM folder WHERE environment_id = $1 AND kind = $2 AND path_key = $3`+lock,
		env, kind, nameKey(path))
}

// makeFolders makes the folders of a path that are missing, and returns the path as they
// spell it. Until the transaction ends, the last of them cannot be moved or deleted.
// Where they are there already, that is one read.
func (t *tx) makeFolders(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, kind tepin.FolderKind, path string) (string, error) {
	if path == "/" {
		return path, nil
	}
	have, err := folderAt(ctx, t, env, kind, path, t.dialect.keepRow)
	if err == nil || tepin.KindOf(err) != tepin.NotFound {
		return have.Path(), err
	}
	if err := t.lockFolders(ctx, env); err != nil {
		return "", err
	}
	spelled := "/"
	for name := range strings.SplitSeq(path[1:], "/") {
		have, err := folderAt(ctx, t, env, kind, tepin.FolderPath(spelled, name), t.dialect.keepRow)
		if tepin.KindOf(err) == tepin.NotFound {
			have, err = t.insertFolder(ctx, by, env, kind, spelled, name)
		}
		if err != nil {
			return "", err
		}
		spelled = have.Path()
	}
	return spelled, nil
}

// lockFolders lets one transaction at a time change the trees of an environment.
func (t *tx) lockFolders(ctx context.Context, env tepin.EnvironmentID) error {
	_, err := get(ctx, t, "environment", func(r row) (one int, err error) { return one, r.Scan(&one) },
		`SELECT 1 FROM environment WHERE id = $1`+t.dialect.lockRow, env)
	return err
}

// folderIsFree refuses a path that another folder than except has.
func (t *tx) folderIsFree(ctx context.Context, env tepin.EnvironmentID, kind tepin.FolderKind, path string, except tepin.FolderID) error {
	have, err := folderAt(ctx, t, env, kind, path, "")
	switch {
	case err == nil && have.ID != except:
		return tepin.Errorf(tepin.Conflict, "there is a folder of that name already; choose another name: upper and lower case do not tell names apart")
	case tepin.KindOf(err) == tepin.NotFound:
		return nil
	}
	return err
}

func (t *tx) insertFolder(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, kind tepin.FolderKind, parent, name string) (tepin.Folder, error) {
	v := tepin.Folder{ID: tepin.NewID[tepin.FolderID](), EnvironmentID: env, Kind: kind, Name: name, Parent: parent, CreatedAt: t.now, UpdatedAt: t.now, Version: 1}
	_, err := t.exec(ctx, `INSERT INTO folder (`+folderColumns+`, name_key, folder_key, path, path_key) VALUES ($1, $2, $3, $4, $5, $6, $6, 1, $7, $8, $9, $10)`,
		v.ID, env, kind, name, parent, micros(t.now), nameKey(name), nameKey(parent), v.Path(), nameKey(v.Path()))
	if err != nil {
		return v, err
	}
	t.record(string(env), by, folderWord(kind)+".create", string(v.ID), map[string]any{"path": v.Path()})
	return v, t.index(ctx, env, folderWord(kind), string(v.ID), name)
}

// checkFolder refuses a folder beyond the limits.
func checkFolder(parent, name string) error {
	path := tepin.FolderPath(folderPath(parent), name)
	if err := checkNames(path); err != nil {
		return err
	}
	return checkFolderSize(len(path), strings.Count(path, "/"))
}

func checkFolderSize(bytes, depth int) error {
	switch {
	case bytes > tepin.MaxFolderPath:
		return tepin.Errorf(tepin.Invalid, "the path of a folder would be longer than %d bytes; use shorter names", tepin.MaxFolderPath)
	case depth > tepin.MaxFolderDepth:
		return tepin.Errorf(tepin.Invalid, "folders would lie more than %d deep in each other", tepin.MaxFolderDepth)
	}
	return nil
}

// refolder makes the folder of a restored item again, where it has gone.
func (t *tx) refolder(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, kind tepin.FolderKind, id string) error {
	table := folderTables[kind]
	path, err := get(ctx, t, table, func(r row) (path string, err error) { return path, r.Scan(&path) }, `SELECT folder FROM `+table+` WHERE id = $1`, id)
	if err != nil {
		return err
	}
	spelled, err := t.makeFolders(ctx, by, env, kind, path)
	if err == nil && spelled != path {
		_, err = t.exec(ctx, `UPDATE `+table+` SET folder = $2, folder_key = $3 WHERE id = $1`, id, spelled, nameKey(spelled))
	}
	return err
}

// foldersOfItems makes the folders of the items that are there: their own paths were all
// that there was of them. Paths that differ in case become one.
func foldersOfItems(ctx context.Context, t *tx) error {
	type place struct {
		env  tepin.EnvironmentID
		path string
	}
	for kind, table := range folderTables {
		places, err := all(ctx, t, func(r row) (p place, err error) { return p, r.Scan(&p.env, &p.path) },
			`SELECT DISTINCT environment_id, folder FROM `+table+` WHERE folder <> '/' ORDER BY environment_id, folder`)
		if err != nil {
			return err
		}
		for _, p := range places {
			spelled, err := t.makeFolders(ctx, tepin.System, p.env, kind, p.path)
			if err == nil && spelled != p.path {
				_, err = t.exec(ctx, `UPDATE `+table+` SET folder = $3 WHERE environment_id = $1 AND folder_key = $4 AND folder = $2`, p.env, p.path, spelled, nameKey(p.path))
			}
			if err != nil {
				return fmt.Errorf("folder %q: %w", p.path, err)
			}
		}
	}
	return nil
}
