package store

import (
	"context"

	"github.com/tepin/tepin"
)

const settingsColumns = `id, environment_id, name, description, format, is_default, watermark, watermark_text, scaling, quality, bleed, created_at, version`

func scanSettings(r row) (o tepin.OutputSettings, err error) {
	err = r.Scan(&o.ID, &o.EnvironmentID, &o.Name, &o.Description, &o.Format, &o.Default, &o.Watermark, &o.WatermarkText,
		&o.Scaling, &o.Quality, &o.Bleed, at(&o.CreatedAt), &o.Version)
	return o, err
}

// defaultSettings are those that an environment begins with, one for each format.
func defaultSettings(e tepin.Environment) []tepin.OutputSettings {
	var list []tepin.OutputSettings
	for _, f := range []tepin.Format{tepin.PNG, tepin.JPG, tepin.PDF} {
		o := tepin.OutputSettings{EnvironmentID: e.ID, Format: f, Default: true, Scaling: 1, Version: 1, CreatedAt: e.CreatedAt}
		switch f {
		case tepin.PNG:
			o.Name = "Default PNG"
		case tepin.JPG:
			o.Name, o.Quality = "Default JPG", 90
		case tepin.PDF:
			o.Name = "Default PDF"
		}
		fill(&o.ID)
		list = append(list, o)
	}
	return list
}

func (t *tx) insertSettings(ctx context.Context, o tepin.OutputSettings) error {
	_, err := t.exec(ctx, `INSERT INTO output_settings (`+settingsColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		o.ID, o.EnvironmentID, o.Name, o.Description, o.Format, o.Default, o.Watermark, o.WatermarkText, o.Scaling, o.Quality, o.Bleed, micros(o.CreatedAt), o.Version)
	return err
}

// OutputSettings returns all settings of an environment, by format.
func (s *Store) OutputSettings(ctx context.Context, env tepin.EnvironmentID) ([]tepin.OutputSettings, error) {
	list, err := all(ctx, s.reader, scanSettings, `SELECT `+settingsColumns+` FROM output_settings WHERE environment_id = $1 ORDER BY format, id`, env)
	return list, s.dialect.fail(err)
}

// OutputSettingsByID returns the settings of that id.
func (s *Store) OutputSettingsByID(ctx context.Context, env tepin.EnvironmentID, id tepin.OutputSettingsID) (tepin.OutputSettings, error) {
	o, err := get(ctx, s.reader, "output settings", scanSettings,
		`SELECT `+settingsColumns+` FROM output_settings WHERE environment_id = $1 AND id = $2`, env, id)
	return o, s.dialect.fail(err)
}

// DefaultOutputSettings returns the settings for a format where a request names none.
func (s *Store) DefaultOutputSettings(ctx context.Context, env tepin.EnvironmentID, f tepin.Format) (tepin.OutputSettings, error) {
	o, err := get(ctx, s.reader, "output settings", scanSettings,
		`SELECT `+settingsColumns+` FROM output_settings WHERE environment_id = $1 AND format = $2 AND is_default`, env, f)
	return o, s.dialect.fail(err)
}
