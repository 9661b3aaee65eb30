package environmentapi

import (
	"errors"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/web"
)

// previewType is the type that a request names in its path or in its query; nothing
// means the least.
func previewType(r *http.Request) string {
	given := r.PathValue("previewType")
	if given == "" {
		given = r.URL.Query().Get("previewType")
	}
	if given == "" {
		given = string(tepin.PreviewThumbnail)
	}
	return given
}

// previewMedia answers a preview of a media file: 200 with the picture, or 202 without
// a body while it is made.
func (a *API) previewMedia(w http.ResponseWriter, r *http.Request) error {
	t, err := preview.MediaType(previewType(r))
	if err != nil {
		return err
	}
	m, err := a.media(r.Context(), web.CallerOf(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := a.Preview.Media(r.Context(), m, t)
	return a.servePreview(w, r, m.Name, f, err)
}

// servePreview answers a preview that is there, or 202 for one that is not yet.
func (a *API) servePreview(w http.ResponseWriter, r *http.Request, name string, f preview.File, err error) error {
	if _, pending := errors.AsType[*preview.Pending](err); pending {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	if err != nil {
		return err
	}
	if web.NotModified(r, f.Version) {
		w.Header().Set("ETag", web.ETag(f.Version))
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return a.serveBlob(w, r, f.Ref, web.Blob{Name: name + "." + f.Extension, ContentType: f.ContentType, ETag: web.ETag(f.Version), Inline: f.Ours})
}
