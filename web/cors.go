package web

import (
	"net/http"
	"strings"
)

// apiPaths begin the paths that answer bearer tokens: any page may call them, no
// cookie ever counts there, and nothing of them may be shared by caches.
var apiPaths = []string{"/grafx/api/", "/api/", "/oauth/", "/.well-known/"}

func isAPI(path string) bool {
	for _, p := range apiPaths {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, If-None-Match, If-Match, Auth0-Client, DPoP, X-GraFx-Proxy-Exclude-Headers, X-GraFx-Proxy-User-Agent"
	corsExposed = "ETag, Content-Disposition, X-GRAFX-UNAUTHORIZED, Location, Retry-After, WWW-Authenticate, DPoP-Nonce, X-Request-Id, " + quotaHeaders
	corsMaxAge  = "7200" // seconds; what browsers allow at most
)

// preflight sets the headers of every API answer and answers preflights. Tokens
// travel in a header that no browser adds by itself, so any origin may ask;
// credentials are never allowed.
func preflight(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	h["Cache-Control"], h["Vary"] = apiCaching, apiVary
	if r.Header.Get("Origin") != "" {
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", corsExposed)
	}
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Allow-Headers", corsHeaders+askedHeaders(r))
	h.Set("Access-Control-Max-Age", corsMaxAge)
	h.Add("Vary", "Access-Control-Request-Headers")
	exchangeOf(r.Context()).route = "OPTIONS preflight"
	w.WriteHeader(http.StatusNoContent)
	return true
}

// maxAskedHeader and maxAskedHeaders bound what a preflight gets of what it asks for, in
// bytes: of one name, and of all.
const (
	maxAskedHeader  = 64
	maxAskedHeaders = 2048
)

// askedHeaders returns, as the end of a list, the headers that a preflight asks for and may
// have beside ours: those that begin with X-GraFx-Proxy-, and for a connector's proxy all.
// A script that runs in a page gives its calls the headers that its upstream wants; which of
// them go along is the proxy's to judge.
func askedHeaders(r *http.Request) string {
	all := isProxy(r.URL.Path)
	var b strings.Builder
	for name := range strings.SplitSeq(strings.Join(r.Header.Values("Access-Control-Request-Headers"), ","), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if (all || strings.HasPrefix(name, "x-grafx-proxy-")) && name != "" && len(name) <= maxAskedHeader && isHeaderName(name) && b.Len()+2+len(name) <= maxAskedHeaders {
			b.WriteString(", " + name)
		}
	}
	return b.String()
}

// isHeaderName reports whether upstreams may have a header of this name: letters, digits
// and the marks that are in use.
func isHeaderName(name string) bool {
	return isWord(strings.NewReplacer("_", "", ".", "").Replace(name))
}

// isProxy reports whether a path is that of a connector's proxy.
func isProxy(path string) bool {
	before, isProxy := strings.CutSuffix(path, "/proxy")
	at := strings.LastIndexByte(before, '/')
	return isProxy && at >= 0 && strings.HasPrefix(path, "/grafx/api/") && strings.HasSuffix(before[:at], "/connectors")
}

// withoutCORS takes the CORS headers back: answers to a session are for our own
// pages alone.
func withoutCORS(h http.Header) {
	h.Del("Access-Control-Allow-Origin")
	h.Del("Access-Control-Expose-Headers")
}
