package access_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/access/accesstest"
)

// certificatePEM is a certificate by the key, that has signed itself.
func certificatePEM(t testing.TB, key any, public any, end time.Time) string {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Ada's machine", Organization: []string{"Tepin"}}, NotBefore: start.Add(-time.Hour), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, c, c, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func ecPEM(t testing.TB, curve elliptic.Curve, end time.Time) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return certificatePEM(t, k, k.Public(), end)
}

func TestParseCertificate(t *testing.T) {
	end := start.Add(24 * time.Hour)
	good := ecPEM(t, elliptic.P256(), end)
	got, err := access.ParseCertificate("\n"+good+"\n \n", start)
	block, _ := pem.Decode([]byte(good))
	want := access.Certificate{Thumbprint: access.Thumbprint(block.Bytes), Subject: "CN=Ada's machine,O=Tepin", NotBefore: start.Add(-time.Hour), NotAfter: end}
	if err != nil || got != want || len(got.Thumbprint) != 43 {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"Ed25519": certificatePEM(t, private, public, end), "RSA": certificatePEM(t, large, large.Public(), end),
		"P-384": ecPEM(t, elliptic.P384(), end), "until the next second": ecPEM(t, elliptic.P256(), start.Add(time.Second)),
	} {
		if _, err := access.ParseCertificate(text, start); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	for name, c := range map[string]struct{ text, words string }{
		"nothing":                   {"", "no PEM"},
		"words":                     {"hello", "no PEM"},
		"too long":                  {good + strings.Repeat(" ", 16<<10), "16 KB"},
		"a private key":             {key, "private key"},
		"one in front":              {key + good, "private key"},
		"one behind":                {good + key, "private key"},
		"an EC key":                 {string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: pkcs8})), "private key"},
		"a public key":              {string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkcs8})), "of no certificate"},
		"a chain":                   {good + good, "chain"},
		"PEM of something else":     {string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pkcs8})), "X.509"},
		"an ended one":              {ecPEM(t, elliptic.P256(), start), "ended on 2026-11-21T12:00:00Z"},
		"a short RSA key":           {certificatePEM(t, small, small.Public(), end), "2048"},
		"a small curve":             {ecPEM(t, elliptic.P224(), end), "P-256"},
		"DER that is not PEM":       {string(block.Bytes), "no PEM"},
		"a certificate cut in half": {good[:len(good)/2], "no PEM"},
	} {
		got, err := access.ParseCertificate(c.text, start)
		if tepin.KindOf(err) != tepin.Invalid || !strings.Contains(err.Error(), c.words) || got != (access.Certificate{}) {
			t.Errorf("%s: %+v, %v; want something about %q", name, got, err, c.words)
		}
	}
}

// What is read is a certificate whose thumbprint is that of its bytes.
func FuzzParseCertificate(f *testing.F) {
	good := ecPEM(f, elliptic.P256(), start.Add(time.Hour))
	for _, s := range []string{"", good, good[:200], good + good, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := access.ParseCertificate(text, start)
		if err != nil {
			if c != (access.Certificate{}) || tepin.KindOf(err) != tepin.Invalid {
				t.Errorf("%q: %+v beside %v", text, c, err)
			}
			return
		}
		block, _ := pem.Decode([]byte(text))
		if c.Thumbprint != access.Thumbprint(block.Bytes) || len(c.Subject) > 210 || !c.NotAfter.After(start) {
			t.Errorf("%q gives %+v", text, c)
		}
	})
}

// A certificate that was registered on another node a moment ago is found at once.
func TestCertificateOfAnotherNode(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	second := r.node()
	cert := accesstest.NewCertificate(t, "one", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = start.Add(-time.Hour), start.Add(time.Hour) })
	v, err := r.store.CreateTrust(t.Context(), admin, tepin.Trust{EnvironmentID: in.EnvironmentID, IntegrationID: in.ID, Kind: tepin.TrustCertificate, Thumbprint: access.Thumbprint(cert.Leaf.Raw)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := second.AuthenticateCertificate(t.Context(), in.ClientID, cert.Leaf.Raw, home)
	if err != nil || c.Integration.ID != in.ID || c.Credential != v.ID || c.BySecret || !c.CredentialEnds.Equal(cert.Leaf.NotAfter) {
		t.Errorf("%+v, %v", c, err)
	}
	if _, _, ok := second.LastUse(v.ID); !ok {
		t.Error("its use is not noted")
	}
	_, err = second.AuthenticateCertificate(t.Context(), in.ClientID, []byte("no certificate"), home)
	accesstest.WantKind(t, "no certificate", err, tepin.Unauthorized)
	r.clock.Advance(access.MaxAge + time.Second)
	_, err = second.AuthenticateCertificate(t.Context(), in.ClientID, cert.Leaf.Raw, home)
	accesstest.WantKind(t, "a node that cannot know", err, tepin.Unavailable)
}

// A trust of another kind never stands for a certificate, whatever it holds.
func TestOnlyCertificatesAuthenticateAsCertificates(t *testing.T) {
	r := newRig(t)
	in := r.integration("one")
	cert := accesstest.NewCertificate(t, "one", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = start.Add(-time.Hour), start.Add(time.Hour) })
	for _, kind := range []tepin.TrustKind{tepin.TrustKey, tepin.TrustKeySet, tepin.TrustIssuer} {
		if _, err := r.store.CreateTrust(t.Context(), admin, tepin.Trust{EnvironmentID: in.EnvironmentID, IntegrationID: in.ID, Kind: kind, Thumbprint: access.Thumbprint(cert.Leaf.Raw)}); err != nil {
			t.Fatal(err)
		}
	}
	r.refresh()
	_, err := r.AuthenticateCertificate(t.Context(), in.ClientID, cert.Leaf.Raw, home)
	accesstest.WantKind(t, "other kinds of trust", err, tepin.Unauthorized)
}
