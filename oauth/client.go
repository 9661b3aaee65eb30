package oauth

import (
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/web"
)

var errNoCredentials = unauthenticated("the client id or the client secret is missing; send client_id and client_secret in the body, both by the Basic scheme, or a client_assertion, or come with a client certificate")

// authenticate finds out which client makes a request, for every endpoint that
// clients authenticate at (RFC 6749 §2.3). Who fails to prove it is noticed.
func (h Handler) authenticate(r *http.Request, c credentials) (access.Client, error) {
	client, err := h.prove(r, &c)
	if err != nil {
		if c.proof() != "" {
			h.Access.RefusedClient(c.id, web.ClientAddr(r), err)
		}
		return access.Client{}, err
	}
	web.SetActor(r, actorOf(client))
	return client, nil
}

// prove checks what the client proves itself with. It completes c by the client id that
// an assertion claims.
func (h Handler) prove(r *http.Request, c *credentials) (access.Client, error) {
	if c.assertion != "" {
		return h.assert(r, c)
	}
	if c.certificate != nil {
		return h.Access.AuthenticateCertificate(r.Context(), c.id, c.certificate, web.ClientAddr(r))
	}
	if c.id == "" || c.secret == "" {
		return access.Client{}, errNoCredentials
	}
	return h.Access.Authenticate(r.Context(), c.id, c.secret, web.ClientAddr(r))
}

// actorOf is the client, for the log and the audit log.
func actorOf(c access.Client) tepin.Actor {
	return tepin.Actor{Kind: tepin.ActorIntegration, ID: string(c.Integration.ID), Name: c.Integration.Name,
		EnvironmentID: c.Environment.ID, ClientID: c.Integration.ClientID}
}
