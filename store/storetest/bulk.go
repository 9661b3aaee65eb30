package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// bulk writes many rows into a database that no store has open.
type bulk struct {
	*sql.Conn
	postgres bool
}

// inBulk runs f in one transaction on the database of url, as [store.Options] have it.
// It is not durable: who fills a database can do so again.
func inBulk(ctx context.Context, url string, f func(bulk) error) (err error) {
	b := bulk{postgres: !strings.HasPrefix(url, "sqlite:")}
	driver, source := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-400000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if b.Conn, err = db.Conn(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if _, err := b.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := b.withoutIndexes(ctx, func() error { return f(b) }); err != nil {
		return err // the connection ends, and with it the transaction
	}
	if _, err := b.ExecContext(ctx, "COMMIT"); err != nil || !b.postgres {
		return err
	}
	_, err = b.ExecContext(ctx, "VACUUM ANALYZE") // as autovacuum would soon
	return err
}

// withoutIndexes runs f while the tables have no indexes but those of their keys: it is
// faster to make them anew than to add each row.
func (b bulk) withoutIndexes(ctx context.Context, f func() error) error {
	list := `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`
	if b.postgres {
		list = `SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()
			AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)`
	}
	rows, err := b.QueryContext(ctx, list)
	if err != nil {
		return err
	}
	defer rows.Close()
	indexes := map[string]string{}
	for rows.Next() {
		var name, statement string
		if err := rows.Scan(&name, &statement); err != nil {
			return err
		}
		indexes[name] = statement
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for name := range indexes {
		if _, err := b.ExecContext(ctx, `DROP INDEX `+name); err != nil {
			return err
		}
	}
	if err := f(); err != nil {
		return err
	}
	for _, statement := range indexes {
		if _, err := b.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// rowsAtOnce is how many rows one statement brings to SQLite.
const rowsAtOnce = 100

// insert writes rows, each with a value for each of the columns.
func (b bulk) insert(ctx context.Context, table, columns string, rows iter.Seq[[]any]) error {
	names := strings.Split(columns, ", ")
	if b.postgres {
		return b.Raw(func(driver any) error {
			next, stop := iter.Pull(rows)
			defer stop()
			_, err := driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table}, names, pgx.CopyFromFunc(func() ([]any, error) {
				row, _ := next()
				return row, nil
			}))
			return err
		})
	}
	one := "(" + strings.Repeat("?, ", len(names)-1) + "?)"
	prefix := fmt.Sprintf("INSERT INTO %s (%s) VALUES ", table, columns)
	many, err := b.PrepareContext(ctx, prefix+strings.Repeat(one+", ", rowsAtOnce-1)+one)
	if err != nil {
		return err
	}
	defer many.Close()
	var args []any
	for row := range rows {
		if args = append(args, row...); len(args) == rowsAtOnce*len(names) {
			if _, err := many.ExecContext(ctx, args...); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	for ; len(args) > 0; args = args[len(names):] {
		if _, err := b.ExecContext(ctx, prefix+one, args[:len(names)]...); err != nil {
			return err
		}
	}
	return nil
}
