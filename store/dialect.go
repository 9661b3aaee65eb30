package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tepin/tepin"
)

// dialect is everything in which the two databases differ.
type dialect struct {
	name         string
	writeOptions *sql.TxOptions
	readOptions  *sql.TxOptions // of a transaction that sees one state of the database
	clock        string         // asks for the database's clock in microseconds; empty = it is ours
	rowID        string         // what names a row of every table
	lockRow      string         // appended to a SELECT whose rows the transaction will change
	lockRows     string         // the same, where the rows' keys will change or the rows go
	keepRow      string         // appended to a SELECT whose row must stay until the transaction ends
	bytes        string         // two byte strings put together, as in fmt
	skipLocked   string         // appended to a sub-SELECT that picks work
	lockSchema   string         // taken while the schema is migrated
	unlockSchema string
	class        func(error) class
}

// class is what an error of a driver means to us.
type class int

const (
	classOther     class = iota
	classUnique          // a unique index refused a row
	classForeign         // a row refers to one that is not there
	classFull            // no room on the disk
	classBusy            // another held a lock for too long
	classTransient       // given up in favour of another; worth a new try
	classGone            // no connection
	classText            // a text that the database cannot store
)

// Waiting for a lock ends after lockWait; readers is the size of the pools.
const (
	lockWait = 10 * time.Second
	readers  = 16
)

func (s *Store) openSQLite(path string) error {
	if path == "" {
		return tepin.Errorf(tepin.Invalid, "database_url names no file; write sqlite:PATH")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return err
	}
	s.lock = lock
	// The log and the index beside the database take its mode.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	s.dialect = dialect{name: "sqlite", rowID: "rowid", readOptions: &sql.TxOptions{ReadOnly: true}, bytes: `CAST(%s || %s AS BLOB)`, class: classSQLite}
	dsn := func(extra string) string {
		return fmt.Sprintf("file:%s?_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)%s",
			(&url.URL{Path: path}).EscapedPath(), lockWait.Milliseconds(), extra)
	}
	if s.writer, err = sql.Open("sqlite", dsn("&_txlock=immediate")); err != nil {
		return err
	}
	s.writer.SetMaxOpenConns(1)
	// The first connection makes the log, which a reader could not.
	if err := s.writer.Ping(); err != nil {
		return err
	}
	reader, err := sql.Open("sqlite", dsn("&_pragma=query_only(1)"))
	if err != nil {
		return err
	}
	s.reader = &pool{DB: reader, prepares: true}
	s.reader.SetMaxOpenConns(readers)
	s.reader.SetMaxIdleConns(readers)
	if s.watcher, err = sql.Open("sqlite", dsn("&_pragma=query_only(1)")); err != nil {
		return err
	}
	s.watcher.SetMaxOpenConns(1)
	return nil
}

func (s *Store) openPostgres(ctx context.Context, address string) error {
	s.dialect = dialect{
		name:         "postgres",
		rowID:        "ctid",
		writeOptions: &sql.TxOptions{Isolation: sql.LevelReadCommitted},
		readOptions:  &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		clock:        `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`,
		lockRow:      ` FOR NO KEY UPDATE`,
		lockRows:     ` FOR UPDATE`,
		keepRow:      ` FOR KEY SHARE`,
		bytes:        `%s || %s`,
		skipLocked:   ` FOR UPDATE SKIP LOCKED`,
		lockSchema:   `SELECT pg_advisory_lock(8389206)`,
		unlockSchema: `SELECT pg_advisory_unlock(8389206)`,
		class:        classPostgres,
	}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return tepin.Errorf(tepin.Invalid, "database_url is no PostgreSQL address; write postgres://USER:PASSWORD@HOST/DATABASE") // the cause could show the password
	}
	config.RuntimeParams["application_name"] = "tepin"
	config.RuntimeParams["synchronous_commit"] = "on" // an acknowledged write survives
	config.RuntimeParams["lock_timeout"] = fmt.Sprint(lockWait.Milliseconds())
	s.writer = stdlib.OpenDB(*config)
	s.writer.SetMaxOpenConns(readers)
	s.writer.SetMaxIdleConns(readers)
	s.reader = &pool{DB: s.writer}
	s.watcher = stdlib.OpenDB(*config)
	s.watcher.SetMaxOpenConns(1)
	var encoding string
	if err := s.writer.QueryRowContext(ctx, `SHOW server_encoding`).Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return tepin.Errorf(tepin.Invalid, "the PostgreSQL database has the encoding %s; create it with ENCODING 'UTF8'", encoding)
	}
	return nil
}

func classSQLite(err error) class {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return classOther
	}
	switch code := e.Code(); {
	case code == sqlite3.SQLITE_CONSTRAINT_UNIQUE, code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return classUnique
	case code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return classForeign
	case code&0xff == sqlite3.SQLITE_FULL, code == sqlite3.SQLITE_IOERR_SHMSIZE:
		return classFull
	case code&0xff == sqlite3.SQLITE_BUSY, code&0xff == sqlite3.SQLITE_LOCKED:
		return classBusy
	}
	return classOther
}

func classPostgres(err error) class {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "23505":
			return classUnique
		case "23503":
			return classForeign
		case "53100":
			return classFull
		case "40001", "40P01": // serialization failure, deadlock
			return classTransient
		case "55P03", "53300", "57014": // lock not available, too many connections, cancelled
			return classBusy
		case "57P01", "57P02", "57P03": // shutting down, crashed, starting up
			return classGone
		case "22021", "22P05":
			return classText
		}
		return classOther
	}
	_, refused := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	if refused || network || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err) || pgconn.Timeout(err) {
		return classGone
	}
	for _, hungUp := range []error{io.EOF, io.ErrUnexpectedEOF, driver.ErrBadConn, sql.ErrConnDone} {
		if errors.Is(err, hungUp) {
			return classGone
		}
	}
	return classOther
}

// retryAfter is what a caller is told to wait when the database cannot serve it.
const retryAfter = time.Second

// fail gives a driver's error its kind. Errors that have one pass unchanged.
func (d dialect) fail(err error) error {
	if err == nil || tepin.KindOf(err) != tepin.Internal || d.class == nil {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	refuse := func(kind tepin.Kind, message string) error {
		e := &tepin.Error{Kind: kind, Message: message, Cause: err}
		if kind == tepin.Unavailable {
			e.RetryAfter = retryAfter
		}
		return e
	}
	switch d.class(err) {
	case classUnique:
		return refuse(tepin.Conflict, "this exists already; choose another name")
	case classForeign:
		return refuse(tepin.NotFound, "what this belongs to is not there")
	case classFull:
		return refuse(tepin.Full, "the disk of the database is full; free some space and try again")
	case classBusy, classTransient:
		return refuse(tepin.Unavailable, "the database is busy; try again")
	case classGone:
		return refuse(tepin.Unavailable, "the database cannot be reached; try again")
	case classText:
		return refuse(tepin.Invalid, "a text contains a character that cannot be stored; take it out")
	}
	if errors.Is(err, syscall.ENOSPC) {
		return refuse(tepin.Full, "the disk of the database is full; free some space and try again")
	}
	return err
}

func (d dialect) transient(err error) bool { return err != nil && d.class(err) == classTransient }

// unique replaces the error of a unique index by a Conflict with the given words.
func (d dialect) unique(err error, format string, args ...any) error {
	if err != nil && d.class(err) == classUnique {
		return tepin.Errorf(tepin.Conflict, format, args...)
	}
	return err
}
