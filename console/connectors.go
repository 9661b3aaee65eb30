package console

import (
	"net/http"
	"strings"

	"github.com/tepin/tepin"
)

// connectorsPage is what connectors.html shows, with one at its right in connector.html.
type connectorsPage struct {
	Path    string
	Search  string
	Rows    []tepin.Connector
	More    bool
	Notice  notice
	Writing bool // the visitor may change what is here
	Open    *connectorPanel
}

// connectorPanel is one connector.
type connectorPanel struct {
	tepin.Connector
	Script string // shown, as far as it is short enough to be read
	Form   form
}

// Back is the address of the list.
func (p connectorsPage) Back() string { return p.Path + (place{Search: p.Search}).Query() }

// authNames is what people call the ways to authenticate.
var authNames = map[tepin.AuthKind]string{
	tepin.AuthNone: "None", tepin.AuthStaticKey: "Static key", tepin.AuthClientCredentials: "OAuth client credentials", tepin.AuthPassword: "OAuth password",
	tepin.AuthCode: "OAuth sign-in of each person", tepin.AuthJWTBearer: "OAuth signed assertion",
}

// AuthIn is how the connector authenticates in output, or in browsers.
func (p connectorPanel) AuthIn(usage string) string {
	return authNames[p.AuthFor(tepin.AuthUsage(usage))]
}

// BuiltIn reports whether every environment has the connector.
func (p connectorPanel) BuiltIn() bool { return p.Owner == tepin.BuiltInConnector }

// Domains are the hosts that it may ask, in one line.
func (p connectorPanel) Domains() string { return strings.Join(p.AllowedDomains, ", ") }

func (c *Console) connectorRoutes() []route {
	const at = "/environments/{environment}/connectors"
	return []route{
		{"GET " + at, anybody, c.connectors},
		{"GET " + at + "/{connector}", anybody, c.connector},
		{"POST " + at + "/{connector}", managers, c.saveConnector},
		{"POST " + at + "/{connector}/delete", managers, c.deleteConnector},
		{"POST " + at + "/{connector}/restore", managers, c.restoreConnector},
	}
}

func (c *Console) connectorsPage(v *visit) (environmentPage, *connectorsPage, error) {
	p, err := c.environment(v, "connectors")
	if err != nil {
		return p, nil, err
	}
	v.env = p.Environment
	page := &connectorsPage{Path: p.Path() + "/connectors", Search: v.r.URL.Query().Get("search"), Writing: v.roles.Any(managers.roles)}
	p.Connectors = page
	list, err := c.store.Connectors(v.r.Context(), v.env.ID, tepin.List{Limit: maxRows, Search: page.Search})
	page.Rows, page.More = list.Items, list.Next != nil
	return p, page, err
}

func (c *Console) connectors(v *visit) error {
	p, page, err := c.connectorsPage(v)
	if err != nil {
		return err
	}
	page.Notice = v.notice()
	return c.render(v, http.StatusOK, "connectors", "Connectors, "+v.env.Name, p)
}

// connectorPage reads the list with the connector of the address at its right.
func (c *Console) connectorPage(v *visit) (environmentPage, *connectorPanel, error) {
	p, page, err := c.connectorsPage(v)
	if err != nil {
		return p, nil, err
	}
	found, err := c.store.Connector(v.r.Context(), v.env.ID, tepin.ConnectorID(v.r.PathValue("connector")))
	if err != nil {
		return p, nil, err
	}
	page.Open = &connectorPanel{Connector: found, Form: filled("name", found.Name)}
	return p, page.Open, nil
}

func (c *Console) connector(v *visit) error {
	p, open, err := c.connectorPage(v)
	if err != nil {
		return err
	}
	return c.render(v, http.StatusOK, "connector", open.Name+", "+v.env.Name, p)
}

// saveConnector renames it, or, by the button that was pressed, enables or disables it
// or makes it the default.
func (c *Console) saveConnector(v *visit) error {
	p, open, err := c.connectorPage(v)
	if err != nil {
		return err
	}
	f := v.r.PostForm
	var u tepin.ConnectorUpdate
	yes, no := true, false
	switch f.Get("do") {
	case "enable":
		u.Enabled = &yes
	case "disable":
		u.Enabled = &no
	case "default":
		u.Default = &yes
	default:
		name := f.Get("name")
		u.Name, u.IfVersion = &name, version(f.Get("version"))
	}
	_, err = c.store.UpdateConnector(v.r.Context(), v.actor, v.env.ID, open.ID, u)
	if refusal(err) {
		open.Form = refused(err, "name", f.Get("name"))
		return c.render(v, http.StatusUnprocessableEntity, "connector", open.Name+", "+v.env.Name, p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.Connectors.Path + "/" + string(open.ID))
}

func (c *Console) deleteConnector(v *visit) error {
	p, open, err := c.connectorPage(v)
	if err != nil {
		return err
	}
	if _, err := c.store.DeleteConnector(v.r.Context(), v.actor, v.env.ID, open.ID); err != nil {
		return err
	}
	v.leaveNotice(notice{Text: "The connector “" + open.Name + "” is deleted.", Undo: p.Connectors.Path + "/" + string(open.ID) + "/restore"})
	return v.goTo(p.Connectors.Path)
}

func (c *Console) restoreConnector(v *visit) error {
	p, err := c.environment(v, "connectors")
	if err != nil {
		return err
	}
	restored, err := c.store.RestoreConnector(v.r.Context(), v.actor, p.Environment.ID, tepin.ConnectorID(v.r.PathValue("connector")))
	if err != nil {
		return err
	}
	return v.goTo(p.Path() + "/connectors/" + string(restored.ID))
}
