package output

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/tepin/tepin"
)

// MaxRowBytes bounds the rows that a data connector gives an output, as JSON.
const MaxRowBytes = 10 << 20

// maxDownloads is how many pictures of connectors one output has at most.
const maxDownloads = 1_000

// Connectors is how outputs reach the connectors of an environment, with the credentials
// that they have for the server.
type Connectors struct {
	// Download opens a picture at its full size, or fails with [ErrOwnMedia].
	Download func(context.Context, Picture) (io.ReadCloser, error)
	// Rows reads all rows of a data connector: at most so many, of so many bytes of JSON.
	Rows func(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, of DataSource, rows int, bytes int64) ([]map[string]any, error)
}

// Picture is one that a document has in a connector.
type Picture struct {
	By          tepin.Actor // who asked for the output
	Environment tepin.EnvironmentID
	Connector   tepin.ConnectorID
	ID          string
	Intent      string // web, print or animation
	Context     map[string]any
}

// DataSource is where the records of an output come from.
type DataSource struct {
	Connector tepin.ConnectorID
	Context   map[string]any
}

// ErrOwnMedia is what Download fails with for a connector that the environment does not
// have, or that shows its own media: the output finds the picture there by itself.
var ErrOwnMedia = tepin.Errorf(tepin.NotFound, "the picture is among the environment's own media, if anywhere")

// intent is what an output's pictures are wanted for.
func intent(f tepin.Format) string {
	switch f {
	case tepin.PDF:
		return "print"
	case tepin.GIF, tepin.MP4:
		return "animation"
	}
	return "web"
}

// download fetches the pictures that connectors have, each once, into files that nobody
// else sees. The rest of what the job needs is the environment's own. What a connector
// refuses ends the task, and the report names the picture; with settings that go on, the
// render says which records miss it.
func (s *Service) download(ctx context.Context, task tepin.Task, j job) (fetched []part, rest []need, err error) {
	if s.Connectors.Download == nil {
		return nil, j.Needs, nil
	}
	total := int64(MaxAssetBytes)
	for _, n := range j.Needs {
		if n.Kind != "image" || !tepin.IsID(n.Connector) {
			rest = append(rest, n)
			continue
		}
		if len(fetched) == maxDownloads {
			return fetched, nil, tepin.Errorf(tepin.TooLarge, "the output has more than %d pictures of connectors; split the records over several requests", maxDownloads)
		}
		ref, err := s.fetch(ctx, task, n, intent(j.Format), total)
		switch kind := tepin.KindOf(err); {
		case err == ErrOwnMedia:
			rest = append(rest, n)
			continue
		case err != nil && ctx.Err() == nil && kind != tepin.Internal && j.Options.Continue:
			continue // the records that miss it are left out, and reported
		case err != nil && ctx.Err() == nil && kind != tepin.Internal:
			return fetched, nil, notLoaded(n, err)
		case err != nil:
			return fetched, nil, err
		}
		total -= ref.Size
		fetched = append(fetched, part{Kind: n.Kind, Key: n.Key, Size: ref.Size, ref: ref})
	}
	return fetched, rest, nil
}

// fetch stores one picture without a record: the sweep finds it, should this process die.
func (s *Service) fetch(ctx context.Context, task tepin.Task, n need, intent string, limit int64) (tepin.BlobRef, error) {
	p := Picture{By: tepin.Actor{Kind: task.OwnerKind, ID: task.OwnerID, EnvironmentID: task.EnvironmentID}, Environment: task.EnvironmentID,
		Connector: tepin.ConnectorID(n.Connector), ID: n.ID, Intent: intent}
	if n.Context != "" {
		if err := json.Unmarshal([]byte(n.Context), &p.Context); err != nil {
			return tepin.BlobRef{}, fmt.Errorf("output: read the context of a connector: %w", err)
		}
	}
	body, err := s.Connectors.Download(ctx, p)
	if err != nil {
		return tepin.BlobRef{}, err
	}
	defer body.Close()
	return s.Asset.Receive(ctx, task.EnvironmentID, body, limit)
}

// notLoaded is the end of a task whose picture a connector does not give.
func notLoaded(n need, err error) error {
	said := err.Error()
	if refused, ok := err.(*tepin.Error); ok {
		said = refused.Message
	}
	detail := tepin.Shorten(fmt.Sprintf("the picture %.100q cannot be loaded: %s", n.Name, said), maxDetails)
	report, err := json.Marshal([]recordReport{{Number: 1, Errors: []recordError{{"ImageLoadFailed", detail}}}})
	if err != nil {
		return err
	}
	return &renderError{kind: "ImageLoadFailed", detail: detail, report: string(report)}
}

// discard removes what download has stored.
func (s *Service) discard(ctx context.Context, fetched []part) {
	for _, p := range fetched {
		s.Asset.Discard(ctx, p.ref)
	}
}

// rows reads the records of an output from a data connector: of each row what the document
// has a variable for.
func (s *Service) rows(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, doc []byte, of DataSource) ([]map[string]any, error) {
	if s.Connectors.Rows == nil {
		return nil, tepin.Errorf(tepin.Unavailable, "data connectors are not set up on this server")
	}
	var names struct{ Variables []struct{ Name string } }
	if err := json.Unmarshal(doc, &names); err != nil {
		return nil, &tepin.Error{Kind: tepin.Invalid, Message: "the document's variables cannot be read", Cause: err}
	}
	rows, err := s.Connectors.Rows(ctx, by, env, of, MaxRecords, MaxRowBytes)
	if err != nil {
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
