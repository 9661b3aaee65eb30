package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/client"
)

// A week with the same client: a token for each 23 hours and a bit, and nobody who has
// to wait for it.
func TestRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.client()
		tokens := map[string]bool{}
		for range 7 * 24 * 12 {
			time.Sleep(5 * time.Minute)
			tokens[r.token(c)] = true
			synctest.Wait()
		}
		for i := 1; i < len(r.asked); i++ {
			if gap := r.asked[i].Sub(r.asked[i-1]); gap < 23*time.Hour+time.Minute || gap > 23*time.Hour+20*time.Minute {
				t.Errorf("request %d comes %v after the one before", i, gap)
			}
		}
		if len(r.asked) != 8 || len(tokens) != 8 {
			t.Errorf("%d requests and %d tokens in a week", len(r.asked), len(tokens))
		}
	})
}

// Whoever starts late gets the token that others have, and still renews it in time.
func TestRenewalOfSharedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first := r.token(r.client())
		time.Sleep(22*time.Hour + 59*time.Minute)
		c := r.client()
		if got := r.token(c); got != first {
			t.Fatal("another token")
		}
		time.Sleep(17 * time.Minute)
		if got := r.token(c); got != first {
			t.Error("the token is not used while another is asked for")
		}
		synctest.Wait()
		if got := r.token(c); got == first || r.requests() != 3 {
			t.Errorf("no other token after %d requests", r.requests())
		}
	})
}

// Tokens that the server never gives twice are not asked for all the time.
func TestShortLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		lifetime := 5 * time.Minute
		if _, err := r.Credential.UpdateEnvironment(t.Context(), tepin.System, r.env.ID, tepin.EnvironmentUpdate{TokenLifetime: &lifetime}); err != nil {
			t.Fatal(err)
		}
		c := r.client()
		for range 3600 {
			time.Sleep(time.Second)
			r.token(c)
			synctest.Wait()
		}
		if n := r.requests(); n < 14 || n > 16 {
			t.Errorf("%d requests in an hour, want one for each 225 to 262 s", n)
		}
	})
}

// A server whose clock is behind gives the same token when a new one is due. It is
// asked a few times more, not in a loop.
func TestSameTokenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		end := time.Now().Add(24 * time.Hour)
		r.instead(func(*http.Request) *http.Response {
			return respond(200, fmt.Sprintf(`{"access_token":"same","token_type":"bearer","expires_in":%d}`, int(time.Until(end).Seconds())))
		})
		c := r.client()
		for time.Until(end) > 15*time.Second {
			time.Sleep(time.Second)
			r.token(c)
			synctest.Wait()
		}
		if n := r.requests(); n < 5 || n > 60 {
			t.Errorf("%d requests", n)
		}
	})
}

// However many want a token at once, one request is made.
func TestSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.instead(func(*http.Request) *http.Response {
			time.Sleep(time.Second)
			return nil
		})
		c := r.client()
		var mu sync.Mutex
		tokens := map[string]int{}
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				tok, err := c.Token(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				tokens[tok.AccessToken]++
			})
		}
		wg.Wait()
		if len(tokens) != 1 || r.requests() != 1 {
			t.Errorf("%d tokens after %d requests", len(tokens), r.requests())
		}
	})
}

// Who gives up does not spoil it for those who wait longer.
func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.instead(func(*http.Request) *http.Response {
			time.Sleep(20 * time.Second)
			return nil
		})
		c := r.client()
		patient := make(chan error)
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.Token(hasty)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		go func() {
			_, err := c.Token(t.Context())
			patient <- err
		}()
		if err := <-patient; err != nil || time.Since(start) != 20*time.Second || r.requests() != 1 {
			t.Errorf("%v after %v and %d requests", err, time.Since(start), r.requests())
		}
		if _, err := c.TokenSource(hasty).Token(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a source whose context is over gives %v", err)
		}
	})
}

// A server that does not answer is given up after half a minute.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.instead(func(req *http.Request) *http.Response {
			<-req.Context().Done()
			return nil
		})
		start := time.Now()
		_, err := r.client().Token(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || r.requests() != 4 || time.Since(start) > 4*30*time.Second+7*time.Second {
			t.Errorf("%v after %v and %d requests", err, time.Since(start), r.requests())
		}
	})
}

// The server's Retry-After is waited for if it is short, and believed if it is long.
func TestRetryAfter(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			busy := func(after string) {
				r.instead(func(*http.Request) *http.Response {
					r.answer = nil // once; RoundTrip has let go of the lock
					return respond(status, `{"error":"temporarily_unavailable"}`, "Content-Type", "application/json", "Retry-After", after)
				})
			}
			c := r.client()
			busy("5")
			start := time.Now()
			if _, err := c.Token(t.Context()); err != nil {
				t.Fatal(err)
			}
			if waited := time.Since(start); waited < 5*time.Second || waited > 6*time.Second || r.requests() != 2 {
				t.Errorf("%d requests in %v", r.requests(), waited)
			}

			c = r.client()
			busy(time.Now().Add(10 * time.Minute).UTC().Format(http.TimeFormat))
			for range 590 {
				_, err := c.Token(t.Context())
				e, ok := errors.AsType[*client.Error](err)
				if !ok || e.StatusCode != status || e.Code != "temporarily_unavailable" || e.RetryAfter.Round(time.Second) != 10*time.Minute || !e.Temporary() {
					t.Fatalf("got %#v", err)
				}
				time.Sleep(time.Second)
			}
			if r.requests() != 3 {
				t.Errorf("%d requests within the Retry-After", r.requests()-2)
			}
			time.Sleep(time.Minute + 15*time.Second)
			r.token(c)

			c = r.client()
			busy("5")
			hasty, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start = time.Now()
			if _, err := c.Token(hasty); err == nil || time.Since(start) > 0 {
				t.Errorf("%v after %v: there is no time to wait", err, time.Since(start))
			}
		})
	}
}

// A server that is down is asked less and less; a good token is used meanwhile.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.client()
		first := r.token(c)
		time.Sleep(23*time.Hour + 16*time.Minute)
		r.instead(func(*http.Request) *http.Response { return respond(502, "<html>", "Content-Type", "text/html") })
		for range 43 * 60 {
			if r.token(c) != first {
				t.Fatal("another token")
			}
			time.Sleep(time.Second)
			synctest.Wait()
		}
		if n := r.requests() - 1; n < 80 || n > 125 {
			t.Errorf("%d requests in 43 minutes", n)
		}
		time.Sleep(time.Minute)
		_, err := c.Token(t.Context())
		if e, ok := errors.AsType[*client.Error](err); !ok || e.StatusCode != 502 || e.Code != "" || err.Error() != "client: no token: 502 Bad Gateway" {
			t.Errorf("got %v", err)
		}
		r.instead(nil)
		time.Sleep(time.Minute)
		if r.token(c) == first {
			t.Error("the old token")
		}
	})
}

// A refusal is an error with the server's words and without the secret. A program that
// goes on asking does not flood the server.
func TestRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		_, other := r.Integration(r.env)
		c := r.client(func(c *client.Config) { c.ClientSecret = other })
		start := time.Now()
		for range 6000 {
			_, err := c.Token(t.Context())
			e, ok := errors.AsType[*client.Error](err)
			if !ok || e.StatusCode != 401 || e.Code != "invalid_client" || !strings.Contains(e.Description, "rotate the secret") || e.Temporary() {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), other) {
				t.Fatal("the error has the secret")
			}
			time.Sleep(10 * time.Millisecond)
		}
		if n := r.requests(); time.Since(start) != time.Minute || n > 8 {
			t.Errorf("%d requests in %v", n, time.Since(start))
		}

		c = r.client(func(c *client.Config) { c.Scopes = []string{"template:read", "template:write"} })
		_, err := c.Token(t.Context())
		if e, ok := errors.AsType[*client.Error](err); !ok || e.StatusCode != 400 || e.Code != "invalid_scope" {
			t.Errorf("got %v", err)
		}
		c = r.client(func(c *client.Config) { c.Audience = "https://other.example" })
		_, err = c.Token(t.Context())
		if e, ok := errors.AsType[*client.Error](err); !ok || e.StatusCode != 400 || e.Code != "invalid_target" {
			t.Errorf("got %v", err)
		}
	})
}

// The scopes are those that were asked for, or all.
func TestScopes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for want, scopes := range map[string][]string{"template:read template:list": nil, "template:list": {"template:list"}} {
			tok, err := r.client(func(c *client.Config) { c.Scopes = scopes }).Token(t.Context())
			if err != nil || tok.Extra("scope") != want || tok.Type() != "Bearer" || tok.ExpiresIn != 86400 {
				t.Errorf("%v: %+v %v", err, tok, tok.Extra("scope"))
			}
		}
	})
}

// Answers of something that is no token server, or a broken one.
func TestForeignAnswers(t *testing.T) {
	const secret = "tpn_live_secret"
	for name, tt := range map[string]struct {
		answer *http.Response
		want   string
	}{
		"a page":           {respond(200, "<html>", "Content-Type", "text/html"), "is BaseURL right?"},
		"no token":         {respond(200, `{"token_type":"Bearer","expires_in":60}`), "no bearer token"},
		"another type":     {respond(200, `{"access_token":"a","token_type":"mac","expires_in":60}`), "no bearer token"},
		"no lifetime":      {respond(200, `{"access_token":"a","token_type":"Bearer"}`), "how long the token lives"},
		"an ended one":     {respond(200, `{"access_token":"a","token_type":"Bearer","expires_in":-1}`), "how long the token lives"},
		"an eternal one":   {respond(200, `{"access_token":"a","token_type":"Bearer","expires_in":9223372036854775807}`), "how long the token lives"},
		"a redirect":       {respond(307, "", "Location", "https://evil.example/"), "307 Temporary Redirect: the server sends to another address"},
		"an empty refusal": {respond(403, ""), "client: no token: 403 Forbidden"},
		"broken JSON":      {respond(400, `{"error":`, "Content-Type", "application/json"), "client: no token: 400 Bad Request"},
		"the secret":       {respond(400, `{"error":"x","error_description":"`+secret+` is wrong"}`, "Content-Type", "application/json"), "400 x: [client secret] is wrong"},
		"line breaks":      {respond(400, `{"error":"x","error_description":"a\nb`+strings.Repeat("ü", 400)+`"}`, "Content-Type", "application/json"), "400 x: a bü"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &rig{t: t, in: tepin.Integration{ClientID: "int_1"}, secret: secret}
				r.instead(func(req *http.Request) *http.Response {
					if req.URL.Host != "tepin.example" {
						t.Errorf("the secret goes to %s", req.URL.Host)
					}
					return tt.answer
				})
				_, err := r.client().Token(t.Context())
				if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret) || len(err.Error()) > 600 || r.requests() != 1 {
					t.Errorf("%d requests: %v", r.requests(), err)
				}
			})
		})
	}
}

// With golang.org/x/oauth2: its transport asks for each request.
func TestTokenSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.client()
		var source oauth2.TokenSource = c.TokenSource(t.Context())
		api := &http.Client{Transport: &oauth2.Transport{Source: source, Base: r}}
		for range 2 {
			res, err := api.Get(publicURL + "/api/echo")
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatal(err, res)
			}
		}
		if r.requests() != 1 || r.calls[0] != "Bearer "+r.token(c)+" " {
			t.Errorf("%d requests, calls %q", r.requests(), r.calls)
		}
	})
}

func TestNew(t *testing.T) {
	good := client.Config{BaseURL: publicURL, ClientID: "int_1", ClientSecret: "tpn_live_x"}
	for name, tt := range map[string]struct {
		change func(*client.Config)
		want   string
	}{
		"all there":              {func(*client.Config) {}, ""},
		"a slash":                {func(c *client.Config) { c.BaseURL += "/" }, ""},
		"loopback":               {func(c *client.Config) { c.BaseURL = "http://127.0.0.1:8080" }, ""},
		"loopback, IPv6":         {func(c *client.Config) { c.BaseURL = "http://[::1]:8080" }, ""},
		"localhost":              {func(c *client.Config) { c.BaseURL = "http://localhost" }, ""},
		"no TLS, allowed":        {func(c *client.Config) { c.BaseURL = "http://tepin"; c.AllowHTTP = true }, ""},
		"no TLS":                 {func(c *client.Config) { c.BaseURL = "http://tepin.example" }, "use https"},
		"no address":             {func(c *client.Config) { c.BaseURL = "" }, "BaseURL must be"},
		"no scheme":              {func(c *client.Config) { c.BaseURL = "tepin.example" }, "BaseURL must be"},
		"another scheme":         {func(c *client.Config) { c.BaseURL = "ftp://tepin.example" }, "BaseURL must be"},
		"the endpoint's address": {func(c *client.Config) { c.BaseURL += "/oauth/token" }, "BaseURL must be"},
		"a query":                {func(c *client.Config) { c.BaseURL += "?a=b" }, "BaseURL must be"},
		"credentials in it":      {func(c *client.Config) { c.BaseURL = "https://a:b@tepin.example" }, "BaseURL must be"},
		"control characters":     {func(c *client.Config) { c.BaseURL = "https://tepin\n.example" }, "BaseURL must be"},
		"no id":                  {func(c *client.Config) { c.ClientID = "" }, "ClientID is missing"},
		"no secret":              {func(c *client.Config) { c.ClientSecret = "" }, "ClientSecret is missing"},
		"an assertion":           {func(c *client.Config) { c.ClientSecret, c.Assert = "", client.AssertFile("x") }, ""},
		"both":                   {func(c *client.Config) { c.Assert = client.AssertFile("x") }, "give one"},
	} {
		t.Run(name, func(t *testing.T) {
			config := good
			tt.change(&config)
			_, err := client.New(config)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
