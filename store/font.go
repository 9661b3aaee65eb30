package store

import (
	"context"
	"strings"

	"github.com/tepin/tepin"
)

const familyColumns = `id, environment_id, name, created_at, updated_at`

func scanFamily(r row) (f tepin.FontFamily, err error) {
	return f, r.Scan(&f.ID, &f.EnvironmentID, &f.Name, at(&f.CreatedAt), at(&f.UpdatedAt))
}

// FontFamilies returns a page of an environment's font families.
func (s *Store) FontFamilies(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (page tepin.Page[tepin.FontFamily], err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		page, err = listing[tepin.FontFamily]{kind: "font_family", table: "font_family", columns: familyColumns, env: env, scan: scanFamily}.page(ctx, q, p)
		if err != nil {
			return err
		}
		return countStyles(ctx, q, env, page.Items)
	})
	return page, err
}

// FontFamily returns a font family.
func (s *Store) FontFamily(ctx context.Context, env tepin.EnvironmentID, id tepin.FontFamilyID) (f tepin.FontFamily, err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		if f, err = family(ctx, q, env, id); err != nil {
			return err
		}
		one := []tepin.FontFamily{f}
		err := countStyles(ctx, q, env, one)
		f = one[0]
		return err
	})
	return f, err
}

func family(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.FontFamilyID) (tepin.FontFamily, error) {
	return get(ctx, q, "font family", scanFamily, `SELECT `+familyColumns+` FROM font_family WHERE environment_id = $1 AND id = $2`, env, id)
}

// countStyles fills in what families have from their styles.
func countStyles(ctx context.Context, q queryer, env tepin.EnvironmentID, list []tepin.FontFamily) error {
	if len(list) == 0 {
		return nil
	}
	st := &statement{}
	where := `environment_id = ` + st.arg(env)
	index := map[tepin.FontFamilyID]*tepin.FontFamily{}
	var ids []string
	for i := range list {
		list[i].Extensions = []string{}
		index[list[i].ID] = &list[i]
		ids = append(ids, st.arg(list[i].ID))
	}
	type count struct {
		family    tepin.FontFamilyID
		extension string
		n         int
	}
	counts, err := all(ctx, q, func(r row) (c count, err error) { return c, r.Scan(&c.family, &c.extension, &c.n) },
		`SELECT family_id, extension, count(*) FROM font_style WHERE `+where+` AND family_id IN (`+strings.Join(ids, `, `)+`)
		GROUP BY family_id, extension ORDER BY extension`, st.args...)
	for _, c := range counts {
		f := index[c.family]
		f.StyleCount += c.n
		f.Extensions = append(f.Extensions, c.extension)
	}
	return err
}

// styles is what font styles are read from: each knows its family's name.
const (
	styleColumns = `s.id, s.environment_id, s.family_id, f.name, s.name, s.weight, s.italic, s.extension, s.file_name, s.blob_key, s.blob_size, s.blob_sha256, s.created_at`
	styles       = `font_style s JOIN font_family f ON f.id = s.family_id`
)

func scanStyle(r row) (v tepin.FontStyle, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.FamilyID, &v.FamilyName, &v.Name, &v.Weight, &v.Italic, &v.Extension, &v.FileName,
		&v.Blob.Key, &v.Blob.Size, &v.Blob.SHA256, at(&v.CreatedAt))
	return v, err
}

// listedStyles gives the join the shape that a listing wants.
const listedStyles = `(SELECT s.id, s.environment_id, s.family_id, f.name AS family_name, s.name, s.weight, s.italic, s.extension, s.file_name,
	s.blob_key, s.blob_size, s.blob_sha256, s.created_at, s.name_key FROM ` + styles + `)`

// FontStyles returns a page of a family's styles.
func (s *Store) FontStyles(ctx context.Context, env tepin.EnvironmentID, familyID tepin.FontFamilyID, p tepin.List) (page tepin.Page[tepin.FontStyle], err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		if _, err := family(ctx, q, env, familyID); err != nil {
			return err
		}
		page, err = listing[tepin.FontStyle]{kind: "font_style", table: listedStyles, env: env, where: []condition{{column: "family_id", value: familyID}},
			columns: strings.ReplaceAll(strings.ReplaceAll(styleColumns, "f.name", "family_name"), "s.", ""), scan: scanStyle}.page(ctx, q, p)
		return err
	})
	return page, err
}

// AllFontStyles returns every font file of an environment, by family and style.
func (s *Store) AllFontStyles(ctx context.Context, env tepin.EnvironmentID) ([]tepin.FontStyle, error) {
	list, err := all(ctx, s.reader, scanStyle, `SELECT `+styleColumns+` FROM `+styles+` WHERE s.environment_id = $1 ORDER BY f.name_key, s.name_key`, env)
	return list, s.dialect.fail(err)
}

// FontStyle returns one font file.
func (s *Store) FontStyle(ctx context.Context, env tepin.EnvironmentID, id tepin.FontStyleID) (tepin.FontStyle, error) {
	v, err := style(ctx, s.reader, env, id)
	return v, s.dialect.fail(err)
}

func style(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.FontStyleID) (tepin.FontStyle, error) {
	return get(ctx, q, "font style", scanStyle, `SELECT `+styleColumns+` FROM `+styles+` WHERE s.environment_id = $1 AND s.id = $2`, env, id)
}

// FontStyleByName returns the font file of a family and style, whatever their case.
func (s *Store) FontStyleByName(ctx context.Context, env tepin.EnvironmentID, family, name string) (tepin.FontStyle, error) {
	v, err := get(ctx, s.reader, "font style", scanStyle, `SELECT `+styleColumns+` FROM `+styles+` WHERE s.environment_id = $1 AND f.name_key = $2 AND s.name_key = $3`,
		env, nameKey(family), nameKey(name))
	return v, s.dialect.fail(err)
}

// DeleteFontStyles removes font files, and families that have none left. If one of
// them is not there, none is removed.
func (s *Store) DeleteFontStyles(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, ids []tepin.FontStyleID) error {
	return s.write(ctx, func(t *tx) error {
		t.quiet = len(ids) == 0
		for _, id := range ids {
			v, err := style(ctx, t, env, id)
			if err != nil {
				return err
			}
			if n, err := t.exec(ctx, `DELETE FROM font_style WHERE id = $1`, id); err != nil {
				return err
			} else if n == 0 { // another was faster
				return notFound("font style")
			}
			if err := t.unindex(ctx, string(id)); err != nil {
				return err
			}
			if err := t.dropBlob(ctx, v.Blob.Key); err != nil {
				return err
			}
			if err := t.dropEmptyFamily(ctx, v.FamilyID); err != nil {
				return err
			}
			t.record(string(env), by, "font.delete", string(id), map[string]any{"family": v.FamilyName, "style": v.Name})
		}
		return nil
	})
}

func (t *tx) dropEmptyFamily(ctx context.Context, id tepin.FontFamilyID) error {
	// The lock keeps a style from being added to the family that goes.
	if _, err := all(ctx, t, scanFamily, `SELECT `+familyColumns+` FROM font_family WHERE id = $1`+t.dialect.lockRow, id); err != nil {
		return err
	}
	n, err := t.exec(ctx, `DELETE FROM font_family WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM font_style WHERE family_id = $1)`, id)
	if err != nil || n == 0 {
		return err
	}
	return t.unindex(ctx, string(id))
}
