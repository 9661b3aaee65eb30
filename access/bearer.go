package access

import (
	"crypto/sha256"
	"net/netip"
	"slices"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/token"
)

// verified is a token whose signature was good. Nothing else about it is settled:
// every use judges it again.
type verified struct {
	kid    string
	claims token.Claims
}

// Token is an access token that is alive.
type Token struct {
	Claims token.Claims
	Actor  tepin.Actor // who acts with it, with the scopes that count
}

// Bearer returns who presents this access token. It refuses with Unauthorized, and
// with Unavailable while the directory cannot know (S2). Key, time, integration,
// epoch, credential and revocation are checked each time; only the signature's
// goodness is remembered, by the token's SHA-256.
//
// A token that is bound to a key or a certificate is taken from its holder alone; one
// of an integration that names networks, from there alone (Forbidden). Whether one that
// is bound to a page comes from there is for the caller to see: see [tepin.Actor].
func (d *Directory) Bearer(raw string, by Presenter) (tepin.Actor, error) {
	t, whose, err := d.judge(raw)
	if err == nil {
		err = by.may(t, whose)
	}
	if err != nil {
		d.refusal(whose.notice(by.From), err)
		return tepin.Actor{}, err
	}
	return d.view.Load().actor(whose, &t.claims), nil
}

// may refuses a token that is alive to who may not use it.
func (p Presenter) may(t *verified, whose subject) error {
	if err := p.holds(t.claims.Confirm); err != nil {
		return err
	}
	if c := whose.client; c != nil && !c.integration.UseNetworks.Allow(p.From) {
		return tepin.Errorf(tepin.Forbidden, "the tokens of this integration may not be used from this address; an administrator lists the networks that may")
	}
	return nil
}

// Inspect returns the token if it is alive, for those who ask about it and do not
// present it: what it is bound to is theirs to judge. Refusals are those of
// [Directory.Bearer].
func (d *Directory) Inspect(raw string) (Token, error) {
	t, whose, err := d.judge(raw)
	if err != nil {
		return Token{}, err
	}
	return Token{Claims: t.claims, Actor: d.view.Load().actor(whose, &t.claims)}, nil
}

// Open returns the claims of a token that this server has signed and that has not
// expired. It may be dead all the same: this node may not have heard of an epoch yet
// that the token has, so that revocation cannot rest on what [Directory.Inspect] says.
func (d *Directory) Open(raw string) (token.Claims, error) {
	t, _, err := d.open(raw)
	if err != nil {
		return token.Claims{}, err
	}
	return t.claims, nil
}

// open checks what a token says of itself.
func (d *Directory) open(raw string) (*verified, *view, error) {
	now := d.o.Now()
	v, err := d.fresh(now)
	if err != nil {
		return nil, nil, err
	}
	if len(raw) > token.MaxSize {
		return nil, nil, tepin.Errorf(tepin.Unauthorized, "the access token is longer than tokens of this server are")
	}
	t, err := d.signed(v, raw)
	if err != nil {
		return nil, nil, err
	}
	return t, v, t.claims.Check(d.o.Issuer, d.o.PublicURL, now)
}

// judge returns a token that is alive, and whose it is (S1): that also where the token
// is one of theirs, but not alive.
func (d *Directory) judge(raw string) (*verified, subject, error) {
	t, v, err := d.open(raw)
	if t == nil {
		return nil, subject{}, err
	}
	whose := v.subject(&t.claims)
	if err == nil {
		err = v.alive(&t.claims, whose, d.o.Now())
	}
	if err != nil {
		return nil, whose, err
	}
	return t, whose, nil
}

// subject is whose a token is: an integration's, or a person's by an application.
// Nobody's is the zero value.
type subject struct {
	client      *client
	person      *tepin.User
	application *tepin.Application
}

// subject finds out whose the token is. The id of a person never equals a client id
// (S7), and only an integration is both subject and client.
func (v *view) subject(c *token.Claims) subject {
	if c.Subject == string(c.ClientID) {
		return subject{client: v.clients[c.ClientID]}
	}
	whose := subject{person: v.people[tepin.UserID(c.Subject)], application: v.applications[c.ClientID]}
	if whose.person == nil || whose.application == nil {
		return subject{}
	}
	return whose
}

// alive refuses a token that is dead though it has not ended.
func (v *view) alive(t *token.Claims, whose subject, now time.Time) error {
	if v.denied[t.ID] || t.Parent != "" && v.denied[t.Parent] {
		return tepin.Errorf(tepin.Unauthorized, "the access token was revoked; request a new one")
	}
	if t.IssuedAt.Before(v.notBefore) {
		return tepin.Errorf(tepin.Unauthorized, "the access token is from before this server was recovered; request a new one")
	}
	if whose.person != nil {
		return v.aliveOfPerson(t, whose)
	}
	c := whose.client
	switch {
	case c == nil || t.Environment != c.environment.ID:
		return tepin.Errorf(tepin.Unauthorized, "whom this access token belongs to does not exist any more")
	case !c.integration.Enabled:
		return tepin.Errorf(tepin.Unauthorized, "the integration of this access token is disabled")
	case t.Epoch != c.integration.Epoch:
		return tepin.Errorf(tepin.Unauthorized, "the access token was withdrawn when its integration changed; request a new one")
	case !c.credential(t.Credential, now).live, t.ParentCredential != "" && !c.credential(t.ParentCredential, now).live:
		return tepin.Errorf(tepin.Unauthorized, "the secret or key that this access token was made with has ended; request a new one with a live one")
	case c.integration.RequireBound && t.Confirm == (tepin.Confirmation{}) && t.Origin == "":
		return tepin.Errorf(tepin.Unauthorized, "the integration of this access token takes only tokens that are bound to a key or a certificate; request one with a DPoP proof, or over mutual TLS")
	case t.Origin != "" && !slices.Contains(c.integration.Origins, t.Origin):
		return tepin.Errorf(tepin.Unauthorized, "the page that this access token is bound to is not among those of its integration any more")
	}
	return nil
}

// notice is what the log says of a refusal of the subject's token.
func (s subject) notice(from netip.Addr) Notice {
	switch {
	case s.client != nil:
		return Notice{From: from, Environment: s.client.environment.ID, Target: string(s.client.integration.ID)}
	case s.person != nil:
		return Notice{From: from, Environment: s.application.EnvironmentID, Target: string(s.person.ID)}
	}
	return Notice{From: from}
}

// actor is who acts with a token of the subject.
func (v *view) actor(s subject, t *token.Claims) tepin.Actor {
	if s.person != nil {
		return v.actorOf(s.person, s.application, t)
	}
	return s.client.actor(t)
}

// actor is who acts with a token of the client.
func (c *client) actor(t *token.Claims) tepin.Actor {
	return tepin.Actor{
		Kind:          tepin.ActorIntegration,
		ID:            string(c.integration.ID),
		Name:          c.integration.Name,
		EnvironmentID: c.environment.ID,
		ClientID:      c.integration.ClientID,
		Scopes:        t.Scopes & c.integration.Scopes,
		TokenID:       t.ID,
		ParentID:      t.Parent,
		Origin:        t.Origin,
	}
}

// Presenter is who presents an access token.
type Presenter struct {
	From netip.Addr
	Held tepin.Confirmation // what the presenter has proved to hold

	proved bool // under the scheme DPoP, which takes bound tokens alone
}

// holds refuses a token that is bound to something that its presenter does not hold.
func (p Presenter) holds(bound tepin.Confirmation) error {
	switch {
	case p.proved && bound.KeyThumbprint == "":
		return tepin.Errorf(tepin.Unauthorized, "the access token is not bound to a key; send it as \"Authorization: Bearer TOKEN\", or request one with a DPoP proof")
	case p.proved && bound.KeyThumbprint != p.Held.KeyThumbprint:
		return tepin.Errorf(tepin.Unauthorized, "the access token is bound to another key than the one that signed the DPoP proof")
	case bound.KeyThumbprint != "" && bound.KeyThumbprint != p.Held.KeyThumbprint:
		return tepin.Errorf(tepin.Unauthorized, "the access token is bound to a key; send it as \"Authorization: DPoP TOKEN\" with a DPoP proof by that key")
	case bound.CertificateThumbprint != "" && bound.CertificateThumbprint != p.Held.CertificateThumbprint:
		return tepin.Errorf(tepin.Unauthorized, "the access token is bound to a client certificate; present it over a connection with that certificate")
	}
	return nil
}

// signed returns the claims of a token that one of the present keys signed.
func (d *Directory) signed(v *view, raw string) (*verified, error) {
	sum := digest(raw)
	if t, ok := d.verified.get(sum); ok {
		if v.keys.Key(t.kid) == nil {
			return nil, tepin.Errorf(tepin.Unauthorized, "the key that signed this access token was withdrawn; request a new one")
		}
		return t, nil
	}
	kid, claims, err := v.keys.Open(raw)
	if err != nil {
		return nil, err
	}
	t := &verified{kid: kid, claims: claims}
	if d.o.Now().Before(claims.ExpiresAt) {
		d.verified.put(sum, t)
	}
	return t, nil
}

// digest is the SHA-256 of a token; a token of common size is not copied to the heap.
func digest(raw string) [32]byte {
	var common [2 << 10]byte
	return sha256.Sum256(append(common[:0], raw...))
}
