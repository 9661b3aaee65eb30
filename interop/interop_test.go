package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table into the README")

// Every client and every verifier, in the version that the README names.
func TestInterop(t *testing.T) {
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	results, err := prove(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(rows) {
		t.Errorf("%d results for %d rows", len(results), len(rows))
	}
	for _, r := range results {
		t.Run(r.row.name(), func(t *testing.T) {
			if r.err != nil {
				t.Fatal(r.err)
			}
			if want := pinned(t, root, r.row); r.version != want {
				t.Errorf("version %q, want %q", r.version, want)
			}
		})
	}
}

// The README's table is the list of rows; -update writes it anew.
func TestReadmeTable(t *testing.T) {
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(root, "README.md")
	readme, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const from, to = "<!-- interop: the test of package interop writes this table -->\n", "<!-- interop: end -->\n"
	before, rest, found := strings.Cut(string(readme), from)
	got, after, ended := strings.Cut(rest, to)
	if !found || !ended {
		t.Fatalf("the README has no %s", from)
	}
	want := markdown(t, root)
	if *update {
		if err := os.WriteFile(name, []byte(before+from+want+to+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Errorf("the README's table is not that of the rows; go test ./interop -run TestReadmeTable -update writes it\n%s", want)
	}
}

// markdown is the table with one line for each client.
func markdown(t *testing.T, root string) string {
	t.Helper()
	type line struct {
		client, version string
		how, proved     []string
	}
	var lines []*line
	byClient := map[string]*line{}
	add := func(list *[]string, item string) {
		if !slices.Contains(*list, item) {
			*list = append(*list, item)
		}
	}
	for _, r := range rows {
		l := byClient[r.client]
		if l == nil {
			l = &line{client: r.client, version: pinned(t, root, r)}
			if r.debian != "" {
				l.version += " (Debian 12)"
			}
			byClient[r.client] = l
			lines = append(lines, l)
		}
		add(&l.how, r.how)
		add(&l.proved, r.proof.name)
	}
	var b strings.Builder
	b.WriteString("| client | version | by | proved |\n|---|---|---|---|\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", l.client, l.version, strings.Join(l.how, ", "), strings.Join(l.proved, ", "))
	}
	b.WriteByte('\n')
	for _, p := range proofs() {
		fmt.Fprintf(&b, "- *%s*: %s\n", p.name, p.words)
	}
	return b.String()
}

// pinned is the version that the row must have.
func pinned(t *testing.T, root string, r row) string {
	t.Helper()
	switch {
	case r.debian != "":
		return r.debian
	case r.client == goOAuth2:
		out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", goOAuth2).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	raw, err := os.ReadFile(filepath.Join(root, "interop", "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal(raw, &manifest); err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(r.npm)
	if len(names) == 0 {
		names = []string{r.client}
	}
	var versions []string
	for _, name := range names {
		v := manifest.Dependencies[name]
		if v == "" || strings.Trim(v, "0123456789.") != "" {
			t.Fatalf("package.json does not pin %s", name)
		}
		versions = append(versions, v)
	}
	return strings.Join(versions, ", ")
}

// The lock file names no registry, and no package that runs a script when it is installed.
func TestLockFile(t *testing.T) {
	raw, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{`"resolved"`, `"hasInstallScript"`, "://registry"} {
		if bytes.Contains(raw, []byte(word)) {
			t.Errorf("package-lock.json has %s", word)
		}
	}
}

// What a client might report, and what is wrong with it.
func TestJudgeTokens(t *testing.T) {
	const token = "e30.eyJjbGllbnRfaWQiOiJpbnRfMSJ9.c2ln" // {"client_id":"int_1"}
	good := func() report {
		return report{Token: token, Again: token, ExpiresIn: 86400, Names: []string{"Other", sampleTemplate},
			Refused: map[string]string{"wrong secret": "401 invalid_client"}}
	}
	if err := tokens.judge(row{}, client{id: "int_1"}, good()); err != nil {
		t.Error(err)
	}
	if err := tokens.judge(row{refusal: "invalid_client"}, client{id: "int_1"}, good()); err == nil {
		t.Error("a refusal told in another way passes")
	}
	if err := tokens.judge(row{}, client{id: "int_2"}, good()); err == nil {
		t.Error("another client's token passes")
	}
	for name, spoil := range map[string]func(*report){
		"no token":               func(r *report) { r.Token, r.Again = "", "" },
		"an opaque token":        func(r *report) { r.Token, r.Again = "a.b.c", "a.b.c" },
		"another token again":    func(r *report) { r.Again = "e30.e30.c2ln" },
		"no lifetime":            func(r *report) { r.ExpiresIn = 0 },
		"a lifetime of two days": func(r *report) { r.ExpiresIn = 2 * 86400 },
		"no API call":            func(r *report) { r.Names = nil },
		"nothing refused":        func(r *report) { r.Refused = nil },
		"refused as a fault":     func(r *report) { r.Refused["wrong secret"] = "500 server_error" },
	} {
		r := good()
		spoil(&r)
		if err := tokens.judge(row{}, client{id: "int_1"}, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestJudgeLives(t *testing.T) {
	const token, again = "e30.eyJjbGllbnRfaWQiOiJpbnRfMSJ9.c2ln", "e30.e30.c2ln"
	c := client{id: "int_1"}
	good := func() report {
		return report{Token: token, Again: again, Names: []string{sampleTemplate},
			Introspected: map[string]map[string]any{
				"the token": {"active": true, "client_id": "int_1", "scope": "a"}, "a foreign token": {"active": false}, "the revoked token": {"active": false},
			},
			Refused: map[string]string{"the revoked token": "401 invalid_token"}}
	}
	if err := lives.judge(row{}, c, good()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*report){
		"an inactive token":           func(r *report) { r.Introspected["the token"]["active"] = false },
		"another's token":             func(r *report) { r.Introspected["the token"]["client_id"] = "int_2" },
		"no word on the token":        func(r *report) { r.Introspected = nil },
		"a word on a foreign token":   func(r *report) { r.Introspected["a foreign token"]["sub"] = "int_2" },
		"an active foreign token":     func(r *report) { r.Introspected["a foreign token"]["active"] = true },
		"a revoked token that lives":  func(r *report) { r.Introspected["the revoked token"]["active"] = true },
		"the revoked token again":     func(r *report) { r.Again = token },
		"no token afterwards":         func(r *report) { r.Again = "" },
		"no API call":                 func(r *report) { r.Names = nil },
		"an API that takes it anyway": func(r *report) { r.Refused = nil },
	} {
		r := good()
		spoil(&r)
		if err := lives.judge(row{}, c, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestJudgeBound(t *testing.T) {
	const token = "e30.eyJjbGllbnRfaWQiOiJpbnRfMSIsImNuZiI6eyJqa3QiOiJ4In19.c2ln" // {"client_id":"int_1","cnf":{"jkt":"x"}}
	c, p := client{id: "int_1"}, binds(map[string]string{"more": "400"})
	good := func() report {
		return report{Token: token, Again: "e30.e30.c2ln", Type: "DPoP", Names: []string{sampleTemplate},
			Refused: map[string]string{"without a proof": "401 invalid_token", "another key's proof": "401 invalid_token", "more": "400"}}
	}
	if err := p.judge(row{}, c, good()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*report){
		"a bearer token":        func(r *report) { r.Type = "bearer" },
		"a token bound to none": func(r *report) { r.Token = "e30.eyJjbGllbnRfaWQiOiJpbnRfMSJ9.c2ln" },
		"the same token again":  func(r *report) { r.Again = r.Token },
		"no API call":           func(r *report) { r.Names = nil },
		"one refusal missing":   func(r *report) { delete(r.Refused, "more") },
	} {
		r := good()
		spoil(&r)
		if err := p.judge(row{}, c, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestJudgeExchanges(t *testing.T) {
	lesser := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	c := client{id: "int_1"}
	good := func() report {
		return report{
			Token: lesser(`{"client_id":"int_1","act":{"sub":"int_1"},"scope":"template:read template:list"}`), Again: "e30.e30.c2ln",
			Type: "urn:ietf:params:oauth:token-type:access_token", ExpiresIn: 600, Names: []string{sampleTemplate},
			Refused: map[string]string{
				"another page": "403", "no page": "403", "a write": "403 insufficient_scope",
				"the lesser token again": "400 invalid_request", "a token whose parent is revoked": "401 invalid_token",
			},
		}
	}
	if err := exchanges.judge(row{}, c, good()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*report){
		"the parent itself": func(r *report) { r.Again = r.Token },
		"all scopes": func(r *report) {
			r.Token = lesser(`{"client_id":"int_1","act":{"sub":"int_1"},"scope":"template:write"}`)
		},
		"nobody who acts": func(r *report) { r.Token = lesser(`{"client_id":"int_1","scope":"template:read template:list"}`) },
		"another's token": func(r *report) {
			r.Token = lesser(`{"client_id":"int_2","act":{},"scope":"template:read template:list"}`)
		},
		"another kind":               func(r *report) { r.Type = "" },
		"an hour":                    func(r *report) { r.ExpiresIn = 3600 },
		"no API call":                func(r *report) { r.Names = nil },
		"a write":                    func(r *report) { r.Refused["a write"] = "200" },
		"a token that outlives more": func(r *report) { delete(r.Refused, "a token whose parent is revoked") },
	} {
		r := good()
		spoil(&r)
		if err := exchanges.judge(row{}, c, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestJudgeVerifiers(t *testing.T) {
	c := client{id: "int_1"}
	claims := map[string]any{"sub": "int_1", "client_id": "int_1"}
	refused := map[string]string{"an altered token": "a", "another audience": "b", "another issuer": "c"}
	p := verifies("a", "b", "c")
	if err := p.judge(row{}, c, report{Claims: claims, Refused: refused}); err != nil {
		t.Error(err)
	}
	for name, r := range map[string]report{
		"no claims":           {Refused: refused},
		"another's claims":    {Claims: map[string]any{"sub": "int_2", "client_id": "int_1"}, Refused: refused},
		"nothing refused":     {Claims: claims},
		"for another reason":  {Claims: claims, Refused: map[string]string{"an altered token": "b", "another audience": "b", "another issuer": "c"}},
		"one refusal missing": {Claims: claims, Refused: map[string]string{"an altered token": "a", "another audience": "b"}},
	} {
		if err := p.judge(row{}, c, r); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

// Every row can be told from the others, and the table shows one that failed.
func TestTable(t *testing.T) {
	var names []string
	for _, r := range rows {
		names = append(names, r.name())
	}
	slices.Sort(names)
	if n := len(slices.Compact(slices.Clone(names))); n != len(rows) {
		t.Errorf("%d names for %d rows: %q", n, len(rows), names)
	}
	var out strings.Builder
	err := printTable(&out, []result{{row: rows[0], version: "v1"}, {row: rows[1], err: errors.New("no token")}})
	if err == nil || !strings.Contains(err.Error(), "1 of 2 rows failed") || !strings.Contains(err.Error(), rows[1].name()+": no token") {
		t.Error(err)
	}
	if !strings.Contains(out.String(), "FAILED") || !strings.Contains(out.String(), "ok") {
		t.Error(out.String())
	}
	out.Reset()
	if err := printTable(&out, []result{{row: rows[0], version: "v1"}}); err != nil || !strings.HasSuffix(out.String(), "\n1 rows, all ok\n") {
		t.Error(err, out.String())
	}
}

// Node is the PATH's, unless that is missing or too old for the packages.
func TestNodeProgram(t *testing.T) {
	path, dir := t.TempDir(), t.TempDir()
	fake := func(name, version string) {
		t.Helper()
		script := "#!/bin/sh\necho " + version + "\n"
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(script), 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", path)
	fetched := filepath.Join(dir, ".node", "bin", "node")
	want := func(want string) {
		t.Helper()
		got, err := nodeProgram(t.Context(), dir)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	want("")
	fake(filepath.Join(path, "node"), "v18.20.4")
	want("")
	fake(fetched, "v22.23.3")
	want(fetched)
	fake(filepath.Join(path, "node"), "v20.20.2")
	want("node")
}

// The packages are those of the lock file, or npm installs them.
func TestReadLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "package-lock.json")
	if _, err := readLock(name); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	lock := `{"packages": {"": {"version": "0"}, "node_modules/a": {"version": "1.2.3"}}}`
	if err := os.WriteFile(name, []byte(lock), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readLock(name)
	if err != nil || len(got) != 1 || got["node_modules/a"] != "1.2.3" {
		t.Errorf("got %v, %v", got, err)
	}
	if err := os.WriteFile(name, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readLock(name); err == nil {
		t.Error("broken JSON passes")
	}
}
