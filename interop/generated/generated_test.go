// Package generated has no code of its own: its test makes clients of our OpenAPI
// documents, with the tools that people use, and does a round trip with each against the
// built binary.
package generated

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin/demotest"
)

// The Go generator is run by its version, so that it is no dependency of ours.
const (
	oapiCodegen        = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
	oapiCodegenRuntime = "github.com/oapi-codegen/runtime@v1.9.0"
)

// documents are our OpenAPI documents: what a client calls each, and below which path it
// is served.
var documents = map[string]string{"environment": "/grafx/swagger/v1/", "platform": "/swagger/v1/"}

func TestGeneratedClients(t *testing.T) {
	here, err := os.Getwd()
	check(t, err)
	if _, err := os.Stat("node_modules/.bin/redocly"); err != nil {
		output(t, here, nil, "npm", "ci", "--silent")
	}
	demo, err := demotest.Start(t.Context(), t.TempDir())
	check(t, err)
	t.Cleanup(func() { check(t, demo.Stop()) })
	env := []string{"TEPIN_URL=" + demo.URL, "TEPIN_ENVIRONMENT=" + demo.Environment.TechnicalName,
		"TEPIN_CLIENT_ID=" + demo.Integrations.All.ClientID, "TEPIN_CLIENT_SECRET=" + demo.Integrations.All.ClientSecret}
	bin := filepath.Join(here, "node_modules", ".bin")

	t.Run("lint", func(t *testing.T) {
		dir := t.TempDir()
		for name, path := range documents {
			file := save(t, dir, name+".json", demo.URL+path+"swagger.json")
			output(t, dir, []string{"REDOCLY_TELEMETRY=off"}, filepath.Join(bin, "redocly"), "lint", "--max-problems=20", file) // it fails on errors
		}
	})

	t.Run("openapi-typescript and openapi-fetch", func(t *testing.T) {
		dir := t.TempDir()
		check(t, os.CopyFS(dir, os.DirFS("testdata/ts")))
		check(t, os.Symlink(filepath.Join(here, "node_modules"), filepath.Join(dir, "node_modules")))
		check(t, os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"type":"module"}`), 0o600))
		for name, path := range documents {
			file := save(t, dir, name+".json", demo.URL+path+"swagger.json")
			output(t, dir, nil, filepath.Join(bin, "openapi-typescript"), file, "-o", name+".d.ts")
		}
		output(t, dir, nil, filepath.Join(bin, "tsc"), "-p", ".")
		if said := output(t, dir, env, "node", "out/roundtrip.js"); !strings.HasPrefix(said, "ok ") {
			t.Errorf("the client said: %s", said)
		}
	})

	t.Run("oapi-codegen", func(t *testing.T) {
		dir := t.TempDir()
		check(t, os.CopyFS(dir, os.DirFS("testdata/go")))
		output(t, dir, nil, "go", "mod", "init", "roundtrip")
		for name, path := range documents {
			file := save(t, dir, name+".json", demo.URL+path+"swagger-3.0.json")
			check(t, os.Mkdir(filepath.Join(dir, name), 0o700))
			output(t, dir, nil, "go", "run", oapiCodegen, "-generate", "types,client", "-package", name, "-o", filepath.Join(name, "client.go"), file)
		}
		output(t, dir, nil, "go", "get", oapiCodegenRuntime)
		output(t, dir, nil, "go", "mod", "tidy")
		if said := output(t, dir, env, "go", "run", "."); !strings.HasPrefix(said, "ok ") {
			t.Errorf("the client said: %s", said)
		}
	})
}

// save fetches a document into a file.
func save(t *testing.T, dir, name, url string) string {
	t.Helper()
	res, err := http.Get(url)
	check(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	check(t, err)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, res.Status)
	}
	path := filepath.Join(dir, name)
	check(t, os.WriteFile(path, raw, 0o600))
	return path
}

// output runs a program, and returns what it wrote.
func output(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off"), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(fmt.Errorf("%w", err))
	}
}
