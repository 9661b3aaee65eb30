package document

import (
	"fmt"
	"testing"
)

// Where a picture is to be had, and with what context, in all the ways that documents have.
func TestConnectorOfImage(t *testing.T) {
	const page = `"pages":[{"id":"p","number":0,"frames":[{"id":"f","name":"F","type":"image","src":{"type":"connector","id":"dam","assetId":"x"}}]}],
		"layouts":[{"id":"1","name":"L","type":"top","childLayouts":[],"width":100000,"height":100000,"frameProperties":[{"id":"f","type":"top","x":0,"y":0,"width":1000,"height":1000,"isVisible":true}]}]}`
	const variables = `"variables":[{"id":"t","name":"T","type":"shortText","value":"red"},{"id":"b","name":"B","type":"boolean","value":true},{"id":"n","name":"N","type":"number","value":2.5}],`
	for _, test := range []struct{ connector, key, source, context string }{
		{`{"id":"dam","source":{"source":"grafx","id":"E1"}}`, "dam::x", "E1", ""},
		{`{"id":"dam","source":{"source":"grafx","url":"https://a/connectors/E1"}}`, "dam::x", "E1", ""},
		{`{"id":"dam","source":"grafx","url":"https://a/connectors/E1"}`, "dam::x", "E1", ""},
		{`{"id":"dam","source":{"source":"local","url":"grafx-media.json"}}`, "dam::x", "", ""},
		{`{"id":"other","source":{"source":"grafx","id":"E1"}}`, "dam::x", "", ""},
		{`{"id":"dam","source":{"source":"grafx","id":"E1"},"options":{"a":"b","deep":{}}}`, "dam::x", "E1", `{"a":"b"}`},
		{`{"id":"dam","source":{"source":"grafx","id":"E1"},"mappings":[{"name":"c","value":"var.t","type":"var"},{"name":"on","value":"var.b"},{"name":"n","value":"var.n"},{"name":"k","value":"fixed","type":"value"},{"name":"gone","value":"var.zzz"},{"name":"back","value":"var.t","direction":"connectorToEngine"}]}`,
			`dam::x::{"c":"red","k":"fixed","n":2.5,"on":true}`, "E1", `{"c":"red","k":"fixed","n":2.5,"on":true}`},
	} {
		d, err := Parse(fmt.Appendf(nil, `{"documentVersion":"0.23.0","connectors":[%s],%s%s`, test.connector, variables, page))
		if err != nil {
			t.Fatal(err)
		}
		all := d.Assets("1")
		if len(all) != 1 || all[0].Key != test.key || all[0].Source != test.source || all[0].Context != test.context {
			t.Errorf("%s\n\tgives %+v", test.connector, all)
		}
	}
	d, err := Parse([]byte(`{"connectors":[{"id":"dam","source":{"source":"grafx","id":"E1"},"mappings":[{"name":"c","value":"var.t"}]}],` + variables + page))
	if err != nil {
		t.Fatal(err)
	}
	filled, err := d.With(map[string]any{"T": "blue"})
	if err != nil {
		t.Fatal(err)
	}
	if all := filled.Assets("1"); len(all) != 1 || all[0].Context != `{"c":"blue"}` || all[0].Key == d.Assets("1")[0].Key {
		t.Errorf("another value gives %+v", all)
	}
}
