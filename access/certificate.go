package access

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/netip"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// maxCertificatePEM bounds the text of a certificate, in bytes.
const maxCertificatePEM = 16 << 10

// Certificate is a client certificate that may be registered.
type Certificate struct {
	Thumbprint string // SHA-256 of the DER, base64url: what [tepin.Trust] keeps
	Subject    string // for people to read
	NotBefore  time.Time
	NotAfter   time.Time
}

// ParseCertificate reads one certificate, PEM, that is to be registered at the time now
// as a client's (RFC 8705 §2.2). It may be signed by anybody, itself included: what
// counts is that it is this one. One with a weak key, or that has ended, is Invalid.
func ParseCertificate(text string, now time.Time) (Certificate, error) {
	if len(text) > maxCertificatePEM {
		return Certificate{}, tepin.Errorf(tepin.Invalid, "the certificate is longer than %d KB; send one, without its chain", maxCertificatePEM>>10)
	}
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return Certificate{}, tepin.Errorf(tepin.Invalid, "this is no PEM; send the certificate from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----")
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return Certificate{}, tepin.Errorf(tepin.Invalid, "this is a private key, which should not have left the client: make a new one; send the certificate alone")
	case block.Type != "CERTIFICATE":
		return Certificate{}, tepin.Errorf(tepin.Invalid, "this is PEM, but of no certificate; send the certificate from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----")
	case strings.Contains(string(rest), "PRIVATE KEY"):
		return Certificate{}, tepin.Errorf(tepin.Invalid, "behind the certificate is a private key, which should not have left the client: make a new one; send the certificate alone")
	case strings.TrimSpace(string(rest)) != "":
		return Certificate{}, tepin.Errorf(tepin.Invalid, "there is something behind the certificate; send one, without its chain")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Certificate{}, &tepin.Error{Kind: tepin.Invalid, Message: "the PEM holds no X.509 certificate", Cause: err}
	}
	if err := strong(cert.PublicKey); err != nil {
		return Certificate{}, err
	}
	if !now.Before(cert.NotAfter) {
		return Certificate{}, tepin.Errorf(tepin.Invalid, "the certificate ended on %s; send one that is good", cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return Certificate{
		Thumbprint: Thumbprint(cert.Raw), Subject: tepin.Shorten(cert.Subject.String(), 200),
		NotBefore: cert.NotBefore.UTC(), NotAfter: cert.NotAfter.UTC(),
	}, nil
}

// strong refuses keys that are not worth trusting.
func strong(key any) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits >= 2048 && bits <= 8192 {
			return nil
		}
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P224() {
			return nil
		}
	case ed25519.PublicKey:
		return nil
	}
	return tepin.Errorf(tepin.Invalid, "the key of the certificate must be RSA of 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, or Ed25519")
}

// Thumbprint is how a certificate, DER, is named in tokens (RFC 8705 §3.1).
func Thumbprint(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// errRefusedCertificate is the one answer to whatever is wrong with client id and
// certificate.
var errRefusedCertificate = &tepin.Error{Kind: tepin.Unauthorized,
	Message: "the client id is wrong, or the client certificate is not registered for it or has ended, or the integration is disabled; check them in the console"}

// errCertificateElsewhere is the same to the client.
var errCertificateElsewhere = &tepin.Error{Kind: tepin.Unauthorized, Message: errRefusedCertificate.Message, Cause: elsewhere}

// AuthenticateCertificate checks a client id and a certificate, DER, whose key the
// client that came from the given address has proved to hold (RFC 8705 §2.2). It
// refuses as [Directory.Authenticate] does, after work that does not tell why.
func (d *Directory) AuthenticateCertificate(ctx context.Context, id tepin.ClientID, der []byte, from netip.Addr) (Client, error) {
	now := d.o.Now()
	v, err := d.fresh(now)
	if err != nil {
		return Client{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Client{}, errRefusedCertificate
	}
	thumbprint := Thumbprint(der)
	c, trust := v.trusting(id, thumbprint)
	if trust == nil && d.mayLookAgain(now) {
		if err := d.Refresh(ctx); err != nil {
			return Client{}, unknowable(err)
		}
		c, trust = d.view.Load().trusting(id, thumbprint)
	}
	if trust == nil {
		return Client{}, d.failures.refuse(id, thumbprint, from, now, errRefusedCertificate)
	}
	if !c.integration.Enabled || !trust.LiveAt(now) || now.Before(cert.NotBefore) || !now.Before(cert.NotAfter) {
		return Client{}, errRefusedCertificate
	}
	if !c.integration.TokenNetworks.Allow(from) {
		return Client{}, errCertificateElsewhere
	}
	d.touch(c, trust.ID, now, from)
	return clientOf(c, trust.ID, earlier(trust.ExpiresAt, cert.NotAfter), false), nil
}

// trusting returns the client and its trust in the certificate of the thumbprint, or
// nil. It makes as many comparisons whoever asks.
func (v *view) trusting(id tepin.ClientID, thumbprint string) (*client, *tepin.Trust) {
	c := v.clients[id]
	if c == nil {
		c = nobody
	}
	found := -1
	for i := range max(tepin.MaxTrusts, len(c.trusts)) {
		registered := noThumbprint
		if i < len(c.trusts) && c.trusts[i].Kind == tepin.TrustCertificate {
			registered = c.trusts[i].Thumbprint
		}
		same := subtle.ConstantTimeCompare([]byte(registered), []byte(thumbprint))
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found < 0 {
		return nil, nil
	}
	return c, &c.trusts[found]
}

// noThumbprint is as long as one, and not base64url.
const noThumbprint = "///////////////////////////////////////////"
