package console

import (
	"context"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/web"
)

// templates is the shelf of templates.
func (c *Console) templates() *shelf {
	return &shelf{
		tab: "templates", title: "Templates", noun: "template", writers: designers, accept: ".json,.zip,application/json,application/zip",
		empty: "Drop documents (.json) or exported templates (.zip) onto this page, or create templates with the Environment API.",
		list: func(ctx context.Context, v *visit, l tepin.List) (tepin.Page[card], error) {
			p, err := c.store.Templates(ctx, v.env.ID, l)
			return cards(p, func(t tepin.Template) card {
				return card{ID: string(t.ID), Name: t.Name, Note: "Changed " + ago(c.now(), t.UpdatedAt), Version: t.Version, Folder: t.Folder}
			}), err
		},
		item: func(ctx context.Context, v *visit, id string) (item, error) {
			t, err := c.store.Template(ctx, v.env.ID, tepin.TemplateID(id))
			return item{ID: id, Name: t.Name, Folder: t.Folder, Version: t.Version, Picture: true, File: "Download document", Facts: []detail{
				{Name: "Id", Value: id, Code: true}, {Name: "Size", Value: size(t.Document.Size)},
				{Name: "Created", Time: t.CreatedAt}, {Name: "Document changed", Time: t.ContentAt},
			}}, err
		},
		save: func(ctx context.Context, v *visit, id string, ch change) error {
			_, err := c.store.UpdateTemplate(ctx, v.actor, v.env.ID, tepin.TemplateID(id), tepin.TemplateUpdate{Name: &ch.Name, Folder: &ch.Folder, IfVersion: ch.Version})
			return err
		},
		remove: func(ctx context.Context, v *visit, id string, force bool) (string, error) {
			t, err := c.store.DeleteTemplate(ctx, v.actor, v.env.ID, tepin.TemplateID(id), force)
			return t.Name, err
		},
		restore: func(ctx context.Context, v *visit, id string) error {
			_, err := c.store.RestoreTemplate(ctx, v.actor, v.env.ID, tepin.TemplateID(id))
			return err
		},
		file: func(v *visit, id string) error {
			t, err := c.store.Template(v.r.Context(), v.env.ID, tepin.TemplateID(id))
			if err != nil {
				return err
			}
			return c.serve(v, t.Document, t.Name+".json", "application/json")
		},
		picture: func(v *visit, id, size string) error {
			t, err := preview.DocumentType(size)
			if err != nil {
				return c.lost(v)
			}
			found, err := c.store.Template(v.r.Context(), v.env.ID, tepin.TemplateID(id))
			if err != nil {
				return err
			}
			f, err := c.preview.Template(v.r.Context(), found, preview.View{Type: t})
			return c.showPicture(v, f, err)
		},
		folders: tepin.TemplateFolder,
		receive: c.receiveTemplate,
	}
}

// receiveTemplate makes a template of a document.
func (c *Console) receiveTemplate(ctx context.Context, v *visit, u upload) (string, error) {
	name, err := asset.CheckName("the template", strings.TrimSuffix(strings.TrimSuffix(u.FileName, ".json"), ".JSON"))
	if err != nil {
		return "", err
	}
	ref, err := c.files.Receive(ctx, v.env.ID, u.Bytes, tepin.MaxDocument)
	if err != nil {
		return "", err
	}
	if err := c.checkDocument(ctx, v.env.ID, ref); err != nil {
		c.files.Discard(ctx, ref)
		return "", err
	}
	_, err = c.store.CreateTemplate(ctx, v.actor, tepin.Template{EnvironmentID: v.env.ID, Name: name, Folder: u.Folder, Document: ref})
	return name, c.files.Settle(ctx, ref, err)
}

// checkDocument reads a stored document, few at a time: each may be large.
func (c *Console) checkDocument(ctx context.Context, env tepin.EnvironmentID, ref tepin.BlobRef) error {
	if err := c.documents.Acquire(ctx, 1); err != nil {
		return err
	}
	defer c.documents.Release(1)
	raw, err := c.files.Document(ctx, env, ref)
	if err == nil {
		err = web.CheckJSON(raw)
	}
	if err == nil {
		err = output.CheckDocument(raw)
	}
	return err
}
