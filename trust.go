package tepin

import "time"

// MaxTrusts is how many ways beside a secret an integration may have to prove itself.
const MaxTrusts = 10

// TrustKind says what a [Trust] trusts in.
type TrustKind string

const (
	TrustKey         TrustKind = "key"         // a public key that signs client assertions (RFC 7523)
	TrustKeySet      TrustKind = "key_set"     // the keys that a jwks_uri publishes, for the same
	TrustIssuer      TrustKind = "issuer"      // another issuer's tokens for one subject: workload identity
	TrustCertificate TrustKind = "certificate" // one client certificate (RFC 8705 §2.2)
)

// Trust is a way for an integration to prove itself without a secret. Nothing in it
// is secret.
type Trust struct {
	ID            CredentialID
	EnvironmentID EnvironmentID
	IntegrationID IntegrationID
	Kind          TrustKind
	Label         string
	Keys          string // TrustKey: a JWK set of public keys; TrustIssuer: its keys, if they are not fetched
	URL           string // TrustKeySet: the jwks_uri; TrustIssuer: the issuer, exactly
	Subject       string // TrustIssuer: the sub, exactly
	Audience      string // TrustIssuer: the aud, exactly
	Reusable      bool   // TrustIssuer: one token is taken as often as it is presented until it ends
	Thumbprint    string // TrustCertificate: SHA-256 of the DER, base64url
	CreatedBy     string // name of the actor
	CreatedAt     time.Time
	NotBefore     time.Time // zero = from creation
	ExpiresAt     time.Time // zero = never
	LastUsedAt    time.Time // zero = never
	LastUsedFrom  string    // network address, IPv6 as its /64
}

// TrustUpdate changes the fields that are not nil.
type TrustUpdate struct {
	Label     *string
	ExpiresAt *time.Time // zero = never
}

// LiveAt reports whether the trust counts at t.
func (v Trust) LiveAt(t time.Time) bool { return liveAt(t, v.NotBefore, v.ExpiresAt) }

// liveAt reports whether t lies in [from, end); a zero time is no bound.
func liveAt(t, from, end time.Time) bool {
	return !t.Before(from) && (end.IsZero() || t.Before(end))
}

// Confirmation binds a token to what its holder can prove to have (RFC 7800): at
// most one of the two. The zero value is a plain bearer token.
type Confirmation struct {
	KeyThumbprint         string // of the DPoP key, RFC 7638, base64url (RFC 9449 §6.1)
	CertificateThumbprint string // of the client certificate, SHA-256, base64url (RFC 8705 §3.1)
}
