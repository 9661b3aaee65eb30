package platformapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
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

// EnvironmentBody is an environment.
type EnvironmentBody struct {
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
	UsedStorage    int64                 `json:"usedStorage" doc:"Bytes."`
	DateCreated    time.Time             `json:"dateCreated"`
	LastModified   time.Time             `json:"lastModifiedDate"`
}

// environmentOf returns how environments are shown that store so much.
func environmentOf(c web.Caller, stored map[tepin.EnvironmentID]tepin.Storage) func(tepin.Environment) EnvironmentBody {
	return func(e tepin.Environment) EnvironmentBody {
		return EnvironmentBody{
			UsedStorage: stored[e.ID].Total(),
			ID:          e.ID, GUID: e.ID, Name: e.Name, Type: e.Type, TechnicalName: e.TechnicalName, Region: region,
			BackOfficeURI: c.BaseURL + "/environments/" + e.TechnicalName, SubscriptionID: e.SubscriptionID,
			TokenLifetime: int64(e.TokenLifetime / time.Second), SigningAlg: e.SigningAlg, BrowserGuard: e.BrowserGuard,
			Quota: quotaBodyOf(e.Quota), DateCreated: e.CreatedAt.UTC(), LastModified: e.UpdatedAt.UTC(),
		}
	}
}

type listEnvironmentsIn struct {
	SubscriptionID string `query:"subscriptionId" doc:"Only the environments of this subscription."`
}

func (a *API) listEnvironments(ctx context.Context, c web.Caller, in *listEnvironmentsIn) (*list[EnvironmentBody], error) {
	all, err := a.visible(ctx, c)
	if err != nil {
		return nil, err
	}
	if in.SubscriptionID != "" {
		all = ofSubscription(all, tepin.SubscriptionID(in.SubscriptionID))
	}
	stored := map[tepin.EnvironmentID]tepin.Storage{}
	for _, id := range subscriptionsOf(all) {
		of, err := a.o.Store.StorageOf(ctx, id)
		if err != nil {
			return nil, err
		}
		maps.Copy(stored, of)
	}
	return listOf(all, environmentOf(c, stored)), nil
}

// subscriptionsOf are the subscriptions of environments, each once.
func subscriptionsOf(all []tepin.Environment) (ids []tepin.SubscriptionID) {
	for _, e := range all {
		if !slices.Contains(ids, e.SubscriptionID) {
			ids = append(ids, e.SubscriptionID)
		}
	}
	return ids
}

// storageBody is what an environment stores, by category.
type storageBody struct {
	Assets    int64 `json:"assets" doc:"Media."`
	Documents int64 `json:"documents" doc:"Of templates, projects and components."`
	Fonts     int64 `json:"fonts"`
	Cache     int64 `json:"cache" doc:"Previews."`
	Backup    int64 `json:"backup" doc:"Always 0: backups are the operator's, and not kept here."`
	Other     int64 `json:"other" doc:"Output that is still kept, and what it is made of."`
}

// environmentDetail is an environment with what is in use of it.
type environmentDetail struct {
	EnvironmentBody
	TenantName         string      `json:"tenantName" doc:"The technical name, once more."`
	UsedStorageDetail  storageBody `json:"usedStorageDetail" doc:"Bytes. What was deleted counts until it cannot be restored any more."`
	Renders            int64       `json:"renders" doc:"Renders, ever."`
	WatermarkedRenders int64       `json:"totalWatermarkedRenders" doc:"Watermarked output, which counts no renders."`
}

// getEnvironment answers an environment with what is in use of it. That changes without
// its version: there is no 304.
func (a *API) getEnvironment(ctx context.Context, c web.Caller, _ *InEnvironment) (*item[environmentDetail], error) {
	e := c.Environment
	stored, err := a.o.Store.Storage(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	out := environmentDetail{
		EnvironmentBody: environmentOf(c, map[tepin.EnvironmentID]tepin.Storage{e.ID: stored})(e), TenantName: e.TechnicalName,
		UsedStorageDetail: storageBody{Assets: stored[tepin.StoredAssets], Documents: stored[tepin.StoredDocuments], Fonts: stored[tepin.StoredFonts],
			Cache: stored[tepin.StoredCache], Other: stored[tepin.StoredOther]},
	}
	counts, err := a.o.Store.RenderCounts(ctx, e.ID, time.Unix(0, 0), a.o.Now().AddDate(1, 0, 0))
	for _, n := range counts {
		out.Renders += n.Renders
		out.WatermarkedRenders += n.Watermarked
	}
	return &item[environmentDetail]{Status: http.StatusOK, ETag: web.ETag(e.Version), Body: out}, err
}

type deleteEnvironmentIn struct {
	InEnvironment
	InVersion
}

func (a *API) deleteEnvironment(ctx context.Context, c web.Caller, _ *deleteEnvironmentIn) (*none, error) {
	version, err := web.IfMatch(c.Request)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Credential.DeleteEnvironment(ctx, c.Actor, c.Environment.ID, version)
}

// deletedEnvironment is an environment that can be restored.
type deletedEnvironment struct {
	ID            tepin.EnvironmentID   `json:"id" format:"uuid"`
	Name          string                `json:"name"`
	TechnicalName string                `json:"technicalName" doc:"Nobody else gets it, whatever becomes of the environment."`
	Type          tepin.EnvironmentType `json:"type" enum:"development,sandbox,production"`
	DateDeleted   time.Time             `json:"dateDeleted"`
	DateGone      time.Time             `json:"dateGone" doc:"Until when it can be restored; then all that it holds is removed."`
}

func (a *API) listDeletedEnvironments(ctx context.Context, _ web.Caller, in *InSubscription) (*list[deletedEnvironment], error) {
	all, err := a.o.Store.DeletedEnvironments(ctx, in.SubscriptionID)
	if err != nil {
		return nil, err
	}
	return listOf(all, func(d store.DeletedEnvironment) deletedEnvironment {
		return deletedEnvironment{d.ID, d.Name, d.TechnicalName, d.Type, d.DeletedAt.UTC(), d.DeletedAt.Add(tepin.EnvironmentGrace).UTC()}
	}), nil
}

type restoreIn struct {
	InSubscription
	EnvironmentID tepin.EnvironmentID `path:"environmentId" format:"uuid"`
}

func (a *API) restoreEnvironment(ctx context.Context, c web.Caller, in *restoreIn) (*item[EnvironmentBody], error) {
	e, err := a.o.Credential.RestoreEnvironment(ctx, c.Actor, in.SubscriptionID, in.EnvironmentID)
	if err != nil {
		return nil, err
	}
	return &item[EnvironmentBody]{Status: http.StatusOK, ETag: web.ETag(e.Version), Body: environmentOf(c, nil)(e)}, nil
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
	Body     EnvironmentBody
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
	return &createdEnvironment{ETag: web.ETag(e.Version), Location: environments + "/" + string(e.ID), Body: environmentOf(c, nil)(e)}, nil
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

func (a *API) updateEnvironment(ctx context.Context, c web.Caller, in *updateEnvironmentIn) (*item[EnvironmentBody], error) {
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
	return &item[EnvironmentBody]{Status: http.StatusOK, ETag: web.ETag(e.Version), Body: environmentOf(c, nil)(e)}, nil
}
