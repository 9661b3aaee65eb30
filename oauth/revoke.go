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
	err := h.revokeAsked(r)
	if err != nil {
		refuse(w, r, err)
		return nil
	}
	noStore(w.Header())
	w.WriteHeader(http.StatusOK)
	return nil
}

// revokeAsked ends the token of a request: an application's with its whole sign-in.
func (h Handler) revokeAsked(r *http.Request) error {
	req, err := readRequest(r)
	if err != nil {
		return err
	}
	if _, known := h.Access.Application(r.Context(), req.credentials.id); known {
		return h.revokeOfPerson(r, req)
	}
	client, raw, err := h.askedToken(r, req)
	if err != nil {
		return err
	}
	return h.revokeToken(r, client, raw)
}

// revokeOfPerson ends the sign-in that a token of an application belongs to: its refresh
// token or its access token, which end together (RFC 7009 §2.1).
func (h Handler) revokeOfPerson(r *http.Request, req request) error {
	a, err := h.application(r.Context(), r, req.credentials)
	if err != nil {
		return err
	}
	raw := req.get("token")
	if raw == "" {
		return errNoToken
	}
	claims, err := h.Access.Open(raw)
	switch {
	case tepin.KindOf(err) == tepin.Unauthorized:
		return h.People.End(r.Context(), a, raw)
	case err != nil:
		return err
	case claims.ClientID != a.ClientID:
		return nil
	}
	return h.People.EndOf(r.Context(), tepin.UserID(claims.Subject), tepin.LoginID(claims.Credential))
}

var errNoToken = bad("the parameter token is missing")

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

// askedToken reads who makes a request about a token, and which token it is about.
func (h Handler) askedToken(r *http.Request, req request) (access.Client, string, error) {
	client, err := h.authenticate(r, req.credentials)
	if err != nil {
		return access.Client{}, "", err
	}
	raw := req.get("token")
	if raw == "" {
		return access.Client{}, "", errNoToken
	}
	return client, raw, nil
}
