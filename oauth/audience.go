package oauth

import (
	"slices"
	"strings"

	"github.com/tepin/tepin/grant"
)

// audience returns for whom the token is meant: always the public URL, and the alias
// that the request names, if any (S8, RFC 8707 §2). One slash too many at the end is
// passed over.
func (h Handler) audience(r request) (grant.Audience, error) {
	list := make([]string, 1, 4)
	list[0] = h.PublicURL
	for _, p := range r.parameters {
		if p.name != "audience" && p.name != "resource" {
			continue
		}
		asked := strings.TrimSuffix(p.value, "/")
		switch {
		case asked == "" || slices.Contains(list, asked):
		case slices.Contains(h.Audiences, asked):
			list = append(list, asked)
		default:
			return "", &failure{code: invalidTarget,
				description: "this server issues tokens for " + strings.Join(append([]string{h.PublicURL}, h.Audiences...), " and ") + " only; correct or leave out audience and resource"}
		}
	}
	if usual, ok := h.usual[list[len(list)-1]]; ok && len(list) <= 2 {
		return usual, nil
	}
	return grant.NewAudience(list...)
}

// usualAudiences are those that requests with one audience or none are for, by what they
// add to the public URL: they need not be made for each request.
func (h Handler) usualAudiences() map[string]grant.Audience {
	usual := map[string]grant.Audience{}
	for _, added := range append([]string{h.PublicURL}, h.Audiences...) {
		if a, err := grant.NewAudience(h.PublicURL, added); err == nil {
			usual[added] = a
		}
	}
	return usual
}
