package store

import (
	"context"

	"github.com/tepin/tepin"
)

// EnvironmentSettings returns what was chosen for the work in an environment.
func (s *Store) EnvironmentSettings(ctx context.Context, env tepin.EnvironmentID) (tepin.EnvironmentSettings, error) {
	v, err := environmentSettings(ctx, s.reader, env, "")
	return v, s.dialect.fail(err)
}

func environmentSettings(ctx context.Context, q queryer, env tepin.EnvironmentID, lock string) (tepin.EnvironmentSettings, error) {
	v, err := get(ctx, q, "settings", func(r row) (v tepin.EnvironmentSettings, err error) {
		return v, r.Scan(&v.EnvironmentID, &v.SDKVersion, &v.BrandKitSync, &v.Version)
	}, `SELECT environment_id, sdk_version, brand_kit_sync, version FROM environment_settings WHERE environment_id = $1`+lock, env)
	if tepin.KindOf(err) == tepin.NotFound {
		return tepin.EnvironmentSettings{EnvironmentID: env, SDKVersion: "latest", Version: 1}, nil // nobody has chosen yet
	}
	return v, err
}

// UpdateEnvironmentSettings changes the settings of an environment.
func (s *Store) UpdateEnvironmentSettings(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, u tepin.EnvironmentSettingsUpdate) (v tepin.EnvironmentSettings, err error) {
	err = s.write(ctx, func(t *tx) error {
		if _, err := environment(ctx, t, env, t.dialect.lockRow); err != nil {
			return err
		}
		if v, err = environmentSettings(ctx, t, env, ""); err != nil {
			return err
		}
		if u.IfVersion != nil && *u.IfVersion != v.Version {
			return stale("settings", v.Version)
		}
		detail := map[string]any{}
		set(&v.SDKVersion, u.SDKVersion, detail, "sdkVersion")
		set(&v.BrandKitSync, u.BrandKitSync, detail, "brandKitSync")
		if err := checkText(v.SDKVersion); err != nil {
			return err
		}
		v.Version++
		_, err := t.exec(ctx, `INSERT INTO environment_settings (environment_id, sdk_version, brand_kit_sync, version) VALUES ($1, $2, $3, $4)
			ON CONFLICT (environment_id) DO UPDATE SET sdk_version = excluded.sdk_version, brand_kit_sync = excluded.brand_kit_sync, version = excluded.version`,
			env, v.SDKVersion, v.BrandKitSync, v.Version)
		t.record(string(env), by, "settings.update", string(env), detail)
		return err
	})
	return v, err
}
