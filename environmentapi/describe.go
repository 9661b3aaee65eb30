package environmentapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// This file describes operations to the OpenAPI document. Typed operations describe
// their parameters and bodies themselves; those that read or write bytes are described
// here.

// tag groups operations on the Swagger page.
type tag string

// at is an operation below /grafx/api.
func at(id, method, path string, t tag, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: root + path, Summary: summary, Tags: []string{string(t)}}
}

// in is an operation below an environment.
func in(id, method, path string, t tag, summary string) huma.Operation {
	op := at(id, method, path, t, summary)
	op.Path = base + path
	return op
}

// param is a query parameter of an operation that reads its query itself.
type param struct {
	name, kind string
	required   bool
	doc        string
	example    any
}

// query documents query parameters.
func query(op huma.Operation, params ...param) huma.Operation {
	for _, p := range params {
		documented := &huma.Param{Name: p.name, In: "query", Required: p.required, Description: p.doc, Schema: &huma.Schema{Type: p.kind}}
		if p.example != "" {
			documented.Example = p.example
		}
		op.Parameters = append(op.Parameters, documented)
	}
	return op
}

// paths documents the path parameters of a hand-written operation.
func paths(op huma.Operation) huma.Operation {
	var params []*huma.Param
	for segment := range strings.SplitSeq(op.Path, "/") {
		name, isParam := strings.CutPrefix(segment, "{")
		if !isParam {
			continue
		}
		p := &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}
		if p.Name == "environment" {
			p.Description, p.Example = "Id or technical name of the environment.", "demo"
		}
		params = append(params, p)
	}
	op.Parameters = append(params, op.Parameters...)
	return op
}

// conditional documents If-Match.
func conditional(op huma.Operation) huma.Operation {
	op.Parameters = append(op.Parameters, &huma.Param{Name: "If-Match", In: "header", Schema: &huma.Schema{Type: "string"},
		Description: "ETag of the version that you have seen; if there is a newer one, nothing changes and the answer is 412."})
	return op
}

// documentExample is small and whole: it can be sent as it is.
var documentExample = map[string]any{
	"documentVersion": "0.23.0", "engineVersion": tepin.EngineVersion, "sdkVersion": tepin.SDKVersion,
	"properties": map[string]any{"type": "template"}, "selectedLayoutId": "1",
	"pages": []any{map[string]any{"id": "1", "number": 0, "isVisible": true, "frames": []any{}}},
	"layouts": []any{map[string]any{
		"id": "1", "name": "Square", "type": "top", "childLayouts": []any{}, "width": 300000, "height": 300000, "unit": "px", "intent": "digitalStatic", "frameProperties": []any{},
	}},
	"variables": []any{}, "connectors": []any{}, "actions": []any{},
}

// takesDocument documents a document as the body.
func takesDocument(required bool, op huma.Operation) huma.Operation {
	op.RequestBody = &huma.RequestBody{Required: required, Description: "A document: JSON, at most 20 MB. It is kept byte for byte.",
		Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: "object"}, Example: documentExample}}}
	return op
}

// takesOrder documents the body of a render request.
func (a *API) takesOrder(op huma.Operation) huma.Operation {
	op.RequestBody = &huma.RequestBody{Required: true, Description: "At most 20 MB; of variables at most 10 MB and 10,000 records.",
		Content: map[string]*huma.MediaType{"application/json": {Schema: web.Schema[OutputRequest](a.web), Example: map[string]any{"documentContent": documentExample, "layoutsToExport": []any{"1"}}}}}
	return op
}

// takesKit documents a brand kit, or a theme of one, as the body.
func takesKit(schema *huma.Schema, example any, op huma.Operation) huma.Operation {
	op.RequestBody = &huma.RequestBody{Required: true, Description: "At most 1 MB. Members that are not named here are kept as they come.",
		Content: map[string]*huma.MediaType{"application/json": {Schema: schema, Example: example}}}
	return op
}

// takesComponent documents a component as the body.
func (a *API) takesComponent(op huma.Operation) huma.Operation {
	op.RequestBody = &huma.RequestBody{Required: true, Description: "At most 20 MB.",
		Content: map[string]*huma.MediaType{"application/json": {Schema: web.Schema[ComponentBody](a.web), Example: map[string]any{"name": "Square", "content": documentExample}}}}
	return op
}

// takesFiles documents a multipart body.
func takesFiles(op huma.Operation) huma.Operation {
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: "object", Required: []string{"file"}, Properties: map[string]*huma.Schema{"file": {Type: "string", Format: "binary"}},
	}}}}
	return op
}

// created documents a typed operation that answers 201.
func created(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusCreated
	return op
}

// gives documents a JSON answer of a hand-written operation.
// What is new, or changed under If-Match, is answered with its ETag.
func (a *API) gives(status int, schema *huma.Schema, op huma.Operation) huma.Operation {
	op = answers(status, map[string]*huma.MediaType{"application/json": {Schema: schema}}, paths(op))
	if changes(op) || status == http.StatusCreated {
		op = tagged(op)
	}
	return op
}

// changes reports whether an operation leaves a newer version of what it is about.
func changes(op huma.Operation) bool {
	return op.Method != http.MethodDelete && slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "If-Match" })
}

// tagged documents the ETag of an answer.
func tagged(op huma.Operation) huma.Operation {
	for _, r := range op.Responses {
		if r.Headers == nil {
			r.Headers = map[string]*huma.Param{}
		}
		r.Headers["ETag"] = &huma.Param{Schema: &huma.Schema{Type: "string", Description: "Version of the resource, for If-None-Match and If-Match."}}
	}
	return op
}

// givesTask documents the three answers about a task.
func (a *API) givesTask(op huma.Operation) huma.Operation {
	op = a.gives(http.StatusOK, web.Schema[TaskInfo](a.web), op)
	op.Responses["202"] = &huma.Response{Description: "The task is under way. No body; ask again."}
	op.Responses["500"] = &huma.Response{Description: "The task has failed; the detail says why, and where the error report lies.",
		Content: map[string]*huma.MediaType{"application/problem+json": {Schema: web.Schema[web.Problem](a.web)}}}
	return op
}

// givesDocument documents a document as the answer.
func givesDocument(op huma.Operation) huma.Operation {
	return tagged(answers(http.StatusOK, map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: "object"}}}, paths(op)))
}

// givesFile documents bytes as the answer.
func givesFile(contentType string, op huma.Operation) huma.Operation {
	return answers(http.StatusOK, map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}, paths(op))
}

// mediaPreviews tells the types of previews that media has.
const mediaPreviews = "thumbnail (at most 256 pixels a side; if it is left out), medium (1024), highest (2048), x4096 (4096), " +
	"highestOrVector (of a vector file the PDF, else as highest), fullOrVector (of a vector file the PDF, else the original), in any case. " +
	"Pictures are never enlarged, vector files are drawn as large as asked for."

// fontPreviews and oldFontPreviews tell the types of previews that fonts have.
const (
	fontPreviews = "square (400 × 400 pixels: Aa, or two letters of a script that the font writes; if it is left out) or line (the name, " +
		"or those letters where the font lacks its own name's), in any case: black on white, PNG. A family is drawn in the style nearest to regular."
	oldFontPreviews = "thumbnail (256 × 256 pixels; if it is left out), medium (1024) or highest (2048), in any case: the square."
)

// documentPreviews tells the types of previews that templates and projects have.
const documentPreviews = "thumbnail (256 pixels on the longer side; if it is left out), medium (1024) or highest (2048), in any case. " +
	"A preview shows the document as it was saved last, with the media and fonts that there are now; it carries no watermark and counts as no render. " +
	"A layout or a page that the document does not have is a 400. " +
	"Connectors are asked for pictures and fonts with their credential for browsers, and again after ten minutes; a box stands in for what they do not give, and the report of the task says why."

// givesPreview documents a picture, or the wait for it.
func (a *API) givesPreview(types string, op huma.Operation) huma.Operation {
	op.Description = "The type is " + types
	op = tagged(answers(http.StatusOK, map[string]*huma.MediaType{"image/*": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}, paths(op)))
	op.Responses["202"] = &huma.Response{Description: "The preview is being made. No body; ask again after Retry-After."}
	return op
}

// givesDrawn documents a picture of a document, or the task that makes it.
func (a *API) givesDrawn(op huma.Operation) huma.Operation {
	op = a.givesPreview(documentPreviews, op)
	op.Responses["202"] = &huma.Response{Description: "The preview is being made, or could not be: links.taskInfo tells.",
		Content: map[string]*huma.MediaType{"application/json": {Schema: web.Schema[PreviewTask](a.web)}}}
	return op
}

// givesPreviewTask documents the three answers about a task that makes a preview.
func (a *API) givesPreviewTask(op huma.Operation) huma.Operation {
	done := a.gives(http.StatusOK, web.Schema[PreviewTask](a.web), op)
	answers := a.givesTask(op).Responses
	answers["200"] = done.Responses["200"]
	done.Responses = answers
	return done
}

// givesNothing documents an answer without a body.
func givesNothing(status int, op huma.Operation) huma.Operation {
	op = answers(status, nil, paths(op))
	if changes(op) {
		op = tagged(op)
	}
	return op
}

func answers(status int, content map[string]*huma.MediaType, op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{strconv.Itoa(status): {Description: http.StatusText(status), Content: content}}
	return op
}
