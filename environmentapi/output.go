package environmentapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/web"
)

// OutputRequest is the body of POST output/{format}.
type OutputRequest struct {
	OutputSettingsID    *string            `json:"outputSettingsId,omitempty" doc:"The environment's default of the format if it is left out."`
	LayoutsToExport     []string           `json:"layoutsToExport,omitempty" doc:"Ids of layouts; the document's selected one if it is left out."`
	DocumentContent     json.RawMessage    `json:"documentContent,omitempty" doc:"The document, as JSON. It may come with templateId or projectId, which then only name its origin."`
	TemplateID          *string            `json:"templateId,omitempty"`
	ProjectID           *string            `json:"projectId,omitempty"`
	EngineVersion       *string            `json:"engineVersion,omitempty" maxLength:"50" doc:"A text such as 2.27.0, otherwise without a meaning: there is one engine."`
	Variables           VariableRows       `json:"variables,omitempty" doc:"One object for each record: values by the variable's name. A name that is left out keeps the previous record's value."`
	DataConnectorConfig json.RawMessage    `json:"dataConnectorConfig,omitempty" doc:"Instead of variables: a data connector of the environment, each of whose rows becomes a record. Columns are matched with variables by their names; others are left out. Rows are read when the output is made, with the connector's server credential: at most 10,000 of them, 10 MB, within 5 minutes. What is wrong with them fails the task; totalRecords is 0 until they are read."`
	MaxRecordsPerFile   *int               `json:"maxRecordsPerFile,omitempty" doc:"PDF: several files, each of at most so many records, in an archive. null, 0 or left out: one file."`
	PostProcessing      PostProcessingPart `json:"postProcessing,omitempty" doc:"PDF: instead of what the output settings say."`
	_                   struct{}           `additionalProperties:"true"`
}

// memberName is the name of a member of a render request. Names that nobody knows are
// passed over, since clients may send more than we read; but one that is a known name
// with an s too many or too few was meant to be that, and is refused. All others read
// as the same empty name, so that a map of them stays small.
type memberName string

// UnmarshalText refuses a name that is nearly a known one.
func (n *memberName) UnmarshalText(name []byte) error {
	given := string(name)
	for _, f := range reflect.VisibleFields(reflect.TypeFor[OutputRequest]()) {
		known, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if known != "" && !strings.EqualFold(given, known) && strings.EqualFold(withoutS(given), withoutS(known)) {
			return tepin.Errorf(tepin.Invalid, "the member %.40q is not known here; write %s", given, known)
		}
	}
	return nil
}

func withoutS(name string) string {
	if len(name) > 64 {
		return "" // no name of ours is as long
	}
	return strings.NewReplacer("s", "", "S", "").Replace(name)
}

// ignored is a JSON value that is not kept.
type ignored struct{}

// UnmarshalJSON keeps nothing.
func (ignored) UnmarshalJSON([]byte) error { return nil }

// VariableRows are the records of a request as they came: their size is looked at
// before they are read.
type VariableRows json.RawMessage

// UnmarshalJSON keeps the bytes.
func (v *VariableRows) UnmarshalJSON(raw []byte) error {
	*v = append((*v)[:0], raw...)
	return nil
}

// Schema is what they are to the OpenAPI document.
func (VariableRows) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}}
}

// TaskInfo is what is told of a task that is under way or finished.
type TaskInfo struct {
	Data  TaskData `json:"data"`
	Links Links    `json:"links"`
}

// requestOutput handles POST output/{format}.
func (a *API) requestOutput(format tepin.Format) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		c := web.CallerOf(r.Context())
		if err := a.Output.MayRequest(r.Context(), c.Actor, c.Environment); err != nil {
			return err
		}
		p, err := a.receive(r, c.Environment.ID)
		if err != nil {
			return err
		}
		defer p.drop(r.Context())
		o, err := parseOutput(format, p.raw)
		if err != nil {
			return err
		}
		return a.start(w, r, o)
	}
}

// requestLegacy handles the older POST output/image and output/animation: the document is
// the whole body, everything else stands in the query.
func (a *API) requestLegacy(formats ...tepin.Format) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		c := web.CallerOf(r.Context())
		if err := a.Output.MayRequest(r.Context(), c.Actor, c.Environment); err != nil {
			return err
		}
		o, err := legacyOrder(r.URL.Query(), formats)
		if err != nil {
			return err
		}
		if hasBody(r) {
			p, err := a.receive(r, c.Environment.ID)
			if err != nil {
				return err
			}
			defer p.drop(r.Context())
			if !noDocument(p.raw) {
				o.Document = p.raw
			}
		}
		named := o.TemplateID != "" || o.ProjectID != ""
		switch {
		case named && o.Document != nil:
			return tepin.Errorf(tepin.Invalid, "send either templateId or projectId in the query, or a document in the body; the request has both")
		case !named && o.Document == nil:
			return tepin.Errorf(tepin.Invalid, "there is nothing to render: send templateId or projectId in the query, or a document in the body")
		}
		return a.start(w, r, o)
	}
}

// legacyOrder reads the query of the older requests.
func legacyOrder(query url.Values, formats []tepin.Format) (output.Order, error) {
	o := output.Order{Format: tepin.Format(strings.ToLower(query.Get("outputType")))}
	if !slices.Contains(formats, o.Format) {
		return o, &tepin.Error{Kind: tepin.Invalid, Path: "outputType", Message: fmt.Sprintf("the output type is %s or %s", formats[0], formats[1])}
	}
	if layout := query.Get("layoutToExport"); layout != "" {
		o.LayoutIDs = []string{layout}
	}
	if ratio := query.Get("pixelRatio"); ratio != "" {
		var err error
		if o.Scaling, err = strconv.ParseFloat(ratio, 64); err != nil || !(o.Scaling > 0) {
			return o, &tepin.Error{Kind: tepin.Invalid, Path: "pixelRatio", Message: "the pixel ratio is a number above 0"}
		}
	}
	if fps := query.Get("fps"); fps != "" && o.Format.Animated() {
		var err error
		if o.FPS, err = strconv.Atoi(fps); err != nil {
			o.FPS = -1
		}
		if err := tepin.CheckFPS(o.Format, o.FPS, "fps"); err != nil {
			return o, err
		}
	}
	template, project := query.Get("templateId"), query.Get("projectId")
	return o, source(&o, &template, &project)
}

// noDocument reports whether a body of JSON stands for none: HTTP clients send {} or
// null where a call was given no body.
func noDocument(raw []byte) bool {
	raw = bytes.TrimSpace(raw)
	return string(raw) == "null" || len(raw) > 1 && raw[0] == '{' && string(bytes.TrimSpace(raw[1:])) == "}"
}

// start queues the order and answers where to ask for it. The answer has no member
// called status: clients take a body with one for an error.
func (a *API) start(w http.ResponseWriter, r *http.Request, o output.Order) error {
	c := web.CallerOf(r.Context())
	task, err := a.Output.Request(r.Context(), c.Actor, c.Environment, o)
	if err != nil {
		return err
	}
	web.ShowQuotas(w, r, task.Quotas)
	return writeJSON(w, http.StatusOK, TaskInfo{Data: TaskData{task.ID}, Links: Links{TaskInfo: taskLink(c, task.ID, "")}})
}

// parseOutput reads the body of a render request.
func parseOutput(format tepin.Format, raw []byte) (output.Order, error) {
	var body OutputRequest
	if err := web.DecodeJSON(raw, &body); err != nil {
		return output.Order{}, err
	}
	if err := json.Unmarshal(raw, &map[memberName]ignored{}); err != nil {
		return output.Order{}, err
	}
	if v := deref(body.EngineVersion); len(v) > 50 || strings.ContainsFunc(v, unicode.IsControl) {
		return output.Order{}, bad("$.engineVersion", "a version has at most 50 characters, as in %s; it may be left out", tepin.EngineVersion)
	}
	o := output.Order{Format: format, LayoutIDs: body.LayoutsToExport}
	if err := source(&o, body.TemplateID, body.ProjectID); err != nil {
		return o, err
	}
	if given := deref(body.OutputSettingsID); given != "" {
		var err error
		if o.SettingsID, err = id[tepin.OutputSettingsID]("set of output settings", given); err != nil {
			return o, err
		}
	}
	if !absent(body.DocumentContent) {
		if body.DocumentContent[0] != '{' {
			return o, &tepin.Error{Kind: tepin.Invalid, Path: "$.documentContent", Message: "the document is a JSON object, not text or anything else"}
		}
		o.Document = body.DocumentContent
	}
	var err error
	if o.Variables, err = parseVariables(json.RawMessage(body.Variables)); err != nil {
		return o, err
	}
	if o.Data, err = parseDataConnector(json.RawMessage(body.DataConnectorConfig)); err != nil {
		return o, err
	}
	if o.Data != nil && !absent(json.RawMessage(body.Variables)) {
		return o, bad("$.dataConnectorConfig", "the records come from variables or from a data connector, not from both")
	}
	return o, body.forPDF(&o)
}

// forPDF reads what only a PDF has.
func (body *OutputRequest) forPDF(o *output.Order) error {
	onlyPDF := func(name string) error {
		return &tepin.Error{Kind: tepin.Invalid, Path: "$." + name, Message: fmt.Sprintf("this is for PDF, and the output is %s; leave it out", strings.ToUpper(string(o.Format)))}
	}
	if n := body.MaxRecordsPerFile; n != nil && *n != 0 {
		switch {
		case o.Format != tepin.PDF:
			return onlyPDF("maxRecordsPerFile")
		case *n < 0:
			return &tepin.Error{Kind: tepin.Invalid, Path: "$.maxRecordsPerFile", Message: "a file has 1 record at least"}
		}
		o.PerFile = *n
	}
	if absent(json.RawMessage(body.PostProcessing)) {
		return nil
	}
	if o.Format != tepin.PDF {
		return onlyPDF("postProcessing")
	}
	var err error
	o.PDFVersion, err = body.PostProcessing.version("$.postProcessing")
	return err
}

// parseDataConnector reads where the records come from; null is nowhere.
func parseDataConnector(raw json.RawMessage) (*output.DataSource, error) {
	if absent(raw) {
		return nil, nil
	}
	var config struct {
		ID         string `json:"dataConnectorId"`
		Parameters struct {
			Context map[string]any `json:"context"`
		} `json:"dataConnectorParameters"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return nil, bad("$.dataConnectorConfig", `expected {"dataConnectorId": "…", "dataConnectorParameters": {"context": {}}}`)
	}
	if config.ID == "" {
		return nil, bad("$.dataConnectorConfig.dataConnectorId", "name the data connector whose rows are to be the records")
	}
	connector, err := id[tepin.ConnectorID]("connector", config.ID)
	if err == nil {
		err = checkContext(config.Parameters.Context)
	}
	return &output.DataSource{Connector: connector, Context: config.Parameters.Context}, err
}

// source reads which template or project is to be rendered.
func source(o *output.Order, template, project *string) error {
	if deref(template) != "" && deref(project) != "" {
		return tepin.Errorf(tepin.Invalid, "give templateId or projectId, not both")
	}
	var err error
	if given := deref(template); given != "" {
		o.TemplateID, err = id[tepin.TemplateID]("template", given)
	}
	if given := deref(project); given != "" {
		o.ProjectID, err = id[tepin.ProjectID]("project", given)
	}
	return err
}

// parseVariables reads the records of a request. Values are texts, numbers, truth
// values, null, or lists for data sources.
func parseVariables(raw json.RawMessage) ([]map[string]any, error) {
	if absent(raw) {
		return nil, nil
	}
	if len(raw) > MaxVariableBytes {
		return nil, &tepin.Error{Kind: tepin.TooLarge, Path: "$.variables", Message: fmt.Sprintf("the variables are larger than %d MB; split the records over several requests", MaxVariableBytes>>20)}
	}
	var rows []json.RawMessage
	if err := json.Unmarshal(raw, &rows); err != nil {
		return nil, &tepin.Error{Kind: tepin.Invalid, Path: "$.variables", Message: "the variables are a list of objects, one for each record"}
	}
	if len(rows) > MaxVariableRows {
		return nil, &tepin.Error{Kind: tepin.TooLarge, Path: "$.variables", Message: fmt.Sprintf("there are %d records; the most is %d: split them over several requests", len(rows), MaxVariableRows)}
	}
	records := make([]map[string]any, len(rows))
	for i, row := range rows {
		path := fmt.Sprintf("$.variables[%d]", i)
		if err := json.Unmarshal(row, &records[i]); err != nil || records[i] == nil {
			return nil, &tepin.Error{Kind: tepin.Invalid, Path: path, Message: "a record is an object with the variables' names and values"}
		}
		for name, value := range records[i] {
			if _, object := value.(map[string]any); object {
				return nil, &tepin.Error{Kind: tepin.Invalid, Path: fmt.Sprintf("%s[%.60q]", path, name), Message: "a variable's value is a text, a number, true, false or null, not an object"}
			}
		}
	}
	return records, nil
}

// absent reports whether an optional member is missing or null.
func absent(raw json.RawMessage) bool { return len(raw) == 0 || bytes.Equal(raw, []byte("null")) }

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
