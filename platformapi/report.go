package platformapi

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// report adds the download of a subscription's usage. It writes its own answer, as a
// file of text and no JSON.
func (a *API) report(who web.Access, path string) {
	parameter := func(name, in, format, doc string, required bool, enum ...any) *huma.Param {
		return &huma.Param{Name: name, In: in, Required: required, Description: doc, Schema: &huma.Schema{Type: huma.TypeString, Format: format, Enum: enum}}
	}
	a.web.Raw(who, huma.Operation{
		Method: http.MethodGet, Path: path, OperationID: "usageReport", Tags: []string{"Usage"}, Summary: "Download the usage of a subscription as CSV (RFC 4180)",
		Description: "One line for each day, month or year, environment and kind of render that there was any of: date, environment, technicalName, type, kind, renders, watermarked. " +
			"A text that a spreadsheet would take for a formula has an apostrophe before it.",
		Parameters: []*huma.Param{
			parameter("subscriptionId", "path", "uuid", "", true),
			parameter("groupBy", "query", "", "What one line stands for.", true, "day", "month", "year"),
			parameter("startDate", "query", "date", "First day, as in 2026-08-01; with endDate.", false),
			parameter("endDate", "query", "date", "Last day; with startDate. Without both: the last 31 days, 12 months or 5 years.", false),
		},
		Responses: map[string]*huma.Response{"200": {Description: "The report.", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}}},
	}, a.writeReport)
}

func (a *API) writeReport(w http.ResponseWriter, r *http.Request) error {
	c, q := web.CallerOf(r.Context()), r.URL.Query()
	in := InPeriod{GroupBy: q.Get("groupBy"), StartDate: q.Get("startDate"), EndDate: q.Get("endDate")}
	if in.GroupBy != "day" && in.GroupBy != "month" && in.GroupBy != "year" {
		return &tepin.Error{Kind: tepin.Invalid, Path: "query.groupBy", Message: "groupBy is day, month or year"}
	}
	p, err := in.read(a.o.Now())
	if err != nil {
		return err
	}
	id := tepin.SubscriptionID(strings.ToLower(r.PathValue("subscriptionId")))
	counts, call, err := a.subscriptionCounts(r.Context(), c, id, p)
	if err != nil {
		return err
	}
	type key struct {
		date, environment string
		kind              tepin.RenderKind
	}
	sums, order := map[key]*tepin.RenderCount{}, []key{}
	for _, n := range counts {
		k := key{p.start(n.Day.UTC()).Format("2006-01-02"), string(n.EnvironmentID), n.Format.Kind()}
		if sums[k] == nil {
			sums[k] = &tepin.RenderCount{}
			order = append(order, k)
		}
		sums[k].Renders += n.Renders
		sums[k].Watermarked += n.Watermarked
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="usage-%s-%s.csv"`, p.from.Format("20060102"), p.to.AddDate(0, 0, -1).Format("20060102")))
	out := csv.NewWriter(w)
	out.UseCRLF = true
	lines := [][]string{{"date", "environment", "technicalName", "type", "kind", "renders", "watermarked"}}
	for _, k := range order {
		name, _ := call(k.environment)
		e, _ := a.o.Access.Environment(k.environment)
		lines = append(lines, []string{k.date, plain(name), e.TechnicalName, string(e.Type), string(k.kind), strconv.FormatInt(sums[k].Renders, 10), strconv.FormatInt(sums[k].Watermarked, 10)})
	}
	return out.WriteAll(lines)
}

// plain is a text that no spreadsheet takes for a formula.
func plain(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
