package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tepin/tepin"
)

// API is a REST front door: a route table whose access a [Guard] enforces, typed
// operations through huma, hand-written ones beside them, one OpenAPI document.
type API struct {
	guard  Guard
	mux    *http.ServeMux
	huma   huma.API
	routes []Route
	access Access // of the operation that is being registered
}

// NewAPI returns an API without operations. The info stands in its OpenAPI document.
func NewAPI(g Guard, info huma.Info) *API {
	a := &API{guard: g, mux: http.NewServeMux()}
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &info,
			Servers: []*huma.Server{{URL: "/"}},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"client": clientScheme(),
					"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The access_token of POST /oauth/token, pasted."},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{withoutValues},
	}
	a.huma = huma.NewAPI(config, adapter{a})
	return a
}

// clientScheme is how tools get a token by themselves, from the credentials of an
// integration.
func clientScheme() *huma.SecurityScheme {
	scopes := map[string]string{}
	for _, s := range tepin.AllScopes {
		resource, verb, _ := strings.Cut(string(s), ":")
		scopes[string(s)] = verb + " " + strings.ReplaceAll(resource, "_", " ")
	}
	return &huma.SecurityScheme{
		Type:        "oauth2",
		Description: "The client id and a secret of an integration. Tick nothing for all the scopes that it has.",
		Flows:       &huma.OAuthFlows{ClientCredentials: &huma.OAuthFlow{TokenURL: "/oauth/token", Scopes: scopes}},
	}
}

// Routes returns the route table, in the order of registration.
func (a *API) Routes() []Route { return slices.Clone(a.routes) }

// ServeHTTP answers with the operation of the path, whose case does not matter, or
// with a 404 or 405 problem.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, pattern := a.mux.Handler(r)
	if pattern == "" {
		r = inLowerCase(r)
		h, pattern = a.mux.Handler(r)
	}
	if pattern == "" {
		WriteProblem(w, r, unrouted(h, r))
		return
	}
	a.mux.ServeHTTP(w, r)
}

// inLowerCase returns r with its path in lower case, escaped bytes untouched. Paths
// hold our own words, ids and technical names, all of them in lower case.
func inLowerCase(r *http.Request) *http.Request {
	u := *r.URL
	if setPath(&u, strings.ToLower(r.URL.EscapedPath())) != nil {
		return r
	}
	lower := *r
	lower.URL = &u
	return &lower
}

// unrouted tells from the multiplexer's own refusal whether the method is wrong.
func unrouted(h http.Handler, r *http.Request) error {
	probe := refusal{header: http.Header{}}
	h.ServeHTTP(&probe, r)
	if allow := probe.header.Get("Allow"); allow != "" {
		return &statusError{status: http.StatusMethodNotAllowed, header: http.Header{"Allow": {allow}},
			detail: "this path takes only " + allow}
	}
	return NotFound(nil, r)
}

// refusal is a response that keeps the headers and nothing else.
type refusal struct{ header http.Header }

func (p *refusal) Header() http.Header         { return p.header }
func (p *refusal) Write(b []byte) (int, error) { return len(b), nil }
func (p *refusal) WriteHeader(int)             {}

// Register adds a typed operation. Its input I and output O are huma's: parameters
// and Body by struct tags; errors are those of [WriteProblem]. op.MaxBodyBytes
// bounds the body ([MaxJSON] when 0). Structs embedded in I and O, and in their
// bodies, must have exported names: huma passes over the others.
func Register[I, O any](a *API, access Access, op huma.Operation, h func(context.Context, Caller, *I) (*O, error)) {
	mustSee(reflect.TypeFor[I]())
	mustSee(reflect.TypeFor[O]())
	a.describe(access, &op)
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = MaxJSON
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, CallerOf(ctx), in)
		if err != nil {
			x := exchangeOf(ctx)
			if x.w.ResponseWriter != nil {
				setQuotas(x.w.Header(), x, exceeded(err)) // huma would add to what is set, not replace it
			}
			return nil, problem(x, err)
		}
		return out, nil
	})
	a.problemSchema(op.Responses)
}

// mustSee panics when t embeds something that huma would silently pass over.
func mustSee(t reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && !f.IsExported() {
			panic("web: " + t.String() + " embeds " + f.Type.String() + ", which huma does not see; export its name")
		}
		if f.Anonymous || f.Name == "Body" {
			mustSee(f.Type)
		}
	}
}

// Raw adds an operation that reads its own body and writes its own answer; op
// documents it completely. op.MaxBodyBytes bounds the body ([MaxBody] when 0).
func (a *API) Raw(access Access, op huma.Operation, h Handler) {
	a.describe(access, &op)
	limit := op.MaxBodyBytes
	if limit == 0 {
		limit = MaxBody
	}
	if !op.Hidden {
		a.huma.OpenAPI().AddOperation(&op)
	}
	a.problemSchema(op.Responses)
	a.handle(op, access, Handler(func(w http.ResponseWriter, r *http.Request) error {
		LimitBody(r, limit)
		return h(w, r)
	}))
}

// Schema returns the schema of T for the document of a [API.Raw] operation.
func Schema[T any](a *API) *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
}

// OpenAPI returns the OpenAPI 3.1 document as indented JSON, the same for the same
// operations.
func (a *API) OpenAPI() ([]byte, error) {
	for _, path := range a.huma.OpenAPI().Paths {
		for _, op := range []*huma.Operation{path.Get, path.Put, path.Post, path.Patch, path.Delete} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				if p.Schema != nil {
					p.Schema.PatternDescription = "" // no keyword of JSON Schema; huma's refusals have it by now
				}
			}
		}
	}
	raw, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// describe writes the access into the operation's document.
func (a *API) describe(access Access, op *huma.Operation) {
	a.access = access
	for _, tag := range op.Tags { // the groups stand in the order of the route table
		doc := a.huma.OpenAPI()
		if !slices.ContainsFunc(doc.Tags, func(t *huma.Tag) bool { return t.Name == tag }) && !op.Hidden {
			doc.Tags = append(doc.Tags, &huma.Tag{Name: tag})
		}
	}
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	if access.Public {
		op.Security = []map[string][]string{{}}
		return
	}
	// Where a token is of no use it is listed all the same: sent, it gets the 403 that
	// says so, and not a 401 that asks for it.
	op.Security = append(op.Security, map[string][]string{"bearer": {}})
	if access.Scope != "" {
		op.Security = append(op.Security, map[string][]string{"client": {string(access.Scope)}})
	} else if access.AnyToken {
		op.Security = append(op.Security, map[string][]string{"client": {}})
	}
	if access.Administrator {
		op.Security = append(op.Security, map[string][]string{"session": {}})
		a.huma.OpenAPI().Components.SecuritySchemes["session"] = &huma.SecurityScheme{
			Type: "apiKey", In: "header", Name: "X-CSRF-Token",
			Description: "For administrators who are signed in to the console in this browser: the csrfToken of GET /api/v1/session.",
		}
	}
	op.Description = strings.TrimSpace(op.Description + "\n\nNeeds: " + access.String() + ".")
}

// problemSchema makes the default response of an operation our [Problem].
func (a *API) problemSchema(responses map[string]*huma.Response) {
	schemas := a.huma.OpenAPI().Components.Schemas
	responses["default"] = &huma.Response{
		Description: "What was wrong and how to mend it.",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schemas.Schema(reflect.TypeFor[Problem](), true, "")}},
	}
	delete(schemas.Map(), "ErrorModel")
	delete(schemas.Map(), "ErrorDetail")
}

// handle puts an operation behind the guard.
func (a *API) handle(op huma.Operation, access Access, h http.Handler) {
	rt := Route{Method: op.Method, Path: op.Path, Access: access}
	a.routes = append(a.routes, rt)
	a.mux.Handle(rt.Pattern(), a.guard.Wrap(rt, h))
}

// adapter is how huma reaches the multiplexer: behind the guard, with bodies that
// are known to be JSON.
type adapter struct{ *API }

// Handle registers an operation of huma's.
func (a adapter) Handle(op *huma.Operation, h func(huma.Context)) {
	limit := op.MaxBodyBytes
	op.MaxBodyBytes, op.BodyReadTimeout = -1, -1 // ours count, see body
	a.prefill(op)
	a.handle(*op, a.access, Handler(func(w http.ResponseWriter, r *http.Request) error {
		if op.RequestBody != nil {
			raw, err := ReadBody(r, limit)
			if err == nil && (len(raw) > 0 || op.RequestBody.Required) {
				if err = CheckJSONType(r); err == nil {
					err = CheckJSON(raw)
				}
			}
			if err != nil {
				return err
			}
			r.Header.Set("Content-Type", "application/json")
			r.Body = io.NopCloser(bytes.NewReader(raw))
		}
		h(&humaContext{innerContext: humago.NewContext(op, r, w)})
		return nil
	}))
}

// innerContext is embedded under a name that its method Context leaves free.
type innerContext huma.Context

// humaContext answers bad input with 400: the 422 that huma itself means by it is
// ours for bytes that cannot be worked with.
type humaContext struct {
	innerContext
	ours bool // the answer is a [Problem] of a handler's
}

// SetStatus translates the status of huma's own refusals.
func (c *humaContext) SetStatus(status int) {
	if status == http.StatusUnprocessableEntity && !c.ours {
		status = http.StatusBadRequest
	}
	c.innerContext.SetStatus(status)
}

// withoutValues turns huma's errors into problems that repeat no value (S13).
func withoutValues(ctx huma.Context, _ string, v any) (any, error) {
	x := exchangeOf(ctx.Context())
	if _, ours := v.(*Problem); ours {
		if c, ok := ctx.(*humaContext); ok {
			c.ours = true
		}
		return v, nil
	}
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	status := m.Status
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	p := newProblem(status)
	p.TraceID = x.id
	if status >= 500 {
		x.err = m
		p.Detail = detail(x, m)
		return p, nil
	}
	var first string
	for i, e := range m.Errors {
		at := Violation{Location: tepin.Shorten(e.Location, 120), Message: plainly(e.Message)}
		p.Errors = append(p.Errors, at)
		if i == 0 {
			first = ": " + strings.TrimPrefix(at.Location+": "+at.Message, ": ")
		}
	}
	p.Detail = "the request cannot be taken" + first
	if len(p.Errors) == 0 {
		p.Detail = m.Detail
	}
	x.err = tepin.Errorf(tepin.Invalid, "%s", p.Detail)
	return p, nil
}

// plainly is huma's message, in words that say how to mend an id that is none.
func plainly(message string) string {
	if strings.HasPrefix(message, "expected string to be RFC 4122 uuid") {
		return "expected a UUID such as 0190f3c4-7a5e-7c1f-9d1e-2b8a6d0f4c11"
	}
	return tepin.Shorten(message, 300)
}
