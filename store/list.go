package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// listing describes how the rows of a table are listed: which they are, and what
// makes a value of one. Each has the columns id and name_key; with folders, also
// folder_key.
type listing[T any] struct {
	kind    string // of the table word; empty = no search by word
	table   string
	columns string
	env     tepin.EnvironmentID // empty: the table is not divided by environments
	where   []condition
	filters []filter
	folders bool
	newest  bool // by id, the newest first, where the caller names nothing to sort by
	scan    func(row) (T, error)
}

// condition is `column = value`, or a bare SQL condition where there is no column.
type condition struct {
	column string
	value  any
	sql    string
}

// statement is SQL text that is being put together with its arguments.
type statement struct {
	strings.Builder
	args []any
}

// arg adds an argument and returns its placeholder.
func (q *statement) arg(v any) string {
	q.args = append(q.args, v)
	return fmt.Sprintf("$%d", len(q.args))
}

// common is from how many rows on a word is taken to be common: then the list is
// walked in its order and each row asked for the word, instead of the rows of the
// word being sorted.
const common = 2000

// page reads one page. Every page costs the same, however far down it lies: it
// begins with an index at the row after the cursor.
func (l listing[T]) page(ctx context.Context, q queryer, p tepin.List) (tepin.Page[T], error) {
	if p.SortBy == "" {
		p.SortBy = tepin.SortName
		if l.newest {
			p.SortBy, p.Desc = tepin.SortID, true
		}
	}
	p.Limit = min(p.Limit, tepin.MaxLimit)
	if p.Limit <= 0 {
		p.Limit = tepin.DefaultLimit
	}
	st, err := l.statement(ctx, q, p)
	if err != nil {
		return tepin.Page[T]{}, err
	}
	type found struct {
		item   T
		cursor tepin.Cursor
	}
	list, err := all(ctx, q, func(r row) (f found, err error) {
		var folder []byte
		f.item, err = l.scan(withCursor{r, []any{&folder, &f.cursor.NameKey, &f.cursor.ID}})
		f.cursor.Folder = string(folder)
		return f, err
	}, st.String(), st.args...)
	if err != nil {
		return tepin.Page[T]{}, err
	}
	page := tepin.Page[T]{Items: make([]T, 0, min(len(list), p.Limit))}
	for i, f := range list {
		if i == p.Limit {
			page.Next = &list[i-1].cursor
			break
		}
		page.Items = append(page.Items, f.item)
	}
	if p.After == nil && page.Next == nil {
		total := int64(len(page.Items))
		page.Total = &total
	}
	return page, nil
}

// withCursor scans the columns of the cursor, which follow those of the item.
type withCursor struct {
	row
	cursor []any
}

func (r withCursor) Scan(dest ...any) error { return r.row.Scan(append(dest, r.cursor...)...) }

func (l listing[T]) statement(ctx context.Context, q queryer, p tepin.List) (*statement, error) {
	st := &statement{}
	folder := `t.name_key` // anything: nobody looks at it
	if l.folders {
		folder = `t.folder_key`
	}
	columns := `SELECT t.` + strings.ReplaceAll(l.columns, `, `, `, t.`) + `, ` + folder + `, t.name_key, t.id`
	where, err := l.search(ctx, q, st, columns, p.Search)
	if err != nil {
		return nil, err
	}
	if l.env != "" {
		where = append(where, `t.environment_id = `+st.arg(l.env))
	}
	for _, c := range l.where {
		if c.column == "" {
			where = append(where, `t.`+c.sql)
		} else {
			where = append(where, `t.`+c.column+` = `+st.arg(c.value))
		}
	}
	if l.folders && p.Folder != "" && !(p.Recursive && folderPath(p.Folder) == "/") { // all lie below "/"
		where = append(where, inFolder(st, folderPath(p.Folder), p.Recursive))
	}
	keys := []string{`t.name_key`, `t.id`}
	switch {
	case p.SortBy == tepin.SortID:
		keys = []string{`t.id`}
	case p.SortBy == tepin.SortRelativePath && l.folders:
		keys = []string{`t.folder_key`, `t.name_key`, `t.id`}
	}
	way, order := ` > `, ``
	if p.Desc {
		way, order = ` < `, ` DESC`
	}
	if c := p.After; c != nil {
		values := map[string]any{`t.folder_key`: []byte(c.Folder), `t.name_key`: orEmpty(c.NameKey), `t.id`: c.ID}
		var places []string
		for _, k := range keys {
			places = append(places, st.arg(values[k]))
		}
		where = append(where, `(`+strings.Join(keys, `, `)+`)`+way+`(`+strings.Join(places, `, `)+`)`)
	}
	if len(where) > 0 {
		st.WriteString(` WHERE ` + strings.Join(where, ` AND `))
	}
	st.WriteString(` ORDER BY ` + strings.Join(keys, order+`, `) + order)
	st.WriteString(` LIMIT ` + strconv.Itoa(p.Limit+1)) // as a parameter it would have SQLite plan again at each execution
	return st, nil
}

// inFolder is the condition that a row lies in a folder, or below it.
func inFolder(st *statement, folder string, recursive bool) string {
	key := nameKey(folder)
	if !recursive {
		return `t.folder_key = ` + st.arg(key)
	}
	// '0' follows '/': all that begins with "/a/".
	return `(t.folder_key = ` + st.arg(key) + ` OR t.folder_key >= ` + st.arg(append(nameKey(folder), '/')) +
		` AND t.folder_key < ` + st.arg(append(nameKey(folder), '0')) + `)`
}

// filter is what rows are asked for beside their place: a word of their names, or a tag.
type filter struct {
	table string                  // w, whose rows name the rows that have it
	id    string                  // the column that does so
	all   func(*statement) string // condition of w: the rows that have it
	one   func(*statement) string // the same, where w's row is known to name one of them
}

// word is the filter of names with a word that begins with prefix.
func (l listing[T]) word(prefix string) filter {
	return filter{`word w`, `w.item_id`, func(st *statement) string {
		return fmt.Sprintf(`w.environment_id = %s AND w.kind = %s AND %s`, st.arg(l.env), st.arg(l.kind), begins(st, prefix))
	}, func(st *statement) string { return begins(st, prefix) }}
}

// search writes the statement's beginning, up to and with FROM, and returns the
// conditions that make the rows the ones that are searched for: by exact id, or by
// words that all begin a word of the name; and by the filters of the list.
func (l listing[T]) search(ctx context.Context, q queryer, st *statement, columns, text string) ([]string, error) {
	text = strings.TrimSpace(text)
	id, filters := strings.ToLower(text), l.filters
	prefixes := words(text)
	var where []string
	switch {
	case text == "":
	case tepin.IsID(id):
		where = append(where, `t.id = `+st.arg(id))
	case len(prefixes) == 0 || l.kind == "":
		where = append(where, `1 = 0`) // signs only: no name has them as a word
	default:
		for _, prefix := range prefixes {
			filters = append(filters[:len(filters):len(filters)], l.word(prefix))
		}
	}
	rare, fewest := 0, common+1
	for i, f := range filters {
		n, err := f.count(ctx, q)
		if err != nil {
			return nil, err
		}
		if n < fewest {
			rare, fewest = i, n
		}
	}
	from := ` FROM ` + l.table + ` t`
	if fewest <= common {
		f := filters[rare]
		st.WriteString(`WITH hit AS MATERIALIZED (SELECT DISTINCT ` + f.id + ` AS item_id FROM ` + f.table + ` WHERE ` + f.all(st) + `) `)
		from = ` FROM hit CROSS JOIN ` + l.table + ` t`
		where = append(where, `t.id = hit.item_id`)
	}
	for i, f := range filters {
		if fewest > common || i != rare {
			where = append(where, `EXISTS (SELECT 1 FROM `+f.table+` WHERE `+f.id+` = t.id AND `+f.one(st)+`)`)
		}
	}
	st.WriteString(columns + from)
	return where, nil
}

// begins is the condition that a word begins with prefix. No word holds the byte
// 0xff: it ends the range of those that do.
func begins(st *statement, prefix string) string {
	return fmt.Sprintf(`w.word >= %s AND w.word < %s`, st.arg([]byte(prefix)), st.arg(append([]byte(prefix), 0xff)))
}

// count counts the rows that have it, up to one more than common.
func (f filter) count(ctx context.Context, q queryer) (n int, err error) {
	st := &statement{}
	st.WriteString(`SELECT count(*) FROM (SELECT 1 FROM ` + f.table + ` WHERE ` + f.all(st))
	st.WriteString(fmt.Sprintf(` LIMIT %d) counted`, common+1))
	return n, q.QueryRowContext(ctx, st.String(), st.args...).Scan(&n)
}

// orEmpty keeps a nil slice from becoming NULL.
func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
