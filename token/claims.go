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
	Subject     string // for an integration: its client id
	ClientID    tepin.ClientID
	Audience    []string
	ExpiresAt   time.Time
	IssuedAt    time.Time
	ID          string // jti
	Scopes      tepin.Scopes
	Environment tepin.EnvironmentID
	Epoch       int64          // of the integration when the token was made
	Credential  tepin.SecretID // with which the client authenticated
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
	Credential  tepin.SecretID      `json:"urn:tepin:credential"`
}

func (c Claims) marshal() ([]byte, error) {
	return json.Marshal(wire{
		Issuer:      c.Issuer,
		Subject:     c.Subject,
		ClientID:    c.ClientID,
		Audience:    c.Audience,
		ExpiresAt:   c.ExpiresAt.Unix(),
		IssuedAt:    c.IssuedAt.Unix(),
		ID:          c.ID,
		Scope:       c.Scopes.String(),
		Environment: c.Environment,
		Epoch:       c.Epoch,
		Credential:  c.Credential,
	})
}

// unmarshal reads what marshal wrote: the bytes were signed by us before.
func unmarshal(b []byte) (Claims, error) {
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return Claims{}, err
	}
	scopes, err := tepin.ParseScopes(w.Scope)
	if err != nil {
		return Claims{}, err
	}
	return Claims{
		Issuer:      w.Issuer,
		Subject:     w.Subject,
		ClientID:    w.ClientID,
		Audience:    w.Audience,
		ExpiresAt:   time.Unix(w.ExpiresAt, 0).UTC(),
		IssuedAt:    time.Unix(w.IssuedAt, 0).UTC(),
		ID:          w.ID,
		Scopes:      scopes,
		Environment: w.Environment,
		Epoch:       w.Epoch,
		Credential:  w.Credential,
	}, nil
}
