package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// benchTLS measures clients that connect for each request, as naive ones do.
func benchTLS(in installation, id credentials) (err error) {
	dir := filepath.Dir(in.data)
	certificate, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	roots, err := writeCertificate(certificate, key)
	if err != nil {
		return err
	}
	t, err := in.serve(certificate, key, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	l, err := loadOf(tokenRequest(t.url+"/oauth/token", t.id, ""))
	if err != nil {
		return err
	}
	l.once = true
	for _, c := range []struct {
		note   string
		curves []tls.CurveID // nil = what Go asks for
		resume bool
	}{
		{"TLS 1.3, ECDSA P-256 certificate, X25519: a full handshake each", []tls.CurveID{tls.X25519}, false},
		{"the same with X25519MLKEM768, for which Go clients and browsers ask", nil, false},
		{"the same, resumed by session tickets", nil, true},
	} {
		l.tls = func() *tls.Config {
			config := &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", CurvePreferences: c.curves}
			if c.resume {
				config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			}
			return config
		}
		m, err := t.rate(l)
		if err != nil {
			return err
		}
		line("connection for one token request", perCPU(m), c.note)
	}
	return nil
}

// writeCertificate makes a certificate for this machine that signs itself.
func writeCertificate(certificate, key string) (*x509.CertPool, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return roots, errors.Join(os.WriteFile(certificate, text, 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600))
}
