package store

import (
	"context"
	"errors"

	"github.com/tepin/tepin"
)

const integrationColumns = `id, environment_id, client_id, name, description, scopes, enabled, epoch, created_at, updated_at, version, token_networks, use_networks, origins, introspects, require_bound, quota`

func scanIntegration(r row) (i tepin.Integration, err error) {
	err = r.Scan(&i.ID, &i.EnvironmentID, &i.ClientID, &i.Name, &i.Description, scopesIn(&i.Scopes), &i.Enabled, &i.Epoch,
		at(&i.CreatedAt), at(&i.UpdatedAt), &i.Version, networksIn(&i.TokenNetworks), networksIn(&i.UseNetworks), originsIn(&i.Origins), &i.Introspects, &i.RequireBound, quotaIn(&i.Quota))
	return i, err
}

// CreateIntegration adds an integration with its first secret, both at once or
// neither. Its name is unique in the environment, whatever its case: Conflict.
func (s *Store) CreateIntegration(ctx context.Context, by tepin.Actor, i tepin.Integration, secret tepin.Secret) (tepin.Integration, error) {
	if err := errors.Join(checkNames(i.Name, i.Description, secret.Label), i.Quota.Check()); err != nil {
		return tepin.Integration{}, err
	}
	fill(&i.ID)
	if i.ClientID == "" {
		i.ClientID = tepin.NewClientID()
	}
	secret.EnvironmentID, secret.IntegrationID = i.EnvironmentID, i.ID
	i.Epoch, i.Version = 1, 1
	err := s.write(ctx, func(t *tx) error {
		if _, err := environment(ctx, t, i.EnvironmentID, ""); err != nil {
			return err
		}
		i.CreatedAt, i.UpdatedAt = t.now, t.now
		_, err := t.exec(ctx, `INSERT INTO integration (`+integrationColumns+`, name_key) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8, 1, $9, $10, $11, $12, $13, $14, $15)`,
			i.ID, i.EnvironmentID, i.ClientID, i.Name, i.Description, i.Scopes.String(), i.Enabled, micros(t.now),
			i.TokenNetworks.String(), i.UseNetworks.String(), i.Origins.String(), i.Introspects, i.RequireBound, quotaText(i.Quota), nameKey(i.Name))
		if err != nil {
			return s.dialect.unique(err, "this environment has an integration of that name; choose another")
		}
		if err := t.index(ctx, i.EnvironmentID, "integration", string(i.ID), i.Name); err != nil {
			return err
		}
		if secret, err = t.insertSecret(ctx, by, secret); err != nil {
			return err
		}
		t.access = true
		t.record(string(i.EnvironmentID), by, "integration.create", string(i.ID),
			map[string]any{"name": i.Name, "scopes": i.Scopes.String(), "enabled": i.Enabled, "secret": string(secret.ID)})
		return nil
	})
	return i, err
}

// Integrations returns a page of an environment's integrations.
func (s *Store) Integrations(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (tepin.Page[tepin.Integration], error) {
	page, err := listing[tepin.Integration]{kind: "integration", table: "integration", columns: integrationColumns, env: env,
		where: []condition{living}, scan: scanIntegration}.page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

// Integration returns an integration.
func (s *Store) Integration(ctx context.Context, env tepin.EnvironmentID, id tepin.IntegrationID) (tepin.Integration, error) {
	i, err := integration(ctx, s.reader, env, id, "")
	return i, s.dialect.fail(err)
}

func integration(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.IntegrationID, lock string) (tepin.Integration, error) {
	return get(ctx, q, "integration", scanIntegration,
		`SELECT `+integrationColumns+` FROM integration WHERE environment_id = $1 AND id = $2 AND deleted_at = 0`+lock, env, id)
}

// UpdateIntegration changes an integration. Disabling it and taking a scope away
// raise its epoch: the tokens that it has die.
func (s *Store) UpdateIntegration(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.IntegrationID, u tepin.IntegrationUpdate) (i tepin.Integration, err error) {
	err = s.write(ctx, func(t *tx) error {
		if i, err = integration(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != i.Version {
			return stale("integration", i.Version)
		}
		detail := map[string]any{}
		cut := u.Scopes != nil && !u.Scopes.Contains(i.Scopes) || u.Enabled != nil && !*u.Enabled && i.Enabled
		set(&i.Name, u.Name, detail, "name")
		set(&i.Description, u.Description, detail, "description")
		set(&i.Enabled, u.Enabled, detail, "enabled")
		set(&i.Introspects, u.Introspects, detail, "introspects")
		set(&i.RequireBound, u.RequireBound, detail, "requireBound")
		set(&i.Quota, u.Quota, detail, "quota")
		if u.Scopes != nil {
			i.Scopes, detail["scopes"] = *u.Scopes, u.Scopes.String()
		}
		setText(&i.TokenNetworks, u.TokenNetworks, detail, "tokenNetworks")
		setText(&i.UseNetworks, u.UseNetworks, detail, "useNetworks")
		setText(&i.Origins, u.Origins, detail, "origins")
		if err := errors.Join(checkNames(i.Name, i.Description), i.Quota.Check()); err != nil {
			return err
		}
		i.UpdatedAt = t.now
		i.Version++
		if cut {
			i.Epoch++
			if err := t.dropTokens(ctx, id); err != nil {
				return err
			}
		}
		_, err := t.exec(ctx, `UPDATE integration SET name = $2, name_key = $3, description = $4, scopes = $5, enabled = $6, epoch = $7, updated_at = $8, version = $9,
			token_networks = $10, use_networks = $11, origins = $12, introspects = $13, quota = $14, require_bound = $15 WHERE id = $1`,
			id, i.Name, nameKey(i.Name), i.Description, i.Scopes.String(), i.Enabled, i.Epoch, micros(t.now), i.Version,
			i.TokenNetworks.String(), i.UseNetworks.String(), i.Origins.String(), i.Introspects, quotaText(i.Quota), i.RequireBound)
		if err != nil {
			return s.dialect.unique(err, "this environment has an integration of that name; choose another")
		}
		t.access = true
		t.record(string(env), by, "integration.update", string(id), detail)
		return t.index(ctx, env, "integration", string(id), i.Name)
	})
	return i, err
}

// DeleteIntegration ends an integration: its secrets and tokens die.
func (s *Store) DeleteIntegration(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.IntegrationID) error {
	return s.write(ctx, func(t *tx) error {
		i, err := integration(ctx, t, env, id, t.dialect.lockRow)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE integration SET deleted_at = $2, epoch = epoch + 1, version = version + 1 WHERE id = $1`, id, micros(t.now))
		if err != nil {
			return err
		}
		if err := t.dropTokens(ctx, id); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM project_access WHERE environment_id = $1 AND subject_kind = 'integration' AND subject_id = $2 AND access <> 'owner'`, env, id); err != nil {
			return err
		}
		t.access = true
		t.record(string(env), by, "integration.delete", string(id), map[string]any{"name": i.Name})
		return t.unindex(ctx, string(id))
	})
}
