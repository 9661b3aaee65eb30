package connector

import (
	"io"
	"net/http"
	"net/netip"

	"github.com/tepin/tepin"
)

// Limits of a call.
const (
	MaxAnswer = 256 << 20 // bytes of an answer, before and after inflating
	MaxURL    = 8192      // bytes
)

// Call is a request that a connector's script makes.
type Call struct {
	Connector tepin.Connector
	Usage     tepin.AuthUsage // whose credential goes along; over HTTP it is always the browser's (S32)
	By        tepin.Actor     // for whom; credentials by authorization code are a person's own
	Method    string          // empty = GET
	URL       string          // of an upstream
	Header    http.Header     // what the script set; see [Proxy.Do] for what of it goes along
	Body      io.Reader       // nil = none
	Size      int64           // of Body in bytes; -1 = unknown
	Manual    bool            // redirects are answered, not followed
	MaxAnswer int64           // bytes; 0 = [MaxAnswer]
	From      netip.Addr      // of the client, for X-Forwarded-For; zero = unknown
	PublicURL string          // of this server, for X-Forwarded-Host and -Proto
}

// Headers by which a call says what to do with it. None of them goes along.
const (
	HeaderExclude   = "X-Grafx-Proxy-Exclude-Headers" // names of headers, with commas between, that do not go along, injected ones neither
	HeaderUserAgent = "X-Grafx-Proxy-User-Agent"      // the User-Agent that the upstream sees
	// HeaderUnauthorized is in an answer of status 401: "KIND, ID of the connector".
	HeaderUnauthorized = "X-Grafx-Unauthorized"
)

// Answer is what an upstream answered, whatever its status.
type Answer struct {
	Status     int
	Header     http.Header   // of the upstream's, those of an allow-list
	URL        string        // the last that was called
	Redirected bool          // URL is not the one of the call
	Size       int64         // of Body in bytes; -1 = unknown
	Body       io.ReadCloser // the caller closes it; reading beyond a limit fails with Unprocessable
}
