package credential

import (
	"context"
	"errors"
	"time"

	"github.com/tepin/tepin"
)

// MaxOverlap is how long secrets can outlive the rotation that replaces them.
const MaxOverlap = 30 * 24 * time.Hour

// CreateIntegration makes an enabled integration with its first secret, which is
// returned here and can never be read again. Of in it takes environment, name,
// description and scopes.
func (s *Service) CreateIntegration(ctx context.Context, by tepin.Actor, in tepin.Integration) (tepin.Integration, string, error) {
	var errName, errDescription error
	in.Name, errName = cleanText("name", in.Name, true, tepin.MaxIntegrationName)
	in.Description, errDescription = cleanText("description", in.Description, false, tepin.MaxIntegrationDescription)
	if err := errors.Join(errName, errDescription); err != nil {
		return tepin.Integration{}, "", err
	}
	env, err := s.store.Environment(ctx, in.EnvironmentID)
	if err != nil {
		return tepin.Integration{}, "", err
	}
	in.ID, in.ClientID, in.Enabled = tepin.NewID[tepin.IntegrationID](), tepin.NewClientID(), true
	secret, plain := s.newSecret(by, env, in)
	if in, err = s.store.CreateIntegration(ctx, by, in, secret); err != nil {
		return tepin.Integration{}, "", inField(err, tepin.Conflict, "name")
	}
	s.changed(ctx)
	return in, plain, nil
}

// UpdateIntegration changes the fields of u that are not nil, after the same checks
// as creation. Disabling and cutting scopes end the tokens issued before.
func (s *Service) UpdateIntegration(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.IntegrationID, u tepin.IntegrationUpdate) (tepin.Integration, error) {
	var errName, errDescription error
	u.Name, errName = cleanField("name", u.Name, true, tepin.MaxIntegrationName)
	u.Description, errDescription = cleanField("description", u.Description, false, tepin.MaxIntegrationDescription)
	if err := errors.Join(errName, errDescription); err != nil {
		return tepin.Integration{}, err
	}
	in, err := s.store.UpdateIntegration(ctx, by, env, id, u)
	if err != nil {
		return tepin.Integration{}, inField(err, tepin.Conflict, "name")
	}
	s.changed(ctx)
	return in, nil
}

// DeleteIntegration removes an integration; its secrets and tokens end at once.
func (s *Service) DeleteIntegration(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.IntegrationID) error {
	if err := s.store.DeleteIntegration(ctx, by, env, id); err != nil {
		return err
	}
	s.changed(ctx)
	return nil
}

// Rotate makes a new secret for an integration, returned here and never again. Its
// live secrets end after overlap, or at their own end if that is earlier; 0 ends
// them at once.
func (s *Service) Rotate(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.IntegrationID, overlap time.Duration) (tepin.Secret, string, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return tepin.Secret{}, "", refuse("overlap", "must be between 0 and 30 days")
	}
	e, err := s.store.Environment(ctx, env)
	if err != nil {
		return tepin.Secret{}, "", err
	}
	in, err := s.store.Integration(ctx, env, id)
	if err != nil {
		return tepin.Secret{}, "", err
	}
	secret, plain := s.newSecret(by, e, in)
	end := s.now().Add(overlap)
	if secret, err = s.store.CreateSecret(ctx, by, secret, &end); err != nil {
		return tepin.Secret{}, "", err
	}
	s.changed(ctx)
	return secret, plain, nil
}

// DeleteSecret ends one secret of an integration, and the tokens made with it, at once.
func (s *Service) DeleteSecret(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, integration tepin.IntegrationID, id tepin.CredentialID) error {
	if err := s.store.DeleteSecret(ctx, by, env, integration, id); err != nil {
		return err
	}
	s.changed(ctx)
	return nil
}

// newSecret returns a secret for an integration, as it is stored and in the clear.
func (s *Service) newSecret(by tepin.Actor, env tepin.Environment, in tepin.Integration) (tepin.Secret, string) {
	plain := NewSecret(env.Type)
	id, pepper := tepin.NewID[tepin.CredentialID](), s.keys.Pepper.ID()
	return tepin.Secret{
		ID: id, EnvironmentID: env.ID, IntegrationID: in.ID,
		MAC:      s.keys.Pepper.MAC(pepper, env.ID, in.ClientID, id, plain),
		PepperID: pepper, LastFour: plain[len(plain)-4:],
		CreatedBy: by.Name, CreatedAt: s.now(),
	}, plain
}

// cleanField is cleanText for a field of an update; nil stays nil.
func cleanField(field string, value *string, required bool, limit int) (*string, error) {
	if value == nil {
		return nil, nil
	}
	clean, err := cleanText(field, *value, required, limit)
	return &clean, err
}
