package environmentapi

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
	"github.com/tepin/tepin/web"
)

// ConnectorSignIn is a sign-in that has begun.
type ConnectorSignIn struct {
	AuthorizationURL string `json:"authorizationUrl" doc:"Open it in a window of the person's browser, within ten minutes. Whoever is not signed in to Tepin there signs in first."`
	ExpiresIn        int    `json:"expiresIn" doc:"Seconds."`
}

func (a *API) beginConnectorSignIn(ctx context.Context, c web.Caller, in *connectorIn) (*answer[ConnectorSignIn], error) {
	v, err := a.connector(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	ticket, err := a.Connector.BeginSignIn(ctx, c.Actor, v)
	if err != nil {
		return nil, err
	}
	return ok(ConnectorSignIn{signInURL(c.BaseURL, c.Environment, v.ID, "start") + "?ticket=" + ticket, int(tepin.SignInTime.Seconds())}), nil
}

func (a *API) connectorSignOut(ctx context.Context, c web.Caller, in *connectorIn) (*empty, error) {
	v, err := a.connector(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return &empty{http.StatusNoContent}, a.Connector.SignOut(ctx, c.Actor, v)
}

// signInCookie is the name of the cookie that a browser brings back from the upstream. It
// has the prefix of S20 where the server is reached by HTTPS.
func signInCookie(base string) *http.Cookie {
	c := &http.Cookie{Name: "tepin-connector", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(tepin.SignInTime.Seconds())}
	if strings.HasPrefix(base, "https://") {
		c.Name, c.Secure = "__Host-"+c.Name, true
	}
	return c
}

// visitor is who is signed in to the console in a browser that comes to the sign-in of a
// connector, and the connector. Who is nothing in its environment finds none there, also
// who was something when the sign-in began.
func (a *API) visitor(r *http.Request) (tepin.User, tepin.Connector, tepin.Environment, error) {
	var v tepin.Connector
	env, ok := a.Guard.Directory.Environment(strings.ToLower(r.PathValue("environment")))
	if !ok || a.Session == nil {
		return tepin.User{}, v, env, tepin.Errorf(tepin.NotFound, "there is no such connector here")
	}
	u, err := a.Session(r)
	if err != nil {
		return u, v, env, err
	}
	if a.Guard.Directory.Roles(tepin.Actor{Kind: tepin.ActorUser, ID: string(u.ID), Administrator: u.Administrator}, env.ID) == 0 {
		return u, v, env, tepin.Errorf(tepin.NotFound, "there is no such connector here")
	}
	id, err := id[tepin.ConnectorID]("connector", r.PathValue("id"))
	if err == nil {
		v, err = a.Store.Connector(r.Context(), env.ID, id)
	}
	return u, v, env, err
}

// startConnectorSignIn sends a browser to the upstream. Whoever is not signed in here does
// that first: the sign-in must be that of the person who began it, or somebody else's
// account could be slipped in.
func (a *API) startConnectorSignIn(w http.ResponseWriter, r *http.Request) error {
	u, v, env, err := a.visitor(r)
	if tepin.KindOf(err) == tepin.Unauthorized {
		http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	base := web.BaseURL(r)
	address, secret, err := a.Connector.TakeUpSignIn(r.Context(), u.ID, v, r.URL.Query().Get("ticket"), signInURL(base, env, v.ID, "redirect"))
	if err != nil {
		return err
	}
	cookie := signInCookie(base)
	cookie.Value = secret
	http.SetCookie(w, cookie)
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// finishConnectorSignIn is where the upstream sends the browser back to.
func (a *API) finishConnectorSignIn(w http.ResponseWriter, r *http.Request) error {
	u, v, env, err := a.visitor(r)
	if err != nil {
		return err
	}
	base, query := web.BaseURL(r), r.URL.Query()
	back := connector.Callback{State: query.Get("state"), Code: query.Get("code"), Error: query.Get("error"), RedirectURI: signInURL(base, env, v.ID, "redirect")}
	cookie := signInCookie(base)
	if c, err := r.Cookie(cookie.Name); err == nil {
		back.Cookie = c.Value
	}
	cookie.MaxAge = -1
	http.SetCookie(w, cookie)
	actor := tepin.Actor{Kind: tepin.ActorUser, ID: string(u.ID), Name: u.Name, EnvironmentID: env.ID}
	if err := a.Connector.FinishSignIn(r.Context(), actor, v, back); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	_, err = fmt.Fprintf(w, "<!doctype html><html lang=en><meta charset=utf-8><title>Signed in</title><h1>You are signed in to %s</h1><p>Close this window and go on where you were.</p></html>\n", html.EscapeString(v.Name))
	return err
}

// givesPage documents an answer for a browser.
func givesPage(status int, op huma.Operation) huma.Operation {
	return answers(status, map[string]*huma.MediaType{"text/html": {Schema: &huma.Schema{Type: "string"}}}, paths(op))
}
