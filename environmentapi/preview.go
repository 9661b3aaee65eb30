package environmentapi

import (
	"errors"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/web"
)

// givenType is the type that a request names in its path or in its query.
func givenType(r *http.Request) string {
	if t := r.PathValue("previewType"); t != "" {
		return t
	}
	return r.URL.Query().Get("previewType")
}

// previewType is the type that a request names; nothing means the least.
func previewType(r *http.Request) string {
	if t := givenType(r); t != "" {
		return t
	}
	return string(tepin.PreviewThumbnail)
}

// previewMedia answers a preview of a media file: 200 with the picture, or 202 without
// a body while it is made.
func (a *API) previewMedia(w http.ResponseWriter, r *http.Request) error {
	t, err := preview.MediaType(previewType(r))
	if err != nil {
		return err
	}
	m, err := a.media(r.Context(), web.CallerOf(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := a.Preview.Media(r.Context(), m, t)
	return a.servePreview(w, r, m.Name, f, err)
}

// servePreview answers a preview that is there, or 202 for one that is not yet.
func (a *API) servePreview(w http.ResponseWriter, r *http.Request, name string, f preview.File, err error) error {
	if _, pending := errors.AsType[*preview.Pending](err); pending {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	if err != nil {
		return err
	}
	if notModified(w, r, f.Version) {
		return nil
	}
	return a.serveBlob(w, r, f.Ref, web.Blob{Name: name + "." + f.Extension, ContentType: f.ContentType, ETag: web.ETag(f.Version), Inline: f.Ours})
}

// view reads what of a document is to be seen.
func view(r *http.Request) (preview.View, error) {
	t, err := preview.DocumentType(previewType(r))
	query := r.URL.Query()
	return preview.View{Type: t, LayoutID: query.Get("layoutId"), PageID: query.Get("pageId")}, err
}

// previewTemplate answers a preview of a template: 200 with the picture, or 202 with
// the task that makes it.
func (a *API) previewTemplate(w http.ResponseWriter, r *http.Request) error {
	v, err := view(r)
	if err != nil {
		return err
	}
	t, err := a.template(r.Context(), web.CallerOf(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := a.Preview.Template(r.Context(), t, v)
	return a.serveDocumentPreview(w, r, "/templates", t.Name, f, err)
}

// previewProject answers a preview of a project, as previewTemplate does.
func (a *API) previewProject(w http.ResponseWriter, r *http.Request) error {
	v, err := view(r)
	if err != nil {
		return err
	}
	p, err := a.project(r.Context(), web.CallerOf(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := a.Preview.Project(r.Context(), p, v)
	return a.serveDocumentPreview(w, r, "/projects", p.Name, f, err)
}

// serveDocumentPreview answers a preview that is there, or the task that makes it.
func (a *API) serveDocumentPreview(w http.ResponseWriter, r *http.Request, resource, name string, f preview.File, err error) error {
	if p, pending := errors.AsType[*preview.Pending](err); pending {
		return writeJSON(w, http.StatusAccepted, PreviewTask{Data: PreviewTaskData{p.Task}, Links: Links{TaskInfo: previewLink(web.CallerOf(r.Context()), resource, p.Task, "")}})
	}
	return a.servePreview(w, r, name, f, err)
}

// previewLink is the absolute address of a task that makes a preview, or of what is
// below it.
func previewLink(c web.Caller, resource string, id tepin.PreviewID, below string) string {
	return href(c, resource+"/preview/tasks/"+string(id)+below)
}

// previewTask finds a task by the id in the path. Tasks of templates and of projects
// are found below either, by whoever may read what they are of.
func (a *API) previewTask(r *http.Request) (p tepin.Preview, name string, err error) {
	c := web.CallerOf(r.Context())
	task, err := id[tepin.PreviewID]("task", r.PathValue("taskId"))
	if err != nil {
		return p, "", err
	}
	if p, err = a.Preview.Task(r.Context(), c.Environment.ID, task); err != nil {
		return p, "", err
	}
	absent := tepin.Errorf(tepin.NotFound, "there is no such task here")
	switch p.Kind {
	case tepin.PreviewOfTemplate:
		if !c.Actor.Scopes.Has(tepin.TemplateRead) {
			return p, "", absent
		}
		t, err := a.Store.Template(r.Context(), c.Environment.ID, tepin.TemplateID(p.SubjectID))
		return p, t.Name, err
	case tepin.PreviewOfProject:
		if !c.Actor.Scopes.Has(tepin.ProjectRead) {
			return p, "", absent
		}
		project, err := a.Store.Project(r.Context(), c.Environment.ID, c.Actor, tepin.ProjectID(p.SubjectID))
		return p, project.Name, err
	}
	return p, "", absent
}

// getPreviewTask answers how far a preview has come: 202 without a body, 200 with its
// download, or a 500 problem that says why there is none.
func (a *API) getPreviewTask(resource string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, _, err := a.previewTask(r)
		if err != nil {
			return err
		}
		c := web.CallerOf(r.Context())
		switch p.State {
		case tepin.TaskFinished:
			return writeJSON(w, http.StatusOK, PreviewTask{Data: PreviewTaskData{p.ID}, Links: Links{Download: previewLink(c, resource, p.ID, "/download")}})
		case tepin.TaskFailed:
			problem := &web.Problem{Type: p.ErrorType, Title: "The preview could not be made", Status: http.StatusInternalServerError, Detail: p.ErrorDetail}
			if p.Report != "" {
				problem.Detail = sentence(problem.Detail) + "Error report: " + previewLink(c, resource, p.ID, "/report")
			}
			return problem
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
}

// downloadPreview answers the picture of a finished task.
func (a *API) downloadPreview(w http.ResponseWriter, r *http.Request) error {
	p, name, err := a.previewTask(r)
	switch {
	case err != nil:
		return err
	case p.State == tepin.TaskFailed:
		return tepin.Errorf(tepin.Invalid, "the preview could not be made: %s", p.ErrorDetail)
	case p.State != tepin.TaskFinished:
		return tepin.Errorf(tepin.Invalid, "there is no preview yet; ask again when the task is finished")
	}
	return a.servePreview(w, r, name, a.Preview.FileOf(p), nil)
}

// reportPreview answers what was wrong with a document's preview.
func (a *API) reportPreview(w http.ResponseWriter, r *http.Request) error {
	p, _, err := a.previewTask(r)
	if err != nil {
		return err
	}
	return serveReport(w, r, p.Report)
}

// previewStyle answers a preview of a font style.
func (a *API) previewStyle(w http.ResponseWriter, r *http.Request) error {
	t, err := preview.FontType(givenType(r))
	if err != nil {
		return err
	}
	style, err := a.style(r.Context(), web.CallerOf(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := a.Preview.FontStyle(r.Context(), style, t)
	return a.servePreview(w, r, style.FamilyName+" "+style.Name, f, err)
}

// previewFamily answers a preview of a font family.
func (a *API) previewFamily(w http.ResponseWriter, r *http.Request) error {
	t, err := preview.FontType(givenType(r))
	if err != nil {
		return err
	}
	c := web.CallerOf(r.Context())
	family, err := id[tepin.FontFamilyID]("font family", r.PathValue("id"))
	if err != nil {
		return err
	}
	found, err := a.Store.FontFamily(r.Context(), c.Environment.ID, family)
	if err != nil {
		return err
	}
	f, err := a.Preview.FontFamily(r.Context(), found, t)
	return a.servePreview(w, r, found.Name, f, err)
}

// previewFont answers a preview of a font style under its older path.
func (a *API) previewFont(w http.ResponseWriter, r *http.Request) error {
	t, err := preview.DocumentType(previewType(r))
	if err != nil {
		return err
	}
	style, err := a.style(r.Context(), web.CallerOf(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := a.Preview.OldFont(r.Context(), style, t)
	return a.servePreview(w, r, style.FamilyName+" "+style.Name, f, err)
}
