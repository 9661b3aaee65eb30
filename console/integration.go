package console

import (
	"net/http"
	"strconv"

	"github.com/tepin/tepin"
)

// integrationPanel is one integration at the right of the list: what integration.html
// shows, and the tab inside it.
type integrationPanel struct {
	Integration tepin.Integration
	Tab         string // "general" or "permissions"
	Secrets     []tepin.Secret
	Trusts      []tepin.Trust
	Live        int // how many of them work now
	Form        form
	Reach       form         // from where it may be used
	Dialog      form         // of the dialog over it
	Scopes      tepin.Scopes // ticked in the matrix
	NewSecret   *newSecretDialog
	NewTrust    *trustDialog
	Confirm     *confirmation
	Ended       bool // all its tokens have just ended
}

// Matrix is the table of permissions, row by row.
func (p integrationPanel) Matrix() []matrixRow {
	var rows []matrixRow
	for _, name := range []struct{ title, resource string }{
		{"Fonts", "font"}, {"Media", "media"}, {"Projects", "myproject"}, {"Templates", "template"}, {"Collections", "template_collection"},
	} {
		row := matrixRow{Title: name.title}
		for _, verb := range []string{"read", "list", "write"} {
			s := tepin.Scope(name.resource + ":" + verb)
			row.Cells = append(row.Cells, matrixCell{Scope: s, Column: verb, Ticked: p.Scopes.Has(s)})
		}
		rows = append(rows, row)
	}
	return rows
}

// Output are the two permissions to render.
func (p integrationPanel) Output() []matrixCell {
	return []matrixCell{
		{Scope: tepin.OutputAnimated, Column: "output", Title: "Animated", Ticked: p.Scopes.Has(tepin.OutputAnimated)},
		{Scope: tepin.OutputStatic, Column: "output", Title: "Static", Ticked: p.Scopes.Has(tepin.OutputStatic)},
	}
}

// matrixRow is one resource with its permissions.
type matrixRow struct {
	Title string
	Cells []matrixCell
}

// matrixCell is one permission.
type matrixCell struct {
	Scope  tepin.Scope
	Title  string
	Column string
	Ticked bool
}

// panel reads an integration and what stands around it.
func (c *Console) panel(v *visit, id tepin.IntegrationID, tab string) (environmentPage, error) {
	p, err := c.integrationsPage(v)
	if err != nil {
		return environmentPage{}, err
	}
	ctx := v.r.Context()
	in, err := c.store.Integration(ctx, p.Environment.ID, id)
	if tepin.KindOf(err) == tepin.NotFound {
		return environmentPage{}, tepin.Errorf(tepin.NotFound, "There is no such integration in this environment; it may have been deleted.")
	}
	if err != nil {
		return environmentPage{}, err
	}
	secrets, err := c.secrets(ctx, p.Environment.ID, id)
	if err != nil {
		return environmentPage{}, err
	}
	trusts, err := c.trusts(v, in)
	if err != nil {
		return environmentPage{}, err
	}
	p.Panel = &integrationPanel{Integration: in, Tab: tab, Secrets: secrets, Trusts: trusts, Scopes: in.Scopes}
	for _, s := range secrets {
		if s.LiveAt(c.now()) {
			p.Panel.Live++
		}
	}
	p.Panel.Form = filled("name", in.Name, "description", in.Description)
	p.Panel.Form.Saved = v.r.URL.Query().Has("saved")
	p.Panel.Ended = v.r.URL.Query().Has("ended")
	p.Panel.Reach = reachForm(in)
	p.Panel.Reach.Saved = v.r.URL.Query().Has("reach")
	return p, nil
}

// visited reads the panel of the integration in the path.
func (c *Console) visited(v *visit, tab string) (environmentPage, error) {
	return c.panel(v, tepin.IntegrationID(v.r.PathValue("integration")), tab)
}

// renderPanel answers with a page of the panel.
func (c *Console) renderPanel(v *visit, status int, page string, p environmentPage) error {
	return c.render(v, status, page, p.Panel.Integration.Name+", "+p.Environment.Name, p)
}

// PanelPath is the address of the open panel.
func (p environmentPage) PanelPath() string {
	return p.Path() + "/integrations/" + string(p.Panel.Integration.ID)
}

func (c *Console) general(v *visit) error     { return c.showPanel(v, "general", "general") }
func (c *Console) permissions(v *visit) error { return c.showPanel(v, "permissions", "permissions") }

func (c *Console) confirmDelete(v *visit) error {
	return c.ask(v, func(p environmentPage) *confirmation {
		secrets := strconv.Itoa(p.Panel.Live) + " secrets"
		if p.Panel.Live == 1 {
			secrets = "secret"
		}
		return &confirmation{ID: "delete", Title: "Delete “" + p.Panel.Integration.Name + "”?", Action: p.PanelPath() + "/delete",
			Lead: "Its " + secrets + " and all its tokens stop working at once. This cannot be undone here.", Keep: "Keep it", Button: "Delete integration"}
	})
}

// confirmDisable asks before tokens end; of what is disabled there is nothing to ask.
func (c *Console) confirmDisable(v *visit) error {
	return c.ask(v, func(p environmentPage) *confirmation {
		if !p.Panel.Integration.Enabled {
			return nil
		}
		return &confirmation{ID: "disable", Title: "Disable “" + p.Panel.Integration.Name + "”?", Action: p.PanelPath() + "/state", Field: "enabled", Value: "false",
			Return: "#enable", Keep: "Keep it enabled", Button: "Disable integration",
			Lead: "Its tokens end at once and do not come back when it is enabled again. Its secrets stay: from then on they get new tokens."}
	})
}

func (c *Console) confirmRevoke(v *visit) error {
	return c.ask(v, func(p environmentPage) *confirmation {
		return &confirmation{ID: "revoke", Title: "End all tokens of “" + p.Panel.Integration.Name + "”?", Action: p.PanelPath() + "/revoke",
			Lead: "Every access token that it has, and every one that was exchanged for one of them, stops working at once. Its secrets stay, and get new ones.",
			Keep: "Keep them", Button: "End all tokens"}
	})
}

// revoke ends all tokens of the integration.
func (c *Console) revoke(v *visit) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	in := p.Panel.Integration
	if _, err := c.credential.RevokeTokens(v.r.Context(), v.actor, in.EnvironmentID, in.ID); err != nil {
		return err
	}
	return v.goTo(p.PanelPath() + "?ended")
}

// confirmation is a question before something that cannot be taken back: what
// confirm.html shows.
type confirmation struct {
	ID           string // of the dialog's parts, and of the button that opened it
	Title        string
	Lead         string
	Action       string // address of the form
	Field, Value string // sent with it, if there is something
	Keep, Button string // the two answers
	Return       string // where the focus goes when the button that opened it is gone
}

// ask shows the question about the panel that the path names, unless it has none.
func (c *Console) ask(v *visit, question func(environmentPage) *confirmation) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	if p.Panel.Confirm = question(p); p.Panel.Confirm == nil {
		return v.goTo(p.PanelPath())
	}
	return c.renderPanel(v, http.StatusOK, "confirm", p)
}

func (c *Console) showPanel(v *visit, tab, page string) error {
	p, err := c.visited(v, tab)
	if err != nil {
		return err
	}
	return c.renderPanel(v, http.StatusOK, page, p)
}

func (c *Console) saveGeneral(v *visit) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	f := v.r.PostForm
	name, description := f.Get("name"), oneLine(f.Get("description"))
	u := tepin.IntegrationUpdate{Name: &name, Description: &description, IfVersion: version(f.Get("version"))}
	in := p.Panel.Integration
	_, err = c.credential.UpdateIntegration(v.r.Context(), v.actor, in.EnvironmentID, in.ID, u)
	if refusal(err) {
		p.Panel.Form = refused(err, "name", name, "description", description)
		if tepin.KindOf(err) == tepin.Stale {
			p.Panel.Form.Message = "Somebody else changed this integration after you opened it; its name is now “" + in.Name + "”, its description “" +
				in.Description + "”. What you typed is below: save again to replace theirs."
		}
		return c.renderPanel(v, http.StatusUnprocessableEntity, "general", p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.PanelPath() + "?saved")
}

// savePermissions saves the ticked permissions. A preset button without JavaScript
// only ticks them, to be looked at and saved.
func (c *Console) savePermissions(v *visit) error {
	p, err := c.visited(v, "permissions")
	if err != nil {
		return err
	}
	f := v.r.PostForm
	if preset := f.Get("preset"); preset != "" {
		if p.Panel.Scopes, err = presetScopes(preset); err != nil {
			return err
		}
		p.Panel.Form.Unsaved = p.Panel.Scopes != p.Panel.Integration.Scopes
		return c.renderPanel(v, http.StatusOK, "permissions", p)
	}
	var ticked []tepin.Scope
	for _, s := range f["scope"] {
		ticked = append(ticked, tepin.Scope(s))
	}
	scopes, err := tepin.NewScopes(ticked...)
	if err != nil {
		return err
	}
	in := p.Panel.Integration
	u := tepin.IntegrationUpdate{Scopes: &scopes, IfVersion: version(f.Get("version"))}
	_, err = c.credential.UpdateIntegration(v.r.Context(), v.actor, in.EnvironmentID, in.ID, u)
	if refusal(err) {
		p.Panel.Scopes, p.Panel.Form = scopes, refused(err)
		if tepin.KindOf(err) == tepin.Stale {
			p.Panel.Form.Message = "Somebody else changed this integration after you opened it; it now has: " + in.Scopes.Summary() +
				". What you ticked is below: save again to replace theirs."
		}
		return c.renderPanel(v, http.StatusUnprocessableEntity, "permissions", p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.PanelPath() + "/permissions?saved")
}

// setState enables or disables the integration, whatever else was changed meanwhile.
func (c *Console) setState(v *visit) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	enabled, err := strconv.ParseBool(v.r.PostForm.Get("enabled"))
	if err != nil {
		return &tepin.Error{Kind: tepin.Invalid, Path: "enabled", Message: "must be true or false"}
	}
	in := p.Panel.Integration
	if _, err = c.credential.UpdateIntegration(v.r.Context(), v.actor, in.EnvironmentID, in.ID, tepin.IntegrationUpdate{Enabled: &enabled}); err != nil {
		return err
	}
	return v.goTo(p.PanelPath())
}

func (c *Console) delete(v *visit) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	in := p.Panel.Integration
	if err := c.credential.DeleteIntegration(v.r.Context(), v.actor, in.EnvironmentID, in.ID); err != nil {
		return err
	}
	v.leaveNotice(notice{Text: in.Name})
	return v.goTo(p.Path())
}
