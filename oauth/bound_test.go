package oauth_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/oauth"
	"github.com/tepin/tepin/token"
	"github.com/tepin/tepin/web"
)

const tokenURL = publicURL + "/oauth/token"

// proved posts a form with DPoP headers to the token endpoint.
func (r *rig) proved(body string, proofs ...string) response {
	r.t.Helper()
	req := must(http.NewRequest("POST", r.server.URL+"/oauth/token", strings.NewReader(body)))
	req.Host = "tepin.example"
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, p := range proofs {
		req.Header.Add("DPoP", p)
	}
	return r.do(req)
}

// publicly makes the server one that is reached at its public URL.
func (r *rig) publicly() *rig {
	r.server.Config.Handler = (&web.Stack{PublicURL: publicURL, Log: slog.New(slog.DiscardHandler), Now: r.now}).Wrap(r.mux)
	return r
}

func (r *rig) prover(alg string) accesstest.Prover {
	p := accesstest.NewProver(r.t, alg)
	p.Now = r.now
	return p
}

func (r *rig) claims(raw string) token.Claims {
	r.t.Helper()
	c, err := r.Access.Open(raw)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// A client that has never heard of nonces gets its token at the second try, bound to its
// key, and another one each time.
func TestDPoPToken(t *testing.T) {
	r := newRig(t).publicly()
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	body := credentialsForm(in, secret)
	plain := r.proved(body)
	for _, alg := range token.ProofAlgs {
		p := r.prover(alg)
		first := r.proved(body, p.Proof("POST", tokenURL, "", ""))
		nonce := first.Header.Get("DPoP-Nonce")
		if first.StatusCode != 400 || first.code != "use_dpop_nonce" || nonce == "" || first.Header.Get("Cache-Control") != "no-store" || first.Header.Get("WWW-Authenticate") != "" {
			t.Fatalf("%s, without a nonce: %d %v %s", alg, first.StatusCode, first.Header, first.body)
		}
		var tokens []string
		for range 2 {
			got := r.proved(body, p.Proof("POST", tokenURL, nonce, ""))
			if nonce = got.Header.Get("DPoP-Nonce"); got.StatusCode != 200 || !strings.Contains(got.body, `"token_type":"DPoP"`) || nonce == "" || got.left != 86400 {
				t.Fatalf("%s: %d %v %s", alg, got.StatusCode, got.Header, got.body)
			}
			if c := r.claims(got.token); c.Confirm != (tepin.Confirmation{KeyThumbprint: p.Thumbprint()}) || c.ClientID != in.ClientID {
				t.Errorf("%s: claims %+v", alg, c)
			}
			tokens = append(tokens, got.token)
		}
		if tokens[0] == tokens[1] {
			t.Errorf("%s: a bound token was handed out again", alg)
		}
	}
	again := r.proved(body)
	if plain.StatusCode != 200 || again.token != plain.token || !strings.Contains(again.body, `"token_type":"Bearer"`) || again.Header.Get("DPoP-Nonce") != "" || r.claims(again.token).Confirm != (tepin.Confirmation{}) {
		t.Errorf("without a proof: %d %s", again.StatusCode, again.body)
	}
}

func TestDPoPTokenRefuses(t *testing.T) {
	r := newRig(t).publicly()
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	body := credentialsForm(in, secret)
	p := r.prover("ES256")
	fresh := func() string { return p.Proof("POST", tokenURL, r.Access.Nonce(), "") }
	claims := func(change func(map[string]any)) string {
		c := p.Claims("POST", tokenURL, r.Access.Nonce(), "")
		change(c)
		return p.Sign(nil, c)
	}
	spent := fresh()
	if got := r.proved(body, spent); got.StatusCode != 200 {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	old := r.Access.Nonce()
	r.advance(access.NonceLife + 2*time.Second)
	for name, c := range map[string]struct {
		body   string
		proofs []string
		status int
		code   string
		words  string
	}{
		"an old nonce":     {body, []string{p.Proof("POST", tokenURL, old, "")}, 400, "use_dpop_nonce", "nonce"},
		"a made-up nonce":  {body, []string{p.Proof("POST", tokenURL, "nonce", "")}, 400, "use_dpop_nonce", "nonce"},
		"nonsense":         {body, []string{"nonsense"}, 400, "invalid_dpop_proof", "no JWT"},
		"an empty header":  {body, []string{""}, 400, "invalid_dpop_proof", "exactly one"},
		"two proofs":       {body, []string{fresh(), fresh()}, 400, "invalid_dpop_proof", "exactly one"},
		"another method":   {body, []string{claims(func(c map[string]any) { c["htm"] = "GET" })}, 400, "invalid_dpop_proof", "htm"},
		"another endpoint": {body, []string{claims(func(c map[string]any) { c["htu"] = publicURL + "/oauth/revoke" })}, 400, "invalid_dpop_proof", "htu"},
		"another server":   {body, []string{claims(func(c map[string]any) { c["htu"] = "https://evil.example/oauth/token" })}, 400, "invalid_dpop_proof", "htu"},
		"an old iat":       {body, []string{claims(func(c map[string]any) { c["iat"] = r.now().Unix() - 62 })}, 400, "invalid_dpop_proof", "iat"},
		"a future iat":     {body, []string{claims(func(c map[string]any) { c["iat"] = r.now().Unix() + 90 })}, 400, "invalid_dpop_proof", "iat"},
		"a private key":    {body, []string{p.Sign(map[string]any{"jwk": map[string]any{"kty": "oct", "k": "AAAA"}}, p.Claims("POST", tokenURL, r.Access.Nonce(), ""))}, 400, "invalid_dpop_proof", "public key"},
		"a wrong secret":   {credentialsForm(in, "tpn_live_wrong"), []string{"nonsense"}, 401, "invalid_client", "secret"},
		"no grant type":    {strings.TrimPrefix(body, "grant_type=client_credentials&"), []string{fresh()}, 400, "invalid_request", "grant_type"},
	} {
		got := r.proved(c.body, c.proofs...)
		if got.StatusCode != c.status || got.code != c.code || !strings.Contains(got.why, c.words) || got.Header.Get("DPoP-Nonce") == "" || got.token != "" {
			t.Errorf("%s: %d %v %s", name, got.StatusCode, got.Header, got.body)
		}
	}
	again := p.Claims("POST", tokenURL, r.Access.Nonce(), "")
	proof := p.Sign(nil, again)
	if got := r.proved(body, proof); got.StatusCode != 200 {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	for name, proof := range map[string]string{"the same": proof, "signed anew": p.Sign(nil, again)} {
		if got := r.proved(body, proof); got.StatusCode != 400 || got.code != "invalid_dpop_proof" || !strings.Contains(got.why, "jti") {
			t.Errorf("%s, again: %d %s", name, got.StatusCode, got.body)
		}
	}
}

// An integration can be held to bound tokens: others are neither issued nor taken, also
// those that it had.
func TestRequireBound(t *testing.T) {
	r := newRig(t).publicly()
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	body := credentialsForm(in, secret)
	plain := r.proved(body).token
	set := func(on bool) {
		t.Helper()
		if _, err := r.Credential.UpdateIntegration(t.Context(), admin, in.EnvironmentID, in.ID, tepin.IntegrationUpdate{RequireBound: &on}); err != nil {
			t.Fatal(err)
		}
	}
	set(true)
	if got := r.proved(body); got.StatusCode != 400 || got.code != "invalid_request" || !strings.Contains(got.why, "DPoP") || got.token != "" {
		t.Errorf("a plain one is issued: %d %s", got.StatusCode, got.body)
	}
	if _, err := r.Access.Bearer(plain, access.Presenter{}); tepin.KindOf(err) != tepin.Unauthorized {
		t.Errorf("a plain one is taken: %v", err)
	}
	p := r.prover("ES256")
	bound := r.proved(body, p.Proof("POST", tokenURL, r.Access.Nonce(), ""))
	if _, err := r.Access.Bearer(bound.token, access.Presenter{Held: tepin.Confirmation{KeyThumbprint: p.Thumbprint()}}); bound.StatusCode != 200 || err != nil {
		t.Errorf("a bound one: %d %s, %v", bound.StatusCode, bound.body, err)
	}
	set(false)
	if _, err := r.Access.Bearer(plain, access.Presenter{}); err != nil || r.proved(body).StatusCode != 200 {
		t.Errorf("when it is not any more: %v", err)
	}
}

// secure serves the rig over TLS, as the listener for client certificates does, and
// returns a client that shows the certificate, if there is one.
func (r *rig) secure(cert *tls.Certificate, http2 bool) (*http.Client, string) {
	r.t.Helper()
	s := httptest.NewUnstartedServer((&web.Stack{Log: slog.New(slog.DiscardHandler), Now: r.now}).Wrap(r.mux))
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	s.EnableHTTP2 = http2
	s.StartTLS()
	r.t.Cleanup(s.Close)
	client := s.Client()
	if cert != nil {
		client.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{*cert}
	}
	return client, s.URL
}

// with posts a form over TLS with the certificate.
func (r *rig) with(cert *tls.Certificate, body string) response {
	r.t.Helper()
	client, url := r.secure(cert, false)
	return r.postOver(client, url, body)
}

func (r *rig) postOver(client *http.Client, url, body string) response {
	r.t.Helper()
	res, err := client.Post(url+"/oauth/token", "application/x-www-form-urlencoded", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	out := response{Response: res, body: string(must(io.ReadAll(res.Body)))}
	var v struct {
		Token string `json:"access_token"`
		Left  int    `json:"expires_in"`
		Code  string `json:"error"`
		Why   string `json:"error_description"`
	}
	if err := json.Unmarshal([]byte(out.body), &v); err != nil {
		r.t.Fatal(err)
	}
	out.token, out.left, out.code, out.why = v.Token, v.Left, v.Code, v.Why
	return out
}

// trust registers a certificate for an integration.
func (r *rig) trust(in tepin.Integration, cert tls.Certificate, ends time.Time) tepin.Trust {
	r.t.Helper()
	v, err := r.Store.CreateTrust(r.t.Context(), admin, tepin.Trust{EnvironmentID: in.EnvironmentID, IntegrationID: in.ID,
		Kind: tepin.TrustCertificate, Label: "test", Thumbprint: access.Thumbprint(cert.Leaf.Raw), ExpiresAt: ends})
	if err != nil {
		r.t.Fatal(err)
	}
	r.advance(0)
	return v
}

func certificateForm(id tepin.ClientID) string {
	return "grant_type=client_credentials&client_id=" + string(id)
}

// A registered certificate is all that a client needs beside its id; its tokens are bound
// to it, end with it at the latest, and die with its trust.
func TestClientCertificate(t *testing.T) {
	r := newRig(t)
	in, secret := r.Integration(r.env, tepin.TemplateRead)
	cert := accesstest.NewCertificate(t, "one", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(2 * time.Hour) })
	v := r.trust(in, cert, time.Time{})
	held := tepin.Confirmation{CertificateThumbprint: v.Thumbprint}
	for _, two := range []bool{false, true} {
		client, url := r.secure(&cert, two)
		first, second := r.postOver(client, url, certificateForm(in.ClientID)), r.postOver(client, url, certificateForm(in.ClientID))
		for _, got := range []response{first, second} {
			if got.StatusCode != 200 || !strings.Contains(got.body, `"token_type":"Bearer"`) || got.ProtoMajor != map[bool]int{false: 1, true: 2}[two] {
				t.Fatalf("%s %d %s", got.Proto, got.StatusCode, got.body)
			}
			c := r.claims(got.token)
			if c.Confirm != held || c.Credential != v.ID || c.ExpiresAt.After(cert.Leaf.NotAfter) || got.left > 7200 || got.left < 7100 {
				t.Errorf("claims %+v, certificate until %s", c, cert.Leaf.NotAfter)
			}
			if _, err := r.Access.Bearer(got.token, access.Presenter{Held: held}); err != nil {
				t.Error(err)
			}
			if _, err := r.Access.Bearer(got.token, access.Presenter{}); tepin.KindOf(err) != tepin.Unauthorized {
				t.Errorf("without the certificate: %v", err)
			}
		}
		if first.token == second.token {
			t.Error("a bound token was handed out again")
		}
	}
	bySecret := r.with(&cert, credentialsForm(in, secret))
	if c := r.claims(bySecret.token); c.Confirm != held || c.Credential == v.ID || bySecret.left != 86400 {
		t.Errorf("with a secret: %+v", c)
	}
	stranger := accesstest.NewCertificate(t, "stranger", nil)
	if c := r.claims(r.with(&stranger, credentialsForm(in, secret)).token); c.Confirm.CertificateThumbprint != access.Thumbprint(stranger.Leaf.Raw) {
		t.Errorf("with a secret and a certificate that nobody registered: %+v", c)
	}
	if got := r.with(nil, credentialsForm(in, secret)); got.StatusCode != 200 || r.claims(got.token).Confirm != (tepin.Confirmation{}) {
		t.Errorf("without a certificate: %d %s", got.StatusCode, got.body)
	}
	ending := r.trust(in, stranger, r.now().Add(10*time.Minute))
	if got := r.with(&stranger, certificateForm(in.ClientID)); got.left > 600 || got.left < 590 || r.claims(got.token).Credential != ending.ID {
		t.Errorf("a trust that ends in ten minutes: %d %s", got.StatusCode, got.body)
	}
	raw := r.with(&cert, certificateForm(in.ClientID)).token
	if err := r.Store.DeleteTrust(t.Context(), admin, in.EnvironmentID, in.ID, v.ID); err != nil {
		t.Fatal(err)
	}
	r.advance(0)
	if _, err := r.Access.Bearer(raw, access.Presenter{Held: held}); tepin.KindOf(err) != tepin.Unauthorized {
		t.Errorf("a token of a trust that is gone: %v", err)
	}
}

// Whatever is wrong with id and certificate has one answer.
func TestClientCertificateRefuses(t *testing.T) {
	r := newRig(t)
	in, _ := r.Integration(r.env, tepin.TemplateRead)
	off, _ := r.Integration(r.env, tepin.TemplateRead)
	other, _ := r.Integration(r.Environment(r.Subscription("other"), "other", tepin.Production), tepin.TemplateRead)
	cert := accesstest.NewCertificate(t, "one", nil)
	ended := accesstest.NewCertificate(t, "ended", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	early := accesstest.NewCertificate(t, "early", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })
	short := accesstest.NewCertificate(t, "short", nil)
	same := accesstest.NewCertificate(t, "one", nil) // its name counts for nothing
	for _, c := range []tls.Certificate{cert, ended, early} {
		r.trust(in, c, time.Time{})
	}
	r.trust(off, cert, time.Time{})
	r.trust(in, short, r.now().Add(time.Minute))
	if _, err := r.Credential.UpdateIntegration(t.Context(), admin, off.EnvironmentID, off.ID, tepin.IntegrationUpdate{Enabled: new(bool)}); err != nil {
		t.Fatal(err)
	}
	r.advance(2 * time.Minute)
	want := r.with(&same, certificateForm(in.ClientID))
	if want.StatusCode != 401 || want.code != "invalid_client" || !strings.HasPrefix(want.Header.Get("WWW-Authenticate"), "Basic ") || !strings.Contains(want.why, "certificate") {
		t.Fatalf("%d %v %s", want.StatusCode, want.Header, want.body)
	}
	for name, c := range map[string]struct {
		cert tls.Certificate
		id   tepin.ClientID
	}{
		"an unknown client":            {cert, "int_nobody"},
		"another's certificate":        {cert, other.ClientID},
		"a disabled integration":       {cert, off.ClientID},
		"a certificate that ended":     {ended, in.ClientID},
		"one that is not valid yet":    {early, in.ClientID},
		"one whose trust ended":        {short, in.ClientID},
		"one that nobody registered":   {same, in.ClientID},
		"nobody's certificate, nobody": {same, "int_nobody"},
	} {
		got := r.with(&c.cert, certificateForm(c.id))
		if got.StatusCode != 401 || got.body != want.body || got.Header.Get("WWW-Authenticate") != want.Header.Get("WWW-Authenticate") {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	if got := r.with(&cert, certificateForm(in.ClientID)); got.StatusCode != 200 {
		t.Errorf("the right one: %d %s", got.StatusCode, got.body)
	}
	for name, body := range map[string]string{"no client_id": "grant_type=client_credentials", "an empty one": "grant_type=client_credentials&client_id="} {
		if got := r.with(&cert, body); got.StatusCode != 401 || got.code != "invalid_client" {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	if got := r.with(&cert, "grant_type=magic&client_id="+string(in.ClientID)); got.code != "unsupported_grant_type" {
		t.Errorf("an unknown grant type: %d %s", got.StatusCode, got.body)
	}
	if got := r.with(&cert, credentialsForm(in, "tpn_live_wrong")); got.StatusCode != 401 {
		t.Errorf("a wrong secret beside the right certificate: %d %s", got.StatusCode, got.body)
	}
	for range 9 {
		c := accesstest.NewCertificate(t, "guess", nil)
		if got := r.with(&c, certificateForm(in.ClientID)); got.StatusCode != 401 {
			t.Fatalf("a guess: %d %s", got.StatusCode, got.body)
		}
	}
	guess := accesstest.NewCertificate(t, "guess", nil)
	if got := r.with(&guess, certificateForm(in.ClientID)); got.StatusCode != 429 || got.Header.Get("Retry-After") == "" {
		t.Errorf("one guess too many: %d %s", got.StatusCode, got.body)
	}
	if got := r.with(&cert, certificateForm(in.ClientID)); got.StatusCode != 200 {
		t.Errorf("the right one when the budget is spent: %d %s", got.StatusCode, got.body)
	}
}

// A proof beside a certificate: the key counts, which the client chose to use.
func TestProofBesideCertificate(t *testing.T) {
	r := newRig(t)
	in, _ := r.Integration(r.env, tepin.TemplateRead)
	cert := accesstest.NewCertificate(t, "one", nil)
	r.trust(in, cert, time.Time{})
	client, url := r.secure(&cert, false)
	p := r.prover("ES256")
	req := must(http.NewRequest("POST", url+"/oauth/token", strings.NewReader(certificateForm(in.ClientID))))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("DPoP", p.Proof("POST", url+"/oauth/token", r.Access.Nonce(), ""))
	res := must(client.Do(req))
	defer res.Body.Close()
	var v struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
	}
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil || v.Type != "DPoP" {
		t.Fatalf("%d %+v %v", res.StatusCode, v, err)
	}
	if c := r.claims(v.Token); c.Confirm != (tepin.Confirmation{KeyThumbprint: p.Thumbprint()}) {
		t.Errorf("claims %+v", c)
	}
}

func TestBoundMetadata(t *testing.T) {
	type document struct {
		Issuer, TokenEndpoint string
		Algs                  []string          `json:"dpop_signing_alg_values_supported"`
		Bound                 bool              `json:"tls_client_certificate_bound_access_tokens"`
		Aliases               map[string]string `json:"mtls_endpoint_aliases"`
		Methods               []string          `json:"token_endpoint_auth_methods_supported"`
		Introspection         []string          `json:"introspection_endpoint_auth_methods_supported"`
	}
	for name, c := range map[string]struct {
		h     oauth.Handler
		certs bool
		alias string
	}{
		"no certificates":         {oauth.Handler{}, false, ""},
		"a listener":              {oauth.Handler{Certificates: true, MTLSURL: "https://mtls.tepin.example"}, true, "https://mtls.tepin.example/oauth/token"},
		"by a proxy, one address": {oauth.Handler{Certificates: true}, true, ""},
	} {
		c.h.Issuer, c.h.PublicURL = publicURL+"/", publicURL
		mux := http.NewServeMux()
		web.Guard{}.Mount(mux, c.h.Routes())
		for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			var d document
			if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(d.Algs, token.ProofAlgs) || d.Bound != c.certs || slices.Contains(d.Methods, "self_signed_tls_client_auth") != c.certs ||
				d.Aliases["token_endpoint"] != c.alias || (d.Aliases != nil) != (c.alias != "") || !slices.Contains(d.Methods, "client_secret_basic") {
				t.Errorf("%s, %s: %+v", name, path, d)
			}
			if slices.Contains(d.Introspection, "self_signed_tls_client_auth") != c.certs || slices.Contains(d.Introspection, "none") {
				t.Errorf("%s, %s: clients authenticate for introspection by %q", name, path, d.Introspection)
			}
			for endpoint, url := range d.Aliases {
				if !strings.HasPrefix(url, "https://mtls.tepin.example/oauth/") || strings.HasPrefix(endpoint, "authorization") {
					t.Errorf("%s is at %s for clients with certificates", endpoint, url)
				}
			}
		}
	}
}
