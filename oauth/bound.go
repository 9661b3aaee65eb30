package oauth

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/web"
)

// The error codes of RFC 9449 §5 and §8.
const (
	invalidProof = "invalid_dpop_proof"
	useNonce     = "use_dpop_nonce"
)

// confirm finds out what the requested token is to be bound to: to the key of the DPoP
// proof, if there is one (RFC 9449 §5), else to the certificate that the client came
// with (RFC 8705 §3), however it authenticated; else to nothing. The proof is to be spent
// when the client has proved more than that it has a key.
func (h Handler) confirm(r *http.Request, client tepin.ClientID) (held tepin.Confirmation, spend func() error, err error) {
	if proofs := r.Header["Dpop"]; len(proofs) > 0 {
		return h.confirmKey(r, client, proofs)
	}
	der, err := web.ClientCertificate(r)
	if der == nil || err != nil {
		return tepin.Confirmation{}, nothing, err
	}
	return tepin.Confirmation{CertificateThumbprint: access.Thumbprint(der)}, nothing, nil
}

func (h Handler) confirmKey(r *http.Request, client tepin.ClientID, proofs []string) (held tepin.Confirmation, spend func() error, err error) {
	held, proved, err := h.Access.Prove(proofs, web.Target(r))
	return held, func() error { return h.refuseProof(r, client, proved()) }, h.refuseProof(r, client, err)
}

// nothing spends no proof.
func nothing() error { return nil }

// refuseProof puts the refusal of a proof into the words of RFC 9449 §5 and §8.
func (h Handler) refuseProof(r *http.Request, client tepin.ClientID, err error) error {
	switch {
	case errors.Is(err, access.ErrNonce):
		return &failure{code: useNonce, description: shown(err)}
	case errors.Is(err, access.ErrProof):
		h.Access.RefusedClient(client, web.ClientAddr(r), err)
		return &failure{code: invalidProof, description: shown(err)}
	}
	return err
}

// boundDocument is the part of the metadata that says how tokens can be bound.
type boundDocument struct {
	ProofAlgs []string          `json:"dpop_signing_alg_values_supported"`                    // RFC 9449 §5.1
	ByMTLS    bool              `json:"tls_client_certificate_bound_access_tokens,omitempty"` // RFC 8705 §3.3
	Aliases   map[string]string `json:"mtls_endpoint_aliases,omitempty"`                      // RFC 8705 §5
}

// bindable adds to the metadata how tokens can be bound, and, where clients can come with
// certificates, that they can authenticate by them, and at which addresses.
func (h Handler) bindable(d document) document {
	d.ProofAlgs = access.ProofAlgs
	if !h.Certificates {
		return d
	}
	d.ByMTLS = true
	for _, methods := range []*[]string{&d.AuthMethods, &d.RevocationAuthMethods, &d.IntrospectionAuthMethods} {
		*methods = append(slices.Clip(*methods), "self_signed_tls_client_auth")
	}
	if h.MTLSURL == "" {
		return d
	}
	d.Aliases = map[string]string{}
	for name, url := range map[string]string{
		"token_endpoint": d.TokenEndpoint, "revocation_endpoint": d.RevocationEndpoint, "introspection_endpoint": d.IntrospectionEndpoint,
		"device_authorization_endpoint": d.DeviceEndpoint, "userinfo_endpoint": h.userinfoEndpoint(),
	} {
		d.Aliases[name] = h.MTLSURL + "/" + strings.TrimPrefix(url, h.Issuer)
	}
	return d
}

// presenter is who asks for a token, by what it was found to hold.
func (h Handler) presenter(r *http.Request, req request) access.Presenter {
	return access.Presenter{From: web.ClientAddr(r), Held: req.confirm}
}

// bind binds the token of s to what its client holds. A token for a page is bound to that
// alone: the page does not have what its server proved to hold.
func bind(s *subject, held tepin.Confirmation) error {
	if s.Origin != "" {
		return nil
	}
	if s.Confirm = held; held == (tepin.Confirmation{}) && s.client.Integration.RequireBound {
		return bad("this integration gets only tokens that are bound; send a DPoP proof with the request, or come with a client certificate; an administrator can take that condition away")
	}
	return nil
}

// giveNonce gives a client that uses DPoP the nonce for its next proof (RFC 9449 §8).
func (h Handler) giveNonce(w http.ResponseWriter, r *http.Request) {
	if len(r.Header["Dpop"]) > 0 {
		w.Header().Set("DPoP-Nonce", h.Access.Nonce())
	}
}
