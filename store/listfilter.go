package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/tepin/tepin"
)

// filter is what the rows of a list are asked for.
type filter struct {
	hits  func(*statement) string // SELECT … AS item_id: the ids of those that have it, by an index; nil = there is none
	again bool                    // hits can have an id more than once
	has   func(*statement) string // the condition that t has it
}

// common is from how many rows on something is taken to be common: then the list is
// walked in its order and each row asked for it, instead of the rows that have it being
// sorted.
const common = 2000

// fewest takes the filter that the fewest rows have, if those are not common.
func (w *way) fewest(ctx context.Context, q queryer) error {
	rare, least := -1, common+1
	for i, f := range w.ask {
		if f.hits == nil {
			continue
		}
		st := &statement{}
		st.WriteString(fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM (%s) h LIMIT %d) counted`, f.hits(st), common+1))
		var n int
		if err := q.QueryRowContext(ctx, st.String(), st.args...).Scan(&n); err != nil {
			return err
		}
		if n < least {
			rare, least = i, n
		}
	}
	if rare >= 0 {
		w.hits, w.again = w.ask[rare].hits, w.ask[rare].again
		w.ask = append(w.ask[:rare:rare], w.ask[rare+1:]...)
	}
	return nil
}

// inFolders is the filter of rows in a folder and, if it is not empty, in a span of others.
func (l listing[T]) inFolders(below span, key []byte) filter {
	return filter{
		hits: func(st *statement) string {
			from := `SELECT f.id AS item_id FROM ` + l.table + ` f WHERE `
			sql := from + l.conditions(st, `f`) + ` AND f.folder_key = ` + st.arg(key)
			if below.last != nil {
				sql += ` UNION ALL ` + from + l.conditions(st, `f`) + ` AND f.folder_key >= ` + st.arg(below.first) + ` AND f.folder_key < ` + st.arg(below.last)
			}
			return sql
		},
		has: func(st *statement) string { return opaque(folderIn(st, `t`, key, below)) },
	}
}

// equals is the filter of rows with a value in a column of an index, in which id follows:
// the order has PostgreSQL count along it.
func (l listing[T]) equals(column string, value any) filter {
	return filter{
		hits: func(st *statement) string {
			return `SELECT f.id AS item_id FROM ` + l.table + ` f WHERE f.environment_id = ` + st.arg(l.env) + ` AND f.` + column + ` = ` + st.arg(value) + ` ORDER BY f.id`
		},
		has: func(st *statement) string { return opaque(`t.` + column + ` = ` + st.arg(value)) },
	}
}

// search reads what is searched for: words that all begin a word of the name; or what is
// one id, or cannot be found, as the only hits that there are.
func (l listing[T]) search(text string) (prefixes []string, only func(*statement) string) {
	text = strings.TrimSpace(text)
	id := strings.ToLower(text)
	prefixes = words(text)
	switch {
	case text == "":
		return nil, nil
	case tepin.IsID(id):
		return nil, func(st *statement) string { return `SELECT CAST(` + st.arg(id) + ` AS TEXT) AS item_id` }
	case len(prefixes) == 0 || l.kind == "": // signs only: no name has them as a word
		return nil, func(*statement) string { return `SELECT '' AS item_id WHERE 1 = 0` }
	}
	return prefixes, nil
}

// askWords are the filters of names with words that begin with the prefixes.
func (l listing[T]) askWords(prefixes []string) (list []filter) {
	for _, prefix := range prefixes {
		list = append(list, filter{
			hits: func(st *statement) string {
				return `SELECT w.item_id FROM word w WHERE w.environment_id = ` + st.arg(l.env) + ` AND w.kind = ` + st.arg(l.kind) + ` AND ` + begins(st, prefix)
			},
			again: true,
			has: func(st *statement) string {
				return opaque(`EXISTS (SELECT 1 FROM word w WHERE w.item_id = t.id AND ` + begins(st, prefix) + once + `)`)
			},
		})
	}
	return list
}

// once ends a sub-SELECT that is run for each row: PostgreSQL is not to gather all rows
// that it could find instead.
const once = ` LIMIT 1 OFFSET 0`

// begins is the condition that a word begins with prefix. No word holds the byte
// 0xff: it ends the range of those that do.
func begins(st *statement, prefix string) string {
	return fmt.Sprintf(`w.word >= %s AND w.word < %s`, st.arg([]byte(prefix)), st.arg(append([]byte(prefix), 0xff)))
}

// wordsHaveOrder reports whether the index of words has every row of the list, and its
// order.
func (l listing[T]) wordsHaveOrder(w *way) bool {
	for _, c := range l.where {
		if c != living && c.column != "kind" { // what is deleted has no words, and those that there are, are of one kind
			return false
		}
	}
	return len(w.keys) < 3
}

// maxMerged is how many words with one beginning are merged.
const maxMerged = 16

// hitsInOrder reads as many hits as a page has, in the order of the list, from the index
// of each word that begins with prefix; nil = there are too many such words.
func (l listing[T]) hitsInOrder(ctx context.Context, q queryer, w *way, prefix string, p tepin.List) (func(*statement) string, error) {
	found, err := l.wordsWith(ctx, q, prefix)
	if err != nil || len(found) > maxMerged {
		return nil, err
	}
	if len(found) == 0 {
		return func(*statement) string { return `SELECT '' AS item_id WHERE 1 = 0` }, nil
	}
	columns, values := []string{`item_id`}, func(c *tepin.Cursor) []any { return []any{c.ID} }
	if len(w.keys) == 2 {
		columns, values = []string{`name_key`, `item_id`}, func(c *tepin.Cursor) []any { return []any{orEmpty(c.NameKey), c.ID} }
	}
	way, desc := ` > `, ``
	if p.Desc {
		way, desc = ` < `, ` DESC`
	}
	order := fmt.Sprintf(` ORDER BY %s%s LIMIT %d`, strings.Join(columns, desc+`, `), desc, p.Limit+1)
	return func(st *statement) string {
		var parts []string
		for _, word := range found {
			sql := `SELECT ` + strings.Join(columns, `, `) + ` FROM word WHERE environment_id = ` + st.arg(l.env) + ` AND kind = ` + st.arg(l.kind) + ` AND word = ` + st.arg(word)
			if p.After != nil {
				var places []string
				for _, v := range values(p.After) {
					places = append(places, st.arg(v))
				}
				sql += ` AND (` + strings.Join(columns, `, `) + `)` + way + `(` + strings.Join(places, `, `) + `)`
			}
			parts = append(parts, `SELECT * FROM (`+sql+order+fmt.Sprintf(`) w%d`, len(parts)))
		}
		return `SELECT item_id FROM (` + strings.Join(parts, ` UNION `) + `) merged` + order
	}, nil
}

// wordsWith returns the different words that begin with prefix, up to one more than
// [maxMerged].
func (l listing[T]) wordsWith(ctx context.Context, q queryer, prefix string) (found [][]byte, err error) {
	const next = `SELECT word FROM word WHERE environment_id = $1 AND kind = $2 AND word >= $3 AND word < $4 ORDER BY word LIMIT 1`
	from, end := []byte(prefix), append([]byte(prefix), 0xff)
	for len(found) <= maxMerged {
		var word []byte
		err := q.QueryRowContext(ctx, next, l.env, l.kind, from, end).Scan(&word)
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err != nil {
			return nil, err
		}
		found = append(found, word)
		from = append(append([]byte{}, word...), 0)
	}
	return found, nil
}
