package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

// older makes a database as an older program left it: its migrations, and rows.
func older(t *testing.T, driver, url, rows string, migrations ...string) {
	t.Helper()
	source := url
	if driver == "sqlite" {
		source = "file:" + url[len("sqlite:"):]
	}
	raw, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	text := `CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL);`
	for i, name := range migrations {
		part, err := os.ReadFile("migration/" + name)
		if err != nil {
			t.Fatal(err)
		}
		text += string(part) + fmt.Sprintf(`;INSERT INTO migration VALUES (%d, '%s', 0);`, i+1, name)
	}
	if _, err := raw.Exec(text + rows); err != nil {
		t.Fatal(err)
	}
}

// What the log of the first release has is found by integration, too, in the same way
// as what is written now.
func TestAboutOfOlderEntries(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "tepin.db"), "pgx": storetest.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			const rows = `
				INSERT INTO subscription VALUES ('s', 's', 1);
				INSERT INTO environment VALUES ('e', 's', 'e', 'e', 'e', 'sandbox', 1, 'ES256', 1, 1, 1, 0);
				INSERT INTO integration VALUES ('i1', 'e', 'c1', 'one', '1', '', '', TRUE, 1, 1, 1, 1, 0);
				INSERT INTO integration VALUES ('i2', 'e', 'c2', 'two', '2', '', '', TRUE, 1, 1, 1, 1, 1);
				INSERT INTO audit_entry VALUES ('e', 1, 1, 'user', 'u', 'U', 'integration.create', 'i1', '{}', 'm');
				INSERT INTO audit_entry VALUES ('e', 2, 1, 'user', 'u', 'U', 'secret.create', 'x', '{"integration":"i2","label":"l"}', 'm');
				INSERT INTO audit_entry VALUES ('e', 3, 1, 'user', 'u', 'U', 'secret.create', 'x', '{"integration":"i9","label":"l"}', 'm');
				INSERT INTO audit_entry VALUES ('e', 4, 1, 'integration', 'i1', 'I', 'template.create', 't', '{"name":"i2"}', 'm');
				INSERT INTO audit_entry VALUES ('e', 5, 1, 'user', 'u', 'U', 'template.create', 't', '{"name":"x"}', 'm');`
			older(t, name, url, rows, "0001_first.sql")
			s := storetest.Open(t, store.Options{URL: url})
			list, err := s.AuditEntries(t.Context(), "e", 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []string{"i1", "i2", "", "i1", ""} {
				e := list[i]
				if e.About != want {
					t.Errorf("entry %d is about %q, want %q", e.Seq, e.About, want)
				}
				if now := store.AuditAbout(e); e.Seq != 3 && now != want { // an integration that is nowhere
					t.Errorf("entry %d would be about %q now", e.Seq, now)
				}
			}
		})
	}
}

func TestAuditAbout(t *testing.T) {
	for name, c := range map[string]struct {
		e    tepin.AuditEntry
		want string
	}{
		"its detail names one": {tepin.AuditEntry{ActorKind: tepin.ActorIntegration, ActorID: "i1", Action: "token.revoke", Target: "jti", Detail: `{"integration":"i2"}`}, "i2"},
		"it is the target":     {tepin.AuditEntry{ActorKind: tepin.ActorUser, ActorID: "u", Action: "integration.update", Target: "i1", Detail: `{}`}, "i1"},
		"it acted":             {tepin.AuditEntry{ActorKind: tepin.ActorIntegration, ActorID: "i1", Action: "template.create", Target: "t", Detail: `{"name":"\"integration\":\"i2\""}`}, "i1"},
		"nobody's":             {tepin.AuditEntry{ActorKind: tepin.ActorUser, ActorID: "u", Action: "template.create", Target: "t", Detail: `{}`}, ""},
		"of the environment":   {tepin.AuditEntry{Chain: "e", ActorKind: tepin.ActorSystem, Action: "quota.warn", Target: "e", Detail: `{}`}, ""},
		"no text":              {tepin.AuditEntry{ActorKind: tepin.ActorUser, Action: "a.b", Detail: `{"integration":7}`}, ""},
		"broken":               {tepin.AuditEntry{ActorKind: tepin.ActorUser, Action: "a.b", Detail: `{"integration":`}, ""},
	} {
		if got := store.AuditAbout(c.e); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
