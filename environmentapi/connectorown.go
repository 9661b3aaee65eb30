package environmentapi

import (
	"context"
	"errors"
	"io"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/web"
)

// Own is how the built-in connectors reach an environment's media and fonts.
func Own(assets *asset.Service, previews *preview.Service, pages web.PageTokens) connector.Own {
	stored := func(f preview.File, err error) (connector.Stored, error) {
		if _, pending := errors.AsType[*preview.Pending](err); pending {
			err = connector.ErrPending
		}
		return connector.Stored{Ref: f.Ref, ContentType: f.ContentType, Extension: f.Extension}, err
	}
	return connector.Own{
		Preview: func(ctx context.Context, m tepin.Media, t tepin.PreviewType) (connector.Stored, error) {
			return stored(previews.Media(ctx, m, t))
		},
		FontPreview: func(ctx context.Context, f tepin.FontFamily, t tepin.PreviewType) (connector.Stored, error) {
			return stored(previews.FontFamily(ctx, f, t))
		},
		Open: func(ctx context.Context, env tepin.EnvironmentID, ref tepin.BlobRef) (io.ReadCloser, error) {
			return assets.Open(ctx, env, ref, 0, -1)
		},
		Create: func(ctx context.Context, by tepin.Actor, folder string, f tepin.StagedFile) (tepin.Media, error) {
			body, err := assets.Open(ctx, f.EnvironmentID, f.Blob, 0, -1)
			if err != nil {
				return tepin.Media{}, err
			}
			defer body.Close()
			return assets.CreateMedia(ctx, by, f.EnvironmentID, asset.Upload{Folder: folder, FileName: f.Name, Bytes: body})
		},
		SealPage: pages.Seal, OpenPage: pages.Open,
	}
}
