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
	s.Demo, err = demotest.Start(ctx, dir, "TEPIN_TLS_CERT="+s.trust, "TEPIN_TLS_KEY="+key, "SSL_CERT_FILE="+s.trust)
	return s, err
}

// writeCertificate makes a certificate for loopback, and a client that trusts it alone.
func writeCertificate(certFile, keyFile string) (*http.Client, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Tepin interop"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, // so that every TLS library takes it for its root, too
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	err = errors.Join(
		os.WriteFile(certFile, chain, 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
	)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(chain)
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}, err
}
