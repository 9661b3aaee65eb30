package console

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/web"
)

// authorizePage is what authorize.html shows.
type authorizePage struct {
	Form        form
	Request     grant.AuthorizationRequest
	Environment tepin.Environment
	Roles       tepin.Roles  // of the person, in it
	Action      template.URL // this page with its query: the form is the request, answered
	Back        string       // the host that the person is sent back to
	Password    bool         // the sign-in is too old for the request
}

// Offline reports whether the application wants to stay signed in.
func (p authorizePage) Offline() bool { return p.Request.Scopes.Identity.Has(tepin.OfflineAccess) }

// Name reports whether the application wants to know the person's name.
func (p authorizePage) Name() bool { return p.Request.Scopes.Identity.Has(tepin.Profile) }

// Email reports whether the application wants to know the person's e-mail address.
func (p authorizePage) Email() bool { return p.Request.Scopes.Identity.Has(tepin.Email) }

// API lists what the application gets that wants to be cut down: no more than the
// person's roles allow.
func (p authorizePage) API() []tepin.Scope { return (p.Request.Scopes.API & p.Roles.Scopes()).List() }

// All reports whether the application wants all that the person may.
func (p authorizePage) All() bool { return p.Request.Scopes.API == 0 }

// Makes reports whether the person's roles make something of an environment's content.
func (p authorizePage) Makes(s tepin.Scope) bool { return p.Roles.Scopes().Has(s) }

// readAuthorization reads the request in the address. What is wrong with it has been
// answered when r is nil: on a page where the application is not known, else by sending
// the person back with it (S25).
func (c *Console) readAuthorization(v *visit) (r *grant.AuthorizationRequest, err error) {
	request, err := c.people.ReadAuthorization(v.r.Context(), v.r.URL.RawQuery)
	if told, ok := errors.AsType[*grant.AuthorizationError](err); ok {
		web.LogError(v.r, err)
		c.sendBack(v, request, "error", told.Code, "error_description", told.Description)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &request, nil
}

// sendBack redirects to the application with an answer.
func (c *Console) sendBack(v *visit, r grant.AuthorizationRequest, pairs ...string) {
	http.Redirect(v.w, v.r, r.Back(c.access.Issuer(), pairs...), http.StatusSeeOther)
}

// showAuthorize asks a person for consent (OpenID Connect Core 1.0 §3.1.2.4). It always
// does: no application is above it.
func (c *Console) showAuthorize(v *visit) error {
	r, err := c.readAuthorization(v)
	if r == nil {
		return err
	}
	if r.Silent {
		c.sendBack(v, *r, "error", grant.ErrLoginRequired.Code, "error_description", grant.ErrLoginRequired.Description)
		return nil
	}
	who, err := c.consenter(v, r.Application)
	if err != nil {
		return err
	}
	return c.renderAuthorize(v, http.StatusOK, *r, who, form{})
}

// consenter is who is signed in; who may enter nothing that the application reaches has
// nothing to give.
func (c *Console) consenter(v *visit, a tepin.Application) (grant.Person, error) {
	who, err := c.person(v)
	if err == nil {
		err = c.access.Known()
	}
	if err == nil && a.Reach == tepin.ReachEnvironment && c.access.Roles(credential.ActorOf(who.User), a.EnvironmentID) == 0 {
		err = tepin.Errorf(tepin.Forbidden, "%s works in an environment that you have no role in. Ask an administrator to let you in.", a.Name)
	}
	return who, err
}

// authorize takes what the person says.
func (c *Console) authorize(v *visit) error {
	r, err := c.readAuthorization(v)
	if r == nil {
		return err
	}
	if v.r.PostForm.Get("decision") != "allow" {
		c.sendBack(v, *r, "error", "access_denied", "error_description", "the person has refused")
		return nil
	}
	who, err := c.consenter(v, r.Application)
	if err != nil {
		return err
	}
	code, err := c.consent(v, *r, who)
	if mendable(err) {
		web.LogError(v.r, err)
		v.retryAfter(err)
		return c.renderAuthorize(v, web.Status(err), *r, who, refused(err))
	}
	if err != nil {
		return err
	}
	c.sendBack(v, *r, "code", code)
	return nil
}

// consent makes the code, after the password where the sign-in is too old.
func (c *Console) consent(v *visit, r grant.AuthorizationRequest, who grant.Person) (string, error) {
	if !r.Fresh(c.now().Sub(who.SignedInAt)) {
		if err := c.giveAgain(v); err != nil {
			return "", err
		}
		var err error
		if who, err = c.person(v); err != nil {
			return "", err
		}
	}
	return c.people.Consent(v.r.Context(), who, r)
}

func (c *Console) renderAuthorize(v *visit, status int, r grant.AuthorizationRequest, who grant.Person, f form) error {
	back, err := url.Parse(r.RedirectURI)
	if err != nil {
		return err
	}
	environment, _ := c.access.Environment(string(r.Application.EnvironmentID))
	// Browsers hold the redirect that answers a form to its page's form-action.
	setPolicy(v.w.Header(), " "+back.Scheme+"://"+back.Host)
	return c.render(v, status, "authorize", "Sign in to "+r.Application.Name, authorizePage{
		Form: f, Request: r, Environment: environment, Roles: c.access.Roles(credential.ActorOf(who.User), environment.ID), Back: back.Host, Password: !r.Fresh(c.now().Sub(who.SignedInAt)),
		Action: template.URL("/authorize?" + v.r.URL.RawQuery), // escaped by who asks; html/template escapes it for the attribute
	})
}
