package tepin_test

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var namedTest = regexp.MustCompile("`([a-z/]+)\\.((?:Test|Fuzz)[A-Za-z0-9]+)`")

// The tests that docs/security-rules.md names exist.
func TestSecurityRulesAreTested(t *testing.T) {
	page, err := os.ReadFile("docs/security-rules.md")
	if err != nil {
		t.Fatal(err)
	}
	source := map[string]string{}
	for _, f := range goFiles(t) {
		if strings.HasSuffix(f.path, "_test.go") {
			text, err := os.ReadFile(f.path)
			if err != nil {
				t.Fatal(err)
			}
			dir := path.Dir(f.path)
			if dir == "." {
				dir = "tepin"
			}
			source[dir] += string(text)
		}
	}
	found := namedTest.FindAllStringSubmatch(string(page), -1)
	for _, m := range found {
		if !strings.Contains(source[m[1]], "func "+m[2]+"(") {
			t.Errorf("%s.%s does not exist", m[1], m[2])
		}
	}
	if len(found) < 60 {
		t.Errorf("only %d tests are named; is the page in another form now?", len(found))
	}
}
