package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
)

// certifiedServer is a server over TLS with one environment and one integration.
type certifiedServer struct {
	*server
	t      *testing.T
	roots  *x509.CertPool
	in     tepin.Integration
	secret string
}

func startCertified(t *testing.T, c config) *certifiedServer {
	t.Helper()
	dir := t.TempDir()
	c.Listen, c.Data, c.KeyDir, c.Workers, c.LogLevel = "127.0.0.1:0", filepath.Join(dir, "data"), filepath.Join(dir, "keys"), 1, "error"
	c.TLSCert, c.TLSKey = writeCertificate(t, dir, 1)
	srv, err := start(t.Context(), c, startOptions{}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.serve() }()
	t.Cleanup(func() {
		if err := errors.Join(srv.stop(), <-served); err != nil {
			t.Error(err)
		}
	})
	s := &certifiedServer{server: srv, t: t, roots: x509.NewCertPool()}
	text, err := os.ReadFile(c.TLSCert)
	s.must(err)
	s.roots.AppendCertsFromPEM(text)
	env, err := srv.credential.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{SubscriptionID: srv.subscription, Name: "Acme", TechnicalName: "acme", Type: tepin.Sandbox})
	s.must(err)
	s.in, s.secret, err = srv.credential.CreateIntegration(t.Context(), tepin.System, tepin.Integration{EnvironmentID: env.ID, Name: "shop", Scopes: tepin.MustScopes(tepin.TemplateList)})
	s.must(err)
	return s
}

func (s *certifiedServer) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// trust registers a certificate for the integration.
func (s *certifiedServer) trust(cert tls.Certificate) {
	s.t.Helper()
	_, err := s.store.CreateTrust(s.t.Context(), tepin.System, tepin.Trust{EnvironmentID: s.in.EnvironmentID, IntegrationID: s.in.ID,
		Kind: tepin.TrustCertificate, Thumbprint: access.Thumbprint(cert.Leaf.Raw)})
	s.must(err)
	s.must(s.access.Refresh(s.t.Context()))
}

// client trusts the server, and shows the certificate when it is asked for one.
func (s *certifiedServer) client(cert *tls.Certificate, change func(*tls.Config)) *http.Client {
	c := &tls.Config{RootCAs: s.roots, ServerName: "localhost"}
	if cert != nil {
		c.Certificates = []tls.Certificate{*cert}
	}
	if change != nil {
		change(c)
	}
	transport := &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: c.NextProtos == nil}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// token asks for one without a secret.
func (s *certifiedServer) token(c *http.Client, endpoint string, more url.Values, header ...string) (raw string, status int, body string) {
	s.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {string(s.in.ClientID)}}
	for k, v := range more {
		form[k] = v
	}
	req, err := http.NewRequest("POST", endpoint, strings.NewReader(form.Encode()))
	s.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, text := s.do(c, req, header...)
	var v struct {
		Token string `json:"access_token"`
	}
	s.must(json.Unmarshal([]byte(text), &v))
	return v.Token, res.StatusCode, text
}

// list calls the Environment API.
func (s *certifiedServer) list(c *http.Client, base, raw string, header ...string) (*http.Response, string) {
	s.t.Helper()
	req, err := http.NewRequest("GET", base+"/grafx/api/v1/environment/acme/templates", nil)
	s.must(err)
	req.Header.Set("Authorization", "Bearer "+raw)
	return s.do(c, req, header...)
}

func (s *certifiedServer) do(c *http.Client, req *http.Request, header ...string) (*http.Response, string) {
	s.t.Helper()
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	res, err := c.Do(req)
	s.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	s.must(err)
	return res, string(body)
}

// A client finds the listener in the metadata, gets a token by its certificate alone, and
// uses it there; nobody else can, and the other listener asks nobody for certificates.
func TestMTLSListener(t *testing.T) {
	s := startCertified(t, config{MTLSListen: "127.0.0.1:0"})
	cert, other := accesstest.NewCertificate(t, "one", nil), accesstest.NewCertificate(t, "other", nil)
	s.trust(cert)
	asked := false
	browser := s.client(nil, func(c *tls.Config) {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { asked = true; return &cert, nil }
	})
	req, err := http.NewRequest("GET", s.url+"/.well-known/oauth-authorization-server", nil)
	s.must(err)
	_, text := s.do(browser, req)
	var metadata struct {
		Bound   bool              `json:"tls_client_certificate_bound_access_tokens"`
		Aliases map[string]string `json:"mtls_endpoint_aliases"`
		Methods []string          `json:"token_endpoint_auth_methods_supported"`
	}
	s.must(json.Unmarshal([]byte(text), &metadata))
	endpoint := metadata.Aliases["token_endpoint"]
	if !metadata.Bound || endpoint != s.certified.url+"/oauth/token" || s.certified.url == s.url || !strings.Contains(text, "self_signed_tls_client_auth") {
		t.Fatalf("metadata %s", text)
	}
	if _, status, body := s.token(browser, s.url+"/oauth/token", nil); status != 401 || asked {
		t.Errorf("at the other listener: %d %s, asked for a certificate: %t", status, body, asked)
	}

	client := s.client(&cert, nil)
	raw, status, body := s.token(client, endpoint, nil)
	if status != 200 || !strings.Contains(body, `"Bearer"`) {
		t.Fatalf("%d %s", status, body)
	}
	for name, c := range map[string]struct {
		client *http.Client
		base   string
		status int
	}{
		"with the certificate":  {client, s.certified.url, 200},
		"with another":          {s.client(&other, nil), s.certified.url, 401},
		"without one":           {s.client(nil, nil), s.certified.url, 401},
		"at the other listener": {client, s.url, 401},
		"over HTTP/1.1":         {s.client(&cert, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }), s.certified.url, 200},
		"over TLS 1.2":          {s.client(&cert, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), s.certified.url, 200},
	} {
		res, body := s.list(c.client, c.base, raw, "Client-Cert", ":"+base64.StdEncoding.EncodeToString(cert.Leaf.Raw)+":")
		if res.StatusCode != c.status || c.status == 401 && !strings.Contains(res.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("%s: %d %v %s", name, res.StatusCode, res.Header, body)
		}
		if want := map[bool]int{true: 1, false: 2}[name == "over HTTP/1.1"]; res.ProtoMajor != want {
			t.Errorf("%s: %s", name, res.Proto)
		}
	}
	if _, status, _ := s.token(s.client(&other, nil), endpoint, nil); status != 401 {
		t.Errorf("a certificate that nobody registered: %d", status)
	}
	if raw, status, _ := s.token(s.client(nil, nil), endpoint, url.Values{"client_secret": {s.secret}}); status != 200 {
		t.Errorf("without a certificate, by secret: %d", status)
	} else if res, _ := s.list(browser, s.url, raw); res.StatusCode != 200 {
		t.Errorf("its token is bound: %d", res.StatusCode)
	}
	for page, want := range map[string]int{"/": 404, "/login": 404, "/environments": 404, "/device": 404, "/healthz": 200, "/readyz": 200} {
		req, err := http.NewRequest("GET", s.certified.url+page, nil)
		s.must(err)
		if res, _ := s.do(client, req); res.StatusCode != want {
			t.Errorf("%s answers %d, want %d: the console is not there", page, res.StatusCode, want)
		}
	}
}

// A session that is taken up again is still its certificate's, and no other's.
func TestMTLSResumption(t *testing.T) {
	s := startCertified(t, config{MTLSListen: "127.0.0.1:0"})
	cert := accesstest.NewCertificate(t, "one", nil)
	s.trust(cert)
	endpoint := s.certified.url + "/oauth/token"
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, c := range []struct {
			cert   *tls.Certificate
			status int
		}{{&cert, 200}, {nil, 401}} {
			cache, resumed := tls.NewLRUClientSessionCache(1), false
			for range 3 {
				client := s.client(c.cert, func(t *tls.Config) {
					t.ClientSessionCache, t.MaxVersion, t.NextProtos = cache, version, []string{"http/1.1"}
					t.VerifyConnection = func(cs tls.ConnectionState) error { resumed = cs.DidResume; return nil }
				})
				if _, status, body := s.token(client, endpoint, nil); status != c.status {
					t.Errorf("%s, certificate %t, resumed %t: %d %s", tls.VersionName(version), c.cert != nil, resumed, status, body)
				}
			}
			if !resumed {
				t.Errorf("%s: no session was taken up again", tls.VersionName(version))
			}
		}
	}
}

// With an authority set, certificates of others end the handshake; none is no reason to.
func TestMTLSAuthority(t *testing.T) {
	authority := accesstest.NewCertificate(t, "authority", func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	})
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Leaf.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startCertified(t, config{MTLSListen: "127.0.0.1:0", MTLSClientCA: file})
	signed, stranger := accesstest.SignCertificate(t, "signed", authority), accesstest.NewCertificate(t, "stranger", nil)
	s.trust(signed)
	s.trust(stranger)
	endpoint := s.certified.url + "/oauth/token"
	if raw, status, body := s.token(s.client(&signed, nil), endpoint, nil); status != 200 {
		t.Errorf("signed by the authority: %d %s", status, body)
	} else if res, body := s.list(s.client(&signed, nil), s.certified.url, raw); res.StatusCode != 200 {
		t.Errorf("its token: %d %s", res.StatusCode, body)
	}
	force := func(c *tls.Config) { // whatever authorities the server names
		c.Certificates = nil
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &stranger, nil }
	}
	if res, err := s.client(nil, force).Post(endpoint, "application/x-www-form-urlencoded", strings.NewReader("")); err == nil {
		res.Body.Close()
		t.Errorf("signed by itself: %d", res.StatusCode)
	}
	if _, status, _ := s.token(s.client(nil, nil), endpoint, url.Values{"client_secret": {s.secret}}); status != 200 {
		t.Errorf("no certificate: %d", status)
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, says := range map[string]string{empty: "no certificate in", empty + "x": "no such file"} {
		if _, err := listenMTLS(config{MTLSListen: "127.0.0.1:0", MTLSClientCA: file}); err == nil || !strings.Contains(err.Error(), "mtls_client_ca") || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Behind a proxy that asks for certificates, its header stands for them; from whoever is
// no proxy it is nothing.
func TestCertificateOfProxy(t *testing.T) {
	cert := accesstest.NewCertificate(t, "one", nil)
	escaped := strings.ReplaceAll(url.QueryEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Leaf.Raw}))), "+", "%20")
	bytes := ":" + base64.StdEncoding.EncodeToString(cert.Leaf.Raw) + ":"
	home := config{PublicURL: "https://localhost", MTLSPublicURL: "https://127.0.0.1", CertificateHeader: "X-Client", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	behind := startCertified(t, home)
	behind.trust(cert)
	at := "https://" + behind.listener.Addr().String()
	client := behind.client(nil, nil)
	for _, header := range []string{escaped, bytes} {
		raw, status, body := behind.token(client, at+"/oauth/token", nil, "Host", "127.0.0.1", "X-Client", header)
		if status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		for name, c := range map[string]struct {
			host   string
			header []string
			status int
		}{
			"with the header":      {"127.0.0.1", []string{"X-Client", header}, 200},
			"without it":           {"127.0.0.1", nil, 401},
			"in another header":    {"127.0.0.1", []string{"Client-Cert", bytes}, 401},
			"at the other address": {"localhost", []string{"X-Client", header}, 401},
		} {
			if res, body := behind.list(client, at, raw, append(c.header, "Host", c.host)...); res.StatusCode != c.status {
				t.Errorf("%s: %d %s", name, res.StatusCode, body)
			}
		}
	}
	home.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
	alone := startCertified(t, home)
	alone.trust(cert)
	at = "https://" + alone.listener.Addr().String()
	if _, status, _ := alone.token(alone.client(nil, nil), at+"/oauth/token", nil, "Host", "127.0.0.1", "X-Client", bytes, "X-Forwarded-For", "192.0.2.1"); status != 401 {
		t.Errorf("from no proxy: %d", status)
	}
}

// A nonce and a token of one server are good at the other, and a proof that one has taken
// is refused there.
func TestDPoPOnTwoNodes(t *testing.T) {
	nodes := startNodes(t, 2)
	env, err := nodes[0].credential.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{SubscriptionID: nodes[0].subscription, Name: "Acme", TechnicalName: "acme", Type: tepin.Sandbox})
	if err != nil {
		t.Fatal(err)
	}
	in, secret, err := nodes[0].credential.CreateIntegration(t.Context(), tepin.System, tepin.Integration{EnvironmentID: env.ID, Name: "shop", Scopes: tepin.MustScopes(tepin.TemplateList)})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		if err := n.access.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p := accesstest.NewProver(t, "ES256")
	ask := func(n *server, method, path, body, authorization, proof string) (int, http.Header, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+n.listener.Addr().String()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = nodeHost
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("DPoP", proof)
		if authorization != "" {
			req.Header.Set("Authorization", authorization)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header, string(text)
	}
	form := "grant_type=client_credentials&client_id=" + string(in.ClientID) + "&client_secret=" + secret
	const tokens, templates = "/oauth/token", "/grafx/api/v1/environment/acme/templates"
	status, header, body := ask(nodes[0], "POST", tokens, form, "", p.Proof("POST", "http://"+nodeHost+tokens, "", ""))
	nonce := header.Get("DPoP-Nonce")
	if status != 400 || !strings.Contains(body, "use_dpop_nonce") || nonce == "" {
		t.Fatalf("%d %v %s", status, header, body)
	}
	status, _, body = ask(nodes[1], "POST", tokens, form, "", p.Proof("POST", "http://"+nodeHost+tokens, nonce, ""))
	var v struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil || status != 200 || v.Type != "DPoP" {
		t.Fatalf("the nonce at the other node: %d %s", status, body)
	}
	proof := p.Proof("GET", "http://"+nodeHost+templates, nonce, v.Token)
	if status, _, body := ask(nodes[0], "GET", templates, "", "DPoP "+v.Token, proof); status != 200 {
		t.Errorf("the token at the first node: %d %s", status, body)
	}
	if status, header, _ := ask(nodes[0], "GET", templates, "", "DPoP "+v.Token, proof); status != 401 || !strings.Contains(header.Get("WWW-Authenticate"), "invalid_dpop_proof") {
		t.Errorf("the proof again: %d %v", status, header)
	}
}

// Settings that cannot be meant are refused.
func TestMTLSSettings(t *testing.T) {
	tlsFiles := []string{"-tls_cert", "c", "-tls_key", "k"}
	for says, args := range map[string][]string{
		"no address with a port":       append(tlsFiles, "-mtls_listen", "127.0.0.1"),
		"set tls_cert and tls_key":     {"-mtls_listen", "127.0.0.1:8443"},
		"mtls_public_url is needed to": append(tlsFiles, "-mtls_listen", "127.0.0.1:8443", "-public_url", "https://a.example"),
		"needed to listen on 0.0.0.0":  append(tlsFiles, "-mtls_listen", "0.0.0.0:8443"),
		"is for mtls_listen":           {"-mtls_client_ca", "x"},
		"nothing sees their":           {"-mtls_public_url", "https://m.example"},
		"be another than public_url":   append(tlsFiles, "-mtls_listen", "0.0.0.0:8443", "-mtls_public_url", "https://a.example", "-public_url", "https://a.example"),
		"must begin with https://":     append(tlsFiles, "-mtls_listen", "0.0.0.0:8443", "-mtls_public_url", "http://m.example", "-public_url", "https://a.example"),
		"public_url, which must be":    append(tlsFiles, "-mtls_listen", "127.0.0.1:8443", "-mtls_public_url", "https://m.example"),
		"no URL of the form":           {"-mtls_public_url", "m.example"},
		"no name of a header":          {"-client_certificate_header", "Client Cert", "-trusted_proxies", "10.0.0.1"},
		"from trusted_proxies alone":   {"-client_certificate_header", "Client-Cert"},
	} {
		if _, err := loadConfig("serve", args, func(string) string { return "" }, io.Discard, nil, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v, want something about %q", args, err, says)
		}
	}
	for _, args := range [][]string{
		append(tlsFiles, "-mtls_listen", "127.0.0.1:0"),
		append(tlsFiles, "-listen", "0.0.0.0:443", "-public_url", "https://a.example", "-mtls_listen", "0.0.0.0:8443", "-mtls_public_url", "https://a.example:8443"),
		{"-client_certificate_header", "X-SSL-Cert", "-trusted_proxies", "10.0.0.1", "-public_url", "https://a.example", "-mtls_public_url", "https://m.example"},
	} {
		if _, err := loadConfig("serve", args, func(string) string { return "" }, io.Discard, nil, nil); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
}
