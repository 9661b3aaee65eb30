package tepin

import (
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Limits of a registered application.
const (
	MaxApplicationName = 50 // characters
	MaxRedirectURIs    = 10
	MaxRedirectURI     = 500 // bytes
	MaxApplications    = 100 // of an environment
)

// Reach is how far a person's token goes. It depends on the application that got it.
type Reach string

const (
	ReachIdentity     Reach = "identity"     // who the person is, and what is published for connectors
	ReachEnvironment  Reach = "environment"  // the content of one environment, as an integration's token would
	ReachInstallation Reach = "installation" // what the person may on the Platform API
)

// Application is a public client (RFC 6749 §2.1) to which people sign in: a web page
// that is registered in one environment, or one of [FirstParty].
type Application struct {
	ID            ApplicationID // "" = compiled in
	EnvironmentID EnvironmentID // of a registered one: its tokens reach no other
	ClientID      ClientID
	Name          string
	RedirectURIs  []string // in the form of [ParseRedirectURI]
	Reach         Reach
	Device        bool // it may use the device flow (RFC 8628)
	CreatedBy     string
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64
}

// ApplicationUpdate changes the fields that are not nil.
type ApplicationUpdate struct {
	Name         *string
	RedirectURIs *[]string
	IfVersion    *int64
}

// FirstParty are the applications that every installation knows. None of them may do
// without the person's consent: they are programs on the person's own machine, where
// anybody can claim to be one (RFC 8252 §8.6).
var FirstParty = []Application{
	{ClientID: "tepin", Name: "Tepin command line", Reach: ReachInstallation, Device: true},
	// The connector tool for GraFx brings its ids with it, one for each of its tenants.
	{ClientID: "0pwHW0AqORKdZQeX1guq7qzWOQrGOrYi", Name: "GraFx connector CLI", Reach: ReachIdentity, Device: true},
	{ClientID: "56ATWoYRxPorgEVrH6vBLaOz64jvZ2yd", Name: "GraFx connector CLI, development", Reach: ReachIdentity, Device: true},
}

// NewApplicationClientID returns a fresh client id of a registered application.
func NewApplicationClientID() ClientID { return ClientID("app_" + RandomBase62(22)) }

// ParseRedirectURI checks where an application may have people sent back to
// (RFC 6749 §3.1.2, RFC 9700 §4.1.1): https, or http on loopback, whole, without a
// fragment or a wildcard.
func ParseRedirectURI(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || len(text) > MaxRedirectURI || u.Hostname() == "" || u.User != nil || u.Opaque != "" || strings.ContainsAny(text, "#*\\") || strings.ContainsFunc(text, notPlain) {
		return "", Errorf(Invalid, "%s is no redirect URI; write a whole address of at most %d bytes, such as https://shop.example/callback, without a fragment, a wildcard or credentials", quote(text), MaxRedirectURI)
	}
	if u.Scheme != "https" && !isLoopback(u) {
		return "", Errorf(Invalid, "%s is not https; only https addresses can be registered, and http on localhost, 127.0.0.1 and [::1]", quote(text))
	}
	return text, nil
}

// notPlain reports whether a character has no place in a URI (RFC 3986 §2).
func notPlain(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>^`{|}", r) }

// isLoopback reports whether u is plain HTTP on the person's own machine.
func isLoopback(u *url.URL) bool {
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && addr.IsLoopback())
}

// Redirects reports whether the application may have people sent to uri: it is one of
// its own, byte for byte. Only the port of a loopback address is free, because
// programs listen where there is room (RFC 8252 §7.3).
func (a Application) Redirects(uri string) bool {
	for _, own := range a.RedirectURIs {
		if own == uri || samePlace(own, uri) {
			return true
		}
	}
	return false
}

// samePlace reports whether two loopback addresses differ in nothing but the port.
func samePlace(own, given string) bool {
	if _, err := ParseRedirectURI(given); err != nil {
		return false
	}
	a, errOwn := url.Parse(own)
	b, errGiven := url.Parse(given)
	return errOwn == nil && errGiven == nil && isLoopback(a) && a.Scheme == b.Scheme && a.Hostname() == b.Hostname() &&
		a.EscapedPath() == b.EscapedPath() && a.RawQuery == b.RawQuery && a.ForceQuery == b.ForceQuery
}
