// Package console is where people manage the installation in a browser: sign-in,
// environments, their integrations with secrets and permissions, settings and
// output tasks.
//
// Every address renders a whole page from page/*.html, and every form is a plain
// form: without JavaScript it works. With it, htmx replaces the part of the page
// with the id "view" by the same part of the answer.
package console

import (
	"errors"
	"html/template"
	"math"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tepin/tepin"
	"golang.org/x/sync/semaphore"

	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/web"
)

// maxForm bounds the body of a form, in bytes.
const maxForm = 64 << 10

// maxDocuments is how many documents that people upload are read at once.
const maxDocuments = 3

// Options of the console. All but Suggested and Now are required.
type Options struct {
	Store      *store.Store
	Access     *access.Directory
	Credential *credential.Service
	People     *grant.People
	Asset      *asset.Service
	Output     *output.Service
	Preview    *preview.Service
	Pages      web.PageTokens
	Suggested  string           // e-mail address that set-up proposes for the first administrator
	Now        func() time.Time // nil = time.Now
}

// Console serves the pages.
type Console struct {
	store      *store.Store
	access     *access.Directory
	credential *credential.Service
	people     *grant.People
	files      *asset.Service
	output     *output.Service
	preview    *preview.Service
	tokens     web.PageTokens
	documents  *semaphore.Weighted // how many documents are in memory at once
	suggested  string
	now        func() time.Time
	version    string // of the static files
	pages      map[string]*template.Template
	mux        *http.ServeMux
}

// New returns the console.
func New(o Options) *Console {
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Console{store: o.Store, access: o.Access, credential: o.Credential, people: o.People, files: o.Asset, output: o.Output, preview: o.Preview, tokens: o.Pages, documents: semaphore.NewWeighted(maxDocuments),
		suggested: o.Suggested, now: o.Now, version: assetVersion(), mux: http.NewServeMux()}
	c.pages = c.parse()
	for _, rt := range c.routes() {
		c.mux.Handle(rt.pattern, c.handle(rt))
	}
	return c
}

// need is whom a route is for: people who are one of the roles, in the environment of its
// path ({environment}) or the subscription ({subscription}), or anywhere if it names
// neither. Administrators of the installation may everything.
type need struct {
	public bool // anybody, signed in or not
	roles  tepin.Roles
}

var (
	public    = need{public: true}
	anybody   = need{roles: tepin.AnyRole}                           // who is signed in, and is anything there
	staff     = need{roles: tepin.Staff}                             // managers and template designers
	designers = need{roles: tepin.Designers}                         // template designers
	managers  = need{roles: tepin.Administrators}                    // environment and subscription administrators
	owners    = need{roles: tepin.NewRoles(tepin.SubscriptionAdmin)} // subscription administrators
)

// route is one line of the console's index.
type route struct {
	pattern string
	need    need
	serve   func(*visit) error
}

// routes are all of them.
func (c *Console) routes() []route {
	list := slices.Concat(c.mainRoutes(), c.templateRoutes(), c.fontRoutes(), c.connectorRoutes(), c.taskRoutes())
	for _, s := range c.shelves() {
		list = append(list, c.routesOf(s)...)
	}
	return list
}

// mainRoutes are those that are not about the content of an environment.
func (c *Console) mainRoutes() []route {
	const sub = "/subscriptions/{subscription}"
	const env, integration = "/environments/{environment}", "/environments/{environment}/integrations/{integration}"
	return []route{
		{"GET /assets/{version}/{file}", public, c.asset},
		{"GET /favicon.ico", public, c.favicon},
		{"GET /login", public, c.showLogin},
		{"POST /login", public, c.login},
		{"GET /setup", public, c.showSetup},
		{"POST /setup", public, c.setup},
		{"POST /logout", public, c.logout},
		{"GET /join", public, c.showJoin},
		{"POST /join", public, c.join},
		{"GET /password", public, c.showNewPassword},
		{"POST /password", public, c.newPassword},
		{"GET /account", anybody, c.showAccount},
		{"POST /account/password", anybody, c.changePassword},
		{"POST /account/logins/{login}/end", anybody, c.endLogin},

		{"GET /device", anybody, c.showDevice},
		{"POST /device", anybody, c.decideDevice},
		{"GET /authorize", public, c.showAuthorize}, // what is wrong is told before anybody signs in
		{"POST /authorize", anybody, c.authorize},

		{"GET /people", owners, c.firstSubscription("people", owners)},
		{"GET /usage", managers, c.firstSubscription("usage", managers)},
		{"GET " + sub + "/usage", managers, c.showUsage},
		{"GET " + sub + "/people", owners, c.showPeople},
		{"POST " + sub + "/people", owners, c.invite},
		{"GET " + sub + "/people/new", owners, c.newPerson},
		{"GET " + sub + "/people/{person}", owners, c.showPerson},
		{"POST " + sub + "/people/{person}", owners, c.savePerson},
		{"POST " + sub + "/people/{person}/link", owners, c.personLink},
		{"GET " + sub + "/people/{person}/delete", owners, c.confirmPerson},
		{"POST " + sub + "/people/{person}/delete", owners, c.deletePerson},
		{"GET " + sub + "/groups", owners, c.showGroups},
		{"POST " + sub + "/groups", owners, c.createGroup},
		{"GET " + sub + "/groups/{group}", owners, c.showGroup},
		{"POST " + sub + "/groups/{group}", owners, c.saveGroup},
		{"POST " + sub + "/groups/{group}/members", owners, c.joinGroup},
		{"POST " + sub + "/groups/{group}/members/{person}/leave", owners, c.leaveGroup},
		{"POST " + sub + "/groups/{group}/delete", owners, c.deleteGroup},

		{"POST " + sub + "/deleted-environments/{id}/restore", owners, c.restoreEnvironment},

		{"GET /{$}", anybody, c.environments},
		{"GET /environments", anybody, c.environments},
		{"POST /environments", owners, c.createEnvironment},
		{"GET /environments/new", owners, c.newEnvironment},
		{"GET " + env, anybody, c.overview},
		{"GET " + env + "/integrations", managers, c.integrations},
		{"POST " + env + "/integrations", managers, c.createIntegration},
		{"GET " + env + "/integrations/new", managers, c.newIntegration},
		{"GET " + env + "/usage", managers, c.showEnvironmentUsage},
		{"GET " + env + "/people", managers, c.showEnvironmentPeople},
		{"POST " + env + "/people", managers, c.addEnvironmentPerson},
		{"POST " + env + "/people/{person}", managers, c.saveEnvironmentPerson},
		{"GET " + env + "/deleted", staff, c.deleted},
		{"POST " + env + "/deleted/{kind}/{id}", staff, c.restore},
		{"GET " + env + "/activity", managers, c.showActivity},
		{"POST " + env + "/block", managers, c.block},
		{"GET " + env + "/settings", managers, c.settings},
		{"POST " + env + "/settings", managers, c.saveSettings},
		{"POST " + env + "/limits", managers, c.saveEnvironmentLimits},
		{"POST " + env + "/editor", managers, c.saveEditor},
		{"GET " + env + "/delete", owners, c.confirmEnvironment},
		{"POST " + env + "/delete", owners, c.deleteEnvironment},

		{"GET " + integration, managers, c.general},
		{"POST " + integration, managers, c.saveGeneral},
		{"GET " + integration + "/limits", managers, c.showLimits},
		{"POST " + integration + "/limits", managers, c.saveLimits},
		{"GET " + integration + "/activity", managers, c.showIntegrationActivity},
		{"POST " + integration + "/reach", managers, c.saveReach},
		{"GET " + integration + "/permissions", managers, c.permissions},
		{"POST " + integration + "/permissions", managers, c.savePermissions},
		{"GET " + integration + "/secrets/new", managers, c.askNewSecret},
		{"POST " + integration + "/secrets", managers, c.addSecret},
		{"GET " + integration + "/rotate", managers, c.askRotate},
		{"POST " + integration + "/rotate", managers, c.rotate},
		{"GET " + integration + "/revoke", managers, c.confirmRevoke},
		{"POST " + integration + "/revoke", managers, c.revoke},
		{"GET " + integration + "/disable", managers, c.confirmDisable},
		{"POST " + integration + "/state", managers, c.setState},
		{"GET " + integration + "/delete", managers, c.confirmDelete},
		{"POST " + integration + "/delete", managers, c.delete},
		{"GET " + integration + "/secrets/{secret}/delete", managers, c.confirmSecret},
		{"POST " + integration + "/secrets/{secret}/delete", managers, c.deleteSecret},
		{"GET " + integration + "/secrets/{secret}/cancel", managers, c.confirmCancel},
		{"POST " + integration + "/secrets/{secret}/cancel", managers, c.cancelRotation},
		{"GET " + integration + "/secrets/{secret}/complete", managers, c.confirmComplete},
		{"POST " + integration + "/secrets/{secret}/complete", managers, c.completeRotation},
		{"GET " + integration + "/trusts/new", managers, c.newTrust},
		{"POST " + integration + "/trusts", managers, c.addTrust},
		{"GET " + integration + "/trusts/{trust}/delete", managers, c.confirmTrust},
		{"POST " + integration + "/trusts/{trust}/delete", managers, c.deleteTrust},
		{"GET /", public, c.lost},
	}
}

// ServeHTTP answers a request for a page of the console.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.mux.ServeHTTP(w, r) }

// visit is one request, by a person who may have signed in.
type visit struct {
	w     http.ResponseWriter
	r     *http.Request
	user  tepin.User
	actor tepin.Actor
	roles tepin.Roles // what the person is where the path leads
	csrf  string
	env   tepin.Environment // that the page is about, once it is known
	files *multipart.Reader // what is left of a form that brings files
}

// handle lets a request through to its route, or shows why not.
func (c *Console) handle(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		v := &visit{w: w, r: r}
		err := c.admit(v, rt.need)
		if err == nil {
			err = rt.serve(v)
		}
		if err != nil {
			c.fail(v, err)
		}
	})
}

// setHeaders sets what every answer of the console carries (S20).
func setHeaders(h http.Header) {
	setPolicy(h, "")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
}

// setPolicy sets the policy for content. Forms may go to this site, and lead to further
// sources, each with a space before it.
func setPolicy(h http.Header, further string) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'"+further+"; base-uri 'none'; frame-ancestors 'none'")
}

// fail answers with the page of an error; somebody who is not signed in goes to the
// sign-in page and comes back.
func (c *Console) fail(v *visit, err error) {
	if tepin.KindOf(err) == tepin.Unauthorized {
		v.redirect("/login?next=" + v.here()) // the way in, and no error
		return
	}
	if v.byScript() {
		web.WriteProblem(v.w, v.r, err)
		return
	}
	web.LogError(v.r, err)
	status := web.Status(err)
	v.retryAfter(err)
	data := errorPage{Status: status, Title: http.StatusText(status), Message: sentence(message(err)), RequestID: web.RequestID(v.r)}
	if err := c.render(v, status, "error", data.Title, data); err != nil {
		web.WriteProblem(v.w, v.r, err)
	}
}

// retryAfter sets the header of that name when err says when to try again.
func (v *visit) retryAfter(err error) {
	if e, ok := errors.AsType[*tepin.Error](err); ok && e.RetryAfter > 0 {
		v.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
}

// errorPage is what error.html shows.
type errorPage struct {
	Status    int
	Title     string
	Message   string
	RequestID string
}

// lost answers addresses that do not exist.
func (c *Console) lost(*visit) error {
	return tepin.Errorf(tepin.NotFound, "There is no page at this address.")
}

// message is the text of err that may be shown.
func message(err error) string {
	if e, ok := errors.AsType[*tepin.Error](err); ok && e.Kind != tepin.Internal {
		return e.Message
	}
	return "Something went wrong on our side. The operator finds the cause in the log under the id below."
}
