//go:build !race

package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
)

// S10: whether a client id exists is told neither by the answer nor by how long it takes:
// the medians of an unknown client and of a wrong secret differ by less than 10 %. Both
// are asked in turn, so that what else the machine does falls on both; and once more, up
// to five times, when it has fallen on one.
func TestStrangersTakeTheSameTime(t *testing.T) {
	r := newRig(t)
	r.freeze()
	in, _ := r.Integration(r.env, tepin.AllScopes...)
	_, wrong := r.Integration(r.env)
	handler := r.server.Config.Handler
	ask := func(id tepin.ClientID) (time.Duration, *httptest.ResponseRecorder) {
		req := httptest.NewRequest("POST", "http://localhost/oauth/token", strings.NewReader("grant_type=client_credentials&client_id="+string(id)+"&client_secret="+wrong))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		begin := time.Now()
		handler.ServeHTTP(w, req)
		return time.Since(begin), w
	}
	unknown := tepin.NewClientID()
	_, first := ask(unknown)
	_, second := ask(in.ClientID)
	for _, w := range []*httptest.ResponseRecorder{first, second} {
		w.Header().Del("X-Request-Id")
	}
	if first.Code != http.StatusUnauthorized || first.Body.String() != second.Body.String() || !equalHeaders(first.Header(), second.Header()) {
		t.Errorf("unknown client: %d %v %s\nwrong secret: %d %v %s", first.Code, first.Header(), first.Body, second.Code, second.Header(), second.Body)
	}

	const tries, samples = 5, 2000
	var off float64
	for range tries {
		times := map[tepin.ClientID][]time.Duration{}
		for n := range samples {
			ids := []tepin.ClientID{unknown, in.ClientID}
			if n%2 == 1 {
				slices.Reverse(ids)
			}
			for _, id := range ids {
				took, _ := ask(id)
				times[id] = append(times[id], took)
			}
		}
		for _, all := range times {
			slices.Sort(all)
		}
		a, b := times[unknown][samples/2], times[in.ClientID][samples/2]
		off = float64((a - b).Abs()) / float64(max(a, b))
		t.Logf("median of an unknown client %s, of a wrong secret %s: %.1f %% apart", a, b, 100*off)
		if off < 0.10 {
			return
		}
	}
	t.Errorf("an unknown client and a wrong secret are %.1f %% apart", 100*off)
}

func equalHeaders(a, b http.Header) bool {
	if len(a) != len(b) {
		return false
	}
	for name := range a {
		if !slices.Equal(a[name], b[name]) {
			return false
		}
	}
	return true
}
