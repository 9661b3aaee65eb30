package oauth

import (
	"net/http"
	"strconv"

	"github.com/tepin/tepin/access"
)

// jwks publishes the keys that verify tokens (RFC 7517 §5). A key stands in it for
// [access.PublishAhead] before it signs, so that nobody who keeps the set for as long as
// he may meets a token under a key that he does not have.
func (h Handler) jwks(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(int(access.JWKSMaxAge.Seconds())))
	_, _ = w.Write(h.Access.Keys().JWKS()) // the client may be gone
	return nil
}
