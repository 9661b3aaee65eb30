package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/tepin/tepin"
)

// reachForm is what the form about an integration's networks and origins holds.
func reachForm(in tepin.Integration) form {
	lines := func(text string) string { return strings.ReplaceAll(text, " ", "\n") }
	ticked := func(is bool) string {
		if is {
			return "yes"
		}
		return ""
	}
	return filled("tokenNetworks", lines(in.TokenNetworks.String()), "useNetworks", lines(in.UseNetworks.String()),
		"origins", lines(in.Origins.String()), "requireBound", ticked(in.RequireBound), "introspects", ticked(in.Introspects))
}

// saveReach saves from where the integration and its tokens may be used.
func (c *Console) saveReach(v *visit) error {
	p, err := c.visited(v, "general")
	if err != nil {
		return err
	}
	f, in := v.r.PostForm, p.Panel.Integration
	introspects, bound := f.Get("introspects") != "", f.Get("requireBound") != ""
	u := tepin.IntegrationUpdate{Introspects: &introspects, RequireBound: &bound, IfVersion: version(f.Get("version"))}
	var errTokens, errUse, errOrigins error
	u.TokenNetworks, errTokens = typed("tokenNetworks", f.Get("tokenNetworks"), tepin.ParseNetworks)
	u.UseNetworks, errUse = typed("useNetworks", f.Get("useNetworks"), tepin.ParseNetworks)
	u.Origins, errOrigins = typed("origins", f.Get("origins"), func(text string) (tepin.Origins, error) { return tepin.ParseOrigins(text, true) })
	if err = errors.Join(errTokens, errUse, errOrigins); err == nil {
		_, err = c.credential.UpdateIntegration(v.r.Context(), v.actor, in.EnvironmentID, in.ID, u)
	}
	if refusal(err) || errTokens != nil || errUse != nil || errOrigins != nil {
		p.Panel.Reach = refused(err, "tokenNetworks", f.Get("tokenNetworks"), "useNetworks", f.Get("useNetworks"), "origins", f.Get("origins"), "requireBound", f.Get("requireBound"), "introspects", f.Get("introspects"))
		if tepin.KindOf(err) == tepin.Stale {
			p.Panel.Reach.Message = "Somebody else changed this integration after you opened it. What you typed is below: save again to replace theirs."
		}
		return c.renderPanel(v, http.StatusUnprocessableEntity, "general", p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.PanelPath() + "?reach")
}

// typed reads what was typed into a field; a refusal names the field.
func typed[T any](field, text string, parse func(string) (T, error)) (*T, error) {
	value, err := parse(text)
	if e, ok := errors.AsType[*tepin.Error](err); ok {
		e.Path = field
	}
	return &value, err
}
