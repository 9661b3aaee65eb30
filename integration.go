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
	Epoch         int64 // raised by disabling and by cutting scopes: older tokens die
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Version       int64
}

// IntegrationUpdate changes the fields that are not nil.
type IntegrationUpdate struct {
	Name        *string
	Description *string
	Scopes      *Scopes
	Enabled     *bool
	IfVersion   *int64
}
