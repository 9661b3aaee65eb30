package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/web"
)

// personGrant answers for an application, to which people sign in, which of their
// tokens it gets.
type personGrant func(h Handler, r *http.Request, a tepin.Application, req request) (grant.PersonTokens, error)

// personGrants are the values of the parameter grant_type for applications.
var personGrants = map[string]personGrant{
	"authorization_code": Handler.authorizationCode,
	"refresh_token":      Handler.refreshToken,
	deviceGrant:          Handler.deviceCode,
}

// personAnswer is the body of RFC 6749 §5.1, with the id_token of OpenID Connect Core
// 1.0 §3.1.3.3.
type personAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	Scope        string `json:"scope"`
	IDToken      string `json:"id_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

// issueOfPerson gives an application the tokens of a person.
func (h Handler) issueOfPerson(r *http.Request, decide personGrant, req request) ([]byte, error) {
	a, err := h.application(r.Context(), r, req.credentials)
	if err != nil {
		return nil, err
	}
	var spend func() error
	if req.confirm, spend, err = h.confirm(r, a.ClientID); err != nil { // before a code or a token is spent
		return nil, err
	}
	t, err := decide(h, r, a, req)
	if err == nil {
		err = spend() // not before: anybody can claim to be an application
	}
	if err != nil {
		return nil, err
	}
	web.SetActor(r, tepin.Actor{Kind: tepin.ActorUser, ID: string(t.User.ID), Name: t.User.Email, EnvironmentID: t.Login.EnvironmentID, ClientID: a.ClientID})
	return json.Marshal(personAnswer{
		AccessToken: t.Access, TokenType: tokenType(req.confirm), ExpiresIn: int64(t.ExpiresIn / time.Second), Scope: t.Scopes.String(),
		IDToken: t.ID, RefreshToken: t.Refresh,
	})
}

// application finds out which public client makes a request. It has no secret, so that
// its id alone identifies it (RFC 6749 §3.2.1), and one that comes with a secret is not
// what it says. An integration that proves itself is told that it is at the wrong place.
func (h Handler) application(ctx context.Context, r *http.Request, c credentials) (tepin.Application, error) {
	if c.id == "" {
		return tepin.Application{}, unauthenticated("the client_id is missing; send the application's in the body")
	}
	a, known := h.Access.Application(ctx, c.id)
	switch {
	case known && (c.basic || c.secret != "" || c.assertion != ""): // a certificate only binds
		return tepin.Application{}, unauthenticated("this client is a public one and has no secret; send its client_id alone, in the body")
	case known:
		return a, nil
	case c.proof() == "":
		return tepin.Application{}, unauthenticated("there is no application of this client_id; an administrator registers applications in an environment")
	}
	if _, err := h.authenticate(r, c); err != nil {
		return tepin.Application{}, err
	}
	return tepin.Application{}, &failure{code: unauthorizedClient,
		description: "this is for applications that people sign in to; integrations use grant_type=client_credentials"}
}

// authorizationCode gives the tokens of an authorization code (RFC 6749 §4.1.3, RFC
// 7636 §4.5).
func (h Handler) authorizationCode(r *http.Request, a tepin.Application, req request) (grant.PersonTokens, error) {
	for _, name := range []string{"code", "redirect_uri", "code_verifier"} {
		if req.get(name) == "" {
			return grant.PersonTokens{}, bad("the parameter " + name + " is missing; send code, redirect_uri and code_verifier")
		}
	}
	if !isVerifier(req.get("code_verifier")) {
		return grant.PersonTokens{}, bad("code_verifier must be 43 to 128 letters, digits, dots, dashes, underscores and tildes")
	}
	t, err := h.People.Redeem(r.Context(), grant.Redemption{
		Application: a, Code: req.get("code"), RedirectURI: req.get("redirect_uri"), Verifier: req.get("code_verifier"), By: h.presenter(r, req),
	})
	return t, grantFailure(err)
}

// isVerifier reports whether s has the form of RFC 7636 §4.1.
func isVerifier(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~') {
			return false
		}
	}
	return len(s) >= 43 && len(s) <= 128
}

// refreshToken gives new tokens for a refresh token (RFC 6749 §6), for the same scopes
// or fewer.
func (h Handler) refreshToken(r *http.Request, a tepin.Application, req request) (grant.PersonTokens, error) {
	if req.get("refresh_token") == "" {
		return grant.PersonTokens{}, bad("the parameter refresh_token is missing")
	}
	audience, err := h.audience(req)
	if err != nil {
		return grant.PersonTokens{}, err
	}
	scopes := tepin.AskedScopes(req.get("scope"))
	if req.get("scope") != "" && scopes == (tepin.PersonScopes{}) { // which would otherwise mean all that was granted
		return grant.PersonTokens{}, &failure{code: invalidScope, description: "none of the requested scopes exists; leave the parameter scope out to get what was granted"}
	}
	t, err := h.People.Refresh(r.Context(), grant.Renewal{
		Application: a, Token: req.get("refresh_token"), Scopes: scopes, Audience: audience, By: h.presenter(r, req),
	})
	return t, grantFailure(err)
}

// grantFailure is a refusal of a code or a token in the words of RFC 6749 §5.2.
func grantFailure(err error) error {
	e, ok := errors.AsType[*tepin.Error](err)
	if !ok {
		return err
	}
	switch e.Kind {
	case tepin.NotFound, tepin.Gone:
		return &failure{code: invalidGrant, description: e.Message}
	case tepin.Invalid:
		if e.Path == "audience" {
			return &failure{code: invalidTarget, description: e.Message}
		}
		return &failure{code: invalidScope, description: e.Message}
	}
	return err
}
