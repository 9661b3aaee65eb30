package environmentapi

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

type settingsIn struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the output settings."`
}

func outputSettingsOf(s tepin.OutputSettings) OutputSettings {
	b := OutputSettings{
		ID: s.ID, Name: s.Name, Description: s.Description, Type: strings.ToUpper(string(s.Format)),
		Default: s.Default, Watermark: s.Watermark, WatermarkText: s.WatermarkText,
	}
	switch s.Format {
	case tepin.PNG:
		b.Scaling = &s.Scaling
	case tepin.JPG:
		b.Scaling, b.Quality = &s.Scaling, &s.Quality
	case tepin.PDF:
		b.IncludeBleed = &s.Bleed
	}
	return b
}

func (a *API) listOutputSettings(ctx context.Context, c web.Caller, _ *InEnvironment) (*answer[Page[OutputSettings]], error) {
	rows, err := a.Store.OutputSettings(ctx, c.Environment.ID)
	if err != nil {
		return nil, err
	}
	total := int64(len(rows))
	return pageOf(a, c, "/output/settings", tepin.List{Limit: len(rows)}, tepin.Page[tepin.OutputSettings]{Items: rows, Total: &total}, outputSettingsOf), nil
}

func (a *API) getOutputSettings(ctx context.Context, c web.Caller, in *settingsIn) (*answer[OutputSettings], error) {
	id, err := id[tepin.OutputSettingsID]("set of output settings", in.ID)
	if err != nil {
		return nil, err
	}
	s, err := a.Store.OutputSettingsByID(ctx, c.Environment.ID, id)
	if err != nil {
		return nil, err
	}
	return versioned(c, s.Version, outputSettingsOf(s)), nil
}

// taskLink is the absolute address of a task, or of what is below it.
func taskLink(c web.Caller, id tepin.TaskID, below string) string {
	return href(c, "/output/tasks/"+string(id)+below)
}

// expired reports whether a finished task's file can no longer be had.
func (a *API) expired(t tepin.Task) bool {
	return t.Result.Key == "" || a.Now().Sub(t.ProcessedAt) >= tepin.OutputKept
}

func (a *API) taskOf(t tepin.Task) Task {
	b := Task{
		ID: t.ID, Name: t.Name, DateCreated: t.CreatedAt.UTC(), Format: strings.ToUpper(string(t.Format)),
		Status: title(string(t.State)), Source: title(t.Source), Owner: t.OwnerID, Watermarked: t.Watermarked, Renders: t.Renders,
		OutputAvailable: t.State == tepin.TaskFinished && !a.expired(t), ErrorType: t.ErrorType, ErrorDetail: t.ErrorDetail,
	}
	if !t.ProcessedAt.IsZero() {
		at := t.ProcessedAt.UTC()
		b.DateProcessed = &at
	}
	return b
}

// title writes one lower-case word with a capital.
func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (a *API) listTasks(ctx context.Context, c web.Caller, in *ListIn) (*answer[Page[Task]], error) {
	l, err := a.list(c, "/output/tasks", FolderIn{ListIn: *in})
	if err != nil {
		return nil, err
	}
	if l.SortBy == "" && in.SortOrder != "" {
		l.SortBy = tepin.SortID // an order that is asked for: by id, and so by age
	}
	p, err := a.Store.Tasks(ctx, c.Environment.ID, c.Actor, l)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, "/output/tasks", l, p, a.taskOf), nil
}

func (a *API) task(r *http.Request) (tepin.Task, error) {
	c := web.CallerOf(r.Context())
	id, err := id[tepin.TaskID]("task", r.PathValue("id"))
	if err != nil {
		return tepin.Task{}, err
	}
	return a.Store.Task(r.Context(), c.Environment.ID, c.Actor, id)
}

// getTask answers 202 without a body while the task is under way, 200 with the
// download when it is finished, and a 500 problem that says why it failed.
func (a *API) getTask(w http.ResponseWriter, r *http.Request) error {
	t, err := a.task(r)
	if err != nil {
		return err
	}
	c := web.CallerOf(r.Context())
	switch t.State {
	case tepin.TaskFinished:
		return writeJSON(w, http.StatusOK, TaskInfo{Data: TaskData{t.ID}, Links: Links{Download: taskLink(c, t.ID, "/download")}})
	case tepin.TaskFailed:
		return failure(c, t)
	}
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// failure is the problem of a failed task. Its detail names the error report, if there
// is one.
func failure(c web.Caller, t tepin.Task) error {
	p := &web.Problem{Type: t.ErrorType, Title: "The output could not be made", Status: http.StatusInternalServerError, Detail: t.ErrorDetail}
	if p.Type == "" {
		p.Type = "OutputFailed"
	}
	if t.Report != "" {
		p.Detail = sentence(p.Detail) + "Error report: " + taskLink(c, t.ID, "/report")
	}
	return p
}

// sentence ends a text, if there is one, so that another can follow it.
func sentence(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return ""
	}
	return strings.TrimSuffix(s, ".") + ". "
}

func (a *API) downloadTask(w http.ResponseWriter, r *http.Request) error {
	t, err := a.task(r)
	switch {
	case err != nil:
		return err
	case t.State == tepin.TaskFailed:
		return tepin.Errorf(tepin.Invalid, "the task failed: there is no output; GET %s says why", taskLink(web.CallerOf(r.Context()), t.ID, ""))
	case t.State != tepin.TaskFinished:
		return tepin.Errorf(tepin.Invalid, "there is no output yet; ask again when the task is finished")
	case a.expired(t):
		return tepin.Errorf(tepin.Gone, "the output is no longer available: files are kept for %d hours; request it again", int(tepin.OutputKept.Hours()))
	}
	return web.ServeTenant(w, r, web.Blob{
		Name: t.FileName, ContentType: t.ContentType, Size: t.Result.Size, Inline: true,
		Open: func(offset, length int64) (io.ReadCloser, error) {
			return a.Output.Open(r.Context(), t, offset, length)
		},
	})
}

// reportTask answers the error report of a task: what was wrong in which record.
func (a *API) reportTask(w http.ResponseWriter, r *http.Request) error {
	t, err := a.task(r)
	if err != nil {
		return err
	}
	return serveReport(w, r, t.Report)
}

// serveReport answers an error report.
func serveReport(w http.ResponseWriter, r *http.Request, report string) error {
	if report == "" {
		return tepin.Errorf(tepin.NotFound, "the task has no error report")
	}
	return web.ServeTenant(w, r, web.Blob{
		Name: "report.json", ContentType: "application/json", Size: int64(len(report)),
		Open: func(offset, length int64) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(report[offset : offset+length])), nil
		},
	})
}
