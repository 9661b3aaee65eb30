package oauth

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// readForm reads a form, which is UTF-8, strictly (RFC 6749 App. B, §3.2): broken
// encodings and repeated parameters are refused, whether anybody reads them or not.
func readForm(body string) (parameters, error) {
	p := make(parameters, 0, 6)
	seen := make([]string, 0, 6)
	for more := true; more; {
		var pair string
		if pair, body, more = strings.Cut(body, "&"); pair == "" {
			continue
		}
		if len(seen) == MaxParameters {
			return nil, tooMany()
		}
		name, value, _ := strings.Cut(pair, "=")
		name, okName := decode(name)
		value, okValue := decode(value)
		if !okName || !okValue {
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

// decode undoes the encoding of a name or value. Most have nothing in them to decode.
func decode(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, true
	}
	plain, err := url.QueryUnescape(s)
	return plain, err == nil && utf8.ValidString(plain)
}

func repeated() error {
	return bad("a parameter is sent more than once; only resource may be")
}

func tooMany() error {
	return bad("the request has too many parameters; a token request needs four")
}
