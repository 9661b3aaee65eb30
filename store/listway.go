package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// way is how a page is read: along an index that has the order of the list, asking each
// row for what the index does not have; or from hits, which are few and are sorted.
type way struct {
	table  string
	folder string                  // column of the cursor's folder; empty = there is none
	keys   []string                // columns of the order
	where  func(*statement) string // conditions of t, which the indexes of the order have
	within *span                   // of folder_key, where the list is that of a folder and all below it
	ask    []filter
	hits   func(*statement) string // SELECT item_id …; nil = along the index
	again  bool                    // hits can have an id more than once
}

// span is a range of folders: from first, inclusive, to last, exclusive.
type span struct{ first, last []byte }

// way chooses how a page is read.
func (l listing[T]) way(ctx context.Context, q queryer, p tepin.List) (*way, error) {
	w := &way{table: l.table, keys: []string{`name_key`, `id`}, ask: l.filters}
	if l.folders {
		w.folder = `folder_key`
	}
	switch {
	case p.SortBy == tepin.SortID:
		w.keys = []string{`id`}
	case p.SortBy == tepin.SortRelativePath && l.folders:
		w.keys = []string{`folder_key`, `name_key`, `id`}
	}
	place := l.place(w, p)
	where := func(st *statement) string { return l.conditions(st, `t`) }
	w.where = where
	if place != nil {
		w.where = func(st *statement) string { return where(st) + ` AND ` + place(st) }
	}
	words, never := l.search(p.Search)
	if never != nil {
		w.hits = never
		return w, nil
	}
	if place == nil && len(words) == 1 && len(w.ask) == 0 && w.within == nil && l.wordsHaveOrder(w) {
		var err error
		if w.hits, err = l.hitsInOrder(ctx, q, w, words[0], p); w.hits != nil || err != nil {
			return w, err
		}
	}
	w.ask = append(w.ask[:len(w.ask):len(w.ask)], l.askWords(words)...)
	return w, w.fewest(ctx, q)
}

// conditions are those that make the rows of a table's alias the ones of the list.
func (l listing[T]) conditions(st *statement, alias string) string {
	where := []string{`1 = 1`}
	if l.env != "" {
		where = append(where, alias+`.environment_id = `+st.arg(l.env))
	}
	for _, c := range l.where {
		if c.column == "" {
			where = append(where, alias+`.`+c.sql)
		} else {
			where = append(where, alias+`.`+c.column+` = `+st.arg(c.value))
		}
	}
	return strings.Join(where, ` AND `)
}

// place makes the way that to the rows of a folder, if the list is one's: by a condition
// that the index of the order has, or by asking for it.
func (l listing[T]) place(w *way, p tepin.List) (condition func(*statement) string) {
	folder := folderPath(p.Folder)
	switch key := nameKey(folder); {
	case !l.folders, p.Folder == "", p.Recursive && folder == "/": // all lie below "/"
	case !p.Recursive && p.SortBy != tepin.SortID:
		w.keys = []string{`name_key`, `id`}
		return func(st *statement) string { return `t.folder_key = ` + st.arg(key) }
	case !p.Recursive:
		w.ask = append(w.ask[:len(w.ask):len(w.ask)], l.inFolders(span{key, nil}, key))
	default: // '0' follows '/': all that begins with "/a/".
		below := span{append(nameKey(folder), '/'), append(nameKey(folder), '0')}
		if p.SortBy == tepin.SortRelativePath {
			w.within = &span{key, below.last}
			return func(st *statement) string { return opaque(folderIn(st, `t`, key, below)) }
		}
		w.ask = append(w.ask[:len(w.ask):len(w.ask)], l.inFolders(below, key))
	}
	return nil
}

// folderIn is the condition that a row lies in a folder or, if below is not empty, below it.
func folderIn(st *statement, alias string, key []byte, below span) string {
	sql := alias + `.folder_key = ` + st.arg(key)
	if below.last != nil {
		sql += ` OR ` + alias + `.folder_key >= ` + st.arg(below.first) + ` AND ` + alias + `.folder_key < ` + st.arg(below.last)
	}
	return sql
}

// opaque keeps a database from reading along another index than that of the order: it
// cannot look into the condition, and takes it to hold for many rows.
func opaque(condition string) string { return `CASE WHEN ` + condition + ` THEN TRUE ELSE FALSE END` }

// statement reads a page: all rows after the cursor up to end, which is nil for all.
func (w *way) statement(columns string, p tepin.List, end *tepin.Cursor) *statement {
	st := &statement{}
	from := w.table
	var where []string
	if w.hits != nil {
		distinct := ``
		if w.again {
			distinct = `DISTINCT `
		}
		st.WriteString(`WITH hit AS MATERIALIZED (SELECT ` + distinct + `item_id FROM (` + w.hits(st) + `) h), found AS MATERIALIZED (SELECT t.* FROM hit CROSS JOIN ` + w.table + ` t WHERE t.id = hit.item_id) `)
		from = `found`
	}
	st.WriteString(`SELECT t.` + strings.ReplaceAll(columns, `, `, `, t.`) + `, ` + w.cursor() + ` FROM ` + from + ` t`)
	where = append(where, w.where(st))
	for _, f := range w.ask {
		where = append(where, f.has(st))
	}
	w.finish(st, append(where, w.bounds(st, p, end)...), p.Desc)
	st.WriteString(` LIMIT ` + strconv.Itoa(p.Limit+1)) // as a parameter it would have SQLite plan again at each execution
	return st
}

// cursor are the columns of the place in the list.
func (w *way) cursor() string {
	folder := `t.name_key` // anything: nobody looks at it
	if w.folder != "" {
		folder = `t.` + w.folder
	}
	return folder + `, t.name_key, t.id`
}

// bounds are the conditions between which rows of the order are read. Of two that bound
// the same side, a database would use one, and not the closer one.
func (w *way) bounds(st *statement, p tepin.List, end *tepin.Cursor) (where []string) {
	begins, ends := ` > `, ` <= `
	if p.Desc {
		begins, ends = ` < `, ` >= `
	}
	lower, upper := p.After, end
	if p.Desc {
		lower, upper = upper, lower
	}
	if p.After != nil {
		where = append(where, w.compare(st, begins, p.After))
	}
	if end != nil {
		where = append(where, w.compare(st, ends, end))
	}
	if w.within != nil && lower == nil {
		where = append(where, `t.folder_key >= `+st.arg(w.within.first))
	}
	if w.within != nil && upper == nil {
		where = append(where, `t.folder_key < `+st.arg(w.within.last))
	}
	return where
}

// compare compares the order's columns with a place.
func (w *way) compare(st *statement, with string, c *tepin.Cursor) string {
	values := map[string]any{`folder_key`: []byte(c.Folder), `name_key`: orEmpty(c.NameKey), `id`: c.ID}
	var places []string
	for _, k := range w.keys {
		places = append(places, st.arg(values[k]))
	}
	return `(t.` + strings.Join(w.keys, `, t.`) + `)` + with + `(` + strings.Join(places, `, `) + `)`
}

// finish writes conditions and order.
func (w *way) finish(st *statement, where []string, desc bool) {
	order := ``
	if desc {
		order = ` DESC`
	}
	st.WriteString(` WHERE ` + strings.Join(where, ` AND `) + ` ORDER BY t.` + strings.Join(w.keys, order+`, t.`) + order)
}

// end finds the place that lies so many rows down the order; nil = there are fewer.
func (w *way) end(ctx context.Context, q queryer, p tepin.List, rows int) (*tepin.Cursor, error) {
	st := &statement{}
	st.WriteString(`SELECT ` + w.cursor() + ` FROM ` + w.table + ` t`)
	w.finish(st, append([]string{w.where(st)}, w.bounds(st, p, nil)...), p.Desc)
	st.WriteString(` LIMIT 1 OFFSET ` + strconv.Itoa(rows-1))
	var c tepin.Cursor
	var folder []byte
	err := q.QueryRowContext(ctx, st.String(), st.args...).Scan(&folder, &c.NameKey, &c.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	c.Folder = string(folder)
	return &c, err
}
