package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tepin/tepin"
)

// Options say which database to open, and with what.
type Options struct {
	URL      string           // "sqlite:PATH" or "postgres://…"
	AuditKey []byte           // of the audit chains' MACs, or see [Store.UseAuditKey]; without it, changes are refused
	Now      func() time.Time // nil = time.Now
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	served   atomic.Value // tepin.EnvironmentID whose job ClaimJob handed out last
	writer   *sql.DB
	reader   *pool   // over the writer on PostgreSQL
	watcher  *sql.DB // for the access directory alone: however busy the others are, it learns what was revoked
	dialect  dialect
	lock     io.Closer // SQLite: keeps other processes out; nil on PostgreSQL
	auditKey []byte
	clock    func() time.Time
}

// Open opens the database, makes or migrates its schema, and on SQLite locks the
// data directory: only one process may have it.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{auditKey: o.AuditKey, clock: o.Now}
	if s.clock == nil {
		s.clock = time.Now
	}
	var err error
	scheme, rest, _ := strings.Cut(o.URL, ":")
	switch scheme {
	case "sqlite":
		err = s.openSQLite(rest)
	case "postgres", "postgresql":
		err = s.openPostgres(ctx, o.URL)
	default:
		err = tepin.Errorf(tepin.Invalid, `database_url begins with neither "sqlite:" nor "postgres://"`)
	}
	if err == nil {
		err = s.dialect.migrate(ctx, s)
	}
	if err == nil {
		err = s.giveInterfaces(ctx)
	}
	if err == nil && s.lock != nil {
		err = s.freeLeases(ctx)
	}
	if err != nil {
		return nil, errors.Join(s.dialect.fail(err), s.Close())
	}
	return s, nil
}

// Close ends all connections and gives up the lock of the data directory.
func (s *Store) Close() error {
	var err error
	if s.reader != nil && s.reader.DB != s.writer {
		err = s.reader.Close()
	}
	if s.watcher != nil {
		err = errors.Join(err, s.watcher.Close())
	}
	if s.writer != nil {
		err = errors.Join(err, s.writer.Close())
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.dialect.fail(s.watcher.QueryRowContext(ctx, `SELECT 1`).Scan(&one))
}

// Dialect returns "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.dialect.name }

// Skew returns how far the database's clock is ahead of ours; 0 on SQLite.
func (s *Store) Skew(ctx context.Context) (time.Duration, error) {
	if s.dialect.clock == "" {
		return 0, nil
	}
	var theirs int64
	before := s.clock()
	if err := s.watcher.QueryRowContext(ctx, s.dialect.clock).Scan(&theirs); err != nil {
		return 0, s.dialect.fail(err)
	}
	ours := before.Add(s.clock().Sub(before) / 2)
	return time.UnixMicro(theirs).Sub(ours), nil
}

// queryer is *sql.DB or *sql.Tx.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// row is *sql.Row or *sql.Rows.
type row interface{ Scan(dest ...any) error }

// tx is a transaction that changes something.
type tx struct {
	*sql.Tx
	dialect dialect
	now     time.Time
	access  bool               // the access directory changes: raise the counter
	quiet   bool               // needs no audit line
	entries []tepin.AuditEntry // what is to be recorded
	stored  map[stored]int64   // how many bytes more are stored now, see storage.go
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// record notes what the transaction did; it is written as its last step. Detail is
// a JSON object; nothing in it may be a secret.
func (t *tx) record(chain string, by tepin.Actor, action, target string, detail map[string]any) {
	text := "{}"
	if len(detail) > 0 {
		b, err := json.Marshal(detail)
		if err != nil {
			panic(err) // we made it of strings and numbers
		}
		text = string(b)
	}
	t.entries = append(t.entries, tepin.AuditEntry{
		Chain: chain, At: t.now, ActorKind: by.Kind, ActorID: by.ID, ActorName: by.Name,
		Action: action, Target: target, Detail: text,
	})
}

// recordEach notes how many rows of each environment a sweep changed, in the order
// of the environments, so that two sweeps cannot block each other.
func (t *tx) recordEach(action string, count map[tepin.EnvironmentID]int) {
	for _, env := range slices.Sorted(maps.Keys(count)) {
		t.record(string(env), tepin.System, action, "", map[string]any{"count": count[env]})
	}
}

// retries is how often a transaction is begun again that the database gave up
// because it stood in the way of another.
const retries = 5

// write runs f in a transaction. When f raised access, the change counter goes up,
// and f's audit lines are chained, as the last steps before the commit. f may run
// more than once.
func (s *Store) write(ctx context.Context, f func(t *tx) error) error {
	var err error
	for range retries {
		if err = s.attempt(ctx, f); !s.dialect.transient(err) {
			break
		}
	}
	return s.dialect.fail(gone(ctx, err))
}

// gone is the context's own error where a driver reports in its words that the
// caller went away.
func gone(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && tepin.KindOf(err) == tepin.Internal {
		return context.Cause(ctx)
	}
	return err
}

func (s *Store) attempt(ctx context.Context, f func(t *tx) error) error {
	raw, err := s.writer.BeginTx(ctx, s.dialect.writeOptions)
	if err != nil {
		return err
	}
	defer raw.Rollback() // nothing after a commit
	t := &tx{Tx: raw, dialect: s.dialect, now: s.now()}
	if err := f(t); err != nil {
		return err
	}
	if t.access {
		if _, err := t.exec(ctx, `UPDATE change_counter SET value = value + 1`); err != nil {
			return err
		}
	}
	if err := t.countStored(ctx); err != nil {
		return err
	}
	if len(t.entries) == 0 && !t.quiet {
		return errors.New("store: a change without an audit line")
	}
	for _, e := range t.entries {
		if err := s.appendAudit(ctx, t, e); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	return raw.Commit()
}

// snapshot runs f in a transaction that reads one state of the database.
func (s *Store) snapshot(ctx context.Context, f func(q queryer) error) error {
	return s.snapshotOf(ctx, s.reader.DB, f)
}

func (s *Store) snapshotOf(ctx context.Context, db *sql.DB, f func(q queryer) error) error {
	t, err := db.BeginTx(ctx, s.dialect.readOptions)
	if err != nil {
		return s.dialect.fail(err)
	}
	defer t.Rollback()
	return s.dialect.fail(gone(ctx, f(t)))
}

// now is the time that a transaction writes: microseconds, UTC.
func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// get reads one row; noun names it in the NotFound that its absence is.
func get[T any](ctx context.Context, q queryer, noun string, scan func(row) (T, error), query string, args ...any) (T, error) {
	v, err := scan(q.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return v, notFound(noun)
	}
	return v, err
}

// all reads every row.
func all[T any](ctx context.Context, q queryer, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

func notFound(noun string) error {
	return tepin.Errorf(tepin.NotFound, "there is no such %s here", noun)
}

func stale(noun string, version int64) error {
	return tepin.Errorf(tepin.Stale, "the %s has changed since; read it again: it is now version %d", noun, version)
}
