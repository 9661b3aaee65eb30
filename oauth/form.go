package oauth

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// readForm reads a form strictly (RFC 6749 App. B, §3.2): broken encodings and
// repeated parameters are refused, whether anybody reads them or not.
func readForm(body string) (parameters, error) {
	p := make(parameters, 0, 6)
	seen := make([]string, 0, 6)
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		if len(seen) == MaxParameters {
			return nil, tooMany()
		}
		name, value, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if errName != nil || errValue != nil || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, bad("the form has a broken percent-encoding; encode each name and value once, as UTF-8")
		}
		if name != "resource" && slices.Contains(seen, name) {
			return nil, repeated()
		}
		seen = append(seen, name)
		if value != "" {
			p = append(p, parameter{name, value})
		}
	}
	return p, nil
}

func repeated() error {
	return bad("a parameter is sent more than once; only resource may be")
}

func tooMany() error {
	return bad("the request has too many parameters; a token request needs four")
}
