package access

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

// slot is one place that always has a signing key.
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

// EnsureSigningKeys makes the first key of each purpose and algorithm where there is
// none. Any number of nodes may call it at once: for each the first writer wins.
// Call it before [New]. The seal func seals a private key (PKCS #8) for its kid.
func EnsureSigningKeys(ctx context.Context, st *store.Store, seal func(private []byte, kid string) ([]byte, error), now time.Time) error {
	have, err := st.SigningKeys(ctx)
	if err != nil {
		return err
	}
	for _, sl := range slots {
		if slices.ContainsFunc(have, func(k tepin.SigningKey) bool { return k.Purpose == sl.purpose && k.Alg == sl.alg }) {
			continue
		}
		row, err := newSigningKey(sl, seal)
		if err != nil {
			return err
		}
		// Usable since ever: no node is ready that has not loaded the first keys, and
		// the clock of one may be behind.
		row.CreatedAt, row.UsableAt = now, time.Unix(0, 0).UTC()
		if err := st.AddSigningKey(ctx, tepin.System, row); err != nil && tepin.KindOf(err) != tepin.Conflict {
			return err
		}
	}
	return nil
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
	k := v.keys.SignerFor(tepin.IDTokens, token.RS256, d.o.Now())
	if k == nil {
		return "", &tepin.Error{Kind: tepin.Unavailable, RetryAfter: time.Second,
			Message: "there is no key for id_tokens that may be used yet; try again in a second"}
	}
	return k.SignJSON(payload)
}

func newSigningKey(sl slot, seal func(private []byte, kid string) ([]byte, error)) (tepin.SigningKey, error) {
	k, err := token.GenerateKey(sl.alg)
	if err != nil {
		return tepin.SigningKey{}, err
	}
	public, err := k.Public()
	if err != nil {
		return tepin.SigningKey{}, err
	}
	private, err := k.Private()
	if err != nil {
		return tepin.SigningKey{}, err
	}
	sealed, err := seal(private, k.ID)
	if err != nil {
		return tepin.SigningKey{}, err
	}
	return tepin.SigningKey{ID: k.ID, Purpose: sl.purpose, Alg: sl.alg, Public: public, Sealed: sealed}, nil
}
