// Package environmentapi is the Environment API: what integrations and pages do in one
// environment with templates, projects, media, fonts and renders. routes.go is its
// index; each other file holds one resource.
package environmentapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/semaphore"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/web"
)

// Paths of the API. The older name of its version is an alias.
const (
	root    = "/grafx/api"
	base    = root + "/v1/environment/{environment}"
	current = root + "/v1/environment/"
	alias   = root + "/experimental/environment/"
)

// Limits of this API, as in docs/limits.md.
const (
	MaxVariableBytes = 10 << 20 // of the variables of one render request
	MaxVariableRows  = 10_000
	maxFontBody      = 512 << 20 // bytes of one upload of fonts
	maxInMemory      = 64 << 10  // bytes of a body that is read at once; larger ones go by way of the disk
	largeBodies      = 64 << 20  // bytes of larger bodies that are worked on at once
)

// Options are what the API works with.
type Options struct {
	Guard   web.Guard
	Store   *store.Store
	Asset   *asset.Service
	Output  *output.Service
	Preview *preview.Service
	Pages   web.PageTokens
	Version string // of the server
	Now     func() time.Time

	Connector *connector.Proxy
	Runner    *connector.Runner
	// Session returns the person who is signed in to the console in the browser, for the
	// sign-ins to connectors' upstreams; an error of kind Unauthorized if there is none.
	Session func(*http.Request) (tepin.User, error)
}

// API is the front door.
type API struct {
	Options
	web   *web.API
	large *semaphore.Weighted
}

// New returns the API with all its routes.
func New(o Options) *API {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &API{
		Options: o,
		web: web.NewAPI(o.Guard, huma.Info{
			Title:       "Tepin Environment API",
			Version:     "v1",
			Description: description,
		}),
		large: semaphore.NewWeighted(largeBodies),
	}
	a.register()
	if err := a.web.Swagger("/grafx/swagger"); err != nil {
		panic(err) // embedded files and our own types
	}
	return a
}

const description = "Templates, projects, media, fonts and renders of one environment.\n\n" +
	"Press *Authorize* and type the client id and secret of an integration, or paste an `access_token`. A token reaches the environment of its own integration alone; " +
	"each operation says which scope it needs.\n\n" +
	"Operations that need a person (tags, brand kits, output settings, user interfaces, settings, credentials of connectors) are refused to integrations. For them, somebody who has the role " +
	"signs in by `tepin login`, and `tepin token` prints the token to paste; or they sign in to an application that is registered in the environment."

// ServeHTTP answers requests below /grafx.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.web.ServeHTTP(w, unaliased(r))
}

// unaliased returns r with the API's older path as the current one.
func unaliased(r *http.Request) *http.Request {
	rest, ok := cutFold(r.URL.Path, alias)
	if !ok {
		return r
	}
	u := *r.URL
	u.Path = current + rest
	if raw, ok := cutFold(u.RawPath, alias); ok {
		u.RawPath = current + raw
	} else {
		u.RawPath = "" // it spells the alias in another way; the plain path counts
	}
	r2 := *r
	r2.URL = &u
	return &r2
}

// cutFold cuts a prefix in any case.
func cutFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// Routes returns the route table.
func (a *API) Routes() []web.Route { return a.web.Routes() }

// OpenAPI returns the API's document.
func (a *API) OpenAPI() ([]byte, error) { return a.web.OpenAPI() }
