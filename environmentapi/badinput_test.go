package environmentapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
	"github.com/tepin/tepin/web/webtest"
)

// TestBadInput sends to every operation of the OpenAPI document what it must not take,
// derived from what the document says that it takes. Each answer is a problem that says
// what is wrong, none is an error of ours or repeats what was sent, and nothing is kept.
func TestBadInput(t *testing.T) {
	b := newBadInput(t)
	before, files := b.rows(), b.files()
	for _, path := range slices.Sorted(maps.Keys(b.doc.Paths)) {
		if !strings.Contains(path, "{environment}") {
			continue
		}
		for _, method := range slices.Sorted(maps.Keys(b.doc.Paths[path])) {
			o := operation{Operation: b.doc.Paths[path][method]}
			if !slices.ContainsFunc(o.Security, func(s map[string][]string) bool { return s["bearer"] != nil }) {
				continue // for browsers, which bring a session
			}
			o.method, o.path = strings.ToUpper(method), strings.TrimPrefix(path, "/grafx/api/v1/environment/{environment}")
			b.ids(o)
			b.headers(o)
			b.queries(o)
			b.bodies(o)
		}
	}
	for list, n := range b.rows() {
		if n != before[list] {
			t.Errorf("%s has %d rows, and had %d", list, n, before[list])
		}
	}
	if n := b.files(); n != files {
		t.Errorf("%d files were left behind", n-files)
	}
	if b.sent < 2000 {
		t.Errorf("only %d requests were derived", b.sent)
	}
}

const canary = webtest.Canary

// quoted are what answers quote all the same, cut to 60 characters: the names that a
// document itself gives to its parts.
var quoted = []string{"layoutsToExport", "layoutId", "pageId"}

// taken are members for which anything of their type is taken, and why.
var taken = map[string]string{
	"updateMedia.relativePath": "folderPath, which the example has, comes first",
	"updateTheme.id":           "the path names the theme",
	"createTheme.id":           "a new theme gets a new id",
	"putConnector.script":      "scripts are long",
}

// operation is one, with where it is.
type operation struct {
	webtest.Operation
	method, path string
}

func (o operation) name() string { return o.OperationID + " " + o.method + " " + o.path }

// badInput is a server with one thing of each sort, and the document of its API.
type badInput struct {
	*server
	doc   webtest.OpenAPI
	admin string
	there map[string]string // ids by the path's beginning
	sent  int
}

func newBadInput(t *testing.T) *badInput {
	t.Helper()
	b := &badInput{server: newServer(t), there: map[string]string{}}
	raw, err := b.api.OpenAPI()
	check(t, err)
	unmarshal(t, raw, &b.doc)
	b.admin = b.adminToken()
	make := func(path string, body any) {
		var made struct {
			ID   string
			Data struct{ ID string }
		}
		b.do("POST", path, call{token: b.admin, body: body}).want(t, 201, &made)
		b.there[path] = made.ID + made.Data.ID
	}
	b.there["/templates"] = string(b.createTemplate("Poster", "/").ID)
	make("/projects", map[string]any{"template": map[string]any{"id": b.there["/templates"]}})
	make("/user-interfaces", `{"name":"Shop"}`)
	make("/rich-text-rules", `{"name":"Web","styleRules":[]}`)
	make("/subject-types", `{"name":"face"}`)
	make("/brand-kits", `{"name":"House","themes":[{"name":"Night"}]}`)
	make("/template-collections", `{"name":"Summer"}`)
	make("/tags", `{"name":"new"}`)
	make("/connectors", `{"name":"DAM","version":"1.0.0","type":"media","apiVersion":"1.0","script":"export default class {}","allowedDomains":["dam.example"]}`)
	b.there["/media"] = string(b.upload("half.png", half(t, 8, 8)).ID)
	return b
}

// rows counts what every list without an id in its path has.
func (b *badInput) rows() map[string]int {
	counts := map[string]int{}
	for path, ops := range b.doc.Paths {
		o, isList := ops["get"]
		short, below := strings.CutPrefix(path, "/grafx/api/v1/environment/{environment}")
		if !below || strings.Contains(short, "{") || !isList || short == "/settings" {
			continue
		}
		var page struct{ Data []any }
		b.do("GET", short+"?limit=1000", call{token: b.admin}).want(b.t, 200, &page)
		counts[o.OperationID] = len(page.Data)
	}
	return counts
}

// fill puts ids into a path: those of what is there, and new ones elsewhere.
func (b *badInput) fill(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = tepin.NewID[string]()
			if id := b.there[strings.Join(parts[:i], "/")]; id != "" {
				parts[i] = id
			}
			if p == "{theme}" {
				parts[i] = "Night"
			}
		}
	}
	return strings.Join(parts, "/")
}

// refused sends a request and judges the answer. Where the input is bad for certain, it is
// refused; elsewhere, it may have a meaning.
func (b *badInput) refused(o operation, what, path string, c call, certain bool) {
	b.t.Helper()
	b.sent++
	if c.token == "" {
		c.token = b.admin
	}
	r, err := b.try(o.method, path, c)
	if err != nil {
		b.t.Errorf("%s, %s: %v", o.name(), what, err)
		return
	}
	switch {
	case r.StatusCode >= 500, r.StatusCode < 400 && certain:
		b.t.Errorf("%s, %s: %d %.300s", o.name(), what, r.StatusCode, r.body)
	case r.StatusCode >= 400:
		var p web.Problem
		if err := json.Unmarshal(r.body, &p); err != nil || p.Detail == "" || p.Status != r.StatusCode || r.StatusCode == 401 || r.StatusCode == 403 {
			b.t.Errorf("%s, %s: %d %.300s", o.name(), what, r.StatusCode, r.body)
		}
		// A value of another type is named, or what it stands in.
		if member, ofAnotherType := strings.CutPrefix(what, "."); ofAnotherType && strings.Contains(what, " is a ") {
			member, _, _ = strings.Cut(strings.ReplaceAll(member, "[]", ""), " ")
			if !slices.ContainsFunc(strings.Split(member, "."), func(name string) bool { return strings.Contains(string(r.body), name) }) {
				b.t.Errorf("%s, %s: the answer does not name %s: %.300s", o.name(), what, member, r.body)
			}
		}
		quotes := slices.ContainsFunc(quoted, func(name string) bool { return strings.Contains(what, name) }) && len(r.body) < 1000
		if strings.Contains(string(r.body), canary) && !quotes {
			b.t.Errorf("%s, %s: the answer repeats what was sent: %.300s", o.name(), what, r.body)
		}
	}
}

// ids puts what is no id in the place of each id.
func (b *badInput) ids(o operation) {
	parts := strings.Split(o.path, "/")
	for i, p := range parts {
		if !strings.HasPrefix(p, "{") {
			continue
		}
		for what, id := range map[string]string{"no id": canary, "a long id": canary + strings.Repeat("x", 5000), "an absent id": tepin.NewID[string](),
			"NUL": canary + "%00", "no UTF-8": canary + "%FF", "dots": "..%2F..%2F" + canary, "a quote": canary + "%27%22%3B--"} {
			wrong := slices.Clone(parts)
			wrong[i] = id
			b.refused(o, what+" for "+p, b.fill(strings.Join(wrong, "/")), b.plain(o), true)
		}
	}
}

// plain is a request with the smallest body that the operation could take.
func (b *badInput) plain(o operation) call {
	c := call{}
	if o.RequestBody != nil {
		if media, isJSON := o.RequestBody.Content["application/json"]; isJSON {
			c.body = b.doc.Base(media.Schema, media.Example)
		}
	}
	return c
}

// headers sends conditions that no version fulfils.
func (b *badInput) headers(o operation) {
	for _, p := range o.Parameters {
		if p.In != "header" || p.Name != "If-Match" {
			continue
		}
		for _, tag := range []string{canary, `"` + canary + `"`, `"999999"`, `"1", "2"`, `"99999999999999999999999"`} {
			c := b.plain(o)
			c.header = map[string]string{"If-Match": tag}
			b.refused(o, "If-Match "+tag, b.fill(o.path), c, true)
		}
	}
}

// queries sends parameters of other types than the document has, and too much of them.
func (b *badInput) queries(o operation) {
	for _, p := range o.Parameters {
		if p.In != "query" {
			continue
		}
		certain := map[string]bool{canary: true, canary + strings.Repeat("x", 5000): true, canary + "\x00": true, canary + "\xff": true}
		switch kind := fmt.Sprint(p.Schema.Type); {
		case kind == "integer":
			certain["1.5"], certain["-1"], certain["99999999999999999999"] = true, true, true
		case kind == "string" && len(p.Schema.Enum) == 0 && !slices.Contains([]string{"sortBy", "sortOrder", "nextPageToken", "previewType"}, p.Name):
			certain[canary] = false // it may be what somebody looks for
		}
		for value, must := range certain {
			query := url.Values{p.Name: {value}}
			for _, other := range o.Parameters {
				if other.In == "query" && other.Required && other.Name != p.Name {
					query.Set(other.Name, "x")
				}
			}
			if o.method != "GET" && !must {
				continue // it could mean something, and change it
			}
			b.refused(o, fmt.Sprintf("query %s=%.20q", p.Name, value), b.fill(o.path)+"?"+query.Encode(), b.plain(o), must)
		}
	}
}

// bodies sends bodies that are none, and each member with another type, too much of it, or
// what cannot be stored.
func (b *badInput) bodies(o operation) {
	if o.RequestBody == nil {
		return
	}
	path := b.fill(o.path)
	media, isJSON := o.RequestBody.Content["application/json"]
	if !isJSON {
		if _, multipart := o.RequestBody.Content["multipart/form-data"]; multipart {
			b.refused(o, "a body that is no form", path, call{body: strings.NewReader(canary), header: map[string]string{"Content-Type": "multipart/form-data; boundary=x"}}, true)
			b.refused(o, "another media type", path, call{body: `{}`}, true)
			b.refused(o, "no body", path, call{}, true)
		}
		return
	}
	for what, body := range map[string]string{"no JSON": `{"` + canary, "half of it": `{"name":"` + canary + `"`, "an array": `["` + canary + `",7]`, "a text": `"` + canary + `"`, "a number": `7`,
		"deep": strings.Repeat(`{"a":[`, 150) + `"` + canary + `"` + strings.Repeat(`]}`, 150), "deeper": strings.Repeat("[", 100_000), "no UTF-8": "{\"name\":\"" + canary + "\xff\"}",
		"two values": `{} {"` + canary + `":1}`, "a comment": `{/*` + canary + `*/}`} {
		if what == "an array" && fmt.Sprint(b.doc.Resolve(media.Schema).Type) == "array" {
			continue
		}
		b.refused(o, what, path, call{body: body}, true)
	}
	base := b.doc.Base(media.Schema, media.Example)
	b.refused(o, "another media type", path, call{body: base, header: map[string]string{"Content-Type": "text/plain; x=" + canary}}, true)
	if o.RequestBody.Required {
		b.refused(o, "no body", path, call{header: map[string]string{"Content-Type": "application/json"}}, true)
		b.refused(o, "white space", path, call{body: " \n"}, true)
	}
	b.members(o, media.Schema, "", func(change func(any) any) any { return change(b.doc.Base(media.Schema, media.Example)) }, 0)
}

// members walks through the members of a schema. with builds the whole body around one
// value.
func (b *badInput) members(o operation, s webtest.Schema, at string, with func(func(any) any) any, depth int) {
	s = b.doc.Resolve(s)
	if depth > 4 {
		return
	}
	for name, member := range s.Properties {
		here := at + "." + name
		set := func(v any) any {
			return with(func(parent any) any {
				o, isObject := parent.(map[string]any)
				if !isObject {
					o, _ = b.doc.Base(s, nil).(map[string]any)
				}
				o = maps.Clone(o)
				o[name] = v
				return o
			})
		}
		if strings.HasPrefix(member.Description, "Not read") {
			continue
		}
		member = b.doc.Resolve(member)
		for what, v := range member.Wrong() {
			ofType := strings.HasPrefix(what, "very") || strings.HasPrefix(what, "with")
			if !ofType || taken[name] == "" && taken[o.OperationID+here] == "" {
				b.refused(o, here+" is "+what, b.fill(o.path), call{body: set(v)}, true)
			}
		}
		inner := func(change func(any) any) any { return set(change(b.doc.Base(member, nil))) }
		if member.Items != nil {
			item := *member.Items
			inner = func(change func(any) any) any { return set([]any{change(b.doc.Base(item, nil))}) }
			for what, v := range b.doc.Resolve(item).Wrong() {
				b.refused(o, here+"[] is "+what, b.fill(o.path), call{body: set([]any{v})}, true)
			}
			member = item
		}
		b.members(o, member, here, inner, depth+1)
	}
}
