package oauth

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/web"
)

// Limits of client assertions.
const (
	MaxAssertion  = 8 << 10        // bytes
	AssertionLife = time.Hour      // of those that a client signs itself, from now
	WorkloadLife  = 24 * time.Hour // of another issuer's tokens
	ClockLeeway   = 60 * time.Second
	maxTokenID    = 255 // bytes of a jti
	maxTries      = 20  // signatures that are checked for one assertion
)

// assertion is a client assertion, read and not yet believed (RFC 7523 §2.2). One whose
// issuer and subject are the same is signed by the client itself; any other is a token
// that another issuer gave to a workload.
type assertion struct {
	signed *jose.JSONWebSignature
	input  string // what the signature is of
	alg    jose.SignatureAlgorithm
	keyID  string // "" = not said
	claims jwt.Claims
}

// own reports whether the client signed the assertion itself.
func (a assertion) own() bool { return a.claims.Issuer == a.claims.Subject }

// assertionDocument is the part of the metadata that says how assertions are signed
// (RFC 8414 §2).
type assertionDocument struct {
	AuthAlgs              []jose.SignatureAlgorithm `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevocationAuthAlgs    []jose.SignatureAlgorithm `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuthAlgs []jose.SignatureAlgorithm `json:"introspection_endpoint_auth_signing_alg_values_supported"`
}

// assertionTypes are the values of typ: none, that of any JWT, and the one for this.
var assertionTypes = []string{"", "jwt", "client-authentication+jwt"}

// readAssertion reads the compact form of a signed JWT. It is strict where another
// reader could see another thing: names that repeat or differ in case, headers that say
// where the key is, types of other JWTs.
func readAssertion(raw string) (assertion, error) {
	if len(raw) > MaxAssertion {
		return assertion{}, wrong(fmt.Sprintf("the client assertion is longer than %d bytes", MaxAssertion))
	}
	signed, err := jose.ParseSignedCompact(raw, credential.Algorithms)
	if _, ok := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); ok {
		return assertion{}, wrong("the client assertion is signed with an algorithm that is not taken; RS256, PS256, ES256, EdDSA and Ed25519 are")
	}
	if err != nil || len(signed.Signatures) != 1 {
		return assertion{}, wrong("the client assertion is no signed JWT in compact form")
	}
	header := signed.Signatures[0].Protected
	if header.JSONWebKey != nil {
		return assertion{}, untrusted("jwk")
	}
	for _, name := range []jose.HeaderKey{"jku", "x5u"} {
		if _, found := header.ExtraHeaders[name]; found {
			return assertion{}, untrusted(string(name))
		}
	}
	for _, name := range []jose.HeaderKey{"crit", "b64"} { // RFC 7515 §4.1.11, RFC 7797
		if _, found := header.ExtraHeaders[name]; found {
			return assertion{}, wrong("the client assertion needs an extension of JWS that is not known here; leave out the header " + string(name))
		}
	}
	typ, ok := header.ExtraHeaders[jose.HeaderType].(string)
	if _, found := header.ExtraHeaders[jose.HeaderType]; found && !ok || !slices.Contains(assertionTypes, strings.TrimPrefix(strings.ToLower(typ), "application/")) {
		return assertion{}, wrong("the client assertion is a JWT for something else; its typ must be JWT or client-authentication+jwt, or left out")
	}
	a := assertion{signed: signed, input: raw[:strings.LastIndex(raw, ".")], alg: jose.SignatureAlgorithm(header.Algorithm), keyID: header.KeyID}
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &a.claims); err != nil {
		return assertion{}, wrong("the claims of the client assertion are no JSON object, or one of iss, sub, aud, exp, nbf, iat and jti has the wrong type")
	}
	return a, a.complete()
}

func untrusted(header string) error {
	return wrong("the header " + header + " of the client assertion is not taken: the key must be one that is registered, and is named by kid alone")
}

// complete refuses an assertion that lacks what each must have (RFC 7523 §3).
func (a assertion) complete() error {
	switch {
	case a.claims.Issuer == "" || a.claims.Subject == "":
		return wrong("the client assertion needs iss and sub: both the client id, or for a workload's token those of its issuer")
	case len(a.claims.Audience) != 1 || a.claims.Audience[0] == "":
		return wrong("the client assertion must be for one audience")
	case a.claims.Expiry == nil:
		return wrong("the client assertion needs exp")
	case len(a.claims.ID) > maxTokenID:
		return wrong(fmt.Sprintf("the jti of the client assertion is longer than %d bytes", maxTokenID))
	}
	return nil
}

// inTime refuses an assertion that is over, or not yet valid. One that a client signed
// itself may come from a clock that goes wrong a little; a workload's token gives the
// access token its end, and is not taken after its own.
func (a assertion) inTime(now time.Time) error {
	late, life := time.Duration(0), WorkloadLife
	if a.own() {
		late, life = ClockLeeway, AssertionLife
	}
	exp := a.claims.Expiry.Time()
	for _, t := range []*jwt.NumericDate{a.claims.NotBefore, a.claims.IssuedAt} {
		if t != nil && t.Time().After(now.Add(ClockLeeway)) {
			return wrong("the client assertion is not valid yet: its nbf or iat is in the future; set the clocks by NTP")
		}
	}
	switch {
	case !now.Before(exp.Add(late)):
		return wrong("the client assertion has expired; make a new one for each request")
	case exp.After(now.Add(life + ClockLeeway)):
		return wrong(fmt.Sprintf("the client assertion is valid for too long; its exp may be at most %s from now", life))
	}
	return nil
}

// assert authenticates a client by an assertion. What is wrong with the assertion by
// itself is said; whatever depends on the client is one refusal, and the reason is in
// the log: whoever cannot sign is a stranger.
func (h Handler) assert(r *http.Request, c *credentials) (access.Client, error) {
	a, err := readAssertion(c.assertion)
	if err != nil {
		return access.Client{}, err
	}
	if a.own() && c.id == "" {
		c.id = tepin.ClientID(a.claims.Subject)
	}
	if err := h.acceptable(a, c.id); err != nil {
		return access.Client{}, err
	}
	trust, err := h.trusting(r.Context(), c.id, a)
	if tepin.KindOf(err) == tepin.Unauthorized {
		return access.Client{}, h.Access.Wrong(c.id, c.assertion, web.ClientAddr(r), err)
	}
	if err != nil {
		return access.Client{}, err
	}
	client, err := h.Access.Trusted(r.Context(), a.proof(c.id, trust), web.ClientAddr(r))
	switch tepin.KindOf(err) {
	case tepin.Conflict:
		return access.Client{}, wrong("the client assertion was presented before; make a new one, with another jti, for each request")
	case tepin.Unauthorized:
		reason, _ := errors.AsType[access.Reason](err)
		return access.Client{}, unproven(reason)
	}
	return client, err
}

// acceptable refuses an assertion of which nobody need be asked.
func (h Handler) acceptable(a assertion, id tepin.ClientID) error {
	switch {
	case id == "":
		return wrong("iss and sub of the client assertion differ; if it is a workload's token, send the client_id of the integration beside it")
	case a.own() && string(id) != a.claims.Subject:
		return wrong("the client_id of the request is not the iss and sub of the client assertion")
	case a.own() && a.claims.ID == "":
		return wrong("the client assertion needs a jti, another one for each request")
	case a.own() && !slices.Contains([]string{h.Issuer, h.PublicURL, h.Issuer + "oauth/token"}, a.claims.Audience[0]): // RFC 7523 §3
		return wrong("the client assertion is not for this server; its aud must be " + h.Issuer)
	}
	return a.inTime(h.now())
}

// wrong is the refusal of an assertion that nobody would accept from anybody.
func wrong(what string) error { return tepin.Errorf(tepin.Unauthorized, "%s", what) }

// unproven is the one refusal of what depends on the client. Reasons are few, since the
// audit log has them; what else the server's log should say is wrapped around it.
func unproven(reason access.Reason) error {
	return &tepin.Error{Kind: tepin.Unauthorized, Cause: reason,
		Message: "the client assertion is not accepted; the reason is in the activity of the integration, and in the server's log under the X-Request-Id of this answer"}
}

// trusting returns the trust of a client that an assertion fits, with its signature.
func (h Handler) trusting(ctx context.Context, id tepin.ClientID, a assertion) (tepin.Trust, error) {
	all, err := h.Access.Trusts(ctx, id)
	if err != nil {
		return tepin.Trust{}, err
	}
	candidates := slices.DeleteFunc(slices.Clone(all), func(t tepin.Trust) bool { return !a.fits(t) })
	if len(candidates) == 0 {
		return tepin.Trust{}, a.misfit(all)
	}
	tries, unknown := maxTries, error(nil)
	for _, t := range candidates {
		found, err := h.KeySets.find(ctx, t, func(keys []jose.JSONWebKey) bool { return a.signedByOne(keys, &tries) })
		if found {
			return t, nil
		}
		if err != nil {
			unknown = err
		}
	}
	if unknown != nil {
		return tepin.Trust{}, unknown
	}
	return tepin.Trust{}, fmt.Errorf("%w: alg %s, kid %s", unproven("no key of the client made the signature"), a.alg, short(a.keyID))
}

// fits reports whether an assertion is what a trust is in, but for its signature.
func (a assertion) fits(t tepin.Trust) bool {
	switch t.Kind {
	case tepin.TrustKey, tepin.TrustKeySet:
		return a.own()
	case tepin.TrustIssuer:
		return !a.own() && a.claims.Issuer == t.URL && a.claims.Subject == t.Subject && a.claims.Audience[0] == t.Audience
	}
	return false
}

// misfit says for the log why none of a client's trusts fits.
func (a assertion) misfit(all []tepin.Trust) error {
	switch {
	case len(all) == 0:
		return unproven("there is no such enabled client, or it has no live key and trusts in nobody")
	case a.own():
		return unproven("the client has no key registered")
	}
	return fmt.Errorf("%w: issuer %s, subject %s, audience %s", unproven("the client trusts in no such token"), short(a.claims.Issuer), short(a.claims.Subject), short(a.claims.Audience[0]))
}

// short quotes, for the log, what a stranger may have written.
func short(s string) string { return fmt.Sprintf("%q", tepin.Shorten(s, 200)) }

// signedByOne reports whether one of the keys made the signature. Those with another key
// id than the assertion names are passed over. It gives up when tries are spent.
func (a assertion) signedByOne(keys []jose.JSONWebKey, tries *int) bool {
	for _, k := range keys {
		if a.keyID != "" && k.KeyID != "" && a.keyID != k.KeyID || !credential.Fits(k, a.alg) {
			continue
		}
		if *tries--; *tries < 0 {
			return false
		}
		if a.signedBy(k.Key) {
			return true
		}
	}
	return false
}

func (a assertion) signedBy(key any) bool {
	if k, ok := key.(ed25519.PublicKey); ok { // go-jose does not know the newer name
		return ed25519.Verify(k, []byte(a.input), a.signed.Signatures[0].Signature)
	}
	_, err := a.signed.Verify(key)
	return err == nil
}

// proof is what an assertion has proved, once its signature was checked. The same is not
// taken twice, unless the trust says so: it is known by its jti, or, where another issuer
// gave it none, by all of its claims.
func (a assertion) proof(id tepin.ClientID, t tepin.Trust) access.Proof {
	p := access.Proof{Client: id, Trust: t.ID, Until: a.claims.Expiry.Time().Add(2 * ClockLeeway)}
	if !a.own() {
		p.Ends = a.claims.Expiry.Time()
	}
	if t.Reusable {
		return p
	}
	kind, what := "jti", []byte(a.claims.ID)
	if a.claims.ID == "" {
		kind, what = "claims", a.signed.UnsafePayloadWithoutVerification()
	}
	hash := sha256.New()
	for _, field := range [][]byte{[]byte(id), []byte(a.claims.Issuer), []byte(kind), what} {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(field)))
		hash.Write(size[:])
		hash.Write(field)
	}
	p.Once = hash.Sum(nil)
	return p
}
