package tepin_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

func TestScopes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"template:read", "template:read"},
		{"template:write font:read", "font:read template:write"},
		{"  font:read   font:read ", "font:read"},
		{tepin.MustScopes(tepin.AllScopes...).String(), tepin.MustScopes(tepin.AllScopes...).String()},
	} {
		got, err := tepin.ParseScopes(c.text)
		if err != nil || got.String() != c.want {
			t.Errorf("%q: %q, %v", c.text, got, err)
		}
	}
	for _, text := range []string{"template", "Template:read", "template:read,font:read", "template:read\tfont:read", "x", strings.Repeat("font:read ", 500)} {
		if got, err := tepin.ParseScopes(text); tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%.40q: %q, %v", text, got, err)
		}
	}
}

func TestScopeSets(t *testing.T) {
	read, all := tepin.MustScopes(tepin.ReadOnlyScopes...), tepin.MustScopes(tepin.AllScopes...)
	if !all.Contains(read) || read.Contains(all) || !read.Contains(0) {
		t.Error("containment is wrong")
	}
	if len(read.List()) != 10 || read.Has(tepin.TemplateWrite) || !read.Has(tepin.MediaList) || read.Has(tepin.OutputStatic) {
		t.Errorf("the read-only preset is %v", read)
	}
	if all.Has("unheard:of") {
		t.Error("a scope that does not exist is in the set of all")
	}
}

// What is read prints the same each time, and reads as the same set.
func FuzzParseScopes(f *testing.F) {
	f.Add("font:read template:write")
	f.Add(" \x00 \xff")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := tepin.ParseScopes(text)
		if err != nil {
			if tepin.KindOf(err) != tepin.Invalid || strings.ContainsAny(err.Error(), "\x00\n\r") {
				t.Errorf("%q: %q", text, err)
			}
			return
		}
		again, err := tepin.ParseScopes(set.String())
		if err != nil || again != set {
			t.Errorf("%q reads as %q, which reads as %q: %v", text, set, again, err)
		}
		if !slices.Equal(set.List(), again.List()) {
			t.Error("the lists differ")
		}
	})
}
