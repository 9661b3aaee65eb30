package oauth_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
)

// publisher is a client that publishes its keys, and where.
func publisher(t *testing.T, r *rig, keys ...jose.JSONWebKey) (tepin.Integration, *foreign) {
	t.Helper()
	host := newForeign(t, keys...)
	in, _ := r.Integration(r.env, tepin.TemplateRead)
	r.trusts(in, tepin.Trust{Kind: tepin.TrustKeySet, URL: host.URL + "/jwks"})
	host.fetched.Store(0) // the trial
	return in, host
}

// Keys are kept as long as their host says, within bounds.
func TestKeySetsAreKept(t *testing.T) {
	pair := newPair("one")
	for cacheControl, kept := range map[string]time.Duration{
		"": 15 * time.Minute, "public": 15 * time.Minute, "max-age=600": 10 * time.Minute, `public, MAX-AGE="1200" , immutable`: 20 * time.Minute,
		"max-age=0": 5 * time.Minute, "no-store": 5 * time.Minute, "max-age=86400, no-cache": 5 * time.Minute,
		"max-age=604800": day, "max-age=99999999999999999999": 15 * time.Minute, "max-age=x": 15 * time.Minute, "s-maxage=1": 15 * time.Minute,
	} {
		t.Run(cacheControl, func(t *testing.T) {
			r := newRig(t)
			in, host := publisher(t, r, pair)
			host.publishFor(cacheControl, pair)
			ask := func(what string, fetched int64) {
				t.Helper()
				accepted(t, what, r.assert(sign(t, pair, jose.ES256, r.ownClaims(in.ClientID))))
				if got := host.fetched.Load(); got != fetched {
					t.Errorf("%s: fetched %d times, want %d", what, got, fetched)
				}
			}
			ask("first", 1)
			ask("again", 1)
			r.advance(kept - time.Minute)
			ask("before the end", 1)
			r.advance(time.Minute)
			ask("after the end", 2)
		})
	}
}

// A key that is not known is looked for at its host, once a minute: strangers can make
// nobody fetch more.
func TestUnknownKeys(t *testing.T) {
	r := newRig(t)
	old, next, evil := newPair("old"), newPair("next"), newPair("evil")
	in, host := publisher(t, r, old)
	accepted(t, "the old key", r.assert(sign(t, old, jose.ES256, r.ownClaims(in.ClientID))))
	host.publish(next)
	refused(t, "the next key within a minute", r.assert(sign(t, next, jose.ES256, r.ownClaims(in.ClientID))), 401, "invalid_client", "is not accepted")
	r.advance(time.Minute)
	accepted(t, "the next key", r.assert(sign(t, next, jose.ES256, r.ownClaims(in.ClientID))))
	refused(t, "the old key, which is gone", r.assert(sign(t, old, jose.ES256, r.ownClaims(in.ClientID))), 401, "invalid_client", "is not accepted")
	unknown := sign(t, evil, jose.ES256, r.ownClaims(in.ClientID)) // one: a tenth that is wrong would spend the budget
	for range 50 {
		refused(t, "an unknown key", r.assert(unknown), 401, "invalid_client", "is not accepted")
	}
	if n := host.fetched.Load(); n != 2 {
		t.Errorf("fetched %d times", n)
	}
	// Who cannot be a client of ours has nothing fetched at all.
	r.advance(time.Minute)
	r.assert(sign(t, evil, jose.ES256, r.ownClaims("int_nobody")))
	if n := host.fetched.Load(); n != 2 {
		t.Errorf("a stranger had it fetched: %d times", n)
	}
}

// While a host is away, its keys count for another hour, and then nobody's do; it is
// asked every ten seconds.
func TestHostsThatAreAway(t *testing.T) {
	r := newRig(t)
	pair := newPair("one")
	in, host := publisher(t, r, pair)
	good := func() string { return sign(t, pair, jose.ES256, r.ownClaims(in.ClientID)) }
	host.does(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "canary", http.StatusInternalServerError) })
	got := r.assert(good())
	refused(t, "never reached", got, 503, "temporarily_unavailable", "cannot be fetched")
	if got.Header.Get("Retry-After") != "10" || strings.Contains(got.body, "canary") || strings.Contains(got.body, "127.0.0.1") {
		t.Errorf("%v %s", got.Header, got.body)
	}
	if !strings.Contains(r.log.String(), "status 500") || strings.Contains(r.log.String(), "canary") {
		t.Error("the log does not say why, or says too much")
	}
	refused(t, "at once again", r.assert(good()), 503, "temporarily_unavailable", "cannot be fetched")
	if n := host.fetched.Load(); n != 1 {
		t.Errorf("asked %d times within ten seconds", n)
	}
	host.publishFor("max-age=600", pair)
	refused(t, "before it is asked again", r.assert(good()), 503, "temporarily_unavailable", "cannot be fetched")
	r.advance(10 * time.Second)
	accepted(t, "there again", r.assert(good()))

	host.does(func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	r.advance(10*time.Minute + 59*time.Minute)
	accepted(t, "away for 59 minutes", r.assert(good()))
	before := host.fetched.Load()
	accepted(t, "away for 59 minutes, again", r.assert(good()))
	if host.fetched.Load() != before {
		t.Error("it was asked again at once")
	}
	r.advance(time.Minute)
	refused(t, "away for an hour", r.assert(good()), 503, "temporarily_unavailable", "cannot be fetched")
	host.publish(pair)
	r.advance(10 * time.Second)
	accepted(t, "back", r.assert(good()))
}

// However many ask at the same time, one fetches.
func TestKeySetsAreFetchedOnce(t *testing.T) {
	r := newRig(t)
	pair := newPair("one")
	in, host := publisher(t, r, pair)
	start := make(chan struct{})
	host.mu.Lock()
	publish := host.answer
	host.mu.Unlock()
	host.does(func(w http.ResponseWriter, req *http.Request) { <-start; publish(w, req) })
	var all sync.WaitGroup
	for range 20 {
		assertion := sign(t, pair, jose.ES256, r.ownClaims(in.ClientID))
		all.Go(func() { accepted(t, "one of many", r.assert(assertion)) })
	}
	time.Sleep(100 * time.Millisecond)
	close(start)
	all.Wait()
	if n := host.fetched.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// Whatever a host publishes, nothing weak verifies, and the client is refused.
func TestHostileKeySets(t *testing.T) {
	r := newRig(t)
	pair := newPair("one")
	answer := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
	}
	in, host := publisher(t, r, pair)
	private := string(must(pair.MarshalJSON()))
	for name, does := range map[string]http.HandlerFunc{
		"no JSON":        answer("<html>"),
		"no keys":        answer("{}"),
		"an empty set":   answer(`{"keys":[]}`),
		"a private key":  answer(`{"keys":[` + private + `]}`),
		"a secret":       answer(`{"keys":[{"kty":"oct","k":"AAAA","kid":"one","alg":"ES256"}]}`),
		"for encryption": answer(`{"keys":[` + strings.Replace(registered(pair), "{", `{"use":"enc",`, 1) + `]}`),
		"too many keys":  answer(`{"keys":[` + strings.Repeat(registered(pair)+",", 100) + registered(pair) + `]}`),
		"300 KB":         answer(`{"keys":[` + registered(pair) + `],"x":"` + strings.Repeat("x", 300<<10) + `"}`),
		"not there":      http.NotFound,
		"moved to metadata": func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, "https://169.254.169.254/", http.StatusFound)
		},
		"moved to another": func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, "http://127.0.0.1:1/", http.StatusFound)
		},
		"something behind it": answer(`{"keys":[` + registered(pair) + `]} x`),
	} {
		host.does(does)
		r.advance(time.Minute)
		refused(t, name, r.assert(sign(t, pair, jose.ES256, r.ownClaims(in.ClientID))), 503, "temporarily_unavailable", "cannot be fetched")
	}
	// A set in which only some keys are fit.
	host.does(answer(`{"keys":[{"kty":"new"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},` + registered(pairs()[jose.RS256]) + `,` + registered(pair) + `],"more":{}}`))
	r.advance(time.Minute)
	accepted(t, "the fit one", r.assert(sign(t, pair, jose.ES256, r.ownClaims(in.ClientID))))
}

// An issuer that calls itself something else is not the one that is trusted.
func TestIssuersThatAreAnother(t *testing.T) {
	r := newRig(t)
	pair := newPair("one")
	host := newForeign(t, pair)
	host.issuer = "https://token.actions.githubusercontent.com"
	in, _ := r.Integration(r.env, tepin.TemplateRead)
	v := tepin.Trust{EnvironmentID: in.EnvironmentID, IntegrationID: in.ID, Kind: tepin.TrustIssuer, URL: host.URL, Subject: gitHubSubject, Audience: publicURL}
	_, err := r.Credential.CreateTrust(t.Context(), admin, v, false)
	if tepin.KindOf(err) != tepin.Invalid || !strings.Contains(err.Error(), `calls itself \"https://token.actions`) && !strings.Contains(err.Error(), `calls itself "https://token.actions`) {
		t.Errorf("%v", err)
	}
	must(r.Credential.CreateTrust(t.Context(), admin, v, true))
	got := r.assert(sign(t, pair, jose.ES256, r.workloadClaims(host.URL, gitHubSubject, time.Minute)), "client_id="+string(in.ClientID))
	refused(t, "an issuer of another name", got, 503, "temporarily_unavailable", "cannot be fetched")
	v.URL = "https://169.254.169.254"
	_, err = r.Credential.CreateTrust(t.Context(), admin, v, false)
	if tepin.KindOf(err) != tepin.Invalid || !strings.Contains(err.Error(), "metadata") {
		t.Errorf("%v", err)
	}
}

// Environments share nothing that is fetched.
func TestKeySetsOfEnvironments(t *testing.T) {
	r := newRig(t)
	pair := newPair("one")
	host := newForeign(t, pair)
	for i, env := range []tepin.Environment{r.env, r.Environment(r.Subscription("other"), "second", tepin.Production)} {
		for range 2 {
			in, _ := r.Integration(env, tepin.TemplateRead)
			r.trusts(in, tepin.Trust{Kind: tepin.TrustKeySet, URL: host.URL + "/jwks"})
			host.fetched.Store(0)
			accepted(t, fmt.Sprint(i), r.assert(sign(t, pair, jose.ES256, r.ownClaims(in.ClientID))))
		}
		if n := host.fetched.Load(); n != 0 {
			t.Errorf("environment %d: the second integration has it fetched again", i)
		}
	}
	host.fetched.Store(0)
	third := r.Environment(r.Subscription("third"), "third", tepin.Production)
	in, _ := r.Integration(third, tepin.TemplateRead)
	r.trusts(in, tepin.Trust{Kind: tepin.TrustKeySet, URL: host.URL + "/jwks"})
	accepted(t, "third", r.assert(sign(t, pair, jose.ES256, r.ownClaims(in.ClientID))))
	if n := host.fetched.Load(); n != 2 { // the trial, and its own
		t.Errorf("fetched %d times", n)
	}
}
