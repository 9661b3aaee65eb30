package environmentapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/web"
)

// maxContext is how many values the context of a connector's call has at most.
const maxContext = 200

// ContextIn is the part of every input that configures the connector for one call.
type ContextIn struct {
	Context map[string]any `json:"context,omitempty" required:"false" nullable:"true" maxProperties:"200" doc:"Values for the script, as its configuration options name them: strings, numbers, booleans. They stand over the connector's own options."`
}

// checkContext refuses values that no context has.
func checkContext(values map[string]any) error {
	if len(values) > maxContext {
		return bad("context", "the context has %d values; at most %d are taken", len(values), maxContext)
	}
	for name, v := range values {
		switch v.(type) {
		case string, bool, float64, nil:
		default:
			return bad("context", "%s is no string, number or boolean", tepin.Shorten(name, 100))
		}
	}
	return nil
}

// running returns the connector of a route, to be run with the values of context. The
// built-in ones show what other routes need scopes for: they need the same.
func (a *API) running(ctx context.Context, c web.Caller, given string, values map[string]any, media, fonts tepin.Scope) (connector.Run, error) {
	v, err := a.connector(ctx, c, given)
	if err != nil {
		return connector.Run{}, err
	}
	need := map[tepin.ScriptSource]tepin.Scope{tepin.DefaultMedia: media, tepin.DefaultFonts: fonts}[v.ScriptSource]
	if need != "" && !c.Actor.Scopes.Has(need) {
		return connector.Run{}, web.MissingScope(c.Actor, need)
	}
	return connector.Run{Connector: v, Usage: tepin.BrowserUsage, By: c.Actor, From: c.Addr, PublicURL: c.BaseURL, Context: values}, checkContext(values)
}

func (a *API) runMedia(ctx context.Context, c web.Caller, id string, values map[string]any, need tepin.Scope) (connector.Media, connector.Run, error) {
	run, err := a.running(ctx, c, id, values, need, "")
	if err != nil {
		return nil, run, err
	}
	m, err := a.Runner.Media(run)
	return m, run, err
}

func (a *API) runFonts(ctx context.Context, c web.Caller, id string, values map[string]any, need tepin.Scope) (connector.Fonts, connector.Run, error) {
	run, err := a.running(ctx, c, id, values, "", need)
	if err != nil {
		return nil, run, err
	}
	f, err := a.Runner.Fonts(run)
	return f, run, err
}

func (a *API) runData(ctx context.Context, c web.Caller, id string, values map[string]any) (connector.Data, connector.Run, error) {
	run, err := a.running(ctx, c, id, values, "", "")
	if err != nil {
		return connector.Data{}, run, err
	}
	d, err := a.Runner.Data(run)
	return d, run, err
}

// passed turns an upstream's 401 into one that says whose it is: it is not the caller's
// token that is wrong. A file that is being made is one to come back for.
func passed(run connector.Run, err error) error {
	refusal, ok := errors.AsType[*connector.Refusal](err)
	said, shown := errors.AsType[*tepin.Error](err)
	switch {
	case ok && shown && refusal.Status == http.StatusUnauthorized:
		return web.Refuse(http.StatusUnauthorized, said.Message, http.Header{connector.HeaderUnauthorized: {connector.Unauthorized(run.Connector, run.Usage)}})
	case errors.Is(err, connector.ErrPending):
		return &tepin.Error{Kind: tepin.Unavailable, RetryAfter: time.Second, Message: "the picture is being made; ask again"}
	}
	return err
}

// answered is the end of a typed operation.
func answered[T any](run connector.Run, body T, err error) (*answer[T], error) {
	if err != nil {
		return nil, passed(run, err)
	}
	return ok(body), nil
}

// Described is a connector's list of what can be configured.
type Described struct {
	Data []connector.Option `json:"data" nullable:"false"`
}

func (a *API) connectorCapabilities(ctx context.Context, c web.Caller, in *connectorIn) (*answer[map[string]bool], error) {
	about, run, err := a.about(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	body, err := about.Capabilities(ctx)
	return answered(run, body, err)
}

func (a *API) connectorOptions(ctx context.Context, c web.Caller, in *connectorIn) (*answer[Described], error) {
	about, run, err := a.about(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	list, err := about.Configuration(ctx)
	if list == nil {
		list = []connector.Option{}
	}
	return answered(run, Described{list}, err)
}

func (a *API) about(ctx context.Context, c web.Caller, id string) (connector.About, connector.Run, error) {
	run, err := a.running(ctx, c, id, nil, "", "")
	if err != nil {
		return nil, run, err
	}
	about, err := a.Runner.About(run)
	return about, run, err
}

// maxRunBody bounds the JSON of a call of a connector in bytes.
const maxRunBody = 256 << 10

// readRun reads the body of a hand-written operation, whose context is at values.
func readRun(r *http.Request, into any) error {
	raw, err := web.ReadJSON(r, maxRunBody)
	if err != nil {
		return err
	}
	return web.DecodeJSON(raw, into)
}

// serveFile answers what a connector downloads.
func serveFile(w http.ResponseWriter, r *http.Request, f *connector.File) error {
	defer f.Close()
	return web.ServeTenant(w, r, web.Blob{Name: f.Name, ContentType: plainType(f.ContentType), Size: f.Size,
		Open: func(offset, _ int64) (io.ReadCloser, error) {
			_, err := io.CopyN(io.Discard, f, offset)
			return f, err
		}})
}

// plainType is a media type without its parameters.
func plainType(t string) string {
	t, _, _ = strings.Cut(t, ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// runText is the description of all operations that run connectors.
const runText = "The connector's script runs in a process of this server that reaches nothing but the connector's `allowedDomains`, through the proxy and with its browser credential: " +
	"64 MB, 10 s of computing and 60 s in all are its limits. A `ConnectorHttpError` of the script is answered with its status; one of 401 with `X-GRAFX-UNAUTHORIZED`, as the proxy has it. " +
	"An exception, a method that is not there, or a limit is 422, and says what the script said; 409 is a connector of another type, or a disabled one; 429 and 503 say when to come back. " +
	"Every call has a new instance of the script's class: nothing is remembered from call to call.\n\n" +
	"The built-in connectors run no script, and need the scopes of what they show: `media:list`, `media:read`, `media:write`, `font:list`, `font:read`."

// runs documents an operation that runs a connector.
func runs(op huma.Operation) huma.Operation {
	op.Description = runText
	return op
}

// takesRun documents the body of a hand-written operation on connectors.
func takesRun(schema *huma.Schema, op huma.Operation) huma.Operation {
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	op.MaxBodyBytes = maxRunBody
	return op
}

// rawJSON is JSON as a script gave it.
type rawJSON struct{ json.RawMessage }

// Schema is what the OpenAPI document says of it.
func (rawJSON) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Nullable: true, AdditionalProperties: true, Description: "The row; null where there is none."}
}
