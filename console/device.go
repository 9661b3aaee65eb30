package console

import (
	"errors"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/grant"
	"github.com/tepin/tepin/web"
)

// devicePage is what device.html shows: a field for the code, then what waits under it
// and what a person may say to that, then what was said.
type devicePage struct {
	Form         form
	Shown        string // the code that the page was opened with
	Typed        string // the code that the person typed before
	Request      *tepin.DeviceRequest
	Application  tepin.Application
	Environments []tepin.Environment
	Password     bool   // the sign-in is too old: the password is to be given again
	Done         string // "approve" or "deny"
}

// ForEnvironment reports whether the application is let into one environment.
func (p devicePage) ForEnvironment() bool {
	return p.Application.Reach != tepin.ReachInstallation
}

// person is who visits, as the rules for applications want to know it.
func (c *Console) person(v *visit) (grant.Person, error) {
	session, user, err := c.credential.SessionOf(v.r.Context(), Cookie(v.r))
	return grant.Person{User: user, Session: session.Hash, SignedInAt: session.ProvedAt, From: web.ClientAddr(v.r)}, err
}

// giveAgain takes the password of a form from a person whose sign-in is too old.
func (c *Console) giveAgain(v *visit) error {
	err := c.credential.Prove(v.r.Context(), Cookie(v.r), c.attempt(v, v.user.Email, v.r.PostForm.Get("password")))
	if tepin.KindOf(err) == tepin.Unauthorized {
		return &tepin.Error{Kind: tepin.Invalid, Path: "password", Message: "this is not your password", Cause: err}
	}
	return err
}

// showDevice asks for the code that a device shows. A link that brings one along shows
// what waits under it; the person types it all the same (S26).
func (c *Console) showDevice(v *visit) error {
	shown := v.r.URL.Query().Get("user_code")
	if shown == "" {
		return c.renderDevice(v, http.StatusOK, devicePage{})
	}
	p, err := c.devicePage(v, shown)
	if err != nil {
		return c.refuseDevice(v, err, devicePage{})
	}
	p.Shown = shown
	return c.renderDevice(v, http.StatusOK, p)
}

// devicePage reads what waits under a code.
func (c *Console) devicePage(v *visit, code string) (devicePage, error) {
	who, err := c.person(v)
	if err != nil {
		return devicePage{}, err
	}
	request, application, err := c.people.FindDevice(v.r.Context(), who, code)
	if err != nil {
		return devicePage{}, err
	}
	p := devicePage{Request: &request, Application: application, Password: c.now().Sub(who.SignedInAt) > grant.FreshSignIn}
	if p.ForEnvironment() {
		if p.Environments, _, err = c.visible(v, "", tepin.MaxLimit); err != nil {
			return devicePage{}, err
		}
	}
	return p, nil
}

// decideDevice takes a code that was typed, and what the person says to the request
// under it.
func (c *Console) decideDevice(v *visit) error {
	f := v.r.PostForm
	shown, typed, decision := f.Get("shown"), f.Get("code"), f.Get("decision")
	if decision != "approve" && decision != "deny" {
		p, err := c.devicePage(v, typed)
		if err != nil {
			return c.refuseDevice(v, err, devicePage{Form: filled("code", typed)})
		}
		p.Typed = typed
		return c.renderDevice(v, http.StatusOK, p)
	}
	err := c.decide(v, grant.DeviceDecision{Shown: shown, Typed: typed, Approve: decision == "approve", Environment: tepin.EnvironmentID(f.Get("environment"))})
	if err == nil {
		return c.renderDevice(v, http.StatusOK, devicePage{Done: decision})
	}
	// What can be mended is asked for again, beside what waits still.
	code := shown
	if code == "" {
		code = typed
	}
	p, errPage := c.devicePage(v, code)
	if errPage != nil {
		return c.refuseDevice(v, err, devicePage{})
	}
	if p.Shown = shown; shown == "" {
		p.Typed = typed
	}
	return c.refuseDevice(v, err, p)
}

// decide has the person say yes or no; yes needs the password where the sign-in is old.
func (c *Console) decide(v *visit, d grant.DeviceDecision) error {
	who, err := c.person(v)
	if err != nil {
		return err
	}
	if d.Approve && c.now().Sub(who.SignedInAt) > grant.FreshSignIn {
		if err := c.giveAgain(v); err != nil {
			return err
		}
		if who, err = c.person(v); err != nil {
			return err
		}
	}
	return c.people.DecideDevice(v.r.Context(), who, d)
}

// refuseDevice shows the page with what was wrong.
func (c *Console) refuseDevice(v *visit, err error, p devicePage) error {
	if !mendable(err) {
		return err
	}
	web.LogError(v.r, err)
	v.retryAfter(err)
	p.Form = refused(err, "code", p.Form.Value("code"), "environment", v.r.PostForm.Get("environment"))
	return c.renderDevice(v, web.Status(err), p)
}

// mendable reports whether what err refuses can be mended on the page itself.
func mendable(err error) bool {
	e, ok := errors.AsType[*tepin.Error](err)
	return ok && (refusal(err) || e.Kind == tepin.Forbidden && e.Path != "")
}

func (c *Console) renderDevice(v *visit, status int, p devicePage) error {
	return c.render(v, status, "device", "Sign in a device", p)
}
