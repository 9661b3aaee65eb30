package console

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tepin/tepin"
)

// usage is what usage.html shows of a subscription or an environment.
type usage struct {
	Chart    chart
	ByYear   bool
	Path     string
	Report   string    // address of the download; "" = there is none
	Rows     []amount  // of renders: by environment, or by kind
	RowsName string    // what they are
	Storage  []amount  // by category
	Stored   string    // all of it
	Notes    []fact    // what is agreed on
	Over     string    // a warning; "" = none
	Since    time.Time // of Rows
}

// amount is a row with a bar beside it.
type amount struct {
	Name, Text string
	Width      int // of 100
}

type fact struct{ Name, Text string }

// amounts gives rows their bars, the longest first where sort is set.
func amounts(names []string, values map[string]int64, text func(int64) string, sort bool) []amount {
	if sort {
		slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(values[b], values[a]) })
	}
	var most int64 = 1
	for _, v := range values {
		most = max(most, v)
	}
	rows := make([]amount, len(names))
	for i, name := range names {
		rows[i] = amount{name, text(values[name]), int(values[name] * 100 / most)}
	}
	return rows
}

// size is a number of bytes as people read it.
func size(n int64) string {
	value, unit := float64(n), 0
	units := []string{"bytes", "kB", "MB", "GB", "TB"}
	for value >= 1000 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	return figure(value) + " " + units[unit]
}

func counted(n int64) string { return figure(float64(n)) }

var storageNames = map[tepin.StorageCategory]string{tepin.StoredAssets: "Media", tepin.StoredDocuments: "Documents", tepin.StoredFonts: "Fonts", tepin.StoredCache: "Previews", tepin.StoredOther: "Output and orders"}

// addStorage fills in what is stored.
func (u *usage) addStorage(stored tepin.Storage) {
	values, names := map[string]int64{}, []string{}
	for _, as := range tepin.StorageCategories {
		names = append(names, storageNames[as])
		values[storageNames[as]] = stored[as]
	}
	u.Storage, u.Stored = amounts(names, values, size, false), size(stored.Total())
}

// since is where the counts begin that a chart shows.
func (c *Console) since(byYear bool) (from, to time.Time) {
	now := c.now().UTC()
	if byYear {
		return time.Date(now.Year()-4, 1, 1, 0, 0, 0, 0, time.UTC), now.AddDate(0, 0, 1)
	}
	return time.Date(now.Year(), now.Month()-11, 1, 0, 0, 0, 0, time.UTC), now.AddDate(0, 0, 1)
}

// showEnvironmentUsage is what an environment has rendered and stores.
func (c *Console) showEnvironmentUsage(v *visit) error {
	p, err := c.environment(v, "usage")
	if err != nil {
		return err
	}
	u := usage{ByYear: v.r.URL.Query().Get("by") == "year", Path: p.Path() + "/usage", RowsName: "Kind"}
	from, to := c.since(u.ByYear)
	counts, err := c.store.RenderCounts(v.r.Context(), p.Environment.ID, from, to)
	if err != nil {
		return err
	}
	values, names := map[string]int64{}, []string{}
	for _, n := range counts {
		values[string(n.Format.Kind())] += n.Renders
		values["Watermarked"] += n.Watermarked
	}
	for _, kind := range tepin.RenderKinds {
		if values[string(kind)] > 0 {
			names = append(names, string(kind))
		}
	}
	if values["Watermarked"] > 0 {
		names = append(names, "Watermarked")
	}
	u.Chart, u.Rows, u.Since = rendersChart(counts, c.now(), u.ByYear), amounts(names, values, counted, false), from
	stored, err := c.store.Storage(v.r.Context(), p.Environment.ID)
	if err != nil {
		return err
	}
	u.addStorage(stored)
	p.Usage = &u
	return c.render(v, http.StatusOK, "environment-usage", "Usage, "+p.Environment.Name, p)
}

// showUsage is what a subscription has rendered and stores.
func (c *Console) showUsage(v *visit) error {
	p, err := c.subscription(v, "usage")
	if err != nil {
		return err
	}
	u := usage{ByYear: v.r.URL.Query().Get("by") == "year", Path: p.Path() + "/usage", RowsName: "Environment"}
	u.Report = "/api/v1/subscriptions/" + string(p.Subscription.ID) + "/usage-report?groupBy=month"
	from, to := c.since(u.ByYear)
	counts, err := c.store.SubscriptionRenders(v.r.Context(), p.Subscription.ID, from, to)
	if err != nil {
		return err
	}
	whole := v.roles.Any(owners.roles) // who administers environments alone sees theirs
	counts = slices.DeleteFunc(counts, func(n tepin.RenderCount) bool {
		return !whole && !c.access.Roles(v.actor, n.EnvironmentID).Any(tepin.Administrators)
	})
	values, names := map[string]int64{}, []string{}
	for _, n := range counts {
		name := "Deleted environments"
		if e, ok := c.access.Environment(string(n.EnvironmentID)); ok {
			name = e.Name
		}
		if _, seen := values[name]; !seen {
			names = append(names, name)
		}
		values[name] += n.Renders
	}
	average := tepin.RollingAverage(counts, p.Subscription.StartsAt, c.now(), p.Subscription.AverageMonths)
	u.Chart = rendersChart(counts, c.now(), u.ByYear, c.averageLines(p.Subscription, average, u.ByYear)...)
	u.Rows, u.Since = amounts(names, values, counted, true), from
	u.Notes = agreed(p.Subscription, average)
	if most := p.Subscription.MaxRenders; most > 0 && average > float64(most) {
		u.Over = fmt.Sprintf("On the average, %s renders a month were made, where %s are agreed on. Nothing is refused.", figure(average), counted(most))
	}
	stored, err := c.store.StorageOf(v.r.Context(), p.Subscription.ID)
	if err != nil {
		return err
	}
	sum := tepin.Storage{}
	for env, s := range stored {
		if whole || c.access.Roles(v.actor, env).Any(tepin.Administrators) {
			for as, n := range s {
				sum[as] += n
			}
		}
	}
	u.addStorage(sum)
	p.Usage = &u
	return c.render(v, http.StatusOK, "usage", "Usage, "+p.Subscription.Name, p)
}

// averageLines are the lines across a chart by month.
func (c *Console) averageLines(s tepin.Subscription, average float64, byYear bool) []chartLine {
	if byYear {
		return nil
	}
	lines := []chartLine{{Name: fmt.Sprintf("%d month average", s.AverageMonths), Value: average, Class: "average"}}
	if s.MaxRenders > 0 {
		lines = append(lines, chartLine{Name: "Agreed on", Value: float64(s.MaxRenders), Class: "quota"})
	}
	return lines
}

// agreed is what a subscription may use.
func agreed(s tepin.Subscription, average float64) []fact {
	bound := func(n int64, text func(int64) string) string {
		if n == 0 {
			return "any"
		}
		return text(n)
	}
	return []fact{
		{"Renders a month, on average", figure(average)},
		{"Renders a month that are agreed on", bound(s.MaxRenders, counted)},
		{"Storage that is agreed on", bound(s.MaxStorage, size)},
	}
}
