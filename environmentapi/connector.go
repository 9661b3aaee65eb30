package environmentapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// maxConnectorBody bounds the JSON of a connector in bytes: a script is longer in JSON.
const maxConnectorBody = 5 << 20

func (a *API) listConnectors(ctx context.Context, c web.Caller, in *ListIn) (*answer[Page[Connector]], error) {
	l, err := a.list(c, "/connectors", FolderIn{ListIn: *in})
	if err != nil {
		return nil, err
	}
	p, err := a.Store.Connectors(ctx, c.Environment.ID, l)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, "/connectors", l, p, connectorOf), nil
}

func (a *API) connector(ctx context.Context, c web.Caller, given string) (tepin.Connector, error) {
	id, err := id[tepin.ConnectorID]("connector", given)
	if err != nil {
		return tepin.Connector{}, err
	}
	return a.Store.Connector(ctx, c.Environment.ID, id)
}

func (a *API) getConnector(ctx context.Context, c web.Caller, in *connectorIn) (*answer[Connector], error) {
	v, err := a.connector(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return versioned(c, v.Version, connectorOf(v)), nil
}

func (a *API) createConnector(ctx context.Context, c web.Caller, in *newConnectorIn) (*answer[Connector], error) {
	b := in.Body
	for _, each := range []struct {
		name    string
		missing bool
	}{{"name", b.Name == nil}, {"type", b.Type == nil}, {"script", b.Script == nil}} {
		if each.missing {
			return nil, bad(each.name, "a new connector needs it")
		}
	}
	u, err := b.change()
	if err != nil {
		return nil, err
	}
	v := tepin.Connector{EnvironmentID: c.Environment.ID, Name: *u.Name, Type: *u.Type, Enabled: b.Enabled != nil && *b.Enabled}
	for field, given := range map[*string]*string{&v.Description: u.Description, &v.Release: u.Release, &v.IconURL: u.IconURL, &v.APIVersion: u.APIVersion} {
		if given != nil {
			*field = *given
		}
	}
	if u.Options != nil {
		v.Options = *u.Options
	}
	if u.AllowedDomains != nil {
		v.AllowedDomains = *u.AllowedDomains
	}
	if u.AllowedMethods != nil {
		v.AllowedMethods, v.ForwardedHeaders = *u.AllowedMethods, *u.ForwardedHeaders
	}
	v, err = a.Store.CreateConnector(ctx, c.Actor, v, *u.Script)
	if err != nil {
		return nil, err
	}
	return added(v.Version, connectorOf(v)), nil
}

func (a *API) putConnector(ctx context.Context, c web.Caller, in *putConnectorIn) (*answer[Connector], error) {
	u, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	v, err := a.updateConnector(ctx, c, in.ID, u)
	return changed(v.Version, connectorOf(v)), err
}

func (a *API) updateConnector(ctx context.Context, c web.Caller, given string, u tepin.ConnectorUpdate) (tepin.Connector, error) {
	id, err := id[tepin.ConnectorID]("connector", given)
	if err == nil {
		u.IfVersion, err = web.IfMatch(c.Request)
	}
	if err != nil {
		return tepin.Connector{}, err
	}
	return a.Store.UpdateConnector(ctx, c.Actor, c.Environment.ID, id, u)
}

func (a *API) patchConnector(ctx context.Context, c web.Caller, in *patchConnectorIn) (*unsaid, error) {
	u := tepin.ConnectorUpdate{Enabled: in.Body.Enabled, Default: in.Body.Default}
	if in.Body.Name != nil {
		name, err := asset.CheckName("the connector", *in.Body.Name)
		if err != nil {
			return nil, err
		}
		u.Name = &name
	}
	if u.Enabled == nil && u.Default == nil && u.Name == nil {
		return nil, tepin.Errorf(tepin.Invalid, "there is nothing to change: send enabled, default or name")
	}
	v, err := a.updateConnector(ctx, c, in.ID, u)
	return &unsaid{http.StatusNoContent, web.ETag(v.Version)}, err
}

func (a *API) deleteConnector(ctx context.Context, c web.Caller, in *connectorIn) (*empty, error) {
	v, err := a.connector(ctx, c, in.ID)
	if err == nil {
		err = matches(c, v.Version)
	}
	if err != nil {
		return nil, err
	}
	_, err = a.Store.DeleteConnector(ctx, c.Actor, c.Environment.ID, v.ID)
	return &empty{http.StatusNoContent}, err
}

func (a *API) restoreConnector(ctx context.Context, c web.Caller, in *connectorIn) (*answer[Connector], error) {
	id, err := id[tepin.ConnectorID]("connector", in.ID)
	if err != nil {
		return nil, err
	}
	v, err := a.Store.RestoreConnector(ctx, c.Actor, c.Environment.ID, id)
	return changed(v.Version, connectorOf(v)), err
}

// ConnectorScript is the JSON in which a script travels: never as a script (S14).
type ConnectorScript struct {
	Script *string `json:"script" doc:"null where the connector is built in."`
	SHA256 string  `json:"sha256" doc:"Of the script's bytes, in hexadecimal."`
}

func (a *API) getConnectorScript(ctx context.Context, c web.Caller, in *connectorIn) (*answer[ConnectorScript], error) {
	v, script, err := a.connectorWithScript(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return versioned(c, v.Version, ConnectorScript{Script: script, SHA256: v.ScriptSHA256}), nil
}

func (a *API) connectorWithScript(ctx context.Context, c web.Caller, given string) (tepin.Connector, *string, error) {
	v, err := a.connector(ctx, c, given)
	if err != nil || v.ScriptSource != tepin.ExternalScript {
		return v, nil, err
	}
	script, err := a.Store.ConnectorScript(ctx, c.Environment.ID, v.ID)
	return v, &script, err
}

// ConnectorDefinition is a connector as an engine loads it.
type ConnectorDefinition struct {
	ID            tepin.ConnectorID   `json:"id" format:"uuid"`
	Name          string              `json:"name"`
	Version       string              `json:"version"`
	Type          tepin.ConnectorType `json:"type" enum:"media,fonts,data,components"`
	ScriptSource  tepin.ScriptSource  `json:"scriptSource" enum:"external,defaultMedia,defaultFonts"`
	SupportedAuth []tepin.AuthKind    `json:"supportedAuth" nullable:"false"`
	Options       map[string]any      `json:"options"`
	Script        *string             `json:"script" doc:"null where the connector is built in."`
}

func (a *API) getConnectorDefinition(ctx context.Context, c web.Caller, in *connectorIn) (*answer[ConnectorDefinition], error) {
	v, script, err := a.connectorWithScript(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	body := connectorOf(v)
	return versioned(c, v.Version, ConnectorDefinition{ID: v.ID, Name: v.Name, Version: v.Release, Type: v.Type, ScriptSource: v.ScriptSource,
		SupportedAuth: body.SupportedAuthentication.Browser, Options: body.Options, Script: script}), nil
}

// withBody bounds the body of an operation that may be longer than others'.
func withBody(limit int64, op huma.Operation) huma.Operation {
	op.MaxBodyBytes = limit
	return op
}
