package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Limits of one request for a token.
const (
	requestTime = 30 * time.Second
	maxAnswer   = 256 << 10 // bytes
	maxLifetime = 365 * 24 * time.Hour
	maxShown    = 500 // bytes of a description
)

// request asks the server for a token (RFC 6749 §4.4).
func (c *Client) request(ctx context.Context) (*oauth2.Token, error) {
	req, err := c.newRequest(ctx)
	if err != nil {
		return nil, err
	}
	asked := time.Now()
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("client: no token: %w", err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("client: no token: %w", &url.Error{Op: "read the answer of", URL: req.URL.String(), Err: err})
	}
	if res.StatusCode != http.StatusOK {
		return nil, c.refusal(res, raw)
	}
	return readToken(raw, asked)
}

// assertionType is that of RFC 7523 §2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// newRequest has an assertion in the form, or the credentials in the Basic scheme, both
// form-encoded first (RFC 6749 §2.3.1).
func (c *Client) newRequest(ctx context.Context) (*http.Request, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(c.config.Scopes) > 0 {
		form.Set("scope", strings.Join(c.config.Scopes, " "))
	}
	if c.config.Audience != "" {
		form.Set("audience", c.config.Audience)
	}
	if c.config.Assert != nil {
		assertion, err := c.config.Assert(ctx, c.config.ClientID, c.base.String()+"/")
		if err != nil {
			return nil, err
		}
		form.Set("client_id", c.config.ClientID)
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath("oauth", "token").String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if c.config.Assert == nil {
		req.SetBasicAuth(url.QueryEscape(c.config.ClientID), url.QueryEscape(c.config.ClientSecret))
	}
	return req, nil
}

// readToken reads the answer of RFC 6749 §5.1. What is left of the token's life counts
// from when it was asked for: then it ends here no later than at the server.
func readToken(raw []byte, asked time.Time) (*oauth2.Token, error) {
	var answer struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"`
		Scope       string `json:"scope"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("client: the answer is not that of a token server; is BaseURL right? %w", err)
	}
	life := time.Duration(answer.ExpiresIn) * time.Second
	switch {
	case answer.AccessToken == "" || !strings.EqualFold(answer.TokenType, "Bearer"):
		return nil, errors.New("client: the answer has no bearer token; is BaseURL right?")
	case answer.ExpiresIn <= 0 || answer.ExpiresIn > int64(maxLifetime/time.Second):
		return nil, errors.New("client: the answer does not say how long the token lives")
	}
	t := &oauth2.Token{AccessToken: answer.AccessToken, TokenType: "Bearer", Expiry: asked.Add(life), ExpiresIn: answer.ExpiresIn}
	return t.WithExtra(map[string]any{"scope": answer.Scope}), nil
}

// refusal reads the answer of RFC 6749 §5.2, or what a proxy gave in its place.
func (c *Client) refusal(res *http.Response, raw []byte) error {
	e := &Error{StatusCode: res.StatusCode, RetryAfter: retryAfter(res.Header.Get("Retry-After"), time.Now())}
	if res.StatusCode/100 == 3 {
		e.Description = "the server sends to another address; is BaseURL its public URL?"
	}
	if media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err == nil && media == "application/json" {
		var answer struct {
			Code        string `json:"error"`
			Description string `json:"error_description"`
		}
		if json.Unmarshal(raw, &answer) == nil {
			e.Code, e.Description = c.shown(answer.Code), c.shown(answer.Description)
		}
	}
	return e
}

// shown is foreign text, fit for a line of a log.
func (c *Client) shown(text string) string {
	if c.config.ClientSecret != "" {
		text = strings.ReplaceAll(text, c.config.ClientSecret, "[client secret]")
	}
	if len(text) > maxShown {
		text = text[:maxShown] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return ' '
		}
		return r
	}, text)
}

// retryAfter reads the header of RFC 9110 §10.2.3: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
