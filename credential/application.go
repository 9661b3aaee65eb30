package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tepin/tepin"
)

// CreateApplication registers a public client in an environment. Of a it takes
// environment, name and redirect URIs.
func (s *Service) CreateApplication(ctx context.Context, by tepin.Actor, a tepin.Application) (tepin.Application, error) {
	var errName, errURIs error
	a.Name, errName = cleanText("name", a.Name, true, tepin.MaxApplicationName)
	a.RedirectURIs, errURIs = checkRedirectURIs(a.RedirectURIs)
	if err := errors.Join(errName, errURIs); err != nil {
		return tepin.Application{}, err
	}
	a, err := s.store.CreateApplication(ctx, by, a)
	if err != nil {
		return tepin.Application{}, inField(err, tepin.Conflict, "name")
	}
	s.changed(ctx)
	return a, nil
}

// UpdateApplication changes the fields of u that are not nil, after the same checks as
// creation.
func (s *Service) UpdateApplication(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ApplicationID, u tepin.ApplicationUpdate) (tepin.Application, error) {
	var errName, errURIs error
	u.Name, errName = cleanField("name", u.Name, true, tepin.MaxApplicationName)
	if u.RedirectURIs != nil {
		var list []string
		list, errURIs = checkRedirectURIs(*u.RedirectURIs)
		u.RedirectURIs = &list
	}
	if err := errors.Join(errName, errURIs); err != nil {
		return tepin.Application{}, err
	}
	a, err := s.store.UpdateApplication(ctx, by, env, id, u)
	if err != nil {
		return tepin.Application{}, inField(err, tepin.Conflict, "name")
	}
	s.changed(ctx)
	return a, nil
}

// DeleteApplication removes an application; the tokens that people gave to it end at
// once.
func (s *Service) DeleteApplication(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.ApplicationID) error {
	if err := s.store.DeleteApplication(ctx, by, env, id); err != nil {
		return err
	}
	s.changed(ctx)
	return nil
}

// checkRedirectURIs refuses a list that is empty, too long, or holds what is no
// redirect URI. Each is kept once.
func checkRedirectURIs(list []string) ([]string, error) {
	if len(list) == 0 || len(list) > tepin.MaxRedirectURIs {
		return nil, refuse("redirectUris", fmt.Sprintf("must be 1 to %d addresses", tepin.MaxRedirectURIs))
	}
	var clean []string
	for _, text := range list {
		uri, err := tepin.ParseRedirectURI(text)
		if err != nil {
			return nil, inField(err, tepin.Invalid, "redirectUris")
		}
		if !slices.Contains(clean, uri) {
			clean = append(clean, uri)
		}
	}
	return clean, nil
}

// EndLogin ends the login of a person to an application, with all tokens that it has.
func (s *Service) EndLogin(ctx context.Context, by tepin.Actor, id tepin.LoginID) error {
	if err := s.store.EndLogin(ctx, by, id, "wish"); err != nil {
		return err
	}
	s.changed(ctx)
	return nil
}
