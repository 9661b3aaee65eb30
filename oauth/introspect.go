package oauth

import (
	"encoding/json"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
)

// inactive is all that is said of a token that is dead, or none of the caller's business.
const inactive = `{"active":false}`

// introspect is the introspection endpoint (RFC 7662): an integration asks about tokens
// of its own, or, if it is flagged for that, of its environment. It does no SQL.
func (h Handler) introspect(w http.ResponseWriter, r *http.Request) error {
	body, err := h.introspection(r)
	if err != nil {
		refuse(w, r, err)
		return nil
	}
	noStore(w.Header())
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // the client may be gone
	return nil
}

func (h Handler) introspection(r *http.Request) ([]byte, error) {
	req, err := readRequest(r)
	if err != nil {
		return nil, err
	}
	client, raw, err := h.askedToken(r, req)
	if err != nil {
		return nil, err
	}
	t, err := h.Access.Inspect(raw)
	if tepin.KindOf(err) == tepin.Unauthorized || err == nil && !maySee(client, t) {
		return []byte(inactive), nil
	}
	if err != nil {
		return nil, err
	}
	return describe(t)
}

// maySee reports whether the client may ask about the token.
func maySee(c access.Client, t access.Token) bool {
	return t.Actor.EnvironmentID == c.Environment.ID && (t.Actor.ClientID == c.Integration.ClientID || c.Integration.Introspects)
}

// describe is the answer of RFC 7662 §2.2: what the token says, with the scopes that
// count now, and how it is to be presented.
func describe(t access.Token) ([]byte, error) {
	t.Claims.Scopes &= t.Actor.Scopes
	claims, err := t.Claims.JSON()
	if err != nil {
		return nil, err
	}
	head, err := json.Marshal(struct {
		Active    bool   `json:"active"`
		TokenType string `json:"token_type"`
	}{true, tokenType(t.Claims.Confirm)})
	if err != nil {
		return nil, err
	}
	return append(append(head[:len(head)-1], ','), claims[1:]...), nil
}

// tokenType is how a token is presented: bound to a key by the scheme of RFC 9449 §7.1.
func tokenType(c tepin.Confirmation) string {
	if c.KeyThumbprint != "" {
		return "DPoP"
	}
	return "Bearer"
}
