package oauth

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/web"
)

// grantType answers whose token is issued, with which scopes, to a client that has
// authenticated.
type grantType func(h Handler, ctx context.Context, client access.Client, r request) (subject, error)

// subject is whose token is issued, with which scopes.
type subject struct {
	client access.Client
	scopes tepin.Scopes
	grant.Special
	issuedType string // RFC 8693 §2.2.1; "" = the answer does not say
}

// grantTypes are the values of the parameter grant_type.
var grantTypes = map[string]grantType{
	"client_credentials": Handler.clientCredentials,
	web.TokenExchange:    Handler.exchange,
}

// answers are written into bytes that are used again: no request would allocate more than
// for its answer.
var answers = sync.Pool{New: func() any { return new([]byte) }}

// token is the token endpoint (RFC 6749 §3.2).
func (h Handler) token(w http.ResponseWriter, r *http.Request) error {
	room := answers.Get().(*[]byte)
	defer answers.Put(room)
	body, err := h.respond((*room)[:0], w, r)
	h.giveNonce(w, r)
	if err != nil {
		refuse(w, r, err)
		return nil
	}
	*room = body
	header := w.Header()
	noStore(header)
	header["Content-Type"] = inJSON
	_, _ = w.Write(body) // the client may be gone
	return nil
}

// respond makes the answer, for an integration or for an application with people; in
// room, if there is enough.
func (h Handler) respond(room []byte, w http.ResponseWriter, r *http.Request) ([]byte, error) {
	req, err := readRequest(r)
	if err != nil {
		return nil, err
	}
	if decide := personGrants[req.get("grant_type")]; decide != nil {
		return h.issueOfPerson(r, decide, req)
	}
	issued, s, err := h.issue(w, r, req)
	if err != nil {
		return nil, err
	}
	return appendAnswer(room, issued, s), nil
}

// issue gives a client its token, in the order in which nothing is told to strangers.
func (h Handler) issue(w http.ResponseWriter, r *http.Request, req request) (grant.Issued, subject, error) {
	s, audience, err := h.decide(r, req)
	if err != nil {
		return grant.Issued{}, s, err
	}
	if err := h.mayHaveToken(w, r, s.client); err != nil {
		return grant.Issued{}, s, err
	}
	issued, err := h.Grants.Current(r.Context(), grant.Request{Client: s.client, Scopes: s.scopes, Audience: audience, Special: s.Special})
	return issued, s, err
}

// decide settles whose token is issued, and for whom it is meant.
func (h Handler) decide(r *http.Request, req request) (subject, grant.Audience, error) {
	name := req.get("grant_type")
	decide := grantTypes[name]
	switch {
	case decide == nil && req.credentials.proof() == "":
		return subject{}, "", errNoCredentials
	case name == "":
		return subject{}, "", bad("the parameter grant_type is missing; integrations send grant_type=client_credentials")
	case decide == nil:
		return subject{}, "", &failure{code: unsupportedGrantType,
			description: "this server knows no such grant_type; integrations use client_credentials"}
	}
	client, err := h.authenticate(r, req.credentials)
	if err != nil {
		return subject{}, "", err
	}
	var spend func() error
	if req.confirm, spend, err = h.confirm(r, client.Integration.ClientID); err == nil {
		err = spend()
	}
	if err != nil {
		return subject{}, "", err
	}
	s, err := decide(h, r.Context(), client, req)
	if err != nil {
		return subject{}, "", err
	}
	if err := bind(&s, req.confirm); err != nil {
		return subject{}, "", err
	}
	if err := h.guardBrowser(r, s); err != nil {
		return subject{}, "", err
	}
	audience, err := h.audience(req)
	return s, audience, err
}

// guardBrowser looks out for pages that ask for tokens which belong on a back end (S22).
func (h Handler) guardBrowser(r *http.Request, s subject) error {
	actor := actorOf(s.client)
	actor.Scopes, actor.Origin = s.scopes, s.Origin
	err := web.GuardBrowser(h.Access, r, s.client.Environment.BrowserGuard, actor)
	if tepin.KindOf(err) == tepin.Forbidden {
		return &failure{code: unauthorizedClient, description: "a web page has asked for a token that may do more than read, so that its visitors can all take the client's secret from there; " +
			"rotate the secret, keep the new one on your back end, and let that exchange its token for one that only reads and is bound to the page, by grant_type=" + web.TokenExchange + "; " +
			"if it was your back end that sent the request, let it not pass on the browser's Origin and Sec-Fetch-Site headers"}
	}
	return err
}

// appendAnswer appends the body of RFC 6749 §5.1. Tokens are base64url, and scopes are
// from a list without quotes: nothing needs escaping.
func appendAnswer(b []byte, t grant.Issued, s subject) []byte {
	b = append(b, `{"access_token":"`...)
	b = append(b, t.Token...)
	b = append(b, `","token_type":"`...)
	b = append(b, tokenType(s.Confirm)...)
	b = append(b, `","expires_in":`...)
	b = strconv.AppendInt(b, int64(t.ExpiresIn/time.Second), 10)
	b = append(b, `,"scope":"`...)
	b = append(b, t.Scope...)
	if s.issuedType != "" {
		b = append(b, `","issued_token_type":"`...)
		b = append(b, s.issuedType...)
	}
	return append(b, `"}`...)
}
