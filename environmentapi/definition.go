package environmentapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// This file has what user interfaces, rich-text rules, brand kits and subject types have
// in common: they are definitions of an environment, each with content of its own.

// DefinitionIn names a definition.
type DefinitionIn struct {
	InEnvironment
	ID string `path:"id" doc:"Its id."`
}

// listDefinitions answers a page of a kind.
func listDefinitions[T any](ctx context.Context, a *API, c web.Caller, kind tepin.DefinitionKind, rt route, in ListIn, body func(tepin.Definition) T) (*answer[Page[T]], error) {
	l, err := a.list(c, rt, FolderIn{ListIn: in})
	if err != nil {
		return nil, err
	}
	p, err := a.Store.Definitions(ctx, c.Environment.ID, kind, l)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, rt, l, p, body), nil
}

func (a *API) definition(ctx context.Context, c web.Caller, kind tepin.DefinitionKind, given string) (tepin.Definition, error) {
	did, err := id[tepin.DefinitionID](kind.Noun(), given)
	if err != nil {
		return tepin.Definition{}, err
	}
	return a.Store.Definition(ctx, c.Environment.ID, kind, did)
}

// createDefinition keeps a new definition whose content was checked.
func (a *API) createDefinition(ctx context.Context, c web.Caller, v tepin.Definition, content any) (tepin.Definition, error) {
	var err error
	if v.Name, err = asset.CheckName("a "+v.Kind.Noun(), v.Name); err != nil {
		return v, err
	}
	if v.Content, err = json.Marshal(content); err != nil {
		return v, err
	}
	v.EnvironmentID = c.Environment.ID
	return a.Store.CreateDefinition(ctx, c.Actor, v)
}

// replaceDefinition gives a definition another name and content.
func (a *API) replaceDefinition(ctx context.Context, c web.Caller, kind tepin.DefinitionKind, given, name string, content any, standard *bool) (tepin.Definition, error) {
	did, err := id[tepin.DefinitionID](kind.Noun(), given)
	if err != nil {
		return tepin.Definition{}, err
	}
	if name, err = asset.CheckName("a "+kind.Noun(), name); err != nil {
		return tepin.Definition{}, err
	}
	change := tepin.DefinitionUpdate{Name: &name, Default: standard}
	if change.Content, err = json.Marshal(content); err != nil {
		return tepin.Definition{}, err
	}
	if change.IfVersion, err = web.IfMatch(c.Request); err != nil {
		return tepin.Definition{}, err
	}
	return a.Store.UpdateDefinition(ctx, c.Actor, c.Environment.ID, kind, did, change)
}

func (a *API) deleteDefinition(kind tepin.DefinitionKind) func(context.Context, web.Caller, *DefinitionIn) (*empty, error) {
	return func(ctx context.Context, c web.Caller, in *DefinitionIn) (*empty, error) {
		did, err := id[tepin.DefinitionID](kind.Noun(), in.ID)
		if err != nil {
			return nil, err
		}
		version, err := web.IfMatch(c.Request)
		if err != nil {
			return nil, err
		}
		return &empty{http.StatusNoContent}, a.Store.DeleteDefinition(ctx, c.Actor, c.Environment.ID, kind, did, version)
	}
}

// contentOf reads what a definition's content was written from.
func contentOf[T any](v tepin.Definition) (content T) {
	if err := json.Unmarshal(v.Content, &content); err != nil {
		panic(fmt.Sprintf("content of %s %s: %v", v.Kind, v.ID, err)) // we wrote it
	}
	return content
}

// invalid refuses what is wrong at a place of the body.
func invalid(path, format string, args ...any) error {
	return &tepin.Error{Kind: tepin.Invalid, Path: path, Message: fmt.Sprintf(format, args...)}
}

// short refuses a text that is too long, or that no form and no document could show.
func short(path, text string, most int) error {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most {
		return invalid(path, "expected at most %d characters of UTF-8", most)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }) {
		return invalid(path, "the text holds control characters; take them out")
	}
	return nil
}
