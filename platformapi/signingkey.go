package platformapi

import (
	"context"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/web"
)

// SigningKeyBody is what is known of a key that signs tokens. Its public half stands in
// the key set, its private one nowhere.
type SigningKeyBody struct {
	ID            string           `json:"id" doc:"Its kid." example:"M62yJDd8tAr76D4Z44KqHFGJOIn9dHHclRQGH-F4sWg"`
	Purpose       tepin.KeyPurpose `json:"purpose" enum:"access,id,audit" doc:"What it signs: access tokens, id_tokens, or heads of the audit log."`
	Alg           string           `json:"alg" enum:"ES256,RS256"`
	State         access.KeyState  `json:"state" enum:"ahead,signing,kept,retired,denied" doc:"ahead: published, signs later. kept: another signs, what it has signed is good. retired: of the audit log, verifies for ever. denied: nothing that it has signed is good."`
	DateCreated   time.Time        `json:"dateCreated"`
	DateSignsFrom *time.Time       `json:"dateSignsFrom" doc:"null = since it was made."`
	DateRetires   *time.Time       `json:"dateRetires" doc:"When it goes; null = that is not settled."`
	DateDenied    *time.Time       `json:"dateDenied" doc:"null = it is not."`
}

func signingKeyOf(k access.KeyInfo) SigningKeyBody {
	b := SigningKeyBody{ID: k.ID, Purpose: k.Purpose, Alg: k.Alg, State: k.State, DateCreated: k.CreatedAt.UTC(),
		DateRetires: timeOrNull(k.RetireAt), DateDenied: timeOrNull(k.DeniedAt)}
	if k.UsableAt.Unix() > 0 {
		b.DateSignsFrom = timeOrNull(k.UsableAt)
	}
	return b
}

func (a *API) listSigningKeys(ctx context.Context, _ web.Caller, _ *none) (*list[SigningKeyBody], error) {
	keys, err := a.o.Keyring.List(ctx)
	if err != nil {
		return nil, err
	}
	return listOf(keys, signingKeyOf), nil
}

type rotateKeysIn struct {
	Body *struct {
		Purpose tepin.KeyPurpose `json:"purpose,omitempty" enum:"access,id,audit" doc:"Of which keys; left out: of all."`
	} `required:"false"`
}

func (a *API) rotateSigningKeys(ctx context.Context, c web.Caller, in *rotateKeysIn) (*list[SigningKeyBody], error) {
	var purpose tepin.KeyPurpose
	if in.Body != nil {
		purpose = in.Body.Purpose
	}
	made, err := a.o.Keyring.Rotate(ctx, c.Actor, purpose)
	if err != nil {
		return nil, err
	}
	return listOf(made, signingKeyOf), nil
}

type keyIn struct {
	KeyID string `path:"keyId" maxLength:"64"`
}

// compromised goes through all its steps, also when the caller does not wait for them.
func (a *API) compromised(ctx context.Context, c web.Caller, in *keyIn) (*none, error) {
	return &none{}, a.o.Keyring.Compromised(context.WithoutCancel(ctx), c.Actor, in.KeyID)
}
