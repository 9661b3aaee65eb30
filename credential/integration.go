package credential

import (
	"context"
	"errors"

	"github.com/tepin/tepin"
)

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
	if err := checkOrigins(env, in.Origins); err != nil {
		return tepin.Integration{}, "", err
	}
	in.ID, in.ClientID, in.Enabled = tepin.NewID[tepin.IntegrationID](), tepin.NewClientID(), true
	secret, plain := s.newSecret(by, env, in, SecretOptions{})
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
	if u.Origins != nil {
		e, err := s.store.Environment(ctx, env)
		if err != nil {
			return tepin.Integration{}, err
		}
		if err := checkOrigins(e, *u.Origins); err != nil {
			return tepin.Integration{}, err
		}
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
	return s.then(ctx, s.store.DeleteIntegration(ctx, by, env, id))
}

// cleanField is cleanText for a field of an update; nil stays nil.
func cleanField(field string, value *string, required bool, limit int) (*string, error) {
	if value == nil {
		return nil, nil
	}
	clean, err := cleanText(field, *value, required, limit)
	return &clean, err
}

// checkOrigins refuses origins that tokens of the environment cannot be bound to (S23).
func checkOrigins(env tepin.Environment, list tepin.Origins) error {
	if _, err := tepin.ParseOrigins(list.String(), env.Type != tepin.Production); err != nil {
		return inField(err, tepin.Invalid, "origins")
	}
	return nil
}
