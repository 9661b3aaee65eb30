package access

import (
	"context"
	"slices"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/token"
)

// Keyring makes signing keys, lets them follow one another, and withdraws them. Any
// number of nodes may do the same at once: one of them does it.
type Keyring struct {
	Store *store.Store
	// Access is the directory that follows each change at once; nil where nobody is served.
	Access *Directory
	// Seal seals a private key (PKCS #8) for its kid.
	Seal func(private []byte, kid string) ([]byte, error)
	// SealedBy is the id of the master key that Seal uses.
	SealedBy string
	// Every is how long a key signs, a day or more; 0 = until somebody rotates it.
	Every time.Duration
	Now   func() time.Time // nil = time.Now
}

func (r *Keyring) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

// Ensure makes the first key of each purpose and algorithm where there is none. Call it
// before [New]: no node is ready without them.
func (r *Keyring) Ensure(ctx context.Context) error {
	rows, err := r.Store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	for _, sl := range slots {
		if len(sl.keys(rows)) > 0 {
			continue
		}
		// Usable since ever: the clock of another node may be behind.
		if _, err := r.add(ctx, tepin.System, sl, time.Unix(0, 0), nil); err != nil && tepin.KindOf(err) != tepin.Conflict {
			return err
		}
	}
	return nil
}

// Keep does what is due: it puts the next key into the set ahead of its use, retires the
// keys that have signed nothing which is still good, and makes one where none signs. Call
// it each minute, on every node. A node whose clock is wrong does nothing.
func (r *Keyring) Keep(ctx context.Context) error {
	if r.Access != nil && r.Access.Ready() != nil {
		return nil
	}
	if err := r.checkMaster(ctx); err != nil {
		return err
	}
	now := r.now()
	rows, err := r.Store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	changed := false
	for _, sl := range slots {
		have := sl.keys(rows)
		var usableAt time.Time
		switch {
		case !signsAt(have, now):
			usableAt = atOnce(now)
		case r.Every > 0 && !now.Before(since(have).Add(r.Every-PublishAhead)):
			usableAt = now.Add(PublishAhead)
		default:
			continue
		}
		if _, err := r.add(ctx, tepin.System, sl, usableAt, have); err != nil && tepin.KindOf(err) != tepin.Conflict {
			return err
		}
		changed = true
	}
	if slices.ContainsFunc(keyInfos(rows, now), func(k KeyInfo) bool { return !k.RetireAt.IsZero() && !now.Before(k.RetireAt) }) {
		if err := r.Store.RetireSigningKeys(ctx, tepin.System, now.Add(-keptFor)); err != nil {
			return err
		}
		changed = true
	}
	if changed {
		return r.refresh(ctx)
	}
	return nil
}

// checkMaster says that the master key was replaced before this server finds that it
// cannot open the next signing key.
func (r *Keyring) checkMaster(ctx context.Context) error {
	if r.SealedBy == "" {
		return nil
	}
	in, err := r.Store.Instance(ctx)
	if err == nil && in.MasterKeyID != r.SealedBy {
		err = tepin.Errorf(tepin.Unavailable, "the master key has been replaced (id %s); start this server again with it, or it will refuse all tokens when the signing keys change", in.MasterKeyID)
	}
	return err
}

// List returns all keys with their states, the oldest first.
func (r *Keyring) List(ctx context.Context) ([]KeyInfo, error) {
	rows, err := r.Store.SigningKeys(ctx)
	return keyInfos(rows, r.now()), err
}

// Rotate puts a new key of the purpose, or with "" of every purpose, into the set, to
// sign when it has been there long enough. Where one is waiting already, it is a
// Conflict, unless there is another place for a new one.
func (r *Keyring) Rotate(ctx context.Context, by tepin.Actor, purpose tepin.KeyPurpose) ([]KeyInfo, error) {
	now := r.now()
	rows, err := r.Store.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	var made []string
	var waits time.Time
	known := false
	for _, sl := range slots {
		if purpose != "" && sl.purpose != purpose {
			continue
		}
		known = true
		have := sl.keys(rows)
		if len(have) > 0 && have[len(have)-1].UsableAt.After(now) {
			waits = have[len(have)-1].UsableAt
			continue
		}
		k, err := r.add(ctx, by, sl, now.Add(PublishAhead), have)
		if err != nil {
			return nil, err
		}
		made = append(made, k.ID)
	}
	switch {
	case !known:
		return nil, tepin.Errorf(tepin.Invalid, "keys are for access, id or audit, not for %q", tepin.Shorten(string(purpose), 40))
	case len(made) == 0:
		return nil, tepin.Errorf(tepin.Conflict, "the next key is published already and signs from %s on", waits.UTC().Format(time.RFC3339))
	}
	if err := r.refresh(ctx); err != nil {
		return nil, err
	}
	list, err := r.List(ctx)
	return slices.DeleteFunc(list, func(k KeyInfo) bool { return !slices.Contains(made, k.ID) }), err
}

// Compromised withdraws a key at once: first nothing that it has signed is good any
// more, on any node within the bound of every revocation. Then, where it was the one that
// signs, another takes its place without delay. Then every token of that purpose is
// withdrawn, because one of them may have been got with a forged one. Each step is whole
// by itself; the next call goes on where one has ended.
func (r *Keyring) Compromised(ctx context.Context, by tepin.Actor, kid string) error {
	rows, err := r.Store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(k tepin.SigningKey) bool { return k.ID == kid })
	if i < 0 {
		return tepin.Errorf(tepin.NotFound, "there is no such signing key; tepin keys list shows those that there are")
	}
	k := rows[i]
	if err := r.Store.DenyKey(ctx, by, kid); err != nil {
		return err
	}
	if err := r.refresh(ctx); err != nil {
		r.Access.Doubt() // until its next good poll
		return err
	}
	if err := r.replace(ctx, by, k); err != nil {
		return err
	}
	if k.Purpose == tepin.AccessTokens {
		if err := r.Store.RaiseEpochs(ctx, by); err != nil {
			return err
		}
	}
	return r.refresh(ctx)
}

// replace has another key sign in the place of k, if none has followed it.
func (r *Keyring) replace(ctx context.Context, by tepin.Actor, k tepin.SigningKey) error {
	now := r.now()
	rows, err := r.Store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	sl := slot{k.Purpose, k.Alg}
	have := sl.keys(rows)
	followed := slices.ContainsFunc(have, func(n tepin.SigningKey) bool { return n.UsableAt.After(k.UsableAt) && !now.Before(n.UsableAt) })
	if followed || now.Before(k.UsableAt) {
		return nil
	}
	_, err = r.add(ctx, by, sl, atOnce(now), have)
	if tepin.KindOf(err) == tepin.Conflict { // another node was first
		return nil
	}
	return err
}

// add makes a key and stores it beside those that were seen.
func (r *Keyring) add(ctx context.Context, by tepin.Actor, sl slot, usableAt time.Time, seen []tepin.SigningKey) (tepin.SigningKey, error) {
	row, err := r.newKey(sl)
	if err != nil {
		return tepin.SigningKey{}, err
	}
	row.CreatedAt, row.UsableAt = r.now(), usableAt.UTC()
	var ids []string
	for _, k := range seen {
		ids = append(ids, k.ID)
	}
	return row, r.Store.AddSigningKey(ctx, by, row, ids...)
}

func (r *Keyring) newKey(sl slot) (tepin.SigningKey, error) {
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
	sealed, err := r.Seal(private, k.ID)
	if err != nil {
		return tepin.SigningKey{}, err
	}
	return tepin.SigningKey{ID: k.ID, Purpose: sl.purpose, Alg: sl.alg, Public: public, Sealed: sealed, SealedBy: r.SealedBy}, nil
}

func (r *Keyring) refresh(ctx context.Context) error {
	if r.Access == nil {
		return nil
	}
	return r.Access.Refresh(ctx)
}

// keys returns those that sign in the place, now or later, in the order in which they do.
func (sl slot) keys(rows []tepin.SigningKey) []tepin.SigningKey {
	var list []tepin.SigningKey
	for _, k := range rows {
		if k.Purpose == sl.purpose && k.Alg == sl.alg && k.Signs() {
			list = append(list, k)
		}
	}
	slices.SortStableFunc(list, func(a, b tepin.SigningKey) int { return a.UsableAt.Compare(b.UsableAt) })
	return list
}

// signsAt reports whether one of the keys signs at t.
func signsAt(list []tepin.SigningKey, t time.Time) bool {
	return slices.ContainsFunc(list, func(k tepin.SigningKey) bool { return !t.Before(k.UsableAt) })
}

// since is when the newest of the keys began to sign, or will.
func since(list []tepin.SigningKey) time.Time {
	newest := list[len(list)-1]
	if newest.CreatedAt.After(newest.UsableAt) { // a first key
		return newest.CreatedAt
	}
	return newest.UsableAt
}

// atOnce is when a key signs that does so now, also by a clock that is behind.
func atOnce(now time.Time) time.Time { return now.Add(-MaxSkew) }
