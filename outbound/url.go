package outbound

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// MaxURL is the longest URL that is called, in bytes.
const MaxURL = 2048

// CheckURL reads a URL that somebody wants called, and says what is wrong with it. It
// must begin with https://, or with http:// where the caller takes that too. Where its
// host leads is judged when it is called.
func CheckURL(raw string, alsoHTTP bool) (*url.URL, error) { return checkURL(raw, MaxURL, alsoHTTP) }

func checkURL(raw string, max int, alsoHTTP bool) (*url.URL, error) {
	if len(raw) > max {
		return nil, tepin.Errorf(tepin.Invalid, "the URL is longer than %d bytes", max)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, tepin.Errorf(tepin.Invalid, "this is no URL of the form https://host/path in ASCII")
	}
	switch {
	case u.Scheme == "http" && !alsoHTTP:
		return nil, tepin.Errorf(tepin.Invalid, "the URL must begin with https://: over http:// anybody between could answer")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, tepin.Errorf(tepin.Invalid, "the URL must begin with https://")
	case u.User != nil:
		return nil, tepin.Errorf(tepin.Invalid, "the URL has a user name or a password in it; leave them out")
	}
	host, port := canonical(u.Hostname()), u.Port()
	a, errAddr := netip.ParseAddr(host)
	if errAddr != nil && !hostName(host) || a.Zone() != "" {
		return nil, tepin.Errorf(tepin.Invalid, "the URL has no host, or one that is neither a name nor a whole address; write names outside ASCII in their xn-- form")
	}
	if a.Is6() {
		host = "[" + a.String() + "]"
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return nil, tepin.Errorf(tepin.Invalid, "the port of the URL is no number between 1 and 65535")
		}
		host += ":" + strconv.FormatUint(n, 10)
	}
	u.Host, u.Fragment, u.RawFragment = host, "", ""
	return u, nil
}
