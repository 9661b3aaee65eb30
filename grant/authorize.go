package grant

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tepin/tepin"
)

// Limits of an authorization request, in bytes.
const (
	maxState = 2 << 10
	maxNonce = 512
)

// authorizationParameters are those of a request that are read. Any other is passed
// over (RFC 6749 §3.1), whatever it holds.
var authorizationParameters = []string{"client_id", "redirect_uri", "response_type", "response_mode", "scope", "audience", "resource", "state", "nonce",
	"code_challenge", "code_challenge_method", "prompt", "max_age", "request", "request_uri"}

// AuthorizationRequest is a request to /authorize (RFC 6749 §4.1.1, OpenID Connect Core
// 1.0 §3.1.2.1) that names an application and one of its redirect URIs: what is wrong
// with it from here on can be told to the application.
type AuthorizationRequest struct {
	Application tepin.Application
	RedirectURI string
	State       string
	Scopes      tepin.PersonScopes
	Audience    Audience
	Nonce       string
	Challenge   string        // RFC 7636, S256
	Silent      bool          // prompt=none: no page may be shown
	Again       bool          // prompt=login: the person is to give the password again
	MaxAge      time.Duration // how old the person's sign-in may be; negative = any age
}

// AuthorizationError is what is wrong with a request, in the words of RFC 6749
// §4.1.2.1. The application is told by a redirect.
type AuthorizationError struct {
	Code        string
	Description string
}

func (e *AuthorizationError) Error() string { return e.Code + ": " + e.Description }

// ErrLoginRequired answers every request that forbids us to show a page
// (OpenID Connect Core 1.0 §3.1.2.6): consent is always asked for, and whether somebody
// is signed in is not told.
var ErrLoginRequired = &AuthorizationError{"login_required", "the person must be asked, and prompt=none forbids it; repeat the request without prompt"}

// ReadAuthorization reads the query of a request to /authorize. An error of another
// type than [*AuthorizationError] must be shown on a page, and never sent to the
// redirect URI of the request: it is not known to be the application's (S25).
func (p *People) ReadAuthorization(ctx context.Context, query string) (AuthorizationRequest, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return AuthorizationRequest{}, tepin.Errorf(tepin.Invalid, "the address has a broken percent-encoding; the application that sent you here has to mend it")
	}
	r := AuthorizationRequest{RedirectURI: values.Get("redirect_uri"), State: values.Get("state"), MaxAge: -1}
	var ok bool
	if r.Application, ok = p.o.Access.Application(ctx, tepin.ClientID(values.Get("client_id"))); !ok || len(values["client_id"]) > 1 {
		return AuthorizationRequest{}, tepin.Errorf(tepin.Invalid, "the application that sent you here is not registered on this server, or does not say which it is (client_id)")
	}
	if len(values["redirect_uri"]) > 1 || !r.Application.Redirects(r.RedirectURI) {
		return AuthorizationRequest{}, tepin.Errorf(tepin.Invalid, "%s wants you to be sent back to an address that is not registered for it (redirect_uri); an administrator can add it to the application, letter by letter", r.Application.Name)
	}
	return r, p.readRest(values, &r)
}

// readRest reads what can be told to the application if it is wrong.
func (p *People) readRest(values url.Values, r *AuthorizationRequest) error {
	invalid := func(description string) error { return &AuthorizationError{"invalid_request", description} }
	for _, name := range authorizationParameters {
		if len(values[name]) > 1 && name != "resource" {
			if name == "state" {
				r.State = ""
			}
			return invalid("the parameter " + name + " is sent more than once")
		}
	}
	if len(r.State) > maxState {
		r.State = ""
		return invalid("state has more than " + strconv.Itoa(maxState) + " bytes")
	}
	if nonce := values.Get("nonce"); len(nonce) > maxNonce || !utf8.ValidString(nonce) || strings.ContainsRune(nonce, 0) {
		return invalid("nonce has more than " + strconv.Itoa(maxNonce) + " bytes, or is no text")
	}
	switch {
	case values.Has("request"):
		return &AuthorizationError{"request_not_supported", "request objects are not supported; send the parameters in the address"}
	case values.Has("request_uri"):
		return &AuthorizationError{"request_uri_not_supported", "request objects are not supported; send the parameters in the address"}
	case values.Get("response_type") == "":
		return invalid("response_type is missing; send response_type=code")
	case values.Get("response_type") != "code":
		return &AuthorizationError{"unsupported_response_type", "only response_type=code is supported"}
	case values.Get("response_mode") != "" && values.Get("response_mode") != "query":
		return invalid("only response_mode=query is supported")
	case values.Get("code_challenge") == "":
		return invalid("code_challenge is missing; PKCE is required (RFC 7636)")
	case values.Get("code_challenge_method") != "S256":
		return invalid("only code_challenge_method=S256 is supported")
	case !challengeText.MatchString(values.Get("code_challenge")):
		return invalid("code_challenge is not the SHA-256 of a verifier in base64url without padding")
	}
	audience, err := p.Audience(append(values["resource"], values.Get("audience"))...)
	if err != nil {
		return &AuthorizationError{"invalid_target", "this server issues no tokens for that audience; correct or leave out audience and resource"}
	}
	r.Scopes, r.Audience, r.Nonce, r.Challenge = tepin.AskedScopes(values.Get("scope")), audience, values.Get("nonce"), values.Get("code_challenge")
	return readPrompt(values, r)
}

// challengeText is the form of an S256 challenge: base64url of 32 bytes.
var challengeText = regexp.MustCompile(`^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$`)

// readPrompt reads what may or must be shown to the person. Consent always is.
func readPrompt(values url.Values, r *AuthorizationRequest) error {
	prompts := strings.Fields(values.Get("prompt"))
	r.Silent, r.Again = slices.Contains(prompts, "none"), slices.Contains(prompts, "login")
	if r.Silent && len(prompts) > 1 {
		return &AuthorizationError{"invalid_request", "prompt=none stands alone"}
	}
	if text := values.Get("max_age"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return &AuthorizationError{"invalid_request", "max_age is not a number of seconds"}
		}
		r.MaxAge = time.Duration(seconds) * time.Second
	}
	return nil
}

// justNow is how old a sign-in may be that was to be made for this request: the page is
// read in between.
const justNow = 30 * time.Second

// Fresh reports whether a sign-in of that age is new enough for the request.
func (r AuthorizationRequest) Fresh(age time.Duration) bool {
	switch {
	case r.Again && age > justNow, r.MaxAge >= 0 && age > max(r.MaxAge, justNow):
		return false
	}
	return age <= FreshSignIn || !NeedsFresh(r.Application)
}

// Back is the address that the person is sent back to, with an answer for the
// application: pairs of names and values. The issuer is always among them (RFC 9207).
func (r AuthorizationRequest) Back(issuer string, pairs ...string) string {
	u, err := url.Parse(r.RedirectURI)
	if err != nil {
		return "/" // it was parsed when it was registered
	}
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	if r.State != "" {
		q.Set("state", r.State)
	}
	q.Set("iss", issuer)
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += q.Encode()
	return u.String()
}

// Consent gives the application what it asks for: an authorization code, with which
// the person is to be sent back.
func (p *People) Consent(ctx context.Context, who Person, r AuthorizationRequest) (code string, err error) {
	login, err := p.login(who, r.Application, r.Application.EnvironmentID)
	if err != nil {
		return "", err
	}
	login.Scopes, login.Audience, login.Session = r.Scopes, string(r.Audience), who.Session
	code = codePrefix + tepin.RandomBase62(randomLength)
	_, err = p.o.Store.Authorize(ctx, login, who.Session, hashOf(code), tepin.AuthorizationCode{
		RedirectURI: r.RedirectURI, Challenge: r.Challenge, Nonce: r.Nonce, ExpiresAt: p.o.Now().Add(CodeLifetime),
	})
	return code, err
}
