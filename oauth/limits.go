package oauth

import (
	"net/http"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/limit"
	"github.com/tepin/tepin/web"
)

// Limits bound how often the endpoints may be used, each node for itself. The zero
// Limits are none.
type Limits struct {
	// Clients bound how often one integration is answered with a token. They stop a
	// program that runs in a circle, not one that asks for a token with each of its calls.
	Clients *limit.Buckets[tepin.IntegrationID]
	// Places bound the requests from one place, whoever makes them: before anybody has
	// authenticated, there is nothing else to tell them apart by.
	Places *limit.Buckets[tepin.Place]
	// Quota counts a use by an integration: [quota.Counter.Take]. nil = nothing is counted.
	Quota func(tepin.Actor, tepin.Use) ([]tepin.Standing, error)
}

// bounded lets through to next what the place that it comes from has not used up. It
// stands before everything else, so that a flood costs as little as can be.
func (h Handler) bounded(next web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		from := web.ClientAddr(r)
		wait := h.Limits.Places.Take(tepin.PlaceOf(from), web.Started(r))
		if wait == 0 {
			return next(w, r)
		}
		err := tooOften(wait, "too many requests from this address; wait as long as Retry-After says. Behind a proxy that is not one of trusted_proxies all clients count as one address")
		h.Access.Notice(access.Notice{Action: access.ActionLimited, Reason: "too many requests to the token server from one place", From: from})
		refuse(w, r, err)
		return nil
	}
}

// mayHaveToken refuses a client that is answered with tokens too often, or whose quota
// is exhausted, and shows how the quotas stand otherwise. It counts the answer, also one
// with a token that was handed out before.
func (h Handler) mayHaveToken(w http.ResponseWriter, r *http.Request, c access.Client) error {
	if wait := h.Limits.Clients.Take(c.Integration.ID, web.Started(r)); wait > 0 {
		err := tooOften(wait, "this integration asks for tokens too often; a token is good until it ends: keep it, and ask for another when little of it is left")
		h.Access.RefusedClient(c.Integration.ClientID, web.ClientAddr(r), err)
		return err
	}
	if h.Limits.Quota == nil {
		return nil
	}
	list, err := h.Limits.Quota(actorOf(c), tepin.UseTokens)
	web.ShowQuotas(w, r, list)
	return err
}

func tooOften(wait time.Duration, message string) error {
	return &tepin.Error{Kind: tepin.TooMany, RetryAfter: wait, Message: message}
}
