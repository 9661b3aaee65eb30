package tepin

import "time"

// Limits of an integration's texts, in characters.
const (
	MaxIntegrationName        = 20
	MaxIntegrationDescription = 140
)

// Integration is a service user of an environment: a client id, secrets and scopes.
type Integration struct {
	ID            IntegrationID
	EnvironmentID EnvironmentID
	ClientID      ClientID
	Name          string // 1 to 20 characters
	Description   string // 0 to 140 characters
	Scopes        Scopes
	Enabled       bool
	TokenNetworks Networks // from where it may get tokens; none = from anywhere
	UseNetworks   Networks // from where its tokens may be used; none = from anywhere
	Origins       Origins  // pages that an exchanged token may be bound to (S24)
	Introspects   bool     // it may introspect all tokens of its environment
	RequireBound  bool     // of its tokens only those count that are bound to a key, a certificate or a page
	Quota         Quota
	Epoch         int64 // raised by disabling, cutting scopes and "revoke all": older tokens die
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64
}

// IntegrationUpdate changes the fields that are not nil.
type IntegrationUpdate struct {
	Name          *string
	Description   *string
	Scopes        *Scopes
	Enabled       *bool
	TokenNetworks *Networks
	UseNetworks   *Networks
	Origins       *Origins
	Introspects   *bool
	RequireBound  *bool
	Quota         *Quota
	IfVersion     *int64
}
