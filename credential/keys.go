package credential

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/seal"
	"github.com/tepin/tepin/store"
)

// Names under which the keys are looked for.
const (
	MasterFile = "master.key"
	PepperFile = "pepper.key"
	MasterEnv  = "TEPIN_MASTER_KEY"
	PepperEnv  = "TEPIN_PEPPER"
)

const keyBytes = 32

// Keys are the two keys of an installation: the master key seals values and feeds
// derived keys, the pepper is what client secrets are hashed under.
type Keys struct {
	Seal   *seal.Key // the present master key: the one that the database names
	Pepper *Pepper

	masters    []masterKey // all that were given; the first is the one that is to be the present one
	masterFile string      // where they stand; "" = in the variable
	fresh      []keyFile   // generated in memory, not yet written: see Bind
}

type keyFile struct {
	path string
	key  []byte
}

// ReadKeys reads master key and pepper, each from its variable of the environment
// (getenv, normally [os.Getenv]) or else from its file in dir. A key that is in
// neither place is generated in memory only: [Keys.Bind] writes it once it is
// known that no database depends on an older one.
//
// Both are 32 bytes in base64. The pepper may be followed by older peppers,
// separated by white space, which stay as long as a secret was hashed under them; the
// master key by older ones, of which the database names the one that it is sealed under:
// see [Keys.ReplaceMaster].
func ReadKeys(dir string, getenv func(string) string) (*Keys, error) {
	k := &Keys{}
	masters, err := k.read(getenv(MasterEnv), MasterEnv, filepath.Join(dir, MasterFile))
	if err != nil {
		return nil, err
	}
	if getenv(MasterEnv) == "" {
		k.masterFile = filepath.Join(dir, MasterFile)
	}
	for _, raw := range masters {
		key, err := seal.NewKey(raw)
		if err != nil {
			return nil, err
		}
		k.masters = append(k.masters, masterKey{key, raw})
	}
	k.Seal = k.masters[0].Key
	peppers, err := k.read(getenv(PepperEnv), PepperEnv, filepath.Join(dir, PepperFile))
	if err != nil {
		return nil, err
	}
	k.Pepper = newPepper(peppers)
	return k, nil
}

// read returns the keys found in value, else in the file, else a fresh one.
func (k *Keys) read(value, variable, path string) ([][]byte, error) {
	if value != "" {
		return parseKeys(value, "the variable "+variable)
	}
	text, err := os.ReadFile(path)
	if err == nil {
		return parseKeys(string(text), "the file "+path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("credential: %w", err)
	}
	key := make([]byte, keyBytes)
	rand.Read(key)
	k.fresh = append(k.fresh, keyFile{path, key})
	return [][]byte{key}, nil
}

// parseKeys never quotes what it could not read: it may be most of a key.
func parseKeys(text, where string) ([][]byte, error) {
	var keys [][]byte
	for word := range strings.FieldsSeq(text) {
		key, err := base64.StdEncoding.DecodeString(word)
		if err != nil || len(key) != keyBytes {
			return nil, tepin.Errorf(tepin.Invalid, "%s must hold %d bytes in base64 (44 characters)", where, keyBytes)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, tepin.Errorf(tepin.Invalid, "%s is empty; it must hold %d bytes in base64", where, keyBytes)
	}
	return keys, nil
}

// Bind ties the keys to the database. A database without an instance gets one, with
// this issuer, after generated keys have been written to their files (mode 0600).
// One that has an instance must have been made with these keys: a missing or a
// different key is refused, and nothing is generated (S11). The caller compares the
// returned instance's issuer with its configuration (S7). From then on the store can
// write the audit log.
func (k *Keys) Bind(ctx context.Context, s *store.Store, issuer string, now time.Time) (tepin.Instance, error) {
	in, err := s.Instance(ctx)
	if err == nil {
		if err = k.use(in, s); err == nil {
			err = k.takePepper(ctx, s, &in)
		}
		return in, err
	}
	if tepin.KindOf(err) != tepin.NotFound {
		return tepin.Instance{}, err
	}
	s.UseAuditKey(k.Seal.Derive(auditPurpose, keyBytes))
	written, err := k.write()
	if err != nil {
		return tepin.Instance{}, err
	}
	in = tepin.Instance{
		ID: tepin.NewID[string](), Issuer: issuer, CreatedAt: now,
		MasterKeyID: k.Seal.ID(), MasterKeyCheck: k.Seal.Check(),
		PepperID: k.Pepper.ID(), PepperCheck: k.Pepper.check(k.Pepper.ID()),
	}
	err = s.CreateInstance(ctx, in)
	if tepin.KindOf(err) == tepin.Conflict { // another node was first: its keys count
		k.fresh = nil
		if in, err = s.Instance(ctx); err == nil {
			err = k.use(in, s)
		}
	}
	if tepin.KindOf(err) == tepin.Invalid { // it has others: these are nobody's
		for _, path := range written {
			err = errors.Join(err, os.Remove(path))
		}
	}
	if err != nil { // the instance may be there all the same, or another node has read the keys: they stay
		return tepin.Instance{}, err
	}
	k.fresh = nil
	return in, nil
}

// ErrKeysMade is the answer to the second of two nodes that start for the first time
// at once: the other has written the keys since this one looked. Read them again.
var ErrKeysMade = &tepin.Error{Kind: tepin.Conflict, Message: "another server has just made the keys of this installation; start again"}

// use checks that the keys are those which the instance was made with, and has the store
// write the audit log with them.
func (k *Keys) use(in tepin.Instance, s *store.Store) error {
	if err := k.check(in); err != nil {
		return err
	}
	key, err := k.auditKey(in)
	if err != nil {
		return err
	}
	s.UseAuditKey(key)
	return nil
}

// check reports how the keys differ from those that the instance was made with, and
// makes the master key that it names the present one.
func (k *Keys) check(in tepin.Instance) error {
	if len(k.fresh) > 0 {
		f := k.fresh[0]
		if _, err := os.Stat(f.path); err == nil {
			return ErrKeysMade
		}
		return tepin.Errorf(tepin.Invalid, "the database has data, but %s is missing; put the key back that this database was made with (from your key backup, or in the variables %s and %s), or point to another database", f.path, MasterEnv, PepperEnv)
	}
	const mend = "it is not the key that this database was made with (id %s, the database names %s); put the right one back"
	i := slices.IndexFunc(k.masters, func(m masterKey) bool { return m.ID() == in.MasterKeyID })
	if i < 0 || !hmac.Equal(k.masters[i].Check(), in.MasterKeyCheck) {
		return tepin.Errorf(tepin.Invalid, "the master key is wrong: "+mend, k.masters[0].ID(), in.MasterKeyID)
	}
	k.Seal = k.masters[i].Key
	if !hmac.Equal(k.Pepper.check(in.PepperID), in.PepperCheck) {
		return tepin.Errorf(tepin.Invalid, "the pepper is wrong: "+mend, k.Pepper.ID(), in.PepperID)
	}
	return nil
}

// takePepper makes the first pepper the one that the database knows, so that an older
// one can go when no secret needs it any more; while one does, it must be there (S11).
func (k *Keys) takePepper(ctx context.Context, s *store.Store, in *tepin.Instance) error {
	needed, err := s.Peppers(ctx)
	if err != nil {
		return err
	}
	for _, id := range needed {
		if k.Pepper.check(id) == nil {
			return tepin.Errorf(tepin.Invalid, "the pepper %s is missing, and client secrets that are in use need it; put it back behind the first one, until those secrets are rotated", id)
		}
	}
	if k.Pepper.ID() == in.PepperID {
		return nil
	}
	in.PepperID, in.PepperCheck = k.Pepper.ID(), k.Pepper.check(k.Pepper.ID())
	return s.SetPepper(ctx, tepin.System, in.PepperID, in.PepperCheck)
}

// write creates the files of generated keys, never replacing one, and returns
// their paths. Where another node was first with one, ErrKeysMade: it counts, and so
// do those that this one has written, which that one may have read.
func (k *Keys) write() (paths []string, err error) {
	for _, f := range k.fresh {
		err := writeKey(f)
		if errors.Is(err, fs.ErrExist) {
			return nil, ErrKeysMade
		}
		if err != nil {
			for _, path := range paths {
				err = errors.Join(err, os.Remove(path))
			}
			return nil, fmt.Errorf("credential: cannot write a new key: %w", err)
		}
		paths = append(paths, f.path)
	}
	return paths, nil
}

// writeKey makes the file with all of the key in it, or not at all.
func writeKey(f keyFile) error {
	return writeWhole(f.path, keyLine(f.key), os.Link) // unlike a rename it replaces nothing
}

func keyLine(key []byte) string { return base64.StdEncoding.EncodeToString(key) + "\n" }

// writeWhole writes a file beside path, mode 0600, and then puts it there.
func writeWhole(path, text string, put func(from, to string) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	out, err := os.CreateTemp(dir, filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	_, err = out.WriteString(text)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if err := put(out.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Pepper is the key, or the keys, that client secrets are hashed under.
type Pepper struct {
	current string
	keys    map[string]pepperKey // by id
}

// pepperKey is one pepper, with HMACs that are keyed already: keying costs as much as
// a secret's hash.
type pepperKey struct {
	macs *sync.Pool // of *keyedMAC
}

type keyedMAC struct {
	hash.Hash
	message []byte
}

func (k pepperKey) mac(message []byte) []byte {
	mac := k.macs.Get().(*keyedMAC)
	defer k.macs.Put(mac)
	mac.message = append(mac.message[:0], message...) // so that the caller's stays on its stack
	mac.Reset()
	mac.Write(mac.message)
	clear(mac.message)
	return mac.Sum(nil)
}

func newPepper(keys [][]byte) *Pepper {
	p := &Pepper{current: pepperID(keys[0]), keys: map[string]pepperKey{}}
	for _, key := range keys {
		p.keys[pepperID(key)] = pepperKey{&sync.Pool{New: func() any { return &keyedMAC{Hash: hmac.New(sha256.New, key)} }}}
	}
	return p
}

func pepperID(key []byte) string {
	sum := sha256.Sum256(append([]byte("tepin pepper id\x00"), key...))
	return hex.EncodeToString(sum[:8])
}

// ID names the pepper that new secrets are hashed under.
func (p *Pepper) ID() string { return p.current }

// check is the value by which a database recognizes the pepper id; nil if it is not here.
func (p *Pepper) check(id string) []byte {
	key, ok := p.keys[id]
	if !ok {
		return nil
	}
	return key.mac([]byte("tepin pepper check"))
}
