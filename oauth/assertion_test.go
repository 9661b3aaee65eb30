package oauth_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/oauth"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
	"github.com/tepin/tepin/web"
)

// A client proves itself by each algorithm, with a key that is registered or that it
// publishes (RFC 7523). Its tokens are made for each request, without a row.
func TestPrivateKeyJWT(t *testing.T) {
	r := newRig(t)
	for alg, pair := range pairs() {
		host := newForeign(t, pair)
		for name, v := range map[string]tepin.Trust{"key": {Kind: tepin.TrustKey, Keys: registered(pair)}, "key set": {Kind: tepin.TrustKeySet, URL: host.URL + "/jwks"}} {
			t.Run(string(alg)+" "+name, func(t *testing.T) {
				in, _ := r.Integration(r.env, tepin.TemplateRead)
				trust := r.trusts(in, v)
				first := accepted(t, "first", r.assert(sign(t, pair, alg, r.ownClaims(in.ClientID))))
				got := r.assert(sign(t, pair, alg, r.ownClaims(in.ClientID)), "client_id="+string(in.ClientID), "scope=template:read")
				second := accepted(t, "second", got)
				if first == second || got.left != 86400 || got.scope != "template:read" {
					t.Errorf("the same token: %v, %d s, scope %s", first == second, got.left, got.scope)
				}
				actor, err := r.Access.Bearer(second, access.Presenter{})
				if err != nil || actor.ClientID != in.ClientID {
					t.Errorf("%+v %v", actor, err)
				}
				if _, from, ok := r.Access.LastUse(trust.ID); !ok || from != "127.0.0.1" {
					t.Errorf("last used from %q, %v", from, ok)
				}
				if err := r.Credential.DeleteTrust(t.Context(), admin, in.EnvironmentID, in.ID, trust.ID); err != nil {
					t.Fatal(err)
				}
				if _, err := r.Access.Bearer(second, access.Presenter{}); tepin.KindOf(err) != tepin.Unauthorized {
					t.Errorf("a token of a key that was deleted: %v", err)
				}
				refused(t, "deleted", r.assert(sign(t, pair, alg, r.ownClaims(in.ClientID))), 401, "invalid_client", "is not accepted")
			})
		}
	}
	var rows int
	db := must(sql.Open("sqlite", filepath.Join(r.dir, "tepin.db")))
	defer db.Close()
	if err := db.QueryRow(`SELECT count(*) FROM access_grant`).Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func TestAssertionForms(t *testing.T) {
	r := newRig(t)
	pair, unnamed, older := newPair("one"), newPair(""), newPair("older")
	in, _ := r.Integration(r.env, tepin.TemplateRead)
	r.trusts(in, tepin.Trust{Kind: tepin.TrustKey, Keys: registered(older)})
	r.trusts(in, tepin.Trust{Kind: tepin.TrustKey, Keys: `{"keys":[` + registered(unnamed) + `,` + registered(pair) + `]}`})
	signed := func(k jose.JSONWebKey, header string, change func(claims)) string {
		c := r.ownClaims(in.ClientID)
		if change != nil {
			change(c)
		}
		return signText(k, header, text(c))
	}
	now := r.now().Unix()
	ed := pairs()[jose.EdDSA]
	r.trusts(in, tepin.Trust{Kind: tepin.TrustKey, Keys: registered(ed)})
	input := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"Ed25519","kid":"EdDSA"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(text(r.ownClaims(in.ClientID))))
	for name, assertion := range map[string]string{
		"Ed25519 by its newer name":      input + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(ed.Key.(ed25519.PrivateKey), []byte(input))),
		"kid":                            signed(pair, `{"alg":"ES256","kid":"one"}`, nil),
		"no kid":                         signed(pair, `{"alg":"ES256"}`, nil),
		"a kid for a key without":        signed(unnamed, `{"alg":"ES256","kid":"whatever"}`, nil),
		"the older key":                  signed(older, `{"alg":"ES256","kid":"older"}`, nil),
		"typ JWT":                        signed(pair, `{"alg":"ES256","typ":"JWT"}`, nil),
		"typ of its own":                 signed(pair, `{"alg":"ES256","typ":"application/Client-Authentication+JWT"}`, nil),
		"headers that say nothing":       signed(pair, `{"alg":"ES256","x5t":"AAAA","cty":"x"}`, nil),
		"aud in a list":                  signed(pair, `{"alg":"ES256"}`, func(c claims) { c["aud"] = []string{publicURL + "/"} }),
		"aud without the slash":          signed(pair, `{"alg":"ES256"}`, func(c claims) { c["aud"] = publicURL }),
		"aud the token endpoint":         signed(pair, `{"alg":"ES256"}`, func(c claims) { c["aud"] = publicURL + "/oauth/token" }),
		"neither iat nor nbf":            signed(pair, `{"alg":"ES256"}`, func(c claims) { delete(c, "iat"); delete(c, "nbf") }),
		"a clock that is behind":         signed(pair, `{"alg":"ES256"}`, func(c claims) { c["exp"] = now - 50 }),
		"a clock that is ahead":          signed(pair, `{"alg":"ES256"}`, func(c claims) { c["iat"], c["nbf"] = now+50, now+50 }),
		"an hour":                        signed(pair, `{"alg":"ES256"}`, func(c claims) { c["exp"] = now + 3600 }),
		"a fraction of a second":         signed(pair, `{"alg":"ES256"}`, func(c claims) { c["exp"] = float64(now) + 60.5 }),
		"further claims":                 signed(pair, `{"alg":"ES256"}`, func(c claims) { c["nested"] = map[string]any{"iss": "other"}; c["EXP"] = 0 }),
		"header with white space around": signed(pair, ` {"alg" : "ES256"} `, nil),
	} {
		accepted(t, name, r.assert(assertion))
	}
}

// What is wrong with an assertion by itself is said; it concerns nobody else.
func TestBrokenAssertions(t *testing.T) {
	r := newRig(t)
	pair := newPair("one")
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	r.trusts(in, tepin.Trust{Kind: tepin.TrustKey, Keys: registered(pair)})
	good := text(r.ownClaims(in.ClientID))
	change := func(f func(claims)) string {
		c := r.ownClaims(in.ClientID)
		f(c)
		return text(c)
	}
	set := func(name string, value any) string { return change(func(c claims) { c[name] = value }) }
	without := func(name string) string { return change(func(c claims) { delete(c, name) }) }
	const es256 = `{"alg":"ES256","kid":"one"}`
	now := r.now().Unix()
	for name, c := range map[string]struct{ header, claims, why string }{
		"alg none":              {`{"alg":"none"}`, good, "algorithm that is not taken"},
		"alg HS256":             {`{"alg":"HS256"}`, good, "algorithm that is not taken"},
		"alg ES384":             {`{"alg":"ES384"}`, good, "algorithm that is not taken"},
		"alg in another case":   {`{"alg":"es256"}`, good, "algorithm that is not taken"},
		"no alg":                {`{"kid":"one"}`, good, "algorithm that is not taken"},
		"alg twice":             {`{"alg":"ES256","alg":"ES256"}`, good, "no signed JWT"},
		"a header that is none": {`"ES256"`, good, "no signed JWT"},
		"its own key":           {`{"alg":"ES256","jwk":` + registered(pair) + `}`, good, "header jwk"},
		"where its keys are":    {`{"alg":"ES256","jku":"https://evil.example/jwks"}`, good, "header jku"},
		"where its chain is":    {`{"alg":"ES256","x5u":"https://evil.example/chain"}`, good, "header x5u"},
		"crit":                  {`{"alg":"ES256","crit":["exp"],"exp":1}`, good, "header crit"},
		"crit b64":              {`{"alg":"ES256","crit":["b64"],"b64":true}`, good, "leave out the header"},
		"b64":                   {`{"alg":"ES256","b64":false}`, good, "leave out the header b64"},
		"an access token":       {`{"alg":"ES256","typ":"at+jwt"}`, good, "JWT for something else"},
		"a DPoP proof":          {`{"alg":"ES256","typ":"dpop+jwt"}`, good, "JWT for something else"},
		"typ that is no text":   {`{"alg":"ES256","typ":1}`, good, "JWT for something else"},
		"typ null":              {`{"alg":"ES256","typ":null}`, set("x", 1), ""},
		"claims that are none":  {es256, `[]`, "no JSON object"},
		"claims cut off":        {es256, good[:len(good)-1], "no JSON object"},
		"claims twice":          {es256, strings.Replace(good, "{", `{"exp":1,`, 1), "no JSON object"},
		"iss a number":          {es256, set("iss", 1), "wrong type"},
		"exp a text":            {es256, set("exp", "tomorrow"), "wrong type"},
		"exp beyond all time":   {es256, set("exp", 1e300), "wrong type"},
		"aud a number":          {es256, set("aud", 1), "wrong type"},
		"jti a number":          {es256, set("jti", 1), "wrong type"},
		"no iss":                {es256, without("iss"), "needs iss and sub"},
		"no sub":                {es256, without("sub"), "needs iss and sub"},
		"no aud":                {es256, without("aud"), "for one audience"},
		"aud empty":             {es256, set("aud", ""), "for one audience"},
		"aud an empty list":     {es256, set("aud", []string{}), "for one audience"},
		"two audiences":         {es256, set("aud", []string{publicURL + "/", "https://other.example/"}), "for one audience"},
		"the same one twice":    {es256, set("aud", []string{publicURL + "/", publicURL + "/"}), "for one audience"},
		"another server":        {es256, set("aud", "https://other.example/"), "not for this server"},
		"an alias":              {es256, set("aud", alias), "not for this server"},
		"the issuer and more":   {es256, set("aud", publicURL+"/x"), "not for this server"},
		"no exp":                {es256, without("exp"), "needs exp"},
		"exp null":              {es256, set("exp", nil), "needs exp"},
		"five minutes too late": {es256, set("exp", now-300), "has expired"},
		"exp 0":                 {es256, set("exp", 0), "has expired"},
		"exp below all time":    {es256, set("exp", -1e18), "has expired"},
		"valid for two hours":   {es256, set("exp", now+7200), "valid for too long"},
		"valid for ever":        {es256, set("exp", 1<<50), "valid for too long"},
		"nbf in the future":     {es256, set("nbf", now+90), "nbf or iat is in the future"},
		"iat in the future":     {es256, set("iat", now+90), "nbf or iat is in the future"},
		"no jti":                {es256, without("jti"), "needs a jti"},
		"jti empty":             {es256, set("jti", ""), "needs a jti"},
		"jti of 256 bytes":      {es256, set("jti", strings.Repeat("j", 256)), "jti of the client assertion is longer"},
		"iss another than sub":  {es256, set("iss", "https://issuer.example"), "send the client_id"},
		"an assertion too long": {es256, set("x", strings.Repeat("x", oauth.MaxAssertion)), "longer than 8192 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got := r.assert(signText(pair, c.header, c.claims))
			if c.why == "" {
				accepted(t, name, got)
				return
			}
			refused(t, name, got, 401, "invalid_client", c.why)
			if !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Basic ") || strings.Contains(got.body, "evil.example") {
				t.Errorf("%v %s", got.Header, got.body)
			}
		})
	}
	assertion := signText(pair, es256, good)
	parts := strings.Split(assertion, ".")
	for name, text := range map[string]string{
		"no JWT": "x", "two parts": parts[0] + "." + parts[1], "four parts": assertion + ".x", "five parts": assertion + ".x.x", "white space": " " + assertion, "padding": assertion + "=",
		"no signature": parts[0] + "." + parts[1] + ".", "JSON serialization": `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
	} {
		got := r.assert(text)
		if name == "no signature" {
			refused(t, name, got, 401, "invalid_client", "is not accepted")
			continue
		}
		refused(t, name, got, 401, "invalid_client", "no signed JWT in compact form")
	}
	refused(t, "another client_id", r.assert(assertion, "client_id=int_other"), 401, "invalid_client", "is not the iss and sub")
	refused(t, "a secret as well", r.assert(assertion, "client_secret="+secret), 400, "invalid_request", "authenticates twice")
	refused(t, "another type", r.form("grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:saml2-bearer&client_assertion="+url.QueryEscape(assertion)), 400, "invalid_request", "client_assertion_type")
	refused(t, "in the address", r.do(must(http.NewRequest("POST", r.server.URL+"/oauth/token?client_assertion=x", nil))), 400, "invalid_request", "never in the address")
	accepted(t, "the same assertion, after all that", r.assert(assertion))
}

// Whatever depends on the client gets one answer; why is in the log alone.
func TestStrangersLearnNothing(t *testing.T) {
	r := newRig(t)
	pair, theirs := newPair("one"), newPair("one")
	makes := func(change func(tepin.Integration)) tepin.Integration {
		in, _ := r.Integration(r.env, tepin.TemplateRead)
		r.trusts(in, tepin.Trust{Kind: tepin.TrustKey, Keys: registered(pair)})
		if change != nil {
			change(in)
		}
		return in
	}
	in := makes(nil)
	bare, _ := r.Integration(r.env, tepin.TemplateRead)
	off := false
	disabled := makes(func(in tepin.Integration) {
		must(r.Credential.UpdateIntegration(t.Context(), admin, in.EnvironmentID, in.ID, tepin.IntegrationUpdate{Enabled: &off}))
	})
	deleted := makes(func(in tepin.Integration) {
		if err := r.Credential.DeleteIntegration(t.Context(), admin, in.EnvironmentID, in.ID); err != nil {
			t.Fatal(err)
		}
	})
	later, _ := r.Integration(r.env, tepin.TemplateRead)
	r.trusts(later, tepin.Trust{Kind: tepin.TrustKey, Keys: registered(pair), NotBefore: r.now().Add(time.Hour)})
	onlyRSA, _ := r.Integration(r.env, tepin.TemplateRead)
	r.trusts(onlyRSA, tepin.Trust{Kind: tepin.TrustKey, Keys: registered(pairs()[jose.RS256])})
	otherEd, _ := r.Integration(r.env, tepin.TemplateRead)
	_, edKey, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	r.trusts(otherEd, tepin.Trust{Kind: tepin.TrustKey, Keys: registered(jose.JSONWebKey{Key: edKey})})
	good, other := sign(t, pair, jose.ES256, r.ownClaims(in.ClientID)), sign(t, pair, jose.ES256, r.ownClaims(in.ClientID))

	var same string
	for name, c := range map[string]struct {
		assertion string
		logged    string
	}{
		"an unknown client":           {sign(t, pair, jose.ES256, r.ownClaims("int_nobody")), "no such enabled client"},
		"a client without a key":      {sign(t, pair, jose.ES256, r.ownClaims(bare.ClientID)), "no live key"},
		"a disabled client":           {sign(t, pair, jose.ES256, r.ownClaims(disabled.ClientID)), "no such enabled client"},
		"a deleted client":            {sign(t, pair, jose.ES256, r.ownClaims(deleted.ClientID)), "no such enabled client"},
		"a key that is not yet":       {sign(t, pair, jose.ES256, r.ownClaims(later.ClientID)), "no live key"},
		"another's key":               {sign(t, theirs, jose.ES256, r.ownClaims(in.ClientID)), `kid \"one\"`},
		"a known key by another name": {signText(pair, `{"alg":"ES256","kid":"two"}`, text(r.ownClaims(in.ClientID))), `kid \"two\"`},
		"another kid":                 {sign(t, newPair("two"), jose.ES256, r.ownClaims(in.ClientID)), `kid \"two\"`},
		"another Ed25519 key":         {sign(t, pairs()[jose.EdDSA], jose.EdDSA, r.ownClaims(otherEd.ClientID)), "alg EdDSA"},
		"another algorithm":           {sign(t, pairs()[jose.PS256], jose.PS256, r.ownClaims(onlyRSA.ClientID)), "alg PS256"},
		"a signature of another":      {good[:strings.LastIndex(good, ".")] + other[strings.LastIndex(other, "."):], "no key of the client"},
		"a signature that is off":     {good[:len(good)-4] + "AAAA", "no key of the client"},
		"a client of another kind":    {sign(t, pair, jose.ES256, claims{"iss": "https://issuer.example", "sub": "s", "aud": publicURL, "exp": r.now().Unix() + 60}), "trusts in no such token"},
	} {
		more := "x=y"
		if name == "a client of another kind" {
			more = "client_id=" + string(in.ClientID)
		}
		got := r.assert(c.assertion, more)
		refused(t, name, got, 401, "invalid_client", "is not accepted")
		body := got.body + got.Header.Get("WWW-Authenticate")
		if same == "" {
			same = body
		}
		if body != same {
			t.Errorf("%s: %s, another got %s", name, body, same)
		}
		if id := got.Header.Get("X-Request-Id"); id == "" || !strings.Contains(lineOf(r.log.String(), id), c.logged) {
			t.Errorf("%s: the log does not say %q: %s", name, c.logged, lineOf(r.log.String(), id))
		}
		if strings.Contains(r.log.String(), c.assertion) {
			t.Errorf("%s: the assertion is in the log", name)
		}
	}
	accepted(t, "the right one, after all that", r.assert(good))
	if strings.Contains(r.log.String(), good) {
		t.Error("an assertion is in the log")
	}
}

func lineOf(log, id string) string {
	for line := range strings.Lines(log) {
		if strings.Contains(line, id) {
			return line
		}
	}
	return ""
}

// An assertion is taken once; on two nodes that get it at the same time, by one of them.
func TestAssertionReplay(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) store.Options{
		"SQLite": func(t *testing.T) store.Options {
			return store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "tepin.db")}
		},
		"PostgreSQL": func(t *testing.T) store.Options { return store.Options{URL: storetest.Postgres(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			o.AuditKey = make([]byte, 32)
			first := storetest.Open(t, o)
			second := first
			if name == "PostgreSQL" {
				second = storetest.Open(t, o)
			}
			accesstest.AddKey(t, first, "ES256")
			sub, err := first.CreateSubscription(t.Context(), admin, tepin.Subscription{Name: "test"})
			if err != nil {
				t.Fatal(err)
			}
			env := accesstest.AddEnvironment(t, first, sub.ID, "first")
			in := accesstest.NewIntegration(env.ID, "one")
			in = must(first.CreateIntegration(t.Context(), admin, in, accesstest.SecretOf(in, "tpn_one")))
			pair := newPair("one")
			must(first.CreateTrust(t.Context(), admin, tepin.Trust{EnvironmentID: env.ID, IntegrationID: in.ID, Kind: tepin.TrustKey, Keys: registered(pair)}))
			nodes := []http.Handler{node(t, first), node(t, second)}

			c := claims{"iss": in.ClientID, "sub": in.ClientID, "aud": accesstest.BareURL + "/", "exp": time.Now().Unix() + 60, "jti": "one"}
			for round := range 5 {
				c["jti"] = fmt.Sprint("round ", round)
				body := assertionForm + sign(t, pair, jose.ES256, c)
				var taken, replayed atomic.Int64
				var all sync.WaitGroup
				for i := range 8 {
					all.Go(func() {
						req := httptest.NewRequest("POST", "http://localhost/oauth/token", strings.NewReader(body))
						req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
						w := httptest.NewRecorder()
						nodes[i%2].ServeHTTP(w, req)
						switch {
						case w.Code == 200:
							taken.Add(1)
						case w.Code == 401 && strings.Contains(w.Body.String(), "presented before"):
							replayed.Add(1)
						default:
							t.Errorf("%d %s", w.Code, w.Body)
						}
					})
				}
				all.Wait()
				if taken.Load() != 1 || replayed.Load() != 7 {
					t.Errorf("taken %d times, refused %d times", taken.Load(), replayed.Load())
				}
			}
		})
	}
}

// What was taken is remembered for as long as it would be taken again.
func TestAssertionReplayAtItsEnd(t *testing.T) {
	r := newRig(t)
	pair := newPair("one")
	in, _ := r.Integration(r.env, tepin.TemplateRead)
	r.trusts(in, tepin.Trust{Kind: tepin.TrustKey, Keys: registered(pair)})
	r.freeze()
	assertion := sign(t, pair, jose.ES256, r.ownClaims(in.ClientID))
	accepted(t, "first", r.assert(assertion))
	r.frozen.Store(nil)
	r.advance(60*time.Second + oauth.ClockLeeway - 5*time.Second)
	must(r.Store.ForgetAssertions(t.Context(), r.now()))
	refused(t, "again, just before it has expired", r.assert(assertion), 401, "invalid_client", "presented before")
	r.advance(5 * time.Second)
	refused(t, "again, when it has", r.assert(assertion), 401, "invalid_client", "has expired")
}

// node is a server over a database.
func node(t *testing.T, st *store.Store) http.Handler {
	t.Helper()
	d := accesstest.Bare(t, st, time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	mux := http.NewServeMux()
	web.Guard{Directory: d}.Mount(mux, oauth.Handler{Access: d, Grants: &grant.Service{Store: st, Access: d}, Issuer: accesstest.BareURL + "/", PublicURL: accesstest.BareURL,
		KeySets: oauth.NewKeySets(nil, slog.New(slog.DiscardHandler), nil)}.Routes())
	return (&web.Stack{Log: slog.New(slog.DiscardHandler)}).Wrap(mux)
}

// While the database cannot be asked whether an assertion was taken before, none is.
func TestAssertionWithoutDatabase(t *testing.T) {
	r := newRig(t)
	pair := newPair("one")
	in, _ := r.Integration(r.env, tepin.TemplateRead)
	r.trusts(in, tepin.Trust{Kind: tepin.TrustKey, Keys: registered(pair)})
	r.freeze()
	assertion := sign(t, pair, jose.ES256, r.ownClaims(in.ClientID))
	if err := r.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := r.assert(assertion); got.StatusCode/100 != 5 || got.token != "" {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// The metadata says how clients may prove themselves (RFC 8414 §2).
func TestAssertionMetadata(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		got := r.do(must(http.NewRequest("GET", r.server.URL+path, nil)))
		for _, member := range []string{`"private_key_jwt"`, `"token_endpoint_auth_signing_alg_values_supported":["RS256","PS256","ES256","EdDSA","Ed25519"]`} {
			if !strings.Contains(got.body, member) {
				t.Errorf("%s: no %s in %s", path, member, got.body)
			}
		}
	}
}

// Refused assertions are in the log of the environment, under the client that they claim.
func TestRefusedAssertionsAreNoticed(t *testing.T) {
	r := newRig(t)
	pair := newPair("one")
	in, _ := r.Integration(r.env, tepin.TemplateRead)
	r.trusts(in, tepin.Trust{Kind: tepin.TrustKey, Keys: registered(pair)})
	for i := range 5 {
		r.assert(sign(t, newPair(fmt.Sprint("canary", i)), jose.ES256, r.ownClaims(in.ClientID)))
		c := r.workloadClaims(fmt.Sprint("https://canary.example/", i), "canary", time.Minute)
		r.assert(sign(t, pair, jose.ES256, c), "client_id="+string(in.ClientID))
	}
	if err := r.Access.FlushNotices(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, e := range must(r.Store.AuditEntries(t.Context(), string(r.env.ID), 0, 100)) {
		if e.Action == access.ActionRefused && e.Target == string(in.ID) {
			found[e.Detail]++
		}
		if strings.Contains(e.Detail, "canary") {
			t.Errorf("what a stranger wrote is in the log: %s", e.Detail)
		}
	}
	if len(found) != 2 {
		t.Errorf("%d different refusals are noted: %v", len(found), found)
	}
}
