package main

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/tepin/tepin/outbound"
)

// newOutbound makes what calls foreign hosts, for a server that listens at own.
func newOutbound(c config, own ...net.Addr) (*outbound.Client, error) {
	o := outbound.Options{Allow: c.OutboundAllow}
	for _, each := range own {
		at, err := netip.ParseAddrPort(each.String())
		if err != nil {
			return nil, fmt.Errorf("listening address: %w", err)
		}
		o.Own = append(o.Own, at)
	}
	if c.OutboundCA == "" {
		return outbound.New(o), nil
	}
	certificates, err := os.ReadFile(c.OutboundCA)
	if err != nil {
		return nil, fmt.Errorf("outbound_ca: %w", err)
	}
	if o.Roots, err = x509.SystemCertPool(); err != nil {
		return nil, fmt.Errorf("outbound_ca: the system's certificates: %w", err)
	}
	if !o.Roots.AppendCertsFromPEM(certificates) {
		return nil, fmt.Errorf("outbound_ca: %s has no certificate in PEM form", c.OutboundCA)
	}
	return outbound.New(o), nil
}
