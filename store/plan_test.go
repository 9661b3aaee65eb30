package store_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

// Page 10,000 costs what page 1 costs: the cursor is a place in an index, and nothing
// is sorted.
func TestPagesComeFromAnIndex(t *testing.T) {
	const env = "01890000-0000-7000-8000-000000000000"
	cursor := &tepin.Cursor{Folder: "/a", NameKey: []byte("m"), ID: env}
	owner := tepin.Actor{Kind: tepin.ActorIntegration, ID: "x"}
	for _, s := range []*store.Store{storetest.SQLite(t), storetest.Open(t, store.Options{URL: storetest.Postgres(t)})} {
		if s.Dialect() == "postgres" {
			fill := `INSERT INTO subscription VALUES ('s', 's', 0);
				INSERT INTO environment SELECT 'e' || n, 's', 'e', 'e', 'e' || n, 'production', 1, 'ES256', 0, 0, 1, 0 FROM generate_series(1, 20) n;
				INSERT INTO template SELECT 't' || n, 'e' || n % 20 + 1, 'n', ('n' || n)::bytea, '/', ('/' || n % 9)::bytea, 'k', 1, 's', 0, 0, 0, 1, 0 FROM generate_series(1, 20000) n;
				INSERT INTO project SELECT 'p' || n, 'e' || n % 20 + 1, 'integration', 'o' || n % 7, 'n', ('n' || n)::bytea, 't', 'k', 1, 's', 0, 0, 0, 1, 0 FROM generate_series(1, 20000) n;
				INSERT INTO folder SELECT 'f' || n, 'e' || n % 20 + 1, 'template', 'n', ('n' || n)::bytea, '/', ('/' || n % 9)::bytea, 'p', ('/' || n % 9 || 'n' || n)::bytea, 0, 0, 1 FROM generate_series(1, 20000) n;
				INSERT INTO project_access SELECT id, owner_kind, owner_id, environment_id, name_key, 'owner', 0, 0 FROM project;
				INSERT INTO project_access SELECT id, 'integration', 'shared' || substr(id, 2, 1), environment_id, name_key, 'read', 0, 0 FROM project;
				INSERT INTO definition SELECT 'd' || n, 'e' || n % 20 + 1, 'brand_kit', 'n', ('n' || n)::bytea, FALSE, '{}', 0, 0, 1 FROM generate_series(1, 5000) n;
				ANALYZE`
			if _, err := s.Writer().Exec(fill); err != nil {
				t.Fatal(err)
			}
		}
		for _, desc := range []bool{false, true} {
			for _, after := range []*tepin.Cursor{nil, cursor} {
				for name, p := range map[string]tepin.List{
					"by name":           {},
					"by id":             {SortBy: tepin.SortID},
					"by path":           {SortBy: tepin.SortRelativePath},
					"folder by name":    {Folder: "/a"},
					"recursive by path": {Folder: "/", Recursive: true, SortBy: tepin.SortRelativePath},
				} {
					p.Desc, p.After = desc, after
					plan, err := s.PlanOfTemplates(t.Context(), env, p)
					check(t, s, fmt.Sprintf("templates %s, desc %v, after %v", name, desc, after != nil), plan, err)
				}
				for name, p := range map[string]tepin.List{"by name": {}, "by id": {SortBy: tepin.SortID}, "by path": {SortBy: tepin.SortRelativePath}, "folder by name": {Folder: "/a"}} {
					p.Desc, p.After = desc, after
					plan, err := s.PlanOfFolders(t.Context(), env, p)
					check(t, s, fmt.Sprintf("folders %s, desc %v, after %v", name, desc, after != nil), plan, err)
				}
				for _, sort := range []tepin.SortKey{tepin.SortName, tepin.SortID} {
					yes, no := true, false
					for which, shared := range map[string]*bool{"all": nil, "shared": &yes, "own": &no} {
						plan, err := s.PlanOfProjects(t.Context(), env, owner, tepin.List{SortBy: sort, Desc: desc, After: after, Shared: shared})
						check(t, s, fmt.Sprintf("%s projects by %s, desc %v, after %v", which, sort, desc, after != nil), plan, err)
					}
					plan, err := s.PlanOfDefinitions(t.Context(), env, tepin.List{SortBy: sort, Desc: desc, After: after})
					check(t, s, fmt.Sprintf("definitions by %s, desc %v, after %v", sort, desc, after != nil), plan, err)
				}
			}
		}
	}
}

// A page of an integration's activity costs what is on it, however long the log is, and so
// does the list of signed heads.
func TestActivityComesFromAnIndex(t *testing.T) {
	for _, s := range []*store.Store{storetest.SQLite(t), storetest.Open(t, store.Options{URL: storetest.Postgres(t)})} {
		fill := `INSERT INTO audit_entry (chain, seq, at, actor_kind, actor_id, actor_name, action, target, detail, mac, about)
			SELECT 'e' || n % 5, n, 0, 'system', 's', 'S', 'a.b', 't', '{}', '', CASE WHEN n % 50 = 0 THEN 'i' || n % 7 ELSE '' END FROM `
		numbers := `generate_series(1, 20000) n`
		if s.Dialect() == "sqlite" {
			numbers = `(WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 20000) SELECT n FROM r)`
		}
		if _, err := s.Writer().Exec(fill + numbers + `; ANALYZE`); err != nil {
			t.Fatal(err)
		}
		for q, index := range map[store.AuditQuery]string{{Chain: "e1"}: "audit_entry", {Chain: "e1", About: "i1"}: "audit_entry_about"} {
			plan, err := s.PlanOfAudit(t.Context(), q)
			check(t, s, fmt.Sprint(q), plan, err)
			if !strings.Contains(plan, index) {
				t.Errorf("%s, %+v:\n%s", s.Dialect(), q, plan)
			}
		}
		plan, err := s.PlanOfSignedHeads(t.Context())
		check(t, s, "signed heads", plan, err)
		if !strings.Contains(plan, "audit_entry_signed") {
			t.Errorf("%s, signed heads:\n%s", s.Dialect(), plan)
		}
	}
}

func check(t *testing.T, s *store.Store, name, plan string, err error) {
	t.Helper()
	switch {
	case err != nil:
		t.Errorf("%s, %s: %v", s.Dialect(), name, err)
	case !strings.Contains(strings.ToUpper(plan), "INDEX"), strings.Contains(plan, "TEMP B-TREE"), strings.Contains(plan, "Sort"):
		t.Errorf("%s, %s:\n%s", s.Dialect(), name, plan)
	}
}

// Whatever a list is asked for beside its order, it reads along one index or finds few
// rows by another: never a whole table.
func TestListsAreNeverScanned(t *testing.T) {
	const campaigns = storetest.OneFolder
	small := storetest.Fill{Number: 1, Items: 9000, Projects: 100, Tasks: 9000, Families: 10, Integrations: 3}
	for _, url := range []string{"sqlite:" + filepath.Join(t.TempDir(), "tepin.db"), storetest.Postgres(t)} {
		s := storetest.Filled(t, url, &small)
		after := small.Cursor("template", 4000)
		for _, c := range []struct {
			name string
			tepin.List
			index string // that has to be read
		}{
			{"word by name", tepin.List{Search: storetest.CommonWord}, "word_by_name"},
			{"word by id", tepin.List{Search: storetest.CommonWord, SortBy: tepin.SortID}, "word"},
			{"beginning of words", tepin.List{Search: "p"}, "word_by_name"},
			{"rare word", tepin.List{Search: storetest.RareWord, SortBy: tepin.SortRelativePath}, "template_pkey|sqlite_autoindex_template_1"},
			{"two words", tepin.List{Search: storetest.RareWord + " " + storetest.CommonWord}, "word_of_item"},
			{"two common words", tepin.List{Search: "p " + storetest.CommonWord}, "template_by_name"},
			{"word in folder", tepin.List{Search: storetest.CommonWord, Folder: campaigns}, "template_by_path"},
			{"folder by id", tepin.List{Folder: "/", SortBy: tepin.SortID}, "template_by_id|template_pkey"},
			{"small folder by id", tepin.List{Folder: campaigns + "/2026", SortBy: tepin.SortID}, "template_by_path"},
			{"folders by name", tepin.List{Folder: campaigns, Recursive: true}, "template_by_name"},
			{"small folders by name", tepin.List{Folder: storetest.SmallPart, Recursive: true}, "template_by_path"},
			{"folders by path", tepin.List{Folder: campaigns, Recursive: true, SortBy: tepin.SortRelativePath}, "template_by_path"},
			{"rare tag", tepin.List{Tags: []string{storetest.RareTag}}, "template_tag_templates"},
			{"common tag", tepin.List{Tags: []string{storetest.CommonTag}}, "template_by_name"},
		} {
			for _, desc := range []bool{false, true} {
				for _, cursor := range []*tepin.Cursor{nil, after} {
					c.Desc, c.After = desc, cursor
					plan, err := s.PlanOfTemplates(t.Context(), small.Environment, c.List)
					checkNoScan(t, s, fmt.Sprintf("%s, desc %v, after %v", c.name, desc, cursor != nil), plan, c.index, err)
				}
			}
		}
		for name, c := range map[string]struct {
			tepin.TaskFilter
			index string
		}{
			"state": {tepin.TaskFilter{State: tepin.TaskFailed}, "task_by_state"}, "format": {tepin.TaskFilter{Format: tepin.GIF}, "task_by_format"},
			"common state": {tepin.TaskFilter{State: tepin.TaskFinished}, "task_by_id|task_pkey"}, "both": {tepin.TaskFilter{State: tepin.TaskFinished, Format: tepin.GIF}, "task_by_format"},
			"source": {tepin.TaskFilter{Source: "project"}, "task_by_id|task_pkey"}, "owner": {tepin.TaskFilter{Owner: "nobody"}, "task_of_owner"},
		} {
			plan, err := s.PlanOfTasks(t.Context(), small.Environment, tepin.List{Tasks: c.TaskFilter})
			checkNoScan(t, s, "tasks by "+name, plan, c.index, err)
		}
	}
}

// checkNoScan refuses plans that read a table from one end to the other, and those that
// read none of the indexes.
func checkNoScan(t *testing.T, s *store.Store, name, plan, indexes string, err error) {
	t.Helper()
	found := false
	for index := range strings.SplitSeq(indexes, "|") {
		found = found || strings.Contains(plan, index)
	}
	for line := range strings.Lines(plan) {
		line = strings.TrimSpace(line)
		whole := strings.HasPrefix(line, "SCAN ") && !strings.Contains(line, "INDEX") && !slices.Contains([]string{"SCAN hit", "SCAN t", "SCAN h", "SCAN merged", "SCAN CONSTANT ROW"}, line)
		if whole && !strings.HasPrefix(line, "SCAN w") || strings.Contains(line, "Seq Scan on") || strings.Contains(line, "AUTOMATIC") {
			found = false
		}
	}
	if err != nil || !found {
		t.Errorf("%s, %s: %v\n%s", s.Dialect(), name, err, plan)
	}
}

// What the browser guard saw is found without walking the log.
func TestGuardFindingsComeFromAnIndex(t *testing.T) {
	for _, s := range []*store.Store{storetest.SQLite(t), storetest.Open(t, store.Options{URL: storetest.Postgres(t)})} {
		if plan, err := s.PlanOfGuardFindings(t.Context()); err != nil || !strings.Contains(plan, "audit_guard") {
			t.Errorf("%s: %v\n%s", s.Dialect(), err, plan)
		}
	}
}
