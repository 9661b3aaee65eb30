package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/tepin/tepin/web"
)

// mtls is where clients come that have certificates (RFC 8705): to a listener of its
// own, so that browsers are never asked for one (S21), or to a proxy.
type mtls struct {
	url      string       // "" = nowhere else than other clients
	listener net.Listener // nil = there is none
	http     *http.Server
}

// listenMTLS opens the port, if there is to be one. Any certificate is taken, as what
// counts is whose it is registered as, unless an authority is set that must have signed
// it. A client without one is served as on the other listener.
func listenMTLS(c config) (mtls, error) {
	m := mtls{url: c.MTLSPublicURL}
	if c.MTLSListen == "" {
		return m, nil
	}
	settings := &tls.Config{ClientAuth: tls.RequestClientCert}
	if c.MTLSClientCA != "" {
		pool, err := certificatePool(c.MTLSClientCA)
		if err != nil {
			return m, fmt.Errorf("mtls_client_ca: %w", err)
		}
		settings.ClientAuth, settings.ClientCAs = tls.VerifyClientCertIfGiven, pool
	}
	var err error
	if m.listener, err = listenTLS(c.MTLSListen, c, settings); err != nil {
		return m, err
	}
	if m.url == "" {
		m.url = "https://" + m.listener.Addr().String()
	}
	return m, nil
}

func certificatePool(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("there is no certificate in " + file)
	}
	return pool, nil
}

// open has the listener serve what programs use. No header counts there: certificates
// are those of its connections.
func (m *mtls) open(stack web.Stack, guard web.Guard, routes []web.Route, apis map[string]http.Handler) {
	mux := http.NewServeMux()
	doors(mux, guard, routes, apis)
	mux.Handle("/", web.Handler(web.NotFound))
	stack.CertificateHeader = ""
	m.http = web.NewServer(stack.Wrap(mux), stack.Log)
}

// close gives the port back, if there is one.
func (m mtls) close() error {
	if m.listener == nil {
		return nil
	}
	return m.listener.Close()
}

// addresses are where a server listens.
func addresses(l net.Listener, m mtls) []net.Addr {
	list := []net.Addr{l.Addr()}
	if m.listener != nil {
		list = append(list, m.listener.Addr())
	}
	return list
}

// doors mounts what programs use: the server's state, the token server and the APIs.
func doors(mux *http.ServeMux, guard web.Guard, routes []web.Route, apis map[string]http.Handler) {
	guard.Mount(mux, routes)
	for prefix, api := range apis {
		mux.Handle(prefix, api) // no path has a slash at its end here, see [web.Stack]
		mux.Handle(prefix+"/", api)
	}
}
