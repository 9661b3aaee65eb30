package connector

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/outbound"
)

// Tokens of upstreams.
const (
	maxTokenAnswer = 256 << 10
	maxToken       = 64 << 10
	unknownLife    = 5 * time.Minute // of a token whose answer does not say
	longestLife    = 24 * time.Hour  // for which one is kept, whatever the answer says
	assertionLife  = 5 * time.Minute
)

// upstreamToken is what a token endpoint answered.
type upstreamToken struct {
	Access  string    `json:"access"`
	Refresh string    `json:"refresh,omitempty"`
	Ends    time.Time `json:"ends"`
	Renew   time.Time `json:"renew"` // from then on another is asked for
}

// fetch asks the token endpoint for a token that is nobody's in particular.
func (p *Proxy) fetch(ctx context.Context, a Auth) (upstreamToken, error) {
	params := map[string]string{}
	switch a.Kind {
	case tepin.AuthClientCredentials:
		params["grant_type"] = "client_credentials"
	case tepin.AuthPassword:
		params["grant_type"], params["username"], params["password"] = "password", a.Username, a.Password
	case tepin.AuthJWTBearer:
		return p.fetchByAssertion(ctx, a)
	default:
		return upstreamToken{}, fmt.Errorf("connector: %s has no token of its own", a.Kind)
	}
	if a.Scope != "" {
		params["scope"] = a.Scope
	}
	return p.ask(ctx, a, params)
}

// fetchByAssertion signs the claims of the credential, with times of now (RFC 7523 §2.1).
func (p *Proxy) fetchByAssertion(ctx context.Context, a Auth) (upstreamToken, error) {
	key, err := a.key()
	if err != nil {
		return upstreamToken{}, err
	}
	claims := map[string]any{}
	if err := json.Unmarshal(a.Payload, &claims); err != nil {
		return upstreamToken{}, err
	}
	now := p.now()
	for name, value := range map[string]any{"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(), "jti": tepin.RandomBase62(22)} {
		if _, given := claims[name]; !given {
			claims[name] = value
		}
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return upstreamToken{}, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(body)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return upstreamToken{}, err
	}
	params := maps.Clone(a.BodyParams)
	if params == nil {
		params = map[string]string{}
	}
	params[a.TokenParam] = signed + "." + encode(signature)
	if params["grant_type"] == "" && a.TokenParam == "assertion" {
		params["grant_type"] = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	}
	return p.send(ctx, a, params, nil)
}

// ask sends parameters with the client's id and secret, in the way that the endpoint takes.
// Where it is not known which, the second is tried after the first was refused.
func (p *Proxy) ask(ctx context.Context, a Auth, params map[string]string) (upstreamToken, error) {
	ways := []string{Post, Basic}
	switch {
	case slices.Contains(a.Methods, Basic):
		ways = []string{Basic}
	case slices.Contains(a.Methods, Post):
		ways = []string{Post}
	}
	var t upstreamToken
	var err error
	for _, way := range ways {
		sent, header := maps.Clone(params), http.Header{}
		if way == Post {
			sent["client_id"], sent["client_secret"] = a.ClientID, a.ClientSecret
		} else {
			pair := url.QueryEscape(a.ClientID) + ":" + url.QueryEscape(a.ClientSecret)
			header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
		}
		t, err = p.send(ctx, a, sent, header)
		if e, ok := err.(*refusal); !ok || e.code != "invalid_client" {
			break
		}
	}
	return t, err
}

// refusal is that an upstream does not take a credential. Its words are ours: what the
// upstream said may quote what it was sent.
type refusal struct {
	host   string
	status int
	code   string // of RFC 6749 §5.2, where it is one
	says   string // instead, where no upstream was asked
}

func (e *refusal) Error() string {
	if e.says != "" {
		return e.says
	}
	says := fmt.Sprintf("the token endpoint at %s refuses the connector's credential with status %d", e.host, e.status)
	if e.code != "" {
		says += " (" + e.code + ")"
	}
	return says
}

var codes = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}

// send makes a request to the token endpoint. It is never redirected.
func (p *Proxy) send(ctx context.Context, a Auth, params map[string]string, header http.Header) (upstreamToken, error) {
	form := url.Values{}
	for name, value := range params {
		form.Set(name, value)
	}
	body, contentType := []byte(form.Encode()), "application/x-www-form-urlencoded"
	if a.BodyFormat == JSONBody {
		var err error
		if body, err = json.Marshal(params); err != nil {
			return upstreamToken{}, err
		}
		contentType = "application/json"
	}
	h := header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", contentType)
	h.Set("Accept", "application/json")
	reply, err := p.Outbound.Do(ctx, outbound.Exchange{Method: http.MethodPost, URL: a.TokenEndpoint, Header: h, Body: bytes.NewReader(body), Size: int64(len(body)), MaxBody: maxTokenAnswer, Manual: true})
	if err != nil {
		return upstreamToken{}, err
	}
	defer reply.Body.Close()
	raw, err := io.ReadAll(reply.Body)
	if err != nil {
		return upstreamToken{}, err
	}
	return p.read(reply, raw)
}

func (p *Proxy) read(reply *outbound.Reply, raw []byte) (upstreamToken, error) {
	host := hostOf(reply.URL)
	var answer struct {
		Access  string          `json:"access_token"`
		Refresh string          `json:"refresh_token"`
		Type    string          `json:"token_type"`
		Expires json.RawMessage `json:"expires_in"`
		Error   string          `json:"error"`
	}
	err := json.Unmarshal(raw, &answer)
	if reply.Status >= 400 && reply.Status < 500 && reply.Status != http.StatusTooManyRequests && reply.Status != http.StatusRequestTimeout {
		code := ""
		if err == nil && slices.Contains(codes, answer.Error) {
			code = answer.Error
		}
		return upstreamToken{}, &refusal{host: host, status: reply.Status, code: code}
	}
	usable := answer.Access != "" && len(answer.Access) <= maxToken && strings.Trim(answer.Access, tokenLetters) == "" && (answer.Type == "" || strings.EqualFold(answer.Type, "bearer"))
	if reply.Status != http.StatusOK && reply.Status != http.StatusCreated || err != nil || !usable {
		return upstreamToken{}, &tepin.Error{Kind: tepin.Unavailable, RetryAfter: 10 * time.Second,
			Message: fmt.Sprintf("the token endpoint at %s gave no usable bearer token (status %d)", host, reply.Status)}
	}
	life := unknownLife
	if seconds, err := strconv.ParseFloat(strings.Trim(string(answer.Expires), `"`), 64); err == nil && seconds > 0 {
		life = time.Duration(min(seconds, longestLife.Seconds()) * float64(time.Second))
	}
	now := p.now()
	return upstreamToken{Access: answer.Access, Refresh: answer.Refresh, Ends: now.Add(life), Renew: now.Add(life - min(life/10, time.Minute))}, nil
}

// tokenLetters are what a bearer token is written with (RFC 6750 §2.1), and what some use
// beside.
const tokenLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=:|!*"

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "?"
	}
	return cmp.Or(u.Host, "?")
}
