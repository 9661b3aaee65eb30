package store

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tepin/tepin"
)

// DeletedEnvironment is one that can still be restored.
type DeletedEnvironment struct {
	tepin.Environment
	DeletedAt time.Time
}

// DeleteEnvironment takes an environment away: nobody reaches it, and its tokens and
// sign-ins end for good. What it holds stays for [tepin.EnvironmentGrace].
func (s *Store) DeleteEnvironment(ctx context.Context, by tepin.Actor, id tepin.EnvironmentID, ifVersion *int64) error {
	return s.write(ctx, func(t *tx) error {
		e, err := environment(ctx, t, id, t.dialect.lockRow)
		if err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != e.Version {
			return stale("environment", e.Version)
		}
		if _, err := t.exec(ctx, `UPDATE environment SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1`, id, micros(t.now)); err != nil {
			return err
		}
		// What it has issued must not live again when it is restored.
		if _, err := t.exec(ctx, `UPDATE integration SET epoch = epoch + 1 WHERE environment_id = $1 AND deleted_at = 0`, id); err != nil {
			return err
		}
		logins, err := all(ctx, t, scanLogin, `SELECT `+loginColumns+` FROM login WHERE environment_id = $1 AND ended_at = 0 ORDER BY id`+t.dialect.lockRow, id)
		if err != nil {
			return err
		}
		for _, v := range logins {
			if err := t.endLogin(ctx, by, v, "environment deleted"); err != nil {
				return err
			}
		}
		t.access = true
		t.record(string(id), by, "environment.delete", string(id), nil)
		t.record(InstanceChain, by, "environment.delete", string(id), map[string]any{"name": e.Name, "technicalName": e.TechnicalName})
		return t.unindex(ctx, string(id))
	})
}

// DeletedEnvironments returns those of a subscription that can be restored, the one that
// was deleted last first.
func (s *Store) DeletedEnvironments(ctx context.Context, sub tepin.SubscriptionID) ([]DeletedEnvironment, error) {
	list, err := all(ctx, s.reader, func(r row) (d DeletedEnvironment, err error) {
		d.Environment, err = scanEnvironment(rowWith{r, at(&d.DeletedAt)})
		return d, err
	}, `SELECT `+environmentColumns+`, deleted_at FROM environment WHERE subscription_id = $1 AND deleted_at > $2 AND purged_at = 0 ORDER BY deleted_at DESC, id`,
		sub, micros(s.now().Add(-tepin.EnvironmentGrace)))
	return list, s.dialect.fail(err)
}

// rowWith scans a further column behind those that a scan knows.
type rowWith struct {
	row
	more any
}

func (r rowWith) Scan(dest ...any) error { return r.row.Scan(append(dest, r.more)...) }

// RestoreEnvironment brings a deleted environment of a subscription back, with all that it
// holds. Gone once [tepin.EnvironmentGrace] is over.
func (s *Store) RestoreEnvironment(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.EnvironmentID) (e tepin.Environment, err error) {
	err = s.write(ctx, func(t *tx) error {
		kind, err := get(ctx, t, "deleted environment", func(r row) (k tepin.EnvironmentType, err error) { return k, r.Scan(&k) },
			`SELECT type FROM environment WHERE id = $1 AND subscription_id = $2 AND deleted_at > 0`+t.dialect.lockRow, id, sub)
		if err != nil {
			return err
		}
		if err := t.checkEnvironments(ctx, sub, kind); err != nil {
			return err
		}
		n, err := t.exec(ctx, `UPDATE environment SET deleted_at = 0, updated_at = $2, version = version + 1 WHERE id = $1 AND deleted_at > $3 AND purged_at = 0`,
			id, micros(t.now), micros(t.now.Add(-tepin.EnvironmentGrace)))
		if err == nil && n == 0 {
			err = tepin.Errorf(tepin.Gone, "this environment was deleted more than %d days ago and cannot be restored any more", tepin.EnvironmentGrace/(24*time.Hour))
		}
		if err != nil {
			return err
		}
		if e, err = environment(ctx, t, id, ""); err != nil {
			return err
		}
		t.access = true
		t.record(string(id), by, "environment.restore", string(id), nil)
		t.record(InstanceChain, by, "environment.restore", string(id), map[string]any{"technicalName": e.TechnicalName})
		return t.index(ctx, "", "environment", string(id), e.Name)
	})
	return e, err
}

// owned is a table whose rows belong to environments.
type owned struct {
	table string
	where string // $1 is the environment
}

var (
	createTable = regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\n\);`)
	reference   = regexp.MustCompile(`(?m)^\s+(\w+)\s.*REFERENCES (\w+) \(`)
)

// kept are tables of which an environment that is purged leaves its rows: its name, which
// nobody gets again; what it has rendered, which its subscription is asked about; and
// blobs, which the sweep of bytes removes.
var kept = []string{"environment", "render_count", "blob"}

// tablesOfEnvironments are all others that hold something of an environment, in an order
// in which no row is left that refers to one that is gone: the schema's own, backwards. A
// table that has no environment_id belongs to what it refers to.
var tablesOfEnvironments = sync.OnceValues(func() (list []owned, err error) {
	files, err := migrations.ReadDir("migration")
	if err != nil {
		return nil, err
	}
	where := map[string]string{}
	for _, f := range files { // by name
		text, err := migrations.ReadFile("migration/" + f.Name())
		if err != nil {
			return nil, err
		}
		for _, m := range createTable.FindAllStringSubmatch(string(text), -1) {
			table, columns := m[1], m[2]
			if slices.Contains(kept, table) {
				continue
			}
			if strings.Contains(columns, "\n    environment_id ") {
				where[table] = `environment_id = $1`
			}
			for _, r := range reference.FindAllStringSubmatch(columns, -1) {
				if parent := where[r[2]]; where[table] == "" && parent != "" {
					where[table] = fmt.Sprintf(`%s IN (SELECT id FROM %s WHERE %s)`, r[1], r[2], parent)
				}
			}
			if where[table] != "" {
				list = append(list, owned{table, where[table]})
			}
		}
	}
	slices.Reverse(list)
	return list, nil
})

// PurgeEnvironments removes what environments hold that were deleted before the given
// time: up to limit rows in one transaction, and batches of them in all. It returns how
// many rows it removed. An environment that holds nothing any more is done with.
func (s *Store) PurgeEnvironments(ctx context.Context, before time.Time, limit, batches int) (total int, err error) {
	const old = `SELECT id FROM environment WHERE deleted_at > 0 AND deleted_at < $1 AND purged_at = 0 ORDER BY deleted_at LIMIT 100`
	ids, err := all(ctx, s.reader, func(r row) (id tepin.EnvironmentID, err error) { return id, r.Scan(&id) }, old, micros(before))
	if err != nil {
		return 0, s.dialect.fail(err)
	}
	for _, id := range ids {
		for batches > 0 {
			n, err := s.purgeSome(ctx, id, limit)
			total += n
			batches--
			if err != nil {
				return total, err
			}
			if n == 0 {
				break
			}
		}
	}
	return total, nil
}

// purgeSome removes up to limit rows of an environment, or notes that there are none left.
func (s *Store) purgeSome(ctx context.Context, env tepin.EnvironmentID, limit int) (done int, err error) {
	tables, err := tablesOfEnvironments()
	if err != nil {
		return 0, err
	}
	err = s.write(ctx, func(t *tx) error {
		t.quiet = true
		n, err := t.exec(ctx, `UPDATE blob SET state = $2, changed_at = $3 WHERE key IN (SELECT key FROM blob WHERE environment_id = $1 AND state IN ($4, $5) LIMIT $6)`,
			env, blobDead, micros(t.now), blobLive, blobPending, limit)
		done = int(n)
		for i := 0; i < len(tables) && err == nil && done < limit; i++ {
			of := tables[i]
			n, err = t.exec(ctx, fmt.Sprintf(`DELETE FROM %[1]s WHERE %[2]s IN (SELECT %[2]s FROM %[1]s WHERE %[3]s LIMIT $2)`, of.table, t.dialect.rowID, of.where), env, limit-done)
			done += int(n)
		}
		if err != nil || done > 0 {
			return err
		}
		t.record(InstanceChain, tepin.System, "environment.purge", string(env), nil)
		_, err = t.exec(ctx, `UPDATE environment SET purged_at = $2 WHERE id = $1`, env, micros(t.now))
		return err
	})
	return done, err
}
