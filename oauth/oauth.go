// Package oauth is the authorization server: the token endpoint (RFC 6749), revocation
// (RFC 7009), introspection (RFC 7662), device authorization (RFC 8628), userinfo
// (OpenID Connect), the published keys (RFC 7517) and the metadata (RFC 8414). The pages
// that people see, /authorize among them, are the console's.
//
// One file for each endpoint, one for each grant type. A grant type answers only
// whose token is issued, with which scopes; reading the request, authenticating the
// client, audience, signing, headers and errors belong to the endpoint, so that a
// new grant type cannot forget them.
package oauth

import (
	"net/http"
	"time"

	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/web"
)

// Limits of a token request.
const (
	MaxBody       = 64 << 10 // bytes
	MaxParameters = 64
	MaxDepth      = 16 // of the JSON form, in members that nobody reads
)

// metadataMaxAge is how long clients may keep the metadata, in seconds.
const metadataMaxAge = "3600"

// Handler serves the endpoints. All fields up to KeySets are required.
type Handler struct {
	Access     *access.Directory
	Credential *credential.Service
	Grants     *grant.Service
	People     *grant.People
	Issuer     string   // PublicURL + "/"; never made from a request's host (S7)
	PublicURL  string   // in the audience of every token
	KeySets    *KeySets // what client assertions are checked with
	Audiences  []string // aliases that clients may ask for beside it (S8)
	Limits     Limits   // none unless they are set

	Certificates bool   // clients can come with certificates (RFC 8705)
	MTLSURL      string // where they do, if it is not PublicURL; no slash at the end

	Now func() time.Time // nil = time.Now

	usual map[string]grant.Audience
}

func (h Handler) now() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}

// Routes is the route table, for a [web.Guard]. The lines without a method answer the
// methods that the lines above them do not.
func (h Handler) Routes() []web.Route {
	h.usual = h.usualAudiences()
	public := web.Access{Public: true}
	list := []web.Route{
		{Method: "POST", Path: "/oauth/token", Access: public, Handler: h.token},
		{Path: "/oauth/token", Access: public, Handler: only("POST")},
		{Method: "POST", Path: "/oauth/revoke", Access: public, Handler: h.revoke},
		{Path: "/oauth/revoke", Access: public, Handler: only("POST")},
		{Method: "POST", Path: "/oauth/introspect", Access: public, Handler: h.introspect},
		{Path: "/oauth/introspect", Access: public, Handler: only("POST")},
		{Method: "POST", Path: "/oauth/device/code", Access: public, Handler: h.device},
		{Path: "/oauth/device/code", Access: public, Handler: only("POST")},
		{Method: "GET", Path: "/oauth/userinfo", Access: web.Access{Person: true}, Handler: h.userinfo},
		{Method: "POST", Path: "/oauth/userinfo", Access: web.Access{Person: true}, Handler: h.userinfo},
		{Path: "/oauth/userinfo", Access: public, Handler: only("GET, HEAD, POST")},
		{Method: "GET", Path: "/.well-known/jwks.json", Access: public, Handler: h.jwks},
		{Path: "/.well-known/jwks.json", Access: public, Handler: only("GET, HEAD")},
		{Method: "GET", Path: "/.well-known/oauth-authorization-server", Access: public, Handler: h.metadata},
		{Path: "/.well-known/oauth-authorization-server", Access: public, Handler: only("GET, HEAD")},
		{Method: "GET", Path: "/.well-known/openid-configuration", Access: public, Handler: h.openID},
		{Path: "/.well-known/openid-configuration", Access: public, Handler: only("GET, HEAD")},
		{Path: "/oauth", Access: public, Handler: web.NotFound}, // in JSON, where the console would answer with a page
		{Path: "/oauth/", Access: public, Handler: web.NotFound},
	}
	for i := range list {
		if list[i].Method == http.MethodPost {
			list[i].Handler = h.bounded(list[i].Handler)
		}
	}
	return list
}

// only answers every method that an endpoint does not have (RFC 9110 §15.5.6).
func only(methods string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", methods+", OPTIONS")
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		refuse(w, r, &failure{status: http.StatusMethodNotAllowed, code: invalidRequest,
			description: "this endpoint takes only " + methods})
		return nil
	}
}
