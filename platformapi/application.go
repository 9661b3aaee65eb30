package platformapi

import (
	"context"
	"net/http"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// ApplicationBody is a web page or a program in which people sign in, to work in one
// environment.
type ApplicationBody struct {
	ID           tepin.ApplicationID `json:"id" format:"uuid"`
	ClientID     tepin.ClientID      `json:"clientId" example:"app_4fQ0fS9cQy1VbYwX8Jt2Lp" doc:"Public: an application has no secret, and uses PKCE."`
	Name         string              `json:"name" doc:"Which people are asked about." example:"Template editor"`
	RedirectURIs []string            `json:"redirectUris" nullable:"false" doc:"Where people may be sent back to, byte for byte; only the port of a loopback address is free." example:"[\"https://editor.example/callback\"]"`
	CreatedBy    string              `json:"createdBy"`
	DateCreated  time.Time           `json:"dateCreated"`
	LastModified time.Time           `json:"lastModifiedDate"`
}

func applicationOf(a tepin.Application) ApplicationBody {
	return ApplicationBody{ID: a.ID, ClientID: a.ClientID, Name: a.Name, RedirectURIs: a.RedirectURIs, CreatedBy: a.CreatedBy,
		DateCreated: a.CreatedAt.UTC(), LastModified: a.UpdatedAt.UTC()}
}

// InApplication is the part of inputs that names the application.
type InApplication struct {
	InEnvironment
	ApplicationID tepin.ApplicationID `path:"applicationId" format:"uuid"`
}

func (a *API) listApplications(ctx context.Context, c web.Caller, _ *InEnvironment) (*list[ApplicationBody], error) {
	all, err := a.o.Store.Applications(ctx, c.Environment.ID)
	if err != nil {
		return nil, err
	}
	return listOf(all, applicationOf), nil
}

func (a *API) getApplication(ctx context.Context, c web.Caller, in *InApplication) (*item[ApplicationBody], error) {
	v, err := a.o.Store.Application(ctx, c.Environment.ID, in.ApplicationID)
	if err != nil {
		return nil, err
	}
	return itemOf(c, v.Version, applicationOf(v)), nil
}

type createApplicationIn struct {
	InEnvironment
	Body struct {
		Name         string   `json:"name" minLength:"1" maxLength:"50" example:"Template editor"`
		RedirectURIs []string `json:"redirectUris" nullable:"false" minItems:"1" maxItems:"10" doc:"https, or http on loopback; no wildcards." example:"[\"https://editor.example/callback\"]"`
	}
}

type createdApplication struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     ApplicationBody
}

func (a *API) createApplication(ctx context.Context, c web.Caller, in *createApplicationIn) (*createdApplication, error) {
	v, err := a.o.Credential.CreateApplication(ctx, c.Actor, tepin.Application{EnvironmentID: c.Environment.ID, Name: in.Body.Name, RedirectURIs: in.Body.RedirectURIs})
	if err != nil {
		return nil, err
	}
	return &createdApplication{ETag: web.ETag(v.Version), Location: environments + "/" + string(v.EnvironmentID) + "/applications/" + string(v.ID), Body: applicationOf(v)}, nil
}

type updateApplicationIn struct {
	InApplication
	InVersion
	Body struct {
		Name         *string   `json:"name,omitempty" minLength:"1" maxLength:"50"`
		RedirectURIs *[]string `json:"redirectUris,omitempty" minItems:"1" maxItems:"10"`
	}
}

func (a *API) updateApplication(ctx context.Context, c web.Caller, in *updateApplicationIn) (*item[ApplicationBody], error) {
	u := tepin.ApplicationUpdate{Name: in.Body.Name, RedirectURIs: in.Body.RedirectURIs}
	var err error
	if u.IfVersion, err = web.IfMatch(c.Request); err != nil {
		return nil, err
	}
	v, err := a.o.Credential.UpdateApplication(ctx, c.Actor, c.Environment.ID, in.ApplicationID, u)
	if err != nil {
		return nil, err
	}
	return &item[ApplicationBody]{Status: http.StatusOK, ETag: web.ETag(v.Version), Body: applicationOf(v)}, nil
}

func (a *API) deleteApplication(ctx context.Context, c web.Caller, in *InApplication) (*none, error) {
	return nil, a.o.Credential.DeleteApplication(ctx, c.Actor, c.Environment.ID, in.ApplicationID)
}
