package oauth_test

import (
	"net/http"
	"slices"
	"strings"
)

// tokenRows are the requests about tokens. Rows that revoke stand behind those that need
// the token alive.
var tokenRows = slices.Concat(aboutTokens("/oauth/introspect", "7662 §2.1"), introspectionRows, exchangeRows, aboutTokens("/oauth/revoke", "7009 §2.1"), revocationRows)

const (
	mine = "client_id={id}&client_secret={secret}"
	ask  = mine + "&token={token}"
)

// aboutTokens are the requests that both endpoints take and refuse alike.
func aboutTokens(path, rfc string) []row {
	list := []row{
		{name: "credentials in the form", header: form, body: mine + "&token=x", status: 200},
		{name: "Basic", header: form + "\n" + auth, body: "token=x", status: 200},
		{name: "JSON", header: js, body: `{"client_id":"{id}","client_secret":"{secret}","token":"x"}`, status: 200},
		{name: "JSON beside Basic", header: js + "\n" + auth, body: `{"token":"x","token_type_hint":null}`, status: 200},
		{name: "charset in the content type", header: form + ";charset=UTF-8", body: mine + "&token=x", status: 200},
		{name: "hint: access_token", header: form, body: mine + "&token=x&token_type_hint=access_token", status: 200},
		{name: "hint: refresh_token", header: form, body: mine + "&token=x&token_type_hint=refresh_token", status: 200},
		{name: "hint that nobody knows", header: form, body: mine + "&token=x&token_type_hint=pizza", status: 200},
		{name: "unknown parameters", header: form, body: mine + "&token=x&resource_id=y", status: 200},
		{name: "garbage for a token", header: form, body: mine + "&token=%00%0a%22", status: 200},
		{name: "half a token", header: form, body: mine + "&token=eyJhbGciOiJFUzI1NiJ9.e30.", status: 200},
		{name: "token of 20 KB", header: form, body: mine + "&token=" + strings.Repeat("x", 20<<10), status: 200},
		{name: "a token of another client", header: form, body: mine + "&token={othertoken}", status: 200},
		{name: "no token", header: form, body: mine, status: 400, code: "invalid_request"},
		{name: "empty token", header: form, body: mine + "&token=", status: 400, code: "invalid_request"},
		{name: "token twice", header: form, body: ask + "&token={token}", status: 400, code: "invalid_request"},
		{name: "hint twice", header: form, body: mine + "&token=x&token_type_hint=a&token_type_hint=b", status: 400, code: "invalid_request"},
		{name: "JSON: number for a token", header: js, body: `{"client_id":"{id}","client_secret":"{secret}","token":1}`, status: 400, code: "invalid_request"},
		{name: "JSON: number for a hint", header: js, body: `{"client_id":"{id}","client_secret":"{secret}","token":"x","token_type_hint":1}`, status: 400, code: "invalid_request"},
		{name: "token in the address", header: form + "\n" + auth, query: "token=x", status: 400, code: "invalid_request"},
		{name: "two ways to authenticate", header: form + "\n" + auth, body: ask, status: 400, code: "invalid_request"},
		{name: "broken percent-encoding", header: form, body: mine + "&token=%zz", status: 400, code: "invalid_request"},
		{name: "no content type", body: ask, status: 415, code: "invalid_request"},
		{name: "body of 65 KB", header: form, body: ask + "&x=" + strings.Repeat("x", 64<<10), status: 413, code: "invalid_request"},
		{name: "nobody asks", header: form, body: "token=x", status: 401, code: "invalid_client"},
		{name: "nobody asks, without a token", header: form, status: 401, code: "invalid_client"},
		{name: "client id alone", header: form, body: "client_id={id}&token={othertoken}", status: 401, code: "invalid_client"},
		{name: "wrong secret", header: form, body: "client_id={id}&client_secret=wrong&token={token}", status: 401, code: "invalid_client"},
		{name: "wrong secret by Basic", header: form + "\nAuthorization: Basic {wrongbasic}", body: "token=x", status: 401, code: "invalid_client"},
		{name: "a token for a client", header: form + "\nAuthorization: Bearer x", body: "token=x", status: 401, code: "invalid_client"},
		{name: "GET", method: http.MethodGet, query: "token=x", status: 405, code: "invalid_request"},
		{name: "PUT", method: http.MethodPut, header: form, body: ask, status: 405, code: "invalid_request"},
		{name: "DELETE", method: http.MethodDelete, status: 405, code: "invalid_request"},
		{name: "preflight", method: http.MethodOptions, header: "Access-Control-Request-Method: POST\nAccess-Control-Request-Headers: authorization", status: 204},
		{name: "secret for a token", header: form, body: mine + "&token={secret}", status: 200},
		{name: "secret for a hint", header: form, body: mine + "&token=x&token_type_hint={secret}", status: 200},
	}
	for i := range list {
		list[i].path, list[i].rfc, list[i].name = path, rfc, path+": "+list[i].name
	}
	return list
}

var introspectionRows = []row{
	{path: "/oauth/introspect", rfc: "7662 §2.2", name: "introspect: a live token", header: form, body: ask, status: 200},
	{path: "/oauth/introspect", rfc: "7662 §2.1", name: "introspect: JSON wanted", header: form + "\nAccept: application/json", body: ask, status: 200},
	{path: "/oauth/introspect", rfc: "9701 §4", name: "introspect: a JWT wanted", header: form + "\nAccept: application/token-introspection+jwt", body: ask, status: 200},
}

// toExchange is a good exchange but for the client's credentials.
const (
	toExchange  = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}&subject_token_type=" + ofAccess
	ofAccess    = "urn:ietf:params:oauth:token-type:access_token"
	exchangeAll = mine + "&" + toExchange
)

var exchangeRows = []row{
	{rfc: "8693 §2.1", name: "exchange: form", header: form, body: exchangeAll, status: 200},
	{rfc: "8693 §2.1", name: "exchange: Basic, everything percent-encoded", header: form + "\n" + auth, body: "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token={token}&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token", status: 200},
	{rfc: "8693 §2.1", name: "exchange: JSON", header: js, body: `{"client_id":"{id}","client_secret":"{secret}","grant_type":"urn:ietf:params:oauth:grant-type:token-exchange","subject_token":"{token}","subject_token_type":"` + ofAccess + `","origin":"https://shop.example"}`, status: 200},
	{rfc: "8693 §3", name: "exchange: the subject as a JWT", header: form, body: mine + "&grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}&subject_token_type=urn:ietf:params:oauth:token-type:jwt", status: 200},
	{rfc: "8693 §2.1", name: "exchange: for an access token", header: form, body: exchangeAll + "&requested_token_type=" + ofAccess, status: 200},
	{rfc: "8693 §2.1", name: "exchange: fewer scopes", header: form, body: exchangeAll + "&scope=template:read+media:read", status: 200},
	{rfc: "8693 §2.1", name: "exchange: audience and resource", header: form, body: exchangeAll + "&audience=https://chiligrafx.com&resource=https://tepin.example", status: 200},
	{rfc: "S24", name: "exchange: the page", header: form, body: exchangeAll + "&origin=https://shop.example", status: 200},
	{rfc: "S24", name: "exchange: the page, spelled in another way", header: form, body: exchangeAll + "&origin=HTTPS://Shop.example:443/", status: 200},
	{rfc: "6749 §3.2", name: "exchange: empty parameters", header: form, body: exchangeAll + "&scope=&origin=&actor_token=&requested_token_type=&audience=", status: 200},
	{rfc: "8693 §2.1", name: "exchange: no subject_token", header: form, body: mine + "&grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=" + ofAccess, status: 400, code: "invalid_request"},
	{rfc: "8693 §2.1", name: "exchange: no subject_token_type", header: form, body: mine + "&grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}", status: 400, code: "invalid_request"},
	{rfc: "8693 §3", name: "exchange: an id_token", header: form, body: mine + "&grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}&subject_token_type=urn:ietf:params:oauth:token-type:id_token", status: 400, code: "invalid_request"},
	{rfc: "8693 §3", name: "exchange: a refresh_token", header: form, body: mine + "&grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}&subject_token_type=urn:ietf:params:oauth:token-type:refresh_token", status: 400, code: "invalid_request"},
	{rfc: "8693 §3", name: "exchange: SAML", header: form, body: mine + "&grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}&subject_token_type=urn:ietf:params:oauth:token-type:saml2", status: 400, code: "invalid_request"},
	{rfc: "8693 §2.1", name: "exchange: for a refresh_token", header: form, body: exchangeAll + "&requested_token_type=urn:ietf:params:oauth:token-type:refresh_token", status: 400, code: "invalid_request"},
	{rfc: "8693 §2.1", name: "exchange: for a JWT", header: form, body: exchangeAll + "&requested_token_type=urn:ietf:params:oauth:token-type:jwt", status: 400, code: "invalid_request"},
	{rfc: "8693 §2.1", name: "exchange: an actor", header: form, body: exchangeAll + "&actor_token={token}&actor_token_type=" + ofAccess, status: 400, code: "invalid_request"},
	{rfc: "8693 §2.1", name: "exchange: an actor's type alone", header: form, body: exchangeAll + "&actor_token_type=" + ofAccess, status: 400, code: "invalid_request"},
	{rfc: "8693 §2.2.2", name: "exchange: garbage", header: form, body: strings.Replace(exchangeAll, "{token}", "garbage", 1), status: 400, code: "invalid_request"},
	{rfc: "8693 §2.2.2", name: "exchange: another client's token", header: form, body: strings.Replace(exchangeAll, "{token}", "{othertoken}", 1), status: 400, code: "invalid_request"},
	{rfc: "8693 §2.1", name: "exchange: a scope that writes", header: form, body: exchangeAll + "&scope=template:read+template:write", status: 400, code: "invalid_scope"},
	{rfc: "6749 §3.3", name: "exchange: a scope that is not known", header: form, body: exchangeAll + "&scope=openid", status: 400, code: "invalid_scope"},
	{rfc: "8693 §2.2.2", name: "exchange: another audience", header: form, body: exchangeAll + "&audience=https://evil.example", status: 400, code: "invalid_target"},
	{rfc: "S24", name: "exchange: a page that is not listed", header: form, body: exchangeAll + "&origin=https://evil.example", status: 400, code: "invalid_request"},
	{rfc: "S23", name: "exchange: null for a page", header: form, body: exchangeAll + "&origin=null", status: 400, code: "invalid_request"},
	{rfc: "S23", name: "exchange: every page", header: form, body: exchangeAll + "&origin=*", status: 400, code: "invalid_request"},
	{rfc: "S23", name: "exchange: a page without TLS", header: form, body: exchangeAll + "&origin=http://shop.example", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "exchange: subject_token twice", header: form, body: exchangeAll + "&subject_token={token}", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "exchange: origin twice", header: form, body: exchangeAll + "&origin=https://shop.example&origin=https://shop.example", status: 400, code: "invalid_request"},
	{rfc: "6749 §5.2", name: "exchange: JSON number for the subject", header: js, body: `{"client_id":"{id}","client_secret":"{secret}","grant_type":"urn:ietf:params:oauth:grant-type:token-exchange","subject_token":1}`, status: 400, code: "invalid_request"},
	{rfc: "6749 §2.3.1", name: "exchange: subject_token in the address", header: form, body: exchangeAll, query: "subject_token=x", status: 400, code: "invalid_request"},
	{rfc: "8693 §2.1", name: "exchange: nobody asks", header: form, body: toExchange, status: 401, code: "invalid_client"},
	{rfc: "S24", name: "exchange: another client asks", header: form, body: "client_id={other}&client_secret={othersecret}&" + toExchange, status: 400, code: "invalid_request"},
	{rfc: "8693 §2.1", name: "exchange: wrong secret", header: form, body: "client_id={id}&client_secret=wrong&" + toExchange, status: 401, code: "invalid_client"},
	{rfc: "S13", name: "exchange: secret for a subject", header: form, body: strings.Replace(exchangeAll, "{token}", "{secret}", 1), status: 400, code: "invalid_request"},
	{rfc: "S13", name: "exchange: secret for a page", header: form, body: exchangeAll + "&origin={secret}", status: 400, code: "invalid_request"},
}

var revocationRows = []row{
	{path: "/oauth/revoke", rfc: "7009 §2.2", name: "revoke: a live token", header: form, body: ask + "&token_type_hint=refresh_token", status: 200},
	{path: "/oauth/revoke", rfc: "7009 §2.2", name: "revoke: once more", header: form, body: ask, status: 200},
	{path: "/oauth/introspect", rfc: "7662 §2.2", name: "introspect: a revoked token", header: form, body: ask, status: 200},
	{rfc: "S3", name: "a token after the revocation", header: form, body: good, status: 200},
}
