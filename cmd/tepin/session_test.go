package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// What a person's session is made of goes to its server, and not where an answer of that
// address points to.
func TestSessionFollowsNoRedirect(t *testing.T) {
	var reached atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"a","token_type":"Bearer","expires_in":60,"sub":"x","name":"x",
			"device_code":"d","user_code":"u","verification_uri":"http://localhost/","interval":1}`)
	}))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	name := filepath.Join(t.TempDir(), "sessions.json")
	sign := func(expiry time.Time) {
		t.Helper()
		text, err := json.Marshal(sessions{Last: server.URL, Servers: map[string]*oauth2.Token{server.URL: {AccessToken: "access", RefreshToken: "refresh", Expiry: expiry}}})
		if err == nil {
			err = os.WriteFile(name, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	env := func(variable string) string { return map[string]string{"TEPIN_SESSIONS": name}[variable] }
	for what, run := range map[string]func(context.Context) error{
		"an access token": func(ctx context.Context) error {
			sign(time.Now().Add(time.Hour))
			p, err := signedIn(ctx, env, "")
			if err != nil {
				return err
			}
			return p.call(ctx, http.MethodGet, "/info", nil, nil)
		},
		"a refresh token": func(ctx context.Context) error {
			sign(time.Now().Add(-time.Hour))
			_, _, err := personToken(ctx, env, "")
			return err
		},
		"the end of a session": func(ctx context.Context) error {
			return endSession(ctx, server.URL, &oauth2.Token{RefreshToken: "refresh"})
		},
		"who has signed in": func(ctx context.Context) error {
			_, err := whois(ctx, server.URL, &oauth2.Token{AccessToken: "access"})
			return err
		},
		"a sign-in": func(ctx context.Context) error {
			return runLogin(ctx, []string{server.URL}, env, io.Discard, io.Discard)
		},
	} {
		reached.Store(0)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if err := run(ctx); err == nil || reached.Load() > 0 {
			t.Errorf("%s: %v, and the other server was reached %d times", what, err, reached.Load())
		}
		cancel()
	}
}
