package console

import (
	"cmp"
	"context"
	"path"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
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

// receiveTemplate makes a template of a document, or of an archive with its media and fonts.
func (c *Console) receiveTemplate(ctx context.Context, v *visit, u upload) (string, error) {
	a, err := c.files.ReadArchive(ctx, v.env.ID, u.Bytes, func(media, fonts bool) error {
		if (media || fonts) && !v.roles.Any(staff.roles) {
			return tepin.Errorf(tepin.Forbidden, "This archive brings media and fonts, which only %s may add.", staff.roles)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	file := strings.TrimSuffix(u.FileName, path.Ext(u.FileName))
	name, err := asset.CheckName("the template", cmp.Or(a.Name, file))
	if err == nil {
		err = c.adopt(ctx, v.env.ID, a)
	}
	if err != nil {
		c.files.DiscardArchive(ctx, a)
		return "", err
	}
	t := tepin.Template{EnvironmentID: v.env.ID, Name: name, Folder: u.Folder, Document: a.Document}
	of := tepin.Import{EnvironmentID: v.env.ID, Template: &t}
	of.Media, of.Fonts = a.New()
	return name, c.files.SettleArchive(ctx, a, c.store.CreateImport(ctx, v.actor, of))
}

// adopt has an archive's document refer to what the environment has. Few documents are
// read at a time: each may be large.
func (c *Console) adopt(ctx context.Context, env tepin.EnvironmentID, a *asset.Archive) error {
	if err := c.documents.Acquire(ctx, 1); err != nil {
		return err
	}
	defer c.documents.Release(1)
	_, err := c.output.Adopt(ctx, env, a, web.CheckJSON)
	return err
}

// copyTemplate makes another template of one, beside it, and shows that.
func (c *Console) copyTemplate(v *visit) error {
	path, at, err := c.one(c.templates(), v)
	if err != nil {
		return err
	}
	ctx := v.r.Context()
	t, err := c.store.Template(ctx, v.env.ID, tepin.TemplateID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	made := tepin.Template{EnvironmentID: v.env.ID, Name: t.Name, Folder: t.Folder, Tags: t.Tags}
	if made.Document, err = c.files.Copy(ctx, v.env.ID, t.Document); err != nil {
		return err
	}
	made, err = c.store.CreateTemplate(ctx, v.actor, made)
	if err := c.files.Settle(ctx, made.Document, err); err != nil {
		return err
	}
	v.leaveNotice(notice{Text: "This is the copy of “" + t.Name + "”. Give it a name of its own."})
	return v.goTo(path + "/" + string(made.ID) + at.Query())
}

// exportTemplate sends a template as an archive, with the media and fonts that it uses.
func (c *Console) exportTemplate(v *visit) error {
	if _, _, err := c.one(c.templates(), v); err != nil {
		return err
	}
	ctx := v.r.Context()
	t, err := c.store.Template(ctx, v.env.ID, tepin.TemplateID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	ref, err := c.pack(ctx, t)
	if err != nil {
		return err
	}
	defer c.files.Discard(ctx, ref)
	return c.serve(v, ref, t.Name+".zip", "application/zip")
}

func (c *Console) pack(ctx context.Context, t tepin.Template) (tepin.BlobRef, error) {
	if err := c.documents.Acquire(ctx, 1); err != nil {
		return tepin.BlobRef{}, err
	}
	defer c.documents.Release(1)
	return c.output.Pack(ctx, t)
}

// useTemplate makes a project of a template, and shows it.
func (c *Console) useTemplate(v *visit) error {
	if _, _, err := c.one(c.templates(), v); err != nil {
		return err
	}
	ctx := v.r.Context()
	t, err := c.store.Template(ctx, v.env.ID, tepin.TemplateID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	made := tepin.Project{EnvironmentID: v.env.ID, Name: t.Name, TemplateID: t.ID}
	if made.Document, err = c.files.Copy(ctx, v.env.ID, t.Document); err != nil {
		return err
	}
	made, err = c.store.CreateProject(ctx, v.actor, made)
	if err := c.files.Settle(ctx, made.Document, err); err != nil {
		return err
	}
	v.leaveNotice(notice{Text: "This is your project of the template “" + t.Name + "”."})
	return v.goTo("/environments/" + string(v.env.ID) + "/projects/" + string(made.ID))
}

// templateRoutes are what only templates have.
func (c *Console) templateRoutes() []route {
	const one = "/environments/{environment}/templates/{id}"
	return []route{
		{"POST " + one + "/copy", designers, c.copyTemplate},
		{"GET " + one + "/export", anybody, c.exportTemplate},
		{"POST " + one + "/use", anybody, c.useTemplate},
	}
}
