package platformapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// scope is a scope in a body; its schema lists all there are.
type scope string

// Schema is for the OpenAPI document.
func (scope) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, known := range tepin.AllScopes {
		s.Enum = append(s.Enum, string(known))
	}
	return s
}

// scopesOf lists a set.
func scopesOf(set tepin.Scopes) []scope {
	names := make([]scope, 0, len(tepin.AllScopes))
	for _, s := range set.List() {
		names = append(names, scope(s))
	}
	return names
}

// setOf reads a list of scopes; repeated ones count once.
func setOf(names []scope) (tepin.Scopes, error) {
	known := make([]tepin.Scope, len(names))
	for i, name := range names {
		known[i] = tepin.Scope(name)
	}
	return tepin.NewScopes(known...)
}

type scopeBody struct {
	Name     scope  `json:"name"`
	Resource string `json:"resource" doc:"What it is about: a row of the permissions matrix." example:"template"`
	Action   string `json:"action" doc:"What it allows: a column of the permissions matrix." example:"read"`
	ReadOnly bool   `json:"readOnly" doc:"Fit for a front end: it changes and renders nothing."`
}

func (a *API) availableScopes(context.Context, web.Caller, *none) (*list[scopeBody], error) {
	return listOf(tepin.AllScopes, func(s tepin.Scope) scopeBody {
		resource, action, _ := strings.Cut(string(s), ":")
		return scopeBody{Name: scope(s), Resource: resource, Action: action, ReadOnly: s.ReadOnly()}
	}), nil
}

// Reach is from where an integration and its tokens may be used, and what it may see.
type Reach struct {
	TokenNetworks []string `json:"tokenNetworks" nullable:"false" example:"[\"192.0.2.0/24\"]" doc:"Networks from which it may get tokens; none = from anywhere."`
	UseNetworks   []string `json:"useNetworks" nullable:"false" doc:"Networks from which its tokens may be used; none = from anywhere."`
	Origins       []string `json:"origins" nullable:"false" example:"[\"https://shop.example\"]" doc:"Pages that tokens for browsers may be bound to."`
	Introspects   bool     `json:"introspects" doc:"It may introspect all tokens of its environment, and not only its own."`
	RequireBound  bool     `json:"requireBound" doc:"Its tokens must be bound to a key (DPoP) or a client certificate: others are neither issued nor taken."`
}

func reachOf(i tepin.Integration) Reach {
	r := Reach{TokenNetworks: []string{}, UseNetworks: []string{}, Origins: append([]string{}, i.Origins...), Introspects: i.Introspects, RequireBound: i.RequireBound}
	for _, p := range i.TokenNetworks {
		r.TokenNetworks = append(r.TokenNetworks, p.String())
	}
	for _, p := range i.UseNetworks {
		r.UseNetworks = append(r.UseNetworks, p.String())
	}
	return r
}

// ReachUpdate are the parts of [Reach] that a request sets; each replaces what was.
type ReachUpdate struct {
	TokenNetworks *[]string `json:"tokenNetworks,omitempty" maxItems:"50" example:"[\"192.0.2.0/24\"]" doc:"Networks from which it may get tokens; empty = from anywhere."`
	UseNetworks   *[]string `json:"useNetworks,omitempty" maxItems:"50" doc:"Networks from which its tokens may be used; empty = from anywhere."`
	Origins       *[]string `json:"origins,omitempty" maxItems:"20" example:"[\"https://shop.example\"]" doc:"Pages that tokens for browsers may be bound to: https, and http on loopback where the environment is not for production."`
	Introspects   *bool     `json:"introspects,omitempty" doc:"Whether it may introspect all tokens of its environment."`
	RequireBound  *bool     `json:"requireBound,omitempty" doc:"Whether its tokens must be bound to a key (DPoP) or a client certificate. Plain tokens that it has are refused from then on."`
}

// apply reads the update into u; what is wrong names its member.
func (r ReachUpdate) apply(u *tepin.IntegrationUpdate) (err error) {
	u.Introspects, u.RequireBound = r.Introspects, r.RequireBound
	if u.TokenNetworks, err = parsed("tokenNetworks", r.TokenNetworks, tepin.ParseNetworks); err != nil {
		return err
	}
	if u.UseNetworks, err = parsed("useNetworks", r.UseNetworks, tepin.ParseNetworks); err != nil {
		return err
	}
	u.Origins, err = parsed("origins", r.Origins, func(text string) (tepin.Origins, error) { return tepin.ParseOrigins(text, true) })
	return err
}

// parsed reads a list of words, if there is one.
func parsed[T any](member string, words *[]string, parse func(string) (T, error)) (*T, error) {
	if words == nil {
		return nil, nil
	}
	v, err := parse(strings.Join(*words, " "))
	if e, ok := errors.AsType[*tepin.Error](err); ok {
		e.Path = "body." + member
	}
	return &v, err
}

// IntegrationBody is an integration, without its secrets.
type IntegrationBody struct {
	ID          tepin.IntegrationID `json:"id" format:"uuid"`
	ClientID    tepin.ClientID      `json:"clientId" example:"int_4fQ0fS9cQy1VbYwX8Jt2Lp"`
	Name        string              `json:"name" example:"Webshop"`
	Description string              `json:"description"`
	Enabled     bool                `json:"enabled"`
	Scopes      []scope             `json:"scopes" nullable:"false"`
	Reach
	Quota        quotaBody `json:"quota" doc:"What it may use; …/quota says what it has used."`
	DateCreated  time.Time `json:"dateCreated"`
	LastModified time.Time `json:"lastModifiedDate"`
}

func integrationOf(i tepin.Integration) IntegrationBody {
	return IntegrationBody{
		ID: i.ID, ClientID: i.ClientID, Name: i.Name, Description: i.Description, Enabled: i.Enabled,
		Scopes: scopesOf(i.Scopes), Reach: reachOf(i), Quota: quotaBodyOf(i.Quota), DateCreated: i.CreatedAt.UTC(), LastModified: i.UpdatedAt.UTC(),
	}
}

// InIntegration is the part of inputs that names the integration.
type InIntegration struct {
	InEnvironment
	IntegrationID tepin.IntegrationID `path:"integrationId" format:"uuid"`
}

func (a *API) listIntegrations(ctx context.Context, c web.Caller, _ *InEnvironment) (*list[IntegrationBody], error) {
	all, err := everyPage(func(l tepin.List) (tepin.Page[tepin.Integration], error) {
		return a.o.Store.Integrations(ctx, c.Environment.ID, l)
	})
	if err != nil {
		return nil, err
	}
	return listOf(all, integrationOf), nil
}

func (a *API) getIntegration(ctx context.Context, c web.Caller, in *InIntegration) (*item[IntegrationBody], error) {
	i, err := a.o.Store.Integration(ctx, c.Environment.ID, in.IntegrationID)
	if err != nil {
		return nil, err
	}
	return itemOf(c, i.Version, integrationOf(i)), nil
}

type createIntegrationIn struct {
	InEnvironment
	Body struct {
		Name        string  `json:"name" minLength:"1" maxLength:"20" example:"Webshop"`
		Description string  `json:"description,omitempty" maxLength:"140"`
		Scopes      []scope `json:"scopes" nullable:"false" example:"[\"template:list\",\"template:read\"]" doc:"What its tokens may do. A front end gets only :read and :list."`
		ReachUpdate
		Quota *quotaBody `json:"quota,omitempty" doc:"What it may use."`
	}
}

type createdIntegration struct {
	IntegrationBody
	ClientSecret string `json:"clientSecret" doc:"Shown this once; it cannot be read again."`
}

func (a *API) createIntegration(ctx context.Context, c web.Caller, in *createIntegrationIn) (*secretAnswer[createdIntegration], error) {
	scopes, err := setOf(in.Body.Scopes)
	if err != nil {
		return nil, err
	}
	var u tepin.IntegrationUpdate
	if err := in.Body.apply(&u); err != nil {
		return nil, err
	}
	i, secret, err := a.o.Credential.CreateIntegration(ctx, c.Actor, tepin.Integration{
		EnvironmentID: c.Environment.ID, Name: in.Body.Name, Description: in.Body.Description, Scopes: scopes,
		TokenNetworks: orZero(u.TokenNetworks), UseNetworks: orZero(u.UseNetworks), Origins: orZero(u.Origins), Introspects: orZero(u.Introspects), RequireBound: orZero(u.RequireBound), Quota: orZero(in.Body.Quota.quota()),
	})
	if err != nil {
		return nil, err
	}
	return &secretAnswer[createdIntegration]{
		CacheControl: "no-store", ETag: web.ETag(i.Version), Location: locationOf(c, i.ID),
		Body: createdIntegration{integrationOf(i), secret},
	}, nil
}

// orZero is what p points to, or the zero value.
func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func locationOf(c web.Caller, id tepin.IntegrationID) string {
	return environments + "/" + string(c.Environment.ID) + "/integrations/" + string(id)
}

type updateIntegrationIn struct {
	InIntegration
	InVersion
	Body struct {
		Name        *string  `json:"name,omitempty" minLength:"1" maxLength:"20"`
		Description *string  `json:"description,omitempty" maxLength:"140"`
		Enabled     *bool    `json:"enabled,omitempty" doc:"false ends all of its tokens and refuses new ones."`
		Scopes      *[]scope `json:"scopes,omitempty" doc:"Taking one away ends all of its tokens."`
		ReachUpdate
		Quota *quotaBody `json:"quota,omitempty" doc:"What it may use; all of it is set anew."`
	}
}

func (a *API) updateIntegration(ctx context.Context, c web.Caller, in *updateIntegrationIn) (*item[IntegrationBody], error) {
	u := tepin.IntegrationUpdate{Name: in.Body.Name, Description: in.Body.Description, Enabled: in.Body.Enabled, Quota: in.Body.Quota.quota()}
	if in.Body.Scopes != nil {
		set, err := setOf(*in.Body.Scopes)
		if err != nil {
			return nil, err
		}
		u.Scopes = &set
	}
	if err := in.Body.apply(&u); err != nil {
		return nil, err
	}
	i, err := a.change(ctx, c, in.IntegrationID, u)
	if err != nil {
		return nil, err
	}
	return &item[IntegrationBody]{Status: http.StatusOK, ETag: web.ETag(i.Version), Body: integrationOf(i)}, nil
}

// change updates an integration if it still has the version of If-Match.
func (a *API) change(ctx context.Context, c web.Caller, id tepin.IntegrationID, u tepin.IntegrationUpdate) (i tepin.Integration, err error) {
	if u.IfVersion, err = web.IfMatch(c.Request); err != nil {
		return i, err
	}
	return a.o.Credential.UpdateIntegration(ctx, c.Actor, c.Environment.ID, id, u)
}

func (a *API) deleteIntegration(ctx context.Context, c web.Caller, in *InIntegration) (*none, error) {
	return nil, a.o.Credential.DeleteIntegration(ctx, c.Actor, c.Environment.ID, in.IntegrationID)
}

func (a *API) getScopes(ctx context.Context, c web.Caller, in *InIntegration) (*item[[]scope], error) {
	i, err := a.o.Store.Integration(ctx, c.Environment.ID, in.IntegrationID)
	if err != nil {
		return nil, err
	}
	return itemOf(c, i.Version, scopesOf(i.Scopes)), nil
}

type setScopesIn struct {
	InIntegration
	InVersion
	Body []scope `nullable:"false" doc:"All that it shall have from now on; those left out are taken away."`
}

func (a *API) setScopes(ctx context.Context, c web.Caller, in *setScopesIn) (*item[[]scope], error) {
	set, err := setOf(in.Body)
	if err != nil {
		return nil, err
	}
	i, err := a.change(ctx, c, in.IntegrationID, tepin.IntegrationUpdate{Scopes: &set})
	if err != nil {
		return nil, err
	}
	return &item[[]scope]{Status: http.StatusOK, ETag: web.ETag(i.Version), Body: scopesOf(i.Scopes)}, nil
}
