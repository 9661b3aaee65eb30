package platformapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
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
// what is wrong; none is an error of ours or repeats what was sent, and nothing is kept.
func TestBadInput(t *testing.T) {
	b := newBadInput(t)
	before := b.rows()
	for _, path := range slices.Sorted(maps.Keys(b.doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(b.doc.Paths[path])) {
			o := operation{b.doc.Paths[path][method], strings.ToUpper(method), path}
			if path == "/api/ping" || path == "/api/v1/info" {
				continue // they take nothing
			}
			b.ids(o)
			b.headers(o)
			b.queries(o)
			b.bodies(o)
		}
	}
	for what, n := range b.rows() {
		if n != before[what] {
			t.Errorf("%s: %d, and was %d", what, n, before[what])
		}
	}
	if b.sent < 700 {
		t.Errorf("only %d requests were derived", b.sent)
	}
}

// quoted are lists of which an answer quotes the item that is wrong, cut to 40 characters.
var quoted = []string{"origins", "redirectUris", "tokenNetworks", "useNetworks"}

type operation struct {
	webtest.Operation
	method, path string
}

// badInput is an installation with one thing of each sort.
type badInput struct {
	*rig
	doc   webtest.OpenAPI
	there map[string]string // by what stands for it in paths
	sent  int
}

func newBadInput(t *testing.T) *badInput {
	t.Helper()
	b := &badInput{rig: newRig(t)}
	raw, err := b.api.OpenAPI()
	must(t, err)
	must(t, json.Unmarshal(raw, &b.doc))
	i, _ := b.Integration(b.own)
	secrets, err := b.Store.Secrets(t.Context(), b.own.ID, i.ID)
	must(t, err)
	trust, err := b.Credential.CreateTrust(t.Context(), tepin.System, tepin.Trust{EnvironmentID: b.own.ID, IntegrationID: i.ID, Kind: tepin.TrustIssuer, Label: "CI",
		URL: "https://token.actions.githubusercontent.com", Subject: "repo:acme/shop:ref:refs/heads/main", Audience: "tepin"}, true)
	must(t, err)
	g, err := b.Credential.CreateGroup(t.Context(), tepin.System, tepin.Group{SubscriptionID: b.subscription.ID, Name: "Team"})
	must(t, err)
	who, _ := b.Member(tepin.Invitation{SubscriptionID: b.subscription.ID, Email: "bea@example.org"})
	b.there = map[string]string{"{environment}": "own", "{integrationId}": string(i.ID), "{subscriptionId}": string(b.subscription.ID), "{secretId}": string(secrets[0].ID),
		"{trustId}": string(trust.ID), "{groupId}": string(g.ID), "{userId}": string(who.User.ID), "{applicationId}": string(b.Application(b.own, "Editor", "https://editor.example/").ID)}
	return b
}

// rows are how many there are of all that the operations make and delete.
func (b *badInput) rows() map[string]int {
	b.t.Helper()
	counts := map[string]int{}
	for _, path := range slices.Sorted(maps.Keys(b.doc.Paths)) {
		if path == "/api/v1/available-scopes" || b.doc.Paths[path]["post"].OperationID == "" || b.doc.Paths[path]["get"].OperationID == "" {
			continue
		}
		counts[path] = len(read[[]json.RawMessage](b.t, b.admin("GET", b.path(path), ""), 200))
	}
	return counts
}

// path puts the ids of what is there into a path.
func (b *badInput) path(path string) string {
	for name, id := range b.there {
		path = strings.ReplaceAll(path, name, id)
	}
	return anyID.ReplaceAllStringFunc(path, func(string) string { return tepin.NewID[string]() })
}

// plain is the smallest body that the operation could take.
func (b *badInput) plain(o operation) string {
	if o.RequestBody == nil {
		return ""
	}
	media := o.RequestBody.Content["application/json"]
	return text(b.doc.Base(media.Schema, media.Example))
}

func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // it is made of what JSON has
	}
	return string(raw)
}

// refused judges the answer to bad input. Where that is bad for certain, it is refused.
func (b *badInput) refused(o operation, what string, w *httptest.ResponseRecorder, certain bool) {
	b.t.Helper()
	b.sent++
	at := fmt.Sprintf("%s %s, %s: %d %.300s", o.method, o.path, what, w.Code, w.Body)
	if w.Code >= 500 || w.Code < 400 && certain || w.Code == 401 || w.Code == 403 {
		b.t.Error(at)
		return
	}
	if w.Code < 400 {
		return
	}
	var p web.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Detail == "" || p.Status != w.Code {
		b.t.Error(at)
	}
	quotes := slices.ContainsFunc(quoted, func(name string) bool { return strings.HasPrefix(what, "."+name+"[]") }) && w.Body.Len() < 1000
	if strings.Contains(w.Body.String(), webtest.Canary) && !quotes {
		b.t.Error("it repeats what was sent: " + at)
	}
}

// ids puts what is no id in the place of each.
func (b *badInput) ids(o operation) {
	parts := strings.Split(o.path, "/")
	for i, p := range parts {
		if !strings.HasPrefix(p, "{") {
			continue
		}
		for what, id := range map[string]string{"no id": webtest.Canary, "a long id": webtest.Canary + strings.Repeat("x", 5000), "an absent id": tepin.NewID[string](),
			"NUL": webtest.Canary + "%00", "no UTF-8": webtest.Canary + "%FF", "dots": "..%2F..%2F" + webtest.Canary, "a quote": webtest.Canary + "%27%22%3B--"} {
			wrong := slices.Clone(parts)
			wrong[i] = id
			// The one answers false; the other ends a token of which nobody need know.
			asks := o.OperationID == "belongs" && p == "{environmentId}" || o.OperationID == "revokeToken" && p == "{tokenId}" && what == "an absent id"
			b.refused(o, what+" for "+p, b.admin(o.method, b.path(strings.Join(wrong, "/")), b.plain(o)), !asks)
		}
	}
}

// headers sends conditions that no version fulfils.
func (b *badInput) headers(o operation) {
	for _, p := range o.Parameters {
		if p.In != "header" || p.Name != "If-Match" {
			continue
		}
		for _, tag := range []string{webtest.Canary, `"` + webtest.Canary + `"`, `"999999"`, `"1", "2"`, `"99999999999999999999999"`} {
			b.refused(o, "If-Match "+tag, b.admin(o.method, b.path(o.path), b.plain(o), "If-Match", tag), true)
		}
	}
}

// queries sends parameters of other types than the document has, and too much of them.
func (b *badInput) queries(o operation) {
	for _, p := range o.Parameters {
		if p.In != "query" {
			continue
		}
		kind := fmt.Sprint(b.doc.Resolve(p.Schema).Type)
		free := kind == "string" && len(p.Schema.Enum) == 0 && p.Schema.Format == "" // it may be what somebody looks for
		values := map[string]bool{webtest.Canary: !free, webtest.Canary + strings.Repeat("x", 5000): !free, webtest.Canary + "\x00": !free, webtest.Canary + "\xff": !free}
		if kind == "integer" {
			values["1.5"], values["-1"], values["99999999999999999999"] = true, true, true
		}
		for value, certain := range values {
			query := url.Values{p.Name: {value}}
			for _, other := range o.Parameters {
				if other.In == "query" && other.Required && other.Name != p.Name {
					query.Set(other.Name, fmt.Sprint(b.doc.Base(other.Schema, nil)))
				}
			}
			b.refused(o, fmt.Sprintf("query %s=%.20q", p.Name, value), b.admin(o.method, b.path(o.path)+"?"+query.Encode(), b.plain(o)), certain)
		}
	}
}

// bodies sends bodies that are none, and each member with another type, too much of it, or
// what cannot be stored.
func (b *badInput) bodies(o operation) {
	if o.RequestBody == nil {
		return
	}
	path := b.path(o.path)
	for what, body := range map[string]string{"no JSON": `{"` + webtest.Canary, "half of it": `{"name":"` + webtest.Canary + `"`, "an array": `["` + webtest.Canary + `",7]`, "a text": `"` + webtest.Canary + `"`,
		"a number": `7`, "deep": strings.Repeat(`{"a":[`, 150) + `"` + webtest.Canary + `"` + strings.Repeat(`]}`, 150), "deeper": strings.Repeat("[", 100_000),
		"no UTF-8": "{\"name\":\"" + webtest.Canary + "\xff\"}", "two values": `{} {"` + webtest.Canary + `":1}`, "a comment": `{/*` + webtest.Canary + `*/}`, "much": `{"` + strings.Repeat("x", 5<<20) + `":1}`} {
		b.refused(o, what, b.admin(o.method, path, body), true)
	}
	media := o.RequestBody.Content["application/json"]
	b.members(o, media.Schema, "", func(change func(any) any) any { return change(b.doc.Base(media.Schema, media.Example)) }, 0)
}

// members walks through the members of a schema; with builds the whole body around one.
func (b *badInput) members(o operation, s webtest.Schema, at string, with func(func(any) any) any, depth int) {
	s = b.doc.Resolve(s)
	for name, member := range s.Properties {
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
		send := func(what string, v any) {
			b.refused(o, at+"."+name+what, b.admin(o.method, b.path(o.path), text(v)), true)
		}
		member = b.doc.Resolve(member)
		for what, v := range member.Wrong() {
			send(" is "+what, set(v))
		}
		inner := func(change func(any) any) any { return set(change(b.doc.Base(member, nil))) }
		if member.Items != nil {
			item := b.doc.Resolve(*member.Items)
			for what, v := range item.Wrong() {
				send("[] is "+what, set([]any{v}))
			}
			inner = func(change func(any) any) any { return set([]any{change(b.doc.Base(item, nil))}) }
			member = item
		}
		if depth < 4 {
			b.members(o, member, at+"."+name, inner, depth+1)
		}
	}
}
