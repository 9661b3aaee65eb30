package environmentapi

import (
	"context"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/web"
)

func (a *API) queryFonts(ctx context.Context, c web.Caller, in *connectorQuery) (*answer[connector.Page[connector.Family]], error) {
	f, run, err := a.runFonts(ctx, c, in.ID, in.Body.Context, tepin.FontList)
	if err != nil {
		return nil, err
	}
	page, err := f.Query(ctx, in.query())
	if page.Data == nil {
		page.Data = []connector.Family{}
	}
	return answered(run, page, err)
}

// Styles are the fonts of a family.
type Styles struct {
	Data []connector.Style `json:"data" nullable:"false"`
}

func (a *API) detailFonts(ctx context.Context, c web.Caller, in *connectorItem) (*answer[Styles], error) {
	f, run, err := a.runFonts(ctx, c, in.ID, in.Body.Context, tepin.FontRead)
	if err != nil {
		return nil, err
	}
	list, err := f.Detail(ctx, in.Body.ID)
	if list == nil {
		list = []connector.Style{}
	}
	return answered(run, Styles{list}, err)
}

// FontDownload says which file of a connector for fonts is wanted.
type FontDownload struct {
	ContextIn
	ID     string   `json:"id" minLength:"1" maxLength:"4096" doc:"Of the style to download, or of the family to see."`
	Format string   `json:"format,omitempty" enum:"square,line" doc:"Of a preview; square if it is left out."`
	_      struct{} `additionalProperties:"true"`
}

// fontFile answers a file of a connector for fonts.
func (a *API) fontFile(find func(context.Context, connector.Fonts, FontDownload) (*connector.File, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in FontDownload
		if err := readRun(r, &in); err != nil {
			return err
		}
		if in.ID == "" || len(in.ID) > 4096 {
			return bad("id", "name the font, by an id as query and detail answer it")
		}
		f, run, err := a.runFonts(r.Context(), web.CallerOf(r.Context()), r.PathValue("id"), in.Context, tepin.FontRead)
		if err != nil {
			return err
		}
		file, err := find(r.Context(), f, in)
		if err != nil {
			return passed(run, err)
		}
		return serveFile(w, r, file)
	}
}

func downloadFont(ctx context.Context, f connector.Fonts, in FontDownload) (*connector.File, error) {
	return f.Download(ctx, in.ID)
}

func previewFont(ctx context.Context, f connector.Fonts, in FontDownload) (*connector.File, error) {
	t, err := preview.FontType(in.Format)
	if err != nil {
		return nil, bad("format", "the format is square or line")
	}
	return f.Preview(ctx, in.ID, t)
}

// rowsIn asks for a page of a connector's rows.
type rowsIn struct {
	InEnvironment
	ID   string `path:"id" doc:"Id of the connector."`
	Body struct {
		ContextIn
		Limit             int                   `json:"limit,omitempty" minimum:"0" maximum:"1000" doc:"The most rows to answer; 50 if it is left out."`
		ContinuationToken *string               `json:"continuationToken,omitempty" nullable:"true" maxLength:"20000" doc:"Of the page before."`
		PreviousPageToken *string               `json:"previousPageToken,omitempty" nullable:"true" maxLength:"20000"`
		Filters           []connector.RowFilter `json:"filters,omitempty" nullable:"true" maxItems:"100"`
		Sorting           []connector.RowOrder  `json:"sorting,omitempty" nullable:"true" maxItems:"20"`
		_                 struct{}              `additionalProperties:"true"`
	}
}

func (a *API) dataPage(ctx context.Context, c web.Caller, in *rowsIn) (*answer[connector.RowPage], error) {
	d, run, err := a.runData(ctx, c, in.ID, in.Body.Context)
	if err != nil {
		return nil, err
	}
	b := in.Body
	q := connector.RowQuery{Limit: b.Limit, ContinuationToken: b.ContinuationToken, PreviousPageToken: b.PreviousPageToken, Filters: b.Filters, Sorting: b.Sorting}
	if q.Limit == 0 {
		q.Limit = tepin.DefaultLimit
	}
	page, err := d.Page(ctx, q)
	if page.Data == nil {
		page.Data = []map[string]any{}
	}
	return answered(run, page, err)
}

func (a *API) dataItem(ctx context.Context, c web.Caller, in *connectorItem) (*answer[rawJSON], error) {
	d, run, err := a.runData(ctx, c, in.ID, in.Body.Context)
	if err != nil {
		return nil, err
	}
	row, err := d.Row(ctx, in.Body.ID)
	return answered(run, rawJSON{row}, err)
}

// modelIn asks what a connector's rows have.
type modelIn struct {
	InEnvironment
	ID   string `path:"id" doc:"Id of the connector."`
	Body struct {
		ContextIn
		_ struct{} `additionalProperties:"true"`
	}
}

func (a *API) dataModel(ctx context.Context, c web.Caller, in *modelIn) (*answer[connector.Model], error) {
	d, run, err := a.runData(ctx, c, in.ID, in.Body.Context)
	if err != nil {
		return nil, err
	}
	model, err := d.Model(ctx)
	if model.Properties == nil {
		model.Properties = []connector.Property{}
	}
	return answered(run, model, err)
}
