package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tepin/tepin"
)

const settingsColumns = `id, environment_id, name, description, format, is_default, watermark, watermark_text, scaling, quality, bleed, options, created_at, version`

// MaxOutputSettings is how many output settings an environment may have.
const MaxOutputSettings = 200

func scanSettings(r row) (o tepin.OutputSettings, err error) {
	err = r.Scan(&o.ID, &o.EnvironmentID, &o.Name, &o.Description, &o.Format, &o.Default, &o.Watermark, &o.WatermarkText,
		&o.Scaling, &o.Quality, &o.Bleed, parsedColumn[tepin.OutputOptions]{&o.OutputOptions, parseOptions}, at(&o.CreatedAt), &o.Version)
	return o, err
}

func parseOptions(text string) (o tepin.OutputOptions, err error) {
	return o, json.Unmarshal([]byte(text), &o)
}

func optionsText(o tepin.OutputOptions) string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // finite numbers: the caller has checked them
	}
	return string(b)
}

// defaultSettings are those that an environment begins with, one for each format.
func defaultSettings(e tepin.Environment) []tepin.OutputSettings {
	var list []tepin.OutputSettings
	for _, f := range tepin.Formats {
		o := tepin.NewOutputSettings(f)
		o.EnvironmentID, o.Name, o.Default, o.Version, o.CreatedAt = e.ID, "Default "+strings.ToUpper(string(f)), true, 1, e.CreatedAt
		fill(&o.ID)
		list = append(list, o)
	}
	return list
}

func (t *tx) insertSettings(ctx context.Context, o tepin.OutputSettings) error {
	_, err := t.exec(ctx, `INSERT INTO output_settings (`+settingsColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		o.ID, o.EnvironmentID, o.Name, o.Description, o.Format, o.Default, o.Watermark, o.WatermarkText, o.Scaling, o.Quality, o.Bleed, optionsText(o.OutputOptions), micros(o.CreatedAt), o.Version)
	return err
}

// OutputSettings returns all settings of an environment, by format.
func (s *Store) OutputSettings(ctx context.Context, env tepin.EnvironmentID) ([]tepin.OutputSettings, error) {
	list, err := all(ctx, s.reader, scanSettings, `SELECT `+settingsColumns+` FROM output_settings WHERE environment_id = $1 ORDER BY format, id`, env)
	return list, s.dialect.fail(err)
}

// OutputSettingsByID returns the settings of that id.
func (s *Store) OutputSettingsByID(ctx context.Context, env tepin.EnvironmentID, id tepin.OutputSettingsID) (tepin.OutputSettings, error) {
	o, err := settings(ctx, s.reader, env, id, "")
	return o, s.dialect.fail(err)
}

func settings(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.OutputSettingsID, lock string) (tepin.OutputSettings, error) {
	return get(ctx, q, "output settings", scanSettings,
		`SELECT `+settingsColumns+` FROM output_settings WHERE environment_id = $1 AND id = $2`+lock, env, id)
}

// DefaultOutputSettings returns the settings for a format where a request names none.
func (s *Store) DefaultOutputSettings(ctx context.Context, env tepin.EnvironmentID, f tepin.Format) (tepin.OutputSettings, error) {
	o, err := get(ctx, s.reader, "output settings", scanSettings,
		`SELECT `+settingsColumns+` FROM output_settings WHERE environment_id = $1 AND format = $2 AND is_default`, env, f)
	return o, s.dialect.fail(err)
}

// CreateOutputSettings adds settings. If they are to be their format's default, those
// that were it are it no longer.
func (s *Store) CreateOutputSettings(ctx context.Context, by tepin.Actor, o tepin.OutputSettings) (tepin.OutputSettings, error) {
	if err := checkNames(o.Name, o.Description, o.WatermarkText); err != nil {
		return tepin.OutputSettings{}, err
	}
	fill(&o.ID)
	o.Version = 1
	err := s.write(ctx, func(t *tx) error {
		o.CreatedAt = t.now
		if err := t.lockSettings(ctx, o.EnvironmentID); err != nil {
			return err
		}
		var n int
		if err := t.QueryRowContext(ctx, `SELECT COUNT(*) FROM output_settings WHERE environment_id = $1`, o.EnvironmentID).Scan(&n); err != nil {
			return err
		}
		if n >= MaxOutputSettings {
			return tepin.Errorf(tepin.Conflict, "the environment has %d output settings, which is the most; delete some that are not used", n)
		}
		if o.Default {
			if err := t.undefault(ctx, o.EnvironmentID, o.Format, o.ID); err != nil {
				return err
			}
		}
		t.record(string(o.EnvironmentID), by, "outputsettings.create", string(o.ID), map[string]any{"name": o.Name, "format": string(o.Format), "default": o.Default})
		return t.insertSettings(ctx, o)
	})
	return o, err
}

// lockSettings keeps other writers from an environment's settings until the end of the
// transaction: what is the default, and how many there are, is read and changed in one.
func (t *tx) lockSettings(ctx context.Context, env tepin.EnvironmentID) error {
	_, err := get(ctx, t, "environment", func(r row) (id string, err error) { return id, r.Scan(&id) },
		`SELECT id FROM environment WHERE id = $1`+t.dialect.lockRow, env)
	return err
}

// undefault takes the default away from the settings that have it, except the given ones.
func (t *tx) undefault(ctx context.Context, env tepin.EnvironmentID, f tepin.Format, except tepin.OutputSettingsID) error {
	_, err := t.exec(ctx, `UPDATE output_settings SET is_default = FALSE, version = version + 1 WHERE environment_id = $1 AND format = $2 AND is_default AND id <> $3`, env, f, except)
	return err
}

// UpdateOutputSettings replaces settings; their format stays. The default can be given to
// others, and not be given up.
func (s *Store) UpdateOutputSettings(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.OutputSettingsID, u tepin.OutputSettingsUpdate) (o tepin.OutputSettings, err error) {
	if err := checkNames(u.Name, u.Description, u.WatermarkText); err != nil {
		return tepin.OutputSettings{}, err
	}
	err = s.write(ctx, func(t *tx) error {
		if err := t.lockSettings(ctx, env); err != nil {
			return err
		}
		before, err := settings(ctx, t, env, id, "")
		if err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != before.Version {
			return stale("output settings", before.Version)
		}
		if before.Default && !u.Default {
			return tepin.Errorf(tepin.Conflict, "these are the default settings for %s; make others the default instead", before.Format)
		}
		o = u.OutputSettings
		o.ID, o.EnvironmentID, o.Format, o.CreatedAt, o.Version = id, env, before.Format, before.CreatedAt, before.Version+1
		if o.Default {
			if err := t.undefault(ctx, env, o.Format, id); err != nil {
				return err
			}
		}
		_, err = t.exec(ctx, `UPDATE output_settings SET name = $2, description = $3, is_default = $4, watermark = $5, watermark_text = $6, scaling = $7,
			quality = $8, bleed = $9, options = $10, version = $11 WHERE id = $1`,
			id, o.Name, o.Description, o.Default, o.Watermark, o.WatermarkText, o.Scaling, o.Quality, o.Bleed, optionsText(o.OutputOptions), o.Version)
		t.record(string(env), by, "outputsettings.update", string(id), map[string]any{"name": o.Name, "format": string(o.Format), "default": o.Default})
		return err
	})
	return o, err
}

// DeleteOutputSettings removes settings, all or none. A format's default ones stay: there
// is to be one of each at any time. With ifVersion it removes only that version of them.
func (s *Store) DeleteOutputSettings(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, ids []tepin.OutputSettingsID, ifVersion *int64) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	return s.write(ctx, func(t *tx) error {
		if err := t.lockSettings(ctx, env); err != nil {
			return err
		}
		t.quiet = len(ids) == 0
		for _, id := range ids {
			o, err := settings(ctx, t, env, id, "")
			switch {
			case err != nil:
				return err
			case ifVersion != nil && *ifVersion != o.Version:
				return stale("output settings", o.Version)
			case o.Default:
				return tepin.Errorf(tepin.Conflict, "%s are the default settings for %s; make others the default before you delete them", fmt.Sprintf("%.80q", o.Name), o.Format)
			}
			if _, err := t.exec(ctx, `DELETE FROM output_settings WHERE id = $1`, id); err != nil {
				return err
			}
			t.record(string(env), by, "outputsettings.delete", string(id), map[string]any{"name": o.Name, "format": string(o.Format)})
		}
		return nil
	})
}
