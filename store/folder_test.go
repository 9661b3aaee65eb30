package store_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

// Items of an older program get folders, one for each path, whatever its case; also in
// environments that are deleted.
func TestFoldersOfOlderItems(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "tepin.db"), "pgx": storetest.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			rows := `INSERT INTO subscription VALUES ('s', 's', 1);`
			for i, env := range []string{"e", "f"} {
				rows += fmt.Sprintf(`INSERT INTO environment (id, subscription_id, name, name_key, technical_name, type, token_lifetime, signing_alg, created_at, updated_at, version, deleted_at)
					VALUES ('%[1]s', 's', '%[1]s', '%[1]s', '%[1]s', 'sandbox', 1, 'ES256', 1, 1, 1, %[2]d);`, env, i)
				for j, path := range []string{"/", "/a/b", "/A/B/c", "/a/b", "/x"} {
					rows += fmt.Sprintf(`INSERT INTO template VALUES ('%[1]s%[2]d', '%[1]s', 'n', 'n', '%[3]s', CAST(lower('%[3]s') AS %[4]s), 'k', 1, 's', 0, 0, 0, 1, 0);`, env, j, path, map[string]string{"sqlite": "BLOB", "pgx": "BYTEA"}[name])
				}
			}
			older(t, name, url, rows, "0001_first.sql", "0002_token_server.sql")
			s := storetest.Open(t, store.Options{URL: url})
			for _, env := range []tepin.EnvironmentID{"e", "f"} {
				folders, err := s.Folders(t.Context(), env, tepin.TemplateFolder, tepin.List{SortBy: tepin.SortRelativePath})
				if err != nil {
					t.Fatal(err)
				}
				paths := ""
				for _, f := range folders.Items {
					paths += " " + f.Path()
				}
				items, err := s.Templates(t.Context(), env, tepin.List{SortBy: tepin.SortID})
				if err != nil {
					t.Fatal(err)
				}
				places := ""
				for _, v := range items.Items {
					places += " " + v.Folder
				}
				// Which spelling comes first is the database's.
				if want := " /a /x /a/b /a/b/c; / /a/b /a/b/c /a/b /x"; paths+";"+places != want && paths+";"+places != " /A /x /A/B /A/B/c; / /A/B /A/B/c /A/B /x" {
					t.Errorf("%s;%s, not%s", paths, places, want)
				}
			}
			if found, err := s.Folders(t.Context(), "e", tepin.TemplateFolder, tepin.List{Search: "b"}); err != nil || len(found.Items) != 1 {
				t.Errorf("%+v, %v", found, err)
			}
		})
	}
}
