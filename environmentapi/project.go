package environmentapi

import (
	"context"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/web"
)

// ProjectIn names a project.
type ProjectIn struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the project. Only its owner can see it."`
}

type createProjectIn struct {
	InEnvironment
	Body struct {
		Template     TemplateRef `json:"template"`
		Name         string      `json:"name,omitempty" doc:"The template's name if it is left out." example:"Poster for Antwerp"`
		CollectionID *string     `json:"collectionId,omitempty" doc:"Not used yet."`
		_            struct{}    `additionalProperties:"true"`
	}
}

type renameProjectIn struct {
	ProjectIn
	Body struct {
		Name string   `json:"name" example:"Poster for Ghent"`
		_    struct{} `additionalProperties:"true"`
	}
}

func (a *API) listProjects(ctx context.Context, c web.Caller, in *ListIn) (*answer[Page[Project]], error) {
	l, err := a.list(c, "/projects", FolderIn{ListIn: *in})
	if err != nil {
		return nil, err
	}
	p, err := a.Store.Projects(ctx, c.Environment.ID, c.Actor, l)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, "/projects", l, p, projectOf), nil
}

func (a *API) project(ctx context.Context, c web.Caller, given string) (tepin.Project, error) {
	id, err := id[tepin.ProjectID]("project", given)
	if err != nil {
		return tepin.Project{}, err
	}
	return a.Store.Project(ctx, c.Environment.ID, c.Actor, id)
}

func (a *API) getProject(ctx context.Context, c web.Caller, in *ProjectIn) (*answer[Project], error) {
	p, err := a.project(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return versioned(c, p.Version, projectOf(p)), nil
}

// createProject copies a template's document into a project of the caller.
func (a *API) createProject(ctx context.Context, c web.Caller, in *createProjectIn) (*answer[Project], error) {
	env := c.Environment.ID
	t, err := a.template(ctx, c, string(in.Body.Template.ID))
	if err != nil {
		return nil, err
	}
	if in.Body.Name == "" {
		in.Body.Name = t.Name
	}
	name, err := asset.CheckName("the project", in.Body.Name)
	if err != nil {
		return nil, err
	}
	if err := a.large.Acquire(ctx, 2*t.Document.Size); err != nil {
		return nil, err
	}
	defer a.large.Release(2 * t.Document.Size)
	raw, err := a.Asset.Document(ctx, env, t.Document)
	if err != nil {
		return nil, err
	}
	if raw, err = output.NewProjectDocument(raw, t.ID); err != nil {
		return nil, err
	}
	ref, err := a.Asset.PutDocument(ctx, env, raw)
	if err != nil {
		return nil, err
	}
	p, err := a.Store.CreateProject(ctx, c.Actor, tepin.Project{
		EnvironmentID: env, OwnerKind: c.Actor.Kind, OwnerID: c.Actor.ID, Name: name, TemplateID: t.ID, Document: ref,
	})
	if err := a.Asset.Settle(ctx, ref, err); err != nil {
		return nil, err
	}
	return &answer[Project]{Status: http.StatusCreated, ETag: web.ETag(p.Version), Body: projectOf(p)}, nil
}

func (a *API) renameProject(ctx context.Context, c web.Caller, in *renameProjectIn) (*answer[Project], error) {
	name, err := asset.CheckName("the project", in.Body.Name)
	if err != nil {
		return nil, err
	}
	pid, err := id[tepin.ProjectID]("project", in.ID)
	if err != nil {
		return nil, err
	}
	change := tepin.ProjectUpdate{Name: &name}
	if change.IfVersion, err = web.IfMatch(c.Request); err != nil {
		return nil, err
	}
	p, err := a.Store.UpdateProject(ctx, c.Actor, c.Environment.ID, pid, change)
	if err != nil {
		return nil, err
	}
	return &answer[Project]{Status: http.StatusOK, ETag: web.ETag(p.Version), Body: projectOf(p)}, nil
}

func (a *API) deleteProject(ctx context.Context, c web.Caller, in *ProjectIn) (*empty, error) {
	p, err := a.project(ctx, c, in.ID)
	if err == nil {
		err = matches(c, p.Version)
	}
	if err != nil {
		return nil, err
	}
	_, err = a.Store.DeleteProject(ctx, c.Actor, c.Environment.ID, p.ID)
	return &empty{http.StatusNoContent}, err
}

func (a *API) getProjectDocument(w http.ResponseWriter, r *http.Request) error {
	p, err := a.project(r.Context(), web.CallerOf(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.serveDocument(w, r, p.Name, p.Document, p.Version)
}

func (a *API) putProjectDocument(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	pid, err := id[tepin.ProjectID]("project", r.PathValue("id"))
	if err != nil {
		return err
	}
	var change tepin.ProjectUpdate
	if change.IfVersion, err = web.IfMatch(r); err != nil {
		return err
	}
	var p tepin.Project
	err = a.saveDocument(r, c.Environment.ID, func(ref tepin.BlobRef) (err error) {
		change.Document = &ref
		p, err = a.Store.UpdateProject(r.Context(), c.Actor, c.Environment.ID, pid, change)
		return err
	})
	if err != nil {
		return err
	}
	w.Header().Set("ETag", web.ETag(p.Version))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
