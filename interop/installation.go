package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"

	"github.com/tepin/tepin"
)

const (
	audience       = "https://chiligrafx.com"
	page           = "https://shop.example" // which may have tokens
	administrator  = "admin@demo.localhost" // whom the demo makes
	sampleTemplate = "Afterglow"            // which the demo makes
	rs256          = "rs256"                // the technical name of the environment for verifiers that know nothing else
)

// installation is the server as its administrator prepared it: through the product's own
// means, a sign-in and the Platform API.
type installation struct {
	*server
	dir         string // of the scripts
	wrongSecret string // well-formed, and another client's
	csrf        string
}

// client is an integration: what a third-party client is told of itself, and where the
// Platform API has it.
type client struct {
	id     tepin.ClientID
	secret string
	path   string
}

// prepare signs in and makes what the demo does not have.
func prepare(ctx context.Context, srv *server, dir string) (*installation, error) {
	in := &installation{server: srv, dir: dir, wrongSecret: srv.Integrations.ReadOnly.ClientSecret}
	var err error
	if srv.http.Jar, err = cookiejar.New(nil); err != nil {
		return nil, err
	}
	if err := in.signIn(ctx); err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	return in, in.platform(ctx, "/environments", map[string]any{
		"name": "RS256", "technicalName": rs256, "type": "sandbox", "signingAlg": "RS256",
	}, nil)
}

// issuer is the server's own name for itself.
func (in *installation) issuer() string { return in.URL + "/" }

// templates is the address of a list in the Environment API.
func (in *installation) templates() string {
	return in.URL + "/grafx/api/v1/environment/" + in.Environment.TechnicalName + "/templates"
}

// integration makes one with all scopes and a page.
func (in *installation) integration(ctx context.Context, environment, name string) (client, error) {
	var made struct {
		ID           tepin.IntegrationID `json:"id"`
		ClientID     tepin.ClientID      `json:"clientId"`
		ClientSecret string              `json:"clientSecret"`
	}
	path := "/environments/" + environment + "/integrations"
	err := in.platform(ctx, path, map[string]any{"name": name, "scopes": tepin.AllScopes, "origins": []string{page}}, &made)
	return client{made.ClientID, made.ClientSecret, path + "/" + string(made.ID)}, err
}

// register lets a client prove itself without its secret.
func (in *installation) register(ctx context.Context, c client, by map[string]any) error {
	return in.platform(ctx, c.path+"/trusts", by, nil)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// signIn does what the administrator does in a browser, and fetches the session's CSRF token.
func (in *installation) signIn(ctx context.Context) error {
	page, err := in.do(ctx, http.MethodGet, "/login", "", nil)
	if err != nil {
		return err
	}
	field := csrfField.FindSubmatch(page)
	if field == nil {
		return errors.New("the page has no CSRF token")
	}
	form := url.Values{"csrf": {string(field[1])}, "email": {in.Administrator.Email}, "password": {in.Administrator.Password}}
	if _, err = in.do(ctx, http.MethodPost, "/login", "application/x-www-form-urlencoded", []byte(form.Encode())); err != nil {
		return err
	}
	raw, err := in.do(ctx, http.MethodGet, "/api/v1/session", "", nil)
	if err != nil {
		return err
	}
	var session struct {
		CSRFToken string `json:"csrfToken"`
	}
	err = json.Unmarshal(raw, &session)
	in.csrf = session.CSRFToken
	return err
}

// platform posts to the Platform API and reads the answer.
func (in *installation) platform(ctx context.Context, path string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := in.do(ctx, http.MethodPost, "/api/v1"+path, "application/json", raw)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

// do makes a request in the administrator's session, from a page of the console.
func (in *installation) do(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, in.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Origin", in.URL)
	req.Header.Set("X-CSRF-Token", in.csrf)
	res, err := in.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s answers %s: %s", method, path, res.Status, answer)
	}
	return answer, err
}
