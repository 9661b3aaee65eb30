package store

import (
	"context"
	"encoding/json"

	"github.com/tepin/tepin"
)

const definitionColumns = `id, environment_id, kind, name, is_default, content, created_at, updated_at, version`

func scanDefinition(r row) (v tepin.Definition, err error) {
	var content string
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.Kind, &v.Name, &v.Default, &content, at(&v.CreatedAt), at(&v.UpdatedAt), &v.Version)
	v.Content = json.RawMessage(content)
	return v, err
}

// Definitions returns a page of the environment's definitions of a kind.
func (s *Store) Definitions(ctx context.Context, env tepin.EnvironmentID, kind tepin.DefinitionKind, p tepin.List) (tepin.Page[tepin.Definition], error) {
	page, err := definitionListing(env, kind).page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

func definitionListing(env tepin.EnvironmentID, kind tepin.DefinitionKind) listing[tepin.Definition] {
	return listing[tepin.Definition]{kind: string(kind), table: "definition", columns: definitionColumns, env: env,
		where: []condition{{column: "kind", value: kind}}, scan: scanDefinition}
}

// Definition returns a definition of that kind.
func (s *Store) Definition(ctx context.Context, env tepin.EnvironmentID, kind tepin.DefinitionKind, id tepin.DefinitionID) (tepin.Definition, error) {
	v, err := definition(ctx, s.reader, env, kind, id, "")
	return v, s.dialect.fail(err)
}

func definition(ctx context.Context, q queryer, env tepin.EnvironmentID, kind tepin.DefinitionKind, id tepin.DefinitionID, lock string) (tepin.Definition, error) {
	return get(ctx, q, kind.Noun(), scanDefinition,
		`SELECT `+definitionColumns+` FROM definition WHERE environment_id = $1 AND kind = $2 AND id = $3`+lock, env, kind, id)
}

// DefinitionByName returns the definition of that name, in any case.
func (s *Store) DefinitionByName(ctx context.Context, env tepin.EnvironmentID, kind tepin.DefinitionKind, name string) (tepin.Definition, error) {
	v, err := get(ctx, s.reader, kind.Noun(), scanDefinition,
		`SELECT `+definitionColumns+` FROM definition WHERE environment_id = $1 AND kind = $2 AND name_key = $3`, env, kind, nameKey(name))
	return v, s.dialect.fail(err)
}

// CreateDefinition adds a definition. Conflict if the name is taken, or the environment
// has [tepin.MaxDefinitions] of the kind. One that is to be the default replaces it.
func (s *Store) CreateDefinition(ctx context.Context, by tepin.Actor, v tepin.Definition) (tepin.Definition, error) {
	if err := checkDefinition(v); err != nil {
		return tepin.Definition{}, err
	}
	fill(&v.ID)
	v.Version = 1
	err := s.write(ctx, func(t *tx) error {
		v.CreatedAt, v.UpdatedAt = t.now, t.now
		// The environment's row is the lock for what is counted, and for who is the default.
		if _, err := environment(ctx, t, v.EnvironmentID, t.dialect.lockRow); err != nil {
			return err
		}
		var n int
		if err := t.QueryRowContext(ctx, `SELECT count(*) FROM definition WHERE environment_id = $1 AND kind = $2`, v.EnvironmentID, v.Kind).Scan(&n); err != nil {
			return err
		}
		if n >= tepin.MaxDefinitions {
			return tepin.Errorf(tepin.Conflict, "the environment has %d of these, and can have no more; delete one first", n)
		}
		if v.Default {
			if err := t.noDefault(ctx, v.EnvironmentID, v.Kind); err != nil {
				return err
			}
		}
		if err := t.insertDefinition(ctx, v); err != nil {
			return err
		}
		t.record(string(v.EnvironmentID), by, string(v.Kind)+".create", string(v.ID), map[string]any{"name": v.Name})
		return nil
	})
	return v, err
}

func (t *tx) insertDefinition(ctx context.Context, v tepin.Definition) error {
	_, err := t.exec(ctx, `INSERT INTO definition (`+definitionColumns+`, name_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		v.ID, v.EnvironmentID, v.Kind, v.Name, v.Default, string(v.Content), micros(v.CreatedAt), micros(v.UpdatedAt), v.Version, nameKey(v.Name))
	if err != nil {
		return t.dialect.unique(err, "the environment has a %s of that name; choose another", v.Kind.Noun())
	}
	return t.index(ctx, v.EnvironmentID, string(v.Kind), string(v.ID), v.Name)
}

func checkDefinition(v tepin.Definition) error {
	if err := checkNames(v.Name); err != nil {
		return err
	}
	return checkText(string(v.Content))
}

// noDefault makes room for another default.
func (t *tx) noDefault(ctx context.Context, env tepin.EnvironmentID, kind tepin.DefinitionKind) error {
	_, err := t.exec(ctx, `UPDATE definition SET is_default = FALSE, version = version + 1, updated_at = $3 WHERE environment_id = $1 AND kind = $2 AND is_default`,
		env, kind, micros(t.now))
	return err
}

// UpdateDefinition changes a definition. Conflict if the name is taken, or the default is
// to be none.
func (s *Store) UpdateDefinition(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, kind tepin.DefinitionKind, id tepin.DefinitionID, u tepin.DefinitionUpdate) (v tepin.Definition, err error) {
	err = s.write(ctx, func(t *tx) error {
		if u.Default != nil {
			if _, err := environment(ctx, t, env, t.dialect.lockRow); err != nil {
				return err
			}
		}
		if v, err = definition(ctx, t, env, kind, id, t.dialect.lockRow); err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != v.Version {
			return stale(kind.Noun(), v.Version)
		}
		detail := map[string]any{}
		set(&v.Name, u.Name, detail, "name")
		if u.Content != nil {
			v.Content = u.Content
		}
		if err := checkDefinition(v); err != nil {
			return err
		}
		if u.Default != nil && *u.Default != v.Default {
			if v.Default {
				return tepin.Errorf(tepin.Conflict, "one %s is the default: make another one that", kind.Noun())
			}
			if err := t.noDefault(ctx, env, kind); err != nil {
				return err
			}
			set(&v.Default, u.Default, detail, "default")
		}
		v.UpdatedAt = t.now
		v.Version++
		_, err := t.exec(ctx, `UPDATE definition SET name = $2, name_key = $3, is_default = $4, content = $5, updated_at = $6, version = $7 WHERE id = $1`,
			id, v.Name, nameKey(v.Name), v.Default, string(v.Content), micros(v.UpdatedAt), v.Version)
		if err != nil {
			return t.dialect.unique(err, "the environment has a %s of that name; choose another", kind.Noun())
		}
		t.record(string(env), by, string(kind)+".update", string(id), detail)
		return t.index(ctx, env, string(kind), string(id), v.Name)
	})
	return v, err
}

// DeleteDefinition removes a definition. Conflict with the default. What pointed at a user
// interface goes back to the default.
func (s *Store) DeleteDefinition(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, kind tepin.DefinitionKind, id tepin.DefinitionID, ifVersion *int64) error {
	return s.write(ctx, func(t *tx) error {
		v, err := definition(ctx, t, env, kind, id, t.dialect.lockRow)
		switch {
		case err != nil:
			return err
		case ifVersion != nil && *ifVersion != v.Version:
			return stale(kind.Noun(), v.Version)
		case v.Default:
			return tepin.Errorf(tepin.Conflict, "this %s is the default, and there must be one; make another one the default first", kind.Noun())
		}
		// First the row, whose end waits for those that point at it meanwhile.
		if _, err := t.exec(ctx, `DELETE FROM definition WHERE id = $1`, id); err != nil {
			return err
		}
		if kind == tepin.UserInterface {
			for _, table := range []string{"project", "collection"} {
				if _, err := t.exec(ctx, `UPDATE `+table+` SET user_interface_id = '', version = version + 1 WHERE environment_id = $1 AND user_interface_id = $2 AND user_interface_id <> ''`, env, id); err != nil {
					return err
				}
			}
		}
		if kind == tepin.SubjectType {
			if err := t.dropSubject(ctx, env, id); err != nil {
				return err
			}
		}
		t.record(string(env), by, string(kind)+".delete", string(id), map[string]any{"name": v.Name})
		return t.unindex(ctx, string(id))
	})
}

// checkInterface refuses a user interface that the environment does not have; "" stands
// for the default. Its row is kept until the transaction ends.
func (t *tx) checkInterface(ctx context.Context, env tepin.EnvironmentID, id tepin.DefinitionID) error {
	if id == "" {
		return nil
	}
	_, err := definition(ctx, t, env, tepin.UserInterface, id, t.dialect.keepRow)
	return err
}

// defaultInterface is the user interface that an environment begins with. Without content
// it offers every output settings that are a default.
func (t *tx) defaultInterface(ctx context.Context, env tepin.EnvironmentID) error {
	v := tepin.Definition{EnvironmentID: env, Kind: tepin.UserInterface, Name: "Default", Default: true, Content: json.RawMessage(`{}`),
		CreatedAt: t.now, UpdatedAt: t.now, Version: 1}
	fill(&v.ID)
	return t.insertDefinition(ctx, v)
}

// giveInterfaces gives a default user interface to environments that an older program
// made.
func (s *Store) giveInterfaces(ctx context.Context) error {
	const without = `SELECT id FROM environment e WHERE NOT EXISTS (SELECT 1 FROM definition d WHERE d.environment_id = e.id AND d.kind = 'user_interface' AND d.is_default)`
	list, err := all(ctx, s.reader, func(r row) (id tepin.EnvironmentID, err error) { return id, r.Scan(&id) }, without)
	for i := 0; i < len(list) && err == nil; i++ {
		err = s.write(ctx, func(t *tx) error {
			t.quiet = true
			return t.defaultInterface(ctx, list[i])
		})
		if tepin.KindOf(err) == tepin.Conflict {
			err = nil // another node was here first
		}
	}
	return err
}
