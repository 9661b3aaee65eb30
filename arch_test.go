package tepin_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tepin/tepin"

// imports is the architecture: what each package may import of ours, beside the
// vocabulary (the root package), which all may. Packages that are not listed here
// do not exist.
var imports = map[string]string{
	".":                 "",
	"store":             "",
	"store/storetest":   "store",
	"blob":              "",
	"blob/disk":         "blob",
	"blob/blobtest":     "blob",
	"token":             "",
	"seal":              "",
	"outbound":          "",
	"sandbox":           "",
	"limit":             "",
	"sample":            "",
	"client":            "",
	"demotest":          "",
	"render/color":      "",
	"render/text":       "render/color",
	"render":            "render/color render/text",
	"render/raster":     "render render/color render/text",
	"render/pdf":        "render render/color render/text",
	"render/animation":  "render",
	"render/gif":        "",
	"render/svg":        "render render/color render/text",
	"document":          "render render/animation render/color render/text",
	"access":            "store token limit",
	"access/accesstest": "store store/storetest access credential grant quota token",
	"credential":        "store seal access limit",
	"grant":             "store token access limit",
	"quota":             "store access",
	"audit":             "store token",
	"asset/inspect":     "",
	"asset/woff":        "",
	"asset":             "store blob sandbox asset/inspect asset/woff",
	"job":               "store",
	"output":            "store blob asset connector document render render/animation render/color render/gif render/text render/raster render/pdf render/svg sandbox sample",
	"preview":           "store asset output render render/color render/text render/raster sandbox sample",
	"web":               "access",
	"web/webtest":       "",
	"oauth":             "web store access grant credential token limit outbound",
	"script":            "sandbox",
	"connector":         "store seal outbound sandbox script",
	"environmentapi":    "web store asset connector output preview",
	"platformapi":       "web store access credential quota audit",
	"console":           "web store access credential grant asset connector output preview audit",
}

// clients names the packages that may open network connections, and why (S31).
var clients = map[string]string{
	"outbound":  "all requests to foreign hosts",
	"cmd/tepin": "the demo talks to itself, and the command line to a server",
	"client":    "it is what integrations run in their own programs",
}

// calls are what opens connections.
var calls = map[string][]string{
	"http": {"Get", "Post", "PostForm", "Head", "DefaultClient", "Client", "Transport", "DefaultTransport"},
	"net":  {"Dial", "DialTimeout", "Dialer", "DialTCP", "DialUDP", "DialUnix"},
	"tls":  {"Dial", "DialWithDialer", "Dialer"},
}

func TestImports(t *testing.T) {
	for _, f := range goFiles(t) {
		pkg := path.Dir(f.path)
		allowed, known := imports[pkg]
		switch top, _, _ := strings.Cut(pkg, "/"); {
		case top == "cmd" || top == "bench" || top == "examples" || top == "interop":
			continue // the wiring, and programs beside the product
		case !known:
			t.Errorf("%s: package %s is not in the import table", f.path, pkg)
			continue
		case strings.HasSuffix(f.path, "_test.go"):
			continue // tests may stand anywhere and see everything
		}
		for _, imp := range f.imports {
			ours, ok := strings.CutPrefix(imp, module+"/")
			if ok && ours != pkg && !slices.Contains(strings.Fields(allowed), ours) {
				t.Errorf("%s imports %s, which %s may not", f.path, ours, pkg)
			}
		}
	}
}

// SQL stands in package store alone.
func TestDriversOnlyInStore(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, imp := range f.imports {
			driver := imp == "database/sql" || strings.HasPrefix(imp, "modernc.org/sqlite") || strings.HasPrefix(imp, "github.com/jackc/pgx")
			if driver && !strings.HasPrefix(f.path, "store/") && !strings.HasSuffix(f.path, "_test.go") {
				t.Errorf("%s imports %s; SQL belongs to package store", f.path, imp)
			}
		}
	}
}

// Only the packages of the list open network connections.
func TestClients(t *testing.T) {
	for _, f := range goFiles(t) {
		top, _, _ := strings.Cut(f.path, "/")
		if strings.HasSuffix(f.path, "_test.go") || top == "bench" || top == "examples" || top == "interop" || clients[path.Dir(f.path)] != "" {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := sel.X.(*ast.Ident); ok && slices.Contains(calls[pkg.Name], sel.Sel.Name) {
					t.Errorf("%s uses %s.%s; requests to other hosts belong to package outbound", f.path, pkg.Name, sel.Sel.Name)
				}
			}
			return true
		})
	}
}

// Packages of the pure core do no I/O, keep no clock and start nothing.
func TestPureCore(t *testing.T) {
	forbidden := []string{"os", "net", "net/http", "os/exec", "syscall", "database/sql", "log", "log/slog"}
	for _, f := range goFiles(t) {
		top, _, _ := strings.Cut(f.path, "/")
		if (top != "render" && top != "document") || strings.HasSuffix(f.path, "_test.go") {
			continue
		}
		for _, imp := range f.imports {
			if slices.Contains(forbidden, imp) {
				t.Errorf("%s imports %s; %s is pure", f.path, imp, top)
			}
		}
	}
}

// goFile is one Go source file and what it imports.
type goFile struct {
	path    string // slash-separated, relative to the module
	imports []string
}

func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		f := goFile{path: filepath.ToSlash(name)}
		for _, spec := range parsed.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, imp)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
