package console

import (
	"context"
	"fmt"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/preview"
)

// media is the shelf of media.
func (c *Console) media() *shelf {
	return &shelf{
		tab: "media", title: "Media", noun: "media file", writers: staff, accept: "image/*,application/pdf,.psd,.ai,.eps,.svg",
		empty: "Drop pictures onto this page, or choose them with the button above. They go into this folder.",
		list: func(ctx context.Context, v *visit, l tepin.List) (tepin.Page[card], error) {
			p, err := c.store.MediaList(ctx, v.env.ID, l)
			return cards(p, func(m tepin.Media) card {
				return card{ID: string(m.ID), Name: m.Name, Note: mediaNote(m), Version: m.Version, Folder: m.Folder}
			}), err
		},
		item: func(ctx context.Context, v *visit, id string) (item, error) {
			m, err := c.store.MediaItem(ctx, v.env.ID, tepin.MediaID(id))
			return item{ID: id, Name: m.Name, Folder: m.Folder, Version: m.Version, Picture: true, File: "Download original", Facts: []detail{
				{Name: "Id", Value: id, Code: true}, {Name: "Kind", Value: strings.ToUpper(m.Extension) + ", " + mediaNote(m)},
				{Name: "Size", Value: size(m.Blob.Size)}, {Name: "Uploaded", Time: m.CreatedAt}, {Name: "Changed", Time: m.UpdatedAt},
			}}, err
		},
		save: func(ctx context.Context, v *visit, id string, ch change) error {
			_, err := c.store.UpdateMedia(ctx, v.actor, v.env.ID, tepin.MediaID(id), tepin.MediaUpdate{Name: &ch.Name, Folder: &ch.Folder, IfVersion: ch.Version})
			return err
		},
		remove: func(ctx context.Context, v *visit, id string, _ bool) (string, error) {
			m, err := c.store.DeleteMedia(ctx, v.actor, v.env.ID, tepin.MediaID(id), nil)
			return m.Name, err
		},
		restore: func(ctx context.Context, v *visit, id string) error {
			_, err := c.store.RestoreMedia(ctx, v.actor, v.env.ID, tepin.MediaID(id))
			return err
		},
		file: func(v *visit, id string) error {
			m, err := c.store.MediaItem(v.r.Context(), v.env.ID, tepin.MediaID(id))
			if err != nil {
				return err
			}
			return c.serve(v, m.Blob, m.Name+"."+m.Extension, m.ContentType)
		},
		picture: func(v *visit, id, size string) error {
			t, err := preview.MediaType(size)
			if err != nil || !shown[t] {
				return c.lost(v)
			}
			m, err := c.store.MediaItem(v.r.Context(), v.env.ID, tepin.MediaID(id))
			if err != nil {
				return err
			}
			f, err := c.preview.Media(v.r.Context(), m, t)
			return c.showPicture(v, f, err)
		},
		folders: tepin.MediaFolder,
		receive: func(ctx context.Context, v *visit, u upload) (string, error) {
			m, err := c.files.CreateMedia(ctx, v.actor, v.env.ID, asset.Upload{Folder: u.Folder, FileName: u.FileName, Bytes: u.Bytes})
			return m.Name, err
		},
	}
}

// shown are the previews of media that a page shows: rasters, never a vector file.
var shown = map[tepin.PreviewType]bool{tepin.PreviewThumbnail: true, tepin.PreviewMedium: true, tepin.PreviewHighest: true}

func mediaNote(m tepin.Media) string {
	if m.Width == 0 {
		return strings.ToUpper(m.Extension)
	}
	return fmt.Sprintf("%d × %d", m.Width, m.Height)
}
