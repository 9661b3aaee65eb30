package asset

import (
	"context"
	"io"

	"github.com/tepin/tepin"
)

// Staged is a file that has been received and that no record names yet.
type Staged struct {
	Name          string // with its extension
	ContentType   string // told from its bytes
	Width, Height int    // pixels or points; 0 = unknown
	Blob          tepin.BlobRef
}

// Stage stores a file as [Service.CreateMedia] does, for whoever writes a record of it, or
// calls [Service.Discard].
func (s *Service) Stage(ctx context.Context, env tepin.EnvironmentID, fileName string, body io.Reader) (Staged, error) {
	var m tepin.Media
	ref, err := s.receiveMedia(ctx, env, Upload{Name: baseName(fileName), Bytes: body}, &m)
	if err != nil {
		return Staged{}, err
	}
	return Staged{Name: m.Name + "." + m.Extension, ContentType: m.ContentType, Width: m.Width, Height: m.Height, Blob: ref}, nil
}
