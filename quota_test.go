package tepin_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
)

func TestParseQuota(t *testing.T) {
	q, err := tepin.ParseQuota(`{"mode":"enforce","tokens":{"perHour":1,"perDay":2},"renders":{"perDay":3},"later":true}`)
	want := tepin.Quota{Mode: tepin.QuotaEnforce, Tokens: tepin.Allowance{PerHour: 1, PerDay: 2}, Renders: tepin.Allowance{PerDay: 3}}
	if err != nil || q != want {
		t.Fatalf("%+v, %v", q, err)
	}
	for use, allowed := range map[tepin.Use][2]int64{tepin.UseTokens: {1, 2}, tepin.UseRequests: {0, 0}, tepin.UseRenders: {0, 3}} {
		if a := q.Of(use); a.In(time.Hour) != allowed[0] || a.In(24*time.Hour) != allowed[1] {
			t.Errorf("%s: %+v", use, a)
		}
	}
	for text, says := range map[string]string{
		``: "a JSON object", `[]`: "a JSON object", `{"mode":"always"}`: "quota.mode: ", `{"tokens":{"perDay":-1}}`: "quota.tokens: ",
		`{"mode":"observe","renders":{"perHour":1000000000001}}`: "quota.renders: ", `{"requests":{"perHour":1.5}}`: "a JSON object",
	} {
		if _, err := tepin.ParseQuota(text); tepin.KindOf(err) != tepin.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q in it", text, err, says)
		}
	}
}

func FuzzParseQuota(f *testing.F) {
	for _, s := range []string{`{}`, `{"mode":"observe","requests":{"perHour":5}}`, `{"mode":1}`, `{"tokens":{"perDay":9223372036854775807}}`, `null`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := tepin.ParseQuota(s)
		if err != nil {
			if tepin.KindOf(err) != tepin.Invalid || q != (tepin.Quota{}) {
				t.Errorf("%q: %+v, %v", s, q, err)
			}
			return
		}
		text, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := tepin.ParseQuota(string(text)); err != nil || again != q {
			t.Errorf("%q is stored as %s and read as %+v, %v", s, text, again, err)
		}
	})
}

func TestStanding(t *testing.T) {
	start := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		limit, used, left int64
		warning           int
		exhausted         bool
	}{
		{0, 1000, 0, 0, false}, {10, 5, 5, 0, false}, {10, 6, 4, 60, false}, {10, 7, 3, 60, false}, {10, 8, 2, 80, false}, {10, 9, 1, 80, false},
		{10, 10, 0, 100, true}, {10, 11, 0, 100, true}, {1, 0, 1, 0, false}, {1, 1, 0, 100, true}, {3, 1, 2, 0, false}, {3, 2, 1, 60, false},
		{tepin.MaxAllowance, tepin.MaxAllowance - 1, 1, 80, false}, {tepin.MaxAllowance, 2 * tepin.MaxAllowance, 0, 100, true},
	} {
		s := tepin.Standing{Period: time.Hour, Start: start, Limit: c.limit, Used: c.used, Enforced: true}
		if s.Left() != c.left || s.Warning() != c.warning || s.Exhausted() != c.exhausted || !s.End().Equal(start.Add(time.Hour)) {
			t.Errorf("%d of %d: left %d, warning %d, exhausted %t, until %s", c.used, c.limit, s.Left(), s.Warning(), s.Exhausted(), s.End())
		}
		if s.Enforced = false; s.Exhausted() {
			t.Errorf("%d of %d: what is observed is exhausted", c.used, c.limit)
		}
	}
}

// A refusal lasts until nothing is exhausted any more.
func TestCheckQuotas(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	hour := tepin.Standing{IntegrationID: "i", Use: tepin.UseRequests, Period: time.Hour, Start: tepin.PeriodStart(now, time.Hour), Limit: 5, Used: 5, Enforced: true}
	daily := tepin.Standing{Use: tepin.UseRequests, Period: 24 * time.Hour, Start: tepin.PeriodStart(now, 24*time.Hour), Limit: 9, Used: 9, Enforced: true}
	for _, c := range []struct {
		list []tepin.Standing
		wait time.Duration
		says string
	}{
		{[]tepin.Standing{hour}, 53*time.Minute + 53*time.Second, "the integration has used the 5 API requests that its quota allows this hour; go on at 2026-03-04T06:00:00Z"},
		{[]tepin.Standing{daily, hour}, 18*time.Hour + 53*time.Minute + 53*time.Second, "the environment has used the 9 API requests that its quota allows this day; go on at 2026-03-05T00:00:00Z"},
	} {
		err := tepin.CheckQuotas(c.list, now)
		if e, ok := err.(*tepin.Error); !ok || e.Kind != tepin.TooMany || e.RetryAfter != c.wait || !strings.HasPrefix(e.Message, c.says) {
			t.Errorf("%v", err)
		}
	}
	hour.Used = 4
	daily.Enforced = false
	if err := tepin.CheckQuotas([]tepin.Standing{hour, daily}, now); err != nil {
		t.Errorf("nothing is exhausted: %v", err)
	}
}
