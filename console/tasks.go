package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tepin/tepin"
)

// tasksPage is what tasks.html shows, with one at its right in task.html.
type tasksPage struct {
	Path   string
	Search string
	State  tepin.TaskState // "" = all
	Page   string          // token of the page; "" = the first
	Rows   []tepin.Task
	Next   string // address of the next page; "" = this is the last
	Notice notice
	Open   *taskPanel
}

// Query is what is looked at as the end of an address, but for the page.
func (p tasksPage) Query() string { return p.With(p.State) }

// With is the list with tasks in this state alone, as the end of an address.
func (p tasksPage) With(state tepin.TaskState) string {
	q := url.Values{}
	if p.Search != "" {
		q.Set("search", p.Search)
	}
	if state != "" {
		q.Set("state", string(state))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// States are the filters.
func (tasksPage) States() []tepin.TaskState {
	return []tepin.TaskState{"", tepin.TaskPending, tepin.TaskProcessing, tepin.TaskFinished, tepin.TaskFailed}
}

// stateNames is what people call the states of tasks.
var stateNames = map[tepin.TaskState]string{"": "All", tepin.TaskPending: "Waiting", tepin.TaskProcessing: "Rendering", tepin.TaskFinished: "Finished", tepin.TaskFailed: "Failed"}

// StateName is what people call a state.
func (tasksPage) StateName(s tepin.TaskState) string { return stateNames[s] }

// taskPanel is one task.
type taskPanel struct {
	tepin.Task
	Owner    string
	Size     string
	Reported []reportedRecord
	Hidden   int // records with errors that are not shown
}

// reportedRecord is what was wrong in one record of an output.
type reportedRecord struct {
	Number int `json:"recordNumber"`
	Errors []struct {
		Type    string `json:"type"`
		Details string `json:"details"`
	} `json:"errorList"`
}

// maxReported is how many records with errors a page shows.
const maxReported = 50

func (c *Console) taskRoutes() []route {
	const at = "/environments/{environment}/tasks"
	return []route{
		{"GET " + at, anybody, c.tasks},
		{"GET " + at + "/{task}", anybody, c.task},
		{"GET " + at + "/{task}/file", anybody, c.downloadTask},
		{"POST " + at + "/{task}/delete", anybody, c.deleteTask},
	}
}

// tasksPage reads the page of the list that the address names.
func (c *Console) tasksPage(v *visit) (environmentPage, *tasksPage, error) {
	p, err := c.environment(v, "tasks")
	if err != nil {
		return p, nil, err
	}
	v.env = p.Environment
	q := v.r.URL.Query()
	page := &tasksPage{Path: p.Path() + "/tasks", Search: strings.TrimSpace(q.Get("search")), State: tepin.TaskState(q.Get("state")), Page: q.Get("page")}
	p.Tasks = page
	if _, ok := stateNames[page.State]; !ok {
		return p, nil, c.lost(v)
	}
	l := tepin.List{Limit: shelfRows, Search: page.Search, Tasks: tepin.TaskFilter{State: page.State}}
	if page.Page != "" {
		if l, err = c.tokens.Open(page.Page, v.env.ID, v.actor, "console/tasks"); err != nil {
			return p, nil, err
		}
	}
	rows, err := c.store.Tasks(v.r.Context(), v.env.ID, v.actor, l)
	if err != nil {
		return p, nil, err
	}
	page.Rows = rows.Items
	if rows.Next != nil {
		l.After = rows.Next
		page.Next = page.Path + "?page=" + c.tokens.Seal(v.env.ID, v.actor, "console/tasks", l) + strings.Replace(page.Query(), "?", "&", 1)
	}
	return p, page, nil
}

func (c *Console) tasks(v *visit) error {
	p, page, err := c.tasksPage(v)
	if err != nil {
		return err
	}
	page.Notice = v.notice()
	return c.render(v, http.StatusOK, "tasks", "Output tasks, "+v.env.Name, p)
}

func (c *Console) task(v *visit) error {
	p, page, err := c.tasksPage(v)
	if err != nil {
		return err
	}
	t, err := c.store.Task(v.r.Context(), v.env.ID, v.actor, tepin.TaskID(v.r.PathValue("task")))
	if err != nil {
		return err
	}
	page.Open = &taskPanel{Task: t, Size: size(t.Result.Size)}
	if page.Open.Owner, err = c.ownerName(v.r.Context(), v.env.ID, t.OwnerKind, t.OwnerID); err != nil {
		return err
	}
	if t.Report != "" {
		if err := json.Unmarshal([]byte(t.Report), &page.Open.Reported); err != nil {
			return fmt.Errorf("console: report of task %s: %w", t.ID, err)
		}
		page.Open.Hidden = max(0, len(page.Open.Reported)-maxReported)
		page.Open.Reported = page.Open.Reported[:min(maxReported, len(page.Open.Reported))]
	}
	return c.render(v, http.StatusOK, "task", t.Name+", "+v.env.Name, p)
}

func (c *Console) downloadTask(v *visit) error {
	p, err := c.environment(v, "tasks")
	if err != nil {
		return err
	}
	v.env = p.Environment
	t, err := c.store.Task(v.r.Context(), v.env.ID, v.actor, tepin.TaskID(v.r.PathValue("task")))
	switch {
	case err != nil:
		return err
	case t.Result.Key == "":
		return tepin.Errorf(tepin.Gone, "There is no file of this task any more: files are kept for 4 hours.")
	}
	return c.serve(v, t.Result, t.FileName, t.ContentType)
}

// deleteTask deletes a task, or cancels one that has not ended.
func (c *Console) deleteTask(v *visit) error {
	p, page, err := c.tasksPage(v)
	if err != nil {
		return err
	}
	id := tepin.TaskID(v.r.PathValue("task"))
	t, err := c.store.Task(v.r.Context(), p.Environment.ID, v.actor, id)
	if err == nil {
		err = c.store.DeleteTask(v.r.Context(), v.actor, v.env.ID, id)
	}
	if err != nil {
		return err
	}
	v.leaveNotice(notice{Text: "“" + t.Name + "” is deleted."})
	return v.goTo(page.Path + page.Query())
}
