package web

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// quotaHeaders are what [ShowQuotas] sets, for CORS.
const quotaHeaders = "RateLimit, RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"

// ShowQuotas says in the answer how the quotas stand that the request counts for, those
// of earlier calls included: all of them in the structured fields RateLimit and
// RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers), and the one of which least is
// left in the three plain numbers that most clients read.
func ShowQuotas(w http.ResponseWriter, r *http.Request, list []tepin.Standing) {
	if len(list) > 0 {
		setQuotas(w.Header(), exchangeOf(r.Context()), list)
	}
}

// setQuotas adds list to what the exchange shows.
func setQuotas(h http.Header, x *exchange, list []tepin.Standing) {
	now := x.start
	if now.IsZero() {
		now = time.Now()
	}
	for _, s := range list {
		if s.Limit > 0 {
			x.quotas = append(x.quotas, s)
		}
	}
	if len(list) == 0 || len(x.quotas) == 0 {
		return
	}
	least := x.quotas[0]
	var policy, state strings.Builder
	for i, s := range x.quotas {
		if i > 0 {
			policy.WriteString(", ")
			state.WriteString(", ")
		}
		name := quotaName(s)
		fmt.Fprintf(&policy, `%q;q=%d;w=%d`, name, s.Limit, int64(s.Period/time.Second))
		fmt.Fprintf(&state, `%q;r=%d;t=%d`, name, s.Left(), secondsLeft(s, now))
		if s.Left() < least.Left() || s.Left() == least.Left() && s.End().After(least.End()) {
			least = s
		}
	}
	h.Set("RateLimit-Policy", policy.String())
	h.Set("RateLimit", state.String())
	h.Set("RateLimit-Limit", strconv.FormatInt(least.Limit, 10))
	h.Set("RateLimit-Remaining", strconv.FormatInt(least.Left(), 10))
	h.Set("RateLimit-Reset", strconv.FormatInt(secondsLeft(least, now), 10))
}

// quotaName is what the structured fields call an allowance: "integration-tokens-day".
func quotaName(s tepin.Standing) string {
	whose := "integration"
	if s.IntegrationID == "" {
		whose = "environment"
	}
	return whose + "-" + string(s.Use) + "-" + s.PeriodName()
}

// secondsLeft is how long the period lasts yet, in whole seconds, rounded up.
func secondsLeft(s tepin.Standing, now time.Time) int64 {
	return int64(math.Ceil(max(0, s.End().Sub(now)).Seconds()))
}

// exceeded returns what a refusal by a quota says of how the quotas stand.
func exceeded(err error) []tepin.Standing {
	if e, ok := errors.AsType[*tepin.Exceeded](err); ok {
		return e.Standings
	}
	return nil
}
