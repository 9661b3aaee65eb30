package client_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/client"
	"github.com/tepin/tepin/oauth"
	"github.com/tepin/tepin/outbound"
	"github.com/tepin/tepin/web"
)

const publicURL = "https://tepin.example"

// rig is a real token server and a small API behind a real guard. They are reached in
// memory: so they can live in a bubble of testing/synctest, where a day passes at once.
type rig struct {
	*accesstest.Installation
	t       *testing.T
	env     tepin.Environment
	in      tepin.Integration
	secret  string
	handler http.Handler

	mu     sync.Mutex
	asked  []time.Time                        // when tokens were asked for
	calls  []string                           // the Authorization headers of calls to the API, and their bodies
	answer func(*http.Request) *http.Response // nil, or in the server's place; no answer leaves it to the server
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, Installation: accesstest.New(t, accesstest.Options{PublicURL: publicURL})}
	r.env = r.Environment(r.Subscription("test"), "first", tepin.Production)
	r.in, r.secret = r.Integration(r.env, tepin.TemplateRead, tepin.TemplateList)
	mux := http.NewServeMux()
	log := slog.New(slog.DiscardHandler)
	web.Guard{Directory: r.Access}.Mount(mux, oauth.Handler{
		Access: r.Access, Credential: r.Credential, Grants: r.Grants, Issuer: publicURL + "/", PublicURL: publicURL,
		KeySets: oauth.NewKeySets(outbound.New(outbound.Options{}), log, time.Now),
	}.Routes())
	echo := web.Route{Path: "/api/echo", Access: web.Access{Scope: tepin.TemplateList}}
	mux.Handle(echo.Path, web.Guard{Directory: r.Access}.Wrap(echo, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(w, req.Body)
	})))
	stack := &web.Stack{PublicURL: publicURL, Log: log}
	r.handler = stack.Wrap(mux)
	return r
}

// RoundTrip implements http.RoundTripper.
func (r *rig) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		req.Body.Close()
	}
	r.mu.Lock()
	if req.URL.Path == "/oauth/token" {
		r.asked = append(r.asked, time.Now())
	} else {
		r.calls = append(r.calls, req.Header.Get("Authorization")+" "+string(body))
	}
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		if res := answer(req); res != nil {
			res.Request = req
			return res, nil
		}
	}
	if err := errors.Join(req.Context().Err(), r.Access.Refresh(req.Context())); err != nil { // the server does that each second
		return nil, err
	}
	incoming := httptest.NewRequest(req.Method, req.URL.String(), bytes.NewReader(body))
	incoming.Header = req.Header.Clone()
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, incoming)
	res := w.Result()
	res.Request = req
	return res, nil
}

// instead makes the server answer otherwise; nil ends that.
func (r *rig) instead(answer func(*http.Request) *http.Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// requests is how often a token was asked for.
func (r *rig) requests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asked)
}

// client is one of the rig's integration, changed as the test wants it.
func (r *rig) client(change ...func(*client.Config)) *client.Client {
	r.t.Helper()
	config := client.Config{BaseURL: publicURL, ClientID: string(r.in.ClientID), ClientSecret: r.secret, HTTPClient: &http.Client{Transport: r}}
	for _, f := range change {
		f(&config)
	}
	c, err := client.New(config)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// token is what the client gives at once.
func (r *rig) token(c *client.Client) string {
	r.t.Helper()
	before := time.Now()
	tok, err := c.Token(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if waited := time.Since(before); waited > 0 {
		r.t.Errorf("it took %v", waited)
	}
	if !tok.Valid() {
		r.t.Errorf("the token ends at %v", tok.Expiry)
	}
	return tok.AccessToken
}

// cut takes a scope away, which ends the integration's tokens.
func (r *rig) cut() {
	r.t.Helper()
	scopes := tepin.MustScopes(tepin.TemplateList)
	if _, err := r.Credential.UpdateIntegration(r.t.Context(), tepin.System, r.env.ID, r.in.ID, tepin.IntegrationUpdate{Scopes: &scopes}); err != nil {
		r.t.Fatal(err)
	}
}

// respond makes an answer of status, body, and pairs of header names and values.
func respond(status int, body string, headers ...string) *http.Response {
	res := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ProtoMajor: 1, ProtoMinor: 1}
	for i := 0; i+1 < len(headers); i += 2 {
		res.Header.Set(headers[i], headers[i+1])
	}
	return res
}
