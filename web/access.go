package web

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
)

// Access says who may call a route. Exactly what is named is let in; a route that
// names nothing cannot be registered.
type Access struct {
	Public        bool        // anybody, without a token
	AnyToken      bool        // every valid token (of the environment in the path, if there is one)
	NoPage        bool        // with AnyToken: but none that is bound to a page, whose visitors would all learn it
	Scope         tepin.Scope // tokens with this scope
	Administrator bool        // an administrator's console session, or token for the whole installation; with AnyToken or Scope: also
	Person        bool        // tokens of people with the scope openid, whatever else they reach
	// Roles lets in tokens of people who are one of these: in the environment of the path, in
	// its subscription ({subscriptionId}), or anywhere if it names neither. With
	// Administrator, these too must be sessions or tokens for the whole installation; with
	// AnyToken and Administrator, people must be one of these whatever their token reaches.
	Roles     tepin.Roles
	Connector bool // with AnyToken or Roles: also tokens that reach connectors alone (S26)
}

// declared reports whether the route table said anything, and not two things.
func (a Access) declared() bool {
	tokens := a.AnyToken || a.Scope != ""
	return a.Public != (tokens || a.Administrator || a.Person || a.Roles != 0) && !(tokens && a.Roles != 0 && !(a.AnyToken && a.Administrator)) && !(a.AnyToken && a.Scope != "") &&
		(a.AnyToken || !a.NoPage) && (a.AnyToken || a.Roles != 0 || !a.Connector)
}

// String is the access in words, for documents and tests.
func (a Access) String() string {
	var who []string
	switch {
	case a.Public:
		who = append(who, "public")
	case a.Scope != "":
		who = append(who, "scope "+string(a.Scope))
	case a.NoPage:
		who = append(who, "any token of the environment that is not bound to a page")
	case a.AnyToken:
		who = append(who, "any token of the environment")
	}
	if a.Administrator && a.Roles == tepin.AnyRole {
		who = append(who, "the session or token of anybody who has a role")
	} else if a.Administrator && a.Roles != 0 {
		who = append(who, "the session or token of somebody who is "+a.Roles.String())
	} else if a.Administrator {
		who = append(who, "an administrator's session or token")
	}
	if a.Person {
		who = append(who, "any token of a person, with the scope openid")
	}
	if a.Roles != 0 && !a.Administrator {
		who = append(who, "a token of a person who is "+a.Roles.String())
	}
	return strings.Join(who, " or ")
}

// Route is one line of a door's route table.
type Route struct {
	Method  string
	Path    string // in the syntax of [http.ServeMux], without method and host
	Access  Access
	Handler Handler // nil in the tables of an [API], which registers by itself
}

// Pattern is the route as [http.ServeMux] takes it.
func (rt Route) Pattern() string { return rt.Method + " " + rt.Path }

// Mount adds public routes to mux. Others need a [Guard].
func Mount(mux *http.ServeMux, routes []Route) {
	for _, rt := range routes {
		if !rt.Access.Public {
			panic("web: route " + rt.Pattern() + " is not public and has no guard")
		}
	}
	Guard{}.Mount(mux, routes)
}

// Mount adds routes to mux, each behind the guard.
func (g Guard) Mount(mux *http.ServeMux, routes []Route) {
	for _, rt := range routes {
		mux.Handle(rt.Pattern(), g.Wrap(rt, rt.Handler))
	}
}

// Caller is what a handler knows of its request once it has been let through.
type Caller struct {
	Actor       tepin.Actor       // zero on public routes
	Environment tepin.Environment // of the path segment {environment}; zero where there is none
	BaseURL     string            // for absolute links
	Addr        netip.Addr
	Request     *http.Request // headers, query; the body is not to be read beside huma
}

// CallerOf returns the caller that [Guard] let through.
func CallerOf(ctx context.Context) Caller { return exchangeOf(ctx).caller }

// Guard enforces [Access] in the order of S15, before the body is read.
type Guard struct {
	Directory *access.Directory
	// Session returns the person of the console's session cookie and the session's CSRF
	// token, or an error of kind Unauthorized. It is asked on routes for administrators
	// alone, and only when there is no Authorization header; nil = tokens alone count.
	Session func(*http.Request) (u tepin.User, csrf string, err error)
	// Quota counts a request by an integration, or refuses it with TooMany; nil = nothing
	// is counted.
	Quota func(tepin.Actor, tepin.Use) ([]tepin.Standing, error)
}

// Wrap lets through to h whom rt.Access names. The environment is the path value
// "environment", by id or technical name in any case.
func (g Guard) Wrap(rt Route, h http.Handler) http.Handler {
	if !rt.Access.declared() {
		panic("web: route " + rt.Pattern() + " declares no access, or two")
	}
	place := placeOf(rt.Path)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, r := withExchange(r)
		x.route = rt.Path
		x.caller = Caller{BaseURL: BaseURL(r), Addr: ClientAddr(r), Request: r}
		if !rt.Access.Public {
			err := g.admit(w, r, rt.Access, place, &x.caller)
			if err == nil {
				err = g.checkBrowser(w.Header(), r, x.caller)
			}
			if err == nil {
				err = g.count(w, r, x.caller.Actor)
			}
			if err != nil {
				WriteProblem(w, r, err)
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}

// place is what a route's path names.
type place int

const (
	nowhere        place = iota
	inEnvironment        // {environment}
	inSubscription       // {subscriptionId}
)

func placeOf(path string) place {
	switch {
	case strings.Contains(path, "{environment}"):
		return inEnvironment
	case strings.Contains(path, "{subscriptionId}"):
		return inSubscription
	}
	return nowhere
}

// locate finds what the path names, and what a person is there. What a caller has no
// part in is not there.
func (g Guard) locate(r *http.Request, at place, c *Caller) error {
	far := c.Actor.Reach == "" || c.Actor.Reach == tepin.ReachInstallation // of a person
	person := c.Actor.Kind == tepin.ActorUser
	switch at {
	case nowhere:
		if person && !far {
			c.Actor.Roles = g.Directory.Roles(c.Actor, c.Actor.EnvironmentID)
		} else {
			c.Actor.Roles = g.Directory.RolesAnywhere(c.Actor)
		}
	case inSubscription:
		id := tepin.SubscriptionID(strings.ToLower(r.PathValue("subscriptionId")))
		c.Actor.Roles = g.Directory.SubscriptionRoles(c.Actor, id)
		own, _ := g.Directory.Environment(string(c.Actor.EnvironmentID))
		if !g.Directory.HasSubscription(id) || person && c.Actor.Roles == 0 || !(person && far) && own.SubscriptionID != id {
			return tepin.Errorf(tepin.NotFound, "there is no such subscription for this caller; GET /api/v1/subscriptions lists them")
		}
	case inEnvironment:
		env, ok := g.Directory.Environment(strings.ToLower(r.PathValue("environment")))
		if ok {
			c.Actor.Roles = g.Directory.Roles(c.Actor, env.ID)
		}
		if person && far && (!ok || c.Actor.Roles == 0) {
			return tepin.Errorf(tepin.NotFound, "there is no such environment; name one by its technical name or its id")
		}
		if !ok || person && c.Actor.Roles == 0 || !(person && far) && env.ID != c.Actor.EnvironmentID {
			return tepin.Errorf(tepin.NotFound, "there is no such environment for this token; a token reaches the environment of its own integration alone")
		}
		c.Environment = env
	}
	return nil
}

// admit fills c: 401, then 404 for the environment or the subscription, then 403 for
// scope or role.
func (g Guard) admit(w http.ResponseWriter, r *http.Request, a Access, at place, c *Caller) error {
	var csrf string
	var err error
	c.Actor, csrf, err = g.identify(r, a)
	if exchangeOf(r.Context()).dpop {
		w.Header().Set("DPoP-Nonce", g.Directory.Nonce()) // for the next proof
	}
	if err != nil {
		return err
	}
	SetActor(r, c.Actor)
	if c.Actor.Kind == tepin.ActorUser && c.Actor.Reach == "" {
		withoutCORS(w.Header())
	}
	if err := g.locate(r, at, c); err != nil {
		return err
	}
	switch {
	case c.Actor.Kind == tepin.ActorUser && c.Actor.Reach == "":
		if !c.Actor.Administrator && !a.lets(c.Actor.Roles) {
			return a.lacking()
		}
		return CheckSameOrigin(r, csrf)
	case c.Actor.Kind == tepin.ActorUser:
		return admitPerson(c.Actor, a)
	case a.NoPage && c.Actor.Origin != "":
		return tepin.Errorf(tepin.Forbidden, "this call is for back ends: a token that is bound to a page reaches the content of its environment alone")
	case a.AnyToken:
		return nil
	case a.Person && a.Scope == "":
		return tepin.Errorf(tepin.Forbidden, "this call is about a person, and the token is an integration's; use the token of somebody who has signed in")
	case a.Roles != 0 && !a.Administrator:
		return tepin.Errorf(tepin.Forbidden, "this call needs a person who is %s: access tokens of integrations cannot make it; sign such a person in by `tepin login` and use what `tepin token` prints, or the token of an application that they have signed in to", a.Roles)
	case a.Scope == "":
		return tepin.Errorf(tepin.Forbidden, "this call needs an administrator, signed in to the console or by `tepin login`; access tokens of integrations cannot make it")
	case !c.Actor.Scopes.Has(a.Scope):
		return MissingScope(c.Actor, a.Scope)
	}
	return nil
}

// checkBrowser refuses what the browser guard and a token's page do not allow.
func (g Guard) checkBrowser(h http.Header, r *http.Request, c Caller) error {
	if err := checkPage(h, r, c.Actor); err != nil {
		return err
	}
	mode := c.Environment.BrowserGuard
	if c.Environment.ID == "" {
		own, _ := g.Directory.Environment(string(c.Actor.EnvironmentID))
		mode = own.BrowserGuard
	}
	return GuardBrowser(g.Directory, r, mode, c.Actor)
}

// admitPerson lets a person's token through as far as its application reaches.
func admitPerson(actor tepin.Actor, a Access) error {
	switch {
	case a.Person && actor.Identity.Has(tepin.OpenID):
		return nil
	case a.Person:
		return missingOpenID()
	case a.Administrator && actor.Administrator:
		return nil
	case a.Administrator && (actor.Reach == tepin.ReachInstallation || a.AnyToken && a.Roles != 0 && actor.Reach == tepin.ReachEnvironment):
		if !a.lets(actor.Roles) {
			return a.lacking()
		}
		return nil
	case actor.Reach == tepin.ReachIdentity && !a.Connector:
		return tepin.Errorf(tepin.Forbidden, "the token says who you are, and opens connectors and nothing else; use one of an integration, or sign in by `tepin login`")
	case !a.Administrator && a.Roles != 0 && actor.Roles.Any(a.Roles), a.Roles == 0 && a.Connector:
		return nil
	case !a.Administrator && a.Roles != 0:
		return tepin.Errorf(tepin.Forbidden, "this call needs somebody who is %s in this environment; ask an administrator for the role", a.Roles)
	case a.AnyToken:
		return nil
	case actor.Reach == tepin.ReachEnvironment && a.Scope != "":
		if !actor.Scopes.Has(a.Scope) {
			return MissingScope(actor, a.Scope)
		}
		return nil
	case actor.Reach == tepin.ReachEnvironment:
		return tepin.Errorf(tepin.Forbidden, "this call needs an administrator, signed in to the console or by `tepin login`; the tokens of applications reach the content of their environment alone")
	}
	return tepin.Errorf(tepin.Forbidden, "this call is about the content of an environment; use the token of one of its integrations, or of an application that is registered in it")
}

// lets reports whether the route is for people of these roles who come by session or by
// a token for the whole installation.
func (a Access) lets(roles tepin.Roles) bool {
	return roles.Any(a.Roles) || a.Roles == 0 && a.AnyToken && roles != 0
}

// lacking refuses a person who may not call the route.
func (a Access) lacking() error {
	if a.Roles == 0 {
		return tepin.Errorf(tepin.Forbidden, "this call needs an administrator of the installation; ask one to make it")
	}
	return tepin.Errorf(tepin.Forbidden, "this call needs somebody who is %s; ask an administrator to make it, or for the role", a.Roles)
}

// count takes the request from the quotas of its actor.
func (g Guard) count(w http.ResponseWriter, r *http.Request, by tepin.Actor) error {
	if g.Quota == nil {
		return nil
	}
	list, err := g.Quota(by, tepin.UseRequests)
	if err == nil {
		ShowQuotas(w, r, list)
	}
	return err
}

// identify finds out who calls: by bearer token, or on routes for administrators by
// the console's session, whose CSRF token it then returns too.
func (g Guard) identify(r *http.Request, a Access) (tepin.Actor, string, error) {
	if !a.Administrator || g.Session == nil || r.Header.Get("Authorization") != "" {
		actor, err := Authorize(g.Directory, r)
		return actor, "", err
	}
	u, csrf, err := g.Session(r)
	switch {
	case tepin.KindOf(err) == tepin.Unauthorized && !a.AnyToken && a.Scope == "":
		return tepin.Actor{}, "", &tepin.Error{Kind: tepin.Unauthorized, Cause: errNoToken,
			Message: "this call needs an administrator who is signed in to the console of this server; sign in there, and send the session's token as X-CSRF-Token"}
	case tepin.KindOf(err) == tepin.Unauthorized:
		return tepin.Actor{}, "", noToken()
	case err != nil:
		return tepin.Actor{}, "", err
	}
	if err := g.Directory.Known(); err != nil && !u.Administrator {
		return tepin.Actor{}, "", err
	}
	name := u.Name
	if name == "" {
		name = u.Email
	}
	return tepin.Actor{Kind: tepin.ActorUser, ID: string(u.ID), Name: name, Administrator: u.Administrator}, csrf, nil
}

// Authorize returns who presents the access token of the Authorization header, and looks
// nowhere else: not at cookies, not at the query. Its scheme is Bearer, or DPoP with a
// proof (RFC 9449 §7.1).
func Authorize(dir *access.Directory, r *http.Request) (tepin.Actor, error) {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return tepin.Actor{}, noToken()
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	proved := strings.EqualFold(scheme, "DPoP")
	if proved {
		exchangeOf(r.Context()).dpop = true
	}
	if token = strings.TrimSpace(token); len(values) > 1 || !proved && !strings.EqualFold(scheme, "Bearer") || token == "" || strings.Contains(token, " ") {
		return tepin.Actor{}, tepin.Errorf(tepin.Unauthorized, "the Authorization header is not one \"Bearer TOKEN\", or \"DPoP TOKEN\"; send the access_token of /oauth/token in it")
	}
	by := access.Presenter{From: ClientAddr(r)}
	var err error
	if by.Held, err = held(r); err != nil {
		return tepin.Actor{}, err
	}
	if proved {
		return dir.Bound(token, r.Header["Dpop"], Target(r), by)
	}
	return dir.Bearer(token, by)
}

func noToken() error {
	return &tepin.Error{Kind: tepin.Unauthorized, Cause: errNoToken,
		Message: "this call needs an access token; get one from /oauth/token and send it as \"Authorization: Bearer TOKEN\""}
}

// CheckSameOrigin refuses a request with a session cookie that one of our own pages
// did not make (S20): unsafe methods need Sec-Fetch-Site same-origin, or, where the
// browser does not send that, an Origin that is ours, and the session's CSRF token
// in the header X-CSRF-Token.
func CheckSameOrigin(r *http.Request, csrf string) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	if err := CheckOrigin(r); err != nil {
		return err
	}
	if !equalSecrets(r.Header.Get("X-CSRF-Token"), csrf) {
		return tepin.Errorf(tepin.Forbidden, "the header X-CSRF-Token is missing or not the one of this session; reload the page")
	}
	return nil
}

// CheckOrigin is the part of [CheckSameOrigin] that needs no session.
func CheckOrigin(r *http.Request) error {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		if site == "same-origin" {
			return nil
		}
	} else if origin, err := url.Parse(r.Header.Get("Origin")); err == nil && origin.Host != "" {
		if base, err := url.Parse(BaseURL(r)); err == nil && strings.EqualFold(origin.Scheme, base.Scheme) && strings.EqualFold(origin.Host, base.Host) {
			return nil
		}
	}
	return tepin.Errorf(tepin.Forbidden, "this request was not made by a page of this server")
}
