package connector

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/textproto"
	"slices"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/outbound"
)

// Auth is what a credential is made of. It is stored sealed, and never shown.
type Auth struct {
	Kind    tepin.AuthKind `json:"kind"`
	Domains []string       `json:"domains"` // where the connector was allowed to go when it was given: nowhere else does it go (S32)

	Header string `json:"header,omitempty"` // of a static key
	Value  string `json:"value,omitempty"`

	TokenEndpoint         string     `json:"tokenEndpoint,omitempty"`
	AuthorizationEndpoint string     `json:"authorizationEndpoint,omitempty"`
	ClientID              string     `json:"clientId,omitempty"`
	ClientSecret          string     `json:"clientSecret,omitempty"`
	Scope                 string     `json:"scope,omitempty"`
	Username              string     `json:"username,omitempty"`
	Password              string     `json:"password,omitempty"`
	Methods               []string   `json:"methods,omitempty"`    // how the token endpoint learns the secret; empty = [Post], then [Basic]
	BodyFormat            BodyFormat `json:"bodyFormat,omitempty"` // of requests to the token endpoint; empty = FormBody
	CodeParameter         string     `json:"codeParameter,omitempty"`

	PrivateKey string            `json:"privateKey,omitempty"` // PEM, RSA
	Payload    json.RawMessage   `json:"payload,omitempty"`    // claims of the assertion
	TokenParam string            `json:"tokenParam,omitempty"` // the parameter in which it is sent
	BodyParams map[string]string `json:"bodyParams,omitempty"`
}

// BodyFormat is how parameters are sent to a token endpoint.
type BodyFormat string

const (
	FormBody BodyFormat = "formUrlEncoded"
	JSONBody BodyFormat = "applicationJson"
)

// How a token endpoint learns the client's secret (RFC 6749 §2.3.1).
const (
	Basic = "client_secret_basic"
	Post  = "client_secret_post"
)

// Limits of what credentials are made of, in bytes.
const (
	maxAuthValue = 16 << 10
	minRSA       = 2048 // bits
)

// check refuses what cannot work.
func (a Auth) check() error {
	for _, each := range []struct{ path, value string }{{"clientId", a.ClientID}, {"clientSecret", a.ClientSecret}, {"scope", a.Scope}, {"username", a.Username},
		{"password", a.Password}, {"value", a.Value}, {"signatureConfig.privateKey", a.PrivateKey}} {
		if len(each.value) > maxAuthValue {
			return invalid(each.path, "it is longer than %d bytes", maxAuthValue)
		}
		// RFC 6749 appendix A has none in any of them; a key in PEM has lines.
		if each.path != "signatureConfig.privateKey" && strings.ContainsFunc(each.value, control) {
			return invalid(each.path, "it has no control characters or line breaks in it")
		}
	}
	if a.Kind == tepin.AuthStaticKey {
		return a.checkStatic()
	}
	if _, err := outbound.CheckURL(a.TokenEndpoint, true); err != nil {
		return invalid("tokenEndpoint", "%v", err)
	}
	if a.Kind == tepin.AuthCode {
		if _, err := outbound.CheckURL(a.AuthorizationEndpoint, true); err != nil {
			return invalid("authorizationServerMetadata.authorization_endpoint", "%v", err)
		}
	}
	if a.Kind == tepin.AuthJWTBearer {
		_, err := a.key()
		return err
	}
	return nil
}

func (a Auth) checkStatic() error {
	name := textproto.CanonicalMIMEHeaderKey(a.Header)
	switch {
	case !token(a.Header):
		return invalid("key", "the name of a header has letters, digits and dashes")
	case name != "Authorization" && name != "Cookie" && listed(withheld, name) || strings.HasPrefix(name, "Content-") || name == "Accept-Encoding":
		return invalid("key", "this header belongs to the connection or to its body and cannot be a credential")
	}
	return nil
}

func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// token reports whether s is a name of a header (RFC 9110 §5.6.2).
func token(s string) bool {
	return s != "" && len(s) <= 256 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~") == ""
}

// key reads the private key of an assertion.
func (a Auth) key() (*rsa.PrivateKey, error) {
	const path = "signatureConfig.privateKey"
	block, _ := pem.Decode([]byte(strings.ReplaceAll(a.PrivateKey, `\n`, "\n"))) // as it stands in files of JSON that were written by hand
	if block == nil {
		return nil, invalid(path, "this is no private key in PEM; it begins with -----BEGIN PRIVATE KEY-----")
	}
	var key any
	var err error
	if block.Type == "RSA PRIVATE KEY" {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	} else {
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	private, ok := key.(*rsa.PrivateKey)
	if err != nil || !ok || private.N.BitLen() < minRSA || private.N.BitLen() > 8192 {
		return nil, invalid(path, "this is no RSA key of 2048 to 8192 bits, without a password, in PKCS #8 or PKCS #1")
	}
	return private, nil
}

func invalid(path, format string, args ...any) error {
	e := tepin.Errorf(tepin.Invalid, format, args...).(*tepin.Error)
	e.Path = "body." + path
	return e
}

// SetAuth gives a connector a credential for a usage, in place of the one that it has. It is
// sealed with the hosts that the connector may ask now.
func (p *Proxy) SetAuth(ctx context.Context, by tepin.Actor, c tepin.Connector, usage tepin.AuthUsage, name string, a Auth) error {
	if a.Kind == tepin.AuthCode && usage != tepin.BrowserUsage {
		return invalid("usage", "a sign-in by authorization code is a person's, and works with the usage browser alone")
	}
	if err := a.check(); err != nil {
		return err
	}
	a.Domains = slices.Clone(c.AllowedDomains)
	plain, err := json.Marshal(a)
	if err != nil {
		return err
	}
	v := tepin.ConnectorCredential{ID: tepin.NewID[tepin.ConnectorCredentialID](), EnvironmentID: c.EnvironmentID, ConnectorID: c.ID, Usage: usage, Kind: a.Kind,
		Name: cmp.Or(name, string(c.ID)+"-"+string(usage)+"-"+string(a.Kind)), SealedBy: p.SealedBy}
	if v.Sealed, err = p.Seal(p.place("connector_credential", string(v.ID), c.EnvironmentID), plain); err != nil {
		return err
	}
	return p.Store.PutConnectorCredential(ctx, by, v)
}

// credential is one that is open.
type credential struct {
	Auth
	id tepin.ConnectorCredentialID
}

// auth returns the credential of a connector for a usage, nil where there is none.
func (p *Proxy) auth(ctx context.Context, c tepin.Connector, usage tepin.AuthUsage) (*credential, error) {
	v, err := p.Store.ConnectorCredential(ctx, c.EnvironmentID, c.ID, usage)
	if tepin.KindOf(err) == tepin.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	plain, err := p.Open(p.place("connector_credential", string(v.ID), c.EnvironmentID), v.Sealed)
	if err != nil {
		return nil, err
	}
	out := &credential{id: v.ID}
	return out, json.Unmarshal(plain, &out.Auth)
}

func (p *Proxy) place(table, row string, env tepin.EnvironmentID) tepin.SealedPlace {
	return tepin.SealedPlace{Instance: p.Instance, Table: table, Row: row, Column: "sealed", EnvironmentID: env}
}
