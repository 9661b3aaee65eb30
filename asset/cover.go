package asset

import (
	"context"
	"io"
	"slices"

	"github.com/tepin/tepin"
)

// MaxCover is the size of the cover of a collection, in bytes.
const MaxCover = 20 << 20

// rasters are the formats of pictures made of pixels, by their extensions.
var rasters = []string{"jpg", "png", "gif", "webp", "tif"}

// ReceiveCover stores a picture made of pixels, told from its bytes, and returns them with
// their media type. If it fails, nothing is kept.
func (s *Service) ReceiveCover(ctx context.Context, env tepin.EnvironmentID, body io.Reader) (tepin.BlobRef, string, error) {
	var m tepin.Media
	ref, err := s.receiveMedia(ctx, env, Upload{Name: "cover", Bytes: &incoming{r: body, limit: MaxCover, ended: ctx.Err}}, &m)
	if err == nil && !slices.Contains(rasters, m.Extension) {
		s.Discard(ctx, ref)
		err = tepin.Errorf(tepin.Unsupported, "a cover is a JPG, PNG, GIF, WebP or TIFF picture; this is of the kind %s", m.Extension)
	}
	if err != nil {
		return tepin.BlobRef{}, "", err
	}
	return ref, m.ContentType, nil
}
