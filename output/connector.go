package output

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tepin/tepin"
)

// Limits of what one output, or one preview, has of connectors.
const (
	MaxDownloads     = 1_000 // pictures and fonts
	MaxDownloadFonts = 100
	maxFetchTime     = 30 * time.Minute // of all of an output together
)

// PreviewPatience is how long connectors may take with all that one preview has of them.
const PreviewPatience = time.Minute

// Connectors is how outputs and previews reach the connectors of an environment.
type Connectors struct {
	// Download opens a picture or a font, or fails with [ErrOwnMedia].
	Download func(context.Context, Wanted) (io.ReadCloser, error)
	// Data refuses, without asking it for anything, what is no data connector that can be used.
	Data func(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, of DataSource) error
	// Rows reads all rows of a data connector: at most so many, of so many bytes of JSON.
	Rows func(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, of DataSource, rows int, bytes int64) ([]map[string]any, error)
}

// Wanted is a picture or a font that a document has in a connector.
type Wanted struct {
	By          tepin.Actor // who asked for the output; of a preview, the system
	Environment tepin.EnvironmentID
	Connector   tepin.ConnectorID
	Font        bool   // ID is a font style's
	Preview     bool   // nobody's output: no credential of the server goes along (S32)
	ID          string // as the connector calls it
	Intent      string // of a picture: web, print or animation
	Context     map[string]any
}

// DataSource is where the records of an output come from.
type DataSource struct {
	Connector tepin.ConnectorID `json:"connector"`
	Context   map[string]any    `json:"context"`
}

// ErrOwnMedia is what Download fails with for a connector that the environment does not
// have, or that shows its own media or fonts: the output finds them there by itself.
var ErrOwnMedia = tepin.Errorf(tepin.NotFound, "this is among the environment's own media and fonts, if anywhere")

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

// errand is for whom connectors are asked, and what for.
type errand struct {
	by      tepin.Actor
	env     tepin.EnvironmentID
	intent  string
	preview bool
	goOn    bool // what a connector refuses is lacking, and not the end
}

// patience is how long connectors may take together.
func (e errand) patience() time.Duration {
	if e.preview {
		return PreviewPatience
	}
	return maxFetchTime
}

// downloaded is what came of asking connectors.
type downloaded struct {
	parts   []part // fetched, into files that nobody else sees
	rest    []need // the environment's own, if anybody's
	lacking []lack // not fetched: they are the end, but for an errand that goes on
}

type lack struct {
	need need
	said string // why it is not there
}

// download fetches the pictures and fonts that connectors have, each once.
func (s *Service) download(ctx context.Context, e errand, needs []need) (got downloaded, err error) {
	if s.Connectors.Download == nil {
		return downloaded{rest: needs}, nil
	}
	asking, cancel := context.WithTimeout(ctx, e.patience())
	defer cancel()
	total, fonts := int64(MaxAssetBytes), 0
	for _, n := range needs {
		if !tepin.IsID(n.Connector) {
			got.rest = append(got.rest, n)
			continue
		}
		if n.Kind == "font" {
			fonts++
		}
		if len(got.parts) == MaxDownloads || fonts > MaxDownloadFonts {
			return got, tepin.Errorf(tepin.TooLarge, "the output has more than %d pictures and fonts, or %d fonts, of connectors; split the records over several requests", MaxDownloads, MaxDownloadFonts)
		}
		ref, err := s.fetch(asking, e, n, total)
		late := err != nil && asking.Err() != nil
		switch {
		case err == nil:
			total -= ref.Size
			got.parts = append(got.parts, part{Kind: n.Kind, Key: n.Key, Size: ref.Size, ref: ref})
			continue
		case ctx.Err() != nil:
			return got, ctx.Err()
		case err == ErrOwnMedia:
			got.rest = append(got.rest, n)
			continue
		case tepin.KindOf(err) == tepin.Internal && !late:
			return got, err
		}
		l := lack{n, said(err)}
		if late {
			l.said = fmt.Sprintf("the connectors took longer than %.0f seconds", e.patience().Seconds())
		}
		if !e.goOn {
			return got, notLoaded(l)
		}
		got.lacking = append(got.lacking, l)
	}
	return got, nil
}

// fetch stores one picture or font without a record: the sweep finds it, should this
// process die. A font has been looked at by a child then.
func (s *Service) fetch(ctx context.Context, e errand, n need, limit int64) (tepin.BlobRef, error) {
	w := Wanted{By: e.by, Environment: e.env, Connector: tepin.ConnectorID(n.Connector), ID: n.ID, Font: n.Kind == "font", Preview: e.preview, Intent: e.intent}
	if n.Context != "" {
		if err := json.Unmarshal([]byte(n.Context), &w.Context); err != nil {
			return tepin.BlobRef{}, fmt.Errorf("output: read the context of a connector: %w", err)
		}
	}
	body, err := s.Connectors.Download(ctx, w)
	if err != nil {
		return tepin.BlobRef{}, err
	}
	defer body.Close()
	if w.Font {
		return s.Asset.ReceiveFont(ctx, e.env, body, limit)
	}
	return s.Asset.Receive(ctx, e.env, body, limit)
}

// said is an error for people.
func said(err error) string {
	if refused, ok := errors.AsType[*tepin.Error](err); ok {
		return refused.Message
	}
	return err.Error()
}

// report is the line of a report for what is lacking.
func (l lack) report() recordError {
	kind, what := "ImageLoadFailed", "picture"
	if l.need.Kind == "font" {
		kind, what = "FontLoadFailed", "font"
	}
	return recordError{kind, tepin.Shorten(fmt.Sprintf("the %s %.100q cannot be loaded: %s", what, cmp.Or(l.need.Name, l.need.ID), l.said), maxDetails)}
}

// notLoaded is the end of a task whose picture or font a connector does not give.
func notLoaded(l lack) error {
	e := l.report()
	report, err := json.Marshal([]recordReport{{Number: 1, Errors: []recordError{e}}})
	if err != nil {
		return err
	}
	return &renderError{kind: e.Type, detail: e.Details, report: string(report)}
}

// discard removes what download has stored.
func (s *Service) discard(ctx context.Context, fetched []part) {
	for _, p := range fetched {
		s.Asset.Discard(ctx, p.ref)
	}
}
