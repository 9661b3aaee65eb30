package console

import (
	"net/http"
	"strconv"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
)

// integrationPanel is one integration at the right of the list: what integration.html
// shows, and the tab inside it.
type integrationPanel struct {
	Integration tepin.Integration
	Tab         string // "general" or "permissions"
	Secrets     []tepin.Secret
	Live        int // how many of them work now
	Form        form
	Scopes      tepin.Scopes // ticked in the matrix
	Overlaps    []overlapChoice
	Secret      tepin.Secret // to be removed
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

// overlapChoice is how long old secrets may outlive a rotation.
type overlapChoice struct {
	Value string // a Go duration
	Name  string
}

var overlapChoices = []overlapChoice{
	{"0s", "End at once"},
	{"1h", "1 hour"},
	{"24h", "1 day"},
	{"168h", "7 days"},
	{"720h", "30 days"},
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
	p.Panel = &integrationPanel{Integration: in, Tab: tab, Secrets: secrets, Scopes: in.Scopes, Overlaps: overlapChoices}
	for _, s := range secrets {
		if s.LiveAt(c.now()) {
			p.Panel.Live++
		}
	}
	p.Panel.Form = filled("name", in.Name, "description", in.Description, "overlap", "24h")
	p.Panel.Form.Saved = v.r.URL.Query().Has("saved")
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

func (c *Console) confirmRotate(v *visit) error { return c.showPanel(v, "general", "rotate") }
func (c *Console) confirmDelete(v *visit) error { return c.showPanel(v, "general", "delete") }

// confirmDisable asks before tokens end; of what is disabled there is nothing to ask.
func (c *Console) confirmDisable(v *visit) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	if !p.Panel.Integration.Enabled {
		return v.goTo(p.PanelPath())
	}
	return c.renderPanel(v, http.StatusOK, "disable", p)
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
		p.Panel.Form = refused(err, "name", name, "description", description, "overlap", "24h")
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
			p.Panel.Form.Message = "Somebody else changed this integration after you opened it; it now has: " + permissionSummary(in.Scopes) +
				". What you ticked is below: save again to replace theirs."
		}
		return c.renderPanel(v, http.StatusUnprocessableEntity, "permissions", p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.PanelPath() + "/permissions?saved")
}

// rotate makes a new secret and shows it, on the only page that ever does.
func (c *Console) rotate(v *visit) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	in := p.Panel.Integration
	text := v.r.PostForm.Get("overlap")
	overlap, err := time.ParseDuration(text)
	if err != nil {
		overlap = -1 // refused by the rules
	}
	_, plain, err := c.credential.Rotate(v.r.Context(), v.actor, in.EnvironmentID, in.ID, overlap, credential.SecretOptions{})
	if refusal(err) {
		p.Panel.Form = refused(err, "name", in.Name, "description", in.Description, "overlap", text)
		p.Panel.Form.Unsaved = false // a rotation is not saved
		return c.renderPanel(v, http.StatusUnprocessableEntity, "rotate", p)
	}
	if err != nil {
		return err
	}
	made := createdSecret{Integration: in, Secret: plain, Rotated: true}
	if overlap > 0 && p.Panel.Live > 0 {
		made.OldEnd = c.now().Add(overlap)
	}
	return c.showSecret(v, in.ID, made)
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
	v.leaveNotice(in.Name)
	return v.goTo(p.Path())
}

// secretPage reads the panel with the secret of the path.
func (c *Console) secretPage(v *visit) (environmentPage, error) {
	p, err := c.visited(v, "general")
	if err != nil {
		return environmentPage{}, err
	}
	for _, s := range p.Panel.Secrets {
		if string(s.ID) == v.r.PathValue("secret") {
			p.Panel.Secret = s
			return p, nil
		}
	}
	return environmentPage{}, tepin.Errorf(tepin.NotFound, "This integration has no such secret; it may have been removed.")
}

func (c *Console) confirmSecret(v *visit) error {
	p, err := c.secretPage(v)
	if err != nil {
		return err
	}
	return c.renderPanel(v, http.StatusOK, "delete-secret", p)
}

func (c *Console) deleteSecret(v *visit) error {
	p, err := c.secretPage(v)
	if err != nil {
		return err
	}
	in := p.Panel.Integration
	if err := c.credential.DeleteSecret(v.r.Context(), v.actor, in.EnvironmentID, in.ID, p.Panel.Secret.ID); err != nil {
		return err
	}
	return v.goTo(p.PanelPath())
}
