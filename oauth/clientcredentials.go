package oauth

import (
	"context"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
)

// clientCredentials gives an integration its own token (RFC 6749 §4.4): with the
// scopes that it asks for, or all that it has. One that has none gets a token with
// none.
func (h Handler) clientCredentials(_ context.Context, client access.Client, r request) (subject, error) {
	granted := client.Integration.Scopes
	scope := r.get("scope")
	if scope == "" {
		return subject{client: client, scopes: granted}, nil
	}
	wanted, err := tepin.ParseScopes(scope)
	if err != nil || wanted == 0 || !granted.Contains(wanted) {
		has := granted.String()
		if has == "" {
			has = "none"
		}
		return subject{}, &failure{code: invalidScope,
			description: "a requested scope is unknown or not granted to this integration; tick it on the Permissions tab, or leave the scope parameter out; granted are: " + has}
	}
	return subject{client: client, scopes: wanted}, nil
}
