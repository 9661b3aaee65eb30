package tepin

import "time"

// EnvironmentType decides watermark and render counting.
type EnvironmentType string

const (
	Development EnvironmentType = "development"
	Sandbox     EnvironmentType = "sandbox" // output is watermarked and counts no render
	Production  EnvironmentType = "production"
)

// BrowserGuard is what happens to a token with more than read scopes that comes from a
// foreign page (S22).
type BrowserGuard string

const (
	GuardReport BrowserGuard = "report" // it is served, and reported
	GuardBlock  BrowserGuard = "block"  // it is refused, and reported
	GuardOff    BrowserGuard = "off"
)

// GuardFinding is what the browser guard saw of one integration's tokens in one page.
type GuardFinding struct {
	IntegrationID IntegrationID
	Name          string // of the integration
	Origin        string // of the page as the browser sent it: "https://shop.example", "null", or "" for none
	Reported      int64  // requests that were served
	Blocked       int64  // requests that were refused
	LastAt        time.Time
}

// Subscription owns environments and people. An instance starts with one. Of its numbers,
// zero means no bound.
type Subscription struct {
	ID                     SubscriptionID
	Name                   string
	ClientName             string // whose it is
	BillingContact         string
	DesignerSeats          int64 // of template designers
	SandboxEnvironments    int64
	ProductionEnvironments int64
	MaxRenders             int64 // a month, on the average of AverageMonths; never refuses any
	MaxStorage             int64 // bytes; never refuses any
	AverageMonths          int   // 3 or 6
	StartsAt               time.Time
	EndsAt                 time.Time // zero = it goes on
	CreatedAt              time.Time
	UpdatedAt              time.Time
	Version                int64
}

// SubscriptionUpdate changes the fields that are not nil.
type SubscriptionUpdate struct {
	Name, ClientName, BillingContact                           *string
	DesignerSeats, SandboxEnvironments, ProductionEnvironments *int64
	MaxRenders, MaxStorage                                     *int64
	AverageMonths                                              *int
	StartsAt, EndsAt                                           *time.Time
	IfVersion                                                  *int64
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
	BrowserGuard   BrowserGuard
	Quota          Quota // of all its integrations together
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Version        int64 // ETag; raised by each change
}

// EnvironmentUpdate changes the fields that are not nil.
type EnvironmentUpdate struct {
	Name          *string
	TokenLifetime *time.Duration
	SigningAlg    *string
	BrowserGuard  *BrowserGuard
	Quota         *Quota
	IfVersion     *int64 // Stale unless it is the present version
}
