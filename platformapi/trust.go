package platformapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// TrustBody is a way for an integration to prove itself without a secret. Nothing in it
// is secret.
type TrustBody struct {
	ID            tepin.CredentialID `json:"id" format:"uuid"`
	Kind          tepin.TrustKind    `json:"kind" enum:"key,key_set,issuer,certificate"`
	Label         string             `json:"label"`
	Keys          keySet             `json:"keys" doc:"key, and issuer where they were given: the public keys, a JWK set; null = none, or they are fetched."`
	URL           string             `json:"url" doc:"key_set: its jwks_uri; issuer: its name."`
	Subject       string             `json:"subject" doc:"issuer: the sub of its tokens."`
	Audience      string             `json:"audience" doc:"issuer: the aud of its tokens."`
	Reusable      bool               `json:"reusable" doc:"issuer: one token is taken as often as it comes."`
	Thumbprint    string             `json:"thumbprint" doc:"certificate: SHA-256 of it, base64url."`
	Live          bool               `json:"live" doc:"Whether it counts now."`
	CreatedBy     string             `json:"createdBy"`
	DateCreated   time.Time          `json:"dateCreated"`
	DateNotBefore *time.Time         `json:"dateNotBefore" doc:"It counts from then on; null = since it was made."`
	DateExpires   *time.Time         `json:"dateExpires" doc:"null = never."`
	ExpiresSoon   *int               `json:"expiresSoon" enum:"30,7,1" doc:"It will have ended within so many days; null = not so soon."`
	DateLastUsed  *time.Time         `json:"dateLastUsed" doc:"null = never; up to a minute late."`
	LastUsedFrom  string             `json:"lastUsedFrom,omitempty" doc:"Network address of its last use."`
}

func (a *API) trustOf(v tepin.Trust) TrustBody {
	b := TrustBody{
		ID: v.ID, Kind: v.Kind, Label: v.Label, Keys: keySet(v.Keys), URL: v.URL, Subject: v.Subject, Audience: v.Audience, Reusable: v.Reusable, Thumbprint: v.Thumbprint,
		Live: v.LiveAt(a.o.Now()), CreatedBy: v.CreatedBy, DateCreated: v.CreatedAt.UTC(), DateNotBefore: timeOrNull(v.NotBefore), DateExpires: timeOrNull(v.ExpiresAt),
		DateLastUsed: timeOrNull(v.LastUsedAt), LastUsedFrom: v.LastUsedFrom,
	}
	if days := tepin.ExpiryWarning(v.CreatedAt, v.ExpiresAt, a.o.Now()); days > 0 {
		b.ExpiresSoon = &days
	}
	return b
}

// keySet is a JWK set as an object of the body; empty = null.
type keySet string

// MarshalJSON writes the set as it is.
func (k keySet) MarshalJSON() ([]byte, error) {
	if k == "" {
		return []byte("null"), nil
	}
	return []byte(k), nil
}

// Schema is for the OpenAPI document.
func (keySet) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Nullable: true, AdditionalProperties: true}
}

// keysText is public keys in a body: a JWK set or a JWK as an object, or a text in PEM
// form.
type keysText string

// UnmarshalJSON takes a text for itself, and an object for its JSON.
func (k *keysText) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(k))
	}
	*k = keysText(raw)
	return nil
}

// Schema is for the OpenAPI document.
func (keysText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeObject, AdditionalProperties: true, Description: "A JWK set, or one JWK."},
		{Type: huma.TypeString, Description: "Public keys or certificates in PEM form."},
	}}
}

func (a *API) listTrusts(ctx context.Context, c web.Caller, in *InIntegration) (*list[TrustBody], error) {
	all, err := a.o.Store.Trusts(ctx, c.Environment.ID, in.IntegrationID)
	if err != nil {
		return nil, err
	}
	return listOf(all, a.trustOf), nil
}

type createTrustIn struct {
	InIntegration
	Body struct {
		Kind          tepin.TrustKind `json:"kind" enum:"key,key_set,issuer,certificate" doc:"key: a public key whose holder signs client assertions (private_key_jwt). key_set: the keys at a jwks_uri, for the same. issuer: another issuer's tokens for one workload, as GitHub Actions and Kubernetes give them. certificate: one client certificate."`
		Label         string          `json:"label,omitempty" maxLength:"60" example:"the shop's CI"`
		Keys          keysText        `json:"keys,omitempty" doc:"key: at most ten public keys. issuer: its keys, where it cannot be reached. Never a private key."`
		URL           string          `json:"url,omitempty" maxLength:"2048" example:"https://token.actions.githubusercontent.com" doc:"key_set: the jwks_uri. issuer: its name, exactly as its tokens have it in iss."`
		Subject       string          `json:"subject,omitempty" maxLength:"255" example:"repo:shop/site:ref:refs/heads/main" doc:"issuer: the sub, exactly."`
		Audience      string          `json:"audience,omitempty" maxLength:"255" example:"https://tepin.example" doc:"issuer: the aud, exactly: one that is meant for this server alone."`
		Reusable      bool            `json:"reusable,omitempty" doc:"issuer: take one token as often as it comes until it ends; left out, once."`
		Thumbprint    string          `json:"thumbprint,omitempty" maxLength:"65536" doc:"certificate: its SHA-256, base64url or hexadecimal, or the certificate in PEM form."`
		DateNotBefore *time.Time      `json:"dateNotBefore,omitempty" doc:"It counts from then on; left out: at once."`
		DateExpires   *time.Time      `json:"dateExpires,omitempty" doc:"It ends then; left out: never."`
		Force         bool            `json:"force,omitempty" doc:"Take it though its host cannot be reached now, or its subject is one that many workloads share."`
	}
}

func (a *API) createTrust(ctx context.Context, c web.Caller, in *createTrustIn) (*createdTrust, error) {
	v := tepin.Trust{
		EnvironmentID: c.Environment.ID, IntegrationID: in.IntegrationID, Kind: in.Body.Kind, Label: in.Body.Label, Keys: string(in.Body.Keys), URL: in.Body.URL,
		Subject: in.Body.Subject, Audience: in.Body.Audience, Reusable: in.Body.Reusable, Thumbprint: in.Body.Thumbprint,
	}
	var errFrom, errEnd error
	v.NotBefore, errFrom = moment("dateNotBefore", in.Body.DateNotBefore)
	v.ExpiresAt, errEnd = moment("dateExpires", in.Body.DateExpires)
	if err := errors.Join(errFrom, errEnd); err != nil {
		return nil, err
	}
	if _, err := a.o.Store.Integration(ctx, c.Environment.ID, in.IntegrationID); err != nil {
		return nil, err // before a host is asked for its keys
	}
	v, err := a.o.Credential.CreateTrust(ctx, c.Actor, v, in.Body.Force)
	if err != nil {
		return nil, err
	}
	return &createdTrust{Location: locationOf(c, in.IntegrationID) + "/trusts/" + string(v.ID), Body: a.trustOf(v)}, nil
}

type createdTrust struct {
	Location string `header:"Location"`
	Body     TrustBody
}

// InTrust is the part of inputs that names the trust.
type InTrust struct {
	InIntegration
	TrustID tepin.CredentialID `path:"trustId" format:"uuid"`
}

func (a *API) getTrust(ctx context.Context, c web.Caller, in *InTrust) (*item[TrustBody], error) {
	v, err := a.o.Store.Trust(ctx, c.Environment.ID, in.IntegrationID, in.TrustID)
	if err != nil {
		return nil, err
	}
	return &item[TrustBody]{Status: http.StatusOK, Body: a.trustOf(v)}, nil
}

type updateTrustIn struct {
	InTrust
	Body struct {
		Label        *string    `json:"label,omitempty" maxLength:"60"`
		DateExpires  *time.Time `json:"dateExpires,omitempty" doc:"It ends then. To end it now, delete it."`
		NeverExpires bool       `json:"neverExpires,omitempty" doc:"It has no end any more."`
	}
}

func (a *API) updateTrust(ctx context.Context, c web.Caller, in *updateTrustIn) (*item[TrustBody], error) {
	end, err := newEnd(in.Body.DateExpires, in.Body.NeverExpires)
	if err != nil {
		return nil, err
	}
	v, err := a.o.Credential.UpdateTrust(ctx, c.Actor, c.Environment.ID, in.IntegrationID, in.TrustID, tepin.TrustUpdate{Label: in.Body.Label, ExpiresAt: end})
	if err != nil {
		return nil, err
	}
	return &item[TrustBody]{Status: http.StatusOK, Body: a.trustOf(v)}, nil
}

func (a *API) deleteTrust(ctx context.Context, c web.Caller, in *InTrust) (*none, error) {
	return nil, a.o.Credential.DeleteTrust(ctx, c.Actor, c.Environment.ID, in.IntegrationID, in.TrustID)
}
