package credential_test

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access/accesstest"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

const issuer = "https://tepin.example/"

func read(t *testing.T, dir string) *credential.Keys {
	t.Helper()
	keys, err := credential.ReadKeys(dir, nothing)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func bind(t *testing.T, keys *credential.Keys, s *store.Store) {
	t.Helper()
	if _, err := keys.Bind(t.Context(), s, issuer, time.Now()); err != nil {
		t.Fatal(err)
	}
}

func TestKeysFirstStart(t *testing.T) {
	dir, s := filepath.Join(t.TempDir(), "keys"), storetest.SQLite(t)
	keys := read(t, dir)
	if _, err := os.Stat(dir); err == nil {
		t.Error("keys were written before the database was seen")
	}
	bind(t, keys, s)
	for _, name := range []string{credential.MasterFile, credential.PepperFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		text, _ := os.ReadFile(filepath.Join(dir, name))
		if key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text))); err != nil || len(key) != 32 {
			t.Errorf("%s holds %d bytes: %v", name, len(key), err)
		}
	}
	in, err := s.Instance(t.Context())
	if err != nil || in.Issuer != issuer || in.PepperID != keys.Pepper.ID() || in.MasterKeyID != keys.Seal.ID() {
		t.Errorf("instance %+v, %v", in, err)
	}

	again := read(t, dir)
	bind(t, again, s)
	if again.Seal.ID() != keys.Seal.ID() || again.Pepper.ID() != keys.Pepper.ID() {
		t.Error("the second start has other keys")
	}
}

// S11: a database with data and a missing or wrong key: refused, nothing generated.
func TestKeysOfPresentDatabase(t *testing.T) {
	other := base64.StdEncoding.EncodeToString([]byte("another key of thirty-two bytes."))
	for _, tt := range []struct {
		name, file string
		change     func(path string) error
		want       string
	}{
		{"master key missing", credential.MasterFile, os.Remove, "missing"},
		{"pepper missing", credential.PepperFile, os.Remove, "missing"},
		{"master key wrong", credential.MasterFile, func(p string) error { return os.WriteFile(p, []byte(other), 0o600) }, "master key is wrong"},
		{"pepper wrong", credential.PepperFile, func(p string) error { return os.WriteFile(p, []byte(other), 0o600) }, "pepper is wrong"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, s := t.TempDir(), storetest.SQLite(t)
			bind(t, read(t, dir), s)
			path := filepath.Join(dir, tt.file)
			if err := tt.change(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			_, err := read(t, dir).Bind(t.Context(), s, issuer, time.Now())
			wantKind(t, err, tepin.Invalid)
			if err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("a key was written")
			}
		})
	}
}

// Two nodes start at once on one database, each with keys of its own: the second is
// refused and leaves no key behind.
func TestKeysTwoFirstStarts(t *testing.T) {
	a, b, s := t.TempDir(), t.TempDir(), storetest.SQLite(t)
	first, second := read(t, a), read(t, b)
	bind(t, first, s)
	_, err := second.Bind(t.Context(), s, issuer, time.Now())
	wantKind(t, err, tepin.Invalid)
	if names, _ := filepath.Glob(filepath.Join(b, "*")); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

// Two nodes start at once on one database with one directory of keys: one makes them,
// the other is told to read them, whatever each had seen of the other.
func TestKeysTwoFirstStartsShareADirectory(t *testing.T) {
	for name, seen := range map[string][]string{"nothing": nil, "the master key": {credential.MasterFile}} {
		t.Run(name, func(t *testing.T) {
			dir, s := t.TempDir(), storetest.SQLite(t)
			first := read(t, dir)
			for _, file := range seen { // the second reads while the first writes
				text := base64.StdEncoding.EncodeToString([]byte("a key of thirty-two whole bytes.")) + "\n"
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			second := read(t, dir)
			bind(t, second, s)
			before, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil || len(before) != 2 {
				t.Fatalf("%v, %v", before, err)
			}
			if _, err := first.Bind(t.Context(), s, issuer, time.Now()); !errors.Is(err, credential.ErrKeysMade) {
				t.Errorf("the other node is told %v", err)
			}
			again := read(t, dir)
			bind(t, again, s)
			if again.Seal.ID() != second.Seal.ID() || again.Pepper.ID() != second.Pepper.ID() {
				t.Error("the nodes have different keys")
			}
		})
	}
	// Both found the database empty: the keys that were written first count.
	dir, s := t.TempDir(), storetest.SQLite(t)
	first, second := read(t, dir), read(t, dir)
	bind(t, first, storetest.SQLite(t))
	if _, err := second.Bind(t.Context(), s, issuer, time.Now()); !errors.Is(err, credential.ErrKeysMade) {
		t.Errorf("the other node is told %v", err)
	}
	bind(t, read(t, dir), s)
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 2 {
		t.Errorf("the directory has %v", names)
	}
}

func TestKeysFromVariables(t *testing.T) {
	key := func(c string) string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(c, 32))) }
	env := map[string]string{credential.MasterEnv: key("m"), credential.PepperEnv: key("p") + "\n" + key("o")}
	dir, s := t.TempDir(), storetest.SQLite(t)
	keys, err := credential.ReadKeys(dir, func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	bind(t, keys, s)
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 0 {
		t.Errorf("written although the variables hold the keys: %v", names)
	}

	// An older pepper stays readable while secrets were hashed under it.
	env[credential.PepperEnv] = key("o")
	older, err := credential.ReadKeys(dir, func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	want := older.Pepper.MAC(older.Pepper.ID(), "e", "c", "s", "plain")
	if got := keys.Pepper.MAC(older.Pepper.ID(), "e", "c", "s", "plain"); string(got) != string(want) {
		t.Error("the older pepper gives another MAC")
	}
	if keys.Pepper.ID() == older.Pepper.ID() {
		t.Error("the first pepper is not the current one")
	}
}

func TestKeysUnreadable(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for name, text := range map[string]string{
		"not base64": "?" + good[1:], "too short": good[:40], "too long": base64.StdEncoding.EncodeToString(make([]byte, 33)), "blank": " \n",
	} {
		_, err := credential.ReadKeys(t.TempDir(), func(v string) string { return map[string]string{credential.MasterEnv: text}[v] })
		wantKind(t, err, tepin.Invalid)
		if err != nil && strings.TrimSpace(text) != "" && strings.Contains(err.Error(), strings.TrimSpace(text)) {
			t.Errorf("%s: the error repeats the key: %v", name, err)
		}
	}
}

// A new pepper goes in front of the old one, which stays until no secret needs it: a
// server without it is refused until then, and starts after that.
func TestPepperFollowsPepper(t *testing.T) {
	key := func(c string) string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(c, 32))) }
	variables := func(pepper string) map[string]string {
		return map[string]string{credential.MasterEnv: key("m"), credential.PepperEnv: pepper}
	}
	dir, s := installed(t, variables(key("o")))
	old := readWith(t, dir, variables(key("o")))
	sub, err := s.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	env := accesstest.AddEnvironment(t, s, sub.ID, "e")
	in := accesstest.NewIntegration(env.ID, "i")
	secret := accesstest.SecretOf(in, "tpn_one")
	secret.PepperID = old.Pepper.ID()
	if in, err = s.CreateIntegration(t.Context(), admin, in, secret); err != nil {
		t.Fatal(err)
	}
	bind(t, readWith(t, dir, variables(key("n")+" "+key("o"))), s)
	if got, err := s.Instance(t.Context()); err != nil || got.PepperID == old.Pepper.ID() {
		t.Errorf("the database knows the pepper %s, %v", got.PepperID, err)
	}
	for name, pepper := range map[string]string{"the new one alone": key("n"), "the old one alone": key("o"), "another": key("x")} {
		_, err := readWith(t, dir, variables(pepper)).Bind(t.Context(), s, issuer, time.Now())
		wantKind(t, err, tepin.Invalid)
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if err := s.DeleteSecret(t.Context(), admin, env.ID, in.ID, secret.ID); err != nil {
		t.Fatal(err)
	}
	bind(t, readWith(t, dir, variables(key("n"))), s)
}
