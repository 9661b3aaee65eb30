package console

import (
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// loginPage is what login.html shows.
type loginPage struct {
	Form  form
	Next  string
	Fresh bool // nobody can sign in yet: the set-up link comes first
}

func (c *Console) showLogin(v *visit) error {
	next := nextPath(v.r.URL.Query().Get("next"))
	if v.user.ID != "" {
		return v.goTo(next)
	}
	n, err := c.store.CountAdministrators(v.r.Context())
	if err != nil {
		return err
	}
	c.formToken(v)
	return c.render(v, http.StatusOK, "login", "Sign in", loginPage{Next: next, Fresh: n == 0})
}

func (c *Console) login(v *visit) error {
	email, next := v.r.PostForm.Get("email"), nextPath(v.r.PostForm.Get("next"))
	err := c.checkForm(v)
	if err == nil {
		err = c.signIn(v, email, v.r.PostForm.Get("password"))
	}
	switch tepin.KindOf(err) {
	case tepin.Unauthorized, tepin.Forbidden, tepin.TooMany, tepin.Unavailable:
		web.LogError(v.r, err)
		c.formToken(v)
		p := loginPage{Next: next, Form: refused(err, "email", email)}
		v.retryAfter(err)
		return c.render(v, web.Status(err), "login", "Sign in", p)
	}
	if err != nil {
		return err
	}
	v.redirect(next)
	return nil
}

func (c *Console) logout(v *visit) error {
	if v.user.ID != "" {
		if !c.credential.CheckCSRF(Cookie(v.r), v.r.PostForm.Get("csrf")) {
			return tepin.Errorf(tepin.Forbidden, "This form belongs to an earlier session. Reload the page and try again.")
		}
		if err := c.credential.SignOut(v.r.Context(), Cookie(v.r)); err != nil {
			return err
		}
	}
	v.setCookie(sessionCookie, "", c.now())
	v.redirect("/login")
	return nil
}
