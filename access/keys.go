package access

import (
	"context"
	"slices"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

// EnsureSigningKeys makes the first key of each algorithm where there is none. Any
// number of nodes may call it at once: for each algorithm the first writer wins.
// Call it before [New]. The seal func seals a private key (PKCS #8) for its kid.
func EnsureSigningKeys(ctx context.Context, st *store.Store, seal func(private []byte, kid string) ([]byte, error), now time.Time) error {
	have, err := st.SigningKeys(ctx)
	if err != nil {
		return err
	}
	for _, alg := range []string{token.ES256, token.RS256} {
		if slices.ContainsFunc(have, func(k tepin.SigningKey) bool { return k.Alg == alg }) {
			continue
		}
		row, err := newSigningKey(alg, seal)
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

func newSigningKey(alg string, seal func(private []byte, kid string) ([]byte, error)) (tepin.SigningKey, error) {
	k, err := token.GenerateKey(alg)
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
	return tepin.SigningKey{ID: k.ID, Alg: alg, Public: public, Sealed: sealed}, nil
}
