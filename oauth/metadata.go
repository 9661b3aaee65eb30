package oauth

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/token"
)

// document is the metadata of RFC 8414 §2. All addresses come from the issuer,
// whatever host was asked (S7).
type document struct {
	Issuer        string        `json:"issuer"`
	TokenEndpoint string        `json:"token_endpoint"`
	JWKS          string        `json:"jwks_uri"`
	Scopes        []tepin.Scope `json:"scopes_supported"`
	ResponseTypes []string      `json:"response_types_supported"` // required; empty without /authorize
	GrantTypes    []string      `json:"grant_types_supported"`
	AuthMethods   []string      `json:"token_endpoint_auth_methods_supported"`

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
	SubjectTypes []string `json:"subject_types_supported"`
	SigningAlgs  []string `json:"id_token_signing_alg_values_supported"`
}

func (h Handler) document() document {
	methods := []string{"client_secret_basic", "client_secret_post", "private_key_jwt"}
	return h.bindable(document{
		Issuer:        h.Issuer,
		TokenEndpoint: h.Issuer + "oauth/token",
		JWKS:          h.Issuer + ".well-known/jwks.json",
		Scopes:        tepin.AllScopes,
		ResponseTypes: []string{},
		GrantTypes:    slices.Sorted(maps.Keys(grantTypes)),
		AuthMethods:   methods,

		RevocationEndpoint:       h.Issuer + "oauth/revoke",
		RevocationAuthMethods:    methods,
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
	return publish(w, openIDDocument{h.document(), []string{"public"}, []string{token.RS256, token.ES256}})
}

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
