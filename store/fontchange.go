package store

import (
	"context"
	"slices"
	"time"

	"github.com/tepin/tepin"
)

// RenameFontFamily gives a family another name. Conflict: another has it, in any case.
func (s *Store) RenameFontFamily(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.FontFamilyID, name string, ifVersion *int64) (tepin.FontFamily, error) {
	if err := checkNames(name); err != nil {
		return tepin.FontFamily{}, err
	}
	err := s.write(ctx, func(t *tx) error {
		v, err := family(ctx, t, env, id, t.dialect.lockRow)
		if err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != v.Version {
			return stale("font family", v.Version)
		}
		_, err = t.exec(ctx, `UPDATE font_family SET name = $2, name_key = $3, updated_at = $4, version = version + 1 WHERE id = $1`, id, name, nameKey(name), micros(t.now))
		if err != nil {
			return t.dialect.unique(err, "the environment has a font family of that name; move its styles or choose another name")
		}
		if _, err := t.exec(ctx, `UPDATE font_style SET updated_at = $2, version = version + 1 WHERE family_id = $1 AND deleted_at = 0`, id, micros(t.now)); err != nil {
			return err
		}
		t.record(string(env), by, "font_family.rename", string(id), map[string]any{"name": name})
		return t.index(ctx, env, "font_family", string(id), name)
	})
	if err != nil {
		return tepin.FontFamily{}, err
	}
	return s.FontFamily(ctx, env, id)
}

// RenameFontStyle gives a style another name. Conflict: its family has one of that name,
// in any case.
func (s *Store) RenameFontStyle(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.FontStyleID, name string, ifVersion *int64) (v tepin.FontStyle, err error) {
	if err := checkNames(name); err != nil {
		return v, err
	}
	err = s.write(ctx, func(t *tx) error {
		if v, err = t.styleOfFamily(ctx, env, id); err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != v.Version {
			return stale("font style", v.Version)
		}
		v.Name = name
		_, err := t.exec(ctx, `UPDATE font_style SET name = $2, name_key = $3, updated_at = $4, version = version + 1 WHERE id = $1`, id, name, nameKey(name), micros(t.now))
		if err != nil {
			return t.styleTaken(err, v)
		}
		if err := t.touchFamily(ctx, v.FamilyID); err != nil {
			return err
		}
		t.record(string(env), by, "font.rename", string(id), map[string]any{"family": v.FamilyName, "style": name})
		if err := t.index(ctx, env, "font_style", string(id), name); err != nil {
			return err
		}
		v, err = style(ctx, t, env, id)
		return err
	})
	return v, err
}

// styleOfFamily reads a style and locks its family, under which all changes of styles are
// made one after the other.
func (t *tx) styleOfFamily(ctx context.Context, env tepin.EnvironmentID, id tepin.FontStyleID) (tepin.FontStyle, error) {
	v, err := style(ctx, t, env, id)
	if err != nil {
		return v, err
	}
	if _, err := family(ctx, t, env, v.FamilyID, t.dialect.lockRow); tepin.KindOf(err) == tepin.NotFound {
		return v, notFound("font style") // it went with its family
	} else if err != nil {
		return v, err
	}
	return style(ctx, t, env, id) // as it is now
}

func (t *tx) touchFamily(ctx context.Context, id tepin.FontFamilyID) error {
	_, err := t.exec(ctx, `UPDATE font_family SET updated_at = $2, version = version + 1 WHERE id = $1`, id, micros(t.now))
	return err
}

// DeleteFontStyles removes font files, and families that have none left. If one of
// them is not there, none is removed. For [tepin.RestoreTime] they can be restored.
func (s *Store) DeleteFontStyles(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, ids []tepin.FontStyleID) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids))) // in one order, so that two calls cannot block each other
	return s.write(ctx, func(t *tx) error {
		t.quiet = len(ids) == 0
		for _, id := range ids {
			v, err := t.styleOfFamily(ctx, env, id)
			if err != nil {
				return err
			}
			if err := t.deleteStyle(ctx, by, v); err != nil {
				return err
			}
			if err := t.dropEmptyFamily(ctx, v.FamilyID); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) deleteStyle(ctx context.Context, by tepin.Actor, v tepin.FontStyle) error {
	t.record(string(v.EnvironmentID), by, "font.delete", string(v.ID), map[string]any{"family": v.FamilyName, "style": v.Name})
	return t.remove(ctx, "font_style", string(v.ID))
}

// dropEmptyFamily removes a family that has no style left; it is locked.
func (t *tx) dropEmptyFamily(ctx context.Context, id tepin.FontFamilyID) error {
	var n int
	if err := t.QueryRowContext(ctx, `SELECT count(*) FROM font_style WHERE family_id = $1 AND deleted_at = 0`, id).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return t.touchFamily(ctx, id)
	}
	return t.remove(ctx, "font_family", string(id))
}

// DeleteFontFamilies removes families with all their styles. If one of them is not there,
// none is removed. For [tepin.RestoreTime] they can be restored.
func (s *Store) DeleteFontFamilies(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, ids []tepin.FontFamilyID) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	return s.write(ctx, func(t *tx) error {
		t.quiet = len(ids) == 0
		for _, id := range ids {
			if _, err := family(ctx, t, env, id, t.dialect.lockRow); err != nil {
				return err
			}
			list, err := all(ctx, t, scanStyle, `SELECT `+styleColumns+` FROM `+styles+` WHERE s.family_id = $1 AND s.deleted_at = 0 ORDER BY s.id`, id)
			if err != nil {
				return err
			}
			for _, v := range list {
				if err := t.deleteStyle(ctx, by, v); err != nil {
					return err
				}
			}
			if err := t.remove(ctx, "font_family", string(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// RestoreFontStyle brings a deleted font file back, for [tepin.RestoreTime], with its
// family, or into the one that has its family's name by now. Conflict: there is such a
// style by now.
func (s *Store) RestoreFontStyle(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.FontStyleID) (v tepin.FontStyle, err error) {
	err = s.write(ctx, func(t *tx) error {
		if err := t.restoreStyle(ctx, by, env, id); err != nil {
			return err
		}
		v, err = style(ctx, t, env, id)
		return err
	})
	return v, err
}

func (t *tx) restoreStyle(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.FontStyleID) error {
	v, err := get(ctx, t, "deleted font style", scanStyle, `SELECT `+styleColumns+` FROM `+styles+` WHERE s.environment_id = $1 AND s.id = $2 AND s.deleted_at > 0`, env, id)
	if err != nil {
		return err
	}
	const put = `INSERT INTO font_family (` + familyColumns + `, name_key) VALUES ($1, $2, $3, $4, $4, 1, $5)
		ON CONFLICT (environment_id, name_key) WHERE deleted_at = 0 DO UPDATE SET updated_at = excluded.updated_at, version = font_family.version + 1 RETURNING id`
	home := v.FamilyID
	n, err := t.exec(ctx, `UPDATE font_family SET deleted_at = 0, updated_at = $2, version = version + 1 WHERE id = $1 AND deleted_at > 0
		AND NOT EXISTS (SELECT 1 FROM font_family x WHERE x.environment_id = $3 AND x.name_key = $4 AND x.deleted_at = 0)`, home, micros(t.now), env, nameKey(v.FamilyName))
	if err != nil {
		return t.dialect.unique(err, "the font family %s has just been made by another; try again", v.FamilyName)
	}
	if n == 0 { // it lives, or another has its name
		if err := t.QueryRowContext(ctx, put, tepin.NewID[tepin.FontFamilyID](), env, v.FamilyName, micros(t.now), nameKey(v.FamilyName)).Scan(&home); err != nil {
			return err
		}
	}
	if err := t.familyHasRoom(ctx, home); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `UPDATE font_style SET family_id = $2 WHERE id = $1`, id, home); err != nil {
		return err
	}
	if err := t.index(ctx, env, "font_family", string(home), v.FamilyName); err != nil {
		return err
	}
	return t.styleTaken(t.restore(ctx, by, env, "font_style", string(id), ""), v)
}

// RestoreFontFamily brings a deleted family back, for [tepin.RestoreTime], with the
// styles that went last.
func (s *Store) RestoreFontFamily(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.FontFamilyID) (tepin.FontFamily, error) {
	home := id
	err := s.write(ctx, func(t *tx) error {
		ids, err := all(ctx, t, func(r row) (id tepin.FontStyleID, err error) { return id, r.Scan(&id) },
			`SELECT s.id FROM `+styles+` WHERE f.environment_id = $1 AND f.id = $2 AND f.deleted_at > 0 AND s.deleted_at = f.deleted_at ORDER BY s.id`, env, id)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return notFound("deleted font family")
		}
		for _, id := range ids {
			if err := t.restoreStyle(ctx, by, env, id); err != nil {
				return err
			}
		}
		v, err := style(ctx, t, env, ids[0])
		home = v.FamilyID
		return err
	})
	if err != nil {
		return tepin.FontFamily{}, err
	}
	return s.FontFamily(ctx, env, home)
}

// purgeFamilies removes families that were deleted before the given time and of which no
// style can be restored any more.
func (s *Store) purgeFamilies(ctx context.Context, before time.Time) error {
	return s.write(ctx, func(t *tx) error {
		t.quiet = true
		_, err := t.exec(ctx, `DELETE FROM font_family WHERE deleted_at > 0 AND deleted_at < $1 AND NOT EXISTS (SELECT 1 FROM font_style s WHERE s.family_id = font_family.id)`, micros(before))
		return err
	})
}
