package environmentapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/web"
)

// AuthBody is the part of every authentication.
type AuthBody struct {
	Usage tepin.AuthUsage `json:"usage" enum:"browser,server" doc:"browser: for calls over HTTP. server: while outputs are made."`
	Name  string          `json:"name,omitempty" maxLength:"255" doc:"Made of id, usage and kind if it is left out."`
}

// ClientBody is the client that a token endpoint knows.
type ClientBody struct {
	ClientID     string `json:"clientId" minLength:"1" maxLength:"16384"`
	ClientSecret string `json:"clientSecret" maxLength:"16384" doc:"Never shown again."`
	Scope        string `json:"scope,omitempty" maxLength:"16384"`
}

// StaticAuthBody is a header that is the same for every call.
type StaticAuthBody struct {
	AuthBody
	Key   string `json:"key" minLength:"1" maxLength:"256" doc:"Name of the header." example:"X-Api-Key"`
	Value string `json:"value" minLength:"1" maxLength:"16384" doc:"Never shown again."`
}

// ClientCredentialsBody asks for tokens by client id and secret (RFC 6749 §4.4).
type ClientCredentialsBody struct {
	AuthBody
	ClientBody
	TokenEndpoint string `json:"tokenEndpoint" maxLength:"2048" example:"https://login.example.com/oauth/token"`
}

// AuthServerMetadata is what is known of an authorization server (RFC 8414).
type AuthServerMetadata struct {
	AuthorizationEndpoint string   `json:"authorization_endpoint,omitempty" maxLength:"2048"`
	TokenEndpoint         string   `json:"token_endpoint,omitempty" maxLength:"2048"`
	Methods               []string `json:"token_endpoint_auth_methods_supported,omitempty" enum:"client_secret_basic,client_secret_post" doc:"How it learns the client's secret."`
	_                     struct{} `additionalProperties:"true"`
}

// PasswordBody asks for tokens by the password of an account (RFC 6749 §4.3).
type PasswordBody struct {
	AuthBody
	ClientBody
	TokenEndpoint string               `json:"tokenEndpoint,omitempty" maxLength:"2048" doc:"Here, or as token_endpoint of the metadata."`
	Username      string               `json:"username" minLength:"1" maxLength:"16384"`
	Password      string               `json:"password" minLength:"1" maxLength:"16384" doc:"Never shown again."`
	BodyFormat    connector.BodyFormat `json:"bodyFormat,omitempty" enum:"applicationJson,formUrlEncoded" doc:"formUrlEncoded if it is left out."`
	Metadata      *AuthServerMetadata  `json:"authorizationServerMetadata,omitempty"`
}

// AuthorizationCodeBody has each person sign in to the upstream (RFC 6749 §4.1).
type AuthorizationCodeBody struct {
	AuthBody
	ClientBody
	Metadata      AuthServerMetadata `json:"authorizationServerMetadata"`
	Customization *struct {
		ContentType   connector.BodyFormat `json:"requestContentType,omitempty" enum:"applicationJson,formUrlEncoded"`
		CodeParameter string               `json:"codeParameterName,omitempty" maxLength:"100"`
	} `json:"specCustomization,omitempty"`
}

// JWTBearerBody asks for tokens by signed assertions (RFC 7523).
type JWTBearerBody struct {
	AuthBody
	TokenEndpoint string `json:"tokenEndpoint" maxLength:"2048"`
	Signature     struct {
		Algorithm  string `json:"algorithm" enum:"RS256"`
		PrivateKey string `json:"privateKey" minLength:"1" maxLength:"16384" doc:"RSA, in PEM. Never shown again."`
	} `json:"signatureConfig"`
	Payload    map[string]any    `json:"jwtPayload" doc:"Claims of the assertion. iat, exp and jti are added where they are missing."`
	TokenParam string            `json:"jwtTokenParamName" minLength:"1" maxLength:"100" example:"assertion"`
	BodyParams map[string]string `json:"requestBodyParams,omitempty" doc:"Further parameters of the request to the token endpoint."`
}

func (b StaticAuthBody) auth() (AuthBody, connector.Auth) {
	return b.AuthBody, connector.Auth{Kind: tepin.AuthStaticKey, Header: b.Key, Value: b.Value}
}

func (b ClientBody) auth(kind tepin.AuthKind, endpoint string) connector.Auth {
	return connector.Auth{Kind: kind, ClientID: b.ClientID, ClientSecret: b.ClientSecret, Scope: b.Scope, TokenEndpoint: endpoint}
}

func (b ClientCredentialsBody) auth() (AuthBody, connector.Auth) {
	return b.AuthBody, b.ClientBody.auth(tepin.AuthClientCredentials, b.TokenEndpoint)
}

func (b PasswordBody) auth() (AuthBody, connector.Auth) {
	a := b.ClientBody.auth(tepin.AuthPassword, b.TokenEndpoint)
	a.Username, a.Password, a.BodyFormat = b.Username, b.Password, b.BodyFormat
	if m := b.Metadata; m != nil {
		a.Methods = m.Methods
		if a.TokenEndpoint == "" {
			a.TokenEndpoint = m.TokenEndpoint
		}
	}
	return b.AuthBody, a
}

func (b AuthorizationCodeBody) auth() (AuthBody, connector.Auth) {
	a := b.ClientBody.auth(tepin.AuthCode, b.Metadata.TokenEndpoint)
	a.AuthorizationEndpoint, a.Methods = b.Metadata.AuthorizationEndpoint, b.Metadata.Methods
	if c := b.Customization; c != nil {
		a.BodyFormat, a.CodeParameter = c.ContentType, c.CodeParameter
	}
	return b.AuthBody, a
}

func (b JWTBearerBody) auth() (AuthBody, connector.Auth) {
	payload, err := json.Marshal(b.Payload)
	if err != nil {
		panic(err) // it was JSON
	}
	return b.AuthBody, connector.Auth{Kind: tepin.AuthJWTBearer, TokenEndpoint: b.TokenEndpoint, PrivateKey: b.Signature.PrivateKey,
		Payload: payload, TokenParam: b.TokenParam, BodyParams: b.BodyParams}
}

type putAuthIn[B any] struct {
	InEnvironment
	ID   string `path:"id" doc:"Id of the connector."`
	Body B
}

// putAuth is the handler of one kind of authentication.
func putAuth[B interface {
	auth() (AuthBody, connector.Auth)
}](a *API) func(context.Context, web.Caller, *putAuthIn[B]) (*empty, error) {
	return func(ctx context.Context, c web.Caller, in *putAuthIn[B]) (*empty, error) {
		v, err := a.connector(ctx, c, in.ID)
		if err != nil {
			return nil, err
		}
		what, auth := in.Body.auth()
		return &empty{http.StatusNoContent}, a.Connector.SetAuth(ctx, c.Actor, v, what.Usage, what.Name, auth)
	}
}

// ConnectorAuth says that a connector has a credential, and nothing of what that is.
type ConnectorAuth struct {
	Usage       tepin.AuthUsage `json:"usage" enum:"browser,server"`
	Type        tepin.AuthKind  `json:"type"`
	Name        string          `json:"name"`
	DateCreated time.Time       `json:"dateCreated"`
}

// ConnectorAuths are the credentials of a connector.
type ConnectorAuths struct {
	Data        []ConnectorAuth `json:"data" nullable:"false"`
	RedirectURI string          `json:"redirectUri" doc:"Where an authorization server sends people back to: register it there."`
}

func (a *API) getConnectorAuth(ctx context.Context, c web.Caller, in *connectorIn) (*answer[ConnectorAuths], error) {
	v, err := a.connector(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	list, err := a.Store.ConnectorCredentials(ctx, c.Environment.ID, v.ID)
	if err != nil {
		return nil, err
	}
	out := ConnectorAuths{Data: []ConnectorAuth{}, RedirectURI: signInURL(c.BaseURL, c.Environment, v.ID, "redirect")}
	for _, each := range list {
		out.Data = append(out.Data, ConnectorAuth{each.Usage, each.Kind, each.Name, each.CreatedAt.UTC()})
	}
	return versioned(c, v.Version, out), nil
}

type deleteAuthIn struct {
	InEnvironment
	ID    string          `path:"id" doc:"Id of the connector."`
	Usage tepin.AuthUsage `query:"authUsage" required:"true" enum:"browser,server"`
}

func (a *API) deleteConnectorAuth(ctx context.Context, c web.Caller, in *deleteAuthIn) (*empty, error) {
	id, err := id[tepin.ConnectorID]("connector", in.ID)
	if err != nil {
		return nil, err
	}
	return &empty{http.StatusNoContent}, a.Store.DeleteConnectorCredential(ctx, c.Actor, c.Environment.ID, id, in.Usage)
}

// signInURL is a URL of a person's sign-in to the upstream of a connector.
func signInURL(base string, env tepin.Environment, id tepin.ConnectorID, end string) string {
	return strings.TrimSuffix(base, "/") + current + env.TechnicalName + "/connectors/" + string(id) + "/auth/oauth-authorization-code/" + end
}
