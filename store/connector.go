package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/tepin/tepin"
)

const connectorColumns = `id, environment_id, name, description, publisher_version, type, icon_url, options, api_version, allowed_domains, allowed_methods, ` +
	`forwarded_headers, enabled, is_default, owner, script_source, script_size, script_sha256, browser_auth, server_auth, created_at, updated_at, version`

func scanConnector(r row) (v tepin.Connector, err error) {
	var options string
	var browser, server tepin.AuthKind
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.Name, &v.Description, &v.Release, &v.Type, &v.IconURL, &options, &v.APIVersion, fieldsIn(&v.AllowedDomains),
		fieldsIn(&v.AllowedMethods), &v.ForwardedHeaders, &v.Enabled, &v.Default, &v.Owner, &v.ScriptSource, &v.ScriptSize, &v.ScriptSHA256,
		&browser, &server, at(&v.CreatedAt), at(&v.UpdatedAt), &v.Version)
	v.Options = json.RawMessage(options)
	v.Auth = map[tepin.AuthUsage]tepin.AuthKind{}
	for usage, kind := range map[tepin.AuthUsage]tepin.AuthKind{tepin.BrowserUsage: browser, tepin.ServerUsage: server} {
		if kind != "" {
			v.Auth[usage] = kind
		}
	}
	return v, err
}

// builtIn are the connectors that every environment has.
var builtIn = []tepin.Connector{
	{Name: "Media", Description: "The media of this environment.", Type: tepin.MediaConnector, ScriptSource: tepin.DefaultMedia},
	{Name: "Fonts", Description: "The fonts of this environment.", Type: tepin.FontConnector, ScriptSource: tepin.DefaultFonts},
}

// addBuiltIn gives an environment its built-in connectors, each as the default of its type.
func (t *tx) addBuiltIn(ctx context.Context, env tepin.EnvironmentID) error {
	for _, v := range builtIn {
		v.ID, v.EnvironmentID, v.Options, v.Enabled, v.Default, v.Owner = tepin.NewID[tepin.ConnectorID](), env, json.RawMessage(`{}`), true, true, tepin.BuiltInConnector
		if err := t.insertConnector(ctx, v, ""); err != nil {
			return err
		}
	}
	return nil
}

// AddBuiltInConnectors gives the built-in connectors to environments that are older than them.
func (s *Store) AddBuiltInConnectors(ctx context.Context) error {
	return s.write(ctx, func(t *tx) error {
		if err := t.lockKeys(ctx, ""); err != nil { // one node at a time
			return err
		}
		t.quiet = true
		list, err := all(ctx, t, func(r row) (id tepin.EnvironmentID, err error) { return id, r.Scan(&id) },
			`SELECT id FROM environment WHERE deleted_at = 0 AND NOT EXISTS (SELECT 1 FROM connector c WHERE c.environment_id = environment.id AND c.owner = 'builtIn') ORDER BY id`)
		for i := 0; i < len(list) && err == nil; i++ {
			err = t.addBuiltIn(ctx, list[i])
			t.record(string(list[i]), tepin.System, "connector.built_in", "", nil)
		}
		return err
	})
}

func (t *tx) insertConnector(ctx context.Context, v tepin.Connector, script string) error {
	sum := sha256.Sum256([]byte(script))
	_, err := t.exec(ctx, `INSERT INTO connector (id, environment_id, name, name_key, description, publisher_version, type, icon_url, options, api_version,
			allowed_domains, allowed_methods, forwarded_headers, enabled, is_default, owner, script_source, script, script_size, script_sha256, created_at, updated_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $21, 1)`,
		v.ID, v.EnvironmentID, v.Name, nameKey(v.Name), v.Description, v.Release, v.Type, v.IconURL, string(v.Options), v.APIVersion,
		strings.Join(v.AllowedDomains, " "), strings.Join(v.AllowedMethods, " "), v.ForwardedHeaders, v.Enabled, v.Default, v.Owner, v.ScriptSource,
		script, len(script), hex.EncodeToString(sum[:]), micros(t.now))
	if err != nil {
		return err
	}
	return t.index(ctx, v.EnvironmentID, "connector", string(v.ID), v.Name)
}

// CreateConnector adds a connector with its script. It is nobody's default yet. Conflict if
// the environment has [tepin.MaxConnectors].
func (s *Store) CreateConnector(ctx context.Context, by tepin.Actor, v tepin.Connector, script string) (tepin.Connector, error) {
	if err := checkConnector(v, script); err != nil {
		return tepin.Connector{}, err
	}
	fill(&v.ID)
	v.Owner, v.ScriptSource, v.Default = tepin.UserConnector, tepin.ExternalScript, false
	if len(v.Options) == 0 {
		v.Options = json.RawMessage(`{}`)
	}
	var made tepin.Connector
	err := s.write(ctx, func(t *tx) error {
		if err := t.roomForConnector(ctx, v.EnvironmentID); err != nil {
			return err
		}
		if err := t.insertConnector(ctx, v, script); err != nil {
			return err
		}
		var err error
		made, err = connector(ctx, t, v.EnvironmentID, v.ID, "")
		t.record(string(v.EnvironmentID), by, "connector.create", string(v.ID), map[string]any{
			"name": v.Name, "type": string(v.Type), "version": v.Release, "allowedDomains": v.AllowedDomains, "sha256": made.ScriptSHA256})
		return err
	})
	return made, err
}

func (t *tx) roomForConnector(ctx context.Context, env tepin.EnvironmentID) error {
	n, err := get(ctx, t, "environment", func(r row) (n int, err error) { return n, r.Scan(&n) }, `SELECT count(*) FROM connector WHERE environment_id = $1 AND deleted_at = 0`, env)
	if err == nil && n >= tepin.MaxConnectors {
		err = tepin.Errorf(tepin.Conflict, "the environment has %d connectors, and no more fit; delete one that is not needed", n)
	}
	return err
}

func checkConnector(v tepin.Connector, script string) error {
	if err := checkText(v.Description, v.Release, v.IconURL, string(v.Options), v.APIVersion, script); err != nil {
		return err
	}
	return checkNames(v.Name)
}

// Connectors returns a page of an environment's connectors.
func (s *Store) Connectors(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (tepin.Page[tepin.Connector], error) {
	page, err := listing[tepin.Connector]{kind: "connector", table: "connector", columns: connectorColumns, env: env,
		where: []condition{living}, scan: scanConnector}.page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

// Connector returns a connector, without its script.
func (s *Store) Connector(ctx context.Context, env tepin.EnvironmentID, id tepin.ConnectorID) (tepin.Connector, error) {
	v, err := connector(ctx, s.reader, env, id, "")
	return v, s.dialect.fail(err)
}

func connector(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.ConnectorID, lock string) (tepin.Connector, error) {
	return get(ctx, q, "connector", scanConnector,
		`SELECT `+connectorColumns+` FROM connector WHERE environment_id = $1 AND id = $2 AND deleted_at = 0`+lock, env, id)
}

// DefaultConnector returns the connector that is used where none of the type is named.
func (s *Store) DefaultConnector(ctx context.Context, env tepin.EnvironmentID, of tepin.ConnectorType) (tepin.Connector, error) {
	v, err := get(ctx, s.reader, "default connector", scanConnector,
		`SELECT `+connectorColumns+` FROM connector WHERE environment_id = $1 AND type = $2 AND is_default AND deleted_at = 0`, env, of)
	return v, s.dialect.fail(err)
}

// ConnectorScript returns the JavaScript of a connector; it is empty where that is built in.
func (s *Store) ConnectorScript(ctx context.Context, env tepin.EnvironmentID, id tepin.ConnectorID) (string, error) {
	script, err := get(ctx, s.reader, "connector", func(r row) (text string, err error) { return text, r.Scan(&text) },
		`SELECT script FROM connector WHERE environment_id = $1 AND id = $2 AND deleted_at = 0`, env, id)
	return script, s.dialect.fail(err)
}

// UpdateConnector changes a connector. One that becomes the default of its type takes that
// from the other; one that stops to be it leaves it to the built-in one.
func (s *Store) UpdateConnector(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ConnectorID, u tepin.ConnectorUpdate) (v tepin.Connector, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = connector(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != v.Version {
			return stale("connector", v.Version)
		}
		detail, before := map[string]any{}, v
		changeConnector(&v, u, detail)
		if err := checkChange(before, v, u); err != nil {
			return err
		}
		if v.Default != before.Default {
			if err := t.moveDefault(ctx, v); err != nil {
				return err
			}
		}
		v.UpdatedAt, v.Version = t.now, v.Version+1
		_, err := t.exec(ctx, `UPDATE connector SET name = $2, name_key = $3, description = $4, publisher_version = $5, type = $6, icon_url = $7, options = $8,
				api_version = $9, allowed_domains = $10, allowed_methods = $11, forwarded_headers = $12, enabled = $13, is_default = $14, updated_at = $15, version = $16 WHERE id = $1`,
			id, v.Name, nameKey(v.Name), v.Description, v.Release, v.Type, v.IconURL, string(v.Options), v.APIVersion, strings.Join(v.AllowedDomains, " "),
			strings.Join(v.AllowedMethods, " "), v.ForwardedHeaders, v.Enabled, v.Default, micros(t.now), v.Version)
		if err == nil && u.Script != nil {
			sum := sha256.Sum256([]byte(*u.Script))
			v.ScriptSize, v.ScriptSHA256 = int64(len(*u.Script)), hex.EncodeToString(sum[:])
			detail["sha256"] = v.ScriptSHA256
			_, err = t.exec(ctx, `UPDATE connector SET script = $2, script_size = $3, script_sha256 = $4 WHERE id = $1`, id, *u.Script, v.ScriptSize, v.ScriptSHA256)
		}
		if err != nil {
			return err
		}
		t.record(string(env), by, "connector.update", string(id), detail)
		return t.index(ctx, env, "connector", string(id), v.Name)
	})
	return v, err
}

func changeConnector(v *tepin.Connector, u tepin.ConnectorUpdate, detail map[string]any) {
	set(&v.Name, u.Name, detail, "name")
	set(&v.Description, u.Description, detail, "description")
	set(&v.Release, u.Release, detail, "version")
	set(&v.Type, u.Type, detail, "type")
	set(&v.IconURL, u.IconURL, detail, "iconUrl")
	set(&v.APIVersion, u.APIVersion, detail, "apiVersion")
	set(&v.AllowedDomains, u.AllowedDomains, detail, "allowedDomains")
	set(&v.AllowedMethods, u.AllowedMethods, detail, "allowedMethods")
	set(&v.ForwardedHeaders, u.ForwardedHeaders, detail, "forwardedHeaders")
	set(&v.Enabled, u.Enabled, detail, "enabled")
	set(&v.Default, u.Default, detail, "default")
	if u.Options != nil { // their values may be anything; the log says that they changed
		v.Options, detail["options"] = *u.Options, "changed"
	}
}

func checkChange(before, v tepin.Connector, u tepin.ConnectorUpdate) error {
	script := ""
	if u.Script != nil {
		script = *u.Script
	}
	switch {
	case before.Owner == tepin.BuiltInConnector && (u.Name != nil || u.Description != nil || u.Release != nil || u.Type != nil || u.IconURL != nil || u.Options != nil ||
		u.Script != nil || u.APIVersion != nil || u.AllowedDomains != nil || u.AllowedMethods != nil || u.ForwardedHeaders != nil):
		return tepin.Errorf(tepin.Conflict, "this connector is built in: it can be enabled, disabled and made the default, and nothing else of it changes")
	case v.Type != before.Type && before.Default:
		return tepin.Errorf(tepin.Conflict, "the connector is the default of its type; make another the default before its type changes")
	case before.Owner == tepin.BuiltInConnector && before.Default && !v.Default:
		return tepin.Errorf(tepin.Conflict, "one connector of each type is the default; make another the default, and this one is it no more")
	}
	return checkConnector(v, script)
}

// moveDefault takes the default of v's type from the connector that has it; where v gives
// it up, the built-in one gets it.
func (t *tx) moveDefault(ctx context.Context, v tepin.Connector) error {
	// One at a time: of two that become it at once, the later one must see the first.
	if _, err := environment(ctx, t, v.EnvironmentID, t.dialect.lockRow); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE connector SET is_default = FALSE, updated_at = $4, version = version + 1
		WHERE environment_id = $1 AND type = $2 AND is_default AND deleted_at = 0 AND (id <> $3 OR $5)`, v.EnvironmentID, v.Type, v.ID, micros(t.now), !v.Default)
	if err == nil && !v.Default {
		_, err = t.exec(ctx, `UPDATE connector SET is_default = TRUE, updated_at = $3, version = version + 1
			WHERE environment_id = $1 AND type = $2 AND owner = 'builtIn' AND deleted_at = 0`, v.EnvironmentID, v.Type, micros(t.now))
	}
	return err
}

// DeleteConnector removes a connector and returns what it was. For [tepin.RestoreTime] it
// can be restored, with its credentials, which stay sealed.
func (s *Store) DeleteConnector(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ConnectorID) (v tepin.Connector, err error) {
	err = s.write(ctx, func(t *tx) error {
		if v, err = connector(ctx, t, env, id, t.dialect.lockRow); err != nil {
			return err
		}
		if v.Owner == tepin.BuiltInConnector {
			return tepin.Errorf(tepin.Conflict, "this connector is built in and cannot be deleted; disable it instead")
		}
		if v.Default {
			gone := v
			gone.Default = false
			if err := t.moveDefault(ctx, gone); err != nil {
				return err
			}
		}
		t.record(string(env), by, "connector.delete", string(id), map[string]any{"name": v.Name})
		return t.remove(ctx, "connector", string(id))
	})
	return v, err
}

// RestoreConnector brings a deleted connector back, for [tepin.RestoreTime].
func (s *Store) RestoreConnector(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ConnectorID) (v tepin.Connector, err error) {
	err = s.write(ctx, func(t *tx) error {
		if err := t.roomForConnector(ctx, env); err != nil {
			return err
		}
		if err := t.restore(ctx, by, env, "connector", string(id), ""); err != nil {
			return err
		}
		v, err = connector(ctx, t, env, id, "")
		return err
	})
	return v, err
}
