package tepin

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Scope is one permission of an integration, spelled as in the permissions matrix.
type Scope string

const (
	FontRead        Scope = "font:read"
	FontList        Scope = "font:list"
	FontWrite       Scope = "font:write"
	MediaRead       Scope = "media:read"
	MediaList       Scope = "media:list"
	MediaWrite      Scope = "media:write"
	ProjectRead     Scope = "myproject:read"
	ProjectList     Scope = "myproject:list"
	ProjectWrite    Scope = "myproject:write"
	TemplateRead    Scope = "template:read"
	TemplateList    Scope = "template:list"
	TemplateWrite   Scope = "template:write"
	CollectionRead  Scope = "template_collection:read"
	CollectionList  Scope = "template_collection:list"
	CollectionWrite Scope = "template_collection:write"
	OutputAnimated  Scope = "output:animated"
	OutputStatic    Scope = "output:static"
)

// AllScopes is the whole vocabulary, in the order of the permissions matrix.
var AllScopes = []Scope{
	FontRead, FontList, FontWrite,
	MediaRead, MediaList, MediaWrite,
	ProjectRead, ProjectList, ProjectWrite,
	TemplateRead, TemplateList, TemplateWrite,
	CollectionRead, CollectionList, CollectionWrite,
	OutputAnimated, OutputStatic,
}

// ReadOnlyScopes is the preset for front ends: every :read and every :list.
var ReadOnlyScopes = slices.DeleteFunc(slices.Clone(AllScopes), func(s Scope) bool { return !s.ReadOnly() })

// ReadOnly reports whether the scope can change nothing and render nothing.
func (s Scope) ReadOnly() bool {
	return strings.HasSuffix(string(s), ":read") || strings.HasSuffix(string(s), ":list")
}

// Scopes is a set of scopes as a bit mask over [AllScopes]: comparable, and the
// same set always prints the same.
type Scopes uint32

// NewScopes returns the set of the given scopes. Unknown ones are an error.
func NewScopes(list ...Scope) (Scopes, error) {
	var set Scopes
	for _, s := range list {
		i := slices.Index(AllScopes, s)
		if i < 0 {
			return 0, &Error{Kind: Invalid, Message: "unknown scope " + quote(string(s)) + "; the scopes are: " + MustScopes(AllScopes...).String()}
		}
		set |= 1 << i
	}
	return set, nil
}

// MustScopes is [NewScopes] for scopes written in the program.
func MustScopes(list ...Scope) Scopes {
	set, err := NewScopes(list...)
	if err != nil {
		panic(err)
	}
	return set
}

// ParseScopes reads the space-separated form of RFC 6749 §3.3. The empty string
// is the empty set; repeated scopes count once; at most 64 words of 64 bytes.
func ParseScopes(text string) (Scopes, error) {
	if len(text) > 64*65 {
		return 0, Errorf(Invalid, "the scope list is longer than %d bytes", 64*65)
	}
	var list []Scope
	for word := range strings.SplitSeq(text, " ") {
		if word != "" {
			list = append(list, Scope(word))
		}
	}
	return NewScopes(list...)
}

// Has reports whether s is in the set.
func (set Scopes) Has(s Scope) bool {
	i := slices.Index(AllScopes, s)
	return i >= 0 && set&(1<<i) != 0
}

// Contains reports whether every scope of other is in the set.
func (set Scopes) Contains(other Scopes) bool { return set&other == other }

// List returns the scopes in the order of [AllScopes].
func (set Scopes) List() []Scope {
	var list []Scope
	for i, s := range AllScopes {
		if set&(1<<i) != 0 {
			list = append(list, s)
		}
	}
	return list
}

// String returns the space-separated form.
func (set Scopes) String() string {
	var b strings.Builder
	b.Grow(20 * bits.OnesCount32(uint32(set))) // a scope is about that long
	for i, s := range AllScopes {
		if set&(1<<i) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(s))
	}
	return b.String()
}

// quote shows foreign text in a message: printable ASCII only, at most 40 bytes.
func quote(s string) string {
	return `"` + strings.Map(func(r rune) rune {
		if r < ' ' || r == '"' || r == 0x7f || r == 0xfffd {
			return '?'
		}
		return r
	}, Shorten(s, 40)) + `"`
}

// Summary sums the scopes up for a list: "Read-only", or how many of how many.
func (set Scopes) Summary() string {
	switch set {
	case 0:
		return "None"
	case MustScopes(AllScopes...):
		return "All permissions"
	case MustScopes(ReadOnlyScopes...):
		return "Read-only"
	}
	return strconv.Itoa(len(set.List())) + " of " + strconv.Itoa(len(AllScopes))
}
