package connector

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tepin/tepin"
)

// Media is what a connector for media does. Two answer as it: scripts, and the
// environment's own media. Download's File is the caller's to close.
type Media interface {
	Query(context.Context, Query) (Page[MediaItem], error)
	Detail(ctx context.Context, id string) (MediaItem, error)
	Download(ctx context.Context, id string, size Size, intent Intent) (*File, error)
	Upload(context.Context, []tepin.StagedFileID) ([]MediaItem, error)
	About
}

// Fonts is what a connector for fonts does, of scripts and of the environment's own.
type Fonts interface {
	Query(context.Context, Query) (Page[Family], error)
	Detail(ctx context.Context, family string) ([]Style, error)
	Download(ctx context.Context, style string) (*File, error)
	Preview(ctx context.Context, family string, format tepin.PreviewType) (*File, error)
	About
}

// About is what connectors say of themselves.
type About interface {
	// Capabilities are by their names in the interface for scripts, such as filtering.
	Capabilities(context.Context) (map[string]bool, error)
	// Configuration is what whoever uses the connector can set in its context.
	Configuration(context.Context) ([]Option, error)
}

// Query is which page of a list is asked for. All fields may be empty.
type Query struct {
	Filter     []string `json:"filter"`
	Collection string   `json:"collection"` // a folder
	PageToken  string   `json:"pageToken"`
	PageSize   int      `json:"pageSize"`
	SortBy     string   `json:"sortBy"`
	SortOrder  string   `json:"sortOrder"`
}

// arg is the query as scripts get it: what is empty is null.
func (q Query) arg() map[string]any {
	null := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	var filter any
	if len(q.Filter) > 0 {
		filter = q.Filter
	}
	return map[string]any{"filter": filter, "collection": null(q.Collection), "pageToken": null(q.PageToken), "pageSize": q.PageSize, "sortBy": null(q.SortBy), "sortOrder": null(q.SortOrder)}
}

// Page is one page of a connector's list.
type Page[T any] struct {
	PageSize int    `json:"pageSize"`
	Data     []T    `json:"data"`
	Links    Onward `json:"links"`
}

// Onward leads on from a page: to the next one by a token, or an address that holds it.
type Onward struct {
	NextPage string `json:"nextPage"`
}

// MediaItem is a media file, or a folder, of a connector.
type MediaItem struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	RelativePath string         `json:"relativePath"`
	Extension    string         `json:"extension,omitempty"`
	Type         ItemType       `json:"type"`
	Width        float64        `json:"width,omitempty"`
	Height       float64        `json:"height,omitempty"`
	MetaData     map[string]any `json:"metaData"`
}

// ItemType tells files from folders.
type ItemType int

const (
	Item   ItemType = 0
	Folder ItemType = 1
)

// UnmarshalJSON takes the number, and the name that newer scripts give.
func (t *ItemType) UnmarshalJSON(raw []byte) error {
	var name string
	if json.Unmarshal(raw, &name) == nil {
		switch name {
		case "Item", "item", "file":
			*t = Item
			return nil
		case "Directory", "directory", "folder":
			*t = Folder
			return nil
		}
		return fmt.Errorf("%q is no type of an item", name)
	}
	return json.Unmarshal(raw, (*int)(t))
}

// Size is how large a picture is wanted.
type Size string

const (
	Thumbnail Size = "thumbnail"
	MediumRes Size = "mediumres"
	HighRes   Size = "highres"
	FullRes   Size = "fullres" // for output
	Original  Size = "original"
)

// Intent is what a picture is wanted for.
type Intent string

const (
	Web       Intent = "web"
	Print     Intent = "print"
	Animation Intent = "animation"
)

// Family is a family of a connector's fonts.
type Family struct {
	ID              string   `json:"id"`
	Name            string   `json:"name"`
	FontStylesCount int      `json:"fontStylesCount"`
	Extensions      []string `json:"extensions"`
}

// Style is one font of a family.
type Style struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	FamilyID   string `json:"familyId"`
	FamilyName string `json:"familyName"`
}

// Option is a value that a connector's context can have.
type Option struct {
	Name        string   `json:"name"`
	DisplayName string   `json:"displayName"`
	Type        string   `json:"type"`              // text, boolean or number
	Context     []string `json:"context,omitempty"` // query, upload; empty = both
	HelpText    string   `json:"helpText,omitempty"`
}
