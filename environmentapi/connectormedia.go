package environmentapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/web"
)

// connectorQuery asks for a page of a connector's media or fonts.
type connectorQuery struct {
	InEnvironment
	ID   string `path:"id" doc:"Id of the connector."`
	Body struct {
		ContextIn
		Filter     []string `json:"filter,omitempty" nullable:"true" maxItems:"100" doc:"What to search for."`
		Collection *string  `json:"collection,omitempty" nullable:"true" maxLength:"2000" doc:"A folder of the connector's."`
		PageToken  *string  `json:"pageToken,omitempty" nullable:"true" maxLength:"20000" doc:"links.nextPage of the page before."`
		PageSize   int      `json:"pageSize,omitempty" minimum:"0" maximum:"1000" doc:"The most rows to answer; 50 if it is left out."`
		SortBy     *string  `json:"sortBy,omitempty" nullable:"true" maxLength:"255"`
		SortOrder  *string  `json:"sortOrder,omitempty" nullable:"true" enum:"asc,desc,"`
		_          struct{} `additionalProperties:"true"`
	}
}

func (in *connectorQuery) query() connector.Query {
	b := in.Body
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return connector.Query{Filter: b.Filter, Collection: text(b.Collection), PageToken: text(b.PageToken), PageSize: cmp.Or(b.PageSize, tepin.DefaultLimit), SortBy: text(b.SortBy), SortOrder: text(b.SortOrder)}
}

// connectorItem names a thing of a connector's.
type connectorItem struct {
	InEnvironment
	ID   string `path:"id" doc:"Id of the connector."`
	Body struct {
		ContextIn
		ID string   `json:"id" minLength:"1" maxLength:"4096" doc:"As query answers it."`
		_  struct{} `additionalProperties:"true"`
	}
}

func (a *API) queryMedia(ctx context.Context, c web.Caller, in *connectorQuery) (*answer[connector.Page[connector.MediaItem]], error) {
	m, run, err := a.runMedia(ctx, c, in.ID, in.Body.Context, tepin.MediaList)
	if err != nil {
		return nil, err
	}
	page, err := m.Query(ctx, in.query())
	if page.Data == nil {
		page.Data = []connector.MediaItem{}
	}
	return answered(run, page, err)
}

func (a *API) detailMedia(ctx context.Context, c web.Caller, in *connectorItem) (*answer[connector.MediaItem], error) {
	m, run, err := a.runMedia(ctx, c, in.ID, in.Body.Context, tepin.MediaRead)
	if err != nil {
		return nil, err
	}
	item, err := m.Detail(ctx, in.Body.ID)
	return answered(run, item, err)
}

// MediaDownload says which file of a connector is wanted, and how.
type MediaDownload struct {
	ContextIn
	ID          string           `json:"id" minLength:"1" maxLength:"4096" doc:"As query answers it."`
	PreviewType connector.Size   `json:"previewType,omitempty" enum:"thumbnail,mediumres,highres,fullres,original" doc:"highres if it is left out. fullres is what outputs use."`
	Intent      connector.Intent `json:"intent,omitempty" enum:"web,print,animation" doc:"What it is wanted for; web if it is left out."`
	_           struct{}         `additionalProperties:"true"`
}

func (a *API) downloadFromConnector(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	in := MediaDownload{PreviewType: connector.HighRes, Intent: connector.Web}
	if err := readRun(r, &in); err != nil {
		return err
	}
	switch {
	case in.ID == "" || len(in.ID) > 4096:
		return bad("id", "name the media, by an id as query answers it")
	case !slices.Contains([]connector.Size{connector.Thumbnail, connector.MediumRes, connector.HighRes, connector.FullRes, connector.Original}, in.PreviewType):
		return bad("previewType", "the preview type is thumbnail, mediumres, highres, fullres or original")
	case !slices.Contains([]connector.Intent{connector.Web, connector.Print, connector.Animation}, in.Intent):
		return bad("intent", "the intent is web, print or animation")
	}
	m, run, err := a.runMedia(r.Context(), c, r.PathValue("id"), in.Context, tepin.MediaRead)
	if err != nil {
		return err
	}
	f, err := m.Download(r.Context(), in.ID, in.PreviewType, in.Intent)
	if err != nil {
		return passed(run, err)
	}
	return serveFile(w, r, f)
}

// uploadIn names files that were staged for the connector.
type uploadIn struct {
	InEnvironment
	ID   string `path:"id" doc:"Id of the connector."`
	Body struct {
		ContextIn
		Files []string `json:"files" minItems:"1" maxItems:"20" doc:"Ids of files that you staged for this connector. They are forgotten when they are uploaded."`
		_     struct{} `additionalProperties:"true"`
	}
}

// Uploaded is what became of the files of an upload.
type Uploaded struct {
	Data []connector.MediaItem `json:"data" nullable:"false"`
}

func (a *API) uploadToConnector(ctx context.Context, c web.Caller, in *uploadIn) (*answer[Uploaded], error) {
	m, run, err := a.runMedia(ctx, c, in.ID, in.Body.Context, tepin.MediaWrite)
	if err != nil {
		return nil, err
	}
	ids := make([]tepin.StagedFileID, len(in.Body.Files))
	for i, given := range in.Body.Files {
		if ids[i], err = id[tepin.StagedFileID]("staged file", given); err != nil {
			return nil, err
		}
	}
	list, err := m.Upload(ctx, ids)
	if list == nil {
		list = []connector.MediaItem{}
	}
	return answered(run, Uploaded{list}, err)
}
