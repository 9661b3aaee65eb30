package document

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// reader reads values out of a scanned document. It keeps the first error; after it,
// reading goes on with defaults, and the caller looks at err once at the end.
type reader struct {
	raw    []byte
	tokens []token
	unit   float64 // points in one stored unit of length
	err    error

	frames, properties, textTokens int // counted against the limits
}

// value is one value of the document, or, with i < 0, an absent one: every accessor
// of an absent value returns its default.
type value struct {
	r *reader
	i int
}

func (r *reader) root() value { return value{r, 0} }

func (v value) present() bool { return v.i >= 0 }

func (v value) token() token { return v.r.tokens[v.i] }

// bytes is the value's text as it stands in the document.
func (v value) bytes() []byte { t := v.token(); return v.r.raw[t.start:t.end] }

// is reports whether the value is present and of this kind.
func (v value) is(k kind) bool { return v.present() && v.token().kind == k }

// failf notes an error at the value, unless there is one already.
func (v value) failf(format string, args ...any) {
	if v.r.err == nil {
		v.r.err = &tepin.Error{Kind: tepin.Invalid, Message: fmt.Sprintf(format, args...), Path: v.r.path(v.i)}
	}
}

// expected notes that the value is not what it should be.
func (v value) expected(what string) {
	v.failf("expected %s, found %s", what, v.token().kind)
}

// get returns the member with the first of the given names that is there and not
// null. Of members with the same name the last counts.
func (v value) get(names ...string) value {
	none := value{v.r, -1}
	if !v.present() {
		return none
	}
	if !v.is(object) {
		v.expected("an object")
		return none
	}
	best, found := len(names), none
	for key := range v.keys() {
		if n := slices.IndexFunc(names, key.equals); n >= 0 && n <= best {
			if member := (value{v.r, key.i + 1}); !member.is(null) {
				best, found = n, member
			}
		}
	}
	return found
}

// equals reports whether the value is the string s.
func (v value) equals(s string) bool {
	t := v.token()
	if t.escaped {
		return v.unquoted() == s
	}
	return string(v.r.raw[t.start+1:t.end-1]) == s
}

// keys yields the keys of an object; a key's value is the token after it.
func (v value) keys() func(yield func(value) bool) {
	return func(yield func(value) bool) {
		end := int(v.token().next)
		for i := v.i + 1; i < end; i = int(v.r.tokens[i+1].next) {
			if !yield(value{v.r, i}) {
				return
			}
		}
	}
}

// elements yields the elements of an array that are not null. An absent value has
// none; anything but an array is an error.
func (v value) elements() func(yield func(value) bool) {
	return func(yield func(value) bool) {
		if !v.present() {
			return
		}
		if !v.is(array) {
			v.expected("an array")
			return
		}
		end := int(v.token().next)
		for i := v.i + 1; i < end; i = int(v.r.tokens[i].next) {
			if e := (value{v.r, i}); !e.is(null) && !yield(e) {
				return
			}
		}
	}
}

// count is the number of elements of an array, null ones included.
func (v value) count() int {
	n := 0
	if v.is(array) {
		for i := v.i + 1; i < int(v.token().next); i = int(v.r.tokens[i].next) {
			n++
		}
	}
	return n
}

// atMost checks the length of an array.
func (v value) atMost(limit int, what string) {
	if v.r.err == nil && v.count() > limit {
		v.failf("%d %s; the limit is %d", v.count(), what, limit)
	}
}

func (v value) unquoted() string {
	t := v.token()
	if !t.escaped {
		return string(v.r.raw[t.start+1 : t.end-1])
	}
	var s string
	if err := json.Unmarshal(v.bytes(), &s); err != nil {
		v.failf("not a string: %v", err)
	}
	return s
}

// optString returns the string, or nil when the value is absent.
func (v value) optString() *string {
	if !v.present() {
		return nil
	}
	if !v.is(str) {
		v.expected("a string")
		return nil
	}
	s := v.unquoted()
	return &s
}

func (v value) string() string { return or(v.optString(), "") }

// id returns an identifier: a string, or the digits of a number, which the oldest
// documents have.
func (v value) id() string {
	if v.is(number) {
		return string(v.bytes())
	}
	return v.string()
}

// needID is id for a value without which its parent makes no sense.
func (parent value) needID(names ...string) string {
	id := parent.get(names...)
	if !id.present() {
		parent.failf("expected a member %q, found none", names[0])
	}
	return id.id()
}

// optNumber returns the number, or nil when the value is absent. Numbers beyond 1e12
// are refused: nothing in a document is that large.
func (v value) optNumber() *float64 {
	if !v.present() {
		return nil
	}
	if !v.is(number) {
		v.expected("a number")
		return nil
	}
	f, err := strconv.ParseFloat(string(v.bytes()), 64)
	if err != nil || math.Abs(f) > 1e12 {
		v.failf("the number is out of range")
		return nil
	}
	return &f
}

func (v value) number(def float64) float64 { return or(v.optNumber(), def) }

// optLength returns a length in points. The newest documents store thousandths of a
// point, the oldest pixels (one point each) or texts with a unit: "3 mm".
func (v value) optLength() *float64 {
	if v.is(str) {
		if f, ok := parseLength(v.unquoted()); ok {
			return &f
		}
		v.failf("expected a length such as 12 or \"3 mm\"")
		return nil
	}
	f := v.optNumber()
	if f != nil {
		*f *= v.r.unit
	}
	return f
}

func (v value) length(def float64) float64 { return or(v.optLength(), def) }

// parseLength reads a number with an optional unit and returns points.
func parseLength(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz \"%")
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 1e9 {
		return 0, false
	}
	points, ok := map[string]float64{
		"": 1, "px": 1, "pt": 1, "mm": 72 / 25.4, "cm": 72 / 2.54, "inch": 72, "in": 72,
	}[strings.TrimSpace(s[len(digits):])]
	return f * points, ok
}

// optBool returns the boolean, or nil when the value is absent.
func (v value) optBool() *bool {
	if !v.present() {
		return nil
	}
	if !v.is(boolean) {
		v.expected("true or false")
		return nil
	}
	b := v.bytes()[0] == 't'
	return &b
}

func (v value) bool(def bool) bool { return or(v.optBool(), def) }

// or returns what p points to, or def when it is nil.
func or[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}

// path writes where the token with this index stands: $.pages[0].frames[2].
func (r *reader) path(target int) string {
	path := []byte("$")
	for at := 0; at >= 0 && at < target; {
		v, next := value{r, at}, -1
		if v.is(object) {
			for key := range v.keys() {
				if member := key.i + 1; key.i <= target && target < int(r.tokens[member].next) {
					path = appendKey(path, key.unquoted())
					next = member
				}
			}
		} else {
			for i, n := at+1, 0; i < int(v.token().next); i, n = int(r.tokens[i].next), n+1 {
				if i <= target && target < int(r.tokens[i].next) {
					path = fmt.Appendf(path, "[%d]", n)
					next = i
				}
			}
		}
		at = next
	}
	return string(path)
}

// appendKey writes a member's name, quoted and cut off where it is not a plain word.
func appendKey(path []byte, key string) []byte {
	plain := strings.IndexFunc(key, func(c rune) bool {
		return c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) < 0
	if plain && key != "" && len(key) <= 64 {
		return append(append(path, '.'), key...)
	}
	if len(key) > 64 {
		key = strings.ToValidUTF8(key[:64], "") + "…"
	}
	return fmt.Appendf(path, "[%q]", key)
}
