package environmentapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// FamilyIn names a font family.
type FamilyIn struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the font family."`
}

type stylesIn struct {
	ListIn
	ID string `path:"id" doc:"Id of the font family."`
}

// StyleIn names a font style.
type StyleIn struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the font style."`
}

// BatchIn names an upload of fonts.
type BatchIn struct {
	InEnvironment
	BatchID string `path:"batchId" doc:"From the answer of the upload."`
}

type renameFontsIn struct {
	BatchIn
	Body []FontNames
}

// FontNames are new names for a file of an upload.
type FontNames struct {
	FontStyleID tepin.FontStyleID `json:"fontStyleId" doc:"The id of the file in preloadedData." example:"0190f3c4-7a5e-7c1f-9d1e-2b8a6d0f4c11"`
	FamilyName  string            `json:"familyName" example:"Noto Sans"`
	StyleName   string            `json:"styleName" example:"Bold Italic"`
	_           struct{}          `additionalProperties:"true"`
}

// FontBatch is what an upload of fonts answers.
type FontBatch struct {
	BatchID tepin.FontBatchID `json:"batchId" format:"uuid"`
	Links   Links             `json:"links"`
	Data    FontBatchData     `json:"data"`
}

// FontBatchData is what is in an upload of fonts.
type FontBatchData struct {
	FontFamilies  []string     `json:"fontFamilies" nullable:"false" doc:"The families of the files that can be used."`
	PreloadedData []FontUpload `json:"preloadedData" nullable:"false"`
}

// FontUpload is one file of an upload of fonts.
type FontUpload struct {
	ID            tepin.FontStyleID `json:"id" format:"uuid"`
	Name          string            `json:"name" example:"Bold Italic"`
	FamilyName    string            `json:"familyName" example:"Noto Sans"`
	FileName      string            `json:"fileName" example:"NotoSans-BoldItalic.ttf"`
	Errors        []string          `json:"errors" nullable:"false" doc:"Why the file cannot become a font; empty if it can."`
	CanBeUploaded bool              `json:"canBeUploaded"`
	Embedding     tepin.Embedding   `json:"embedding,omitempty" enum:"installable,editable,preview,restricted" doc:"What the font lets be done with documents that it is put into, as it says itself (OS/2, fsType). It is told, not enforced."`
}

func batchOf(batch tepin.FontBatchID, uploads []tepin.FontUpload) FontBatch {
	b := FontBatch{BatchID: batch, Data: FontBatchData{FontFamilies: []string{}, PreloadedData: []FontUpload{}}}
	for _, f := range uploads {
		u := FontUpload{ID: f.ID, Name: f.Name, FamilyName: f.FamilyName, FileName: f.FileName, Errors: f.Problems, CanBeUploaded: len(f.Problems) == 0, Embedding: f.Embedding}
		if u.Errors == nil {
			u.Errors = []string{}
		}
		b.Data.PreloadedData = append(b.Data.PreloadedData, u)
		if f.FamilyName != "" && !slices.Contains(b.Data.FontFamilies, f.FamilyName) {
			b.Data.FontFamilies = append(b.Data.FontFamilies, f.FamilyName)
		}
	}
	return b
}

func (a *API) listFamilies(ctx context.Context, c web.Caller, in *ListIn) (*answer[Page[FontFamily]], error) {
	l, err := a.list(c, "/font-families", FolderIn{ListIn: *in})
	if err != nil {
		return nil, err
	}
	p, err := a.Store.FontFamilies(ctx, c.Environment.ID, l)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, "/font-families", l, p, familyOf), nil
}

func (a *API) listStyles(ctx context.Context, c web.Caller, in *stylesIn) (*answer[Page[FontStyle]], error) {
	family, err := id[tepin.FontFamilyID]("font family", in.ID)
	if err != nil {
		return nil, err
	}
	rt := route("/font-families/" + string(family) + "/styles")
	l, err := a.list(c, rt, FolderIn{ListIn: in.ListIn})
	if err != nil {
		return nil, err
	}
	p, err := a.Store.FontStyles(ctx, c.Environment.ID, family, l)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, rt, l, p, styleOf), nil
}

func (a *API) getFamily(ctx context.Context, c web.Caller, in *FamilyIn) (*answer[Item[FontFamily]], error) {
	fid, err := id[tepin.FontFamilyID]("font family", in.ID)
	if err != nil {
		return nil, err
	}
	f, err := a.Store.FontFamily(ctx, c.Environment.ID, fid)
	if err != nil {
		return nil, err
	}
	return versioned(c, f.Version, Item[FontFamily]{Data: familyOf(f)}), nil
}

func (a *API) style(ctx context.Context, c web.Caller, given string) (tepin.FontStyle, error) {
	id, err := id[tepin.FontStyleID]("font style", given)
	if err != nil {
		return tepin.FontStyle{}, err
	}
	return a.Store.FontStyle(ctx, c.Environment.ID, id)
}

func (a *API) getStyle(ctx context.Context, c web.Caller, in *StyleIn) (*answer[Item[FontStyle]], error) {
	f, err := a.style(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return versioned(c, f.Version, Item[FontStyle]{Data: styleOf(f)}), nil
}

func (a *API) downloadStyle(w http.ResponseWriter, r *http.Request) error {
	f, err := a.style(r.Context(), web.CallerOf(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	if notModified(w, r, f.Version) {
		return nil
	}
	return a.serveBlob(w, r, f.Blob, web.Blob{Name: f.FileName, ContentType: "font/" + f.Extension, ETag: web.ETag(f.Version)})
}

// uploadFonts takes the parts "file" of a multipart body as a batch.
func (a *API) uploadFonts(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	parts, err := multipartOf(r, maxFontBody)
	if err != nil {
		return err
	}
	batch, uploads, err := a.Asset.UploadFonts(r.Context(), c.Actor, c.Environment.ID, func() (asset.FontFile, error) {
		part, err := nextFile(parts)
		if err != nil {
			return asset.FontFile{}, err
		}
		return asset.FontFile{Name: part.FileName(), Bytes: part}, nil
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, batchOf(batch, uploads))
}

// renameFonts changes family and style names of a batch before it is confirmed.
func (a *API) renameFonts(ctx context.Context, c web.Caller, in *renameFontsIn) (*answer[FontBatch], error) {
	env := c.Environment.ID
	batch, err := id[tepin.FontBatchID]("upload of fonts", in.BatchID)
	if err != nil {
		return nil, err
	}
	for i, n := range in.Body {
		if in.Body[i].FontStyleID, err = id[tepin.FontStyleID]("font in this upload", string(n.FontStyleID)); err != nil {
			return nil, err
		}
		if in.Body[i].FamilyName, err = asset.CheckName("the font family", n.FamilyName); err != nil {
			return nil, err
		}
		if in.Body[i].StyleName, err = asset.CheckName("the font style", n.StyleName); err != nil {
			return nil, err
		}
	}
	for _, n := range in.Body {
		if err := a.Store.UpdateFontUpload(ctx, c.Actor, env, batch, n.FontStyleID, n.FamilyName, n.StyleName); err != nil {
			return nil, err
		}
	}
	uploads, err := a.Store.FontBatch(ctx, env, batch)
	return ok(batchOf(batch, uploads)), err
}

// confirmFonts turns a batch into fonts.
func (a *API) confirmFonts(ctx context.Context, c web.Caller, in *BatchIn) (*answer[Item[[]FontStyle]], error) {
	batch, err := id[tepin.FontBatchID]("upload of fonts", in.BatchID)
	if err != nil {
		return nil, err
	}
	styles, err := a.Store.ConfirmFontBatch(ctx, c.Actor, c.Environment.ID, batch)
	if err != nil {
		return nil, err
	}
	body := make([]FontStyle, len(styles))
	for i, f := range styles {
		body[i] = styleOf(f)
	}
	return ok(Item[[]FontStyle]{Data: body}), nil
}
