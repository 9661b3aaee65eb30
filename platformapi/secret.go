package platformapi

import (
	"context"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// SecretBody is what is known of a secret. Nobody knows the secret itself.
type SecretBody struct {
	ID           tepin.CredentialID `json:"id" format:"uuid"`
	Label        string             `json:"label"`
	LastFour     string             `json:"lastFour" doc:"Its last four characters." example:"x7Qa"`
	Live         bool               `json:"live" doc:"Whether it can get tokens now."`
	CreatedBy    string             `json:"createdBy"`
	DateCreated  time.Time          `json:"dateCreated"`
	DateExpires  *time.Time         `json:"dateExpires" doc:"null = never."`
	DateLastUsed *time.Time         `json:"dateLastUsed" doc:"null = never; up to a minute late."`
	LastUsedFrom string             `json:"lastUsedFrom,omitempty" doc:"Network address of its last use."`
}

func (a *API) secretOf(s tepin.Secret) SecretBody {
	return SecretBody{
		ID: s.ID, Label: s.Label, LastFour: s.LastFour, Live: s.LiveAt(a.o.Now()), CreatedBy: s.CreatedBy, DateCreated: s.CreatedAt.UTC(),
		DateExpires: timeOrNull(s.ExpiresAt), DateLastUsed: timeOrNull(s.LastUsedAt), LastUsedFrom: s.LastUsedFrom,
	}
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (a *API) listSecrets(ctx context.Context, c web.Caller, in *InIntegration) (*list[SecretBody], error) {
	if _, err := a.o.Store.Integration(ctx, c.Environment.ID, in.IntegrationID); err != nil {
		return nil, err
	}
	all, err := a.o.Store.Secrets(ctx, c.Environment.ID, in.IntegrationID)
	if err != nil {
		return nil, err
	}
	return listOf(all, a.secretOf), nil
}

type rotateIn struct {
	InIntegration
	Body *struct {
		OverlapSeconds int64 `json:"overlapSeconds,omitempty" minimum:"0" maximum:"2592000" doc:"How long the secrets before it go on working; 0 ends them, and their tokens, at once."`
	} `required:"false"`
}

type rotatedBody struct {
	SecretBody
	ClientID     tepin.ClientID `json:"clientId"`
	ClientSecret string         `json:"clientSecret" doc:"Shown this once; it cannot be read again."`
}

func (a *API) rotateSecret(ctx context.Context, c web.Caller, in *rotateIn) (*secretAnswer[rotatedBody], error) {
	var overlap time.Duration
	if in.Body != nil {
		overlap = time.Duration(in.Body.OverlapSeconds) * time.Second
	}
	i, err := a.o.Store.Integration(ctx, c.Environment.ID, in.IntegrationID)
	if err != nil {
		return nil, err
	}
	s, plain, err := a.o.Credential.Rotate(ctx, c.Actor, c.Environment.ID, i.ID, overlap)
	if err != nil {
		return nil, err
	}
	return &secretAnswer[rotatedBody]{CacheControl: "no-store", Body: rotatedBody{a.secretOf(s), i.ClientID, plain}}, nil
}

type inSecret struct {
	InIntegration
	SecretID tepin.CredentialID `path:"secretId" format:"uuid"`
}

func (a *API) deleteSecret(ctx context.Context, c web.Caller, in *inSecret) (*none, error) {
	return nil, a.o.Credential.DeleteSecret(ctx, c.Actor, c.Environment.ID, in.IntegrationID, in.SecretID)
}
