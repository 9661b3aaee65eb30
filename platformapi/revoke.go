package platformapi

import (
	"context"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

func (a *API) revokeTokens(ctx context.Context, c web.Caller, in *InIntegration) (*none, error) {
	_, err := a.o.Credential.RevokeTokens(ctx, c.Actor, c.Environment.ID, in.IntegrationID)
	return nil, err
}

type inToken struct {
	InIntegration
	TokenID string `path:"tokenId" format:"uuid" doc:"The token's claim jti."`
}

func (a *API) revokeToken(ctx context.Context, c web.Caller, in *inToken) (*none, error) {
	return nil, a.o.Credential.RevokeToken(ctx, c.Actor, c.Environment.ID, in.IntegrationID, in.TokenID, time.Time{})
}

// guardFindingBody is what the browser guard saw of one integration's tokens in one page.
type guardFindingBody struct {
	IntegrationID tepin.IntegrationID `json:"integrationId" format:"uuid"`
	Name          string              `json:"name" doc:"Of the integration."`
	Origin        string              `json:"origin" example:"https://shop.example" doc:"Of the page, as the browser sent it; empty where it sent none."`
	Reported      int64               `json:"reported" doc:"Requests that were served."`
	Blocked       int64               `json:"blocked" doc:"Requests that were refused."`
	DateLast      time.Time           `json:"dateLast"`
}

type guardFindingsIn struct {
	InEnvironment
	Days int `query:"days" minimum:"1" maximum:"366" default:"30" doc:"Of the last so many days."`
}

func (a *API) guardFindings(ctx context.Context, c web.Caller, in *guardFindingsIn) (*list[guardFindingBody], error) {
	found, err := a.o.Store.GuardFindings(ctx, c.Environment.ID, a.o.Now().AddDate(0, 0, -in.Days))
	if err != nil {
		return nil, err
	}
	return listOf(found, func(f tepin.GuardFinding) guardFindingBody {
		return guardFindingBody{IntegrationID: f.IntegrationID, Name: f.Name, Origin: f.Origin, Reported: f.Reported, Blocked: f.Blocked, DateLast: f.LastAt}
	}), nil
}
