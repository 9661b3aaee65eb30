package client

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
)

// Whatever a server answers: a token that has a value and an end, or an error that
// fits into a line and does not have the secret.
func FuzzAnswer(f *testing.F) {
	const secret = "tpn_live_secret"
	for _, seed := range []string{
		`{"access_token":"a","token_type":"Bearer","expires_in":86400,"scope":"template:read"}`,
		`{"access_token":"a","token_type":"bearer","expires_in":1e3}`,
		`{"access_token":"","token_type":"Bearer","expires_in":60}`,
		`{"error":"invalid_client","error_description":"tpn_live_secret is wrong"}`,
		`{"error":"\u0000\n","error_description":"tpn_live_tpn_live_secretsecret"}`,
		"[]", "", "<html>",
	} {
		f.Add(200, "5", []byte(seed))
		f.Add(429, "Wed, 25 Nov 2026 12:00:00 GMT", []byte(seed))
	}
	c := &Client{config: Config{ClientSecret: secret}}
	asked := time.Date(2026, 11, 25, 11, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, status int, after string, raw []byte) {
		if tok, err := readToken(raw, asked); err == nil && (tok.AccessToken == "" || !tok.Expiry.After(asked) || tok.Expiry.Sub(asked) > maxLifetime) {
			t.Errorf("%+v", tok)
		}
		err := c.refusal(&http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}, "Retry-After": {after}}}, raw)
		text := err.Error()
		if len(text) > 3*maxShown || strings.ContainsFunc(text, unicode.IsControl) || strings.Contains(text, secret) {
			t.Errorf("%q", text)
		}
		if e := err.(*Error); e.RetryAfter < 0 {
			t.Error(e.RetryAfter)
		}
	})
}
