package console

import (
	"context"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/preview"
)

// projects is the shelf of projects.
func (c *Console) projects() *shelf {
	return &shelf{
		tab: "projects", title: "Projects", noun: "project", writers: anybody,
		about: "Working copies of templates: of integrations, and of people in editors.",
		empty: "Projects are made from templates: by integrations, over the Environment API, and by people in an editor.",
		list: func(ctx context.Context, v *visit, l tepin.List) (tepin.Page[card], error) {
			p, err := c.store.Projects(ctx, v.env.ID, v.actor, l)
			return cards(p, func(t tepin.Project) card {
				return card{ID: string(t.ID), Name: t.Name, Note: "Changed " + ago(c.now(), t.UpdatedAt), Version: t.Version}
			}), err
		},
		item: func(ctx context.Context, v *visit, id string) (item, error) {
			t, err := c.store.Project(ctx, v.env.ID, v.actor, tepin.ProjectID(id))
			if err != nil {
				return item{}, err
			}
			owner, err := c.ownerName(ctx, v.env.ID, t.OwnerKind, t.OwnerID)
			return item{ID: id, Name: t.Name, Version: t.Version, Picture: true, File: "Download document", Facts: []detail{
				{Name: "Id", Value: id, Code: true}, {Name: "Owner", Value: owner}, {Name: "Template", Value: string(t.TemplateID), Code: true},
				{Name: "Size", Value: size(t.Document.Size)}, {Name: "Created", Time: t.CreatedAt}, {Name: "Document changed", Time: t.ContentAt},
			}}, err
		},
		save: func(ctx context.Context, v *visit, id string, ch change) error {
			_, err := c.store.UpdateProject(ctx, v.actor, v.env.ID, tepin.ProjectID(id), tepin.ProjectUpdate{Name: &ch.Name, IfVersion: ch.Version})
			return err
		},
		remove: func(ctx context.Context, v *visit, id string, _ bool) (string, error) {
			t, err := c.store.DeleteProject(ctx, v.actor, v.env.ID, tepin.ProjectID(id))
			return t.Name, err
		},
		restore: func(ctx context.Context, v *visit, id string) error {
			_, err := c.store.RestoreProject(ctx, v.actor, v.env.ID, tepin.ProjectID(id))
			return err
		},
		file: func(v *visit, id string) error {
			t, err := c.store.Project(v.r.Context(), v.env.ID, v.actor, tepin.ProjectID(id))
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
			found, err := c.store.Project(v.r.Context(), v.env.ID, v.actor, tepin.ProjectID(id))
			if err != nil {
				return err
			}
			f, err := c.preview.Project(v.r.Context(), found, preview.View{Type: t})
			return c.showPicture(v, f, err)
		},
	}
}

// ownerName is whose something is.
func (c *Console) ownerName(ctx context.Context, env tepin.EnvironmentID, kind tepin.ActorKind, id string) (string, error) {
	if kind != tepin.ActorIntegration {
		u, ok := c.access.Person(tepin.UserID(id))
		if !ok {
			return "Somebody who is gone", nil
		}
		return u.Email, nil
	}
	in, err := c.store.Integration(ctx, env, tepin.IntegrationID(id))
	if tepin.KindOf(err) == tepin.NotFound {
		return "An integration that is gone", nil
	}
	return in.Name + " (integration)", err
}
