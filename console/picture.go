package console

import (
	"errors"
	"io"
	"net/http"

	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/web"
)

// showPicture answers a preview that is there, or 202 for one that is not yet, for which
// the page asks again.
func (c *Console) showPicture(v *visit, f preview.File, err error) error {
	if _, pending := errors.AsType[*preview.Pending](err); pending {
		v.w.Header().Set("Retry-After", "1")
		v.w.WriteHeader(http.StatusAccepted)
		return nil
	}
	if err != nil {
		web.WriteProblem(v.w, v.r, err) // a picture has no room for a page
		return nil
	}
	v.w.Header().Set("Cache-Control", "private, no-cache")
	if web.NotModified(v.r, f.Version) {
		v.w.Header().Set("ETag", web.ETag(f.Version))
		v.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return web.ServeTenant(v.w, v.r, web.Blob{ContentType: f.ContentType, Size: f.Ref.Size, ETag: web.ETag(f.Version), Inline: f.Ours, Open: func(offset, length int64) (io.ReadCloser, error) {
		return c.files.Open(v.r.Context(), v.env.ID, f.Ref, offset, length)
	}})
}
