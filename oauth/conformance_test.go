package oauth_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

const (
	form     = "Content-Type: application/x-www-form-urlencoded"
	js       = "Content-Type: application/json"
	good     = "grant_type=client_credentials&client_id={id}&client_secret={secret}"
	cc       = "grant_type=client_credentials"
	auth     = "Authorization: Basic {basic}"
	goodJSON = `"grant_type":"client_credentials","client_id":"{id}","client_secret":"{secret}"`
)

// row is one request and what the RFCs want for it. {id}, {secret}, {basic} and {token}
// are a client's, {other}, {othersecret} and {othertoken} another's.
type row struct {
	rfc    string
	name   string
	path   string // empty = /oauth/token
	method string // empty = POST
	header string // lines
	body   string
	query  string
	status int
	code   string // of the error; empty = a token, or no body
}

var rows = []row{
	// Ways that work.
	{rfc: "6749 §2.3.1", name: "credentials in the form", header: form, body: good, status: 200},
	{rfc: "6749 §2.3.1", name: "Basic", header: form + "\n" + auth, body: cc, status: 200},
	{rfc: "GraFx §1.1", name: "JSON", header: js, body: `{` + goodJSON + `,"audience":"https://chiligrafx.com"}`, status: 200},
	{rfc: "GraFx §1.1", name: "form with the audience", header: form, body: good + "&audience=https%3A%2F%2Fchiligrafx.com", status: 200},
	{rfc: "GraFx §1.1", name: "audience with a slash at the end", header: form, body: good + "&audience=https://chiligrafx.com/", status: 200},
	{rfc: "GraFx §1.1", name: "JSON beside Basic", header: js + "\n" + auth, body: `{"grant_type":"client_credentials"}`, status: 200},
	{rfc: "6749 App. B", name: "charset in the content type", header: form + ";charset=UTF-8", body: good, status: 200},
	{rfc: "9110 §8.3.1", name: "content type in capitals", header: "Content-Type: Application/X-WWW-Form-Urlencoded", body: good, status: 200},
	{rfc: "8259 §11", name: "JSON with charset", header: js + "; charset=utf-8", body: `{` + goodJSON + `}`, status: 200},
	{rfc: "9110 §11.1", name: "scheme in lower case", header: form + "\nAuthorization: basic {basic}", body: cc, status: 200},
	{rfc: "9110 §11.1", name: "scheme in capitals", header: form + "\nAuthorization: BASIC {basic}", body: cc, status: 200},
	{rfc: "9110 §11.4", name: "several spaces after the scheme", header: form + "\nAuthorization: Basic   {basic}", body: cc, status: 200},
	{rfc: "6749 App. B", name: "Basic halves percent-encoded throughout", header: form + "\nAuthorization: Basic {encodedbasic}", body: cc, status: 200},
	{rfc: "6749 §2.3.1", name: "Basic and the same client_id in the body", header: form + "\n" + auth, body: cc + "&client_id={id}", status: 200},
	{rfc: "6749 §3.2", name: "empty parameters", header: form, body: good + "&scope=&audience=&resource=&code=&username=&password=", status: 200},
	{rfc: "6749 §3.2", name: "empty client_secret beside Basic", header: form + "\n" + auth, body: cc + "&client_secret=", status: 200},
	{rfc: "6749 §3.2", name: "parameter without an equals sign", header: form, body: good + "&scope", status: 200},
	{rfc: "6749 §3.2", name: "unknown parameters", header: form, body: good + "&foo=bar&auth0Client=x", status: 200},
	{rfc: "6749 §3.2", name: "ampersands at both ends and doubled", header: form, body: "&" + cc + "&&client_id={id}&client_secret={secret}&", status: 200},
	{rfc: "6749 App. B", name: "everything percent-encoded", header: form, body: "%67rant_type=client%5Fcredentials&client%5Fid={id}&client_secret={secret}", status: 200},
	{rfc: "device clients", name: "literal spaces", header: form, body: good + "&scope=template:read template:list", status: 200},
	{rfc: "6749 §3.3", name: "scope: a subset", header: form, body: good + "&scope=template%3Aread+template%3Alist", status: 200},
	{rfc: "6749 §3.3", name: "scope: repeated words", header: form, body: good + "&scope=template:read+template:read", status: 200},
	{rfc: "8707 §2", name: "resource", header: form, body: good + "&resource=https://tepin.example", status: 200},
	{rfc: "8707 §2", name: "resource twice", header: form, body: good + "&resource=https://tepin.example/&resource=https://chiligrafx.com", status: 200},
	{rfc: "8707 §2", name: "resource and audience", header: form, body: good + "&resource=https://tepin.example&audience=https://chiligrafx.com", status: 200},
	{rfc: "8707 §2", name: "JSON resource array", header: js, body: `{` + goodJSON + `,"resource":["https://tepin.example","https://chiligrafx.com"]}`, status: 200},
	{rfc: "8259 §4", name: "JSON with unknown members", header: js, body: `{` + goodJSON + `,"x":{"a":[1,2,{"b":null}]},"n":1e999,"t":true}`, status: 200},
	{rfc: "6749 §3.2", name: "JSON null counts as left out", header: js, body: `{` + goodJSON + `,"scope":null,"audience":null,"resource":null}`, status: 200},
	{rfc: "8259 §2", name: "JSON with white space around", header: js, body: " \r\n\t{" + goodJSON + "}\n ", status: 200},
	{rfc: "8259 §7", name: "JSON with escapes", header: js, body: `{"grant\u005ftype":"client\u005fcredentials","client_id":"{id}","client_secret":"{secret}"}`, status: 200},
	{rfc: "9110 §12.5.1", name: "an Accept header of anything", header: form + "\nAccept: text/html", body: good, status: 200},

	// The request itself is wrong.
	{rfc: "6749 §5.2", name: "empty body", header: form, status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "empty body without content type", status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "no grant_type", header: form, body: "client_id={id}&client_secret={secret}", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "empty grant_type", header: form, body: "grant_type=&client_id={id}&client_secret={secret}", status: 400, code: "invalid_request"},
	{rfc: "6749 §5.2", name: "no grant_type beside Basic", header: form + "\n" + auth, status: 400, code: "invalid_request"},
	{rfc: "6749 §5.2", name: "unknown grant_type", header: form, body: "grant_type=magic&client_id={id}&client_secret={secret}", status: 400, code: "unsupported_grant_type"},
	{rfc: "6749 §5.2", name: "grant_type password", header: form, body: "grant_type=password&username=a&password=b&client_id={id}&client_secret={secret}", status: 400, code: "unsupported_grant_type"},
	{rfc: "6749 §5.2", name: "grant_type authorization_code", header: form + "\n" + auth, body: "grant_type=authorization_code&code=x", status: 400, code: "unauthorized_client"},
	{rfc: "6749 §5.2", name: "grant_type refresh_token", header: form + "\n" + auth, body: "grant_type=refresh_token&refresh_token=x", status: 400, code: "unauthorized_client"},
	{rfc: "6749 §3.2", name: "grant_type in another case", header: form, body: "grant_type=Client_Credentials&client_id={id}&client_secret={secret}", status: 400, code: "unsupported_grant_type"},
	{rfc: "6749 §3.2", name: "grant_type twice", header: form, body: good + "&grant_type=client_credentials", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "scope twice", header: form, body: good + "&scope=template:read&scope=template:list", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "client_id twice", header: form, body: good + "&client_id={id}", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "client_secret twice, one wrong", header: form, body: good + "&client_secret=x", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "audience twice", header: form, body: good + "&audience=https://chiligrafx.com&audience=https://chiligrafx.com", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "unknown parameter twice", header: form, body: good + "&foo=1&foo=2", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "a repetition behind an encoding", header: form, body: good + "&gr%61nt_type=client_credentials", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "JSON member twice", header: js, body: `{` + goodJSON + `,"client_id":"{id}"}`, status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "JSON repetition behind an escape", header: js, body: `{` + goodJSON + `,"client\u005fid":"{id}"}`, status: 400, code: "invalid_request"},
	{rfc: "6749 App. B", name: "broken percent-encoding in a value", header: form, body: good + "&scope=%zz", status: 400, code: "invalid_request"},
	{rfc: "6749 App. B", name: "broken percent-encoding in a name", header: form, body: good + "&%=x", status: 400, code: "invalid_request"},
	{rfc: "6749 App. B", name: "percent sign at the end", header: form, body: good + "&x=%", status: 400, code: "invalid_request"},
	{rfc: "6749 App. B", name: "encoded bytes that are not UTF-8", header: form, body: good + "&x=%ff%fe", status: 400, code: "invalid_request"},
	{rfc: "6749 App. B", name: "raw bytes that are not UTF-8", header: form, body: good + "&x=\xff", status: 400, code: "invalid_request"},
	{rfc: "8259 §8.1", name: "JSON that is not UTF-8", header: js, body: `{` + goodJSON + `,"x":"` + "\xff" + `"}`, status: 400, code: "invalid_request"},
	{rfc: "6749 §2.3.1", name: "everything in the address", query: good, status: 400, code: "invalid_request"},
	{rfc: "6749 §2.3.1", name: "secret in the address", header: form, body: good, query: "client_secret={secret}", status: 400, code: "invalid_request"},
	{rfc: "6749 §2.3.1", name: "secret in the address beside Basic", header: form + "\n" + auth, body: cc, query: "client_secret={secret}", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "grant_type in the address", header: form + "\n" + auth, query: cc, status: 400, code: "invalid_request"},
	{rfc: "3986 §2.1", name: "broken address", header: form, body: good, query: "a=%zz", status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "unknown parameters in the address", header: form, body: good, query: "debug=1", status: 200},
	{rfc: "6749 §3.2", name: "65 parameters", header: form, body: good + strings.Join(numbered(65), ""), status: 400, code: "invalid_request"},
	{rfc: "9110 §15.5.14", name: "body of 65 KB", header: form, body: good + "&x=" + strings.Repeat("x", 64<<10), status: 413, code: "invalid_request"},
	{rfc: "9110 §15.5.14", name: "JSON of 65 KB", header: js, body: `{` + goodJSON + `,"x":"` + strings.Repeat("x", 64<<10) + `"}`, status: 413, code: "invalid_request"},
	{rfc: "9110 §15.5.16", name: "no content type", body: good, status: 415, code: "invalid_request"},
	{rfc: "9110 §15.5.16", name: "text", header: "Content-Type: text/plain", body: good, status: 415, code: "invalid_request"},
	{rfc: "9110 §15.5.16", name: "XML", header: "Content-Type: application/xml", body: "<x/>", status: 415, code: "invalid_request"},
	{rfc: "6749 App. B", name: "multipart", header: "Content-Type: multipart/form-data; boundary=b", body: "--b\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nclient_credentials\r\n--b--\r\n", status: 415, code: "invalid_request"},
	{rfc: "9110 §8.3", name: "content type that is none", header: "Content-Type: ;;;", body: good, status: 415, code: "invalid_request"},
	{rfc: "6749 App. B", name: "JSON sent as a form", header: form, body: `{` + goodJSON + `}`, status: 400, code: "invalid_request"},
	{rfc: "8259 §2", name: "form sent as JSON", header: js, body: good, status: 400, code: "invalid_request"},
	{rfc: "8259 §2", name: "JSON: empty", header: js, status: 400, code: "invalid_request"},
	{rfc: "8259 §2", name: "JSON: null", header: js, body: "null", status: 400, code: "invalid_request"},
	{rfc: "8259 §2", name: "JSON: array", header: js, body: `[{` + goodJSON + `}]`, status: 400, code: "invalid_request"},
	{rfc: "8259 §2", name: "JSON: string", header: js, body: `"client_credentials"`, status: 400, code: "invalid_request"},
	{rfc: "8259 §4", name: "JSON: cut off", header: js, body: `{` + goodJSON, status: 400, code: "invalid_request"},
	{rfc: "8259 §4", name: "JSON: comma at the end", header: js, body: `{` + goodJSON + `,}`, status: 400, code: "invalid_request"},
	{rfc: "8259 §4", name: "JSON: name without quotes", header: js, body: `{` + goodJSON + `,x:1}`, status: 400, code: "invalid_request"},
	{rfc: "8259 §4", name: "JSON: number for a name", header: js, body: `{` + goodJSON + `,1:1}`, status: 400, code: "invalid_request"},
	{rfc: "8259 §2", name: "JSON: a second object", header: js, body: `{` + goodJSON + `}{}`, status: 400, code: "invalid_request"},
	{rfc: "8259 §2", name: "JSON: something behind", header: js, body: `{` + goodJSON + `} x`, status: 400, code: "invalid_request"},
	{rfc: "8259 §7", name: "JSON: single quotes", header: js, body: `{'grant_type':'client_credentials'}`, status: 400, code: "invalid_request"},
	{rfc: "8259 §7", name: "JSON: line break in a string", header: js, body: "{" + goodJSON + ",\"x\":\"a\nb\"}", status: 400, code: "invalid_request"},
	{rfc: "6749 §5.2", name: "JSON: number for a string", header: js, body: `{` + goodJSON + `,"scope":1}`, status: 400, code: "invalid_request"},
	{rfc: "6749 §5.2", name: "JSON: array for a string", header: js, body: `{` + goodJSON + `,"audience":["https://chiligrafx.com"]}`, status: 400, code: "invalid_request"},
	{rfc: "6749 §5.2", name: "JSON: object for the secret", header: js, body: `{"grant_type":"client_credentials","client_id":"{id}","client_secret":{"a":1}}`, status: 400, code: "invalid_request"},
	{rfc: "6749 §5.2", name: "JSON: number in resource", header: js, body: `{` + goodJSON + `,"resource":["https://tepin.example",1]}`, status: 400, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "JSON: names in another case do not count", header: js, body: `{"Grant_Type":"client_credentials","Client_ID":"{id}","Client_Secret":"{secret}"}`, status: 401, code: "invalid_client"},
	{rfc: "8259 §9", name: "JSON: nested 1000 deep", header: js, body: `{` + goodJSON + `,"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, status: 400, code: "invalid_request"},

	// The client does not prove who it is.
	{rfc: "6749 §5.2", name: "no credentials", header: form, body: cc, status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "no secret", header: form, body: cc + "&client_id={id}", status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "no client id", header: form, body: cc + "&client_secret={secret}", status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "wrong secret", header: form, body: cc + "&client_id={id}&client_secret=wrong", status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "unknown client", header: form, body: cc + "&client_id=int_nobody&client_secret={secret}", status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "another client's secret", header: form, body: cc + "&client_id={id}&client_secret={othersecret}", status: 401, code: "invalid_client"},
	{rfc: "GraFx doc bug", name: "client id for a secret", header: form, body: cc + "&client_id={id}&client_secret={id}", status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "secret with a space behind", header: form, body: good + "+", status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "secret with a NUL behind", header: form, body: good + "%00", status: 401, code: "invalid_client"},
	{rfc: "6749 §5.2", name: "Basic with a wrong secret", header: form + "\nAuthorization: Basic {wrongbasic}", body: cc, status: 401, code: "invalid_client"},
	{rfc: "6749 §2.3", name: "Basic and a secret in the body", header: form + "\n" + auth, body: good, status: 400, code: "invalid_request"},
	{rfc: "6749 §2.3", name: "good Basic and a wrong secret in the body", header: form + "\n" + auth, body: cc + "&client_secret=wrong", status: 400, code: "invalid_request"},
	{rfc: "6749 §2.3", name: "wrong Basic and a good secret in the body", header: form + "\nAuthorization: Basic {wrongbasic}", body: good, status: 400, code: "invalid_request"},
	{rfc: "6749 §2.3", name: "Basic and another client_id in the body", header: form + "\n" + auth, body: cc + "&client_id={other}", status: 400, code: "invalid_request"},
	{rfc: "9110 §11.6.2", name: "two Authorization headers", header: form + "\n" + auth + "\n" + auth, body: cc, status: 400, code: "invalid_request"},
	{rfc: "6749 §5.2", name: "another scheme", header: form + "\nAuthorization: Bearer abc", body: cc, status: 401, code: "invalid_client"},
	{rfc: "6749 §2.3", name: "another scheme and a secret in the body", header: form + "\nAuthorization: Bearer abc", body: good, status: 400, code: "invalid_request"},
	{rfc: "7617 §2", name: "Basic without credentials", header: form + "\nAuthorization: Basic", body: cc, status: 401, code: "invalid_client"},
	{rfc: "7617 §2", name: "Basic that is not base64", header: form + "\nAuthorization: Basic !!!", body: cc, status: 401, code: "invalid_client"},
	{rfc: "7617 §2", name: "Basic without a colon", header: form + "\nAuthorization: Basic aGVsbG8=", body: cc, status: 401, code: "invalid_client"},
	{rfc: "7617 §2", name: "Basic with a broken percent-encoding", header: form + "\nAuthorization: Basic " + basic("a%zz", "b"), body: cc, status: 401, code: "invalid_client"},
	{rfc: "7617 §2", name: "Basic that is not UTF-8", header: form + "\nAuthorization: Basic " + basic("a\xff", "b"), body: cc, status: 401, code: "invalid_client"},
	{rfc: "7617 §2", name: "Basic with nothing before the colon", header: form + "\nAuthorization: Basic " + basic("", "b"), body: cc, status: 401, code: "invalid_client"},
	{rfc: "7617 §2", name: "Basic with nothing behind the colon", header: form + "\nAuthorization: Basic " + basic("a", ""), body: cc, status: 401, code: "invalid_client"},
	{rfc: "7521 §4.2", name: "a client assertion", header: form, body: cc + "&client_id={id}&client_assertion=x&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer", status: 401, code: "invalid_client"},

	// Scope and target.
	{rfc: "6749 §3.3", name: "unknown scope", header: form, body: good + "&scope=openid", status: 400, code: "invalid_scope"},
	{rfc: "6749 §3.3", name: "scope that is not granted", header: form, body: good + "&scope=template:read+template:write", status: 400, code: "invalid_scope"},
	{rfc: "6749 §3.3", name: "scope in another case", header: form, body: good + "&scope=Template:Read", status: 400, code: "invalid_scope"},
	{rfc: "6749 §3.3", name: "scope of spaces", header: form, body: good + "&scope=+++", status: 400, code: "invalid_scope"},
	{rfc: "6749 §3.3", name: "scopes parted by commas", header: form, body: good + "&scope=template:read,template:list", status: 400, code: "invalid_scope"},
	{rfc: "6749 §3.3", name: "scope of 60 KB", header: form, body: good + "&scope=" + strings.Repeat("a+", 30000), status: 400, code: "invalid_scope"},
	{rfc: "8707 §2", name: "unknown audience", header: form, body: good + "&audience=https://evil.example", status: 400, code: "invalid_target"},
	{rfc: "8707 §2", name: "unknown resource", header: form, body: good + "&resource=https://evil.example", status: 400, code: "invalid_target"},
	{rfc: "8707 §2", name: "one good resource, one unknown", header: form, body: good + "&resource=https://tepin.example&resource=https://evil.example", status: 400, code: "invalid_target"},
	{rfc: "8707 §2", name: "resource with a fragment", header: form, body: good + "&resource=https://tepin.example%23x", status: 400, code: "invalid_target"},
	{rfc: "8707 §2", name: "resource with a path", header: form, body: good + "&resource=https://tepin.example/grafx", status: 400, code: "invalid_target"},
	{rfc: "8707 §2", name: "audience with two slashes at the end", header: form, body: good + "&audience=https://chiligrafx.com//", status: 400, code: "invalid_target"},
	{rfc: "6749 §5.2", name: "wrong secret comes before wrong scope and audience", header: form, body: cc + "&client_id={id}&client_secret=wrong&scope=x&audience=y", status: 401, code: "invalid_client"},

	// Methods and browsers.
	{rfc: "6749 §3.2", name: "GET", method: "GET", status: 405, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "GET with everything in the address", method: "GET", query: good, status: 405, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "PUT", method: "PUT", header: form, body: good, status: 405, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "DELETE", method: "DELETE", status: 405, code: "invalid_request"},
	{rfc: "6749 §3.2", name: "PATCH", method: "PATCH", header: js, body: "{}", status: 405, code: "invalid_request"},
	{rfc: "Fetch §4.8", name: "preflight", method: "OPTIONS", header: "Access-Control-Request-Method: POST\nAccess-Control-Request-Headers: authorization,content-type,auth0-client", status: 204},
	{rfc: "9110 §9.3.7", name: "OPTIONS", method: "OPTIONS", status: 204},

	// Secrets in wrong places: see the canary below.
	{rfc: "S13", name: "secret as grant_type", header: form, body: "grant_type={secret}&client_id={id}&client_secret={secret}", status: 400, code: "unsupported_grant_type"},
	{rfc: "S13", name: "secret as scope", header: form, body: good + "&scope={secret}", status: 400, code: "invalid_scope"},
	{rfc: "S13", name: "secret as audience", header: form, body: good + "&audience={secret}", status: 400, code: "invalid_target"},
	{rfc: "S13", name: "secret as client id", header: form, body: cc + "&client_id={secret}&client_secret={secret}", status: 401, code: "invalid_client"},
	{rfc: "S13", name: "secret as a parameter's name", header: form, body: good + "&{secret}=1&{secret}=2", status: 400, code: "invalid_request"},
	{rfc: "S13", name: "secret as a JSON member's name", header: js, body: `{"{secret}":1,"{secret}":2}`, status: 400, code: "invalid_request"},
	{rfc: "S13", name: "secret as JSON", header: js, body: `{secret}`, status: 400, code: "invalid_request"},
	{rfc: "S13", name: "secret in an unknown scheme", header: form + "\nAuthorization: Secret {secret}", body: cc, status: 401, code: "invalid_client"},
	{rfc: "S13", name: "secret in a Content-Type", header: "Content-Type: {secret}/x", body: "x", status: 415, code: "invalid_request"},
	{rfc: "S13", name: "secret in headers", header: form + "\nUser-Agent: {secret}\nReferer: http://x/{secret}\nX-Request-Id: {secret}\nCookie: a={secret}", body: good, status: 200},
}

func numbered(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = "&p" + strings.Repeat("x", i) + "=1"
	}
	return list
}

// descriptionText is what RFC 6749 §5.2 allows in error_description.
var descriptionText = regexp.MustCompile(`^[\x20-\x21\x23-\x5B\x5D-\x7E]+$`)

func TestConformance(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.ReadOnlyScopes...)
	other, otherSecret := r.Integration(r.env, tepin.AllScopes...)
	fill := strings.NewReplacer("{id}", string(in.ClientID), "{secret}", secret, "{other}", string(other.ClientID), "{othersecret}", otherSecret,
		"{basic}", basic(string(in.ClientID), secret), "{wrongbasic}", basic(string(in.ClientID), "wrong"),
		"{encodedbasic}", basic(percent(string(in.ClientID)), percent(secret)))
	if _, err := r.Credential.UpdateIntegration(t.Context(), admin, r.env.ID, in.ID, tepin.IntegrationUpdate{Origins: &tepin.Origins{"https://shop.example"}}); err != nil {
		t.Fatal(err)
	}
	tokens := []string{must(r.Token(in.ClientID, secret)), must(r.Token(other.ClientID, otherSecret))}
	fillToken := strings.NewReplacer("{token}", tokens[0], "{othertoken}", tokens[1])
	proofs := r.proofs()
	all := slices.Concat(boundRows, rows, tokenRows)
	if len(all) < 200 {
		t.Fatalf("%d rows", len(all))
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			method := c.method
			if method == "" {
				method = "POST"
			}
			path := cmp.Or(c.path, "/oauth/token")
			req := must(http.NewRequest(method, r.server.URL+path, strings.NewReader(fillToken.Replace(fill.Replace(c.body)))))
			req.URL.RawQuery = fill.Replace(c.query)
			req.Header.Set("Origin", "https://shop.example")
			for line := range strings.Lines(proofs.Replace(fill.Replace(c.header))) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				req.Header.Add(name, value)
			}
			got := r.do(req)
			if got.StatusCode != c.status || got.code != c.code {
				t.Fatalf("RFC %s: %d %s %q, want %d %s", c.rfc, got.StatusCode, got.code, got.body, c.status, c.code)
			}
			checkAnswer(t, path, got)
			for _, s := range []string{secret, otherSecret} {
				if strings.Contains(got.body, s) || strings.Contains(headerText(got.Header), s) {
					t.Errorf("the answer repeats a secret: %s %v", got.body, got.Header)
				}
			}
			if got.token != "" {
				tokens = append(tokens, got.token)
			}
		})
	}

	// The canary (S13, P1): neither secrets nor tokens in the log or in the database.
	canaries := append(tokens, secret, otherSecret, basic(string(in.ClientID), secret))
	places := map[string]string{"the log": r.log.String()}
	for _, file := range must(filepath.Glob(filepath.Join(r.dir, "*"))) {
		places[file] = string(must(os.ReadFile(file)))
	}
	if len(tokens) < 10 || len(places) < 2 || !strings.Contains(places["the log"], "/oauth/token") {
		t.Fatalf("nothing to search: %d tokens, %d places", len(tokens), len(places))
	}
	for place, text := range places {
		for _, canary := range canaries {
			if strings.Contains(text, canary) {
				t.Errorf("%s holds the secret or token %.14s…", place, canary)
			}
		}
	}
}

// checkAnswer is what holds for every answer of an endpoint that clients authenticate at.
func checkAnswer(t *testing.T, path string, got response) {
	t.Helper()
	h := got.Header
	if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("a browser cannot read this: %v", h)
	}
	if (got.StatusCode == http.StatusMethodNotAllowed) != strings.Contains(h.Get("Allow"), "POST") && got.StatusCode != http.StatusNoContent {
		t.Errorf("Allow: %q", h.Get("Allow"))
	}
	if (got.StatusCode == http.StatusUnauthorized) != strings.HasPrefix(h.Get("WWW-Authenticate"), "Basic realm=") {
		t.Errorf("WWW-Authenticate: %q", h.Get("WWW-Authenticate"))
	}
	if got.StatusCode == http.StatusNoContent {
		if h.Get("Access-Control-Allow-Headers") != "" && !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") {
			t.Errorf("preflight: %v", h)
		}
		return
	}
	if h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" {
		t.Errorf("headers %v", h)
	}
	if path == "/oauth/revoke" && got.StatusCode == http.StatusOK {
		if got.body != "" {
			t.Errorf("body %q", got.body)
		}
		return
	}
	if h.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", h)
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(got.body), &members); err != nil {
		t.Fatalf("body %q: %v", got.body, err)
	}
	if got.code != "" {
		if len(members) != 2 || !descriptionText.MatchString(got.why) {
			t.Errorf("error body %s", got.body)
		}
		return
	}
	if path == "/oauth/introspect" {
		if active, _ := members["active"].(bool); active != (len(members) > 1) {
			t.Errorf("introspection body %s", got.body)
		}
		return
	}
	want := 4
	if members["issued_token_type"] != nil {
		want++
	}
	scheme := "Bearer"
	if h.Get("DPoP-Nonce") != "" {
		scheme = "DPoP"
	}
	if len(members) != want || members["token_type"] != scheme || got.left <= 0 || got.left > 86400 || got.scope == "" || strings.Count(got.token, ".") != 2 {
		t.Errorf("token body %s", got.body)
	}
}

func headerText(h http.Header) string {
	var b strings.Builder
	_ = h.Write(&b) // to memory
	return b.String()
}

// percent encodes every byte, as the strictest clients encode nearly all.
func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteString("%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15]))
	}
	return b.String()
}
