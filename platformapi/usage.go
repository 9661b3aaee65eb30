package platformapi

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// MaxPeriods bounds how many days, months or years one answer counts.
const MaxPeriods = 1000

// InPeriod is the part of inputs that asks for counts.
type InPeriod struct {
	GroupBy   string `query:"groupBy" required:"true" enum:"day,month,year" doc:"What one entry stands for."`
	StartDate string `query:"startDate" format:"date" doc:"First day, as in 2026-08-01; with endDate."`
	EndDate   string `query:"endDate" format:"date" doc:"Last day; with startDate. Without both: the last 31 days, 12 months or 5 years."`
	Top       int    `query:"top" minimum:"1" doc:"Name this many, and put the rest together as Others."`
}

// period is what is asked for: days from (inclusive) to (exclusive), grouped.
type period struct {
	from, to time.Time
	start    func(time.Time) time.Time // of the group that a day belongs to
	next     func(time.Time) time.Time // group
	top      int
}

// read checks the input; without dates it ends today.
func (in InPeriod) read(now time.Time) (period, error) {
	year, month, day := now.UTC().Date()
	date := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	p := period{top: in.Top, to: date(year, month, day+1)}
	switch in.GroupBy {
	case "day":
		p.from = date(year, month, day-30)
		p.start = func(t time.Time) time.Time { return t }
		p.next = func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }
	case "month":
		p.from = date(year, month-11, 1)
		p.start = func(t time.Time) time.Time { return date(t.Year(), t.Month(), 1) }
		p.next = func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }
	case "year":
		p.from = date(year-4, 1, 1)
		p.start = func(t time.Time) time.Time { return date(t.Year(), 1, 1) }
		p.next = func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }
	}
	if (in.StartDate == "") != (in.EndDate == "") {
		return p, &tepin.Error{Kind: tepin.Invalid, Path: "startDate", Message: "startDate and endDate go together; give both or none"}
	}
	if in.StartDate == "" {
		return p, nil
	}
	var err error
	if p.from, err = parseDate("startDate", in.StartDate); err != nil {
		return p, err
	}
	last, err := parseDate("endDate", in.EndDate)
	if err != nil {
		return p, err
	}
	p.to = last.AddDate(0, 0, 1)
	switch {
	case !p.from.Before(p.to):
		return p, &tepin.Error{Kind: tepin.Invalid, Path: "endDate", Message: "endDate lies before startDate"}
	case len(p.groups()) > MaxPeriods:
		return p, &tepin.Error{Kind: tepin.Invalid, Path: "startDate", Message: "that is more than 1000 entries; ask for less time, or group by month or year"}
	}
	return p, nil
}

func parseDate(name, text string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, &tepin.Error{Kind: tepin.Invalid, Path: name, Message: "a date is written like 2026-08-31"}
	}
	return t, nil
}

// groups returns the beginnings of the period's groups, oldest first, one more than
// [MaxPeriods] at most.
func (p period) groups() []time.Time {
	var all []time.Time
	for t := p.start(p.from); t.Before(p.to) && len(all) <= MaxPeriods; t = p.next(t) {
		all = append(all, t)
	}
	return all
}

// named is the renders of one format or environment.
type named struct {
	Name    string `json:"name" example:"Pdf"`
	Renders int64  `json:"renders"`
}

type environmentRenders struct {
	Date         time.Time `json:"date" doc:"First day of the day, month or year, in UTC."`
	TotalRenders int64     `json:"totalRenders"`
	Watermarked  int64     `json:"totalWatermarkedRenders" doc:"Watermarked output, which counts no renders."`
	Detail       []named   `json:"renderDetail" nullable:"false" doc:"By kind: Pdf, Image, Batch (PDFs of several records), AI, HTML, MP4, Other; most first. Watermarked, which is in no total, comes last."`
}

type subscriptionRenders struct {
	Date         time.Time `json:"date" doc:"First day of the day, month or year, in UTC."`
	TotalRenders int64     `json:"totalRenders"`
	Watermarked  int64     `json:"totalWatermarkedRenders" doc:"Watermarked output, which counts no renders."`
	Environments []named   `json:"environments" nullable:"false" doc:"Production, sandbox and development, most renders first."`
}

// tally sums counts by group and key, a format or an environment.
type tally struct {
	renders     map[time.Time]map[string]int64
	watermarked map[time.Time]int64
}

func newTally() tally {
	return tally{renders: map[time.Time]map[string]int64{}, watermarked: map[time.Time]int64{}}
}

// add counts n under key.
func (t tally) add(group time.Time, key string, n tepin.RenderCount) {
	if t.renders[group] == nil {
		t.renders[group] = map[string]int64{}
	}
	if n.Renders > 0 {
		t.renders[group][key] += n.Renders
	}
	t.watermarked[group] += n.Watermarked
}

// list returns what a group's keys are called, in the order of their rank, then most
// renders first, and their sum. Beyond top (0 = no bound) they become "Others".
func (t tally) list(group time.Time, top int, call func(key string) (name string, rank int)) (names []named, sum int64) {
	names = []named{}
	ranks := map[string]int{}
	for key, renders := range t.renders[group] {
		name, rank := call(key)
		names, ranks[name] = append(names, named{name, renders}), rank
		sum += renders
	}
	slices.SortFunc(names, func(a, b named) int {
		return cmp.Or(cmp.Compare(ranks[a.Name], ranks[b.Name]), cmp.Compare(b.Renders, a.Renders), strings.Compare(a.Name, b.Name))
	})
	if top > 0 && len(names) > top {
		others := named{Name: "Others"}
		for _, n := range names[top:] {
			others.Renders += n.Renders
		}
		names = append(names[:top], others)
	}
	return names, sum
}

type environmentRendersIn struct {
	InEnvironment
	InPeriod
}

func (a *API) environmentRenders(ctx context.Context, c web.Caller, in *environmentRendersIn) (*list[environmentRenders], error) {
	p, err := in.read(a.o.Now())
	if err != nil {
		return nil, err
	}
	counts, err := a.o.Store.RenderCounts(ctx, c.Environment.ID, p.from, p.to)
	if err != nil {
		return nil, err
	}
	t := newTally()
	for _, n := range counts {
		t.add(p.start(n.Day.UTC()), string(n.Format.Kind()), n)
	}
	return listOf(p.groups(), func(g time.Time) environmentRenders {
		detail, sum := t.list(g, p.top, func(kind string) (string, int) { return kind, 0 })
		if n := t.watermarked[g]; n > 0 {
			detail = append(detail, named{"Watermarked", n})
		}
		return environmentRenders{Date: g, TotalRenders: sum, Watermarked: t.watermarked[g], Detail: detail}
	}), nil
}

type subscriptionRendersIn struct {
	InSubscription
	InPeriod
}

func (a *API) subscriptionRenders(ctx context.Context, c web.Caller, in *subscriptionRendersIn) (*list[subscriptionRenders], error) {
	p, err := in.read(a.o.Now())
	if err != nil {
		return nil, err
	}
	counts, call, err := a.subscriptionCounts(ctx, c, in.SubscriptionID, p)
	if err != nil {
		return nil, err
	}
	t := newTally()
	for _, n := range counts {
		t.add(p.start(n.Day.UTC()), string(n.EnvironmentID), n)
	}
	return listOf(p.groups(), func(g time.Time) subscriptionRenders {
		names, sum := t.list(g, p.top, call)
		return subscriptionRenders{Date: g, TotalRenders: sum, Watermarked: t.watermarked[g], Environments: names}
	}), nil
}

// deletedEnvironments is what the environments of a subscription are called together that
// there are no more.
const deletedEnvironments = "Deleted environments"

// subscriptionCounts reads what the caller may see of the renders of a subscription, and
// how its environments are called and ranked. Those that are deleted count for whoever
// administers the subscription.
func (a *API) subscriptionCounts(ctx context.Context, c web.Caller, id tepin.SubscriptionID, p period) ([]tepin.RenderCount, func(string) (string, int), error) {
	_, envs, err := a.subscription(ctx, c, id)
	if err != nil {
		return nil, nil, err
	}
	counts, err := a.o.Store.SubscriptionRenders(ctx, id, p.from, p.to)
	if err != nil {
		return nil, nil, err
	}
	byID := map[string]tepin.Environment{"": {Name: deletedEnvironments}}
	for _, e := range envs {
		byID[string(e.ID)] = e
	}
	kept := counts[:0]
	for _, n := range counts {
		if _, seen := byID[string(n.EnvironmentID)]; !seen {
			if _, there := a.o.Access.Environment(string(n.EnvironmentID)); there || !c.Actor.Roles.Any(owners.Roles) {
				continue
			}
			n.EnvironmentID = ""
		}
		kept = append(kept, n)
	}
	order := []tepin.EnvironmentType{tepin.Production, tepin.Sandbox, tepin.Development, ""}
	return kept, func(id string) (string, int) { return byID[id].Name, slices.Index(order, byID[id].Type) }, nil
}
