package console

import (
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// setupPage is what setup.html shows.
type setupPage struct {
	Form form
	Done bool // there is an administrator already
}

// showSetup shows the form that the set-up link leads to. The link's token is in the
// fragment, which the browser keeps to itself; a script moves it into the form.
func (c *Console) showSetup(v *visit) error {
	n, err := c.store.CountAdministrators(v.r.Context())
	if err != nil {
		return err
	}
	c.formToken(v)
	return c.render(v, http.StatusOK, "setup", "Set up", setupPage{Done: n > 0, Form: filled("email", c.suggested)})
}

func (c *Console) setup(v *visit) error {
	f := v.r.PostForm
	email, password := f.Get("email"), f.Get("password")
	err := c.checkForm(v)
	if err == nil {
		_, err = c.credential.UseSetupLink(v.r.Context(), f.Get("token"), email, f.Get("name"), password)
	}
	if err == nil {
		err = c.signIn(v, email, password)
	}
	if kind := tepin.KindOf(err); err != nil && kind != tepin.Internal {
		web.LogError(v.r, err)
		c.formToken(v)
		p := setupPage{Form: refused(err, "email", email, "name", f.Get("name"), "token", f.Get("token"))}
		v.retryAfter(err)
		return c.render(v, web.Status(err), "setup", "Set up", p)
	}
	if err != nil {
		return err
	}
	v.redirect("/")
	return nil
}
