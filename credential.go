package tepin

import "time"

// MaxLiveSecrets is how many secrets of an integration may live at once.
const MaxLiveSecrets = 5

// Secret is what is kept of a client secret: never the secret itself.
type Secret struct {
	ID            CredentialID
	EnvironmentID EnvironmentID
	IntegrationID IntegrationID
	Label         string
	MAC           []byte // HMAC-SHA-256 under the pepper, see package credential
	PepperID      string
	LastFour      string
	CreatedBy     string // name of the actor
	CreatedAt     time.Time
	NotBefore     time.Time    // zero = from creation
	ExpiresAt     time.Time    // zero = never
	LastUsedAt    time.Time    // zero = never
	LastUsedFrom  string       // network address, IPv6 as its /64
	ReplacedBy    CredentialID // the secret that a rotation made in its place; "" = none
	EndsBefore    time.Time    // with ReplacedBy: ExpiresAt as it was before the rotation
}

// SecretUpdate changes the fields that are not nil. A zero ExpiresAt means never.
type SecretUpdate struct {
	Label     *string
	ExpiresAt *time.Time
}

// Rotation says what a new secret does to those before it.
type Rotation struct {
	PreviousEnd time.Time // they end by then; zero = they stay as they are
	Force       bool      // where there are MaxLiveSecrets, the oldest makes room
}

// ExpiryWarning returns 30, 7 or 1 when a credential that was made at created and ends
// at ends will have ended within so many days of now; else 0. One that was made for
// less than that is not warned of so early.
func ExpiryWarning(created, ends, now time.Time) int {
	if ends.IsZero() || !now.Before(ends) {
		return 0
	}
	for _, days := range []int{1, 7, 30} {
		early := time.Duration(days) * 24 * time.Hour
		if ends.Sub(now) <= early {
			if ends.Sub(created) > early {
				return days
			}
			return 0
		}
	}
	return 0
}

// LiveAt reports whether the secret can authenticate at t.
func (s Secret) LiveAt(t time.Time) bool {
	return liveAt(t, s.NotBefore, s.ExpiresAt)
}

// KeyPurpose says what a signing key signs. A key has one purpose (S7).
type KeyPurpose string

const (
	AccessTokens KeyPurpose = "access"
	IDTokens     KeyPurpose = "id"
	AuditHeads   KeyPurpose = "audit" // the daily heads of the audit log
)

// SigningKey is a key of the token issuer; Sealed holds the PKCS #8 private key
// under the master key.
type SigningKey struct {
	ID        string // kid: RFC 7638 thumbprint, base64url
	Purpose   KeyPurpose
	Alg       string // "ES256" or "RS256"
	Public    []byte // PKIX, DER
	Sealed    []byte // empty: the private half is gone
	SealedBy  string // id of the master key
	CreatedAt time.Time
	UsableAt  time.Time // signing begins: after every node has published it
	DeniedAt  time.Time // what it signed is refused since then; zero = it is not
}

// Signs reports whether the key can sign, now or when it is usable.
func (k SigningKey) Signs() bool { return len(k.Sealed) > 0 && k.DeniedAt.IsZero() }

// GrantKey names one reusable token: everything that changes the token's bytes.
type GrantKey struct {
	EnvironmentID EnvironmentID
	IntegrationID IntegrationID
	SecretID      CredentialID
	Audience      string // the audiences, sorted, joined by a space
	Scopes        Scopes
	Alg           string
	Lifetime      time.Duration
	Format        int // of the claims
}

// Grant is what is stored of an issued token: enough to make the same bytes again,
// and nothing that could be presented.
type Grant struct {
	Key       GrantKey
	KeyID     string // kid
	Issuer    string
	TokenID   string // jti
	Epoch     int64
	IssuedAt  time.Time
	ExpiresAt time.Time
}
