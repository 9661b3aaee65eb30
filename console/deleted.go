package console

import (
	"context"
	"net/http"

	"github.com/tepin/tepin"
)

// deletedKind is a kind of thing that can be restored.
type deletedKind struct {
	noun    string
	writers need // who may restore it
	// restore returns where it is to be seen, below the environment's path.
	restore func(ctx context.Context, v *visit, id string) (path string, err error)
}

// deletedKinds are by the name that the store has for each.
func (c *Console) deletedKinds() map[string]deletedKind {
	kinds := map[string]deletedKind{
		"connector": {"Connector", managers, func(ctx context.Context, v *visit, id string) (string, error) {
			_, err := c.store.RestoreConnector(ctx, v.actor, v.env.ID, tepin.ConnectorID(id))
			return "/connectors/" + id, err
		}},
		"font_style": {"Font", staff, func(ctx context.Context, v *visit, id string) (string, error) {
			f, err := c.store.RestoreFontStyle(ctx, v.actor, v.env.ID, tepin.FontStyleID(id))
			return "/fonts/" + string(f.FamilyID), err
		}},
		"collection": {"Template collection", staff, func(ctx context.Context, v *visit, id string) (string, error) {
			_, err := c.store.RestoreCollection(ctx, v.actor, v.env.ID, tepin.CollectionID(id))
			return "/deleted", err
		}},
		"component": {"Component", designers, func(ctx context.Context, v *visit, id string) (string, error) {
			_, err := c.store.RestoreComponent(ctx, v.actor, v.env.ID, tepin.ComponentID(id))
			return "/deleted", err
		}},
	}
	for kind, s := range map[string]*shelf{"template": c.templates(), "project": c.projects(), "media": c.media()} {
		kinds[kind] = deletedKind{sentence(s.noun)[:len(s.noun)], s.writers, func(ctx context.Context, v *visit, id string) (string, error) {
			return "/" + s.tab + "/" + id, s.restore(ctx, v, id)
		}}
	}
	return kinds
}

// deletedRow is one line of deleted.html.
type deletedRow struct {
	tepin.Deleted
	Noun string
}

func (c *Console) deleted(v *visit) error {
	p, err := c.environment(v, "deleted")
	if err != nil {
		return err
	}
	list, err := c.store.Deleted(v.r.Context(), v.actor, p.Environment.ID)
	if err != nil {
		return err
	}
	kinds := c.deletedKinds()
	for _, d := range list {
		if k, ok := kinds[d.Kind]; ok && v.roles.Any(k.writers.roles) {
			p.Deletions = append(p.Deletions, deletedRow{d, k.noun})
		}
	}
	return c.render(v, http.StatusOK, "deleted", "Deleted, "+p.Environment.Name, p)
}

// restore brings back what the form names, and shows where it is.
func (c *Console) restore(v *visit) error {
	p, err := c.environment(v, "deleted")
	if err != nil {
		return err
	}
	v.env = p.Environment
	k, ok := c.deletedKinds()[v.r.PathValue("kind")]
	if !ok || !v.roles.Any(k.writers.roles) {
		return c.lost(v)
	}
	path, err := k.restore(v.r.Context(), v, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.goTo(p.Path() + path)
}
