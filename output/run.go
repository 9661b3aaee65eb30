package output

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/sandbox"
)

// Run performs the task that a job names, and records how it ended. An error means
// that nothing could be recorded: the job is to be tried again.
func (s *Service) Run(ctx context.Context, queued tepin.Job) error {
	id := tepin.TaskID(queued.Payload)
	task, err := s.Store.Task(ctx, queued.EnvironmentID, tepin.System, id)
	if tepin.KindOf(err) == tepin.NotFound {
		return s.Store.FinishJob(ctx, queued.ID, queued.Attempt) // deleted before it ran
	}
	if err != nil {
		return err
	}
	if err := s.Store.StartTask(ctx, queued.EnvironmentID, id); err != nil {
		return err
	}
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	s.running.Store(id, cancel)
	defer s.running.Delete(id)
	err = s.perform(working, queued, &task)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case working.Err() != nil:
		return nil // the task was cancelled, and its job with it
	}
	var broken *renderError
	switch {
	case err == nil:
		return s.Asset.Settle(ctx, task.Result, s.Store.FinishTask(ctx, queued.EnvironmentID, queued.ID, task))
	case errors.As(err, &broken):
		return s.fail(ctx, queued, broken.kind, broken.detail, broken.report)
	case tepin.KindOf(err) != tepin.Internal && tepin.KindOf(err) != tepin.Unavailable:
		var said *tepin.Error
		errors.As(err, &said)
		return s.fail(ctx, queued, failed, sentence(said), "")
	}
	return err
}

// Stop ends the work on a task that was cancelled, if this server does it. Others learn
// of it when they extend the lease of its job.
func (s *Service) Stop(id tepin.TaskID) {
	if cancel, ok := s.running.Load(id); ok {
		cancel.(context.CancelFunc)()
	}
}

// Bury records the end of a render whose process died too often.
func (s *Service) Bury(ctx context.Context, queued tepin.Job) error {
	return s.fail(ctx, queued, failed, "the server was interrupted while it rendered this, twice; start the output again", "")
}

// fail ends the job's task with the reason why it has no file.
func (s *Service) fail(ctx context.Context, queued tepin.Job, kind, detail, report string) error {
	return s.Store.FailTask(ctx, queued.EnvironmentID, queued.ID, tepin.TaskID(queued.Payload), kind, detail, report)
}

// failed is the error type of a task that did not come to a report.
const failed = "RenderFailed"

// sentence is a refusal for people, with its path if it has one.
func sentence(e *tepin.Error) string {
	if e.Path == "" {
		return e.Message
	}
	return e.Path + ": " + e.Message
}

// renderError is a render that came to an end with errors in the document or in
// what it refers to.
type renderError struct{ kind, detail, report string }

func (e *renderError) Error() string { return e.kind + ": " + e.detail }

// perform renders and fills in the task's result.
func (s *Service) perform(ctx context.Context, queued tepin.Job, task *tepin.Task) error {
	j, err := s.queued(ctx, *task)
	if err != nil {
		return err
	}
	if j.Data != nil {
		if err := s.fill(ctx, &j, task); err != nil {
			return err
		}
	}
	got, err := s.download(ctx, errand{
		by: ownerOf(*task), env: task.EnvironmentID, intent: intent(j.Format), goOn: j.Options.Continue,
	}, j.Needs)
	defer s.discard(ctx, got.parts)
	if err != nil {
		return err
	}
	parts, err := s.gather(ctx, task.EnvironmentID, got.rest)
	if err != nil {
		return err
	}
	parts = append(parts, got.parts...)
	limits := renderLimits
	limits.Output += j.Raw
	return sandbox.Run(ctx, "render",
		func(w io.Writer) error { return s.send(ctx, w, task.EnvironmentID, j, parts) },
		func(r io.Reader) error { return s.receive(ctx, r, j, task) },
		limits)
}

// queued reads a task's job.
func (s *Service) queued(ctx context.Context, task tepin.Task) (j job, err error) {
	r, err := s.Asset.Open(ctx, task.EnvironmentID, task.Request, 0, -1)
	if err != nil {
		return j, err
	}
	defer r.Close()
	if err := json.NewDecoder(r).Decode(&j); err != nil {
		return j, fmt.Errorf("output: read the job of task %s: %w", task.ID, err)
	}
	return j, nil
}

// part is one font or image that goes to the render child.
type part struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	Size int64  `json:"size"`
	ref  tepin.BlobRef
}

// order is the first line that a render child reads; the parts' bytes follow it.
type order struct {
	Job   job    `json:"job"`
	Parts []part `json:"parts"`
}

// gather finds the bytes of what a render needs. What is not there is left out: the
// render says then in which frame it is missed.
func (s *Service) gather(ctx context.Context, env tepin.EnvironmentID, needs []need) ([]part, error) {
	var parts []part
	var total int64
	for _, n := range needs {
		ref, err := s.find(ctx, env, n)
		if tepin.KindOf(err) == tepin.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if total += ref.Size; total > MaxAssetBytes {
			return nil, tepin.Errorf(tepin.TooLarge, "the fonts and images of this output are larger than %d MB together; use smaller images", MaxAssetBytes>>20)
		}
		parts = append(parts, part{Kind: n.Kind, Key: n.Key, Size: ref.Size, ref: ref})
	}
	return parts, nil
}

// find looks a font style or a media up by its id, or by its name where the document
// tells it so.
func (s *Service) find(ctx context.Context, env tepin.EnvironmentID, n need) (tepin.BlobRef, error) {
	if n.Kind == "font" {
		style, err := s.Store.FontStyle(ctx, env, tepin.FontStyleID(n.ID))
		return style.Blob, err
	}
	if tepin.IsID(n.ID) {
		media, err := s.Store.MediaItem(ctx, env, tepin.MediaID(n.ID))
		return media.Blob, err
	}
	name := n.Name
	if name == "" {
		name = n.ID
	}
	found, err := s.Store.MediaByName(ctx, env, name)
	return found.Blob, err
}

// send writes the order and the bytes of its parts to a render child.
func (s *Service) send(ctx context.Context, w io.Writer, env tepin.EnvironmentID, j job, parts []part) error {
	if err := json.NewEncoder(w).Encode(order{j, parts}); err != nil {
		return err
	}
	for _, p := range parts {
		if err := s.copyBlob(ctx, w, env, p.ref); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) copyBlob(ctx context.Context, w io.Writer, env tepin.EnvironmentID, ref tepin.BlobRef) error {
	r, err := s.Asset.Open(ctx, env, ref, 0, -1)
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := io.Copy(w, r)
	if err == nil && n != ref.Size {
		return fmt.Errorf("output: blob %s has %d bytes, not %d", ref.Key, n, ref.Size)
	}
	return err
}

// Open gives out length bytes of a finished task's file from offset on; a negative
// length means to the end. After [tepin.OutputKept] the file is [tepin.Gone].
func (s *Service) Open(ctx context.Context, t tepin.Task, offset, length int64) (io.ReadCloser, error) {
	if err := Available(t, s.now()); err != nil {
		return nil, err
	}
	return s.Asset.Open(ctx, t.EnvironmentID, t.Result, offset, length)
}

func tooLong(e recordError) bool { return max(len(e.Type), len(e.Details)) > maxDetails+len("…") }

func extension(f tepin.Format) string { return strings.ToLower(string(f)) }

// summarize writes the error report of a render and tells whether an error in it ends
// the task: any that is no warning, unless tolerant settings leave such records out and
// there are others.
func summarize(sum summary, tolerant bool) (report string, fatal *renderError) {
	records := sum.Report
	if len(records) == 0 {
		return "", nil
	}
	var listed int
	for _, rec := range records {
		if listed += len(rec.Errors); listed > maxReported+1 || slices.ContainsFunc(rec.Errors, tooLong) {
			return "", &renderError{failed, "the error report is too long", ""} // no child of ours writes such a one
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(records); err != nil {
		return "", &renderError{failed, "the error report could not be written", ""}
	}
	report = strings.TrimSpace(b.String())
	if tolerant && sum.Successful > 0 {
		return report, nil
	}
	for _, rec := range records {
		for _, e := range rec.Errors {
			if !warning(e.Type) {
				return report, &renderError{e.Type, fmt.Sprintf("record %d: %s", rec.Number, e.Details), report}
			}
		}
	}
	return report, nil
}
