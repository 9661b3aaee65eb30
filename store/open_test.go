package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

func TestSecondOpenerIsRefused(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "sub", "tepin.db")
	first, err := store.Open(t.Context(), store.Options{URL: url, AuditKey: storetest.AuditKey})
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(t.Context(), store.Options{URL: url})
	if tepin.KindOf(err) != tepin.Conflict || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) || strings.Contains(err.Error(), "invalid argument") {
		t.Errorf("a second opener: %v", err)
	}
	if err := first.CreateInstance(t.Context(), tepin.Instance{ID: "i"}); err != nil {
		t.Errorf("after a second opener was refused: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := storetest.Open(t, store.Options{URL: url}) // also: migrated a second time
	if _, err := again.Instance(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := storetest.Open(t, store.Options{URL: "sqlite:" + filepath.Join(dir, "a b%3f?#.db")})
	if err := s.CreateInstance(t.Context(), tepin.Instance{ID: "i"}); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		seen++
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		if d.Name() != "data" && !strings.HasPrefix(d.Name(), "a b%3f?#.db") {
			t.Errorf("an unexpected file: %s", path)
		}
		return err
	})
	if err != nil || seen != 5 {
		t.Errorf("the directory, the database, its log, its index and its lock: %d, %v", seen, err)
	}
}

func TestMigrationsAtOnce(t *testing.T) {
	url := storetest.Postgres(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := store.Open(t.Context(), store.Options{URL: url, AuditKey: storetest.AuditKey})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.ChangeCounter(t.Context()); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestNewerSchemaIsRefused(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "tepin.db"), "postgres": storetest.Postgres(t)} {
		s, err := store.Open(t.Context(), store.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Writer().Exec(`INSERT INTO migration (version, name, applied_at) VALUES (1000, 'later', 0)`); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(t.Context(), store.Options{URL: url}); tepin.KindOf(err) != tepin.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadAddresses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("this is no database, and longer than the header of one: "+strings.Repeat("x", 200)), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, kind := range map[string]tepin.Kind{
		"":               tepin.Invalid,
		"mysql://x/y":    tepin.Invalid,
		"sqlite:":        tepin.Invalid,
		"sqlite:" + file: tepin.Internal,
		"postgres://u:hunter2@127.0.0.1:notaport/db":                 tepin.Invalid,
		"postgres://u:hunter2@127.0.0.1:1/db?sslmode=disable":        tepin.Unavailable,
		"sqlite:" + filepath.Join(file, "below", "a", "file.sqlite"): tepin.Internal,
	} {
		s, err := store.Open(t.Context(), store.Options{URL: url})
		if err == nil {
			s.Close()
			t.Errorf("%q opens", url)
			continue
		}
		if tepin.KindOf(err) != kind {
			t.Errorf("%q: kind %d, want %d: %v", url, tepin.KindOf(err), kind, err)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is shown: %v", err)
		}
	}
}

func TestChangesNeedTheAuditKey(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "tepin.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateInstance(t.Context(), tepin.Instance{ID: "i"}); err == nil {
		t.Error("a change without a line in the audit log")
	}
	if _, err := s.Instance(t.Context()); tepin.KindOf(err) != tepin.NotFound {
		t.Errorf("and it left: %v", err)
	}
}

func TestDatabaseCutOff(t *testing.T) {
	s := storetest.Open(t, store.Options{URL: storetest.Postgres(t)})
	if err := s.CreateInstance(t.Context(), tepin.Instance{ID: "i"}); err != nil {
		t.Fatal(err)
	}
	// Every connection is cut while it works; the next call gets a new one.
	_, err := s.Writer().Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()`)
	if kind := tepin.KindOf(store.FailPostgres(err)); err != nil && kind != tepin.Unavailable {
		t.Errorf("cut off: %v is of kind %d", err, kind)
	}
	if _, err := s.Instance(t.Context()); err != nil {
		t.Error(err)
	}
}

// A server of the database that dies in the middle of an answer is Unavailable, too:
// it ends the connection without a word.
func TestConnectionLost(t *testing.T) {
	address, err := url.Parse(storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	behind := address.Host
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	var dead atomic.Bool
	go func() {
		for {
			client, err := front.Accept()
			if err != nil {
				return
			}
			go passOn(client, behind, &dead)
		}
	}()
	address.Host = front.Addr().String()
	s := storetest.Open(t, store.Options{URL: address.String()})
	for name, call := range map[string]func() error{
		"read":     func() error { _, err := s.Subscriptions(t.Context()); return err },
		"snapshot": func() error { _, err := s.Directory(t.Context()); return err },
		"write": func() error {
			_, err := s.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "s"})
			return err
		},
	} {
		dead.Store(false)
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		dead.Store(true)
		if err := call(); tepin.KindOf(err) != tepin.Unavailable {
			t.Errorf("%s: %v is of kind %d", name, err, tepin.KindOf(err))
		}
	}
	dead.Store(false)
}

// passOn joins a client with the server behind, until that is dead: then it takes the
// question and hangs up.
func passOn(client net.Conn, behind string, dead *atomic.Bool) {
	defer client.Close()
	server, err := net.Dial("tcp", behind)
	if err != nil {
		return
	}
	defer server.Close()
	go io.Copy(client, server)
	b := make([]byte, 64<<10)
	for {
		n, err := client.Read(b)
		if err != nil || dead.Load() {
			return
		}
		if _, err := server.Write(b[:n]); err != nil {
			return
		}
	}
}

// However busy the readers are, the access directory still learns what was revoked:
// else one tenant's slow searches would be everybody's 503 (S2).
func TestDirectoryBesideBusyReaders(t *testing.T) {
	for _, s := range []*store.Store{storetest.SQLite(t), storetest.Open(t, store.Options{URL: storetest.Postgres(t)})} {
		release := s.TakeReaders(t)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		_, errCounter := s.ChangeCounter(ctx)
		_, errSkew := s.Skew(ctx)
		_, errDirectory := s.Directory(ctx)
		_, errKeys := s.SigningKeys(ctx)
		if err := errors.Join(errCounter, errSkew, errDirectory, errKeys); err != nil {
			t.Errorf("%s: %v", s.Dialect(), err)
		}
		cancel()
		release()
	}
}

func TestErrorKinds(t *testing.T) {
	for code, kind := range map[string]tepin.Kind{
		"23505": tepin.Conflict, "23503": tepin.NotFound, "53100": tepin.Full, "40001": tepin.Unavailable, "40P01": tepin.Unavailable, "55P03": tepin.Unavailable,
		"57P01": tepin.Unavailable, "22021": tepin.Invalid, "42601": tepin.Internal,
	} {
		err := store.FailPostgres(fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code, Message: "secret inside"}))
		if tepin.KindOf(err) != kind {
			t.Errorf("%s: kind %d, want %d", code, tepin.KindOf(err), kind)
		}
		if e, ok := errors.AsType[*tepin.Error](err); ok && (strings.Contains(e.Message, "inside") || (kind == tepin.Unavailable) != (e.RetryAfter > 0)) {
			t.Errorf("%s: %+v", code, e)
		}
	}
	if err := store.FailSQLite(&fs.PathError{Err: syscall.ENOSPC}); tepin.KindOf(err) != tepin.Full {
		t.Error(err)
	}
	if err := store.FailSQLite(sql.ErrConnDone); tepin.KindOf(err) != tepin.Internal {
		t.Error(err)
	}
	if store.FailSQLite(nil) != nil {
		t.Error("nil is an error")
	}
}

// A SQLite database that another program holds is Unavailable, not broken. It lasts
// as long as the wait for a lock.
func TestBusy(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a lock")
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tepin.db")
	s := storetest.Open(t, store.Options{URL: "sqlite:" + path})
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if err := s.CreateInstance(t.Context(), tepin.Instance{ID: "i"}); tepin.KindOf(err) != tepin.Unavailable {
		t.Errorf("busy: %v", err)
	}
	if _, err := s.Instance(t.Context()); tepin.KindOf(err) != tepin.NotFound {
		t.Errorf("reading beside a writer: %v", err)
	}
}

// S4: two different keys never share a row.
func FuzzGrantHash(f *testing.F) {
	f.Add("a", "b", "c", "d", uint32(1), int64(1), 1, "a", "bc", "", "d", uint32(1), int64(1), 1)
	f.Add("", "", "", "", uint32(0), int64(0), 0, "", "", "", "", uint32(0), int64(0), 0)
	f.Fuzz(func(t *testing.T, e1, i1, s1, a1 string, sc1 uint32, l1 int64, f1 int, e2, i2, s2, a2 string, sc2 uint32, l2 int64, f2 int) {
		known := uint32(tepin.MustScopes(tepin.AllScopes...))
		key := func(e, i, s, a string, sc uint32, l int64, f int) tepin.GrantKey {
			return tepin.GrantKey{EnvironmentID: tepin.EnvironmentID(e), IntegrationID: tepin.IntegrationID(i), SecretID: tepin.CredentialID(s), Audience: a,
				Scopes: tepin.Scopes(sc & known), Alg: "ES256", Lifetime: time.Duration(int32(l)) * time.Second, Format: f}
		}
		x, y := key(e1, i1, s1, a1, sc1, l1, f1), key(e2, i2, s2, a2, sc2, l2, f2)
		if (x == y) != (store.GrantHash(x) == store.GrantHash(y)) {
			t.Errorf("%+v and %+v", x, y)
		}
	})
}

// The jobs of a process that died are free as soon as the next one has the database,
// and their attempts stay counted.
func TestDeadProcessHoldsNoLease(t *testing.T) {
	ctx := t.Context()
	url := "sqlite:" + filepath.Join(t.TempDir(), "tepin.db")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	first, err := store.Open(ctx, store.Options{URL: url, AuditKey: storetest.AuditKey})
	must(err)
	sub, err := first.CreateSubscription(ctx, tepin.System, tepin.Subscription{Name: "s"})
	must(err)
	env, err := first.CreateEnvironment(ctx, tepin.System, tepin.Environment{SubscriptionID: sub.ID, Name: "e", TechnicalName: "e", Type: tepin.Production, TokenLifetime: time.Hour, SigningAlg: "ES256"})
	must(err)
	key := string(env.ID) + "/" + tepin.NewID[string]()
	must(first.ReserveBlob(ctx, env.ID, key))
	_, err = first.CreateTask(ctx, tepin.System, tepin.Task{EnvironmentID: env.ID, OwnerKind: tepin.ActorSystem, OwnerID: "system", Format: tepin.PDF, Name: "n", Source: "document", Request: tepin.BlobRef{Key: key, Size: 1, SHA256: "00"}})
	must(err)
	_, err = first.ClaimJob(ctx, []string{"output"}, time.Hour)
	must(err)
	must(first.Close())

	again := storetest.Open(t, store.Options{URL: url})
	j, err := again.ClaimJob(ctx, []string{"output"}, time.Hour)
	must(err)
	if j.Attempt != 2 {
		t.Errorf("attempt %d, want 2", j.Attempt)
	}
}
