package access

import (
	"crypto/sha256"
	"net/netip"
	"slices"

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
	t, c, err := d.judge(raw)
	if err == nil {
		err = by.may(t, c)
	}
	if err != nil {
		d.refused(c, "", by.From, err)
		return tepin.Actor{}, err
	}
	return c.actor(&t.claims), nil
}

// may refuses a token that is alive to who may not use it.
func (p Presenter) may(t *verified, c *client) error {
	if err := p.holds(t.claims.Confirm); err != nil {
		return err
	}
	if !c.integration.UseNetworks.Allow(p.From) {
		return tepin.Errorf(tepin.Forbidden, "the tokens of this integration may not be used from this address; an administrator lists the networks that may")
	}
	return nil
}

// Inspect returns the token if it is alive, for those who ask about it and do not
// present it: what it is bound to is theirs to judge. Refusals are those of
// [Directory.Bearer].
func (d *Directory) Inspect(raw string) (Token, error) {
	t, c, err := d.judge(raw)
	if err != nil {
		return Token{}, err
	}
	return Token{Claims: t.claims, Actor: c.actor(&t.claims)}, nil
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

// judge returns a token that is alive, and its client (S1): the client also where the
// token is one of its own, but not alive.
func (d *Directory) judge(raw string) (*verified, *client, error) {
	t, v, err := d.open(raw)
	if t == nil {
		return nil, nil, err
	}
	c := v.clients[t.claims.ClientID]
	if err != nil {
		return nil, c, err
	}
	if c == nil || t.claims.Subject != string(t.claims.ClientID) || t.claims.Environment != c.environment.ID {
		return nil, c, tepin.Errorf(tepin.Unauthorized, "the integration of this access token does not exist any more")
	}
	now := d.o.Now()
	switch {
	case !c.integration.Enabled:
		return nil, c, tepin.Errorf(tepin.Unauthorized, "the integration of this access token is disabled")
	case t.claims.Epoch != c.integration.Epoch:
		return nil, c, tepin.Errorf(tepin.Unauthorized, "the access token was withdrawn when its integration changed; request a new one")
	case !c.credential(t.claims.Credential, now).live, t.claims.ParentCredential != "" && !c.credential(t.claims.ParentCredential, now).live:
		return nil, c, tepin.Errorf(tepin.Unauthorized, "the secret or key that this access token was made with has ended; request a new one with a live one")
	case v.denied[t.claims.ID], t.claims.Parent != "" && v.denied[t.claims.Parent]:
		return nil, c, tepin.Errorf(tepin.Unauthorized, "the access token was revoked; request a new one")
	case t.claims.Origin != "" && !slices.Contains(c.integration.Origins, t.claims.Origin):
		return nil, c, tepin.Errorf(tepin.Unauthorized, "the page that this access token is bound to is not among those of its integration any more")
	}
	return t, c, nil
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
