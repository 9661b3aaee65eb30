package tepin

import "time"

// QuotaMode says what happens beyond a quota.
type QuotaMode string

const (
	QuotaOff     QuotaMode = ""        // nothing is counted
	QuotaObserve QuotaMode = "observe" // it is counted and warned of
	QuotaEnforce QuotaMode = "enforce" // and what goes beyond is refused
)

// Use is what quotas count.
type Use string

const (
	UseTokens   Use = "tokens"   // answers of the token endpoint
	UseRequests Use = "requests" // API requests with an access token
	UseRenders  Use = "renders"  // output tasks
)

// Uses is all of them.
var Uses = []Use{UseTokens, UseRequests, UseRenders}

// Quota bounds what an integration, or an environment as a whole, may use. Hours and
// days are those of UTC.
type Quota struct {
	Mode     QuotaMode `json:"mode,omitempty"`
	Tokens   Allowance `json:"tokens,omitzero"`
	Requests Allowance `json:"requests,omitzero"`
	Renders  Allowance `json:"renders,omitzero"`
}

// Allowance is how many of one use are allowed; 0 = any number.
type Allowance struct {
	PerHour int64 `json:"perHour,omitempty"`
	PerDay  int64 `json:"perDay,omitempty"`
}

// Of returns the allowance for a use.
func (q Quota) Of(u Use) Allowance {
	switch u {
	case UseTokens:
		return q.Tokens
	case UseRequests:
		return q.Requests
	}
	return q.Renders
}

// Period is the hour or the day that t lies in, as quotas count them.
func Period(t time.Time, length time.Duration) time.Time { return t.UTC().Truncate(length) }
