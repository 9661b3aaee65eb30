package token

import (
	"encoding/json"
	"time"

	"github.com/tepin/tepin"
)

// Claims is the content of an access token (RFC 9068 §2.2). Times are whole
// seconds; anything finer is cut off when the token is signed.
type Claims struct {
	Issuer      string
	Subject     string // for an integration: its client id; for a person: the user id
	ClientID    tepin.ClientID
	Audience    []string
	ExpiresAt   time.Time
	IssuedAt    time.Time
	ID          string // jti
	Scopes      tepin.Scopes
	Environment tepin.EnvironmentID
	Epoch       int64              // of the integration or the person when the token was made
	Credential  tepin.CredentialID // with which the client authenticated; for a person: the login

	// What only some tokens have; their zero values leave no trace in the bytes.
	Confirm  tepin.Confirmation   // RFC 7800 cnf: what the token is bound to
	Identity tepin.IdentityScopes // of a person's token: they stand in the claim scope too
	Act      string               // RFC 8693 §4.1 act.sub: the client that exchanged a token for this one
	Parent   string               // jti of the token that was exchanged: this one dies with it
	Origin   string               // the only web page that may use it

	// ParentCredential is what the exchanged token was made with, where that is not
	// Credential: this one dies with either.
	ParentCredential tepin.CredentialID
}

// Format is the number of the claims' layout. It is part of a grant's key: raise
// it when the wire struct changes, so that no row is signed again to other bytes.
const Format = 1

// wire is the JSON of the claims. Its order is part of the format.
type wire struct {
	Issuer      string              `json:"iss"`
	Subject     string              `json:"sub"`
	ClientID    tepin.ClientID      `json:"client_id"`
	Audience    []string            `json:"aud"`
	ExpiresAt   int64               `json:"exp"`
	IssuedAt    int64               `json:"iat"`
	ID          string              `json:"jti"`
	Scope       string              `json:"scope"`
	Environment tepin.EnvironmentID `json:"urn:tepin:environment"`
	Epoch       int64               `json:"urn:tepin:epoch"`
	Credential  tepin.CredentialID  `json:"urn:tepin:credential"`
	Confirm     *confirm            `json:"cnf,omitempty"`
	Act         *act                `json:"act,omitempty"`
	Parent      string              `json:"urn:tepin:parent,omitempty"`
	Origin      string              `json:"urn:tepin:origin,omitempty"`

	ParentCredential tepin.CredentialID `json:"urn:tepin:parent_credential,omitempty"`
}

type confirm struct {
	KeyThumbprint         string `json:"jkt,omitempty"`
	CertificateThumbprint string `json:"x5t#S256,omitempty"`
}

type act struct {
	Subject string `json:"sub"`
}

// JSON returns the claims as they stand in a token.
func (c Claims) JSON() ([]byte, error) {
	w := wire{
		Issuer:      c.Issuer,
		Subject:     c.Subject,
		ClientID:    c.ClientID,
		Audience:    c.Audience,
		ExpiresAt:   c.ExpiresAt.Unix(),
		IssuedAt:    c.IssuedAt.Unix(),
		ID:          c.ID,
		Scope:       c.scope(),
		Environment: c.Environment,
		Epoch:       c.Epoch,
		Credential:  c.Credential,
		Parent:      c.Parent,
		Origin:      c.Origin,

		ParentCredential: c.ParentCredential,
	}
	if c.Confirm != (tepin.Confirmation{}) {
		w.Confirm = &confirm{c.Confirm.KeyThumbprint, c.Confirm.CertificateThumbprint}
	}
	if c.Act != "" {
		w.Act = &act{c.Act}
	}
	return json.Marshal(w)
}

func (c Claims) scope() string {
	if c.Identity == 0 {
		return c.Scopes.String()
	}
	return tepin.PersonScopes{Identity: c.Identity, API: c.Scopes}.String()
}

// unmarshal reads what marshal wrote: the bytes were signed by us before.
func unmarshal(b []byte) (Claims, error) {
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return Claims{}, err
	}
	scopes, err := tepin.ParsePersonScopes(w.Scope)
	if err != nil {
		return Claims{}, err
	}
	c := Claims{
		Issuer:      w.Issuer,
		Subject:     w.Subject,
		ClientID:    w.ClientID,
		Audience:    w.Audience,
		ExpiresAt:   time.Unix(w.ExpiresAt, 0).UTC(),
		IssuedAt:    time.Unix(w.IssuedAt, 0).UTC(),
		ID:          w.ID,
		Scopes:      scopes.API,
		Identity:    scopes.Identity,
		Environment: w.Environment,
		Epoch:       w.Epoch,
		Credential:  w.Credential,
		Parent:      w.Parent,
		Origin:      w.Origin,

		ParentCredential: w.ParentCredential,
	}
	if w.Confirm != nil {
		c.Confirm = tepin.Confirmation{KeyThumbprint: w.Confirm.KeyThumbprint, CertificateThumbprint: w.Confirm.CertificateThumbprint}
	}
	if w.Act != nil {
		c.Act = w.Act.Subject
	}
	return c, nil
}
