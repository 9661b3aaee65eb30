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
		o, err := parseOutput(raw)
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
