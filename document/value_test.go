package document

import (
	"math"
	"testing"
)

func TestParseLength(t *testing.T) {
	for text, want := range map[string]float64{
		"12": 12, " 0 mm ": 0, "25.4mm": 72, "2.54 cm": 72, "1 inch": 72, "1in": 72, "-3 pt": -3, "4px": 4, "1e2": 100,
	} {
		if got, ok := parseLength(text); !ok || math.Abs(got-want) > 1e-9 {
			t.Errorf("%q: %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "mm", "3 miles", "NaN", "1 2", "5%", "1e99", "0x10"} {
		if got, ok := parseLength(text); ok {
			t.Errorf("%q: %v, want a refusal", text, got)
		}
	}
}

func TestPaths(t *testing.T) {
	r, err := scan([]byte(`{"a":[{"b":1},[2,{"c d":"x","\u00e9":[true]}]],"k\u0065y":{"":null},"` + longKey + `":0}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"$", "$.a", "$.a", "$.a[0]", "$.a[0].b", "$.a[0].b", "$.a[1]", "$.a[1][0]", "$.a[1][1]",
		`$.a[1][1]["c d"]`, `$.a[1][1]["c d"]`, `$.a[1][1]["é"]`, `$.a[1][1]["é"]`, `$.a[1][1]["é"][0]`,
		"$.key", "$.key", `$.key[""]`, `$.key[""]`}
	for i, path := range want {
		if got := r.path(i); got != path {
			t.Errorf("token %d: %s, want %s", i, got, path)
		}
	}
	if got := r.path(len(r.tokens) - 1); len(got) > 100 {
		t.Errorf("a long key is written whole: %s", got)
	}
}

const longKey = "0123456789012345678901234567890123456789012345678901234567890123456789"

func TestAccessors(t *testing.T) {
	r, err := scan([]byte(`{"s":"a\"\u00e9\ud83d\ude00\ud800","n":-1.5e1,"b":true,"z":null,"id":12,"dup":1,"dup":2,"alias":3,"old":4,"\u0065sc":5}`))
	if err != nil {
		t.Fatal(err)
	}
	r.unit = 0.001
	v := r.root()
	if got := v.get("s").string(); got != "a\"é😀\ufffd" {
		t.Errorf("string %q", got)
	}
	if got := v.get("n").number(0); got != -15 {
		t.Errorf("number %v", got)
	}
	if got := v.get("n").length(0); got != -0.015 {
		t.Errorf("length %v", got)
	}
	if !v.get("b").bool(false) || v.get("z").present() || !v.get("z").bool(true) || v.get("none").number(7) != 7 {
		t.Error("booleans, nulls and defaults")
	}
	if got := v.get("id").id(); got != "12" {
		t.Errorf("id %q", got)
	}
	if v.get("dup").number(0) != 2 || v.get("esc").number(0) != 5 {
		t.Error("the last of repeated members, and members with escapes")
	}
	if v.get("alias", "old").number(0) != 3 || v.get("old", "alias").number(0) != 4 || v.get("new", "old").number(0) != 4 {
		t.Error("the first name counts")
	}
	if r.err != nil {
		t.Fatal(r.err)
	}
	v.get("s").get("x")
	v.get("n").string()
	if r.err == nil || r.err.Error() != "$.s: expected an object, found a string" {
		t.Errorf("the first error must stay: %v", r.err)
	}
}

func TestSeparators(t *testing.T) {
	for in, want := range map[string]string{".": ".", "comma": ",", "point": ".", "space": " ", "none": "", "": "", "'": "'"} {
		if got := separator(&in, "x"); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := separator(nil, "comma"); got != "," {
		t.Errorf("default: %q", got)
	}
}

func TestTruncate(t *testing.T) {
	for _, test := range []struct {
		in   string
		n    int
		want string
	}{{"añb", 0, "añb"}, {"añb", 2, "añ"}, {"añb", 3, "añb"}, {"a\r\nb", 2, "a\n"}, {"", 5, ""}} {
		if got := truncate(test.in, test.n); got != test.want {
			t.Errorf("%q to %d: %q", test.in, test.n, got)
		}
	}
}
