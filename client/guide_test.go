package client_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tepin/tepin/demotest"
)

// The examples run against the built binary.
func TestMain(m *testing.M) {
	os.Exit(runWithDemo(m))
}

func runWithDemo(m *testing.M) int {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "tepin-client")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	demo, err := demotest.Start(context.Background(), dir)
	if err != nil {
		return fail(err)
	}
	for name, value := range map[string]string{
		"TEPIN_URL": demo.URL, "TEPIN_CLIENT_ID": demo.Integrations.All.ClientID, "TEPIN_CLIENT_SECRET": demo.Integrations.All.ClientSecret,
		"no_proxy": "*",
	} {
		os.Setenv(name, value)
	}
	code := m.Run()
	if err := demo.Stop(); err != nil {
		return fail(err)
	}
	return code
}

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// Every piece of Go in the guide stands in an example, which is run.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../docs/go-client.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := exampleBodies(t)
	blocks := goBlock.FindAllStringSubmatch(string(guide), -1)
	for _, b := range blocks {
		formatted, err := format.Source([]byte(b[1]))
		if err != nil {
			t.Errorf("%v in\n%s", err, b[1])
		}
		if !strings.Contains(examples, "\n"+string(formatted)) {
			t.Errorf("no example has\n%s", b[1])
		}
	}
	if len(blocks) < 4 {
		t.Errorf("the guide has %d pieces of Go; is it in another form now?", len(blocks))
	}
}

// exampleBodies is what stands between the braces of the examples, one tab less indented.
func exampleBodies(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "example_test.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			body := source[fset.Position(f.Body.Lbrace).Offset+1 : fset.Position(f.Body.Rbrace).Offset]
			all.WriteString(strings.ReplaceAll(string(body), "\n\t", "\n"))
		}
	}
	return all.String()
}
