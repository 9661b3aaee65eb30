package environmentapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// Collection is the JSON of a template collection.
type Collection struct {
	ID               tepin.CollectionID  `json:"id" format:"uuid"`
	Name             string              `json:"name" example:"Summer"`
	Description      string              `json:"description" example:"For shops in Belgium"`
	UserInterfaceID  *tepin.DefinitionID `json:"userInterfaceId" doc:"Which its projects get; null: the environment's default."`
	Cover            *string             `json:"cover" doc:"Absolute URL of the picture, for the same token; null without one."`
	DateCreated      time.Time           `json:"dateCreated"`
	LastModifiedDate time.Time           `json:"lastModifiedDate"`
}

func collectionOf(c web.Caller) func(tepin.Collection) Collection {
	return func(v tepin.Collection) Collection {
		out := Collection{ID: v.ID, Name: v.Name, Description: v.Description, DateCreated: v.CreatedAt.UTC(), LastModifiedDate: v.UpdatedAt.UTC()}
		if v.UserInterfaceID != "" {
			out.UserInterfaceID = &v.UserInterfaceID
		}
		if v.Cover.Key != "" {
			at := href(c, "/template-collections/"+string(v.ID)+"/cover")
			out.Cover = &at
		}
		return out
	}
}

// CollectionEntry is the JSON of a template in a collection.
type CollectionEntry struct {
	ID        tepin.TemplateID `json:"id" format:"uuid" doc:"The template."`
	Name      string           `json:"name" doc:"In the collection; the template's own unless it was renamed here." example:"Poster A2"`
	Renamed   bool             `json:"renamed" doc:"Whether it has a name of its own here."`
	DateAdded time.Time        `json:"dateAdded"`
}

func entryOf(v tepin.CollectionEntry) CollectionEntry {
	return CollectionEntry{ID: v.TemplateID, Name: v.Name, Renamed: v.Renamed, DateAdded: v.AddedAt.UTC()}
}

// OneCollectionIn names a collection.
type OneCollectionIn struct {
	InEnvironment
	CollectionID string `path:"collectionId" doc:"Id of the collection."`
}

// EntryIn names a template in a collection.
type EntryIn struct {
	OneCollectionIn
	TemplateID string `path:"templateId" doc:"Id of the template."`
}

type createCollectionIn struct {
	InEnvironment
	Body struct {
		Name            string   `json:"name" doc:"Unique in the environment, in any case." example:"Summer"`
		Description     string   `json:"description,omitempty" doc:"At most 2,000 characters." example:"For shops in Belgium"`
		UserInterfaceID *string  `json:"userInterfaceId,omitempty" doc:"Which its projects get."`
		_               struct{} `additionalProperties:"true"`
	}
}

type updateCollectionIn struct {
	OneCollectionIn
	Body struct {
		Name            *string  `json:"name,omitempty" example:"Summer 2026"`
		Description     *string  `json:"description,omitempty"`
		UserInterfaceID *string  `json:"userInterfaceId,omitempty" doc:"\"\" goes back to the environment's default."`
		_               struct{} `additionalProperties:"true"`
	}
}

type collectionPageIn struct {
	PageIn
	CollectionID string `path:"collectionId" doc:"Id of the collection."`
}

type addEntryIn struct {
	OneCollectionIn
	Body struct {
		TemplateID string   `json:"templateId" doc:"The template to add." example:"0190f3c4-7a5e-7c1f-9d1e-2b8a6d0f4c11"`
		Name       string   `json:"name,omitempty" doc:"In the collection; the template's own if it is left out." example:"Poster A2"`
		_          struct{} `additionalProperties:"true"`
	}
}

type renameEntryIn struct {
	EntryIn
	Body struct {
		Name string   `json:"name" doc:"In the collection; \"\" goes back to the template's own." example:"Poster A2"`
		_    struct{} `additionalProperties:"true"`
	}
}

func (a *API) listCollections(ctx context.Context, c web.Caller, in *ListIn) (*answer[Page[Collection]], error) {
	l, err := a.list(c, "/template-collections", FolderIn{ListIn: *in})
	if err != nil {
		return nil, err
	}
	p, err := a.Store.Collections(ctx, c.Environment.ID, l)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, "/template-collections", l, p, collectionOf(c)), nil
}

func (a *API) createCollection(ctx context.Context, c web.Caller, in *createCollectionIn) (*answer[Collection], error) {
	name, err := asset.CheckName("the collection", in.Body.Name)
	if err == nil {
		err = checkDescription(in.Body.Description)
	}
	if err != nil {
		return nil, err
	}
	v := tepin.Collection{EnvironmentID: c.Environment.ID, Name: name, Description: in.Body.Description}
	if in.Body.UserInterfaceID != nil {
		if v.UserInterfaceID, err = interfaceID(*in.Body.UserInterfaceID); err != nil {
			return nil, err
		}
	}
	if v, err = a.Store.CreateCollection(ctx, c.Actor, v); err != nil {
		return nil, err
	}
	return added(v.Version, collectionOf(c)(v)), nil
}

func checkDescription(text string) error {
	switch {
	case utf8.RuneCountInString(text) > tepin.MaxDescription:
		return &tepin.Error{Kind: tepin.Invalid, Path: "description", Message: "the description is longer than 2,000 characters"}
	case !utf8.ValidString(text), strings.ContainsRune(text, 0):
		return &tepin.Error{Kind: tepin.Invalid, Path: "description", Message: "the description is not plain text in UTF-8"}
	}
	return nil
}

// interfaceID reads the id of a user interface; empty stands for the default.
func interfaceID(given string) (tepin.DefinitionID, error) {
	if given == "" {
		return "", nil
	}
	return id[tepin.DefinitionID](tepin.UserInterface.Noun(), given)
}

func (a *API) collection(ctx context.Context, c web.Caller, given string) (tepin.Collection, error) {
	cid, err := id[tepin.CollectionID]("collection", given)
	if err != nil {
		return tepin.Collection{}, err
	}
	return a.Store.Collection(ctx, c.Environment.ID, cid)
}

func (a *API) getCollection(ctx context.Context, c web.Caller, in *OneCollectionIn) (*answer[Collection], error) {
	v, err := a.collection(ctx, c, in.CollectionID)
	if err != nil {
		return nil, err
	}
	return versioned(c, v.Version, collectionOf(c)(v)), nil
}

func (a *API) updateCollection(ctx context.Context, c web.Caller, in *updateCollectionIn) (*answer[Collection], error) {
	b := in.Body
	if b.Name == nil && b.Description == nil && b.UserInterfaceID == nil {
		return nil, tepin.Errorf(tepin.Invalid, "there is nothing to change: give name, description or userInterfaceId")
	}
	change := tepin.CollectionUpdate{Description: b.Description}
	if b.Name != nil {
		name, err := asset.CheckName("the collection", *b.Name)
		if err != nil {
			return nil, err
		}
		change.Name = &name
	}
	if b.Description != nil {
		if err := checkDescription(*b.Description); err != nil {
			return nil, err
		}
	}
	if b.UserInterfaceID != nil {
		ui, err := interfaceID(*b.UserInterfaceID)
		if err != nil {
			return nil, err
		}
		change.UserInterfaceID = &ui
	}
	cid, ifVersion, err := target[tepin.CollectionID](c, "collection", in.CollectionID)
	if err != nil {
		return nil, err
	}
	change.IfVersion = ifVersion
	v, err := a.Store.UpdateCollection(ctx, c.Actor, c.Environment.ID, cid, change)
	if err != nil {
		return nil, err
	}
	return changed(v.Version, collectionOf(c)(v)), nil
}

func (a *API) deleteCollection(ctx context.Context, c web.Caller, in *OneCollectionIn) (*empty, error) {
	cid, ifVersion, err := target[tepin.CollectionID](c, "collection", in.CollectionID)
	if err != nil {
		return nil, err
	}
	_, err = a.Store.DeleteCollection(ctx, c.Actor, c.Environment.ID, cid, ifVersion)
	return &empty{http.StatusNoContent}, err
}

func (a *API) restoreCollection(ctx context.Context, c web.Caller, in *OneCollectionIn) (*answer[Collection], error) {
	cid, err := id[tepin.CollectionID]("collection", in.CollectionID)
	if err != nil {
		return nil, err
	}
	v, err := a.Store.RestoreCollection(ctx, c.Actor, c.Environment.ID, cid)
	if err != nil {
		return nil, err
	}
	return changed(v.Version, collectionOf(c)(v)), nil
}

func (a *API) listEntries(ctx context.Context, c web.Caller, in *collectionPageIn) (*answer[Page[CollectionEntry]], error) {
	cid, err := id[tepin.CollectionID]("collection", in.CollectionID)
	if err != nil {
		return nil, err
	}
	rt := route("/template-collections/" + string(cid) + "/templates")
	l, err := a.list(c, rt, FolderIn{ListIn: ListIn{PageIn: in.PageIn}})
	if err != nil {
		return nil, err
	}
	p, err := a.Store.CollectionEntries(ctx, c.Environment.ID, cid, l)
	if err != nil {
		return nil, goneBetween(l, err)
	}
	return pageOf(a, c, rt, l, p, entryOf), nil
}

// goneBetween is the answer to a page token whose list has gone since.
func goneBetween(l tepin.List, err error) error {
	if l.After != nil && tepin.KindOf(err) == tepin.NotFound {
		return tepin.Errorf(tepin.Gone, "what is listed has gone since the page before")
	}
	return err
}

func (a *API) addEntry(ctx context.Context, c web.Caller, in *addEntryIn) (*answer[CollectionEntry], error) {
	name, err := entryName(in.Body.Name)
	if err != nil {
		return nil, err
	}
	cid, ifVersion, err := target[tepin.CollectionID](c, "collection", in.CollectionID)
	if err != nil {
		return nil, err
	}
	tid, err := id[tepin.TemplateID]("template", in.Body.TemplateID)
	if err != nil {
		return nil, err
	}
	v, err := a.Store.AddEntry(ctx, c.Actor, c.Environment.ID, cid, tid, name, ifVersion)
	if err != nil {
		return nil, err
	}
	return &answer[CollectionEntry]{Status: http.StatusCreated, Body: entryOf(v)}, nil
}

// entryName checks a name in a collection; empty is the template's own.
func entryName(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	return asset.CheckName("the template in the collection", name)
}

func (a *API) entry(c web.Caller, in EntryIn) (cid tepin.CollectionID, tid tepin.TemplateID, ifVersion *int64, err error) {
	if cid, ifVersion, err = target[tepin.CollectionID](c, "collection", in.CollectionID); err != nil {
		return "", "", nil, err
	}
	tid, err = id[tepin.TemplateID]("template", in.TemplateID)
	return cid, tid, ifVersion, err
}

func (a *API) renameEntry(ctx context.Context, c web.Caller, in *renameEntryIn) (*answer[CollectionEntry], error) {
	name, err := entryName(in.Body.Name)
	if err != nil {
		return nil, err
	}
	cid, tid, ifVersion, err := a.entry(c, in.EntryIn)
	if err != nil {
		return nil, err
	}
	v, err := a.Store.RenameEntry(ctx, c.Actor, c.Environment.ID, cid, tid, name, ifVersion)
	if err != nil {
		return nil, err
	}
	return ok(entryOf(v)), nil
}

func (a *API) removeEntry(ctx context.Context, c web.Caller, in *EntryIn) (*empty, error) {
	cid, tid, ifVersion, err := a.entry(c, *in)
	if err != nil {
		return nil, err
	}
	return &empty{http.StatusNoContent}, a.Store.RemoveEntry(ctx, c.Actor, c.Environment.ID, cid, tid, ifVersion)
}

// setCover takes the part "file" of a multipart body as the picture of a collection.
func (a *API) setCover(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	parts, err := multipartOf(r, asset.MaxCover+multipartRoom)
	if err != nil {
		return err
	}
	cid, ifVersion, err := target[tepin.CollectionID](c, "collection", r.PathValue("collectionId"))
	if err != nil {
		return err
	}
	part, err := nextFile(parts)
	if errors.Is(err, io.EOF) {
		return tepin.Errorf(tepin.Invalid, "the multipart body has no part called file; send the picture in it")
	} else if err != nil {
		return err
	}
	ref, kind, err := a.Asset.ReceiveCover(r.Context(), c.Environment.ID, part)
	if err != nil {
		return err
	}
	v, err := a.Store.UpdateCollection(r.Context(), c.Actor, c.Environment.ID, cid, tepin.CollectionUpdate{Cover: &ref, CoverType: kind, IfVersion: ifVersion})
	if err := a.Asset.Settle(r.Context(), ref, err); err != nil {
		return err
	}
	return writeVersion(w, http.StatusOK, v.Version, collectionOf(c)(v))
}

func (a *API) getCover(w http.ResponseWriter, r *http.Request) error {
	v, err := a.collection(r.Context(), web.CallerOf(r.Context()), r.PathValue("collectionId"))
	if err != nil {
		return err
	}
	if v.Cover.Key == "" {
		return tepin.Errorf(tepin.NotFound, "the collection has no cover")
	}
	if notModified(w, r, v.Version) {
		return nil
	}
	return a.serveBlob(w, r, v.Cover, web.Blob{Name: "cover." + strings.TrimPrefix(v.CoverType, "image/"), ContentType: v.CoverType, ETag: web.ETag(v.Version)})
}

func (a *API) deleteCover(ctx context.Context, c web.Caller, in *OneCollectionIn) (*empty, error) {
	v, err := a.collection(ctx, c, in.CollectionID)
	if err == nil && v.Cover.Key == "" {
		err = tepin.Errorf(tepin.NotFound, "the collection has no cover")
	}
	if err != nil {
		return nil, err
	}
	ifVersion, err := web.IfMatch(c.Request)
	if err != nil {
		return nil, err
	}
	_, err = a.Store.UpdateCollection(ctx, c.Actor, c.Environment.ID, v.ID, tepin.CollectionUpdate{Cover: &tepin.BlobRef{}, IfVersion: ifVersion})
	return &empty{http.StatusNoContent}, err
}
