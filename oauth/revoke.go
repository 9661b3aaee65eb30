package oauth

import (
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
)

// revoke is the revocation endpoint (RFC 7009): a client ends a token of its own. Any
// other string is not told from one that has ended already (§2.2). The hint about the
// token's type is not needed, and passed over as one that is wrong would be (§2.1).
func (h Handler) revoke(w http.ResponseWriter, r *http.Request) error {
	client, raw, err := h.askedToken(r)
	if err == nil {
		err = h.revokeToken(r, client, raw)
	}
	if err != nil {
		refuse(w, r, err)
		return nil
	}
	noStore(w.Header())
	w.WriteHeader(http.StatusOK)
	return nil
}

// revokeToken ends the token if it is one of the client's that could be alive, here or
// on a node that knows more.
func (h Handler) revokeToken(r *http.Request, client access.Client, raw string) error {
	claims, err := h.Access.Open(raw)
	if tepin.KindOf(err) == tepin.Unauthorized {
		return nil
	}
	if err != nil {
		return err
	}
	in := client.Integration
	if claims.ClientID != in.ClientID || claims.Subject != string(in.ClientID) || claims.Epoch < in.Epoch || h.Access.Denied(claims.ID) {
		return nil
	}
	return h.Credential.RevokeToken(r.Context(), actorOf(client), client.Environment.ID, in.ID, claims.ID, claims.ExpiresAt)
}

// askedToken reads a request about a token: who makes it, and which token it is about.
func (h Handler) askedToken(r *http.Request) (access.Client, string, error) {
	req, err := readRequest(r)
	if err != nil {
		return access.Client{}, "", err
	}
	client, err := h.authenticate(r, req.credentials)
	if err != nil {
		return access.Client{}, "", err
	}
	raw := req.get("token")
	if raw == "" {
		return access.Client{}, "", bad("the parameter token is missing")
	}
	return client, raw, nil
}
