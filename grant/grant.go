// Package grant decides which access token a client gets: the one that it got
// before, byte for byte, as long as that has more than an hour to live, or a new one.
//
// Tokens are kept nowhere but in a bounded memory cache. What is stored of one is a
// row of times and names (tepin.Grant), from which any node signs the same bytes
// again. A repeated request is answered from memory without a query.
package grant

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

// Limits of tokens and of what is remembered of them.
const (
	// ReuseMargin is what a token must have left, and more, to be handed out again.
	ReuseMargin = time.Hour

	perClient   = 32     // tokens kept in memory for one integration (S4)
	inAll       = 16_384 // tokens kept in memory, about 1.5 KB each
	saveTimeout = 5 * time.Second
)

// Service hands out tokens. It is safe for concurrent use and must not be copied.
type Service struct {
	Store  *store.Store
	Access *access.Directory
	Now    func() time.Time // nil = time.Now

	memory memory
	flight flight
}

// Request asks for a token.
type Request struct {
	Client   access.Client // who has just authenticated
	Scopes   tepin.Scopes  // a subset of what the integration has
	Audience Audience      // must contain the public URL (S8)
	Special
}

// Audience is for whom a token is meant: URLs, sorted, each once, joined by a space. No
// URL has one, so that no two lists are the same audience (S4).
type Audience string

// NewAudience returns the audience of the URLs.
func NewAudience(urls ...string) (Audience, error) {
	urls = slices.Clone(urls)
	slices.Sort(urls)
	urls = slices.Compact(urls)
	for _, u := range urls {
		if u == "" || strings.Contains(u, " ") {
			return "", errors.New("grant: an audience is empty or has a space")
		}
	}
	return Audience(strings.Join(urls, " ")), nil
}

// Special is what makes a token different from those that are handed out again. One
// with any of it is made for its request alone, without a row (S4).
type Special struct {
	Confirm tepin.Confirmation // what the token is bound to
	Ends    time.Time          // it ends by then; zero = as any other
	Lives   time.Duration      // at most; 0 = as any other
	Act     string             // the client that exchanged a token for it
	Parent  string             // jti of that token
	Origin  string             // the only page that may use it

	ParentCredential tepin.CredentialID // what that token was made with, if not what the client has just shown
}

// Issued is the answer.
type Issued struct {
	Token     string
	ExpiresAt time.Time
	ExpiresIn time.Duration // what is left of the token's life, in whole seconds
	Scopes    tepin.Scopes  // fewer than requested if some were cut in this very moment
	Scope     string        // the same in the words of RFC 6749 §3.3
	Reused    bool          // the token had been handed out before
}

// signed is a token with the row that it was made from.
type signed struct {
	grant tepin.Grant
	token string
	scope string // of the grant, in words
	fresh bool   // made by this request
}

// Current returns the client's live token for the request, or a new one. Seconds
// are whole: a token made during a second counts from the beginning of it.
func (s *Service) Current(ctx context.Context, r Request) (Issued, error) {
	now := s.now()
	key := keyOf(r)
	if r.reusable() {
		if t, ok := s.memory.get(key); ok && s.reusable(t.grant, r.Client, now) {
			return t.issued(now), nil
		}
	}
	if r.end(now).Sub(now) <= ReuseMargin || !r.reusable() {
		t, err := s.sign(r.grant(key, now), r)
		t.fresh = true
		return t.issued(now), err
	}
	for {
		t, joined, err := s.flight.do(ctx, key, func(ctx context.Context) (signed, error) { return s.save(ctx, r, now) })
		if err != nil {
			return Issued{}, err
		}
		// What another request was given may have been revoked before this one began.
		if joined && !s.reusable(t.grant, r.Client, now) {
			continue
		}
		t.fresh = t.fresh && !joined
		return t.issued(now), nil
	}
}

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now().UTC().Truncate(time.Second)
	}
	return s.Now().UTC().Truncate(time.Second)
}

func (t signed) issued(now time.Time) Issued {
	return Issued{
		Token:     t.token,
		ExpiresAt: t.grant.ExpiresAt,
		ExpiresIn: t.grant.ExpiresAt.Sub(now),
		Scopes:    t.grant.Key.Scopes,
		Scope:     t.scope,
		Reused:    !t.fresh,
	}
}

// keyOf names the token that the request is for: all that changes its bytes.
func keyOf(r Request) tepin.GrantKey {
	return tepin.GrantKey{
		EnvironmentID: r.Client.Environment.ID,
		IntegrationID: r.Client.Integration.ID,
		SecretID:      r.Client.Credential,
		Audience:      string(r.Audience),
		Scopes:        r.Scopes,
		Alg:           r.Client.Environment.SigningAlg,
		Lifetime:      lifetimeOf(r.Client),
		Format:        token.Format,
	}
}

func lifetimeOf(c access.Client) time.Duration {
	return min(c.Environment.TokenLifetime.Truncate(time.Second), token.MaxLifetime)
}

// reusable reports whether the token may be one that was handed out before: only to a
// client that showed a secret, and nothing else about it (S4).
func (r Request) reusable() bool { return r.Client.BySecret && r.Special == Special{} }

// end is when a token made now must end: never after the credential's own end (S5).
func (r Request) end(now time.Time) time.Time {
	lives := lifetimeOf(r.Client)
	if r.Lives > 0 {
		lives = min(lives, r.Lives)
	}
	end := now.Add(lives)
	for _, bound := range []time.Time{r.Client.CredentialEnds, r.Ends} {
		if !bound.IsZero() && bound.Before(end) {
			end = bound.UTC().Truncate(time.Second)
		}
	}
	return end
}

func (r Request) grant(key tepin.GrantKey, now time.Time) tepin.Grant {
	return tepin.Grant{
		Key:       key,
		TokenID:   tepin.NewID[string](),
		Epoch:     r.Client.Integration.Epoch,
		IssuedAt:  now,
		ExpiresAt: r.end(now),
	}
}

// reusable reports whether the client may get the token of g again at now. It may
// come from a node whose clock is a little ahead.
func (s *Service) reusable(g tepin.Grant, c access.Client, now time.Time) bool {
	left := g.ExpiresAt.Sub(now)
	return left > ReuseMargin && left <= g.Key.Lifetime+access.MaxSkew &&
		!g.IssuedAt.After(now.Add(access.MaxSkew)) && !g.ExpiresAt.After(endOfSecret(c, g.ExpiresAt)) &&
		g.Epoch == c.Integration.Epoch && g.Issuer == s.Access.Issuer() &&
		s.Access.Keys().Key(g.KeyID) != nil && !s.Access.Denied(g.TokenID)
}

// endOfSecret is when the client's secret ends, or otherwise if it never does.
func endOfSecret(c access.Client, otherwise time.Time) time.Time {
	if c.CredentialEnds.IsZero() {
		return otherwise
	}
	return c.CredentialEnds
}

// sign makes the token of a grant: under the grant's key, or for a new grant, which
// has none yet, under the present one.
func (s *Service) sign(g tepin.Grant, r Request) (signed, error) {
	if !g.ExpiresAt.After(g.IssuedAt) {
		return signed{}, tepin.Errorf(tepin.Unauthorized, "what the client authenticated with, or exchanges, ends this second; use a newer one")
	}
	k, err := s.key(&g)
	if err != nil {
		return signed{}, err
	}
	raw, err := k.Sign(token.Claims{
		Issuer:      g.Issuer,
		Subject:     string(r.Client.Integration.ClientID),
		ClientID:    r.Client.Integration.ClientID,
		Audience:    strings.Split(g.Key.Audience, " "),
		IssuedAt:    g.IssuedAt,
		ExpiresAt:   g.ExpiresAt,
		ID:          g.TokenID,
		Scopes:      g.Key.Scopes,
		Environment: g.Key.EnvironmentID,
		Epoch:       g.Epoch,
		Credential:  g.Key.SecretID,
		Confirm:     r.Confirm,
		Act:         r.Act,
		Parent:      r.Parent,
		Origin:      r.Origin,

		ParentCredential: r.ParentCredential,
	})
	return signed{grant: g, token: raw, scope: g.Key.Scopes.String()}, err
}

// key returns the key of the grant, giving it the present one if it has none.
func (s *Service) key(g *tepin.Grant) (*token.Key, error) {
	keys := s.Access.Keys()
	if g.KeyID != "" {
		if k := keys.Key(g.KeyID); k != nil && k.Alg == g.Key.Alg {
			return k, nil
		}
		return nil, tepin.Errorf(tepin.Unavailable, "the signing key of this token is not known here yet; try again in a second")
	}
	if wait := s.Access.NotBefore().Sub(g.IssuedAt); wait > 0 {
		return nil, &tepin.Error{Kind: tepin.Unavailable, RetryAfter: wait,
			Message: "this server has just been recovered and issues no token yet; try again in a second"}
	}
	k := keys.Signer(g.Key.Alg, g.IssuedAt)
	if k == nil {
		return nil, &tepin.Error{Kind: tepin.Unavailable, RetryAfter: time.Second,
			Message: "there is no " + g.Key.Alg + " signing key that may be used yet; try again in a second"}
	}
	g.KeyID, g.Issuer = k.ID, s.Access.Issuer()
	return k, nil
}
