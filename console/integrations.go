package console

import (
	"context"
	"net/http"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// integrationList is what integrations.html shows.
type integrationList struct {
	Rows   []integrationRow
	More   bool
	Search string
}

// integrationRow is one line of the list.
type integrationRow struct {
	tepin.Integration
	LastUsed time.Time // of any of its secrets; zero = never
	EndsSoon time.Time // of the secret whose end is to be warned of, the next one; zero = none
}

// Permissions sums up the scopes.
func (r integrationRow) Permissions() string { return r.Scopes.Summary() }

// createdSecret is a secret in the clear, on the only page that ever shows it.
type createdSecret struct {
	Integration tepin.Integration
	Secret      string
	First       bool // it came with the integration
	Rotated     bool
	OldEnd      time.Time // until when the secrets before it work; zero = they ended
	TokenURL    string
}

// integrationsPage reads the environment and its list of integrations.
func (c *Console) integrationsPage(v *visit) (environmentPage, error) {
	p, err := c.environment(v, "integrations")
	if err != nil {
		return environmentPage{}, err
	}
	ctx, search := v.r.Context(), v.r.URL.Query().Get("search")
	list, err := c.store.Integrations(ctx, p.Environment.ID, tepin.List{Limit: maxRows, Search: search})
	if err != nil {
		return environmentPage{}, err
	}
	if p.Guarded, err = c.guarded(v, p.Environment); err != nil {
		return environmentPage{}, err
	}
	p.Integrations = integrationList{More: list.Next != nil, Search: search}
	for _, in := range list.Items {
		row := integrationRow{Integration: in}
		secrets, err := c.secrets(ctx, in.EnvironmentID, in.ID)
		if err != nil {
			return environmentPage{}, err
		}
		for _, s := range secrets {
			if s.LastUsedAt.After(row.LastUsed) {
				row.LastUsed = s.LastUsedAt
			}
			if warning(s, c.now()) > 0 && (row.EndsSoon.IsZero() || s.ExpiresAt.Before(row.EndsSoon)) {
				row.EndsSoon = s.ExpiresAt
			}
		}
		p.Integrations.Rows = append(p.Integrations.Rows, row)
	}
	return p, nil
}

// secrets returns the secrets of an integration, with uses of a moment ago that are
// not in the database yet.
func (c *Console) secrets(ctx context.Context, env tepin.EnvironmentID, id tepin.IntegrationID) ([]tepin.Secret, error) {
	list, err := c.store.Secrets(ctx, env, id)
	for i := range list {
		if at, from, ok := c.access.LastUse(list[i].ID); ok && at.After(list[i].LastUsedAt) {
			list[i].LastUsedAt, list[i].LastUsedFrom = at, from
		}
	}
	return list, err
}

func (c *Console) integrations(v *visit) error {
	p, err := c.integrationsPage(v)
	if err != nil {
		return err
	}
	p.Deleted = v.notice().Text
	return c.render(v, http.StatusOK, "integrations", "Integrations, "+p.Environment.Name, p)
}

func (c *Console) newIntegration(v *visit) error {
	p, err := c.integrationsPage(v)
	if err != nil {
		return err
	}
	p.Form = filled("preset", "read-only")
	return c.render(v, http.StatusOK, "new-integration", "Create integration, "+p.Environment.Name, p)
}

// createIntegration makes an integration and shows its secret, which no later page can.
func (c *Console) createIntegration(v *visit) error {
	p, err := c.integrationsPage(v)
	if err != nil {
		return err
	}
	f := v.r.PostForm
	name, description, preset := f.Get("name"), oneLine(f.Get("description")), f.Get("preset")
	scopes, err := presetScopes(preset)
	in := tepin.Integration{EnvironmentID: p.Environment.ID, Name: name, Description: description, Scopes: scopes}
	var secret string
	if err == nil {
		in, secret, err = c.credential.CreateIntegration(v.r.Context(), v.actor, in)
	}
	if refusal(err) {
		p.Form = refused(err, "name", name, "description", description, "preset", preset)
		return c.render(v, http.StatusUnprocessableEntity, "new-integration", "Create integration, "+p.Environment.Name, p)
	}
	if err != nil {
		return err
	}
	return c.showSecret(v, in.ID, createdSecret{Integration: in, Secret: secret, First: true})
}

// presets are the choices of scopes that have a name.
var presets = map[string][]tepin.Scope{
	"read-only": tepin.ReadOnlyScopes,
	"all":       tepin.AllScopes,
	"none":      {},
}

func presetScopes(name string) (tepin.Scopes, error) {
	list, ok := presets[name]
	if !ok {
		return 0, &tepin.Error{Kind: tepin.Invalid, Path: "preset", Message: "choose what the integration may do"}
	}
	return tepin.NewScopes(list...)
}

// showSecret renders the integration with its new secret over it.
func (c *Console) showSecret(v *visit, id tepin.IntegrationID, made createdSecret) error {
	p, err := c.panel(v, id, "general")
	if err != nil {
		return err
	}
	made.TokenURL = web.BaseURL(v.r) + "/oauth/token"
	p.Created = &made
	return c.render(v, http.StatusOK, "secret", "New secret, "+p.Panel.Integration.Name, p)
}
