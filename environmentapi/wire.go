package environmentapi

import (
	"maps"
	"time"

	"github.com/tepin/tepin"
)

// This file has the JSON of the API, and how it is made from the vocabulary.

// Page is one page of a list.
type Page[T any] struct {
	PageSize int        `json:"pageSize" doc:"The most rows that a page has." example:"50"`
	Data     []T        `json:"data" nullable:"false"`
	Links    *PageLinks `json:"links" doc:"null on the last page, and on that alone: where few rows match, a page can have fewer of them than pageSize, even none, and the next one goes on."`
	Total    *int64     `json:"total,omitempty" doc:"How many rows there are in all, where counting them is cheap."`
}

// PageLinks leads to the next page.
type PageLinks struct {
	NextPage string `json:"nextPage" doc:"Absolute URL of the next page; ask for it with the same token within 24 hours."`
}

// Item wraps one row.
type Item[T any] struct {
	Data  T     `json:"data"`
	Links Links `json:"links"`
}

// Links is an empty object where nothing is linked.
type Links struct {
	TaskInfo string `json:"taskInfo,omitempty" doc:"Absolute URL that tells how far the task has come."`
	Download string `json:"download,omitempty" doc:"Absolute URL of the file."`
}

// kindItem is the "type" of a row that is not a directory.
const kindItem = 0

// Template is the JSON of a template.
type Template struct {
	ID                     tepin.TemplateID `json:"id" format:"uuid"`
	Name                   string           `json:"name" example:"Summer campaign"`
	RelativePath           string           `json:"relativePath" doc:"The folder." example:"/campaigns/2026"`
	Extension              *string          `json:"extension"`
	Type                   int              `json:"type" doc:"0: an item; 1: a directory."`
	Tags                   []TagRef         `json:"tags" nullable:"false"`
	DateCreated            time.Time        `json:"dateCreated"`
	LastModifiedDate       time.Time        `json:"lastModifiedDate"`
	LastModifiedContentUTC time.Time        `json:"lastModifiedContentUtc" doc:"When the document last changed."`
}

func templateOf(t tepin.Template) Template {
	return Template{
		ID: t.ID, Name: t.Name, RelativePath: t.Folder, Type: kindItem, Tags: tagRefs(t.Tags),
		DateCreated: t.CreatedAt.UTC(), LastModifiedDate: t.UpdatedAt.UTC(), LastModifiedContentUTC: t.ContentAt.UTC(),
	}
}

// Project is the JSON of a project.
type Project struct {
	ID               tepin.ProjectID     `json:"id" format:"uuid"`
	Name             string              `json:"name" example:"Poster for Antwerp"`
	Template         TemplateRef         `json:"template"`
	CollectionID     *tepin.CollectionID `json:"collectionId" format:"uuid" doc:"The collection that it was made from, which may be gone."`
	UserInterfaceID  *tepin.DefinitionID `json:"userInterfaceId" format:"uuid" doc:"null: the environment's default."`
	Owner            Owner               `json:"owner"`
	Access           tepin.ProjectAccess `json:"access" enum:"read,write,owner,administrator" doc:"What you may do: read it; write it, too; share and delete it, too, as its owner or as an administrator."`
	DateCreated      time.Time           `json:"dateCreated"`
	LastModifiedDate time.Time           `json:"lastModifiedDate"`
}

// Owner is an integration or a person.
type Owner struct {
	ID   string          `json:"id" format:"uuid"`
	Type tepin.ActorKind `json:"type" enum:"integration,user,system"`
}

// TemplateRef names a template.
type TemplateRef struct {
	ID tepin.TemplateID `json:"id" format:"uuid" doc:"The template." example:"0190f3c4-7a5e-7c1f-9d1e-2b8a6d0f4c11"`
}

func projectOf(p tepin.Project) Project {
	body := Project{
		ID: p.ID, Name: p.Name, Template: TemplateRef{p.TemplateID}, Owner: Owner{p.OwnerID, p.OwnerKind}, Access: p.Access,
		DateCreated: p.CreatedAt.UTC(), LastModifiedDate: p.UpdatedAt.UTC(),
	}
	if p.CollectionID != "" {
		body.CollectionID = &p.CollectionID
	}
	if p.UserInterfaceID != "" {
		body.UserInterfaceID = &p.UserInterfaceID
	}
	return body
}

// Asset is the JSON of a media file.
type Asset struct {
	ID               tepin.MediaID        `json:"id" format:"uuid"`
	Name             string               `json:"name" example:"beach"`
	RelativePath     string               `json:"relativePath" doc:"The folder." example:"/Upload"`
	Extension        *string              `json:"extension" doc:"Told from the bytes." example:"jpg"`
	Type             int                  `json:"type" doc:"0: a file; 1: a folder, which has its place, dates and name alone."`
	Width            *int                 `json:"width" doc:"As it is shown, upright: pixels; of PDF, AI and EPS points of 1/72 inch, of SVG pixels of 1/96 inch. null where the file does not tell." example:"4000"`
	Height           *int                 `json:"height" doc:"As width." example:"3000"`
	MetaData         map[string]string    `json:"metaData" doc:"What the file says of itself, and what was added by PATCH; null if there is nothing."`
	FileSize         *int64               `json:"fileSize" doc:"Bytes; null for a folder." example:"2400000"`
	SubjectTypes     []tepin.DefinitionID `json:"subjectTypes,omitempty" doc:"Ids of the subject types that the picture shows; not in lists."`
	DateCreated      time.Time            `json:"dateCreated"`
	LastModifiedDate time.Time            `json:"lastModifiedDate"`
}

func mediaFolder(f tepin.Folder) Asset {
	return Asset{ID: tepin.MediaID(f.ID), Name: f.Name, RelativePath: f.Parent, Type: kindDirectory, DateCreated: f.CreatedAt.UTC(), LastModifiedDate: f.UpdatedAt.UTC()}
}

func mediaOf(m tepin.Media) Asset {
	a := Asset{
		ID: m.ID, Name: m.Name, RelativePath: m.Folder, Extension: &m.Extension, Type: kindItem, FileSize: &m.Blob.Size,
		DateCreated: m.CreatedAt.UTC(), LastModifiedDate: m.UpdatedAt.UTC(),
	}
	if m.Width > 0 && m.Height > 0 {
		a.Width, a.Height = &m.Width, &m.Height
	}
	if len(m.Facts)+len(m.Own) > 0 {
		a.MetaData = map[string]string{}
		maps.Copy(a.MetaData, m.Own)
		maps.Copy(a.MetaData, m.Facts)
	}
	return a
}

// FontFamily is the JSON of a font family.
type FontFamily struct {
	ID               tepin.FontFamilyID `json:"id" format:"uuid"`
	Name             string             `json:"name" example:"Noto Sans"`
	FontStylesCount  int                `json:"fontStylesCount"`
	DateCreated      time.Time          `json:"dateCreated"`
	LastModifiedDate time.Time          `json:"lastModifiedDate"`
	Extensions       []string           `json:"extensions" nullable:"false"`
}

func familyOf(f tepin.FontFamily) FontFamily {
	return FontFamily{
		ID: f.ID, Name: f.Name, FontStylesCount: f.StyleCount, Extensions: f.Extensions,
		DateCreated: f.CreatedAt.UTC(), LastModifiedDate: f.UpdatedAt.UTC(),
	}
}

// FontStyle is the JSON of a font style.
type FontStyle struct {
	ID               tepin.FontStyleID  `json:"id" format:"uuid"`
	Name             string             `json:"name" example:"Bold Italic"`
	FamilyID         tepin.FontFamilyID `json:"familyId" format:"uuid"`
	FamilyName       string             `json:"familyName" example:"Noto Sans"`
	Weight           int                `json:"weight" doc:"100 to 900."`
	Italic           bool               `json:"italic"`
	DateCreated      time.Time          `json:"dateCreated"`
	Extension        string             `json:"extension" example:"ttf"`
	FileName         string             `json:"fileName" example:"NotoSans-BoldItalic.ttf"`
	FileSize         int64              `json:"fileSize" doc:"Bytes."`
	Embedding        tepin.Embedding    `json:"embedding,omitempty" enum:"installable,editable,preview,restricted" doc:"What the font lets be done with documents that it is put into, as it says itself (OS/2, fsType); left out if that is not known. It is told, not enforced."`
	LastModifiedDate time.Time          `json:"lastModifiedDate"`
}

func styleOf(f tepin.FontStyle) FontStyle {
	return FontStyle{
		ID: f.ID, Name: f.Name, FamilyID: f.FamilyID, FamilyName: f.FamilyName, Weight: f.Weight, Italic: f.Italic,
		DateCreated: f.CreatedAt.UTC(), Extension: f.Extension, FileName: f.FileName, FileSize: f.Blob.Size, Embedding: f.Embedding, LastModifiedDate: f.UpdatedAt.UTC(),
	}
}

// Task is the JSON of a render task.
type Task struct {
	ID                     tepin.TaskID `json:"id" format:"uuid"`
	Name                   string       `json:"name"`
	DateCreated            time.Time    `json:"dateCreated"`
	DateProcessed          *time.Time   `json:"dateProcessed"`
	Format                 string       `json:"format" enum:"PNG,JPG,PDF,GIF,MP4,HTML"`
	Status                 string       `json:"status" enum:"Pending,Processing,Finished,Failed"`
	Source                 string       `json:"source" enum:"Template,Project,Document"`
	Owner                  string       `json:"owner" doc:"Id of the integration or user that asked for it."`
	TotalRecords           int          `json:"totalRecords" doc:"Records that were asked for; 1 without variables, 0 before those of a data connector are read."`
	SuccessfulRecords      int          `json:"successfulRecords" doc:"Records that are in the output; 0 until it is finished."`
	TotalSuccessfulRecords int          `json:"totalSuccessfulRecords" doc:"The same."`
	OutputAvailable        bool         `json:"outputAvailable" doc:"Whether the file can still be downloaded."`
	Watermarked            bool         `json:"watermarked"`
	Renders                int64        `json:"renders" doc:"Renders that the task counted."`
	ErrorType              string       `json:"errorType,omitempty"`
	ErrorDetail            string       `json:"errorDetail,omitempty"`
}

// TaskData names a task.
type TaskData struct {
	TaskID tepin.TaskID `json:"taskId" format:"uuid"`
}

// PreviewTask names the task that makes a preview, and where it, or its picture, lies.
type PreviewTask struct {
	Data  PreviewTaskData `json:"data"`
	Links Links           `json:"links"`
}

// PreviewTaskData names a task that makes a preview.
type PreviewTaskData struct {
	TaskID tepin.PreviewID `json:"taskId" format:"uuid"`
}
