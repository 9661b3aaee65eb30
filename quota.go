package tepin

import (
	"encoding/json"
	"fmt"
	"time"
)

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
	UseTokens   Use = "tokens"   // answers of the token endpoint, also those that hand a token out again
	UseRequests Use = "requests" // API requests with an access token
	UseRenders  Use = "renders"  // output tasks
)

// Uses is all of them.
var Uses = []Use{UseTokens, UseRequests, UseRenders}

// QuotaPeriods are the lengths of time that quotas count in. Hours and days are those
// of UTC.
var QuotaPeriods = []time.Duration{time.Hour, 24 * time.Hour}

// QuotaThresholds are the parts of an allowance, in per cent, at which there is a
// warning.
var QuotaThresholds = []int{60, 80, 100}

// MaxAllowance is the largest number that an allowance can be.
const MaxAllowance = 1_000_000_000_000

// Quota bounds what an integration, or an environment's integrations together, may
// use.
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

// In returns what is allowed in one of the [QuotaPeriods].
func (a Allowance) In(period time.Duration) int64 {
	if period == time.Hour {
		return a.PerHour
	}
	return a.PerDay
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

// Check refuses a quota with an unknown mode or an allowance that cannot be.
func (q Quota) Check() error {
	if q.Mode != QuotaOff && q.Mode != QuotaObserve && q.Mode != QuotaEnforce {
		return &Error{Kind: Invalid, Path: "quota.mode", Message: "the mode of a quota is off, observe or enforce"}
	}
	for _, u := range Uses {
		for _, p := range QuotaPeriods {
			if n := q.Of(u).In(p); n < 0 || n > MaxAllowance {
				return &Error{Kind: Invalid, Path: "quota." + string(u), Message: fmt.Sprintf("an allowance is a whole number from 0, for any number, to %d", int64(MaxAllowance))}
			}
		}
	}
	return nil
}

// ParseQuota reads the JSON form of a quota.
func ParseQuota(text string) (Quota, error) {
	var q Quota
	if err := json.Unmarshal([]byte(text), &q); err != nil {
		return Quota{}, &Error{Kind: Invalid, Message: `a quota is a JSON object such as {"mode":"observe","renders":{"perDay":1000}}`, Cause: err}
	}
	if err := q.Check(); err != nil {
		return Quota{}, err
	}
	return q, nil
}

// Standing is how one allowance of a quota stands in a period.
type Standing struct {
	IntegrationID IntegrationID // "" = the quota is the environment's
	Use           Use
	Period        time.Duration // one of the QuotaPeriods
	Start         time.Time     // when the period began
	Limit         int64         // 0 = any number
	Used          int64
	Enforced      bool
}

// PeriodStart is when the hour or the day that t lies in began.
func PeriodStart(t time.Time, period time.Duration) time.Time { return t.UTC().Truncate(period) }

// End is when the period ends, and counting begins anew.
func (s Standing) End() time.Time { return s.Start.Add(s.Period) }

// Left is how much of the allowance is left.
func (s Standing) Left() int64 { return max(0, s.Limit-s.Used) }

// Exhausted reports whether nothing is left, and that matters.
func (s Standing) Exhausted() bool { return s.Enforced && s.Limit > 0 && s.Used >= s.Limit }

// Warning is the highest of the [QuotaThresholds] that is reached, or 0.
func (s Standing) Warning() int {
	reached := 0
	for _, percent := range QuotaThresholds {
		if s.Limit > 0 && s.Used*100 >= s.Limit*int64(percent) {
			reached = percent
		}
	}
	return reached
}

// PeriodName is "hour" or "day".
func (s Standing) PeriodName() string {
	if s.Period == time.Hour {
		return "hour"
	}
	return "day"
}

// Exceeded is the cause of a refusal by a quota.
type Exceeded struct{ Standings []Standing } // of everything that the use counts for

func (e *Exceeded) Error() string { return "quota exceeded" }

// useNames are what refusals call the uses.
var useNames = map[Use]string{UseTokens: "token answers", UseRequests: "API requests", UseRenders: "outputs"}

// CheckQuotas refuses one use more when one of the standings is exhausted, until the
// last period in which one is has ended.
func CheckQuotas(list []Standing, now time.Time) error {
	var last *Standing
	for i := range list {
		if s := &list[i]; s.Exhausted() && (last == nil || s.End().After(last.End())) {
			last = s
		}
	}
	if last == nil {
		return nil
	}
	whose := "the integration"
	if last.IntegrationID == "" {
		whose = "the environment"
	}
	return &Error{Kind: TooMany, RetryAfter: last.End().Sub(now), Cause: &Exceeded{list},
		Message: fmt.Sprintf("%s has used the %d %s that its quota allows this %s; go on at %s, or have an administrator raise the quota",
			whose, last.Limit, useNames[last.Use], last.PeriodName(), last.End().Format(time.RFC3339))}
}
