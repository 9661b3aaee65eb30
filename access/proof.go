package access

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/token"
)

// Causes of a refused DPoP proof, by their error codes (RFC 9449 §5 and §8).
var (
	ErrProof = errors.New("invalid_dpop_proof")
	ErrNonce = errors.New("use_dpop_nonce") // the mend is one of [Directory.Nonce]
)

// MaxProofSkew is how far a proof's iat may be from now.
const MaxProofSkew = 60 * time.Second

// ProofAlgs are the algorithms of DPoP proofs.
var ProofAlgs = token.ProofAlgs

// Target is the request that a DPoP proof must have been made for.
type Target struct {
	Method string
	URLs   []string // as any of which the client may know where it sends the request
}

// Prove judges the DPoP headers of a request without an access token and returns what
// its sender holds, and spend. A proof counts once, when it is spent; that is to be done
// when the request has turned out to be more than a stranger's, who could fill the memory
// otherwise. What is wrong is Unauthorized, because of [ErrProof] or [ErrNonce].
func (d *Directory) Prove(headers []string, t Target) (held tepin.Confirmation, spend func() error, err error) {
	now := d.o.Now()
	p, err := d.proof(headers, t, now)
	if err == nil {
		err = d.replays.check(p, now)
	}
	if err != nil {
		return tepin.Confirmation{}, nil, err
	}
	return tepin.Confirmation{KeyThumbprint: p.KeyThumbprint}, func() error { return d.replays.spend(p, now) }, nil
}

// Bound returns who presents this access token under the scheme DPoP (RFC 9449 §7.1):
// it must be bound to the key of the proof, and the proof made for it. It refuses as
// [Directory.Bearer] and [Directory.Prove] do.
func (d *Directory) Bound(raw string, headers []string, t Target, by Presenter) (tepin.Actor, error) {
	now := d.o.Now()
	p, err := d.proof(headers, t, now)
	if err == nil {
		err = forToken(p, raw)
	}
	var actor tepin.Actor
	if err == nil {
		by.Held.KeyThumbprint, by.proved = p.KeyThumbprint, true
		if actor, err = d.Bearer(raw, by); err == nil {
			err = d.replays.spend(p, now) // of accepted tokens alone: others cannot fill the memory
		}
	}
	if errors.Is(err, ErrProof) {
		_, whose, _ := d.judge(raw) // only to say in the log whose proof it is not
		d.refusal(whose.notice(by.From), err)
	}
	if err != nil {
		return tepin.Actor{}, err
	}
	return actor, nil
}

// forToken refuses a proof that was made for another access token (RFC 9449 §4.3).
func forToken(p token.Proof, raw string) error {
	hash := sha256.Sum256([]byte(raw))
	if p.TokenHash != base64.RawURLEncoding.EncodeToString(hash[:]) {
		return badProof("its ath is not the SHA-256 of the access token in base64url")
	}
	return nil
}

// proof reads the one DPoP header that there must be and judges everything about it
// but whether it has been seen before.
func (d *Directory) proof(headers []string, t Target, now time.Time) (token.Proof, error) {
	if len(headers) != 1 || headers[0] == "" {
		return token.Proof{}, badProof("the request must have exactly one DPoP header, with one proof")
	}
	p, err := token.ParseProof(headers[0])
	if err != nil {
		return token.Proof{}, badProof(err.Error())
	}
	sent, ok := normalURL(p.URL)
	switch {
	case p.Method != t.Method:
		return token.Proof{}, badProof("its htm is not the method of the request, " + t.Method)
	case !ok || !slices.ContainsFunc(t.URLs, func(u string) bool { n, ok := normalURL(u); return ok && n == sent }):
		return token.Proof{}, badProof("its htu is not the URL of the request without query and fragment, as this server's public URL has it")
	case p.IssuedAt.Sub(now).Abs() > MaxProofSkew:
		return token.Proof{}, badProof("its iat is more than a minute from this server's clock; make a new proof for each request, and set the clock by NTP")
	case p.NotBefore.After(now.Add(MaxProofSkew)), !p.ExpiresAt.IsZero() && !now.Before(p.ExpiresAt):
		return token.Proof{}, badProof("it does not hold now by its own nbf and exp")
	case !d.nonces.good(p.Nonce, now):
		return token.Proof{}, &tepin.Error{Kind: tepin.Unauthorized, Cause: ErrNonce,
			Message: "the DPoP proof needs a nonce of this server that is not older than a minute; put the value of the DPoP-Nonce header of this answer into it as nonce, and send the request again"}
	}
	return p, nil
}

func badProof(why string) error {
	return &tepin.Error{Kind: tepin.Unauthorized, Cause: ErrProof, Message: "the DPoP proof cannot be taken: " + why}
}

// normalURL returns a URL as proofs are compared (RFC 9449 §4.3, by RFC 3986 §6.2.2 and
// §6.2.3): without query and fragment, each character escaped in one way, and with
// slashes as requests are routed, neither repeated nor at the end.
func normalURL(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return "", false
	}
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	switch {
	case scheme != "https" && scheme != "http":
		return "", false
	case port == "" && scheme == "https":
		port = "443"
	case port == "":
		port = "80"
	}
	var b strings.Builder
	b.WriteString(scheme + "://" + net.JoinHostPort(strings.TrimSuffix(host, "."), port))
	for segment := range strings.SplitSeq(u.EscapedPath(), "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return "", false
		}
		if plain != "" {
			b.WriteString("/" + url.PathEscape(plain))
		}
	}
	return b.String(), true
}
