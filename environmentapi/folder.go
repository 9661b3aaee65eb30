package environmentapi

import (
	"context"
	"net/http"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// kindDirectory is the "type" of a row that is a folder.
const kindDirectory = 1

// FolderRow is the JSON of a folder.
type FolderRow struct {
	ID               tepin.FolderID `json:"id" format:"uuid"`
	Name             string         `json:"name" example:"2026"`
	RelativePath     string         `json:"relativePath" doc:"The folder that it lies in." example:"/campaigns"`
	Type             int            `json:"type" doc:"1: a directory."`
	DateCreated      time.Time      `json:"dateCreated"`
	LastModifiedDate time.Time      `json:"lastModifiedDate" doc:"When it was last renamed or moved."`
}

func folderOf(f tepin.Folder) FolderRow {
	return FolderRow{ID: f.ID, Name: f.Name, RelativePath: f.Parent, Type: kindDirectory, DateCreated: f.CreatedAt.UTC(), LastModifiedDate: f.UpdatedAt.UTC()}
}

// folders are those of one resource.
type folders struct {
	api  *API
	kind tepin.FolderKind
	at   string // path of the resource
}

type createFolderIn struct {
	InEnvironment
	Body struct {
		Name       string   `json:"name" doc:"1 to 255 characters, no slash; upper and lower case do not tell names apart." example:"2026"`
		FolderPath string   `json:"folderPath,omitempty" doc:"The folder to make it in, / if it is left out. What is missing of it is made too." example:"/campaigns"`
		_          struct{} `additionalProperties:"true"`
	}
}

// OneFolderIn names a folder.
type OneFolderIn struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the folder."`
}

type updateFolderIn struct {
	OneFolderIn
	Body struct {
		Name       *string  `json:"name,omitempty" doc:"A new name." example:"2027"`
		FolderPath *string  `json:"folderPath,omitempty" doc:"The folder to move it to; made if it is missing." example:"/archive"`
		_          struct{} `additionalProperties:"true"`
	}
}

type deleteFolderIn struct {
	OneFolderIn
	Force bool `query:"force" doc:"Delete all that lies below it, too: at most 10,000 items and as many folders. The items can be restored for 24 hours."`
}

// folderRoutes adds the routes of a resource's folders. Names is what the resource's
// operations are called after.
func (a *API) folderRoutes(t tag, names string, f folders, list, write tepin.Scope) {
	api := a.web
	f.api = a
	web.Register(api, scope(list), in("list"+names+"Folders", "GET", f.at+"/folders", t, "List folders"), f.list)
	web.Register(api, scope(write), created(in("create"+names+"Folder", "POST", f.at+"/folders", t, "Create a folder")), f.create)
	web.Register(api, scope(write), conditional(in("update"+names+"Folder", "PATCH", f.at+"/folders/{id}", t, "Rename a folder, or move it with all below it")), f.update)
	web.Register(api, scope(write), conditional(in("delete"+names+"Folder", "DELETE", f.at+"/folders/{id}", t, "Delete a folder")), f.remove)
}

func (f folders) list(ctx context.Context, c web.Caller, in *FolderIn) (*answer[Page[FolderRow]], error) {
	rt := route(f.at + "/folders")
	l, err := f.api.list(c, rt, *in)
	if err != nil {
		return nil, err
	}
	p, err := f.api.Store.Folders(ctx, c.Environment.ID, f.kind, l)
	if err != nil {
		return nil, err
	}
	return pageOf(f.api, c, rt, l, p, folderOf), nil
}

func (f folders) create(ctx context.Context, c web.Caller, in *createFolderIn) (*answer[FolderRow], error) {
	name, err := asset.CheckFolderName(in.Body.Name)
	if err != nil {
		return nil, err
	}
	parent, err := asset.CheckFolder(in.Body.FolderPath)
	if err != nil {
		return nil, err
	}
	v, err := f.api.Store.CreateFolder(ctx, c.Actor, c.Environment.ID, f.kind, parent, name)
	if err != nil {
		return nil, err
	}
	return added(v.Version, folderOf(v)), nil
}

func (f folders) update(ctx context.Context, c web.Caller, in *updateFolderIn) (*answer[FolderRow], error) {
	var change tepin.FolderUpdate
	if in.Body.Name == nil && in.Body.FolderPath == nil {
		return nil, tepin.Errorf(tepin.Invalid, "there is nothing to change: give name, or folderPath, or both")
	}
	if in.Body.Name != nil {
		name, err := asset.CheckFolderName(*in.Body.Name)
		if err != nil {
			return nil, err
		}
		change.Name = &name
	}
	if in.Body.FolderPath != nil {
		parent, err := asset.CheckFolder(*in.Body.FolderPath)
		if err != nil {
			return nil, err
		}
		change.Parent = &parent
	}
	var err error
	if change.IfVersion, err = web.IfMatch(c.Request); err != nil {
		return nil, err
	}
	fid, err := id[tepin.FolderID]("folder", in.ID)
	if err != nil {
		return nil, err
	}
	v, err := f.api.Store.UpdateFolder(ctx, c.Actor, c.Environment.ID, f.kind, fid, change)
	if err != nil {
		return nil, err
	}
	return changed(v.Version, folderOf(v)), nil
}

func (f folders) remove(ctx context.Context, c web.Caller, in *deleteFolderIn) (*empty, error) {
	fid, ifVersion, err := target[tepin.FolderID](c, "folder", in.ID)
	if err != nil {
		return nil, err
	}
	_, err = f.api.Store.DeleteFolder(ctx, c.Actor, c.Environment.ID, f.kind, fid, in.Force, ifVersion)
	return &empty{http.StatusNoContent}, err
}

// directoryOf answers a page of folders and items: each as the resource's own JSON.
func directoryOf[R, T any](a *API, c web.Caller, rt route, l tepin.List, p tepin.Page[tepin.Entry[R]], folder func(tepin.Folder) T, item func(R) T) *answer[Page[T]] {
	return pageOf(a, c, rt, l, p, func(e tepin.Entry[R]) T {
		if e.Folder != nil {
			return folder(*e.Folder)
		}
		return item(e.Item)
	})
}

// directory reads what a directory is asked for: of the root, where no folder is named.
func (a *API) directory(c web.Caller, rt route, in FolderIn) (tepin.List, error) {
	if in.Folder == "" {
		in.Folder = "/"
	}
	return a.list(c, rt, in)
}
