package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

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

	Subscriptions []tepin.Subscription // in which the visitor may make environments
	Deleted       []deletedEnvironment // that the visitor can restore
	Said          notice
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
	p := environmentsPage{Search: search, Form: f, Types: typeChoices}
	var err error
	if p.Rows, p.More, err = c.visible(v, search, maxRows); err != nil {
		return err
	}
	if p.Subscriptions, err = c.subscriptions(v, owners); err != nil {
		return err
	}
	if p.Deleted, err = c.deletedEnvironments(v, p.Subscriptions, search); err != nil {
		return err
	}
	p.Said = v.notice()
	return c.render(v, status, page, title, p)
}

// visible returns the environments that the visitor has a role in, by name, and whether
// there are more of them.
func (c *Console) visible(v *visit, search string, limit int) (list []tepin.Environment, more bool, err error) {
	if v.user.Administrator {
		page, err := c.store.Environments(v.r.Context(), tepin.List{Limit: limit, Search: search})
		return page.Items, page.Next != nil, err
	}
	word := strings.ToLower(search)
	for id := range c.access.Subscriptions(v.actor) {
		all, err := c.store.OfSubscription(v.r.Context(), id)
		if err != nil {
			return nil, false, err
		}
		for _, e := range all {
			if c.access.Roles(v.actor, e.ID) != 0 && (strings.Contains(strings.ToLower(e.Name), word) || string(e.ID) == word) {
				list = append(list, e)
			}
		}
	}
	slices.SortFunc(list, func(a, b tepin.Environment) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	if len(list) > limit {
		return list[:limit], true, nil
	}
	return list, false, nil
}

// subscriptions returns those in which the visitor is what need says, the oldest first.
func (c *Console) subscriptions(v *visit, need need) ([]tepin.Subscription, error) {
	list, err := c.store.Subscriptions(v.r.Context())
	mine := c.access.Subscriptions(v.actor)
	return slices.DeleteFunc(list, func(s tepin.Subscription) bool { return !v.user.Administrator && !mine[s.ID].Any(need.roles) }), err
}

func (c *Console) createEnvironment(v *visit) error {
	f := v.r.PostForm
	e := tepin.Environment{Name: f.Get("name"), TechnicalName: f.Get("technicalName"), Type: tepin.EnvironmentType(f.Get("type"))}
	subscriptions, err := c.subscriptions(v, owners)
	if err != nil {
		return err
	}
	for _, one := range subscriptions {
		if chosen := f.Get("subscription"); string(one.ID) == chosen || chosen == "" && e.SubscriptionID == "" {
			e.SubscriptionID = one.ID
		}
	}
	if e.SubscriptionID == "" {
		return tepin.Errorf(tepin.Conflict, "There is no subscription that you could make an environment in.")
	}
	made, err := c.credential.CreateEnvironment(v.r.Context(), v.actor, e)
	if refusal(err) {
		typed := refused(err, "name", e.Name, "technicalName", e.TechnicalName, "type", string(e.Type), "subscription", string(e.SubscriptionID))
		return c.listEnvironments(v, http.StatusUnprocessableEntity, "new-environment", "Create environment", typed)
	}
	if err != nil {
		return err
	}
	return v.goTo("/environments/" + string(made.ID))
}
