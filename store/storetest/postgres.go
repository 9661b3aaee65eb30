package storetest

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Postgres returns the address of a fresh, empty database on a private PostgreSQL
// server: one for each test process, on loopback, in a temporary directory, stopped
// when the process ends, however it ends. The database goes with the test.
//
// It fails the test where PostgreSQL is not installed; TEPIN_TEST_POSTGRES=off skips
// instead.
func Postgres(t testing.TB) string {
	t.Helper()
	if os.Getenv("TEPIN_TEST_POSTGRES") == "off" {
		t.Skip("TEPIN_TEST_POSTGRES=off")
	}
	url, drop, err := NewPostgres()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return url
}

// NewPostgres makes what [Postgres] returns the address of, and what drops it.
func NewPostgres() (url string, drop func() error, err error) {
	port, err := cluster()
	if err != nil {
		return "", nil, err
	}
	admin, err := sql.Open("pgx", address(port, "postgres"))
	if err != nil {
		return "", nil, err
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if _, err := admin.Exec(`CREATE DATABASE ` + name); err != nil {
		return "", nil, errors.Join(err, admin.Close())
	}
	return address(port, name), func() error {
		_, err := admin.Exec(`DROP DATABASE ` + name + ` WITH (FORCE)`)
		return errors.Join(err, admin.Close())
	}, nil
}

var databases atomic.Int64

func address(port int, database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", port, database)
}

// cluster starts the server of this process at the first call.
var cluster = sync.OnceValues(start)

// keeper runs the server, and ends it and removes its directory when its standard
// input closes. Only the test process holds the other end, so that happens even when
// that is killed.
const keeper = `"$@" & server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf "$DIRECTORY"`

func start() (port int, err error) {
	bin, err := binaries()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "tepin-postgres-")
	if err != nil {
		return 0, err
	}
	as, err := unprivileged(dir)
	if err != nil {
		return 0, err
	}
	data := filepath.Join(dir, "data")
	initdb := append(as, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	command := exec.Command(initdb[0], initdb[1:]...)
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return 0, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if port, err = freePort(); err != nil {
		return 0, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return 0, err
	}
	defer log.Close()
	args := append([]string{"-c", keeper, "keeper"}, as...)
	args = append(args, filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(port), "-k", dir, "-c", "listen_addresses=127.0.0.1",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=128MB")
	server := exec.Command("/bin/sh", args...)
	server.Env = append(os.Environ(), "DIRECTORY="+dir)
	server.Dir, server.Stdout, server.Stderr = dir, log, log
	server.SysProcAttr = ownGroup()
	alive, err := server.StdinPipe() // never closed: the kernel does it at our end
	if err != nil {
		return 0, err
	}
	if err := server.Start(); err != nil {
		return 0, err
	}
	if err := answers(port, 30*time.Second); err != nil {
		text, _ := os.ReadFile(log.Name())
		alive.Close()
		return 0, fmt.Errorf("PostgreSQL does not start: %w\n%s", err, text)
	}
	held = append(held, alive)
	pid, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscan(string(pid), &postmaster); err != nil {
		return 0, err
	}
	return port, nil
}

// held keeps the garbage collector from closing the pipes.
var held []any

// binaries finds the newest installed server.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		path, err := exec.LookPath("initdb")
		if err != nil {
			return "", fmt.Errorf("these tests need a PostgreSQL server: install Debian's package postgresql, or set TEPIN_TEST_POSTGRES=off to skip them")
		}
		return filepath.Dir(path), nil
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(found[len(found)-1]), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

// unprivileged returns the command prefix that runs a program as somebody to whom
// the directory belongs: PostgreSQL refuses to run as root.
func unprivileged(dir string) ([]string, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return []string{"setpriv", "--reuid=" + u.Uid, "--regid=" + u.Gid, "--clear-groups", "--"}, os.Chown(dir, uid, gid)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func answers(port int, patience time.Duration) error {
	db, err := sql.Open("pgx", address(port, "postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if err = db.Ping(); err == nil || time.Now().After(end) {
			return err
		}
	}
}
