package oauth

import (
	"encoding/json"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/web"
)

// userinfo says who the person of the access token is, as far as the token's scopes
// allow (OpenID Connect Core 1.0 §5.3).
func (h Handler) userinfo(w http.ResponseWriter, r *http.Request) error {
	actor := web.CallerOf(r.Context()).Actor
	u, ok := h.Access.Person(tepin.UserID(actor.ID))
	if !ok {
		return tepin.Errorf(tepin.Unauthorized, "the person of this access token does not exist any more")
	}
	body, err := json.Marshal(grant.IdentityOf(u, actor.Identity))
	if err != nil {
		return err
	}
	noStore(w.Header())
	w.Header()["Content-Type"] = inJSON
	_, _ = w.Write(body) // the client may be gone
	return nil
}
