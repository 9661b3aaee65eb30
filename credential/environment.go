package credential

import (
	"context"
	"errors"
	"time"

	"github.com/tepin/tepin"
)

// Limits of an environment.
const (
	MaxEnvironmentName = 100
	MinTokenLifetime   = 5 * time.Minute
	MaxTokenLifetime   = 24 * time.Hour
)

// CreateEnvironment makes an environment. An empty signing algorithm means ES256, a
// token lifetime of zero the longest.
func (s *Service) CreateEnvironment(ctx context.Context, by tepin.Actor, e tepin.Environment) (tepin.Environment, error) {
	if e.SigningAlg == "" {
		e.SigningAlg = "ES256"
	}
	if e.TokenLifetime == 0 {
		e.TokenLifetime = MaxTokenLifetime
	}
	var errName, errTechnical, errType error
	e.Name, errName = cleanText("name", e.Name, true, MaxEnvironmentName)
	if !tepin.IsTechnicalName(e.TechnicalName) {
		errTechnical = refuse("technicalName", "must be 1 to 63 lower-case letters, digits and dashes, with no dash at either end, and not “settings” or an id")
	}
	if e.Type != tepin.Development && e.Type != tepin.Sandbox && e.Type != tepin.Production {
		errType = refuse("type", "must be development, sandbox or production")
	}
	if err := errors.Join(errName, errTechnical, errType, checkAlg(e.SigningAlg), checkLifetime(e.TokenLifetime)); err != nil {
		return tepin.Environment{}, err
	}
	e, err := s.store.CreateEnvironment(ctx, by, e)
	if err != nil {
		return tepin.Environment{}, inField(err, tepin.Conflict, "technicalName")
	}
	s.changed(ctx)
	return e, nil
}

// UpdateEnvironment changes the fields of u that are not nil, after the same checks
// as creation.
func (s *Service) UpdateEnvironment(ctx context.Context, by tepin.Actor, id tepin.EnvironmentID, u tepin.EnvironmentUpdate) (tepin.Environment, error) {
	var errName, errLifetime, errAlg, errGuard error
	u.Name, errName = cleanField("name", u.Name, true, MaxEnvironmentName)
	if u.TokenLifetime != nil {
		errLifetime = checkLifetime(*u.TokenLifetime)
	}
	if u.SigningAlg != nil {
		errAlg = checkAlg(*u.SigningAlg)
	}
	if u.BrowserGuard != nil {
		errGuard = checkGuard(*u.BrowserGuard)
	}
	if err := errors.Join(errName, errLifetime, errAlg, errGuard); err != nil {
		return tepin.Environment{}, err
	}
	e, err := s.store.UpdateEnvironment(ctx, by, id, u)
	if err != nil {
		return tepin.Environment{}, err
	}
	s.changed(ctx)
	return e, nil
}

func checkLifetime(d time.Duration) error {
	if d < MinTokenLifetime || d > MaxTokenLifetime || d%time.Second != 0 {
		return refuse("tokenLifetime", "must be between 5 minutes and 24 hours")
	}
	return nil
}

func checkAlg(alg string) error {
	if alg != "ES256" && alg != "RS256" {
		return refuse("signingAlg", "must be ES256 or RS256")
	}
	return nil
}

func checkGuard(mode tepin.BrowserGuard) error {
	if mode != tepin.GuardReport && mode != tepin.GuardBlock && mode != tepin.GuardOff {
		return refuse("browserGuard", "must be report, block or off")
	}
	return nil
}

// UpdateSubscription changes the fields of u that are not nil.
func (s *Service) UpdateSubscription(ctx context.Context, by tepin.Actor, id tepin.SubscriptionID, u tepin.SubscriptionUpdate) (tepin.Subscription, error) {
	var errName, errClient, errContact error
	u.Name, errName = cleanField("name", u.Name, true, MaxEnvironmentName)
	u.ClientName, errClient = cleanField("clientName", u.ClientName, false, MaxEnvironmentName)
	u.BillingContact, errContact = cleanField("billingClientContact", u.BillingContact, false, MaxEmail)
	if err := errors.Join(errName, errClient, errContact); err != nil {
		return tepin.Subscription{}, err
	}
	return s.store.UpdateSubscription(ctx, by, id, u)
}

// DeleteEnvironment takes an environment away; it can be restored for
// [tepin.EnvironmentGrace].
func (s *Service) DeleteEnvironment(ctx context.Context, by tepin.Actor, id tepin.EnvironmentID, ifVersion *int64) error {
	return s.then(ctx, s.store.DeleteEnvironment(ctx, by, id, ifVersion))
}

// RestoreEnvironment brings a deleted environment back.
func (s *Service) RestoreEnvironment(ctx context.Context, by tepin.Actor, sub tepin.SubscriptionID, id tepin.EnvironmentID) (tepin.Environment, error) {
	e, err := s.store.RestoreEnvironment(ctx, by, sub, id)
	return e, s.then(ctx, err)
}
