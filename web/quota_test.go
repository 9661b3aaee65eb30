package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
)

// quotaDoor is a guard whose quotas stand as the test says.
type quotaDoor struct {
	r     *rig
	list  []tepin.Standing
	taken int
}

func (q *quotaDoor) take(by tepin.Actor, u tepin.Use) ([]tepin.Standing, error) {
	if u != tepin.UseRequests || by.Kind != tepin.ActorIntegration {
		q.r.t.Errorf("%s by a %s is counted", u, by.Kind)
	}
	q.taken++
	return q.list, tepin.CheckQuotas(q.list, time.Now())
}

// api has a hand-written operation, which starts what counts for a further quota, and a
// typed one.
func (q *quotaDoor) api(more []tepin.Standing) *API {
	a := NewAPI(Guard{Directory: q.r.Access, Quota: q.take}, huma.Info{Title: "Things", Version: "v1"})
	const base = "/api/v1/environment/{environment}"
	a.Raw(Access{Scope: tepin.TemplateRead}, huma.Operation{Method: "POST", Path: base + "/raw", OperationID: "raw"}, func(w http.ResponseWriter, r *http.Request) error {
		ShowQuotas(w, r, more)
		return tepin.CheckQuotas(more, time.Now())
	})
	Register(a, Access{AnyToken: true}, huma.Operation{Method: "GET", Path: base + "/typed", OperationID: "typed"}, func(context.Context, Caller, *struct {
		Environment string `path:"environment"`
	}) (*struct{}, error) {
		return nil, tepin.CheckQuotas(more, time.Now())
	})
	return a
}

// standing is one that has used so much of a hour or a day that began a minute ago.
func standing(id tepin.IntegrationID, u tepin.Use, period time.Duration, limit, used int64, enforced bool) tepin.Standing {
	return tepin.Standing{IntegrationID: id, Use: u, Period: period, Start: time.Now().Add(-time.Minute), Limit: limit, Used: used, Enforced: enforced}
}

func TestQuotaHeaders(t *testing.T) {
	r := newRig(t)
	token := r.NewToken(r.own, tepin.TemplateRead)
	q := &quotaDoor{r: r}
	const path = "/api/v1/environment/own/"
	seconds := func(s string) string {
		return regexp.MustCompile(`(t=|^)(3[45]\d\d|86[23]\d\d)`).ReplaceAllString(s, "${1}N")
	}
	renders := standing("i", tepin.UseRenders, 24*time.Hour, 3, 1, true)
	for _, c := range []struct {
		name                            string
		list, more                      []tepin.Standing
		status                          int
		limit, left, reset, policy, all string
	}{
		{"no quota", nil, nil, 200, "", "", "", "", ""},
		{"counted without a limit", []tepin.Standing{standing("i", tepin.UseRequests, time.Hour, 0, 5, true)}, nil, 200, "", "", "", "", ""},
		{"one", []tepin.Standing{standing("i", tepin.UseRequests, time.Hour, 10, 4, true)}, nil, 200, "10", "6", "N",
			`"integration-requests-hour";q=10;w=3600`, `"integration-requests-hour";r=6;t=N`},
		{"two, the second of which has least", []tepin.Standing{standing("", tepin.UseRequests, time.Hour, 100, 4, true), standing("i", tepin.UseRequests, 24*time.Hour, 10, 4, false)}, nil, 200, "10", "6", "N",
			`"environment-requests-hour";q=100;w=3600, "integration-requests-day";q=10;w=86400`, `"environment-requests-hour";r=96;t=N, "integration-requests-day";r=6;t=N`},
		{"observed and exceeded", []tepin.Standing{standing("i", tepin.UseRequests, time.Hour, 10, 40, false)}, nil, 200, "10", "0", "N",
			`"integration-requests-hour";q=10;w=3600`, `"integration-requests-hour";r=0;t=N`},
		{"exhausted", []tepin.Standing{standing("i", tepin.UseRequests, time.Hour, 10, 10, true)}, nil, 429, "10", "0", "N",
			`"integration-requests-hour";q=10;w=3600`, `"integration-requests-hour";r=0;t=N`},
		{"with what the call starts", []tepin.Standing{standing("i", tepin.UseRequests, time.Hour, 10, 4, true)}, []tepin.Standing{renders}, 200, "3", "2", "N",
			`"integration-requests-hour";q=10;w=3600, "integration-renders-day";q=3;w=86400`, `"integration-requests-hour";r=6;t=N, "integration-renders-day";r=2;t=N`},
	} {
		q.list = c.list
		for _, call := range [][2]string{{"POST", "raw"}, {"GET", "typed"}} {
			if call[1] == "typed" && c.more != nil {
				continue
			}
			req := request(call[0], path+call[1], nil)
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Origin", "https://shop.example")
			w, _ := serve(t, Stack{}, q.api(c.more), req)
			h := w.Header()
			status := w.Code
			if status == 204 {
				status = 200
			}
			if status != c.status || h.Get("RateLimit-Limit") != c.limit || h.Get("RateLimit-Remaining") != c.left || seconds(h.Get("RateLimit-Reset")) != c.reset ||
				h.Get("RateLimit-Policy") != c.policy || seconds(h.Get("RateLimit")) != c.all {
				t.Errorf("%s, %s: %d %v", c.name, call[1], w.Code, h)
			}
			if retry := h.Get("Retry-After"); (retry != "") != (c.status == 429) || c.status == 429 && seconds(retry) != "N" {
				t.Errorf("%s, %s: Retry-After %q", c.name, call[1], retry)
			}
			for _, name := range []string{"RateLimit", "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"} {
				if !strings.Contains(h.Get("Access-Control-Expose-Headers")+",", name+",") {
					t.Errorf("pages cannot read %s", name)
				}
			}
		}
	}
	// A refusal by the handler says how things stand, from the typed and the hand-written one.
	q.list = []tepin.Standing{standing("i", tepin.UseRequests, time.Hour, 10, 4, true)}
	renders.Used = 3
	for _, call := range [][2]string{{"POST", "raw"}, {"GET", "typed"}} {
		req := request(call[0], path+call[1], nil)
		req.Header.Set("Authorization", "Bearer "+token)
		w, _ := serve(t, Stack{}, q.api([]tepin.Standing{renders}), req)
		if w.Code != 429 || w.Header().Get("RateLimit-Remaining") != "0" || !strings.Contains(w.Header().Get("RateLimit"), `"integration-renders-day";r=0`) ||
			!strings.Contains(w.Body.String(), "has used the 3 outputs") || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d %v %s", call[1], w.Code, w.Header(), w.Body)
		}
	}
}

// 429 comes after 401, 404 and 403, which are not counted, and before the body is read
// (S15).
func TestQuotaOrder(t *testing.T) {
	r := newRig(t)
	q := &quotaDoor{r: r, list: []tepin.Standing{standing("i", tepin.UseRequests, time.Hour, 1, 1, true)}}
	a := q.api(nil)
	reader, writer := r.NewToken(r.own, tepin.TemplateRead), r.NewToken(r.own, tepin.TemplateWrite)
	for _, c := range []struct {
		path, token string
		status      int
	}{
		{"own", "", 401}, {"own", reader + "x", 401}, {"other", reader, 404}, {"nowhere", reader, 404}, {"own", writer, 403}, {"own", reader, 429},
	} {
		q.taken = 0
		w := call(t, a, "POST", "/api/v1/environment/"+c.path+"/raw", c.token, tripwire{t})
		if w.Code != c.status || (q.taken > 0) != (c.status == 429) {
			t.Errorf("%s: %d, want %d; counted %d times", c.path, w.Code, c.status, q.taken)
		}
	}
}

// Quotas cost a handler without a stack around it nothing that it does not have.
func TestShowQuotasWithoutStack(t *testing.T) {
	w := httptest.NewRecorder()
	ShowQuotas(w, httptest.NewRequest("GET", "/", nil), []tepin.Standing{standing("", tepin.UseTokens, time.Hour, 5, 1, true)})
	if got := w.Header().Get("RateLimit-Limit"); got != "5" {
		t.Errorf("limit %q", got)
	}
}

// UseNetworks are judged by the client's address as the trusted proxies report it.
func TestUseNetworks(t *testing.T) {
	r := newRig(t)
	i, secret := r.Integration(r.own, tepin.TemplateRead)
	token, err := r.Token(i.ClientID, secret)
	must(t, err)
	networks, err := tepin.ParseNetworks("198.51.100.0/24 2001:db8::/32")
	must(t, err)
	_, err = r.Credential.UpdateIntegration(t.Context(), tepin.System, r.own.ID, i.ID, tepin.IntegrationUpdate{UseNetworks: &networks})
	must(t, err)
	a := r.things(nil)
	proxies, err := tepin.ParseNetworks("10.0.0.0/8")
	must(t, err)
	for _, c := range []struct {
		from, forwarded string
		status          int
	}{
		{"198.51.100.7:1", "", 200}, {"198.51.101.7:1", "", 403}, {"[::ffff:198.51.100.7]:1", "", 200}, {"[2001:db8:5::1]:1", "", 200}, {"[2001:db9::1]:1", "", 403},
		{"10.0.0.1:1", "198.51.100.7", 200},
		{"10.0.0.1:1", "203.0.113.9", 403},
		{"10.0.0.1:1", "198.51.100.7, 203.0.113.9", 403}, // what the client itself wrote is not believed
		{"10.0.0.1:1", "203.0.113.9, 198.51.100.7", 200},
		{"10.0.0.1:1", "", 403},
		{"203.0.113.9:1", "198.51.100.7", 403}, // no trusted proxy
	} {
		req := request("PUT", "/api/v1/environment/own/bytes", strings.NewReader("x"))
		req.RemoteAddr = c.from
		req.Header.Set("Authorization", "Bearer "+token)
		if c.forwarded != "" {
			req.Header.Set("X-Forwarded-For", c.forwarded)
		}
		w, _ := serve(t, Stack{TrustedProxies: proxies}, a, req)
		if w.Code != c.status || c.status == 403 && !strings.Contains(w.Body.String(), "administrator lists the networks") {
			t.Errorf("from %s for %q: %d %s", c.from, c.forwarded, w.Code, w.Body)
		}
	}
}
