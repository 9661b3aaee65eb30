package grant

import (
	"context"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
)

// save makes a new grant, offers it to the database, and returns the token of the
// row that stands: ours, or that of another node that was first (S3). When the
// database knows that the client has changed, it looks again and tries once more.
func (s *Service) save(ctx context.Context, r Request, now time.Time) (signed, error) {
	t, err := s.offer(ctx, r, now)
	if tepin.KindOf(err) != tepin.Stale {
		return t, err
	}
	if err := s.Access.Refresh(ctx); err != nil {
		return signed{}, unknowable(err)
	}
	if r.Client, err = s.Access.Renew(r.Client); err != nil {
		return signed{}, err
	}
	r.Scopes &= r.Client.Integration.Scopes
	t, err = s.offer(ctx, r, now)
	if tepin.KindOf(err) == tepin.Stale {
		return signed{}, unknowable(err)
	}
	return t, err
}

func (s *Service) offer(ctx context.Context, r Request, now time.Time) (signed, error) {
	fresh, err := s.sign(r.grant(keyOf(r), now), r)
	if err != nil {
		return signed{}, err
	}
	row, err := s.Store.PutGrant(ctx, fresh.grant, now.Add(ReuseMargin))
	if err != nil {
		return signed{}, err
	}
	if row.TokenID != fresh.grant.TokenID && !s.usable(ctx, row, r.Client, now) {
		// S5: a row that may not be used is made anew. It goes because it ends no
		// later than it does.
		if row, err = s.Store.PutGrant(ctx, fresh.grant, row.ExpiresAt); err != nil {
			return signed{}, err
		}
	}
	fresh.fresh = true
	if row.TokenID != fresh.grant.TokenID {
		if fresh, err = s.sign(row, r); err != nil {
			return signed{}, err
		}
	}
	s.memory.put(fresh)
	return fresh, nil
}

// usable is reusable, after loading the row's key if this node lacks it.
func (s *Service) usable(ctx context.Context, row tepin.Grant, c access.Client, now time.Time) bool {
	if s.Access.Keys().Key(row.KeyID) == nil && s.Access.Refresh(ctx) != nil {
		return false
	}
	return s.reusable(row, c, now)
}

func unknowable(err error) error {
	return &tepin.Error{Kind: tepin.Unavailable, RetryAfter: time.Second, Cause: err,
		Message: "the server cannot settle at the moment what this client may do; try again in a second"}
}
