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
	h.Set("Access-Control-Allow-Headers", corsHeaders+proxyHeaders(r.Header.Get("Access-Control-Request-Headers")))
	h.Set("Access-Control-Max-Age", corsMaxAge)
	h.Add("Vary", "Access-Control-Request-Headers")
	exchangeOf(r.Context()).route = "OPTIONS preflight"
	w.WriteHeader(http.StatusNoContent)
	return true
}

// proxyHeaders returns the asked-for headers that begin with X-GraFx-Proxy-, as the
// end of a list.
func proxyHeaders(asked string) string {
	var b strings.Builder
	for name := range strings.SplitSeq(asked, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if strings.HasPrefix(name, "x-grafx-proxy-") && len(name) <= 64 && isWord(name) && b.Len() < 1024 {
			b.WriteString(", " + name)
		}
	}
	return b.String()
}

// withoutCORS takes the CORS headers back: answers to a session are for our own
// pages alone.
func withoutCORS(h http.Header) {
	h.Del("Access-Control-Allow-Origin")
	h.Del("Access-Control-Expose-Headers")
}
