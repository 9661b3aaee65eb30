package console

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Everything that an environment's log can hold has words.
func TestActionsHaveWords(t *testing.T) {
	files, err := filepath.Glob("../store/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	written := regexp.MustCompile(`t\.record\((?:string\([^)]*\)|env|chain), [^"\n]*?"([a-z_]+\.[a-z_]+)"`)
	found := 0
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range written.FindAllStringSubmatch(string(raw), -1) {
			found++
			if actions[m[1]] == "" && !strings.HasPrefix(m[1], "subscription.") {
				t.Errorf("%s: %s has no words", filepath.Base(name), m[1])
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d actions were found", found)
	}
}
