package audit_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/audit"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

// around opens the database beside the store that is tampered with.
func around(t *testing.T, driver, source string) *sql.DB {
	t.Helper()
	raw, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	return raw
}

// record writes n lines into the instance's chain.
func record(t *testing.T, s *store.Store, n int) {
	t.Helper()
	for i := range n {
		if _, err := s.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: fmt.Sprint("number ", i)}); err != nil {
			t.Fatal(err)
		}
	}
}

func findings(t *testing.T, s *store.Store, key []byte) string {
	t.Helper()
	list, err := audit.Verify(t.Context(), s, key)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range list {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

func TestTamperingIsNamed(t *testing.T) {
	for name, c := range map[string]struct{ sql, want string }{
		"nothing":        {`SELECT 1`, ""},
		"integration":    {`UPDATE audit_entry SET about = 'x' WHERE seq = 4`, "instance/4: the entry is filed under another integration than the one that it is about"},
		"detail":         {`UPDATE audit_entry SET detail = '{}' WHERE seq = 3`, "instance/3: the entry was altered"},
		"actor":          {`UPDATE audit_entry SET actor_id = 'somebody' WHERE seq = 1`, "instance/1: the entry was altered"},
		"time":           {`UPDATE audit_entry SET at = at + 1 WHERE seq = 5`, "instance/5: the entry was altered"},
		"fields shifted": {`UPDATE audit_entry SET actor_id = 'syste', actor_name = 'mTepin' WHERE seq = 2`, "instance/2: the entry was altered"},
		"one removed":    {`DELETE FROM audit_entry WHERE seq = 3`, "instance/3: 1 entries are missing"},
		"first removed":  {`DELETE FROM audit_entry WHERE seq <= 2`, "instance/1: 2 entries are missing"},
		"last removed":   {`DELETE FROM audit_entry WHERE seq >= 4`, "instance/4: the last 2 entries are missing"},
		"all removed":    {`DELETE FROM audit_entry`, "instance/1: the last 5 entries are missing"},
		"chain removed":  {`DELETE FROM audit_entry; DELETE FROM audit_head`, "instance/0: the head of the chain is missing"},
		"head removed":   {`DELETE FROM audit_head`, "instance/0: the head of the chain is missing"},
		"head altered":   {`UPDATE audit_head SET mac = (SELECT mac FROM audit_entry WHERE seq = 1)`, "instance/5: the head does not fit the last entry"},
		"cut with head": {`UPDATE audit_head SET seq = 4, mac = (SELECT mac FROM audit_entry WHERE seq = 4)`,
			"instance/5: entries were added behind the head"},
		"one added": {`INSERT INTO audit_entry SELECT chain, 6, at, actor_kind, actor_id, actor_name, action, target, detail, mac, about FROM audit_entry WHERE seq = 5`,
			"instance/6: entries were added behind the head"},
		"two exchanged": {`UPDATE audit_entry SET seq = CASE seq WHEN 2 THEN 1003 WHEN 3 THEN 1002 END WHERE seq IN (2, 3);
			UPDATE audit_entry SET seq = seq - 1000 WHERE seq > 1000`, "instance/2: the entry was altered\ninstance/3: the entry was altered\ninstance/4: the entry was altered"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tepin.db")
			s := storetest.Open(t, store.Options{URL: "sqlite:" + path})
			record(t, s, 5)
			if _, err := around(t, "sqlite", "file:"+path).Exec(c.sql); err != nil {
				t.Fatal(err)
			}
			if got := findings(t, s, storetest.AuditKey); got != c.want {
				t.Errorf("found:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

// An environment's chain cannot be taken away as a whole.
func TestMissingChainIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tepin.db")
	s := storetest.Open(t, store.Options{URL: "sqlite:" + path})
	sub, err := s.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	env, err := s.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{
		SubscriptionID: sub.ID, Name: "e", TechnicalName: "e", Type: tepin.Production, TokenLifetime: time.Hour, SigningAlg: "ES256",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := findings(t, s, storetest.AuditKey); got != "" {
		t.Errorf("found %s", got)
	}
	if _, err := around(t, "sqlite", "file:"+path).Exec(`DELETE FROM audit_entry WHERE chain = $1; DELETE FROM audit_head WHERE chain = $1`, env.ID); err != nil {
		t.Fatal(err)
	}
	if got, want := findings(t, s, storetest.AuditKey), string(env.ID)+"/0: the head of the chain is missing"; got != want {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestTamperingOnPostgres(t *testing.T) {
	for name, c := range map[string]struct{ sql, want string }{
		"nothing": {`SELECT 1`, ""},
		"altered": {`UPDATE audit_entry SET target = 'x' WHERE seq = 2`, "instance/2: the entry was altered"},
		"removed": {`DELETE FROM audit_entry WHERE seq = 2`, "instance/2: 1 entries are missing"},
		"cut":     {`DELETE FROM audit_entry WHERE seq = 3`, "instance/3: the last 1 entries are missing"},
	} {
		t.Run(name, func(t *testing.T) {
			url := storetest.Postgres(t)
			s := storetest.Open(t, store.Options{URL: url})
			record(t, s, 3)
			if _, err := around(t, "pgx", url).Exec(c.sql); err != nil {
				t.Fatal(err)
			}
			if got := findings(t, s, storetest.AuditKey); got != c.want {
				t.Errorf("found %s, want %s", got, c.want)
			}
		})
	}
}

func TestAnotherKey(t *testing.T) {
	s := storetest.SQLite(t)
	record(t, s, 2)
	if got := findings(t, s, []byte("another key")); strings.Count(got, "altered") != 2 {
		t.Errorf("found %s", got)
	}
}

// It goes beside a working server, over more entries than one page holds.
func TestVerifyBesideWrites(t *testing.T) {
	s := storetest.SQLite(t)
	record(t, s, 1100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			if _, err := s.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "more"}); err != nil {
				t.Error(err)
			}
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		if got := findings(t, s, storetest.AuditKey); got != "" {
			t.Errorf("found %s", got)
		}
	}
}
