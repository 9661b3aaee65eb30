package store

import (
	"context"
	"strings"

	"github.com/tepin/tepin"
)

const applicationColumns = `id, environment_id, client_id, name, redirect_uris, created_by, created_at, updated_at, version`

func scanApplication(r row) (v tepin.Application, err error) {
	v.Reach = tepin.ReachEnvironment
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.ClientID, &v.Name, fieldsIn(&v.RedirectURIs), &v.CreatedBy, at(&v.CreatedAt), at(&v.UpdatedAt), &v.Version)
	return v, err
}

// nameTaken is the refusal of a second application of a name.
const nameTaken = "this environment has an application of that name; choose another"

// CreateApplication registers an application in an environment. Its name is unique
// there, whatever its case: Conflict, as for more than [tepin.MaxApplications].
func (s *Store) CreateApplication(ctx context.Context, by tepin.Actor, v tepin.Application) (tepin.Application, error) {
	if err := checkNames(v.Name); err != nil {
		return tepin.Application{}, err
	}
	fill(&v.ID)
	if v.ClientID == "" {
		v.ClientID = tepin.NewApplicationClientID()
	}
	v.CreatedBy, v.Version, v.Reach = by.Name, 1, tepin.ReachEnvironment
	err := s.write(ctx, func(t *tx) error {
		if _, err := environment(ctx, t, v.EnvironmentID, t.dialect.lockRow); err != nil {
			return err
		}
		var have int
		if err := t.QueryRowContext(ctx, `SELECT count(*) FROM application WHERE environment_id = $1`, v.EnvironmentID).Scan(&have); err != nil {
			return err
		}
		if have >= tepin.MaxApplications {
			return tepin.Errorf(tepin.Conflict, "this environment has %d applications, the most that it may have; delete one first", have)
		}
		v.CreatedAt, v.UpdatedAt = t.now, t.now
		_, err := t.exec(ctx, `INSERT INTO application (`+applicationColumns+`, name_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 1, $8)`,
			v.ID, v.EnvironmentID, v.ClientID, v.Name, strings.Join(v.RedirectURIs, " "), v.CreatedBy, micros(t.now), nameKey(v.Name))
		if err != nil {
			return s.dialect.unique(err, nameTaken)
		}
		t.access = true
		t.record(string(v.EnvironmentID), by, "application.create", string(v.ID),
			map[string]any{"name": v.Name, "client": string(v.ClientID), "redirectUris": v.RedirectURIs})
		return nil
	})
	return v, err
}

// Applications returns an environment's applications in the order of their names.
func (s *Store) Applications(ctx context.Context, env tepin.EnvironmentID) ([]tepin.Application, error) {
	list, err := all(ctx, s.reader, scanApplication, `SELECT `+applicationColumns+` FROM application WHERE environment_id = $1 ORDER BY name_key, id`, env)
	return list, s.dialect.fail(err)
}

// Application returns a registered application.
func (s *Store) Application(ctx context.Context, env tepin.EnvironmentID, id tepin.ApplicationID) (tepin.Application, error) {
	v, err := application(ctx, s.reader, env, id, "")
	return v, s.dialect.fail(err)
}

func application(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.ApplicationID, lock string) (tepin.Application, error) {
	return get(ctx, q, "application", scanApplication, `SELECT `+applicationColumns+` FROM application WHERE environment_id = $1 AND id = $2`+lock, env, id)
}

// UpdateApplication changes an application. Logins that it has stay.
func (s *Store) UpdateApplication(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ApplicationID, u tepin.ApplicationUpdate) (v tepin.Application, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = application(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != v.Version {
			return stale("application", v.Version)
		}
		detail := map[string]any{}
		set(&v.Name, u.Name, detail, "name")
		set(&v.RedirectURIs, u.RedirectURIs, detail, "redirectUris")
		if err := checkNames(v.Name); err != nil {
			return err
		}
		v.UpdatedAt = t.now
		v.Version++
		_, err := t.exec(ctx, `UPDATE application SET name = $2, name_key = $3, redirect_uris = $4, updated_at = $5, version = $6 WHERE id = $1`,
			id, v.Name, nameKey(v.Name), strings.Join(v.RedirectURIs, " "), micros(t.now), v.Version)
		if err != nil {
			return s.dialect.unique(err, nameTaken)
		}
		t.access = true
		t.record(string(env), by, "application.update", string(id), detail)
		return nil
	})
	return v, err
}

// DeleteApplication removes an application and ends its logins. Its access tokens die
// with it: no directory knows it any more.
func (s *Store) DeleteApplication(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ApplicationID) error {
	return s.write(ctx, func(t *tx) error {
		v, err := application(ctx, t, env, id, t.dialect.lockRow)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM application WHERE id = $1`, id); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE login SET ended_at = $2 WHERE client_id = $1 AND ended_at = 0`, v.ClientID, micros(t.now)); err != nil {
			return err
		}
		t.access = true
		t.record(string(env), by, "application.delete", string(id), map[string]any{"name": v.Name, "client": string(v.ClientID)})
		return nil
	})
}
