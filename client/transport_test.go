package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/client"
)

// send makes a request and returns the status and the body of its answer.
func send(t *testing.T, c *http.Client, req *http.Request) (int, string) {
	t.Helper()
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func post(t *testing.T, address string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// A token that has died is replaced, and the request is sent once more, with its body.
func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		api := r.client().HTTPClient()
		if status, body := send(t, api, post(t, publicURL+"/api/echo", strings.NewReader("one"))); status != 200 || body != "one" {
			t.Fatal(status, body)
		}
		r.cut()
		if status, body := send(t, api, post(t, publicURL+"/api/echo", strings.NewReader("two"))); status != 200 || body != "two" {
			t.Error(status, body)
		}
		if r.requests() != 2 || len(r.calls) != 3 || r.calls[1] == r.calls[2] || !strings.HasSuffix(r.calls[1], " two") || !strings.HasSuffix(r.calls[2], " two") {
			t.Errorf("%d requests for tokens, calls %q", r.requests(), r.calls)
		}
		get, err := http.NewRequest(http.MethodGet, publicURL+"/api/echo", nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := send(t, api, get); status != 200 || len(r.calls) != 4 || get.Header.Get("Authorization") != "" {
			t.Errorf("%d, calls %q, header %q", status, r.calls, get.Header)
		}
	})
}

// A body that cannot be sent again is not; the next request has a new token.
func TestNoReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		api := r.client().HTTPClient()
		stream := func() io.Reader { return io.MultiReader(strings.NewReader("stream")) }
		if status, body := send(t, api, post(t, publicURL+"/api/echo", stream())); status != 200 || body != "stream" {
			t.Fatal(status, body)
		}
		r.cut()
		if status, body := send(t, api, post(t, publicURL+"/api/echo", stream())); status != 401 || !strings.Contains(body, "401") {
			t.Error(status, body)
		}
		if status, _ := send(t, api, post(t, publicURL+"/api/echo", stream())); status != 200 || len(r.calls) != 3 || r.requests() != 2 {
			t.Errorf("%d, %d requests, calls %q", status, r.requests(), r.calls)
		}
	})
}

// Many requests with a token that has died cost one request for a new one.
func TestReplayOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.client()
		api := c.HTTPClient()
		r.token(c)
		r.cut()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if status, _ := send(t, api, post(t, publicURL+"/api/echo", strings.NewReader("x"))); status != 200 {
					t.Error(status)
				}
			})
		}
		wg.Wait()
		if r.requests() != 2 {
			t.Errorf("%d requests for tokens", r.requests())
		}
	})
}

// An API that refuses a token by which the token server stands makes a request for
// another now and then, and not for each call; nothing is sent twice for nothing.
func TestStubbornAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.instead(func(req *http.Request) *http.Response {
			if req.URL.Path == "/oauth/token" {
				return nil
			}
			return respond(401, "no", "WWW-Authenticate", `Bearer realm="x", error="invalid_token"`)
		})
		api := r.client().HTTPClient()
		for range 60 {
			if status, body := send(t, api, post(t, publicURL+"/api/echo", nil)); status != 401 || body != "no" {
				t.Error(status, body)
			}
			time.Sleep(time.Second)
		}
		if n := r.requests(); n > 8 || len(r.calls) != 60 {
			t.Errorf("%d requests for tokens, %d calls", n, len(r.calls))
		}
	})
}

// Other refusals are the caller's: the token is good.
func TestOtherRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		api := r.client().HTTPClient()
		for _, refusal := range []*http.Response{
			respond(401, "", "WWW-Authenticate", `Bearer realm="x"`),
			respond(401, "", "WWW-Authenticate", `Basic realm="error=invalid_token"`),
			respond(401, ""),
			respond(403, "", "WWW-Authenticate", `Bearer error="insufficient_scope"`),
			respond(500, "", "WWW-Authenticate", `Bearer error="invalid_token"`),
		} {
			r.instead(func(req *http.Request) *http.Response {
				if req.URL.Path == "/oauth/token" {
					return nil
				}
				return refusal
			})
			if status, _ := send(t, api, post(t, publicURL+"/api/echo", nil)); status != refusal.StatusCode {
				t.Error(status)
			}
		}
		if r.requests() != 1 || len(r.calls) != 5 {
			t.Errorf("%d requests for tokens, %d calls", r.requests(), len(r.calls))
		}
	})
}

// The token goes to the server alone, and not over another's header.
func TestTokenStaysHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		var seen []string
		r.instead(func(req *http.Request) *http.Response {
			if req.URL.Path == "/oauth/token" {
				return nil
			}
			seen = append(seen, req.URL.String()+" "+req.Header.Get("Authorization"))
			if req.URL.Path == "/away" {
				return respond(302, "", "Location", "https://elsewhere.example/file")
			}
			return respond(200, "")
		})
		c := r.client()
		api := c.HTTPClient()
		token := r.token(c)
		for _, address := range []string{
			publicURL + "/away", "https://TEPIN.example:443/a", "http://tepin.example/a", "https://tepin.example:8443/a",
			"https://tepin.example.evil.example/", "https://eviltepin.example/",
		} {
			if status, _ := send(t, api, post(t, address, nil)); status != 200 {
				t.Error(address, status)
			}
		}
		req := post(t, publicURL+"/own", nil)
		req.Header.Set("Authorization", "Bearer mine")
		send(t, api, req)
		want := []string{
			publicURL + "/away Bearer " + token, "https://elsewhere.example/file ", "https://TEPIN.example:443/a Bearer " + token,
			"http://tepin.example/a ", "https://tepin.example:8443/a ", "https://tepin.example.evil.example/ ", "https://eviltepin.example/ ",
			publicURL + "/own Bearer mine",
		}
		if strings.Join(seen, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
		}
	})
}

// closing is a body that knows whether it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

// Without a token nothing is sent, and the error says why.
func TestNoToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		api := r.client().HTTPClient()
		send(t, api, post(t, publicURL+"/api/echo", nil))
		off := false
		if _, err := r.Credential.UpdateIntegration(t.Context(), tepin.System, r.env.ID, r.in.ID, tepin.IntegrationUpdate{Enabled: &off}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // with the old token, and without one
			body := &closing{Reader: strings.NewReader("x")}
			res, err := api.Do(post(t, publicURL+"/api/echo", body))
			if e, ok := errors.AsType[*client.Error](err); !ok || e.Code != "invalid_client" || !body.closed {
				t.Errorf("got %v, %v; the body is closed: %v", res, err, body.closed)
			}
		}
		if len(r.calls) != 2 {
			t.Errorf("calls %q", r.calls)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := api.Do(post(t, publicURL+"/api/echo", nil).WithContext(ended)); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
