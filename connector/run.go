package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/script"
	"github.com/tepin/tepin/store"
)

// Runner calls the methods of connectors: scripts in their workers, and what is built in
// natively. Both answer as [Media] and [Fonts].
type Runner struct {
	Store   *store.Store
	Proxy   *Proxy
	Pool    *script.Pool
	Own     Own
	Log     *slog.Logger
	Version string // runtime.sdkVersion
}

// Run is for whom, and with what, a connector works.
type Run struct {
	Connector tepin.Connector
	Usage     tepin.AuthUsage // whose credential its requests carry
	By        tepin.Actor
	From      netip.Addr     // of the client; zero = nobody's
	PublicURL string         // of this server
	Context   map[string]any // configuration values: strings, numbers and booleans
}

// Refusal is the cause of the error of a script that threw a ConnectorHttpError, with the
// status that its upstream answered.
type Refusal struct{ Status int }

func (r *Refusal) Error() string { return fmt.Sprintf("the upstream answered %d", r.Status) }

// scripted calls the methods of a script.
type scripted struct {
	*Runner
	Run
}

// call calls a method and reads its answer into v. The session knows the files that the
// answer may name; the caller closes it.
func (s scripted) call(ctx context.Context, method string, v any, args ...any) (*session, error) {
	fetches := &session{scripted: s, ctx: ctx, files: map[string]*File{}}
	raw, err := s.Pool.Call(ctx, script.Call{
		Key:    script.Key{Environment: s.Connector.EnvironmentID, Program: fmt.Sprintf("%s@%d", s.Connector.ID, s.Connector.Version)},
		Load:   s.load,
		Method: method, Args: args,
		Fetch: fetches.fetch,
		Log: func(line string) {
			s.Log.Debug("a connector's script says", "environment", s.Connector.EnvironmentID, "connector", s.Connector.ID, "line", line)
		},
	})
	if err == nil {
		if err = json.Unmarshal(raw, v); err != nil {
			err = &tepin.Error{Kind: tepin.Unprocessable, Message: fmt.Sprintf("the connector's script answered %s with something else than its interface has", method), Cause: err}
		}
	}
	if err != nil {
		fetches.close()
		return nil, refused(method, err)
	}
	return fetches, nil
}

// run calls a method whose answer names no file.
func (s scripted) run(ctx context.Context, method string, v any, args ...any) error {
	fetches, err := s.call(ctx, method, v, args...)
	if err == nil {
		fetches.close()
	}
	return err
}

func (s scripted) load(ctx context.Context) (script.Program, error) {
	source, err := s.Store.ConnectorScript(ctx, s.Connector.EnvironmentID, s.Connector.ID)
	return script.Program{Source: source, Options: s.Connector.Options, Version: s.Version}, err
}

// context is the last argument of all methods: the connector's options, and over them what
// the caller configures.
func (r Run) context() map[string]any {
	all := map[string]any{}
	_ = json.Unmarshal(r.Connector.Options, &all) // it was checked when it was stored
	maps.Copy(all, r.Context)
	return all
}

// kinds are the kinds of the statuses that scripts pass on.
var kinds = map[int]tepin.Kind{
	400: tepin.Invalid, 401: tepin.Unauthorized, 403: tepin.Forbidden, 404: tepin.NotFound, 409: tepin.Conflict, 410: tepin.Gone,
	412: tepin.Stale, 413: tepin.TooLarge, 415: tepin.Unsupported, 429: tepin.TooMany,
}

// refused turns a script's failure into a refusal.
func refused(method string, err error) error {
	f, ok := errors.AsType[*script.Failure](err)
	if !ok {
		return err
	}
	e := &tepin.Error{Kind: tepin.Unprocessable, Cause: err}
	switch f.Kind {
	case script.HTTP:
		e.Cause = &Refusal{f.Status}
		e.Message = fmt.Sprintf("the connector was refused by its upstream, with status %d: %s", f.Status, f.Message)
		if kind, ok := kinds[f.Status]; ok {
			e.Kind = kind
		} else if f.Status >= 500 && f.Status < 600 {
			e.Kind = tepin.Unavailable
		}
	case script.Absent:
		e.Message = fmt.Sprintf("this connector has no %s", method)
	default:
		e.Message = fmt.Sprintf("the connector's script failed in %s: %s", method, f)
	}
	return e
}

// usable refuses a connector that is disabled, or of another type than is needed.
func (r Run) usable(of tepin.ConnectorType) error {
	switch {
	case r.Connector.Type != of:
		return tepin.Errorf(tepin.Conflict, "this is a connector for %s, not for %s", r.Connector.Type, of)
	case !r.Connector.Enabled:
		return tepin.Errorf(tepin.Conflict, "the connector is disabled; enable it to use it")
	}
	return nil
}
