package environmentapi

import (
	"context"
	"net/http"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

type deleteStylesIn struct {
	InEnvironment
	IDs []string `query:"ids" required:"true" doc:"Ids of font styles, separated by commas, at most 200. One that is named twice counts once."`
}

type deleteFamiliesIn struct {
	InEnvironment
	IDs []string `query:"ids" required:"true" doc:"Ids of font families, separated by commas, at most 200. One that is named twice counts once."`
}

type renameFamilyIn struct {
	FamilyIn
	Body fontName
}

type renameStyleIn struct {
	StyleIn
	Body fontName
}

type fontName struct {
	Name string   `json:"name" doc:"The new name." example:"Noto Sans"`
	_    struct{} `additionalProperties:"true"`
}

func (a *API) renameFamily(ctx context.Context, c web.Caller, in *renameFamilyIn) (*answer[FontFamily], error) {
	name, err := asset.CheckName("the font family", in.Body.Name)
	if err != nil {
		return nil, err
	}
	fid, ifVersion, err := target[tepin.FontFamilyID](c, "font family", in.ID)
	if err != nil {
		return nil, err
	}
	f, err := a.Store.RenameFontFamily(ctx, c.Actor, c.Environment.ID, fid, name, ifVersion)
	if err != nil {
		return nil, err
	}
	return changed(f.Version, familyOf(f)), nil
}

func (a *API) renameStyle(ctx context.Context, c web.Caller, in *renameStyleIn) (*answer[FontStyle], error) {
	name, err := asset.CheckName("the font style", in.Body.Name)
	if err != nil {
		return nil, err
	}
	sid, ifVersion, err := target[tepin.FontStyleID](c, "font style", in.ID)
	if err != nil {
		return nil, err
	}
	f, err := a.Store.RenameFontStyle(ctx, c.Actor, c.Environment.ID, sid, name, ifVersion)
	if err != nil {
		return nil, err
	}
	return changed(f.Version, styleOf(f)), nil
}

// deleteStyles deletes all of the given styles or none.
func (a *API) deleteStyles(ctx context.Context, c web.Caller, in *deleteStylesIn) (*empty, error) {
	ids, err := idList[tepin.FontStyleID]("font style", in.IDs)
	if err != nil {
		return nil, err
	}
	return &empty{http.StatusNoContent}, a.Store.DeleteFontStyles(ctx, c.Actor, c.Environment.ID, ids)
}

// deleteFamilies deletes all of the given families or none.
func (a *API) deleteFamilies(ctx context.Context, c web.Caller, in *deleteFamiliesIn) (*empty, error) {
	ids, err := idList[tepin.FontFamilyID]("font family", in.IDs)
	if err != nil {
		return nil, err
	}
	return &empty{http.StatusNoContent}, a.Store.DeleteFontFamilies(ctx, c.Actor, c.Environment.ID, ids)
}

func (a *API) restoreStyle(ctx context.Context, c web.Caller, in *StyleIn) (*answer[FontStyle], error) {
	sid, err := id[tepin.FontStyleID]("font style", in.ID)
	if err != nil {
		return nil, err
	}
	f, err := a.Store.RestoreFontStyle(ctx, c.Actor, c.Environment.ID, sid)
	if err != nil {
		return nil, err
	}
	return changed(f.Version, styleOf(f)), nil
}

func (a *API) restoreFamily(ctx context.Context, c web.Caller, in *FamilyIn) (*answer[FontFamily], error) {
	fid, err := id[tepin.FontFamilyID]("font family", in.ID)
	if err != nil {
		return nil, err
	}
	f, err := a.Store.RestoreFontFamily(ctx, c.Actor, c.Environment.ID, fid)
	if err != nil {
		return nil, err
	}
	return changed(f.Version, familyOf(f)), nil
}

// Font is the older JSON of a font style, from before there were families.
type Font struct {
	ID               tepin.FontStyleID `json:"id" format:"uuid" doc:"Of the font style."`
	Name             string            `json:"name" example:"Noto Sans Bold Italic"`
	RelativePath     string            `json:"relativePath" doc:"Always /: fonts have no folders."`
	Extension        string            `json:"extension" example:"ttf"`
	Type             int               `json:"type" doc:"0: an item."`
	Family           string            `json:"family" example:"Noto Sans"`
	Style            string            `json:"style" example:"Bold Italic"`
	DateCreated      time.Time         `json:"dateCreated"`
	LastModifiedDate time.Time         `json:"lastModifiedDate"`
}

func fontOf(f tepin.FontStyle) Font {
	return Font{
		ID: f.ID, Name: f.FamilyName + " " + f.Name, RelativePath: "/", Extension: f.Extension, Type: kindItem, Family: f.FamilyName, Style: f.Name,
		DateCreated: f.CreatedAt.UTC(), LastModifiedDate: f.UpdatedAt.UTC(),
	}
}

// listFonts answers all styles of all families, on either of the older paths.
func (a *API) listFonts(rt route) func(context.Context, web.Caller, *FolderIn) (*answer[Page[Font]], error) {
	return func(ctx context.Context, c web.Caller, in *FolderIn) (*answer[Page[Font]], error) {
		l, err := a.list(c, rt, *in)
		if err != nil {
			return nil, err
		}
		if l.Folder != "" && l.Folder != "/" {
			return nil, &tepin.Error{Kind: tepin.NotFound, Path: "folder", Message: "fonts have no folders; leave folder out"}
		}
		l.Folder = ""
		p, err := a.Store.AllFonts(ctx, c.Environment.ID, l)
		if err != nil {
			return nil, err
		}
		return pageOf(a, c, rt, l, p, fontOf), nil
	}
}

func (a *API) getFont(ctx context.Context, c web.Caller, in *StyleIn) (*answer[Item[Font]], error) {
	f, err := a.style(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return versioned(c, f.Version, Item[Font]{Data: fontOf(f)}), nil
}
