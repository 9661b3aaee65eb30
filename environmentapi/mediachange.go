package environmentapi

import (
	"context"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

type updateMediaIn struct {
	OneMediaIn
	Body struct {
		Name         *string            `json:"name,omitempty" doc:"A new name; its extension is left out." example:"beach"`
		FolderPath   *string            `json:"folderPath,omitempty" doc:"The folder to move it to; made if it is missing." example:"/campaigns"`
		RelativePath *string            `json:"relativePath,omitempty" doc:"The same as folderPath."`
		MetaData     map[string]*string `json:"metaData,omitempty" doc:"Texts to add or change, by name; null takes one away. At most 50, names of 100, texts of 1,000 characters. What the file says of itself cannot be changed."`
		SubjectTypes []string           `json:"subjectTypes,omitempty" nullable:"true" maxItems:"500" doc:"Ids or names of the subject types that the picture shows: these and no others. What was said of one that stays, stays."`
		_            struct{}           `additionalProperties:"true"`
	}
}

type deleteMediaIn struct {
	InEnvironment
	IDs []string `query:"ids" required:"true" doc:"Ids of media files, separated by commas, at most 200. One that is named twice counts once."`
}

// mediaWithSubjects is the JSON of one media file, with what it shows.
func (a *API) mediaWithSubjects(ctx context.Context, m tepin.Media) (Asset, error) {
	body := mediaOf(m)
	v, err := a.Store.Vision(ctx, m.EnvironmentID, tepin.Pictured{Media: m.ID})
	if err != nil {
		return body, err
	}
	body.SubjectTypes = []tepin.DefinitionID{}
	for _, c := range v.Crops {
		if c.SubjectType != "" {
			body.SubjectTypes = append(body.SubjectTypes, c.SubjectType)
		}
	}
	return body, nil
}

func (a *API) updateMedia(ctx context.Context, c web.Caller, in *updateMediaIn) (*answer[Asset], error) {
	change, err := a.mediaChange(ctx, c, in)
	if err != nil {
		return nil, err
	}
	m, err := a.media(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Body.Name != nil {
		name, err := asset.CheckMediaName(*in.Body.Name, m.Extension)
		if err != nil {
			return nil, err
		}
		change.Name = &name
	}
	if m, err = a.Store.UpdateMedia(ctx, c.Actor, c.Environment.ID, m.ID, change); err != nil {
		return nil, err
	}
	body, err := a.mediaWithSubjects(ctx, m)
	return changed(m.Version, body), err
}

// mediaChange reads what is to change, but for the name, which depends on the file.
func (a *API) mediaChange(ctx context.Context, c web.Caller, in *updateMediaIn) (u tepin.MediaUpdate, err error) {
	b := in.Body
	if b.FolderPath == nil {
		b.FolderPath = b.RelativePath
	}
	if b.Name == nil && b.FolderPath == nil && b.MetaData == nil && b.SubjectTypes == nil {
		return u, tepin.Errorf(tepin.Invalid, "there is nothing to change: send name, folderPath, metaData or subjectTypes")
	}
	if b.FolderPath != nil {
		folder, err := asset.CheckFolder(*b.FolderPath)
		if err != nil {
			return u, err
		}
		u.Folder = &folder
	}
	if err := asset.CheckOwn(b.MetaData); err != nil {
		return u, err
	}
	u.Own = b.MetaData
	if b.SubjectTypes != nil {
		u.SubjectTypes = []tepin.DefinitionID{}
		for _, given := range b.SubjectTypes {
			subject, err := a.subjectType(ctx, c, given)
			if tepin.KindOf(err) == tepin.NotFound {
				err = &tepin.Error{Kind: tepin.Invalid, Path: "subjectTypes", Message: "there is no such subject type here", Cause: err}
			}
			if err != nil {
				return u, err
			}
			u.SubjectTypes = append(u.SubjectTypes, subject.ID)
		}
	}
	u.IfVersion, err = web.IfMatch(c.Request)
	return u, err
}

// replaceMedia streams other bytes into a media file.
func (a *API) replaceMedia(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	ifVersion, err := web.IfMatch(r)
	if err != nil {
		return err
	}
	parts, err := multipartOf(r, asset.MaxMedia+multipartRoom)
	if err != nil {
		return err
	}
	m, err := a.media(r.Context(), c, r.PathValue("id")) // before a gigabyte is taken in vain
	if err != nil {
		return err
	}
	part, err := firstFile(parts)
	if err != nil {
		return err
	}
	m, err = a.Asset.ReplaceMedia(r.Context(), c.Actor, c.Environment.ID, m.ID, asset.Upload{FileName: part.FileName(), Bytes: part}, ifVersion)
	if err != nil {
		return err
	}
	body, err := a.mediaWithSubjects(r.Context(), m)
	if err != nil {
		return err
	}
	return writeVersion(w, http.StatusOK, m.Version, body)
}

func (a *API) deleteMedia(ctx context.Context, c web.Caller, in *OneMediaIn) (*answer[Asset], error) {
	mid, ifVersion, err := target[tepin.MediaID](c, "media file", in.ID)
	if err != nil {
		return nil, err
	}
	m, err := a.Store.DeleteMedia(ctx, c.Actor, c.Environment.ID, mid, ifVersion)
	if err != nil {
		return nil, err
	}
	return ok(mediaOf(m)), nil
}

// deleteMediaItems deletes all of the given files or none.
func (a *API) deleteMediaItems(ctx context.Context, c web.Caller, in *deleteMediaIn) (*empty, error) {
	ids, err := idList[tepin.MediaID]("media file", in.IDs)
	if err != nil {
		return nil, err
	}
	return &empty{http.StatusNoContent}, a.Store.DeleteMediaItems(ctx, c.Actor, c.Environment.ID, ids)
}

func (a *API) restoreMedia(ctx context.Context, c web.Caller, in *OneMediaIn) (*answer[Asset], error) {
	mid, err := id[tepin.MediaID]("media file", in.ID)
	if err != nil {
		return nil, err
	}
	m, err := a.Store.RestoreMedia(ctx, c.Actor, c.Environment.ID, mid)
	if err != nil {
		return nil, err
	}
	return changed(m.Version, mediaOf(m)), nil
}
