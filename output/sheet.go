package output

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/sandbox"
)

// Sheet is one page of a document as a picture: for a preview, which is neither
// watermarked nor counted.
type Sheet struct {
	Document []byte
	LayoutID string // empty = the layout that the document has selected
	PageID   string // empty = the first visible page
	Side     int    // of the picture's longer side, pixels
}

// SheetError is why a document has no picture. What is missing or broken in it is in
// Report, as of a task.
type SheetError struct{ Type, Detail, Report string }

func (e *SheetError) Error() string { return e.Type + ": " + e.Detail }

// Use is a font or an image that a sheet was drawn with, and which bytes it was; no
// bytes where there was none.
type Use struct {
	Kind      string `json:"kind"`
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	Connector string `json:"connector,omitempty"` // that gave it, or did not; empty = the environment's own
	Context   string `json:"context,omitempty"`   // that the connector was asked with
	SHA256    string `json:"sha256,omitempty"`
}

// CheckSheet refuses a sheet whose layout or page the document does not have, as
// Invalid with the Path layoutId or pageId.
func (s *Service) CheckSheet(ctx context.Context, sh Sheet) error {
	_, err := sheetJob(ctx, sh)
	return err
}

// sheetJob plans a sheet.
func sheetJob(ctx context.Context, sh Sheet) (job, error) {
	j := job{Document: sh.Document, Format: tepin.PNG, Quality: 85, Name: "preview", Sheet: true}
	if sh.LayoutID != "" {
		j.LayoutIDs = []string{sh.LayoutID}
	}
	p, err := inspect(ctx, j)
	if err != nil {
		if said, ok := err.(*tepin.Error); ok && said.Path == "layoutsToExport" {
			return job{}, &tepin.Error{Kind: said.Kind, Path: "layoutId", Message: said.Message}
		}
		return job{}, err
	}
	at := slices.IndexFunc(p.Pages, func(id string) bool { return sh.PageID == "" || id == sh.PageID })
	if at < 0 {
		var pages []string
		for _, id := range p.Pages {
			pages = append(pages, fmt.Sprintf("%.60q", id))
		}
		return job{}, &tepin.Error{Kind: tepin.Invalid, Path: "pageId",
			Message: fmt.Sprintf("the layout shows no page with the id %.60q; it shows %s", sh.PageID, strings.Join(pages, ", "))}
	}
	chosen := p.Sizes[at]
	j.LayoutIDs, j.Needs, j.Page = p.LayoutIDs, p.Needs, p.Pages[at]
	longest := max(chosen.Width, chosen.Height)
	if !(longest > 0) {
		return job{}, tepin.Errorf(tepin.Unprocessable, "the page has no size")
	}
	j.Scaling = float64(sh.Side) / longest
	return j, nil
}

// Uses finds what the sheet would be drawn with now. Connectors are not asked: what they
// gave stays what it was.
func (s *Service) Uses(ctx context.Context, env tepin.EnvironmentID, used []Use) ([]Use, error) {
	now := slices.Clone(used)
	for i, u := range used {
		if u.Connector != "" {
			continue
		}
		ref, err := s.find(ctx, env, need{Kind: u.Kind, ID: u.ID, Name: u.Name})
		if err != nil && tepin.KindOf(err) != tepin.NotFound {
			return nil, err
		}
		now[i].SHA256 = ref.SHA256
	}
	return now, nil
}

// DrawSheet draws a sheet in a child and hands the picture, PNG or JPEG, to take. It
// returns what it was drawn with, also beside a [SheetError], and what is to be
// reported although there is a picture.
func (s *Service) DrawSheet(ctx context.Context, env tepin.EnvironmentID, sh Sheet, take func(contentType string, r io.Reader) error) (uses []Use, report string, err error) {
	j, err := sheetJob(ctx, sh)
	if err != nil {
		return nil, "", refusedSheet(err)
	}
	got, err := s.download(ctx, errand{by: tepin.System, env: env, intent: intent(j.Format), preview: true, goOn: true}, j.Needs)
	defer s.discard(ctx, got.parts)
	uses = got.uses(j.Needs)
	if err != nil {
		return uses, "", refusedSheet(err)
	}
	for _, l := range got.lacking {
		j.Absent = append(j.Absent, l.need)
	}
	if uses, err = s.Uses(ctx, env, uses); err != nil {
		return uses, "", err
	}
	parts, err := s.gather(ctx, env, got.rest)
	if err != nil {
		return uses, "", refusedSheet(err)
	}
	parts = append(parts, got.parts...)
	err = sandbox.Run(ctx, "render",
		func(w io.Writer) error { return s.send(ctx, w, env, j, parts) },
		func(r io.Reader) error {
			in := newReceiver(r)
			f, sum, err := in.next()
			if err == nil && f != nil {
				if err = take(f.ContentType, in.body()); err == nil {
					_, sum, err = in.next()
				}
			}
			switch {
			case err != nil:
				return err
			case sum == nil:
				return errParcel
			}
			var fatal *renderError
			if report, fatal = got.summarize(*sum); fatal != nil {
				return &SheetError{fatal.kind, fatal.detail, fatal.report}
			}
			if f == nil {
				return &SheetError{failed, "nothing was drawn: the layout has no visible page", report}
			}
			return nil
		}, renderLimits)
	return uses, report, refusedSheet(err)
}

// uses are the needs as uses, with what came from connectors.
func (d downloaded) uses(needs []need) []Use {
	var uses []Use
	for _, n := range needs {
		u := Use{Kind: n.Kind, ID: n.ID, Name: n.Name, Connector: n.Connector, Context: n.Context}
		if slices.Contains(d.rest, n) {
			u.Connector, u.Context = "", ""
		}
		for _, p := range d.parts {
			if p.Kind == n.Kind && p.Key == n.Key {
				u.SHA256 = p.ref.SHA256
			}
		}
		uses = append(uses, u)
	}
	return uses
}

// summarize is the report of a sheet in which something stands in for what connectors did
// not give: that is told, and is not the end.
func (d downloaded) summarize(sum summary) (report string, fatal *renderError) {
	if len(d.lacking) > 0 && sum.Successful > 0 {
		first := recordReport{Number: 1}
		if len(sum.Report) > 0 {
			first = sum.Report[0]
		}
		for _, l := range d.lacking[:min(len(d.lacking), maxReported-min(len(first.Errors), maxReported))] {
			first.Errors = append(first.Errors, l.report())
		}
		sum.Report = []recordReport{first}
	}
	return summarize(sum, len(d.lacking) > 0)
}

// refusedSheet makes a [SheetError] of what the document is to blame for.
func refusedSheet(err error) error {
	said, ok := err.(*tepin.Error)
	if !ok || said.Kind == tepin.Internal || said.Kind == tepin.Unavailable || said.Kind == tepin.Full {
		return err
	}
	return &SheetError{failed, sentence(said), ""}
}

// EncodeUses and DecodeUses are the text in which uses are stored.
func EncodeUses(uses []Use) (string, error) {
	raw, err := json.Marshal(uses)
	return string(raw), err
}

// DecodeUses reads what EncodeUses wrote.
func DecodeUses(text string) (uses []Use, err error) {
	if text == "" {
		return nil, nil
	}
	return uses, json.Unmarshal([]byte(text), &uses)
}
