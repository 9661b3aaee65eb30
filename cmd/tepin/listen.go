package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// listen opens the port, with TLS when there is a certificate.
func listen(c config) (net.Listener, error) {
	if c.TLSCert == "" {
		return listenTCP(c.Listen)
	}
	return listenTLS(c.Listen, c, &tls.Config{})
}

func listenTCP(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return &limited{Listener: l, free: make(chan struct{}, maxConnections)}, nil
}

// listenTLS opens a port with the server's certificate and further settings.
func listenTLS(address string, c config, settings *tls.Config) (net.Listener, error) {
	cert := &certificate{certFile: c.TLSCert, keyFile: c.TLSKey}
	if _, err := cert.get(nil); err != nil {
		return nil, err
	}
	l, err := listenTCP(address)
	if err != nil {
		return nil, err
	}
	settings.GetCertificate, settings.MinVersion, settings.NextProtos = cert.get, tls.VersionTLS12, []string{"h2", "http/1.1"}
	return tls.NewListener(l, settings), nil
}

// maxConnections is how many clients are connected to a listener at once. Each may hold some 80 KB;
// more wait in the kernel's queue until one ends, which the limits of package web see to.
const maxConnections = 4096

// limited is a listener with at most cap(free) connections open.
type limited struct {
	net.Listener
	free chan struct{}
}

func (l *limited) Accept() (net.Conn, error) {
	l.free <- struct{}{}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &counted{Conn: c, done: sync.OnceFunc(func() { <-l.free })}, nil
}

// counted is a connection that makes room for another when it is closed.
type counted struct {
	net.Conn
	done func()
}

func (c *counted) Close() error {
	defer c.done()
	return c.Conn.Close()
}

func scheme(c config) string {
	if c.TLSCert != "" {
		return "https"
	}
	return "http"
}

func databaseURL(c config) string {
	if c.DatabaseURL != "" {
		return c.DatabaseURL
	}
	return "sqlite:" + filepath.Join(c.Data, "tepin.db")
}

// certificate is read again when its file changes; a broken new one keeps the old.
type certificate struct {
	certFile, keyFile string

	mu       sync.Mutex
	loaded   *tls.Certificate
	modified time.Time
	checked  time.Time
}

// checkEvery is how often the certificate's file is looked at.
const checkEvery = 10 * time.Second

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded != nil && time.Since(c.checked) < checkEvery {
		return c.loaded, nil
	}
	c.checked = time.Now()
	info, err := os.Stat(c.certFile)
	if err == nil && c.loaded != nil && info.ModTime().Equal(c.modified) {
		return c.loaded, nil
	}
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.certFile, c.keyFile); err == nil {
			c.loaded, c.modified = &pair, info.ModTime()
		}
	}
	if c.loaded != nil {
		return c.loaded, nil
	}
	return nil, fmt.Errorf("certificate: %w", err)
}

func newLog(c config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo // the settings allow only known ones
	}
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
