package tepin

import (
	"encoding/json"
	"time"
)

// ConnectorType is what a connector brings into documents.
type ConnectorType string

const (
	MediaConnector      ConnectorType = "media"
	FontConnector       ConnectorType = "fonts"
	DataConnector       ConnectorType = "data"
	ComponentsConnector ConnectorType = "components"
)

// ConnectorTypes are all of them.
var ConnectorTypes = []ConnectorType{MediaConnector, FontConnector, DataConnector, ComponentsConnector}

// ConnectorOwner is who made a connector.
type ConnectorOwner string

const (
	BuiltInConnector ConnectorOwner = "builtIn" // every environment has it; it can be enabled, disabled and made the default
	UserConnector    ConnectorOwner = "user"    // published by somebody
)

// ScriptSource is where the code of a connector is.
type ScriptSource string

const (
	ExternalScript ScriptSource = "external"     // JavaScript that was published
	DefaultMedia   ScriptSource = "defaultMedia" // in the server: the environment's own media
	DefaultFonts   ScriptSource = "defaultFonts" // in the server: the environment's own fonts
)

// AuthUsage is when a credential of a connector is used.
type AuthUsage string

const (
	BrowserUsage AuthUsage = "browser" // for requests through the HTTP API
	ServerUsage  AuthUsage = "server"  // while an output is made
)

// AuthUsages are both of them.
var AuthUsages = []AuthUsage{BrowserUsage, ServerUsage}

// AuthKind is how a connector shows an upstream who it is.
type AuthKind string

const (
	AuthNone              AuthKind = "none"
	AuthStaticKey         AuthKind = "staticKey"
	AuthClientCredentials AuthKind = "oAuth2ClientCredentials"     // RFC 6749 §4.4
	AuthPassword          AuthKind = "oAuth2ResourceOwnerPassword" // RFC 6749 §4.3
	AuthCode              AuthKind = "oAuth2AuthorizationCode"     // RFC 6749 §4.1; a token for each person
	AuthJWTBearer         AuthKind = "oAuth2JwtBearer"             // RFC 7523
)

// Limits of a connector.
const (
	MaxConnectors          = 500     // of one environment
	MaxConnectorScript     = 2 << 20 // bytes
	MaxConnectorOptions    = 64 << 10
	MaxConnectorOptionKeys = 200
	MaxAllowedDomains      = 100
)

// Connector is a plug-in that fetches media, fonts or data from somewhere else: a script,
// the hosts that it may ask, and how they learn who asks. Its script is read on its own.
type Connector struct {
	ID               ConnectorID
	EnvironmentID    EnvironmentID
	Name             string // 1 to 255 characters
	Description      string
	Release          string // the version that its publisher gave it
	Type             ConnectorType
	IconURL          string
	Options          json.RawMessage // an object of strings, booleans and numbers, handed to the script
	APIVersion       string          // of the interface that the script was built for
	AllowedDomains   []string        // hosts that may be asked: a name or address, with a port if it is not the scheme's; "*." in front stands for one label
	AllowedMethods   []string        // methods that may be used
	ForwardedHeaders bool            // upstreams are told by X-Forwarded-… for whom
	Enabled          bool
	Default          bool // the one that is used where none is named; one for each type
	Owner            ConnectorOwner
	ScriptSource     ScriptSource
	ScriptSize       int64  // bytes
	ScriptSHA256     string // lower-case hex
	Auth             map[AuthUsage]AuthKind
	CreatedAt        time.Time
	UpdatedAt        time.Time
	Version          int64 // of the row
}

// AuthFor returns the kind of credential that is used; [AuthNone] where there is none.
func (c Connector) AuthFor(u AuthUsage) AuthKind {
	if k := c.Auth[u]; k != "" {
		return k
	}
	return AuthNone
}

// ConnectorUpdate changes the fields that are not nil.
type ConnectorUpdate struct {
	Name             *string
	Description      *string
	Release          *string
	Type             *ConnectorType
	IconURL          *string
	Options          *json.RawMessage
	Script           *string
	APIVersion       *string
	AllowedDomains   *[]string
	AllowedMethods   *[]string
	ForwardedHeaders *bool
	Enabled          *bool
	Default          *bool
	IfVersion        *int64
}

// ConnectorCredential is how a connector shows an upstream who it is, for one usage. What
// it is made of is sealed, together with the hosts that it may go to.
type ConnectorCredential struct {
	ID            ConnectorCredentialID
	EnvironmentID EnvironmentID
	ConnectorID   ConnectorID
	Usage         AuthUsage
	Kind          AuthKind
	Name          string
	Sealed        []byte
	SealedBy      string // id of the master key
	CreatedAt     time.Time
}

// ConnectorToken is what a person's sign-in to a connector's upstream gave: tokens, sealed.
type ConnectorToken struct {
	ID            string
	EnvironmentID EnvironmentID
	ConnectorID   ConnectorID
	CredentialID  ConnectorCredentialID
	UserID        UserID
	Sealed        []byte
	SealedBy      string
	UpdatedAt     time.Time
	Version       int64
}

// SignInTime is for how long a person's sign-in to an upstream can be finished.
const SignInTime = 10 * time.Minute

// ConnectorSignIn is a sign-in to an upstream that has begun. It can be finished once.
type ConnectorSignIn struct {
	State         []byte // SHA-256 of the state
	Cookie        []byte // SHA-256 of the cookie of the browser; empty = no browser has taken it up
	EnvironmentID EnvironmentID
	ConnectorID   ConnectorID
	CredentialID  ConnectorCredentialID
	UserID        UserID
	Verifier      string // of PKCE (RFC 7636)
	CreatedAt     time.Time
}

// SealedPlace is where a sealed value stands, and what it is bound to (S12).
type SealedPlace struct {
	Instance      string
	Table         string
	Row           string
	Column        string
	EnvironmentID EnvironmentID
}

// Context is the place as authenticated data, its purpose apart.
func (p SealedPlace) Context() []string {
	return []string{p.Instance, p.Table, p.Row, p.Column, string(p.EnvironmentID)}
}

// StagedKept is how long staged files wait to be used.
const StagedKept = 24 * time.Hour

// StagedFile is a file that somebody hands to a connector, to be uploaded by its script.
type StagedFile struct {
	ID            StagedFileID
	EnvironmentID EnvironmentID
	ConnectorID   ConnectorID
	OwnerKind     ActorKind
	OwnerID       string
	Name          string // with its extension
	ContentType   string // told from its bytes
	Blob          BlobRef
	CreatedAt     time.Time
}
