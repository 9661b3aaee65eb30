package credential_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/audit"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

// installed returns the directory of the keys of an installation and its store, which
// has one sealed signing key.
func installed(t *testing.T, variables map[string]string) (dir string, s *store.Store) {
	t.Helper()
	dir, s = t.TempDir(), storetest.Open(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "tepin.db")})
	keys := readWith(t, dir, variables)
	bind(t, keys, s)
	sealed, err := keys.SealSigningKey([]byte("private"), "kid")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddSigningKey(t.Context(), tepin.System, tepin.SigningKey{ID: "kid", Alg: "ES256", Sealed: sealed, SealedBy: keys.Seal.ID()}); err != nil {
		t.Fatal(err)
	}
	return dir, s
}

func readWith(t *testing.T, dir string, variables map[string]string) *credential.Keys {
	t.Helper()
	keys, err := credential.ReadKeys(dir, func(name string) string { return variables[name] })
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// whole fails the test unless the keys open the installation: its signing key, and its
// audit log as one chain.
func whole(t *testing.T, keys *credential.Keys, s *store.Store) {
	t.Helper()
	auditKey, err := keys.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if private, err := keys.OpenSigningKey(rows[0].Sealed, "kid"); err != nil || string(private) != "private" || rows[0].SealedBy != keys.Seal.ID() {
		t.Errorf("the signing key is %q, sealed by %s, %v", private, rows[0].SealedBy, err)
	}
	if _, err := s.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "one more line"}); err != nil {
		t.Fatal(err)
	}
	if list, err := audit.Verify(t.Context(), s, auditKey); err != nil || len(list) > 0 {
		t.Errorf("the audit log: %v, %v", list, err)
	}
}

func lines(t *testing.T, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, credential.MasterFile))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

func TestReplaceMaster(t *testing.T) {
	dir, s := installed(t, nil)
	first := lines(t, dir)
	keys := read(t, dir)
	whole(t, keys, s)
	if _, _, err := keys.ReplaceMaster(t.Context(), admin, s); tepin.KindOf(err) != tepin.Conflict {
		t.Errorf("without a next one: %v", err)
	}
	for range 2 { // prepared twice is prepared once
		if err := keys.PrepareMaster(); err != nil {
			t.Fatal(err)
		}
	}
	both := lines(t, dir)
	if len(both) != 2 || both[1] != first[0] || both[0] == first[0] {
		t.Fatalf("%d keys in the file", len(both))
	}
	if info, err := os.Stat(filepath.Join(dir, credential.MasterFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	// Cut off here, a server goes on with the present key, and the next call with the rest.
	running := read(t, dir)
	whole(t, running, s)
	keys = read(t, dir)
	whole(t, keys, s)
	if err := keys.PrepareMaster(); err != nil || len(lines(t, dir)) != 2 {
		t.Errorf("%d keys, %v", len(lines(t, dir)), err)
	}
	from, to, err := keys.ReplaceMaster(t.Context(), admin, s)
	if err != nil || from != running.Seal.ID() || to != keys.Seal.ID() || from == to {
		t.Fatalf("from %s to %s, %v", from, to, err)
	}
	whole(t, keys, s)
	whole(t, read(t, dir), s)

	// A server that runs since before has both keys: it opens what is sealed now, and what
	// it would seal is refused.
	rows, err := s.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old := from
	if private, err := running.OpenSigningKey(rows[0].Sealed, "kid"); err != nil || string(private) != "private" {
		t.Errorf("%q, %v", private, err)
	}
	late := tepin.SigningKey{ID: "late", Alg: "RS256", Sealed: []byte{1}, SealedBy: old}
	wantKind(t, s.AddSigningKey(t.Context(), admin, late), tepin.Unavailable)

	// The old key alone opens nothing, the new one alone everything; and again.
	file := filepath.Join(dir, credential.MasterFile)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(first[0])
	_, err = read(t, dir).Open(t.Context(), s)
	wantKind(t, err, tepin.Invalid)
	write(both[0])
	keys = read(t, dir)
	whole(t, keys, s)
	if err := keys.PrepareMaster(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := keys.ReplaceMaster(t.Context(), admin, s); err != nil {
		t.Fatal(err)
	}
	whole(t, read(t, dir), s)
}

// A backup from before is opened by the line that stayed.
func TestMasterOfABackup(t *testing.T) {
	dir, s := installed(t, nil)
	keys := read(t, dir)
	whole(t, keys, s)
	if err := keys.PrepareMaster(); err != nil {
		t.Fatal(err)
	}
	backup := read(t, dir) // the database still names the old key
	whole(t, backup, s)
	if backup.Seal.ID() != keys.Seal.ID() {
		t.Error("the key in the first line counts before the database says so")
	}
}

func TestReplaceMasterInTheVariable(t *testing.T) {
	key := func(c string) string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(c, 32))) }
	env := map[string]string{credential.MasterEnv: key("a"), credential.PepperEnv: key("p")}
	dir, s := installed(t, env)
	keys := readWith(t, dir, env)
	whole(t, keys, s)
	err := keys.PrepareMaster()
	wantKind(t, err, tepin.Invalid)
	if err != nil && !strings.Contains(err.Error(), credential.MasterEnv) {
		t.Errorf("%v does not say how", err)
	}
	env[credential.MasterEnv] = key("b") + " " + key("a")
	keys = readWith(t, dir, env)
	whole(t, keys, s)
	if err := keys.PrepareMaster(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := keys.ReplaceMaster(t.Context(), admin, s); err != nil {
		t.Fatal(err)
	}
	env[credential.MasterEnv] = key("b")
	whole(t, readWith(t, dir, env), s)
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 0 {
		t.Errorf("written although the variables hold the keys: %v", names)
	}
}

// What connectors have sealed follows the master key; the old one alone does not open it.
func TestReplaceMasterOfConnectors(t *testing.T) {
	dir, s := installed(t, nil)
	keys := read(t, dir)
	whole(t, keys, s)
	in, err := s.Instance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sub, err := s.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "Ours"})
	if err != nil {
		t.Fatal(err)
	}
	env, err := s.CreateEnvironment(t.Context(), tepin.System, tepin.Environment{SubscriptionID: sub.ID, Name: "Demo", TechnicalName: "demo"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.CreateConnector(t.Context(), admin, tepin.Connector{EnvironmentID: env.ID, Name: "DAM", Type: tepin.MediaConnector}, "x")
	if err != nil {
		t.Fatal(err)
	}
	place := tepin.SealedPlace{Instance: in.ID, Table: "connector_credential", Row: "one", Column: "sealed", EnvironmentID: env.ID}
	sealed, err := keys.SealPlace(place, []byte("geheim"))
	if err != nil {
		t.Fatal(err)
	}
	row := tepin.ConnectorCredential{ID: "one", EnvironmentID: env.ID, ConnectorID: c.ID, Usage: tepin.ServerUsage, Kind: tepin.AuthStaticKey, Name: "k", Sealed: sealed, SealedBy: keys.Seal.ID()}
	if err := s.PutConnectorCredential(t.Context(), admin, row); err != nil {
		t.Fatal(err)
	}
	old := keys.Seal
	if err := keys.PrepareMaster(); err != nil {
		t.Fatal(err)
	}
	running := read(t, dir)
	whole(t, running, s)
	if _, _, err := keys.ReplaceMaster(t.Context(), admin, s); err != nil {
		t.Fatal(err)
	}
	got, err := s.ConnectorCredential(t.Context(), env.ID, c.ID, tepin.ServerUsage)
	if err != nil || got.SealedBy != keys.Seal.ID() || bytes.Equal(got.Sealed, sealed) {
		t.Fatalf("sealed by %s, %v", got.SealedBy, err)
	}
	for _, k := range []*credential.Keys{keys, running} { // running since before, with both keys
		if plain, err := k.OpenPlace(place, got.Sealed); err != nil || string(plain) != "geheim" {
			t.Errorf("%q, %v", plain, err)
		}
	}
	if _, err := old.Open("table connector_credential", place.Context(), got.Sealed); err == nil {
		t.Error("the old key opens it")
	}
	row.ID = "two"
	wantKind(t, s.PutConnectorCredential(t.Context(), admin, row), tepin.Unavailable)
}

// A database whose master key cannot be had is left as it is.
func TestOpenWithoutKeys(t *testing.T) {
	_, s := installed(t, nil)
	_, err := read(t, t.TempDir()).Open(t.Context(), s)
	wantKind(t, err, tepin.Invalid)
	empty := storetest.SQLite(t)
	_, err = read(t, t.TempDir()).Open(t.Context(), empty)
	wantKind(t, err, tepin.NotFound)
}
