package platformapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// region is what stands where the original names a data centre.
const region = "self-hosted"

// InEnvironment is the part of inputs that names the environment; the guard has
// resolved it before a handler runs.
type InEnvironment struct {
	Environment string `path:"environment" doc:"Id or technical name of the environment." example:"demo"`
}

// InVersion is the part of inputs of changes to a versioned resource.
type InVersion struct {
	IfMatch string `header:"If-Match" doc:"ETag of the version to change; 412 if there is a newer one."`
}

type environmentBody struct {
	ID             tepin.EnvironmentID   `json:"id" format:"uuid"`
	GUID           tepin.EnvironmentID   `json:"guid" format:"uuid" doc:"The id, once more."`
	Name           string                `json:"name" example:"Demo"`
	Type           tepin.EnvironmentType `json:"type" enum:"development,sandbox,production"`
	TechnicalName  string                `json:"technicalName" doc:"Names the environment in paths, in any case." example:"demo"`
	Region         string                `json:"region" example:"self-hosted"`
	BackOfficeURI  string                `json:"backOfficeUri" doc:"The environment in the console. Its host is the host of the Environment API."`
	SubscriptionID tepin.SubscriptionID  `json:"subscriptionId" format:"uuid"`
	TokenLifetime  int64                 `json:"tokenLifetime" doc:"How long new access tokens live, in seconds." example:"86400"`
	SigningAlg     string                `json:"signingAlg" enum:"ES256,RS256" doc:"How new access tokens are signed."`
	BrowserGuard   tepin.BrowserGuard    `json:"browserGuard" enum:"report,block,off" doc:"What happens to tokens that may do more than read in pages of other sites."`
	Quota          quotaBody             `json:"quota" doc:"What its integrations may use together; …/quota says what they have used."`
	DateCreated    time.Time             `json:"dateCreated"`
	LastModified   time.Time             `json:"lastModifiedDate"`
}

func environmentOf(c web.Caller) func(tepin.Environment) environmentBody {
	return func(e tepin.Environment) environmentBody {
		return environmentBody{
			ID: e.ID, GUID: e.ID, Name: e.Name, Type: e.Type, TechnicalName: e.TechnicalName, Region: region,
			BackOfficeURI: c.BaseURL + "/environments/" + e.TechnicalName, SubscriptionID: e.SubscriptionID,
			TokenLifetime: int64(e.TokenLifetime / time.Second), SigningAlg: e.SigningAlg, BrowserGuard: e.BrowserGuard,
			Quota: quotaBodyOf(e.Quota), DateCreated: e.CreatedAt.UTC(), LastModified: e.UpdatedAt.UTC(),
		}
	}
}

type listEnvironmentsIn struct {
	SubscriptionID string `query:"subscriptionId" doc:"Only the environments of this subscription."`
}

func (a *API) listEnvironments(ctx context.Context, c web.Caller, in *listEnvironmentsIn) (*list[environmentBody], error) {
	all, err := a.visible(ctx, c)
	if err != nil {
		return nil, err
	}
	if in.SubscriptionID != "" {
		all = ofSubscription(all, tepin.SubscriptionID(in.SubscriptionID))
	}
	return listOf(all, environmentOf(c)), nil
}

func (a *API) getEnvironment(_ context.Context, c web.Caller, _ *InEnvironment) (*item[environmentBody], error) {
	return itemOf(c, c.Environment.Version, environmentOf(c)(c.Environment)), nil
}

type createEnvironmentIn struct {
	Body struct {
		Name           string                `json:"name" maxLength:"100" example:"Webshop"`
		TechnicalName  string                `json:"technicalName" doc:"1 to 63 of a to z, 0 to 9 and dashes; never changes." example:"webshop"`
		Type           tepin.EnvironmentType `json:"type" enum:"development,sandbox,production" example:"sandbox" doc:"The output of a sandbox is watermarked and counts no renders."`
		SubscriptionID tepin.SubscriptionID  `json:"subscriptionId,omitempty" format:"uuid" doc:"Needed where there are several."`
		TokenLifetime  int64                 `json:"tokenLifetime,omitempty" minimum:"300" maximum:"86400" doc:"How long access tokens live, in seconds; 86400 if it is left out."`
		SigningAlg     string                `json:"signingAlg,omitempty" enum:"ES256,RS256" doc:"How access tokens are signed; ES256 if it is left out."`
		Quota          *quotaBody            `json:"quota,omitempty" doc:"What its integrations may use together."`
	}
}

type createdEnvironment struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     environmentBody
}

func (a *API) createEnvironment(ctx context.Context, c web.Caller, in *createEnvironmentIn) (*createdEnvironment, error) {
	subscription, err := a.theSubscription(ctx, c, in.Body.SubscriptionID)
	if err != nil {
		return nil, err
	}
	e, err := a.o.Credential.CreateEnvironment(ctx, c.Actor, tepin.Environment{
		SubscriptionID: subscription, Name: in.Body.Name, TechnicalName: in.Body.TechnicalName, Type: in.Body.Type,
		TokenLifetime: time.Duration(in.Body.TokenLifetime) * time.Second, SigningAlg: in.Body.SigningAlg, Quota: orZero(in.Body.Quota.quota()),
	})
	if err != nil {
		return nil, err
	}
	return &createdEnvironment{ETag: web.ETag(e.Version), Location: environments + "/" + string(e.ID), Body: environmentOf(c)(e)}, nil
}

// theSubscription returns id if the caller administers such a subscription; the only one
// that they do if id is empty.
func (a *API) theSubscription(ctx context.Context, c web.Caller, id tepin.SubscriptionID) (tepin.SubscriptionID, error) {
	all, err := a.subscriptions(ctx, c)
	if err != nil {
		return "", err
	}
	all = slices.DeleteFunc(all, func(s tepin.Subscription) bool { return !a.o.Access.SubscriptionRoles(c.Actor, s.ID).Any(owners.Roles) })
	if id == "" && len(all) == 1 {
		return all[0].ID, nil
	}
	for _, s := range all {
		if s.ID == id {
			return id, nil
		}
	}
	return "", &tepin.Error{Kind: tepin.Invalid, Path: "subscriptionId", Message: "there is no such subscription that you administer; GET /api/v1/subscriptions lists those that you see"}
}

type updateEnvironmentIn struct {
	InEnvironment
	InVersion
	Body struct {
		Name          *string `json:"name,omitempty" maxLength:"100"`
		TokenLifetime *int64  `json:"tokenLifetime,omitempty" minimum:"300" maximum:"86400" doc:"Seconds; holds for new tokens."`
		SigningAlg    *string `json:"signingAlg,omitempty" enum:"ES256,RS256" doc:"Holds for new tokens."`

		BrowserGuard *tepin.BrowserGuard `json:"browserGuard,omitempty" enum:"report,block,off" doc:"What happens to tokens that may do more than read in pages of other sites: they are served and reported, or refused and reported, or neither."`
		Quota        *quotaBody          `json:"quota,omitempty" doc:"What its integrations may use together; all of it is set anew."`
	}
}

func (a *API) updateEnvironment(ctx context.Context, c web.Caller, in *updateEnvironmentIn) (*item[environmentBody], error) {
	u := tepin.EnvironmentUpdate{Name: in.Body.Name, SigningAlg: in.Body.SigningAlg, BrowserGuard: in.Body.BrowserGuard, Quota: in.Body.Quota.quota()}
	if in.Body.TokenLifetime != nil {
		lifetime := time.Duration(*in.Body.TokenLifetime) * time.Second
		u.TokenLifetime = &lifetime
	}
	var err error
	if u.IfVersion, err = web.IfMatch(c.Request); err != nil {
		return nil, err
	}
	e, err := a.o.Credential.UpdateEnvironment(ctx, c.Actor, c.Environment.ID, u)
	if err != nil {
		return nil, err
	}
	return &item[environmentBody]{Status: http.StatusOK, ETag: web.ETag(e.Version), Body: environmentOf(c)(e)}, nil
}
