package main

import (
	"bytes"
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
