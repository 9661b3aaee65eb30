package environmentapi

import (
	"context"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

type templateIn struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the template."`
}

func (a *API) listTemplates(ctx context.Context, c web.Caller, in *FolderIn) (*answer[Page[Template]], error) {
	l, err := a.list(c, "/templates", *in)
	if err != nil {
		return nil, err
	}
	p, err := a.Store.Templates(ctx, c.Environment.ID, l)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, "/templates", l, p, templateOf), nil
}

// templateFolder is a folder among templates.
func templateFolder(f tepin.Folder) Template {
	return Template{ID: tepin.TemplateID(f.ID), Name: f.Name, RelativePath: f.Parent, Type: kindDirectory,
		DateCreated: f.CreatedAt.UTC(), LastModifiedDate: f.UpdatedAt.UTC(), LastModifiedContentUTC: f.UpdatedAt.UTC()}
}

func (a *API) templateDirectory(ctx context.Context, c web.Caller, in *FolderIn) (*answer[Page[Template]], error) {
	l, err := a.directory(c, "/templates/directory", *in)
	if err != nil {
		return nil, err
	}
	p, err := a.Store.TemplateDirectory(ctx, c.Environment.ID, l)
	if err != nil {
		return nil, err
	}
	return directoryOf(a, c, "/templates/directory", l, p, templateFolder, templateOf), nil
}

func (a *API) template(ctx context.Context, c web.Caller, given string) (tepin.Template, error) {
	id, err := id[tepin.TemplateID]("template", given)
	if err != nil {
		return tepin.Template{}, err
	}
	return a.Store.Template(ctx, c.Environment.ID, id)
}

func (a *API) getTemplate(ctx context.Context, c web.Caller, in *templateIn) (*answer[Item[Template]], error) {
	t, err := a.template(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return versioned(c, t.Version, Item[Template]{Data: templateOf(t)}), nil
}

// createTemplate makes a template of the document in the body.
func (a *API) createTemplate(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	query := r.URL.Query()
	name, err := asset.CheckName("the template", query.Get("name"))
	if err != nil {
		return err
	}
	folder, err := asset.CheckFolder(query.Get("folderPath"))
	if err != nil {
		return err
	}
	var t tepin.Template
	err = a.saveDocument(r, c.Environment.ID, func(ref tepin.BlobRef) (err error) {
		t, err = a.Store.CreateTemplate(r.Context(), c.Actor, tepin.Template{EnvironmentID: c.Environment.ID, Name: name, Folder: folder, Document: ref})
		return err
	})
	if err != nil {
		return err
	}
	w.Header().Set("ETag", web.ETag(t.Version))
	w.Header().Set("Location", href(c, "/templates/"+string(t.ID)))
	return writeJSON(w, http.StatusCreated, templateOf(t))
}

// updateTemplate replaces the document by the body, or name and folder by the query.
func (a *API) updateTemplate(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	change, err := templateChange(r)
	if err != nil {
		return err
	}
	tid, err := id[tepin.TemplateID]("template", r.PathValue("id"))
	if err != nil {
		return err
	}
	var t tepin.Template
	write := func() (err error) {
		t, err = a.Store.UpdateTemplate(r.Context(), c.Actor, c.Environment.ID, tid, change)
		return err
	}
	if change.Name == nil && change.Folder == nil {
		err = a.saveDocument(r, c.Environment.ID, func(ref tepin.BlobRef) error {
			change.Document = &ref
			return write()
		})
	} else {
		err = write()
	}
	if err != nil {
		return err
	}
	w.Header().Set("ETag", web.ETag(t.Version))
	return writeJSON(w, http.StatusOK, templateOf(t))
}

// templateChange reads what the query and the headers say of an update. Without name
// and folder, the document is to change.
func templateChange(r *http.Request) (tepin.TemplateUpdate, error) {
	var change tepin.TemplateUpdate
	var err error
	if change.IfVersion, err = web.IfMatch(r); err != nil {
		return change, err
	}
	query := r.URL.Query()
	if query.Get("name") != "" {
		name, err := asset.CheckName("the template", query.Get("name"))
		if err != nil {
			return change, err
		}
		change.Name = &name
	}
	if query.Get("folderPath") != "" {
		folder, err := asset.CheckFolder(query.Get("folderPath"))
		if err != nil {
			return change, err
		}
		change.Folder = &folder
	}
	renames, body := change.Name != nil || change.Folder != nil, hasBody(r)
	switch {
	case renames && body:
		return change, tepin.Errorf(tepin.Invalid, "send either a document in the body, or name and folderPath in the query; the request has both")
	case !renames && !body:
		return change, tepin.Errorf(tepin.Invalid, "there is nothing to change: send a document in the body, or name or folderPath in the query")
	}
	return change, nil
}

func (a *API) deleteTemplate(ctx context.Context, c web.Caller, in *templateIn) (*answer[Template], error) {
	t, err := a.template(ctx, c, in.ID)
	if err == nil {
		err = matches(c, t.Version)
	}
	if err != nil {
		return nil, err
	}
	t, err = a.Store.DeleteTemplate(ctx, c.Actor, c.Environment.ID, t.ID, false)
	return ok(templateOf(t)), err
}

func (a *API) downloadTemplate(w http.ResponseWriter, r *http.Request) error {
	t, err := a.template(r.Context(), web.CallerOf(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.serveDocument(w, r, t.Name, t.Document, t.Version)
}

// matches is the If-Match of deletions.
func matches(c web.Caller, version int64) error {
	want, err := web.IfMatch(c.Request)
	if err == nil && want != nil && *want != version {
		return tepin.Errorf(tepin.Stale, "it has changed since; read it again: it is now version %d", version)
	}
	return err
}
