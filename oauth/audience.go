package oauth

import (
	"slices"
	"strings"
)

// audiences returns for whom the token is meant: always the public URL, and the
// alias that the request names, if any (S8, RFC 8707 §2). One slash too many at the
// end is passed over.
func (h Handler) audiences(r request) ([]string, error) {
	list := []string{h.PublicURL}
	for _, asked := range append(r.all("resource"), r.get("audience")) {
		asked = strings.TrimSuffix(asked, "/")
		switch {
		case asked == "" || slices.Contains(list, asked):
		case slices.Contains(h.Audiences, asked):
			list = append(list, asked)
		default:
			return nil, &failure{code: invalidTarget,
				description: "this server issues tokens for " + strings.Join(append([]string{h.PublicURL}, h.Audiences...), " and ") + " only; correct or leave out audience and resource"}
		}
	}
	return list, nil
}
