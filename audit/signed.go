package audit

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/token"
)

// Signed are heads with a signature. Whoever kept one can show later, to anybody who has
// the key set of its day, what the chains were then.
type Signed struct {
	Issuer string
	At     time.Time
	Heads  []Head
	KeyID  string
}

// signedWire is the payload of the JWS.
type signedWire struct {
	Issuer string       `json:"iss"`
	At     int64        `json:"iat"`
	Heads  []signedHead `json:"heads"`
}

type signedHead struct {
	Chain string `json:"chain"`
	Seq   int64  `json:"seq"`
	MAC   string `json:"mac"` // hex
}

// maxSigned bounds what is read of a signed text, in bytes: the most heads that one
// has, twice over.
const maxSigned = 64 << 10

func (k *Keeper) sign(heads []tepin.AuditEntry) (string, error) {
	now := time.Now
	if k.Now != nil {
		now = k.Now
	}
	w := signedWire{Issuer: k.Issuer, At: now().Unix(), Heads: []signedHead{}}
	for _, h := range heads {
		w.Heads = append(w.Heads, signedHead{h.Chain, h.Seq, hex.EncodeToString(h.MAC)})
	}
	payload, err := json.Marshal(w)
	if err != nil {
		return "", err
	}
	return k.Sign(payload)
}

// OpenSigned checks the signature of heads against the keys of the audit log that the
// database has, the retired ones included, and returns them. A key that was withdrawn
// as compromised proves nothing.
func OpenSigned(jws string, keys []tepin.SigningKey) (Signed, error) {
	jws = strings.TrimSpace(jws)
	if len(jws) > maxSigned {
		return Signed{}, tepin.Errorf(tepin.Invalid, "the signed heads are longer than %d KB", maxSigned>>10)
	}
	set, denied, err := publicKeys(keys)
	if err != nil {
		return Signed{}, err
	}
	kid, payload, err := set.OpenJSON(tepin.AuditHeads, jws)
	if err != nil {
		return Signed{}, tepin.Errorf(tepin.Invalid, "%s are no heads that this installation has signed: no key of its audit log fits", tepin.Shorten(fmt.Sprintf("%q", jws), 60))
	}
	if at, ok := denied[kid]; ok {
		return Signed{}, tepin.Errorf(tepin.Invalid, "the heads are signed by the key %s, which was withdrawn as compromised on %s: they prove nothing", kid, at.UTC().Format(time.RFC3339))
	}
	var w signedWire
	if err := json.Unmarshal(payload, &w); err != nil {
		return Signed{}, fmt.Errorf("audit: signed heads: %w", err) // we have signed it
	}
	s := Signed{Issuer: w.Issuer, At: time.Unix(w.At, 0).UTC(), KeyID: kid}
	for _, h := range w.Heads {
		mac, err := hex.DecodeString(h.MAC)
		if err != nil {
			return Signed{}, fmt.Errorf("audit: signed heads: %w", err)
		}
		s.Heads = append(s.Heads, Head{h.Chain, h.Seq, mac})
	}
	return s, nil
}

// publicKeys are the keys that have signed heads, and when some of them were denied.
func publicKeys(keys []tepin.SigningKey) (*token.Keys, map[string]time.Time, error) {
	var list []*token.Key
	denied := map[string]time.Time{}
	for _, row := range keys {
		if row.Purpose != tepin.AuditHeads {
			continue
		}
		k, err := token.ParsePublicKey(row.Alg, row.Public)
		if err != nil {
			return nil, nil, err
		}
		if k.ID != row.ID { // whoever altered the row cannot alter the thumbprint
			return nil, nil, fmt.Errorf("audit: the key %s of the audit log is stored as %s", k.ID, row.ID)
		}
		list = append(list, k.For(tepin.AuditHeads))
		if !row.DeniedAt.IsZero() {
			denied[row.ID] = row.DeniedAt
		}
	}
	return token.NewKeys(list...), denied, nil
}

// KeySet is the public keys that have signed heads, as a JWK set: those too that have
// left the published one.
func KeySet(keys []tepin.SigningKey) ([]byte, error) {
	set, _, err := publicKeys(keys)
	if err != nil {
		return nil, err
	}
	return set.JWKS(), nil
}

// ParseHeads reads what somebody kept: a head as the log has it each minute, or signed
// heads.
func ParseHeads(text string, keys []tepin.SigningKey) ([]Head, error) {
	if strings.Count(text, ".") != 2 {
		h, err := ParseHead(text)
		return []Head{h}, err
	}
	s, err := OpenSigned(text, keys)
	return s.Heads, err
}
