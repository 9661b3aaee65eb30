package console

import (
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/web"
)

// joinPage is what join.html and password.html show.
type joinPage struct{ Form form }

// showJoin shows the form that the link of an invitation leads to. As with the set-up
// link, its token is in the fragment, and a script moves it into the form.
func (c *Console) showJoin(v *visit) error {
	c.formToken(v)
	return c.render(v, http.StatusOK, "join", "Join", joinPage{})
}

func (c *Console) showNewPassword(v *visit) error {
	c.formToken(v)
	return c.render(v, http.StatusOK, "password", "New password", joinPage{})
}

// join spends an invitation.
func (c *Console) join(v *visit) error {
	return c.useLink(v, "join", "Join", func(a credential.Attempt) (credential.SignedIn, error) {
		return c.credential.Join(v.r.Context(), a, v.r.PostForm.Get("token"), v.r.PostForm.Get("name"))
	})
}

// newPassword spends a link to set a new password.
func (c *Console) newPassword(v *visit) error {
	return c.useLink(v, "password", "New password", func(a credential.Attempt) (credential.SignedIn, error) {
		return c.credential.UsePasswordLink(v.r.Context(), a, v.r.PostForm.Get("token"))
	})
}

func (c *Console) useLink(v *visit, page, title string, use func(credential.Attempt) (credential.SignedIn, error)) error {
	f := v.r.PostForm
	err := c.checkForm(v)
	var in credential.SignedIn
	if err == nil {
		in, err = use(c.attempt(v, "", f.Get("password")))
	}
	if kind := tepin.KindOf(err); err != nil && kind != tepin.Internal {
		web.LogError(v.r, err)
		c.formToken(v)
		v.retryAfter(err)
		return c.render(v, web.Status(err), page, title, joinPage{refused(err, "name", f.Get("name"), "token", f.Get("token"))})
	}
	if err != nil {
		return err
	}
	c.keep(v, in)
	v.redirect("/")
	return nil
}
