package document

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
)

func set(t testing.TB, raw string, values map[string]any) string {
	t.Helper()
	got, err := SetVariables([]byte(raw), values)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func TestSetVariables(t *testing.T) {
	const head = `{ "x" : [1, {"b":1,"a":2}], "variables" : [ {"z":0,"id":"1","name":"n","type":`
	for _, test := range []struct{ name, in, value, want string }{
		{"text", `"shortText","value":"old"}]}`, `"new \"<&>\" é"`, `"shortText","value":"new \"<&>\" é"}]}`},
		{"no value yet", `"shortText" } ] }`, `"new"`, `"shortText" ,"value":"new"} ] }`},
		{"null before", `"longText","value":null,"y":1}]}`, `"a\nb"`, `"longText","value":"a\nb","y":1}]}`},
		{"emptied", `"shortText","value":"old"}]}`, `null`, `"shortText","value":""}]}`},
		{"number", `"number","value":1e2}]}`, `12.50`, `"number","value":12.5}]}`},
		{"number as text", `"number","value":1}]}`, `" 7 "`, `"number","value":7}]}`},
		{"no number", `"number","value":1}]}`, `null`, `"number","value":null}]}`},
		{"boolean", `"boolean","value":false}]}`, `"true"`, `"boolean","value":true}]}`},
		{"date", `"date","value":null}]}`, `"2026-03-05"`, `"date","value":"2026-03-05"}]}`},
		{"no date", `"date","value":"2026-03-05"}]}`, `null`, `"date","value":null}]}`},
		{"list of objects", `"list","items":[{"value":"a"},{"value":"b", "displayValue":"B"}]}]}`, `"B"`,
			`"list","items":[{"value":"a"},{"value":"b", "displayValue":"B"}],"selected":{"value":"b", "displayValue":"B"}}]}`},
		{"list of strings", `"list","items":["a","b"],"selected":"a"}]}`, `"b"`, `"list","items":["a","b"],"selected":"b"}]}`},
		{"list, old key", `"list","items":["a","b"],"value":"a"}]}`, `null`, `"list","items":["a","b"],"value":null}]}`},
		{"image", `"image","value":{"connectorId":"c", "assetId":"old", "resolved":{"mediaId":"m"}, "context":{}}}]}`, `"new"`,
			`"image","value":{"connectorId":"c", "assetId":"new", "context":{}}}]}`},
		{"image, resolved alone", `"image","value":{"resolved":{"mediaId":"m"}}}]}`, `"new"`, `"image","value":{"assetId":"new"}}]}`},
		{"image as object", `"image","value":{"connectorId":"c","assetId":"a"}}]}`, `{"connectorId":"d","assetId":"b"}`, `"image","value":{"connectorId":"d","assetId":"b"}}]}`},
		{"image, none yet", `"image"}]}`, `"new"`, `"image","value":{"connectorId":"grafx-media","assetId":"new","context":{}}}]}`},
		{"image, oldest form", `"image","value":"old.png"}]}`, `"new.png"`, `"image","value":"new.png"}]}`},
	} {
		var value any
		if err := json.Unmarshal([]byte(test.value), &value); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(head+test.want, set(t, head+test.in, map[string]any{"n": value})); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestCheckSumGoes(t *testing.T) {
	const variables = `"variables":[{"id":"1","name":"n","type":"boolean","value":false}]`
	changed := strings.Replace(variables, "false", "true", 1)
	for in, want := range map[string]string{
		`{"checkSum":"ff",` + variables + `}`:                                  `{` + changed + `}`,
		`{` + variables + `, "checkSum":"ff" }`:                                `{` + changed + ` }`,
		`{` + variables + `, "checkSum":"ff","flags":0}`:                       `{` + changed + `, "flags":0}`,
		`{"checkSum":1,` + variables + `,"checkSum":"ff" , "check\u0053um":2}`: `{` + changed + `}`,
		`{"":{"checkSum":1},` + variables + `}`:                                `{"":{"checkSum":1},` + changed + `}`,
	} {
		if got := set(t, in, map[string]any{"n": true}); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
	unchanged := `{"checkSum":"ff",` + variables + `}`
	if got := set(t, unchanged, nil); got != unchanged {
		t.Errorf("nothing was set, yet: %s", got)
	}
}

func TestSetVariablesKeepsTheRest(t *testing.T) {
	raw := string(load(t, "e"))
	got := set(t, raw, map[string]any{"Message": "Hi", "Day": "2026-07-04"})
	want := strings.Replace(raw, `"One\ntwo\n\nthree"`, `"Hi"`, 1)
	want = strings.Replace(want, "2026-03-05", "2026-07-04", 1)
	want = strings.Replace(want, `,"checkSum":"00ff"`, "", 1)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNewProject(t *testing.T) {
	for in, want := range map[string]string{
		`{}`:                  `{"properties":{"type":"project","templateId":"T\"1"}}`,
		`{"checkSum":"x"}`:    `{"properties":{"type":"project","templateId":"T\"1"}}`,
		`{"a":1}`:             `{"a":1,"properties":{"type":"project","templateId":"T\"1"}}`,
		`{"properties":null}`: `{"properties":{"type":"project","templateId":"T\"1"}}`,
		`{"properties":{ }, "checkSum":"x", "z":1}`:                               `{"properties":{ "type":"project","templateId":"T\"1"}, "z":1}`,
		`{"properties":{"type":"template","k":[]},"pages":[ ]}`:                   `{"properties":{"type":"project","k":[],"templateId":"T\"1"},"pages":[ ]}`,
		`{"properties":{"templateId":"old","type":"project"},"b":1,"checkSum":0}`: `{"properties":{"templateId":"T\"1","type":"project"},"b":1}`,
	} {
		got, err := NewProject([]byte(in), `T"1`)
		if err != nil || string(got) != want {
			t.Errorf("%s\n got %s %v\nwant %s", in, got, err, want)
		}
	}
	for _, bad := range []string{`[]`, `{`, `"x"`} {
		if _, err := NewProject([]byte(bad), "T"); tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
	d := parse(t, []byte(everyType))
	raw, err := NewProject(d.Raw(), "T")
	if err != nil {
		t.Fatal(err)
	}
	if s := parse(t, raw).Summary(); s.Type != "project" || s.TemplateID != "T" {
		t.Errorf("summary: %+v", s)
	}
}

func FuzzSetVariables(f *testing.F) {
	f.Add([]byte(everyType), "short", "x")
	f.Add(load(f, "e"), "Message", "a\nb")
	f.Add(load(f, "d"), "picture", "p")
	f.Add([]byte(`{"checkSum":1,"variables":[{"id":"1","name":"n","type":"list","items":["a"]}],"checkSum":2}`), "n", "A")
	f.Add([]byte(`{"variables":[{"id":"1","name":"n","type":"image","value":{"resolved":1,"resolved":2}}]}`), "n", "")
	f.Fuzz(func(t *testing.T, raw []byte, name, text string) {
		got, err := SetVariables(raw, map[string]any{name: text})
		if err != nil {
			if tepin.KindOf(err) == tepin.Internal {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		if !json.Valid(got) {
			t.Fatalf("no JSON any more: %s", got)
		}
		before, err := Parse(raw)
		if err != nil {
			return // elsewhere in the document
		}
		after := parse(t, got)
		want, err := before.With(map[string]any{name: text})
		if err != nil {
			t.Fatalf("SetVariables took what With does not: %v", err)
		}
		if diff := cmp.Diff(want.Variables(), after.Variables()); diff != "" {
			t.Fatalf("read back: %s", diff)
		}
		if strings.Contains(string(got), `"checkSum"`) && after.root(t).get("checkSum").present() {
			t.Fatal("a stale checkSum stays")
		}
	})
}

// root scans the document's bytes again.
func (d *Document) root(t testing.TB) value {
	r, err := scan(d.raw)
	if err != nil {
		t.Fatal(err)
	}
	return r.root()
}
