package oauth

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/grant"
)

// MaxExchanged is how long an exchanged token lives at most.
const MaxExchanged = 10 * time.Minute

// The token types of RFC 8693 §3 that are known here. Access tokens are JWTs.
const (
	typeAccessToken = "urn:ietf:params:oauth:token-type:access_token"
	typeJWT         = "urn:ietf:params:oauth:token-type:jwt"
)

// forPages is what exchanged tokens may do at most.
var forPages = tepin.MustScopes(tepin.ReadOnlyScopes...)

// exchange gives an integration, for a token of its own, a lesser one that a web page
// may have (RFC 8693, S24): it only reads, lives for minutes, works in one page and dies
// with its parent. The page is the parameter origin, which is ours.
func (h Handler) exchange(_ context.Context, client access.Client, r request) (subject, error) {
	if err := checkTypes(r); err != nil {
		return subject{}, err
	}
	parent, err := h.parent(client, r)
	if err != nil {
		return subject{}, err
	}
	scopes, err := lesserScopes(parent.Actor.Scopes, r.get("scope"))
	if err != nil {
		return subject{}, err
	}
	origin, err := pageOf(client.Integration.Origins, r.get("origin"))
	if err != nil {
		return subject{}, err
	}
	s := subject{client: client, scopes: scopes, issuedType: typeAccessToken, Special: grant.Special{
		Ends: parent.Claims.ExpiresAt, Lives: MaxExchanged, Act: string(client.Integration.ClientID), Parent: parent.Claims.ID, Origin: origin,
	}}
	if parent.Claims.Credential != client.Credential {
		s.ParentCredential = parent.Claims.Credential
	}
	return s, nil
}

// checkTypes refuses kinds of tokens that are not exchanged here.
func checkTypes(r request) error {
	switch of := r.get("subject_token_type"); {
	case r.get("subject_token") == "":
		return bad("the parameter subject_token is missing; send an access token of this client")
	case of == "":
		return bad("the parameter subject_token_type is missing; send " + typeAccessToken)
	case of != typeAccessToken && of != typeJWT:
		return bad("only access tokens can be exchanged; send subject_token_type=" + typeAccessToken)
	case r.get("actor_token") != "" || r.get("actor_token_type") != "":
		return bad("the one who acts is the client that authenticates; leave out actor_token and actor_token_type")
	}
	if of := r.get("requested_token_type"); of != "" && of != typeAccessToken {
		return bad("only access tokens are issued; leave out requested_token_type, or send " + typeAccessToken)
	}
	return nil
}

// parent returns the token that is exchanged: alive, the client's own, not exchanged
// itself, and held by the client if it is bound.
func (h Handler) parent(client access.Client, r request) (access.Token, error) {
	t, err := h.Access.Inspect(r.get("subject_token"))
	if tepin.KindOf(err) == tepin.Unauthorized || err == nil && (t.Actor.Kind != tepin.ActorIntegration || t.Actor.ID != string(client.Integration.ID)) {
		return t, bad("the subject_token is not a live access token of this client; send one that this client has got for itself")
	}
	switch {
	case err != nil:
		return t, err
	case t.Claims.Parent != "":
		return t, bad("the subject_token came out of an exchange itself; exchange the token that this client got for itself")
	case t.Claims.Confirm != (tepin.Confirmation{}) && t.Claims.Confirm != r.confirm:
		return t, bad("the subject_token is bound to a key or a certificate; prove in this request that you hold it")
	}
	return t, nil
}

// lesserScopes returns which of the parent's scopes the exchanged token has: those asked
// for, or all that fit a page.
func lesserScopes(parent tepin.Scopes, asked string) (tepin.Scopes, error) {
	possible := parent & forPages
	if possible == 0 {
		return 0, &failure{code: invalidScope,
			description: "the subject_token has no scope that fits a web page, which are those that end in :read and :list; tick some on the integration's Permissions tab"}
	}
	if asked == "" {
		return possible, nil
	}
	wanted, err := tepin.ParseScopes(asked)
	if err != nil || wanted == 0 || !possible.Contains(wanted) {
		return 0, &failure{code: invalidScope,
			description: "a requested scope is unknown, not in the subject_token, or more than reading; possible are: " + possible.String()}
	}
	return wanted, nil
}

// pageOf returns the page that the token is bound to: the one asked for, which must be
// on the integration's list, or the only one there.
func pageOf(list tepin.Origins, asked string) (string, error) {
	switch {
	case len(list) == 0:
		return "", bad("the integration has no pages that a token could be bound to; an administrator lists their origins in its settings")
	case asked == "" && len(list) == 1:
		return list[0], nil
	case asked == "":
		return "", bad("the parameter origin is missing; it names the page that the token is for, one of: " + strings.Join(list, " "))
	}
	origin, err := tepin.ParseOrigin(asked, true)
	if err != nil || !slices.Contains(list, origin) {
		return "", bad("the origin is not one of the integration's pages, which are: " + strings.Join(list, " "))
	}
	return origin, nil
}
