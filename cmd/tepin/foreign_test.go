package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/outbound"
)

// The settings open a host and its authority, and never the server's own port.
func TestOutboundSettings(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "{}") }))
	t.Cleanup(s.Close)
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	authority := write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	elsewhere := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	for name, c := range map[string]struct {
		args []string
		own  net.Addr
		kind tepin.Kind
		says string
	}{
		"nothing set":        {nil, elsewhere, tepin.Forbidden, "outbound_allow"},
		"authority unknown":  {[]string{"-outbound_allow", "10.0.0.0/8, 127.0.0.1"}, elsewhere, tepin.Unavailable, "outbound_ca"},
		"listed and trusted": {[]string{"-outbound_allow", "127.0.0.1", "-outbound_ca", authority}, elsewhere, 0, ""},
		"our own port":       {[]string{"-outbound_allow", "127.0.0.1", "-outbound_ca", authority}, s.Listener.Addr(), tepin.Forbidden, "this server itself"},
	} {
		t.Run(name, func(t *testing.T) {
			settings, err := loadConfig("serve", c.args, func(string) string { return "" }, io.Discard, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			client, err := newOutbound(settings, c.own)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Get(t.Context(), outbound.Request{URL: s.URL})
			switch {
			case c.says == "" && err != nil:
				t.Error(err)
			case c.says != "" && (tepin.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%v", err)
			}
		})
	}
	for file, says := range map[string]string{filepath.Join(dir, "absent"): "no such file", write("empty", []byte("hello")): "no certificate in PEM form"} {
		if _, err := newOutbound(config{OutboundCA: file}, elsewhere); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A server takes the assertions of a client whose keys are at a host that the operator
// lists, and says whom to ask where it does not.
func TestAssertionOfAnotherHostsKey(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public}}})
	if err != nil {
		t.Fatal(err)
	}
	host := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(set) }))
	t.Cleanup(host.Close)
	dir := t.TempDir()
	authority := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: host.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, allow := range map[string]string{"listed": "127.0.0.1", "not listed": ""} {
		t.Run(name, func(t *testing.T) {
			settings, err := loadConfig("serve", []string{"-listen", "127.0.0.1:0", "-data", filepath.Join(dir, name), "-public_url", "http://" + nodeHost,
				"-outbound_ca", authority, "-outbound_allow", allow, "-log_level", "error"}, func(string) string { return "" }, io.Discard, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			s, err := start(t.Context(), settings, startOptions{}, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan error, 1)
			go func() { served <- s.serve() }()
			t.Cleanup(func() {
				if err := errors.Join(s.stop(), <-served); err != nil {
					t.Error(err)
				}
			})
			env, err := s.credential.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{SubscriptionID: s.subscription, Name: "Shop", TechnicalName: "shop", Type: tepin.Production})
			if err != nil {
				t.Fatal(err)
			}
			in, _, err := s.credential.CreateIntegration(t.Context(), tepin.System, tepin.Integration{EnvironmentID: env.ID, Name: "CI"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.credential.CreateTrust(t.Context(), tepin.System, tepin.Trust{EnvironmentID: env.ID, IntegrationID: in.ID, Kind: tepin.TrustKeySet, URL: host.URL}, false)
			if allow == "" {
				if tepin.KindOf(err) != tepin.Invalid || !strings.Contains(err.Error(), "outbound_allow") {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			status, body := s.asks(t, "POST", "/oauth/token", "", url.Values{"grant_type": {"client_credentials"}, "client_assertion": {signAssertion(t, private, in.ClientID)},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}})
			if status != http.StatusOK || !strings.Contains(body, "access_token") {
				t.Errorf("%d %s", status, body)
			}
		})
	}
}

func signAssertion(t *testing.T, key ed25519.PrivateKey, id tepin.ClientID) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	assertion, err := jwt.Signed(signer).Claims(jwt.Claims{Issuer: string(id), Subject: string(id), Audience: jwt.Audience{"http://" + nodeHost + "/"},
		Expiry: jwt.NewNumericDate(time.Now().Add(time.Minute)), ID: tepin.RandomBase62(20)}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return assertion
}
