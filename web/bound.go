package web

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
)

// maxCertificate bounds a certificate that comes in a header, in bytes.
const maxCertificate = 16 << 10

// Target is the request as DPoP proofs name it: at the public URL, and at the host that
// was asked for, which the [Stack] has found to be one of ours.
func Target(r *http.Request) access.Target {
	u, self := r.URL, ""
	if x := exchangeOf(r.Context()); x.url != nil {
		u, self = x.url, x.self
	}
	path := u.EscapedPath()
	t := access.Target{Method: r.Method, URLs: []string{BaseURL(r) + path}}
	if self != "" && self != BaseURL(r) {
		t.URLs = append(t.URLs, self+path)
	}
	return t
}

// ClientCertificate returns the certificate, DER, that the client has proved to hold: on
// this connection, or on that to a trusted proxy, which says so. It is nil when there is
// none. A header that cannot be read is an error: the operator set the proxy up wrongly.
func ClientCertificate(r *http.Request) ([]byte, error) {
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return r.TLS.PeerCertificates[0].Raw, nil
	}
	lines := exchangeOf(r.Context()).cert
	if len(lines) == 0 {
		return nil, nil
	}
	der, err := readCertificate(lines)
	if err != nil {
		return nil, &tepin.Error{Kind: tepin.Unauthorized, Cause: err,
			Message: "the header in which the proxy hands over the client certificate cannot be read; the operator mends that, as docs/bound-tokens.md says"}
	}
	return der, nil
}

// held is what the presenter of an access token holds by its connection.
func held(r *http.Request) (tepin.Confirmation, error) {
	der, err := ClientCertificate(r)
	if der == nil || err != nil {
		return tepin.Confirmation{}, err
	}
	return tepin.Confirmation{CertificateThumbprint: access.Thumbprint(der)}, nil
}

// readCertificate reads the lines of the header: none, or one that is empty, is no
// certificate; else there is one, as PEM that is escaped as in URLs, or as RFC 9440 §2
// has it.
func readCertificate(lines []string) ([]byte, error) {
	if len(lines) > 1 {
		return nil, errors.New("it is there more than once")
	}
	text := strings.TrimSpace(lines[0])
	switch {
	case text == "":
		return nil, nil
	case len(text) > maxCertificate:
		return nil, errors.New("it is too long for a certificate")
	case strings.HasPrefix(text, ":"):
		return readByteSequence(text)
	case strings.HasPrefix(text, "-----BEGIN"):
		return readEscapedPEM(text)
	}
	return nil, errors.New("it is neither escaped PEM nor a certificate between colons")
}

// readByteSequence reads a byte sequence of RFC 8941 §3.3.5.
func readByteSequence(text string) ([]byte, error) {
	inner, ok := strings.CutSuffix(text[1:], ":")
	der, err := base64.StdEncoding.DecodeString(inner)
	if !ok || err != nil || len(der) == 0 || strings.ContainsAny(inner, "\r\n") {
		return nil, errors.New("what stands between its colons is not base64")
	}
	return der, nil
}

// readEscapedPEM reads what nginx calls $ssl_client_escaped_cert.
func readEscapedPEM(text string) ([]byte, error) {
	plain, err := url.PathUnescape(text) // + is itself
	if err != nil {
		return nil, errors.New("its percent-encoding is broken")
	}
	block, rest := pem.Decode([]byte(plain))
	if block == nil || block.Type != "CERTIFICATE" || len(block.Headers) > 0 || len(block.Bytes) == 0 || strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("it is not the PEM of one certificate; line breaks must be escaped")
	}
	return block.Bytes, nil
}
