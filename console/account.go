package console

import (
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// accountPage is what account.html shows.
type accountPage struct {
	Form   form
	Done   bool // the password has just been changed
	Logins []accountLogin
}

// accountLogin is an application that the person has signed in to.
type accountLogin struct {
	tepin.Login
	Application string // its name
	Environment string // the name of the one that it was let into; "" = none in particular
}

func (c *Console) showAccount(v *visit) error {
	return c.renderAccount(v, http.StatusOK, accountPage{Done: v.r.URL.Query().Has("changed")})
}

func (c *Console) renderAccount(v *visit, status int, p accountPage) error {
	logins, err := c.store.Logins(v.r.Context(), v.user.ID)
	if err != nil {
		return err
	}
	for _, l := range logins {
		a, _ := c.access.Application(v.r.Context(), l.ClientID)
		e, _ := c.access.Environment(string(l.EnvironmentID))
		p.Logins = append(p.Logins, accountLogin{Login: l, Application: a.Name, Environment: e.Name})
	}
	return c.render(v, status, "account", "Your account", p)
}

// endLogin signs the person out of an application.
func (c *Console) endLogin(v *visit) error {
	by := v.actor
	by.Administrator, by.Roles = false, 0 // one's own, nobody else's
	if err := c.credential.EndLogin(v.r.Context(), by, tepin.LoginID(v.r.PathValue("login"))); err != nil {
		return err
	}
	return v.goTo("/account")
}

// changePassword sets a new password after the present one; other browsers and all
// applications are signed out.
func (c *Console) changePassword(v *visit) error {
	f := v.r.PostForm
	in, err := c.credential.ChangePassword(v.r.Context(), c.attempt(v, v.user.Email, f.Get("current")), f.Get("password"))
	switch tepin.KindOf(err) {
	case tepin.Unauthorized:
		err = &tepin.Error{Kind: tepin.Invalid, Path: "current", Message: "this is not your present password"}
		fallthrough
	case tepin.Invalid, tepin.TooMany, tepin.Unavailable:
		web.LogError(v.r, err)
		v.retryAfter(err)
		return c.renderAccount(v, web.Status(err), accountPage{Form: refused(err)})
	}
	if err != nil {
		return err
	}
	c.keep(v, in)
	v.redirect("/account?changed")
	return nil
}
