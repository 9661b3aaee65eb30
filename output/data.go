package output

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tepin/tepin"
)

// MaxRowBytes bounds the rows that a data connector gives an output, as JSON.
const MaxRowBytes = 10 << 20

// MaxRowTime is how long a data connector may take for all its rows.
const MaxRowTime = 5 * time.Minute

// checkData refuses an order for the rows of what is no data connector that can be used.
func (s *Service) checkData(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, of DataSource) error {
	if s.Connectors.Rows == nil {
		return tepin.Errorf(tepin.Unavailable, "data connectors are not set up on this server")
	}
	return s.Connectors.Data(ctx, by, env, of)
}

// ownerOf is who asked for an output.
func ownerOf(t tepin.Task) tepin.Actor {
	return tepin.Actor{Kind: t.OwnerKind, ID: t.OwnerID, EnvironmentID: t.EnvironmentID}
}

// fill gives a job its records, and judges it anew: what the rows need, and whether there
// will be too much.
func (s *Service) fill(ctx context.Context, j *job, task *tepin.Task) (err error) {
	if j.Variables, err = s.rows(ctx, ownerOf(*task), task.EnvironmentID, j.Document, *j.Data); err != nil {
		return err
	}
	j.Data, task.Records = nil, len(j.Variables)
	if err := s.Store.CountRecords(ctx, task.EnvironmentID, task.ID, task.Records); err != nil {
		return err
	}
	p, err := inspect(ctx, *j)
	if err != nil {
		return err
	}
	j.Needs = p.Needs
	return j.measure(p.Sizes)
}

// rows reads the records of an output from a data connector: of each row what the document
// has a variable for.
func (s *Service) rows(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, doc []byte, of DataSource) ([]map[string]any, error) {
	var names struct{ Variables []struct{ Name string } }
	if err := json.Unmarshal(doc, &names); err != nil {
		return nil, &tepin.Error{Kind: tepin.Invalid, Message: "the document's variables cannot be read", Cause: err}
	}
	asking, cancel := context.WithTimeout(ctx, MaxRowTime)
	defer cancel()
	rows, err := s.Connectors.Rows(asking, by, env, of, MaxRecords, MaxRowBytes)
	switch {
	case err != nil && ctx.Err() == nil && asking.Err() != nil:
		return nil, tepin.Errorf(tepin.Unprocessable, "the data connector took longer than %.0f minutes for its rows", MaxRowTime.Minutes())
	case tepin.KindOf(err) == tepin.Unavailable: // the server's own trouble only is tried again
		return nil, &tepin.Error{Kind: tepin.Unprocessable, Message: said(err), Cause: err}
	case err != nil:
		return nil, err
	}
	if len(rows) == 0 {
		return nil, tepin.Errorf(tepin.Unprocessable, "the data connector has no rows: there is nothing to render")
	}
	records := make([]map[string]any, len(rows))
	for i, row := range rows {
		records[i] = map[string]any{}
		for _, v := range names.Variables {
			if value, ok := row[v.Name]; ok {
				if records[i][v.Name], err = cell(value); err != nil {
					return nil, &tepin.Error{Kind: tepin.Unprocessable, Path: fmt.Sprintf("row %d, %.100s", i+1, v.Name), Message: err.Error()}
				}
			}
		}
	}
	return slices.Clip(records), nil
}

// cell is a value of a row as variables take them.
func cell(v any) (any, error) {
	switch x := v.(type) {
	case string, nil, bool:
		return x, nil
	case float64:
		return json.Number(strconv.FormatFloat(x, 'f', -1, 64)), nil
	}
	return nil, fmt.Errorf("the data connector gives a list or an object, where a variable takes a text, a number, true, false or null")
}
