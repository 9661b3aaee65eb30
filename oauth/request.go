package oauth

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// request is a request to an endpoint that clients authenticate at, whichever way it
// came.
type request struct {
	parameters
	credentials credentials
	confirm     tepin.Confirmation // what the requested token will be bound to
}

// credentials are how a client says who it is, and with what it proves it: a secret
// or an assertion, never both, or, with neither, a certificate. With none of them, the
// endpoint decides.
type credentials struct {
	id          tepin.ClientID
	secret      string
	assertion   string // RFC 7521 §4.2
	certificate []byte // DER, RFC 8705 §2
	basic       bool   // they came in the Authorization header
}

// proof is what the client proves itself with, or "".
func (c credentials) proof() string { return c.secret + c.assertion + string(c.certificate) }

// parameter is one name and value of the body. Empty ones are not kept: they count
// as left out (RFC 6749 §3.2).
type parameter struct{ name, value string }

// parameters are those of one body.
type parameters []parameter

func (p parameters) get(name string) string {
	for _, each := range p {
		if each.name == name {
			return each.value
		}
	}
	return ""
}

// readRequest reads the body and the client's credentials.
func readRequest(r *http.Request) (request, error) {
	if err := checkQuery(r.URL.RawQuery); err != nil {
		return request{}, err
	}
	p, err := readBody(r)
	if err != nil {
		return request{}, err
	}
	c, err := readCredentials(r.Header.Values("Authorization"), p)
	if err == nil && c.id != "" && c.proof() == "" {
		c.certificate, err = web.ClientCertificate(r)
	}
	return request{parameters: p, credentials: c}, err
}

// readBody reads a form (RFC 6749 App. B) or a JSON object.
func readBody(r *http.Request) (parameters, error) {
	text, err := web.ReadText(r, MaxBody)
	if err != nil {
		return nil, err
	}
	contentType := r.Header.Get("Content-Type")
	if contentType == "" && text == "" {
		return nil, nil
	}
	if !utf8.ValidString(text) {
		return nil, bad("the body is not UTF-8 text")
	}
	media, _, _ := strings.Cut(contentType, ";") // a charset would change nothing: the body is UTF-8
	switch strings.ToLower(strings.TrimSpace(media)) {
	case "application/x-www-form-urlencoded":
		if strings.HasPrefix(strings.TrimSpace(text), "{") {
			return nil, bad("the body is JSON, and its Content-Type says that it is a form; send it with Content-Type: application/json")
		}
		return readForm(text)
	case "application/json":
		return readJSON(text)
	}
	return nil, &failure{status: http.StatusUnsupportedMediaType, code: invalidRequest,
		description: "send the parameters with Content-Type application/x-www-form-urlencoded or application/json"}
}

// inBodyOnly are the parameters that must not stand in the address, where proxies
// and logs see them (RFC 6749 §2.3.1), and those that would be passed over there.
var inBodyOnly = []string{"client_secret", "client_id", "client_assertion", "grant_type", "scope", "audience", "resource",
	"assertion", "code", "refresh_token", "access_token", "token", "subject_token", "actor_token", "origin", "device_code", "username", "password"}

func checkQuery(query string) error {
	if query == "" {
		return nil
	}
	values, err := url.ParseQuery(query)
	if err != nil || slices.ContainsFunc(inBodyOnly, values.Has) {
		return bad("parameters belong in the body of the request, never in the address; a secret that was sent in an address should be rotated")
	}
	return nil
}

// assertionType is the only client_assertion_type (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// readCredentials takes the client's credentials from the Authorization header or from
// the body, and refuses two of them at once (RFC 6749 §2.3). A client_id in the body
// beside the header is no authentication, but it must be the same.
func readCredentials(header []string, p parameters) (credentials, error) {
	c := credentials{id: tepin.ClientID(p.get("client_id")), secret: p.get("client_secret"), assertion: p.get("client_assertion")}
	kind := p.get("client_assertion_type")
	if len(header) > 1 {
		return credentials{}, bad("the Authorization header is sent more than once")
	}
	proofs := len(header)
	for _, proof := range []string{c.secret, c.assertion} {
		if proof != "" {
			proofs++
		}
	}
	switch {
	case proofs > 1:
		return credentials{}, bad("the client authenticates twice; use one of the Authorization header, client_secret and client_assertion")
	case c.assertion != "" && kind != assertionType:
		return credentials{}, bad("client_assertion needs client_assertion_type=" + assertionType)
	case c.assertion == "" && kind != "":
		return credentials{}, bad("client_assertion_type is sent without a client_assertion")
	case len(header) == 0:
		return c, nil
	}
	id, secret, err := parseBasic(header[0])
	if err != nil {
		return credentials{}, err
	}
	if c.id != "" && string(c.id) != id {
		return credentials{}, bad("the client_id in the body is not the one in the Authorization header")
	}
	return credentials{id: tepin.ClientID(id), secret: secret, basic: true}, nil
}

// parseBasic reads the header of RFC 6749 §2.3.1: both halves are form-encoded
// inside the Basic scheme (RFC 7617).
func parseBasic(header string) (id, secret string, err error) {
	scheme, coded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", unauthenticated("clients authenticate here by the Basic scheme, or with client_id and client_secret in the body")
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Trim(coded, " "))
	if err != nil || strings.ContainsAny(coded, "\r\n") {
		return "", "", unauthenticated("the Basic credentials are not base64")
	}
	id, secret, ok := strings.Cut(string(raw), ":")
	if !ok {
		return "", "", unauthenticated("the Basic credentials have no colon between client id and client secret")
	}
	id, errID := url.QueryUnescape(id)
	secret, errSecret := url.QueryUnescape(secret)
	if errID != nil || errSecret != nil || !utf8.ValidString(id) || !utf8.ValidString(secret) {
		return "", "", unauthenticated("the Basic credentials have a broken percent-encoding")
	}
	if id == "" || secret == "" {
		return "", "", unauthenticated("the Basic credentials lack the client id or the client secret")
	}
	return id, secret, nil
}
