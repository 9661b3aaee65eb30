package web

import (
	"net/http"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
)

// readOnly is what a token may do and be fit for a page.
var readOnly = tepin.MustScopes(tepin.ReadOnlyScopes...)

// GuardBrowser looks out for what belongs on a back end and is in a foreign page: a
// token with which a may do more than read, presented or about to be given out (S22).
// By the mode of a's environment it is reported, or refused too (Forbidden).
//
// It finds mistakes. It does not stop a thief, who sends what headers they like.
func GuardBrowser(dir *access.Directory, r *http.Request, mode tepin.BrowserGuard, a tepin.Actor) error {
	if mode == tepin.GuardOff || a.Kind != tepin.ActorIntegration || a.Origin != "" || readOnly.Contains(a.Scopes) {
		return nil
	}
	origin, foreign := foreignPage(r)
	if !foreign {
		return nil
	}
	action := access.ActionGuardBlock
	if mode != tepin.GuardBlock {
		mode, action = tepin.GuardReport, access.ActionGuardReport
	}
	dir.Notice(access.Notice{Action: action, Environment: a.EnvironmentID, By: a, Target: a.ID, Origin: origin})
	exchangeOf(r.Context()).guard = mode
	if mode == tepin.GuardReport {
		return nil
	}
	return tepin.Errorf(tepin.Forbidden, "this token may do more than read (%s), and the request comes from a web page, whose visitors can all take it from there; "+
		"keep it on your back end, and let that exchange it for a token that only reads and is bound to the page: grant_type=%s at /oauth/token; "+
		"if it was your back end that sent the request, let it not pass on the browser's Origin and Sec-Fetch-Site headers", a.Scopes&^readOnly, TokenExchange)
}

// TokenExchange is the grant type of RFC 8693 §2.1.
const TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"

// foreignPage reports whether a page that is not ours makes the request, and the Origin
// that it names, if it does. Sec-Fetch-Mode and -Dest say nothing: Node's fetch sends
// them from a server. Over plain HTTP browsers send an Origin alone.
func foreignPage(r *http.Request) (origin string, foreign bool) {
	origin = r.Header.Get("Origin")
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin":
		return origin, false
	case "cross-site", "same-site":
		return origin, true
	}
	return origin, origin != "" && !strings.EqualFold(origin, BaseURL(r)) && !strings.EqualFold(origin, askedURL(r))
}

// checkPage refuses a token that is bound to a page and comes from anywhere else (S23).
// The page that it is bound to may read the answer, and no other.
func checkPage(h http.Header, r *http.Request, a tepin.Actor) error {
	if a.Origin == "" {
		return nil
	}
	if sent := r.Header.Values("Origin"); len(sent) != 1 || !sameOrigin(sent[0], a.Origin) {
		return tepin.Errorf(tepin.Forbidden, "this token is bound to the page %s, and the request names another origin or none; use it from scripts of that page alone, "+
			"and exchange one of its own for each other page", a.Origin)
	}
	h.Set("Access-Control-Allow-Origin", a.Origin)
	return nil
}

// sameOrigin reports whether what a browser sent is the bound origin: the same scheme,
// host and port.
func sameOrigin(sent, bound string) bool {
	if sent == bound {
		return true
	}
	parsed, err := tepin.ParseOrigin(sent, true)
	return err == nil && parsed == bound
}
