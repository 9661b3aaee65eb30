package oauth

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// request is a token request, whichever way it came.
type request struct {
	grantType    string
	scope        string
	audience     string
	resources    []string // RFC 8707: the one parameter that may repeat
	clientID     tepin.ClientID
	clientSecret string
}

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
	req := request{grantType: p.get("grant_type"), scope: p.get("scope"), audience: p.get("audience")}
	for _, each := range p {
		if each.name == "resource" {
			req.resources = append(req.resources, each.value)
		}
	}
	if req.clientID, req.clientSecret, err = credentials(r.Header.Values("Authorization"), p); err != nil {
		return request{}, err
	}
	if req.grantType == "" {
		return request{}, bad("the parameter grant_type is missing; integrations send grant_type=client_credentials")
	}
	return req, nil
}

// readBody reads a form (RFC 6749 App. B) or a JSON object.
func readBody(r *http.Request) (parameters, error) {
	raw, err := web.ReadBody(r, MaxBody)
	if err != nil {
		return nil, err
	}
	contentType := r.Header.Get("Content-Type")
	if contentType == "" && len(raw) == 0 {
		return nil, nil
	}
	if !utf8.Valid(raw) {
		return nil, bad("the body is not UTF-8 text")
	}
	media, _, _ := strings.Cut(contentType, ";") // a charset would change nothing: the body is UTF-8
	switch strings.ToLower(strings.TrimSpace(media)) {
	case "application/x-www-form-urlencoded":
		if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
			return nil, bad("the body is JSON, and its Content-Type says that it is a form; send it with Content-Type: application/json")
		}
		return readForm(string(raw))
	case "application/json":
		return readJSON(raw)
	}
	return nil, &failure{status: http.StatusUnsupportedMediaType, code: invalidRequest,
		description: "send the parameters with Content-Type application/x-www-form-urlencoded or application/json"}
}

// inBodyOnly are the parameters that must not stand in the address, where proxies
// and logs see them (RFC 6749 §2.3.1), and those that would be passed over there.
var inBodyOnly = []string{"client_secret", "client_id", "client_assertion", "grant_type", "scope", "audience", "resource",
	"assertion", "code", "refresh_token", "access_token", "token", "subject_token", "device_code", "username", "password"}

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

// credentials returns client id and secret from the Authorization header or from the
// body, and refuses both at once (RFC 6749 §2.3). A client_id in the body beside the
// header is no authentication, but it must be the same.
func credentials(header []string, p parameters) (tepin.ClientID, string, error) {
	id, secret := p.get("client_id"), p.get("client_secret")
	if p.get("client_assertion") != "" {
		return "", "", unauthenticated("client assertions are not supported; send client_id and client_secret, or the Basic scheme")
	}
	if len(header) == 0 {
		if id == "" || secret == "" {
			return "", "", unauthenticated("the client id or the client secret is missing; send client_id and client_secret in the body, or both by the Basic scheme")
		}
		return tepin.ClientID(id), secret, nil
	}
	if len(header) > 1 {
		return "", "", bad("the Authorization header is sent more than once")
	}
	if secret != "" {
		return "", "", bad("the client authenticates twice, in the Authorization header and in the body; use one of them")
	}
	basicID, basicSecret, err := parseBasic(header[0])
	if err != nil {
		return "", "", err
	}
	if id != "" && id != basicID {
		return "", "", bad("the client_id in the body is not the one in the Authorization header")
	}
	return tepin.ClientID(basicID), basicSecret, nil
}

// parseBasic reads the header of RFC 6749 §2.3.1: both halves are form-encoded
// inside the Basic scheme (RFC 7617).
func parseBasic(header string) (id, secret string, err error) {
	scheme, coded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", unauthenticated("the token endpoint takes the Basic scheme only")
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
