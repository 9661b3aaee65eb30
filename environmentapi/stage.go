package environmentapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// Limits of one request that stages files.
const (
	maxStaged      = 20        // files
	maxStagedBytes = 512 << 20 // of all of them
)

// StagedFile is the JSON of a file that waits to be uploaded by a connector.
type StagedFile struct {
	ID   tepin.StagedFileID `json:"id" format:"uuid"`
	URL  string             `json:"url" doc:"Absolute; for the connector's script."`
	Name string             `json:"name" example:"beach.jpg"`
}

// stageCheck is what the files have to be like.
type stageCheck struct {
	AllowedMimeTypes []string `json:"allowedMimeTypes"`
	MinDimensions    *struct {
		Width  float64 `json:"width"`
		Height float64 `json:"height"`
	} `json:"minDimensions"`
}

// stageRefusal is the error body that callers of this route read: a problem with a message.
type stageRefusal struct {
	web.Problem
	Message string `json:"message"`
}

// stageFiles takes the parts "files" of a multipart body, and keeps them for a day. Nothing
// is kept when one of them is refused.
func (a *API) stageFiles(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	v, err := a.connector(r.Context(), c, r.PathValue("id"))
	if err != nil {
		return err
	}
	parts, err := multipartOf(r, maxStagedBytes+multipartRoom)
	if err != nil {
		return err
	}
	files, check, err := a.receiveStaged(r, parts)
	keep := false
	defer func() {
		for _, f := range files {
			if !keep {
				a.Asset.Discard(r.Context(), f.Blob)
			}
		}
	}()
	if err == nil {
		err = checkStaged(files, check)
	}
	if tepin.KindOf(err) == tepin.Unprocessable {
		return writeJSON(w, http.StatusUnprocessableEntity, stageRefusalOf(err))
	}
	if err != nil {
		return err
	}
	staged := make([]tepin.StagedFile, len(files))
	for i, f := range files {
		staged[i] = tepin.StagedFile{Name: f.Name, ContentType: f.ContentType, Blob: f.Blob}
	}
	err = a.Store.StageFiles(r.Context(), c.Actor, c.Environment.ID, v.ID, staged)
	if kind := tepin.KindOf(err); err == nil || kind == tepin.Internal || kind == tepin.Unavailable {
		keep = true // or unknown: the sweep judges
	}
	if err != nil {
		return err
	}
	out := make([]StagedFile, len(staged))
	for i, f := range staged {
		out[i] = StagedFile{f.ID, href(c, "/connectors/"+string(v.ID)+"/stage/"+string(f.ID)), f.Name}
	}
	return writeJSON(w, http.StatusOK, out)
}

// receiveStaged reads the parts. It returns the files that it has received even when one of
// them is refused.
func (a *API) receiveStaged(r *http.Request, parts *multipart.Reader) (files []asset.Staged, check stageCheck, err error) {
	env := web.CallerOf(r.Context()).Environment.ID
	for range 100 {
		part, err := parts.NextPart()
		switch {
		case err == io.EOF && len(files) == 0:
			return files, check, tepin.Errorf(tepin.Invalid, "the multipart body has no part called files; send each file in one")
		case err == io.EOF:
			return files, check, nil
		case err != nil && tepin.KindOf(err) != tepin.Internal:
			return files, check, err
		case err != nil:
			return files, check, &tepin.Error{Kind: tepin.Invalid, Message: "the multipart body is broken, or broke off before its end", Cause: err}
		case part.FormName() == "validationJson":
			if err := readCheck(part, &check); err != nil {
				return files, check, err
			}
		case part.FormName() == "files" && len(files) == maxStaged:
			return files, check, tepin.Errorf(tepin.TooLarge, "at most %d files are taken at once", maxStaged)
		case part.FormName() == "files":
			f, err := a.Asset.Stage(r.Context(), env, part.FileName(), part)
			if err != nil {
				return files, check, err
			}
			files = append(files, f)
		}
	}
	return files, check, tepin.Errorf(tepin.Invalid, "the multipart body has more than 100 parts")
}

func readCheck(part io.Reader, into *stageCheck) error {
	raw, err := io.ReadAll(io.LimitReader(part, maxInMemory+1))
	if err == nil && (len(raw) > maxInMemory || json.Unmarshal(raw, into) != nil) {
		err = errors.New("not the JSON that is meant")
	}
	if err != nil && tepin.KindOf(err) == tepin.Internal {
		err = &tepin.Error{Kind: tepin.Invalid, Path: "validationJson", Cause: err, Message: `expected {"allowedMimeTypes": ["image/png"], "minDimensions": {"width": 10, "height": 10}}, either of them or both`}
	}
	return err
}

// checkStaged refuses files that are not what the caller wants.
func checkStaged(files []asset.Staged, check stageCheck) error {
	for _, f := range files {
		if len(check.AllowedMimeTypes) > 0 && !slices.ContainsFunc(check.AllowedMimeTypes, func(t string) bool { return sameType(t, f.ContentType) }) {
			return tepin.Errorf(tepin.Unprocessable, "%s is of the type %s, which is not wanted here", f.Name, f.ContentType)
		}
		if m := check.MinDimensions; m != nil {
			if f.Width == 0 {
				return tepin.Errorf(tepin.Unprocessable, "%s is no picture whose size is known; one of at least %v × %v pixels is wanted", f.Name, m.Width, m.Height)
			}
			if float64(f.Width) < m.Width || float64(f.Height) < m.Height {
				return tepin.Errorf(tepin.Unprocessable, "%s is too small: it has %d × %d pixels, and at least %v × %v are wanted", f.Name, f.Width, f.Height, m.Width, m.Height)
			}
		}
	}
	return nil
}

func stageRefusalOf(err error) stageRefusal {
	e, _ := errors.AsType[*tepin.Error](err)
	p := web.Problem{Type: "https://tools.ietf.org/html/rfc4918#section-11.2", Title: http.StatusText(http.StatusUnprocessableEntity), Status: http.StatusUnprocessableEntity, Detail: e.Message}
	return stageRefusal{p, e.Message}
}

// takesStaged documents the body.
func takesStaged(op huma.Operation) huma.Operation {
	op.MaxBodyBytes = maxStagedBytes + multipartRoom
	op.RequestBody = &huma.RequestBody{Required: true, Description: "At most 20 files, 512 MB in all. They wait for a day.", Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: "object", Required: []string{"files"}, Properties: map[string]*huma.Schema{
			"files":          {Type: "array", Items: &huma.Schema{Type: "string", Format: "binary"}},
			"validationJson": {Type: "string", Description: `What the files have to be like: {"allowedMimeTypes": [], "minDimensions": {"width": 0, "height": 0}}. Types are told from the bytes; image/* stands for all pictures.`},
		}}}}}
	return op
}

// downloadStaged sends a staged file to whoever staged it, and to nobody else.
func (a *API) downloadStaged(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	v, err := a.connector(r.Context(), c, r.PathValue("id"))
	if err != nil {
		return err
	}
	fileID, err := id[tepin.StagedFileID]("staged file", r.PathValue("fileId"))
	if err != nil {
		return err
	}
	f, err := a.Store.StagedFile(r.Context(), c.Actor, c.Environment.ID, v.ID, fileID)
	if err != nil {
		return err
	}
	return a.serveBlob(w, r, f.Blob, web.Blob{Name: f.Name, ContentType: f.ContentType})
}

// sameType reports whether a media type is one that is wanted, such as image/png or image/*.
func sameType(want, is string) bool {
	want = strings.ToLower(strings.TrimSpace(want))
	if family, ok := strings.CutSuffix(want, "/*"); ok {
		return strings.HasPrefix(is, family+"/")
	}
	return want == is || want == "*" || want == "image/jpg" && is == "image/jpeg"
}
