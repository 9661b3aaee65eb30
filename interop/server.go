package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// readyTime is how long the server may take to start and to do the demo's job.
const readyTime = 2 * time.Minute

// server is a demo in a process of its own, reached over TLS: libraries refuse plain
// HTTP, or are talked out of it, which would not be unmodified.
type server struct {
	cmd   *exec.Cmd
	ended chan error
	log   *bytes.Buffer // to be read once the process has ended
	demo  demo
	trust string // the file of the certificate that clients trust
	http  *http.Client
}

// demo is what `tepin demo -credentials` writes, as far as it matters here.
type demo struct {
	URL           string `json:"url"`
	Administrator struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	} `json:"administrator"`
	Environment struct {
		TechnicalName string `json:"technicalName"`
	} `json:"environment"`
	Integrations struct {
		ReadOnly struct {
			ClientSecret string `json:"clientSecret"`
		} `json:"readOnly"`
	} `json:"integrations"`
}

// startServer builds the binary, starts it with all its files in dir, and waits until it
// has done the demo's job.
func startServer(ctx context.Context, root, dir string) (*server, error) {
	binary := filepath.Join(dir, "tepin")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/tepin")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	s := &server{ended: make(chan error, 1), log: &bytes.Buffer{}, trust: filepath.Join(dir, "cert.pem")}
	key := filepath.Join(dir, "key.pem")
	var err error
	if s.http, err = writeCertificate(s.trust, key); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "credentials.json")
	s.cmd = exec.Command(binary, "demo", "-listen", "127.0.0.1:0", "-data", filepath.Join(dir, "data"), "-credentials", file)
	s.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TEPIN_TLS_CERT=" + s.trust, "TEPIN_TLS_KEY=" + key, "SSL_CERT_FILE=" + s.trust}
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.ended <- s.cmd.Wait() }()
	if err := s.await(ctx, file); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// await reads the file that the demo writes when it is ready.
func (s *server) await(ctx context.Context, file string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for {
		raw, err := os.ReadFile(file)
		if err == nil {
			return json.Unmarshal(raw, &s.demo)
		}
		if !errors.Is(err, os.ErrNotExist) {
			return err
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("the demo ended: %w\n%s", err, s.log)
		case <-ctx.Done():
			return fmt.Errorf("the demo was not ready: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the process as an operator would.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-s.ended:
		return err
	case <-time.After(20 * time.Second):
		return errors.Join(errors.New("the server did not stop within 20 s of SIGTERM"), s.cmd.Process.Kill())
	}
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
