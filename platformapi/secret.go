package platformapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/web"
)

// SecretBody is what is known of a secret. Nobody knows the secret itself.
type SecretBody struct {
	ID            tepin.CredentialID  `json:"id" format:"uuid"`
	Label         string              `json:"label"`
	LastFour      string              `json:"lastFour" doc:"Its last four characters." example:"x7Qa"`
	Live          bool                `json:"live" doc:"Whether it can get tokens now."`
	CreatedBy     string              `json:"createdBy"`
	DateCreated   time.Time           `json:"dateCreated"`
	DateNotBefore *time.Time          `json:"dateNotBefore" doc:"It works from then on; null = since it was made."`
	DateExpires   *time.Time          `json:"dateExpires" doc:"null = never."`
	ExpiresSoon   *int                `json:"expiresSoon" enum:"30,7,1" doc:"It will have ended within so many days; null = not so soon, or a rotation replaced it."`
	ReplacedBy    *tepin.CredentialID `json:"replacedBy" format:"uuid" doc:"The secret that a rotation made in its place; null = none."`
	DateLastUsed  *time.Time          `json:"dateLastUsed" doc:"null = never; up to a minute late."`
	LastUsedFrom  string              `json:"lastUsedFrom,omitempty" doc:"Network address of its last use."`
}

func (a *API) secretOf(s tepin.Secret) SecretBody {
	b := SecretBody{
		ID: s.ID, Label: s.Label, LastFour: s.LastFour, Live: s.LiveAt(a.o.Now()), CreatedBy: s.CreatedBy, DateCreated: s.CreatedAt.UTC(),
		DateNotBefore: timeOrNull(s.NotBefore), DateExpires: timeOrNull(s.ExpiresAt), DateLastUsed: timeOrNull(s.LastUsedAt), LastUsedFrom: s.LastUsedFrom,
	}
	if s.ReplacedBy != "" {
		b.ReplacedBy = &s.ReplacedBy
	} else if days := tepin.ExpiryWarning(s.CreatedAt, s.ExpiresAt, a.o.Now()); days > 0 {
		b.ExpiresSoon = &days
	}
	return b
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

// NewSecret is what may be chosen about a new secret.
type NewSecret struct {
	Label         string     `json:"label,omitempty" maxLength:"60" example:"web shop, since the move"`
	DateNotBefore *time.Time `json:"dateNotBefore,omitempty" doc:"It works from then on; left out: at once."`
	DateExpires   *time.Time `json:"dateExpires,omitempty" doc:"It ends then; left out: never."`
	Force         bool       `json:"force,omitempty" doc:"Where five secrets live, the oldest ends at once; left out, that is a 409."`
}

func (n NewSecret) options() (credential.SecretOptions, error) {
	from, errFrom := moment("dateNotBefore", n.DateNotBefore)
	end, errEnd := moment("dateExpires", n.DateExpires)
	return credential.SecretOptions{Label: n.Label, NotBefore: from, ExpiresAt: end, Force: n.Force}, errors.Join(errFrom, errEnd)
}

// moment is the time that a member of a body sets, or zero where it is left out. The zero
// time itself is none, or it would be taken for no end at all; and a year that has not four
// digits in UTC could be answered to nobody (RFC 3339 §1).
func moment(member string, t *time.Time) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if year := t.UTC().Year(); year < 1970 || year > 9999 {
		return time.Time{}, &tepin.Error{Kind: tepin.Invalid, Path: "body." + member, Message: "must be a time in the years from 1970 to 9999"}
	}
	return *t, nil
}

type addSecretIn struct {
	InIntegration
	Body *NewSecret `required:"false"`
}

type rotateIn struct {
	InIntegration
	Body *struct {
		PreviousExpiresIn int64 `json:"previousExpiresIn,omitempty" minimum:"0" maximum:"2592000" doc:"For how many seconds the secrets before it go on working; 0 ends them, and their tokens, at once."`
		NewSecret
	} `required:"false"`
}

// MadeSecret is a secret on the only occasion that anybody sees it.
type MadeSecret struct {
	SecretBody
	ClientID     tepin.ClientID `json:"clientId"`
	ClientSecret string         `json:"clientSecret" doc:"Shown this once; it cannot be read again."`
}

func (a *API) addSecret(ctx context.Context, c web.Caller, in *addSecretIn) (*secretAnswer[MadeSecret], error) {
	var o credential.SecretOptions
	if in.Body != nil {
		var err error
		if o, err = in.Body.options(); err != nil {
			return nil, err
		}
	}
	return a.made(ctx, c, in.IntegrationID, func(id tepin.IntegrationID) (tepin.Secret, string, error) {
		return a.o.Credential.AddSecret(ctx, c.Actor, c.Environment.ID, id, o)
	})
}

func (a *API) rotateSecret(ctx context.Context, c web.Caller, in *rotateIn) (*secretAnswer[MadeSecret], error) {
	var overlap time.Duration
	var o credential.SecretOptions
	if in.Body != nil {
		var err error
		if o, err = in.Body.options(); err != nil {
			return nil, err
		}
		overlap = time.Duration(in.Body.PreviousExpiresIn) * time.Second
	}
	return a.made(ctx, c, in.IntegrationID, func(id tepin.IntegrationID) (tepin.Secret, string, error) {
		return a.o.Credential.Rotate(ctx, c.Actor, c.Environment.ID, id, overlap, o)
	})
}

// made answers with the secret that f makes for an integration.
func (a *API) made(ctx context.Context, c web.Caller, id tepin.IntegrationID, f func(tepin.IntegrationID) (tepin.Secret, string, error)) (*secretAnswer[MadeSecret], error) {
	i, err := a.o.Store.Integration(ctx, c.Environment.ID, id)
	if err != nil {
		return nil, err
	}
	s, plain, err := f(i.ID)
	if err != nil {
		return nil, err
	}
	return &secretAnswer[MadeSecret]{CacheControl: "no-store", Body: MadeSecret{a.secretOf(s), i.ClientID, plain}}, nil
}

// InSecret is the part of inputs that names the secret.
type InSecret struct {
	InIntegration
	SecretID tepin.CredentialID `path:"secretId" format:"uuid"`
}

type updateSecretIn struct {
	InSecret
	Body struct {
		Label        *string    `json:"label,omitempty" maxLength:"60"`
		DateExpires  *time.Time `json:"dateExpires,omitempty" doc:"It ends then. To end it now, delete it."`
		NeverExpires bool       `json:"neverExpires,omitempty" doc:"It has no end any more."`
	}
}

func (a *API) updateSecret(ctx context.Context, c web.Caller, in *updateSecretIn) (*item[SecretBody], error) {
	end, err := newEnd(in.Body.DateExpires, in.Body.NeverExpires)
	if err != nil {
		return nil, err
	}
	s, err := a.o.Credential.UpdateSecret(ctx, c.Actor, c.Environment.ID, in.IntegrationID, in.SecretID, tepin.SecretUpdate{Label: in.Body.Label, ExpiresAt: end})
	if err != nil {
		return nil, err
	}
	return &item[SecretBody]{Status: http.StatusOK, Body: a.secretOf(s)}, nil
}

// newEnd is the end that an update sets: zero for never, nil for none that is new.
func newEnd(end *time.Time, never bool) (*time.Time, error) {
	switch {
	case never && end != nil:
		return nil, &tepin.Error{Kind: tepin.Invalid, Path: "body.neverExpires", Message: "dateExpires and neverExpires contradict each other; send one of them"}
	case never:
		return &time.Time{}, nil
	}
	_, err := moment("dateExpires", end)
	return end, err
}

func (a *API) cancelRotation(ctx context.Context, c web.Caller, in *InSecret) (*none, error) {
	return nil, a.o.Credential.CancelRotation(ctx, c.Actor, c.Environment.ID, in.IntegrationID, in.SecretID)
}

func (a *API) completeRotation(ctx context.Context, c web.Caller, in *InSecret) (*none, error) {
	return nil, a.o.Credential.CompleteRotation(ctx, c.Actor, c.Environment.ID, in.IntegrationID, in.SecretID)
}

func (a *API) deleteSecret(ctx context.Context, c web.Caller, in *InSecret) (*none, error) {
	return nil, a.o.Credential.DeleteSecret(ctx, c.Actor, c.Environment.ID, in.IntegrationID, in.SecretID)
}
