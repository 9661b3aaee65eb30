package tepin

import "time"

// EnvironmentType decides watermark and render counting.
type EnvironmentType string

const (
	Development EnvironmentType = "development"
	Sandbox     EnvironmentType = "sandbox" // output is watermarked and counts no render
	Production  EnvironmentType = "production"
)

// Subscription owns environments. An instance starts with one.
type Subscription struct {
	ID        SubscriptionID
	Name      string
	CreatedAt time.Time
}

// Environment isolates one tenant: its integrations, templates, media, fonts,
// projects, tasks and usage.
type Environment struct {
	ID             EnvironmentID
	SubscriptionID SubscriptionID
	Name           string // 1 to 100 characters
	TechnicalName  string // IsTechnicalName; matched case-insensitively in paths; never changes
	Type           EnvironmentType
	TokenLifetime  time.Duration // 5 min to 24 h
	SigningAlg     string        // "ES256" or "RS256"
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Version        int64 // ETag; raised by each change
}

// EnvironmentUpdate changes the fields that are not nil.
type EnvironmentUpdate struct {
	Name          *string
	TokenLifetime *time.Duration
	SigningAlg    *string
	IfVersion     *int64 // Stale unless it is the present version
}
