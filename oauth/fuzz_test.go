package oauth

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// What readForm accepts, the standard library reads the same way, with no name twice.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"", "a=b", "grant_type=client_credentials&client_id=x&client_secret=y", "a=1&a=2", "resource=a&resource=b", "%zz=1", "a=%00+%20", "a;b=c", "=x&=y", "&&&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if !utf8.ValidString(body) {
			return
		}
		p, err := readForm(body)
		if err != nil {
			return
		}
		checkParameters(t, p)
		if strings.Contains(body, ";") {
			return // which the standard library refuses altogether
		}
		values, err := url.ParseQuery(body)
		if err != nil {
			t.Fatalf("%q is accepted, but the standard library says %v", body, err)
		}
		for _, each := range p {
			if each.name != "resource" && values.Get(each.name) != each.value {
				t.Errorf("%q: %q is %q, the standard library has %q", body, each.name, each.value, values.Get(each.name))
			}
		}
	})
}

// What readJSON accepts is JSON, and its strings are those of the standard library.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{"", "{}", `{"a":"b"}`, `{"grant_type":"client_credentials","client_id":"x","client_secret":"y","audience":null}`,
		`{"scope":1}`, `{"resource":["a","b"]}`, `{"resource":[[]]}`, `{"a":1,"a":2}`, `{"scope":"x"} {}`, `{"x":[[[[{"a":[]}]]]],"scope":"s"}`, `[]`, `{"a":1e999}`, `{"scope":"\ud800"}`, `{"a" 1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := readJSON(string(body))
		if err != nil {
			return
		}
		checkParameters(t, p)
		var members map[string]json.RawMessage
		if err := json.Unmarshal(body, &members); err != nil {
			t.Fatalf("%q is accepted, but the standard library says %v", body, err)
		}
		for _, each := range p {
			var want string
			if each.name == "resource" {
				continue
			}
			if err := json.Unmarshal(members[each.name], &want); err != nil || want != each.value {
				t.Errorf("%q: %q is %q, the standard library has %q, %v", body, each.name, each.value, want, err)
			}
		}
	})
}

func checkParameters(t *testing.T, p parameters) {
	t.Helper()
	seen := map[string]bool{}
	for _, each := range p {
		if each.value == "" || seen[each.name] && each.name != "resource" {
			t.Errorf("parameters %q: one is empty or there twice", p)
		}
		seen[each.name] = true
	}
	if len(p) > 2*MaxParameters {
		t.Errorf("%d parameters", len(p))
	}
}

// Both halves of what parseBasic accepts are UTF-8 and not empty.
func FuzzBasic(f *testing.F) {
	for _, s := range []string{"", "Basic", "Basic YTpi", "basic  YTpi ", "Basic YSVmZjpi", "Basic Og==", "Bearer x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, err := parseBasic(header)
		if err == nil && (id == "" || secret == "" || !utf8.ValidString(id) || !utf8.ValidString(secret)) {
			t.Errorf("%q gives %q and %q", header, id, secret)
		}
	})
}
