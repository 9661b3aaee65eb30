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
	err = s.perform(ctx, queued, &task)
	if ctx.Err() != nil {
		return ctx.Err()
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
	parts, err := s.gather(ctx, task.EnvironmentID, j.Needs)
	if err != nil {
		return err
	}
	return sandbox.Run(ctx, "render",
		func(w io.Writer) error { return s.send(ctx, w, task.EnvironmentID, j, parts) },
		func(r io.Reader) error { return s.receive(ctx, r, j, task) },
		renderLimits)
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

// answer is the first line that a render child writes; the files' bytes follow it.
type answer struct {
	Report []recordReport `json:"report"`
	Files  []file         `json:"files"`
}

// file is one that a render made.
type file struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Size        int64  `json:"size"`
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

// receive takes a render child's answer: one file as it is, several as a ZIP.
func (s *Service) receive(ctx context.Context, r io.Reader, j job, task *tepin.Task) error {
	a, body, err := readAnswer(r)
	if err != nil {
		return err
	}
	report, fatal := summarize(a.Report)
	task.Report = report
	if fatal != nil {
		return fatal
	}
	content, name, contentType := body, j.Name+"."+extension(j.Format), ""
	switch len(a.Files) {
	case 0:
		return &renderError{failed, "nothing was rendered: the layout has no visible pages", report}
	case 1:
		contentType = a.Files[0].ContentType
	default:
		content, name, contentType = zipped(a.Files, body, j.Created), j.Name+".zip", "application/zip"
	}
	task.FileName, task.ContentType = name, contentType
	task.Result, err = s.Asset.Receive(ctx, task.EnvironmentID, content, MaxOutputBytes+1<<20)
	task.Renders, task.Watermarked = renders(j, len(a.Files)), j.Watermark != ""
	task.Batch = j.Format == tepin.PDF && j.count() > 1
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

// readAnswer parses the first line; the files' bytes are what follows it.
func readAnswer(r io.Reader) (answer, io.Reader, error) {
	dec := json.NewDecoder(io.LimitReader(r, maxHead))
	var a answer
	if err := dec.Decode(&a); err != nil {
		return a, nil, err
	}
	rest := io.MultiReader(dec.Buffered(), r)
	var newline [1]byte
	if _, err := io.ReadFull(rest, newline[:]); err != nil {
		return a, nil, err
	}
	var total int64
	for _, f := range a.Files {
		total += f.Size
	}
	return a, &exactly{rest, total}, nil
}

// exactly reads n bytes, and takes fewer as a failure: a child that dies half-way
// leaves no half file.
type exactly struct {
	r io.Reader
	n int64
}

func (e *exactly) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.n)])
	e.n -= int64(n)
	if err == io.EOF && e.n > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func tooLong(e recordError) bool { return max(len(e.Type), len(e.Details)) > maxDetails+len("…") }

func extension(f tepin.Format) string { return strings.ToLower(string(f)) }

// summarize writes the error report of a render and tells whether an error in it
// ends the task.
func summarize(records []recordReport) (report string, fatal *renderError) {
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
	for _, rec := range records {
		for _, e := range rec.Errors {
			if !warning(e.Type) {
				return report, &renderError{e.Type, fmt.Sprintf("record %d: %s", rec.Number, e.Details), report}
			}
		}
	}
	return report, nil
}
