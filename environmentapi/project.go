package environmentapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/web"
)

// ProjectIn names a project.
type ProjectIn struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the project. Its owner sees it, and those with whom it is shared."`
}

type createProjectIn struct {
	InEnvironment
	Body struct {
		Template        TemplateRef `json:"template"`
		Name            string      `json:"name,omitempty" maxLength:"255" doc:"The template's name if it is left out." example:"Poster for Antwerp"`
		CollectionID    OptionalID  `json:"collectionId,omitempty" doc:"A collection that has the template."`
		UserInterfaceID OptionalID  `json:"userInterfaceId,omitempty" doc:"null or left out: that of the collection, else the environment's default."`
		_               struct{}    `additionalProperties:"true"`
	}
}

type updateProjectIn struct {
	ProjectIn
	Body struct {
		Name            *string    `json:"name,omitempty" maxLength:"255" example:"Poster for Ghent"`
		UserInterfaceID OptionalID `json:"userInterfaceId,omitempty" doc:"null: the environment's default."`
		_               struct{}   `additionalProperties:"true"`
	}
}

type copyProjectIn struct {
	ProjectIn
	Body *struct {
		Name string   `json:"name,omitempty" maxLength:"255" doc:"The name with (copy) behind it if it is left out." example:"Poster for Bruges"`
		_    struct{} `additionalProperties:"true"`
	}
}

type listProjectsIn struct {
	ListIn
	Shared string `query:"shared" enum:"true,false" doc:"true: only projects of others that are shared with you; false: only your own. Not needed with nextPageToken."`
}

func (a *API) listProjects(ctx context.Context, c web.Caller, in *listProjectsIn) (*answer[Page[Project]], error) {
	l, err := a.list(c, "/projects", FolderIn{ListIn: in.ListIn})
	if err != nil {
		return nil, err
	}
	if in.Shared != "" && in.NextPageToken == "" {
		shared := in.Shared == "true"
		l.Shared = &shared
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
	ui, err := optional[tepin.DefinitionID]("user interface", in.Body.UserInterfaceID)
	if err != nil {
		return nil, err
	}
	collection, err := optional[tepin.CollectionID]("collection", in.Body.CollectionID)
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
	return a.keepProject(ctx, c, tepin.Project{Name: name, TemplateID: t.ID, CollectionID: collection, UserInterfaceID: ui, Document: ref}, func(v tepin.Project) (tepin.Project, error) {
		return a.Store.CreateProject(ctx, c.Actor, v)
	})
}

// keepProject makes the record of a new project of the caller whose document is written.
func (a *API) keepProject(ctx context.Context, c web.Caller, p tepin.Project, keep func(tepin.Project) (tepin.Project, error)) (*answer[Project], error) {
	p.EnvironmentID, p.OwnerKind, p.OwnerID = c.Environment.ID, c.Actor.Kind, c.Actor.ID
	made, err := keep(p)
	if err := a.Asset.Settle(ctx, p.Document, err); err != nil {
		return nil, err
	}
	return added(made.Version, projectOf(made)), nil
}

// copyProject makes a project of the caller with the bytes of one that it reaches.
func (a *API) copyProject(ctx context.Context, c web.Caller, in *copyProjectIn) (*answer[Project], error) {
	p, err := a.project(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	name := copyName(p.Name)
	if in.Body != nil && in.Body.Name != "" {
		if name, err = asset.CheckName("the project", in.Body.Name); err != nil {
			return nil, err
		}
	}
	ref, err := a.Asset.Copy(ctx, c.Environment.ID, p.Document)
	if err != nil {
		return nil, err
	}
	return a.keepProject(ctx, c, tepin.Project{Name: name, Document: ref}, func(v tepin.Project) (tepin.Project, error) {
		return a.Store.CopyProject(ctx, c.Actor, p.ID, v)
	})
}

// copyName is the name of a copy where the caller chose none.
func copyName(name string) string {
	const mark = " (copy)"
	if runes := []rune(name); len(runes)+len(mark) > asset.MaxName {
		name = strings.TrimSpace(string(runes[:asset.MaxName-len(mark)]))
	}
	return name + mark
}

func (a *API) updateProject(ctx context.Context, c web.Caller, in *updateProjectIn) (*answer[Project], error) {
	pid, err := id[tepin.ProjectID]("project", in.ID)
	if err != nil {
		return nil, err
	}
	var change tepin.ProjectUpdate
	if in.Body.Name != nil {
		name, err := asset.CheckName("the project", *in.Body.Name)
		if err != nil {
			return nil, err
		}
		change.Name = &name
	}
	if in.Body.UserInterfaceID.Set {
		ui, err := optional[tepin.DefinitionID]("user interface", in.Body.UserInterfaceID)
		if err != nil {
			return nil, err
		}
		change.UserInterfaceID = &ui
	}
	if change.Name == nil && change.UserInterfaceID == nil {
		return nil, tepin.Errorf(tepin.Invalid, "there is nothing to change: send name or userInterfaceId")
	}
	if change.IfVersion, err = web.IfMatch(c.Request); err != nil {
		return nil, err
	}
	p, err := a.Store.UpdateProject(ctx, c.Actor, c.Environment.ID, pid, change)
	if err != nil {
		return nil, err
	}
	return changed(p.Version, projectOf(p)), nil
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

type deleteProjectsIn struct {
	InEnvironment
	IDs []string `query:"ids" required:"true" doc:"Ids of projects, separated by commas, at most 200. One that is named twice counts once."`
}

// deleteProjects deletes all of the given projects or none.
func (a *API) deleteProjects(ctx context.Context, c web.Caller, in *deleteProjectsIn) (*empty, error) {
	ids, err := idList[tepin.ProjectID]("project", in.IDs)
	if err != nil {
		return nil, err
	}
	return &empty{http.StatusNoContent}, a.Store.DeleteProjects(ctx, c.Actor, c.Environment.ID, ids)
}

func (a *API) restoreProject(ctx context.Context, c web.Caller, in *ProjectIn) (*answer[Project], error) {
	pid, err := id[tepin.ProjectID]("project", in.ID)
	if err != nil {
		return nil, err
	}
	p, err := a.Store.RestoreProject(ctx, c.Actor, c.Environment.ID, pid)
	if err != nil {
		return nil, err
	}
	return changed(p.Version, projectOf(p)), nil
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
