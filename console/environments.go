package console

import (
	"net/http"

	"github.com/tepin/tepin"
)

// maxRows is how many rows a list shows; beyond it, searching narrows the list down.
const maxRows = 200

// environmentsPage is what environments.html shows, and new-environment.html over it.
type environmentsPage struct {
	Rows   []tepin.Environment
	More   bool
	Search string
	Form   form
	Types  []typeChoice
}

// typeChoice is one of the types of environments to choose from.
type typeChoice struct {
	Type    tepin.EnvironmentType
	Name    string
	Meaning string
}

var typeChoices = []typeChoice{
	{tepin.Production, "Production", "For what your customers get. Output is counted as renders."},
	{tepin.Sandbox, "Sandbox", "For trying things out. Output carries a watermark and counts no render."},
	{tepin.Development, "Development", "For building templates and integrations. Output carries a watermark and counts no render."},
}

func (c *Console) environments(v *visit) error {
	return c.listEnvironments(v, http.StatusOK, "environments", "Environments", form{})
}

func (c *Console) newEnvironment(v *visit) error {
	return c.listEnvironments(v, http.StatusOK, "new-environment", "Create environment", filled("type", string(tepin.Sandbox)))
}

// listEnvironments renders the list, with the dialog over it when the page has one.
func (c *Console) listEnvironments(v *visit, status int, page, title string, f form) error {
	search := v.r.URL.Query().Get("search")
	list, err := c.store.Environments(v.r.Context(), tepin.List{Limit: maxRows, Search: search})
	if err != nil {
		return err
	}
	return c.render(v, status, page, title, environmentsPage{Rows: list.Items, More: list.Next != nil, Search: search, Form: f, Types: typeChoices})
}

func (c *Console) createEnvironment(v *visit) error {
	f := v.r.PostForm
	e := tepin.Environment{Name: f.Get("name"), TechnicalName: f.Get("technicalName"), Type: tepin.EnvironmentType(f.Get("type"))}
	subscriptions, err := c.store.Subscriptions(v.r.Context())
	if err != nil {
		return err
	}
	if len(subscriptions) == 0 {
		return tepin.Errorf(tepin.Conflict, "This installation has no subscription yet, which an environment belongs to.")
	}
	e.SubscriptionID = subscriptions[0].ID
	made, err := c.credential.CreateEnvironment(v.r.Context(), v.actor, e)
	if refusal(err) {
		typed := refused(err, "name", e.Name, "technicalName", e.TechnicalName, "type", string(e.Type))
		return c.listEnvironments(v, http.StatusUnprocessableEntity, "new-environment", "Create environment", typed)
	}
	if err != nil {
		return err
	}
	return v.goTo("/environments/" + string(made.ID))
}
