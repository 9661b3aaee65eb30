package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/output"
)

// View is what of a template or project is to be seen.
type View struct {
	Type     tepin.PreviewType
	LayoutID string // empty = the layout that the document has selected
	PageID   string // empty = the first visible page
}

// maxViewID bounds the ids of a view, in bytes.
const maxViewID = 200

// request is what a job needs to draw a preview.
type request struct {
	Document tepin.BlobRef `json:"document"`
	LayoutID string        `json:"layoutId,omitempty"`
	PageID   string        `json:"pageId,omitempty"`
	Side     int           `json:"side"`
}

// Template returns a preview of a template, or [Pending] with the task that makes it.
func (s *Service) Template(ctx context.Context, t tepin.Template, v View) (File, error) {
	return s.document(ctx, t.EnvironmentID, tepin.PreviewOfTemplate, string(t.ID), t.Document, v)
}

// Project returns a preview of a project, or [Pending] with the task that makes it.
func (s *Service) Project(ctx context.Context, p tepin.Project, v View) (File, error) {
	return s.document(ctx, p.EnvironmentID, tepin.PreviewOfProject, string(p.ID), p.Document, v)
}

// document returns the preview of a document as it is now, drawn with the fonts and
// images that there are now.
func (s *Service) document(ctx context.Context, env tepin.EnvironmentID, k tepin.PreviewKind, subject string, doc tepin.BlobRef, v View) (File, error) {
	for name, id := range map[string]string{"layoutId": v.LayoutID, "pageId": v.PageID} {
		if len(id) > maxViewID {
			return File{}, &tepin.Error{Kind: tepin.Invalid, Path: name, Message: fmt.Sprintf("the id is longer than %d bytes", maxViewID)}
		}
	}
	slot := key(string(v.Type), v.LayoutID, v.PageID)
	wanted := tepin.Preview{
		EnvironmentID: env, Kind: k, SubjectID: subject, Slot: slot,
		Key: key(string(k), version, subject, doc.SHA256, slot),
	}
	p, err := s.store.PreviewByKey(ctx, env, wanted.Key)
	var stale tepin.PreviewID
	switch {
	case err == nil && p.State == tepin.TaskPending:
		return File{}, &Pending{p.ID}
	case err == nil:
		good, err := s.fresh(ctx, p)
		switch {
		case err != nil:
			return File{}, err
		case good && p.State == tepin.TaskFinished:
			return s.use(p), nil
		case good:
			return File{}, &Pending{p.ID} // the task says why there is none
		}
		stale = p.ID
	case tepin.KindOf(err) != tepin.NotFound:
		return File{}, err
	}
	r := request{Document: doc, LayoutID: v.LayoutID, PageID: v.PageID, Side: sides[v.Type]}
	if v.LayoutID != "" || v.PageID != "" {
		if err := s.checkView(ctx, env, r); err != nil {
			return File{}, err
		}
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return File{}, err
	}
	wanted.Request = string(raw)
	if p, err = s.store.RequestPreview(ctx, wanted, stale); err != nil {
		return File{}, err
	}
	if s.wake != nil {
		s.wake()
	}
	return File{}, &Pending{p.ID}
}

// fresh reports whether a preview that was made, or failed, would come out the same
// now. Connectors are asked again after a while: nobody tells what changes there.
func (s *Service) fresh(ctx context.Context, p tepin.Preview) (bool, error) {
	if p.State == tepin.TaskFailed && s.now().Sub(p.CreatedAt) >= Failed {
		return false, nil
	}
	uses, err := output.DecodeUses(p.Uses)
	if err != nil {
		return false, fmt.Errorf("preview %s: what it uses: %w", p.ID, err)
	}
	for _, u := range uses {
		life := Asked
		if u.SHA256 == "" {
			life = Lacking
		}
		if u.Connector != "" && s.now().Sub(p.CreatedAt) >= life {
			return false, nil
		}
	}
	now, err := s.output.Uses(ctx, p.EnvironmentID, uses)
	return slices.Equal(uses, now), err
}

// checkView refuses a layout or a page that the document does not have. What else is
// wrong with the document is told by the task.
func (s *Service) checkView(ctx context.Context, env tepin.EnvironmentID, r request) error {
	sheet, err := s.sheet(ctx, env, r)
	if err != nil {
		return err
	}
	err = s.output.CheckSheet(ctx, sheet)
	if said, ok := errors.AsType[*tepin.Error](err); ok && said.Path != "layoutId" && said.Path != "pageId" {
		return nil
	}
	return err
}

func (s *Service) sheet(ctx context.Context, env tepin.EnvironmentID, r request) (output.Sheet, error) {
	doc, err := s.asset.Document(ctx, env, r.Document)
	return output.Sheet{Document: doc, LayoutID: r.LayoutID, PageID: r.PageID, Side: r.Side}, err
}

// Run makes the preview that a job names and records how it ended. An error means that
// nothing could be recorded: the job is to be tried again.
func (s *Service) Run(ctx context.Context, queued tepin.Job) error {
	p, err := s.store.Preview(ctx, queued.EnvironmentID, tepin.PreviewID(queued.Payload))
	if tepin.KindOf(err) == tepin.NotFound {
		return nil // nobody wants it any more: its job went with it
	}
	if err != nil {
		return err
	}
	uses, err := s.draw(ctx, &p)
	if ctx.Err() != nil {
		s.asset.Discard(ctx, p.Blob)
		return ctx.Err()
	}
	if encoded, e := output.EncodeUses(uses); e == nil {
		p.Uses = encoded
	}
	broken, isBroken := errors.AsType[*output.SheetError](err)
	switch {
	case err == nil:
		err = s.asset.Settle(ctx, p.Blob, s.store.FinishPreview(ctx, p.EnvironmentID, queued.ID, p))
	case isBroken:
		s.asset.Discard(ctx, p.Blob)
		p.ErrorType, p.ErrorDetail, p.Report = broken.Type, broken.Detail, broken.Report
		err = s.store.FailPreview(ctx, p.EnvironmentID, queued.ID, p)
	default:
		s.asset.Discard(ctx, p.Blob)
	}
	if tepin.KindOf(err) == tepin.NotFound {
		return nil
	}
	return err
}

// Bury records the end of a preview whose process died too often.
func (s *Service) Bury(ctx context.Context, queued tepin.Job) error {
	p := tepin.Preview{ID: tepin.PreviewID(queued.Payload), ErrorType: "PreviewFailed", ErrorDetail: "the server was interrupted while it drew this, twice; ask for the preview again later"}
	err := s.store.FailPreview(ctx, queued.EnvironmentID, queued.ID, p)
	if tepin.KindOf(err) == tepin.NotFound {
		return nil
	}
	return err
}

// draw draws a preview and stores the picture.
func (s *Service) draw(ctx context.Context, p *tepin.Preview) ([]output.Use, error) {
	var r request
	if err := json.Unmarshal([]byte(p.Request), &r); err != nil {
		return nil, fmt.Errorf("preview %s: its request: %w", p.ID, err)
	}
	sheet, err := s.sheet(ctx, p.EnvironmentID, r)
	if tepin.KindOf(err) == tepin.NotFound {
		return nil, &output.SheetError{Type: "PreviewFailed", Detail: "the document was replaced before it was drawn; ask for the preview again"}
	}
	if err != nil {
		return nil, err
	}
	uses, report, err := s.output.DrawSheet(ctx, p.EnvironmentID, sheet, func(contentType string, body io.Reader) (err error) {
		if _, known := extensions[contentType]; !known {
			return fmt.Errorf("preview: a child answered %q", contentType)
		}
		p.ContentType = contentType
		p.Blob, err = s.asset.Receive(ctx, p.EnvironmentID, body, maxMade)
		return err
	})
	p.Report = report
	return uses, err
}

// Task returns the preview of a template or project that a task makes.
func (s *Service) Task(ctx context.Context, env tepin.EnvironmentID, id tepin.PreviewID) (tepin.Preview, error) {
	p, err := s.store.Preview(ctx, env, id)
	if err == nil && p.Kind != tepin.PreviewOfTemplate && p.Kind != tepin.PreviewOfProject {
		err = tepin.Errorf(tepin.NotFound, "there is no such task here")
	}
	return p, err
}

// FileOf is the file of a preview that is finished.
func (s *Service) FileOf(p tepin.Preview) File { return s.use(p) }
