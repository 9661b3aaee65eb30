package store

import (
	"context"
	"strings"

	"github.com/tepin/tepin"
)

const familyColumns = `id, environment_id, name, created_at, updated_at, version`

func scanFamily(r row) (f tepin.FontFamily, err error) {
	return f, r.Scan(&f.ID, &f.EnvironmentID, &f.Name, at(&f.CreatedAt), at(&f.UpdatedAt), &f.Version)
}

// FontFamilies returns a page of an environment's font families.
func (s *Store) FontFamilies(ctx context.Context, env tepin.EnvironmentID, p tepin.List) (page tepin.Page[tepin.FontFamily], err error) {
	err = s.snapshot(ctx, func(q queryer) error {
		page, err = listing[tepin.FontFamily]{kind: "font_family", table: "font_family", columns: familyColumns, env: env, where: []condition{living}, scan: scanFamily}.page(ctx, q, p)
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
		if f, err = family(ctx, q, env, id, ""); err != nil {
			return err
		}
		one := []tepin.FontFamily{f}
		err := countStyles(ctx, q, env, one)
		f = one[0]
		return err
	})
	return f, err
}

func family(ctx context.Context, q queryer, env tepin.EnvironmentID, id tepin.FontFamilyID, lock string) (tepin.FontFamily, error) {
	return get(ctx, q, "font family", scanFamily, `SELECT `+familyColumns+` FROM font_family WHERE environment_id = $1 AND id = $2 AND deleted_at = 0`+lock, env, id)
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
		`SELECT family_id, extension, count(*) FROM font_style WHERE `+where+` AND deleted_at = 0 AND family_id IN (`+strings.Join(ids, `, `)+`)
		GROUP BY family_id, extension ORDER BY extension`, st.args...)
	for _, c := range counts {
		f := index[c.family]
		f.StyleCount += c.n
		f.Extensions = append(f.Extensions, c.extension)
	}
	return err
}
