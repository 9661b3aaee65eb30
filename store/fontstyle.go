package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tepin/tepin"
)

// styles is what font styles are read from: each knows its family's name.
const (
	styleColumns = `s.id, s.environment_id, s.family_id, f.name, s.name, s.weight, s.italic, s.extension, s.file_name, s.embedding,
	s.blob_key, s.blob_size, s.blob_sha256, s.created_at, s.updated_at, s.version`
	styles = `font_style s JOIN font_family f ON f.id = s.family_id`
)

func scanStyle(r row) (v tepin.FontStyle, err error) {
	err = r.Scan(&v.ID, &v.EnvironmentID, &v.FamilyID, &v.FamilyName, &v.Name, &v.Weight, &v.Italic, &v.Extension, &v.FileName, &v.Embedding,
		&v.Blob.Key, &v.Blob.Size, &v.Blob.SHA256, at(&v.CreatedAt), at(&v.UpdatedAt), &v.Version)
	return v, err
}

// styleListing gives the join the shape that a listing wants: the family stands where
// others have their folder.
func styleListing(env tepin.EnvironmentID, where ...condition) listing[tepin.FontStyle] {
	columns := strings.ReplaceAll(styleColumns, "f.name", "family_name")
	return listing[tepin.FontStyle]{
		kind:    "font_style",
		table:   `(SELECT ` + strings.Replace(styleColumns, "f.name", "f.name AS family_name", 1) + `, s.name_key, s.deleted_at, f.name_key AS folder_key FROM ` + styles + `)`,
		columns: strings.ReplaceAll(strings.ReplaceAll(columns, "s.", ""), ",\n\t", ", "),
		env:     env, folders: true, where: append(where, living), scan: scanStyle,
	}
}

// AllFonts returns a page of all styles of all families, by family and style.
func (s *Store) AllFonts(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (tepin.Page[tepin.FontStyle], error) {
	if p.SortBy != tepin.SortID {
		p.SortBy = tepin.SortRelativePath
	}
	page, err := styleListing(env).page(ctx, s.reader, p)
	return page, s.dialect.fail(err)
}

// FontStyles returns a page of a family's styles: by weight, the upright before the
// italic, where nothing else is asked for.
func (s *Store) FontStyles(ctx context.Context, env tepin.EnvironmentID, familyID tepin.FontFamilyID, p tepin.List) (page tepin.Page[tepin.FontStyle], err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		if _, err := family(ctx, q, env, familyID, ""); err != nil {
			return err
		}
		if p.SortBy != "" || p.Search != "" {
			page, err = styleListing(env, condition{column: "family_id", value: familyID}).page(ctx, q, p)
			return err
		}
		list, err := all(ctx, q, scanStyle, `SELECT `+styleColumns+` FROM `+styles+` WHERE s.environment_id = $1 AND s.family_id = $2 AND s.deleted_at = 0`, env, familyID)
		page = byWeight(list, p)
		return err
	})
	return page, err
}

// byWeight cuts a page out of the styles of a family, of which there are at most
// [tepin.MaxFamilyStyles].
func byWeight(list []tepin.FontStyle, p tepin.List) (page tepin.Page[tepin.FontStyle]) {
	key := func(v tepin.FontStyle) []byte {
		slope := byte(0)
		if v.Italic {
			slope = 1
		}
		return append([]byte{byte(v.Weight >> 8), byte(v.Weight), slope}, nameKey(v.Name)...)
	}
	slices.SortFunc(list, func(a, b tepin.FontStyle) int {
		c := cmp.Or(bytes.Compare(key(a), key(b)), cmp.Compare(a.ID, b.ID))
		if p.Desc {
			return -c
		}
		return c
	})
	total := int64(len(list))
	if p.After == nil {
		page.Total = &total
	} else {
		list = slices.DeleteFunc(list, func(v tepin.FontStyle) bool {
			c := cmp.Or(bytes.Compare(key(v), p.After.NameKey), cmp.Compare(string(v.ID), p.After.ID))
			return c == 0 || (c < 0) != p.Desc
		})
	}
	if p.Limit <= 0 {
		p.Limit = tepin.DefaultLimit
	}
	page.Items = append([]tepin.FontStyle{}, list[:min(len(list), p.Limit)]...)
	if len(list) > p.Limit {
		last := page.Items[p.Limit-1]
		page.Next = &tepin.Cursor{NameKey: key(last), ID: string(last.ID)}
	}
	return page
}

// AllFontStyles returns every font file of an environment, by family and style.
func (s *Store) AllFontStyles(ctx context.Context, env tepin.EnvironmentID) ([]tepin.FontStyle, error) {
	list, err := all(ctx, s.reader, scanStyle, `SELECT `+styleColumns+` FROM `+styles+` WHERE s.environment_id = $1 AND s.deleted_at = 0 ORDER BY f.name_key, s.name_key`, env)
	return list, s.dialect.fail(err)
}

// FontStyle returns one font file.
func (s *Store) FontStyle(ctx context.Context, env tepin.EnvironmentID, id tepin.FontStyleID) (tepin.FontStyle, error) {
	v, err := style(ctx, s.reader, env, id)
	return v, s.dialect.fail(err)
}

func style(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.FontStyleID) (tepin.FontStyle, error) {
	return get(ctx, q, "font style", scanStyle, `SELECT `+styleColumns+` FROM `+styles+` WHERE s.environment_id = $1 AND s.id = $2 AND s.deleted_at = 0`, env, id)
}

// FontStyleByName returns the font file of a family and style, whatever their case.
func (s *Store) FontStyleByName(ctx context.Context, env tepin.EnvironmentID, family, name string) (tepin.FontStyle, error) {
	v, err := get(ctx, s.reader, "font style", scanStyle, `SELECT `+styleColumns+` FROM `+styles+`
		WHERE s.environment_id = $1 AND f.name_key = $2 AND s.name_key = $3 AND s.deleted_at = 0`, env, nameKey(family), nameKey(name))
	return v, s.dialect.fail(err)
}

// styleTaken says of a unique index's refusal that the family has such a style.
func (t *tx) styleTaken(err error, v tepin.FontStyle) error {
	return t.dialect.unique(err, "the style %s %s exists already", v.FamilyName, v.Name)
}

// familyHasRoom refuses a style too many.
func (t *tx) familyHasRoom(ctx context.Context, id tepin.FontFamilyID) error {
	var n int
	if err := t.QueryRowContext(ctx, `SELECT count(*) FROM font_style WHERE family_id = $1 AND deleted_at = 0`, id).Scan(&n); err != nil {
		return err
	}
	if n >= tepin.MaxFamilyStyles {
		return tepin.Errorf(tepin.Conflict, "the family has %d styles, and can have no more; delete some first", n)
	}
	return nil
}
