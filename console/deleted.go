package console

import (
	"context"
	"net/http"

	"github.com/tepin/tepin"
)

// deletedKind is a kind of thing that can be restored.
type deletedKind struct {
	noun    string
	tab     string // where it is shown; "" = nowhere in the console
	writers need   // who may restore it
	restore func(context.Context, *visit, string) error
}

// deletedKinds are by the name that the store has for each.
func (c *Console) deletedKinds() map[string]deletedKind {
	kinds := map[string]deletedKind{
		"connector": {"Connector", "connectors", managers, func(ctx context.Context, v *visit, id string) error {
			_, err := c.store.RestoreConnector(ctx, v.actor, v.env.ID, tepin.ConnectorID(id))
			return err
		}},
	}
	for kind, s := range map[string]*shelf{"template": c.templates(), "project": c.projects(), "media": c.media()} {
		kinds[kind] = deletedKind{sentence(s.noun)[:len(s.noun)], s.tab, s.writers, s.restore}
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
	id := v.r.PathValue("id")
	if err := k.restore(v.r.Context(), v, id); err != nil {
		return err
	}
	if k.tab == "" {
		return v.goTo(p.Path() + "/deleted")
	}
	return v.goTo(p.Path() + "/" + k.tab + "/" + id)
}
