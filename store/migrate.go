package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/tepin/tepin"
)

//go:embed migration/*.sql
var migrations embed.FS

// migrate brings the schema to the newest version: each migration once, in order, in
// a transaction of its own, under a lock that lets one process do it at a time. A
// schema that is newer than this program is refused.
func (d dialect) migrate(ctx context.Context, s *Store) (err error) {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if d.lockSchema != "" {
		if _, err := conn.ExecContext(ctx, `SET lock_timeout = 0`); err != nil { // another's migration may be long
			return err
		}
		if _, err := conn.ExecContext(ctx, d.lockSchema); err != nil {
			return err
		}
		defer func() {
			_, unlock := conn.ExecContext(context.WithoutCancel(ctx), d.unlockSchema+`; RESET lock_timeout`)
			if err == nil {
				err = unlock
			}
		}()
	}
	const table = `CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)`
	if _, err := conn.ExecContext(ctx, table); err != nil {
		return err
	}
	var have int
	if err := conn.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM migration`).Scan(&have); err != nil {
		return err
	}
	files, err := fs.Glob(migrations, "migration/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(files)
	if have > len(files) {
		return tepin.Errorf(tepin.Conflict, "the database has the schema %d, this program knows %d; use the newer program", have, len(files))
	}
	for i := have; i < len(files); i++ {
		if err := d.apply(ctx, conn, i+1, files[i], micros(s.now())); err != nil {
			return fmt.Errorf("%s: %w", files[i], err)
		}
	}
	return nil
}

// steps are the parts of migrations that SQL cannot do; each follows the SQL of its number.
var steps = map[int]func(context.Context, *tx) error{
	3: foldersOfItems,
}

// apply runs one migration. Files are numbered from 1 without a gap.
func (d dialect) apply(ctx context.Context, conn *sql.Conn, version int, file string, now int64) error {
	if name := path.Base(file); name[:4] != fmt.Sprintf("%04d", version) {
		return fmt.Errorf("store: migration %d is missing", version)
	}
	text, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	t, err := conn.BeginTx(ctx, d.writeOptions)
	if err != nil {
		return err
	}
	defer t.Rollback()
	if _, err := t.ExecContext(ctx, string(text)); err != nil {
		return err
	}
	if step := steps[version]; step != nil {
		if err := step(ctx, &tx{Tx: t, dialect: d, now: time.UnixMicro(now).UTC(), quiet: true}); err != nil {
			return err
		}
	}
	if _, err := t.ExecContext(ctx, `INSERT INTO migration (version, name, applied_at) VALUES ($1, $2, $3)`, version, path.Base(file), now); err != nil {
		return err
	}
	return t.Commit()
}
