package platformapi

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/web"
)

// rig is a whole installation with an environment in each of two subscriptions, an
// administrator who is signed in, and the API before it all.
type rig struct {
	*accesstest.Installation
	t            *testing.T
	api          *API
	handler      http.Handler
	subscription tepin.Subscription
	elsewhere    tepin.Subscription
	own, other   tepin.Environment
	cookie, csrf string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Installation: accesstest.New(t, accesstest.Options{}), t: t}
	keyring := &access.Keyring{Store: r.Store, Access: r.Access, Seal: r.Keys.SealSigningKey, SealedBy: r.Keys.Seal.ID()}
	r.api = New(Options{Store: r.Store, Access: r.Access, Credential: r.Credential, Keyring: keyring, Quota: r.Quota, Version: "1.2.3", Session: func(req *http.Request) (tepin.User, string, error) {
		c, err := req.Cookie("tepin")
		if err != nil {
			return tepin.User{}, "", tepin.Errorf(tepin.Unauthorized, "sign in")
		}
		return r.Credential.Session(req.Context(), c.Value)
	}})
	r.handler = (&web.Stack{Log: slog.New(slog.DiscardHandler)}).Wrap(r.api)
	r.subscription, r.elsewhere = r.Subscription("First"), r.Subscription("Second")
	r.own = r.Environment(r.subscription, "own", tepin.Production)
	r.other = r.Environment(r.elsewhere, "other", tepin.Sandbox)
	r.signIn()
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// signIn makes an administrator and a session.
func (r *rig) signIn() {
	r.t.Helper()
	ctx := context.Background()
	const email, password = "ann@example.org", "correct horse battery staple"
	_, err := r.Credential.CreateAdministrator(ctx, tepin.System, email, "Ann", password)
	must(r.t, err)
	in, err := r.Credential.SignIn(ctx, credential.Attempt{Email: email, Password: password, From: accesstest.Home})
	must(r.t, err)
	_, r.csrf, err = r.Credential.Session(ctx, in.Cookie)
	must(r.t, err)
	r.cookie = in.Cookie
}

// bearer calls with a token; the empty one sends none.
func (r *rig) bearer(token, method, path, body string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return r.send(req)
}

// admin calls as the signed-in administrator's page does.
func (r *rig) admin(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.AddCookie(&http.Cookie{Name: "tepin", Value: r.cookie})
	req.Header.Set("X-CSRF-Token", r.csrf)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return r.send(req)
}

func (r *rig) send(req *http.Request) *httptest.ResponseRecorder {
	req.Host = "localhost:8080"
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	return w
}

// read decodes an answer that must have the status.
func read[T any](t *testing.T, w *httptest.ResponseRecorder, status int) T {
	t.Helper()
	var v T
	if w.Code != status {
		t.Fatalf("%d, want %d: %s", w.Code, status, w.Body)
	}
	if err := json.NewDecoder(w.Body).Decode(&v); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return v
}
