package credential

import (
	"context"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// RevokeToken ends the access token of an integration whose jti is tokenID, and those
// that it was exchanged for. It would end by itself at ends; zero = nobody knows.
func (s *Service) RevokeToken(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.IntegrationID, tokenID string, ends time.Time) error {
	if ends.IsZero() {
		ends = s.now().Add(MaxTokenLifetime)
	}
	return s.then(ctx, s.store.DenyToken(ctx, by, env, store.DeniedToken{TokenID: tokenID, IntegrationID: id, ExpiresAt: ends}))
}

// RevokeTokens ends all access tokens that an integration has. What it authenticates
// with stays, and gets new ones.
func (s *Service) RevokeTokens(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.IntegrationID) (tepin.Integration, error) {
	i, err := s.store.RevokeTokens(ctx, by, env, id)
	return i, s.then(ctx, err)
}
