package oauth

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/token"
)

// document is the metadata of RFC 8414 §2. All addresses come from the issuer,
// whatever host was asked (S7).
type document struct {
	Issuer        string   `json:"issuer"`
	TokenEndpoint string   `json:"token_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	Scopes        []string `json:"scopes_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`

	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	ResponseModes         []string `json:"response_modes_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`               // RFC 7636 §6.2
	SaysIssuer            bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	DeviceEndpoint        string   `json:"device_authorization_endpoint"`                  // RFC 8628 §4

	RevocationEndpoint       string   `json:"revocation_endpoint"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`

	assertionDocument
	boundDocument
}

// openIDDocument adds what OpenID Connect Discovery 1.0 §3 requires.
type openIDDocument struct {
	document
	UserinfoEndpoint string   `json:"userinfo_endpoint"`
	SubjectTypes     []string `json:"subject_types_supported"`
	SigningAlgs      []string `json:"id_token_signing_alg_values_supported"`
	Claims           []string `json:"claims_supported"`
	Prompts          []string `json:"prompt_values_supported"`

	RequestParameter    bool `json:"request_parameter_supported"` // the default of the other two is true, or unknown
	RequestURIParameter bool `json:"request_uri_parameter_supported"`
	ClaimsParameter     bool `json:"claims_parameter_supported"`
}

func (h Handler) document() document {
	methods := []string{"client_secret_basic", "client_secret_post", "private_key_jwt"}
	withPublic := append(slices.Clone(methods), "none") // for applications, which have no secret
	scopes := strings.Fields((tepin.OpenID | tepin.Profile | tepin.Email | tepin.OfflineAccess).String())
	for _, s := range tepin.AllScopes {
		scopes = append(scopes, string(s))
	}
	return h.bindable(document{
		Issuer:        h.Issuer,
		TokenEndpoint: h.Issuer + "oauth/token",
		JWKS:          h.Issuer + ".well-known/jwks.json",
		Scopes:        scopes,
		ResponseTypes: []string{"code"},
		GrantTypes:    append(slices.Sorted(maps.Keys(grantTypes)), slices.Sorted(maps.Keys(personGrants))...),
		AuthMethods:   withPublic,

		AuthorizationEndpoint: h.Issuer + "authorize",
		ResponseModes:         []string{"query"},
		ChallengeMethods:      []string{"S256"},
		SaysIssuer:            true,
		DeviceEndpoint:        h.Issuer + "oauth/device/code",

		RevocationEndpoint:       h.Issuer + "oauth/revoke",
		RevocationAuthMethods:    withPublic,
		IntrospectionEndpoint:    h.Issuer + "oauth/introspect",
		IntrospectionAuthMethods: methods,

		assertionDocument: assertionDocument{credential.Algorithms, credential.Algorithms, credential.Algorithms},
	})
}

// metadata serves RFC 8414 §3.
func (h Handler) metadata(w http.ResponseWriter, _ *http.Request) error {
	return publish(w, h.document())
}

// openID serves the same to clients that look where OpenID Connect has it.
func (h Handler) openID(w http.ResponseWriter, _ *http.Request) error {
	return publish(w, openIDDocument{
		document: h.document(), UserinfoEndpoint: h.userinfoEndpoint(),
		SubjectTypes: []string{"public"},
		SigningAlgs:  []string{token.RS256, token.ES256}, // libraries that verify access tokens take the algorithms from here
		Claims:       []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "name", "email"},
		Prompts:      []string{"none", "login", "consent"},
	})
}

func (h Handler) userinfoEndpoint() string { return h.Issuer + "oauth/userinfo" }

func publish(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age="+metadataMaxAge)
	_, _ = w.Write(body) // the client may be gone
	return nil
}
