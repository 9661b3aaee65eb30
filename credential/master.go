package credential

import (
	"context"
	"crypto/rand"
	"os"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/seal"
	"github.com/tepin/tepin/store"
)

// What is sealed or derived for which purpose (S12).
const (
	signingPurpose = "signing key"
	auditPurpose   = "audit chain"
)

// masterKey is a master key with its bytes, for the file.
type masterKey struct {
	*seal.Key
	raw []byte
}

// SealSigningKey seals the private key of the signing key kid.
func (k *Keys) SealSigningKey(private []byte, kid string) ([]byte, error) {
	return k.Seal.Seal(signingPurpose, []string{kid}, private)
}

// OpenSigningKey returns what [Keys.SealSigningKey] sealed for the same kid. A server
// that has the next master key already opens also what was sealed under that.
func (k *Keys) OpenSigningKey(sealed []byte, kid string) ([]byte, error) {
	private, err := k.Seal.Open(signingPurpose, []string{kid}, sealed)
	for _, other := range k.masters {
		if err == nil {
			break
		}
		if other.Key != k.Seal {
			private, err = other.Open(signingPurpose, []string{kid}, sealed)
		}
	}
	return private, err
}

// SealPlace seals what is to stand in a place.
func (k *Keys) SealPlace(p tepin.SealedPlace, plain []byte) ([]byte, error) {
	return k.Seal.Seal(purposeOf(p), p.Context(), plain)
}

// OpenPlace returns what [Keys.SealPlace] sealed for the same place, by the present master
// key or by another that is in the file: as [Keys.OpenSigningKey].
func (k *Keys) OpenPlace(p tepin.SealedPlace, sealed []byte) ([]byte, error) {
	plain, err := k.Seal.Open(purposeOf(p), p.Context(), sealed)
	for _, other := range k.masters {
		if err == nil {
			break
		}
		if other.Key != k.Seal {
			plain, err = other.Open(purposeOf(p), p.Context(), sealed)
		}
	}
	return plain, err
}

// purposeOf is what the values of a table are sealed for.
func purposeOf(p tepin.SealedPlace) string { return "table " + p.Table }

// auditKey is the key of the audit log. It stays what it was when the master key is
// replaced, so that the log remains one chain: until then it is derived, from then on
// sealed.
func (k *Keys) auditKey(in tepin.Instance) ([]byte, error) {
	if len(in.AuditKey) == 0 {
		return k.Seal.Derive(auditPurpose, keyBytes), nil
	}
	return k.Seal.Open(auditPurpose, []string{in.ID}, in.AuditKey)
}

// Open ties the keys to a database that has an instance, as [Keys.Bind] does, and
// returns the key of its audit log.
func (k *Keys) Open(ctx context.Context, s *store.Store) (auditKey []byte, err error) {
	in, err := s.Instance(ctx)
	if err != nil {
		return nil, err
	}
	if err := k.use(in, s); err != nil {
		return nil, err
	}
	return k.auditKey(in)
}

// PrepareMaster puts a new master key in front of the present one, in the file, unless
// there is one already. The database does not use it yet: servers that are started now
// have both, and go on with both when it does.
func (k *Keys) PrepareMaster() error {
	if k.masters[0].Key != k.Seal {
		return nil
	}
	if k.masterFile == "" {
		return tepin.Errorf(tepin.Invalid, "the master key is in the variable %s: put the new key there, before the present one and a space, start the servers again, and repeat this", MasterEnv)
	}
	raw := make([]byte, keyBytes)
	rand.Read(raw)
	key, err := seal.NewKey(raw)
	if err != nil {
		return err
	}
	next := append([]masterKey{{key, raw}}, k.masters...)
	text := ""
	for _, m := range next {
		text += keyLine(m.raw)
	}
	if err := writeWhole(k.masterFile, text, os.Rename); err != nil {
		return err
	}
	k.masters = next
	return nil
}

// ReplaceMaster makes the first master key the present one: everything that is sealed is
// sealed under it, and the database names it, in one transaction. Whenever it is cut
// off, the file has both keys, and the database says which of them counts.
//
// The key that it replaces stays in the file, because backups from before are sealed
// under it. Call [Keys.Open] or [Keys.Bind] first.
func (k *Keys) ReplaceMaster(ctx context.Context, by tepin.Actor, s *store.Store) (from, to string, err error) {
	next := k.masters[0].Key
	if next == k.Seal {
		return "", "", tepin.Errorf(tepin.Conflict, "the first master key is the present one already (id %s)", next.ID())
	}
	in, err := s.Instance(ctx)
	if err != nil {
		return "", "", err
	}
	audit, err := k.auditKey(in)
	if err != nil {
		return "", "", err
	}
	renewed := tepin.Instance{MasterKeyID: next.ID(), MasterKeyCheck: next.Check()}
	if renewed.AuditKey, err = next.Seal(auditPurpose, []string{in.ID}, audit); err != nil {
		return "", "", err
	}
	err = s.Reseal(ctx, by, k.Seal.ID(), renewed, func(kid string, sealed []byte) ([]byte, error) {
		private, err := k.OpenSigningKey(sealed, kid)
		if err != nil {
			return nil, err
		}
		return next.Seal(signingPurpose, []string{kid}, private)
	}, func(p tepin.SealedPlace, sealed []byte) ([]byte, error) {
		plain, err := k.OpenPlace(p, sealed)
		if err != nil {
			return nil, err
		}
		return next.Seal(purposeOf(p), p.Context(), plain)
	})
	if err != nil {
		return "", "", err
	}
	from, k.Seal = k.Seal.ID(), next
	return from, next.ID(), nil
}
