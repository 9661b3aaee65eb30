package connector

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/url"

	"github.com/tepin/tepin"
)

// Sign-ins of people to the upstream of a connector (RFC 6749 §4.1). A person asks for one
// with their token and gets a ticket; the browser in which they are signed in here takes it
// up and is sent to the upstream with a state; what comes back counts once, within
// [tepin.SignInTime], in that browser, for that person (S32).

func hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// signInAuth returns the credential by which people sign in.
func (p *Proxy) signInAuth(ctx context.Context, c tepin.Connector) (*credential, error) {
	auth, err := p.auth(ctx, c, tepin.BrowserUsage)
	if err == nil && (auth == nil || auth.Kind != tepin.AuthCode) {
		err = tepin.Errorf(tepin.Conflict, "nobody signs in to this connector: its authentication for browsers is %s, not %s", c.AuthFor(tepin.BrowserUsage), tepin.AuthCode)
	}
	return auth, err
}

// BeginSignIn returns a ticket for [Proxy.TakeUpSignIn].
func (p *Proxy) BeginSignIn(ctx context.Context, by tepin.Actor, c tepin.Connector) (ticket string, err error) {
	if by.Kind != tepin.ActorUser {
		return "", tepin.Errorf(tepin.Forbidden, "people sign in to connectors, integrations do not")
	}
	auth, err := p.signInAuth(ctx, c)
	if err != nil {
		return "", err
	}
	ticket = tepin.RandomBase62(32)
	return ticket, p.Store.BeginConnectorSignIn(ctx, tepin.ConnectorSignIn{State: hash("ticket " + ticket),
		EnvironmentID: c.EnvironmentID, ConnectorID: c.ID, CredentialID: auth.id, UserID: tepin.UserID(by.ID)})
}

// TakeUpSignIn spends a ticket of this person, and returns where the browser is to go, and
// the value of the cookie that it is to bring back.
func (p *Proxy) TakeUpSignIn(ctx context.Context, person tepin.UserID, c tepin.Connector, ticket, redirectURI string) (address, cookie string, err error) {
	begun, err := p.Store.TakeConnectorSignIn(ctx, c.EnvironmentID, hash("ticket "+ticket))
	if err != nil {
		return "", "", over(err)
	}
	auth, err := p.signInAuth(ctx, c)
	if err != nil {
		return "", "", err
	}
	if begun.UserID != person || begun.ConnectorID != c.ID || begun.CredentialID != auth.id {
		return "", "", over(nil)
	}
	u, err := url.Parse(auth.AuthorizationEndpoint)
	if err != nil {
		return "", "", err
	}
	state, cookie, verifier := tepin.RandomBase62(32), tepin.RandomBase62(32), tepin.RandomBase62(64)
	query := u.Query()
	for name, value := range map[string]string{
		"response_type": "code", "client_id": auth.ClientID, "redirect_uri": redirectURI, "state": state,
		"code_challenge": base64.RawURLEncoding.EncodeToString(hash(verifier)), "code_challenge_method": "S256",
	} {
		query.Set(name, value)
	}
	if auth.Scope != "" {
		query.Set("scope", auth.Scope)
	}
	u.RawQuery = query.Encode()
	begun.State, begun.Cookie, begun.Verifier = hash("state "+state), hash(cookie), verifier
	return u.String(), cookie, p.Store.BeginConnectorSignIn(ctx, begun)
}

// over says that a sign-in cannot go on, whatever the reason is.
func over(err error) error {
	if err != nil && tepin.KindOf(err) != tepin.NotFound {
		return err
	}
	return tepin.Errorf(tepin.Invalid, "this sign-in is over, or was begun in another browser or by somebody else; begin it again")
}

// Callback is what an upstream sends a browser back with.
type Callback struct {
	State, Code, Error, Cookie, RedirectURI string
}

// FinishSignIn exchanges the code and keeps the person's tokens, sealed.
func (p *Proxy) FinishSignIn(ctx context.Context, person tepin.Actor, c tepin.Connector, back Callback) error {
	begun, err := p.Store.TakeConnectorSignIn(ctx, c.EnvironmentID, hash("state "+back.State))
	if err != nil {
		return over(err)
	}
	auth, err := p.signInAuth(ctx, c)
	if err != nil {
		return err
	}
	ours := string(begun.UserID) == person.ID && begun.ConnectorID == c.ID && begun.CredentialID == auth.id
	if !ours || len(begun.Cookie) == 0 || subtle.ConstantTimeCompare(begun.Cookie, hash(back.Cookie)) != 1 {
		return over(nil)
	}
	if back.Error != "" || back.Code == "" || len(back.Code) > maxAuthValue {
		return tepin.Errorf(tepin.Forbidden, "the upstream has not let you in; begin again if you want to")
	}
	param := auth.CodeParameter
	if param == "" {
		param = "code"
	}
	t, err := p.ask(ctx, auth.Auth, map[string]string{"grant_type": "authorization_code", param: back.Code, "redirect_uri": back.RedirectURI, "code_verifier": begun.Verifier})
	if refused, ok := err.(*refusal); ok {
		return tepin.Errorf(tepin.Forbidden, "%s; begin again", refused)
	}
	if err != nil {
		return err
	}
	row := tepin.ConnectorToken{ID: tepin.NewID[string](), EnvironmentID: c.EnvironmentID, ConnectorID: c.ID, CredentialID: auth.id, UserID: begun.UserID}
	return p.keep(ctx, person, row, t)
}

// keep seals a person's tokens and stores them.
func (p *Proxy) keep(ctx context.Context, by tepin.Actor, row tepin.ConnectorToken, t upstreamToken) error {
	plain, err := json.Marshal(t)
	if err != nil {
		return err
	}
	row.SealedBy = p.SealedBy
	if row.Sealed, err = p.Seal(p.place("connector_token", row.ID, row.EnvironmentID), plain); err != nil {
		return err
	}
	return p.Store.PutConnectorToken(ctx, by, row)
}

// SignOut ends the person's own sign-in to a connector's upstream.
func (p *Proxy) SignOut(ctx context.Context, by tepin.Actor, c tepin.Connector) error {
	return p.Store.DeleteConnectorToken(ctx, by, c.EnvironmentID, c.ID, tepin.UserID(by.ID))
}

// personToken returns the token of the person for whom a call is made, another one than
// instead.
func (p *Proxy) personToken(ctx context.Context, c Call, auth *credential, instead upstreamToken) (upstreamToken, bool, error) {
	if c.By.Kind != tepin.ActorUser {
		return upstreamToken{}, false, &refusal{says: "people sign in to this connector, each on their own; the token of an integration is nobody's"}
	}
	row, t, err := p.stored(ctx, c, auth)
	if err != nil {
		return t, false, err
	}
	good := func() bool { return t.Access != instead.Access && p.now().Before(t.Renew) }
	if good() {
		return t, false, nil
	}
	turn := p.tokens.of(tepin.ConnectorCredentialID(row.ID), p.now()).turn
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return t, false, context.Cause(ctx)
	}
	if row, t, err = p.stored(ctx, c, auth); err != nil || good() {
		return t, false, err
	}
	if t.Refresh == "" {
		if t.Access != instead.Access && p.now().Before(t.Ends) {
			return t, true, nil
		}
		return t, false, errNotSignedIn()
	}
	renewed, err := p.ask(ctx, auth.Auth, map[string]string{"grant_type": "refresh_token", "refresh_token": t.Refresh})
	if refused, ok := err.(*refusal); ok && refused.code == "invalid_grant" {
		// It will not be taken again: the person has to sign in, and the upstream is left alone.
		if err := p.Store.DeleteConnectorToken(ctx, tepin.System, row.EnvironmentID, row.ConnectorID, row.UserID); err != nil {
			return t, false, err
		}
		return t, false, errNotSignedIn()
	}
	if err != nil {
		return t, false, err
	}
	if renewed.Refresh == "" {
		renewed.Refresh = t.Refresh
	}
	err = p.keep(ctx, c.By, row, renewed)
	if tepin.KindOf(err) == tepin.Stale { // another node was first, or the person has signed out
		_, t, err = p.stored(ctx, c, auth)
		return t, true, err
	}
	return renewed, true, err
}

func errNotSignedIn() error {
	return &refusal{says: "you are not signed in to this connector's upstream; sign in with POST …/auth/oauth-authorization-code/login"}
}

// stored returns the person's tokens as they are stored.
func (p *Proxy) stored(ctx context.Context, c Call, auth *credential) (tepin.ConnectorToken, upstreamToken, error) {
	row, err := p.Store.ConnectorToken(ctx, c.Connector.EnvironmentID, auth.id, tepin.UserID(c.By.ID))
	if tepin.KindOf(err) == tepin.NotFound {
		err = errNotSignedIn()
	}
	if err != nil {
		return row, upstreamToken{}, err
	}
	var t upstreamToken
	plain, err := p.Open(p.place("connector_token", row.ID, row.EnvironmentID), row.Sealed)
	if err == nil {
		err = json.Unmarshal(plain, &t)
	}
	return row, t, err
}
