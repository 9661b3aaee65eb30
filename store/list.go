package store

import (
	"context"
	"fmt"
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
	filters []filter // of what is asked for beside the place and the words
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

// page reads one page. Every page costs the same, however far down it lies: it
// begins with an index at the row after the cursor. Where rows have to be looked at one
// by one, it ends, with fewer rows than there could be, when it has seen enough.
func (l listing[T]) page(ctx context.Context, q queryer, p tepin.List) (tepin.Page[T], error) {
	p = l.ordered(p)
	w, err := l.way(ctx, q, p)
	if err != nil {
		return tepin.Page[T]{}, err
	}
	if w.hits == nil && len(w.ask) > 0 {
		return l.inSteps(ctx, q, w, p)
	}
	list, err := l.read(ctx, q, w.statement(l.columns, p, nil))
	if err != nil {
		return tepin.Page[T]{}, err
	}
	return pageOf(list, p, nil), nil
}

// ordered fills in what a list does not say of its order and size.
func (l listing[T]) ordered(p tepin.List) tepin.List {
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
	return p
}

// strides are how many rows are looked at, one after the other, until a page is full. A
// list whose rows lie further apart goes on with the next page.
var strides = []int{2000, 8000}

// inSteps reads a page for which each row of an order is asked something.
func (l listing[T]) inSteps(ctx context.Context, q queryer, w *way, p tepin.List) (tepin.Page[T], error) {
	var list []placed[T]
	var end *tepin.Cursor
	step := p
	for _, size := range strides {
		var err error
		if end, err = w.end(ctx, q, step, size); err != nil {
			return tepin.Page[T]{}, err
		}
		step.Limit = p.Limit - len(list)
		more, err := l.read(ctx, q, w.statement(l.columns, step, end))
		if err != nil {
			return tepin.Page[T]{}, err
		}
		if list = append(list, more...); len(list) > p.Limit || end == nil {
			break
		}
		step.After = end
	}
	return pageOf(list, p, end), nil
}

// placed is a row with its place in the list.
type placed[T any] struct {
	item   T
	cursor tepin.Cursor
}

func (l listing[T]) read(ctx context.Context, q queryer, st *statement) ([]placed[T], error) {
	return all(ctx, q, func(r row) (f placed[T], err error) {
		var folder []byte
		f.item, err = l.scan(withCursor{r, []any{&folder, &f.cursor.NameKey, &f.cursor.ID}})
		f.cursor.Folder = string(folder)
		return f, err
	}, st.String(), st.args...)
}

// pageOf makes a page of what was read, up to one row more than fit on it; end is how far
// the list was looked at, nil = to its end.
func pageOf[T any](list []placed[T], p tepin.List, end *tepin.Cursor) tepin.Page[T] {
	page := tepin.Page[T]{Items: make([]T, 0, min(len(list), p.Limit)), Next: end}
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
	return page
}

// withCursor scans the columns of the cursor, which follow those of the item.
type withCursor struct {
	row
	cursor []any
}

func (r withCursor) Scan(dest ...any) error { return r.row.Scan(append(dest, r.cursor...)...) }

// orEmpty keeps a nil slice from becoming NULL.
func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
