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

// TemplatesIn asks for a page of templates.
type TemplatesIn struct {
	FolderIn
	Tags string `query:"tags" maxLength:"2700" doc:"Only templates that have all of these tags: their ids or names, with commas between them, at most 10." example:"spring,print"`
}

// templateList reads what the caller wants of a list of templates.
func (a *API) templateList(c web.Caller, rt route, in TemplatesIn, read func(web.Caller, route, FolderIn) (tepin.List, error)) (tepin.List, error) {
	l, err := read(c, rt, in.FolderIn)
	if err == nil && in.NextPageToken == "" {
		l.Tags, err = tagFilter(in.Tags)
	}
	return l, err
}

func (a *API) listTemplates(ctx context.Context, c web.Caller, in *TemplatesIn) (*answer[Page[Template]], error) {
	l, err := a.templateList(c, "/templates", *in, a.list)
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
	return Template{ID: tepin.TemplateID(f.ID), Name: f.Name, RelativePath: f.Parent, Type: kindDirectory, Tags: []TagRef{},
		DateCreated: f.CreatedAt.UTC(), LastModifiedDate: f.UpdatedAt.UTC(), LastModifiedContentUTC: f.UpdatedAt.UTC()}
}

func (a *API) templateDirectory(ctx context.Context, c web.Caller, in *TemplatesIn) (*answer[Page[Template]], error) {
	l, err := a.templateList(c, "/templates/directory", *in, a.directory)
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
	w.Header().Set("Location", href(c, "/templates/"+string(t.ID)))
	return writeVersion(w, http.StatusCreated, t.Version, templateOf(t))
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
	return writeVersion(w, http.StatusOK, t.Version, templateOf(t))
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

type deleteTemplateIn struct {
	InEnvironment
	ID    string `path:"id" doc:"Id of the template."`
	Force bool   `query:"force" doc:"Also if it is in a template collection; without it, that is a 409."`
}

func (a *API) deleteTemplate(ctx context.Context, c web.Caller, in *deleteTemplateIn) (*answer[Template], error) {
	t, err := a.template(ctx, c, in.ID)
	if err == nil {
		err = matches(c, t.Version)
	}
	if err != nil {
		return nil, err
	}
	t, err = a.Store.DeleteTemplate(ctx, c.Actor, c.Environment.ID, t.ID, in.Force)
	return ok(templateOf(t)), err
}

func (a *API) restoreTemplate(ctx context.Context, c web.Caller, in *templateIn) (*answer[Template], error) {
	tid, err := id[tepin.TemplateID]("template", in.ID)
	if err != nil {
		return nil, err
	}
	t, err := a.Store.RestoreTemplate(ctx, c.Actor, c.Environment.ID, tid)
	if err != nil {
		return nil, err
	}
	return changed(t.Version, templateOf(t)), nil
}

type copyTemplateIn struct {
	InEnvironment
	ID         string `path:"id" doc:"Id of the template."`
	Name       string `query:"name" doc:"Of the copy; that of the template if it is left out." example:"Summer campaign, Ghent"`
	FolderPath string `query:"folderPath" doc:"Of the copy; that of the template if it is left out." example:"/campaigns/2026"`
}

// copyTemplate makes another template of a template's document, with the same tags.
func (a *API) copyTemplate(ctx context.Context, c web.Caller, in *copyTemplateIn) (*answer[Template], error) {
	env := c.Environment.ID
	t, err := a.template(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	made := tepin.Template{EnvironmentID: env, Name: t.Name, Folder: t.Folder, Tags: t.Tags}
	if in.Name != "" {
		if made.Name, err = asset.CheckName("the template", in.Name); err != nil {
			return nil, err
		}
	}
	if in.FolderPath != "" {
		if made.Folder, err = asset.CheckFolder(in.FolderPath); err != nil {
			return nil, err
		}
	}
	if made.Document, err = a.Asset.Copy(ctx, env, t.Document); err != nil {
		return nil, err
	}
	made, err = a.Store.CreateTemplate(ctx, c.Actor, made)
	if err := a.Asset.Settle(ctx, made.Document, err); err != nil {
		return nil, err
	}
	return added(made.Version, templateOf(made)), nil
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
