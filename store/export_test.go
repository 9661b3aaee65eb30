package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

// PlanOfTemplates returns how the database means to read a page of templates.
func (s *Store) PlanOfTemplates(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (string, error) {
	return planOf(ctx, s, templateListing(env, p), p)
}

// PlanOfTasks returns how the database means to read a page of tasks.
func (s *Store) PlanOfTasks(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (string, error) {
	return planOf(ctx, s, taskListing(env, tepin.System, p), p)
}

// PlanOfFolders returns how the database means to read a page of folders of templates.
func (s *Store) PlanOfFolders(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (string, error) {
	return planOf(ctx, s, folderListing(env, tepin.TemplateFolder), p)
}

// PlanOfProjects returns how the database means to read a page of an actor's projects.
func (s *Store) PlanOfProjects(ctx context.Context, env tepin.EnvironmentID, by tepin.Actor, p tepin.List) (string, error) {
	return planOf(ctx, s, projectListing(env, by, p), p)
}

// PlanOfDefinitions returns how the database means to read a page of brand kits.
func (s *Store) PlanOfDefinitions(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (string, error) {
	return planOf(ctx, s, definitionListing(env, tepin.BrandKit), p)
}

// PlanOfGuardFindings returns how the database means to look for what the guard saw.
func (s *Store) PlanOfGuardFindings(ctx context.Context) (string, error) {
	return s.planOf(ctx, guardQuery, "env", 1, guardLines)
}

func planOf[T any](ctx context.Context, s *Store, l listing[T], p tepin.List) (string, error) {
	p = l.ordered(p)
	w, err := l.way(ctx, s.reader, p)
	if err != nil {
		return "", err
	}
	st := w.statement(l.columns, p, nil)
	return s.planOf(ctx, st.String(), st.args...)
}

// PlanOfAudit returns how the database means to read a page of the audit log.
func (s *Store) PlanOfAudit(ctx context.Context, q AuditQuery) (string, error) {
	query, args := auditStatement(q, 1000, 50)
	return s.planOf(ctx, query, args...)
}

// PlanOfSignedHeads returns how the database means to read signed heads.
func (s *Store) PlanOfSignedHeads(ctx context.Context) (string, error) {
	return s.planOf(ctx, signedQuery, InstanceChain, 1000, 50)
}

func (s *Store) planOf(ctx context.Context, query string, args ...any) (string, error) {
	explain := `EXPLAIN QUERY PLAN `
	conn, err := s.reader.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if s.dialect.name == "postgres" {
		explain = `EXPLAIN (COSTS OFF) `
		// The tables are all but empty: keep the planner from taking that into account.
		if _, err := conn.ExecContext(ctx, `SET enable_seqscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan`); err != nil {
			return "", err
		}
	}
	lines, err := all(ctx, conn, func(r row) (line string, err error) {
		if s.dialect.name == "postgres" {
			return line, r.Scan(&line)
		}
		var a, b, c int
		return line, r.Scan(&a, &b, &c, &line)
	}, explain+query, args...)
	return strings.Join(lines, "\n"), err
}

// TakeReaders holds every connection that reads, until release is called.
func (s *Store) TakeReaders(t *testing.T) (release func()) {
	t.Helper()
	var taken []*sql.Conn
	for range readers {
		c, err := s.reader.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, c)
	}
	return func() {
		for _, c := range taken {
			c.Close()
		}
	}
}

// Writer returns the connection for statements that no method has.
func (s *Store) Writer() *sql.DB { return s.writer }

// FailPostgres and FailSQLite give an error of a driver its kind.
func FailPostgres(err error) error { return dialect{class: classPostgres}.fail(err) }

// FailSQLite gives an error of the driver its kind.
func FailSQLite(err error) error { return dialect{class: classSQLite}.fail(err) }

// GrantHash is the primary key of a grant.
func GrantHash(k tepin.GrantKey) string { return fmt.Sprintf("%x", grantHash(k)) }

// RowsOf returns the rows that the database has of an environment, as text, by table:
// of every table with an environment_id, and of those that refer to one of these. What
// tables there are the database says itself.
func (s *Store) RowsOf(ctx context.Context, env tepin.EnvironmentID) (map[string][]string, error) {
	of, err := s.tablesOf(ctx)
	if err != nil {
		return nil, err
	}
	rows := map[string][]string{}
	for table, where := range of {
		list, err := s.texts(ctx, `SELECT * FROM `+table+` WHERE `+where, env)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", table, err)
		}
		slices.Sort(list)
		rows[table] = list
	}
	return rows, nil
}

// tablesOf returns the condition for the rows of an environment, by table.
func (s *Store) tablesOf(ctx context.Context) (map[string]string, error) {
	columns := `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`
	references := `SELECT m.name, f."from", f."table", f."to" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`
	if s.dialect.name == "postgres" {
		columns = `SELECT t.relname, a.attname FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid WHERE t.relkind = 'r' AND a.attnum > 0 AND t.relnamespace = current_schema()::regnamespace`
		references = `SELECT t.relname, a.attname, p.relname, b.attname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class p ON p.oid = c.confrelid
			JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1] JOIN pg_attribute b ON b.attrelid = p.oid AND b.attnum = c.confkey[1]
			WHERE c.contype = 'f' AND t.relnamespace = current_schema()::regnamespace`
	}
	of := map[string]string{}
	list, err := all(ctx, s.reader, func(r row) (v [2]string, err error) { return v, r.Scan(&v[0], &v[1]) }, columns)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if c[1] == "environment_id" {
			of[c[0]] = `environment_id = $1`
		}
	}
	refers, err := all(ctx, s.reader, func(r row) (v [4]string, err error) { return v, r.Scan(&v[0], &v[1], &v[2], &v[3]) }, references)
	for more := true; more; {
		more = false
		for _, f := range refers {
			if of[f[0]] == "" && of[f[2]] != "" {
				of[f[0]], more = fmt.Sprintf(`%s IN (SELECT %s FROM %s WHERE %s)`, f[1], f[3], f[2], of[f[2]]), true
			}
		}
	}
	return of, err
}

// texts returns the rows of a query, each as text.
func (s *Store) texts(ctx context.Context, query string, args ...any) (list []string, err error) {
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		list = append(list, fmt.Sprint(values))
	}
	return list, rows.Err()
}
