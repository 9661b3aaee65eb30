package oauth

import "net/http"

// jwks publishes the keys that verify tokens (RFC 7517 §5).
func (h Handler) jwks(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age="+jwksMaxAge)
	_, _ = w.Write(h.Access.Keys().JWKS()) // the client may be gone
	return nil
}
