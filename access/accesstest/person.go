package accesstest

import (
	"context"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/grant"
)

// Password is that of all people of the tests.
const Password = "correct horse battery staple"

// Verifier and Challenge are PKCE's, for whoever asks for a code (RFC 7636 App. B).
const (
	Verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	Challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// SignedIn makes an administrator who signs in to the console.
func (in *Installation) SignedIn(email string) (who grant.Person, cookie string) {
	in.t.Helper()
	ctx := context.Background()
	u, err := in.Credential.CreateAdministrator(ctx, tepin.System, email, strings.ToUpper(email[:1])+email[1:strings.IndexByte(email, '@')], Password)
	in.check(err)
	s, err := in.Credential.SignIn(ctx, credential.Attempt{Email: email, Password: Password, From: Home})
	in.check(err)
	session, _, err := in.Credential.SessionOf(ctx, s.Cookie)
	in.check(err)
	return grant.Person{User: u, Session: session.Hash, SignedInAt: session.ProvedAt, From: Home}, s.Cookie
}

// Application registers one in the environment.
func (in *Installation) Application(env tepin.Environment, name string, redirectURIs ...string) tepin.Application {
	in.t.Helper()
	a, err := in.Credential.CreateApplication(context.Background(), tepin.System, tepin.Application{EnvironmentID: env.ID, Name: name, RedirectURIs: redirectURIs})
	in.check(err)
	return a
}

// AskForCode has the person say yes to an application, which asks for the scopes, and
// returns its authorization code and the request that it answers.
func (in *Installation) AskForCode(who grant.Person, a tepin.Application, scope string) (code string, r grant.AuthorizationRequest) {
	in.t.Helper()
	ctx := context.Background()
	audience, err := in.People.Audience(in.audiences...)
	in.check(err)
	r = grant.AuthorizationRequest{Application: a, RedirectURI: a.RedirectURIs[0], Scopes: tepin.AskedScopes(scope), Audience: audience, Nonce: "a nonce", Challenge: Challenge, MaxAge: -1}
	code, err = in.People.Consent(ctx, who, r)
	in.check(err)
	return code, r
}

// PersonTokens has the person sign in to an application: by code to a registered one,
// else by device, with env for those that open one.
func (in *Installation) PersonTokens(who grant.Person, a tepin.Application, env tepin.EnvironmentID, scope string) grant.PersonTokens {
	in.t.Helper()
	ctx := context.Background()
	if !a.Device {
		code, r := in.AskForCode(who, a, scope)
		tokens, err := in.People.Redeem(ctx, grant.Redemption{Application: a, Code: code, RedirectURI: r.RedirectURI, Verifier: Verifier, By: access.Presenter{From: Home}})
		in.check(err)
		return tokens
	}
	audience, err := in.People.Audience(in.audiences...)
	in.check(err)
	start, err := in.People.StartDevice(ctx, grant.DeviceAsk{Application: a, Scopes: tepin.AskedScopes(scope), Audience: audience, From: Home})
	in.check(err)
	in.check(in.People.DecideDevice(ctx, who, grant.DeviceDecision{Typed: start.UserCode, Approve: true, Environment: env}))
	tokens, refusal, err := in.People.PollDevice(ctx, a, start.DeviceCode, access.Presenter{From: Home})
	in.check(err)
	if refusal != "" {
		in.t.Fatalf("the approved device is told %s", refusal)
	}
	return tokens
}

// Member makes an active user of a subscription, who is what the invitation says and
// signs in to the console.
func (in *Installation) Member(as tepin.Invitation) (who grant.Person, cookie string) {
	in.t.Helper()
	ctx := context.Background()
	_, link, err := in.Credential.Invite(ctx, tepin.System, as)
	in.check(err)
	s, err := in.Credential.Join(ctx, credential.Attempt{Password: Password, From: Home}, link, "")
	in.check(err)
	session, user, err := in.Credential.SessionOf(ctx, s.Cookie)
	in.check(err)
	return grant.Person{User: user, Session: session.Hash, SignedInAt: session.ProvedAt, From: Home}, s.Cookie
}
