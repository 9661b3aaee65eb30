package token

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
)

// Limits of what Verify takes.
const (
	MaxSize     = 8 << 10          // bytes of a token
	MaxLifetime = 24 * time.Hour   // exp − iat
	MaxSkew     = 60 * time.Second // iat ahead of now
)

// errNotOurs covers everything that a signature check can find.
var (
	errNotOurs   = errors.New("the access token was not signed by this server; request one from its token endpoint")
	errNotSigned = tepin.Errorf(tepin.Invalid, "this was not signed by a present key of this server for that purpose")
)

// Open checks that the token was signed by a key of the set and returns its kid
// and its claims. It judges no claim: see [Claims.Check].
//
// The header is not parsed. Each key has exactly one header, which names its
// algorithm, its kid and the type at+jwt; a token whose first segment is no such
// header is not ours. So no header can choose an algorithm, name a foreign key,
// or pass another kind of JWT off as an access token.
func (s *Keys) Open(raw string) (kid string, c Claims, err error) {
	dot := strings.IndexByte(raw, '.')
	if len(raw) > MaxSize || dot < 0 {
		return "", Claims{}, refused(errNotOurs)
	}
	k := s.byHeader[raw[:dot+1]]
	if k == nil || k.Purpose != tepin.AccessTokens {
		return "", Claims{}, refused(errNotOurs)
	}
	c, err = k.open(raw)
	if err != nil {
		return "", Claims{}, refused(err)
	}
	return k.ID, c, nil
}

// OpenJSON checks that raw was signed for the purpose by a key of the set, and returns
// its kid and the JSON that was signed. Access tokens are opened by [Keys.Open] alone.
func (s *Keys) OpenJSON(purpose tepin.KeyPurpose, raw string) (kid string, payload []byte, err error) {
	header, _, dotted := strings.Cut(raw, ".")
	k := s.byHeader[header+"."]
	if !dotted || k == nil || k.Purpose != purpose || purpose == tepin.AccessTokens {
		return "", nil, errNotSigned
	}
	payload, err = k.openJSON(raw)
	if err != nil {
		return "", nil, errNotSigned
	}
	return k.ID, payload, nil
}

// open verifies an access token that begins with this key's header.
func (k *Key) open(raw string) (Claims, error) {
	payload, err := k.openJSON(raw)
	if err != nil {
		return Claims{}, err
	}
	return unmarshal(payload)
}

// openJSON verifies what begins with this key's header and returns the payload.
func (k *Key) openJSON(raw string) ([]byte, error) {
	dot := strings.LastIndexByte(raw, '.')
	if dot < len(k.header) || strings.ContainsAny(raw, "\r\n") { // which the decoder would skip
		return nil, errNotOurs
	}
	signature, err := b64.DecodeString(raw[dot+1:])
	if err != nil || !k.verify(sha256.Sum256([]byte(raw[:dot])), signature) {
		return nil, errNotOurs
	}
	payload, err := b64.DecodeString(raw[len(k.header):dot])
	if err != nil {
		return nil, errNotOurs
	}
	return payload, nil
}

// Check judges the claims at the time now: issuer, audience, and that the token
// has begun, has not ended, and does not claim a longer life than any token has.
func (c *Claims) Check(issuer, audience string, now time.Time) error {
	switch {
	case c.Issuer != issuer:
		return tepin.Errorf(tepin.Unauthorized, "the access token is from another issuer")
	case !slices.Contains(c.Audience, audience):
		return tepin.Errorf(tepin.Unauthorized, "the access token is meant for another audience")
	case !now.Before(c.ExpiresAt):
		return tepin.Errorf(tepin.Unauthorized, "the access token has expired; request a new one")
	case c.IssuedAt.After(now.Add(MaxSkew)):
		return tepin.Errorf(tepin.Unauthorized, "the access token is from the future; check the clocks")
	case c.ExpiresAt.Sub(c.IssuedAt) > MaxLifetime:
		return tepin.Errorf(tepin.Unauthorized, "the access token claims to live longer than tokens may")
	}
	return nil
}

func refused(err error) error {
	return &tepin.Error{Kind: tepin.Unauthorized, Message: errNotOurs.Error(), Cause: err}
}
