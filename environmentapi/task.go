package environmentapi

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

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
		TotalRecords: t.Records, SuccessfulRecords: t.Successful, TotalSuccessfulRecords: t.Successful,
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

type tasksIn struct {
	ListIn
	Status string `query:"status" doc:"Only tasks of this status: Pending, Processing, Finished or Failed; in any case."`
	Format string `query:"format" doc:"Only tasks of this format: PNG, JPG, PDF, GIF, MP4 or HTML; in any case."`
	Source string `query:"source" doc:"Only tasks of this source: Template, Project or Document; in any case."`
	Owner  string `query:"owner" maxLength:"64" doc:"Only tasks of this integration or user, by id; me is the caller."`
}

func (a *API) listTasks(ctx context.Context, c web.Caller, in *tasksIn) (*answer[Page[Task]], error) {
	const rt = "/output/tasks"
	l, err := a.list(c, rt, FolderIn{ListIn: in.ListIn})
	if err != nil {
		return nil, err
	}
	if in.NextPageToken == "" { // else it carries them
		if l.Tasks, err = in.filter(c); err != nil {
			return nil, err
		}
	}
	if l.SortBy == "" && in.SortOrder != "" {
		l.SortBy = tepin.SortID // an order that is asked for: by id, and so by age
	}
	p, err := a.Store.Tasks(ctx, c.Environment.ID, c.Actor, l)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, rt, l, p, a.taskOf), nil
}

// filter reads which tasks are asked for.
func (in *tasksIn) filter(c web.Caller) (f tepin.TaskFilter, err error) {
	states := map[string]tepin.TaskState{"started": tepin.TaskProcessing, "error": tepin.TaskFailed} // as they are called elsewhere
	for _, s := range []tepin.TaskState{tepin.TaskPending, tepin.TaskProcessing, tepin.TaskFinished, tepin.TaskFailed} {
		states[string(s)] = s
	}
	formats := map[string]tepin.Format{}
	for _, format := range tepin.Formats {
		formats[string(format)] = format
	}
	sources := map[string]string{"template": "template", "project": "project", "document": "document"}
	var s, o, r bool
	f.State, s = states[strings.ToLower(in.Status)]
	f.Format, o = formats[strings.ToLower(in.Format)]
	f.Source, r = sources[strings.ToLower(in.Source)]
	switch {
	case in.Status != "" && !s:
		return f, &tepin.Error{Kind: tepin.Invalid, Path: "status", Message: "a task is Pending, Processing, Finished or Failed"}
	case in.Format != "" && !o:
		return f, &tepin.Error{Kind: tepin.Invalid, Path: "format", Message: "the formats are PNG, JPG, PDF, GIF, MP4 and HTML"}
	case in.Source != "" && !r:
		return f, &tepin.Error{Kind: tepin.Invalid, Path: "source", Message: "a task is made of a Template, a Project or a Document"}
	}
	if f.Owner, err = plain("owner", in.Owner); strings.EqualFold(f.Owner, "me") {
		f.Owner = c.Actor.ID
	}
	return f, err
}

type taskIn struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the task."`
}

// deleteTask removes a task and its file; one that is under way ends. Whoever may order
// such an output may do that.
func (a *API) deleteTask(ctx context.Context, c web.Caller, in *taskIn) (*empty, error) {
	id, err := id[tepin.TaskID]("task", in.ID)
	if err != nil {
		return nil, err
	}
	t, err := a.Store.Task(ctx, c.Environment.ID, c.Actor, id)
	if err != nil {
		return nil, err
	}
	needed := tepin.OutputStatic
	if t.Format == tepin.GIF || t.Format == tepin.MP4 {
		needed = tepin.OutputAnimated
	}
	if !c.Actor.Scopes.Has(needed) {
		return nil, tepin.Errorf(tepin.Forbidden, "to cancel or delete this task, a token needs the scope %s", needed)
	}
	if err := a.Store.DeleteTask(ctx, c.Actor, c.Environment.ID, id); err != nil {
		return nil, err
	}
	a.Output.Stop(id)
	return &empty{http.StatusNoContent}, nil
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
