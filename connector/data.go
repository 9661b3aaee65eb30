package connector

import (
	"context"
	"encoding/json"

	"github.com/tepin/tepin"
)

// Data is a connector for rows. All of them are scripts.
type Data struct{ scripted }

// Data returns the connector as one for data. Conflict if it is none, or disabled.
func (r *Runner) Data(run Run) (Data, error) {
	return Data{scripted{r, run}}, run.usable(tepin.DataConnector)
}

// RowQuery is which rows are asked for.
type RowQuery struct {
	Limit             int         `json:"limit"`
	ContinuationToken *string     `json:"continuationToken"`
	PreviousPageToken *string     `json:"previousPageToken"`
	Filters           []RowFilter `json:"filters"`
	Sorting           []RowOrder  `json:"sorting"`
}

// RowFilter is a condition on a property.
type RowFilter struct {
	Property string `json:"property"`
	Value    any    `json:"value"`
	Type     string `json:"type"` // contains or exact
}

// RowOrder is what rows are sorted by.
type RowOrder struct {
	Property  string `json:"property"`
	Direction string `json:"direction"` // asc or desc
}

// RowPage is some rows, and how to get at those before and after.
type RowPage struct {
	Data              []map[string]any `json:"data"`
	ContinuationToken *string          `json:"continuationToken"`
	PreviousPageToken *string          `json:"previousPageToken"`
}

// Model is what rows have.
type Model struct {
	Properties         []Property `json:"properties"`
	ItemIDPropertyName string     `json:"itemIdPropertyName,omitempty"`
}

// Property is a column.
type Property struct {
	Name string `json:"name"`
	Type string `json:"type"` // singleLine, multiLine, number, date, boolean or json
}

// Page returns a page of rows.
func (d Data) Page(ctx context.Context, q RowQuery) (p RowPage, err error) {
	return p, d.run(ctx, "getPage", &p, q, d.context())
}

// Row returns one row by the value of its id; null where the connector has none.
func (d Data) Row(ctx context.Context, id string) (row json.RawMessage, err error) {
	return row, d.run(ctx, "getPageItemById", &row, id, d.context())
}

// Model returns what the rows have.
func (d Data) Model(ctx context.Context) (m Model, err error) {
	return m, d.run(ctx, "getModel", &m, d.context())
}

// rowsAtOnce is how many rows are asked for at once when all are wanted.
const rowsAtOnce = 500

// Rows returns all rows, page after page: at most rows of them, of bytes in JSON. TooLarge
// if there are more.
func (d Data) Rows(ctx context.Context, rows int, bytes int64) ([]map[string]any, error) {
	var all []map[string]any
	q := RowQuery{Limit: rowsAtOnce}
	seen := map[string]bool{}
	for {
		p, err := d.Page(ctx, q)
		if err != nil {
			return nil, err
		}
		raw, err := json.Marshal(p.Data)
		if err != nil {
			return nil, err
		}
		all, bytes = append(all, p.Data...), bytes-int64(len(raw))
		if len(all) > rows || bytes < 0 {
			return nil, tepin.Errorf(tepin.TooLarge, "the data connector has more rows than the %d that one output takes, or more bytes: narrow them down in its context", rows)
		}
		q.ContinuationToken = p.ContinuationToken
		switch next := p.ContinuationToken; {
		case next == nil || *next == "":
			return all, nil
		case seen[*next] || len(seen) > rows:
			return nil, tepin.Errorf(tepin.Unprocessable, "the data connector gives the same continuationToken again and again")
		default:
			seen[*next] = true
		}
	}
}
