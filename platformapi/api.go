// Package platformapi is the Platform API: subscriptions, environments, their
// integrations and their usage. An integration's token reads its own environment;
// changes need somebody who administers it, by console session or by token. routes.go is its index.
package platformapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/quota"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/web"
)

// Options are what the API works with.
type Options struct {
	Store      *store.Store
	Access     *access.Directory
	Credential *credential.Service
	Quota      *quota.Counter
	Keyring    *access.Keyring
	// Session returns the person of the console's session cookie and its CSRF token.
	Session func(*http.Request) (u tepin.User, csrf string, err error)
	Version string // of the server
	Now     func() time.Time
}

// API is the front door: everything below /api and its Swagger page below /swagger.
type API struct {
	o   Options
	web *web.API
}

const description = "Subscriptions, environments, integrations and usage.\n\n" +
	"Press *Authorize* and type the client id and secret of an integration, or paste its `access_token` as **bearer**: it reads its own environment.\n\n" +
	"Changes need an administrator: sign in to the console of this server, leave **bearer** empty, " +
	"and give the `csrfToken` of `GET /api/v1/session` as **session**; or give as **bearer** what `tepin login` and `tepin token` print."

// New returns the API with all its routes.
func New(o Options) *API {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &API{o: o}
	a.web = web.NewAPI(web.Guard{Directory: o.Access, Session: o.Session, Quota: o.Quota.Take},
		huma.Info{Title: "Tepin Platform API", Version: "v1", Description: description})
	a.register()
	if err := a.web.Swagger("/swagger"); err != nil {
		panic(err) // embedded files and our own types
	}
	return a
}

// ServeHTTP answers requests below /api and /swagger.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.web.ServeHTTP(w, r) }

// Routes returns the route table.
func (a *API) Routes() []web.Route { return a.web.Routes() }

// OpenAPI returns the API's document.
func (a *API) OpenAPI() ([]byte, error) { return a.web.OpenAPI() }

// visible returns the environments that the caller may see: those that a person has a
// role in, by session or by a token for the whole installation; else the token's own.
func (a *API) visible(ctx context.Context, c web.Caller) ([]tepin.Environment, error) {
	if c.Actor.Kind == tepin.ActorUser && (c.Actor.Reach == "" || c.Actor.Reach == tepin.ReachInstallation) {
		all, err := everyPage(func(l tepin.List) (tepin.Page[tepin.Environment], error) { return a.o.Store.Environments(ctx, l) })
		return slices.DeleteFunc(all, func(e tepin.Environment) bool { return a.o.Access.Roles(c.Actor, e.ID) == 0 }), err
	}
	own, ok := a.o.Access.Environment(string(c.Actor.EnvironmentID))
	if !ok {
		return nil, nil
	}
	return []tepin.Environment{own}, nil
}

// everyPage walks a list to its end. These lists are as long as an organization has
// environments, or an environment integrations.
func everyPage[T any](list func(tepin.List) (tepin.Page[T], error)) ([]T, error) {
	var all []T
	l := tepin.List{Limit: tepin.MaxLimit}
	for {
		page, err := list(l)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == nil {
			return all, nil
		}
		l.After = page.Next
	}
}
