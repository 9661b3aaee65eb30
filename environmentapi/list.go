package environmentapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// InEnvironment is the part of every input that names the environment. The guard has
// resolved it before a handler runs.
type InEnvironment struct {
	Environment string `path:"environment" doc:"Id or technical name of the environment." example:"demo"`
}

// PageIn asks for a page of a list that is not sorted by the caller's choice.
type PageIn struct {
	InEnvironment
	Limit         int    `query:"limit" minimum:"1" maximum:"1000" doc:"The most rows to answer; 50 if it is left out."`
	NextPageToken string `query:"nextPageToken" doc:"From links.nextPage of the page before. It carries search, folder and order of the first page."`
}

// ListIn asks for a page of a list.
type ListIn struct {
	PageIn
	SortBy    string `query:"sortBy" doc:"name, id or relativePath; in any case. Not together with nextPageToken."`
	SortOrder string `query:"sortOrder" doc:"asc or desc. Not together with nextPageToken."`
	Search    string `query:"search" maxLength:"255" doc:"Words, or beginnings of words, of the name; or an id."`
}

// FolderIn asks for a page of a list with folders.
type FolderIn struct {
	ListIn
	Folder    string `query:"folder" doc:"Only what is in this folder, as in /campaigns/2026."`
	Recursive bool   `query:"includeItemsFromSubfolders" doc:"With folder: what is in its sub-folders, too."`
}

// route names a list for its page tokens.
type route string

// list reads what the caller wants of the list: from the page token, if there is one.
func (a *API) list(c web.Caller, rt route, in FolderIn) (tepin.List, error) {
	if in.NextPageToken != "" {
		if in.SortBy != "" || in.SortOrder != "" {
			return tepin.List{}, &tepin.Error{Kind: tepin.Invalid, Path: "sortBy", Message: "the order cannot be changed in the middle of a list; leave sortBy and sortOrder out where there is a nextPageToken"}
		}
		l, err := a.Pages.Open(in.NextPageToken, c.Environment.ID, c.Actor, string(rt))
		if err == nil && in.Limit != 0 {
			l.Limit = in.Limit
		}
		return l, err
	}
	l := tepin.List{Limit: in.Limit, Recursive: in.Recursive}
	if l.Limit == 0 {
		l.Limit = tepin.DefaultLimit
	}
	var err error
	if l.SortBy, err = sortKey(in.SortBy); err != nil {
		return l, err
	}
	switch strings.ToLower(in.SortOrder) {
	case "", "asc":
	case "desc":
		l.Desc = true
	default:
		return l, &tepin.Error{Kind: tepin.Invalid, Path: "sortOrder", Message: "the order is asc or desc"}
	}
	if l.Search, err = plain("search", in.Search); err != nil {
		return l, err
	}
	if in.Folder != "" {
		l.Folder, err = asset.CheckFolder(in.Folder)
	}
	return l, err
}

// sortKey reads sortBy; empty leaves the order to the list.
func sortKey(s string) (tepin.SortKey, error) {
	for _, key := range []tepin.SortKey{"", tepin.SortName, tepin.SortID, tepin.SortRelativePath} {
		if strings.EqualFold(s, string(key)) {
			return key, nil
		}
	}
	return "", &tepin.Error{Kind: tepin.Invalid, Path: "sortBy", Message: "lists are sorted by name, id or relativePath"}
}

// plain refuses what no name holds and no database takes.
func plain(parameter, s string) (string, error) {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", &tepin.Error{Kind: tepin.Invalid, Path: parameter, Message: "this is not plain text in UTF-8"}
	}
	return s, nil
}

// pageOf makes the answer of a list: each row as JSON, and the link to the next page.
func pageOf[R, T any](a *API, c web.Caller, rt route, l tepin.List, p tepin.Page[R], body func(R) T) *answer[Page[T]] {
	out := Page[T]{PageSize: l.Limit, Data: make([]T, len(p.Items)), Total: p.Total}
	for i, row := range p.Items {
		out.Data[i] = body(row)
	}
	if p.Next != nil {
		l.After = p.Next
		token := a.Pages.Seal(c.Environment.ID, c.Actor, string(rt), l)
		query := url.Values{"limit": {strconv.Itoa(l.Limit)}, "nextPageToken": {token}}
		out.Links = &PageLinks{NextPage: href(c, string(rt)) + "?" + query.Encode()}
	}
	return ok(out)
}

// href is an absolute link into the caller's environment.
func href(c web.Caller, path string) string {
	return c.BaseURL + current + c.Environment.TechnicalName + path
}

// id reads an identifier of the path or of a body. One that cannot be an identifier is
// as absent as one that nothing has.
func id[T ~string](noun, s string) (T, error) {
	s = strings.ToLower(s)
	if !tepin.IsID(s) {
		return "", tepin.Errorf(tepin.NotFound, "there is no such %s here", noun)
	}
	return T(s), nil
}

// idList reads the ids of a call that changes several things, at most [tepin.MaxBulk].
// An id that stands twice counts once.
func idList[T ~string](noun string, given []string) ([]T, error) {
	var ids []T
	for _, s := range given {
		one, err := id[T](noun, strings.TrimSpace(s))
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, one) {
			ids = append(ids, one)
		}
		if len(ids) > tepin.MaxBulk {
			return nil, &tepin.Error{Kind: tepin.Invalid, Path: "ids", Message: fmt.Sprintf("more than %d ids; send them in several calls", tepin.MaxBulk)}
		}
	}
	if len(ids) == 0 {
		return nil, &tepin.Error{Kind: tepin.Invalid, Path: "ids", Message: "name at least one id"}
	}
	return ids, nil
}

// OptionalID is an id in a body that may be null or left out, which mean different things
// where something is changed.
type OptionalID struct {
	Set bool // it is not left out
	ID  string
}

// UnmarshalJSON reads a string or null.
func (o *OptionalID) UnmarshalJSON(raw []byte) error {
	o.Set = true
	return json.Unmarshal(raw, &o.ID)
}

// Schema is what the OpenAPI document says of it.
func (OptionalID) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid", Nullable: true}
}

// optional reads an optional id, "" for null and for none.
func optional[T ~string](noun string, o OptionalID) (T, error) {
	if o.ID == "" {
		return "", nil
	}
	return id[T](noun, o.ID)
}
