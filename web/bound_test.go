package web

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/grant"
)

// boundToken returns a token of a new integration that is bound to what c names.
func (r *rig) boundToken(c tepin.Confirmation, scopes ...tepin.Scope) string {
	r.t.Helper()
	in, secret := r.Integration(r.own, scopes...)
	client, err := r.Access.Authenticate(r.t.Context(), in.ClientID, secret, accesstest.Home)
	must(r.t, err)
	issued, err := r.Grants.Current(r.t.Context(), grant.Request{Client: client, Scopes: in.Scopes, Audience: accesstest.PublicURL, Special: grant.Special{Confirm: c}})
	must(r.t, err)
	return issued.Token
}

const bytesPath = "/api/v1/environment/own/bytes"

// put calls an operation that takes any token, with these headers.
func put(t *testing.T, s Stack, a *API, target, authorization string, proofs ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("PUT", target, strings.NewReader("x"))
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("Authorization", authorization)
	for _, p := range proofs {
		r.Header.Add("DPoP", p)
	}
	w, _ := serve(t, s, a, r)
	return w
}

// A client that follows the answers gets in: it is told of DPoP, then of the nonce, and
// with each answer of the next one.
func TestDPoP(t *testing.T) {
	r := newRig(t)
	a := r.things(nil)
	p := accesstest.NewProver(t, "ES256")
	raw := r.boundToken(tepin.Confirmation{KeyThumbprint: p.Thumbprint()}, tepin.TemplateRead)
	const at = accesstest.PublicURL + bytesPath

	w := put(t, Stack{}, a, at, "Bearer "+raw)
	challenges := w.Header().Values("WWW-Authenticate")
	if w.Code != 401 || len(challenges) != 2 || !strings.Contains(challenges[0], `Bearer realm="Tepin", error="invalid_token"`) || challenges[1] != `DPoP algs="ES256 PS256 RS256 EdDSA Ed25519"` || w.Header().Get("DPoP-Nonce") != "" {
		t.Fatalf("as Bearer: %d %v", w.Code, w.Header())
	}
	w = put(t, Stack{}, a, at, "DPoP "+raw, p.Proof("PUT", at, "", raw))
	challenges = w.Header().Values("WWW-Authenticate")
	nonce := w.Header().Get("DPoP-Nonce")
	if w.Code != 401 || len(challenges) != 1 || !strings.HasPrefix(challenges[0], `DPoP realm="Tepin", error="use_dpop_nonce", error_description="`) || !strings.HasSuffix(challenges[0], `, algs="ES256 PS256 RS256 EdDSA Ed25519"`) || nonce == "" {
		t.Fatalf("without a nonce: %d %v", w.Code, w.Header())
	}
	proof := p.Proof("PUT", at, nonce, raw)
	w = put(t, Stack{}, a, at, "dpop "+raw, proof)
	if w.Code != 200 || w.Body.String() != "x" || w.Header().Get("DPoP-Nonce") == "" || w.Header().Get("WWW-Authenticate") != "" {
		t.Fatalf("with it: %d %v %s", w.Code, w.Header(), w.Body)
	}
	if w = put(t, Stack{}, a, at, "DPoP "+raw, proof); w.Code != 401 || !strings.Contains(w.Header().Get("WWW-Authenticate"), `error="invalid_dpop_proof"`) || !strings.Contains(problemOf(t, w).Detail, "jti") {
		t.Errorf("again: %d %v", w.Code, w.Header())
	}
}

func TestDPoPRefuses(t *testing.T) {
	r := newRig(t)
	a := r.things(nil)
	p, other := accesstest.NewProver(t, "ES256"), accesstest.NewProver(t, "EdDSA")
	bound := r.boundToken(tepin.Confirmation{KeyThumbprint: p.Thumbprint()}, tepin.TemplateRead)
	plain := r.NewToken(r.own, tepin.TemplateRead)
	const at = accesstest.PublicURL + bytesPath
	fresh := func(by accesstest.Prover, token string) string { return by.Proof("PUT", at, r.Access.Nonce(), token) }
	for name, c := range map[string]struct {
		authorization string
		proofs        []string
		code, words   string
	}{
		"no proof":                   {"DPoP " + bound, nil, "invalid_dpop_proof", "exactly one"},
		"two proofs":                 {"DPoP " + bound, []string{fresh(p, bound), fresh(p, bound)}, "invalid_dpop_proof", "exactly one"},
		"another method":             {"DPoP " + bound, []string{p.Proof("GET", at, r.Access.Nonce(), bound)}, "invalid_dpop_proof", "htm"},
		"another path":               {"DPoP " + bound, []string{p.Proof("PUT", at+"x", r.Access.Nonce(), bound)}, "invalid_dpop_proof", "htu"},
		"no ath":                     {"DPoP " + bound, []string{fresh(p, "")}, "invalid_dpop_proof", "ath"},
		"another token's ath":        {"DPoP " + bound, []string{fresh(p, plain)}, "invalid_dpop_proof", "ath"},
		"another key":                {"DPoP " + bound, []string{fresh(other, bound)}, "invalid_token", "another key"},
		"a plain token":              {"DPoP " + plain, []string{fresh(p, plain)}, "invalid_token", "not bound"},
		"a token cut short":          {"DPoP " + bound[:len(bound)-2], []string{fresh(p, bound[:len(bound)-2])}, "invalid_token", "not signed"},
		"the scheme without a token": {"DPoP", []string{fresh(p, bound)}, "invalid_token", "Authorization header"},
		"two words":                  {"DPoP " + bound + " x", []string{fresh(p, bound)}, "invalid_token", "Authorization header"},
	} {
		w := put(t, Stack{}, a, at, c.authorization, c.proofs...)
		challenges := w.Header().Values("WWW-Authenticate")
		if w.Code != 401 || len(challenges) != 1 || !strings.HasPrefix(challenges[0], `DPoP realm="Tepin", error="`+c.code+`"`) || !strings.Contains(problemOf(t, w).Detail, c.words) {
			t.Errorf("%s: %d %q %s", name, w.Code, challenges, w.Body)
		}
	}
	w := put(t, Stack{}, a, at, "Bearer "+plain, "nonsense")
	if w.Code != 200 || w.Header().Get("DPoP-Nonce") != "" {
		t.Errorf("a plain token beside a proof that nobody asked for: %d %s", w.Code, w.Body)
	}
	thing := accesstest.PublicURL + "/api/v1/environment/own/things"
	post := httptest.NewRequest("POST", thing, tripwire{t})
	post.Header.Set("Authorization", "DPoP "+bound)
	post.Header.Set("DPoP", p.Proof("POST", thing, r.Access.Nonce(), bound))
	w, _ = serve(t, Stack{}, a, post)
	if got := w.Header().Get("WWW-Authenticate"); w.Code != 403 || !strings.HasPrefix(got, `DPoP realm="Tepin", error="insufficient_scope"`) || !strings.HasSuffix(got, `, scope="template:write"`) || w.Header().Get("DPoP-Nonce") == "" {
		t.Errorf("without the scope: %d %v", w.Code, w.Header())
	}
}

// A proof names the request as its client sent it, at one of the server's own addresses.
func TestDPoPURLs(t *testing.T) {
	r := newRig(t)
	a := r.things(nil)
	p := accesstest.NewProver(t, "ES256")
	raw := r.boundToken(tepin.Confirmation{KeyThumbprint: p.Thumbprint()}, tepin.TemplateRead)
	home := Stack{PublicURL: "https://tepin.example", MTLSURL: "https://mtls.tepin.example:8443", AllowedHosts: []string{"inside.example"},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32")}}
	for _, c := range []struct {
		name, sent, forwarded, htu string
		status                     int
	}{
		{"the public URL", "http://tepin.example", "https", "https://tepin.example" + bytesPath, 200},
		{"the public URL, of a proxy that says nothing", "http://tepin.example", "", "https://tepin.example" + bytesPath, 200},
		{"with port and query", "http://tepin.example", "https", "https://tepin.example:443" + bytesPath + "?x=y", 200},
		{"an allowed host", "http://inside.example", "https", "https://inside.example" + bytesPath, 200},
		{"an allowed host, by the public URL", "http://inside.example", "https", "https://tepin.example" + bytesPath, 200},
		{"the listener for certificates", "http://mtls.tepin.example:8443", "https", "https://mtls.tepin.example:8443" + bytesPath, 200},
		{"made for another of ours", "http://tepin.example", "https", "https://inside.example" + bytesPath, 401},
		{"made for somebody else", "http://tepin.example", "https", "https://evil.example" + bytesPath, 401},
		{"without TLS", "http://inside.example", "https", "http://inside.example" + bytesPath, 401},
		{"a forged host", "http://evil.example", "https", "https://evil.example" + bytesPath, 421},
	} {
		req := httptest.NewRequest("PUT", c.sent+bytesPath, strings.NewReader("x"))
		req.RemoteAddr = "192.0.2.7:1"
		if c.forwarded != "" {
			req.Header.Set("X-Forwarded-Proto", c.forwarded)
		}
		req.Header.Set("Authorization", "DPoP "+raw)
		req.Header.Set("DPoP", p.Proof("PUT", c.htu, r.Access.Nonce(), raw))
		if w, _ := serve(t, home, a, req); w.Code != c.status {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/api//v1/environment/own//bytes", "/API/v1/Environment/OWN/bytes/", "/api/v1/environment/%6Fwn/bytes"} {
		at := accesstest.PublicURL + path
		if w := put(t, Stack{}, a, at, "DPoP "+raw, p.Proof("PUT", at, r.Access.Nonce(), raw)); w.Code != 200 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	at := accesstest.PublicURL + "/API/v1/Environment/OWN/bytes"
	if w := put(t, Stack{}, a, at, "DPoP "+raw, p.Proof("PUT", accesstest.PublicURL+bytesPath, r.Access.Nonce(), raw)); w.Code != 401 {
		t.Errorf("a path in another case than it was sent in: %d", w.Code)
	}
}

// asHeader gives a certificate the two forms that are taken.
func asHeader(der []byte) (escaped, bytes string) {
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	escaped = strings.ReplaceAll(url.QueryEscape(string(text)), "+", "%20")
	return escaped, ":" + base64.StdEncoding.EncodeToString(der) + ":"
}

// A certificate counts that the connection has, or that a trusted proxy names in the one
// header that is set; whoever else sends such headers sends nothing.
func TestClientCertificate(t *testing.T) {
	cert := accesstest.NewCertificate(t, "one", nil)
	der := cert.Leaf.Raw
	escaped, bytes := asHeader(der)
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		name, setting, peer string
		header              http.Header
		tls                 *tls.ConnectionState
		want                bool
		refused             bool
	}{
		{name: "nothing", setting: "Client-Cert", peer: "10.0.0.1:1"},
		{name: "the connection's", peer: "192.0.2.7:1", tls: &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert.Leaf}}, want: true},
		{name: "a connection without one", peer: "192.0.2.7:1", tls: &tls.ConnectionState{}},
		{name: "nginx", setting: "x-ssl-cert", peer: "10.0.0.1:1", header: http.Header{"X-Ssl-Cert": {escaped}}, want: true},
		{name: "RFC 9440", setting: "Client-Cert", peer: "10.0.0.1:1", header: http.Header{"Client-Cert": {" " + bytes + " "}}, want: true},
		{name: "a header of no common name", setting: "X-Peer", peer: "10.0.0.1:1", header: http.Header{"X-Peer": {bytes}}, want: true},
		{name: "an empty one", setting: "Client-Cert", peer: "10.0.0.1:1", header: http.Header{"Client-Cert": {""}}},
		{name: "a stranger's", setting: "Client-Cert", peer: "192.0.2.7:1", header: http.Header{"Client-Cert": {bytes}}},
		{name: "a stranger's, said to be forwarded", setting: "Client-Cert", peer: "192.0.2.7:1", header: http.Header{"Client-Cert": {bytes}, "X-Forwarded-For": {"10.0.0.1"}}},
		{name: "nobody set it", peer: "10.0.0.1:1", header: http.Header{"Client-Cert": {bytes}}},
		{name: "another header", setting: "X-Peer", peer: "10.0.0.1:1", header: http.Header{"Client-Cert": {bytes}, "X-Ssl-Cert": {escaped}}},
		{name: "the connection's before the header's", setting: "Client-Cert", peer: "10.0.0.1:1", header: http.Header{"Client-Cert": {"nonsense"}},
			tls: &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert.Leaf}}, want: true},
		{name: "twice", setting: "Client-Cert", peer: "10.0.0.1:1", header: http.Header{"Client-Cert": {bytes, bytes}}, refused: true},
		{name: "nonsense", setting: "Client-Cert", peer: "10.0.0.1:1", header: http.Header{"Client-Cert": {"nonsense"}}, refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request("GET", "/", nil)
			r.RemoteAddr, r.TLS = c.peer, c.tls
			for k, v := range c.header {
				r.Header[k] = v
			}
			serve(t, Stack{TrustedProxies: proxies, CertificateHeader: c.setting}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got, err := ClientCertificate(r)
				if (err != nil) != c.refused || err == nil && (got != nil) != c.want || c.want && string(got) != string(der) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				if err != nil && (tepin.KindOf(err) != tepin.Unauthorized || got != nil) {
					t.Errorf("%d bytes beside %v", len(got), err)
				}
				for name := range c.header {
					if r.Header.Get(name) != "" {
						t.Errorf("%s got through", name)
					}
				}
			}), r)
		})
	}
}

func TestReadCertificate(t *testing.T) {
	der := accesstest.NewCertificate(t, "one", nil).Leaf.Raw
	escaped, bytes := asHeader(der)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	for name, c := range map[string]struct{ header, words string }{
		"escaped twice":            {strings.ReplaceAll(escaped, "%", "%25"), "PEM"},
		"two certificates":         {escaped + escaped, "PEM"},
		"a key":                    {url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))), "PEM"},
		"headers in the PEM":       {url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der, Headers: map[string]string{"a": "b"}}))), "PEM"},
		"an empty PEM":             {url.PathEscape("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), "PEM"},
		"broken escapes":           {"-----BEGIN%2", "percent"},
		"not escaped, on one line": {strings.ReplaceAll(text, "\n", " "), "PEM"},
		"no colon at the end":      {bytes[:len(bytes)-1], "base64"},
		"base64url":                {strings.NewReplacer("+", "-", "/", "_").Replace(bytes) + "_:", "base64"},
		"an empty byte sequence":   {"::", "base64"},
		"one colon":                {":", "base64"},
		"a list":                   {bytes + ", " + bytes, "base64"},
		"Envoy's":                  {`Hash=abc;Cert="` + escaped + `"`, "neither"},
		"bare base64":              {bytes[1 : len(bytes)-1], "neither"},
		"too long":                 {":" + strings.Repeat("A", maxCertificate) + ":", "too long"},
	} {
		if got, err := readCertificate([]string{c.header}); err == nil || got != nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %d bytes, %v, want something about %q", name, len(got), err, c.words)
		}
	}
	for name, header := range map[string]string{"escaped": escaped, "escaped, without the last line break": strings.TrimSuffix(escaped, "%0A"), "bytes": bytes} {
		if got, err := readCertificate([]string{header}); err != nil || string(got) != string(der) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

// What is read of a header is what it says, in both forms.
func FuzzReadCertificate(f *testing.F) {
	der := accesstest.NewCertificate(f, "one", nil).Leaf.Raw
	escaped, bytes := asHeader(der)
	for _, s := range []string{"", ":", "::", ":AA==:", escaped, bytes, escaped[:100], "-----BEGIN CERTIFICATE-----", "-----BEGIN%20CERTIFICATE-----%0AAA%3D%3D%0A-----END%20CERTIFICATE-----"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := readCertificate([]string{s})
		switch {
		case err != nil && got != nil, err == nil && got != nil && len(got) == 0:
			t.Errorf("%q: %q beside %v", s, got, err)
		case got == nil:
			return
		}
		again, other := asHeader(got)
		for _, form := range []string{again, other} {
			if len(form) > maxCertificate {
				return
			}
			if same, err := readCertificate([]string{form}); err != nil || string(same) != string(got) {
				t.Errorf("%q gives %q, which in another form gives %q, %v", s, got, same, err)
			}
		}
	})
}

// A token that is bound to a certificate is taken with that certificate alone.
func TestCertificateBoundTokens(t *testing.T) {
	r := newRig(t)
	a := r.things(nil)
	own, other := accesstest.NewCertificate(t, "own", nil), accesstest.NewCertificate(t, "other", nil)
	raw := r.boundToken(tepin.Confirmation{CertificateThumbprint: access.Thumbprint(own.Leaf.Raw)}, tepin.TemplateRead)
	plain := r.NewToken(r.own, tepin.TemplateRead)
	_, header := asHeader(own.Leaf.Raw)
	home := Stack{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32")}, CertificateHeader: "Client-Cert"}
	for _, c := range []struct {
		name   string
		token  string
		cert   *x509.Certificate
		header string
		status int
		words  string
	}{
		{"its own, on the connection", raw, own.Leaf, "", 200, ""},
		{"its own, by the proxy", raw, nil, header, 200, ""},
		{"another", raw, other.Leaf, "", 401, "client certificate"},
		{"another on the connection, its own in a header", raw, other.Leaf, header, 401, "client certificate"},
		{"none", raw, nil, "", 401, "client certificate"},
		{"a header that cannot be read", raw, nil, "x", 401, "operator"},
		{"a plain token with a certificate", plain, own.Leaf, "", 200, ""},
		{"a plain token, a header that cannot be read", plain, nil, "x", 401, "operator"},
	} {
		req := request("PUT", bytesPath, strings.NewReader("x"))
		req.Header.Set("Authorization", "Bearer "+c.token)
		if c.cert != nil {
			req.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c.cert}}
		}
		if c.header != "" {
			req.Header.Set("Client-Cert", c.header)
		}
		w, _ := serve(t, home, a, req)
		if w.Code != c.status || c.status != 200 && (!strings.Contains(problemOf(t, w).Detail, c.words) || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer ")) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
}

// Where clients with certificates have an address of their own, the header counts there.
func TestCertificateAtItsAddress(t *testing.T) {
	_, bytes := asHeader(accesstest.NewCertificate(t, "one", nil).Leaf.Raw)
	home := Stack{PublicURL: "https://tepin.example", MTLSURL: "https://mtls.tepin.example", CertificateHeader: "Client-Cert", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32")}}
	for host, want := range map[string]bool{"mtls.tepin.example": true, "tepin.example": false} {
		r := request("GET", "/", nil)
		r.Host = host
		r.Header.Set("Client-Cert", bytes)
		serve(t, home, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if der, err := ClientCertificate(r); err != nil || (der != nil) != want {
				t.Errorf("%s: %d bytes, %v", host, len(der), err)
			}
		}), r)
	}
}

// Links of answers lead to where the client came: it may be able to go nowhere else.
func TestLinksStayWithTheCertificate(t *testing.T) {
	home := Stack{PublicURL: "https://tepin.example", MTLSURL: "https://mtls.tepin.example"}
	for host, want := range map[string]string{
		"tepin.example": "https://tepin.example", "mtls.tepin.example": "https://mtls.tepin.example", "MTLS.tepin.example:443": "https://mtls.tepin.example",
		"mtls.tepin.example:444": "https://tepin.example", "evil.example": "",
	} {
		r := request("GET", "/", nil)
		r.Host = host
		w, _ := serve(t, home, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, BaseURL(r)) }), r)
		if got := w.Body.String(); want != "" && got != want || want == "" && w.Code != http.StatusMisdirectedRequest {
			t.Errorf("%s: %d %s, want %s", host, w.Code, got, want)
		}
	}
}
