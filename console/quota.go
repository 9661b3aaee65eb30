package console

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// limits is the form about a quota, with what is used of it: what quota-form.html shows.
type limits struct {
	Action  string
	Version int64
	Form    form
	Rows    []limitRow
}

// limitRow is one use with its two allowances.
type limitRow struct {
	Use       tepin.Use
	Name      string
	Hour, Day limitCell
}

// limitCell is one allowance.
type limitCell struct {
	Field    string
	Standing tepin.Standing
}

// Percent is how much is used, for a bar: 0 to 100.
func (c limitCell) Percent() int64 {
	if c.Standing.Limit == 0 {
		return 0
	}
	return min(100, c.Standing.Used*100/c.Standing.Limit)
}

// useNames are the uses in words.
var useNames = map[tepin.Use]string{tepin.UseTokens: "Tokens", tepin.UseRequests: "API requests", tepin.UseRenders: "Renders"}

// limitsOf reads the quota of an environment, or of one of its integrations, and what is
// used of it.
func (c *Console) limitsOf(ctx context.Context, env tepin.EnvironmentID, id tepin.IntegrationID) (limits, error) {
	q, standings, err := c.store.Standings(ctx, env, id)
	if err != nil {
		return limits{}, err
	}
	mode := string(q.Mode)
	if q.Mode == tepin.QuotaOff {
		mode = "off"
	}
	values := []string{"mode", mode}
	l := limits{}
	for _, u := range tepin.Uses {
		row := limitRow{Use: u, Name: useNames[u], Hour: limitCell{Field: string(u) + "Hour"}, Day: limitCell{Field: string(u) + "Day"}}
		a := q.Of(u)
		values = append(values, row.Hour.Field, number(a.PerHour), row.Day.Field, number(a.PerDay))
		for _, s := range standings {
			if s.Use == u && s.PeriodName() == "hour" {
				row.Hour.Standing = s
			} else if s.Use == u {
				row.Day.Standing = s
			}
		}
		l.Rows = append(l.Rows, row)
	}
	l.Form = filled(values...)
	return l, nil
}

// number shows an allowance; any number is an empty field.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// typedQuota reads the form. What is no number becomes one that the rules refuse.
func typedQuota(f func(string) string) (tepin.Quota, []string) {
	mode := f("mode")
	values := []string{"mode", mode}
	allowance := func(u tepin.Use) tepin.Allowance {
		read := func(field string) int64 {
			text := strings.TrimSpace(f(field))
			values = append(values, field, text)
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil && text != "" {
				return -1
			}
			return n
		}
		return tepin.Allowance{PerHour: read(string(u) + "Hour"), PerDay: read(string(u) + "Day")}
	}
	q := tepin.Quota{Mode: tepin.QuotaMode(mode), Tokens: allowance(tepin.UseTokens), Requests: allowance(tepin.UseRequests), Renders: allowance(tepin.UseRenders)}
	if mode == "off" {
		q.Mode = tepin.QuotaOff
	}
	return q, values
}

// showLimits is the quota of an integration.
func (c *Console) showLimits(v *visit) error {
	p, err := c.limitsPage(v)
	if err != nil {
		return err
	}
	p.Limits.Form.Saved = v.r.URL.Query().Has("saved")
	return c.renderPanel(v, http.StatusOK, "limits", p)
}

func (c *Console) limitsPage(v *visit) (environmentPage, error) {
	p, err := c.visited(v, "limits")
	if err != nil {
		return environmentPage{}, err
	}
	in := p.Panel.Integration
	l, err := c.limitsOf(v.r.Context(), in.EnvironmentID, in.ID)
	l.Action, l.Version = p.PanelPath()+"/limits", in.Version
	p.Limits = &l
	return p, err
}

func (c *Console) saveLimits(v *visit) error {
	p, err := c.limitsPage(v)
	if err != nil {
		return err
	}
	in, f := p.Panel.Integration, v.r.PostForm
	q, values := typedQuota(f.Get)
	_, err = c.credential.UpdateIntegration(v.r.Context(), v.actor, in.EnvironmentID, in.ID, tepin.IntegrationUpdate{Quota: &q, IfVersion: version(f.Get("version"))})
	if refusal(err) {
		p.Limits.Form = refused(err, values...)
		return c.renderPanel(v, http.StatusUnprocessableEntity, "limits", p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.PanelPath() + "/limits?saved")
}

// settingsPage reads the settings of an environment with its quota.
func (c *Console) settingsPage(v *visit) (environmentPage, error) {
	p, err := c.environment(v, "settings")
	if err != nil {
		return environmentPage{}, err
	}
	p.Editor = &editor{Versions: tepin.SDKVersions()}
	if p.Editor.Settings, err = c.store.EnvironmentSettings(v.r.Context(), p.Environment.ID); err != nil {
		return environmentPage{}, err
	}
	l, err := c.limitsOf(v.r.Context(), p.Environment.ID, "")
	l.Action, l.Version = p.Path()+"/limits", p.Environment.Version
	p.Limits = &l
	return p, err
}

func (c *Console) saveEnvironmentLimits(v *visit) error {
	p, err := c.settingsPage(v)
	if err != nil {
		return err
	}
	f := v.r.PostForm
	q, values := typedQuota(f.Get)
	_, err = c.credential.UpdateEnvironment(v.r.Context(), v.actor, p.Environment.ID, tepin.EnvironmentUpdate{Quota: &q, IfVersion: version(f.Get("version"))})
	if refusal(err) {
		p.Form = settingsForm(p.Environment)
		p.Limits.Form = refused(err, values...)
		return c.render(v, http.StatusUnprocessableEntity, "settings", "Settings, "+p.Environment.Name, p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.Path() + "/settings?limits")
}
