package credential

import (
	"context"
	"errors"
	"time"

	"github.com/tepin/tepin"
)

// Limits of client secrets.
const (
	MaxOverlap = 30 * 24 * time.Hour // for which secrets can outlive the rotation that replaces them
	MaxLabel   = 60                  // characters
)

// SecretOptions are what may be chosen about a new secret. The zero value is a secret
// without a label that lives from now on until it is removed.
type SecretOptions struct {
	Label     string    // at most MaxLabel characters
	NotBefore time.Time // zero = now
	ExpiresAt time.Time // zero = never
	Force     bool      // where there are tepin.MaxLiveSecrets, the oldest ends at once
}

// AddSecret makes one more secret for an integration, returned here and never again.
// The others stay. At [tepin.MaxLiveSecrets] it is a Conflict, unless o forces it.
func (s *Service) AddSecret(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.IntegrationID, o SecretOptions) (tepin.Secret, string, error) {
	return s.makeSecret(ctx, by, env, id, o, tepin.Rotation{Force: o.Force})
}

// Rotate makes a new secret for an integration, returned here and never again. Its
// secrets so far end after overlap, or at their own end if that is earlier; 0 ends them
// at once. Until then the rotation can be cancelled or completed.
func (s *Service) Rotate(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.IntegrationID, overlap time.Duration, o SecretOptions) (tepin.Secret, string, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return tepin.Secret{}, "", refuse("overlap", "must be between 0 and 30 days")
	}
	return s.makeSecret(ctx, by, env, id, o, tepin.Rotation{PreviousEnd: s.now().Add(overlap), Force: o.Force})
}

func (s *Service) makeSecret(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.IntegrationID, o SecretOptions, r tepin.Rotation) (tepin.Secret, string, error) {
	if err := s.checkSecret(&o); err != nil {
		return tepin.Secret{}, "", err
	}
	e, err := s.store.Environment(ctx, env)
	if err != nil {
		return tepin.Secret{}, "", err
	}
	in, err := s.store.Integration(ctx, env, id)
	if err != nil {
		return tepin.Secret{}, "", err
	}
	secret, plain := s.newSecret(by, e, in, o)
	if secret, err = s.store.CreateSecret(ctx, by, secret, r); err != nil {
		return tepin.Secret{}, "", err
	}
	s.changed(ctx)
	return secret, plain, nil
}

// checkSecret cleans and checks what was chosen.
func (s *Service) checkSecret(o *SecretOptions) error {
	var errLabel, errEnd error
	o.Label, errLabel = cleanText("label", o.Label, false, MaxLabel)
	if end := o.ExpiresAt; !end.IsZero() && (!end.After(s.now()) || !end.After(o.NotBefore)) {
		errEnd = refuse("expiresAt", "must lie in the future, and after the beginning")
	}
	return errors.Join(errLabel, errEnd)
}

// UpdateSecret changes a secret's label or end. An end in the past is refused: to end a
// secret now, delete it.
func (s *Service) UpdateSecret(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integration tepin.IntegrationID, id tepin.CredentialID, u tepin.SecretUpdate) (tepin.Secret, error) {
	var errLabel, errEnd error
	u.Label, errLabel = cleanField("label", u.Label, false, MaxLabel)
	if u.ExpiresAt != nil && !u.ExpiresAt.IsZero() && !u.ExpiresAt.After(s.now()) {
		errEnd = refuse("expiresAt", "must lie in the future; to end a secret now, delete it")
	}
	if err := errors.Join(errLabel, errEnd); err != nil {
		return tepin.Secret{}, err
	}
	secret, err := s.store.UpdateSecret(ctx, by, env, integration, id, u)
	if err != nil {
		return tepin.Secret{}, err
	}
	s.changed(ctx)
	return secret, nil
}

// SecretChange is what the three methods below do to one secret of an integration.
type SecretChange = func(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integration tepin.IntegrationID, id tepin.CredentialID) error

// CancelRotation takes back the rotation that made a secret: it goes, with the tokens
// made with it, and those before it stay.
func (s *Service) CancelRotation(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integration tepin.IntegrationID, id tepin.CredentialID) error {
	return s.then(ctx, s.store.CancelRotation(ctx, by, env, integration, id))
}

// CompleteRotation ends the secrets that a secret replaced, with the tokens made with
// them, now.
func (s *Service) CompleteRotation(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integration tepin.IntegrationID, id tepin.CredentialID) error {
	return s.then(ctx, s.store.CompleteRotation(ctx, by, env, integration, id))
}

// DeleteSecret ends one secret of an integration, and the tokens made with it, at once.
func (s *Service) DeleteSecret(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integration tepin.IntegrationID, id tepin.CredentialID) error {
	return s.then(ctx, s.store.DeleteSecret(ctx, by, env, integration, id))
}

// newSecret returns a secret for an integration, as it is stored and in the clear.
func (s *Service) newSecret(by tepin.Actor, env tepin.Environment, in tepin.Integration, o SecretOptions) (tepin.Secret, string) {
	plain := NewSecret(env.Type)
	id, pepper := tepin.NewID[tepin.CredentialID](), s.keys.Pepper.ID()
	return tepin.Secret{
		ID: id, EnvironmentID: env.ID, IntegrationID: in.ID, Label: o.Label,
		MAC:      s.keys.Pepper.MAC(pepper, env.ID, in.ClientID, id, plain),
		PepperID: pepper, LastFour: plain[len(plain)-4:],
		CreatedBy: by.Name, CreatedAt: s.now(), NotBefore: o.NotBefore, ExpiresAt: o.ExpiresAt,
	}, plain
}
