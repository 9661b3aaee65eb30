package environmentapi

import (
	"encoding/json"
	"testing"

	"github.com/tepin/tepin"
)

// Whatever a render request holds, it is an order within the limits or a refusal that
// can be shown.
func FuzzParseOutput(f *testing.F) {
	for _, body := range []string{
		`{}`, `null`, `[]`, `{"documentContent":{"a":1},"layoutsToExport":["1"],"engineVersion":null}`, `{"documentContent":"x"}`,
		`{"templateId":"0190f3c4-7a5e-7c1f-9d1e-2b8a6d0f4c11","variables":[{"a":"x","b":null,"c":[{"d":1}]},{}],"maxRecordsPerFile":2}`,
		`{"projectId":"0190F3C4-7A5E-7C1F-9D1E-2B8A6D0F4C11","outputSettingsId":"","variables":null,"postProcessing":null}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := parseOutput(tepin.PDF, raw)
		if err != nil {
			if tepin.KindOf(err) == tepin.Internal {
				t.Error(err)
			}
			return
		}
		if o.TemplateID != "" && o.ProjectID != "" || o.Document != nil && !json.Valid(o.Document) || len(o.Variables) > MaxVariableRows {
			t.Errorf("%+v", o)
		}
	})
}

// Whatever is sent as a brand kit is kept, or refused in a way that can be shown; what is
// kept can be sent back, and is the same then.
func FuzzBrandKit(f *testing.F) {
	for _, body := range []string{
		`{"name":"x","themes":[{"name":"a","inheritsFrom":"b"},null,{"id":7}],"colors":[{"guid":1}],"media":null}`,
		`{"fonts":[{"fontFamilyBrandKitGuid":"","fontConnectorId":"x"},{}],"characterStyles":[{"name":"a","fontStyleId":"","brandKitFontFamilyGuid":"f"}],"colors":[null]}`,
		`{"colors":[{"name":"a","type":"rgb","value":{"r":1,"g":2,"b":3}},{"name":"b","type":"spotHex","value":"s","displayValue":"#fff"}],"themes":[{"name":"t","media":[{"name":"m","assetId":"x","remoteConnectorId":"d"}]}]}`,
		`{"media":[{"name":"m","mediaId":"0190f3c4-7a5e-7c1f-9d1e-2b8a6d0f4c11"}],"unknown":[1.50]}`,
	} {
		f.Add([]byte(body))
	}
	check := func(content, before object) error {
		k := kitCheck{has: func(_, id string) error {
			if id[0] == '0' {
				return nil
			}
			return tepin.Errorf(tepin.NotFound, "no")
		}}
		return k.kit(content, before)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var content object
		if json.Unmarshal(raw, &content) != nil || content == nil {
			return
		}
		if err := check(content, object{}); err != nil {
			if tepin.KindOf(err) == tepin.Internal {
				t.Error(err)
			}
			return
		}
		once, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		var again object
		if err := json.Unmarshal(once, &again); err != nil {
			t.Fatal(err)
		}
		if err := check(again, content); err != nil {
			t.Fatalf("%v: %s", err, once)
		}
		if twice, err := json.Marshal(again); err != nil || string(twice) != string(once) {
			t.Errorf("%v: %s is not %s", err, twice, once)
		}
	})
}

// Every form is shown or refused in a way that can be shown.
func FuzzForm(f *testing.F) {
	for _, form := range []string{standardForm, `[]`, `[{"type":"layouts","variableGroups":{"show":1}}]`, `[null,[{}]]`, `[{"type":"variables","id":"\ud800"}]`} {
		f.Add(form)
	}
	f.Fuzz(func(t *testing.T, form string) {
		if err := checkForm(form); err != nil && tepin.KindOf(err) == tepin.Internal {
			t.Error(err)
		}
	})
}
