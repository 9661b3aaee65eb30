package console

import (
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// accountPage is what account.html shows.
type accountPage struct {
	Form form
	Done bool // the password has just been changed
}

func (c *Console) showAccount(v *visit) error {
	return c.render(v, http.StatusOK, "account", "Your account", accountPage{Done: v.r.URL.Query().Has("changed")})
}

// changePassword sets a new password after the present one; other browsers are signed
// out.
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
		return c.render(v, web.Status(err), "account", "Your account", accountPage{Form: refused(err)})
	}
	if err != nil {
		return err
	}
	c.keep(v, in)
	v.redirect("/account?changed")
	return nil
}
