package document

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

const referring = `{ "checkSum":"x", "pages":[{"frames":[
	{"src":{"type":"connector","connectorId":"grafx-media","assetId":"m\u0031"}}, {"src":{"assetId":""}}, {"src":{"assetId":7}} ]}],
	"variables":[{"type":"image","value":{"assetId":"m1"}},{"type":"image","value":"old"},{"type":"shortText","value":"m1"},7,{"type":7}],
	"brandKit":{"fontFamilies":[{"fontStyles":[{"id":"f1","fontStyleId":"f1"}]}],"media":[{"assetId":"m2"}]}, "text":"assetId" }`

func TestReferences(t *testing.T) {
	list, err := References([]byte(referring))
	want := []Reference{{MediaReference, "m1"}, {FontReference, "f1"}, {MediaReference, "m2"}, {MediaReference, "old"}}
	if err != nil || !slices.Equal(list, want) {
		t.Errorf("%v %v", list, err)
	}
	got, err := Relink([]byte(referring), map[Reference]string{{MediaReference, "m1"}: `n"1`, {FontReference, "f1"}: "g1", {MediaReference, "old"}: "new", {FontReference, "m2"}: "no"})
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(`"checkSum":"x", `, ``, `"assetId":"m\u0031"`, `"assetId":"n\"1"`, `"assetId":"m1"`, `"assetId":"n\"1"`, `"fontStyleId":"f1"`, `"fontStyleId":"g1"`, `"value":"old"`, `"value":"new"`).Replace(referring)
	if string(got) != changed {
		t.Errorf("%s\nnot\n%s", got, changed)
	}
	same, err := Relink([]byte(referring), map[Reference]string{{MediaReference, "absent"}: "x"})
	if err != nil || string(same) != referring {
		t.Errorf("%s %v", same, err)
	}
	for _, bad := range []string{"", "{", strings.Repeat("[", 1000)} {
		if _, err := Relink([]byte(bad), nil); tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%.20s: %v", bad, err)
		}
	}
	for _, odd := range []string{"[]", "7", `{"variables":{}}`, `{"variables":null}`} {
		if list, err := References([]byte(odd)); err != nil || len(list) != 0 {
			t.Errorf("%s: %v %v", odd, list, err)
		}
	}
}

func TestDimensions(t *testing.T) {
	for layouts, want := range map[string]tepin.Dimensions{
		`[]`: {Unit: "px"},
		`[{"id":"1","width":300000,"height":200500}]`:                                                 {Width: 300, Height: 200.5, Unit: "px"},
		`[{"id":"1","width":595275.5905511811,"height":841889.7637795276,"unit":"mm"}]`:               {Width: 210, Height: 297, Unit: "mm"},
		`[{"id":"1","width":72000,"height":36000,"unit":"in"}]`:                                       {Width: 1, Height: 0.5, Unit: "in"},
		`[{"id":"1","width":72000,"height":36000,"unit":"ell"}]`:                                      {Width: 72, Height: 36, Unit: "px"},
		`[{"id":"1","width":72000,"height":36000,"unit":7}]`:                                          {Width: 72, Height: 36, Unit: "px"},
		`[{"id":"2","width":1000,"height":5000,"unit":"cm"},{"id":"1","parentId":"2","width":72000}]`: {Width: 2.54, Height: 0.176389, Unit: "cm"},
		`[{"id":"9","width":1,"height":1},{"id":"1","width":1000,"height":2000}]`:                     {Width: 1, Height: 2, Unit: "px"},
	} {
		got, err := Dimensions([]byte(`{"documentVersion":"0.23.0","selectedLayoutId":"1","layouts":` + layouts + `}`))
		if err != nil || got != want {
			t.Errorf("%s: %+v %v", layouts, got, err)
		}
	}
	if _, err := Dimensions([]byte(`{"layouts":7}`)); tepin.KindOf(err) != tepin.Invalid {
		t.Errorf("%v", err)
	}
}

func FuzzRelink(f *testing.F) {
	f.Add([]byte(referring), "m1", "x")
	f.Add(load(f, "e"), "a", "\"")
	f.Add([]byte(`{"checkSum":{"assetId":"a"},"x":{"assetId":"a"}}`), "a", "b")
	f.Add([]byte(`{"variables":[{"type":"image","value":"a","assetId":"a"}],"variables":[],"checkSum":1}`), "a", "b")
	f.Fuzz(func(t *testing.T, raw []byte, old, id string) {
		got, err := Relink(raw, map[Reference]string{{MediaReference, old}: id, {FontReference, old}: id})
		if err != nil {
			if tepin.KindOf(err) == tepin.Internal {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		if json.Valid(raw) && !json.Valid(got) {
			t.Fatalf("no JSON any more: %s", got)
		}
	})
}
