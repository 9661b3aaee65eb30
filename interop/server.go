package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/tepin/tepin/demotest"
)

// server is a demo, reached over TLS: libraries refuse plain HTTP, or are talked out of
// that, which would not be unmodified.
type server struct {
	*demotest.Demo
	trust string       // the file of the certificate that clients trust
	http  *http.Client // trusts it, too
}

// startServer starts the server with all its files in dir.
func startServer(ctx context.Context, dir string) (*server, error) {
	s := &server{trust: filepath.Join(dir, "cert.pem")}
	key := filepath.Join(dir, "key.pem")
	var err error
	if s.http, err = writeCertificate(s.trust, key); err != nil {
		return nil, err
	}
	s.Demo, err = demotest.Start(ctx, dir, "TEPIN_TLS_CERT="+s.trust, "TEPIN_TLS_KEY="+key, "SSL_CERT_FILE="+s.trust,
		"TEPIN_MTLS_LISTEN=127.0.0.1:0")
	return s, err
}

// writeCertificate makes the server's certificate, and a client that trusts it alone.
func writeCertificate(certFile, keyFile string) (*http.Client, error) {
	chain, private, err := newCertificate()
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(chain)
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	return client, errors.Join(os.WriteFile(certFile, chain, 0o600), os.WriteFile(keyFile, private, 0o600))
}

// newCertificate makes one that signs itself, with its key, both PEM, for loopback.
func newCertificate() (chain, private []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Tepin interop"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true, IsCA: true, // so that every TLS library takes it for its root, too
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}
