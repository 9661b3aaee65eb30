package platformapi

import (
	"context"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// quotaOff is what bodies call [tepin.QuotaOff].
const quotaOff = "off"

// quotaBody is a quota as requests set it and answers show it.
type quotaBody struct {
	Mode     string         `json:"mode" enum:"off,observe,enforce" example:"observe" doc:"off: nothing is counted; observe: uses are counted and warned of; enforce: those beyond an allowance are refused with 429."`
	Tokens   *allowanceBody `json:"tokens,omitempty" doc:"Answers of the token endpoint, also those that hand a token out again."`
	Requests *allowanceBody `json:"requests,omitempty" doc:"API requests with an access token."`
	Renders  *allowanceBody `json:"renders,omitempty" doc:"Outputs that are started."`
}

// allowanceBody is how many of one use are allowed.
type allowanceBody struct {
	PerHour int64 `json:"perHour,omitempty" minimum:"0" maximum:"1000000000000" example:"100" doc:"In an hour of UTC; left out = any number."`
	PerDay  int64 `json:"perDay,omitempty" minimum:"0" maximum:"1000000000000" example:"1000" doc:"In a day of UTC; left out = any number."`
}

func quotaBodyOf(q tepin.Quota) quotaBody {
	allowance := func(a tepin.Allowance) *allowanceBody {
		if a == (tepin.Allowance{}) {
			return nil
		}
		return &allowanceBody{PerHour: a.PerHour, PerDay: a.PerDay}
	}
	b := quotaBody{Mode: string(q.Mode), Tokens: allowance(q.Tokens), Requests: allowance(q.Requests), Renders: allowance(q.Renders)}
	if q.Mode == tepin.QuotaOff {
		b.Mode = quotaOff
	}
	return b
}

// quota is what the body sets, if there is one: all of it anew.
func (b *quotaBody) quota() *tepin.Quota {
	if b == nil {
		return nil
	}
	allowance := func(a *allowanceBody) tepin.Allowance {
		if a == nil {
			return tepin.Allowance{}
		}
		return tepin.Allowance{PerHour: a.PerHour, PerDay: a.PerDay}
	}
	q := tepin.Quota{Mode: tepin.QuotaMode(b.Mode), Tokens: allowance(b.Tokens), Requests: allowance(b.Requests), Renders: allowance(b.Renders)}
	if b.Mode == quotaOff {
		q.Mode = tepin.QuotaOff
	}
	return &q
}

type quotaStandings struct {
	Mode       string         `json:"mode" enum:"off,observe,enforce"`
	Allowances []standingBody `json:"allowances" nullable:"false" doc:"Each use, in the present hour and day of UTC."`
}

type standingBody struct {
	Use       tepin.Use `json:"use" enum:"tokens,requests,renders"`
	Period    string    `json:"period" enum:"hour,day"`
	Start     time.Time `json:"start" doc:"When the period began."`
	End       time.Time `json:"end" doc:"When it ends, and counting begins anew."`
	Used      int64     `json:"used" example:"640" doc:"Of all nodes; those of the last second may be missing."`
	Limit     *int64    `json:"limit,omitempty" example:"1000" doc:"Left out = any number."`
	Remaining *int64    `json:"remaining,omitempty" example:"360" doc:"Left out where there is no limit."`
	Percent   *float64  `json:"percent,omitempty" example:"64" doc:"Used, of the limit; beyond 100 where it is only observed."`
	Warning   int       `json:"warning" enum:"0,60,80,100" doc:"The highest threshold that is reached; the audit log has a line for each."`
}

func standingBodyOf(s tepin.Standing) standingBody {
	b := standingBody{Use: s.Use, Period: s.PeriodName(), Start: s.Start, End: s.End(), Used: s.Used, Warning: s.Warning()}
	if s.Limit > 0 {
		left, percent := s.Left(), float64(s.Used*1000/s.Limit)/10
		b.Limit, b.Remaining, b.Percent = &s.Limit, &left, &percent
	}
	return b
}

type quotaAnswer struct{ Body quotaStandings }

func (a *API) getEnvironmentQuota(ctx context.Context, c web.Caller, _ *InEnvironment) (*quotaAnswer, error) {
	return a.standings(ctx, c.Environment.ID, "")
}

func (a *API) getIntegrationQuota(ctx context.Context, c web.Caller, in *InIntegration) (*quotaAnswer, error) {
	return a.standings(ctx, c.Environment.ID, in.IntegrationID)
}

func (a *API) standings(ctx context.Context, env tepin.EnvironmentID, id tepin.IntegrationID) (*quotaAnswer, error) {
	q, list, err := a.o.Quota.Standings(ctx, env, id)
	if err != nil {
		return nil, err
	}
	return &quotaAnswer{quotaStandings{Mode: quotaBodyOf(q).Mode, Allowances: listOf(list, standingBodyOf).Body}}, nil
}
