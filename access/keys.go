package access

import (
	"encoding/json"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/token"
)

// How long keys are where, one after the other.
const (
	// JWKSMaxAge is for how long clients may keep the key set.
	JWKSMaxAge = 5 * time.Minute
	// PublishAhead is for how long a key stands in the set before it signs: longer than
	// any client keeps the set that heeds its Cache-Control, and most that do not, and
	// than nodes take to learn of it.
	PublishAhead = time.Hour

	// keptFor is for how long a key stays when another has begun to sign: until all that
	// it has signed has ended, also for a clock that has jumped.
	keptFor = token.MaxLifetime + token.MaxSkew + clockJump
	// clockJump is how far a clock may be set forward and back without harm.
	clockJump = 3 * time.Hour
)

// slot is one place that always has a key which signs.
type slot struct {
	purpose tepin.KeyPurpose
	alg     string
}

// slots: RFC 9068 §2.1 and OpenID Connect Core 1.0 §15.1 require RS256.
var slots = []slot{
	{tepin.AccessTokens, token.ES256},
	{tepin.AccessTokens, token.RS256},
	{tepin.IDTokens, token.RS256},
	{tepin.AuditHeads, token.ES256},
}

// KeyState is where a signing key stands in its life.
type KeyState string

// The states, in their order.
const (
	KeyAhead   KeyState = "ahead"   // published; it does not sign yet
	KeySigning KeyState = "signing" // what is made now is signed by it
	KeyKept    KeyState = "kept"    // another signs; what this one has signed is still good
	KeyRetired KeyState = "retired" // of the audit log: its private half is gone
	KeyDenied  KeyState = "denied"  // nothing that it has signed is good
)

// KeyInfo is a signing key with what follows from those beside it.
type KeyInfo struct {
	tepin.SigningKey
	State    KeyState
	RetireAt time.Time // when it goes; zero: when it does is not settled, or it is gone
}

// keyInfos judges keys at a time. What it says follows from the rows alone.
func keyInfos(rows []tepin.SigningKey, now time.Time) []KeyInfo {
	list := make([]KeyInfo, len(rows))
	for i, k := range rows {
		list[i] = KeyInfo{SigningKey: k, State: KeySigning}
		next := follower(rows, k)
		if !next.IsZero() {
			list[i].RetireAt = next.Add(keptFor)
		}
		switch {
		case !k.DeniedAt.IsZero():
			list[i].State, list[i].RetireAt = KeyDenied, k.DeniedAt.Add(keptFor)
		case len(k.Sealed) == 0:
			list[i].State = KeyRetired
		case now.Before(k.UsableAt):
			list[i].State = KeyAhead
		case !next.IsZero() && !now.Before(next):
			list[i].State = KeyKept
		}
		if len(k.Sealed) == 0 {
			list[i].RetireAt = time.Time{}
		}
	}
	return list
}

// follower returns when the key that follows k begins to sign, or zero.
func follower(rows []tepin.SigningKey, k tepin.SigningKey) (first time.Time) {
	for _, n := range rows {
		if n.Purpose == k.Purpose && n.Alg == k.Alg && n.Signs() && n.UsableAt.After(k.UsableAt) && (first.IsZero() || n.UsableAt.Before(first)) {
			first = n.UsableAt
		}
	}
	return first
}

// SignIDToken signs the claims of an id_token, which is no access token to anybody: it
// has a key and a header of its own.
func (d *Directory) SignIDToken(claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	v, err := d.fresh(d.o.Now())
	if err != nil {
		return "", err
	}
	return signJSON(v, slot{tepin.IDTokens, token.RS256}, payload, d.o.Now())
}

// SignAuditHeads signs the heads of the audit log, a JSON object.
func (d *Directory) SignAuditHeads(payload []byte) (string, error) {
	v, err := d.fresh(d.o.Now())
	if err != nil {
		return "", err
	}
	return signJSON(v, slot{tepin.AuditHeads, token.ES256}, payload, d.o.Now())
}

func signJSON(v *view, sl slot, payload []byte, now time.Time) (string, error) {
	k := v.keys.SignerFor(sl.purpose, sl.alg, now)
	if k == nil {
		return "", &tepin.Error{Kind: tepin.Unavailable, RetryAfter: time.Second,
			Message: "there is no key for this that may be used yet; try again in a second"}
	}
	return k.SignJSON(payload)
}
