package tepin

import (
	"slices"
	"strings"
	"time"
)

// IdentityScopes is a set of the scopes that are about a person, not about what the
// person may (OpenID Connect Core 1.0 §5.4, §11).
type IdentityScopes uint8

const (
	OpenID        IdentityScopes = 1 << iota // an id_token, and /oauth/userinfo
	Profile                                  // the name in both
	Email                                    // the e-mail address in both
	OfflineAccess                            // a refresh token
)

var identityNames = []string{"openid", "profile", "email", "offline_access"}

// Has reports whether all scopes of other are in the set.
func (set IdentityScopes) Has(other IdentityScopes) bool { return set&other == other }

// String returns the space-separated form.
func (set IdentityScopes) String() string {
	var names []string
	for i, name := range identityNames {
		if set&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// PersonScopes is what a token of a person is for.
type PersonScopes struct {
	Identity IdentityScopes
	API      Scopes // what it is cut down to; none = all that the person may within its reach
}

// AskedScopes reads what an application asks of a person. Words that mean nothing here
// are passed over (OpenID Connect Core 1.0 §3.1.2.1): the answer says what was granted.
func AskedScopes(text string) PersonScopes {
	set, _ := readScopes(text)
	return set
}

// ParsePersonScopes reads what [PersonScopes.String] wrote.
func ParsePersonScopes(text string) (PersonScopes, error) {
	set, unknown := readScopes(text)
	if unknown != "" {
		return PersonScopes{}, Errorf(Invalid, "unknown scope %s", quote(unknown))
	}
	return set, nil
}

// readScopes also returns a word that means nothing, if there is one.
func readScopes(text string) (set PersonScopes, unknown string) {
	for word := range strings.SplitSeq(text, " ") {
		if i := slices.Index(identityNames, word); i >= 0 {
			set.Identity |= 1 << i
		} else if i := slices.Index(AllScopes, Scope(word)); i >= 0 {
			set.API |= 1 << i
		} else if word != "" {
			unknown = word
		}
	}
	return set, unknown
}

// String returns the space-separated form.
func (set PersonScopes) String() string {
	return strings.TrimSpace(set.Identity.String() + " " + set.API.String())
}

// Login is one sign-in of a person to an application: its refresh tokens and access
// tokens, which end together.
type Login struct {
	ID            LoginID
	UserID        UserID
	ClientID      ClientID
	EnvironmentID EnvironmentID // "" = none in particular
	Scopes        PersonScopes
	Audience      string       // the audiences, separated by a space
	Session       []byte       // hash of the console session that it ends with; nil = with none
	SignedInAt    time.Time    // when the person gave the password last
	From          string       // network address of the application's own request; "" = it made none
	Bound         Confirmation // what its refresh tokens are bound to: what the application held when it got the first
	CreatedAt     time.Time
	UsedAt        time.Time // when it last got an access token; zero = never
	EndsAt        time.Time // whatever is done with it
}

// DeviceState says how far a [DeviceRequest] has come.
type DeviceState string

const (
	DeviceWaiting  DeviceState = "waiting"
	DeviceApproved DeviceState = "approved"
	DeviceDenied   DeviceState = "denied"
	DeviceSpent    DeviceState = "spent" // the tokens have been handed out
)

// DeviceRequest is the wish of a program on some device that a person sign in to it from
// a browser (RFC 8628). Its codes are stored as hashes only.
type DeviceRequest struct {
	ID        DeviceRequestID
	ClientID  ClientID
	Scopes    PersonScopes
	Audience  string // as in [Login]
	From      string // network address that it was begun from
	State     DeviceState
	LoginID   LoginID // once it is approved
	Misses    int     // wrong codes typed for it
	Interval  time.Duration
	PolledAt  time.Time // zero = not yet
	CreatedAt time.Time
	ExpiresAt time.Time
}

// MaxDeviceMisses is how many wrong codes may be typed for a [DeviceRequest]; with the
// last it is denied (S26).
const MaxDeviceMisses = 5

// AuthorizationCode is what stands for a person's consent until the application has
// redeemed it (RFC 6749 §4.1). The code itself is stored as a hash only.
type AuthorizationCode struct {
	LoginID     LoginID
	RedirectURI string
	Challenge   string // RFC 7636, S256
	Nonce       string // for the id_token
	ExpiresAt   time.Time
}
